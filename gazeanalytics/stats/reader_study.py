"""Multi-condition reader studies: the same readers alone, with labels, with full reasoning; times, ratings, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.brief import Brief
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.marginal_means import adjust, contrasts, marginal_means
from gazeanalytics.stats.mixed.model import mixed
from gazeanalytics.stats.mixed.results import MixedFit
from gazeanalytics.tables import nearest, shown

__all__ = ["Comparison", "Conditions", "counts_by_condition", "ratings_by_condition", "times_by_condition"]


@dataclass(frozen=True, slots=True)
class Conditions(Brief):
    """Design of a reader study: the column of conditions, the reference, what to adjust for.

    Attributes
    ----------
    condition : str
        Column of the condition; it must vary within readers.
    reference : str, optional
        Condition that others are compared with first. Default: the first category, or the first in the table.
    by : str, optional
        A further category, such as whether the case is abnormal, within whose levels conditions are compared.
    covariates : sequence of str
        Columns to adjust for, such as the session, as readers grow faster with practice.

    Examples
    --------
    >>> Conditions(reference="manual", by="abnormal", covariates=["session"]).condition
    'condition'
    """

    condition: str = "condition"
    reference: str | None = None
    by: str | None = None
    covariates: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Comparison(Brief):
    """Comparison of the conditions of a reader study: marginal means and ratios with confidence intervals.

    Attributes
    ----------
    means : pandas.DataFrame
        An `estimates` table: what is expected under each condition, of an average reader and case.
    contrasts : pandas.DataFrame
        An `estimates` table: ratios (term *ratio* or *odds ratio*, contrast "b / a") with intervals; p-values are
        corrected by Holm's method.
    fit : MixedFit
        The model, with `.estimates()`.

    See Also
    --------
    times_by_condition, ratings_by_condition, counts_by_condition : What makes one, with examples.
    """

    means: pd.DataFrame
    contrasts: pd.DataFrame
    fit: MixedFit


def times_by_condition(
    data: pd.DataFrame, time: str = "duration_ms", *, design: Conditions | None = None
) -> Comparison:
    """Compare reading times between conditions: a linear mixed model of the logarithm, so that effects are ratios.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a reading: reader, case, condition and the time (any unit, above 0). Rows without it are left out.
    time : str
        Column.
    design : Conditions, optional
        Columns and reference; see there.

    Returns
    -------
    Comparison
        `means` are geometric means. Readers and cases vary, and readers in what a condition does to them, so the
        comparison holds for readers like these; with few, its t interval has at most (readers - 1) x (conditions - 1)
        degrees of freedom.

    Raises
    ------
    ModelError
        If a column is missing, a time isn't above 0, or each reader worked under one condition.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"reader": np.repeat(range(6), 30), "case": np.tile(range(30), 6)})
    >>> data["condition"] = np.where((data.reader + data.case) % 2, "full", "manual")
    >>> data["duration_ms"] = np.exp(10 - 0.5 * (data.condition == "full") + rng.normal(0, 0.3, 180))
    >>> found = times_by_condition(data, design=Conditions(reference="manual"))
    >>> found.contrasts[["term", "contrast", "estimate", "conf_low", "conf_high"]].round(2).to_numpy().tolist()
    [['ratio', 'full / manual', 0.61, 0.55, 0.67]]
    """
    layout = design or Conditions()
    rows = _checked(data, layout, [time])
    rows = rows[rows[time].notna()]
    if (rows[time] <= 0).any():
        wrong = rows[time][rows[time] <= 0].iloc[0]
        raise ModelError(
            f"times must be above 0 to have a logarithm; got {shown(wrong)} in {time!r}: leave such rows out"
        )
    return _compare(rows, f"log({time})", "gaussian", layout)


def ratings_by_condition(data: pd.DataFrame, rating: str, *, design: Conditions | None = None) -> Comparison:
    """Compare ratings on a scale of agreement or quality: a cumulative logit mixed model, no scores assumed.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a judgement: reader, case, condition and the rating (an ordered category, or numbers).
    rating : str
        Column.
    design : Conditions, optional
        Columns and reference; see there.

    Returns
    -------
    Comparison
        `means` are on the latent logit scale; `contrasts` are odds ratios of a better rating.

    Raises
    ------
    ModelError
        As in `times_by_condition`; or when ratings have fewer than three levels, or no order.

    See Also
    --------
    times_by_condition, counts_by_condition : Other outcomes of the same design.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"reader": np.repeat(range(6), 30), "case": np.tile(range(30), 6)})
    >>> data["condition"] = np.where((data.reader + data.case) % 2, "full", "manual")
    >>> data["rating"] = np.digitize((data.condition == "full") + rng.logistic(size=180), [-1, 0, 1])
    >>> found = ratings_by_condition(data, "rating", design=Conditions(reference="manual"))
    >>> found.contrasts[["term", "contrast", "estimate", "conf_low", "conf_high"]].round(1).to_numpy().tolist()
    [['odds ratio', 'full / manual', 2.4, 1.0, 5.3]]
    """
    layout = design or Conditions()
    rows = _checked(data, layout, [rating])
    return _compare(rows[rows[rating].notna()], rating, "ordinal", layout)


def counts_by_condition(data: pd.DataFrame, hits: str, misses: str, *, design: Conditions | None = None) -> Comparison:
    """Compare shares, such as findings found among those there: a binomial mixed model.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a reading: reader, case, condition and two counts, as `reasoning.audit_errors` gives them.
    hits, misses : str
        Columns of the counts. Rows where both are 0 hold no information and are left out.
    design : Conditions, optional
        Columns and reference; see there.

    Returns
    -------
    Comparison
        `means` are shares; `contrasts` are odds ratios of a hit.

    Raises
    ------
    ModelError
        As in `times_by_condition`; or when a condition has no hit or no miss at all.

    See Also
    --------
    times_by_condition, ratings_by_condition : Other outcomes of the same design.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"reader": np.repeat(range(6), 30), "case": np.tile(range(30), 6)})
    >>> data["condition"] = np.where((data.reader + data.case) % 2, "full", "manual")
    >>> data["found"] = rng.binomial(3, np.where(data.condition == "full", 0.8, 0.6))
    >>> data["missed"] = 3 - data.found
    >>> found = counts_by_condition(data, "found", "missed", design=Conditions(reference="manual"))
    >>> found.means[["contrast", "estimate"]].round(2).to_numpy().tolist()
    [['manual', 0.59], ['full', 0.8]]
    """
    layout = design or Conditions()
    rows = _checked(data, layout, [hits, misses])
    rows = rows[(rows[hits] + rows[misses]) > 0]
    return _compare(rows, f"cbind({hits}, {misses})", "binomial", layout)


def _checked(data: pd.DataFrame, layout: Conditions, outcomes: list[str]) -> pd.DataFrame:
    """Rows with the condition as a category, the reference first."""
    have = [str(name) for name in data.columns]
    further = [layout.by] if layout.by else []
    for name in ("reader", "case", layout.condition, *outcomes, *further, *layout.covariates):
        if name not in have:
            raise ModelError(f"no column {name!r}; {nearest(name, have)}")
    column = data[layout.condition]
    given = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column.dropna().unique()
    levels = [level for level in given if column.eq(level).any()]
    if layout.reference is not None:
        if layout.reference not in levels:
            names = [str(level) for level in levels]
            raise ModelError(f"no condition {layout.reference!r}; {nearest(layout.reference, names)}")
        levels.sort(key=lambda level: level != layout.reference)
    if len(levels) < 2 or data.groupby("reader", observed=True)[layout.condition].nunique().max() < 2:
        raise ModelError(
            "no reader worked under two conditions; compare readers of different conditions with mixed(), knowing that "
            "effects of readers and of conditions are confounded when they are few"
        )
    return data.assign(**{layout.condition: pd.Categorical(column, levels)})


def _compare(rows: pd.DataFrame, left: str, family: str, layout: Conditions) -> Comparison:
    """Fit and compare; a reader's own reaction to a condition is a random effect where cells are replicated."""
    name = layout.condition
    # Without (1 | reader/condition) a difference between conditions would count readings as its sample, though readers
    # react differently, and intervals would be far too narrow for other readers.
    cells = rows.groupby(["reader", name], observed=True).ngroups
    reader = f"(1 | reader/{name})" if len(rows) > 2 * cells else "(1 | reader)"
    fixed = " + ".join([f"{name} * {layout.by}" if layout.by else name, *layout.covariates])
    fit = mixed(f"{left} ~ {fixed} + {reader} + (1 | case)", rows, family=family)
    by = (name, layout.by) if layout.by else (name,)
    readers, conditions = rows["reader"].nunique(), rows[name].nunique()
    # Readers are the sample: however many readings there are, their reactions to a condition number (readers - 1) x
    # (conditions - 1), and no t law of a contrast of conditions has more degrees of freedom.
    max_df = float((readers - 1) * (conditions - 1))
    pairs = _within(contrasts(fit, *by, method="none"))
    return Comparison(_expected(fit, by, left, max_df), _ratios(pairs, family, max_df), fit)


def _expected(fit: MixedFit, by: tuple[str, ...], left: str, max_df: float) -> pd.DataFrame:
    table = _small_sample(marginal_means(fit, *by), max_df)
    ends = ["estimate", "conf_low", "conf_high"]
    if left.startswith("log("):
        table[ends] = np.exp(table[ends])
        table["std_error"] *= table["estimate"]
        table["term"] = "geometric mean"
    elif fit.family.name == "binomial":
        table[ends] = 1 / (1 + np.exp(-table[ends]))
        table["std_error"] *= table["estimate"] * (1 - table["estimate"])
        table["term"] = "share"
    return table.assign(statistic=np.nan, p_value=np.nan)


def _within(pairs: pd.DataFrame) -> pd.DataFrame:
    """Of all pairs of "condition, level", those within a level; the earlier condition is the one compared with."""
    rows = []
    for _, row in pairs.iterrows():
        first, second = (side.split(", ", 1) for side in row["contrast"].split(" - ", 1))
        if first[1:] == second[1:]:
            label = ", ".join([f"{second[0]} / {first[0]}", *first[1:]])
            turned = {"estimate": -row["estimate"], "statistic": -row["statistic"]}
            rows.append(row.to_dict() | turned | {"contrast": label})
    return pd.DataFrame(rows)


def _small_sample(table: pd.DataFrame, max_df: float) -> pd.DataFrame:
    """Intervals and p-values with no more degrees of freedom than readers and conditions allow."""
    df = np.minimum(table["df"].fillna(np.inf).to_numpy(float), max_df)
    half = stats.t.ppf(0.975, df) * table["std_error"].to_numpy(float)
    statistic = table["statistic"].to_numpy(float)
    ends = {"conf_low": table["estimate"] - half, "conf_high": table["estimate"] + half}
    return table.assign(df=df, p_value=2 * stats.t.sf(np.abs(statistic), df), **ends)


def _ratios(pairs: pd.DataFrame, family: str, max_df: float) -> pd.DataFrame:
    table = _small_sample(pairs, max_df)
    ends = ["estimate", "conf_low", "conf_high"]
    table[ends] = np.exp(table[ends])
    table["std_error"] *= table["estimate"]
    table["p_value"] = adjust(table["p_value"].to_numpy(), method="holm")
    return table.assign(term="ratio" if family == "gaussian" else "odds ratio")
