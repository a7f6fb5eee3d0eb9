"""Predicted shares of the levels of a multinomial logit: population-averaged, with delta-method intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.polynomial.hermite_e import hermegauss
from scipy import stats
from scipy.special import expit, logit, softmax

from gazeanalytics.stats.mixed import frames
from gazeanalytics.stats.mixed.degrees_of_freedom import of_averages
from gazeanalytics.stats.mixed.design import ModelError, triangle
from gazeanalytics.stats.mixed.multinomial import MultinomialFit
from gazeanalytics.tables import nearest

__all__ = ["predicted_shares"]

# At 15 points a dimension (three of them) shares agree with those at 31 to 1e-6, at a tenth of the time.
MAX_NODES = 4_000
STEP = 1e-5
_SCORES_AT_ONCE = 2_000_000


def predicted_shares(
    fit: MultinomialFit,
    by: str | Sequence[str] | Mapping[str, Sequence[Any]],
    *,
    data: pd.DataFrame | None = None,
    difference: bool = False,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Predict each level's share if all rows had one value of a predictor, random effects integrated out.

    Parameters
    ----------
    fit : MultinomialFit
    by : str, sequence of str, or mapping
        Columns of the fixed part; of a number, the values: `{"years": [2, 10, 20]}`.
    data : pandas.DataFrame, optional
        Rows to average over; those of the fit where None.
    difference : bool
        Give the differences of the shares from those at the first value, instead of the shares.
    confidence : float
        Coverage of the intervals, by the delta method (of shares on the logit scale), with Student's t for the readers,
        cases or countries that they rest on.

    Returns
    -------
    pandas.DataFrame
        Columns level, contrast (at which value), estimate, std_error, conf_low, conf_high and, of differences, p_value.

    Raises
    ------
    ModelError
        If a column is not in the fixed part, or a number has no values.

    Examples
    --------
    >>> from gazeanalytics.stats import multinomial
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(30), 20), "site": np.repeat(["x", "y"], 300)})
    >>> scores = np.column_stack([np.zeros(600), 2.0 * (data["site"] == "y")]) + rng.gumbel(size=(600, 2))
    >>> data["strategy"] = np.array(["a", "b"])[scores.argmax(axis=1)]
    >>> shares = predicted_shares(multinomial("strategy ~ site + (1 | reader)", data), "site")
    >>> shares[["level", "contrast", "estimate"]].round(2)
      level contrast  estimate
    0     a        x      0.51
    1     b        x      0.49
    2     a        y      0.11
    3     b        y      0.89
    """
    if not np.isfinite(fit.covariance).all():
        raise ModelError("the fit has no standard errors (see its notes), so shares get no intervals")
    labels, built = _built(fit, by, fit.frame.data if data is None else data)
    value, slopes = _shares_and_slopes(fit, built)
    if difference:
        labels = [f"{label} - {labels[0]}" for label in labels[1:]]
        value, slopes = value[1:] - value[0], slopes[:, 1:] - slopes[:, :1]
    error = np.sqrt(np.einsum("pak,pq,qak->ak", slopes, fit.covariance, slopes).clip(min=0))
    df = _degrees_of_freedom(fit, slopes)
    half = stats.t.isf((1 - confidence) / 2, df) * error
    table = pd.DataFrame(
        {
            "level": list(fit.levels) * len(labels),
            "contrast": np.repeat(labels, len(fit.levels)),
            "estimate": value.ravel(),
            "std_error": error.ravel(),
        }
    )
    if difference:
        p_values = 2 * stats.t.sf(np.abs(value / error), df)
        return table.assign(conf_low=(value - half).ravel(), conf_high=(value + half).ravel(), p_value=p_values.ravel())
    spread = half / (value * (1 - value))
    return table.assign(conf_low=expit(logit(value) - spread).ravel(), conf_high=expit(logit(value) + spread).ravel())


def _degrees_of_freedom(fit: MultinomialFit, slopes: np.ndarray) -> np.ndarray:
    """Degrees of freedom of each share, infinite for a normal interval; `slopes` along (theta, coefficients)."""
    df = np.concatenate([np.full(fit.theta.size, np.nan), np.tile(fit.df, len(fit.levels) - 1)])
    found = of_averages(df, slopes.reshape(len(slopes), -1).T, fit.covariance)
    return np.where(np.isnan(found), np.inf, found).reshape(slopes.shape[1:])


def _built(
    fit: MultinomialFit, by: str | Sequence[str] | Mapping[str, Sequence[Any]], rows: pd.DataFrame
) -> tuple[list[str], list[tuple[np.ndarray, np.ndarray]]]:
    """Labels, and alike rows of the fixed effects with their share, at each combination of values."""
    spec, values = fit.frame.spec, {}
    for name in [by] if isinstance(by, str) else by:
        if name not in spec.required_variables:
            raise ModelError(
                f"{name!r} is not a column of the fixed part; {nearest(name, list(spec.required_variables))}"
            )
        if isinstance(by, Mapping):
            values[name] = list(by[name])
        elif name in spec.categories:
            values[name] = list(pd.Categorical(fit.frame.data[name]).categories)
        else:
            raise ModelError(f"{name!r} is a number: expected values to predict at, such as {{{name!r}: [1, 2]}}")
    labels, built = [], []
    for one in product(*values.values()):
        columns = {name: _like(fit.frame.data[name], value, len(rows)) for name, value in zip(values, one, strict=True)}
        x, count = np.unique(frames.new_matrix(spec, fit.names, rows.assign(**columns)), axis=0, return_counts=True)
        labels.append(", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in one))
        built.append((x, count / count.sum()))
    return labels, built


def _like(column: pd.Series, value: Any, rows: int) -> Any:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Categorical([value] * rows, categories=column.dtype.categories)
    return value


def _shares_and_slopes(
    fit: MultinomialFit, built: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Population-averaged shares, shape (values, levels), and their slopes along (theta, coefficients).

    Slopes along the coefficients come with the shares, as those of a softmax are products of its values; slopes along
    theta, a few numbers, are central differences.
    """
    random, weights = _random_scores(fit, fit.theta)
    parts = [_averaged(fit, x, share, random, weights) for x, share in built]
    value = np.array([part[0] for part in parts])
    along_theta = []
    for unit in STEP * np.eye(fit.theta.size):
        ends = []
        for theta in (fit.theta + unit, fit.theta - unit):
            moved, _ = _random_scores(fit, theta)
            ends.append(np.array([_averaged(fit, x, share, moved, weights, slopes=False)[0] for x, share in built]))
        along_theta.append((ends[0] - ends[1]) / (2 * STEP))
    along_beta = np.moveaxis(np.array([part[1] for part in parts]), 1, 0)
    return value, np.concatenate([np.array(along_theta).reshape(-1, *value.shape), along_beta])


def _random_scores(fit: MultinomialFit, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores that the random effects of all groups together add, shape (nodes, levels - 1), and the nodes' weights."""
    others = len(fit.levels) - 1
    covariance, size = np.zeros((others, others)), triangle(others)[0].size
    for start in range(0, theta.size, size):
        factor = np.zeros((others, others))
        factor[triangle(others)] = theta[start : start + size]
        covariance += factor @ factor.T
    values, vectors = np.linalg.eigh(covariance)
    nodes, weights = _nodes(others)
    return nodes @ (vectors * np.sqrt(values.clip(min=0))).T, weights


def _averaged(
    fit: MultinomialFit, x: np.ndarray, share: np.ndarray, random: np.ndarray, weights: np.ndarray, slopes: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the levels over rows and nodes, shape (levels,), and slopes, shape (coefficients, levels)."""
    levels = len(fit.levels)
    value, along = np.zeros(levels), np.zeros((levels - 1, x.shape[1], levels))
    batch = max(_SCORES_AT_ONCE // (len(weights) * levels), 1)
    for start in range(0, len(x), batch):
        rows, of_rows = x[start : start + batch], share[start : start + batch]
        scores = np.zeros((len(rows), len(weights), levels))
        scores[..., 1:] = (rows @ fit.coefficients.T)[:, None, :] + random
        chance = softmax(scores, axis=2)
        mean = weights @ chance
        value += of_rows @ mean
        if slopes:
            both = np.swapaxes(chance * weights[:, None], 1, 2) @ chance
            change = mean[:, :, None] * np.eye(levels) - both
            along += np.einsum("r,rjk,rc->jck", of_rows, change[:, 1:], rows)
    return value, along.reshape(-1, levels)


def _nodes(dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of a Gauss-Hermite product rule, as many a dimension as MAX_NODES allows, 31 at most."""
    count = max(min(31, int(MAX_NODES ** (1 / dimensions))), 2)
    one, weight = hermegauss(count)
    grid = np.stack(np.meshgrid(*[one] * dimensions, indexing="ij"), axis=-1).reshape(-1, dimensions)
    weights = np.prod(
        np.stack(np.meshgrid(*[weight] * dimensions, indexing="ij"), axis=-1).reshape(-1, dimensions), axis=1
    )
    return grid, weights / weights.sum()
