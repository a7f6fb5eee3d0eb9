"""Effects on the scale of the outcome: adjusted predictions, risk differences and ratios, marginal effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from gazeanalytics.settings import Settings
from gazeanalytics.stats.mixed.asked_values import is_number, of_one_value, values_of
from gazeanalytics.stats.mixed.averaging import (
    AveragedRows,
    ResponseModel,
    average_at,
    average_outcome,
    response_model,
)
from gazeanalytics.stats.mixed.degrees_of_freedom import of_averages, satterthwaite
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.estimability import estimable, without_numbers
from gazeanalytics.stats.mixed.marginal_means import adjust
from gazeanalytics.stats.mixed.results import MixedFit, of_mixed_fits

__all__ = ["MarginalSettings", "adjusted_predictions", "marginal_effects"]

By = str | Sequence[str] | Mapping[str, Sequence[Any]]
SLOPE_STEP = 1e-3  # of a predictor's standard deviation


@dataclass(frozen=True, slots=True)
class MarginalSettings(Settings):
    """How outcomes are averaged, and what their intervals are made of.

    Attributes
    ----------
    population : bool
        Integrate the random effects out, for the mean over readers and cases; otherwise set them to 0, for the average
        reader reading the average case.
    interval : {"delta", "simulation"}
        Delta method (of probabilities on the logit scale, of counts and ratios on the log scale), or percentiles over
        parameters drawn from their normal distribution about the estimates.
    n_draws : int
        Parameters drawn for `interval="simulation"`.
    confidence : float
        Coverage of the intervals.

    Examples
    --------
    >>> MarginalSettings(interval="simulation").n_draws
    1000
    """

    population: bool = True
    interval: Literal["delta", "simulation"] = "delta"
    n_draws: int = 1000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.interval not in ("delta", "simulation"):
            raise ValueError(f"interval: expected 'delta' or 'simulation'; got {self.interval!r}")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence: expected a number between 0 and 1; got {self.confidence}")


class _Found(NamedTuple):
    """Averages to be made a table: names, outcomes ("" but for ordinal levels), values, Jacobian, values of draws."""

    names: list[str]
    outcomes: list[str]
    estimates: np.ndarray
    jacobian: np.ndarray
    drawn: np.ndarray
    known: np.ndarray  # whether the fit determines them


@of_mixed_fits
def adjusted_predictions(
    fit: MixedFit,
    by: By,
    *,
    data: pd.DataFrame | None = None,
    settings: MarginalSettings | Mapping[str, Any] | None = None,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Predict the mean outcome if all rows had one level of a column, all else as it is (standardisation).

    Of a binomial model these are probabilities averaged over readers and cases (population-averaged), which lie nearer
    to one half than the probability of the average reader and case.

    Parameters
    ----------
    fit : MixedFit
    by : str, sequence of str, or mapping
        Columns of the fixed part, such as `"strategy"`; of a number, the values: `{"experience_years": [2, 10, 20]}`.
    data : pandas.DataFrame, optional
        Rows to average over; those of the fit where None. Rows with the target present give sensitivity.
    settings : MarginalSettings, mapping or None
    rng : int, numpy.random.Generator or None
        For simulated intervals.

    Returns
    -------
    pandas.DataFrame
        Table `estimates`; `contrast` says at which level. Of an ordinal outcome, one row a level of it.

    Raises
    ------
    ModelError
        If a column is not in the fixed part, a number has no values, or the fit has no standard errors.

    See Also
    --------
    marginal_effects : Differences and ratios of these.
    marginal_means : Means on the scale of the linear predictor, categories weighted equally.

    Notes
    -----
    Tests and intervals by the delta method are by t, with the degrees of freedom of the fixed effects combined by what
    each brings to the variance (column `df`; NaN: normal). The rows averaged over are taken as given. Random effects
    are integrated by Gauss-Hermite quadrature over the normal distribution of their sum.

    References
    ----------
    Lane & Nelder (1982), Biometrics 38(3). Muller & MacLehose (2014), Int. J. Epidemiol. 43(3). Pavlou et al. (2015),
    BMC Med. Res. Methodol. 15, on random effects integrated out.

    Examples
    --------
    Readers differ much, so the average over them is less extreme than the average reader:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(40), 50), "strategy": np.tile(["a", "b"], 1000)})
    >>> odds = 1 + (data.strategy == "b") + rng.normal(0, 1.5, 40)[data.reader]
    >>> data["correct"] = rng.binomial(1, 1 / (1 + np.exp(-odds)))
    >>> fit = mixed("correct ~ strategy + (1 | reader)", data, family="binomial")
    >>> adjusted_predictions(fit, "strategy")[["contrast", "estimate", "conf_low", "conf_high"]].round(2)
      contrast  estimate  conf_low  conf_high
    0        a      0.63      0.53       0.71
    1        b      0.77      0.68       0.84
    >>> adjusted_predictions(fit, "strategy", settings={"population": False})["estimate"].round(2).tolist()
    [0.69, 0.86]
    """
    chosen = MarginalSettings.given(settings)
    found = _averages(fit, by, data, chosen, rng)
    return _table(fit, "mean", found, chosen, _scale_of(fit))


@of_mixed_fits
def marginal_effects(
    fit: MixedFit,
    by: By,
    *,
    data: pd.DataFrame | None = None,
    compare: Literal["difference", "ratio"] = "difference",
    method: Literal["holm", "bh", "none"] = "holm",
    settings: MarginalSettings | Mapping[str, Any] | None = None,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Average marginal effects: risk differences or risk ratios between all levels, or the slope of a number.

    Parameters
    ----------
    fit : MixedFit
    by, data
        As for `adjusted_predictions`. The name of a number alone asks for its average slope: by how much the mean
        outcome rises a unit.
    compare : {"difference", "ratio"}
        Of the mean outcomes at two levels.
    method : {"holm", "bh", "none"}
        Correction of the p-values for the number of pairs; intervals are not corrected.
    settings : MarginalSettings, mapping or None
    rng : int, numpy.random.Generator or None
        For simulated intervals.

    Returns
    -------
    pandas.DataFrame
        Table `estimates`; `contrast` is `b - a` or `b / a`, the later level first. `term` is difference, ratio or
        slope.

    Raises
    ------
    ModelError
        As `adjusted_predictions`; if there is nothing to compare, or a ratio of Gaussian outcomes is asked for.

    See Also
    --------
    adjusted_predictions : The means that are compared.
    contrasts : Differences on the scale of the linear predictor.

    Examples
    --------
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(40), 50), "strategy": np.tile(["a", "b"], 1000)})
    >>> odds = 1 + (data.strategy == "b") + rng.normal(0, 1.5, 40)[data.reader]
    >>> data["correct"] = rng.binomial(1, 1 / (1 + np.exp(-odds)))
    >>> fit = mixed("correct ~ strategy + (1 | reader)", data, family="binomial")
    >>> marginal_effects(fit, "strategy")[["term", "contrast", "estimate", "conf_low", "conf_high"]].round(2)
             term contrast  estimate  conf_low  conf_high
    0  difference    b - a      0.14       0.1       0.18
    """
    chosen = MarginalSettings.given(settings)
    if compare not in ("difference", "ratio"):
        raise ModelError(f"compare: expected 'difference' or 'ratio'; got {compare!r}")
    if isinstance(by, str) and is_number(fit, by):
        return _table(fit, "slope", _slopes(fit, by, data, chosen, rng), chosen, "identity")
    found = _averages(fit, by, data, chosen, rng)
    pairs = [(a, b) for a, b in combinations(range(len(found.names)), 2) if found.outcomes[a] == found.outcomes[b]]
    if not pairs:
        raise ModelError("expected at least two levels to compare; got one")
    if compare == "ratio" and fit.family.gaussian:
        raise ModelError("compare='ratio' is for probabilities, shares and counts; a Gaussian mean may be 0")
    table = _table(fit, compare, _compared(found, pairs, compare), chosen, "exp" if compare == "ratio" else "identity")
    return table.assign(p_value=adjust(table["p_value"].to_numpy(), method=method))


def _averages(
    fit: MixedFit, by: By, data: pd.DataFrame | None, chosen: MarginalSettings, rng: int | np.random.Generator | None
) -> _Found:
    """Average outcome at each combination of the asked for columns."""
    model, rows = response_model(fit), fit.frame.data if data is None else data
    if not len(rows):
        raise ModelError("data: expected rows to average over; got none")
    names = list(by) if not isinstance(by, str) else [by]
    values = {name: values_of(fit, name, by[name] if isinstance(by, Mapping) else None) for name in names}
    if not values:
        raise ModelError("expected at least one column of the fixed part, such as 'strategy'")
    frames, labels = [], []
    for combination in product(*values.values()):
        frames.append(
            rows.assign(
                **{name: of_one_value(fit, name, one, len(rows)) for name, one in zip(values, combination, strict=True)}
            )
        )
        labels.append(", ".join(map(_text, combination)))
    built = [AveragedRows.built(model, frame) for frame in frames]
    parts = [average_outcome(model, one, population=chosen.population) for one in built]
    drawn = [
        np.concatenate([average_at(model, one, at, population=chosen.population) for one in built])
        for at in _drawn(model, chosen, rng)
    ]
    levels, spec = _outcomes(fit), fit.frame.spec
    known = [bool(estimable(fit, spec.matrix(frame)).all()) for frame in frames]
    return _Found(
        [label for label in labels for _ in levels],
        levels * len(labels),
        np.concatenate([part.value for part in parts]),
        np.vstack([part.jacobian for part in parts]),
        np.array(drawn),
        np.repeat(known, len(levels)),
    )


def _slopes(
    fit: MixedFit, name: str, data: pd.DataFrame | None, chosen: MarginalSettings, rng: int | np.random.Generator | None
) -> _Found:
    """Average slope of a number: the mean outcome a little above each row's value, less that a little below."""
    rows = fit.frame.data if data is None else data
    model, step = response_model(fit), SLOPE_STEP * float(np.std(fit.frame.data[name].astype(float)))
    high, low = (
        AveragedRows.built(model, rows.assign(**{name: rows[name].astype(float) + move})) for move in (step, -step)
    )
    above, below = (average_outcome(model, moved, population=chosen.population) for moved in (high, low))
    drawn = [
        average_at(model, high, at, population=chosen.population)
        - average_at(model, low, at, population=chosen.population)
        for at in _drawn(model, chosen, rng)
    ]
    value, jacobian = (above.value - below.value) / (2 * step), (above.jacobian - below.jacobian) / (2 * step)
    levels = _outcomes(fit)
    known = np.ones(len(levels), dtype=bool)
    return _Found([name] * len(levels), levels, value, jacobian, np.array(drawn) / (2 * step), known)


def _outcomes(fit: MixedFit) -> list[str]:
    return [f"P({level})" for level in fit.response.levels] if fit.family.ordinal else [""]


def _drawn(model: ResponseModel, chosen: MarginalSettings, rng: int | np.random.Generator | None) -> np.ndarray:
    """Draw parameters from their normal distribution; none where the delta method is asked for."""
    if not np.isfinite(model.covariance).all():
        raise ModelError("the fit has no standard errors (see its notes), so outcomes get no intervals")
    if chosen.interval == "delta":
        return np.empty((0, model.parameters.size))
    values, vectors = np.linalg.eigh(model.covariance)
    normal = np.random.default_rng(rng).normal(size=(chosen.n_draws, values.size))
    return model.parameters + (normal * np.sqrt(values.clip(min=0))) @ vectors.T


def _compared(found: _Found, pairs: list[tuple[int, int]], compare: str) -> _Found:
    """Differences of the later level from the earlier one, or logs of their ratio."""
    first, second = np.array(pairs).T
    sign = " - " if compare == "difference" else " / "
    names = [f"{found.names[b]}{sign}{found.names[a]}" for a, b in pairs]
    values, jacobian, drawn, known = found[2:]
    if compare == "ratio":
        jacobian = jacobian / values[:, None]
        values, drawn = np.log(values), np.log(drawn)
    drawn = drawn[:, second] - drawn[:, first] if len(drawn) else drawn
    outcomes = [found.outcomes[a] for a in first]
    both = known[first] & known[second]
    return _Found(names, outcomes, values[second] - values[first], jacobian[second] - jacobian[first], drawn, both)


def _scale_of(fit: MixedFit) -> str:
    """Scale on which a mean outcome is nearest to normal."""
    if fit.family.link in ("identity", "log"):
        return fit.family.link
    return "logit"


def _table(fit: MixedFit, term: str, found: _Found, chosen: MarginalSettings, scale: str) -> pd.DataFrame:
    """Make the table: `exp` says that values are logs of what is shown, other scales where intervals are symmetric."""
    covariance = response_model(fit).covariance
    # A level whose probability is 1 whatever the parameters has no error; rounding must not make its variance negative.
    error = np.sqrt(np.einsum("rk,kl,rl->r", found.jacobian, covariance, found.jacobian).clip(min=0))
    df = _df(fit, found)
    low, high = _ends(found, error, df, chosen, scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(error > 0, found.estimates / error, np.nan)
    shown = np.exp(found.estimates) if scale == "exp" else found.estimates
    tested = term != "mean"
    table = pd.DataFrame(
        {
            "model": fit.plan.parts.response,
            "term": term,
            "contrast": [
                f"{name}: {one}" if one else name for name, one in zip(found.names, found.outcomes, strict=True)
            ],
            "estimate": shown,
            "std_error": error * shown if scale == "exp" else error,
            "statistic": statistic if tested else np.nan,
            "df": df,
            "p_value": 2 * stats.t.sf(np.abs(statistic), np.where(np.isnan(df), np.inf, df)) if tested else np.nan,
            "conf_low": low,
            "conf_high": high,
            "n": float(fit.n),
            "note": "; ".join(fit.notes),
        }
    )
    return without_numbers(table, fit, ~found.known)


def _df(fit: MixedFit, found: _Found) -> np.ndarray:
    """Satterthwaite's degrees of freedom of a Gaussian outcome, whose Jacobian is a contrast of the fixed effects.

    Of other outcomes those of the effects that make up their variance (between-within).
    """
    first = fit.solution.theta.size
    if fit.solution.slopes.size:
        return satterthwaite(fit.solution, found.jacobian[:, first:])
    df = np.full(found.jacobian.shape[1], np.nan)
    df[first : first + fit.df.size] = fit.df
    return of_averages(df, found.jacobian, response_model(fit).covariance)


def _ends(
    found: _Found, error: np.ndarray, df: np.ndarray, chosen: MarginalSettings, scale: str
) -> tuple[np.ndarray, np.ndarray]:
    tail = (1 - chosen.confidence) / 2
    if len(found.drawn):
        ends = np.quantile(found.drawn, [tail, 1 - tail], axis=0)
        return (np.exp(ends[0]), np.exp(ends[1])) if scale == "exp" else (ends[0], ends[1])
    half = stats.t.isf(tail, np.where(np.isnan(df), np.inf, df)) * error
    values = found.estimates
    if scale == "logit":
        spread = half / (values * (1 - values))
        return expit(logit(values) - spread), expit(logit(values) + spread)
    if scale == "log":
        return values * np.exp(-half / values), values * np.exp(half / values)
    if scale == "exp":
        return np.exp(values - half), np.exp(values + half)
    return values - half, values + half


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
