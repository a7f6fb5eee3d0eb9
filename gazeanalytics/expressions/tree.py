"""The syntax tree of an expression: numbers, text, columns, lists, calls and operators; nothing else can be said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gazeanalytics.expressions.signatures import SIGNATURES

__all__ = [
    "Bracket",
    "Call",
    "Chain",
    "Listing",
    "Literal",
    "Name",
    "Node",
    "Sign",
    "names",
    "parts",
    "rank_of",
    "write",
]

# Loosest first. `|` is "or", or parts effects and grouping of a random term; `:` is an interaction.
RANKS = (
    ("~",),
    ("or", "|", "||"),
    ("and", "&"),
    ("not",),
    ("==", "!=", "<", "<=", ">", ">=", "in", "not in"),
    ("+", "-"),
    ("*", "/", "//", "%"),
    (":",),
    ("sign",),
    ("**",),
)
_RANK = {operator: rank for rank, operators in enumerate(RANKS) for operator in operators}


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of an expression, and the character at which it begins.

    Examples
    --------
    Where it stands is for messages; nodes are equal whatever their place:

    >>> Name(0, "x") == Name(7, "x")
    True
    """

    place: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, a text in quotes, True or False.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> parse("0.5").value, parse("'a'").value, parse("TRUE").value
    (0.5, 'a', True)
    """

    value: float | str | bool


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A column.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> parse("`time on task`")
    Name(place=0, name='time on task')
    """

    name: str


@dataclass(frozen=True, slots=True)
class Listing(Node):
    """Several literals, as in `x in ["a", "b"]`.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> [item.value for item in parse("[1, -2]").items]
    [1, -2]
    """

    items: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """One of our own functions, its arguments and its options.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> call = parse("poly(x, degree=2)")
    >>> call.name, len(call.arguments), call.options[0][0]
    ('poly', 1, 'degree')
    """

    name: str
    arguments: tuple[Node, ...]
    options: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class Sign(Node):
    """`-x`, `not x` or `~x`.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> parse("-x").operator, write(parse("-x").operand)
    ('-', 'x')
    """

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Operators of one rank in a row, worked from the left: `a + b - c`, `2 < x < 5`.

    One node for the whole row keeps the tree as deep as its brackets, however long a sum is.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> chain = parse("2 < x < 5")
    >>> write(chain.first), [(operator, write(node)) for operator, node in chain.rest]
    ('2', [('<', 'x'), ('<', '5')])
    """

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Bracket(Node):
    """Round brackets around `|` or `||`, which make a random term of it: `(1 | reader)`.

    Examples
    --------
    Other brackets only say what is worked out first, and leave no node:

    >>> from gazeanalytics.expressions.grammar import parse
    >>> type(parse("(1 | reader)")).__name__, type(parse("(x)")).__name__
    ('Bracket', 'Name')
    """

    inner: Chain


def rank_of(operator: str) -> int:
    """Say how tightly an operator binds (its precedence); -1 for what is no operator between two things.

    Examples
    --------
    >>> rank_of("~") < rank_of("+") < rank_of("*") < rank_of(":") < rank_of("**")
    True
    >>> rank_of("(")
    -1
    """
    return _RANK.get(operator, -1)


def names(node: Node) -> list[str]:
    """List the columns that an expression names, each once, in the order they stand in.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> names(parse("log(seconds) ~ scale(years) * factor(site, contr.sum) + (1 | reader)"))
    ['seconds', 'years', 'site', 'reader']
    """
    return list(dict.fromkeys(_names(node)))


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, Name):
        yield node.name
    for part in parts(node):
        yield from _names(part)


def parts(node: Node) -> tuple[Node, ...]:
    """Give the parts of a node that may name columns: of a call, not its settings.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> [write(part) for part in parts(parse("factor(site, contr.sum)"))]
    ['site']
    """
    if isinstance(node, Call):
        return node.arguments[: SIGNATURES[node.name].columns]
    if isinstance(node, Chain):
        return node.first, *(operand for _, operand in node.rest)
    if isinstance(node, Bracket):
        return (node.inner,)
    return (node.operand,) if isinstance(node, Sign) else ()


def write(node: Node) -> str:
    """Write an expression in one spelling, however it was typed; equal expressions get equal names of columns.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> write(parse("I( (x-3)^2 )+C(k)"))
    'I((x - 3) ** 2) + factor(k)'
    """
    if isinstance(node, Literal):
        return repr(node.value)
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Listing):
        return f"[{', '.join(map(write, node.items))}]"
    if isinstance(node, Call):
        options = [f"{name}={write(value)}" for name, value in node.options]
        return f"{node.name}({', '.join([*map(write, node.arguments), *options])})"
    if isinstance(node, Bracket):
        return f"({write(node.inner)})"
    return _write_operators(node)


def _write_operators(node: Node) -> str:
    if isinstance(node, Sign):
        space = " " if node.operator == "not" else ""
        return node.operator + space + _within(node.operand, _binding(node))
    if not isinstance(node, Chain):
        raise TypeError(f"expected a node of the tree; got {type(node).__name__}")
    rank = _binding(node)
    power = rank == _RANK["**"]
    text = _within(node.first, rank + power)
    for operator, operand in node.rest:
        text += operator if operator == ":" else f" {operator} "
        text += _within(operand, _RANK["sign"] if power else rank + 1)
    return text


def _within(node: Node, rank: int) -> str:
    return f"({write(node)})" if _binding(node) < rank else write(node)


def _binding(node: Node) -> int:
    if isinstance(node, Sign):
        return _RANK["not" if node.operator == "not" else "sign"]
    return _RANK[node.rest[0][0]] if isinstance(node, Chain) else len(RANKS)
