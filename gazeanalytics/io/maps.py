"""Maps from foreign columns to ours: names, units, missing codes, frame, origin, clock; declared, never guessed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["UNITS", "ColumnSource", "Frame", "Origin", "TableMap"]

# What one of the declared unit is in the unit of the contract.
UNITS: dict[str, dict[str, float]] = {
    "ms": {"ms": 1.0, "s": 1e3, "us": 1e-3, "µs": 1e-3, "ns": 1e-6, "min": 6e4},
    "years": {"years": 1.0, "months": 1 / 12, "weeks": 1 / 52.1775, "days": 1 / 365.2425},
    "deg": {"deg": 1.0, "arcmin": 1 / 60, "rad": 57.29577951308232},
    "deg/s": {"deg/s": 1.0, "rad/s": 57.29577951308232},
    "px/deg": {"px/deg": 1.0},
    "px": {"px": 1.0},
    "image px": {"px": 1.0, "image px": 1.0, "screen px": 1.0, "fraction": 1.0},
}

Cell = str | int | float | bool
Frame = Literal["image", "screen", "image-fraction", "screen-fraction"]
Origin = Literal["top-left", "bottom-left", "centre", "centre-up"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSource(_Strict):
    """Source of one of our columns: exactly one of `column`, `value`, `cumulate` and `order` is given.

    Examples
    --------
    >>> ColumnSource(column="dur_s", unit="s", missing=[-1]).needs
    'dur_s'
    """

    column: str | None = Field(default=None, description="the foreign column")
    value: Cell | None = Field(default=None, description="one value for every row")
    cumulate: str | None = Field(
        None, description="running sum, before each row, of this foreign column in the reading"
    )
    order: bool = Field(default=False, description="the row's place in its reading: 0, 1, 2, ...")
    unit: str | None = Field(default=None, description="the foreign unit; default: ours")
    missing: list[Cell] = Field(default_factory=list, description="further codes that mean: not known")
    levels: dict[str, Cell] = Field(default_factory=dict, description="foreign value to ours")

    @model_validator(mode="after")
    def _one_source(self) -> ColumnSource:
        given = [self.column is not None, self.value is not None, self.cumulate is not None, self.order]
        if sum(given) != 1:
            raise ValueError("give exactly one of column, value, cumulate, order")
        return self

    @property
    def needs(self) -> str | None:
        """The foreign column that is read, if any."""
        return self.column or self.cumulate


class TableMap(_Strict):
    """Column map of a foreign file into one of our tables; without `columns` the file has our names and units.

    Examples
    --------
    A string stands for a column of that name, in our unit:

    >>> table_map = TableMap(file="export/*.csv", reading=["trial"], columns={"x": "gaze_x", "y": "gaze_y"})
    >>> table_map.needs
    ['trial', 'gaze_x', 'gaze_y']
    """

    file: str | list[str] = Field(description="path or pattern beside study.toml, or a list of them")
    format: Literal["csv", "tsv", "json", "jsonl", "parquet"] | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"
    reading: list[str] = Field(default_factory=list, description="foreign columns that together name a reading")
    frame: Frame = Field(default="image", description="what x and y are measured in")
    origin: Origin = Field(default="top-left", description="where x and y are 0; y grows upwards from the bottom")
    clock: Literal["image", "recording"] = Field(
        default="image", description="zero of time: image onset, or something earlier"
    )
    missing: list[Cell] = Field(default_factory=list, description="codes that mean: not known, in every column")
    distinct: bool = Field(default=False, description="keep the first row of each key")
    explode: list[str] = Field(default_factory=list, description="foreign columns that hold a list a row")
    keep: dict[str, list[Cell]] = Field(
        default_factory=dict, description="keep rows whose column has one of the values"
    )
    trust_units: bool = Field(default=False, description="don't compare the values with what their unit makes likely")
    columns: dict[str, ColumnSource] = Field(default_factory=dict)

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, columns: Any) -> Any:
        if isinstance(columns, dict):
            return {name: {"column": source} if isinstance(source, str) else source for name, source in columns.items()}
        return columns

    @field_validator("reading", mode="before")
    @classmethod
    def _one_name(cls, reading: Any) -> Any:
        return [reading] if isinstance(reading, str) else reading

    @property
    def native(self) -> bool:
        """Whether the file holds our own names and units already."""
        return not self.columns

    @property
    def needs(self) -> list[str] | None:
        """Foreign columns to read; None means all."""
        if self.native:
            return None
        sources = [source.needs for source in self.columns.values() if source.needs]
        return list(dict.fromkeys([*self.reading, *sources, *self.keep]))
