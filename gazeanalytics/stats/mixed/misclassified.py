"""Effects of classes known by posterior probabilities: mixed models corrected for misplaced search strategies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from gazeanalytics import expressions
from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed import formula as formulas
from gazeanalytics.stats.mixed import frames
from gazeanalytics.stats.mixed.design import ModelError, arrange
from gazeanalytics.stats.mixed.estimate_rows import FamilyParameter
from gazeanalytics.stats.mixed.model import assemble, mixed
from gazeanalytics.stats.mixed.results import MixedFit, random_effects
from gazeanalytics.stats.mixed.settings import MixedSettings
from gazeanalytics.stats.mixed.solver.classes import OverClasses
from gazeanalytics.stats.mixed.solver.fitting import Solution, fit_laplace
from gazeanalytics.stats.mixed.solver.laplace import Laplace
from gazeanalytics.stats.mixed.solver.likelihood import Density
from gazeanalytics.tables import shown
from gazeanalytics.threads import one_blas_thread

__all__ = ["MisclassifiedFit", "mixed_misclassified", "rows_with_posterior", "share_posterior"]

MAX_ROUNDS = 200
SETTLED = 1e-6
MAX_OFF_ONE = 1e-6
MUCH_MISPLACED = 0.15


@dataclass(frozen=True, slots=True)
class MisclassifiedFit(Brief):
    """A mixed model beside itself: with classes as they were assigned, and corrected for those that are misplaced.

    Attributes
    ----------
    assigned : MixedFit
        Each row in its likeliest class.
    corrected : MixedFit
        The classes' posterior probabilities taken into account. For `estimates`, `adjusted_predictions`,
        `marginal_effects` and `contrasts`; residuals and simulated outcomes are those of `assigned`.
    misplaced : float
        Share of rows whose likeliest class is expected not to be theirs.
    posterior : numpy.ndarray, shape (rows, classes)
        Probabilities that the correction used, of the rows used.
    """

    INSTEAD: ClassVar[str] = "take its `corrected` fit, or the `assigned` one"

    assigned: MixedFit
    corrected: MixedFit
    misplaced: float
    posterior: np.ndarray

    def estimates(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Both models' estimates, one under the other; `model` is `assigned` or `corrected`."""
        fits = {"assigned": self.assigned, "corrected": self.corrected}
        tables = [fit.estimates(model=name, confidence=confidence) for name, fit in fits.items()]
        return pd.concat(tables, ignore_index=True)


@one_blas_thread()
def mixed_misclassified(
    formula: str,
    data: pd.DataFrame,
    posterior: pd.DataFrame,
    *,
    column: str = "strategy",
    family: str = "gaussian",
    settings: MixedSettings | Mapping[str, Any] | None = None,
) -> MisclassifiedFit:
    """Fit a mixed model whose effects of a class are corrected for rows placed in the wrong one (three-step).

    Strategies are found by clustering, so some readings are in the wrong one; the effect of the likeliest strategy is
    then too small, and its interval too narrow. What is known of each reading is its posterior probability of each
    strategy: a Gaussian outcome is regressed on these probabilities (regression calibration, exact for a linear model),
    other outcomes have the likelihood that is a mean over strategies (maximum likelihood with the clustering held).

    Parameters
    ----------
    formula : str
        As `mixed` takes it; `column` may stand in interactions, but not before the bar of a random term.
    data : pandas.DataFrame
    posterior : pandas.DataFrame
        One column a class, in the order of its levels (the first is the reference); rows as in `data`, or any rows with
        a column `reading` to join `data` by. `StrategyModel.posterior` gives it.
    column : str
        Name of the class in the formula.
    family : str
        Any of `mixed` but `ordinal` and `student`.
    settings : MixedSettings, mapping or None

    Returns
    -------
    MisclassifiedFit

    Raises
    ------
    ModelError
        If the posterior doesn't fit the data, or the model can't be corrected.

    See Also
    --------
    share_posterior : Use that a reader keeps to a strategy.
    multinomial_misclassified : Models in which the strategy is the outcome.

    Notes
    -----
    The posterior must not have seen the outcome, and outcome and features must be independent within a class. The error
    of the clustering itself is not counted: it is small where there are some hundred rows a class and up to 10 % of
    rows are misplaced; above 15 %, a note says so (at 20 %, with a mixture fitted to the same 1,200 rows, effects were
    9 % too small and 95 % intervals covered 79 %; tests/benchmarks/misclassified_strategies.py). Rejected: weights of
    Bolck, Croon & Hagenaars (2004), which are negative for some rows, under which the conditional modes of random
    effects need not exist.

    References
    ----------
    Vermunt (2010), Political Analysis 18(4). Bakk, Tekle & Vermunt (2013), Sociol. Methodol. 43(1). Bakk & Kuha (2018),
    Psychometrika 83(4). Carroll et al. (2006), Measurement Error in Nonlinear Models, chapter 4.

    Examples
    --------
    Two strategies 1 apart in effect, shown by a measure that misplaces one reading in ten:

    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(20), 50)})
    >>> follows = rng.integers(0, 2, 1000)
    >>> measure = rng.normal(2.56 * follows, 1)
    >>> data["seconds"] = follows + rng.normal(0, 1, 20)[data.reader] + rng.normal(0, 1, 1000)
    >>> second = 1 / (1 + np.exp(-2.56 * (measure - 1.28)))
    >>> found = mixed_misclassified(
    ...     "seconds ~ strategy + (1 | reader)", data, pd.DataFrame({"a": 1 - second, "b": second}))
    >>> round(found.misplaced, 2)
    0.1
    >>> rows = found.estimates()
    >>> rows.loc[rows["term"] == "strategy[b]", ["model", "estimate", "conf_low", "conf_high"]].round(2)
           model  estimate  conf_low  conf_high
    1   assigned      0.84      0.71       0.98
    5  corrected      1.07      0.91       1.22
    """
    parts = formulas.parse(formula, [*map(str, data.columns), column])
    _refuse(parts, column, family)
    rows, known, left_out = rows_with_posterior(parts, data, posterior, column)
    names = list(known.columns)
    likeliest = pd.Categorical(np.array(names)[known.to_numpy().argmax(axis=1)], categories=names)
    empty = sorted(set(names) - set(likeliest))
    if empty:
        raise ModelError(
            f"posterior: no row is likeliest in {empty[0]!r}; leave its column out or merge it with another"
        )
    rows = rows.assign(**{column: likeliest})
    chosen = MixedSettings.given(settings)
    if chosen.quadrature != 1:
        raise ModelError(
            f"misplaced rows are corrected under Laplace's approximation; got quadrature={chosen.quadrature}"
        )
    assigned = mixed(formula, rows, family=family, settings=chosen)
    assigned = replace(
        assigned,
        notes=(*left_out, *assigned.notes),
        plan=replace(assigned.plan, notes=(*left_out, *assigned.plan.notes)),
    )
    weights = np.ascontiguousarray(known.to_numpy(dtype=float))
    corrected = (
        _gaussian(assigned, column, weights) if assigned.family.gaussian else _mixture(assigned, column, weights)
    )
    misplaced = float(np.mean(1 - weights.max(axis=1)))
    if misplaced > MUCH_MISPLACED:
        note = (
            f"{misplaced:.0%} of rows misplaced: if these probabilities come from a clustering of the same rows, its "
            "own error, which isn't counted, makes effects about a tenth too small and intervals too narrow"
        )
        corrected = replace(corrected, notes=(*corrected.notes, note))
    return MisclassifiedFit(assigned, corrected, misplaced, weights)


def share_posterior(posterior: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Sharpen posterior probabilities by what the other rows of a group show, as a reader keeps to a strategy.

    A clustering knows how common a strategy is among all readings, not among those of one reader. Each reader's shares
    are shrunk to those of all by as much as readers differ (Dirichlet prior, its strength by moments), and the
    probabilities follow by Bayes' rule; the two are iterated (EM).

    Parameters
    ----------
    posterior : pandas.DataFrame
        One column a class (and `reading`, which is kept).
    groups : pandas.Series
        Reader of each row.

    Returns
    -------
    pandas.DataFrame
        Probabilities in the place of those given; rows with missing ones as they are.

    Examples
    --------
    A reading in doubt, by a reader of whom all other readings are of strategy a, is likelier of a:

    >>> both = pd.DataFrame({"a": [0.99] * 9 + [0.5] + [0.01] * 10})
    >>> shared = share_posterior(both.assign(b=1 - both.a), pd.Series(["ann"] * 10 + ["bob"] * 10))
    >>> bool(shared["a"][9] > 0.8)
    True
    """
    names = [name for name in posterior.columns if name != "reading"]
    known = posterior[names].notna().all(axis=1).to_numpy() & groups.notna().to_numpy()
    found = posterior.copy()
    if known.any():
        codes = pd.factorize(groups[known])[0]
        found.loc[known, names] = _shared(posterior.loc[known, names].to_numpy(dtype=float), codes)
    return found


def _shared(given: np.ndarray, codes: np.ndarray) -> np.ndarray:
    counts = np.bincount(codes).astype(float)
    overall = given.mean(axis=0)
    ratio, now = given / overall, given
    for _ in range(MAX_ROUNDS):
        sums = np.array([np.bincount(codes, part) for part in now.T]).T
        strength = _strength(sums / counts[:, None], counts, overall)
        shares = (sums + strength * overall) / (counts + strength)[:, None] if np.isfinite(strength) else overall[None]
        new = ratio * (shares[codes] if np.isfinite(strength) else shares)
        new /= new.sum(axis=1, keepdims=True)
        moved, now = np.abs(new - now).max(), new
        if moved < SETTLED:
            break
    return now


def _strength(means: np.ndarray, counts: np.ndarray, overall: np.ndarray) -> float:
    """Give the strength of the Dirichlet prior from how much groups' shares differ beyond chance; inf for no more."""
    # A share of n rows has variance s (1 - s) (1 / n + (1 - 1 / n) / (1 + strength)).
    chance = float(np.sum(overall * (1 - overall)))
    excess = float(np.sum((means - overall) ** 2)) - chance * float(np.sum(1 / counts))
    alike = excess / (chance * float(np.sum(1 - 1 / counts))) if counts.max() > 1 and chance > 0 else 0.0
    return 1 / min(alike, 0.999) - 1 if alike > 0 else np.inf


def _refuse(parts: formulas.Formula, column: str, family: str) -> None:
    varying = [name for effects, groups in parts.random for name in (*_names(effects), *groups)]
    if column not in _names(parts.fixed):
        raise ModelError(f"the fixed part of the formula doesn't have the class {column!r}; name it by column=")
    if column in varying:
        raise ModelError(
            f"effects of {column!r} that vary by group aren't corrected; keep {column!r} to the fixed part"
        )
    if family == "ordinal" or parts.auxiliary_kind:
        raise ModelError("ordinal outcomes, nominal(...) and zeros(...) aren't corrected for misplaced rows")


def _names(terms: Iterable[expressions.Term]) -> list[str]:
    return [name for term in terms for factor in term.factors for name in expressions.names(factor)]


def rows_with_posterior(
    parts: formulas.Formula, data: pd.DataFrame, posterior: pd.DataFrame, column: str
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Rows with all that the formula needs and a posterior, that posterior, and a note of rows left out."""
    names = [name for name in posterior.columns if name != "reading"]
    if len(names) < 2:
        raise ModelError(f"posterior: expected a column for each of two classes or more; got {names}")
    if "reading" in posterior and "reading" in data:
        twice = posterior["reading"][posterior["reading"].duplicated()]
        if len(twice):
            raise ModelError(
                f"posterior: reading {shown(twice.iloc[0])} stands in two rows; expected one row a reading"
            )
        joined = data[["reading"]].merge(posterior, on="reading", how="left", validate="many_to_one")[names]
    elif len(posterior) == len(data):
        if not posterior.index.equals(data.index) and posterior.index.sort_values().equals(data.index.sort_values()):
            raise ModelError(
                "posterior: its rows have the names of those of data, in another order; sort it (posterior.loc"
                "[data.index]), or give both a column 'reading'"
            )
        joined = posterior[names]
    else:
        raise ModelError(
            f"posterior: expected {len(data):,} rows, as in data, or a column 'reading'; got {len(posterior):,}"
        )
    used = [name for name in formulas.variables(parts) if name != column and name in data]
    whole, known = data[used].notna().all(axis=1).to_numpy(), joined.notna().all(axis=1).to_numpy()
    kept = whole & known
    if not kept.any():
        raise ModelError("no row has a posterior and a value in every column of the formula")
    off = np.abs(joined[kept].sum(axis=1) - 1).max()
    if off > MAX_OFF_ONE or (joined[kept] < 0).any(axis=None):
        raise ModelError("posterior: expected probabilities from 0 that add up to 1 in each row")
    note = _left_out(int((~whole).sum()), int((whole & ~known).sum()), len(data))
    return data[kept].reset_index(drop=True), joined[kept].reset_index(drop=True), note


def _left_out(incomplete: int, unplaced: int, rows: int) -> tuple[str, ...]:
    why = [f"{incomplete:,} without a value in a column of the formula"] if incomplete else []
    why += [f"{unplaced:,} without a posterior"] if unplaced else []
    return (f"{incomplete + unplaced:,} of {rows:,} rows left out: {', '.join(why)}",) if why else ()


def _by_class(fit: MixedFit, column: str) -> np.ndarray:
    """Columns of the fixed effects if all rows were of each class, shape (classes, rows, effects)."""
    data = fit.frame.data
    levels = data[column].cat.categories
    every = [data.assign(**{column: pd.Categorical([level] * len(data), categories=levels)}) for level in levels]
    return np.array([frames.new_matrix(fit.frame.spec, fit.names, one) for one in every])


def _gaussian(fit: MixedFit, column: str, weights: np.ndarray) -> MixedFit:
    """Regress on the expected columns: E(y | features) is linear in the probabilities."""
    expected = np.einsum("rc,crk->rk", weights, _by_class(fit, column))
    return assemble(replace(fit.plan, frame=replace(fit.frame, x=expected)), fit.response)


def _mixture(fit: MixedFit, column: str, weights: np.ndarray) -> MixedFit:
    """Maximise the likelihood that is a mean over classes."""
    by_class = _by_class(fit, column)
    moving = np.ptp(by_class, axis=0).any(axis=0)
    plain = np.flatnonzero(~moving)
    frame, response, settings = fit.frame, fit.response, fit.plan.settings
    x = np.ascontiguousarray(frame.x[:, plain])
    design = arrange(response.y, x, frame.terms, size=response.size, offset=frame.offset)
    density = fit.family.likelihood(design, frame.auxiliary.x, kind="")
    if not isinstance(density, Density):
        raise ModelError(f"family {fit.family.name!r} isn't corrected for misplaced rows")
    order = design.order
    likelihood = OverClasses(density, weights.T[:, order].copy(), by_class[:, order][:, :, moving].copy())
    engine = Laplace(design, likelihood, limits=settings.tolerances)
    start = np.concatenate([fit.solution.phi, fit.coefficients[moving]])
    solution = fit_laplace(engine, fit.family.start(response)[order], start, settings=settings)
    return _gathered(fit, solution, np.r_[plain, np.flatnonzero(moving)], fit.solution.phi.size)


def _gathered(fit: MixedFit, solution: Solution, columns: np.ndarray, own: int) -> MixedFit:
    """Put the classes' effects, which the solver has behind the family's own parameters, back among the others."""
    first, effects = solution.theta.size, columns.size
    last = solution.joint_covariance.shape[0]
    middle = last - solution.phi.size
    place = np.r_[first:middle, middle + own : last]  # of each effect, in the order of `columns`
    back = place[np.argsort(columns)]
    order = np.r_[:first, back, middle : middle + own]
    values = np.concatenate([solution.theta, solution.beta, solution.phi])
    covariance = solution.joint_covariance[np.ix_(order, order)]
    inner = slice(first, first + effects)
    moved = replace(
        solution,
        beta=values[back],
        phi=solution.phi[:own],
        covariance=covariance[inner, inner],
        joint_covariance=covariance,
    )
    notes = fit.plan.notes if solution.optimum.converged else (*fit.plan.notes, "not converged")
    return replace(
        fit,
        coefficients=moved.beta,
        covariance=moved.covariance,
        family_parameters=_scales(fit, moved),
        random=random_effects(moved),
        log_likelihood=-0.5 * solution.minus2,
        notes=notes,
        engine="blocked Cholesky, Laplace, averaged over classes",
        solution=moved,
    )


def _scales(fit: MixedFit, solution: Solution) -> dict[str, FamilyParameter]:
    if not fit.family.dispersion:
        return {}
    value, variance = float(np.exp(solution.phi[0])), solution.joint_covariance[-1, -1]
    return {fit.family.dispersion: FamilyParameter(value, float(value * np.sqrt(variance)), "scale")}
