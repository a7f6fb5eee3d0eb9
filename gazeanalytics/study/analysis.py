"""What an analysis says of itself: its question, the tables that it needs, its options, how it runs and is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pandas as pd

from gazeanalytics import report
from gazeanalytics.brief import Brief
from gazeanalytics.settings import Settings
from gazeanalytics.study.result import Outcome, StudyResult
from gazeanalytics.study.study import Study

__all__ = [
    "READING_COLUMNS",
    "Analysis",
    "NoOptions",
    "Part",
    "file_name",
    "many",
    "options_of",
    "readers_by_country",
    "words",
]

READING_COLUMNS = "columns of readings"
"""Made by every analysis whose `by_reading` joins `readings`; the analysis that joins them uses it."""

Found = TypeVar("Found", bound=Outcome)


@dataclass(frozen=True, slots=True)
class NoOptions(Settings):
    """An analysis that has nothing to set.

    Examples
    --------
    >>> NoOptions.from_mapping({})
    NoOptions()
    """


@dataclass(frozen=True, slots=True)
class Part(Brief):
    """A part of the page; figures and tables carry the names of their files.

    Examples
    --------
    >>> Part("Readers", "Two people read.").section().heading
    'Readers'
    """

    heading: str
    text: str
    figures: Mapping[str, report.Picture] = field(default_factory=dict)
    tables: Mapping[str, report.PaperTable] = field(default_factory=dict)

    def section(self) -> report.Section:
        """The part as a section of the page."""
        return report.Section(self.heading, self.text, tuple(self.figures.values()), tuple(self.tables.values()))


@dataclass(frozen=True, slots=True)
class Analysis(Brief, Generic[Found]):
    """One analysis of a reader study, as the registry keeps it.

    Attributes
    ----------
    name : str
        Its key in study.toml: `[analyses.NAME]`.
    question : str
        What it answers, in one line, for `gazeanalytics analyses`.
    run : callable
        `run(known, options)` gives its outcome. `known` is the `StudyResult` so far; it raises `NotPossibleError` when
        these data can't answer the question.
    options : type
        A frozen dataclass with a default for every field: the keys of `[analyses.NAME]`.
    needs : tuple of str or tuple of str
        Tables that must be there, of the study or made by another analysis; a tuple in it names alternatives.
    uses : tuple of str
        Tables that are taken where they are there, so that their analyses run first.
    makes : tuple of str
        Tables of its outcome.
    refines : tuple of str
        Tables that it takes and gives again, changed, to all others that need or use them.
    possible : callable
        `possible(study)` says why this study can't answer the question, or nothing; it looks at small tables alone.
    check : callable
        `check(study, options)` raises `InputError` for settings that no data could save, before anything is computed.
    show : callable
        `show(known, outcome)` gives the parts of the page; figures are drawn when it is called.
    methods : callable
        `methods(known, outcome)` gives the sentences for the methods paragraph.
    page : int
        Place on the page: parts come in rising order.

    Examples
    --------
    >>> from gazeanalytics.study import analyse
    >>> from gazeanalytics.study.examples import example_study
    >>> found = analyse(example_study(), only=["quality"])
    >>> found.outcomes["quality"].short
    3
    """

    name: str
    question: str
    run: Callable[[StudyResult, Any], Found]
    options: type[Settings] = NoOptions
    needs: tuple[str | tuple[str, ...], ...] = ()
    uses: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    refines: tuple[str, ...] = ()
    possible: Callable[[Study], str] = lambda study: ""
    check: Callable[[Study, Any], None] = lambda study, options: None
    show: Callable[[StudyResult, Any], Iterable[Part]] = lambda known, outcome: ()
    methods: Callable[[StudyResult, Any], str] = lambda known, outcome: ""
    page: int = 50


def options_of(analysis: Analysis[Any], study: Study) -> Settings:
    """Options of one analysis as study.toml sets them, checked.

    Raises
    ------
    InputError
        Naming study.toml, the key and what it may be.

    Examples
    --------
    >>> from gazeanalytics.study.analyses import registry
    >>> from gazeanalytics.study.examples import example_study
    >>> options_of(registry()["search_errors"], example_study())
    SearchErrorOptions(radius_deg=2.5, min_dwell_ms=1000.0)
    """
    given = {key: value for key, value in study.config.analyses.get(analysis.name, {}).items() if key != "run"}
    return analysis.options.from_mapping(given, place=f"{study.folder / 'study.toml'}, analyses.{analysis.name}")


def many(count: int, noun: str) -> str:
    """A number of things in words.

    Examples
    --------
    >>> many(1, "reading"), many(2500, "country")
    ('1 reading', '2,500 countries')
    """
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun if count == 1 else plural}"


def share_in_words(value: float) -> str:
    """A share of readings in percent.

    Examples
    --------
    >>> share_in_words(0.043), share_in_words(0.0002)
    ('4.3%', 'fewer than 0.1%')
    """
    return f"{value:.1%}" if value >= 0.001 else "fewer than 0.1%"


def words(name: str) -> str:
    """A column's name as it is read.

    Examples
    --------
    >>> words("dwell_time_ms")
    'dwell time ms'
    """
    return name.replace("_", " ")


def file_name(name: object) -> str:
    """A name as a file's: letters, digits and underscores alone, so that no path can be made of it.

    A name that can't stand as it is gets a short hash: "a b" and "a_b" are two files, and so are two names in Chinese
    or two that differ in capitals alone, which some disks take for one.

    Examples
    --------
    >>> file_name("accuracy_2"), file_name("a b"), file_name("../x")
    ('accuracy_2', 'a_b_c8687a', 'x_d6b96a')
    """
    words = str(name)
    slug = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in words)[:60]
    if slug == words and slug == slug.lower() and slug not in _RESERVED and slug:
        return slug
    return f"{slug}_{hashlib.sha256(words.encode()).hexdigest()[:6]}".lstrip("_")


# Names that Windows keeps for devices, whatever their ending.
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))})


def readers_by_country(readers: pd.DataFrame) -> pd.Series:
    """How many people there are in each country.

    Examples
    --------
    >>> readers = pd.DataFrame({"kind": ["person", "person", "model"], "country": ["Chile", "Chile", None]})
    >>> readers_by_country(readers).to_dict()
    {'Chile': 2}
    """
    people = readers[readers["kind"] == "person"]
    return people["country"].value_counts() if "country" in people else pd.Series(dtype=int)
