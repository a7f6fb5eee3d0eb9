"""MRMC studies in which nothing varies: all readers perfect, all ratings alike, tests rated the same."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats, tables
from gazeanalytics.tables import InputError

MERITS = [
    stats.Auc(),
    stats.Auc(curve="binormal"),
    stats.Auc(curve="proper"),
    stats.Auc(partial="specificity", low=0.5),
    stats.SensitivityAt(specificity=0.9),
    stats.ExpectedUtility(),
]
NOTE = "no error can be estimated: it varies neither over readers nor over cases"


def study(rating, readers=5, cases=40):
    """Two tests; `rating` is a function of test, reader, case and truth."""
    test, reader, case = (part.ravel() for part in np.indices((2, readers, cases)))
    rated = rating(test, reader, case, case % 2)
    return pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": case % 2, "rating": rated})


def perfect(test, reader, case, truth):
    return 1.0 + 4 * truth


def alike(test, reader, case, truth):
    return np.full(len(truth), 3.0)


def same_under_both_tests(test, reader, case, truth):
    """Readers differ, and cases, but no reader rates any case differently under the second test."""
    return truth + np.random.default_rng(0).normal(0, 1, (5, 40)).round(1)[reader, case]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rating", [perfect, alike])
@pytest.mark.parametrize("merit", MERITS, ids=lambda merit: merit.name)
def test_figures_stand_without_error(rating, merit):
    data = stats.RocData.from_frame(study(rating), test="test")
    for fixed, interval in product((None, "readers", "cases"), ("symmetric", "logit")):
        found = stats.mrmc(data, figure_of_merit=merit, fixed=fixed, interval=interval).estimates()
        tables.check(found, "estimates")
        first = found.set_index("term").loc[["difference", "mean"]]
        assert first["estimate"].iloc[0] == 0
        assert first["estimate"].iloc[1] == first["estimate"].iloc[2]
        assert first["std_error"].eq(0).all()
        assert first[["statistic", "p_value", "conf_low", "conf_high"]].isna().all(axis=None)
        assert found["note"].eq(NOTE).all()


@pytest.mark.filterwarnings("error")
def test_perfect_calls_and_areas_by_every_route():
    readings = study(perfect)
    data = stats.RocData.from_frame(readings, test="test")
    calls = stats.RocData.from_frame(readings.assign(rating=readings["truth"]), test="test")
    found = [stats.mrmc(data, covariance=kind).estimates() for kind in ("jackknife", "delong", "unbiased")]
    found += [
        stats.mrmc(calls, figure_of_merit=merit).estimates() for merit in (stats.Sensitivity(), stats.Specificity())
    ]
    found += [
        stats.dbm(data).estimates(),
        stats.one_shot(data),
        stats.one_shot(calls, figure_of_merit=stats.Specificity()),
    ]
    found.append(stats.against_model(stats.RocData.from_frame(readings[readings["test"] == 0]), 4))
    for table in found:
        assert table.loc[table["term"] == "mean", "estimate"].eq(1).all()
        assert table.loc[table["term"] == "difference", ["estimate", "std_error"]].eq(0).all(axis=None)
        assert table["note"].str.startswith(NOTE).all()
    assert stats.mrmc(data).variance_components()["estimate"].eq(0).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("analysis", [stats.mrmc, stats.dbm, stats.one_shot])
def test_tests_that_were_rated_the_same_do_not_differ_by_rounding(analysis):
    data = stats.RocData.from_frame(study(same_under_both_tests), test="test")
    for fixed in (None,) if analysis is stats.one_shot else (None, "readers", "cases"):
        found = analysis(data) if fixed is None else analysis(data, fixed=fixed)
        table = found if isinstance(found, pd.DataFrame) else found.estimates()
        row = table[table["term"] == "difference"].iloc[0]
        assert (row.estimate, row.std_error, row.note) == (0, 0, NOTE)
        assert np.isnan(row.p_value)
        means = table[table["term"] == "mean"]
        assert means["std_error"].gt(0).all()
        assert means["note"].eq("").all()


def test_one_perfect_reader_among_five():
    def rating(test, reader, case, truth):
        return np.where(reader == 0, 5.0 * truth, same_under_both_tests(test, reader, case, truth) + 0.3 * test * truth)

    fit = stats.mrmc(stats.RocData.from_frame(study(rating), test="test"), fixed="readers")
    table = fit.estimates().set_index(["term", "contrast"])
    assert table.loc[("reader 0", "0"), ["estimate", "std_error", "conf_low", "conf_high"]].tolist() == [1, 0, 1, 1]
    assert table.loc[("reader 0", "0"), "note"] == NOTE
    assert table.loc[("difference", "0 - 1"), "std_error"] > 0


def test_planning_from_a_pilot_without_error():
    for rating, said in ((perfect, "vary neither over readers nor over cases"), (same_under_both_tests, "0 or below")):
        pilot = stats.mrmc(stats.RocData.from_frame(study(rating), test="test"))
        with pytest.raises(InputError, match=said):
            stats.mrmc_power(pilot, effect=0.05, readers=5, cases=100)
        with pytest.raises(InputError, match=said):
            stats.mrmc_sample_size(pilot, effect=0.05, readers=5)


def test_a_test_of_equality_with_infinite_degrees_of_freedom():
    """Readers differ alike under both tests, so all error is that of cases: F is chi-square over its df."""
    areas, errors = np.array([[0.80, 0.82, 0.84], [0.85, 0.87, 0.89]]), np.kron(np.eye(2), np.full((3, 3), 4e-4))
    fit = stats.MrmcFit("AUC", "delong", "factorial", None, (0, 1), (0, 1, 2), areas, errors, 100)
    table = fit.estimates()
    assert table["contrast"][0] == "F(1, inf)"
    assert table["p_value"][0] == pytest.approx(table["p_value"][1])
    assert table["std_error"][1] == pytest.approx(np.sqrt(2 * 4e-4))


def test_duplicates_are_counted():
    readings = study(perfect)
    for further, said in (
        (readings.head(1), "case 0 is listed 2 times under one test and reader: give"),
        (pd.concat([readings.head(1)] * 2), "case 0 is listed 3 times under one test and reader: give"),
        (readings.head(3), "case 0 is listed 2 times under one test and reader, and 2 more such cases are duplicated:"),
    ):
        with pytest.raises(InputError, match=said):
            stats.RocData.from_frame(pd.concat([readings, further]), test="test")
