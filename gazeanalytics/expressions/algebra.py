"""Multiply out a formula's right-hand side: `a * b` is a + b + a:b (Wilkinson & Rogers 1973, Appl. Stat. 22(3))."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeGuard

from gazeanalytics.expressions.faults import ExpressionError, hold, shorten
from gazeanalytics.expressions.signatures import CODINGS, FORMULA_WORDS
from gazeanalytics.expressions.tree import Call, Chain, Literal, Name, Node, Sign, write

__all__ = ["Term", "expand", "summands"]


@dataclass(frozen=True, slots=True)
class Term:
    """What is multiplied into one effect: nothing (the intercept), a factor, or several of an interaction.

    Terms are equal whatever the order of their factors.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> one, other = (expand(summands(parse(text)), intercept=False)[0] for text in ("site:years", "years:site"))
    >>> one.name, other.name, one == other
    ('site:years', 'years:site', True)
    """

    # Factors are compared as written, not as trees: log(x) typed with other spaces or brackets is the same factor.

    factors: tuple[Node, ...] = field(compare=False)
    key: frozenset[str]

    @property
    def name(self) -> str:
        """As it is written: `a:b`."""
        return ":".join(map(write, self.factors)) or "1"


Terms = dict[frozenset[str], Term]
_INTERCEPT = Term((), frozenset())


def summands(node: Node) -> list[tuple[str, Node]]:
    """Take a sum apart into its parts with their signs; brackets with a minus in them stay whole.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> [sign + write(part) for sign, part in summands(parse("a + (b + 1) - (c:d - e)"))]
    ['+a', '+b', '+1', '-c:d - e']
    """
    if isinstance(node, Sign) and node.operator == "-":
        return [("-", node.operand)]
    if not _is_sum(node):
        return [("+", node)]
    found = summands(node.first)
    for sign, operand in node.rest:
        open_sum = sign == "+" and _is_sum(operand) and all(inner == "+" for inner, _ in operand.rest)
        found += summands(operand) if open_sum else [(sign, operand)]
    return found


def _is_sum(node: Node) -> TypeGuard[Chain]:
    return isinstance(node, Chain) and node.rest[0][0] in ("+", "-")


def expand(parts: Iterable[tuple[str, Node]], *, intercept: bool = True) -> list[Term]:
    """Multiply out a sum, shortest interactions first.

    Parameters
    ----------
    parts : iterable of (sign, node)
        As `summands` gives them.
    intercept : bool
        Whether there is one unless the sum says `0` or `- 1`.

    Examples
    --------
    >>> from gazeanalytics.expressions.grammar import parse
    >>> [term.name for term in expand(summands(parse("(a + b + c)**2 - b:c - 1")))]
    ['a', 'b', 'c', 'a:b', 'a:c']
    """
    parts = list(parts)
    text = " + ".join(write(part) for _, part in parts) or "1"
    found = _Expansion(text).total(parts, {_INTERCEPT.key: _INTERCEPT} if intercept else {})
    return sorted(found.values(), key=lambda term: len(term.factors))


class _Expansion:
    """One multiplying out, and how many pairs of terms it has looked at."""

    def __init__(self, text: str) -> None:
        self.text, self.products = text, 0

    def total(self, parts: Iterable[tuple[str, Node]], start: Terms) -> Terms:
        found = dict(start)
        for sign, part in parts:
            zero = isinstance(part, Literal) and part.value == 0
            terms = {_INTERCEPT.key: _INTERCEPT} if zero else self.terms(part)
            if (sign == "+") != zero:
                found |= {key: term for key, term in terms.items() if key not in found}
            else:
                found = {key: term for key, term in found.items() if key not in terms}
            hold("terms", len(found), self.text)
        return found

    # Terms are a set kept in order of appearance (a dict), so that a + a is a and a:a is a, as in Wilkinson & Rogers;
    # sympy-like algebra with coefficients would make 2a of the first and a**2 of the second.
    def terms(self, node: Node) -> Terms:
        if isinstance(node, Chain):
            return self.chain(node)
        if isinstance(node, Sign) and node.operator == "-":
            return self.total(summands(node), {})
        if isinstance(node, Literal) and node.value == 1 and not isinstance(node.value, bool):
            return {_INTERCEPT.key: _INTERCEPT}
        if isinstance(node, Name) or (isinstance(node, Call) and node.name not in (*FORMULA_WORDS, *CODINGS)):
            key = frozenset([write(node)])
            return {key: Term((node,), key)}
        raise ExpressionError(f"{shorten(self.text)!r}: {_expected(node)}; got {shorten(write(node))!r}")

    def chain(self, node: Chain) -> Terms:
        operator = node.rest[0][0]
        if _is_sum(node):
            return self.total(summands(node), {})
        if operator == "**":
            return self.power(node)
        found = self.terms(node.first)
        for operator, operand in node.rest:
            if operator not in _PRODUCTS:
                raise ExpressionError(f"{shorten(self.text)!r}: {_expected(node)}; got {operator!r}")
            found = _PRODUCTS[operator](self, found, self.terms(operand))
            hold("terms", len(found), self.text)
        return found

    def power(self, node: Chain) -> Terms:
        base, times = self.terms(node.first), node.rest[0][1]
        if not (isinstance(times, Literal) and isinstance(times.value, int) and times.value >= 1):
            raise ExpressionError(
                f"{shorten(write(node))!r}: expected a whole number from 1 after ^, or I(...) for arithmetic; got "
                f"{shorten(write(times))!r}"
            )
        found = base
        for _ in range(int(times.value) - 1):
            before = len(found)
            found = self.interact(found, base)  # holds what was found too, as a:a is a
            hold("terms", len(found), self.text)
            if len(found) == before:  # every further power gives the same
                break
        return found

    def interact(self, left: Terms, right: Terms) -> Terms:
        # Counted before they are formed: (a + ... + j)**50 is short to write and would not end within a minute.
        self.products += len(left) * len(right)
        hold("products", self.products, self.text)
        found: Terms = {}
        for one in left.values():
            for other in right.values():
                key = one.key | other.key
                further = tuple(factor for factor in other.factors if write(factor) not in one.key)
                found.setdefault(key, Term(one.factors + further, key))
        return found

    def cross(self, left: Terms, right: Terms) -> Terms:
        return left | {key: term for key, term in right.items() if key not in left} | self.new(left, right)

    def new(self, left: Terms, right: Terms) -> Terms:
        return {key: one for key, one in self.interact(left, right).items() if key not in left and key not in right}

    def nest(self, left: Terms, right: Terms) -> Terms:
        """Give `(a + b) / c`: a + b + a:b:c."""
        outer = _INTERCEPT
        for term in left.values():
            outer = next(iter(self.interact({outer.key: outer}, {term.key: term}).values()))
        inner = self.interact({outer.key: outer}, right)
        return left | {key: term for key, term in inner.items() if key not in left}


_PRODUCTS: dict[str, Callable[[_Expansion, Terms, Terms], Terms]] = {
    ":": _Expansion.interact,
    "*": _Expansion.cross,
    "/": _Expansion.nest,
}


def _expected(node: Node) -> str:
    if isinstance(node, Literal):
        return "expected 1 or 0 as the only numbers outside brackets of a function; write I(2 * x) for arithmetic"
    return "expected columns, functions of them and + - * : / ^ between them; write I(...) for other arithmetic"
