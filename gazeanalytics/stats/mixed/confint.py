"""Confidence intervals of a mixed model's parameters: profile likelihood, Wald, or parametric bootstrap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import optimize, stats

from gazeanalytics.stats.mixed.anova import by_maximum_likelihood
from gazeanalytics.stats.mixed.design import Design, ModelError
from gazeanalytics.stats.mixed.model import refit
from gazeanalytics.stats.mixed.prediction import simulate
from gazeanalytics.stats.mixed.profiles import Profile, hold, profiles_of_several, sd_profile, spread_objective
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits, sd_name
from gazeanalytics.stats.mixed.solver.laplace import Gaussian
from gazeanalytics.stats.mixed.solver.optimise import minimise
from gazeanalytics.threads import one_blas_thread

__all__ = ["confint"]

NEARLY_ONE = 1 - 1e-9
LEAST_STEP = 0.02
MAX_DOUBLINGS = 12


@of_mixed_fits
def confint(
    fit: MixedFit,
    *,
    method: Literal["profile", "wald", "bootstrap"] = "profile",
    confidence: float = 0.95,
    n_resamples: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Confidence interval of each fixed effect, SD and correlation: profile likelihood, Wald or bootstrap.

    *profile* ends where the likelihood, highest over all other parameters, has dropped by half a chi-square quantile;
    right for standard deviations too, whose estimates are skewed. REML fits are profiled by ML, as lme4 does.
    *wald* is the table of `MixedFit.estimates`, at no cost. *bootstrap* simulates outcomes from the fit, refits and
    takes percentiles; slow, but it needs no large-sample law.

    Parameters
    ----------
    fit : MixedFit
    method : {"profile", "wald", "bootstrap"}
    confidence : float
        Coverage.
    n_resamples : int
        Simulated outcomes (bootstrap only).
    rng : int, numpy.random.Generator or None
        Bootstrap only.

    Returns
    -------
    pandas.DataFrame
        Columns term, estimate, std_error (of the bootstrap, else from the curvature), conf_low, conf_high,
        n_resamples (outcomes whose fit converged; 0 but for the bootstrap). Profiles leave out thresholds and
        dispersions; those of correlations end at -1 or 1 where the likelihood doesn't drop so far.

    Raises
    ------
    ModelError
        If the method is not known, or `confidence` is not between 0 and 1.

    See Also
    --------
    anova : The likelihood-ratio test that a profile turns around.

    References
    ----------
    Bates, Maechler, Bolker & Walker (2015), J. Stat. Softw. 67(1), on profiling.

    Examples
    --------
    With 8 readers, the interval of their standard deviation reaches further up than down:

    >>> import pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(8), 30), "scan": np.tile([0, 1], 120)})
    >>> data["seconds"] = 4 - data.scan + rng.normal(0, 1, 8)[data.reader] + rng.normal(0, 1, 240)
    >>> fit = mixed("seconds ~ scan + (1 | reader)", data)
    >>> confint(fit)[["term", "estimate", "conf_low", "conf_high"]].round(2)
               term  estimate  conf_low  conf_high
    0   (Intercept)      3.52      2.42       4.62
    1          scan     -0.89     -1.15      -0.64
    2    sd(reader)      1.38      0.89       2.49
    3  sd(residual)      1.00      0.92       1.10
    """
    if not 0 < confidence < 1:
        raise ModelError(f"confidence must lie between 0 and 1; got {confidence}")
    if method == "profile":
        return _profile_intervals(fit, confidence)
    if method == "wald":
        return _wald_intervals(fit, confidence)
    if method == "bootstrap":
        return _bootstrap_intervals(fit, confidence, n_resamples, np.random.default_rng(rng))
    raise ModelError(f"method: expected 'profile', 'wald' or 'bootstrap'; got {method!r}")


def _wald_intervals(fit: MixedFit, confidence: float) -> pd.DataFrame:
    columns = ["term", "estimate", "std_error", "conf_low", "conf_high"]
    return fit.estimates(confidence=confidence)[columns].assign(n_resamples=0)


def _bootstrap_intervals(fit: MixedFit, confidence: float, n_resamples: int, rng: np.random.Generator) -> pd.DataFrame:
    drawn = [again for _ in range(n_resamples) if (again := refit(fit, simulate(fit, rng=rng))).converged]
    # Fits that did not converge are left out, and counted by their absence: their estimates say where a search stopped.
    values = pd.DataFrame([_values(again) for again in drawn])
    tail = (1 - confidence) / 2
    return pd.DataFrame(
        {
            "term": values.columns,
            "estimate": list(_values(fit).values()),
            "std_error": values.std().to_numpy(),
            "conf_low": values.quantile(tail).to_numpy(),
            "conf_high": values.quantile(1 - tail).to_numpy(),
            "n_resamples": len(drawn),
        }
    )


def _values(fit: MixedFit) -> dict[str, float]:
    found = dict(zip(fit.names, map(float, fit.coefficients), strict=True))
    found |= {name: one.value for name, one in fit.family_parameters.items()}
    for term in fit.random:
        found |= {sd_name(term.group, name): float(sd) for name, sd in zip(term.names, term.sd, strict=True)}
    return found | ({"sd(residual)": fit.sigma} if fit.family.gaussian else {})


@dataclass(frozen=True, slots=True)
class _Direction:
    """One parameter to be profiled: where its maximum is, how far to step, -2 log L along it, and what it can be."""

    name: str
    estimate: float
    std_error: float
    profile: Profile
    low: float = -np.inf
    high: float = np.inf
    least_step: float = 0.0

    def end(self, side: int, bound: float) -> float:
        """Walk away from the estimate until the profile has crossed `bound`, then close in.

        Where it never does, the end is the last value that there can be, 0 of a standard deviation or -1 or 1 of a
        correlation; NaN for other parameters.
        """
        limit = self.high if side > 0 else self.low
        # 1.5 errors on, a 95 % bound of a parabola is not yet crossed but near: the root then lies in a short bracket.
        # At an edge, such as an SD of 0, the curvature gives no error to step by.
        error = self.std_error if self.std_error > self.least_step else 5 * self.least_step
        step, near = 1.5 * side * error, self.estimate
        for _ in range(MAX_DOUBLINGS):
            far = min(near + step, limit) if side > 0 else max(near + step, limit)
            if far != near and self.profile(far) > bound:
                # At the edge itself a profile may not be known: what holds there is what holds beside it.
                if not self.profile(near) < bound:
                    return near
                root: Any = optimize.brentq(lambda at: self.profile(at) - bound, near, far, xtol=1e-6 * abs(step))
                return float(root)
            if far == limit:
                return float(limit)
            near, step = far, 2 * step
        return float("nan")


@one_blas_thread()
def _profile_intervals(fit: MixedFit, confidence: float) -> pd.DataFrame:
    if fit.plan.parts.ar1:
        raise ModelError(
            "profiles of a model with ar1 would hold its correlation; use method='bootstrap', or 'wald' with "
            "Satterthwaite's degrees of freedom by estimates()"
        )
    full = by_maximum_likelihood(fit)
    # Wilks: twice the drop of the log likelihood is chi-square with the one degree of freedom of what is held.
    bound = -2 * full.log_likelihood + float(stats.chi2.ppf(confidence, 1))
    rows = [
        {
            "term": one.name,
            "estimate": one.estimate,
            "std_error": one.std_error,
            "conf_low": one.end(-1, bound),
            "conf_high": one.end(1, bound),
            "n_resamples": 0,
        }
        for one in _directions(full)
    ]
    return pd.DataFrame(rows)


def _directions(fit: MixedFit) -> Iterator[_Direction]:
    gaussian, theta = fit.family.gaussian, fit.solution.theta
    for k, name in enumerate(fit.names):
        profile = _fixed_effect_profile(fit, k) if gaussian else _laplace_profile(fit, theta.size + k)
        yield _Direction(name, float(fit.coefficients[k]), float(fit.std_errors[k]), profile)
    errors, least = fit.estimates().set_index("term")["std_error"], LEAST_STEP * fit.sigma
    place = 0
    for term in fit.solution.engine.design.terms:
        if term.width == 1:
            name = sd_name(term.group, term.names[0])
            value = float(abs(theta[place]) * fit.sigma)
            yield _Direction(name, value, float(errors[name]), sd_profile(fit, place), 0.0, least_step=least)
        place += term.parameters
    for one in profiles_of_several(fit):
        if one.name.startswith("cor("):
            # A singular fit has a correlation of 1, at which the profile isn't known, but it is right beside it.
            value, ends = float(np.clip(one.estimate, -NEARLY_ONE, NEARLY_ONE)), (-NEARLY_ONE, NEARLY_ONE)
            yield _Direction(one.name, value, float(errors[one.name]), one.profile, *ends, least_step=LEAST_STEP)
        else:
            yield _Direction(one.name, one.estimate, float(errors[one.name]), one.profile, 0.0, least_step=least)
    if gaussian:
        error = float(errors["sd(residual)"])
        yield _Direction("sd(residual)", fit.sigma, error, sd_profile(fit, theta.size))


def _laplace_profile(fit: MixedFit, k: int) -> Profile:
    """Profile of element k of (theta, beta, phi)."""
    return hold(*spread_objective(fit), k)


def _fixed_effect_profile(fit: MixedFit, k: int) -> Profile:
    """Profile of fixed effect k of a Gaussian model: its column, at a value held, joins the offset."""
    design, solution = fit.solution.engine.design, fit.solution
    rest = np.delete(design.x, k, axis=1)
    inverse = solution.joint_covariance[:-1, :-1] / 2

    def profile(value: float) -> float:
        moved: Design = replace(design, x=rest, offset=design.offset + value * design.x[:, k])
        return minimise(Gaussian(moved, reml=False), solution.theta, inverse, tolerance=1e-5).value

    return profile
