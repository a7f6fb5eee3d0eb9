"""Residuals that run on from one reading to the next: first-order autoregression, AR(1), within a reader's session.

Rows freed from what the row before them predicts have independent residuals, so the solver needs to know nothing of
autocorrelation but which two levels of a crossed grouping, such as two cases, such a difference touches. The
correlation is found by profiling: the model is fitted at one value after another (Pinheiro & Bates 2000, Mixed-Effects
Models in S and S-PLUS, section 5.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import optimize

from gazeanalytics.stats.mixed.design import Design, ModelError, RandomTerm, Touched, arrange, weighted_rows
from gazeanalytics.stats.mixed.estimate_rows import FamilyParameter
from gazeanalytics.stats.mixed.groupings import group_levels
from gazeanalytics.stats.mixed.settings import Tolerances
from gazeanalytics.stats.mixed.solver.fitting import Solution, fit_gaussian
from gazeanalytics.stats.mixed.solver.laplace import Gaussian
from gazeanalytics.stats.mixed.solver.optimise import minimise

__all__ = ["Lags", "arrange_lagged", "fit_lagged", "name_of", "notes_at_bound", "read_lags"]

FARTHEST = 3.0  # of the correlation on Fisher's z scale: .995, beyond which neighbours are one reading
WIDTH = 0.02  # of the differences that give the correlation's standard error, on the same scale
FOUND = 1e-7
MAX_CROSSED = 5000  # effects of crossed groupings, which cost their cube: 2,000 cases take 20 s, 5,000 some minutes


@dataclass(frozen=True, slots=True)
class Lags:
    """Which row comes before each one in its group, and how far.

    Attributes
    ----------
    group : str
    before : numpy.ndarray of int64, shape (rows,)
        -1 for the first row of a group.
    step : numpy.ndarray, shape (rows,)
        How much further on in the order a row stands than the one before it; 0 for the first of a group.

    Examples
    --------
    Reader b's second trial is missing, so that the third is two steps from the first:

    >>> rows = pd.DataFrame({"reader": list("aabb"), "trial": [2, 1, 1, 3]})
    >>> lags = read_lags(("trial", "reader"), rows)
    >>> lags.before.tolist(), lags.step.tolist()
    ([1, -1, -1, 2], [1.0, 0.0, 0.0, 2.0])
    """

    group: str
    before: np.ndarray
    step: np.ndarray

    @property
    def whole(self) -> bool:
        """Whether all steps are whole numbers, so that a negative correlation has a meaning at each."""
        return bool((self.step % 1 == 0).all())

    def carried(self, rho: float) -> np.ndarray:
        """Correlation of each row's residual with that of the row before; 0 for the first of a group."""
        return np.where(self.before < 0, 0.0, rho**self.step)

    def freed(self, values: np.ndarray, rho: float) -> np.ndarray:
        """Rows less what the one before predicts, over the standard deviation of the rest; shape as `values`."""
        own, other = self.parts(values, rho)
        return own + other

    def parts(self, values: np.ndarray, rho: float) -> tuple[np.ndarray, np.ndarray]:
        """The row's own part of `freed`, and that of the row before."""
        carried = self.carried(rho)
        scale = (1 / np.sqrt(1 - carried**2)).reshape(-1, *[1] * (values.ndim - 1))
        return scale * values, -scale * carried.reshape(scale.shape) * values[self.before]

    def drawn(self, rho: float, rng: np.random.Generator) -> np.ndarray:
        """Draw residuals of variance 1."""
        noise, carried = rng.normal(size=self.before.size), self.carried(rho)
        found = noise * np.sqrt(1 - carried**2)
        depth = self._depth()
        for place in range(1, int(depth.max(initial=0)) + 1):
            rows = np.flatnonzero(depth == place)
            found[rows] += carried[rows] * found[self.before[rows]]
        return found

    def _depth(self) -> np.ndarray:
        """How many rows of its group come before each."""
        depth, reached = np.zeros(self.before.size, dtype=np.int64), self.before.copy()
        while (on := reached >= 0).any():
            depth[on] += 1
            reached[on] = self.before[reached[on]]
        return depth


def name_of(lags: Lags) -> str:
    """Name the correlation in tables."""
    return f"ar1({lags.group})"


def read_lags(order: tuple[str, ...], data: pd.DataFrame) -> Lags:
    """Find the row before each one.

    Raises
    ------
    ModelError
        If the order isn't numbers, or two rows of a group stand at one place.
    """
    column, group = order
    if not pd.api.types.is_numeric_dtype(data[column].dtype):
        raise ModelError(f"ar1: expected numbers in {column!r}, the order of readings; got {data[column].dtype}")
    place, codes = data[column].to_numpy(dtype=float), group_levels([group], data)[1]
    rows = np.lexsort((place, codes))
    step = np.diff(place[rows], prepend=np.nan)
    first = np.diff(codes[rows], prepend=-1) != 0
    tied = np.flatnonzero(~first & (step == 0))
    if tied.size:
        row = rows[tied[0]]
        raise ModelError(
            f"ar1: {group} {data[group].iloc[row]!s} has two rows at {column} {data[column].iloc[row]!s}; "
            f"expected a place of its own for each, as a running number of a {group}'s readings"
        )
    if first.all():
        raise ModelError(f"ar1: each {group} has one row, so no residual has one before it; leave ar1 out")
    before, steps = np.full(len(rows), -1, dtype=np.int64), np.zeros(len(rows))
    before[rows[~first]] = rows[np.flatnonzero(~first) - 1]
    steps[rows[~first]] = step[~first]
    return Lags(group, before, steps)


def arrange_lagged(
    y: np.ndarray,
    x: np.ndarray,
    terms: tuple[RandomTerm, ...],
    *,
    weights: np.ndarray,
    offset: np.ndarray,
    lags: Lags,
    rho: float,
) -> Design:
    """Arrange a Gaussian model whose residuals have that autocorrelation."""
    y, x, terms, offset = weighted_rows(y, x, terms, weights=weights, offset=offset)
    steady = [(term.codes == term.codes[lags.before])[lags.before >= 0].all() for term in terms]
    if terms and not any(steady):
        raise ModelError(
            f"ar1: what a {lags.group} keeps through all readings would be taken for what runs on from one to the next;"
            f" add (1 | {lags.group}) to the formula"
        )
    crossed = [term for term, still in zip(terms, steady, strict=True) if not still]
    effects = sum(term.width * len(term.levels) for term in crossed)
    if effects > MAX_CROSSED:
        named = ", ".join(f"{term.group} ({len(term.levels):,} levels)" for term in crossed)
        raise ModelError(
            f"ar1: groupings that change from one row to the next may have {MAX_CROSSED:,} effects together, as their "
            f"cost grows with the cube; got {effects:,}: {named}. Leave one out, or take a sample of the {lags.group}s"
        )
    # The solver goes through the levels of the main term one by one, so a row may touch only one of them.
    sizes = [term.width * len(term.levels) if still else -1 for term, still in zip(terms, steady, strict=True)]
    freed = tuple(_freed_term(term, lags, rho, still) for term, still in zip(terms, steady, strict=True))
    design = arrange(
        lags.freed(y, rho),
        lags.freed(x, rho),
        freed,
        size=np.ones(y.size),
        offset=lags.freed(offset, rho),
        main=int(np.argmax(sizes)) if terms else None,
    )
    log_precision = float(np.log(weights).sum() - np.log1p(-(lags.carried(rho) ** 2)).sum())
    return replace(design, log_weights=log_precision)


def _freed_term(term: RandomTerm, lags: Lags, rho: float, steady: bool) -> RandomTerm:
    if steady:
        return replace(term, z=np.ascontiguousarray(lags.freed(term.z, rho)))
    own, other = lags.parts(term.z, rho)
    # A row without one before it touches its own level twice, the second time with coefficients of 0.
    codes = np.where(lags.before >= 0, term.codes[lags.before], term.codes)
    return replace(term, z=own, before=Touched(codes, other))


def fit_lagged(
    arranged: Callable[[float], Design], lags: Lags, *, reml: bool, limits: Tolerances
) -> tuple[Solution, FamilyParameter]:
    """Fit by profiling the correlation; give the solution at its best value, and that value with its error."""
    rest = _Rest(arranged, reml, limits)
    low = -FARTHEST if lags.whole else 0.0
    found = optimize.minimize_scalar(rest, bounds=(low, FARTHEST), method="bounded", options={"xatol": FOUND})
    at = float(found.x)
    curved = (rest(at + WIDTH) - 2 * rest(at) + rest(at - WIDTH)) / WIDTH**2 if low + WIDTH < at else np.nan
    rho = float(np.tanh(at))
    # -2 log L is curved by twice the information; rho moves with z by 1 - rho^2.
    error = float((1 - rho**2) * np.sqrt(2 / curved)) if curved > 0 and at < FARTHEST - WIDTH else np.nan
    return fit_gaussian(arranged(rho), reml=reml, limits=limits), FamilyParameter(rho, error, "correlation")


def notes_at_bound(parameters: dict[str, FamilyParameter]) -> list[str]:
    """Note a correlation at the end of its range, which has no standard error.

    Examples
    --------
    >>> notes_at_bound({"ar1(reader)": FamilyParameter(0.995, float("nan"), "correlation")})
    ['ar1(reader) is at the end of its range, 0.995: neighbouring readings differ by next to nothing']
    """
    return [
        f"{name} is at the end of its range, {one.value:.3f}: neighbouring readings differ by next to nothing"
        for name, one in parameters.items()
        if one.kind == "correlation" and abs(np.arctanh(one.value)) > FARTHEST - WIDTH
    ]


class _Rest:
    """-2 log L by the correlation on Fisher's z scale, lowest over all else; a search starts where the last ended."""

    def __init__(self, arranged: Callable[[float], Design], reml: bool, limits: Tolerances) -> None:
        self.arranged, self.reml, self.limits = arranged, reml, limits
        start = fit_gaussian(arranged(0.0), reml=reml, limits=limits)
        self.theta, self.inverse = start.theta, start.optimum.inverse

    def __call__(self, z: float) -> float:
        engine = Gaussian(self.arranged(float(np.tanh(z))), reml=self.reml, limits=self.limits)
        tolerance = self.limits.final
        optimum = minimise(
            engine, self.theta, self.inverse, tolerance=tolerance, model=engine.model, limits=self.limits
        )
        self.theta, self.inverse = optimum.at, optimum.inverse
        return optimum.value
