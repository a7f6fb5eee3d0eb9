"""Outcomes in a formula that are times of which some are censored: `censored(time, seen)`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.expressions import Name, Node
from gazeanalytics.stats.mixed.design import ModelError


def refuse_lost_times(time: Node, seen: Node, data: pd.DataFrame) -> None:
    """Refuse rows whose time is missing as nothing was seen: they would be left out, and the fast ones stay.

    Examples
    --------
    >>> from gazeanalytics.expressions import parse
    >>> times = pd.DataFrame({"time_s": [1.5, None], "seen": [True, False]})
    >>> refuse_lost_times(parse("time_s"), parse("seen"), times)
    Traceback (most recent call last):
    gazeanalytics.stats.mixed.design.ModelError: censored(time_s, seen): the time is missing in 1 of the 1 rows where
    'seen' is 0; write there how long was looked for, such as the duration of the reading
    """
    if isinstance(time, Name) and isinstance(seen, Name):
        refuse_lost(time.name, seen.name, data)


def refuse_lost(time: str, seen: str, data: pd.DataFrame) -> None:
    """Do the same for columns of those names."""
    unseen = data[seen].astype("Float64").eq(0).fillna(False)
    lost = unseen & data[time].isna()
    if lost.any():
        raise ModelError(
            f"censored({time}, {seen}): the time is missing in {int(lost.sum()):,} of the "
            f"{int(unseen.sum()):,} rows where {seen!r} is 0; write there how long was looked for, such as the "
            "duration of the reading"
        )


def ends_of_times(name: str, time: np.ndarray, seen: np.ndarray) -> list[np.ndarray]:
    """Give both ends of the interval in which each time lies: twice the time, or the time and infinity where not seen.

    Examples
    --------
    >>> ends_of_times("seen", np.array([1.5, 9.0]), np.array([1.0, 0.0]))
    [array([1.5, 9. ]), array([1.5, inf])]
    """
    wrong = (seen != 0) & (seen != 1)
    if wrong.any():
        row = int(wrong.argmax())
        raise ModelError(
            f"censored(time, {name}): expected 1 where the time was seen and 0 where it is only known to be longer; "
            f"got {seen[row]:g} in row {row} of those used"
        )
    return [time, np.where(seen == 1, time, np.inf)]


def refuse_outcome(word: str, family: str, *, timed: bool, of_trials: bool) -> None:
    """Refuse an outcome of two columns that the family has no use for.

    Examples
    --------
    >>> refuse_outcome("censored", "gaussian", timed=False, of_trials=False)
    Traceback (most recent call last):
    gazeanalytics.stats.mixed.design.ModelError: censored(...) is for times, under family 'lognormal'; got 'gaussian'
    """
    if word in ("censored", "interval") and not timed:
        raise ModelError(f"{word}(...) is for times, under family 'lognormal'; got {family!r}")
    if word == "cbind" and not of_trials:
        raise ModelError(f"cbind(...) is for successes and failures, under family 'binomial'; got {family!r}")
