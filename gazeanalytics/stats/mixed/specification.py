"""Specification curve (multiverse analysis): one question under many analytic choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gazeanalytics.expressions import ExpressionError, select
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.model import mixed

__all__ = ["specification_curve"]


def specification_curve(
    data: pd.DataFrame, choices: Mapping[str, Mapping[str, Any]], *, term: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Specification curve: what each analytic choice says about one term (Simonsohn, Simmons & Nelson 2020).

    Parameters
    ----------
    data : pandas.DataFrame
        One row per observation.
    choices : mapping of str to mapping
        For each specification's name the arguments of `mixed`, plus `rows` (a condition such as `"kind == 'person'"`).
    term : str
        The fixed effect looked at.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Table `estimates`, lowest estimate first; `model` is the specification's name. A specification that is refused,
        or in which the term can't be estimated, has NaN and says why in `note`.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020), Nat. Hum. Behav. 4.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> data = pd.DataFrame({"reader": np.repeat(np.arange(10), 20), "prior": np.tile([0, 1], 100)})
    >>> data["seconds"] = np.exp(1 + 0.5 * data.prior + rng.normal(0, 0.2, 200))
    >>> choices = {
    ...     "all readers": {"formula": "log(seconds) ~ prior + (1 | reader)"},
    ...     "first five": {"formula": "log(seconds) ~ prior + (1 | reader)", "rows": "reader < 5"},
    ... }
    >>> specification_curve(data, choices, term="prior")[["model", "estimate", "n"]].round(2)
             model  estimate      n
    0  all readers      0.53  200.0
    1   first five      0.54  100.0
    """
    rows = [_one(data, name, dict(choice), term, confidence) for name, choice in choices.items()]
    return pd.concat(rows, ignore_index=True).sort_values("estimate", kind="stable", ignore_index=True)


def _one(data: pd.DataFrame, name: str, choice: dict[str, Any], term: str, confidence: float) -> pd.DataFrame:
    where = choice.pop("rows", None)
    try:
        part = select(data, where) if where else data
        table = mixed(data=part, **choice).estimates(model=name, confidence=confidence)
    except (ModelError, ExpressionError) as error:
        return _empty(name, term, str(error))
    row = table[table["term"] == term]
    return row if len(row) else _empty(name, term, f"no term {term!r} in this specification")


def _empty(name: str, term: str, note: str) -> pd.DataFrame:
    numbers = ("estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high", "n")
    return pd.DataFrame([{"model": name, "term": term, **dict.fromkeys(numbers, float("nan")), "note": note}])
