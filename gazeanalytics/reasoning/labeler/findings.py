"""Traces -> findings: what each step says of each observation."""

from __future__ import annotations

import gc
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, ASKED, PRESENT_FROM, status
from gazeanalytics.reasoning.labeler.languages import detect_language
from gazeanalytics.reasoning.labeler.lexicons import SCHEMES, Lexicon, lexicon
from gazeanalytics.reasoning.labeler.phrase_matching import words
from gazeanalytics.reasoning.labeler.replies import Reply
from gazeanalytics.reasoning.labeler.sentences import lower, sentences
from gazeanalytics.reasoning.labeler.stated_certainty import figures
from gazeanalytics.reasoning.labeler.statements import MODIFIERS, Said, Stated, What, say
from gazeanalytics.tables import require_columns

__all__ = ["label_findings", "label_text"]

_COLUMNS = ("row", "finding", "certainty", "low", "high", *MODIFIERS, "concept", "act", "start", "stop")
_KINDS = dict.fromkeys(_COLUMNS, object) | {
    "row": np.int64,
    "start": np.int64,
    "stop": np.int64,
    "certainty": np.float64,
    "low": np.float64,
    "high": np.float64,
}
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


@dataclass(slots=True)
class _Found:
    """Mentions in flat lists, one entry each: which text, what is said, and the characters."""

    place: list[int] = field(default_factory=list)
    what: list[What] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    stop: list[int] = field(default_factory=list)

    def add(self, place: int, begin: int, said: Said) -> None:
        """Add what a sentence that begins at character `begin` says."""
        self.place += [place] * len(said.whats)
        self.what += said.whats
        self.start += [begin + start for start in said.starts]
        self.stop += [begin + stop for stop in said.stops]

    def add_again(self, place: int, whats: Sequence[What], stated: Stated, act: str, span: tuple[int, int]) -> None:
        """Add what is now said of findings that were named before."""
        for what in whats:
            self.place.append(place)
            self.what.append((what[0], *stated, *what[4:-1], act))
            self.start.append(span[0])
            self.stop.append(span[1])

    def restate(self, first: int, sentence: str) -> None:
        """Apply a certainty that has a sentence of its own to what the one before says: "Edema. Confidence: 85 %"."""
        given = figures(words(sentence))
        if len(given) == 1:
            self.what[first:] = [(what[0], *given[0].applied(what[1:4]), *what[4:]) for what in self.what[first:]]

    def answer(self, first: int) -> None:
        """Leave out questions that the text itself answers: "evaluate for edema ... no edema"."""
        answers = {what[0] for what in self.what[first:] if what[1:4] != ASKED and what[-1] != "implied"}
        kept = [not (what[1:4] == ASKED and what[0] in answers) for what in self.what[first:]]
        self.place[first:] = list(itertools.compress(self.place[first:], kept))
        self.what[first:] = list(itertools.compress(self.what[first:], kept))
        self.start[first:] = list(itertools.compress(self.start[first:], kept))
        self.stop[first:] = list(itertools.compress(self.stop[first:], kept))

    def table(self) -> pd.DataFrame:
        """Lay the mentions out as a table."""
        said = list(zip(*self.what, strict=True)) or [()] * (len(_COLUMNS) - 3)
        columns = [self.place, *said, self.start, self.stop]
        return pd.DataFrame(
            {name: pd.Series(list(own), dtype=_KINDS[name]) for name, own in zip(_COLUMNS, columns, strict=True)}
        )


@dataclass(slots=True)
class _Thread:
    """What a reading has named so far: what its next sentence may answer or take back.

    Sentences are only kept (`heard`) until one asks what they said, which few do: `open` then has, for each finding and
    concept, the latest mention that isn't denied, and `named` the mentions of the last sentence that named something.
    """

    heard: list[Sequence[What]] = field(default_factory=list)
    named: list[What] = field(default_factory=list)
    open: dict[tuple[str, str], What] = field(default_factory=dict)

    def last(self) -> list[What]:
        """The mentions of the last sentence that named something."""
        self._take_in()
        return self.named

    def explained(self, concepts: frozenset[str]) -> list[What]:
        """Open claims of findings that something that only looks like them explains."""
        self._take_in()
        return [what for (_, concept), what in self.open.items() if concept.partition(" sign ")[0] in concepts]

    def _take_in(self) -> None:
        for whats in self.heard:
            explicit = {(what[0], what[_CONCEPT]): what for what in whats if what[-1] != "implied"}
            self.named = list(explicit.values()) or self.named
            for key, what in explicit.items():
                if what[1] > ABSENT_TO:
                    self.open[key] = what
                else:
                    self.open.pop(key, None)
        self.heard = []


_RETRACTED: Stated = (0.05, 0.0, 0.15)
_OPEN_AGAIN: Stated = (0.6, 0.3, 0.9)
_PASSED_OVER: Stated = (0.2, 0.05, 0.4)
_CONCEPT = 4 + len(MODIFIERS)
_OPACITY = frozenset({"opacity", "infiltrate"})


def _label_texts(
    texts: pd.Series, readings: pd.Series, books: Mapping[str, Lexicon], *, implied: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a mention of each text, equal sentences read once; and how many texts of each language are set aside."""
    found, set_aside = _Found(), Counter()
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
            reader.thread, before = _Thread(), key
        language = "" if "" in books else detect_language(text)
        if language in books:
            low = lower(text) if language in ("", "en") else lower(text).replace("'", " ")
            reader.read(place, low, language, books[language])
        else:
            set_aside[language] += 1


@dataclass(slots=True)
class _TextReader:
    """Reads texts sentence by sentence into `found`, and remembers sentences, for they come again."""

    found: _Found
    implied: bool
    thread: _Thread = field(default_factory=_Thread)
    known: dict[tuple[str, str], Said] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)

    def read(self, place: int, low: str, language: str, book: Lexicon) -> None:
        """Add what a lower-case text says."""
        found = self.found
        first = last = len(found.what)
        for begin, end in sentences(low):
            sentence = low[begin:end]
            said = self.known.get((language, sentence)) or self._say(sentence, language, book)
            if said.of_before:
                _take_up(found, self.thread, said, place, begin)
            if said.whats:
                last = self._add(said, book, place, begin)
            elif last < len(found.what) and any(word in sentence for word in _OF_CERTAINTY):
                found.restate(last, sentence)
            if (said.reply is not None or said.mimics) and not said.of_before:
                _take_up(found, self.thread, said, place, begin)
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
            _retract(self.found, self.thread, said, place, begin)
        if said.settles:
            _pass_over(self.found, self.thread, said, book.alternatives, (place, begin))
        last = len(self.found.what)
        self.found.add(place, begin, said)
        self.thread.heard.append(said.whats)
        return last


def _retract(found: _Found, thread: _Thread, said: Said, place: int, begin: int) -> None:
    """Take back what was named before, but for what the sentence names again."""
    again = {what[0] for what in said.whats}
    # An opacity that is "just atelectasis" is still one.
    kept = _OPACITY if again - {"other_finding"} else frozenset()
    taken_back = [what for what in thread.last() if what[0] not in again and what[_CONCEPT] not in kept]
    found.add_again(place, taken_back, _RETRACTED, "retracted", (begin, begin + said.starts[0]))


# "Could be pneumonia. ... More like atelectasis." leaves pneumonia less likely than it was; without this what was only
# considered would keep the certainty of its first mention.
def _pass_over(
    found: _Found, thread: _Thread, said: Said, alternatives: frozenset[str], where: tuple[int, int]
) -> None:
    """Let explanations that were only considered yield to the one that is settled on."""
    place, begin = where
    named = {what[0] for what in said.whats}
    passed = [
        what
        for what in (thread.last() if said.only else thread.explained(alternatives))
        if what[0] not in named and what[1] > _PASSED_OVER[0] and what[_CONCEPT].partition(" sign ")[0] in alternatives
        if said.only or what[-1] in ("asked", "hedged", "compared")
    ]
    added = len(found.what)
    found.add_again(place, passed, _PASSED_OVER, "compared", (begin + said.starts[0], begin + said.stops[-1]))
    thread.heard.append(found.what[added:])


def _take_up(found: _Found, thread: _Thread, said: Said, place: int, begin: int) -> None:
    """Apply a reply to the findings last named, and what only looks like a finding to the claims that it explains."""
    explained_any = False
    doubts = said.reply is not None and said.reply.act == "hedged"  # "I'm no longer sure, there's a lot of overlap"
    for mimic in () if doubts else said.mimics:
        explained = thread.explained(mimic.concepts)
        explained_any = explained_any or bool(explained)
        added = len(found.what)
        found.add_again(place, explained, mimic.stated, "retracted", (begin + mimic.start, begin + mimic.stop))
        thread.heard.append(found.what[added:])
    reply = said.reply
    if reply is not None and not explained_any:
        added = len(found.what)
        meant = [what for what in thread.last() if not reply.of or what[_CONCEPT] in reply.of]
        if said.of_before:
            own = {what[0] for what in said.whats}
            meant = [what for what in meant if what[0] not in own]
        _reply(found, meant, reply, place, begin)
        thread.heard.append(found.what[added:])


def _reply(found: _Found, meant: Sequence[What], reply: Reply, place: int, begin: int) -> None:
    """Apply a reply to what was named last; what undoes a denial leaves the finding open, and rather likely."""
    span = (begin + reply.start, begin + reply.stop)
    denied = [what for what in meant if what[1] <= ABSENT_TO]
    others = [what for what in meant if what[1] > ABSENT_TO]
    if reply.act == "undone":
        found.add_again(place, others, reply.stated, "retracted", span)
        found.add_again(place, denied, _OPEN_AGAIN, "retracted", span)
    elif reply.act == "confirmed":
        found.add_again(place, others, reply.stated, "stated", span)
    elif reply.act == "sure":
        found.add_again(place, others, reply.stated, "hedged", span)
        p, low, high = reply.stated
        found.add_again(place, denied, (round(1 - p, 6), round(1 - high, 6), round(1 - low, 6)), "hedged", span)
    else:
        found.add_again(place, meant, reply.stated, reply.act, span)
