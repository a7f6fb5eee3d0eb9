"""Free-response areas: their definitions in plain Python, invariances, and wrong use in words."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats
from gazeanalytics.stats.roc.covariance import covariance
from gazeanalytics.tables import InputError

CASES = range(14)


def study(seed, readers=2):
    rng = np.random.default_rng(seed)
    lesions = pd.DataFrame(
        [(case, name) for case in range(8) for name in "ab"[: 1 + case % 2]], columns=["case", "lesion"]
    )
    lesions["weight"] = rng.integers(1, 4, len(lesions))
    rows = []
    for test in (0, 1):
        for reader in range(readers):
            found = [row for row in lesions.itertuples() if rng.random() < 0.6 + 0.2 * test]
            rows += [(test, reader, row.case, rng.integers(2, 9), row.lesion) for row in found]
            rows += [(test, reader, case, rng.integers(0, 6), None) for case in CASES if rng.random() < 0.4]
    return pd.DataFrame(rows, columns=["test", "reader", "case", "rating", "lesion"]), lesions


def plain(marks, lesions, cases, weighted, all_cases):
    """The area of one reader under one test from its definition."""
    ill = set(lesions["case"])
    false = {case: max(marks[(marks.case == case) & marks.lesion.isna()].rating, default=-np.inf) for case in cases}
    against = [false[case] for case in cases if all_cases or case not in ill]
    total = weights = 0.0
    for row in lesions[lesions.case.isin(cases)].itertuples():
        mine = max(marks[(marks.case == row.case) & (marks.lesion == row.lesion)].rating, default=-np.inf)
        weight = row.weight / lesions[lesions.case == row.case].weight.sum() if weighted else 1.0
        total += weight * np.mean([(mine > other) + 0.5 * (mine == other) for other in against])
        weights += weight
    return total / weights


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("all_cases", [True, False])
def test_areas_and_their_jackknife_from_the_definition(weighted, all_cases):
    marks, lesions = study(1)
    rated = stats.FrocData.from_frame(marks, lesions, CASES, test="test")
    figures, errors = covariance(rated, stats.Afroc(weighted, all_cases), "jackknife")
    cells = [part for _, part in marks.groupby(["test", "reader"])]
    want = [plain(part, lesions, CASES, weighted, all_cases) for part in cells]
    np.testing.assert_allclose(figures.ravel(), want)
    left = np.array(
        [[plain(part, lesions, [c for c in CASES if c != k], weighted, all_cases) for part in cells] for k in CASES]
    )
    np.testing.assert_allclose(errors, 13 / 14 * 14 * np.cov(left.T, ddof=0), atol=1e-12)


def test_one_lesion_a_case_and_no_marks_beside_is_the_roc_area():
    """With a mark on every case the highest rating is all there is."""
    rng = np.random.default_rng(2)
    rating = rng.integers(0, 9, 14)
    marks = pd.DataFrame({"reader": 0, "case": CASES, "rating": rating, "lesion": ["a"] * 8 + [None] * 6})
    lesions = pd.DataFrame({"case": range(8), "lesion": "a"})
    rated = stats.FrocData.from_frame(marks, lesions, CASES)
    readings = marks.assign(truth=(marks.case < 8).astype(int))
    want = stats.mrmc(stats.RocData.from_frame(readings), fixed="readers").figures_of_merit
    for figure_of_merit in (stats.Afroc(), stats.Afroc(weighted=False), stats.Auc()):
        np.testing.assert_allclose(
            stats.mrmc(rated, figure_of_merit=figure_of_merit, fixed="readers").figures_of_merit, want
        )


def test_analysis_and_covariances_over_pairs():
    marks, lesions = study(3, readers=4)
    rated = stats.FrocData.from_frame(marks, lesions, CASES, test="test")
    tables = [
        stats.mrmc(rated, figure_of_merit=stats.Afroc(), covariance=kind).estimates()
        for kind in ("jackknife", "unbiased", "delong")
    ]
    for table in tables:
        assert table["model"].eq("wAFROC area").all()
        assert table["estimate"].iloc[1] < 0
    jackknife, unbiased = (table["std_error"].iloc[2] for table in tables[:2])
    assert jackknife == pytest.approx(unbiased, rel=0.25)
    with pytest.raises(InputError, match="take 'jackknife'"):
        stats.mrmc(rated, figure_of_merit=stats.Afroc(weighted=False), covariance="delong")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m, k, c: (m.drop(columns="lesion"), k, c), "no column 'lesion'"),
        (lambda m, k, c: (m, k, range(5)), "is not among `cases`"),
        (lambda m, k, c: (m, k[k.case > 0], c), "has no lesion 'a'"),
        (lambda m, k, c: (m, pd.concat([k, k[:1]]), c), "is listed twice in one case"),
        (lambda m, k, c: (m[m.case < 8], k, range(8)), "some without; got only with"),
        (lambda m, k, c: (m.assign(rating=np.nan), k, c), "have no value"),
        (lambda m, k, c: (m, k.assign(weight=0), c), "numbers above 0"),
    ],
)
def test_wrong_use_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        stats.FrocData.from_frame(*change(*study(0), CASES), test="test")


def test_areas_of_marks_want_marks():
    readings = pd.DataFrame({"reader": [0] * 4, "case": range(4), "truth": [0, 0, 1, 1], "rating": [1, 2, 3, 4]})
    with pytest.raises(InputError, match=r"FrocData.from_frame, not RocData"):
        stats.mrmc(stats.RocData.from_frame(readings), figure_of_merit=stats.Afroc(), fixed="readers")
