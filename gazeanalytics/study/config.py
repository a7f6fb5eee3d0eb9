"""`study.toml`: what a study says of itself, checked key by key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from gazeanalytics import reasoning, tables
from gazeanalytics.geometry import Screen
from gazeanalytics.io.maps import TableMap
from gazeanalytics.io.unpacking import as_utf8, check_file
from gazeanalytics.tables import InputError, nearest

__all__ = ["ModelConfig", "StudyConfig", "read_config"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _About(_Strict):
    name: str = "study"
    description: str = ""
    seed: int = 1
    max_rejects: float = Field(
        default=0.05, ge=0, le=1, description="a file that would lose a greater share of its rows is refused"
    )


class _ScreenConfig(_Strict):
    width_px: float
    height_px: float
    width_mm: float
    height_mm: float
    distance_mm: float


class _Display(_Strict):
    placement: Literal["fit", "native"] | tuple[float, float, float, float] = Field(
        default="fit",
        description="fit: as large as the screen lets it, centred; native: one to one, centred; or x0,y0,x1,y1",
    )

    @field_validator("placement")
    @classmethod
    def _box(cls, value: Any) -> Any:
        if isinstance(value, tuple):
            x0, y0, x1, y1 = value
            if not (np.isfinite(value).all() and x0 < x1 and y0 < y1):
                raise ValueError("expected left, top, right, bottom in screen px, left < right and top < bottom")
        return value


class _Events(_Strict):
    detector: str = Field(default="cascade", description="a name of events.DETECTORS, or auto")
    options: dict[str, Any] = Field(default_factory=dict)


class _Features(_Strict):
    options: dict[str, Any] = Field(default_factory=dict)
    first_ms: float | None = Field(default=None, gt=0, description="only gaze that begins in the first so many ms")
    before_mention: bool = Field(
        default=False, description="only gaze that begins before a finding is first mentioned; traces need an onset"
    )

    @property
    def restricted(self) -> str:
        """What the features are of, where that isn't the whole reading."""
        seconds = "" if self.first_ms is None else f"the first {self.first_ms / 1000:g} s"
        mention = "the time before the first mention of a finding" if self.before_mention else ""
        return " within ".join(filter(None, (seconds, mention)))


class _Strategies(_Strict):
    features: list[str] = Field(default_factory=list, description="default: gaze.STRATEGY_FEATURES")
    options: dict[str, Any] = Field(default_factory=dict)


class _Outcomes(_Strict):
    call_at: float = Field(default=0.5, ge=0, le=1, description="a finding is called present from this certainty on")


class _Reasoning(_Strict):
    rule: Literal["final", "latest", "surest", "any"] = Field(
        default="final", description="how a person's statements become one conclusion a finding"
    )
    model_rule: Literal["final", "latest", "surest", "any"] = Field(
        default="final", description="the same for AI readers"
    )
    present_from: float = Field(
        default=reasoning.PRESENT_FROM, ge=0, le=1, description="certainty that counts as present"
    )
    absent_to: float = Field(default=reasoning.ABSENT_TO, ge=0, le=1, description="certainty that counts as absent")
    implied: bool = Field(default=True, description="'normal chest' speaks of each finding that it covers")
    languages: tuple[str, ...] = Field(default=("en",), description="languages that are read: en, de, es, fr, pt")
    phrases: dict[str, list[str]] = Field(default_factory=dict, description="own phrases that name a finding")
    hedges: dict[str, float] = Field(
        default_factory=dict, description="own words of certainty, and the probability that they state"
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        """Refuse own words that can't be used when the study is opened, not when its traces are read."""
        if self.phrases or self.hedges:
            self.settings()
        return self

    def settings(self) -> reasoning.ReasoningSettings:
        """As the room `reasoning` takes them."""
        return reasoning.ReasoningSettings.from_mapping(self.model_dump(), place="reasoning")


class ModelConfig(_Strict):
    """One model of the study.

    Examples
    --------
    >>> ModelConfig(formula="correct ~ strategy + (1 | reader)", family="binomial").where
    ''
    """

    formula: str = Field(description="lme4's way of writing: correct ~ strategy + (1 | reader) + (1 | case)")
    family: str = "gaussian"
    link: str = Field(default="", description="such as probit or cloglog; the family's first where empty")
    success: str = Field(default="", description="which of two values in words is the success, such as 'correct'")
    weights: str = Field(default="", description="column of precision weights, or of trials behind a share")
    where: str = Field(default="", description="rows to use, a condition such as 'max_saccades in [2, 4]'")
    title: str = ""


class _Report(_Strict):
    identifiers: bool = Field(default=False, description="show readers by name")
    min_cell: int = Field(default=5, ge=1, description="counts below this are not shown")


class StudyConfig(_Strict):
    """All of `study.toml`.

    Examples
    --------
    >>> StudyConfig().events.detector
    'cascade'
    """

    study: _About = _About()
    screen: _ScreenConfig | None = None
    display: _Display = _Display()
    tables: dict[str, TableMap] = Field(default_factory=dict)
    events: _Events = _Events()
    features: _Features = _Features()
    strategies: _Strategies = _Strategies()
    reasoning: _Reasoning = _Reasoning()
    outcomes: _Outcomes = _Outcomes()
    models: dict[str, ModelConfig] = Field(default_factory=dict)
    analyses: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="by name: run = true or false, and the options of that analysis"
    )
    report: _Report = _Report()

    def __repr__(self) -> str:
        """The study's name, and which parts of study.toml are set."""
        return f"StudyConfig of {self.study.name!r}: {', '.join(sorted(self.model_fields_set)) or 'nothing set'}"

    def screen_geometry(self) -> Screen | None:
        """The screen, when it is given."""
        return None if self.screen is None else Screen(**self.screen.model_dump())


def read_config(path: Path) -> StudyConfig:
    """Read `study.toml`.

    Raises
    ------
    InputError
        Naming the file, the key and what it may be.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> read_config(example_study().folder / "study.toml").study.name
    'two readers and a model'
    """
    try:
        if not path.exists():
            raise InputError(f"{path}: no such file; a study is a folder with a study.toml in it")
        check_file(path)
        text, _ = as_utf8(path.read_bytes(), path, None)
        given = tomllib.loads(text.decode())
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); ask for read access") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: is not TOML ({error})") from None
    except RecursionError:
        raise InputError(f"{path}: is nested too deeply to be a study") from None
    try:
        config = StudyConfig.model_validate(given)
        config.screen_geometry()
    except ValidationError as error:
        raise InputError(f"{path}: {_first_fault(error)}") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    for name in config.tables:
        if name not in tables.TABLES:
            raise InputError(f"{path}, tables.{name}: no such table; {nearest(name, list(tables.TABLES))}")
    return config


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        model = _model_at(StudyConfig, fault["loc"][:-1])
        known = list(model.model_fields) if model else []
        return f"key {place!r} is not known; {nearest(str(fault['loc'][-1]), known)}"
    return f"key {place!r}: {fault['msg'].removeprefix('Value error, ')}; got {_short(fault['input'])}"


def _short(value: object) -> str:
    words = repr(value)
    return words if len(words) <= 120 else words[:117] + "..."


def _model_at(model: type[BaseModel], keys: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the model below `keys`: a field's own, or that of a mapping's values."""
    found: type[BaseModel] | None = model
    for key in keys:
        if found is not None and key in found.model_fields:
            found = _model_in(found.model_fields[str(key)].annotation)
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in get_args(annotation))
    return next((found for found in inner if found is not None), None)
