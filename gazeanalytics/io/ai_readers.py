"""Readers that leave labels instead of words: classifiers' probabilities, and MAPLEZ's annotations of reports.

Both become a `findings` table, so that they are scored, calibrated and compared like everyone else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.io.files import read_columns
from gazeanalytics.tables import InputError, nearest

__all__ = ["read_maplez", "read_probabilities"]

_STATUS = {1.0: "present", 0.0: "absent", -1.0: "uncertain", -3.0: "uncertain"}
_UNSAID, _STABLE, _STABLE_PERCENT = -2.0, -3.0, 101.0
_SEVERITY = {1.0: "mild", 2.0: "moderate", 3.0: "severe"}


def read_probabilities(
    path: str | Path, *, key: str = "Study", threshold: float | Mapping[str, float] = 0.5
) -> pd.DataFrame:
    r"""Read a classifier's probabilities, a column a finding, as what an AI reader states.

    Parameters
    ----------
    path : str or pathlib.Path
        Any table that `read_columns` reads: a row a case.
    key : str
        Column that names the case.
    threshold : float or {finding: float}
        Probability from which a finding counts as present; absent below. A classifier never says "uncertain".

    Returns
    -------
    pandas.DataFrame
        A `findings` table: reading (the case), step 0, finding (snake case), status, certainty = low = high. Go on with
        `reasoning.to_chexpert`; `conclude` would draw its own line between present and absent.

    Raises
    ------
    InputError
        If the key is absent or not unique, or a cell isn't a probability.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.csv")
    ...     _ = path.write_text("Study,Edema,Lung Lesion\na,0.8,0.1\n")
    ...     read_probabilities(path)[["reading", "finding", "status", "certainty"]]
      reading      finding   status  certainty
    0       a        edema  present        0.8
    1       a  lung_lesion   absent        0.1
    """
    path = Path(path)
    raw = read_columns(path)
    _need(path, raw, key)
    keys = _keys(path, raw[key])
    wide = pd.DataFrame(
        {_snake(name): _numbers(path, raw[name], "a probability, 0 to 1", 0, 1) for name in raw.columns.drop(key)}
    )
    if isinstance(threshold, Mapping) and (unknown := [name for name in threshold if name not in wide]):
        raise InputError(
            f"{path}: threshold for {unknown[0]!r}, which has no column; {nearest(unknown[0], list(map(str, wide)))}"
        )
    bound = wide.columns.map(lambda name: threshold.get(name, 0.5) if isinstance(threshold, Mapping) else threshold)
    status = np.where(wide.to_numpy() >= bound.to_numpy(float), "present", "absent")
    return _long(keys, wide, status, wide, wide, {})


def read_maplez(path: str | Path, *, key: str = "subjectid_studyid") -> pd.DataFrame:
    r"""Read the annotations that MAPLEZ writes of reports (Bigolin Lanfredi et al. 2024) as a "report reader".

    Parameters
    ----------
    path : str or pathlib.Path
        CSV with the key, `type_annotation` (labels, probability, severity, location) and a column a finding.
    key : str
        Column that names the report; "image1" in the annotations of ChestX-ray14.

    Returns
    -------
    pandas.DataFrame
        A `findings` table: reading (subject and study), step 0, finding, status, certainty (the probability stated;
        1, .5 or 0 by the label where there is none), low and high, severity, change ("unchanged" where the report only
        compares: nothing is then known of presence, so certainty is .5 within 0 to 1) and location as written. What a
        report doesn't mention has no row.

    Raises
    ------
    InputError
        If a column or all rows of labels are missing, or a code is none of MAPLEZ's.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "maplez.csv")
    ...     rows = "subjectid_studyid,type_annotation,edema,fracture\n1_2,labels,-1,-2\n1_2,probability,30,101\n"
    ...     _ = path.write_text(rows)
    ...     read_maplez(path)[["reading", "finding", "status", "certainty"]]
      reading finding     status  certainty
    0     1_2   edema  uncertain        0.3
    """
    path = Path(path)
    raw = read_columns(path)
    for name in (key, "type_annotation"):
        _need(path, raw, name)
    parts = {
        str(kind): part.drop(columns="type_annotation").set_index(key) for kind, part in raw.groupby("type_annotation")
    }
    if "labels" not in parts:
        raise InputError(f"{path}: no row whose type_annotation is 'labels'; got {', '.join(parts) or 'no rows'}")
    labels = _coded(path, parts["labels"], (*_STATUS, _UNSAID))
    keys = _keys(path, labels.index.to_series())
    stated = _beside(parts, "probability", labels)
    percent = _coded(path, stated, None).where(lambda cell: (cell >= 0) & (cell <= 100)) / 100
    by_label = labels.replace({-1.0: 0.5, _STABLE: 0.5})
    # "Stable" compares with an earlier image: it says nothing about presence.
    compared = labels.eq(_STABLE) | _coded(path, stated, None).eq(_STABLE_PERCENT)
    certainty = percent.where(~compared).fillna(by_label)
    said = labels.ne(_UNSAID).to_numpy()
    severity = _coded(path, _beside(parts, "severity", labels), None).replace({-1.0: np.nan})
    extra = {
        "severity": severity.apply(lambda column: column.map(_SEVERITY)),
        "change": compared.astype(object).where(compared, None).replace({True: "unchanged"}),
        "location": _beside(parts, "location", labels),
    }
    low, high = certainty.mask(compared, 0.0), certainty.mask(compared, 1.0)
    status = labels.replace(_STATUS).to_numpy(object)
    return _long(keys, certainty, status, low, high, extra, said)


def _long(
    keys: pd.Index,
    certainty: pd.DataFrame,
    status: np.ndarray,
    low: pd.DataFrame,
    high: pd.DataFrame,
    extra: Mapping[str, pd.DataFrame],
    said: np.ndarray | None = None,
) -> pd.DataFrame:
    """One row a case and finding, of those that were said and have a certainty."""
    kept = certainty.notna().to_numpy() & (True if said is None else said)
    row, column = np.nonzero(kept)
    return pd.DataFrame(
        {
            "reading": keys[row],
            "step": 0,
            "finding": certainty.columns.to_numpy(object)[column],
            "status": status[row, column],
            "certainty": certainty.to_numpy()[row, column],
            "low": low.to_numpy()[row, column],
            "high": high.to_numpy()[row, column],
        }
        | {name: cells.to_numpy(object)[row, column] for name, cells in extra.items()}
    )


def _beside(parts: Mapping[str, pd.DataFrame], kind: str, labels: pd.DataFrame) -> pd.DataFrame:
    """Cells of another kind of annotation, laid beside the labels; empty where there are none."""
    part = parts.get(kind, pd.DataFrame(index=labels.index))
    return part.rename(columns=_snake).reindex(index=labels.index, columns=labels.columns)


def _coded(path: Path, part: pd.DataFrame, codes: tuple[float, ...] | None) -> pd.DataFrame:
    table = part.rename(columns=_snake)
    numbers = table.apply(lambda cells: _numbers(path, cells, "a number"))
    if codes is not None and (wrong := numbers.notna() & ~numbers.isin(codes)).any(axis=None):
        row, column = (int(place[0]) for place in np.nonzero(wrong.to_numpy()))
        known = ", ".join(f"{code:g}" for code in sorted(codes))
        raise InputError(
            f"{path}, {table.index[row]}, column {table.columns[column]!r}: expected one of {known}; got "
            f"{numbers.iloc[row, column]:g}"
        )
    return numbers


def _need(path: Path, raw: pd.DataFrame, name: str) -> None:
    if name not in raw:
        raise InputError(f"{path}: no column {name!r}; {nearest(name, [str(column) for column in raw.columns])}")


def _keys(path: Path, cells: pd.Series) -> pd.Index:
    twice = cells[cells.duplicated()]
    if len(twice):
        raise InputError(f"{path}: {twice.iloc[0]!r} is a duplicate key; keep one row a case")
    return pd.CategoricalIndex(cells, categories=cells, name="reading")


def _numbers(path: Path, cells: pd.Series, expected: str, low: float = -np.inf, high: float = np.inf) -> pd.Series:
    text = cells.where(cells.notna(), "").astype(str).str.strip()
    numbers = pd.to_numeric(text.where(text.ne(""), None), errors="coerce")
    wrong = (numbers.isna() & text.ne("")) | (numbers < low) | (numbers > high)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{path}, row {place + 2}, column {cells.name!r}: expected {expected}; got {text.iloc[place]!r}"
        )
    return numbers.astype(float)


def _snake(name: object) -> str:
    return "_".join(str(name).strip().lower().split())
