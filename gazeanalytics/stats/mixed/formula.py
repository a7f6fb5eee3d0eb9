"""Read lme4-style formulas: `log(y) ~ factor(budget) * experience + (1 | reader) + (1 + x || case)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from gazeanalytics import expressions
from gazeanalytics.expressions import Bracket, Call, Chain, ExpressionError, Name, Node, Term
from gazeanalytics.stats.mixed.design import ModelError

__all__ = ["Formula", "model_errors", "named", "parse", "variables"]

_WORDS = ("ar1", "nominal", "offset", "zeros")
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
    ar1 : tuple of str
        Arguments of `ar1(trial | reader)`: column of the order, and of the group within which residuals run on.

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
    ar1: tuple[str, ...] = ()
    outcome_word: str = ""


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
        elif isinstance(part, Call) and part.name in _WORDS:
            words.append(_added(sign, part))
        else:
            fixed.append((sign, part))
    auxiliary, kind = _auxiliary([call for call in words if call.name in ("nominal", "zeros")])
    return Formula(
        response=expressions.write(left),
        outcome=left.arguments if isinstance(left, Call) and word else (left,),
        fixed=tuple(expressions.expand(fixed)),
        offset=tuple(_offset(call) for call in words if call.name == "offset"),
        random=tuple(random),
        nested=tuple(nested),
        auxiliary=auxiliary,
        auxiliary_kind=kind,
        ar1=_order([call for call in words if call.name == "ar1"]),
        outcome_word=word,
    )


def _order(calls: list[Call]) -> tuple[str, ...]:
    """Give the columns of the one `ar1(trial | reader)`."""
    if not calls:
        return ()
    inside = calls[0].arguments[0]
    names = (inside.first, *(node for _, node in inside.rest)) if isinstance(inside, Chain) else ()
    marks = [mark for mark, _ in inside.rest] if isinstance(inside, Chain) else []
    columns = tuple(node.name for node in names if isinstance(node, Name))
    if len(calls) > 1 or marks != ["|"] or len(columns) != 2:
        shown = " + ".join(map(expressions.write, calls))
        raise ModelError(f"expected one order and its group, such as ar1(trial | reader); got {shown!r}")
    return columns


def _is_random(part: Node) -> bool:
    return isinstance(part, Bracket) or (isinstance(part, Chain) and part.rest[0][0] in ("|", "||"))


def _added(sign: str, part: Node) -> Node:
    if sign == "-":
        written = expressions.write(part)
        opposite = isinstance(part, Call) and part.name == "offset"
        remedy = f"; to subtract a known part write + offset(-({written[7:-1]}))" if opposite else ""
        raise ModelError(f"expected '+' before {written!r}; got '-'; leave the term out instead{remedy}")
    return part


def _auxiliary(calls: list[Call]) -> tuple[tuple[Term, ...], str]:
    """Give the argument of the one `nominal(...)` or `zeros(...)`, and which it is."""
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


def variables(formula: Formula) -> list[str]:
    """List the columns that a formula names, each once."""
    found = [*named(formula.fixed), *named(formula.auxiliary)]
    found += [name for node in (*formula.outcome, *formula.offset) for name in expressions.names(node)]
    found += [name for effects, _ in formula.random for name in named(effects)]
    found += [name for _, groups in formula.random for name in groups]
    return list(dict.fromkeys([*found, *([formula.weights] if formula.weights else []), *formula.ar1]))


def named(terms: Iterable[Term]) -> list[str]:
    """List the columns that terms name, in their order."""
    return [name for term in terms for factor in term.factors for name in expressions.names(factor)]
