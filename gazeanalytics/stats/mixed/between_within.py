"""Between-within degrees of freedom: as many as the readers, cases or countries that an effect is estimated from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazeanalytics.stats.mixed.design import RandomTerm

__all__ = ["BetweenWithin", "between_within"]

# Of a column's largest value: what rounding makes of equal ones.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class BetweenWithin:
    """Degrees of freedom of each fixed effect, and the grouping that they are counted in.

    Attributes
    ----------
    df : numpy.ndarray, shape (fixed effects,)
        NaN for effects within all groups, whose tests use the normal distribution.
    groups : tuple of str
        Such as `reader`, or `reader (presence)` for a random slope; empty for effects within all groups.
    """

    df: np.ndarray
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stratum:
    """One coefficient that varies by group: effects that are constant within groups, times it, are estimated there."""

    label: str
    group: str
    codes: np.ndarray
    z: np.ndarray
    levels: int

    @property
    def intercept(self) -> bool:
        return bool((self.z == 1).all())


def between_within(x: np.ndarray, terms: tuple[RandomTerm, ...], *, intercept: bool) -> BetweenWithin:
    """Count degrees of freedom as nlme does (Pinheiro & Bates 2000, section 2.4.2), for groups that cross too.

    An effect that is constant within readers is estimated from readers: readers, less the countries that they are
    nested in (less 1, the intercept, where they are in none), less the effects that are estimated from readers.
    Effects that differ within every group have a normal test. The same holds for a random slope z by reader, and an
    effect that is z times what is constant within readers (SAS calls it containment). Of several groups the one
    with fewest levels counts. At least 1.

    Parameters
    ----------
    x : numpy.ndarray, shape (rows, fixed effects)
    terms : tuple of RandomTerm
    intercept : bool
        Whether an intercept (or thresholds) is among the effects.

    Returns
    -------
    BetweenWithin

    References
    ----------
    Schluchter & Elashoff (1990), J. Stat. Comput. Simul. 37; Pinheiro & Bates (2000), Mixed-Effects Models in S and
    S-PLUS.

    Examples
    --------
    Years differ between 6 readers, the side of the lesion within them:

    >>> readers = np.repeat(np.arange(6), 2)
    >>> term = RandomTerm("reader", ("(Intercept)",), np.arange(6), readers, np.ones((12, 1)))
    >>> x = np.column_stack([np.ones(12), np.array([3.0, 9, 1, 7, 5, 20])[readers], np.tile([0.0, 1.0], 6)])
    >>> found = between_within(x, (term,), intercept=True)
    >>> found.df.tolist(), found.groups
    ([4.0, 4.0, nan], ('reader', 'reader', ''))
    """
    strata = sorted(_strata(terms), key=lambda stratum: stratum.levels)
    places = np.full(x.shape[1], -1)
    for place in range(len(strata) - 1, -1, -1):
        places[_constant(x, strata[place])] = place
    df, groups = np.full(x.shape[1], np.nan), [""] * x.shape[1]
    for place, stratum in enumerate(strata):
        members = np.flatnonzero(places == place)
        outer = _outer(stratum, strata, intercept)
        # The intercept is among `outer` where nothing is nested above.
        own = sum(1 for k in members if not (stratum.intercept and np.ptp(x[:, k]) == 0))
        df[members] = max(stratum.levels - outer - own, 1)
        for k in members:
            groups[k] = stratum.label
    return BetweenWithin(df, tuple(groups))


def _strata(terms: tuple[RandomTerm, ...]) -> list[_Stratum]:
    found = []
    for term in terms:
        for name, z in zip(term.names, term.z.T, strict=True):
            label = term.group if name == "(Intercept)" else f"{term.group} ({name})"
            found.append(_Stratum(label, term.group, term.codes, z, np.unique(term.codes[z != 0]).size))
    return found


def _constant(x: np.ndarray, stratum: _Stratum) -> np.ndarray:
    """Say of each column whether, over z, it is constant within every group, and 0 where z is."""
    there = stratum.z != 0
    beyond = (x[~there] != 0).any(axis=0)
    order = np.argsort(stratum.codes[there], kind="stable")
    codes = stratum.codes[there][order]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    ratios = (x[there] / stratum.z[there][:, None])[order]
    spread = np.maximum.reduceat(ratios, starts) - np.minimum.reduceat(ratios, starts)
    largest = np.abs(ratios).max(axis=0)
    return ~beyond & (largest > 0) & (spread <= _ROUNDING * largest).all(axis=0)


def _outer(stratum: _Stratum, strata: list[_Stratum], intercept: bool) -> int:
    """Count what stands above: the groups that these are nested in, else the intercept."""
    if not stratum.intercept:
        return 0
    above = [other.levels for other in strata if other.intercept and _nested(stratum, other)]
    return max(above, default=int(intercept))


def _nested(inner: _Stratum, outer: _Stratum) -> bool:
    if outer.levels >= inner.levels:
        return False
    pairs = np.unique(inner.codes * (outer.codes.max() + 1) + outer.codes)
    return pairs.size == inner.levels
