"""Samples of an EyeLink recording while it is read: checked block by block, kept column by column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics._kernels.io import eyelink as kernels
from gazeanalytics.io.eyelink.layout import Layout

__all__ = ["SampleStore", "wrong_rows"]

_INTERPOLATED = 1
_EYE_FLAGS = (2 | 4, 8 | 16)
# The API's codes of a value that is not known.
_LOST_NUMBERS = (-32768.0, 1e8, -1e8)
# Above this rate two samples fall into one ms; edf2asc may write both with the same stamp.
_MAX_WHOLE_MS_HZ = 1000.0

_FIRST_ROOM = 1 << 14
_ORDER = tuple(f"{what}_{eye}" for eye in ("left", "right") for what in ("x", "y", "pupil", "valid"))
_KINDS = {"line": np.int64, "block": np.int32, "t": np.float64}

# Why a sample line can't be used; 0 where it can.
FAULTS = ("", "word", "count", "flags", "time", "twice")


def wrong_rows(found: kernels.Samples, rows: slice, layout: Layout, *, flags: bool, target_flags: bool) -> np.ndarray:
    """Places in `FAULTS` for some sample lines of one block, by its layout; `flags`: its lines end with such words."""
    numbers = found.numbers[rows]
    why = np.zeros(len(numbers), np.int8)
    time = numbers[:, 0]
    why[~np.isfinite(time)] = FAULTS.index("time")
    why[found.flag_lengths[rows] != (layout.first_flags if flags else 0)] = FAULTS.index("flags")
    if target_flags:
        why[found.target_lengths[rows] < 3] = FAULTS.index("flags")
    why[found.counts[rows] != 1 + len(layout.columns)] = FAULTS.index("count")
    why[found.faults[rows] >= 0] = FAULTS.index("word")
    return why


class SampleStore:
    """Columns of all samples read so far.

    They grow by doubling: pieces of every piece of text, kept until the end, would leave holes between them when they
    are joined, and so take twice the memory.

    Attributes
    ----------
    last, before : float
        Stamps of the last two samples of the recording's block as they are written; NaN before they are there.
    """

    def __init__(self) -> None:
        self.columns: dict[str, np.ndarray] = {name: np.empty(_FIRST_ROOM, kind) for name, kind in _KINDS.items()}
        self.size = 0
        self.last = self.before = np.nan

    def begin_block(self) -> None:
        """Forget the clock: the next block may have another one."""
        self.last = self.before = np.nan

    def begin_text(self, found: kernels.Samples, first_line: int) -> dict[str, np.ndarray]:
        """Room for the samples of a piece of text whose first line has this number."""
        size = len(found.lines)
        return {
            "line": found.lines + first_line,
            "block": np.zeros(size, _KINDS["block"]),
            "t": found.numbers[:, 0].copy(),
        }

    def fill(
        self, columns: dict[str, np.ndarray], found: kernels.Samples, rows: slice, layout: Layout, why: np.ndarray
    ) -> None:
        """Take over the rows of one block; marks those in `why` whose time stamp stands there too often."""
        size = len(columns["t"])
        with np.errstate(all="ignore"):  # numbers that a faulty line lacks are whatever was in memory
            self._fill(columns, found, rows, layout, size)
        columns["t"][rows] = self._times(found.numbers[rows, 0], why, layout)

    def _fill(
        self, columns: dict[str, np.ndarray], found: kernels.Samples, rows: slice, layout: Layout, size: int
    ) -> None:
        for place, name in enumerate(layout.columns, start=1):
            values = found.numbers[rows, place]
            if name not in columns:
                columns[name] = np.full(size, np.nan)
            columns[name][rows] = np.where(np.isin(values, _LOST_NUMBERS), np.nan, values) if _coded(values) else values
        for eye, bits in zip(layout.eyes, _EYE_FLAGS, strict=False):
            known = np.isfinite(columns[f"x_{eye}"][rows] + columns[f"y_{eye}"][rows])
            trusted = found.flags[rows] & (bits | _INTERPOLATED) == 0
            if f"valid_{eye}" not in columns:
                columns[f"valid_{eye}"] = np.zeros(size, bool)
            columns[f"valid_{eye}"][rows] = known & trusted

    def _times(self, stamps: np.ndarray, why: np.ndarray, layout: Layout) -> np.ndarray:
        """Stamps, those written twice at 2000 Hz half a ms apart."""
        good = why == 0
        written = stamps[good]
        if not len(written):
            return stamps
        line = np.concatenate([[self.before, self.last], written])
        again = line[2:] == line[1:-1]
        often = again & (line[2:] == line[:-2])
        fast = layout.rate_hz > _MAX_WHOLE_MS_HZ
        places = np.flatnonzero(good)
        why[places[often if fast else again]] = FAULTS.index("twice")
        times = stamps.copy()
        if fast:
            times[places[again]] += 500.0 / _MAX_WHOLE_MS_HZ
        self.before, self.last = line[-2:]
        return times

    def end_text(self, columns: dict[str, np.ndarray], why: np.ndarray) -> None:
        """Keep the rows of a piece of text that can be used."""
        good = why == 0
        size = self.size + int(good.sum())
        for name in columns.keys() - self.columns.keys():
            self.columns[name] = np.empty(len(self.columns["t"]), columns[name].dtype)
            self.columns[name][: self.size] = _unknown(name)
        for name, column in self.columns.items():
            self.columns[name] = column = _with_room(column, self.size, size)
            column[self.size : size] = columns[name][good] if name in columns else _unknown(name)
        self.size = size

    def table(self) -> pd.DataFrame:
        """All samples, each eye's columns together."""
        names = [*_KINDS, *(name for name in _ORDER if name in self.columns)]
        names += sorted(self.columns.keys() - set(names))
        few = self.size <= _FIRST_ROOM
        kept = {name: self.columns[name][: self.size] for name in names}
        return pd.DataFrame({name: column.copy() for name, column in kept.items()} if few else kept, copy=False)


def _unknown(name: str) -> float:
    return False if name.startswith("valid_") else np.nan


def _with_room(column: np.ndarray, used: int, size: int) -> np.ndarray:
    """The column itself, or one twice as long with what it holds."""
    if size <= len(column):
        return column
    longer = np.empty(max(2 * len(column), size), column.dtype)
    longer[:used] = column[:used]
    return longer


def _coded(values: np.ndarray) -> bool:
    """Whether a code of loss may be among some values; the test of each is slow."""
    return bool(((values == _LOST_NUMBERS[0]) | (np.abs(values) == _LOST_NUMBERS[1])).any())
