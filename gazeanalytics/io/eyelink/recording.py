"""An EyeLink recording as tables, each row with the line of the file that it stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.io.eyelink.layout import as_number
from gazeanalytics.tables import SetAside

__all__ = ["EyelinkRecording", "screens", "table_of", "validations"]

_SCREEN = ("GAZE_COORDS", "DISPLAY_COORDS")
_VALIDATION = re.compile(
    r"!CAL VALIDATION (?P<type>\S+) +\S+ +(?P<eye>LEFT|RIGHT) +(?P<quality>\S+) +ERROR +(?P<error_mean_deg>[0-9.]+) "
    r"avg\. +(?P<error_max_deg>[0-9.]+) max +OFFSET +(?P<offset_deg>[0-9.]+) deg\. +"
    r"(?P<offset_x_px>[-0-9.]+),(?P<offset_y_px>[-0-9.]+) pix\."
)


@dataclass(frozen=True, slots=True)
class EyelinkRecording(Brief):
    r"""All that an ASC file holds. Times are those of the tracker (ms), places are as the file gives them.

    Attributes
    ----------
    file : pathlib.Path
    samples : pandas.DataFrame
        One row a sample line: line, block, t; x, y, pupil and valid of each recorded eye (`x_left`, ...), NaN where
        the tracker lost it or did not record it; further columns where the file has them: `x_speed_left` (deg/s),
        `x_px_per_deg`, `input`, `buttons`, `target_x`, `target_y`, `target_mm`. At 2000 Hz a stamp that is written
        twice is 0.5 ms later the second time.
    fixations : pandas.DataFrame
        line, block, eye, onset, offset (last sample), duration (one sample more), x, y, pupil.
    saccades : pandas.DataFrame
        line, block, eye, onset, offset, duration, x0, y0, x1, y1, amplitude_deg, peak_speed_deg_s, and whether a blink
        lies within (`blink`): such a saccade is made by the eyelid.
    blinks : pandas.DataFrame
        line, block, eye, onset, offset, duration.
    messages : pandas.DataFrame
        line, block (0 before the first one), recording (whether the block was open), t, text.
    inputs, buttons : pandas.DataFrame
        line, t, value; line, t, button, pressed.
    blocks : pandas.DataFrame
        One row a START line: block, line, start, end (NaN without END), eyes, coordinates, rate_hz, pupil, samples; the
        screen: left, top, right, bottom (px).
    validations : pandas.DataFrame
        Accuracy by the last validations: line, t, eye, error_mean_deg, error_max_deg, offset_deg, offset_x_px,
        offset_y_px, quality, type.
    counts : dict of str to int
        Lines of each kind; they add up to the lines of the file.
    rejected : dict of str to list of SetAside
        Lines that can't be used, by the table that they belong to; under "lines" those of no known kind.
    unfinished : dict of str to int
        Events that begin but don't end before their block does, by table.

    See Also
    --------
    gazeanalytics.io.read_eyelink : reads one.

    Examples
    --------
    >>> import tempfile
    >>> from gazeanalytics.io import read_eyelink
    >>> text = "START 10 LEFT SAMPLES\nSAMPLES GAZE LEFT RATE 500.00 TRACKING CR\n10 5.5 -7.1 980.0 ...\nEND 12\n"
    >>> path = Path(tempfile.mkdtemp(), "a.asc")
    >>> _ = path.write_text(text)
    >>> recording = read_eyelink(path)
    >>> recording.samples[["t", "x_left", "y_left"]].to_dict("records"), recording.counts["samples"]
    ([{'t': 10.0, 'x_left': 5.5, 'y_left': -7.1}], 1)
    """

    file: Path
    samples: pd.DataFrame
    fixations: pd.DataFrame
    saccades: pd.DataFrame
    blinks: pd.DataFrame
    messages: pd.DataFrame
    inputs: pd.DataFrame
    buttons: pd.DataFrame
    blocks: pd.DataFrame
    validations: pd.DataFrame
    counts: dict[str, int]
    rejected: dict[str, list[SetAside]]
    unfinished: dict[str, int]


def table_of(rows: list[tuple], kinds: dict[str, str]) -> pd.DataFrame:
    """A table of some rows, its columns of these kinds, also where there are no rows.

    Examples
    --------
    >>> table_of([], {"line": "int64", "text": "str"}).dtypes.astype(str).tolist()
    ['int64', 'str']
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(kinds)
    made = {}
    for (name, kind), cells in zip(kinds.items(), columns, strict=True):
        made[name] = pd.array(cells, dtype="str") if kind == "str" else np.array(cells, kind)
    return pd.DataFrame(made)


def screens(messages: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Screen of each block (left, top, right, bottom; px): the last one that a message declared before its end.

    Parameters
    ----------
    messages : pandas.DataFrame
        line, text.
    blocks : pandas.DataFrame
        line, last_line.

    Returns
    -------
    pandas.DataFrame
        One row a block; NaN where no message declares a screen.
    """
    lines, boxes = [], []
    for line, text in zip(messages["line"], messages["text"], strict=True):
        if text.startswith(_SCREEN):
            words = text.replace(",", " ").replace("=", " ").split()[1:5]
            numbers = [as_number(word.encode()) for word in words]
            if len(numbers) == 4 and all(number is not None and np.isfinite(number) for number in numbers):
                lines.append(line)
                boxes.append(numbers)
    last = np.searchsorted(lines, blocks["last_line"].to_numpy(np.int64))
    table = np.array([[np.nan] * 4, *boxes], float)
    return pd.DataFrame(table[last], columns=["left", "top", "right", "bottom"], index=blocks.index)


def validations(messages: pd.DataFrame) -> pd.DataFrame:
    """Results of validations among the messages: mean and greatest error, and the offset, of each eye.

    Examples
    --------
    >>> text = "!CAL VALIDATION HV13 L LEFT  GOOD ERROR 0.31 avg. 0.75 max  OFFSET 0.17 deg. 6.0,-0.9 pix."
    >>> validations(pd.DataFrame({"line": [9], "t": [50.0], "text": [text]}))["error_mean_deg"].tolist()
    [0.31]
    """
    numbers = ["error_mean_deg", "error_max_deg", "offset_deg", "offset_x_px", "offset_y_px"]
    found = []
    for line, t, text in zip(messages["line"], messages["t"], messages["text"], strict=True):
        match = _VALIDATION.match(text) if text.startswith("!CAL VALIDATION") else None
        if match:
            values = [as_number(match[name].encode()) for name in numbers]
            found.append((line, t, match["eye"].lower(), *values, match["quality"], match["type"]))
    kinds = {"line": "int64", "t": "float64", "eye": "str"} | dict.fromkeys(numbers, "float64")
    return table_of(found, kinds | {"quality": "str", "type": "str"})
