"""Roe & Metz's (1997) simulated studies: level and coverage of the analysis with random readers and random cases."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from gazeanalytics import stats

# variances of reader, reader x test, case, case x test, case x reader and the rest (high data correlation, low reader
# variance), each drawn anew for cases with and without the finding; the last four add up to 1
SPREADS = {"reader": 0.011, "test reader": 0.011, "case": 0.3, "test case": 0.3, "reader case": 0.2, "rest": 0.2}
APART = 1.5


def study(rng, readers, cases):
    """Two tests that are worth the same."""
    test, reader, case = (part.ravel() for part in np.indices((2, readers, cases)))
    truth = case % 2
    sizes = {"reader": (1, readers, 1), "test reader": (2, readers, 1), "case": (1, 1, cases)}
    sizes |= {"test case": (2, 1, cases), "reader case": (1, readers, cases), "rest": (2, readers, cases)}
    rating = APART * truth
    for name, size in sizes.items():
        by_reader_only = size[2] == 1
        drawn = rng.normal(0, np.sqrt(SPREADS[name]), (*size, 2 if by_reader_only else 1))
        full = np.broadcast_to(drawn, (2, readers, cases, drawn.shape[3]))
        rating = rating + full[test, reader, case, truth if by_reader_only else 0]
    return pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": truth, "rating": rating})


def area():
    """The mean reader's area."""
    return float(ndtr(APART / np.sqrt(2 * (1 + SPREADS["reader"] + SPREADS["test reader"]))))


@pytest.mark.slow
@pytest.mark.parametrize(("readers", "cases"), [(5, 100), (10, 60)])
@pytest.mark.parametrize("covariance", ["jackknife", "unbiased"])
def test_level_and_coverage(readers, cases, covariance):
    rng = np.random.default_rng(readers)
    gone, covered, plain, mean = [], [], [], []
    for _ in range(1500):
        fit = stats.mrmc(
            stats.RocData.from_frame(study(rng, readers, cases), test="test"), covariance=covariance, interval="logit"
        )
        table, symmetric = fit.estimates(), replace(fit, interval="symmetric").estimates()
        gone.append(table["p_value"].iloc[0] < 0.05)
        for kept, found in ((covered, table), (plain, symmetric)):
            kept += ((found["conf_low"] <= area()) & (area() <= found["conf_high"])).iloc[2:].tolist()
        mean += table["estimate"].iloc[2:].tolist()
    assert np.mean(mean) == pytest.approx(area(), abs=0.003)
    assert 0.04 <= np.mean(gone) <= 0.06
    assert 0.935 <= np.mean(covered) <= 0.965
    assert 0.91 <= np.mean(plain) <= np.mean(covered)


@pytest.mark.slow
def test_fixed_readers_do_not_speak_for_others():
    """Taking readers as fixed finds differences that aren't there for readers at large."""
    rng = np.random.default_rng(1)
    spreads = dict(SPREADS)
    SPREADS.update({"reader": 0.1, "test reader": 0.1})
    try:
        gone = [
            stats.mrmc(stats.RocData.from_frame(study(rng, 5, 100), test="test"), fixed="readers")
            .estimates()["p_value"]
            .iloc[0]
            < 0.05
            for _ in range(300)
        ]
    finally:
        SPREADS.update(spreads)
    assert np.mean(gone) > 0.1
