"""Binormal and proper binormal ROC curves, fitted to counts of ratings by maximum likelihood.

Ratings cut latent values at thresholds t, so the chance of each rating is a difference of two tail areas, and the
counts are multinomial. Binormal (Dorfman & Alf 1969): tails Phi(-t) without the finding, Phi(a - b t) with it. Proper
(Metz & Pan 1999, equations 27 and 28): the same latent values, ordered by their likelihood ratio v; a curve that never
crosses the diagonal. Both are fitted by Fisher scoring in the two shape parameters and all thresholds at once, with
steps halved until the likelihood rises. Gradient methods (as in the field's Fortran code) stop short on the flat ridges
that few cases leave: see tests/stats/test_mrmc_fitted_curves.py for how far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

__all__ = ["Binormal", "Proper", "fit_binormal", "fit_proper"]

_MAX_ITER = 400
_FIRST_ITER = 15  # steps from each of several starts, before the best two go on
_CONVERGED = 1e-11
_HALVINGS = 40
_NEAR_ZERO = 1e-7
_SMALL = 0.05
_STRAIGHT = 1e-8  # a b so small that the curve's middle part is level to the last digit
_STARTS = (  # c, and d_a as a share of what the empirical area suggests
    (-0.3, 1.0),
    (0.05, 1.0),
    (0.4, 1.0),
    (-0.5, 0.0),
    (-0.75, 0.0),
    (-0.9, 0.0),
    (0.5, 0.0),
    (0.75, 0.0),
    (0.9, 0.0),
)

Model = Callable[[np.ndarray, bool], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Binormal:
    """Binormal ROC curve: ratings without and with the finding are cut from N(0, 1) and N(a / b, 1 / b).

    Attributes
    ----------
    a, b : float
        Sensitivity is Phi(a + b z) where the share of false positives is Phi(z).
    log_likelihood : float
        Of the counts; 0 where the curve is perfect.

    Examples
    --------
    >>> curve = Binormal(1.5, 0.8, 0.0)
    >>> round(curve.area, 4), curve.true_positive(np.array([0.1, 0.5])).round(3).tolist()
    (0.8793, [0.683, 0.933])
    """

    a: float
    b: float
    log_likelihood: float

    @property
    def area(self) -> float:
        """Area under the curve: Phi(a / sqrt(1 + b^2))."""
        if np.isinf(self.a):
            return float(self.a > 0)
        return float(special.ndtr(self.a / np.hypot(1.0, self.b)))

    def true_positive(self, false_positive: np.ndarray) -> np.ndarray:
        """Give sensitivities at shares of false positives."""
        return special.ndtr(self.a + self.b * special.ndtri(false_positive))

    def false_positive(self, true_positive: np.ndarray) -> np.ndarray:
        """Give shares of false positives at sensitivities."""
        return special.ndtr((special.ndtri(true_positive) - self.a) / self.b)


@dataclass(frozen=True, slots=True)
class Proper:
    """Proper binormal ROC curve: ratings ordered by their likelihood ratio, so that it never crosses the diagonal.

    Attributes
    ----------
    d_a : float
        Distance of the two kinds of cases, at least 0.
    c : float
        Asymmetry, between -1 and 1; 0 is the symmetric curve.
    log_likelihood : float
        Of the counts; 0 where the curve is perfect.

    Examples
    --------
    >>> curve = Proper(1.19024, 0.3, 0.0)
    >>> round(curve.area, 3), curve.true_positive(np.array([0.1, 0.5])).round(3).tolist()
    (0.814, [0.34, 0.963])
    """

    d_a: float
    c: float
    log_likelihood: float

    @property
    def area(self) -> float:
        """Area under the curve (Metz & Pan 1999, equation 32)."""
        if np.isinf(self.d_a):
            return float(self.d_a > 0)
        h = -self.d_a / np.sqrt(2)
        lean = (1 - self.c**2) / (1 + self.c**2)
        both = special.ndtr(h) / 2 - special.owens_t(h, lean / np.sqrt(max(1 - lean**2, 1e-300)))
        return float(special.ndtr(-h) + 2 * both)

    def _shares(self, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        above, _ = _proper_above(np.concatenate(([self.d_a, self.c], v)), False)
        return above[0], above[1]

    def true_positive(self, false_positive: np.ndarray) -> np.ndarray:
        """Give sensitivities at shares of false positives."""
        return self._along(false_positive, 0)

    def false_positive(self, true_positive: np.ndarray) -> np.ndarray:
        """Give shares of false positives at sensitivities."""
        return self._along(true_positive, 1)

    def _along(self, given: np.ndarray, kind: int) -> np.ndarray:
        """Find the threshold of one share by bisection and give the other share there."""
        if np.isinf(self.d_a):
            return np.ones(len(given)) if kind == 0 else np.zeros(len(given))
        low, high = np.full(len(given), -40.0), np.full(len(given), 40.0)
        edge = self.d_a * np.hypot(1, self.c) / (4 * self.c) if abs(self.c) > _NEAR_ZERO else np.inf
        low, high = (np.maximum(low, edge), high) if self.c < 0 else (low, np.minimum(high, edge))
        for _ in range(60):
            middle = (low + high) / 2
            more = self._shares(middle)[kind] > given
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return np.clip(self._shares((low + high) / 2)[1 - kind], 0, 1)


def fit_binormal(counts: np.ndarray) -> Binormal:
    """Fit the binormal ROC curve to counts by Fisher scoring (Dorfman & Alf 1969).

    Neighbouring ratings that only one kind of case was given are joined, which leaves the estimate as it is. Where all
    points lie on the edges of the ROC square the likelihood rises without end: the curve is then perfect (or perfectly
    wrong). Where all of one kind's ratings but the outer two are empty of the other kind it rises as b goes to 0 or
    infinity: the curve is then two straight lines through the square, with the counts fitted exactly (Metz 1989). A
    single point can't separate a from b, which is then 1.

    Parameters
    ----------
    counts : numpy.ndarray, shape (2, ratings)
        Cases without (0) and with (1) the finding, lowest rating first.

    Examples
    --------
    Counts as expected with a = 1.5, b = 0.8 and thresholds at -0.5, 0.5 and 1.2:

    >>> above = special.ndtr([[0.5, -0.5, -1.2], [1.9, 1.1, 0.54]])
    >>> fit = fit_binormal(100 * -np.diff(above, prepend=1, append=0))
    >>> round(fit.a, 3), round(fit.b, 3), round(fit.area, 4)
    (1.5, 0.8, 0.8793)
    """
    # Where no maximum exists a search would stop wherever its rule has it, so these cases are answered before it
    # starts.
    joined = _join(counts)
    x, y = _points(joined)
    edge = _edge(x, y)
    if edge is not None:
        return Binormal(edge, 1.0, 0.0)
    z, w = special.ndtri(x), special.ndtri(y)
    inside = np.isfinite(z) & np.isfinite(w)
    if len(x) == 1:
        return Binormal(float(w[0] - z[0]), 1.0, np.nan)
    straight = _straight(joined)
    if straight is not None:
        return straight
    several = inside.sum() > 1 and np.ptp(z[inside]) > 0
    slope = max(0.05, float(np.polyfit(z[inside], w[inside], 1)[0])) if several else 1.0
    start = float(np.mean(w[inside] - slope * z[inside]))
    # Half a case more in every cell keeps thresholds apart and finite at the start; the fit itself uses the counts.
    smooth = _points(joined + 0.5)[0]
    found, height = _fit_thresholds(
        joined, np.concatenate(([start, slope], -special.ndtri(smooth[::-1]))), _binormal_above
    )
    return Binormal(float(found[0]), float(found[1]), height)


def fit_proper(counts: np.ndarray) -> Proper:
    """Fit the proper binormal ROC curve to counts by Fisher scoring from several starts, keeping the best.

    The likelihood can have two maxima, one of them where d_a is 0, so many starts lie there. Counts are treated as in
    `fit_binormal`.

    Parameters
    ----------
    counts : numpy.ndarray, shape (2, ratings)
        Cases without (0) and with (1) the finding, lowest rating first.

    Examples
    --------
    Counts of a symmetric curve (b = 1) whose area is 0.8:

    >>> above = special.ndtr(np.array([[0.5], [0.5 + 1.19024]]) - [0.0, 1.0, 1.7])
    >>> fit = fit_proper(100 * -np.diff(above, prepend=1, append=0))
    >>> round(fit.d_a, 3), round(abs(fit.c), 3), round(fit.area, 4)
    (1.19, 0.0, 0.8)
    """
    joined = _join(counts)
    x, y = _points(joined)
    edge = _edge(x, y)
    if edge is not None:
        return Proper(edge, 0.0, 0.0)
    if len(x) == 1:
        return Proper(max(0.0, float((special.ndtri(y) - special.ndtri(x))[0])), 0.0, np.nan)
    smooth = _points(joined + 0.5)
    area = float(np.clip(np.trapezoid(np.r_[0, y, 1], np.r_[0, x, 1]), 0.52, 0.995))
    likely = np.sqrt(2) * float(special.ndtri(area))
    starts = [_start(c, max(_SMALL / 2, share * likely), smooth) for c, share in _STARTS]
    first = [_fit_thresholds(joined, start, _proper_above, 0.0, _FIRST_ITER) for start in starts if start is not None]
    # All starts for a few steps, the best two to the end: the likelihood can have two maxima, and a full search from
    # each of nine starts would be most of the cost.
    best = sorted(first, key=lambda fit: fit[1])[-2:]
    found, height = max((_fit_thresholds(joined, at, _proper_above, 0.0) for at, _ in best), key=lambda fit: fit[1])
    if found[0] < _SMALL:  # the likelihood is flat in d_a there
        at_zero = _fit_thresholds(joined, np.concatenate(([0.0], found[1:])), _proper_above, 0.0)
        found, height = at_zero if at_zero[1] >= height - 1e-9 else (found, height)
    return Proper(float(found[0]), float(found[1]), height)


def _join(counts: np.ndarray) -> np.ndarray:
    """Join neighbouring ratings that only one and the same kind of case was given; drop those given to none."""
    counts = counts[:, counts.sum(0) > 0]
    kind = np.where(counts[0] == 0, 1, np.where(counts[1] == 0, 0, -1))
    new = np.concatenate(([True], (kind[1:] != kind[:-1]) | (kind[1:] < 0)))
    return np.add.reduceat(counts, np.flatnonzero(new), axis=1)


def _points(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of false and true positives at every threshold, highest threshold first, without the corners."""
    shares = np.cumsum(counts[:, ::-1], axis=1)[:, :-1] / counts.sum(1, keepdims=True)
    return shares[0], shares[1]


def _edge(x: np.ndarray, y: np.ndarray) -> float | None:
    """Infinity where all points lie left or above (a perfect curve), minus infinity where right or below."""
    if np.all((x == 0) | (y == 1)) and len(x):
        return np.inf
    if np.all((x == 1) | (y == 0)):
        return -np.inf if len(x) else 0.0
    return None


def _straight(counts: np.ndarray) -> Binormal | None:
    """Fit the curve of two straight lines, where one gives the counts exactly."""
    # As b goes to 0 all cases without the finding move to one place among those with it, and only the outer two of
    # their ratings can be given to cases that have it; as b goes to infinity, the other way round. A search would stop
    # on the way there, wherever its rule for stopping has it.
    height = float(np.sum(special.xlogy(counts, counts / counts.sum(1, keepdims=True))))
    for one, other, order in ((0, 1, 1), (1, 0, -1)):
        given = np.flatnonzero(counts[one, ::order])
        if len(given) > 1 and not counts[other, ::order][given[0] + 1 : given[-1]].any():
            beyond = counts[other, ::order][given[0] + 1 :].sum() / counts[other].sum()
            level = float(special.ndtri(beyond))
            return (
                Binormal(level, _STRAIGHT, height) if one == 0 else Binormal(level / _STRAIGHT, 1 / _STRAIGHT, height)
            )
    return None


def _fit_thresholds(
    counts: np.ndarray, start: np.ndarray, above: Model, lower: float = -np.inf, max_iter: int = _MAX_ITER
) -> tuple[np.ndarray, float]:
    """Fisher scoring with halved steps; the two shape parameters come first, then rising thresholds."""
    # The first parameter is held at `lower` or above. The expected information is positive where the observed one need
    # not be, so every step goes uphill; `lstsq` takes directions that the counts don't determine as 0.
    at, height = start, _height(counts, above(start, False)[0])
    if not np.isfinite(height):
        return at, -np.inf
    for _ in range(max_iter):
        slope, curve = _scores(counts, *above(at, True))
        step = np.linalg.lstsq(curve, slope, rcond=1e-12)[0]
        if at[0] + step[0] < lower:  # to the bound; the others then take their best step given that
            step[0] = lower - at[0]
            step[1:] = np.linalg.lstsq(curve[1:, 1:], slope[1:] - curve[1:, 0] * step[0], rcond=1e-12)[0]
        for _ in range(_HALVINGS):
            new = _height(counts, above(at + step, False)[0])
            if new >= height:
                break
            step = step / 2
        else:
            break
        at, gain, height = at + step, new - height, new
        if np.max(np.abs(step)) < _CONVERGED or (gain == 0 and np.max(np.abs(step)) < 1e-8):
            break
    return at, height


def _cells(above: np.ndarray) -> np.ndarray:
    """Chance of each rating from the chance to lie above each threshold."""
    return -np.diff(above, axis=-1, prepend=1.0, append=0.0)


def _height(counts: np.ndarray, above: np.ndarray) -> float:
    chance = _cells(above)
    if not np.all(np.isfinite(chance)) or np.any(chance < 0) or np.any((chance <= 0) & (counts > 0)):
        return -np.inf
    return float(np.sum(special.xlogy(counts, chance)))


def _scores(counts: np.ndarray, above: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and expected information of a multinomial; slopes has shape (2, parameters, thresholds)."""
    # With cell chances P and their slopes D: gradient sum n D / P, information sum N D D' / P.
    chance = np.maximum(_cells(above), 1e-300)
    change = -np.diff(slopes, axis=-1, prepend=0.0, append=0.0)
    gradient = np.einsum("ck,cpk->p", counts / chance, change)
    weight = counts.sum(1, keepdims=True) / chance
    return gradient, np.einsum("ck,cpk,cqk->pq", weight, change, change)


def _density(z: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def _binormal_above(at: np.ndarray, sloped: bool) -> tuple[np.ndarray, np.ndarray]:
    """Chances to lie above thresholds t, with their slopes in (a, b, t)."""
    (a, b), t = at[:2], at[2:]
    if not b > 0:
        return np.full((2, len(t)), np.nan), np.zeros((2, len(at), len(t)))
    z = a - b * t
    slopes = np.zeros((2, len(at), len(t)))
    if not sloped:
        return np.stack([special.ndtr(-t), special.ndtr(z)]), slopes
    ahead, low = _density(z), _density(t)
    slopes[1, 0], slopes[1, 1] = ahead, -t * ahead
    each = np.arange(len(t))
    slopes[0, 2 + each, each], slopes[1, 2 + each, each] = -low, -b * ahead
    return np.stack([special.ndtr(-t), special.ndtr(z)]), slopes


def _proper_above(at: np.ndarray, sloped: bool) -> tuple[np.ndarray, np.ndarray]:
    """Chances to lie above thresholds v, with their slopes in (d_a, c, v) (Metz & Pan 1999, equations 27 and 28)."""
    (d, c), v = at[:2], at[2:]
    if not (d >= 0 and abs(c) < 1):
        return np.full((2, len(v)), np.nan), np.zeros((2, len(at), len(v)))
    c = c if abs(c) > _NEAR_ZERO else (_NEAR_ZERO if c >= 0 else -_NEAR_ZERO)
    root, far, near = np.hypot(1, c), d / (2 * c), d / 2
    slopes, above = np.zeros((2, len(at), len(v))), np.empty((2, len(v)))
    each = np.arange(len(v))
    for kind, (lean, side) in enumerate(((1 - c, -1), (1 + c, 1))):  # without, then with the finding
        first, second = -lean * v + side * near * root, -lean * v + far * root
        above[kind] = (
            special.ndtr(first) - special.ndtr(-second) if c > 0 else special.ndtr(first) + special.ndtr(second)
        )
        if not sloped:
            continue
        one, two = _density(first), _density(second)
        slopes[kind, 0] = one * side * root / 2 + two * root / (2 * c)
        turn = -side * v  # of -lean * v in c
        slopes[kind, 1] = one * (turn + side * near * c / root) + two * (turn + far * c / root - far * root / c)
        slopes[kind, 2 + each, each] = -lean * (one + two)
    return above, slopes


def _start(c: float, d_a: float, smooth: tuple[np.ndarray, np.ndarray]) -> np.ndarray | None:
    """Thresholds that give about the observed shares of both kinds together, for a start at this asymmetry."""
    model = Proper(d_a, c, np.nan)
    target = (smooth[0] + smooth[1]) / 2
    low, high = np.full(len(target), -40.0), np.full(len(target), 40.0)
    edge = model.d_a * np.hypot(1, c) / (4 * c)
    low, high = (np.maximum(low, edge), high) if c < 0 else (low, np.minimum(high, edge))
    for _ in range(45):
        middle = (low + high) / 2
        shares = model._shares(middle)
        more = (shares[0] + shares[1]) / 2 > target
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    start = np.concatenate(([model.d_a, c], ((low + high) / 2)[::-1]))
    return start if np.isfinite(start).all() and np.all(np.diff(start[2:]) > 0) else None
