"""Read lme4-style formulas: `log(y) ~ factor(budget) * experience + (1 | reader) + (1 + x || case)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import formulaic
import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError

from gazeanalytics.stats.mixed.design import ModelError, RandomTerm
from gazeanalytics.tables import nearest

__all__ = ["Formula", "Frame", "parse", "read"]


@dataclass(frozen=True, slots=True)
class Formula:
    """The parts of a formula, as text.

    Attributes
    ----------
    response : str
        Left-hand side.
    fixed : str
        Fixed part, as formulaic reads it.
    offset : tuple of str
        What stood in `offset(...)`.
    random : tuple of (str, str)
        Coefficients and grouping of each random term; nested groupings and `||` already taken apart.
    nested : tuple of (str, str)
        Outer and inner name of each `outer/inner`.
    own : str
        What stood in `nominal(...)` or `zeros(...)`: predictors of the thresholds or of excess zeros.
    own_kind : {"", "nominal", "zeros"}
    """

    response: str
    fixed: str
    offset: tuple[str, ...]
    random: tuple[tuple[str, str], ...]
    nested: tuple[tuple[str, str], ...]
    own: str = "1"
    own_kind: str = ""


@dataclass(frozen=True, slots=True)
class OwnPart:
    """Predictors of a family's own parameters: columns, shape (rows, effects), their names, how to build them anew."""

    x: np.ndarray
    names: tuple[str, ...]
    spec: formulaic.ModelSpec


@dataclass(frozen=True, slots=True)
class Frame:
    """What a formula makes of a table, rows with missing values left out.

    Attributes
    ----------
    data : pandas.DataFrame
        The rows used.
    x : numpy.ndarray, shape (rows, fixed effects)
    names : tuple of str
        Readable names of the fixed effects.
    spec : formulaic.ModelSpec
        How to build `x` for new data.
    own : OwnPart
        Predictors of the thresholds or of excess zeros; a column of ones where the formula names none.
    offset : numpy.ndarray, shape (rows,)
    terms : tuple of RandomTerm
    specs : tuple of formulaic.ModelSpec
        How to build each term's `z` for new data.
    notes : tuple of str
        Rows left out, columns dropped, small cells.
    """

    data: pd.DataFrame
    x: np.ndarray
    names: tuple[str, ...]
    spec: formulaic.ModelSpec
    own: OwnPart
    offset: np.ndarray
    terms: tuple[RandomTerm, ...]
    specs: tuple[formulaic.ModelSpec, ...]
    notes: tuple[str, ...]


def split(text: str, mark: str) -> list[str]:
    """Split at a mark that stands outside all brackets.

    Examples
    --------
    >>> split("a + (1 + b | g)", "+")
    ['a', '(1 + b | g)']
    """
    depth = accumulate((char in "([{") - (char in ")]}") for char in text)
    parts, start = [], 0
    for place, (char, level) in enumerate(zip(text, depth, strict=True)):
        if char == mark and level == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def quote(formula: str, columns: list[str]) -> str:
    """Put backticks around the names of columns that aren't words, such as `Informed.liking`.

    Examples
    --------
    >>> quote("Informed.liking ~ x", ["Informed.liking", "x"])
    '`Informed.liking` ~ x'
    """
    odd = sorted((name for name in columns if not name.isidentifier()), key=len, reverse=True)
    if not odd or "`" in formula:
        return formula
    pattern = r"(?<![\w.])(" + "|".join(map(re.escape, odd)) + r")(?![\w.])"
    return re.sub(pattern, r"`\1`", formula)


def parse(formula: str) -> Formula:
    """Take a formula apart.

    Examples
    --------
    >>> parse("y ~ x + (1 | reader) + (1 | site/case)").random
    (('1', 'reader'), ('1', 'site'), ('1', 'site:case'))
    """
    sides = split(formula, "~")
    if len(sides) != 2 or not all(sides):
        raise ModelError(f"a formula has the shape 'outcome ~ predictors + (1 | reader)'; came {formula!r}")
    fixed, offset, random, nested, own = [], [], [], [], []
    for part in split(sides[1], "+"):
        inside = _inside(part)
        if inside is not None and "|" in inside:
            random += _random(inside, nested)
        elif called := re.fullmatch(r"(offset|nominal|zeros)\((.*)\)", part):
            (offset if called[1] == "offset" else own).append(called.groups())
        elif part:
            fixed.append(_spell(part))
        else:
            raise ModelError(f"a '+' in {formula!r} has nothing beside it")
    if len(own) > 1:
        raise ModelError(f"a formula takes one nominal(...) or zeros(...), with all its predictors; came {formula!r}")
    kind, inside = own[0] if own else ("", "1")
    offsets = tuple(inside for _, inside in offset)
    return Formula(sides[0], " + ".join(fixed) or "1", offsets, tuple(random), tuple(nested), _spell(inside), kind)


def _inside(part: str) -> str | None:
    return part[1:-1] if part.startswith("(") and part.endswith(")") else None


def _spell(part: str) -> str:
    part = re.sub(r"\bfactor\(", "C(", part)
    return re.sub(r"\bI\([^()]*\)", lambda match: match[0].replace("^", "**"), part)


def _random(inside: str, nested: list[tuple[str, str]]) -> list[tuple[str, str]]:
    apart = "||" in inside
    left, _, group = (side.strip() for side in inside.partition("||" if apart else "|"))
    left = _spell(left)
    names = [name.strip() for name in group.split("/")]
    nested += pairwise(names)
    groups = [":".join(names[: depth + 1]) for depth in range(len(names))]
    pieces = [left]
    if apart:
        slopes = [piece for piece in split(left, "+") if piece not in ("0", "1")]
        pieces = ([] if "0" in split(left, "+") else ["1"]) + [f"0 + {piece}" for piece in slopes]
    return [(piece, name) for name in groups for piece in pieces]


def read(formula: Formula, data: pd.DataFrame) -> Frame:
    """Build the arrays of a formula from a table.

    Raises
    ------
    ModelError
        When a column is unknown, a predictor is constant or a value isn't finite.
    """
    columns = _columns(formula, data)
    used = data[columns]
    kept, notes = _complete(used)
    kept = pd.DataFrame({name: _tidy(kept[name]) for name in kept})
    matrix = _matrix(formula.fixed, kept)
    _refuse_constant(formula, kept)
    names = tuple(readable(str(name)) for name in matrix.columns)
    x = matrix.to_numpy(dtype=float)
    pieces = [_matrix(left, kept) for left, _ in formula.random]
    terms = tuple(_term(piece, group, kept) for piece, (_, group) in zip(pieces, formula.random, strict=True))
    specs = tuple(piece.model_spec for piece in pieces)
    own = _own_part(formula, kept)
    return Frame(kept, x, names, matrix.model_spec, own, known_part(formula, kept), terms, specs, tuple(notes))


def _own_part(formula: Formula, kept: pd.DataFrame) -> OwnPart:
    matrix = _matrix(f"1 + {formula.own}", kept)
    names = tuple(readable(str(name)) for name in matrix.columns)
    x = np.ascontiguousarray(matrix.to_numpy(dtype=float))
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ModelError(f"the predictors in {formula.own_kind}({formula.own}) make up one another; leave some out")
    return OwnPart(x, names, matrix.model_spec)


def variables(formula: Formula) -> list[str]:
    """List the columns that a formula names, each once."""
    parts = [formula.fixed, formula.own, *response_parts(formula.response)]
    parts += [f"0 + {part}" for part in formula.offset]
    parts += [left for left, _ in formula.random]
    wanted: list[str] = []
    for part in parts:
        try:
            wanted += _variables(part)
        except (FormulaicError, SyntaxError) as error:
            raise ModelError(f"can't read {part.removeprefix('0 + ')!r}: {error}") from error
    wanted += [_plain(name) for _, group in formula.random for name in group.split(":")]
    return list(dict.fromkeys(wanted))


def _columns(formula: Formula, data: pd.DataFrame) -> list[str]:
    wanted = variables(formula)
    have = [str(name) for name in data.columns]
    for name in wanted:
        if name not in have:
            raise ModelError(
                f"the formula names the column {name!r}, which the table doesn't have; {nearest(name, have)}"
            )
    return wanted


def outcome(response: str, data: pd.DataFrame) -> list[pd.Series]:
    """Work out the left-hand side: a column as it stands, or the value of an expression."""
    if _plain(response) in data.columns:
        return [data[_plain(response)]]
    return [_matrix(part, data).iloc[:, 0] for part in response_parts(response)]


def _variables(text: str) -> list[str]:
    """List the columns that an expression names; formulaic cuts quoted names at a dot."""
    quoted = re.findall(r"`([^`]+)`", text)
    cut = {name.split(".")[0] for name in quoted} - set(quoted)
    names: Any = formulaic.Formula(text)  # pyright: ignore[reportAbstractUsage]
    return sorted({*quoted, *(str(name) for name in names.required_variables if name not in cut)})


def response_parts(response: str) -> list[str]:
    """Give the expressions of the left-hand side: one, or two in `cbind(successes, failures)`."""
    if response.startswith("cbind(") and response.endswith(")"):
        return [f"0 + I({part})" for part in split(response[len("cbind(") : -1], ",")]
    return [f"0 + {_spell(response)}"]


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


def _matrix(text: str, data: pd.DataFrame) -> Any:
    try:
        with np.errstate(all="ignore"):
            matrix: Any = formulaic.model_matrix(text, data, na_action="ignore", context={})
    except FormulaicError as error:
        raise ModelError(f"can't work out {text.removeprefix('0 + ')!r}: {error}") from error
    values = matrix.to_numpy(dtype=float)
    wrong = ~np.isfinite(values).all(axis=1)
    if wrong.any():
        raise ModelError(
            f"{text.removeprefix('0 + ')!r} isn't a finite number in {int(wrong.sum()):,} rows, first in row "
            f"{int(wrong.argmax())} of those used"
        )
    return matrix


def _refuse_constant(formula: Formula, data: pd.DataFrame) -> None:
    for name in _variables(formula.fixed):
        values = data[name]
        if len(values) > 1 and (values == values.iloc[0]).all():
            raise ModelError(
                f"the predictor {name!r} is {values.iloc[0]} in all {len(values):,} rows, so nothing can be learnt "
                "about it; leave it out"
            )


def readable(name: str) -> str:
    """Say formulaic's name of a column in words: `C(x)[T.4]` is `factor(x)[4]`."""
    if name == "Intercept":
        return "(Intercept)"
    return name.replace("[T.", "[").replace("C(", "factor(").replace("`", "")


def _plain(name: str) -> str:
    return name.strip().strip("`")


def known_part(formula: Formula, data: pd.DataFrame) -> np.ndarray:
    """Add up the offsets."""
    offset = np.zeros(len(data))
    for part in formula.offset:
        offset += _matrix(f"0 + {part}", data).to_numpy(dtype=float)[:, 0]
    return offset


def _term(matrix: Any, group: str, data: pd.DataFrame) -> RandomTerm:
    names = tuple(readable(str(name)) for name in matrix.columns)
    plain = [_plain(name) for name in group.split(":")]
    levels, codes = _levels(plain, data)
    z = np.ascontiguousarray(matrix.to_numpy(dtype=float))
    return RandomTerm(":".join(plain), names, levels, codes, z)


def _levels(names: list[str], data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    levels, codes = _level_codes(data[names[0]])
    for name in names[1:]:
        labels, own = _level_codes(data[name])
        present, codes = np.unique(codes * len(labels) + own, return_inverse=True)
        levels = levels[present // len(labels)] + ":" + labels[present % len(labels)]
    return levels, codes.astype(np.int64)


def _level_codes(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    one = pd.Categorical(values).remove_unused_categories()
    return one.categories.astype(str).to_numpy(dtype=object), one.codes.astype(np.int64)


def new_matrix(spec: formulaic.ModelSpec, names: tuple[str, ...], data: pd.DataFrame) -> np.ndarray:
    """Build the columns of those names for new data, coded as they were for the fit."""
    matrix: Any = spec.get_model_matrix(data, context={}, na_action="ignore")
    matrix.columns = [readable(str(name)) for name in matrix.columns]
    return matrix[list(names)].to_numpy(dtype=float)


def new_codes(term: RandomTerm, data: pd.DataFrame) -> np.ndarray:
    """Give each new row's level of a random term; -1 for levels that the fit hasn't seen, and for missing ones."""
    names = [_plain(name) for name in term.group.split(":")]
    there, found = data[names].notna().all(axis=1).to_numpy(), np.full(len(data), -1, dtype=np.int64)
    levels, codes = _levels(names, data[there])
    known = {level: place for place, level in enumerate(term.levels)}
    found[there] = np.array([known.get(level, -1) for level in levels], dtype=np.int64)[codes]
    return found
