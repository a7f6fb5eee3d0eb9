"""What a block of an EyeLink recording holds, as its lines START, SAMPLES and PUPIL declare it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["COORDINATES", "Block", "Layout", "as_number", "layout_of"]

COORDINATES = ("GAZE", "HREF", "PUPIL")
"""What x and y may be: screen px, head-referenced units (15,000 at the viewing distance), camera units."""

_EYES = ("LEFT", "RIGHT")
_NUMBER = re.compile(rb"[-+]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][-+]?[0-9]{1,3})?")
# The API's codes of a value that is not known.
_LOST = (-32768.0, 1e8, -1e8)


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of the sample lines of one block.

    Attributes
    ----------
    coordinates : str
        One of `COORDINATES`.
    eyes : tuple of str
        "left", "right" or both.
    rate_hz : float
        Declared rate; NaN where the line doesn't say.
    columns : tuple of str
        Names of the numbers that follow the time stamp.
    target : bool
        Whether three numbers and the flags of a head target end the line (EyeLink Remote).

    Examples
    --------
    >>> layout_of("GAZE LEFT RATE 500.00 TRACKING CR FILTER 2 INPUT".split()).columns
    ('x_left', 'y_left', 'pupil_left', 'input')
    """

    coordinates: str
    eyes: tuple[str, ...]
    rate_hz: float
    columns: tuple[str, ...]
    target: bool

    @property
    def first_flags(self) -> int:
        """Length of the first word of flags: one for interpolation, two an eye."""
        return 1 + 2 * len(self.eyes)


@dataclass(slots=True)
class Block:
    """One block of a recording, from its START line on.

    Attributes
    ----------
    block, line, last_line : int
        Its number, and the lines of START and of END (or of what ends it in place of that).
    start, end : float
        Times of these two (ms).
    eyes, coordinates, rate_hz : str, str, float
        As the SAMPLES line declares them; before it, the eyes of START.
    pupil : str
        "area" or "diameter".
    samples : int
        How many are read.
    scaled : bool
        Whether its numbers are multiplied by something.

    Examples
    --------
    >>> Block(1, 20, 20, 500.0).samples
    0
    """

    block: int
    line: int
    last_line: int
    start: float
    end: float = float("nan")
    eyes: str = ""
    coordinates: str = ""
    rate_hz: float = float("nan")
    pupil: str = ""
    samples: int = 0
    scaled: bool = False

    def declare(self, layout: Layout) -> None:
        """Take over what the SAMPLES line says."""
        self.eyes, self.coordinates, self.rate_hz = " ".join(layout.eyes), layout.coordinates, layout.rate_hz


def layout_of(words: Sequence[str]) -> Layout | None:
    """Layout by the words of a SAMPLES line; None where it names no eye, or not one kind of coordinates."""
    kinds = [word for word in COORDINATES if word in words]
    eyes = tuple(word.lower() for word in _EYES if word in words)
    if len(kinds) != 1 or not eyes:
        return None
    columns = [f"{what}_{eye}" for eye in eyes for what in ("x", "y", "pupil")]
    if "VEL" in words:
        columns += [f"{what}_speed_{eye}" for eye in eyes for what in ("x", "y")]
    if "RES" in words:
        columns += ["x_px_per_deg", "y_px_per_deg"]
    columns += [word.lower() for word in words if word in ("INPUT", "BUTTONS")]
    target = "HTARGET" in words
    columns += ["target_x", "target_y", "target_mm"] if target else []
    if len(set(columns)) < len(columns):
        return None
    after = [words[place + 1] for place, word in enumerate(words[:-1]) if word == "RATE"]
    rate = as_number(after[0].encode()) if after else None
    return Layout(kinds[0], eyes, rate if rate and rate > 0 else float("nan"), tuple(columns), target)


def as_number(word: bytes) -> float | None:
    """A number as edf2asc writes it; NaN for a lone point and for codes of loss, None for any other word.

    Examples
    --------
    >>> as_number(b"-5.3"), as_number(b"."), as_number(b"5,3"), as_number(b"nan")
    (-5.3, nan, None, None)
    """
    if word == b".":
        return float("nan")
    if not _NUMBER.fullmatch(word):
        return None
    value = float(word)
    return float("nan") if value in _LOST else value if abs(value) < 1e15 else None
