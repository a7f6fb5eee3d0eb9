"""Designs where each case is read by few of many readers: a slow twin, the complete design, and planted studies."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from gazeanalytics import stats, tables
from gazeanalytics.tables import InputError


def study(rng, readers=8, cases=30, reads=2, tests=1, gain=0.0):
    """Each case is read by a few readers under every test; a reader's skill varies."""
    case = np.repeat(np.arange(cases), reads)
    reader = np.concatenate([rng.choice(readers, reads, replace=False) for _ in range(cases)])
    truth = (np.arange(cases) % 2)[case]
    skill, ease = rng.normal(0, 0.3, readers), rng.normal(0, 0.6, cases)
    parts = []
    for test in range(tests):
        seen = truth * (1.2 + skill[reader] + gain * test) + ease[case] + rng.normal(0, 0.75, case.size)
        parts.append(pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": truth, "rating": seen}))
    return pd.concat(parts, ignore_index=True)


def plain(data, weights):
    """Estimate and variance from every two pairs of readings, in plain Python."""
    items = []
    for reader, part in data.groupby("reader"):
        with_it, without = part[part.truth == 1], part[part.truth == 0]
        size = len(with_it) * len(without)
        for i, x in zip(with_it.case, with_it.rating, strict=True):
            for j, y in zip(without.case, without.rating, strict=True):
                items.append((reader, i, j, 1.0 if weights == "pairs" else 1 / size, (x > y) + 0.5 * (x == y)))
    weight, score = np.array([item[3] for item in items]), np.array([item[4] for item in items])
    mean = weight @ score / weight.sum()
    top = bottom = 0.0
    for a, (r, i, j, u, s) in enumerate(items):
        for q, k, m, v, t in items[a + 1 :]:
            if r != q and i != k and j != m:
                top += u * v * (s - mean) * (t - mean)
                bottom += u * v
    return mean, -top / bottom


@pytest.mark.parametrize("weights", ["pairs", "readers"])
def test_pairs_of_pairs_counted_one_by_one(weights):
    data = study(np.random.default_rng(3), cases=24)
    data["rating"] = data["rating"].round()
    found = stats.one_shot(stats.RocData.from_frame(data), weights=weights).iloc[0]
    mean, variance = plain(data, weights)
    assert found.estimate == pytest.approx(mean)
    assert found.std_error == pytest.approx(np.sqrt(variance))


def test_a_complete_design_is_that_of_mrmc():
    """With unbiased covariances above 0, variances are the same to the last digit."""
    data = study(np.random.default_rng(1), readers=5, cases=40, reads=5, tests=2, gain=0.5)
    rated = stats.RocData.from_frame(data, test="test")
    ours = stats.one_shot(rated)
    want = stats.mrmc(rated, covariance="unbiased").estimates()[1:].reset_index(drop=True)
    columns = ["estimate", "std_error"]
    np.testing.assert_allclose(ours[columns], want[columns], rtol=1e-10)


def test_sensitivity_of_a_complete_design_by_hand():
    rng = np.random.default_rng(2)
    data = study(rng, readers=4, cases=20, reads=4).assign(rating=lambda d: (d["rating"] > 0.6).astype(float))
    found = stats.one_shot(stats.RocData.from_frame(data), figure_of_merit=stats.Sensitivity()).iloc[0]
    calls = data[data.truth == 1].pivot(index="reader", columns="case", values="rating").to_numpy()
    r, n = calls.shape
    total = calls.sum()
    apart = total**2 - (calls.sum(1) ** 2).sum() - (calls.sum(0) ** 2).sum() + (calls**2).sum()
    variance = calls.mean() ** 2 - apart / (r * n * (r - 1) * (n - 1))
    assert (found.estimate, found.std_error) == (pytest.approx(calls.mean()), pytest.approx(np.sqrt(variance)))


def test_what_is_left_out_and_what_cannot_be_estimated():
    data = study(np.random.default_rng(4))
    odd = pd.DataFrame({"test": 0, "reader": [90, 91], "case": [0, 2], "truth": 0, "rating": 1.0})
    found = tables.check(stats.one_shot(stats.RocData.from_frame(pd.concat([data, odd]))), "estimates")
    assert "2 of 10 readers saw one kind of case only" in found["note"].item()
    with pytest.raises(InputError, match="no two readings share neither"):
        stats.one_shot(stats.RocData.from_frame(data[data.reader == 0].assign(reader=1)))
    with pytest.raises(InputError, match="no reader saw cases with and without"):
        stats.one_shot(stats.RocData.from_frame(data.assign(reader=data["reader"] * 2 + data["truth"])))
    with pytest.raises(InputError, match="calls of 0 or 1 as ratings"):
        stats.one_shot(stats.RocData.from_frame(data), figure_of_merit=stats.Sensitivity())
    with pytest.raises(InputError, match="'pairs' or 'readers'"):
        stats.one_shot(stats.RocData.from_frame(data), weights="reader")


def test_order_of_rows_does_not_matter():
    data = study(np.random.default_rng(6), tests=2)
    want = stats.one_shot(stats.RocData.from_frame(data, test="test"))
    got = stats.one_shot(stats.RocData.from_frame(data.sample(frac=1, random_state=1), test="test"))
    pd.testing.assert_frame_equal(got, want)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("readers", "cases", "reads", "least"), [(40, 300, 2, 0.92), (6, 100, 3, 0.9), (60, 200, 2, 0.92)]
)
def test_intervals_of_planted_studies_cover(readers, cases, reads, least):
    """With six readers a 95 % interval covers a little less, as the docstring says."""
    rng = np.random.default_rng(readers)
    spread = 2 * (0.6**2 + 0.75**2)
    truth = np.mean(ndtr((1.2 + rng.normal(0, 0.3, 400_000)) / np.sqrt(spread)))
    covered, gone, width, found = [], [], [], []
    for _ in range(400):
        table = stats.one_shot(stats.RocData.from_frame(study(rng, readers, cases, reads, tests=2), test="test"))
        difference, mean = table.iloc[0], table.iloc[1]
        covered.append(mean.conf_low <= truth <= mean.conf_high)
        gone.append(difference.p_value < 0.05)
        width.append(mean.std_error)
        found.append(mean.estimate)
    assert np.mean(found) == pytest.approx(truth, abs=0.005)
    assert np.sqrt(np.mean(np.square(width))) == pytest.approx(np.std(found), rel=0.12)
    assert least <= np.mean(covered) <= 0.98
    assert 0.02 <= np.mean(gone) <= 0.08


def test_mean_curve_and_its_band():
    data = study(np.random.default_rng(5), readers=4, cases=60, reads=4, tests=2, gain=1.0)
    rated = stats.RocData.from_frame(data, test="test")
    curves = stats.roc_curves(rated, n_resamples=100, rng=1)
    again = stats.roc_curves(
        stats.RocData.from_frame(data.sample(frac=1, random_state=3), test="test"), n_resamples=100, rng=1
    )
    pd.testing.assert_frame_equal(again, curves)
    areas = stats.mrmc(rated).figures_of_merit.mean(1)
    for area, (_, part) in zip(areas, curves.groupby("curve"), strict=True):
        drawn = np.trapezoid(part["true_positive_share"], part["false_positive_share"])
        assert drawn == pytest.approx(area, abs=0.02)  # each step is read at its top
        inside = part.iloc[1:-1]
        assert (inside["conf_low"] <= inside["true_positive_share"]).all()
        assert (inside["true_positive_share"] <= inside["conf_high"]).all()
    alone = stats.roc_curves(stats.RocData.from_frame(data[(data.reader == 0) & (data.test == 0)]), n_resamples=0)
    assert alone["conf_low"].iloc[1:].isna().all()
    points = stats.operating_points(data.assign(call=(data["rating"] > 0.5).astype(int)), test="test")
    assert list(points.columns) == ["curve", "reader", "false_positive_share", "true_positive_share"]
    one = data[(data.reader == 2) & (data.test == 1) & (data.truth == 1)]
    row = points[(points.reader == 2) & (points.curve == 1)].iloc[0]
    assert row.true_positive_share == pytest.approx((one["rating"] > 0.5).mean())
    with pytest.raises(InputError, match="expected 0 and 1"):
        stats.operating_points(data, call="rating")
