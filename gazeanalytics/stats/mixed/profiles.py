"""Profile likelihood of standard deviations and correlations of random effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from gazeanalytics.stats.mixed.model import assemble
from gazeanalytics.stats.mixed.results import MixedFit, sd_name
from gazeanalytics.stats.mixed.solver.fitting import fitted_objective
from gazeanalytics.stats.mixed.solver.laplace import Gaussian
from gazeanalytics.stats.mixed.solver.optimise import Objective, minimise

__all__ = ["NamedProfile", "Profile", "hold", "profiles_of_several", "sd_profile", "spread_objective"]

Profile = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class NamedProfile:
    """-2 log L along one standard deviation or correlation, and where it is highest."""

    name: str
    estimate: float
    profile: Profile


def hold(objective: Objective, start: np.ndarray, inverse: np.ndarray, k: int) -> Profile:
    """Objective as a function of parameter k, lowest over the others; each search starts where the last one ended."""
    free = np.delete(np.arange(start.size), k)
    best = {"at": start.copy()}

    def profile(value: float) -> float:
        def rest(part: np.ndarray) -> tuple[float, np.ndarray]:
            at = np.empty(start.size)
            at[free], at[k] = part, value
            height, gradient = objective(at)
            return height, gradient[free]

        if not free.size:
            return rest(np.empty(0))[0]
        # 1e-5 of -2 log L moves an end by some millionths of a standard error: the profile's slope there is about 4.
        optimum = minimise(rest, best["at"][free], inverse[np.ix_(free, free)], tolerance=1e-5)
        if np.isfinite(optimum.value):
            best["at"][free] = optimum.at
        return optimum.value

    return profile


def spread_objective(fit: MixedFit) -> tuple[Objective, np.ndarray, np.ndarray]:
    """Give -2 log L with its gradient, the estimates, and the inverse of the curvature there.

    Of a Gaussian model over (factors of the covariances, sigma), all in units of the outcome: the solver's theta is
    relative to sigma, so holding it would hold a ratio, not a standard deviation. Of others over (theta, beta, phi).
    """
    solution = fit.solution
    if not fit.family.gaussian:
        start = np.concatenate([solution.theta, solution.beta, solution.phi])
        return fitted_objective(solution, fit.plan.settings), start, solution.joint_covariance / 2
    engine = Gaussian(solution.engine.design, reml=False)

    def objective(at: np.ndarray) -> tuple[float, np.ndarray]:
        sigma = at[-1]
        if not sigma > 0:
            return np.inf, np.full(at.size, np.nan)
        value, gradient = engine.unprofiled(at[:-1] / sigma, sigma)
        return value, np.append(gradient[:-1] / sigma, gradient[-1] - gradient[:-1] @ at[:-1] / sigma**2)

    start = np.append(solution.theta * solution.sigma, solution.sigma)
    jacobian = np.eye(start.size) * solution.sigma
    jacobian[:-1, -1], jacobian[-1, -1] = solution.theta, 1.0
    return objective, start, jacobian @ solution.joint_covariance @ jacobian.T / 2


def sd_profile(fit: MixedFit, k: int) -> Profile:
    """Profile of element k of the parameters, a standard deviation."""
    profile = hold(*spread_objective(fit), k)
    return lambda value: np.inf if value < 0 else profile(value)


def profiles_of_several(fit: MixedFit) -> Iterator[NamedProfile]:
    """Profile standard deviations and correlations of the terms with several coefficients.

    The first diagonal element of a covariance's Cholesky factor is a standard deviation, and the second row a standard
    deviation and a correlation in polar coordinates; so each is profiled with its coefficients put first.
    """
    for place, (term, effects) in enumerate(zip(fit.frame.terms, fit.random, strict=True)):
        if term.width == 1:
            continue
        for k, name in enumerate(term.names):
            first, at = _first(fit, place, (k,))
            yield NamedProfile(sd_name(term.group, name), float(effects.sd[k]), sd_profile(first, at))
        for i, j in combinations(range(term.width), 2):
            first, at = _first(fit, place, (i, j))
            label = f"cor({term.group}: {term.names[i]}, {term.names[j]})"
            profile = _correlation_profile(first, at, term.width)
            yield NamedProfile(label, float(effects.correlation[i, j]), profile)


def _first(fit: MixedFit, place: int, chosen: tuple[int, ...]) -> tuple[MixedFit, int]:
    """Fit again with those coefficients of a term put first; give the place of the term's parameters too."""
    terms, term = list(fit.frame.terms), fit.frame.terms[place]
    order = [*chosen, *(k for k in range(term.width) if k not in chosen)]
    names = tuple(term.names[k] for k in order)
    terms[place] = replace(term, names=names, z=np.ascontiguousarray(term.z[:, order]))
    again = assemble(replace(fit.plan, frame=replace(fit.frame, terms=tuple(terms))), fit.response)
    design = again.solution.engine.design
    before = design.terms[: design.places.index(place)]
    return again, sum(one.parameters for one in before)


def _correlation_profile(fit: MixedFit, at: int, width: int) -> Profile:
    objective, start, inverse = spread_objective(fit)
    # Elements (1, 0) and (1, 1) of the factor, which is packed column by column: r s and s sqrt(1 - r^2).
    across, own = at + 1, at + width

    def polar(point: np.ndarray) -> tuple[float, np.ndarray]:
        r, s = point[across], point[own]
        # A factor's columns may change their signs, which would turn that of the correlation.
        if not (abs(r) < 1 and s >= 0 and point[at] >= 0):
            return np.inf, np.full(point.size, np.nan)
        rest = np.sqrt(1 - r**2)
        plain = point.copy()
        plain[across], plain[own] = r * s, rest * s
        value, gradient = objective(plain)
        turned = gradient.copy()
        turned[across] = s * gradient[across] - s * r / rest * gradient[own]
        turned[own] = r * gradient[across] + rest * gradient[own]
        return value, turned

    a, b = start[across], start[own]
    s = float(np.hypot(a, b))
    begin = start.copy()
    begin[[at, across, own]] = abs(start[at]), a / s * np.sign(start[at]), s
    jacobian = np.eye(start.size)
    jacobian[np.ix_([across, own], [across, own])] = [[b * b / s**3, -a * b / s**3], [a / s, b / s]]
    turned_inverse = jacobian @ inverse @ jacobian.T
    warm = hold(polar, begin, turned_inverse, across)
    # Near -1 and 1 a search that starts where the last one ended can stay on the far side of a valley.
    return lambda r: min(warm(r), hold(polar, begin, turned_inverse, across)(r))
