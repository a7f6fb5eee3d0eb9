"""Power by simulation from a fitted model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.model import refit
from gazeanalytics.stats.mixed.prediction import simulate
from gazeanalytics.stats.mixed.results import MixedFit
from gazeanalytics.tables import nearest

__all__ = ["Power", "power"]


@dataclass(frozen=True, slots=True)
class Power:
    """How often a simulated study finds an effect.

    Attributes
    ----------
    power : float
        Share of simulated outcomes with p below `alpha`.
    conf_low, conf_high : float
        Wilson's 95 % interval of that share.
    repeats : int
        Simulated outcomes whose fit converged.
    """

    power: float
    conf_low: float
    conf_high: float
    repeats: int


def power(
    fit: MixedFit,
    term: str,
    *,
    effect: float | None = None,
    repeats: int = 200,
    alpha: float = 0.05,
    rng: int | np.random.Generator | None = None,
) -> Power:
    """Simulate outcomes with the readers, cases and rows of a fit, and count how often a term is found.

    Parameters
    ----------
    fit : MixedFit
    term : str
        A fixed effect, as `fit.names` has it.
    effect : float, optional
        Its size on the scale of the linear predictor; as estimated where None. 0 gives the type I error.
    repeats : int
    alpha : float
        Level of the Wald test.
    rng : int, numpy.random.Generator or None
    """
    if term not in fit.names:
        raise ModelError(f"power wants a fixed effect; {term!r} isn't one: {nearest(term, list(fit.names))}")
    rng = np.random.default_rng(rng)
    place = fit.names.index(term)
    planted = fit.coefficients.copy()
    planted[place] = planted[place] if effect is None else effect
    world = replace(fit, coefficients=planted)
    fits = [again for _ in range(repeats) if (again := refit(fit, simulate(world, rng=rng))).converged]
    found = int(sum(_p_value(again, place) < alpha for again in fits))
    interval = stats.binomtest(found, len(fits)).proportion_ci(method="wilson")
    return Power(found / len(fits), float(interval.low), float(interval.high), len(fits))


def _p_value(fit: MixedFit, place: int) -> float:
    df = fit.df[place]
    law = stats.norm if np.isnan(df) else stats.t(df)
    return float(2 * law.sf(abs(fit.coefficients[place] / fit.std_errors[place])))
