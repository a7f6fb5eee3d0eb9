"""R2 of a mixed model (Nakagawa), and how much of the variance lies between readers and between cases (ICC)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits

__all__ = ["VarianceExplained", "r2"]

LOGISTIC_VARIANCE = np.pi**2 / 3


@dataclass(frozen=True, slots=True)
class VarianceExplained(Brief):
    """Marginal and conditional R2, and the intraclass correlation.

    Attributes
    ----------
    marginal : float
        R2 of the fixed effects.
    conditional : float
        R2 of fixed and random effects.
    icc : float
        Intraclass correlation: random variance over random and residual variance.
    shares : dict of str to float
        Each grouping's part of the random and residual variance.

    Examples
    --------
    >>> VarianceExplained(marginal=0.1, conditional=0.4, icc=0.33, shares={"reader": 0.08, "case": 0.25}).conditional
    0.4
    """

    marginal: float
    conditional: float
    icc: float
    shares: dict[str, float]


@of_mixed_fits
def r2(fit: MixedFit) -> VarianceExplained:
    """R2 of Nakagawa & Schielzeth, and intraclass correlations, of a Gaussian, binomial, ordinal or Poisson model.

    The residual variance of a binomial or ordinal outcome is that of the latent distribution (pi^2/3 for logit, 1 for
    probit); that of a Poisson outcome is log(1 + 1/mean), at the mean of an average reader and case. Random slopes
    count by their mean variance over the rows (Johnson 2014), and so do residuals with precision weights.

    Parameters
    ----------
    fit : MixedFit

    Raises
    ------
    ModelError
        For families without an agreed residual variance.

    References
    ----------
    Nakagawa & Schielzeth (2013), Methods Ecol. Evol. 4(2). Johnson (2014), Methods Ecol. Evol. 5(9). Nakagawa, Johnson
    & Schielzeth (2017), J. R. Soc. Interface 14.

    Examples
    --------
    Cases differ a lot, readers a little, the strategy explains next to nothing:

    >>> import pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(0)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(20), 30), "case": np.tile(np.arange(30), 20)})
    >>> data["scan"] = rng.integers(0, 2, 600)
    >>> effects = rng.normal(0, 0.3, 20)[data.reader] + rng.normal(0, 1, 30)[data.case]
    >>> data["seconds"] = 5 - 0.2 * data.scan + effects + rng.normal(0, 1, 600)
    >>> found = r2(mixed("seconds ~ scan + (1 | reader) + (1 | case)", data))
    >>> round(found.marginal, 2), round(found.conditional, 2)
    (0.0, 0.45)
    >>> {group: round(share, 2) for group, share in found.shares.items()}
    {'reader': 0.08, 'case': 0.37}
    """
    fixed = float(np.var(fit.frame.x @ fit.coefficients, ddof=1))
    parts: dict[str, float] = {}
    for term, effects in zip(fit.frame.terms, fit.random, strict=True):
        variance = float(np.mean(np.einsum("rk,kl,rl->r", term.z, effects.covariance, term.z)))
        parts[term.group] = parts.get(term.group, 0.0) + variance
    random = sum(parts.values())
    total = random + _residual_variance(fit, random)
    return VarianceExplained(
        marginal=fixed / (fixed + total),
        conditional=(fixed + random) / (fixed + total),
        icc=random / total,
        shares={group: variance / total for group, variance in parts.items()},
    )


def _residual_variance(fit: MixedFit, random: float) -> float:
    code = fit.family.code
    if fit.plan.parts.auxiliary_kind:
        raise ModelError(f"r2 is not defined here for a model with {fit.plan.parts.auxiliary_kind}(...)")
    if fit.family.gaussian:
        return fit.sigma**2 * float(np.mean(1 / fit.response.size))
    if code in (codes.BINOMIAL, codes.CUMULATIVE_LOGIT):
        # The variance on the latent scale; the observation-level (delta) variance of Nakagawa et al. (2017)
        # depends on the mean and would make R2 differ between a study of easy and one of hard cases.
        return LOGISTIC_VARIANCE
    if code in (codes.CUMULATIVE_PROBIT, codes.BINOMIAL_PROBIT):
        return 1.0
    if code == codes.BINOMIAL_CLOGLOG:
        return float(np.pi**2 / 6)
    if code == codes.LOGNORMAL:
        return fit.family_parameters["sd(residual)"].value ** 2
    if code == codes.POISSON:
        # The mean count over readers and cases: exp of a normal variable has mean exp(mu + variance / 2).
        x = fit.frame.x @ fit.coefficients + fit.frame.offset
        return float(np.log1p(1 / np.exp(np.mean(x) + 0.5 * random)))
    raise ModelError(f"r2 is not defined here for family {fit.family.name!r}")
