"""CheXOne's reader study (arXiv 2604.00493): drafts that were judged, and what readers answered.

The files are those that its survey pages read and write: a CSV of cases, and `reader-<n>.json` with a record a case.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.io.files import read_columns
from gazeanalytics.tables import InputError, nearest

__all__ = ["LIKERT", "Drafts", "read_drafts", "read_responses"]

LIKERT = ("Strongly Disagree", "Disagree", "Neutral/Not Applicable", "Agree", "Strongly Agree")
"""Levels of the study's statements, from worst to best."""

_COMPARABLE = "Comparable (Equivalent Quality)"
_RESIDENTS = " residents"
_AUTHORS = {"candidate": "model", "resident": "resident", "labels": "radiologist"}
_KNOWN = ("preferred", "preferred_source", "duration")


@dataclass(frozen=True, slots=True)
class Drafts(Brief):
    r"""Cases of the reader study and the report drafts written of them.

    Attributes
    ----------
    traces : pandas.DataFrame
        Table `traces`, one step a reading. The model's holds its reasoning and then its report, as it wrote them.
    readings : pandas.DataFrame
        Table `readings`: reading, reader (model, resident, radiologist), case.
    cases : pandas.DataFrame
        case and, where the file has them, indication, question, task_name and radcliq_score.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "cases.csv")
    ...     _ = path.write_text("unique_id,reasoning,candidate\n1,Is there fluid? No.,No effusion.\n")
    ...     read_drafts(path).traces["text"].tolist()
    ['Is there fluid? No.\nNo effusion.']
    """

    traces: pd.DataFrame
    readings: pd.DataFrame
    cases: pd.DataFrame


def read_drafts(path: str | Path) -> Drafts:
    r"""Read a CSV of cases: unique_id, reasoning, candidate, labels and, where residents wrote, resident.

    Raises
    ------
    InputError
        If the file lacks `unique_id` or `candidate`, or holds a case twice.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "cases.csv")
    ...     _ = path.write_text("unique_id,candidate,labels,resident\n1,No edema.,Clear lungs.,\n")
    ...     read_drafts(path).readings
             reading       reader case
    0        1|model        model    1
    1  1|radiologist  radiologist    1
    """
    path = Path(path)
    raw = read_columns(path)
    for name in ("unique_id", "candidate"):
        if name not in raw:
            raise InputError(f"{path}: no column {name!r}; {nearest(name, [str(column) for column in raw.columns])}")
    if raw["unique_id"].duplicated().any():
        twice = raw.loc[raw["unique_id"].duplicated(), "unique_id"].iloc[0]
        raise InputError(f"{path}: duplicate case {twice!r} in unique_id; keep one row a case")
    text = {author: raw[column].str.strip() for column, author in _AUTHORS.items() if column in raw}
    if "reasoning" in raw:
        text["model"] = (raw["reasoning"].str.strip() + "\n" + text["model"]).str.strip()
    wide = pd.DataFrame(text).assign(case=raw["unique_id"])
    long = wide.melt("case", var_name="reader", value_name="text", ignore_index=False).sort_index(kind="stable")
    long = long[long["text"].ne("")].reset_index(drop=True)
    key = long["case"] + "|" + long["reader"]
    long["reading"] = pd.Categorical(key, categories=key)
    known = [name for name in ("indication", "question", "task_name", "radcliq_score") if name in raw]
    cases = raw[["unique_id", *known]].rename(columns={"unique_id": "case"})
    if "radcliq_score" in cases:
        cases["radcliq_score"] = pd.to_numeric(cases["radcliq_score"], errors="coerce")
    return Drafts(long.assign(step=0)[["reading", "step", "text"]], long[["reading", "reader", "case"]], cases)


def read_responses(
    paths: str | Path | Iterable[str | Path], *, condition: str | None = None, statements: Iterable[str] = ()
) -> pd.DataFrame:
    """Read answers of a reader study: a JSON file a reader, `{case: {question: answer}}`.

    Parameters
    ----------
    paths : path or iterable of paths
        Such as `responses/reader-1.json`; the file's name is the reader's.
    condition : str, optional
        Under which the readers worked, such as "manual" or "full"; a column then says so.
    statements : iterable of str
        Questions answered by agreement, beside `factuality` and `causal_support`: they become ordered categories, from
        "Strongly Disagree" to "Strongly Agree".

    Returns
    -------
    pandas.DataFrame
        One row an answer sheet: reader, case, draft ("resident" where the case's name ends in " residents", else
        "candidate"), preferred (candidate, resident, comparable; missing where nothing was chosen), favourable (1 where
        the model's draft was judged comparable or better, else 0), duration_ms, then every other question as written.

    Raises
    ------
    InputError
        If a file isn't such a file, or an answer is none of those that can be given.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "reader-1.json")
    ...     _ = path.write_text('{"case 1": {"preferred_source": "candidate", "duration": 31.5}}')
    ...     read_responses(path).to_dict("records")
    [{'reader': 'reader-1', 'case': 'case 1', 'draft': 'candidate', 'preferred': 'candidate', 'favourable': 1.0,
      'duration_ms': 31500.0}]
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    rows = [row for path in files for row in _sheets(path)]
    table = pd.DataFrame(rows)
    for name in ("factuality", "causal_support", *statements):
        if name in table:
            table[name] = _levels(table[name], name)
    if condition is not None:
        table.insert(2, "condition", condition)
    return table


def _sheets(path: Path) -> list[dict[str, object]]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not complete JSON ({error}); copy it again from its source") from None
    if not (isinstance(data, dict) and all(isinstance(sheet, dict) for sheet in data.values())):
        raise InputError(f"{path}: must hold one record a case, such as {{'case 1': {{'duration': 31.5}}}}")
    return [_sheet(path, str(case), sheet) for case, sheet in data.items()]


def _sheet(path: Path, case: str, sheet: dict[str, object]) -> dict[str, object]:
    chosen = _preferred(path, case, sheet)
    others = {str(name).strip("* \t:"): answer for name, answer in sheet.items() if name not in _KNOWN}
    seconds = sheet.get("duration")
    if seconds is not None and not (isinstance(seconds, int | float) and seconds >= 0):
        raise InputError(f"{path}, {case}: expected a duration in seconds, at least 0; got {seconds!r}")
    return {
        "reader": path.stem,
        "case": case.removesuffix(_RESIDENTS),
        "draft": "resident" if case.endswith(_RESIDENTS) else "candidate",
        "preferred": chosen,
        "favourable": np.nan if chosen is None else float(chosen != "resident"),
        "duration_ms": np.nan if seconds is None else 1000.0 * seconds,
        **others,
    }


def _preferred(path: Path, case: str, sheet: dict[str, object]) -> str | None:
    """Whose draft was preferred; the pages write a tie into `preferred` alone."""
    source = sheet.get("preferred_source")
    if _COMPARABLE in (source, sheet.get("preferred")):
        return "comparable"
    if source is not None and source not in ("candidate", "resident"):
        raise InputError(f"{path}, {case}: expected preferred_source to be candidate or resident; got {source!r}")
    return None if source is None else str(source)


def _levels(answers: pd.Series, name: str) -> pd.Series:
    wrong = answers.notna() & ~answers.isin(LIKERT)
    if wrong.any():
        raise InputError(f"{name}: expected one of {', '.join(LIKERT)}; got {answers[wrong].iloc[0]!r}")
    return pd.Series(pd.Categorical(answers, LIKERT, ordered=True), index=answers.index)
