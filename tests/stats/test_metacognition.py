"""Metacognition: published numbers, definitions in plain Python, and observers whose meta-d' is planted."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as sps
from scipy.optimize import approx_fprime
from sklearn.metrics import roc_auc_score

from gazeanalytics import tables
from gazeanalytics.stats.metacognition import fit_meta_d, goodman_kruskal_gamma, metacognition
from gazeanalytics.tables import InputError


def test_published_counts():
    """The example of metadpy's tests, which are those of the authors' MATLAB code (to the digits printed there)."""
    found = fit_meta_d(np.array([[52, 32, 35, 37, 26, 12, 4, 2], [2, 5, 15, 22, 33, 38, 40, 45]]))
    assert (found.d_prime, found.meta_d_prime) == pytest.approx((1.535, 1.634), abs=5e-4)
    assert found.m_ratio == pytest.approx(1.064, abs=6e-4)
    mirrored = fit_meta_d(np.array([[45, 40, 38, 33, 22, 15, 5, 2], [2, 4, 12, 26, 37, 35, 32, 52]]))
    assert (mirrored.d_prime, mirrored.meta_d_prime) == pytest.approx((found.d_prime, found.meta_d_prime), abs=1e-4)
    assert mirrored.criterion == pytest.approx(-found.criterion)


def test_type_one_part_by_hand():
    counts = np.array([[30, 40, 20, 10], [5, 15, 30, 50]])
    found = fit_meta_d(counts, padded=False)
    assert found.d_prime == pytest.approx(sps.norm.ppf(0.8) - sps.norm.ppf(0.3))
    assert found.criterion == pytest.approx(-(sps.norm.ppf(0.8) + sps.norm.ppf(0.3)) / 2)


def expected(d, c, meta, cuts, n=1e6):
    """Counts that an observer with this d', criterion and meta-d' gives on average (two levels a cut, both sides)."""
    rows = []
    for truth in (-1, 1):
        called = sps.norm.sf(c, truth * d / 2)
        law, at = sps.norm(truth * meta / 2, 1), meta * c / d
        low = np.diff(law.cdf([-np.inf, *(at - np.array(cuts)[::-1]), at])) / law.cdf(at)
        high = np.diff(law.cdf([at, *(at + np.array(cuts)), np.inf])) / law.sf(at)
        rows.append(np.concatenate([(1 - called) * low, called * high]) * n)
    return np.array(rows)


@pytest.mark.parametrize("ratio", [0.0, 0.4, 0.8, 1.0, 1.3])
@pytest.mark.parametrize("c", [-0.4, 0.0, 0.3])
def test_planted_ratios_are_found(ratio, c):
    found = fit_meta_d(expected(1.5, c, 1.5 * ratio, [0.3, 0.7, 1.4]), padded=False)
    assert (found.d_prime, found.criterion) == pytest.approx((1.5, c), abs=1e-6)
    assert found.m_ratio == pytest.approx(ratio, abs=1e-3)


def test_no_better_fit_lies_around():
    from gazeanalytics.stats.metacognition import _lack_of_fit

    counts = np.array([[52.0, 32, 35, 37, 26, 12, 4, 2], [2, 5, 15, 22, 33, 38, 40, 45]]) + 0.125
    found = fit_meta_d(counts, padded=False)
    sides = np.stack([counts[:, 3::-1], counts[:, 4:]])
    rng = np.random.default_rng(0)
    for _ in range(300):
        at = np.concatenate(([found.meta_d_prime + rng.normal(0, 0.3)], rng.normal(np.log(0.5), 0.5, 6)))
        height, slope = _lack_of_fit(at, sides, found.criterion / found.d_prime)
        assert height >= -found.log_likelihood - 1e-6
        by_steps = approx_fprime(at, lambda x: _lack_of_fit(x, sides, found.criterion / found.d_prime)[0], 1e-6)
        np.testing.assert_allclose(slope, by_steps, rtol=1e-3, atol=1e-2)


def test_gamma_and_area_pair_by_pair():
    rng = np.random.default_rng(1)
    certainty, correct = rng.integers(1, 6, 60), rng.random(60) < 0.7
    signs = [np.sign(a - b) for a in certainty[correct] for b in certainty[~correct]]
    more, less = signs.count(1), signs.count(-1)
    assert goodman_kruskal_gamma(certainty, correct) == pytest.approx((more - less) / (more + less))
    times = rng.integers(0, 4, 60)
    repeated = goodman_kruskal_gamma(np.repeat(certainty, times), np.repeat(correct, times))
    assert goodman_kruskal_gamma(certainty, correct, times.astype(float)) == pytest.approx(repeated)
    assert np.isnan(goodman_kruskal_gamma(np.array([1, 1]), np.array([0, 1])))


def study(seed, readers=6, cases=120, noise=0.0):
    """Certainty is the strength of what was seen, blurred by noise."""
    rng = np.random.default_rng(seed)
    reader, case = np.divmod(np.arange(readers * cases), cases)
    seen = (case % 2 - 0.5) * 1.6 + rng.normal(0, 1, reader.size) + rng.normal(0, 0.2, readers)[reader]
    certainty = np.abs(seen) + rng.normal(0, 1, reader.size) * noise
    call = (seen > 0).astype(int)
    return pd.DataFrame({"reader": reader, "case": case, "truth": case % 2, "call": call, "certainty": certainty})


def test_table_and_what_its_numbers_are():
    table = study(2)
    found = tables.check(metacognition(table, n_resamples=40, rng=1), "estimates").set_index("term")
    correct = table["call"] == table["truth"]
    by_reader = [
        roc_auc_score(correct[rows], table["certainty"][rows]) for rows in table.groupby("reader").groups.values()
    ]
    assert found.loc["accuracy", "estimate"] == pytest.approx(correct.mean())
    assert found.loc["type2_auroc", "estimate"] == pytest.approx(np.mean(by_reader))
    ratio = found.loc["meta_d_prime", "estimate"] / found.loc["d_prime", "estimate"]
    assert found.loc["m_ratio", "estimate"] == pytest.approx(ratio)
    assert (found["conf_low"] < found["estimate"]).all()
    assert (found["estimate"] < found["conf_high"]).all()
    mixed = metacognition(table.sample(frac=1, random_state=0), n_resamples=2, rng=1).set_index("term")
    np.testing.assert_allclose(mixed["estimate"], found["estimate"], atol=1e-6)


def test_noise_in_certainty_lowers_every_measure_but_d_prime():
    clear, blurred = (
        metacognition(study(3, noise=noise), n_resamples=2, rng=1).set_index("term") for noise in (0.0, 2.0)
    )
    assert clear.loc["d_prime", "estimate"] == pytest.approx(blurred.loc["d_prime", "estimate"])
    assert clear.loc["m_ratio", "estimate"] == pytest.approx(1, abs=0.2)
    for term in ("type2_auroc", "gamma", "meta_d_prime", "m_ratio"):
        assert blurred.loc[term, "estimate"] < clear.loc[term, "estimate"] - 0.1


@pytest.mark.slow
def test_intervals_cover_over_readers_and_cases():
    """Observers whose certainty is the strength of what they saw have an M-ratio of 1; 60 studies, error about .03."""
    rows = [
        metacognition(study(seed, readers=8, cases=100), n_resamples=40, rng=seed).set_index("term").loc["m_ratio"]
        for seed in range(60)
    ]
    assert np.mean([row.estimate for row in rows]) == pytest.approx(1, abs=0.05)
    assert np.mean([row.conf_low <= 1 <= row.conf_high for row in rows]) >= 0.88


def test_wrong_use_is_refused():
    table = study(0)
    for call, said in (
        (lambda: metacognition(table.drop(columns="call")), "no column 'call'"),
        (lambda: metacognition(table.assign(call=0.5)), "column 'call': expected 0 and 1"),
        (lambda: metacognition(table.assign(certainty=3)), "the same certainty"),
        (lambda: metacognition(table, n_levels=1), "n_levels: expected at least 2; got 1"),
        (lambda: fit_meta_d(np.ones((2, 3))), r"of shape \(2, 2 \* levels\); got shape \(2, 3\)"),
    ):
        with pytest.raises(InputError, match=said):
            call()
