"""Power analysis by simulation from a fitted model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.model import refit
from gazeanalytics.stats.mixed.prediction import simulate
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits
from gazeanalytics.tables import nearest

__all__ = ["Power", "power"]


@dataclass(frozen=True, slots=True)
class Power(Brief):
    """Power: how often a simulated study finds an effect.

    Attributes
    ----------
    power : float
        Share of simulated outcomes with p below `alpha`.
    conf_low, conf_high : float
        Wilson's 95 % interval of that share.
    n_resamples : int
        Simulated outcomes whose fit converged.

    Examples
    --------
    >>> Power(power=0.8, conf_low=0.74, conf_high=0.85, n_resamples=200).power
    0.8
    """

    power: float
    conf_low: float
    conf_high: float
    n_resamples: int


@of_mixed_fits
def power(
    fit: MixedFit,
    term: str,
    *,
    effect: float | None = None,
    n_resamples: int = 200,
    alpha: float = 0.05,
    rng: int | np.random.Generator | None = None,
) -> Power:
    """Power of a fixed effect's Wald test by simulation, with the readers, cases and rows of a fit.

    Parameters
    ----------
    fit : MixedFit
    term : str
        A fixed effect, as `fit.names` has it.
    effect : float, optional
        Its size on the scale of the linear predictor; as estimated where None. 0 gives the type I error.
    n_resamples : int
        Simulated outcomes.
    alpha : float
        Level of the Wald test.
    rng : int, numpy.random.Generator or None

    Returns
    -------
    Power

    Raises
    ------
    ModelError
        If the model has no such fixed effect.

    See Also
    --------
    mrmc_sample_size : Readers and cases for a difference of two ROC areas.

    References
    ----------
    Green & MacLeod (2016), Methods Ecol. Evol. 7(4): the R package simr.

    Examples
    --------
    A pilot of 8 readers with 20 readings each; would a prior that saves 0.3 s be found?

    >>> import pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(8), 20), "prior": np.tile([0, 1], 80)})
    >>> data["seconds"] = 4 - 0.3 * data.prior + rng.normal(0, 1, 8)[data.reader] + rng.normal(0, 1, 160)
    >>> found = power(mixed("seconds ~ prior + (1 | reader)", data), "prior", effect=-0.3, n_resamples=50, rng=1)
    >>> found.power, round(found.conf_low, 2), round(found.conf_high, 2)
    (0.54, 0.4, 0.67)
    """
    if term not in fit.names:
        raise ModelError(f"{term!r} is not a fixed effect; {nearest(term, list(fit.names))}")
    # Power at the estimate itself ("observed power") says no more than its p-value; hence `effect`.
    rng = np.random.default_rng(rng)
    place = fit.names.index(term)
    planted = fit.coefficients.copy()
    planted[place] = planted[place] if effect is None else effect
    world = replace(fit, coefficients=planted)
    fits = [again for _ in range(n_resamples) if (again := refit(fit, simulate(world, rng=rng))).converged]
    found = int(sum(_p_value(again, place) < alpha for again in fits))
    # Wilson's interval: the usual one has width 0 where all or no simulations find the effect.
    interval = stats.binomtest(found, len(fits)).proportion_ci(method="wilson")
    return Power(found / len(fits), float(interval.low), float(interval.high), len(fits))


def _p_value(fit: MixedFit, place: int) -> float:
    df = fit.df[place]
    law = stats.norm if np.isnan(df) else stats.t(df)
    return float(2 * law.sf(abs(fit.coefficients[place] / fit.std_errors[place])))
