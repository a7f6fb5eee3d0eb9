"""Maps from foreign columns to ours: names, units, missing codes, frame, origin, clock; declared, never guessed."""

from __future__ import annotations

import codecs
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gazeanalytics.io.eyelink import Eye, Trials
from gazeanalytics.io.files import DELIMITERS, SUFFIXES
from gazeanalytics.io.lines import Dialect
from gazeanalytics.io.presets import preset, preset_names
from gazeanalytics.io.unpacking import MAX_UNPACKED_MB
from gazeanalytics.tables import nearest

__all__ = ["CONDITION", "UNITS", "ColumnSource", "Frame", "Origin", "TableMap"]

# What one of the declared unit is in the unit of the contract.
UNITS: dict[str, dict[str, float]] = {
    "ms": {"ms": 1.0, "s": 1e3, "us": 1e-3, "µs": 1e-3, "ns": 1e-6, "min": 6e4, "date": 1.0},
    "years": {"years": 1.0, "months": 1 / 12, "weeks": 1 / 52.1775, "days": 1 / 365.2425},
    "deg": {"deg": 1.0, "arcmin": 1 / 60, "rad": 57.29577951308232},
    "deg/s": {"deg/s": 1.0, "rad/s": 57.29577951308232},
    "px/deg": {"px/deg": 1.0},
    "px": {"px": 1.0},
    "image px": {"px": 1.0, "image px": 1.0, "screen px": 1.0, "fraction": 1.0},
}

# A condition of `keep`.
CONDITION = re.compile(r"\s*(?:(not empty)|(>=|<=|>|<)\s*(-?[0-9]+(?:\.[0-9]+)?))\s*")

# Keys of a map that go with EyeLink recordings alone, and those that go with every format.
_OF_EYELINK = {"eye", "trial_message", "onset_message", "end_message"}
_OF_ALL = {"file", "format", "max_unpacked_mb", "rate_hz", "reading", "frame", "clock", "trust_units"}

Cell = str | int | float | bool
Frame = Literal["image", "screen", "image-fraction", "screen-fraction", "degrees"]
Origin = Literal["top-left", "bottom-left", "centre", "centre-up"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSource(_Strict):
    """Source of one of our columns: exactly one of `column`, `mean`, `value`, `cumulate` and `order` is given.

    Examples
    --------
    >>> ColumnSource(column="dur_s", unit="s", missing=[-1]).needs
    'dur_s'
    """

    column: str | None = Field(default=None, description="the foreign column", min_length=1)
    minus: str | None = Field(
        default=None, description="a foreign column taken away from it, of the same unit: duration = end minus start"
    )
    mean: list[str] = Field(
        default_factory=list,
        description="foreign columns of one unit, such as those of both eyes; where one is missing, the other",
    )
    value: Cell | None = Field(default=None, description="one value for every row")
    cumulate: str | None = Field(
        None, description="running sum, before each row, of this foreign column in the reading"
    )
    order: bool = Field(default=False, description="the row's place in its reading: 0, 1, 2, ...")
    unit: str | None = Field(
        default=None, description="the foreign unit; default: ours; date: a time stamp such as 2024-02-20T14:30:19.85"
    )
    missing: list[Cell] = Field(default_factory=list, description="further codes that mean: not known")
    levels: dict[str, Cell] = Field(default_factory=dict, description="foreign value to ours")
    at_least: float | None = Field(
        default=None,
        description="of a flag that the file gives as a confidence: true from this value on, false where it is missing",
    )
    at_most: float | None = Field(
        default=None, description="of a flag that the file gives as a code whose best value is 0: true up to this value"
    )

    @model_validator(mode="after")
    def _one_source(self) -> ColumnSource:
        given = [
            self.column is not None,
            bool(self.mean),
            self.value is not None,
            self.cumulate is not None,
            self.order,
        ]
        if sum(given) != 1:
            raise ValueError("give exactly one of column, mean, value, cumulate, order")
        if self.minus is not None and self.column is None:
            raise ValueError("minus goes with column")
        if self.at_least is not None and self.at_most is not None:
            raise ValueError("give one of at_least, at_most")
        return self

    @property
    def graded(self) -> bool:
        """Whether a flag is given as a number that has to reach, or not to pass, a limit."""
        return self.at_least is not None or self.at_most is not None

    @property
    def needs(self) -> str | None:
        """The foreign column that is read, if any."""
        return self.column or self.cumulate or next(iter(self.mean), None)

    @property
    def reads(self) -> list[str]:
        """All foreign columns that are read."""
        return [name for name in (self.column, self.cumulate, self.minus, *self.mean) if name]


class TableMap(_Strict):
    """Column map of a foreign file into one of our tables; without `columns` the file has our names and units.

    Examples
    --------
    A string stands for a column of that name, in our unit:

    >>> table_map = TableMap(file="export/*.csv", reading=["trial"], columns={"x": "gaze_x", "y": "gaze_y"})
    >>> table_map.needs
    ['trial', 'gaze_x', 'gaze_y']
    """

    file: str | list[str] = Field(description="path or pattern beside study.toml, or a list of them", min_length=1)
    format: str | None = Field(
        default=None, description="csv, tsv, json, jsonl, parquet, eyelink, bids, eprime, or a preset such as 'tobii'"
    )
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = Field(default=None, description="of text; default UTF-8, windows-1252 where it is not that")
    skip: int = Field(default=0, ge=0, description="lines before the header")
    comment: str = Field(default="", description="lines that begin with it are passed over")
    pass_over: str = Field(default="", description="lines that fit this regular expression are no rows, as messages")
    header: str = Field(
        default="", description="how the header begins, where lines stand before it; repeated headers are passed over"
    )
    names: list[str] = Field(default_factory=list, description="names of the columns of a file without a header")
    block: str = Field(
        default="", description="lines that fit this regular expression begin a block; 'block' names it in `reading`"
    )
    decimal: str = Field(default=".", min_length=1, max_length=1, description="decimal mark of numbers")
    thousands: str = Field(default="", max_length=1, description="mark between thousands")
    max_unpacked_mb: float = Field(
        default=MAX_UNPACKED_MB, gt=0, description="a packed file that would be larger is refused"
    )
    rate_hz: float | None = Field(default=None, gt=0, description="samples a second, where the maker states it")
    reading: list[str] = Field(
        default_factory=list,
        description="foreign columns that together name a reading; file, folder: the name of the file or its folder; "
        "run: that of BIDS; block: see there",
    )
    frame: Frame = Field(default="image", description="what x and y are measured in")
    origin: Origin = Field(default="top-left", description="where x and y are 0; y grows upwards from the bottom")
    clock: Literal["image", "recording"] = Field(
        default="image", description="zero of time: image onset, or something earlier"
    )
    missing: list[Cell] = Field(default_factory=list, description="codes that mean: not known, in every column")
    distinct: bool | list[str] = Field(
        default=False, description="keep the first row of each key, or of each value of these foreign columns"
    )
    distinct_row: Literal["first", "last"] = Field(
        default="first", description="which row distinct keeps; last, where values grow until an event ends"
    )
    explode: list[str] = Field(
        default_factory=list,
        description="foreign columns that hold a list a row; of a list of records, map the parts as 'column.part'",
    )
    keep: dict[str, list[Cell] | str] = Field(
        default_factory=dict,
        description="keep rows whose column has one of the values, or fits: '>= 0.6', 'not empty'",
    )
    eye: Eye | None = Field(default=None, description="of an EyeLink recording of both: left, right or mean")
    trial_message: str = Field(
        default="TRIALID", description="how the message of an EyeLink begins that starts a trial"
    )
    onset_message: str = Field(default="", description="how its message of image onset begins")
    end_message: str = Field(default="", description="how the message begins that ends what is looked at")
    trust_units: bool = Field(default=False, description="don't compare the values with what their unit makes likely")
    columns: dict[str, ColumnSource] = Field(default_factory=dict)

    @field_validator("file")
    @classmethod
    def _printable(cls, file: str | list[str]) -> str | list[str]:
        # Names stand in messages of one line, and a terminal obeys control characters.
        for name in [file] if isinstance(file, str) else file:
            if not name.isprintable():
                raise ValueError("expected a file name without control characters")
        return file

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, columns: Any) -> Any:
        if isinstance(columns, dict):
            return {name: {"column": source} if isinstance(source, str) else source for name, source in columns.items()}
        return columns

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str | None) -> str | None:
        known = [*dict.fromkeys(SUFFIXES.values()), "eyelink", "bids", "eprime", *preset_names()]
        if name is not None and name not in known:
            raise ValueError(f"no such format; {nearest(name, known)}")
        return name

    @field_validator("pass_over", "block")
    @classmethod
    def _an_expression(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"no regular expression ({error})") from None
        return pattern

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            # Some codecs give no text: "hex", "zip".
            text = encoding is None or codecs.lookup(encoding)._is_text_encoding
        except LookupError:
            text = False
        if not text:
            raise ValueError("no such encoding; examples are 'utf-8', 'utf-16', 'windows-1252'")
        return encoding

    @field_validator("keep")
    @classmethod
    def _known_conditions(cls, keep: dict[str, list[Cell] | str]) -> dict[str, list[Cell] | str]:
        for column, rule in keep.items():
            if isinstance(rule, str) and not CONDITION.fullmatch(rule):
                raise ValueError(f"{column}: expected a list of values, 'not empty', or a limit such as '>= 0.6'")
        return keep

    @field_validator("reading", mode="before")
    @classmethod
    def _one_name(cls, reading: Any) -> Any:
        return [reading] if isinstance(reading, str) else reading

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_eyelink(cls, given: Any) -> Any:
        """A preset says its frame, origin and clock.

        An EyeLink gives places on the screen, and times on its own clock until a message marks image onset.
        """
        if isinstance(given, dict) and given.get("format") in preset_names():
            declared = preset(given["format"])
            return {key: declared[key] for key in ("frame", "origin", "clock") if key in declared} | given
        if not isinstance(given, dict) or given.get("format") != "eyelink":
            return given
        return {"frame": "screen", "clock": "image" if given.get("onset_message") else "recording"} | given

    @model_validator(mode="after")
    def _fits_format(self) -> TableMap:
        fields = type(self).model_fields
        given = {name for name in self.model_fields_set if getattr(self, name) != fields[name].default}
        idle = sorted(given & _OF_EYELINK if self.format != "eyelink" else given - _OF_EYELINK - _OF_ALL)
        if idle and self.format != "eyelink":
            raise ValueError(f"{idle[0]} goes with format = 'eyelink' alone")
        if idle:
            raise ValueError(f"{idle[0]} does nothing with format = 'eyelink', whose columns are known; leave it out")
        if self.frame == "degrees" and not self.origin.startswith("centre"):
            raise ValueError("degrees count from the centre: say origin = 'centre' (y down) or 'centre-up' (y up)")
        if self.format == "eyelink" and self.frame not in ("screen", "image"):
            raise ValueError("an EyeLink gives px; frame may be 'screen' or, if the image fills the screen, 'image'")
        if self.format == "eyelink" and self.clock == "image" and not self.onset_message:
            raise ValueError("clock = 'image' needs onset_message, for an EyeLink's clock starts with the tracker")
        return self

    @property
    def trials(self) -> Trials:
        """What a reading of an EyeLink recording is."""
        parts = tuple(self.reading) or Trials().parts
        return Trials(parts, self.trial_message, self.onset_message, self.end_message)

    @property
    def native(self) -> bool:
        """Whether the file holds our own names and units already."""
        return not self.columns and self.format not in ("bids", *preset_names())

    @property
    def needs(self) -> list[str] | None:
        """Foreign columns to read; None means all."""
        if self.native:
            return None
        sources = [name for source in self.columns.values() for name in source.reads]
        parts = {name: column for column in self.explode for name in sources if name.startswith(f"{column}.")}
        keyed = self.distinct if isinstance(self.distinct, list) else []
        return list(dict.fromkeys(parts.get(name, name) for name in (*self.reading, *sources, *self.keep, *keyed)))

    def with_parts(self, header: list[str]) -> TableMap:
        """The same map, names that are no column of a file being parts of the records that its one list holds.

        Examples
        --------
        >>> spread = {"file": "a.csv", "explode": ["gaze"], "columns": {"x": "x", "t": "t"}}
        >>> TableMap.model_validate(spread).with_parts(["t", "gaze"]).columns["x"].column
        'gaze.x'
        """
        if len(self.explode) != 1:
            return self
        whole = self.explode[0]

        def part(name: str | None) -> str | None:
            known = name is None or name in header or name.startswith(f"{whole}.")
            return name if known else f"{whole}.{name}"

        columns = {
            target: source.model_copy(
                update={key: part(getattr(source, key)) for key in ("column", "minus", "cumulate")}
                | {"mean": [str(part(name)) for name in source.mean]}
            )
            for target, source in self.columns.items()
        }
        return self.model_copy(update={"columns": columns})

    @property
    def own_clock(self) -> bool:
        """Whether zero of time is something else than image onset: the recording's start, or a date."""
        return (
            self.clock == "recording"
            or self.format == "bids"
            or any(source.unit == "date" for source in self.columns.values())
        )

    def dialect(self, kind: str) -> Dialect:
        """How the file is written."""
        return Dialect(
            delimiter=self.delimiter or DELIMITERS.get(kind, ","),
            encoding=self.encoding,
            skip=self.skip,
            comment=self.comment,
            names=tuple(self.names),
            pass_over=self.pass_over,
            header=self.header,
            block=self.block,
            max_unpacked_mb=self.max_unpacked_mb,
        )
