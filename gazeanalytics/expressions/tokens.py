"""Cut the text of an expression into words and marks, and refuse every other character."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal as Either

from gazeanalytics.expressions.faults import hold, refusal, shorten

__all__ = ["Token", "tokens"]

Kind = Either["number", "text", "name", "mark", "end"]

# Names may hold dots, as in R: `time.spent` and `contr.sum` are one word, so that a dot can't reach into anything.
_PATTERN = re.compile(
    r"""
    (?P<space> \s+ )
  | (?P<number> (?: [0-9]+ (?: \.[0-9]* )? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? ) (?! [\w.] )
  | (?P<name> [^\W0-9] [\w.]* )
  | ` (?P<quoted> [^`\n]+ ) `
  | (?P<text> '[^'\n]*' | "[^"\n]*" )
  | (?P<mark> \|\| | \*\* | // | == | != | <= | >= | [-+*/%^:~|&<>()\[\],=] )
    """,
    re.VERBOSE,
)
# Look-alikes are named in the refusal, not folded (NFKC) into what they look like: Python folds names, so that ｅｘｅｃ
# passes a list of forbidden words and then runs. Names are compared as they are, letter for letter, and a column in
# another script stays itself.
_LOOKALIKES = {
    "−": "-",
    "–": "-",
    "×": "*",
    "÷": "/",
    "∼": "~",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "≤": "<=",
    "≥": ">=",
}
_INSTEAD = {
    "{": "I(...) for arithmetic", "@": "a value written out, such as 3 or 'a'", "$": "a column's name alone",
    "!": "'not' or '!='", "&&": "'and'", ";": "one expression", "\\": "text in the other kind of quotes",
}  # fmt: skip
_WORDS = ("and", "or", "not", "in")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or mark, and the character at which it begins.

    Examples
    --------
    >>> tokens("x < 3")[1]
    Token(kind='mark', text='<', place=2)
    >>> tokens("x")[-1].shown
    'the end'
    """

    kind: Kind
    text: str
    place: int

    @property
    def shown(self) -> str:
        """As a message says it."""
        return "the end" if self.kind == "end" else repr(shorten(self.text))


def tokens(text: str, *, columns: Iterable[str] = ()) -> list[Token]:
    """Cut an expression into words and marks.

    Parameters
    ----------
    text : str
    columns : iterable of str
        Columns of the table; one whose name isn't a word, such as `time on task`, is then known without backticks.

    Examples
    --------
    >>> [token.text for token in tokens("time on task ~ log(x.1) + (1 | `the reader`)", columns=["time on task"])][:6]
    ['time on task', '~', 'log', '(', 'x.1', ')']
    """
    hold("characters", len(text), text)
    return [*_cut(text, _odd(columns)), Token("end", "", len(text))]


def _odd(columns: Iterable[str]) -> re.Pattern[str] | None:
    """Match names of columns that aren't words; a pivoted table's 0, 1, 2 would take every number of a formula."""
    odd = [name for name in columns if not _PATTERN.fullmatch(name) and name[:1].isalnum() and not _is_number(name)]
    longest = sorted(odd, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, longest))})(?![\\w.])") if longest else None


def _is_number(name: str) -> bool:
    return not any(char.isalpha() for char in name)


def _cut(text: str, odd: re.Pattern[str] | None) -> Iterator[Token]:
    place = 0
    while place < len(text):
        if odd and (found := odd.match(text, place)):
            yield Token("name", found[0], place)
        elif found := _PATTERN.match(text, place):
            kind = found.lastgroup or ""
            if kind != "space":
                yield _token(kind, found[kind], text, place)
        else:
            raise _unreadable(text, place)
        place = found.end()


def _token(kind: str, word: str, text: str, place: int) -> Token:
    if kind == "number" and not math.isfinite(float(word)):
        raise refusal(text, place, "a number below 1e308", shorten(word))
    if kind == "quoted":
        return Token("name", word, place)
    if kind == "name":
        return Token("mark" if word in _WORDS else "name", word, place)
    if kind == "text":
        return Token("text", word[1:-1], place)
    return Token("number" if kind == "number" else "mark", "**" if word == "^" else word, place)


def _unreadable(text: str, place: int) -> Exception:
    char = text[place]
    if char in "'\"`":
        return refusal(text, place, f"a closing {char} on the same line", "none after the one")
    if char.isdigit() or char == ".":
        return refusal(text, place, "a number such as 12 or 0.5", repr(text[place : place + 12].split()[0]))
    name = unicodedata.name(char, "a control character")
    got = repr(char) if char.isascii() and char.isprintable() else f"{char!r} ({name}, U+{ord(char):04X})"
    instead = _INSTEAD.get(char) or (f"{_LOOKALIKES[char]!r}" if char in _LOOKALIKES else "")
    return refusal(text, place, instead or "a column, number, text in quotes, function or operator", got)
