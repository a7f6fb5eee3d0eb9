"""Work out an expression over the rows of a table, with our own functions alone."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.expressions.faults import ExpressionError, shorten
from gazeanalytics.expressions.memory import REMEMBERING
from gazeanalytics.expressions.signatures import SIGNATURES
from gazeanalytics.expressions.tree import Bracket, Call, Chain, Listing, Literal, Name, Node, Sign, parts, write
from gazeanalytics.tables import nearest

__all__ = ["Rows", "numbers", "remembering", "settings", "work_out"]

# A value is numbers (float, int or bool array, or one of them) or labels (a Series of text, categories or dates).
Value = Any

PLAIN: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "abs": np.abs, "ceil": np.ceil, "cos": np.cos, "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1,
    "floor": np.floor, "log": np.log, "log10": np.log10, "log1p": np.log1p, "log2": np.log2, "round": np.round,
    "sign": np.sign, "sin": np.sin, "sqrt": np.sqrt, "tan": np.tan, "tanh": np.tanh,
    "exp10": lambda x: np.power(10.0, x),
}  # fmt: skip
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "//": np.floor_divide, "%": np.mod,
    "**": np.power,
}  # fmt: skip
COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
LOGIC = {"and": np.logical_and, "&": np.logical_and, "or": np.logical_or, "|": np.logical_or}


@dataclass(frozen=True, slots=True)
class Rows(Brief):
    """The rows that an expression is worked out over, and what its functions remember.

    Attributes
    ----------
    data : pandas.DataFrame
    memory : dict
        What `scale(x)` and the like have learnt, by how they are written; filled where `learning`.
    learning : bool
        Whether these are the rows of the fit.

    Examples
    --------
    >>> rows = Rows(pd.DataFrame({"x": [1, None], "site": ["a", "b"]}))
    >>> rows.column("x")
    array([ 1., nan])
    >>> rows.column("site").tolist()
    ['a', 'b']
    """

    data: pd.DataFrame
    memory: dict[str, Any] = field(default_factory=dict)
    learning: bool = True

    def column(self, name: str) -> Value:
        """Give a column: numbers as an array, everything else as it is."""
        have = {str(column): column for column in self.data.columns}
        if name not in have:
            hint = nearest(shorten(name), list(have))
            raise ExpressionError(f"expected a column of the table; got {shorten(name)!r}: {hint}")
        values = self.data[have[name]]
        if isinstance(values, pd.DataFrame):
            raise ExpressionError(f"expected one column {name!r}; got {values.shape[1]} of that name")
        if not (pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_complex_dtype(values.dtype)):
            return values.reset_index(drop=True)
        return values.to_numpy(float, na_value=np.nan) if values.isna().any() else values.to_numpy()


def work_out(node: Node, rows: Rows) -> Value:
    """Work out a value for each row: numbers (an array, with two dimensions for `poly`, `bs` and `ns`) or labels.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> table = pd.DataFrame({"x": [1, 2, 3], "site": ["a", "b", "a"]})
    >>> work_out(parse("I((x - 3)^2)"), Rows(table))
    array([4., 1., 0.])
    >>> work_out(parse("site == 'a' and x > 1"), Rows(table))
    array([False, False,  True])
    """
    return _KINDS[type(node)](node, rows) if type(node) in _KINDS else _misplaced(node, "a value")


def numbers(node: Node, rows: Rows) -> np.ndarray:
    """Work out numbers; whatever else it gives is refused.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> table = pd.DataFrame({"x": [1.0, 100.0], "site": ["a", "b"]})
    >>> numbers(parse("log10(x)"), Rows(table))
    array([0., 2.])
    >>> numbers(parse("site == 'b'"), Rows(table))
    array([0., 1.])
    """
    value = work_out(node, rows)
    if isinstance(value, pd.Series | str):
        kind = f"labels ({value.dtype})" if isinstance(value, pd.Series) else "text"
        raise ExpressionError(f"{shorten(write(node))!r}: expected numbers; got {kind}")
    return np.asarray(value, dtype=float)


def remembering(node: Node) -> list[str]:
    """List the functions in an expression whose result for a row rests on the other rows, such as scale and poly.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> remembering(parse("log(x) + I(scale(z)^2)"))
    ['scale']
    """
    own = [node.name] if isinstance(node, Call) and node.name in REMEMBERING else []
    return own + [name for part in parts(node) for name in remembering(part)]


def settings(call: Call, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Read a call's settings, each a number, True or False, a text or a list of them.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> settings(parse("poly(x, 3, raw=True)"), {"degree": int, "raw": bool})
    {'degree': 3, 'raw': True}
    """
    signature = SIGNATURES[call.name]
    told = dict(zip(signature.settings, call.arguments[signature.columns :], strict=False)) | dict(call.options)
    found = {}
    for name, node in told.items():
        value = [item.value for item in node.items] if isinstance(node, Listing) else getattr(node, "value", None)
        kind = kinds[name]
        flag = isinstance(value, bool) and kind is not bool
        text_in_list = (
            kind is list and isinstance(value, list) and not all(isinstance(one, int | float) for one in value)
        )
        if not isinstance(value, kind) or flag or text_in_list:
            words = {bool: "True or False", int: "a whole number", list: "a list of numbers"}
            raise ExpressionError(
                f"{shorten(write(call))!r}: expected {words[kind]} for {name}; got {shorten(write(node))!r}"
            )
        found[name] = value
    return found


def _misplaced(node: Node, expected: str) -> Value:
    raise ExpressionError(f"{shorten(write(node))!r}: expected {expected}; got what only stands elsewhere in a formula")


def _call(node: Call, rows: Rows) -> Value:
    if node.name in PLAIN:
        return PLAIN[node.name](numbers(node.arguments[0], rows))
    if node.name in REMEMBERING:
        return _remembered(node, rows)
    if node.name == "I":
        return work_out(node.arguments[0], rows)
    if node.name == "interaction":
        return _combined(node, rows)
    if node.name in ("isna", "notna"):
        missing = np.asarray(pd.isna(work_out(node.arguments[0], rows)))
        return missing if node.name == "isna" else ~missing
    return _misplaced(node, "numbers")


def _combined(node: Call, rows: Rows) -> pd.Series:
    """Give the combinations of two categories' levels that occur, the first one's levels fastest, as R orders them."""
    inner = [one.arguments[0] if isinstance(one, Call) and one.name == "factor" else one for one in node.arguments]
    first, second = (pd.Series(pd.Categorical(work_out(one, rows))) for one in inner)
    count = len(first.cat.categories)
    codes = (second.cat.codes.astype(int) * count + first.cat.codes).where(first.notna() & second.notna())
    names = [f"{a}.{b}" for b in second.cat.categories for a in first.cat.categories]
    used = sorted(int(code) for code in codes.dropna().unique())
    return pd.Series(
        pd.Categorical(codes.map(lambda code: names[int(code)], na_action="ignore"), [names[k] for k in used])
    )


def _remembered(node: Call, rows: Rows) -> np.ndarray:
    function, key = REMEMBERING[node.name], write(node)
    x = np.broadcast_to(_single(numbers(node.arguments[0], rows), node), len(rows.data))
    if rows.learning:
        rows.memory[key] = function.learn(x, settings(node, function.settings))
    return function.use(x, rows.memory[key])


def _sign(node: Sign, rows: Rows) -> Value:
    if node.operator == "-":
        return -numbers(node.operand, rows)
    return np.logical_not(_truth(node.operand, rows))


def _chain(node: Chain, rows: Rows) -> Value:
    first = node.rest[0][0]
    if first in ARITHMETIC:
        value = numbers(node.first, rows)
        for sign, operand in node.rest:
            value = ARITHMETIC[sign](_single(value, node), _single(numbers(operand, rows), node))
        return value
    if first in LOGIC:
        value = _truth(node.first, rows)
        for sign, operand in node.rest:
            if sign not in LOGIC:
                raise ExpressionError(f"{shorten(write(node))!r}: expected 'or' between conditions; got {sign!r}")
            value = LOGIC[sign](value, _truth(operand, rows))
        return value
    if first in COMPARISONS or first in ("in", "not in"):
        return _compared(node, rows)
    raise ExpressionError(
        f"{shorten(write(node))!r}: expected arithmetic, comparisons or and/or/not inside a value; got {first!r}"
    )


def _single(value: Value, node: Node) -> Value:
    if np.ndim(value) == 2:
        raise ExpressionError(
            f"{shorten(write(node))!r}: expected one number a row; got several, as poly and bs give; leave them alone"
        )
    return value


def _truth(node: Node, rows: Rows) -> np.ndarray:
    value = work_out(node, rows)
    found = np.asarray(value) if not isinstance(value, pd.Series) or value.dtype == bool else None
    if found is None or found.dtype != bool:
        raise ExpressionError(
            f"{shorten(write(node))!r}: expected a condition, true or false in each row; compare it with something, as "
            "in site == 'a' or correct == 1"
        )
    return found


def _compared(node: Chain, rows: Rows) -> np.ndarray:
    """Compare neighbours; `2 < x < 5` wants both."""
    found: Any = True
    left = node.first
    for sign, right in node.rest:
        both = _member(left, right, sign, rows) if sign in ("in", "not in") else _pair(left, right, sign, rows)
        found = np.logical_and(found, both)
        left = right
    return found


def _member(left: Node, right: Node, sign: str, rows: Rows) -> np.ndarray:
    if not isinstance(right, Listing):
        raise ExpressionError(
            f"{shorten(write(right))!r}: expected a list after {sign!r}, such as ['a', 'b']; got something else"
        )
    value = _single(work_out(left, rows), left)
    series = value if isinstance(value, pd.Series) else pd.Series(np.atleast_1d(value))
    found = series.isin([item.value for item in right.items]).to_numpy(bool)
    return found if sign == "in" else ~found


def _pair(left: Node, right: Node, sign: str, rows: Rows) -> np.ndarray:
    one, other = (_single(work_out(side, rows), side) for side in (left, right))
    if isinstance(one, str) and isinstance(other, pd.Series):
        swapped = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        return _pair(right, left, swapped.get(sign, sign), rows)
    try:
        found = COMPARISONS[sign](one, other)
        if isinstance(found, pd.Series):
            return found.to_numpy(bool, na_value=sign == "!=") if found.isna().any() else found.to_numpy(bool)
        return np.asarray(found, dtype=bool)
    except (TypeError, ValueError) as error:
        raise ExpressionError(
            f"{shorten(write(left))!r} {sign} {shorten(write(right))!r}: expected two things that can be compared; got "
            f"{_said(one)} and {_said(other)}"
        ) from error


def _said(value: Value) -> str:
    if isinstance(value, pd.Series):
        return f"labels ({value.dtype})"
    return "text" if isinstance(value, str) else "numbers"


# A table by type of node rather than getattr(self, "visit_" + name): no text from a file ever picks what is called.
_KINDS: Mapping[type[Node], Callable[[Any, Rows], Value]] = {
    Literal: lambda node, rows: node.value,
    Name: lambda node, rows: rows.column(node.name),
    Bracket: lambda node, rows: work_out(node.inner, rows),
    Sign: _sign,
    Chain: _chain,
    Call: _call,
}
