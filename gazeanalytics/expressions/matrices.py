"""Design matrices: from the terms of a formula and a table to named columns, and the same columns of new data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.expressions.algebra import Term
from gazeanalytics.expressions.coding import Coding, columns, learn
from gazeanalytics.expressions.faults import ExpressionError, hold, shorten
from gazeanalytics.expressions.tree import Call, Name, Node, names, write
from gazeanalytics.expressions.values import Rows, work_out

__all__ = ["Layout", "Matrix", "build"]

# Our own builder rather than formulaic's or patsy's: both work factors out with Python's eval in an environment of
# modules (a formula could run a shell command), and patsy's stateful transforms can't be written into a plain file.
INTERCEPT = "(Intercept)"

# A factor of a term, by its text, and whether its category is coded with one column less than it has levels.
Scoped = tuple[str, bool]
Block = tuple[Scoped, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Layout(Brief):
    """How a design matrix is laid out, and all that is needed to build it for new data.

    Attributes
    ----------
    column_names : tuple of str
    term_slices : dict of str to slice
        Columns of each term.
    required_variables : tuple of str
        Columns of the table, in the order the formula names them.
    categories : tuple of str
        Those of them that are categories as they stand, or in `factor(...)`.
    factors : dict of str to Node
        What is worked out, by how it is written.
    codings : dict of str to Coding
        Categories among the factors.
    blocks : tuple of Block
        What is multiplied, in the order of the columns.
    memory : dict
        What functions such as `scale` have learnt.

    Examples
    --------
    >>> from gazeanalytics.expressions.algebra import expand, summands
    >>> from gazeanalytics.expressions.grammar import parse
    >>> table = pd.DataFrame({"years": [1.0, 5.0, 9.0], "site": ["a", "b", "a"]})
    >>> layout = build(expand(summands(parse("years * site"))), table).layout
    >>> layout.column_names
    ('(Intercept)', 'years', 'site[b]', 'years:site[b]')
    >>> layout.term_slices["years:site"], layout.required_variables, layout.categories
    (slice(3, 4, None), ('years', 'site'), ('site',))

    A new table of one site keeps both sites' columns:

    >>> layout.matrix(pd.DataFrame({"years": [7.0], "site": ["b"]}))
    array([[1., 7., 1., 7.]])
    """

    column_names: tuple[str, ...]
    term_slices: dict[str, slice]
    required_variables: tuple[str, ...]
    categories: tuple[str, ...]
    factors: dict[str, Node]
    codings: dict[str, Coding]
    blocks: tuple[Block, ...]
    memory: dict[str, Any]

    def matrix(self, data: pd.DataFrame) -> np.ndarray:
        """Build the columns for new data, coded and scaled as in the fit; NaN where a value is missing."""
        values = _evaluate(self.factors, Rows(data, self.memory, learning=False))
        return _columns(self.blocks, values, self.codings, len(data))[0]


@dataclass(frozen=True, slots=True, eq=False)
class Matrix(Brief):
    """A design matrix, shape (rows, columns), and its layout.

    Examples
    --------
    >>> from gazeanalytics.expressions.algebra import expand, summands
    >>> from gazeanalytics.expressions.grammar import parse
    >>> found = build(expand(summands(parse("x"))), pd.DataFrame({"x": [2.0, 3.0]}))
    >>> found.x
    array([[1., 2.],
           [1., 3.]])
    """

    x: np.ndarray
    layout: Layout


def build(terms: Iterable[Term], data: pd.DataFrame) -> Matrix:
    """Build the design matrix of a table.

    Categories get one column less than they have levels wherever the terms before them span the rest (as in S and R),
    so that no columns make up others by the way they are written.

    Examples
    --------
    >>> from gazeanalytics.expressions.algebra import expand, summands
    >>> from gazeanalytics.expressions.grammar import parse
    >>> table = pd.DataFrame({"x": [1.0, 2.0, 4.0], "site": ["a", "b", "c"]})
    >>> found = build(expand(summands(parse("scale(x) + site"))), table)
    >>> found.layout.column_names
    ('(Intercept)', 'scale(x)', 'site[b]', 'site[c]')
    >>> found.layout.matrix(table.head(1)).round(2)
    array([[ 1.  , -0.87,  0.  ,  0.  ]])
    """
    terms = list(terms)
    factors = {write(factor): factor for term in terms for factor in term.factors}
    rows = Rows(data)
    values = _evaluate(factors, rows)
    codings = {text: learn(factors[text], value) for text, value in values.items() if isinstance(value, pd.Series)}
    laid = _lay_out(terms, values, codings)
    blocks = tuple(block for _, group in laid for block in group)
    x, widths, titles = _columns(blocks, values, codings, len(data))
    named = [name for factor in factors.values() for name in names(factor)]
    coded = [name for text in codings for name in _categories(factors[text])]
    layout = Layout(
        column_names=tuple(titles),
        term_slices=_slices(laid, widths),
        required_variables=tuple(dict.fromkeys(named)),
        categories=tuple(dict.fromkeys(coded)),
        factors=factors,
        codings=codings,
        blocks=blocks,
        memory=rows.memory,
    )
    return Matrix(x, layout)


def _evaluate(factors: dict[str, Node], rows: Rows) -> dict[str, Any]:
    """Work out each factor: numbers as an array, categories as a Series."""
    with np.errstate(all="ignore"):
        return {text: _evaluated(text, factor, rows) for text, factor in factors.items()}


def _evaluated(text: str, factor: Node, rows: Rows) -> Any:
    inner = _inside_factor(factor)
    category = inner is not factor
    value = work_out(inner, rows)
    if isinstance(value, str):
        raise ExpressionError(f"{shorten(text)!r}: expected numbers or categories; got text in quotes")
    if isinstance(value, pd.Series):
        if not category and value.dtype.kind in "mM":
            raise ExpressionError(
                f"{shorten(text)!r}: expected numbers or categories; got dates or times; turn them into a number first"
            )
        return value
    array = np.asarray(value)
    array = array if array.ndim == 2 and len(array) == len(rows.data) else np.broadcast_to(array, len(rows.data))
    if category:
        return pd.Series(array.astype(int) if array.dtype == bool else array)
    return array.astype(float)


def _inside_factor(node: Node) -> Node:
    return node.arguments[0] if isinstance(node, Call) and node.name == "factor" else node


def _categories(factor: Node) -> list[str]:
    """List the columns that a coded factor takes as categories, as site and interaction(site, sex)."""
    inner = _inside_factor(factor)
    parts = inner.arguments if isinstance(inner, Call) and inner.name == "interaction" else (inner,)
    return [part.name for part in map(_inside_factor, parts) if isinstance(part, Name)]


def _lay_out(terms: list[Term], values: dict[str, Any], codings: dict[str, Coding]) -> list[tuple[Term, list[Block]]]:
    """Choose what each term adds to the span of those before it (the rule of S; patsy's way of saying it)."""
    # A factor a spans the same as 1 and a reduced by one level, so a term a:b is the sum of 1, a-, b- and a-:b-. Each
    # term adds those of its parts that no term before it has. Rejected: drop a level of every factor, which loses
    # columns from `a:b` without main effects; full coding with a generalised inverse, whose coefficients mean nothing.
    spanned: set[frozenset[Scoped]] = set()
    laid, total = [], 0
    for term in terms:
        texts = [write(factor) for factor in term.factors]
        widest = (max(_width((text, False), values, codings), 2 if text in codings else 1) for text in texts)
        hold("columns", math.prod(widest), term.name)
        choices = [((text, True), None) if text in codings else ((text, False),) for text in texts]
        span = [tuple(scoped for scoped in combination if scoped) for combination in product(*choices)]
        blocks = _merged([block for block in span if frozenset(block) not in spanned])
        total += sum(_block_width(block, values, codings) for block in blocks)
        hold("columns", total, " + ".join(one.name for one in terms))
        laid.append((term, blocks))
        spanned |= {frozenset(block) for block in span}
    return laid


def _merged(blocks: Sequence[Block]) -> list[Block]:
    """Put blocks together while they span the same: (anything) and (anything):(reduced a) are (anything):(whole a).

    Examples
    --------
    >>> _merged([(), (("a", True),), (("b", True),), (("a", True), ("b", True))])
    [(('a', False), ('b', False))]
    """
    kept: dict[frozenset[Scoped], tuple[int, Block]] = {}
    for count, first in enumerate(sorted(blocks, key=len)):
        block = first
        while (shorter := _spanned_apart(block, kept)) is not None:
            (reduced,) = frozenset(block) - shorter
            block = tuple((text, False) if (text, less) == reduced else (text, less) for text, less in block)
            del kept[shorter]
        kept[frozenset(block)] = count, block
    return [block for _, block in kept.values()]


def _spanned_apart(block: Block, kept: dict[frozenset[Scoped], tuple[int, Block]]) -> frozenset[Scoped] | None:
    """Find the earliest kept block that lacks one reduced factor of this one."""
    whole = frozenset(block)
    found = [less for scoped in block if scoped[1] and (less := whole - {scoped}) in kept]
    return min(found, key=lambda key: kept[key][0], default=None)


def _width(scoped: Scoped, values: dict[str, Any], codings: dict[str, Coding]) -> int:
    text, reduced = scoped
    if text in codings:
        return len(codings[text].labels) if reduced else len(codings[text].levels)
    return values[text].shape[1] if values[text].ndim == 2 else 1


def _block_width(block: Block, values: dict[str, Any], codings: dict[str, Coding]) -> int:
    return math.prod(_width(scoped, values, codings) for scoped in block)


def _columns(
    blocks: Sequence[Block], values: dict[str, Any], codings: dict[str, Coding], rows: int
) -> tuple[np.ndarray, list[int], list[str]]:
    """Multiply the columns of each block's factors, the first factor's fastest: matrix, widths of blocks, names."""
    widths = [_block_width(block, values, codings) for block in blocks]
    shown = " + ".join(dict.fromkeys(":".join(text for text, _ in block) or "1" for block in blocks))
    hold("cells", sum(widths) * rows, shown)  # before the memory is asked for
    x, titles = np.ones((rows, sum(widths))), []
    stop = 0
    for block, width in zip(blocks, widths, strict=True):
        start, stop = stop, stop + width
        parts = [_part(scoped, values, codings) for scoped in block]
        for place, combination in enumerate(product(*(range(len(labels)) for _, labels in reversed(parts)))):
            for (part, _), column in zip(parts, reversed(combination), strict=True):
                x[:, start + place] *= part[:, column]
            chosen = [labels[column] for (_, labels), column in zip(parts, reversed(combination), strict=True)]
            titles.append(":".join(chosen) or INTERCEPT)
    return x, widths, titles


def _part(scoped: Scoped, values: dict[str, Any], codings: dict[str, Coding]) -> tuple[np.ndarray, list[str]]:
    text, reduced = scoped
    value = values[text]
    if text in codings:
        if not isinstance(value, pd.Series):
            value = pd.Series(value)
        return columns(codings[text], value, reduced=reduced)
    if isinstance(value, pd.Series):
        raise ExpressionError(f"{shorten(text)!r}: expected numbers, as in the fit; got labels ({value.dtype})")
    if value.ndim == 1:
        return value[:, None], [text]
    return value, [f"{text}[{column + 1}]" for column in range(value.shape[1])]


def _slices(laid: list[tuple[Term, list[Block]]], widths: list[int]) -> dict[str, slice]:
    """Give each term's columns."""
    left = iter(widths)
    found, start = {}, 0
    for term, group in laid:
        stop = start + sum(next(left) for _ in group)
        found[term.name] = slice(start, stop)
        start = stop
    return found
