"""Read an expression into its syntax tree; whatever the tree has no node for can't be said."""

from __future__ import annotations

from collections.abc import Iterable

from gazeanalytics.expressions.faults import ExpressionError, hold, refusal
from gazeanalytics.expressions.signatures import ALIASES, CODINGS, SIGNATURES, Signature
from gazeanalytics.expressions.tokens import Token, tokens
from gazeanalytics.expressions.tree import (
    Bracket,
    Call,
    Chain,
    Listing,
    Literal,
    Name,
    Node,
    Sign,
    rank_of,
)

__all__ = ["parse"]

_SIGN, _POWER, _NOT = rank_of("sign"), rank_of("**"), rank_of("not")
_CONSTANTS = {"True": True, "False": False, "TRUE": True, "FALSE": False}
_START = "a column, number, text in quotes, function or bracket"


def parse(text: str, *, columns: Iterable[str] = ()) -> Node:
    """Read a formula, a condition or a value into its syntax tree.

    Parameters
    ----------
    text : str
        There are columns (in backticks where they aren't words), numbers, texts in quotes, lists of them, our own
        functions and the operators `~ | & and or not == != < <= > >= in + - * / // % : ** ^`.
    columns : iterable of str
        Columns of the table, where it is at hand.

    Raises
    ------
    ExpressionError
        Saying what stands there that isn't allowed, where, and what is.

    Examples
    --------
    >>> parse("np.log(x) > 1")
    Traceback (most recent call last):
    gazeanalytics.expressions.faults.ExpressionError: can't read 'np.log(x) > 1': expected a function such as 'log'; \
got 'np.log' at character 1
    """
    if not isinstance(text, str):
        raise ExpressionError(f"expected an expression as text; got {type(text).__name__}")
    return _Reader(text, tokens(text, columns=columns)).whole()


# By hand rather than by a parser generator (lark, pyparsing): a dependency less, time linear in the text (no
# backtracking), and a refusal that knows what could have stood there.
class _Reader:
    """Precedence climbing over the tokens of one expression (Pratt 1973, in its plainest form)."""

    def __init__(self, text: str, cut: list[Token]) -> None:
        self.text, self.cut, self.at, self.depth = text, cut, 0, 0

    @property
    def next(self) -> Token:
        return self.cut[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.cut[self.at - 1]

    def takes(self, mark: str) -> bool:
        """Step over a mark, when it is what comes next."""
        found = self.next.kind == "mark" and self.next.text == mark
        self.at += found
        return found

    def expect(self, mark: str, instead: str = "") -> None:
        if not self.takes(mark):
            raise self.refuse(f"{instead}{mark!r}")

    def refuse(self, expected: str, token: Token | None = None) -> Exception:
        token = token or self.next
        return refusal(self.text, token.place, expected, token.shown)

    def whole(self) -> Node:
        tree = self.expression(0)
        if self.next.kind != "end":
            raise self.refuse(
                "'==' to compare" if self.next.text == "=" else "an operator between two things, or the end"
            )
        return tree

    def expression(self, loosest: int) -> Node:
        """Read operators that bind at least as tightly as `loosest`."""
        # The reader recurses as deep as brackets do, and so do all walks over its tree; held here, none meets Python's
        # RecursionError, which could be raised anywhere.
        self.depth += 1
        hold("depth", self.depth, self.text)
        left = self.start()
        while (rank := self.rank()) >= loosest:
            left = self.chain(left, rank)
        self.depth -= 1
        return left

    def rank(self) -> int:
        """Say how tightly the operator that comes next binds; -1 where none does."""
        if self.next.kind != "mark":
            return -1
        if self.next.text == "not":
            following = self.cut[self.at + 1]
            return rank_of("not in") if (following.kind, following.text) == ("mark", "in") else -1
        return rank_of(self.next.text)

    def chain(self, first: Node, rank: int) -> Chain:
        rest = []
        while self.rank() == rank:
            operator = self.take().text
            if operator == "not":
                operator += f" {self.take().text}"
            # What follows ** may have a sign (x ** -1) and powers of its own (worked from the right); what follows any
            # other operator binds more tightly than that operator (worked from the left).
            rest.append((operator, self.expression(_SIGN if rank == _POWER else rank + 1)))
        return Chain(first.place, first, tuple(rest))

    def start(self) -> Node:
        """Read what may stand at the start of an expression."""
        token = self.take()
        if token.kind == "number":
            # From 19 digits on an int may not fit int64, and would make an object array of a column.
            whole = token.text.isdigit() and len(token.text) < 19
            return Literal(token.place, int(token.text) if whole else float(token.text))
        if token.kind == "text":
            return Literal(token.place, token.text)
        if token.kind == "name":
            return self.named(token)
        if token.kind == "mark" and token.text in ("-", "~"):
            return Sign(token.place, token.text, self.expression(_SIGN))
        if token.kind == "mark" and token.text == "not":
            return Sign(token.place, "not", self.expression(_NOT))
        if token.kind == "mark" and token.text in ("(", "["):
            return self.bracket(token)
        raise self.refuse(_START, token)

    def named(self, token: Token) -> Node:
        quoted = self.text[token.place] == "`"
        if self.next.kind == "mark" and self.next.text == "(" and not quoted:
            return self.call(token)
        if token.text in _CONSTANTS and not quoted:
            return Literal(token.place, _CONSTANTS[token.text])
        return Name(token.place, token.text)

    def bracket(self, token: Token) -> Node:
        if token.text == "[":
            return self.listing(token, [], "]")
        inner = self.expression(0)
        if self.next.kind == "mark" and self.next.text == ",":
            self.take()
            return self.listing(token, [inner], ")")
        self.expect(")", "an operator or ")
        bars = isinstance(inner, Chain) and inner.rest[0][0] in ("|", "||")
        return Bracket(token.place, inner) if isinstance(inner, Chain) and bars else inner

    def listing(self, token: Token, items: list[Node], close: str) -> Listing:
        while not self.takes(close):
            items.append(self.expression(_SIGN))
            if not (self.next.kind == "mark" and self.next.text == close):
                self.expect(",", f"{close!r} or ")
        return Listing(token.place, tuple(self.literal(item) for item in items))

    def literal(self, node: Node) -> Literal:
        if isinstance(node, Literal):
            return node
        value = node.operand.value if isinstance(node, Sign) and isinstance(node.operand, Literal) else None
        if isinstance(node, Sign) and node.operator == "-" and isinstance(value, int | float):
            return Literal(node.place, -value)
        token = next(token for token in self.cut if token.place >= node.place)
        raise self.refuse("a list of numbers or texts alone", token)

    def call(self, token: Token) -> Call:
        name = ALIASES.get(token.text, token.text)
        if name not in SIGNATURES:
            raise self.refuse(_functions_like(token.text), token)
        self.take()
        arguments: list[Node] = []
        options: list[tuple[str, Node]] = []
        while not self.takes(")"):
            self.argument(arguments, options)
            if not (self.next.kind == "mark" and self.next.text == ")"):
                self.expect(",", "an operator, ')' or ")
        self.check(token, SIGNATURES[name], len(arguments), [option for option, _ in options])
        if name == "relevel":
            return self.releveled(token, arguments, options)
        return Call(token.place, name, tuple(arguments), tuple(options))

    def releveled(self, token: Token, arguments: list[Node], options: list[tuple[str, Node]]) -> Call:
        """Read R's `relevel(x, ref="b")` as `factor(x, contr.treatment("b"))`, which codes it the same."""
        told = [*arguments[1:], *(value for _, value in options)]
        if not told:
            raise refusal(self.text, token.place, "a reference level, as in relevel(site, ref='b')", "none")
        of = arguments[0]
        plain = of.arguments[0] if isinstance(of, Call) and of.name == "factor" and len(of.arguments) == 1 else of
        coding = Call(token.place, "contr.treatment", (told[0],), ())
        return Call(token.place, "factor", (plain, coding), ())

    def argument(self, arguments: list[Node], options: list[tuple[str, Node]]) -> None:
        following = self.cut[self.at + 1] if self.next.kind == "name" else None
        if following is not None and (following.kind, following.text) == ("mark", "="):
            word = self.take()
            self.take()
            options.append((word.text, self.expression(0)))
        elif options:
            raise self.refuse("a named setting after the first named one")
        else:
            arguments.append(self.expression(0))

    def check(self, token: Token, signature: Signature, count: int, options: list[str]) -> None:
        """Refuse too few or too many arguments, and settings that the function hasn't."""
        free = signature.settings[max(count - signature.columns, 0) :]
        max_arguments = signature.columns + len(signature.settings)
        if not signature.min_arguments <= count <= max_arguments:
            ends = dict.fromkeys((signature.min_arguments, max_arguments))
            expected = " to ".join(map(str, ends))
            raise refusal(self.text, token.place, f"{expected} arguments of {token.text}(...)", str(count))
        for option in options:
            if option not in free or options.count(option) > 1:
                known = ", ".join(free) or "none"
                raise refusal(
                    self.text, token.place, f"settings of {token.text}(...), each once: {known}", repr(option)
                )


def _functions_like(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name[:40], list(SIGNATURES), n=1)
    known = ", ".join(sorted(name for name in SIGNATURES if name not in CODINGS))
    return f"a function such as {close[0]!r}" if close else f"one of the functions {known}"
