"""Files of reader studies: .imrmc of the iMRMC programs, and the workbook of JAFROC and RJafroc."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.io.unpacking import as_utf8, read_bytes
from gazeanalytics.tables import InputError, shown

__all__ = ["JafrocStudy", "read_imrmc", "read_jafroc", "write_imrmc", "write_jafroc"]

_BEGIN = "BEGIN DATA:"
_TRUTH = ("truth", "-1")
_SHEETS = {
    "TP": ("ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"),
    "FP": ("ReaderID", "ModalityID", "CaseID", "FP_Rating"),
    "TRUTH": ("CaseID", "LesionID", "Weight"),
}


@dataclass(frozen=True, slots=True)
class JafrocStudy(Brief):
    """A free-response study, as `stats.FrocData.from_frame` takes it.

    Attributes
    ----------
    marks : pandas.DataFrame
        reader, test, case, rating and lesion; lesion is missing where a mark hits none.
    lesions : pandas.DataFrame
        case, lesion and weight.
    cases : tuple
        All cases, those without lesions too.

    Examples
    --------
    >>> JafrocStudy(pd.DataFrame(), pd.DataFrame({"case": [1], "lesion": [1], "weight": [1.0]}), (1, 2)).cases
    (1, 2)
    """

    marks: pd.DataFrame
    lesions: pd.DataFrame
    cases: tuple


def read_imrmc(path: str | Path) -> pd.DataFrame:
    r"""Read a file of the iMRMC programs: after BEGIN DATA:, lines of reader, case, modality and score.

    Returns
    -------
    pandas.DataFrame
        reader, case, test, rating, and truth of the case (1 with the finding), for `stats.RocData.from_frame`.

    Raises
    ------
    InputError
        Naming the file and the line at fault, or a case without truth.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "study.imrmc")
    ...     _ = path.write_text("a study\nBEGIN DATA:\n-1,7,0,1\nann,7,CT,80\n")
    ...     read_imrmc(path).values.tolist()
    [['ann', '7', 'CT', 80.0, 1]]
    """
    path = Path(path)
    lines = as_utf8(read_bytes(path), path, None)[0].decode().splitlines()
    begin = next((place for place, line in enumerate(lines) if line.strip().upper().startswith(_BEGIN)), None)
    if begin is None:
        raise InputError(f"{path}: expected a line {_BEGIN!r} before the scores; got none; is it a file .imrmc?")
    rows, truths = [], {}
    for number, line in enumerate(lines[begin + 1 :], begin + 2):
        if not line.strip():
            continue
        try:
            reader, case, test, score = (word.strip() for word in line.split(",", 3))
            rating = float(score)
        except ValueError:
            raise InputError(
                f"{path}, row {number}: expected reader, case, modality and a score; got {shown(line[:60])}; correct it"
            ) from None
        if reader.lower() not in _TRUTH:
            rows.append((reader, case, test, rating))
        elif rating not in (0, 1) or truths.setdefault(case, int(rating)) != rating:
            raise InputError(f"{path}, row {number}: expected one truth of 0 or 1 a case; got {shown(line[:60])}")
    frame = pd.DataFrame(rows, columns=["reader", "case", "test", "rating"])
    lost = frame.loc[~frame["case"].isin(truths), "case"]
    if len(lost):
        raise InputError(
            f"{path}: case {shown(lost.iloc[0])} has scores but no line of truth; add '-1,{lost.iloc[0]},0,1'"
        )
    return frame.assign(truth=frame["case"].map(truths).astype("int64"))


def write_imrmc(readings: pd.DataFrame, path: str | Path) -> None:
    """Write a file for the iMRMC programs.

    Parameters
    ----------
    readings : pandas.DataFrame
        reader, case, test, rating and truth, as `read_imrmc` gives them.
    path : str or pathlib.Path
        Where to.

    Raises
    ------
    InputError
        If a column is missing, truth differs within a case, or a name has a comma or means truth.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> readings = pd.DataFrame({"reader": ["ann"], "case": ["7"], "test": ["CT"], "rating": [80.0], "truth": [1]})
    >>> with TemporaryDirectory() as folder:
    ...     write_imrmc(readings, Path(folder, "study.imrmc"))
    ...     read_imrmc(Path(folder, "study.imrmc")).equals(readings)
    True
    """
    _require(readings, ("reader", "case", "test", "rating", "truth"), path)
    truths = readings[["case", "truth"]].drop_duplicates()
    names = readings[["reader", "case", "test"]].astype(str)
    if truths["case"].duplicated().any() or not truths["truth"].isin([0, 1]).all():
        raise InputError(f"{path}: expected one truth of 0 or 1 a case; correct column 'truth'")
    if names.apply(lambda one: one.str.contains("[,\n]")).any(axis=None) or names["reader"].isin(_TRUTH).any():
        raise InputError(f"{path}: a name has a comma, or a reader is called truth or -1; give other names")
    positive, rows = truths["truth"].sum(), readings[["reader", "case", "test", "rating"]]
    head = [f"N0: {len(truths) - positive}", f"N1: {positive}", f"NR: {rows['reader'].nunique()}"]
    head += [f"NM: {rows['test'].nunique()}", _BEGIN]
    lines = [f"-1,{case},0,{int(truth)}" for case, truth in truths.itertuples(index=False)]
    lines += [",".join((str(reader), str(case), str(test), repr(float(rating)))) for reader, case, test, rating in
              rows.itertuples(index=False)]  # fmt: skip
    Path(path).write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


def read_jafroc(path: str | Path) -> JafrocStudy:
    """Read a workbook of JAFROC or RJafroc: sheets TP, FP and TRUTH (.xlsx; needs openpyxl).

    Raises
    ------
    InputError
        If a sheet or a column is missing, or openpyxl isn't installed.

    Examples
    --------
    >>> read_jafroc("nowhere.xlsx")
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: nowhere.xlsx: no such file; correct the path
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; correct the path")
    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            found = {str(name).strip().upper(): pd.read_excel(book, sheet_name=name) for name in book.sheet_names}
    except ImportError:
        raise InputError(f"{path}: workbooks need openpyxl; pip install 'gazeanalytics[xlsx]'") from None
    except (ValueError, KeyError, OSError) as error:
        raise InputError(f"{path}: is no readable workbook .xlsx ({str(error)[:120]}); save it anew") from None
    for sheet, columns in _SHEETS.items():
        if sheet not in found:
            raise InputError(f"{path}: expected a sheet {sheet!r}; there are {', '.join(found)}; rename it")
        found[sheet].columns = [str(name).strip() for name in found[sheet]]
        _require(found[sheet], columns, f"{path}, sheet {sheet}")
    truth = found["TRUTH"]
    lesions = truth.loc[truth["LesionID"] != 0, ["CaseID", "LesionID", "Weight"]].reset_index(drop=True)
    names = {"ReaderID": "reader", "ModalityID": "test", "CaseID": "case", "LesionID": "lesion", "Weight": "weight"}
    marks = [found[one].rename(columns={**names, f"{one}_Rating": "rating"}) for one in ("TP", "FP")]
    marks[1] = marks[1].assign(lesion=None)
    whole = [
        one[["reader", "test", "case", "rating", "lesion"]].astype({"lesion": object}) for one in marks if len(one)
    ]
    if not whole:
        raise InputError(f"{path}: expected marks in sheets TP and FP; got none")
    return JafrocStudy(
        pd.concat(whole, ignore_index=True), lesions.rename(columns=names), tuple(truth["CaseID"].unique())
    )


def write_jafroc(study: JafrocStudy, path: str | Path) -> None:
    """Write a workbook for JAFROC or RJafroc: sheets TP, FP and TRUTH (.xlsx; needs openpyxl).

    Lesions are taken to be numbered within their case, as these programs want them.

    Raises
    ------
    InputError
        If a column is missing.

    Examples
    --------
    >>> write_jafroc(JafrocStudy(pd.DataFrame({"reader": ["ann"]}), pd.DataFrame(), ()), "study.xlsx")
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: study.xlsx: no column 'test'; there are reader; add it
    """
    _require(study.marks, ("reader", "test", "case", "rating", "lesion"), path)
    _require(study.lesions, ("case", "lesion", "weight"), path)
    names = {"reader": "ReaderID", "test": "ModalityID", "case": "CaseID", "lesion": "LesionID", "weight": "Weight"}
    normal = [case for case in study.cases if case not in set(study.lesions["case"])]
    truth = pd.concat([study.lesions, pd.DataFrame({"case": normal, "lesion": 0, "weight": 0.0})], ignore_index=True)
    hits = study.marks["lesion"].notna()
    sheets = {
        "TP": study.marks[hits].rename(columns={**names, "rating": "TP_Rating"}),
        "FP": study.marks[~hits].rename(columns={**names, "rating": "FP_Rating"}),
        "TRUTH": truth.rename(columns=names),
    }
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for sheet, columns in _SHEETS.items():
            sheets[sheet][list(columns)].to_excel(book, sheet_name=sheet, index=False)


def _require(frame: pd.DataFrame, columns: tuple[str, ...], place: object) -> None:
    for name in columns:
        if name not in frame:
            raise InputError(f"{place}: no column {name!r}; there are {', '.join(map(str, frame))}; add it")
