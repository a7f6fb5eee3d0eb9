"""The tables that rooms agree on: their keys, columns, kinds and units.

House units: time in ms since image onset; place in image pixels, x right, y down. Any other unit is part of the
column's name. NaN means "not known". One key runs through all: a *reading* is one reader looking at one case once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gazeanalytics.brief import Brief

Kind = Literal["reading", "id", "number", "text", "flag"]

__all__ = ["ESTIMATES", "LABELS", "TABLES", "Column", "Table", "describe"]

LABELS = ("missing", "fixation", "saccade", "pso", "pursuit", "blink", "noise")
"""What the eye does at a sample; labels of samples are places in here."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind, unit and the values it may hold.

    Examples
    --------
    >>> Column("pupil", "number", "pupil diameter", "mm", low=0).expected
    'a finite number in mm, at least 0'
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = True
    missing: bool = True
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """The kind, unit and range of a valid cell, in words."""
        if self.levels:
            return "one of " + ", ".join(self.levels)
        words = {
            "reading": "an integer or categorical key without gaps",
            "id": "a name or number",
            "number": "a finite number",
            "text": "text",
            "flag": "true or false",
        }[self.kind]
        if self.unit:
            words += f" in {self.unit}"
        if self.low is not None:
            words += f", at least {self.low:g}"
        if self.high is not None:
            words += f", at most {self.high:g}"
        return words


@dataclass(frozen=True, slots=True)
class Table(Brief):
    """One table: its key, in row order, and its columns. Further columns may stand beside them.

    Attributes
    ----------
    name : str
        Key of `TABLES`.
    meaning : str
        What a row is, in the words of eye-tracking research and reader studies.
    key : tuple of str
        Columns that name a row.
    columns : tuple of Column
        What the rooms rely on.
    made_by : str
        Rooms that produce it.
    unique : bool
        Whether each key may stand in one row only.
    order : str
        Column that must not fall within a reading; empty for none.

    Examples
    --------
    >>> TABLES["fixations"].required
    ('reading', 'onset', 'x', 'y')
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    made_by: str
    unique: bool = True
    order: str = ""

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)


def _number(
    name: str,
    meaning: str,
    unit: str = "",
    *,
    required: bool = True,
    missing: bool = True,
    low: float | None = None,
    high: float | None = None,
) -> Column:
    return Column(name, "number", meaning, unit, required, missing, low, high)


def _id(name: str, meaning: str, *, required: bool = True, missing: bool = False) -> Column:
    return Column(name, "id", meaning, required=required, missing=missing)


def _text(name: str, meaning: str, *, required: bool = True, levels: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", meaning, required=required, levels=levels)


_READING = Column("reading", "reading", "one reader looking at one case once", missing=False)
_ONSET = _number("onset", "start, since image onset", "ms", missing=False)
_DURATION = _number("duration", "length in time; NaN when not known", "ms", low=0)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "samples",
            "raw gaze, one row a sample of the eye tracker",
            ("reading", "t"),
            (
                _READING,
                _number("t", "time since image onset", "ms", missing=False),
                _number("x", "gaze, to the right", "image px"),
                _number("y", "gaze, downwards", "image px"),
                _number("pupil", "pupil size", "the tracker's unit", required=False),
                _text("eye", "which eye", required=False, levels=("left", "right", "both")),
                Column("valid", "flag", "the tracker trusts this sample", required=False),
            ),
            made_by="io, simulate",
            unique=False,
            order="t",
        ),
        Table(
            "fixations",
            "fixations of an event detector or of the tracker's software; attention points without duration, too",
            ("reading", "onset"),
            (
                _READING,
                _ONSET,
                _number("duration", "length in time; NaN for points without one", "ms", required=False, low=0),
                _number("x", "centre, to the right", "image px"),
                _number("y", "centre, downwards", "image px"),
                _number("dispersion_deg", "RMS distance of its samples to its centre", "deg", required=False, low=0),
            ),
            made_by="events, io",
            unique=False,
            order="onset",
        ),
        Table(
            "saccades",
            "saccades, from one fixation to the next",
            ("reading", "onset"),
            (
                _READING,
                _ONSET,
                _DURATION,
                _number("x0", "start, to the right", "image px"),
                _number("y0", "start, downwards", "image px"),
                _number("x1", "end, to the right", "image px"),
                _number("y1", "end, downwards", "image px"),
                _number("amplitude_deg", "visual angle from start to end", "deg", low=0),
                _number("peak_speed_deg_s", "peak velocity", "deg/s", low=0),
            ),
            made_by="events",
            unique=False,
            order="onset",
        ),
        Table(
            "regions",
            "areas of interest (AOIs) on an image: organs, lesions, cells of a grid",
            ("case", "region"),
            (
                _id("case", "the image"),
                _id("region", "name of the area of interest (AOI)"),
                _text("kind", "what sort of AOI", levels=("organ", "lesion", "grid")),
                _number("x0", "left", "image px"),
                _number("y0", "top", "image px"),
                _number("x1", "right", "image px"),
                _number("y1", "bottom", "image px"),
                _text(
                    "shape",
                    "the box itself, the ellipse inside it, or a polygon",
                    required=False,
                    levels=("box", "ellipse", "polygon"),
                ),
                _text("outline", 'corners of a polygon in image px, such as "0,0 10,0 5,8"', required=False),
                _text("finding", "what a lesion shows", required=False),
                _number(
                    "priority",
                    "which of overlapping AOIs a fixation belongs to: that with the lowest number, then the smallest",
                    required=False,
                ),
            ),
            made_by="io, simulate",
        ),
        Table(
            "visits",
            "AOI visits (dwells): consecutive fixations in one area of interest; their durations add up to dwell time",
            ("reading", "onset"),
            (
                _READING,
                _number(
                    "onset",
                    "entry into the AOI (the first one is the time to first fixation, TTFF)",
                    "ms",
                    missing=False,
                ),
                _id("region", "which AOI; fixations outside every AOI make no visit"),
                _number("duration", "dwell time of this visit: sum of its fixations' durations", "ms", low=0),
                _number("fixations", "fixations of the visit", low=1),
            ),
            made_by="gaze.aoi",
            unique=False,
            order="onset",
        ),
        Table(
            "features",
            "eye-movement measures, one row a reading, one column a measure",
            ("reading",),
            (_READING,),
            made_by="gaze.features",
        ),
        Table(
            "strategies",
            "search strategy of each reading (a clustering of readings)",
            ("reading",),
            (
                _READING,
                _text("strategy", "name; missing when the reading belongs to none"),
                _number("strength", "membership: how surely the reading belongs there", low=0, high=1),
            ),
            made_by="strategies",
        ),
        Table(
            "traces",
            "reasoning traces: dictated sentences, written reports or the output of a vision-language model",
            ("reading", "step"),
            (
                _READING,
                _number("step", "place in the trace", missing=False, low=0),
                _text("text", "what was said or written"),
                _number("onset", "start of speech", "ms", required=False),
                _number("offset", "end of speech", "ms", required=False),
                _text("stage", "stage of the reasoning", required=False),
            ),
            made_by="io, simulate",
        ),
        Table(
            "findings",
            "findings that a trace mentions, after negation and hedging: present, absent or uncertain",
            ("reading", "step", "finding"),
            (
                _READING,
                _number("step", "step of the trace that mentions it", missing=False, low=0),
                _id("finding", "name of the observation"),
                _text("status", "what the text says of it", levels=("present", "absent", "uncertain")),
                _number("certainty", "stated probability that the finding is present", missing=False, low=0, high=1),
                _number("low", "lower end of what the words may mean", low=0, high=1),
                _number("high", "upper end of what the words may mean", low=0, high=1),
                _text("side", "laterality", required=False, levels=("left", "right", "both")),
                _text("zone", "zone of the lung", required=False),
                _id("region", "region that it names", required=False, missing=True),
                _number("start", "first character of the mention in the step's text", required=False, low=0),
                _number("stop", "character after the mention", required=False, low=0),
            ),
            made_by="reasoning",
            unique=False,
            order="step",
        ),
        Table(
            "readers",
            "readers of the study: radiologists and AI models",
            ("reader",),
            (
                _id("reader", "who reads: a person or a model"),
                _text("kind", "person or model", levels=("person", "model")),
                _number("experience_years", "years of practice", "years", required=False, low=0, high=80),
                _text("country", "country of practice", required=False),
                _text("specialty", "specialty", required=False),
                _text("model", "name of the model", required=False),
                _text("version", "version of the model", required=False),
            ),
            made_by="io, simulate",
        ),
        Table(
            "cases",
            "images with their size, truth and clinical context",
            ("case",),
            (
                _id("case", "the image"),
                _number("width", "width of the image", "px", missing=False, low=1),
                _number("height", "height of the image", "px", missing=False, low=1),
                _number("px_per_deg", "image pixels per degree at the centre", "px/deg", required=False, low=0),
                _text("target", "finding that the reading is scored on", required=False),
            ),
            made_by="io, simulate",
        ),
        Table(
            "readings",
            "one reader looking at one case once; the unit of the multi-reader multi-case (MRMC) design",
            ("reading",),
            (
                _READING,
                _id("reader", "who"),
                _id("case", "what"),
                _id("session", "when", required=False, missing=True),
                _text("condition", "under which condition", required=False),
            ),
            made_by="io, simulate, readings",
        ),
        Table(
            "estimates",
            "what a model estimates: coefficients, contrasts, confidence intervals, tests",
            ("model", "term", "contrast"),
            (
                _text("model", "name of the model"),
                _text("term", "coefficient, standard deviation or summary"),
                _text("contrast", "which contrast, if any", required=False),
                _number("estimate", "the value"),
                _number("std_error", "its standard error", low=0),
                _number("statistic", "z, t or chi-square"),
                _number("df", "degrees of freedom", low=0),
                _number("p_value", "p-value", low=0, high=1),
                _number("conf_low", "lower end of the confidence interval"),
                _number("conf_high", "upper end of the confidence interval"),
                _number("n", "rows used", low=0),
                _text("note", "singular, not converged, separated, small cell"),
                _text("df_method", "Satterthwaite, between-within: GROUP, or normal", required=False),
            ),
            made_by="stats",
            unique=False,
        ),
    )
}

ESTIMATES = tuple(column.name for column in TABLES["estimates"].columns if column.name != "df_method")
"""Columns of every table of estimates; mixed models alone add `df_method`."""


def describe(name: str) -> str:
    """Describe a table of the contract: what a row is, its key, and one line a column.

    Examples
    --------
    >>> print(describe("strategies"))
    strategies: search strategy of each reading (a clustering of readings)
    key: reading; made by strategies
      reading: one reader looking at one case once [an integer or categorical key without gaps]
      strategy: name; missing when the reading belongs to none [text]
      strength: membership: how surely the reading belongs there [a finite number, at least 0, at most 1]
    """
    table = TABLES[name]
    lines = [f"{name}: {table.meaning}", f"key: {', '.join(table.key)}; made by {table.made_by}"]
    for column in table.columns:
        mark = "" if column.required else "?"
        lines.append(f"  {column.name}{mark}: {column.meaning} [{column.expected}]")
    return "\n".join(lines)
