"""Categories as numbers: which levels there are, and which columns stand for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.expressions.faults import ExpressionError, hold, shorten
from gazeanalytics.expressions.memory import REMEMBERING
from gazeanalytics.expressions.signatures import CODINGS
from gazeanalytics.expressions.tree import Call, Listing, Literal, Name, Node, write
from gazeanalytics.tables import nearest, shown

__all__ = ["Coding", "columns", "learn", "summing"]


@dataclass(frozen=True, slots=True)
class Coding:
    """How a category becomes columns.

    Attributes
    ----------
    name : str
        As the formula writes it.
    levels : tuple
        All levels, in order.
    contrasts : numpy.ndarray, shape (levels, levels - 1)
        What stands for each level where the other terms span the rest.
    labels : tuple of str
        Names of those columns, brackets included.

    Examples
    --------
    Treatment coding compares each level with the first:

    >>> from gazeanalytics.expressions.grammar import parse
    >>> coding = learn(parse("site"), pd.Series(["b", "a", "c"]))
    >>> coding.levels, coding.labels
    (('a', 'b', 'c'), ('[b]', '[c]'))
    """

    name: str
    levels: tuple[Any, ...]
    contrasts: np.ndarray
    labels: tuple[str, ...]


def learn(node: Node, values: pd.Series) -> Coding:
    """Learn levels from the values of a fit, and lay out the coding that `factor(x, ...)` asks for.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> learn(parse("factor(site, contr.sum)"), pd.Series(["a", "b", "c", "a"])).contrasts
    array([[ 1.,  0.],
           [ 0.,  1.],
           [-1., -1.]])
    """
    told = _told(node)
    levels = told.get("levels") or list(pd.Categorical(values).categories)
    name = write(node)
    hold("columns", len(levels), name)
    _refuse_others(name, values, levels)
    kind, base = told.get("contrasts", ("treatment", None))
    if isinstance(base, str) and base not in levels:
        # R knows levels as text alone, so that relevel(site, ref="2") is said of numbers too.
        base = next((level for level in levels if str(level) == base), base)
    if base is not None and base not in levels:
        raise ExpressionError(f"{name!r}: expected a level as base: {nearest(str(base), list(map(str, levels)))}")
    matrix, labels = _CODINGS[kind](levels, None if base is None else levels.index(base))
    return Coding(name, tuple(levels), matrix, tuple(f"[{label}]" for label in labels))


def columns(coding: Coding, values: pd.Series, *, reduced: bool) -> tuple[np.ndarray, list[str]]:
    """Give the columns of a category, shape (rows, columns), and their names; NaN where the value is missing.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> site = pd.Series(["a", "b", "a"])
    >>> columns(learn(parse("site"), site), site, reduced=True)
    (array([[0.],
           [1.],
           [0.]]), ['site[b]'])
    """
    # A level that the fit hasn't seen has no coefficient; a row of zeros would pass it off as the base level.
    codes = _codes(coding.levels, values)
    missing = values.isna().to_numpy()
    strange = (codes < 0) & ~missing
    if strange.any():
        raise ExpressionError(
            f"{coding.name!r}: expected one of the levels of the fit, {_listed(coding.levels)}; got "
            f"{shown(values[strange].iloc[0])} in row {int(strange.argmax())}"
        )
    table = coding.contrasts if reduced else np.eye(len(coding.levels))
    labels = coding.labels if reduced else tuple(f"[{level}]" for level in coding.levels)
    found = table[codes]
    # Missing stays missing: code -1 has taken the last level's row, as it does in numpy.
    found[missing] = np.nan
    return found, [coding.name + label for label in labels]


def summing(coding: Coding) -> Coding:
    """Give the same category in sum coding, in which a coefficient is a level's distance from the mean of all.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> summing(learn(parse("site"), pd.Series(["a", "b", "c"]))).contrasts.tolist()
    [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]
    """
    matrix, labels = _sum(list(coding.levels), None)
    return Coding(coding.name, coding.levels, matrix, tuple(f"[{label}]" for label in labels))


def _codes(levels: tuple[Any, ...], values: pd.Series) -> np.ndarray:
    """Give the place of each value among the levels; -1 where it is none of them."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return pd.Index(list(levels)).get_indexer(pd.Index(values))
    own = pd.Index(list(levels)).get_indexer(values.cat.categories)
    return np.append(own, -1)[values.cat.codes]


def _refuse_others(name: str, values: pd.Series, levels: list[Any]) -> None:
    other = values[~values.isin(levels) & values.notna()]
    if len(other):
        raise ExpressionError(
            f"{name!r}: expected levels to hold every value, got {_listed(levels)} without {shown(other.iloc[0])}, "
            f"which stands in {len(other):,} rows"
        )


def _listed(levels: Any) -> str:
    return shorten(", ".join(map(shown, levels)))


def _told(node: Node) -> dict[str, Any]:
    """Read the settings of `factor(x, contr.treatment(base="b"), levels=[...])`."""
    if not (isinstance(node, Call) and node.name == "factor"):
        return {}
    told: dict[str, Any] = dict(zip(("contrasts", "levels"), node.arguments[1:], strict=False)) | dict(node.options)
    if "levels" in told:
        items = [item.value for item in told["levels"].items] if isinstance(told["levels"], Listing) else []
        if not items or len(set(items)) < len(items):
            raise ExpressionError(
                f"{shorten(write(node))!r}: expected a list of different levels, as in levels=['a', 'b']"
            )
        told["levels"] = items
    if "contrasts" in told:
        told["contrasts"] = _contrasts(told["contrasts"], node)
    return told


def _contrasts(node: Node, whole: Node) -> tuple[str, Any]:
    name = node.name if isinstance(node, Name | Call) else ""
    if name not in CODINGS:
        raise ExpressionError(
            f"{shorten(write(whole))!r}: expected a coding, one of {', '.join(CODINGS)}; got {shorten(write(node))!r}"
        )
    if not isinstance(node, Call):
        return CODINGS[name], None
    base = next(iter([*node.arguments, *(value for _, value in node.options)]), None)
    if base is not None and not (isinstance(base, Literal) and CODINGS[name] in ("treatment", "SAS")):
        raise ExpressionError(
            f"{shorten(write(whole))!r}: expected a base only of contr.treatment and contr.SAS, a level such as 'a' "
            f"or 3; got {shorten(write(base))!r}"
        )
    return CODINGS[name], base.value if isinstance(base, Literal) else None


Laid = tuple[np.ndarray, list[str]]


def _treatment(levels: list[Any], base: int | None) -> Laid:
    rest = [place for place in range(len(levels)) if place != (base or 0)]
    return np.eye(len(levels))[:, rest], [f"{levels[place]}" for place in rest]


def _sas(levels: list[Any], base: int | None) -> Laid:
    return _treatment(levels, len(levels) - 1 if base is None else base)


def _sum(levels: list[Any], base: int | None) -> Laid:
    matrix = np.eye(len(levels), max(len(levels) - 1, 0))
    matrix[-1:] = -1
    return matrix, [f"S.{level}" for level in levels[:-1]]


# Columns as R's contr.helmert gives them, not scaled: coefficients are then those of R's output.
def _helmert(levels: list[Any], base: int | None) -> Laid:
    count = len(levels)
    matrix = -np.triu(np.ones((count, count)))[:, : count - 1]
    matrix[np.arange(1, count), np.arange(count - 1)] = np.arange(1, count)
    return matrix, [f"H.{level}" for level in levels[1:]]


def _diff(levels: list[Any], base: int | None) -> Laid:
    count = len(levels)
    matrix = np.repeat([np.arange(1.0, count)], count, axis=0) / count
    matrix[np.triu_indices(count, m=count - 1)] -= 1
    return matrix, [f"D.{level}" for level in levels[1:]]


def _poly(levels: list[Any], base: int | None) -> Laid:
    count, poly = len(levels), REMEMBERING["poly"]
    if count < 2:
        return np.empty((count, 0)), []
    scores = np.arange(float(count))
    names = [{1: ".L", 2: ".Q", 3: ".C"}.get(degree, f"^{degree}") for degree in range(1, count)]
    return poly.use(scores, poly.learn(scores, {"degree": count - 1})), names


_CODINGS: dict[str, Callable[[list[Any], int | None], Laid]] = {
    "treatment": _treatment, "SAS": _sas, "sum": _sum, "helmert": _helmert, "diff": _diff, "poly": _poly,
}  # fmt: skip
