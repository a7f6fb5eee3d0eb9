"""Format tables for a paper: estimates of fitted models, and any other data frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gazeanalytics import tables
from gazeanalytics.report.fit_notes import gather_notes
from gazeanalytics.report.number_format import (
    MINUS,
    decimals_for,
    format_count,
    format_interval,
    format_number,
    format_p,
    format_row_name,
    is_variance_component,
)
from gazeanalytics.report.paper_table import PaperTable

__all__ = ["format_estimates", "format_frame"]


def format_estimates(
    estimates: pd.DataFrame,
    *,
    exponentiate: bool = False,
    digits: int = 2,
    caption: str = "",
    term_names: Mapping[str, str] | None = None,
) -> PaperTable:
    """Format estimates of fitted models as a paper prints them: b, SE, 95% confidence interval, test, p.

    Standard deviations and correlations of random effects stand below the fixed effects.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Table ``estimates`` of one or several models.
    exponentiate : bool
        Print odds ratios with their intervals in place of b and SE.
    digits : int
        Decimals; a row whose standard error would be all zeros gets more.
    caption : str
        Printed above the table.
    term_names : mapping of str to str, optional
        Names to print for terms, such as ``{"experience_years": "Experience (years)"}``.

    Returns
    -------
    PaperTable
        `data` holds `estimates` in printed order. Notes stand below, with the number of readings of each model; a note
        of a single row has a sign.

    Raises
    ------
    gazeanalytics.tables.TableError
        If the table breaks its contract.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "model": "accuracy", "term": ["experience_years", "sd(reader)"], "estimate": [0.12, 0.7],
    ...     "std_error": [0.04, np.nan], "statistic": [3.0, np.nan], "df": np.nan, "p_value": [0.0027, np.nan],
    ...     "conf_low": [0.04, np.nan], "conf_high": [0.20, np.nan], "n": 1200.0, "note": ["", "singular"],
    ... })
    >>> printed = format_estimates(table)
    >>> print(printed.text.to_string(index=False))
                Term    b   SE       95% CI    z    p
    experience years 0.12 0.04 [0.04, 0.20] 3.00 .003
            reader † 0.70
    >>> printed.groups, printed.notes
    (('Fixed effects', 'Random effects (SD)'), ('n = 1,200.', '† singular'))
    """
    tables.check(estimates, "estimates")
    spread = estimates["term"].map(is_variance_component).to_numpy(bool)
    model = pd.factorize(estimates["model"])[0]
    ordered = estimates.iloc[np.lexsort((np.arange(len(estimates)), spread, model))].reset_index(drop=True)
    notes = gather_notes(ordered)
    rows = [
        (f"{format_row_name(row, term_names)} {mark}".strip(), *_format_row(row, exponentiate, digits))
        for (_, row), mark in zip(ordered.iterrows(), notes.marks, strict=True)
    ]
    heads = ("Term", *(("exp(b)",) if exponentiate else ("b", "SE")), "95% CI", _statistic_name(ordered), "df", "p")
    text = pd.DataFrame(rows, columns=pd.Index(heads), dtype=object)
    return PaperTable(ordered, _drop_empty(text), caption, (*_sizes(ordered), *notes.lines), _groups(ordered))


def _format_row(row: pd.Series, exponentiate: bool, digits: int) -> tuple[str, ...]:
    spread = is_variance_component(row["term"])
    decimals = digits if exponentiate else decimals_for(float(row["std_error"]), digits)
    values = np.array([row["estimate"], row["conf_low"], row["conf_high"]], float)
    # The ends of the interval are transformed with the estimate: exp is monotone, so they keep their coverage. A
    # standard error on the ratio's scale would need the delta method and a symmetric interval that could cross 0.
    if exponentiate and not spread:
        with np.errstate(over="ignore"):
            values = np.exp(values)
    error = () if exponentiate else (format_number(float(row["std_error"]), decimals),)
    df = format_number(float(row["df"]), 1 if row["df"] % 1 else 0)
    test = (format_number(float(row["statistic"]), 2), "" if df == "∞" else df, format_p(float(row["p_value"])))
    return (format_number(values[0], decimals), *error, format_interval(values[1], values[2], decimals), *test)


def _statistic_name(estimates: pd.DataFrame) -> str:
    # z where degrees of freedom are unknown or infinite, t where they are finite.
    known = np.isfinite(estimates["df"].to_numpy(dtype=float, na_value=np.nan))
    tested = estimates["statistic"].notna().to_numpy()
    if not (known & tested).any():
        return "z"
    return "t" if (known | ~tested).all() else "z or t"


def _drop_empty(text: pd.DataFrame) -> pd.DataFrame:
    """Leave out columns without a single entry, such as df where none is known."""
    return text.loc[:, (text != "").any() | (text.columns == "Term")]


def _sizes(estimates: pd.DataFrame) -> list[str]:
    lines, several = [], len(estimates["model"].unique()) > 1
    for model, part in estimates.groupby("model", sort=False):
        sizes = part["n"].dropna().unique()
        if len(sizes):
            ends = [format_count(size) for size in dict.fromkeys((sizes.min(), sizes.max()))]
            lines.append((f"{model}: " if several else "") + f"n = {' to '.join(ends)}.")
    return lines


def _groups(estimates: pd.DataFrame) -> tuple[str, ...]:
    """Heading of each row: the model where there are several, and its random effects apart."""
    models, spread = estimates["model"].astype(str), estimates["term"].map(is_variance_component)
    if len(models.unique()) == 1:
        return tuple("Random effects (SD)" if is_sd else "Fixed effects" for is_sd in spread)
    return tuple(
        f"{model}: random effects (SD)" if is_sd else model for model, is_sd in zip(models, spread, strict=True)
    )


def format_frame(
    frame: pd.DataFrame, *, digits: int = 3, caption: str = "", notes: Sequence[str] = (), index: bool = False
) -> PaperTable:
    """Format any data frame: numbers with `digits` significant digits, column names without underscores.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows; whole numbers keep all their digits, missing cells are left empty.
    digits : int
        Significant digits.
    caption, notes : str, sequence of str
        Printed above and below.
    index : bool
        Print the index as the first columns.

    Examples
    --------
    >>> format_frame(pd.DataFrame({"loss_share": [0.01234, None], "readings": [1200, 7]})).text
      loss share readings
    0     0.0123    1,200
    1                   7
    """
    values = frame.reset_index() if index else frame.reset_index(drop=True)
    text = {
        str(name).replace("_", " "): [_format_cell(value, digits) for value in values.iloc[:, place]]
        for place, name in enumerate(values.columns)
    }
    return PaperTable(values, pd.DataFrame(text, dtype=object), caption, tuple(notes))


def _format_cell(value: object, digits: int) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return format_count(float(value)).replace("-", MINUS)
    if isinstance(value, (float, np.floating)):
        return _format_float(float(value), digits)
    return str(value)


def _format_float(value: float, digits: int) -> str:
    if not np.isfinite(value) or value == 0:
        return format_number(value, 0)
    if abs(value) >= 10**digits:
        return format_number(value, 0) if abs(value) >= 1e5 else format_count(value).replace("-", MINUS)
    decimals = digits - 1 - int(np.floor(np.log10(abs(value))))
    return (
        format_number(value, decimals) if decimals <= digits + 2 else f"{value:.{digits - 1}e}".replace("-", "\u2212")
    )
