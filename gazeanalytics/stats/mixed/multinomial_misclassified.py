"""Who follows which strategy, where readings may be misplaced: multiple imputation of strategies by posteriors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import softmax

from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed import formula as formulas
from gazeanalytics.stats.mixed.design import ModelError, triangle
from gazeanalytics.stats.mixed.misclassified import rows_with_posterior
from gazeanalytics.stats.mixed.multinomial import MultinomialFit, fit_levels, read_multinomial
from gazeanalytics.stats.mixed.settings import MixedSettings
from gazeanalytics.stats.mixed.solver.laplace import Laplace
from gazeanalytics.stats.mixed.solver.system import Modes
from gazeanalytics.threads import one_blas_thread

__all__ = ["MisclassifiedOutcome", "multinomial_misclassified"]

SETTLING = 3  # rounds before the first that counts: what is left of the start falls by the share that isn't known, each


@dataclass(frozen=True, slots=True)
class MisclassifiedOutcome(Brief):
    """A multinomial logit beside itself: strategies as assigned, and imputed by their posterior probabilities.

    Attributes
    ----------
    assigned, corrected : MultinomialFit
    misplaced : float
        Share of rows whose likeliest strategy is expected not to be theirs.
    """

    INSTEAD: ClassVar[str] = "take its `corrected` fit, or the `assigned` one"

    assigned: MultinomialFit
    corrected: MultinomialFit
    misplaced: float


@one_blas_thread()
def multinomial_misclassified(
    formula: str,
    data: pd.DataFrame,
    posterior: pd.DataFrame,
    *,
    n_imputations: int = 10,
    settings: MixedSettings | Mapping[str, Any] | None = None,
    rng: int | np.random.Generator | None = None,
) -> MisclassifiedOutcome:
    """Fit a multinomial logit whose outcome, a strategy, is known by its posterior probabilities alone.

    Misplaced readings draw the shares of strategies to one another, and what goes with a strategy towards nothing.
    Strategies are drawn from their probabilities given what the clustering saw and what the model says of each reader,
    case and predictor; the model is fitted to each draw, and the fits are combined by Rubin's rules.

    Parameters
    ----------
    formula : str
        As `multinomial` takes it; its outcome names the strategy, which need not be a column of the data.
    data : pandas.DataFrame
    posterior : pandas.DataFrame
        One column a strategy, in the order of its levels (the first is the reference); rows as in `data`, or any rows
        with a column `reading` to join `data` by. As `StrategyModel.posterior` gives it: without what the reader's
        other readings show, which the model adds.
    n_imputations : int
        Draws that are combined, after 3 that let them settle.
    settings : MixedSettings, mapping or None
    rng : int, numpy.random.Generator or None

    Returns
    -------
    MisclassifiedOutcome

    Raises
    ------
    ModelError
        If the posterior doesn't fit the data, or a draw can't be fitted.

    See Also
    --------
    mixed_misclassified : Models in which the strategy is a predictor.

    Notes
    -----
    Data augmentation with draws of the parameters from their asymptotic normal law, of the random effects from theirs.
    Rejected: fractional counts of each strategy in the place of draws, which count as if they were seen.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, chapter 3. Tanner & Wong (1987), JASA 82(398).

    Examples
    --------
    Experience draws readers to strategy b; a measure shows which one a reading follows, wrong in one of ten:

    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(40), 25), "years": np.repeat(rng.uniform(0, 3, 40), 25)})
    >>> follows = rng.random(1000) < 1 / (1 + np.exp(1.5 - data["years"]))
    >>> measure = rng.normal(2.56 * follows, 1)
    >>> second = 1 / (1 + np.exp(-2.56 * (measure - 1.28)))
    >>> known = pd.DataFrame({"a": 1 - second, "b": second})
    >>> found = multinomial_misclassified("strategy ~ years + (1 | reader)", data, known, rng=1)
    >>> [round(float(fit.coefficients[0, 1]), 1) for fit in (found.assigned, found.corrected)]
    [0.9, 1.1]
    """
    if not isinstance(n_imputations, int | np.integer) or n_imputations < 2:
        raise ModelError(
            f"n_imputations: expected a whole number from 2, as draws differ by what isn't known; got {n_imputations}"
        )
    rng, chosen = np.random.default_rng(rng), MixedSettings.given(settings)
    parts = formulas.parse(formula, map(str, data.columns))
    rows, probabilities, left_out = rows_with_posterior(parts, data, posterior, parts.response)
    known, names = probabilities.to_numpy(dtype=float), list(probabilities.columns)
    likeliest = pd.Categorical(np.array(names)[known.argmax(axis=1)], categories=names)
    _refuse_missing(likeliest)
    frame, outcome = read_multinomial(formula, rows.assign(**{parts.response: likeliest}))
    frame = replace(frame, notes=(*left_out, *frame.notes))
    # What the features say of each strategy by themselves: the posterior over the strategies' shares.
    evidence = known / known.mean(axis=0)
    assigned = fit = fit_levels(formula, frame, outcome, chosen)
    fits = []
    for place in range(SETTLING + n_imputations):
        drawn = pd.Categorical(np.array(names)[_drawn(fit, evidence, rng)], categories=names)
        _refuse_missing(drawn)
        fit = fit_levels(formula, frame, drawn, chosen)
        fits += [fit] if place >= SETTLING else []
    return MisclassifiedOutcome(assigned, _combined(fits), float(np.mean(1 - known.max(axis=1))))


def _refuse_missing(outcome: pd.Categorical[Any]) -> None:
    missing = sorted(set(map(str, outcome.categories)) - set(map(str, outcome)))
    if missing:
        raise ModelError(f"posterior: hardly a row is of {missing[0]!r}; leave its column out or merge it with another")


def _drawn(fit: MultinomialFit, evidence: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw parameters, random effects given them, and each row's strategy given both and the evidence."""
    solution = fit.solution
    engine, covariance = solution.engine, solution.joint_covariance
    assert isinstance(engine, Laplace)
    if not np.isfinite(covariance).all():
        raise ModelError("a fit to drawn strategies has no standard errors; ask for fewer terms or random effects")
    values, vectors = np.linalg.eigh(covariance)
    moved = vectors @ (np.sqrt(values.clip(min=0)) * rng.normal(size=values.size))
    engine(solution.optimum.at + moved)
    design, system = engine.design, engine.system
    # A right-hand side whose covariance is the system's own matrix: solved, its covariance is the inverse.
    right = system.gather(np.sqrt(engine.rows.w) * rng.normal(size=design.rows))
    right = Modes(right.main + rng.normal(size=right.main.shape), right.border + rng.normal(size=right.border.size))
    scores = np.empty(design.rows)
    scores[design.order] = engine.eta + system.predict(system.solve(right))
    chances = softmax(scores.reshape(evidence.shape), axis=1) * evidence
    below = np.cumsum(chances / chances.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    return np.sum(rng.random(len(below))[:, None] > below, axis=1)


def _combined(fits: list[MultinomialFit]) -> MultinomialFit:
    """Combine by Rubin's rules: within- and between-imputation variance."""
    points, covariances = zip(*map(_one_sign, fits), strict=True)
    center, within = np.mean(points, axis=0), np.mean(covariances, axis=0)
    between = np.atleast_2d(np.cov(np.array(points).T))
    first, count = fits[0], fits[0].theta.size
    return replace(
        first,
        coefficients=center[count:].reshape(first.coefficients.shape),
        covariance=within + (1 + 1 / len(fits)) * between,
        random={group: np.mean([fit.random[group] for fit in fits], axis=0) for group in first.random},
        log_likelihood=float("nan"),
        theta=center[:count],
        converged=all(fit.converged for fit in fits),
        notes=tuple(dict.fromkeys(note for fit in fits for note in fit.notes)),
    )


def _one_sign(fit: MultinomialFit) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and covariance with covariance factors of positive diagonal: their columns' signs mean nothing."""
    others = len(fit.levels) - 1
    row, column = triangle(others)
    signs = np.ones(fit.covariance.shape[0])
    for start in range(0, fit.theta.size, row.size):
        part = fit.theta[start : start + row.size]
        diagonal = np.sign(part[row == column])
        signs[start : start + row.size] = np.where(diagonal == 0, 1, diagonal)[column]
    return np.concatenate([fit.theta, fit.coefficients.ravel()]) * signs, fit.covariance * np.outer(signs, signs)
