"""Which model fits an outcome between 0 and 1, such as an uncertainty: a stated rule from the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from scipy import special, stats

from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed.design import ModelError

__all__ = ["OutcomeChoice", "choose_outcome"]

MAX_SKEW = 1.0
DIGITS = 6  # after the point, as many as labels of levels have


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeChoice(Brief):
    """How to model an outcome between 0 and 1.

    Attributes
    ----------
    family : {"gaussian", "beta", "ordinal", "binomial"}
        What `mixed` takes.
    outcome : pandas.Series
        What to model, a row each of those given: logits, shares, ordered levels, or 0 and 1. NaN where missing.
    reason : str
        Why, with the numbers that decided.
    top_value, top_share : float
        The most frequent value, and the share of rows that have it.
    distinct : int
        How many different values there are.

    See Also
    --------
    choose_outcome : Makes one.

    Examples
    --------
    >>> choose_outcome(pd.Series([0.01] * 8 + [0.3, 0.9])).top_share
    0.8
    """

    family: Literal["gaussian", "beta", "ordinal", "binomial"]
    outcome: pd.Series
    reason: str
    top_value: float
    top_share: float
    distinct: int


def choose_outcome(values: pd.Series, *, max_share: float = 0.1, max_levels: int = 8) -> OutcomeChoice:
    """Choose between Gaussian on the logit, beta, ordinal and binomial for an outcome between 0 and 1.

    Words of doubt have few values, and most conclusions share one. On the logit they make a spike, and how far it lies
    from the rest depends on where values near 0 and 1 were cut off; a Gaussian model then estimates that distance. An
    ordinal model uses the order alone. The rule, in this order:

    1. two distinct values: `binomial`, the higher one counting as 1;
    2. one value in more than `max_share` of the rows, or a 0 or a 1 (which have no logit): `ordinal`, on the distinct
       values where there are `max_levels` of them or fewer, else on bins: each value above `max_share` is a level of
       its own, the values between are parted into bins of about equally many rows;
    3. a logit that isn't skewed (|skewness| up to 1): `gaussian` on the logit;
    4. else `beta`.

    Parameters
    ----------
    values : pandas.Series
        Numbers from 0 to 1; NaN is kept.
    max_share : float
        Share of rows at one value up to which it isn't a pile.
    max_levels : int
        Levels of an ordinal outcome, at most.

    Returns
    -------
    OutcomeChoice

    Raises
    ------
    ModelError
        If values aren't numbers from 0 to 1, or all are the same.

    See Also
    --------
    mixed : Fits it.

    Notes
    -----
    Zero-one-inflated beta models were rejected: they have three parts, of which each has effects of its own, and say
    nothing of values that pile up inside 0 to 1.

    References
    ----------
    McCullagh (1980), J. R. Stat. Soc. B 42(2), on cumulative models. Liu, Shepherd, Li & Harrell (2017), Stat. Med.
    36(27), on cumulative models of continuous outcomes.

    Examples
    --------
    >>> import numpy as np
    >>> found = choose_outcome(pd.Series([0.01] * 90 + [0.25] * 6 + [0.9] * 4))
    >>> found.family, found.reason
    ('ordinal', '90 % of 100 rows have the value 0.01, one of 3 distinct values')
    >>> found.outcome.cat.categories.tolist()
    ['0.01', '0.25', '0.9']
    >>> choose_outcome(pd.Series(np.linspace(0.2, 0.7, 100))).family
    'gaussian'
    """
    values = _numbers(values)
    known = values.dropna()
    if ((known < 0) | (known > 1)).any():
        raise ModelError(f"expected an outcome from 0 to 1; got {known[(known < 0) | (known > 1)].iloc[0]:g}")
    # Values worked out in two ways may differ in their last digits; to the reader they are one.
    counts = known.round(DIGITS).value_counts().sort_index()
    if len(counts) < 2:
        raise ModelError(f"the outcome has {len(counts)} distinct values, so there is nothing to explain")
    share = float(counts.max() / len(known))
    found = _chosen(values, known, counts, share, max_share, max_levels)
    return OutcomeChoice(
        *found,
        top_value=float(counts.index.to_numpy()[counts.to_numpy().argmax()]),
        top_share=share,
        distinct=len(counts),
    )


def _numbers(values: pd.Series) -> pd.Series:
    numbers = pd.Series(pd.to_numeric(values, errors="coerce"), dtype=float)
    strange = numbers.isna().to_numpy() & pd.Series(values).notna().to_numpy()
    if strange.any():
        raise ModelError(
            f"expected an outcome of numbers from 0 to 1; got {pd.Series(values)[strange].iloc[0]!r}; levels in words "
            "are modelled under family 'ordinal' or by multinomial"
        )
    return numbers


Choice = tuple[Literal["gaussian", "beta", "ordinal", "binomial"], pd.Series, str]


def _chosen(
    values: pd.Series, known: pd.Series, counts: pd.Series, share: float, max_share: float, max_levels: int
) -> Choice:
    pile = f"{100 * share:.3g} % of {len(known):,} rows have the value {counts.idxmax():g}, one of {len(counts):,} "
    pile += "distinct values"
    if len(counts) == 2:
        high = values.round(DIGITS).eq(counts.index[1]).astype(float).where(values.notna())
        return "binomial", high, f"{counts.index[0]:g} and {counts.index[1]:g} are its only values"
    if share > max_share:
        return "ordinal", _levels(values, counts, max_share, max_levels), pile
    ends = int(known.isin([0.0, 1.0]).sum())
    if ends:
        levels = _levels(values, counts, max_share, max_levels)
        return "ordinal", levels, f"{ends:,} of {len(known):,} rows are 0 or 1, which have no logit"
    logits = pd.Series(special.logit(values.to_numpy()), values.index)
    skew = float(stats.skew(logits.dropna()))
    if abs(skew) <= MAX_SKEW:
        return (
            "gaussian",
            logits,
            f"no value is in more than {100 * share:.2g} % of rows; the logit's skewness is {skew:.2f}",
        )
    return "beta", values, f"the logit is skewed (skewness {skew:.2f}), so that it isn't near normal"


def _levels(values: pd.Series, counts: pd.Series, max_share: float, max_levels: int) -> pd.Series:
    """Turn values into ordered levels, each a value or a bin."""
    bins = [[float(value)] for value in counts.index]
    if len(bins) > max_levels:
        bins = list(_bins(counts, max_share * counts.sum(), max_levels))
    labels = [f"{own[0]:g}" if len(own) == 1 else f"{own[0]:g} to {own[-1]:g}" for own in bins]
    place = {value: label for own, label in zip(bins, labels, strict=True) for value in own}
    rounded = values.round(DIGITS)
    return pd.Series(pd.Categorical(rounded.map(place), categories=labels, ordered=True), values.index)


def _bins(counts: pd.Series, heap: float, max_levels: int) -> Iterator[list[float]]:
    """Yield the values of each level: one that heaps alone, the others in bins of about equally many rows."""
    sizes = counts.to_numpy(dtype=float)
    alone = sizes > heap
    # A heap may cut one bin in two, which its own level has to make up for.
    room = max(max_levels - 2 * int(alone.sum()), 1)
    enough, rows = sizes[~alone].sum() / room, 0.0
    held: list[float] = []
    for value, count, heaps in zip(map(float, counts.index), sizes, alone, strict=True):
        if heaps:
            if held:
                yield held
            yield [value]
            held, rows = [], 0.0
            continue
        held, rows = [*held, value], rows + count
        if rows >= enough:
            yield held
            held, rows = [], 0.0
    if held:
        yield held
