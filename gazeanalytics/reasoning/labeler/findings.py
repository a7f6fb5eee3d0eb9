"""Traces -> findings: what each step says of each observation."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, ASKED, PRESENT_FROM, status
from gazeanalytics.reasoning.labeler.languages import detect_language
from gazeanalytics.reasoning.labeler.lexicons import SCHEMES, Lexicon, lexicon
from gazeanalytics.reasoning.labeler.sentences import lower, sentences
from gazeanalytics.reasoning.labeler.statements import Said, say
from gazeanalytics.reasoning.labeler.threads import Found, Thread, answer, pass_over, retract, take_up
from gazeanalytics.tables import require_columns

__all__ = ["label_findings", "label_text"]

_KEPT = 100_000  # sentences remembered at most
_OF_CERTAINTY = ("confiden", "certain", "probability")

Choice = Lexicon | str | Path | Mapping[str, Sequence[str]]


def label_findings(
    traces: pd.DataFrame,
    *,
    lexicon: Choice = "chexpert",
    implied: bool = True,
    languages: Sequence[str] = ("en",),
    present_from: float = PRESENT_FROM,
    absent_to: float = ABSENT_TO,
) -> pd.DataFrame:
    """Find what each step of each trace says of each observation, negation and hedges applied.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table: reading, step, text.
    lexicon : str, path, mapping or Lexicon
        `"chexpert"` (the 14 observations, and `other_finding`), `"nih"`, `"chexgpt"`, or your own
        `{finding: [phrases]}`; see `lexicon`.
    implied : bool
        Whether a statement about the whole ("normal chest radiograph", "lungs and heart are normal") has a row for each
        finding that it covers, `act` implied.
    languages : sequence of str
        Languages that are read (en, de, es, fr, pt). Texts in others are set aside: they have no rows, and
        `attrs["set_aside"]` counts them by language. Own word lists are read in any language.
    present_from, absent_to : float
        Stated probability from which a mention counts as present, and up to which as absent; uncertain in between.

    Returns
    -------
    pandas.DataFrame
        The `findings` table, one row a mention: reading, step, finding, status, certainty with low and high, side,
        zone, severity (minimal to severe), change (new, unchanged, worse, better, resolved), concept (what was named),
        act, and the characters start to stop of the step's text. Acts: stated, hedged, compared (with another finding),
        asked (a question, or what would be seen if), retracted (an earlier claim is taken back), revised (in a sentence
        that corrects), concluded (stands in a conclusion), implied (follows from a statement about the whole). Sections
        that say why the image was taken are left out, as are headings ("pneumothorax: ...") that claim nothing, and
        questions that the text goes on to answer.

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
    books = _books(lexicon, languages)
    rows, set_aside = _label_texts(traces["text"], traces["reading"], books, implied=implied)
    where = rows.pop("row").to_numpy()
    certainty = rows["certainty"].to_numpy()
    keys = traces[["reading", "step"]].iloc[where].reset_index(drop=True)
    rows.insert(1, "status", status(certainty, present_from=present_from, absent_to=absent_to))
    table = pd.concat([keys, rows], axis=1)
    table.attrs["set_aside"] = set_aside
    return table


def label_text(text: str, *, lexicon: Choice = "chexpert", implied: bool = True) -> pd.DataFrame:
    """Label one text; the columns of `label_findings` without reading and step.

    Examples
    --------
    >>> label_text("Pneumonia cannot be excluded.")[["finding", "status", "certainty"]]
         finding     status  certainty
    0  pneumonia  uncertain       0.37
    """
    one = pd.DataFrame({"reading": [0], "step": [0], "text": [text]})
    return label_findings(one, lexicon=lexicon, implied=implied).drop(columns=["reading", "step"])


def _books(choice: Choice, languages: Sequence[str]) -> dict[str, Lexicon]:
    """The lexicon of each language that is read; "" for one that reads any."""
    if isinstance(choice, Lexicon) and choice.name in SCHEMES:  # a built-in one, perhaps with own phrases
        return {one: choice if one == "en" else lexicon(choice.name, language=one) for one in languages}
    if isinstance(choice, Lexicon):
        return {"": choice}
    if not isinstance(choice, str) or choice.endswith(".toml"):
        return {"": lexicon(choice)}
    return {language: lexicon(choice, language=language) for language in languages}


def _label_texts(
    texts: pd.Series, readings: pd.Series, books: Mapping[str, Lexicon], *, implied: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a mention of each text, equal sentences read once; and how many texts of each language are set aside."""
    found, set_aside = Found(), Counter()
    reader = _TextReader(found, implied)
    with _no_collection():
        _read_all(reader, texts, readings, books, set_aside)
    return found.table(), dict(set_aside)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector off: millions of small tuples without a circle would be walked again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read_all(
    reader: _TextReader, texts: pd.Series, readings: pd.Series, books: Mapping[str, Lexicon], set_aside: Counter[str]
) -> None:
    keys = readings.cat.codes.tolist() if isinstance(readings.dtype, pd.CategoricalDtype) else readings.tolist()
    before = object()
    for place, (text, key) in enumerate(zip(texts.fillna("").astype(str).tolist(), keys, strict=True)):
        if key != before:
            reader.thread, before = Thread(), key
        language = "" if "" in books else detect_language(text)
        if language in books:
            low = lower(text) if language in ("", "en") else lower(text).replace("'", " ")
            reader.read(place, low, language, books[language])
        else:
            set_aside[language] += 1


@dataclass(slots=True)
class _TextReader:
    """Reads texts sentence by sentence into `found`, and remembers sentences, for they come again."""

    found: Found
    implied: bool
    thread: Thread = field(default_factory=Thread)
    known: dict[tuple[str, str], Said] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)

    def read(self, place: int, low: str, language: str, book: Lexicon) -> None:
        """Add what a lower-case text says."""
        found = self.found
        first = last = len(found.what)
        for begin, end in sentences(low):
            sentence = low[begin:end]
            said = self.known.get((language, sentence)) or self._say(sentence, language, book)
            if said.lines:
                said = self.thread.without_lines(said)
            if said.of_before:
                take_up(found, self.thread, said, place, begin)
            if said.whats:
                last = self._add(said, book, place, begin)
            elif last < len(found.what) and any(word in sentence for word in _OF_CERTAINTY):
                found.restate(last, sentence)
            if (
                (said.reply is not None or said.mimics)
                and not said.of_before
                and not answer(found, self.thread, said, sentence, (place, begin))
            ):
                take_up(found, self.thread, said, place, begin)
            self.thread.asked = said if said.asks else None
        if ASKED[0] in [what[1] for what in found.what[first:]]:
            found.answer(first)

    # What is remembered at once fills the processor's cache with what mostly never comes back: the labeler was a third
    # slower on sentences that come once. The first time only a hash is kept.
    def _say(self, sentence: str, language: str, book: Lexicon) -> Said:
        """Read a sentence, and remember what it says when it comes for the second time."""
        said = say(sentence, book, implied=self.implied)
        key = hash((language, sentence))
        if key in self.met:
            self.known[(language, sentence)] = said
            if len(self.known) > _KEPT:
                self.known.clear()
        else:
            self.met.add(key)
        return said

    def _add(self, said: Said, book: Lexicon, place: int, begin: int) -> int:
        """Add what a sentence names, after what it takes back of earlier ones; return the row where it begins."""
        if said.retracts:
            retract(self.found, self.thread, said, place, begin)
        if said.settles:
            pass_over(self.found, self.thread, said, book.alternatives, (place, begin))
        last = len(self.found.what)
        self.found.add(place, begin, said)
        self.thread.heard.append(said.whats)
        return last
