"""Use of the clinical context: does a trace speak of the indication, history or prior that it was given, and follow it.

Speaking of it is read from words ("given the history", "compared with the prior"); following it from calls: of the
findings that the context names, how many the reading calls present. Following is no merit by itself: a reader whose
calls follow the context on cases where it misleads is biased by it.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO
from gazeanalytics.reasoning.labeler.conclusions import conclude
from gazeanalytics.reasoning.labeler.findings import Choice, label_findings
from gazeanalytics.tables import require_columns

__all__ = ["context_use"]

_SPOKEN = {
    "indication": re.compile(
        r"\b(?:indications?|reason for (?:the )?(?:exam\w*|study)|(?:clinical|referring) (?:question|information"
        r"|context|concern|suspicion|setting|physician|team)|referr(?:er|al)|request(?:ed)?"
        r"|asked (?:about|to|for|whether)|question (?:is|was|asked))\b"
    ),
    "history": re.compile(
        r"\b(?:history|hx|h/o|given (?:the|his|her|a|that|this)|(?:in a|the|this) patient (?:with|has|had|who|is|was)"
        r"|years?[- ]old|present(?:s|ed|ing) with|symptoms?|fevers?|febrile|cough\w*|dyspn\w+|s/p|status post)\b"
    ),
    "prior": re.compile(
        r"\b(?:priors?|previous(?:ly)?|earlier (?:film|image|study|exam\w*|radiograph)|old(?:er)? (?:film|image|study"
        r"|x-?ray|radiograph)s?|last (?:film|study|image|exam\w*|time)|compar(?:ed|ison|ing)|interval|unchanged)\b"
    ),
}
_WORD = re.compile(r"[a-z]{4,}")
_HEADING = re.compile(r"^[^:.\n]{0,40}:")
# fmt: off
_EMPTY_WORDS = frozenset(
    {"with", "from", "have", "that", "this", "there", "which", "what", "when", "patient", "please", "evaluate",
     "evaluation", "assess", "assessment", "rule", "exclude", "history", "indication", "reason", "exam",
     "examination", "study", "chest", "radiograph", "image", "left", "right", "year", "years", "male", "female",
     "woman", "prior", "previous", "comparison", "clinical", "question", "concern", "possible", "also", "after",
     "before", "since", "been", "were", "does"}
)
# fmt: on


def context_use(
    traces: pd.DataFrame,
    contexts: pd.DataFrame,
    *,
    findings: pd.DataFrame | None = None,
    lexicon: Choice = "chexpert",
    call_at: float = 0.5,
) -> pd.DataFrame:
    """Say of each reading whether its trace speaks of the context that it was given, and whether its calls follow it.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table: reading, step, text.
    contexts : pandas.DataFrame
        reading and context: the words that the reader was given; missing or empty where none were.
    findings : pandas.DataFrame, optional
        The `findings` table of these traces; default: they are labelled here.
    lexicon : str, path, mapping or Lexicon
        As in `label_findings`; names the findings that a context asks about.
    call_at : float
        A finding is called present from this certainty on.

    Returns
    -------
    pandas.DataFrame
        One row a reading of `contexts`: reading; context_given; mentions_indication, mentions_history, mentions_prior
        (whether the trace says so, context or not); context_words (share of the context's words of content that the
        trace repeats); context_findings (how many findings the context names without denying them);
        context_answered (share of these that the trace speaks of) and context_followed (share that it calls present).
        NaN where there is no context, no word of content, or no finding in it.

    Raises
    ------
    TableError
        If a column is missing.

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": [1, 2], "step": 0, "text": ["Given the fever, this is pneumonia.", "Clear."]})
    >>> contexts = pd.DataFrame({"reading": [1, 2], "context": "Fever. Rule out pneumonia."})
    >>> used = context_use(traces, contexts)
    >>> used[["reading", "mentions_history", "context_words", "context_answered", "context_followed"]].values.tolist()
    [[1, True, 1.0, 1.0, 1.0], [2, False, 0.0, 0.0, 0.0]]
    """
    require_columns(traces, "traces", ("reading", "step", "text"))
    require_columns(contexts, "contexts", ("reading", "context"))
    ordered = traces.sort_values(["reading", "step"], kind="stable")
    said = ordered["text"].fillna("").astype(str).str.lower().groupby(ordered["reading"], observed=True).agg(" ".join)
    table = contexts[["reading"]].reset_index(drop=True)
    given = contexts["context"].fillna("").astype(str).str.strip().reset_index(drop=True)
    text = table["reading"].map(said).fillna("").astype(str)
    table["context_given"] = given.ne("")
    for name, form in _SPOKEN.items():
        table[f"mentions_{name}"] = text.str.contains(form)
    table["context_words"] = [_repeated(one, words) for one, words in zip(given.str.lower(), text, strict=True)]
    called = conclude(label_findings(traces, lexicon=lexicon) if findings is None else findings, no_finding=False)
    stated = called.set_index(["reading", "finding"])["certainty"]
    asked = _asked(given, lexicon)
    answers = [
        _answers(stated, reading, names, call_at) for reading, names in zip(table["reading"], asked, strict=True)
    ]
    table["context_findings"] = [len(names) for names in asked]
    table[["context_answered", "context_followed"]] = np.array(answers, float).reshape(-1, 2)
    return table


def _repeated(context: str, text: str) -> float:
    """Share of the words of content of a context that a trace repeats."""
    wanted = set(_WORD.findall(context)) - _EMPTY_WORDS
    return len(wanted & set(_WORD.findall(text))) / len(wanted) if wanted else np.nan


def _asked(contexts: pd.Series, lexicon: Choice) -> list[list[str]]:
    """The findings that each context names and doesn't deny; a heading over it isn't one of its statements."""
    bare = [_HEADING.sub("", context) for context in contexts]
    rows = pd.DataFrame({"reading": np.arange(len(bare)), "step": 0, "text": bare})
    named = label_findings(rows, lexicon=lexicon, implied=False)
    named = named[(named["certainty"] > ABSENT_TO) & ~named["finding"].isin(["no_finding", "support_devices"])]
    by_context = named.groupby("reading")["finding"].agg(lambda own: list(dict.fromkeys(own)))
    return [by_context.get(place, []) for place in range(len(bare))]


def _answers(stated: pd.Series, reading: object, names: list[str], call_at: float) -> tuple[float, float]:
    """Share of the findings asked about that are spoken of, and share that are called present."""
    if not names:
        return np.nan, np.nan
    certainty = np.array([stated.get((reading, name), np.nan) for name in names], float)
    return float((~np.isnan(certainty)).mean()), float((certainty >= call_at).mean())
