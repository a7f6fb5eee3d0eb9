"""The arrays that a formula makes of a table: rows used, fixed effects, random terms, outcome, offset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import expressions
from gazeanalytics.expressions import Layout, Matrix, Name, Node, Term
from gazeanalytics.stats.mixed.censoring import ends_of_times, refuse_lost_times
from gazeanalytics.stats.mixed.design import ModelError, RandomTerm
from gazeanalytics.stats.mixed.formula import Formula, model_errors, named, variables
from gazeanalytics.stats.mixed.groupings import group_levels
from gazeanalytics.tables import nearest

__all__ = ["Frame", "known_part", "new_matrix", "outcome", "read"]


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
    >>> from gazeanalytics.stats.mixed.formula import parse
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


@model_errors()
def read(formula: Formula, data: pd.DataFrame) -> Frame:
    """Build the arrays of a formula from a table.

    Raises
    ------
    ModelError
        When a column is unknown, a predictor is constant or a value isn't finite.

    Examples
    --------
    >>> from gazeanalytics.stats.mixed.formula import parse
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
        _refuse_no_values(name, found[name])
    return pd.DataFrame(found, index=data.index)


def _refuse_no_values(name: str, column: pd.Series) -> None:
    """Refuse cells that are no single real value: lists, tables, complex numbers."""
    if pd.api.types.is_complex_dtype(column.dtype):
        raise ModelError(f"the column {name!r} holds complex numbers; take their real part or their size")
    if column.dtype == object:
        many = [value for value in column if pd.api.types.is_list_like(value) or isinstance(value, complex)]
        if many:
            raise ModelError(
                f"the column {name!r} holds {type(many[0]).__name__}s, first {expressions.shorten(str(many[0]))}; "
                "expected one number or word in each cell"
            )


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
        found = np.asarray(expressions.numbers(node, expressions.Rows(data)))
    if found.ndim > 1:
        raise ModelError(f"{expressions.write(node)!r} makes {found.shape[1]} columns; expected one number in each row")
    return np.broadcast_to(found, len(data)).astype(float)


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
    for name in dict.fromkeys(named(formula.fixed)):
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
    expressions.hold("together", matrix.x.shape[1], f"(... | {':'.join(groups)})")
    levels, codes = group_levels(list(groups), data)
    return RandomTerm(":".join(groups), matrix.layout.column_names, levels, codes, np.ascontiguousarray(matrix.x))


@model_errors()
def new_matrix(spec: Layout, names: tuple[str, ...], data: pd.DataFrame) -> np.ndarray:
    """Build the columns of those names for new data, coded and scaled as they were for the fit."""
    return spec.matrix(data)[:, [spec.column_names.index(name) for name in names]]
