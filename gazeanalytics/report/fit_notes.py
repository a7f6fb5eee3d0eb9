"""What a fit's notes mean for the printed rows: which carry a sign, which are in doubt, what stands below."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gazeanalytics.report.number_format import note_mark

__all__ = ["Notes", "gather_notes"]


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes of an estimates table, row by row.

    Attributes
    ----------
    marks : tuple of str, length rows
        Sign at the row's name; empty where the row has no note of its own.
    doubtful : tuple of bool, length rows
        Rows whose numbers should not be leant on: those with a note of their own, all rows of a model that did not
        converge, and the terms that a note on separation names.
    lines : tuple of str
        What to print below: notes of whole models (under the model's name where there are several), then
        the signs.

    See Also
    --------
    gather_notes : makes them.

    Examples
    --------
    >>> table = pd.DataFrame({"model": "a", "term": ["x", "y"], "note": ["", "small cell"]})
    >>> gather_notes(table).marks
    ('', '†')
    """

    marks: tuple[str, ...]
    doubtful: tuple[bool, ...]
    lines: tuple[str, ...]


def gather_notes(estimates: pd.DataFrame) -> Notes:
    """Separate notes of whole models (the same in every row) from notes of single rows.

    Examples
    --------
    >>> table = pd.DataFrame({"model": ["a", "a", "b", "b"], "term": ["x", "y", "x", "y"],
    ...                       "note": ["singular", "singular", "", "small cell"]})
    >>> gather_notes(table)
    Notes(marks=('', '', '', '†'), doubtful=(False, False, False, True), lines=('a: singular', '† small cell'))
    """
    estimates = estimates.reset_index(drop=True)
    # A note that stands in every row of a model is about the model; repeating it as footnotes would say nothing new.
    notes = estimates["note"].astype(object).where(estimates["note"].notna(), "").astype(str)
    shared = notes.groupby(estimates["model"], sort=False).transform(lambda part: (part == part.iloc[0]).all())
    own = list(dict.fromkeys(notes[~shared & (notes != "")]))
    marks, doubtful = [], []
    for note, whole, term in zip(notes, shared, estimates["term"], strict=True):
        single = bool(note) and not whole
        marks.append(note_mark(own.index(note)) if single else "")
        doubtful.append(single or _spoils(note, term))
    whole_notes = notes[shared].groupby(estimates["model"], sort=False).first()
    several = len(estimates["model"].unique()) > 1
    lines = [
        f"{model}: {line}" if several else line
        for model, note in whole_notes.items()
        if note
        for line in note.split("; ")
    ]
    lines += [f"{note_mark(place)} {note}" for place, note in enumerate(own)]
    return Notes(tuple(marks), tuple(doubtful), tuple(lines))


def _spoils(note: str, term: str) -> bool:
    if "not converged" in note:
        return True
    return "separated" in note and (repr(term) in note or "'" not in note)
