"""Functions whose result rests on all rows: what they learn from the data of a fit, and how they use it on new data.

Each pair is `learn(x, settings) -> state` and `use(x, state) -> columns`; the state is plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gazeanalytics.expressions.faults import ExpressionError, hold

__all__ = ["REMEMBERING", "Remembering", "use_poly"]

# State is JSON, not a fitted object: a saved model then holds nothing that could run when it is read.
State = dict[str, Any]


class Remembering(NamedTuple):
    """A function that remembers: how it learns, how it is used, and the types of its settings.

    Examples
    --------
    A prediction uses the mean and spread of the fit, not those of the new rows:

    >>> scale = REMEMBERING["scale"]
    >>> state = scale.learn(np.array([10.0, 20.0, 30.0]), {})
    >>> scale.use(np.array([40.0]), state)
    array([2.])
    """

    learn: Callable[[np.ndarray, Mapping[str, Any]], State]
    use: Callable[[np.ndarray, State], np.ndarray]
    settings: Mapping[str, type | tuple[type, ...]] = {}


def learn_scale(x: np.ndarray, settings: Mapping[str, Any]) -> State:
    """Learn mean and standard deviation; without centring, the root of the mean square."""
    middle = float(np.mean(x)) if settings.get("center", True) else 0.0
    spread = float(np.sqrt(np.sum((x - middle) ** 2) / max(x.size - 1, 1))) if settings.get("scale", True) else 1.0
    return {"middle": middle, "spread": spread}


def learn_standardize(x: np.ndarray, settings: Mapping[str, Any]) -> State:
    """Learn mean and standard deviation as patsy's standardize does: divided by n, not by n - 1."""
    state = learn_scale(x, {"center": settings.get("center", True), "scale": settings.get("rescale", True)})
    rescaled = settings.get("rescale", True)
    return {**state, "spread": state["spread"] * float(np.sqrt(max(x.size - 1, 1) / x.size)) if rescaled else 1.0}


def learn_center(x: np.ndarray, settings: Mapping[str, Any]) -> State:
    """Learn the mean."""
    return learn_scale(x, {**settings, "scale": False})


def use_scale(x: np.ndarray, state: State) -> np.ndarray:
    """Subtract the mean of the fit and divide by its spread.

    Examples
    --------
    >>> use_scale(np.array([1.0, 2.0, 6.0]), learn_scale(np.array([1.0, 2.0, 3.0]), {}))
    array([-1.,  0.,  4.])
    """
    return (x - state["middle"]) / state["spread"]


def learn_poly(x: np.ndarray, settings: Mapping[str, Any]) -> State:
    """Learn the three-term recurrence of the polynomials that are orthogonal over these values (as R's poly)."""
    degree = settings.get("degree", 1)
    name = f"poly(..., {degree})"
    if degree < 1:
        raise ExpressionError(f"{name}: expected a degree from 1; got {degree}")
    hold("degree", degree, name)
    hold("cells", degree * x.size, name)
    hold("columns", degree, name)
    if settings.get("raw", False):
        return {"degree": degree}
    if degree >= np.unique(x[np.isfinite(x)]).size:
        raise ExpressionError(f"{name}: expected more than {degree} different values; got fewer")
    # The recurrence (Kennedy & Gentle 1980, as R cites it) rather than QR of powers of x: its shifts and norms are all
    # that new data need, and powers of raw x lose digits from about the fifth on.
    shifts, norms = [], [float(x.size)]
    before, now = np.zeros(x.size), np.ones(x.size)
    for power in range(degree):
        shifts.append(float(np.sum(x * now**2) / norms[power]))
        ratio = norms[power] / norms[power - 1] if power else 0.0
        before, now = now, (x - shifts[power]) * now - ratio * before
        norms.append(float(np.sum(now**2)))
    return {"shifts": shifts, "norms": norms}


def use_poly(x: np.ndarray, state: State) -> np.ndarray:
    """Give the polynomials of degree 1, 2, ... at `x`, shape (rows, degree).

    Examples
    --------
    >>> x = np.arange(5.0)
    >>> use_poly(x, learn_poly(x, {"degree": 2})).round(3)[:, 1]
    array([ 0.535, -0.267, -0.535, -0.267,  0.535])
    """
    if "degree" in state:
        return np.column_stack([x**power for power in range(1, state["degree"] + 1)])
    shifts, norms = state["shifts"], state["norms"]
    out = np.empty((x.size, len(shifts)))
    before, now = np.zeros(x.size), np.ones(x.size)
    for power, shift in enumerate(shifts):
        ratio = norms[power] / norms[power - 1] if power else 0.0
        before, now = now, (x - shift) * now - ratio * before
        out[:, power] = now / np.sqrt(norms[power + 1])
    return out


def learn_bs(x: np.ndarray, settings: Mapping[str, Any]) -> State:
    """Learn the knots of B-splines: at quantiles, or where they are given (as R's bs without its intercept)."""
    degree, df, knots = settings.get("degree", 3), settings.get("df"), settings.get("knots")
    known = x[np.isfinite(x)]
    if degree < 0 or (df is not None and (df < degree or knots is not None)):
        raise ExpressionError(
            f"bs(...): expected a degree from 0 and either knots or a df from the degree ({degree}); "
            f"got df={df}, knots={knots}"
        )
    count = degree + len(knots or ()) if df is None else df
    hold("degree", degree, f"bs(..., degree={degree})")
    hold("columns", count, f"bs(..., df={count})")
    hold("cells", count * x.size, f"bs(..., df={count})")
    if not known.size:
        raise ExpressionError("bs(...): expected finite numbers; got none")
    inner = knots or np.quantile(known, np.linspace(0, 1, count - degree + 2))[1:-1].tolist()
    low, high = float(known.min()), float(known.max())
    if any(not low <= knot <= high for knot in inner):
        raise ExpressionError(f"bs(...): expected knots between {low:g} and {high:g}, as the values; got {inner}")
    return {"knots": [low] * (degree + 1) + sorted(map(float, inner)) + [high] * (degree + 1), "degree": degree}


def use_bs(x: np.ndarray, state: State) -> np.ndarray:
    """Give the B-splines at `x` but the first, shape (rows, df), by Cox and de Boor's recursion.

    Examples
    --------
    >>> x = np.linspace(0, 1, 5)
    >>> use_bs(x, learn_bs(x, {"df": 3})).round(3)[2]
    array([0.375, 0.375, 0.125])
    """
    knots, degree = np.array(state["knots"]), state["degree"]
    outside = (x < knots[0]) | (x > knots[-1])
    if outside.any():
        raise ExpressionError(
            f"bs(...): expected values from {knots[0]:g} to {knots[-1]:g}, as in the fit; got {x[outside][0]:g} and "
            f"{int(outside.sum()) - 1} more outside"
        )
    # Refused outside the knots, where R's bs goes on as a polynomial with a warning: that is extrapolation unasked.
    # A value at the last knot counts to the last interval; half-open intervals alone would give it a row of zeros.
    last = knots.size - degree - 2
    basis = [(knots[i] <= x) & ((x < knots[i + 1]) | ((i == last) & (x == knots[-1]))) for i in range(knots.size - 1)]
    basis = [one.astype(float) for one in basis]
    for order in range(1, degree + 1):
        basis = [
            _share(x, knots[i], knots[i + order]) * basis[i]
            + (1 - _share(x, knots[i + 1], knots[i + order + 1])) * basis[i + 1]
            for i in range(len(basis) - 1)
        ]
    found = np.column_stack(basis[1:]) if len(basis) > 1 else np.empty((x.size, 0))
    return np.where(np.isnan(x)[:, None], np.nan, found)


def _share(x: np.ndarray, low: float, high: float) -> np.ndarray | float:
    return (x - low) / (high - low) if high > low else 0.0


def learn_ns(x: np.ndarray, settings: Mapping[str, Any]) -> State:
    """Learn the knots of natural cubic splines: at quantiles, or where they are given (as R's ns)."""
    df, knots = settings.get("df"), settings.get("knots")
    if (df is not None and (df < 1 or knots is not None)) or np.unique(x[np.isfinite(x)]).size < 2:
        raise ExpressionError(
            f"ns(...): expected different values and either knots or a df from 1; got df={df}, knots={knots}"
        )
    told = {"knots": knots} if knots else {"df": (df or 1) + 2}
    return learn_bs(x, {**told, "degree": 3})


def learn_cr(x: np.ndarray, settings: Mapping[str, Any]) -> State:
    """Learn the knots of cubic regression splines, whose `df` counts the constant too (as mgcv's k and patsy's cr).

    Beside an intercept, `cr(x, df=4)` is `ns(x, df=3)`.
    """
    df, knots = settings.get("df"), settings.get("knots")
    if knots is None and (df is None or df < 2):
        raise ExpressionError(f"cr(...): expected either knots or a df from 2, the constant being one; got df={df}")
    return learn_ns(x, {"df": None if df is None else df - 1, "knots": knots})


def use_ns(x: np.ndarray, state: State) -> np.ndarray:
    """Give natural cubic splines at `x`, shape (rows, df): B-splines without curvature at the ends, straight beyond.

    The basis is R's, which turns the B-splines by the QR decomposition of their curvatures at the two ends.

    Examples
    --------
    >>> x = np.linspace(0, 1, 5)
    >>> use_ns(x, learn_ns(x, {"df": 2})).round(3)[2]
    array([ 0.566, -0.211])
    """
    from scipy.interpolate import BSpline  # costs 50 ms, which other formulas need not wait for

    knots = np.array(state["knots"])
    splines = BSpline(knots, np.eye(knots.size - 4), 3)
    ends = knots[[0, -1]]
    turn = np.linalg.qr(splines(ends, 2)[:, 1:].T, mode="complete")[0][:, 2:]
    inside = np.clip(x, *ends)
    found = splines(inside) + (x - inside)[:, None] * splines(inside, 1)
    return found[:, 1:] @ turn


_SCALING = {"center": bool, "scale": bool}

REMEMBERING = {
    "scale": Remembering(learn_scale, use_scale, _SCALING),
    "standardize": Remembering(learn_standardize, use_scale, {"center": bool, "rescale": bool}),
    "center": Remembering(learn_center, use_scale),
    "poly": Remembering(learn_poly, use_poly, {"degree": int, "raw": bool}),
    "bs": Remembering(learn_bs, use_bs, {"df": int, "knots": list, "degree": int}),
    "ns": Remembering(learn_ns, use_ns, {"df": int, "knots": list}),
    "cr": Remembering(learn_cr, use_ns, {"df": int, "knots": list}),
}
