"""Texts against reference texts: overlap of words through the libraries that define it, and scores read from a column.

Overlap of words is not correctness; it is reported here because papers report it. Metrics that need a model's weights
(RadGraph F1, GREEN, RadCliQ, CheXbert vectors) are computed elsewhere, put into a column a case, and compared here.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.tables import shown

__all__ = ["compare_scores", "text_overlap"]

_LOWER = ("radcliq", "perplexity", "edit", "error")
_ROUGE = ("rouge1", "rouge2", "rougeL")


def text_overlap(texts: pd.Series, references: pd.Series) -> pd.DataFrame:
    """Measure overlap of words: BLEU by sacrebleu, ROUGE by rouge-score.

    Parameters
    ----------
    texts, references : pandas.Series
        What was written and the reference, with the same index. A missing text counts as empty.

    Returns
    -------
    pandas.DataFrame
        A row a text: bleu (sentence BLEU-4, 0 to 1, orders that the text is too short for left out), rouge1, rouge2
        and rougeL (F measures, words stemmed). `attrs["bleu"]` has the corpus BLEU-4, which is no mean of these.

    Raises
    ------
    ModuleNotFoundError
        Without the libraries: install `gazeanalytics[text]`.
    ValueError
        If a text has no reference.

    Examples
    --------
    >>> said = pd.Series(["Small right effusion."])
    >>> text_overlap(said, pd.Series(["Small right pleural effusion."])).round(2).iloc[0].to_dict()
    {'bleu': 0.35, 'rouge1': 0.86, 'rouge2': 0.4, 'rougeL': 0.86}
    """
    missing = texts.index.difference(references.index)
    if len(missing):
        raise ValueError(f"texts and references must have the same index; {missing[0]!r} has no reference")
    sacrebleu, scorers = _library("sacrebleu"), _library("rouge_score.rouge_scorer")
    rouge = scorers.RougeScorer(list(_ROUGE), use_stemmer=True)
    said, true = (part.fillna("").astype(str).tolist() for part in (texts, references.loc[texts.index]))
    rows = []
    for text, reference in zip(said, true, strict=True):
        scores = rouge.score(reference, text)
        bleu = sacrebleu.sentence_bleu(text, [reference], use_effective_order=True).score / 100
        rows.append({"bleu": bleu} | {name: scores[name].fmeasure for name in _ROUGE})
    table = pd.DataFrame(rows, index=texts.index, columns=["bleu", *_ROUGE])
    table.attrs["bleu"] = sacrebleu.corpus_bleu(said, [true]).score / 100
    return table


def _library(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        package = name.partition(".")[0].replace("_", "-")
        raise ModuleNotFoundError(
            f"overlap of words needs {package}; install it with: pip install 'gazeanalytics[text]'"
        ) from None


def compare_scores(
    scores: pd.DataFrame,
    metrics: str | Iterable[str],
    *,
    by: str = "reader",
    case: str = "case",
    against: object = None,
    lower_is_better: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Compare readers, models or drafts by scores that were computed elsewhere, one a case.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row a case and reader: `case`, `by` and the metrics, such as columns of radcliq_score, green or
        radgraph_f1 read from a file. Missing scores are left out and not counted.
    metrics : str or iterable of str
        Columns.
    by, case : str
        Columns of what to compare and of the case.
    against : optional
        The level of `by` that others are compared with, case by case. Default: the first.
    lower_is_better : iterable of str, optional
        Metrics where less is better. Default: those whose name holds radcliq, perplexity, edit or error.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table, model the metric: a row *mean* a level of `by` (contrast), and a row *difference* a level
        ("b - a"; paired t test over the cases that both have). `better` says which way.

    Raises
    ------
    ValueError
        If a metric has no column, or a case comes twice at one level.

    Examples
    --------
    >>> scores = pd.DataFrame({"case": [1, 2, 3] * 2, "reader": ["ann"] * 3 + ["model"] * 3,
    ...     "radcliq": [0.9, 1.1, 1.0, 1.2, 1.5, 1.2]})
    >>> compare_scores(scores, "radcliq")[["term", "contrast", "estimate", "p_value", "better"]].round(3)
             term     contrast  estimate  p_value better
    0        mean          ann       1.0      NaN  lower
    1        mean        model       1.3      NaN  lower
    2  difference  model - ann       0.3    0.035  lower
    """
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    absent = [name for name in names if name not in scores]
    if absent:
        raise ValueError(f"no column {absent[0]!r} of scores; there are {', '.join(map(str, scores.columns))}")
    low = {name for name in names if any(mark in name.lower() for mark in _LOWER)}
    low = low if lower_is_better is None else set(lower_is_better)
    parts = []
    for name in names:
        known = scores[[case, by, name]].dropna()
        if known.duplicated([case, by]).any():
            twice = known[known.duplicated([case, by])].iloc[0]
            raise ValueError(
                f"one score a case and {by}; {shown(twice[case])} of {twice[by]!r} comes twice: average first"
            )
        wide = known.pivot(index=case, columns=by, values=name)
        base = against if against is not None else known[by].iloc[0]
        if base not in wide:
            raise ValueError(f"no {by} {base!r} to compare with; there are {', '.join(map(str, wide.columns))}")
        rows = [_mean("mean", str(level), wide[level].dropna()) for level in wide]
        others = [level for level in wide if level != base]
        rows += [_mean("difference", f"{level} - {base}", (wide[level] - wide[base]).dropna()) for level in others]
        better = "lower" if name in low else "higher"
        parts.append(pd.DataFrame(rows).assign(model=name, better=better))
    table = pd.concat(parts, ignore_index=True)
    return table[["model", *table.columns.drop("model")]]


def _mean(term: str, contrast: str, values: pd.Series) -> dict[str, object]:
    """Mean with its t interval; a test against 0 for differences alone."""
    n = len(values)
    numbers = values.to_numpy(float)
    error = float(stats.sem(numbers)) if n > 1 else np.nan
    half = float(stats.t.ppf(0.975, n - 1)) * error if n > 1 else np.nan
    mean = float(np.mean(numbers)) if n else np.nan
    tested = term == "difference" and n > 1 and error > 0
    statistic = mean / error if tested else np.nan
    return {
        "term": term,
        "contrast": contrast,
        "estimate": mean,
        "std_error": error,
        "statistic": statistic,
        "df": float(max(n - 1, 0)),
        "p_value": 2 * float(stats.t.sf(abs(statistic), n - 1)) if tested else np.nan,
        "conf_low": mean - half,
        "conf_high": mean + half,
        "n": n,
        "note": "small cell" if n < 5 else "",
    }
