"""Why a label is what it is: each cue, scope and finding marked in the text, for a radiologist to check."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.reasoning.labeler.findings import label_text
from gazeanalytics.reasoning.labeler.lexicons import lexicon as get_lexicon
from gazeanalytics.reasoning.labeler.phrase_matching import Item
from gazeanalytics.reasoning.labeler.replies import find_reply, find_reply_after
from gazeanalytics.reasoning.labeler.sentences import lower, sentences

__all__ = ["Explanation", "explain"]

_CUES = {
    "deny": "negation",
    "deny_before": "negation",
    "hedge": "hedge",
    "steady": "no negation",
    "than": "comparison",
    "over": "comparison",
    "instead": "comparison",
    "hypothetical": "hypothetical",
    "opinion": "opinion of before",
    "stop": "end of scope",
}
_STYLE = (
    "mark{padding:0 .15em;border-radius:.2em}mark.finding{background:#cfe3ff}mark.negation{background:#ffd6d6}"
    "mark.hedge{background:#fff0b8}mark.reply{background:#e6d8ff}mark.other{background:#e8e8e8}"
)


@dataclass(frozen=True, slots=True)
class Explanation(Brief):
    """A text with its labels and what they rest on.

    Attributes
    ----------
    text : str
        As given.
    marks : pandas.DataFrame
        start, stop, words, kind (finding, sign, negation, hedge, comparison, hypothetical, reply, end of scope ...) and
        detail (the concept, or the stated probability), in order.
    findings : pandas.DataFrame
        The labels, as `label_text` gives them.

    Examples
    --------
    >>> explain("No edema.").marks["kind"].tolist()
    ['negation', 'finding']
    """

    text: str
    marks: pd.DataFrame
    findings: pd.DataFrame

    def as_text(self) -> str:
        """Write the text with its marks in brackets, then a line a label.

        Examples
        --------
        >>> print(explain("No edema.").as_text())
        [No|negation 0.02] [edema|finding edema].
        edema: absent, 0.02 (0 to 0.1), stated
        """
        parts, at = [], 0
        for start, stop, words, kind, detail in self._marked():
            parts.append(f"{self.text[at:start]}[{words}|{kind} {detail}]".replace(" ]", "]"))
            at = stop
        return "\n".join(["".join(parts) + self.text[at:], *self._labels()])

    def as_html(self) -> str:
        """Write a self-contained HTML fragment; everything from the text is escaped.

        Examples
        --------
        >>> "&lt;script&gt;" in explain("No edema <script>.").as_html()
        True
        """
        parts, at = [], 0
        for start, stop, words, kind, detail in self._marked():
            known = kind if kind in ("finding", "negation", "hedge", "reply") else "other"
            title = html.escape(f"{kind} {detail}".strip(), quote=True)
            before = html.escape(self.text[at:start])
            parts.append(f'{before}<mark class="{known}" title="{title}">{html.escape(words)}</mark>')
            at = stop
        body = "".join(parts) + html.escape(self.text[at:])
        labels = "".join(f"<li>{html.escape(line)}</li>" for line in self._labels())
        return f"<div><style>{_STYLE}</style><p>{body}</p><ul>{labels}</ul></div>"

    def _marked(self) -> Iterator[tuple[int, int, str, str, str]]:
        columns = (self.marks[name].tolist() for name in ("start", "stop", "words", "kind", "detail"))
        yield from zip(*columns, strict=True)

    def _labels(self) -> Iterator[str]:
        for row in self.findings.itertuples():
            where = " ".join(part for part in (row.side, row.zone) if isinstance(part, str))
            place = f" ({where})" if where else ""
            stated = f"{row.certainty:g} ({row.low:g} to {row.high:g})"
            yield f"{row.finding}{place}: {row.status}, {stated}, {row.act}"


def explain(text: str, *, scheme: str = "chexpert") -> Explanation:
    """Mark each cue of negation and hedging, each scope's end and each finding that the labeler sees in a text.

    Parameters
    ----------
    text : str
        An English text.
    scheme : str
        Whose findings: see `lexicon`.

    Examples
    --------
    >>> found = explain("A nodule. It's a nipple shadow.")
    >>> found.marks[["words", "kind", "detail"]].to_numpy().tolist()
    [['nodule', 'finding', 'nodule'], ['nipple shadow', 'finding', 'mimic of lesion']]
    >>> found.findings["act"].tolist()
    ['stated', 'retracted']
    """
    phrases = get_lexicon(scheme).phrases
    low, rows = lower(text), []
    for begin, end in sentences(low):
        sentence = low[begin:end]
        items = [item for item in phrases.match(sentence) if _kind(item)]
        rows += [(begin + item.start, begin + item.stop, *_described(item)) for item in items]
        named = [item.stop for item in items if item.entry.kind in ("named", "clear")]
        reply = find_reply_after(sentence, named[-1]) if named else find_reply(sentence)
        if reply is not None:
            span = (begin + reply.start, begin + reply.stop)
            rows = [row for row in rows if row[1] <= span[0] or row[0] >= span[1]]
            rows.append((*span, "reply", f"{reply.act} {reply.stated[0]:g}"))
    rows.sort()
    marks = pd.DataFrame(rows, columns=["start", "stop", "kind", "detail"])
    marks.insert(2, "words", [text[start:stop] for start, stop, *_ in rows])
    return Explanation(text, marks, label_text(text, lexicon=scheme))


def _kind(item: Item) -> str:
    entry = item.entry
    if entry.kind in ("named", "clear", "neutral"):
        return "sign" if " sign " in entry.concept else "finding"
    if entry.kind == "ignore":
        return "ignored"
    return _CUES.get(entry.scope, "quality" if entry.quality else "")


def _described(item: Item) -> tuple[str, str]:
    entry, kind = item.entry, _kind(item)
    if entry.kind:
        return kind, entry.concept.partition(" sign ")[0].replace("_", " ")
    if entry.scope in ("deny", "deny_before", "hedge"):
        return kind, f"{entry.p:g}"
    return kind, entry.quality if kind == "quality" else ""
