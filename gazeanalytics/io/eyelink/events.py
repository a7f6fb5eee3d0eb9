"""Events of an EyeLink recording while it is read: fixations, saccades, blinks, messages, inputs and buttons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazeanalytics.io.eyelink.layout import as_number
from gazeanalytics.io.eyelink.recording import table_of

__all__ = ["EventStore"]

_EYES = {b"L": "left", b"R": "right"}
_KINDS = {b"FIX": "fixations", b"SACC": "saccades", b"BLINK": "blinks"}
# Numbers after the duration; two more where the recording has the resolution at the event.
_NUMBERS = {"fixations": ("x", "y", "pupil"), "blinks": ()} | {
    "saccades": ("x0", "y0", "x1", "y1", "amplitude_deg", "peak_speed_deg_s")
}
# Slowest trackers: two samples. At known rates the interval counts.
_MAX_MISFIT_MS = 35.0

_COMMON = {"line": "int64", "block": "int32", "eye": "str", "onset": "float64", "offset": "float64"}
_COLUMNS = {name: _COMMON | dict.fromkeys(("duration", *numbers), "float64") for name, numbers in _NUMBERS.items()} | {
    "messages": {"line": "int64", "block": "int32", "recording": "bool", "t": "float64", "text": "str"},
    "inputs": {"line": "int64", "t": "float64", "value": "float64"},
    "buttons": {"line": "int64", "t": "float64", "button": "float64", "pressed": "float64"},
}


class EventStore:
    """Rows of each table of events, and which events have begun."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple]] = {
            name: [] for name in ("fixations", "saccades", "blinks", "messages", "inputs", "buttons")
        }
        self.begun: set[tuple[str, bytes]] = set()
        self.unfinished = dict.fromkeys(_KINDS.values(), 0)

    def begin(self, words: Sequence[bytes]) -> tuple[str, str]:
        """Note the start of an event; returns what is wrong with its line, in the words expected and got, if anything.

        The line that ends it repeats all that this one says.
        """
        if len(words) != 3 or words[1] not in _EYES or as_number(words[2]) is None:
            return "L or R and a time stamp", ""
        self.begun.add((_KINDS[words[0][1:]], words[1]))
        return "", ""

    def end(self, words: Sequence[bytes], line: int, block: int, rate_hz: float) -> tuple[str, str]:
        """Take the line that ends an event and says all of it; returns what is wrong with it, as `begin` does."""
        table = _KINDS[words[0][1:]]
        names = _NUMBERS[table]
        numbers = [as_number(word) for word in words[2:]]
        if len(words) < 2 or words[1] not in _EYES:
            return "L or R for the eye", ""
        more = len(numbers) - 3 - len(names)
        if more not in ((0,) if not names else (0, 2)) or None in numbers:
            return f"numbers for onset, offset, duration{''.join(', ' + name for name in names)}", ""
        onset, offset, duration, *rest = (np.nan if number is None else number for number in numbers)
        misfit = abs(duration - (offset - onset))
        if not (onset <= offset and misfit <= (2_000.0 / rate_hz + 1 if rate_hz > 0 else _MAX_MISFIT_MS)):
            return "a duration that fits onset and offset", f"{onset:g}, {offset:g} and {duration:g} ms"
        if table == "saccades" and any(place != place for place in rest[:4]):
            rest[4] = np.nan  # written as a number such as 2.3e+06 deg where a saccade has no start or no end
        self.begun.discard((table, words[1]))
        row = (line, block, _EYES[words[1]], onset, offset, duration, *rest[: len(names)])
        self.rows[table].append(row)
        return "", ""

    def end_block(self) -> None:
        """Count events that have begun and will not end."""
        for table, _ in self.begun:
            self.unfinished[table] += 1
        self.begun.clear()

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables, by name."""
        made = {name: table_of(rows, _COLUMNS[name]) for name, rows in self.rows.items()}
        made["saccades"]["blink"] = _around_blinks(made["saccades"], made["blinks"])
        return made


def _around_blinks(saccades: pd.DataFrame, blinks: pd.DataFrame) -> np.ndarray:
    """Which saccades hold a blink of the same eye."""
    held = np.zeros(len(saccades), bool)
    if not (len(saccades) and len(blinks)):
        return held
    both = pd.concat([saccades[["block", "eye", "onset", "offset"]], blinks[["block", "eye", "onset", "offset"]]])
    key = both["block"].to_numpy(np.int64) * 2 + (both["eye"] == "right").to_numpy(np.int64)
    blink = np.arange(len(both)) >= len(saccades)
    onset, offset = both["onset"].to_numpy(float), both["offset"].to_numpy(float)
    order = np.lexsort((blink, onset, key))
    # The last saccade that begins no later than each row, in the order of eye and time.
    place = np.where(blink[order], -1, np.arange(len(order)))
    last = np.maximum.accumulate(place)
    inside = blink[order] & (last >= 0)
    rows, holders = order[inside], order[last[inside]]
    fits = (key[rows] == key[holders]) & (offset[rows] <= offset[holders])
    held[holders[fits]] = True
    return held
