"""Labels against truth: precision, recall and F1 a finding, with intervals over reports, and labelers compared.

Labels are laid out as CheXpert does: a row a report, a column a finding, 1 / 0 / -1 (uncertain) and NaN (unsaid).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

__all__ = ["claims_against_truth", "compare_labels", "disagreement", "report_errors", "score_labels"]

Policy = Literal["ones", "zeros", "ignore"]
Target = Literal["positive", "negative", "uncertain"]
_CODES = {"positive": 1.0, "negative": 0.0, "uncertain": -1.0}
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Hits, false alarms and misses, each of shape (reports, findings)."""

    hits: np.ndarray
    false: np.ndarray
    missed: np.ndarray

    # A finding that nobody has and nobody claims has no F1 and is left out of macro; counted as 0 or as 1 it would move
    # the mean by which findings a study happens to hold.
    def f1(self, weights: np.ndarray) -> np.ndarray:
        """F1 of each finding, then macro and micro, for each row of weights over reports; NaN without any case."""
        hits, wrong = weights @ self.hits, weights @ (self.false + self.missed)
        with np.errstate(invalid="ignore"):
            each = 2 * hits / (2 * hits + wrong)
            micro = 2 * hits.sum(1) / (2 * hits.sum(1) + wrong.sum(1))
        counted = ~np.isnan(each)
        macro = np.where(counted, each, 0).sum(1) / np.maximum(counted.sum(1), 1)
        return np.column_stack([each, np.where(counted.any(1), macro, np.nan), micro])


def score_labels(
    labels: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    policy: Policy | Mapping[str, Policy] = "zeros",
    target: Target = "positive",
    n_resamples: int = 0,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Score labels against truth, finding by finding.

    Parameters
    ----------
    labels, truth : pandas.DataFrame
        A row a report (the same index), a column a finding: 1 / 0 / -1 / NaN. Findings are those of `truth`; one that
        `labels` lacks was never mentioned.
    policy : {"ones", "zeros", "ignore"} or {finding: policy}
        What "uncertain" counts as where `target` is positive: present, absent, or left out when either side has it.
    target : {"positive", "negative", "uncertain"}
        Which statement to find. CheXpert's evaluation (Irvin et al. 2019) scores all three; negative and uncertain take
        the labels as they are.
    n_resamples : int
        Bootstrap draws of reports for the intervals of F1; 0 for none.
    rng : int, Generator or None
        Source of randomness.

    Returns
    -------
    pandas.DataFrame
        finding, n (reports where truth says so), precision, recall, f1 and, with `n_resamples`, f1_low and f1_high;
        then `macro` (mean over findings that occur in either) and `micro`.

    Examples
    --------
    >>> truth = pd.DataFrame({"edema": [1, 1, 0, -1], "fracture": [1, 0, 0, 0]})
    >>> labels = pd.DataFrame({"edema": [1, -1, 0, 1], "fracture": [1, 0, 0, 1]})
    >>> score_labels(labels, truth, policy="ones")[["finding", "n", "f1"]].round(3).to_dict("list")
    {'finding': ['edema', 'fracture', 'macro', 'micro'], 'n': [3, 1, 4, 4], 'f1': [1.0, 0.667, 0.833, 0.889]}
    """
    counts = _count(labels, truth, policy, target)
    names = [*truth.columns, "macro", "micro"]
    totals = [part.sum(0) for part in (counts.hits, counts.false, counts.missed)]
    hits, false, missed = (np.append(part, part.sum()) for part in totals)
    with np.errstate(invalid="ignore"):
        precision, recall = hits / (hits + false), hits / (hits + missed)
    table = pd.DataFrame(
        {
            "finding": names,
            "n": np.insert(hits + missed, -1, (hits + missed)[-1]).astype(int),
            "precision": np.insert(precision, -1, _mean(precision[:-1])),
            "recall": np.insert(recall, -1, _mean(recall[:-1])),
            "f1": counts.f1(np.ones((1, len(truth))))[0],
        }
    )
    if n_resamples:
        drawn = counts.f1(_weights(len(truth), n_resamples, rng))
        table["f1_low"], table["f1_high"] = _interval(drawn)
    return table


def compare_labels(
    first: pd.DataFrame,
    second: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    policy: Policy | Mapping[str, Policy] = "zeros",
    target: Target = "positive",
    n_resamples: int = 2000,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Compare two labelers on the same reports: the difference of F1, paired, by bootstrap over reports.

    Returns
    -------
    pandas.DataFrame
        finding (then macro, micro), f1_first, f1_second, difference (second less first), conf_low, conf_high, p_value
        (two-sided, from the bootstrap).

    Examples
    --------
    >>> truth = pd.DataFrame({"edema": [1, 0] * 20})
    >>> table = compare_labels(1 - truth, truth, truth, rng=1)
    >>> table.loc[0, ["f1_first", "f1_second", "conf_low"]].tolist()
    [0.0, 1.0, 1.0]
    """
    one, two = (_count(labels, truth, policy, target) for labels in (first, second))
    all_reports = np.ones((1, len(truth)))
    before, after = one.f1(all_reports)[0], two.f1(all_reports)[0]
    weights = _weights(len(truth), n_resamples, rng)
    drawn = two.f1(weights) - one.f1(weights)
    low, high = _interval(drawn)
    tail = np.minimum((drawn <= 0).sum(0), (drawn >= 0).sum(0))
    return pd.DataFrame(
        {
            "finding": [*truth.columns, "macro", "micro"],
            "f1_first": before,
            "f1_second": after,
            "difference": after - before,
            "conf_low": low,
            "conf_high": high,
            "p_value": np.minimum(1, 2 * (tail + 1) / (n_resamples + 1)),
        }
    )


def _interval(drawn: np.ndarray) -> np.ndarray:
    """95 % of the draws of each column, shape (2, columns); NaN where no draw has a value."""
    ends = np.full((2, drawn.shape[1]), np.nan)
    known = ~np.isnan(drawn).all(0)
    ends[:, known] = np.nanpercentile(drawn[:, known], _INTERVAL, axis=0)
    return ends


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _weights(reports: int, n_resamples: int, rng: int | np.random.Generator | None) -> np.ndarray:
    """How often each report is drawn, in each resample."""
    source = np.random.default_rng(rng)
    return source.multinomial(reports, np.full(reports, 1 / reports), n_resamples).astype(float)


def _count(labels: pd.DataFrame, truth: pd.DataFrame, policy: Policy | Mapping[str, Policy], target: Target) -> _Counts:
    missing = truth.index.difference(labels.index)
    if len(missing):
        raise ValueError(f"labels and truth must have the same reports; {missing[0]!r} has no labels")
    said = labels.reindex(index=truth.index, columns=truth.columns).to_numpy(float)
    true = truth.to_numpy(float)
    rules = [policy if isinstance(policy, str) else policy.get(name, "zeros") for name in truth.columns]
    unknown = set(rules) - {"ones", "zeros", "ignore"}
    if unknown:
        raise ValueError(f"policy must be 'ones', 'zeros' or 'ignore'; got {unknown.pop()!r}")
    kept = np.ones(true.shape, bool)
    if target == "positive":
        as_ones, left_out = (np.array([rule == name for rule in rules]) for name in ("ones", "ignore"))
        kept = ~(left_out & ((said == -1) | (true == -1)))
        said, true = ((part == 1) | ((part == -1) & as_ones) for part in (said, true))
    else:
        said, true = said == _CODES[target], true == _CODES[target]
    return _Counts(*((part & kept).astype(float) for part in (said & true, said & ~true, ~said & true)))


def report_errors(labels: pd.DataFrame, truth: pd.DataFrame, *, lenient: bool = True) -> pd.DataFrame:
    """Count what each report made up and what it left out.

    Parameters
    ----------
    labels, truth : pandas.DataFrame
        As in `score_labels`.
    lenient : bool
        Whether "uncertain" on the other side excuses: a finding called present that truth holds uncertain is then no
        hallucination, and one that truth has and the report holds uncertain no omission.

    Returns
    -------
    pandas.DataFrame
        One row a report: stated and true (positive findings), hallucinated, omitted, and jaccard (shared positives over
        all positives; 1 when both have none).

    Examples
    --------
    >>> truth = pd.DataFrame({"edema": [1], "fracture": [0], "pneumonia": [-1]})
    >>> labels = pd.DataFrame({"edema": [0], "fracture": [1], "pneumonia": [1]})
    >>> report_errors(labels, truth).iloc[0].tolist()
    [2.0, 1.0, 1.0, 1.0, 0.0]
    """
    said = labels.reindex(index=truth.index, columns=truth.columns).to_numpy(float)
    true = truth.to_numpy(float)
    excused = -1.0 if lenient else np.nan
    made_up = (said == 1) & (true != 1) & (true != excused)
    left_out = (true == 1) & (said != 1) & (said != excused)
    either = ((said == 1) | (true == 1)).sum(1)
    shared = ((said == 1) & (true == 1)).sum(1)
    return pd.DataFrame(
        {
            "stated": (said == 1).sum(1),
            "true": (true == 1).sum(1),
            "hallucinated": made_up.sum(1),
            "omitted": left_out.sum(1),
            "jaccard": np.where(either, shared / np.maximum(either, 1), 1.0),
        },
        index=truth.index,
    )


def disagreement(votes: np.ndarray) -> np.ndarray:
    """Chance that two different readers of a case disagree, estimated without bias.

    Parameters
    ----------
    votes : numpy.ndarray, shape (readers, ...)
        0 or 1; NaN for no vote.

    Returns
    -------
    numpy.ndarray, shape (...)
        2 p (1 - p) n / (n - 1) of the n votes with share p; NaN with fewer than two.

    Examples
    --------
    >>> disagreement(np.array([[1, 1], [1, 0]])).tolist()
    [0.0, 1.0]
    """
    votes = np.asarray(votes, float)
    known = ~np.isnan(votes)
    n = known.sum(0).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(known, votes, 0).sum(0) / n
        return np.where(n > 1, 2 * p * (1 - p) * n / (n - 1), np.nan)


def claims_against_truth(labels: pd.DataFrame, truth: pd.DataFrame, votes: np.ndarray) -> pd.DataFrame:
    """What a report's words are worth: how often each kind of statement is true, and how far readers disagree there.

    Parameters
    ----------
    labels, truth : pandas.DataFrame
        As in `score_labels`; truth is 0 or 1.
    votes : numpy.ndarray, shape (readers, reports, findings)
        Readers' own calls, in the order of `truth`.

    Returns
    -------
    pandas.DataFrame
        says (negative, blank, uncertain, positive), n, p_true, disagreement.

    Examples
    --------
    >>> truth = pd.DataFrame({"edema": [1, 0]})
    >>> claims_against_truth(pd.DataFrame({"edema": [-1, 0]}), truth, np.array([[[1], [0]], [[0], [0]]]))
            says  n  p_true  disagreement
    0   negative  1     0.0           0.0
    1      blank  0     NaN           NaN
    2  uncertain  1     1.0           1.0
    3   positive  0     NaN           NaN
    """
    said = labels.reindex(index=truth.index, columns=truth.columns).to_numpy(float)
    apart = disagreement(votes)
    if apart.shape != said.shape:
        raise ValueError(f"votes must have shape (readers, {said.shape[0]}, {said.shape[1]}); got {votes.shape}")
    kinds = {"negative": said == 0, "blank": np.isnan(said), "uncertain": said == -1, "positive": said == 1}
    true = truth.to_numpy(float)
    rows = [(name, int(kind.sum()), _mean(true[kind]), _mean(apart[kind])) for name, kind in kinds.items()]
    return pd.DataFrame(rows, columns=["says", "n", "p_true", "disagreement"])
