"""Score a labeler on a file of labelled reports: CheX-GPT's MIMIC-500 layout, or a table as CheXpert's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.labeler.certainty import to_chexpert
from gazeanalytics.reasoning.labeler.conclusions import conclude
from gazeanalytics.reasoning.labeler.findings import label_findings
from gazeanalytics.reasoning.labeler.label_scores import compare_labels, score_labels
from gazeanalytics.reasoning.labeler.lexicons import FINDINGS, lexicon
from gazeanalytics.tables import nearest

__all__ = ["label_benchmark", "label_reports", "read_labelled"]

Labeler = Callable[[pd.Series], pd.DataFrame]
_STATUS = {"exist": 1.0, "uncertain": -1.0, "possible": -1.0, "not_exist": 0.0}
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
    found = label_findings(traces, lexicon=scheme, implied=False)
    decided = conclude(found, rule="any", readings=traces["reading"], no_finding=scheme == "chexpert")
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
        If a line isn't JSON, lacks its text or label, names an unknown finding or status, or comes twice; if a CSV has
        no column of text, none of findings, or a label other than 1, 0, -1 and blank.
    """
    path = Path(path)
    texts, truth = _read_jsonl(path) if path.suffix == ".jsonl" else _read_csv(path)
    twice = truth.index[truth.index.duplicated()]
    if len(twice):
        raise ValueError(f"{path.name}: expected each study once; {twice[0]} is there more than once")
    return texts, truth


def _read_jsonl(path: Path) -> tuple[pd.Series, pd.DataFrame]:
    keys, texts, labels = [], [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            row = _json_line(line, f"{path.name}, line {number}")
            keys.append(row.get("study_id", number))
            texts.append(row["text"])
            labels.append(row["label"])
    index = pd.Index(keys, name="study_id")
    names = lexicon("chexgpt").findings
    truth = pd.DataFrame([[label.get(name, 0.0) for name in names] for label in labels], index, list(names))
    return pd.Series(texts, index=index), truth


def _json_line(line: str, where: str) -> dict[str, Any]:
    """Read one line; its label becomes {finding: code}."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as wrong:
        raise ValueError(f"{where}: expected one JSON object a line; {wrong.msg} at character {wrong.pos}") from None
    missing = [name for name in ("text", "label") if name not in row]
    if missing:
        raise ValueError(f"{where}: expected {missing[0]!r}; got {', '.join(row)}")
    return row | {"label": {_known(name, where): _code(said, where) for name, said in row["label"].items()}}


def _known(name: str, where: str) -> str:
    names = lexicon("chexgpt").findings
    if _snake(name) not in names:
        raise ValueError(f"{where}: {name!r} is none of the 13 findings; {nearest(_snake(name), list(names))}")
    return _snake(name)


def _code(said: Mapping[str, Any], where: str) -> float:
    kinds = {str(kind) for kind in np.atleast_1d(said.get("status", []))}
    if not kinds or kinds - set(_STATUS):
        raise ValueError(f"{where}: expected a status among {', '.join(_STATUS)}; got {said}")
    return next(code for kind, code in _STATUS.items() if kind in kinds)


def _read_csv(path: Path) -> tuple[pd.Series, pd.DataFrame]:
    frame = pd.read_csv(path)
    names = {str(column): _snake(str(column)) for column in frame.columns}
    text = next((column for name in _TEXT for column in names if column.lower() == name), None)
    if text is None:
        raise ValueError(f"{path.name}: expected a column of text named {', '.join(_TEXT)}; got {', '.join(names)}")
    findings = {column: name for column, name in names.items() if name in FINDINGS}
    if not findings:
        raise ValueError(f"{path.name}: expected columns of findings such as 'Edema'; got {', '.join(names)}")
    written = frame[list(findings)].rename(columns=findings)
    truth = written.apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = written.notna().to_numpy() & ~np.isin(truth, (1.0, 0.0, -1.0))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        where = f"{path.name}, row {row + 1}, {truth.columns[column]}"
        raise ValueError(f"{where}: a label is 1, 0, -1 or blank; got {written.iloc[row, column]}")
    return frame[text].fillna(""), truth


def _snake(name: str) -> str:
    return name.strip().lower().replace(" ", "_")


def label_benchmark(
    path: str | Path,
    labeler: Labeler | None = None,
    *,
    against: Labeler | None = None,
    findings: Sequence[str] | None = None,
    n_resamples: int = 1000,
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
    findings : sequence of str, optional
        Those to score, and to take macro and micro over, such as the 10 of CheX-GPT's own table. Default: all.
    resamples, rng
        Bootstrap draws of reports, and their randomness.

    Returns
    -------
    pandas.DataFrame
        `score_labels` (or `compare_labels`), with `target` and `policy` in front: what is positive, under each policy,
        then (policy `as_said`) what is negative and what is uncertain, where the file distinguishes these.

    Examples
    --------
    >>> import tempfile
    >>> reports = pd.DataFrame({"text": ["No edema.", "Edema.", "Possible edema."], "Edema": [0, 1, -1]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "three.csv"
    ...     reports.to_csv(path, index=False)
    ...     table = label_benchmark(path, n_resamples=0)
    >>> table.loc[table["finding"] == "edema", ["target", "policy", "f1"]].to_numpy().tolist()[2:4]
    [['positive', 'ignore', 1.0], ['negative', 'as_said', 1.0]]
    """
    texts, truth = read_labelled(path)
    scheme = "chexgpt" if Path(path).suffix == ".jsonl" else "chexpert"
    first = labeler(texts) if labeler else label_reports(texts, scheme=scheme)
    second = against(texts) if against else None
    if findings is not None:
        truth = truth[[_scored(name, truth) for name in findings]]
    tables = []
    for target, policy in _views(truth):
        options: dict[str, Any] = {
            "policy": policy or "zeros",
            "target": target,
            "n_resamples": n_resamples,
            "rng": rng,
        }
        if second is None:
            table = score_labels(first, truth, **options)
        else:
            table = compare_labels(first, second, truth, **options)
        table.insert(0, "target", target)
        table.insert(1, "policy", policy or "as_said")
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _scored(name: str, truth: pd.DataFrame) -> str:
    if name not in truth:
        raise ValueError(f"the file has no finding {name!r}; {nearest(name, [str(column) for column in truth])}")
    return name


def _views(truth: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """What to score: positives under each policy; negatives and doubts where the file distinguishes them."""
    yield from (("positive", policy) for policy in ("zeros", "ones", "ignore"))
    values = truth.to_numpy()
    if np.isnan(values).any() or (values == -1).any():
        yield from ((name, "") for name, code in (("negative", 0.0), ("uncertain", -1.0)) if (values == code).any())
