"""Multinomial logit with crossed random intercepts: which strategy a reading follows, and its predicted share.

Fitted by the Poisson trick (Baker 1994, The Statistician 43(4)): one Poisson row a reading and level, and an intercept
a reading. That intercept has a flat prior (a normal one of SD 10,000) and is integrated out with the other random
effects: the integral of the Poisson likelihood over it is the multinomial one, exactly, and so is its Laplace
approximation up to a constant. Rejected: logits of each level against the reference, fitted apart (Begg & Gray 1984),
whose random effects are of rows selected by the outcome; and intercepts as fixed effects, under which Laplace's
approximation is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics._kernels.stats.families import Outcome
from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed import checks, families, frames
from gazeanalytics.stats.mixed import formula as formulas
from gazeanalytics.stats.mixed.between_within import between_within
from gazeanalytics.stats.mixed.design import Design, ModelError, RandomTerm, arrange, unpack
from gazeanalytics.stats.mixed.estimate_rows import wald_row
from gazeanalytics.stats.mixed.outcomes import Response
from gazeanalytics.stats.mixed.separation import separation
from gazeanalytics.stats.mixed.settings import MixedSettings
from gazeanalytics.stats.mixed.solver.fitting import Solution, fit_laplace
from gazeanalytics.stats.mixed.solver.laplace import Laplace
from gazeanalytics.stats.mixed.solver.likelihood import Density
from gazeanalytics.threads import one_blas_thread

__all__ = ["MultinomialFit", "fit_levels", "multinomial", "read_multinomial"]

FLAT_SD = 1e4
ROW = "(row)"


class _FlatRows(Laplace):
    """Laplace's approximation with the standard deviation of the rows' intercepts held: its derivative reads 0."""

    place: int = 0

    def __call__(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        held = at.copy()
        held[self.place] = FLAT_SD
        value, gradient = super().__call__(held)
        gradient = gradient.copy()
        gradient[self.place] = 0.0
        return value, gradient


@dataclass(frozen=True, slots=True, eq=False)
class MultinomialFit(Brief):
    """A fitted multinomial logit.

    Attributes
    ----------
    formula : str
    levels : tuple of str
        Of the outcome; the first is the reference.
    names : tuple of str
        Fixed effects.
    coefficients : numpy.ndarray, shape (levels - 1, fixed effects)
        Log odds against the reference.
    covariance : numpy.ndarray
        Of (theta, coefficients row by row): `theta` are the covariance factors' lower triangles, group by group.
    random : dict of str to numpy.ndarray, shape (levels - 1, levels - 1)
        Covariance of a group's intercepts.
    log_likelihood : float
        By Laplace's approximation; NaN where it is combined over imputed strategies.
    frame : Frame
        The rows used.
    theta : numpy.ndarray
    converged : bool
    notes : tuple of str
    solution : Solution
        The solver's own terms, of the Poisson rows.
    """

    INSTEAD: ClassVar[str] = "predicted_shares gives its predictions and effects, joint_tests tests of whole terms"

    formula: str
    levels: tuple[str, ...]
    names: tuple[str, ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    random: dict[str, np.ndarray]
    log_likelihood: float
    frame: frames.Frame
    theta: np.ndarray
    converged: bool
    notes: tuple[str, ...]
    solution: Solution

    def estimates(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Table `estimates`: log odds of each level against the reference by Wald's test, and standard deviations."""
        errors = np.sqrt(np.diag(self.covariance))[self.theta.size :]
        terms = [f"{level}: {name}" for level in self.levels[1:] for name in self.names]
        values = self.coefficients.ravel()
        rows = [
            wald_row(term, value, error, df, confidence)
            for term, value, error, df in zip(
                terms, values, errors, np.tile(self.df, len(self.levels) - 1), strict=True
            )
        ]
        fixed = pd.DataFrame(rows)
        sds = [
            (f"sd({group}: {level})", float(np.sqrt(variance)))
            for group, covariance in self.random.items()
            for level, variance in zip(self.levels[1:], np.diag(covariance), strict=True)
        ]
        table = pd.concat([fixed, pd.DataFrame(sds, columns=["term", "estimate"])], ignore_index=True)
        table.insert(0, "model", self.formula.split("~")[0].strip())
        return table.assign(n=float(len(self.frame.data)), note="; ".join(self.notes))

    @property
    def df(self) -> np.ndarray:
        """Degrees of freedom of each fixed effect, of the groups that it is estimated from; NaN for a normal test."""
        return between_within(self.frame.x, self.frame.terms, intercept="(Intercept)" in self.names).df


@one_blas_thread()
def multinomial(
    formula: str, data: pd.DataFrame, *, settings: MixedSettings | Mapping[str, Any] | None = None
) -> MultinomialFit:
    """Fit a multinomial logit with crossed random intercepts: what goes with following one strategy or another.

    Parameters
    ----------
    formula : str
        Such as `strategy ~ experience_years + context + (1 | reader) + (1 | case)`. Each random intercept varies by
        level of the outcome, with correlations, so that the choice of the reference changes nothing.
    data : pandas.DataFrame
        One row a reading; rows with a missing value are left out and noted.
    settings : MixedSettings, mapping or None

    Returns
    -------
    MultinomialFit

    Raises
    ------
    ModelError
        One sentence: what can't be fitted, and what to do.

    See Also
    --------
    predicted_shares : Each level's share at values of the predictors.
    multinomial_misclassified : Outcomes that are known by posterior probabilities.

    References
    ----------
    Baker (1994), The Statistician 43(4): the multinomial-Poisson transformation. Begg & Gray (1984), Biometrika 71(1).

    Examples
    --------
    Experience draws readers from strategy a to c:

    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(30), 20), "years": np.repeat(rng.uniform(0, 3, 30), 20)})
    >>> scores = np.column_stack([np.zeros(600), np.zeros(600), data["years"] - 1]) + rng.gumbel(size=(600, 3))
    >>> data["strategy"] = np.array(["a", "b", "c"])[scores.argmax(axis=1)]
    >>> fit = multinomial("strategy ~ years + (1 | reader)", data)
    >>> fit.estimates().loc[[1, 3], ["term", "estimate", "conf_low", "conf_high"]].round(1)
           term  estimate  conf_low  conf_high
    1  b: years       0.1      -0.2        0.4
    3  c: years       1.0       0.7        1.4
    """
    return fit_levels(formula, *read_multinomial(formula, data), MixedSettings.given(settings))


def read_multinomial(formula: str, data: pd.DataFrame) -> tuple[frames.Frame, pd.Categorical[Any]]:
    """Give the rows used with their arrays, and the outcome of each."""
    parts = formulas.parse(formula, [str(name) for name in data.columns])
    _refuse(parts)
    frame = frames.read(parts, data)
    outcome = pd.Categorical(frames.outcome(parts, frame.data)[0])
    levels = outcome.categories
    if len(levels) < 2 or len(levels) == len(outcome):
        shown = tuple(map(str, levels[:5]))
        raise ModelError(f"expected an outcome of some levels, each in several rows; got {len(levels)}: {shown}")
    kept, aliased = checks.drop_aliased(frame.x, frame.names, MixedSettings().tolerances.aliased)
    notes = (*frame.notes, *([f"rank deficient: {', '.join(aliased)} left out"] if aliased else []))
    names = tuple(frame.names[c] for c in kept)
    return replace(frame, x=frame.x[:, kept], names=names, notes=notes), outcome


def fit_levels(
    formula: str, frame: frames.Frame, outcome: pd.Categorical[Any], chosen: MixedSettings
) -> MultinomialFit:
    """Fit the logit to rows that were read, and an outcome of each."""
    if chosen.quadrature != 1:
        raise ModelError(
            f"a multinomial logit is fitted by Laplace's approximation; got quadrature={chosen.quadrature}"
        )
    levels = tuple(map(str, outcome.categories))
    _refuse_separated(frame, np.asarray(outcome.codes), levels)
    design = _expanded(frame, np.asarray(outcome.codes), levels)
    engine = _FlatRows(design, Density(codes.POISSON, Outcome(design.y, design.size)), limits=chosen.tolerances)
    engine.place = _row_place(design)
    solution = fit_laplace(engine, np.zeros(design.rows), np.empty(0), settings=chosen)
    return _fit(formula, frame, levels, solution, list(frame.notes))


def _refuse(parts: formulas.Formula) -> None:
    if parts.offset or parts.auxiliary_kind or parts.ar1 or len(parts.outcome) != 1:
        raise ModelError("a multinomial logit takes no offset(...), nominal(...), zeros(...), ar1(...) or cbind(...)")
    for effects, groups in parts.random:
        if any(term.factors for term in effects):
            raise ModelError(f"expected random intercepts, such as (1 | {':'.join(groups)}); got a random slope")


def _refuse_separated(frame: frames.Frame, codes: np.ndarray, levels: tuple[str, ...]) -> None:
    """Refuse a level that some effect parts from all others: no finite estimate exists."""
    kind, one = families.find("binomial", None), np.ones(len(codes))
    for place, level in enumerate(levels):
        apart = separation(frame.x, frame.names, Response((codes == place).astype(float), one), kind)
        if apart:
            raise ModelError(f"{apart} (of {level!r} against the others); merge levels, or leave the term out")


def _expanded(frame: frames.Frame, y: np.ndarray, levels: tuple[str, ...]) -> Design:
    """Lay out one Poisson row a reading and level."""
    rows, others = len(y), len(levels) - 1
    hot = np.vstack([np.zeros(others), np.eye(others)])
    every = np.tile(hot, (rows, 1))
    x = np.einsum("kl,rp->rklp", hot, frame.x).reshape(rows * len(levels), -1)
    counts = (y[:, None] == np.arange(len(levels))).astype(float).ravel()
    row = np.repeat(np.arange(rows), len(levels))
    terms = [RandomTerm(ROW, ("(Intercept)",), np.arange(rows), row, np.ones((row.size, 1)))]
    terms += [
        RandomTerm(term.group, levels[1:], term.levels, np.repeat(term.codes, len(levels)), every)
        for term in frame.terms
    ]
    return arrange(counts, x, tuple(terms), size=np.ones(row.size), offset=np.zeros(row.size))


def _row_place(design: Design) -> int:
    """Place of the rows' standard deviation in theta."""
    place = 0
    for term in design.terms:
        if term.group == ROW:
            break
        place += term.parameters
    return place


def _fit(
    formula: str, frame: frames.Frame, levels: tuple[str, ...], solution: Solution, notes: list[str]
) -> MultinomialFit:
    design, others = solution.engine.design, len(levels) - 1
    row = _row_place(design)
    kept = np.delete(np.arange(solution.joint_covariance.shape[0]), row)
    factors = unpack(solution.theta, design.terms)
    random = {
        term.group: factor @ factor.T for term, factor in zip(design.terms, factors, strict=True) if term.group != ROW
    }
    # Of each row: Laplace's approximation of the integral over its intercept is exp(-1) / (S FLAT_SD), S the sum of its
    # levels' rates, where the multinomial likelihood has 1 / S.
    constant = len(frame.data) * (2 + np.log1p(FLAT_SD**2))
    if not solution.optimum.converged:
        notes.append("not converged")
    notes += checks.notes_on_few_rows(frame.terms)
    notes += [f"singular: {group}" for group, covariance in random.items() if np.linalg.eigvalsh(covariance)[0] < 1e-8]
    return MultinomialFit(
        formula=formula,
        levels=levels,
        names=frame.names,
        coefficients=solution.beta.reshape(others, -1),
        covariance=solution.joint_covariance[np.ix_(kept, kept)],
        random=random,
        log_likelihood=-0.5 * (solution.minus2 - constant),
        frame=frame,
        theta=np.delete(solution.theta, row),
        converged=solution.optimum.converged,
        notes=tuple(notes),
        solution=solution,
    )
