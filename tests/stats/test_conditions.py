"""Reader studies: ratios between conditions, planted and recovered, and input that can't be compared."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning, tables
from gazeanalytics.stats import (
    Conditions,
    ModelError,
    counts_by_condition,
    mixed,
    ratings_by_condition,
    times_by_condition,
)

NAMES = np.array(["manual", "labels", "full"])
PLANTED = np.array([0.0, -0.2, -0.4])
DESIGN = Conditions(reference="manual")


def study(readers, cases, rng, *, slope=0.15):
    """Every reader reads every case, under one of three conditions; eta is how they fare."""
    who, what = np.divmod(np.arange(readers * cases), cases)
    condition = (who + what) % 3
    reader, case = rng.normal(0, 0.3, readers)[who], rng.normal(0, 0.3, cases)[what]
    eta = PLANTED[condition] + reader + case + rng.normal(0, slope, (readers, 3))[who, condition]
    return pd.DataFrame({"reader": who, "case": what, "condition": NAMES[condition]}), eta


def timed(readers, cases, rng, **settings):
    data, eta = study(readers, cases, rng, **settings)
    return data.assign(duration_ms=np.exp(10 + eta + rng.normal(0, 0.4, len(data))))


def rated(readers, cases, rng, **settings):
    data, eta = study(readers, cases, rng, **settings)
    return data.assign(rating=np.digitize(3 * eta + rng.logistic(size=len(data)), [-1.5, -0.5, 0.5, 1.5]))


def counted(readers, cases, rng, **settings):
    data, eta = study(readers, cases, rng, **settings)
    found = rng.binomial(3, 1 / (1 + np.exp(-1 - 3 * eta)))
    return data.assign(found=found, missed=3 - found)


def test_ratios_are_the_models_coefficients_and_the_reference_comes_first():
    data = timed(6, 30, np.random.default_rng(0))
    found = times_by_condition(data, design=DESIGN)
    for table in (found.means, found.contrasts):
        tables.check(table, "estimates")
    ratios = found.contrasts.set_index("contrast")
    assert ratios.index.tolist() == ["labels / manual", "full / manual", "full / labels"]
    ordered = data.assign(condition=pd.Categorical(data.condition, NAMES))
    fit = mixed("log(duration_ms) ~ condition + (1 | reader/condition) + (1 | case)", ordered)
    rows = fit.estimates().set_index("term")
    assert ratios.loc["full / manual", "estimate"] == pytest.approx(np.exp(rows.loc["condition[full]", "estimate"]))
    assert ratios.loc["full / labels", "estimate"] == pytest.approx(
        ratios.loc["full / manual", "estimate"] / ratios.loc["labels / manual", "estimate"]
    )
    assert (ratios.df <= 10).all()
    assert found.means.contrast.tolist() == NAMES.tolist()
    assert found.means.estimate[0] == pytest.approx(np.exp(rows.loc["(Intercept)", "estimate"]))


def test_ratings_and_counts_are_odds_ratios():
    rng = np.random.default_rng(1)
    better = ratings_by_condition(rated(10, 60, rng), "rating", design=DESIGN).contrasts.set_index("contrast")
    assert better.loc["full / manual", "conf_low"] < np.exp(-1.2) < better.loc["full / manual", "conf_high"]
    shares = counts_by_condition(counted(10, 60, rng), "found", "missed", design=DESIGN)
    assert shares.means.estimate.between(0, 1).all()
    assert shares.contrasts.estimate[1] == pytest.approx(np.exp(-1.2), abs=0.2)
    assert (shares.contrasts.term == "odds ratio").all()


def test_conditions_are_compared_within_the_levels_of_another_category():
    rng = np.random.default_rng(2)
    data = timed(6, 60, rng)
    abnormal = np.where(data.case % 2, "abnormal", "normal")
    data = data.assign(abnormal=abnormal, session=rng.integers(1, 3, len(data)))
    data["duration_ms"] *= np.where((abnormal == "abnormal") & (data.condition == "full"), 0.5, 1.0)
    design = Conditions(reference="manual", by="abnormal", covariates=["session"])
    ratios = times_by_condition(data, design=design).contrasts.set_index("contrast")
    assert len(ratios) == 6
    gap = ratios.loc["full / manual, abnormal", "estimate"] / ratios.loc["full / manual, normal", "estimate"]
    assert gap == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({"duration_ms": 0.0}, {}, r"times must be above 0 to have a logarithm; got 0.0 in 'duration_ms'"),
        ({}, {"reference": "manul"}, "no condition 'manul'; did you mean 'manual'"),
        ({}, {"by": "abnormal"}, "no column 'abnormal'"),
        ({"condition": "full"}, {}, "no reader worked under two conditions"),
    ],
)
def test_studies_that_cannot_be_compared_are_refused(change, settings, message):
    data = timed(3, 6, np.random.default_rng(0)).assign(**change)
    with pytest.raises(ModelError, match=message):
        times_by_condition(data, design=Conditions(**settings))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["times", "ratings", "counts"])
@pytest.mark.parametrize("slope", [0.0, 0.15])
def test_intervals_cover_with_six_readers(kind, slope):
    compare = {
        "times": lambda rng: (times_by_condition(timed(6, 60, rng, slope=slope), design=DESIGN), 1),
        "ratings": lambda rng: (ratings_by_condition(rated(6, 60, rng, slope=slope), "rating", design=DESIGN), 3),
        "counts": lambda rng: (
            counts_by_condition(counted(6, 60, rng, slope=slope), "found", "missed", design=DESIGN),
            3,
        ),
    }[kind]
    covered = []
    for seed in range(100):
        found, scale = compare(np.random.default_rng(seed))
        rows = found.contrasts.set_index("contrast").loc[["labels / manual", "full / manual"]]
        covered += (
            rows.conf_low.le(np.exp(scale * PLANTED[1:])).mul(rows.conf_high.ge(np.exp(scale * PLANTED[1:]))).tolist()
        )
    assert 0.90 <= np.mean(covered) <= 0.995


def test_errors_are_traced_to_the_draft():
    truth = pd.DataFrame({"a": [1, 1, 0], "b": [0, 0, 1], "c": [1, np.nan, 0]}, index=["x", "y", "z"])
    final = pd.DataFrame({"a": [1, 0, 1], "b": [1, 0, 1], "c": [-1, 1, 0]}, index=["x", "y", "z"])
    draft = pd.DataFrame({"a": [0, 1], "b": [1, 1], "c": [0, 0]}, index=["x", "y"])
    table = reasoning.audit_errors(final, truth, draft=draft)
    assert table[["found", "missed", "introduced", "spared"]].to_numpy().tolist() == [
        [1, 1, 1, 0],
        [0, 1, 0, 1],
        [1, 0, 1, 1],
    ]
    changes = ["recovered", "overlooked", "rejected", "accepted", "unlearned", "invented"]
    assert table.loc["x", changes].tolist() == [1, 1, 0, 1, 0, 0]
    assert table.loc["y", changes].tolist() == [0, 0, 1, 0, 1, 0]
    assert table.loc["z", changes].isna().all()
    with pytest.raises(ValueError, match="'z' has no truth"):
        reasoning.audit_errors(final, truth.drop("z"))


def test_edits_are_shares_of_words():
    shares = reasoning.edit_share(pd.Series(["a b c", "a b", None]), pd.Series(["a b c", "c d e", "x"]))
    assert shares.tolist() == [0, 1, 1]
