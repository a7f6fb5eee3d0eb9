"""Mean outcome of a set of rows, random effects integrated out, with its derivatives by every parameter of the model.

An outcome of mean g(eta + b), b normal with variance v = z'Sz, has population mean m(eta, v) = E g(eta + b). It solves
the heat equation dm/dv = m''/2, so that values of m along eta give its derivatives by the fixed effects and by the
standard deviations of the random effects too, for any link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.polynomial.hermite_e import hermegauss
from scipy.linalg import block_diag
from scipy.special import expit

from gazeanalytics.stats.mixed import frames
from gazeanalytics.stats.mixed.design import ModelError, RandomTerm, triangle, unpack
from gazeanalytics.stats.mixed.results import MixedFit, Plan

__all__ = ["Average", "AveragedRows", "ResponseModel", "average_at", "average_outcome", "response_model"]

NODES, WEIGHTS = hermegauss(31)  # exact to 1e-8 for a logistic curve up to a random SD of 2
WEIGHTS = WEIGHTS / WEIGHTS.sum()
STEP = 1e-3  # of differences along the linear predictor: truncation 1e-7, rounding 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class ResponseModel:
    """What a mean outcome depends on.

    Attributes
    ----------
    plan : Plan
        Family, formula and how to build its columns.
    theta, beta, phi : numpy.ndarray
        Relative covariance factors, fixed effects, the family's own parameters.
    sigma : float
        Residual standard deviation, which theta is relative to; 1 where the family has none.
    terms : tuple of RandomTerm
        In the order of theta.
    places : tuple of int
        Where each of them stands in the formula.
    covariance : numpy.ndarray
        Of (theta, beta, phi); NaN where not known.
    """

    plan: Plan
    theta: np.ndarray
    beta: np.ndarray
    phi: np.ndarray
    sigma: float
    terms: tuple[RandomTerm, ...]
    places: tuple[int, ...]
    covariance: np.ndarray

    @property
    def parameters(self) -> np.ndarray:
        """Theta, beta and phi in one."""
        return np.concatenate([self.theta, self.beta, self.phi])


@dataclass(frozen=True, slots=True)
class Average:
    """A mean outcome (of an ordinal one: the probability of each level).

    Attributes
    ----------
    value : numpy.ndarray, shape (outcomes,)
    jacobian : numpy.ndarray, shape (outcomes, parameters)
        Derivatives by (theta, beta, phi).
    """

    value: np.ndarray
    jacobian: np.ndarray


def response_model(fit: MixedFit) -> ResponseModel:
    """Take from a fit what its mean outcomes depend on.

    Raises
    ------
    ModelError
        If a part of the model has a mean outcome that is not known here.
    """
    kind = fit.plan.parts.auxiliary_kind
    if kind not in ("", "zeros", "nominal"):
        raise ModelError(f"the mean outcome of a model with {kind}(...) is not known here")
    if fit.family.timed:
        raise ModelError(
            "medians of times, which a log-normal model predicts, have no mean over readers; see contrasts"
        )
    solution, design = fit.solution, fit.solution.engine.design
    covariance = solution.joint_covariance
    if fit.family.gaussian:
        # The mean is linear in the fixed effects: what theta and sigma are doesn't move it.
        count = solution.theta.size
        covariance = np.zeros((count + solution.beta.size,) * 2)
        covariance[count:, count:] = solution.covariance
    steps = fit.threshold_steps
    whole = np.asarray(block_diag(np.eye(solution.theta.size + solution.beta.size), steps))
    if not fit.family.gaussian:
        covariance = whole @ covariance @ whole.T
    return ResponseModel(
        fit.plan,
        solution.theta,
        solution.beta,
        steps @ solution.phi,
        solution.sigma,
        design.terms,
        design.places,
        covariance,
    )


@dataclass(frozen=True, slots=True)
class AveragedRows:
    """Columns of the rows averaged over, alike rows once with their number.

    Attributes
    ----------
    x : numpy.ndarray, shape (rows, fixed effects)
    offset, count : numpy.ndarray, shape (rows,)
        Known part of the predictor; how many rows are alike.
    z : tuple of numpy.ndarray, shape (rows, coefficients)
        Of each random term.
    auxiliary : numpy.ndarray
        Predictors of the family's own parameters.
    """

    x: np.ndarray
    offset: np.ndarray
    count: np.ndarray
    z: tuple[np.ndarray, ...]
    auxiliary: np.ndarray

    @classmethod
    def built(cls, model: ResponseModel, data: pd.DataFrame) -> AveragedRows:
        """Build the columns of rows that have the columns of the formula but the outcome."""
        frame, other = model.plan.frame, model.plan.frame.auxiliary
        specs = [frame.specs[place] for place in model.places]
        pieces = [frames.new_matrix(frame.spec, frame.names, data)]
        pieces += [frames.new_matrix(spec, term.names, data) for spec, term in zip(specs, model.terms, strict=True)]
        pieces += [frames.new_matrix(other.spec, other.names, data)]
        pieces += [frames.known_part(model.plan.parts, data)[:, None]]
        alike, count = np.unique(np.hstack(pieces), axis=0, return_counts=True)
        x, *z, auxiliary, offset = np.split(alike, np.cumsum([piece.shape[1] for piece in pieces])[:-1], axis=1)
        return cls(x, offset[:, 0], count.astype(float), tuple(z), auxiliary)


def average_outcome(model: ResponseModel, rows: AveragedRows, *, population: bool = True) -> Average:
    """Average the expected outcome over rows, with its derivatives at the fitted parameters.

    Parameters
    ----------
    model : ResponseModel
    rows : AveragedRows
    population : bool
        Integrate the random effects out; otherwise set them to 0, the average reader and case.
    """
    share = rows.count / rows.count.sum()
    eta, variance = rows.x @ model.beta + rows.offset, np.zeros(share.size)
    by_theta = np.zeros((share.size, model.theta.size))
    if population:
        variance, by_theta = _variance(model, rows, model.theta)
    curve = _curve(model, rows, model.phi, np.sqrt(variance), eta)
    by_variance = np.einsum("rk,rt->kt", share[:, None] * curve.second / 2, by_theta)
    by_eta = (share[:, None] * curve.first).T @ rows.x
    by_phi = np.einsum("r,rkp->kp", share, curve.by_phi)
    return Average(share @ curve.value, np.hstack([by_variance, by_eta, by_phi]))


def average_at(
    model: ResponseModel, rows: AveragedRows, parameters: np.ndarray, *, population: bool = True
) -> np.ndarray:
    """Average the expected outcome over rows at other parameters (theta, beta, phi); shape (outcomes,)."""
    first, last = model.theta.size, model.theta.size + model.beta.size
    theta, beta, phi = parameters[:first], parameters[first:last], parameters[last:]
    eta, variance = rows.x @ beta + rows.offset, np.zeros(rows.count.size)
    if population:
        variance = _variance(model, rows, theta)[0]
    return rows.count @ _outcomes(model, rows, phi, np.sqrt(variance), eta) / rows.count.sum()


def _variance(model: ResponseModel, rows: AveragedRows, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance of each row's random part, and its derivatives by theta."""
    total, slopes = np.zeros(rows.count.size), [np.zeros((rows.count.size, 0))]
    for term, factor, z in zip(model.terms, unpack(theta, model.terms), rows.z, strict=True):
        row, column = triangle(term.width)
        along = z @ factor
        total += model.sigma**2 * np.sum(along**2, axis=1)
        slopes.append(2 * model.sigma**2 * z[:, row] * along[:, column])
    return total, np.hstack(slopes)


@dataclass(frozen=True, slots=True)
class _Curve:
    """Outcomes of rows and their first two derivatives by the linear predictor, (rows, outcomes); and those by phi."""

    value: np.ndarray
    first: np.ndarray
    second: np.ndarray
    by_phi: np.ndarray


def _outcomes(model: ResponseModel, rows: AveragedRows, phi: np.ndarray, sd: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Expected outcomes, shape (rows, outcomes)."""
    family = model.plan.family
    if not family.ordinal:
        return (_integrated(family.mean, eta, sd) * (1 - _excess(model, rows, phi)))[:, None]
    cuts = rows.auxiliary @ phi.reshape(rows.auxiliary.shape[1], -1)
    below = [_integrated(family.latent, cut - eta, sd) for cut in cuts.T]
    return np.diff(_ends(np.column_stack(below), 1.0), axis=1)


def _excess(model: ResponseModel, rows: AveragedRows, phi: np.ndarray) -> np.ndarray:
    """Probability of an excess zero."""
    if model.plan.parts.auxiliary_kind != "zeros":
        return np.zeros(rows.count.size)
    return expit(rows.auxiliary @ phi[len(model.plan.family.scales) :])


def _curve(model: ResponseModel, rows: AveragedRows, phi: np.ndarray, sd: np.ndarray, eta: np.ndarray) -> _Curve:
    family = model.plan.family
    if family.ordinal:
        return _level_curve(model, rows, phi, sd, eta)
    value, first, second = _along(family.mean, eta, sd)
    excess, by_phi = _excess(model, rows, phi), np.zeros((eta.size, 1, phi.size))
    if excess.any():
        by_phi[:, 0, len(family.scales) :] = -(value * excess * (1 - excess))[:, None] * rows.auxiliary
    kept = (1 - excess)[:, None]
    return _Curve(kept * value[:, None], kept * first[:, None], kept * second[:, None], by_phi)


def _level_curve(model: ResponseModel, rows: AveragedRows, phi: np.ndarray, sd: np.ndarray, eta: np.ndarray) -> _Curve:
    """Probabilities of the levels of an ordinal outcome, as differences of those of being below each threshold."""
    parts = phi.reshape(rows.auxiliary.shape[1], -1)
    below = [_along(model.plan.family.latent, cut - eta, sd) for cut in (rows.auxiliary @ parts).T]
    value, first, second = (np.column_stack([one[k] for one in below]) for k in range(3))
    # Threshold k of a row is its auxiliary predictors times column k of `parts`.
    by_phi = np.zeros((eta.size, parts.shape[1], *parts.shape))
    for k in range(parts.shape[1]):
        by_phi[:, k, :, k] = first[:, [k]] * rows.auxiliary
    slopes = np.diff(_ends(by_phi.reshape(eta.size, parts.shape[1], -1), 0.0), axis=1)
    value, first, second = (np.diff(_ends(*ends), axis=1) for ends in ((value, 1.0), (-first, 0.0), (second, 0.0)))
    return _Curve(value, first, second, slopes)


def _ends(below: np.ndarray, top: float) -> np.ndarray:
    """Put a 0 before and a `top` after along the second axis."""
    shape = (below.shape[0], 1, *below.shape[2:])
    return np.concatenate([np.zeros(shape), below, np.full(shape, top)], axis=1)


def _along(
    curve: Callable[[np.ndarray], np.ndarray], at: np.ndarray, sd: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Population mean of a curve, and its first two derivatives, by differences of a mean that quadrature gives."""
    # Rejected: derivatives of the curve itself, which would need a formula for each link.
    low, middle, high = (_integrated(curve, at + step, sd) for step in (-STEP, 0.0, STEP))
    return middle, (high - low) / (2 * STEP), (high - 2 * middle + low) / STEP**2


def _integrated(curve: Callable[[np.ndarray], np.ndarray], at: np.ndarray, sd: np.ndarray) -> np.ndarray:
    if not sd.any():
        return curve(at)
    total = np.zeros_like(at)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        total += weight * curve(at + sd * node)
    return total
