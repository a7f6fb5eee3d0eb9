"""Readings of an EyeLink recording: which trial each row belongs to, when its image appeared, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from gazeanalytics.io.eyelink.recording import EyelinkRecording
from gazeanalytics.tables import InputError, nearest

__all__ = ["Windows", "find_windows", "matches"]

_OFFSET = re.compile(r"^([-+]?[0-9]{1,9})\s+(?=\S)")
_VARIABLE = "!V TRIAL_VAR "
_OWN_PARTS = ("file", "block", "trial", "trial_number")


@dataclass(frozen=True, slots=True)
class Windows:
    """Stretches of a recording, one a reading.

    Attributes
    ----------
    trials : pandas.DataFrame
        One row a trial in the order of the file: trial, trial_number, line, and a column a trial variable. Without a
        message that begins trials, the whole file is one.
    places, times : numpy.ndarray, shape (trials,)
        Where each trial begins: the number of its block, or that of the block before and a half; and its time.
    onsets, ends : numpy.ndarray, shape (trials,) or (blocks + 1,)
        Time of image onset and of the end of each trial, or of each block (ms); NaN for none.
    by_block : bool
        Whether they are those of blocks.
    """

    trials: pd.DataFrame
    places: np.ndarray
    times: np.ndarray
    onsets: np.ndarray
    ends: np.ndarray
    by_block: bool

    def trial_of(self, places: np.ndarray, times: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """Row of `trials` for rows of the file, in its order; -1 before all.

        Within a block the time decides, for messages may be late by some lines; between blocks the line does, for the
        clock may start anew.
        """
        found = np.full(len(places), -1, np.int32)
        starts = np.flatnonzero(np.diff(places, prepend=-1.0))
        for start, stop in pairwise([*starts.tolist(), len(places)]):
            place = places[start]
            low = np.searchsorted(self.places, place, side="left")
            high = np.searchsorted(self.places, place, side="right")
            inside = place == np.floor(place)
            own = self.times[low:high] if inside else self.trials["line"].to_numpy()[low:high]
            order = np.argsort(own, kind="stable")
            rows = times[start:stop] if inside else lines[start:stop]
            found[start:stop] = np.append(low - 1, low + order)[np.searchsorted(own[order], rows, side="right")]
        return found


def matches(texts: pd.Series, words: str) -> pd.Series:
    """Which messages begin with some words; `*` at their end lets the last word go on.

    Examples
    --------
    >>> matches(pd.Series(["TRIALID 5", "TRIALID: 5", "TRIALIDS"]), "TRIALID").tolist()
    [True, True, False]
    """
    begins = texts.str.startswith(words.removesuffix("*"))
    if words.endswith("*"):
        return begins
    after = texts.str.slice(len(words), len(words) + 1)
    return begins & (after.eq("") | ~after.str.match(r"[\w.]"))


def find_windows(
    recording: EyelinkRecording, parts: Sequence[str], *, trial_message: str, onset_message: str, end_message: str
) -> Windows:
    """Find trials, image onsets and ends by the messages of a recording.

    Parameters
    ----------
    recording : EyelinkRecording
        With its messages.
    parts : sequence of str
        What names a reading: "file", "block", "trial", "trial_number" or a trial variable (`!V TRIAL_VAR`).
    trial_message, onset_message, end_message : str
        How messages begin that start a trial, mark image onset and the end; empty for none. Onset and end are the
        first such message of their trial. A message whose text begins with a whole number was sent so many ms after
        what it reports.

    Raises
    ------
    InputError
        If the messages that are asked for, or a variable, are not in the recording.
    """
    messages = _timed(recording.messages)
    by_trial = any(part not in ("file", "block") for part in parts)
    trials, places, times = _trials(recording, messages, trial_message) if by_trial else _one_trial()
    by_block = "block" in parts
    size = len(recording.blocks) + 1 if by_block else len(trials)
    windows = Windows(trials, places, times, np.full(size, np.nan), np.full(size, np.nan), by_block)
    found = [messages[name].to_numpy(float) for name in ("place", "sent", "line")]
    owners = windows.trial_of(*found)
    _variables(recording, trials, messages, owners, [part for part in parts if part not in _OWN_PARTS])
    owners = messages["block"].to_numpy() if by_block else owners
    if onset_message:
        _first_moments(recording, messages, owners, onset_message, windows.onsets)
    if end_message:
        after = windows.onsets if onset_message else None
        _first_moments(recording, messages, owners, end_message, windows.ends, after)
    return windows


def _timed(messages: pd.DataFrame) -> pd.DataFrame:
    """Messages with the time of what they report (`t`), the time when they were sent, and their place among blocks."""
    offset = messages["text"].str.extract(_OFFSET, expand=False)
    plain = messages["text"].str.replace(_OFFSET.pattern, "", n=1, regex=True)
    return messages.assign(
        sent=messages["t"],
        t=messages["t"] - pd.to_numeric(offset).fillna(0.0).astype(float),
        text=plain,
        place=messages["block"] + np.where(messages["recording"], 0.0, 0.5),
    )


def _one_trial() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    trials = pd.DataFrame({"trial": ["1"], "trial_number": [1], "line": [1]})
    return trials, np.array([-1.0]), np.array([-np.inf])


def _trials(
    recording: EyelinkRecording, messages: pd.DataFrame, words: str
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    begin = messages[matches(messages["text"], words)] if words else messages[:0]
    if not len(begin):
        raise InputError(
            f"{recording.file}: expected a message that begins each trial with {words!r}; got none; "
            f"{_examples(messages)}; in study.toml say trial_message = '...', or name readings by reading = ['file']"
        )
    names = begin["text"].str.slice(len(words.removesuffix("*"))).str.strip(" :=\t")
    number = np.arange(1, len(begin) + 1)
    names = [name or str(place) for name, place in zip(names, number.tolist(), strict=True)]
    trials = pd.DataFrame({"trial": names, "trial_number": number, "line": begin["line"].to_numpy()})
    return trials, begin["place"].to_numpy(float), begin["sent"].to_numpy(float)


def _examples(messages: pd.DataFrame) -> str:
    """First words of some messages that the experiment sent, as they may be what a user looks for."""
    firsts = messages["text"].str.split(n=1).str[0].dropna()
    own = [word for word in firsts.unique() if not word.startswith(("!", "VALIDATE"))][:8]
    return "messages begin with " + ", ".join(map(repr, own)) if own else "it has no messages of an experiment"


def _variables(
    recording: EyelinkRecording, trials: pd.DataFrame, messages: pd.DataFrame, owners: np.ndarray, asked: Sequence[str]
) -> None:
    """Add the trial variables that are asked for to the trials, in place; the last value counts."""
    given = messages["text"].str.startswith(_VARIABLE).to_numpy() & (owners >= 0)
    pairs = messages.loc[given, "text"].str.slice(len(_VARIABLE)).str.strip().str.split(n=1)
    names = pairs.str[0]
    for name in asked:
        own = (names == name).to_numpy()
        if not own.any():
            have = [*_OWN_PARTS, *names.dropna().unique().tolist()]
            raise InputError(
                f"{recording.file}: no trial has a variable {name!r} (message {_VARIABLE.strip()!r}); "
                f"{nearest(name, have)}; correct reading in study.toml"
            )
        values = np.full(len(trials), "", object)
        values[owners[given][own]] = pairs[own].str[1].fillna("").str.strip().to_numpy()
        trials[name] = values


def _first_moments(
    recording: EyelinkRecording,
    messages: pd.DataFrame,
    owners: np.ndarray,
    words: str,
    moments: np.ndarray,
    after: np.ndarray | None = None,
) -> None:
    """Time of the first message of each owner that begins with some words, into `moments`; none before `after`."""
    found = np.flatnonzero(matches(messages["text"], words).to_numpy())
    if not len(found):
        raise InputError(
            f"{recording.file}: expected messages that begin with {words!r}; got none; {_examples(messages)}; "
            "correct onset_message or end_message in study.toml"
        )
    times, owner = messages["t"].to_numpy(float)[found], owners[found]
    usable = owner >= 0
    if after is not None:
        usable &= ~(times < after[owner])
    # Written from the last to the first, so that the first one stays.
    moments[owner[usable][::-1]] = times[usable][::-1]
