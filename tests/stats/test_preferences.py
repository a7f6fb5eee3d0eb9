"""Preference intervals: by hand, and their coverage where Wilson's fails."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from gazeanalytics import tables
from gazeanalytics.stats.preference import preference


def judged(readers, cases, rng, *, reader_sd=0.5, case_sd=1.0):
    who, what = np.divmod(np.arange(readers * cases), cases)
    push = rng.normal(0, reader_sd, readers)[who] + rng.normal(0, case_sd, cases)[what]
    y = (push + rng.logistic(size=len(who)) > 0).astype(float)
    return pd.DataFrame({"reader": who, "case": what, "preferred": y})


def wilson(y):
    z, n, p = norm.ppf(0.975), len(y), y.mean()
    middle, half = (p + z**2 / 2 / n) / (1 + z**2 / n), z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + (z / 2 / n) ** 2)
    return middle - half, middle + half


# The truth is one half by symmetry.
@pytest.mark.parametrize(("readers", "cases"), [(5, 20), (6, 100), (3, 50)])
def test_coverage_is_nominal_where_wilsons_is_not(readers, cases):
    rng = np.random.default_rng(readers)
    ours, theirs = [], []
    for _ in range(200):
        table = judged(readers, cases, rng)
        row = preference(table).iloc[0]
        ours.append(row.conf_low <= 0.5 <= row.conf_high)
        low, high = wilson(table.preferred)
        theirs.append(low <= 0.5 <= high)
    assert 0.93 <= np.mean(ours) <= 1.0
    assert np.mean(theirs) <= 0.85


def test_by_hand():
    table = pd.DataFrame({"reader": [0, 0, 1, 1], "case": [0, 1, 0, 1], "preferred": [1, 1, 0, 1]})
    row = tables.check(preference(table), "estimates").iloc[0]
    e = np.array([0.25, 0.25, -0.75, 0.25])
    by_reader = (0.5**2 + 0.5**2) / 16 * 2
    by_case = (0.5**2 + 0.5**2) / 16 * 2
    by_pair = (e @ e) / 16 * 4 / 3
    spread = np.sqrt(max(by_reader + by_case - by_pair, by_reader))
    assert row.estimate == 0.75
    assert row.std_error == pytest.approx(spread)
    assert row.statistic == pytest.approx(0.25 / spread)
    assert row.p_value == pytest.approx(2 * t.sf(0.25 / spread, 1))
    assert (row.conf_low, row.conf_high, row.note) == (0, 1, "small cell")


def test_scores_are_taken_as_they_are_and_gaps_left_out():
    table = pd.DataFrame({"reader": list("aabbcc"), "case": [1, 2] * 3, "score": [10, 5, 0, -5, 5, np.nan]})
    row = preference(table, outcome="score").iloc[0]
    assert (row.estimate, row.n) == (3, 5)
    assert np.isnan(row.p_value)
    with pytest.raises(ValueError, match="at least two readers and two cases; got 1 and 2"):
        preference(table[:2], outcome="score")


def test_judgements_all_alike_leave_no_error():
    table = judged(6, 10, np.random.default_rng(0)).assign(preferred=1.0)
    row = preference(table).iloc[0]
    assert (row.estimate, row.std_error) == (1, 0)
    assert row.note == "no error can be estimated: all judgements are the same"
    assert np.isnan([row.conf_low, row.conf_high, row.p_value]).all()
