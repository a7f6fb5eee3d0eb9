"""Parts of predictors within and between groups: what a reader does now, and what kind of reader it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazeanalytics.tables import nearest

__all__ = ["within_between"]


def within_between(data: pd.DataFrame, columns: str | Sequence[str], group: str | Sequence[str]) -> pd.DataFrame:
    """Split predictors into their parts within and between groups (Mundlak terms, REWB, contextual effects).

    A random intercept per group is taken to be unrelated to the predictors. Where it isn't (hard cases are searched
    in another way, the better readers have the more experience), the coefficient of the predictor mixes its effect
    within groups with differences between them, and few rows a group mix in most. Beside the group's mean, the
    predictor's own coefficient is the effect within groups, as if every group had an intercept of its own.

    Two ways of writing it, which fit equally: `x_within_reader + x_between_reader` gives the effect within and the
    effect between readers; `x + x_between_reader` gives the effect within and, of the mean, the difference between
    the two effects, which is 0 without confounding. For groups that cross use the second with the mean of each:
    `x + x_between_case + x_between_reader`.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per observation.
    columns : str or sequence of str
        Predictors: numbers, or categories (such as the strategy of a reading), of which each level but the first is
        taken as a 0/1 column.
    group : str or sequence of str
        Column of groups; several are nested, the innermost first, as in `["reader", "country"]`.

    Returns
    -------
    pandas.DataFrame
        `data` with the columns `x_within_reader` (x less its reader's mean) and, centred at the mean of all rows,
        `x_between_reader` (the reader's mean; less the country's, where countries follow) and `x_between_country`. Of
        a category: `strategy_central_between_case`, the share of a case's readings that are of the level `central`,
        and so on. In the units of the predictor; missing where the predictor or the group is.

    Raises
    ------
    KeyError
        If a column isn't there.

    See Also
    --------
    mixed : Fits the model.

    References
    ----------
    Mundlak (1978), Econometrica 46(1); Bafumi & Gelman (2006), Fitting multilevel models when predictors and group
    effects correlate; Bell & Jones (2015), Polit. Sci. Res. Methods 3(1); for groups that cross: Baltagi (2023),
    Econ. Lett. 223.

    Examples
    --------
    Two readers, read in two years:

    >>> readings = pd.DataFrame({"reader": ["ann", "ann", "bob", "bob"], "years": [1.0, 3.0, 9.0, 11.0]})
    >>> parts = within_between(readings, "years", "reader")
    >>> parts[["years_within_reader", "years_between_reader"]].to_numpy().tolist()
    [[-1.0, -4.0], [1.0, -4.0], [-1.0, 4.0], [1.0, 4.0]]

    Hard cases are searched longer and read worse, though a longer search of the same case does no harm. With two
    reads a case the mixed model blames the search, but for the case's mean:

    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(1)
    >>> rows = pd.DataFrame({"case": np.repeat(np.arange(400), 2)})
    >>> hard = rng.normal(0, 1, 400)[rows.case]
    >>> rows["search"], rows["quality"] = 0.4 * hard + rng.normal(0, 1, 800), -hard + rng.normal(0, 1, 800)
    >>> rows = within_between(rows, "search", "case")
    >>> mixed("quality ~ search + (1 | case)", rows).coefficients[1:].round(2).tolist()
    [-0.19]
    >>> mixed("quality ~ search + search_between_case + (1 | case)", rows).coefficients[1:].round(2).tolist()
    [-0.02, -0.47]
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    groups = [group] if isinstance(group, str) else list(group)
    for name in (*names, *groups):
        if name not in data:
            raise KeyError(f"no column {name!r}; {nearest(name, list(map(str, data.columns)))}")
    added: dict[str, pd.Series] = {}
    for name in names:
        for label, values in _as_numbers(name, data[name]).items():
            added |= _parts(label, values, data, groups)
    return data.assign(**added)


def _as_numbers(name: str, values: pd.Series) -> dict[str, pd.Series]:
    """Give the column, or of a category a 0/1 column for each level but the first that occurs."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return {name: values.astype(float)}
    levels = pd.Categorical(values).remove_unused_categories()
    found: dict[str, pd.Series] = {}
    for place, level in enumerate(levels.categories[1:], start=1):
        # A word, so that formulas need no quotes around it; two levels alike but for their signs stay apart.
        word = f"{name}_{re.sub(r'[^0-9a-zA-Z]+', '_', str(level)).strip('_') or place}"
        label = f"{word}_{place}" if word in found else word
        is_level = pd.Series((levels.codes == place).astype(float), index=values.index)
        found[label] = is_level.where(levels.codes >= 0)
    return found


def _parts(label: str, values: pd.Series, data: pd.DataFrame, groups: list[str]) -> dict[str, pd.Series]:
    known = values.notna() & data[groups].notna().all(axis=1)
    values = values.where(known)
    # Means over rows, at each depth: the parts are then uncorrelated, and add up to the predictor.
    means = [values.groupby(data[name], observed=True).transform("mean").where(known) for name in groups]
    outer = [*means[1:], pd.Series(np.where(known, values.mean(), np.nan), index=values.index)]
    found = {f"{label}_within_{groups[0]}": values - means[0]}
    found |= {f"{label}_between_{name}": mean - rest for name, mean, rest in zip(groups, means, outer, strict=True)}
    # The mean of equal numbers may differ from them by rounding, which isn't a part of the predictor.
    rounding = 1e-12 * float(values.abs().max()) if known.any() else 0.0
    return {name: part.mask(part.abs() <= rounding, 0.0) for name, part in found.items()}
