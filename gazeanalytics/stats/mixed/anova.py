"""Compare models and put intervals around their parameters: likelihood ratios, profiles, parametric bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import optimize, stats

from gazeanalytics.stats.mixed.design import Design, ModelError
from gazeanalytics.stats.mixed.laplace import Gaussian, Laplace
from gazeanalytics.stats.mixed.model import assemble, refit
from gazeanalytics.stats.mixed.optimise import minimise
from gazeanalytics.stats.mixed.prediction import simulate
from gazeanalytics.stats.mixed.results import MixedFit, spread_name
from gazeanalytics.threads import one_blas_thread

__all__ = ["bootstrap", "compare", "profile"]


def compare(*fits: MixedFit) -> pd.DataFrame:
    """Compare nested models by likelihood ratios, from the smallest to the largest.

    Gaussian models fitted by REML are refitted by ML, as restricted likelihoods of different fixed effects can't be
    compared. A spread tested against 0 lies on the edge of what it can be; its p-value is then too large by up to half.

    Returns
    -------
    pandas.DataFrame
        Columns formula, parameters, log_likelihood, aic, bic, statistic (chi-square), df, p_value; NaN in row 0.

    Raises
    ------
    ModelError
        When fewer than two fits come, or they use different rows.
    """
    if len(fits) < 2:
        raise ModelError(f"compare wants at least two fits; came {len(fits)}")
    if len({fit.n for fit in fits}) > 1:
        counts = ", ".join(f"{fit.n:,}" for fit in fits)
        raise ModelError(f"compare wants fits to the same rows; came {counts} rows; drop missing values first")
    ordered = sorted((full_likelihood(fit) for fit in fits), key=lambda fit: fit.parameters)
    table = pd.DataFrame(
        {
            "formula": [fit.formula for fit in ordered],
            "parameters": [fit.parameters for fit in ordered],
            "log_likelihood": [fit.log_likelihood for fit in ordered],
            "aic": [fit.aic for fit in ordered],
            "bic": [fit.bic for fit in ordered],
        }
    )
    table["statistic"] = 2 * table["log_likelihood"].diff()
    table["df"] = table["parameters"].diff()
    table["p_value"] = stats.chi2.sf(table["statistic"], table["df"])
    return table


def full_likelihood(fit: MixedFit) -> MixedFit:
    """Return the fit, by ML where it was by REML."""
    return assemble(replace(fit.plan, reml=False), fit.response) if fit.plan.reml else fit


@one_blas_thread()
def profile(fit: MixedFit, *, level: float = 0.95) -> pd.DataFrame:
    """Give profile-likelihood intervals of fixed effects and standard deviations.

    An end is where the likelihood, highest over all other parameters, has dropped by half a chi-square quantile. REML
    fits are profiled by ML, as lme4 does. Standard deviations of terms with several coefficients, thresholds and
    dispersions are left out.

    Returns
    -------
    pandas.DataFrame
        Columns term, estimate, conf_low, conf_high.
    """
    full = full_likelihood(fit)
    drop = float(stats.chi2.ppf(level, 1))
    rows = []
    for name, value, error, along in _directions(full):
        low, high = (_end(along, value, side * error, -2 * full.log_likelihood + drop) for side in (-1, 1))
        rows.append({"term": name, "estimate": value, "conf_low": low, "conf_high": high})
    return pd.DataFrame(rows)


Along = Callable[[float], float]


def _directions(fit: MixedFit) -> list[tuple[str, float, float, Along]]:
    design = fit.solution.engine.design
    gaussian = fit.family.code == 0
    table = fit.estimates().set_index("term")
    found = []
    for k, name in enumerate(fit.names):
        along = _along_fixed(fit, k) if gaussian else _along(fit, fit.solution.theta.size + k)
        found.append((name, float(fit.coefficients[k]), float(fit.std_errors[k]), along))
    place = 0
    for term in design.terms:
        if term.width == 1:
            name = spread_name(term.group, term.names[0])
            value = float(fit.solution.theta[place] * fit.sigma)
            error = table["std_error"][name]
            along = _along_spread(fit, place) if gaussian else _along(fit, place)
            found.append((name, value, float(error) if np.isfinite(error) and error > 0 else 0.1, along))
        place += term.parameters
    if gaussian:
        error = float(table["std_error"]["sd(residual)"])
        found.append(("sd(residual)", fit.sigma, error, _along_spread(fit, fit.solution.theta.size)))
    return found


def _end(along: Along, value: float, step: float, bound: float) -> float:
    """Walk away from the estimate until the profile has crossed `bound`, then close in."""
    near, far = value, value + 1.5 * step
    for _ in range(12):
        if along(far) > bound:
            root: Any = optimize.brentq(lambda at: along(at) - bound, near, far, xtol=1e-6 * abs(step))
            return float(root)
        near, far = far, far + abs(far - value) * np.sign(step)
    return float("nan")


def _hold(
    objective: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray, inverse: np.ndarray, k: int
) -> Along:
    """Give the objective as a function of parameter k, lowest over the others."""
    free = np.delete(np.arange(start.size), k)
    best = {"at": start.copy()}

    def along(value: float) -> float:
        def rest(part: np.ndarray) -> tuple[float, np.ndarray]:
            at = np.empty(start.size)
            at[free], at[k] = part, value
            height, gradient = objective(at)
            return height, gradient[free]

        if not free.size:
            return rest(np.empty(0))[0]
        optimum = minimise(rest, best["at"][free], inverse[np.ix_(free, free)], tolerance=1e-5)
        if np.isfinite(optimum.value):
            best["at"][free] = optimum.at
        return optimum.value

    return along


def _along(fit: MixedFit, k: int) -> Along:
    solution, old = fit.solution, cast(Laplace, fit.solution.engine)
    engine = Laplace(old.design, old.likelihood)
    engine.hold_fixed()
    start = np.concatenate([solution.theta, solution.beta, solution.phi])
    along = _hold(engine, start, solution.spread / 2, k)
    if k >= solution.theta.size:
        return along
    return lambda value: np.inf if value < 0 else along(value)


def _along_fixed(fit: MixedFit, k: int) -> Along:
    design, solution = fit.solution.engine.design, fit.solution
    rest = np.delete(design.x, k, axis=1)
    inverse = solution.spread[:-1, :-1] / 2

    def along(value: float) -> float:
        moved: Design = replace(design, x=rest, offset=design.offset + value * design.x[:, k])
        return minimise(Gaussian(moved, reml=False), solution.theta, inverse, tolerance=1e-5).value

    return along


def _along_spread(fit: MixedFit, k: int) -> Along:
    """Profile over (standard deviations, sigma); all in units of the outcome."""
    solution = fit.solution
    engine = Gaussian(solution.engine.design, reml=False)

    def objective(at: np.ndarray) -> tuple[float, np.ndarray]:
        sigma = at[-1]
        if not sigma > 0:
            return np.inf, np.full(at.size, np.nan)
        value, gradient = engine.unprofiled(at[:-1] / sigma, sigma)
        return value, np.append(gradient[:-1] / sigma, gradient[-1] - gradient[:-1] @ at[:-1] / sigma**2)

    start = np.append(solution.theta * solution.sigma, solution.sigma)
    turn = np.eye(start.size) * solution.sigma
    turn[:-1, -1], turn[-1, -1] = solution.theta, 1.0
    along = _hold(objective, start, turn @ solution.spread @ turn.T / 2, k)
    return lambda value: np.inf if value < 0 else along(value)


def bootstrap(
    fit: MixedFit, *, repeats: int = 1000, level: float = 0.95, rng: int | np.random.Generator | None = None
) -> pd.DataFrame:
    """Give parametric-bootstrap intervals: simulate from the fit, refit, take percentiles.

    Parameters
    ----------
    fit : MixedFit
    repeats : int
        How many simulated outcomes.
    level : float
        Coverage.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    pandas.DataFrame
        Columns term, estimate, std_error, conf_low, conf_high, repeats (that converged).
    """
    rng = np.random.default_rng(rng)
    drawn = [again for _ in range(repeats) if (again := refit(fit, simulate(fit, rng=rng))).converged]
    values = pd.DataFrame([_values(again) for again in drawn])
    tail = (1 - level) / 2
    return pd.DataFrame(
        {
            "term": values.columns,
            "estimate": list(_values(fit).values()),
            "std_error": values.std().to_numpy(),
            "conf_low": values.quantile(tail).to_numpy(),
            "conf_high": values.quantile(1 - tail).to_numpy(),
            "repeats": len(drawn),
        }
    )


def _values(fit: MixedFit) -> dict[str, float]:
    found = dict(zip(fit.names, map(float, fit.coefficients), strict=True))
    found |= {name: own.value for name, own in fit.own.items()}
    for term in fit.random:
        found |= {spread_name(term.group, name): float(sd) for name, sd in zip(term.names, term.sd, strict=True)}
    return found | ({"sd(residual)": fit.sigma} if fit.family.code == 0 else {})
