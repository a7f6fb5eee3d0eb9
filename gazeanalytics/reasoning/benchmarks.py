"""Score a labeler on a file of labelled reports: CheX-GPT's MIMIC-500 layout, or a table as CheXpert's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.certainty import to_chexpert
from gazeanalytics.reasoning.findings import conclude, label_findings
from gazeanalytics.reasoning.lexicons import FINDINGS, lexicon
from gazeanalytics.reasoning.scoring import compare_labels, score_labels

__all__ = ["label_benchmark", "label_reports", "read_labelled"]

Labeler = Callable[[pd.Series], pd.DataFrame]
_TEXT = ("report impression", "reports", "report", "text", "impression")


def label_reports(texts: pd.Series, *, scheme: str = "chexpert") -> pd.DataFrame:
    """Label reports by the rules: a row a report, a column a finding, 1 / 0 / -1 and NaN where not mentioned.

    Examples
    --------
    >>> wide = label_reports(pd.Series(["No edema.", "Possible edema."]))
    >>> wide["edema"].tolist()
    [0.0, -1.0]
    """
    traces = pd.DataFrame({"reading": np.arange(len(texts)), "step": 0, "text": texts.to_numpy()})
    found = label_findings(traces, lexicon=scheme)
    decided = conclude(found, readings=traces["reading"], no_finding=scheme == "chexpert")
    wide = to_chexpert(decided).reindex(index=traces["reading"], columns=list(lexicon(scheme).findings))
    return wide.set_axis(texts.index)


def read_labelled(path: str | Path) -> tuple[pd.Series, pd.DataFrame]:
    """Read reports and their labels.

    Parameters
    ----------
    path : str or path
        `.jsonl` in CheX-GPT's layout (`study_id`, `text`, `label: {finding: {"status": ["exist"]}}`; a finding that
        isn't named doesn't exist), or `.csv` with a column of text and one for each CheXpert observation.

    Returns
    -------
    texts : pandas.Series
        Indexed by study, or by row.
    truth : pandas.DataFrame
        Findings in snake case: 1 / 0 / -1 / NaN.

    Raises
    ------
    ValueError
        If a CSV has no column of text, or none of findings.
    """
    path = Path(path)
    return _read_jsonl(path) if path.suffix == ".jsonl" else _read_csv(path)


def _read_jsonl(path: Path) -> tuple[pd.Series, pd.DataFrame]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    keys = pd.Index([row.get("study_id", place) for place, row in enumerate(rows)], name="study_id")
    labels = [{_snake(name) for name, said in row["label"].items() if "exist" in said["status"]} for row in rows]
    truth = pd.DataFrame(
        {name: [float(name in label) for label in labels] for name in lexicon("chexgpt").findings}, index=keys
    )
    return pd.Series([row["text"] for row in rows], index=keys), truth


def _read_csv(path: Path) -> tuple[pd.Series, pd.DataFrame]:
    frame = pd.read_csv(path)
    names = {str(column): _snake(str(column)) for column in frame.columns}
    text = next((column for wanted in _TEXT for column in names if column.lower() == wanted), None)
    if text is None:
        raise ValueError(f"{path.name}: wanted a column of text named {', '.join(_TEXT)}; came {', '.join(names)}")
    truth = frame[[column for column, name in names.items() if name in FINDINGS]].rename(columns=names).astype(float)
    if truth.empty:
        raise ValueError(f"{path.name}: wanted columns of findings such as 'Edema'; came {', '.join(names)}")
    return frame[text], truth


def _snake(name: str) -> str:
    return name.strip().lower().replace(" ", "_")


def label_benchmark(
    path: str | Path,
    labeler: Labeler | None = None,
    *,
    against: Labeler | None = None,
    resamples: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Score a labeler on a file of labelled reports, under three policies for "uncertain".

    Parameters
    ----------
    path : str or path
        See `read_labelled`.
    labeler : callable, optional
        From a series of texts to labels (1 / 0 / -1 / NaN, a column a finding). Default: the rules, with the findings
        that the file has.
    against : callable, optional
        A second labeler: the table then compares the two, paired over reports (see `compare_labels`).
    resamples, rng
        Bootstrap draws of reports, and their randomness.

    Returns
    -------
    pandas.DataFrame
        `score_labels` (or `compare_labels`) under each policy, with a column `policy` in front.
    """
    texts, truth = read_labelled(path)
    scheme = "chexgpt" if Path(path).suffix == ".jsonl" else "chexpert"
    first = labeler(texts) if labeler else label_reports(texts, scheme=scheme)
    second = against(texts) if against else None
    tables = []
    for policy in ("zeros", "ones", "ignore"):
        if second is None:
            table = score_labels(first, truth, policy=policy, resamples=resamples, rng=rng)
        else:
            table = compare_labels(first, second, truth, policy=policy, resamples=resamples, rng=rng)
        table.insert(0, "policy", policy)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
