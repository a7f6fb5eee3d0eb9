"""Multi-reader multi-case analysis beside slow twins; invariances, and wrong use in words."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats, tables
from gazeanalytics.report import format_estimates
from gazeanalytics.report.writers import to_markdown
from gazeanalytics.stats.roc.covariance import covariance
from gazeanalytics.stats.roc.curves import fitted
from gazeanalytics.stats.roc.roc_data import Cell
from gazeanalytics.tables import InputError


def readings(rng, tests=2, readers=3, cases=24, grades=5):
    test, reader, case = (part.ravel() for part in np.indices((tests, readers, cases)))
    there = (np.arange(cases) % 3 == 0)[case]
    latent = there * (1 + 0.4 * test) + rng.normal(0, 0.6, cases)[case] + rng.normal(0, 0.8, case.size)
    rating = np.digitize(latent, np.linspace(-1, 2, grades - 1)).astype(float)
    return pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": there.astype(int), "rating": rating})


def kept_scores(part):
    """Score of every pair, keyed by its two cases, in plain Python."""
    with_it, without = part[part.truth == 1], part[part.truth == 0]
    return {
        (i, j): (x > y) + 0.5 * (x == y)
        for i, x in zip(with_it.case, with_it.rating, strict=True)
        for j, y in zip(without.case, without.rating, strict=True)
    }


def plain_covariance(one, other, method):
    """Covariance of two areas from their pair scores, as its definition has it."""
    a, b = np.mean(list(one.values())), np.mean(list(other.values()))
    if method == "unbiased":
        apart = [x * y for (i, j), x in one.items() for (k, m), y in other.items() if i != k and j != m]
        return a * b - np.mean(apart)
    total = 0.0
    for axis in (0, 1):
        placed = [
            {
                case: np.mean([x for pair, x in scores.items() if pair[axis] == case])
                for case in {p[axis] for p in scores}
            }
            for scores in (one, other)
        ]
        both = sorted(placed[0].keys() & placed[1].keys())
        if len(both) > 1:
            spread = sum((placed[0][k] - a) * (placed[1][k] - b) for k in both) / (len(both) - 1)
            total += spread * len(both) / (len(placed[0]) * len(placed[1]))
    return total


@pytest.mark.parametrize("method", ["unbiased", "delong"])
@pytest.mark.parametrize("nested", ["", "reader", "test"])
def test_covariances_of_pairs_counted_one_by_one(method, nested):
    data = readings(np.random.default_rng(2), readers=2, cases=12)
    if nested:
        data["case"] = data[nested] * 100 + data["case"]
    _, ours = covariance(stats.RocData.from_frame(data, test="test"), stats.Auc(), method)
    cells = [kept_scores(part) for _, part in data.groupby(["test", "reader"])]
    naive = [[plain_covariance(one, other, method) for other in cells] for one in cells]
    np.testing.assert_allclose(ours, naive, atol=1e-12)


@pytest.mark.parametrize(
    "figure_of_merit",
    [
        stats.Auc(),
        stats.Auc(partial="sensitivity", low=0.5, normalise=True),
        stats.SensitivityAt(specificity=0.8),
        stats.SensitivityAt(sensitivity=0.8, curve="binormal"),
        stats.ExpectedUtility(0.7),
    ],
)
def test_jackknife_by_leaving_cases_out_one_by_one(figure_of_merit):
    data = readings(np.random.default_rng(5), cases=21)
    figures, ours = covariance(stats.RocData.from_frame(data, test="test"), figure_of_merit, "jackknife")
    left = []
    for case in range(21):
        rated = stats.RocData.from_frame(data[data.case != case], test="test")
        left.append([figure_of_merit(cell) for _, _, cell in rated.cells()])
    np.testing.assert_allclose(ours, 20 / 21 * 21 * np.cov(np.array(left).T, ddof=0), atol=1e-12)
    assert np.all((figures > 0) & (figures <= 1))


def test_curves_agree_with_their_areas():
    """Partial areas of disjoint ranges add up to the whole, and a fitted curve read both ways meets itself."""
    rng = np.random.default_rng(8)
    cell = Cell(np.arange(200), np.arange(200) % 2 == 0, np.round(rng.normal(1.3 * (np.arange(200) % 2 == 0), 1), 1))
    for curve in ("empirical", "binormal", "proper"):
        whole = stats.Auc(curve=curve)(cell)
        for partial in ("specificity", "sensitivity"):
            ends = [0, 0.31, 0.8, 1]
            parts = [stats.Auc(curve=curve, partial=partial, low=a, high=b)(cell) for a, b in pairwise(ends)]
            assert sum(parts) == pytest.approx(whole, abs=1e-8)
    for curve in ("binormal", "proper"):
        y = stats.SensitivityAt(specificity=0.83, curve=curve)(cell)
        assert stats.SensitivityAt(sensitivity=y, curve=curve)(cell) == pytest.approx(0.83, abs=1e-9)
        x = np.linspace(0.001, 0.999, 999)
        lines = fitted(cell.truth, cell.rating, curve).true_positive(x) - 0.6 * x
        assert stats.ExpectedUtility(0.6, curve)(cell) == pytest.approx(lines.max(), abs=1e-5)


def test_intervals_on_the_logit_stay_within_one():
    rated = stats.RocData.from_frame(readings(np.random.default_rng(1)), test="test")
    plain, logit = (stats.mrmc(rated, interval=kind).estimates() for kind in ("symmetric", "logit"))
    same = plain["term"] != "mean"
    pd.testing.assert_frame_equal(logit[same], plain[same])
    middle = logit[~same][["conf_low", "conf_high"]].to_numpy(float)
    assert (middle < 1).all()
    np.testing.assert_allclose(np.log(middle / (1 - middle)).mean(1), np.log(1 / (1 / plain["estimate"][~same] - 1)))


def test_order_and_labels_of_rows_do_not_matter():
    data = readings(np.random.default_rng(1))
    want = stats.mrmc(stats.RocData.from_frame(data, test="test")).estimates()
    mixed = data.sample(frac=1, random_state=1).assign(case=lambda d: d["case"].map("case {:03d}".format))
    mixed["reader"] = pd.Categorical(mixed["reader"].map({0: "ann", 1: "bob", 2: "eve"}))
    got = stats.mrmc(stats.RocData.from_frame(mixed, test="test")).estimates()
    pd.testing.assert_frame_equal(got, want)


def test_tables_keep_their_contract_and_print():
    data = readings(np.random.default_rng(3), tests=3)
    rated = stats.RocData.from_frame(data, test="test")
    frames = [stats.mrmc(rated, fixed=fixed).estimates() for fixed in (None, "readers", "cases")]
    frames += [stats.dbm(rated, fixed=fixed).estimates() for fixed in (None, "readers", "cases")]
    frames.append(stats.against_model(stats.RocData.from_frame(data[data.test == 0]), 2))
    for frame in frames:
        tables.check(frame, "estimates")
        text = to_markdown(format_estimates(frame))
        assert "0 - 1" in text or "readers - 2" in text
    assert frames[0]["note"].eq("small cell: 3 readers stand for all").all()
    assert frames[0]["df2"].notna().sum() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.drop(columns="truth"), "no column 'truth'"),
        (lambda d: d.rename(columns={"rating": "ratng"}), "did you mean 'ratng'"),
        (lambda d: d.assign(truth=1), "all 24 cases are with the finding"),
        (lambda d: d.assign(truth=d.truth * 2), "expected 0 or 1"),
        (lambda d: d.assign(rating=d.rating.where(d.index > 3)), "4 of 144 readings have no value"),
        (lambda d: d.assign(rating=d.rating.replace(1.0, np.inf)), "finite numbers"),
        (lambda d: d.assign(rating=d.rating.astype(str)), "expected numbers"),
        (lambda d: pd.concat([d, d[:1]]), "under one test and reader"),
        (lambda d: d.assign(truth=d.truth.where(d.index > 0, 1 - d.truth)), "is both 0 and 1"),
        (lambda d: d[1:], "use one_shot"),
        (lambda d: d[d.reader == 0], "fixed='readers'"),
        (lambda d: d[d.case < 3], "at least two of each"),
    ],
)
def test_wrong_use_is_refused(change, said):
    data = readings(np.random.default_rng(0))
    with pytest.raises(InputError, match=said):
        stats.mrmc(stats.RocData.from_frame(change(data), test="test"))


def test_wrong_questions_are_refused():
    data = readings(np.random.default_rng(0))
    rated = stats.RocData.from_frame(data, test="test")
    alone = stats.RocData.from_frame(data[data.test == 0])
    for call, said in (
        (lambda: stats.mrmc(rated, covariance="jacknife"), "did you mean 'jackknife'"),
        (lambda: stats.mrmc(rated, figure_of_merit=stats.Sensitivity()), "calls of 0 or 1 as ratings"),
        (
            lambda: stats.mrmc(rated, figure_of_merit=stats.Auc(partial="specificity", low=0.5), covariance="delong"),
            "take 'jackknife'",
        ),
        (lambda: stats.mrmc(rated, fixed="reader"), "expected 'readers'"),
        (lambda: stats.mrmc(rated, interval="logits"), "'symmetric' or 'logit'"),
        (lambda: stats.dbm(alone), "two tests and two readers"),
        (lambda: stats.mrmc_power(stats.mrmc(alone), effect=0.05, readers=5, cases=100), "pilot of two tests"),
        (lambda: stats.mrmc_power(stats.mrmc(rated), effect=0, readers=5, cases=100), "other than 0"),
        (lambda: stats.against_model(alone, "gpt"), "no reader is called 'gpt'"),
        (lambda: stats.against_model(rated, 2), "expected one test"),
        (lambda: stats.Auc(curve="binormel"), "did you mean 'binormal'"),
        (lambda: stats.Auc(low=0.5), "partial area"),
        (lambda: stats.SensitivityAt(), "one specificity or one sensitivity"),
    ):
        with pytest.raises(InputError, match=said):
            call()
