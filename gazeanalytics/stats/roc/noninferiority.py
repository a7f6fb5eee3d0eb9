"""Non-inferiority and equivalence of tests, from the differences that any ROC analysis gives.

A difference d of figures of merit with its standard error and degrees of freedom is tested against a margin instead of
0 (Chen, Petrick & Sahiner 2012): non-inferiority by t = (d + margin) / SE, one-sided; equivalence by two such tests, of
which both must reject (TOST, Schuirmann 1987). A difference that is "not significant" shows neither: a small study
finds no difference of anything.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.tables import InputError

__all__ = ["equivalence", "noninferiority"]


def noninferiority(estimates: pd.DataFrame, *, margin: float, new: object, confidence: float = 0.95) -> pd.DataFrame:
    """Test whether a new test (with AI, say) is non-inferior to others by a margin, from an MRMC analysis.

    The null hypothesis is that the new test's figure of merit is lower by `margin` or more. It is rejected, at the
    one-sided level (1 - confidence) / 2, where the lower end of the interval lies above -margin.

    Parameters
    ----------
    estimates : pandas.DataFrame
        From `mrmc(...).estimates()`, `dbm(...).estimates()` or `one_shot(...)`: the rows whose term is "difference".
    margin : float
        Largest loss that would still be accepted, above 0, such as 0.05; to be fixed before the study.
    new : object
        Label of the test that may be worse.
    confidence : float
        Of the two-sided interval: 0.95 goes with a one-sided test at 2.5 %.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table with a row for each other test: `contrast` is "new - other", `statistic` t (or z) and
        `p_value` one-sided; `note` says whether non-inferiority is shown.

    Raises
    ------
    InputError
        For a margin that is not above 0, or a table in which `new` is compared with nothing.

    See Also
    --------
    equivalence : neither better nor worse by more than a margin.
    mrmc : the analysis that gives the differences.

    References
    ----------
    Chen W, Petrick NA, Sahiner B (2012). Hypothesis testing in noninferiority and equivalence MRMC ROC studies. Acad.
    Radiol. 19, 1158-1165.

    Examples
    --------
    Reading with AI loses .01 (SE .01), which a margin of .05 allows:

    >>> found = pd.DataFrame({"model": "AUC", "term": "difference", "contrast": ["unaided - AI"], "estimate": [0.01],
    ...                       "std_error": [0.01], "df": [20.0], "n": 100, "note": ""})
    >>> noninferiority(found, margin=0.05, new="AI")[["contrast", "estimate", "p_value", "note"]].round(5)
           contrast  estimate  p_value                  note
    0  AI - unaided     -0.01  0.00035  non-inferior by 0.05
    """
    rows = _differences(estimates, margin)
    label = str(new)
    # The label itself parts a contrast, as a test's own name may hold " - " too.
    turned, first = rows["contrast"].str.endswith(f" - {label}"), rows["contrast"].str.startswith(f"{label} - ")
    own = (turned | first).to_numpy()
    if not own.any():
        raise InputError(f"new: no difference is of test {label!r}; the differences are {rows['contrast'].tolist()}")
    rows, turned = rows[own], turned[own].to_numpy()
    names = [
        f"{label} - {contrast.removesuffix(f' - {label}')}" if turn else contrast
        for contrast, turn in zip(rows["contrast"], turned, strict=True)
    ]
    gap = np.where(turned, -1.0, 1.0) * rows["estimate"].to_numpy(float)
    statistic, p_value = _beyond(gap + margin, rows)
    words = f"non-inferior by {margin:g}", f"non-inferiority by {margin:g} not shown"
    return _table(rows, names, gap, confidence).assign(
        term="non-inferiority", statistic=statistic, p_value=p_value, note=_notes(rows, words, p_value, confidence)
    )


def equivalence(estimates: pd.DataFrame, *, margin: float, confidence: float = 0.9) -> pd.DataFrame:
    """Test whether tests are equivalent within a margin, from an MRMC analysis (two one-sided tests, TOST).

    Parameters
    ----------
    estimates : pandas.DataFrame
        As for `noninferiority`.
    margin : float
        Largest difference, either way, that counts as none.
    confidence : float
        Of the two-sided interval: 0.9 goes with two one-sided tests at 5 %, as is usual. Equivalence is shown where the
        whole interval lies within -margin and margin.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table with a row for each pair of tests: `statistic` is the smaller (in size) of both t or z,
        `p_value` the larger of both one-sided ones.

    Raises
    ------
    InputError
        For a margin that is not above 0, or a table without differences.

    See Also
    --------
    noninferiority : not worse by more than a margin.

    References
    ----------
    Schuirmann DJ (1987). A comparison of the two one-sided tests procedure and the power approach for assessing the
    equivalence of average bioavailability. J. Pharmacokinet. Biopharm. 15, 657-680.

    Examples
    --------
    >>> found = pd.DataFrame({"model": "AUC", "term": "difference", "contrast": ["CT - MR"], "estimate": [0.01],
    ...                       "std_error": [0.01], "df": [20.0], "n": 100, "note": ""})
    >>> equivalence(found, margin=0.05)[["statistic", "p_value", "conf_low", "conf_high"]].round(4).to_numpy().tolist()
    [[-4.0, 0.0004, -0.0072, 0.0272]]
    >>> equivalence(found, margin=0.02)["note"].item()
    'equivalence within 0.02 not shown'
    """
    rows = _differences(estimates, margin)
    gap = rows["estimate"].to_numpy(float)
    (above, p_above), (below, p_below) = _beyond(gap + margin, rows), _beyond(margin - gap, rows)
    # Intersection of two rejections: the larger p needs no correction for there being two tests.
    first = p_above >= p_below
    p_value = np.where(first, p_above, p_below)
    words = f"equivalent within {margin:g}", f"equivalence within {margin:g} not shown"
    return _table(rows, rows["contrast"].tolist(), gap, confidence).assign(
        term="equivalence",
        statistic=np.where(first, above, -below),
        p_value=p_value,
        note=_notes(rows, words, p_value, confidence),
    )


def _differences(estimates: pd.DataFrame, margin: float) -> pd.DataFrame:
    if not margin > 0:
        raise InputError(f"margin: expected a difference above 0, such as 0.05; got {margin}")
    rows = estimates[estimates["term"] == "difference"].reset_index(drop=True)
    if not len(rows):
        raise InputError("estimates: expected rows of differences, as mrmc gives for two tests or more; got none")
    return rows


def _beyond(gap: np.ndarray, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """One-sided test that a difference lies above 0; NaN where no error could be estimated."""
    spread, df = rows["std_error"].to_numpy(float), rows["df"].fillna(np.inf).to_numpy(float)
    statistic = np.divide(gap, spread, out=np.full(len(gap), np.nan), where=spread > 0)
    return statistic, stats.t.sf(statistic, df)


def _table(rows: pd.DataFrame, names: list[str], gap: np.ndarray, confidence: float) -> pd.DataFrame:
    """Rows with their interval at this confidence, which need not be that of the analysis."""
    spread, df = rows["std_error"].to_numpy(float), rows["df"].fillna(np.inf).to_numpy(float)
    half = np.where(spread > 0, stats.t.ppf((1 + confidence) / 2, df) * spread, np.nan)
    found = rows.assign(contrast=names, estimate=gap, conf_low=gap - half, conf_high=gap + half)
    return found.reset_index(drop=True)


def _notes(rows: pd.DataFrame, words: tuple[str, str], p_value: np.ndarray, confidence: float) -> list[str]:
    """What is shown and what isn't, beside what the analysis noted; nothing where no error could be estimated."""
    shown = [words[0] if p < (1 - confidence) / 2 else words[1] if np.isfinite(p) else "" for p in p_value]
    return ["; ".join(part for part in pair if part) for pair in zip(shown, rows["note"], strict=True)]
