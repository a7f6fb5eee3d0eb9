"""An EyeLink recording as tables of the contract: samples of one eye, fixations and saccades, keyed by reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.geometry import Screen
from gazeanalytics.io.eyelink.recording import EyelinkRecording
from gazeanalytics.io.eyelink.trials import Windows, find_windows
from gazeanalytics.tables import InputError, Rejects, shown

__all__ = ["EYELINK_TABLES", "Eye", "Trials", "check_screen", "eyelink_table"]

Eye = Literal["left", "right", "mean"]
EYELINK_TABLES = ("samples", "fixations", "saccades")
"""Tables of the contract that an EyeLink recording holds."""

_PLACES = {"fixations": (("x", "y"),), "saccades": (("x0", "y0"), ("x1", "y1"))}
_COLUMNS = {
    "fixations": ["onset", "duration", "x", "y", "pupil", "eye"],
    "saccades": ["onset", "duration", "x0", "y0", "x1", "y1", "amplitude_deg", "peak_speed_deg_s", "eye"],
}


@dataclass(frozen=True, slots=True)
class Trials:
    """What makes a reading of a stretch of a recording.

    Attributes
    ----------
    parts : tuple of str
        What names a reading: "file", "block", "trial", "trial_number" or a trial variable.
    trial_message, onset_message, end_message : str
        How messages begin that start a trial, mark image onset and the end. Without onset_message times stay on the
        tracker's clock.

    Examples
    --------
    >>> Trials(onset_message="SYNCTIME").parts
    ('file', 'trial')
    """

    parts: tuple[str, ...] = ("file", "trial")
    trial_message: str = "TRIALID"
    onset_message: str = ""
    end_message: str = ""


def eyelink_table(
    recording: EyelinkRecording,
    name: str,
    *,
    eye: Eye | None = None,
    trials: Trials | None = None,
    rejects: Rejects | None = None,
) -> pd.DataFrame:
    r"""Make a table of the contract of a recording; places in screen px from the upper left corner of the screen.

    Parameters
    ----------
    recording : EyelinkRecording
        As `read_eyelink` gives it.
    name : {"samples", "fixations", "saccades"}
        Which table.
    eye : {"left", "right", "mean"}, optional
        Of recordings of both eyes; mean: of both, or of the one that is seen, for samples only. Default: the eye that
        was recorded.
    trials : Trials, optional
        What a reading is; default: trials that begin with TRIALID, on the tracker's clock.
    rejects : Rejects, optional
        Takes how many rows lie outside of readings (before a trial or its image, after its end), how many saccades hold
        a blink and are left out, and a note of trials without image onset. Without it such a trial is an error.

    Returns
    -------
    pandas.DataFrame
        Indexed by the line of the file less 2, as all tables that come from a file with a header.

    Raises
    ------
    InputError
        If both eyes were recorded and none is chosen, if the coordinates are not those of the screen, or if two trials
        have one name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from gazeanalytics.io import read_eyelink
    >>> text = "MSG 1 TRIALID 7\nSTART 2 LEFT SAMPLES\nSAMPLES GAZE LEFT RATE 500.00 TRACKING CR\n"
    >>> path = Path(tempfile.mkdtemp(), "a.asc")
    >>> _ = path.write_text(text + "MSG 3 SYNCTIME\n4 5.5 -7.1 980.0 ...\nEND 6\n")
    >>> eyelink_table(read_eyelink(path), "samples", trials=Trials(onset_message="SYNCTIME")).to_dict("records")
    [{'reading': 'a|7', 't': 1.0, 'x': 5.5, 'y': -7.1, 'pupil': 980.0, 'eye': 'left', 'valid': True}]
    """
    trials = trials or Trials()
    _check_coordinates(recording)
    windows = find_windows(
        recording,
        trials.parts,
        trial_message=trials.trial_message,
        onset_message=trials.onset_message,
        end_message=trials.end_message,
    )
    rows = _samples(recording, eye) if name == "samples" else _events(recording, name, eye, rejects)
    return _in_readings(recording, name, rows, windows, trials, rejects)


def _check_coordinates(recording: EyelinkRecording) -> None:
    blocks = recording.blocks
    other = blocks[~blocks["coordinates"].isin(["GAZE", ""])]
    if len(other):
        kind = other["coordinates"].iloc[0]
        raise InputError(
            f"{recording.file}, row {other['line'].iloc[0]}: expected GAZE, places on the screen; got {kind}, which "
            "has no known place on the screen; convert the EDF file anew with gaze coordinates (edf2asc -sg), or use "
            "read_eyelink"
        )


def check_screen(recording: EyelinkRecording, screen: Screen) -> None:
    """Refuse a recording whose messages declare a screen of another size.

    Raises
    ------
    InputError
        Naming both sizes.
    """
    blocks = recording.blocks.dropna(subset=["left", "top", "right", "bottom"])
    width, height = blocks["right"] - blocks["left"], blocks["bottom"] - blocks["top"]
    # The last pixel or the edge: 0 0 1919 1079 and 0 0 1920 1080 are one screen.
    other = ~((width - screen.width_px).between(-1, 0) & (height - screen.height_px).between(-1, 0))
    if other.any():
        row = int(other.to_numpy().argmax())
        raise InputError(
            f"{recording.file}: expected gaze on the [screen] of study.toml, {screen.width_px:g} x "
            f"{screen.height_px:g} px; got {width.iloc[row] + 1:g} x {height.iloc[row] + 1:g} px (DISPLAY_COORDS or "
            "GAZE_COORDS); correct width_px and height_px"
        )


def _choice(recording: EyelinkRecording, eye: Eye | None, blocks: pd.DataFrame) -> Eye:
    """The eye to take; where none is asked for, the only one of the recording."""
    if eye is not None:
        return eye
    both = blocks[blocks["eyes"].eq("left right")]
    eyes = sorted({one for one in blocks["eyes"] if one})
    if len(both) or len(eyes) > 1:
        line = int((both if len(both) else blocks)["line"].iloc[0])
        raise InputError(
            f"{recording.file}, row {line}: expected one eye; got {' and '.join(sorted(set(' '.join(eyes).split())))}; "
            "choose eye = 'left', 'right' or, for samples, 'mean' in study.toml"
        )
    return "right" if eyes == ["right"] else "left"


def _samples(recording: EyelinkRecording, eye: Eye | None) -> pd.DataFrame:
    samples, blocks = recording.samples, recording.blocks
    used = blocks[blocks["samples"] > 0]
    eye = _choice(recording, eye, used)
    if eye != "mean":
        missing = used[~used["eyes"].str.contains(eye)]
        if len(missing):
            raise InputError(
                f"{recording.file}, row {missing['line'].iloc[0]}: expected gaze of the {eye} eye; got a block of the "
                f"{missing['eyes'].iloc[0]} eye alone; choose eye = 'mean' in study.toml, which takes the eye that is "
                "there, or split the file"
            )
    columns = {name: _of_eye(samples, name, eye) for name in ("x", "y", "pupil")}
    if eye == "mean":
        columns |= _one_where_one_is_lost(samples)
    valid = [samples[f"valid_{one}"] for one in _eyes(eye) if f"valid_{one}" in samples]
    trusted = np.logical_or.reduce(valid) if valid else np.zeros(len(samples), bool)
    label = pd.Categorical.from_codes(
        np.zeros(len(samples), np.int8), categories=pd.Index(["both" if eye == "mean" else eye])
    )
    left, top = _corner(recording, samples["block"].to_numpy())
    return pd.DataFrame(
        {
            "line": samples["line"].to_numpy(), "block": samples["block"].to_numpy(), "t": samples["t"].to_numpy(),
            "x": _less(columns["x"], left), "y": _less(columns["y"], top), "pupil": columns["pupil"], "eye": label,
            "valid": trusted,
        },
        copy=False,
    )  # fmt: skip


def _eyes(eye: Eye) -> tuple[str, ...]:
    return ("left", "right") if eye == "mean" else (eye,)


def _of_eye(samples: pd.DataFrame, name: str, eye: Eye) -> np.ndarray:
    """A column of the eye, or the mean of both."""
    found = [samples[f"{name}_{one}"].to_numpy() for one in _eyes(eye) if f"{name}_{one}" in samples]
    if not found:
        return np.full(len(samples), np.nan)
    return found[0] if len(found) == 1 else (found[0] + found[1]) / 2


def _one_where_one_is_lost(samples: pd.DataFrame) -> dict[str, np.ndarray]:
    """Mean of both eyes where both are seen, else that of the one eye that is: place and pupil alike."""
    seen = {}
    for eye in ("left", "right"):
        has = f"x_{eye}" in samples
        place = samples[f"x_{eye}"] + samples[f"y_{eye}"] if has else pd.Series(np.nan, index=samples.index)
        seen[eye] = np.isfinite(place.to_numpy(float))
    weight = seen["left"].astype(float) + seen["right"]
    made = {}
    for name in ("x", "y", "pupil"):
        total = np.zeros(len(samples))
        for eye in ("left", "right"):
            if f"{name}_{eye}" in samples:
                total += np.where(seen[eye], samples[f"{name}_{eye}"].to_numpy(float), 0.0)
        made[name] = np.divide(total, weight, out=np.full(len(samples), np.nan), where=weight > 0)
    return made


def _events(recording: EyelinkRecording, name: str, eye: Eye | None, rejects: Rejects | None) -> pd.DataFrame:
    if eye == "mean":
        raise InputError(
            f"{recording.file}: expected eye = 'left' or 'right'; got 'mean', but each of the tracker's {name} belongs "
            f"to one eye; correct tables.{name}.eye in study.toml"
        )
    events: pd.DataFrame = getattr(recording, name)
    eyes = events["eye"].unique()
    if eye is None and len(eyes) > 1:
        eye = _choice(recording, None, recording.blocks)
    if eye is not None and len(events):
        events = events[events["eye"] == eye]
    if name == "saccades":
        if rejects is not None:
            rejects.leave_out("saccades around blinks", recording.file, int(events["blink"].sum()))
        events = events[~events["blink"]]
    left, top = _corner(recording, events["block"].to_numpy())
    moved = {x: _less(events[x].to_numpy(), left) for x, _ in _PLACES[name]}
    moved |= {y: _less(events[y].to_numpy(), top) for _, y in _PLACES[name]}
    return events.assign(**moved)[["line", "block", *_COLUMNS[name]]]


def _less(values: np.ndarray, corner: np.ndarray | None) -> np.ndarray:
    """Places from a corner; the same array, not a copy, where the corner is 0."""
    return values if corner is None else values - corner


def _corner(recording: EyelinkRecording, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """The upper left corner of the screen at each row; none where it is 0 or no message declares the screen."""
    table = recording.blocks[["left", "top"]].fillna(0.0).to_numpy(float)
    if not table.any():
        return None, None
    corners = np.vstack([[0.0, 0.0], table])[blocks]
    return corners[:, 0], corners[:, 1]


def _in_readings(
    recording: EyelinkRecording,
    name: str,
    rows: pd.DataFrame,
    windows: Windows,
    trials: Trials,
    rejects: Rejects | None,
) -> pd.DataFrame:
    """Rows of a table within readings, keyed, their times counted from image onset where messages mark it."""
    column = "t" if name == "samples" else "onset"
    blocks, times = rows["block"].to_numpy(), rows[column].to_numpy(float)
    owners = windows.trial_of(blocks, times, rows["line"].to_numpy())
    clocks = blocks if windows.by_block else owners
    inside = owners >= 0
    if trials.onset_message:
        onset = windows.onsets[clocks]
        _note_without_onset(recording, windows, trials, np.unique(clocks[inside & np.isnan(onset)]), rejects)
        inside &= times >= onset
    if trials.end_message:
        inside &= ~(times > windows.ends[clocks])
    if trials.onset_message:
        times = times - onset
    outside = int((~inside).sum())
    rows = rows.assign(**{column: times})
    if outside:
        rows, owners, blocks = rows[inside], owners[inside], blocks[inside]
    if rejects is not None:
        rejects.leave_out(f"{name} outside readings", recording.file, outside)
    keys = _keys(recording, windows, owners, blocks, trials.parts)
    rows.insert(0, "reading", pd.Series(keys, index=rows.index))
    rows.index = pd.Index(rows["line"].to_numpy(np.int64) - 2)
    return rows.drop(columns=["line", "block"])


def _note_without_onset(
    recording: EyelinkRecording, windows: Windows, trials: Trials, lacking: np.ndarray, rejects: Rejects | None
) -> None:
    """Trials (or blocks) that hold gaze but no message of image onset can't be used."""
    if not len(lacking):
        return
    first = f"block {lacking[0]}" if windows.by_block else f"trial {shown(windows.trials['trial'].iloc[lacking[0]])}"
    text = f"no message {trials.onset_message!r} in {first}" + (f" and {len(lacking) - 1} more" * (len(lacking) > 1))
    if rejects is None:
        raise InputError(f"{recording.file}: {text}; correct onset_message, or give rejects to leave such trials out")
    rejects.note(recording.file, f"{text}; left out, for its image onset is not known")


def _keys(
    recording: EyelinkRecording, windows: Windows, owners: np.ndarray, blocks: np.ndarray, parts: Sequence[str]
) -> pd.Categorical[str]:
    """Name of the reading of each row; two trials of one name are an error."""
    step = len(recording.blocks) + 1
    pairs = owners.astype(np.int64) * step + (blocks if "block" in parts else 0)
    # Rows of one reading lie together: runs are few, and sorting all rows would take longer than reading them.
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    met, runs = np.unique(pairs[starts], return_inverse=True)
    codes = np.repeat(runs, np.diff(np.append(starts, len(pairs))))
    trial, block = met // step, met % step
    words: dict[str, Sequence[object]] = {"file": [recording.file.stem.removesuffix(".asc")] * len(met)}
    words |= {"block": block.tolist()}
    words |= {part: windows.trials[part].iloc[trial].tolist() for part in parts if part not in words}
    names = ["|".join(str(words[part][place]) for part in parts) for place in range(len(met))]
    twice = pd.Index(names).duplicated()
    if twice.any():
        place = int(twice.argmax())
        lines = [int(windows.trials["line"].iloc[trial[one]]) for one in (names.index(names[place]), place)]
        raise InputError(
            f"{recording.file}, row {lines[1]}: expected one trial a reading; got a second one of reading "
            f"{shown(names[place])}, the first is in row {lines[0]}; add 'trial_number' to reading in study.toml"
        )
    return pd.Categorical.from_codes(codes, categories=pd.Index(names))
