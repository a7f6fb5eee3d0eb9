"""Outcomes as numbers: which values each response family takes, and how others are refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics.stats.mixed.design import ModelError

__all__ = ["Response"]

MAX_ROUNDING = 0.05


@dataclass(frozen=True, slots=True)
class Response:
    """An outcome as numbers.

    Attributes
    ----------
    y, size : numpy.ndarray, shape (rows,)
        Value (successes, count, proportion, level from 0, time), and number of trials or, of a Gaussian outcome,
        precision weight: the number of observations that the row is the mean of. A time that is only known to lie in
        an interval has its lower end in `y` and the upper one in `size` (infinity where it is censored on the right).
    levels : tuple of str
        Labels of an ordinal or two-valued outcome, lowest first.

    Examples
    --------
    >>> two_valued([pd.Series([0, 1, 1])]).levels
    ('0', '1')
    """

    y: np.ndarray
    size: np.ndarray
    levels: tuple[str, ...] = ()


def _ones(y: np.ndarray) -> np.ndarray:
    return np.ones(y.size)


def numbers(columns: list[pd.Series], expected: str, *, what: str = "outcome") -> np.ndarray:
    """Take one column of finite numbers."""
    if len(columns) != 1:
        raise ModelError(f"{what}: expected {expected}; cbind(...) is for family 'binomial'")
    values = columns[0]
    if not pd.api.types.is_numeric_dtype(values):
        raise ModelError(f"{what}: expected {expected}; got a column of {values.dtype}, first {values.iloc[0]!r}")
    found = values.to_numpy(dtype=float)
    refuse_values(np.isinf(found), found, "finite numbers", what=what)
    return found


def real(columns: list[pd.Series]) -> Response:
    """Take numbers that aren't all the same."""
    y = numbers(columns, "numbers")
    if y.size > 1 and np.ptp(y) == 0:
        raise ModelError(f"the outcome is {y[0]:g} in all {y.size:,} rows, so there is nothing to explain")
    return Response(y, _ones(y))


def two_valued(columns: list[pd.Series]) -> Response:
    """Take two values of which it is known which is the success, or counts of successes and failures.

    Examples
    --------
    Words say it by their order alone; the alphabet would take "error" for the success:

    >>> two_valued([pd.Series(["error", "correct", "error"], name="call")])
    Traceback (most recent call last):
    gazeanalytics.stats.mixed.design.ModelError: family 'binomial': expected to know which of 'correct' and 'error' \
is the success; pass settings={'success': 'correct'} (in study.toml success = 'correct'), or an ordered categorical \
with the success last
    >>> two_valued([success_last(pd.Series(["error", "correct", "error"]), "correct")]).y.tolist()
    [0.0, 1.0, 0.0]
    """
    if len(columns) == 2:
        hits, misses = (column.to_numpy(dtype=float) for column in columns)
        for counts in (hits, misses):
            refuse_values((counts < 0) | (counts % 1 != 0), counts, "counts from 0 in cbind(...)")
        return Response(hits, hits + misses)
    found = pd.Categorical(columns[0])
    _refuse_unclear_success(found.categories.tolist(), ordered=bool(found.ordered))
    y = found.codes.astype(float)
    return Response(y, _ones(y), tuple(map(str, found.categories)))


def _refuse_unclear_success(values: list[object], *, ordered: bool) -> None:
    if len(values) != 2:
        raise ModelError(
            "family 'binomial': expected an outcome of two values, the second being the success, cbind(successes, "
            "failures), or a share of successes with the column of trials as weights; got "
            f"{len(values)} values: {values[:5]}"
        )
    if ordered or values == [0, 1]:
        return
    first, second = map(repr, map(str, values))
    if all(isinstance(value, int | float) for value in values):
        raise ModelError(
            f"family 'binomial': expected numbers 0 and 1; got {values}; say which is the success by "
            f"settings={{'success': {second}}}"
        )
    raise ModelError(
        f"family 'binomial': expected to know which of {first} and {second} is the success; pass "
        f"settings={{'success': {first}}} (in study.toml success = {first}), or an ordered categorical with the "
        "success last"
    )


def success_last(values: pd.Series, success: str) -> pd.Series:
    """Order two values so that the success is the last.

    Raises
    ------
    ModelError
        If there aren't two values, or the success is none of them.

    Examples
    --------
    >>> success_last(pd.Series(["error", "correct"]), "correct").cat.categories.tolist()
    ['error', 'correct']
    >>> success_last(pd.Series(["error", "correct"]), "right")
    Traceback (most recent call last):
    gazeanalytics.stats.mixed.design.ModelError: success: expected one of the outcome's values 'correct', 'error'; \
got 'right'
    """
    found = pd.Categorical(values).categories
    by_text = {str(one): one for one in found}
    if success not in by_text:
        some = ", ".join(map(repr, list(by_text)[:5])) + (", ..." if len(by_text) > 5 else "")
        raise ModelError(f"success: expected one of the outcome's values {some}; got {success!r}")
    others = [one for one in found if str(one) != success]
    ordered = pd.Categorical(values, categories=[*others, by_text[success]], ordered=True)
    return pd.Series(ordered, index=values.index, name=values.name)


def shares_of_trials(columns: list[pd.Series], trials: np.ndarray) -> Response:
    """Take shares of successes among trials."""
    refuse_values((trials < 1) | (trials % 1 != 0), trials, "whole numbers of trials from 1", what="weights")
    share = numbers(columns, "shares of successes from 0 to 1")
    refuse_values((share < 0) | (share > 1), share, "shares of successes from 0 to 1")
    hits = np.round(share * trials)
    # Shares in a file are rounded: a share of few digits is still one count, unless it lies between two.
    between = np.abs(share * trials - hits) > MAX_ROUNDING
    refuse_values(between, share, "shares that are whole successes over the trials in weights")
    return Response(hits, trials)


def count(columns: list[pd.Series]) -> Response:
    """Take whole numbers from 0."""
    y = numbers(columns, "whole numbers from 0")
    refuse_values((y < 0) | (y % 1 != 0), y, "whole numbers from 0")
    return Response(y, _ones(y))


def share(columns: list[pd.Series]) -> Response:
    """Take numbers between 0 and 1, both excluded."""
    y = numbers(columns, "numbers between 0 and 1, both excluded")
    refuse_values((y <= 0) | (y >= 1), y, "numbers between 0 and 1, both excluded")
    return Response(y, _ones(y))


def positive(columns: list[pd.Series]) -> Response:
    """Take finite numbers above 0."""
    y = numbers(columns, "finite numbers above 0")
    refuse_values(~((y > 0) & np.isfinite(y)), y, "finite numbers above 0")
    return Response(y, _ones(y))


def time(columns: list[pd.Series]) -> Response:
    """Take a time, or the ends of the interval in which it lies."""
    low, high = (column.to_numpy(dtype=float) for column in (columns[0], columns[-1]))
    seen = low == high
    refuse_values((low < 0) | (seen & ~((low > 0) & np.isfinite(low))), low, "times above 0")
    refuse_values(high < low, high, "ends of intervals that aren't before their beginnings")
    refuse_values((low == 0) & np.isinf(high), low, "times or intervals; one from 0 to infinity says nothing")
    if not (np.isfinite(high) & (low > 0)).any():
        raise ModelError("family 'lognormal': expected a time that was seen in some rows; all are censored")
    return Response(low, high)


def levels(columns: list[pd.Series]) -> Response:
    """Take at least three ordered levels."""
    # Two levels would be a binomial model with the sign of its intercept turned; better asked for by that name.
    found = pd.Categorical(columns[0])
    if len(found.categories) < 3:
        raise ModelError(f"family 'ordinal': expected at least 3 levels; got {len(found.categories)}; use 'binomial'")
    if pd.api.types.is_string_dtype(found.categories) and not found.ordered:
        raise ModelError(
            "family 'ordinal': expected ordered levels: numbers, or an ordered categorical "
            "(pandas.Categorical(values, categories=[...], ordered=True)); got text without an order"
        )
    y = found.codes.astype(float)
    return Response(y, _ones(y), tuple(map(str, found.categories)))


def refuse_values(wrong: np.ndarray, y: np.ndarray, expected: str, *, what: str = "outcome") -> None:
    """Refuse the first of the wrong values, by its row."""
    if wrong.any():
        row = int(wrong.argmax())
        raise ModelError(f"{what}: expected {expected}; got {y[row]:g} in row {row} of those used")
