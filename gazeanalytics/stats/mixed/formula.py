"""Read lme4-style formulas: `log(y) ~ factor(budget) * experience + (1 | reader) + (1 + x || case)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from gazeanalytics import expressions
from gazeanalytics.expressions import Bracket, Call, Chain, ExpressionError, Layout, Matrix, Name, Node, Term
from gazeanalytics.stats.mixed.censoring import ends_of_times, refuse_lost_times
from gazeanalytics.stats.mixed.design import ModelError, RandomTerm
from gazeanalytics.stats.mixed.groupings import group_levels
from gazeanalytics.tables import nearest

__all__ = ["Formula", "Frame", "parse", "read"]

OUTCOME_WORDS = ("cbind", "censored", "interval")


@dataclass(frozen=True, slots=True)
class Formula:
    """The parts of a formula, as syntax trees.

    Attributes
    ----------
    response : str
        Left-hand side, in one spelling.
    outcome : tuple of Node
        Left-hand side: one, or the two of `cbind(hits, misses)`, `censored(time, seen)` or `interval(low, high)`.
    outcome_word : {"", "cbind", "censored", "interval"}
    fixed : tuple of Term
        Fixed part, multiplied out.
    offset : tuple of Node
        Arguments of `offset(...)`.
    random : tuple of (tuple of Term, tuple of str)
        Coefficients and grouping columns of each random term; nested groupings and `||` already taken apart.
    nested : tuple of (str, str)
        Outer and inner name of each `outer/inner`.
    auxiliary : tuple of Term
        Argument of `nominal(...)` or `zeros(...)`: predictors of the thresholds or of excess zeros.
    auxiliary_kind : {"", "nominal", "zeros"}
    weights : str
        Column of weights, which is given beside the formula; empty for none.

    Examples
    --------
    >>> parts = parse("seconds ~ years * site + (1 | reader) + (1 | site/case)")
    >>> parts.response, [term.name for term in parts.fixed]
    ('seconds', ['1', 'years', 'site', 'years:site'])
    >>> [groups for _, groups in parts.random], parts.nested
    ([('reader',), ('site',), ('site', 'case')], (('site', 'case'),))
    """

    response: str
    outcome: tuple[Node, ...]
    fixed: tuple[Term, ...]
    offset: tuple[Node, ...]
    random: tuple[tuple[tuple[Term, ...], tuple[str, ...]], ...]
    nested: tuple[tuple[str, str], ...]
    auxiliary: tuple[Term, ...]
    auxiliary_kind: str = ""
    weights: str = ""
    outcome_word: str = ""


@dataclass(frozen=True, slots=True)
class AuxiliaryPart:
    """Predictors of a family's own parameters: columns, shape (rows, effects), their names, how to build them anew."""

    x: np.ndarray
    names: tuple[str, ...]
    spec: Layout


@dataclass(frozen=True, slots=True)
class Frame:
    """What a formula makes of a table, rows with missing values left out.

    Attributes
    ----------
    data : pandas.DataFrame
        The rows used.
    x : numpy.ndarray, shape (rows, fixed effects)
    names : tuple of str
        Names of the fixed effects.
    spec : Layout
        How to build `x` for new data.
    auxiliary : AuxiliaryPart
        Predictors of the thresholds or of excess zeros; a column of ones where the formula names none.
    offset : numpy.ndarray, shape (rows,)
    terms : tuple of RandomTerm
    specs : tuple of Layout
        How to build each term's `z` for new data.
    notes : tuple of str
        Rows left out, columns dropped, small cells.

    Examples
    --------
    >>> table = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "x": [0.5, 1.0, np.nan, 2.0], "reader": ["a", "a", "b", "b"]})
    >>> frame = read(parse("y ~ x + (1 | reader)"), table)
    >>> frame.names, frame.x[:, 1].tolist(), frame.terms[0].codes.tolist()
    (('(Intercept)', 'x'), [0.5, 1.0, 2.0], [0, 0, 1])
    """

    data: pd.DataFrame
    x: np.ndarray
    names: tuple[str, ...]
    spec: Layout
    auxiliary: AuxiliaryPart
    offset: np.ndarray
    terms: tuple[RandomTerm, ...]
    specs: tuple[Layout, ...]
    notes: tuple[str, ...]


@contextmanager
def model_errors() -> Iterator[None]:
    """Raise what an expression can't be as what a model can't be."""
    try:
        yield
    except ExpressionError as error:
        raise ModelError(str(error)) from error


@model_errors()
def parse(formula: str, columns: Iterable[str] = ()) -> Formula:
    """Take a formula apart.

    Parameters
    ----------
    formula : str
    columns : iterable of str
        Columns of the table, where it is at hand; those whose names aren't words are then known without backticks.

    Examples
    --------
    >>> [groups for _, groups in parse("y ~ x + (1 | reader) + (1 | site/case)").random]
    [('reader',), ('site',), ('site', 'case')]
    """
    tree = expressions.parse(formula, columns=columns)
    if not (isinstance(tree, Chain) and [mark for mark, _ in tree.rest] == ["~"]):
        raise ModelError(
            f"expected a formula, which has the shape 'outcome ~ predictors + (1 | reader)'; got {formula[:80]!r}"
        )
    left, right = tree.first, tree.rest[0][1]
    word = left.name if isinstance(left, Call) and left.name in OUTCOME_WORDS else ""
    parts = expressions.summands(right)
    random, nested, words, fixed = [], [], [], []
    for sign, part in parts:
        if _is_random(part):
            random += _random(_added(sign, part), nested)
        elif isinstance(part, Call) and part.name in ("offset", "nominal", "zeros"):
            words.append(_added(sign, part))
        else:
            fixed.append((sign, part))
    auxiliary, kind = _auxiliary(words)
    return Formula(
        response=expressions.write(left),
        outcome=left.arguments if isinstance(left, Call) and word else (left,),
        fixed=tuple(expressions.expand(fixed)),
        offset=tuple(_offset(call) for call in words if call.name == "offset"),
        random=tuple(random),
        nested=tuple(nested),
        auxiliary=auxiliary,
        auxiliary_kind=kind,
        outcome_word=word,
    )


def _is_random(part: Node) -> bool:
    return isinstance(part, Bracket) or (isinstance(part, Chain) and part.rest[0][0] in ("|", "||"))


def _added(sign: str, part: Node) -> Node:
    if sign == "-":
        raise ModelError(f"expected '+' before {expressions.write(part)!r}; got '-'; leave the term out instead")
    return part


def _auxiliary(words: list[Call]) -> tuple[tuple[Term, ...], str]:
    """Give the argument of the one `nominal(...)` or `zeros(...)`, and which it is."""
    calls = [call for call in words if call.name != "offset"]
    if len(calls) > 1:
        shown = " + ".join(map(expressions.write, calls))
        raise ModelError(f"a formula takes one nominal(...) or zeros(...), with all its predictors; got {shown!r}")
    inside = tuple(expressions.expand(expressions.summands(calls[0].arguments[0]) if calls else []))
    if not any(not term.factors for term in inside):
        raise ModelError(f"expected {calls[0].name}(...) to keep its intercept; got {expressions.write(calls[0])!r}")
    return inside, calls[0].name if calls else ""


def _offset(call: Call) -> Node:
    inside = call.arguments[0]
    if learnt := expressions.remembering(inside):
        raise ModelError(
            f"expected a known number in offset(...); got {learnt[0]}(...), which depends on the other rows; add it to "
            "the table as a column"
        )
    return inside


def _random(part: Node, nested: list[tuple[str, str]]) -> list[tuple[tuple[Term, ...], tuple[str, ...]]]:
    written = expressions.write(part)
    inner = part.inner if isinstance(part, Bracket) else part
    if not (isinstance(part, Bracket) and isinstance(inner, Chain) and len(inner.rest) == 1):
        raise ModelError(f"expected a random term in brackets of its own, as in (1 | reader); got {written!r}")
    mark, group = inner.rest[0]
    names = _grouping(group, written)
    nested += pairwise(":".join(name) for name in names)
    groups = [sum(names[: depth + 1], ()) for depth in range(len(names))]
    effects = tuple(expressions.expand(expressions.summands(inner.first)))
    if not effects:
        raise ModelError(f"expected an effect before the bar, such as 1; got {written!r}")
    pieces = [(effect,) for effect in effects] if mark == "||" else [effects]
    return [(piece, group) for group in groups for piece in pieces]


def _grouping(node: Node, written: str) -> list[tuple[str, ...]]:
    """Take `site/reader:session` apart into the columns of each of its depths."""
    if isinstance(node, Name):
        return [(node.name,)]
    if isinstance(node, Chain) and {mark for mark, _ in node.rest} in ({"/"}, {":"}):
        parts = [_grouping(part, written) for part in (node.first, *(part for _, part in node.rest))]
        deep = [name for part in parts for name in part]
        return deep if node.rest[0][0] == "/" else [sum(deep, ())]
    raise ModelError(f"expected columns after the bar, such as reader, site/reader or case:reader; got {written!r}")


@model_errors()
def read(formula: Formula, data: pd.DataFrame) -> Frame:
    """Build the arrays of a formula from a table.

    Raises
    ------
    ModelError
        When a column is unknown, a predictor is constant or a value isn't finite.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2.0, 4.0], "site": ["a", "b", None], "reader": ["R", "S", "S"]})
    >>> frame = read(parse("y ~ site + (1 | reader)"), data)
    >>> frame.names, frame.x.tolist()
    (('(Intercept)', 'site[b]'), [[1.0, 0.0], [1.0, 1.0]])
    >>> frame.notes
    ('1 of 3 rows left out: missing in site (1)',)
    """
    used = _columns(formula, data)
    if formula.outcome_word == "censored":
        refuse_lost_times(formula.outcome[0], formula.outcome[-1], used)
    kept, notes = _complete(used)
    kept = pd.DataFrame({name: _tidy(kept[name]) for name in kept})
    matrix = _matrix(formula.fixed, kept)
    _refuse_constant(formula, kept)
    pieces = [_matrix(effects, kept) for effects, _ in formula.random]
    terms = tuple(_term(piece, groups, kept) for piece, (_, groups) in zip(pieces, formula.random, strict=True))
    return Frame(
        data=kept,
        x=matrix.x,
        names=matrix.layout.column_names,
        spec=matrix.layout,
        auxiliary=_auxiliary_part(formula, kept),
        offset=_finite_offset(formula, kept),
        terms=terms,
        specs=tuple(piece.layout for piece in pieces),
        notes=tuple(notes),
    )


def _auxiliary_part(formula: Formula, kept: pd.DataFrame) -> AuxiliaryPart:
    matrix = _matrix(formula.auxiliary, kept)
    x = np.ascontiguousarray(matrix.x)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ModelError(f"the predictors in {formula.auxiliary_kind}(...) make up one another; leave some out")
    return AuxiliaryPart(x, matrix.layout.column_names, matrix.layout)


def variables(formula: Formula) -> list[str]:
    """List the columns that a formula names, each once."""
    named = [*_named(formula.fixed), *_named(formula.auxiliary)]
    named += [name for node in (*formula.outcome, *formula.offset) for name in expressions.names(node)]
    named += [name for effects, _ in formula.random for name in _named(effects)]
    named += [name for _, groups in formula.random for name in groups]
    return list(dict.fromkeys([*named, *([formula.weights] if formula.weights else [])]))


def _named(terms: Iterable[Term]) -> list[str]:
    return [name for term in terms for factor in term.factors for name in expressions.names(factor)]


def _columns(formula: Formula, data: pd.DataFrame) -> pd.DataFrame:
    have = {str(name): name for name in data.columns}
    found = {}
    for name in variables(formula):
        if name not in have:
            shown = expressions.shorten(name)
            raise ModelError(
                f"the formula names the column {shown!r}, which the table doesn't have; {nearest(shown, list(have))}"
            )
        found[name] = data[have[name]]
        if isinstance(found[name], pd.DataFrame):
            raise ModelError(f"expected one column {name!r} in the table; got {found[name].shape[1]} of that name")
    return pd.DataFrame(found, index=data.index)


@model_errors()
def outcome(formula: Formula, data: pd.DataFrame) -> list[pd.Series]:
    """Work out the left-hand side: a column as it is, or the value of an expression."""
    if len(formula.outcome) == 1 and isinstance(formula.outcome[0], Name):
        return [data[formula.outcome[0].name]]
    found = [_numbers(node, data) for node in formula.outcome]
    # An interval without an end is one that is infinite there.
    for node, values in zip(formula.outcome[: 1 if formula.outcome_word == "interval" else None], found, strict=False):
        _refuse_infinite(expressions.write(node), values)
    if formula.outcome_word == "censored":
        found = ends_of_times(expressions.write(formula.outcome[-1]), *found)
    return [pd.Series(values, index=data.index) for values in found]


def _numbers(node: Node, data: pd.DataFrame) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.broadcast_to(expressions.numbers(node, expressions.Rows(data)), len(data)).astype(float)


def _complete(used: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    if not len(used):
        raise ModelError("the table has no rows")
    missing = used.isna()
    drop = missing.any(axis=1)
    if not drop.any():
        return used.reset_index(drop=True), []
    if drop.all():
        raise ModelError("no row has a value in every column of the formula")
    counts = missing.sum()
    places = ", ".join(f"{name} ({count:,})" for name, count in counts[counts > 0].items())
    note = f"{int(drop.sum()):,} of {len(used):,} rows left out: missing in {places}"
    return used[~drop].reset_index(drop=True), [note]


def _tidy(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.remove_unused_categories()
    if values.dtype == bool:
        return values.astype(int)
    return values


def _matrix(terms: Iterable[Term], data: pd.DataFrame) -> Matrix:
    matrix = expressions.build(terms, data)
    for name, values in zip(matrix.layout.column_names, matrix.x.T, strict=True):
        _refuse_infinite(name, values)
    return matrix


def _refuse_infinite(name: str, values: np.ndarray) -> None:
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise ModelError(
            f"{name!r} isn't a finite number in {int(wrong.sum()):,} rows, first in row {int(wrong.argmax())} of those "
            "used"
        )


def _refuse_constant(formula: Formula, data: pd.DataFrame) -> None:
    for name in dict.fromkeys(_named(formula.fixed)):
        values = data[name]
        if len(values) > 1 and (values == values.iloc[0]).all():
            raise ModelError(
                f"the predictor {name!r} is {values.iloc[0]} in all {len(values):,} rows, so its effect can't be "
                "estimated; leave it out"
            )
        if not pd.api.types.is_numeric_dtype(values.dtype) and len(values) > 2 and values.nunique() == len(values):
            raise ModelError(
                f"the predictor {name!r} has another level in each of its {len(values):,} rows, first "
                f"{str(values.iloc[0])!r}; if it holds numbers as text, convert it with pandas.to_numeric"
            )


@model_errors()
def known_part(formula: Formula, data: pd.DataFrame) -> np.ndarray:
    """Add up the offsets."""
    offset = np.zeros(len(data))
    for node in formula.offset:
        offset += _numbers(node, data)
    return offset


def _finite_offset(formula: Formula, data: pd.DataFrame) -> np.ndarray:
    offset = known_part(formula, data)
    _refuse_infinite(" + ".join(f"offset({expressions.write(node)})" for node in formula.offset), offset)
    return offset


def _term(matrix: Matrix, groups: tuple[str, ...], data: pd.DataFrame) -> RandomTerm:
    levels, codes = group_levels(list(groups), data)
    return RandomTerm(":".join(groups), matrix.layout.column_names, levels, codes, np.ascontiguousarray(matrix.x))


@model_errors()
def new_matrix(spec: Layout, names: tuple[str, ...], data: pd.DataFrame) -> np.ndarray:
    """Build the columns of those names for new data, coded and scaled as they were for the fit."""
    return spec.matrix(data)[:, [spec.column_names.index(name) for name in names]]
