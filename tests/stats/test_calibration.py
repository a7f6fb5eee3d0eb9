"""Calibration, against scikit-learn, plain loops and planted truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from gazeanalytics import tables
from gazeanalytics.stats.calibration import StatedCounts, calibration, calibration_by, logistic_line
from gazeanalytics.stats.recalibration import recalibrate

WORDS = np.array([0.02, 0.15, 0.25, 0.5, 0.8, 0.95])


def planted(n, rng, slope=1.0, intercept=0.0):
    p = rng.choice(WORDS, n)
    chance = 1 / (1 + np.exp(-(intercept + slope * np.log(p / (1 - p)))))
    return p, (rng.random(n) < chance).astype(float)


def measured(p, y, **settings):
    return calibration(p, y, **({"n_resamples": 0} | settings)).set_index("term")["estimate"]


def naive_ece(p, y, bins):
    total = 0.0
    for k in range(bins):
        inside = [i for i in range(len(p)) if min(int(p[i] * bins), bins - 1) == k]
        if inside:
            total += abs(sum(p[i] for i in inside) - sum(y[i] for i in inside))
    return total / len(p)


def test_agrees_with_scikit_learn():
    p, y = planted(400, np.random.default_rng(0), slope=0.6, intercept=0.3)
    found = measured(p, y)
    assert found["brier"] == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert found["auroc"] == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    logit = np.log(p / (1 - p))[:, None]
    line = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit, y)
    assert found["slope"] == pytest.approx(line.coef_[0, 0], rel=1e-5)
    assert found["intercept"] == pytest.approx(line.intercept_[0], rel=1e-4, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=30), st.integers(1, 12))
def test_parts_add_up_and_errors_are_those_of_plain_loops(rows, bins):
    p, y = np.array([row[0] / 10 for row in rows]), np.array([float(row[1]) for row in rows])
    found = measured(p, y, n_bins=bins)
    assert found["brier"] == pytest.approx(np.mean((p - y) ** 2))
    assert found["brier"] == pytest.approx(found["reliability"] - found["resolution"] + found["uncertainty"])
    assert found["ece"] == pytest.approx(naive_ece(p, y, bins))
    assert found["ece_adaptive"] <= 1
    if len(p) > 1 and bins == 1:
        rate = y.mean()
        squared = (p.mean() - rate) ** 2 - rate * (1 - rate) / (len(p) - 1)
        assert found["ece_debiased"] == pytest.approx(np.sqrt(max(0, squared)))


def test_debiasing_takes_off_what_chance_gives():
    rng = np.random.default_rng(2)
    draws = np.array([measured(*planted(150, rng))[["ece_adaptive", "ece_debiased"]] for _ in range(80)])
    assert draws[:, 0].mean() > 0.03
    assert np.median(draws[:, 1]) < np.median(draws[:, 0])


def test_intervals_by_reader_are_wider_and_cover():
    rng = np.random.default_rng(3)
    readers = np.repeat(np.arange(40), 25)
    covered = []
    for _ in range(30):
        shift = np.repeat(rng.normal(0, 0.8, 40), 25)
        p = rng.choice(WORDS, 1000)
        y = (rng.random(1000) < 1 / (1 + np.exp(-(np.log(p / (1 - p)) + shift)))).astype(float)
        table = calibration(p, y, clusters=readers, n_resamples=80, rng=rng).set_index("term").loc["overconfidence"]
        grid = np.random.default_rng(0).normal(0, 0.8, 20000)
        truth = np.mean([w - np.mean(1 / (1 + np.exp(-(np.log(w / (1 - w)) + grid)))) for w in WORDS])
        covered.append(table.conf_low <= truth <= table.conf_high)
    assert np.mean(covered) >= 0.8
    alone = calibration(p, y, n_resamples=200, rng=0).set_index("term").loc["overconfidence"]
    assert table.conf_high - table.conf_low > alone.conf_high - alone.conf_low


def test_gives_an_estimates_table_that_repeats_with_the_seed():
    p, y = planted(50, np.random.default_rng(1))
    one, two = (calibration(p, y, n_resamples=50, rng=4) for _ in range(2))
    pd.testing.assert_frame_equal(tables.check(one, "estimates"), two)
    assert (one.conf_low.to_numpy() <= one.conf_high.to_numpy()).all()


def test_separated_truth_has_no_slope_and_says_so():
    table = calibration([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], n_resamples=20, rng=0).set_index("term")
    assert np.isnan(table.loc["slope", "estimate"])
    assert table.loc["slope", "note"].startswith("separated")
    assert table.loc["brier", "note"] == ""


@pytest.mark.parametrize(
    ("stated", "truth", "message"),
    [
        ([0.5], [1, 0], r"expected two columns of one length; got \(1,\) and \(2,\)"),
        ([1.2], [1], "between 0 and 1; got 1.2"),
        ([0.5], [2], "truth: expected 0 or 1; got 2; drop rows"),
        ([np.nan], [1], "between 0 and 1; got nan"),
    ],
)
def test_wrong_input_is_refused(stated, truth, message):
    with pytest.raises(ValueError, match=message):
        calibration(stated, truth)


def test_phrases_in_order_with_their_intervals():
    data = pd.DataFrame({"phrase": list("bbba"), "certainty": [0.8] * 3 + [0.1], "truth": [1, 1, 1, 0]})
    table = calibration_by(data, by="phrase")
    assert table.phrase.tolist() == ["a", "b"]
    assert table.loc[0, ["low", "high"]].tolist()[0] == 0
    assert table.loc[1, "high"] == 1
    below, _ = quad(lambda x: x**2.5 * (1 - x) ** -0.5, 0, table.loc[1, "low"])
    whole, _ = quad(lambda x: x**2.5 * (1 - x) ** -0.5, 0, 1)
    assert below / whole == pytest.approx(0.025)


@pytest.mark.parametrize("method", ["isotonic", "logistic"])
def test_recalibration_corrects_overconfidence(method):
    rng = np.random.default_rng(5)
    p, y = planted(4000, rng, slope=0.5)
    fitted = recalibrate(p, y, method=method)
    fresh, truth = planted(4000, rng, slope=0.5)
    assert measured(fitted(fresh), truth)["ece_adaptive"] < 0.03 < measured(fresh, truth)["ece_adaptive"]
    assert (np.diff(fitted(np.linspace(0, 1, 50))) >= 0).all()


def test_recalibration_refuses_what_it_cannot_fit():
    with pytest.raises(ValueError, match="method: expected 'isotonic' or 'logistic'; got 'beta'"):
        recalibrate([0.5], [1], method="beta")
    with pytest.raises(ValueError, match="needs true and false rows that overlap"):
        recalibrate([0.1, 0.9], [0, 1], method="logistic")


# uncertainty-calibration 0.1.4 (Kumar, Liang & Ma 2019): utils.unbiased_l2_ce and plugin_ce(power=1) of bins that
# get_equal_bins(p, num_bins=10) gives, and get_ece(p, y, num_bins=10); one generator draws the three samples in turn.
AUTHORS = {
    200: {"ece_debiased": 0.07937633020544692, "ece_adaptive": 0.10499483603375075, "ece": 0.11652305012068728},
    1000: {"ece_debiased": 0.090559902696471, "ece_adaptive": 0.086646772888280, "ece": 0.086646772888280},
    5000: {"ece_debiased": 0.077059143729510, "ece_adaptive": 0.073373018690639, "ece": 0.073373018690639},
}


def test_errors_are_those_of_the_authors_package():
    rng = np.random.default_rng(0)
    for count, expected in AUTHORS.items():
        p = rng.beta(1, 2, count)
        y = (rng.random(count) < p**1.3).astype(int)
        found = measured(p, y)
        for term, value in expected.items():
            assert found[term] == pytest.approx(value, abs=1e-12), (count, term)


def test_recalibration_is_scikit_learns():
    p, y = planted(300, np.random.default_rng(6), slope=0.5)
    fresh = np.linspace(0.02, 0.95, 40)
    rising = IsotonicRegression(out_of_bounds="clip").fit(p, y).predict(fresh)
    np.testing.assert_allclose(recalibrate(p, y)(fresh), rising, atol=1e-12)
    line = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(np.log(p / (1 - p))[:, None], y)
    expected = line.predict_proba(np.log(fresh / (1 - fresh))[:, None])[:, 1]
    np.testing.assert_allclose(recalibrate(p, y, method="logistic")(fresh), expected, atol=1e-4)


def phrases_of_readers(readers, rng, sd):
    """Each reader's chance of being right with a phrase lies around the phrase's own (sd on the logit)."""
    parts = []
    for phrase, p in {"unlikely": 0.15, "possible": 0.5, "likely": 0.8}.items():
        who = np.repeat(np.arange(readers), rng.poisson(20, readers) + 1)
        chance = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + rng.normal(0, sd, readers)[who])))
        rows = {"phrase": phrase, "reader": who, "certainty": p, "truth": (rng.random(len(who)) < chance).astype(int)}
        parts.append(pd.DataFrame(rows))
    return pd.concat(parts, ignore_index=True)


def test_confidence_is_that_of_the_intervals():
    p, y = planted(200, np.random.default_rng(7))
    wide, narrow = (calibration(p, y, confidence=level, n_resamples=200, rng=1) for level in (0.95, 0.5))
    assert (wide.conf_high - wide.conf_low > narrow.conf_high - narrow.conf_low).all()
    data = phrases_of_readers(20, np.random.default_rng(0), 1.0)
    for clusters in (None, "reader"):
        wide, narrow = (calibration_by(data, by="phrase", clusters=clusters, confidence=c) for c in (0.95, 0.5))
        assert ((wide.low < narrow.low) & (narrow.low < narrow.observed) & (narrow.high < wide.high)).all()


def test_phrases_of_readers_who_differ_are_known_less_surely():
    data = phrases_of_readers(20, np.random.default_rng(0), 1.0)
    alone, held = calibration_by(data, by="phrase"), calibration_by(data, by="phrase", clusters="reader")
    assert (alone.effective == alone.n).all()
    assert (held.effective < 0.6 * held.n).all()
    assert (held.high - held.low > alone.high - alone.low).all()
    pd.testing.assert_frame_equal(alone[["phrase", "n", "observed"]], held[["phrase", "n", "observed"]])
    with pytest.raises(ValueError, match="'maybe' was stated by one of 'reader' alone; leave clusters out"):
        calibration_by(
            data.assign(phrase=np.where(data.reader == 3, "maybe", data.phrase)), by="phrase", clusters="reader"
        )


@pytest.mark.parametrize("sd", [0.0, 0.8])
def test_intervals_of_phrases_cover_over_readers(sd):
    grid = np.random.default_rng(0).normal(0, sd, 100000)
    truth = {p: np.mean(1 / (1 + np.exp(-(np.log(p / (1 - p)) + grid)))) for p in (0.15, 0.5, 0.8)}
    covered = []
    for seed in range(60):
        table = calibration_by(phrases_of_readers(15, np.random.default_rng(seed), sd), by="phrase", clusters="reader")
        covered += [row.low <= truth[row.stated] <= row.high for row in table.round({"stated": 2}).itertuples()]
    assert 0.90 <= np.mean(covered) <= 0.995


def test_logistic_line_of_near_separated_counts_is_that_of_a_library():
    """A whole step of Newton's method from the start leaps to where all probabilities are 0 or 1."""
    value, times, hits = np.array([0.02, 0.98, 1.0]), np.array([1124.0, 6.0, 1678.0]), np.array([1100.0, 0.0, 12.0])
    held = np.clip(value, 0.001, 0.999)
    design = sm.add_constant(np.log(held / (1 - held)))
    wanted = sm.GLM(np.column_stack([hits, times - hits]), design, sm.families.Binomial()).fit(tol=1e-12).params
    assert_allclose(logistic_line(StatedCounts(value, times, hits)), wanted, rtol=1e-8)


def test_values_beyond_the_bound_are_one_and_separate_nothing():
    said = StatedCounts(np.array([0.0001, 0.0005]), np.array([4.0, 4.0]), np.array([0.0, 1.0]))
    assert np.isnan(logistic_line(said)).all()
