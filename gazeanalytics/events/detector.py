"""What every event detector has: typed settings, a function that labels samples, a published name and a reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from gazeanalytics import ragged
from gazeanalytics._kernels.events import labels as kernels
from gazeanalytics._kernels.events.labels import START
from gazeanalytics.brief import Brief
from gazeanalytics.events.recording import MAX_GAP_MS, Recording, in_degrees
from gazeanalytics.settings import Settings

__all__ = ["Detector", "DetectorSettings", "finish", "label_in_degrees", "positive"]


def positive(default: float) -> Any:
    """Declare a number that must exceed 0, where 0 has no meaning.

    Examples
    --------
    >>> from gazeanalytics.events import IdtSettings
    >>> IdtSettings(min_fixation_ms=0)
    Traceback (most recent call last):
    ...
    ValueError: min_fixation_ms must be a number over 0; got 0
    """
    return field(default=default, metadata={"positive": True})


class DetectorSettings(Settings):
    """Base of the settings of an event detector: numbers of 0 or more, each with its unit in its name.

    A detector's settings are a frozen, slotted dataclass derived from this one. A whole number given for a float
    becomes one, so that compiled code sees a single type and is compiled once.

    Attributes
    ----------
    at_least_one_sample : tuple of str
        Durations (ms) that can't take effect when they are shorter than one sample, and are then refused; 0 is not.

    Examples
    --------
    >>> from gazeanalytics.events import IvtSettings
    >>> IvtSettings(threshold_deg_s=40).threshold_deg_s
    40.0
    """

    __slots__ = ()
    at_least_one_sample: ClassVar[tuple[str, ...]] = ("min_fixation_ms",)

    def __post_init__(self) -> None:
        for each in fields(self):  # pyright: ignore[reportArgumentType] - every subclass is a dataclass
            if each.type in ("float", "int"):
                object.__setattr__(self, each.name, _checked(each, getattr(self, each.name)))

    @property
    def blink_ms(self) -> tuple[float, float]:
        """Shortest and longest hole in the recording that is labelled blink; (0, 0) labels none."""
        return 0.0, 0.0

    def recorded(self) -> dict[str, float | str]:
        """Return names and values that a report can print: numbers, switches and names."""
        return {name: value for name, value in self.as_dict().items() if isinstance(value, float | int | str)}


def _checked(declared: Field[Any], value: float) -> float:
    above = declared.metadata.get("positive", False)
    numeric = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    if not numeric or value < 0 or (above and value == 0) or (declared.type == "int" and value != int(value)):
        kind = "a whole number" if declared.type == "int" else "a number"
        raise ValueError(f"{declared.name} must be {kind} {'over 0' if above else 'of 0 or more'}; got {value!r}")
    return int(value) if declared.type == "int" else float(value)


S = TypeVar("S", bound=DetectorSettings)


@dataclass(frozen=True, slots=True)
class Detector(Brief, Generic[S]):
    """An event detector: how it is called, what it takes, how it labels samples, where it was published.

    `events.detect` checks the recording, calls `label` and makes the tables, so a detector of one's own is this object
    alone; it can be passed as `detector=` without being in `DETECTORS`.

    Attributes
    ----------
    name : str
        Key in `DETECTORS`, and in study.toml.
    settings : type
        Its `DetectorSettings`, called without arguments for the defaults.
    label : callable
        `label(recording, settings, n_jobs)` returns uint8 labels, one a sample with a place: places in `LABELS`. Events
        begin where the label changes and after holes, and fixations under `min_fixation_ms` become noise; a detector
        whose fixations may touch marks beginnings itself, by adding 128, and drops short ones.
    method : str
        What it does, as a methods section says it.
    reference : str
        Where it was published.

    Examples
    --------
    >>> from gazeanalytics.events import DETECTORS
    >>> DETECTORS["idt"].reference
    'Salvucci & Goldberg, 2000'
    """

    name: str
    settings: type[S]
    label: Callable[[Recording, S, int | None], np.ndarray]
    method: str
    reference: str = ""

    def described(self) -> str:
        """Say in words what it does and where it was published.

        Examples
        --------
        >>> from gazeanalytics.events import DETECTORS
        >>> DETECTORS["idt"].described()
        'a dispersion threshold (I-DT; Salvucci & Goldberg, 2000)'
        """
        if not self.reference:
            return self.method
        if self.method.endswith(")"):
            return f"{self.method[:-1]}; {self.reference})"
        return f"{self.method} ({self.reference})"


def label_in_degrees(
    batch: Callable[..., None], recording: Recording, *arguments: object, n_jobs: int | None = None
) -> np.ndarray:
    """Run a kernel that labels gaze in degrees: `batch(starts, stops, gaze, *arguments, labels, intervals)`."""
    labels = np.empty(recording.t.size, np.uint8)
    places = (in_degrees(recording, n_jobs=n_jobs), *arguments, labels)
    ragged.each(batch, recording.readings, *places, out=[recording.intervals_ms], n_jobs=n_jobs)
    return labels


def finish(recording: Recording, labels: np.ndarray, min_fixation_ms: float, n_jobs: int | None = None) -> None:
    """Mark where events begin, at changes of the label and at holes, and turn short fixations into noise.

    Labels that have such marks are left as they are: their detector knows better, since two of its fixations may touch.
    """
    if labels.size and not labels[0] & START:
        values = (recording.t, MAX_GAP_MS, min_fixation_ms, labels)
        out = [recording.intervals_ms]
        ragged.each(kernels.finish_over_readings, recording.readings, *values, out=out, n_jobs=n_jobs)
