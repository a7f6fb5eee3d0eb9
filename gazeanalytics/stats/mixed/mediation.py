"""Mediation analysis through two mixed models: strategy -> uncertainty -> accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.stats.mixed import frames
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits

__all__ = ["mediate"]


@of_mixed_fits
def mediate(
    mediator: MixedFit,
    outcome: MixedFit,
    *,
    cause: str,
    levels: tuple[object, object],
    n_resamples: int = 2000,
    confidence: float = 0.95,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Mediation: split an effect on the outcome into the indirect part through a mediator and the direct part.

    Quasi-Bayesian: fixed effects are drawn from their sampling distribution, which carries the clustering by reader and
    case; outcomes are predicted for the average reader and case with the cause at either level and the mediator as it
    would be at either level. Valid only where nothing unmeasured moves both mediator and outcome.

    Parameters
    ----------
    mediator : MixedFit
        Gaussian model of the mediator, a plain column of the table.
    outcome : MixedFit
        Model of the outcome, with the mediator and the cause among its fixed effects.
    cause : str
        Column whose effect is split.
    levels : tuple
        From which value of the cause to which.
    n_resamples : int
        Draws of the fixed effects.
    confidence : float
        Coverage of the intervals.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    pandas.DataFrame
        Table of indirect, direct and total effect on the scale of the outcome (probability for binomial): effect,
        estimate, conf_low, conf_high, and the share that is mediated in the last row.

    Raises
    ------
    ModelError
        If the mediator's model is not Gaussian, or the outcome's model has the mediator not at all or transformed.

    References
    ----------
    Imai, Keele & Tingley (2010), Psychol. Methods 15(4).

    Examples
    --------
    Scanning lowers doubt, doubt lowers accuracy, and there is no other way from one to the other:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(20), 40), "scan": np.tile([0, 1], 400)})
    >>> data["doubt"] = 1 - data.scan + rng.normal(0, 0.3, 20)[data.reader] + rng.normal(0, 1, 800)
    >>> data["correct"] = rng.binomial(1, 1 / (1 + np.exp(data.doubt - 1)))
    >>> doubt = mixed("doubt ~ scan + (1 | reader)", data)
    >>> correct = mixed("correct ~ scan + doubt + (1 | reader)", data, family="binomial")
    >>> mediate(doubt, correct, cause="scan", levels=(0, 1), n_resamples=200, rng=1).round(2)
               effect  estimate  conf_low  conf_high
    0        indirect      0.17      0.14       0.20
    1          direct     -0.00     -0.07       0.05
    2           total      0.17      0.11       0.23
    3  share mediated      1.01      0.75       1.63
    """
    name = mediator.plan.parts.response
    if not mediator.family.gaussian or name not in outcome.frame.data.columns:
        raise ModelError(f"mediator: expected a Gaussian model of a column that the outcome's model uses; got {name!r}")
    rng = np.random.default_rng(rng)
    rows = outcome.frame.data
    data = [rows.assign(**{cause: _like(rows[cause], value)}) for value in levels]
    # One draw of the mediator's noise for both levels of the cause: contrasts then don't carry its sampling error.
    noise = rng.normal(0, mediator.sigma, len(rows))
    through = [frames.new_matrix(mediator.frame.spec, mediator.names, part) for part in data]
    fixed = [_line(outcome, part, name) for part in data]
    a = rng.multivariate_normal(mediator.coefficients, mediator.covariance, n_resamples)
    b = rng.multivariate_normal(outcome.coefficients, outcome.covariance, n_resamples)
    effects = np.array([_effects(outcome, through, fixed, noise, one, two) for one, two in zip(a, b, strict=True)])
    at = _effects(outcome, through, fixed, noise, mediator.coefficients, outcome.coefficients)
    return _table(np.array(at), effects, confidence)


def _like(values: pd.Series, value: Any) -> Any:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return pd.Categorical([value] * len(values), categories=values.cat.categories)
    return value


def _line(fit: MixedFit, data: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the fixed effects' columns at mediator 0, and how they grow with it."""
    low, high, far = (
        frames.new_matrix(fit.frame.spec, fit.names, data.assign(**{name: value})) for value in (0.0, 1.0, 2.0)
    )
    if not np.allclose(far - high, high - low):
        raise ModelError(f"mediator: expected {name!r} to enter the outcome's model as it is, without a transform")
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
    # Mean of the path with the cause held at either level: where cause and mediator interact on the outcome's scale (a
    # logit does that by itself) the two differ, and total = indirect + direct holds for their mean only.
    indirect = 0.5 * ((both - mean(1, 0)) + (mean(0, 1) - none))
    return indirect, both - none - indirect, both - none


def _table(at: np.ndarray, effects: np.ndarray, confidence: float) -> pd.DataFrame:
    share, shares = at[0] / at[2], effects[:, 0] / effects[:, 2]
    tail = (1 - confidence) / 2
    every = np.column_stack([effects, shares])
    low, high = np.quantile(every, [tail, 1 - tail], axis=0)
    names = ["indirect", "direct", "total", "share mediated"]
    return pd.DataFrame({"effect": names, "estimate": [*at, share], "conf_low": low, "conf_high": high})
