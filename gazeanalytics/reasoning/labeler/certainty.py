"""What words say of certainty, as a number: the stated probability that a finding is there.

The scale is written down in `lexicon/hedges.csv`, each phrase with its range and source: the Brigham and Women's
Hospital scale of diagnostic certainty, REFLACX's interface codes (Bigolin Lanfredi et al. 2022), the spread of
clinicians' readings in a 2014 survey (Clinical Radiology), and where these name no phrase, the scales of intelligence
and climate reports (Kent 1964; ICD 203, 2015; IPCC 2010). Where no scale orders two phrases, the source says
"by us". The scale says what is communicated, which is not yet what is true: see `stats.calibration`.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

__all__ = ["ABSENT_TO", "ASKED", "PRESENT_FROM", "from_reflacx", "hedges", "status", "to_chexpert"]

# Status by certainty. The edges follow the CheXpert labeler's own lists (Irvin et al. 2019): "likely" (.80) and
# "suggests" (.79) aren't among its words of uncertainty; "probable" (.75), "suspicious" (.70), "concerning" (.66) and
# "possible" (.50) are.
PRESENT_FROM = 0.78
ABSENT_TO = 0.20

# What a question states: "evaluate for edema" asks, and says nothing of an answer.
ASKED = (0.40, 0.05, 0.70)

# The median of what REFLACX's codes 0 to 5 stand for: none, unlikely, less likely, possibly, suspicious for or
# probably, consistent with (as MAPLEZ, by the same author, maps them).
_REFLACX = np.array([0.0, 0.10, 0.25, 0.50, 0.75, 0.90])


@cache
def hedges() -> pd.DataFrame:
    """Return the scale of hedges: phrase, p, low, high, place (before or after what it qualifies, or either), source.

    Examples
    --------
    >>> scale = hedges().set_index("phrase")
    >>> float(scale.loc["likely", "p"]), float(scale.loc["less likely", "p"])
    (0.8, 0.25)
    """
    text = files("gazeanalytics.reasoning.labeler").joinpath("lexicon/hedges.csv").read_text("utf-8")
    frame = pd.DataFrame(list(csv.DictReader(text.splitlines())))
    return frame.astype({"p": float, "low": float, "high": float})


def status(certainty: ArrayLike, *, present_from: float = PRESENT_FROM, absent_to: float = ABSENT_TO) -> np.ndarray:
    """Name what a stated probability says: present, absent or uncertain in between.

    Parameters
    ----------
    certainty : array_like of float
        Stated probability that the finding is there, 0 to 1.
    present_from, absent_to : float
        At and above: present; at and below: absent.

    Examples
    --------
    >>> status([0.98, 0.80, 0.50, 0.15]).tolist()
    ['present', 'present', 'uncertain', 'absent']
    """
    if not 0 <= absent_to < present_from <= 1:
        raise ValueError(f"expected 0 <= absent_to < present_from <= 1; got {absent_to} and {present_from}")
    p = np.asarray(certainty, float)
    return np.select([p >= present_from, p <= absent_to], ["present", "absent"], "uncertain").astype(object)


def to_chexpert(conclusions: pd.DataFrame) -> pd.DataFrame:
    """Lay conclusions out as CheXpert does: a row a reading, a column a finding, 1 / 0 / -1 and NaN for not mentioned.

    Parameters
    ----------
    conclusions : pandas.DataFrame
        From `conclude`: reading, finding, status.

    Examples
    --------
    >>> rows = pd.DataFrame({"reading": [1, 1], "finding": ["edema", "fracture"], "status": ["uncertain", "absent"]})
    >>> to_chexpert(rows).to_dict("list")
    {'edema': [-1.0], 'fracture': [0.0]}
    """
    codes = conclusions["status"].map({"present": 1.0, "absent": 0.0, "uncertain": -1.0})
    wide = pd.DataFrame(
        {"reading": conclusions["reading"].to_numpy(), "finding": conclusions["finding"].astype(str).to_numpy()}
    ).assign(code=codes.to_numpy())
    table = wide.pivot_table(index="reading", columns="finding", values="code", aggfunc="first", sort=True)
    table.columns.name = None
    if "no_finding" in table:
        table["no_finding"] = table["no_finding"].where(table["no_finding"] == 1)
    return table


def from_reflacx(code: ArrayLike) -> np.ndarray:
    """Turn REFLACX's certainty codes 0 to 5 into probabilities.

    Raises
    ------
    ValueError
        For a code that isn't a whole number from 0 to 5; NaN stays NaN.

    Examples
    --------
    >>> from_reflacx([0, 3, 5]).tolist()
    [0.0, 0.5, 0.9]
    """
    codes = np.asarray(code, float)
    known = ~np.isnan(codes)
    wrong = known & ~np.isin(codes, np.arange(6))
    if wrong.any():
        raise ValueError(f"a REFLACX certainty is a whole number from 0 to 5; got {codes[wrong].flat[0]:g}")
    return np.where(known, _REFLACX[np.where(known, codes, 0).astype(int)], np.nan)
