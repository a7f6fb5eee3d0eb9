"""Traces -> findings: what each step says of each observation, and what a reading concludes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, ASKED, PRESENT_FROM, status
from gazeanalytics.reasoning.labeler.lexicons import FINDINGS, Lexicon, Link, lexicon
from gazeanalytics.reasoning.labeler.negation import mentions
from gazeanalytics.reasoning.labeler.phrase_matching import words
from gazeanalytics.reasoning.labeler.sentences import lower, sentences
from gazeanalytics.reasoning.labeler.stated_certainty import figures
from gazeanalytics.tables import require_columns

__all__ = ["conclude", "label_findings", "label_text"]

_MODIFIERS = ("side", "zone", "severity", "change")
_COLUMNS = ("row", "finding", "certainty", "low", "high", *_MODIFIERS, "concept", "start", "stop")
_KINDS = dict.fromkeys(_COLUMNS, object) | {
    "row": np.int64,
    "start": np.int64,
    "stop": np.int64,
    "certainty": np.float64,
    "low": np.float64,
    "high": np.float64,
}
_SURE_OF_NONE = 0.98
_NOWHERE = (None,) * len(_MODIFIERS)
_KEPT = 100_000  # sentences remembered at most
_OF_CERTAINTY = ("confiden", "certain", "probability")

_Said = tuple[list[tuple], list[int], list[int]]  # what is said, and the characters from and to, of each mention
Choice = Lexicon | str | Path | Mapping[str, Sequence[str]]


def label_findings(
    traces: pd.DataFrame,
    *,
    lexicon: Choice = "chexpert",
    present_from: float = PRESENT_FROM,
    absent_to: float = ABSENT_TO,
) -> pd.DataFrame:
    """Find what each step of each trace says of each observation.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table: reading, step, text.
    lexicon : str, path, mapping or Lexicon
        `"chexpert"` (the 14 observations, and `other_finding`), `"nih"`, `"chexgpt"`, or your own
        `{finding: [phrases]}`; see `lexicon`.
    present_from, absent_to : float
        Stated probability from which a mention counts as present, and up to which as absent; uncertain in between.

    Returns
    -------
    pandas.DataFrame
        The `findings` table, one row a mention: reading, step, finding, status, certainty with low and high, side,
        zone, severity (minimal to severe), change (new, unchanged, worse, better, resolved), concept (what was named),
        and the characters start to stop of the step's text. Sections that say why the image was taken are left out, as
        are headings ("pneumothorax: ...") that claim nothing, and questions that the text goes on to answer.

    Notes
    -----
    Odd rules of the CheXpert labeler (Irvin et al. 2019) are kept, as others score against them: an organ that is only
    "stable" is uncertain, so are both sides of an affirmed "or" and what "no new ..." denies; "vascular congestion"
    reaches edema by a half, "heart failure" cardiomegaly by a half; "likely" and "suggests" are present. It differs
    where CheXpert denies what is only asked: "rule out pneumonia" is uncertain until the text answers. Wires of the
    sternum are support devices, surgical clips aren't.

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": [1, 1], "step": [0, 1],
    ...     "text": ["Heart size is normal.", "Small left effusion, likely with atelectasis."]})
    >>> label_findings(traces)[["step", "finding", "status", "certainty", "side"]]
       step           finding   status  certainty  side
    0     0       cardiomegaly   absent       0.02  None
    1     1  pleural_effusion  present       0.98  left
    2     1       atelectasis  present       0.80  None
    """
    require_columns(traces, "traces", ("reading", "step", "text"))
    book = _book(lexicon)
    rows = _label_texts(traces["text"], book)
    where = rows.pop("row").to_numpy()
    certainty = rows["certainty"].to_numpy()
    keys = traces[["reading", "step"]].iloc[where].reset_index(drop=True)
    rows.insert(1, "status", status(certainty, present_from=present_from, absent_to=absent_to))
    return pd.concat([keys, rows], axis=1)


def label_text(text: str, *, lexicon: Choice = "chexpert") -> pd.DataFrame:
    """Label one text; the columns of `label_findings` without reading and step.

    Examples
    --------
    >>> label_text("Pneumonia cannot be excluded.")[["finding", "status", "certainty"]]
         finding     status  certainty
    0  pneumonia  uncertain        0.5
    """
    one = pd.DataFrame({"reading": [0], "step": [0], "text": [text]})
    return label_findings(one, lexicon=lexicon).drop(columns=["reading", "step"])


def _book(choice: Choice) -> Lexicon:
    return choice if isinstance(choice, Lexicon) else lexicon(choice)


@dataclass(slots=True)
class _Found:
    """Mentions in flat lists, one entry each: which text, what is said, and the characters."""

    place: list[int] = field(default_factory=list)
    what: list[tuple] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    stop: list[int] = field(default_factory=list)

    def add(self, place: int, begin: int, said: _Said) -> None:
        """Add what a sentence that begins at character `begin` says."""
        whats, starts, stops = said
        self.place += [place] * len(whats)
        self.what += whats
        self.start += [begin + start for start in starts]
        self.stop += [begin + stop for stop in stops]

    def restate(self, first: int, sentence: str) -> None:
        """Apply a certainty that has a sentence of its own to what the one before says: "Edema. Confidence: 85 %"."""
        given = figures(words(sentence))
        if len(given) == 1:
            self.what[first:] = [(what[0], *given[0].applied(what[1:4]), *what[4:]) for what in self.what[first:]]

    def answer(self, first: int) -> None:
        """Leave out questions that the text itself answers: "evaluate for edema ... no edema"."""
        answers = {what[0] for what in self.what[first:] if what[1:4] != ASKED}
        last = len(self.what)
        for at in range(last - 1, first - 1, -1):
            if self.what[at][1:4] == ASKED and self.what[at][0] in answers:
                for column in (self.place, self.what, self.start, self.stop):
                    del column[at]

    def table(self) -> pd.DataFrame:
        """Lay the mentions out as a table."""
        said = list(zip(*self.what, strict=True)) or [()] * (len(_COLUMNS) - 3)
        columns = [self.place, *said, self.start, self.stop]
        return pd.DataFrame(
            {name: pd.Series(list(own), dtype=_KINDS[name]) for name, own in zip(_COLUMNS, columns, strict=True)}
        )


def _label_texts(texts: pd.Series, book: Lexicon) -> pd.DataFrame:
    """One row a mention of each text; equal sentences are read once."""
    known: dict[str, _Said] = {}
    found = _Found()
    for place, text in enumerate(texts.fillna("").astype(str).tolist()):
        low = lower(text)
        first = last = len(found.what)
        for begin, end in sentences(low):
            sentence = low[begin:end]
            said = known.get(sentence)
            if said is None:
                said = known[sentence] = _said(sentence, book)
            if said[0]:
                last = len(found.what)
                found.add(place, begin, said)
            elif last < len(found.what) and any(word in sentence for word in _OF_CERTAINTY):
                found.restate(last, sentence)
        if ASKED[0] in [what[1] for what in found.what[first:]]:
            found.answer(first)
        if len(known) > _KEPT:
            known.clear()
    return found.table()


def _said(sentence: str, book: Lexicon) -> _Said:
    """What a sentence says of each finding, and where."""
    whats, starts, stops = [], [], []
    for mention in mentions(sentence, book.phrases):
        given = mention.modifiers
        places = tuple([given.get(name) for name in _MODIFIERS]) if given else _NOWHERE
        for link in book.links.get(mention.concept, ()):
            stated = _reach(mention.stated, link)
            if stated is not None:
                whats.append((link.finding, *stated, *places, mention.concept))
                starts.append(mention.start)
                stops.append(mention.stop)
    return whats, starts, stops


def _reach(stated: tuple[float, float, float], link: Link) -> tuple[float, float, float] | None:
    """What is stated of a finding, given what is stated of a concept; None when nothing is."""
    p, low, high = stated
    if link.one_way and p <= ABSENT_TO:
        return None
    if link.inverse:
        return (round(1 - p, 6), round(1 - high, 6), round(1 - low, 6))
    return (p * link.reach, low * link.reach, high) if p > ABSENT_TO else stated


def conclude(
    findings: pd.DataFrame,
    *,
    rule: Literal["document", "trace"] = "document",
    readings: Iterable | None = None,
    no_finding: bool = True,
    present_from: float = PRESENT_FROM,
    absent_to: float = ABSENT_TO,
) -> pd.DataFrame:
    """Draw one conclusion a reading and finding from its mentions.

    Rules. *document*: a report is one statement, so the surest claim of presence counts (the mention with the greatest
    certainty); this is CheXpert's rule too (any positive wins, then any uncertain). *trace*: a reader thinks aloud and
    may change their mind, so the last step that mentions the finding decides; within that step, as document.
    `no_finding` follows from the others: its certainty is 1 less the greatest certainty of any finding that isn't a
    support device.

    Parameters
    ----------
    findings : pandas.DataFrame
        The `findings` table.
    rule : {"document", "trace"}
        See above.
    readings : iterable, optional
        All readings: those without any mention then conclude `no_finding`. Default: those that mention something.
    no_finding : bool
        Whether to conclude `no_finding` too.
    present_from, absent_to : float
        As in `label_findings`.

    Returns
    -------
    pandas.DataFrame
        reading, finding, status, certainty, low, high, mentions; in order of reading, then of CheXpert's findings.

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": [1, 1], "step": [0, 1],
    ...     "text": ["Possible pneumonia.", "On second look there is no pneumonia."]})
    >>> found = label_findings(traces)
    >>> [conclude(found, rule=rule)["status"].tolist()[1] for rule in ("document", "trace")]
    ['uncertain', 'absent']
    """
    if rule not in ("document", "trace"):
        raise ValueError(f"rule must be 'document' or 'trace'; got {rule!r}")
    rows = findings[["reading", "step", "finding", "certainty", "low", "high"]].assign(
        finding=findings["finding"].astype(str)
    )
    counts = rows.groupby(["reading", "finding"], observed=True, sort=False).size().rename("mentions").reset_index()
    if rule == "trace":
        last = rows.groupby(["reading", "finding"], observed=True)["step"].transform("max")
        rows = rows[rows["step"].eq(last)]
    surest = rows.sort_values("certainty", kind="stable").drop_duplicates(["reading", "finding"], keep="last")
    decided = surest.drop(columns="step").merge(counts, on=["reading", "finding"])
    known = list(dict.fromkeys([*findings["reading"], *(readings if readings is not None else ())]))
    if no_finding:
        decided = _with_no_finding(decided, known)
    decided.insert(2, "status", status(decided["certainty"], present_from=present_from, absent_to=absent_to))
    return _in_order(decided, known)


def _with_no_finding(decided: pd.DataFrame, known: list) -> pd.DataFrame:
    """Replace what is said of `no_finding` by what the other findings leave of it."""
    others = decided[~decided["finding"].isin(["no_finding", "support_devices"])]
    worst = others.groupby("reading", observed=True)[["certainty", "low", "high"]].max().reindex(known)
    said = decided[decided["finding"].eq("no_finding")].set_index("reading")["mentions"].reindex(known)
    rest = pd.DataFrame(
        {
            "reading": known,
            "finding": "no_finding",
            "certainty": (1 - worst["certainty"]).fillna(_SURE_OF_NONE).to_numpy(),
            "low": (1 - worst["high"]).fillna(1 - 2 * (1 - _SURE_OF_NONE)).to_numpy(),
            "high": (1 - worst["low"]).fillna(1.0).to_numpy(),
            "mentions": said.fillna(0).to_numpy(np.int64),
        }
    )
    return pd.concat([decided[~decided["finding"].eq("no_finding")], rest], ignore_index=True)


def _in_order(decided: pd.DataFrame, known: list) -> pd.DataFrame:
    names = [*FINDINGS, *sorted(set(decided["finding"]) - set(FINDINGS))]
    reading = pd.Series({key: place for place, key in enumerate(known)})
    order = np.lexsort((decided["finding"].map(names.index), decided["reading"].map(reading).astype(np.int64)))
    return decided.iloc[order].reset_index(drop=True)
