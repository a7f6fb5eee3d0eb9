"""Mediation through two mixed models: strategy -> uncertainty -> accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.stats.mixed import formula as formulas
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.results import MixedFit

__all__ = ["mediate"]


def mediate(
    mediator: MixedFit,
    outcome: MixedFit,
    *,
    cause: str,
    levels: tuple[object, object],
    draws: int = 2000,
    level: float = 0.95,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Part an effect on the outcome into what goes through a mediator and what doesn't.

    Quasi-Bayesian: fixed effects are drawn from their sampling law, which carries the clustering by reader and case;
    outcomes are predicted for the average reader and case with the cause at either level and the mediator as it would
    be at either level (Imai, Keele & Tingley 2010, Psychol. Methods 15(4)). Valid only where nothing unmeasured moves
    both mediator and outcome.

    Parameters
    ----------
    mediator : MixedFit
        Gaussian model of the mediator, a plain column of the table.
    outcome : MixedFit
        Model of the outcome, with the mediator and the cause among its fixed effects.
    cause : str
        Column whose effect is parted.
    levels : tuple
        From which value of the cause to which.
    draws : int
    level : float
        Coverage of the intervals.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    pandas.DataFrame
        Table of indirect, direct and total effect on the scale of the outcome (probability for binomial): effect,
        estimate, conf_low, conf_high, and the share that is mediated in the last row.
    """
    name = mediator.plan.parts.response
    if mediator.family.code != 0 or name not in outcome.frame.data.columns:
        raise ModelError(f"mediate wants a Gaussian model of a column that the outcome's model uses; came {name!r}")
    rng = np.random.default_rng(rng)
    rows = outcome.frame.data
    data = [rows.assign(**{cause: _like(rows[cause], value)}) for value in levels]
    noise = rng.normal(0, mediator.sigma, len(rows))
    through = [formulas.new_matrix(mediator.frame.spec, mediator.names, part) for part in data]
    fixed = [_line(outcome, part, name) for part in data]
    a = rng.multivariate_normal(mediator.coefficients, mediator.covariance, draws)
    b = rng.multivariate_normal(outcome.coefficients, outcome.covariance, draws)
    effects = np.array([_effects(outcome, through, fixed, noise, one, two) for one, two in zip(a, b, strict=True)])
    at = _effects(outcome, through, fixed, noise, mediator.coefficients, outcome.coefficients)
    return _table(np.array(at), effects, level)


def _like(values: pd.Series, value: Any) -> Any:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return pd.Categorical([value] * len(values), categories=values.cat.categories)
    return value


def _line(fit: MixedFit, data: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the fixed effects' columns at mediator 0, and how they grow with it."""
    low, high, far = (
        formulas.new_matrix(fit.frame.spec, fit.names, data.assign(**{name: value})) for value in (0.0, 1.0, 2.0)
    )
    if not np.allclose(far - high, high - low):
        raise ModelError(
            f"mediate wants the mediator {name!r} to enter the outcome's model as it is, without a transform"
        )
    return low, high - low


def _effects(
    fit: MixedFit,
    through: list[np.ndarray],
    fixed: list[tuple[np.ndarray, np.ndarray]],
    noise: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
) -> tuple[float, float, float]:
    middle = [part @ a + noise for part in through]

    def mean(at: int, carried: int) -> float:
        base, slope = fixed[at]
        return float(np.mean(fit.family.mean(base @ b + middle[carried] * (slope @ b))))

    both, none = mean(1, 1), mean(0, 0)
    indirect = 0.5 * ((both - mean(1, 0)) + (mean(0, 1) - none))
    return indirect, both - none - indirect, both - none


def _table(at: np.ndarray, effects: np.ndarray, level: float) -> pd.DataFrame:
    share, shares = at[0] / at[2], effects[:, 0] / effects[:, 2]
    tail = (1 - level) / 2
    every = np.column_stack([effects, shares])
    low, high = np.quantile(every, [tail, 1 - tail], axis=0)
    names = ["indirect", "direct", "total", "share mediated"]
    return pd.DataFrame({"effect": names, "estimate": [*at, share], "conf_low": low, "conf_high": high})
