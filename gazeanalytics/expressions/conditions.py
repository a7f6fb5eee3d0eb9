"""Rows that a condition chooses: `max_saccades in [2, 4] and kind == 'person'`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.expressions.faults import ExpressionError, shorten
from gazeanalytics.expressions.grammar import parse
from gazeanalytics.expressions.signatures import CODINGS, FORMULA_WORDS
from gazeanalytics.expressions.tree import Call, Chain, Listing, Literal, Name, Node, Sign, parts
from gazeanalytics.expressions.values import Rows, work_out

__all__ = ["check_condition", "select"]

_WANTED = "a condition on columns, such as \"max_saccades in [2, 4] and site != 'b'\""


def select(data: pd.DataFrame, where: str) -> pd.DataFrame:
    """Choose the rows for which a condition holds.

    Parameters
    ----------
    data : pandas.DataFrame
    where : str
        Columns (in backticks where they aren't words), numbers and texts, compared by `== != < <= > >=` and
        `in [...]`, joined by `and`, `or`, `not` (or `& | ~`); arithmetic, and functions such as `log(x)` and
        `isna(x)`. A missing value is equal to nothing, so that only `!=`, `not in` and `isna` hold for it.

    Returns
    -------
    pandas.DataFrame
        Rows in their order, with their index.

    Raises
    ------
    ExpressionError
        Saying what can't be read or worked out.

    Examples
    --------
    >>> table = pd.DataFrame({"reader": [1, 2, 3], "site": ["a", "b", None], "experience years": [2, 9, 30]})
    >>> select(table, "site in ['a', 'b'] and 5 < `experience years` <= 20")["reader"].tolist()
    [2]
    >>> select(table, "isna(site) or reader == 1")["reader"].tolist()
    [1, 3]
    """
    # Not DataFrame.query: its `@name` and attribute access reach Python's objects, so a condition could write files.
    tree = _condition(where, [str(name) for name in data.columns])
    with np.errstate(all="ignore"):
        found = work_out(tree, Rows(data))
    found = found.to_numpy() if isinstance(found, pd.Series) and found.dtype == bool else np.asarray(found)
    if found.dtype != bool or found.ndim > 1:
        raise ExpressionError(f"{shorten(where)!r}: expected {_WANTED}; got something that isn't true or false")
    return data[np.broadcast_to(found, len(data))]


def check_condition(where: str) -> None:
    """Refuse a condition that is wrong for every table.

    Examples
    --------
    >>> check_condition("experience_years / 10")
    Traceback (most recent call last):
    gazeanalytics.expressions.faults.ExpressionError: 'experience_years / 10': expected a condition on columns, such \
as "max_saccades in [2, 4] and site != 'b'"; got something that isn't true or false
    """
    _condition(where, [])


def _condition(where: str, columns: list[str]) -> Node:
    tree = parse(where, columns=columns)
    _refuse_formulas(tree, where)
    if not _may_be_true(tree):
        raise ExpressionError(f"{shorten(where)!r}: expected {_WANTED}; got something that isn't true or false")
    return tree


# Refused by its outermost operator, before any table is at hand: `check` then finds a wrong study file in a second, and
# what depends on the columns (a name that might be true or false) is left to `select`.
def _may_be_true(tree: Node) -> bool:
    if isinstance(tree, Chain):
        return tree.rest[0][0] not in ("+", "-", "*", "/", "//", "%", "**")
    if isinstance(tree, Literal):
        return isinstance(tree.value, bool)
    return not isinstance(tree, Listing) and not (isinstance(tree, Sign) and tree.operator == "-")


def _refuse_formulas(tree: Node, where: str) -> None:
    """Refuse what only a formula may say."""
    if isinstance(tree, Call) and tree.name in (*CODINGS, *FORMULA_WORDS, "factor"):
        raise ExpressionError(f"{shorten(where)!r}: expected {_WANTED}; got {tree.name}(...), which is for formulas")
    if isinstance(tree, Chain):
        for operator, _ in tree.rest:
            if operator in ("~", ":", "||"):
                raise ExpressionError(
                    f"{shorten(where)!r}: expected {_WANTED}; got {operator!r}, which is for formulas"
                )
    for part in parts(tree):
        if not isinstance(part, Name):
            _refuse_formulas(part, where)
