"""The planted truth of readings: levels, effects, hedges, designs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazeanalytics import tables
from gazeanalytics.simulate import CONTEXTS, STRATEGIES, Design, Effects, Model, logit_uncertainty, simulate_readings
from gazeanalytics.simulate.anatomy import FINDINGS, ORGANS, TARGETS
from gazeanalytics.simulate.hedges import ABSENT, PRESENT, choose_hedges
from gazeanalytics.simulate.people import COUNTRIES


@pytest.fixture(scope="module")
def study():
    return simulate_readings(Design(), rng=20)


@pytest.fixture(scope="module")
def people(study):
    frame = study.frame()
    return frame[frame["kind"] == "person"].reset_index(drop=True)


@pytest.mark.parametrize("name", ["readers", "cases", "regions", "readings"])
def test_every_table_keeps_to_its_contract(study, name):
    tables.check(getattr(study, name), name)


def test_same_seed_same_study_other_seed_another():
    first, again, other = (simulate_readings(Design(readers=5, cases=9), rng=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.frame(), again.frame())
    assert not first.truth["latent_uncertainty"].equals(other.truth["latent_uncertainty"])


def test_everyone_reads_everything_unless_told_otherwise(study):
    assert len(study.readings) == 60 * 200 + 3 * 200
    assert not study.readings.duplicated(["reader", "case"]).any()


def test_incomplete_design_gives_each_case_its_number_of_people():
    study = simulate_readings(Design(readers=40, cases=500, readings_per_case=3, models=()), rng=3)
    assert (study.readings.groupby("case").size() == 3).all()
    assert not study.readings.duplicated(["reader", "case"]).any()
    load = study.readings.groupby("reader").size()
    assert load.max() > 3 * load.min(), "zeal differs between people"
    tables.check(study.readings, "readings")


def test_countries_are_real_different_and_all_used():
    assert len(COUNTRIES) == len(set(COUNTRIES)) == 71
    study = simulate_readings(Design(readers=80, cases=2, countries=71), rng=4)
    assert set(study.readers["country"].dropna()) == set(COUNTRIES)


def test_models_have_neither_country_nor_experience_nor_strategy(study):
    models = study.frame().query("kind == 'model'")
    assert models[["country", "experience_years", "strategy"]].isna().all(axis=None)
    assert (study.reader_truth.tail(3)[["accuracy", "uncertainty"]] == 0).all(axis=None)


def test_correct_reading_says_what_is_there(people):
    there = np.array([row[f"truth_{row['target']}"] for row in people.to_dict("records")])
    assert (people["present_truth"] == there).all()
    assert (people["correct"] == (people["present"] == there)).all()
    assert (people["present"] == (people["certainty"] > 0.5)).all()
    assert (people["miss"].notna() == (there & ~people["present"])).all()


def test_half_the_cases_show_their_target(study):
    there = study.truth.groupby(study.readings["case"])["present_truth"].first()
    assert there.sum() == 100


def test_planted_uncertainty_is_what_a_regression_finds(study, people):
    """Taking off the known random effects leaves ordinary least squares with known residual SD."""
    planted = study.design.uncertainty
    response = people["latent_uncertainty"].copy()
    for key in ("reader", "case", "country"):
        truth = getattr(study, f"{key}_truth").set_index(key)["uncertainty"]
        response -= people[key].map(truth).to_numpy()
    columns = [np.ones(len(people)), people["experience_years"] / 10]
    columns += [people["strategy"] == name for name in STRATEGIES[1:]]
    columns += [people["context"] == level for level in CONTEXTS[1:]]
    design = np.column_stack(columns).astype(float)
    coefficient, rss, *_ = np.linalg.lstsq(design, response.to_numpy(), rcond=None)
    expected = [planted.intercept, planted.per_10_years]
    expected += [planted.strategy[name] for name in STRATEGIES[1:]] + [planted.context[level] for level in CONTEXTS[1:]]
    std_error = planted.residual_sd * np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    assert np.abs((coefficient - expected) / std_error).max() < 4
    assert np.sqrt(rss[0] / len(people)) == pytest.approx(planted.residual_sd, rel=0.03)


def test_readings_are_right_as_often_as_planted(people):
    chance = 1 / (1 + np.exp(-people["accuracy_logit"]))
    for _, rows in people.groupby("strategy"):
        expected = chance[rows.index]
        z = (rows["correct"].sum() - expected.sum()) / np.sqrt((expected * (1 - expected)).sum())
        assert abs(z) < 4


def test_spoken_certainty_is_right_on_average_on_both_sides(people):
    kept = people[~people["clipped"]]
    assert people["clipped"].mean() < 0.01
    for _, rows in kept.groupby("present"):
        gap = rows["logit_uncertainty"] - rows["latent_uncertainty"]
        assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(len(gap))


@given(st.floats(-6, 3), st.booleans())
def test_hedge_is_a_neighbour_of_the_latent_value(latent, present):
    spoken = choose_hedges(np.full(50, latent), np.full(50, present), np.random.default_rng(0))
    grid = logit_uncertainty(np.array(PRESENT if present else ABSENT))
    found = logit_uncertainty(spoken.certainty)
    assert np.isin(spoken.certainty, PRESENT if present else ABSENT).all()
    below, above = grid[grid <= latent], grid[grid >= latent]
    low = below[-1] if len(below) else grid[0]
    high = above[0] if len(above) else grid[-1]
    assert ((found >= low) & (found <= high)).all()
    assert (spoken.clipped == (not grid[0] <= latent <= grid[-1])).all()


def test_both_sides_of_the_hedges_span_the_same_uncertainty():
    present, absent = logit_uncertainty(np.array(PRESENT)), logit_uncertainty(np.array(ABSENT))
    assert present[[0, -1]] == pytest.approx(absent[[0, -1]], abs=1e-12)


def test_null_design_has_no_strategy_effect_but_keeps_the_rest():
    null = Design().without_strategy_effects()
    assert null.accuracy.strategy == {}
    assert null.uncertainty.strategy == {}
    assert null.accuracy.context == Design().accuracy.context


def test_readers_differ_in_the_strategy_they_like(people):
    share = pd.crosstab(people["reader"], people["strategy"], normalize="index")
    assert share.max(axis=1).mean() > 0.45
    assert (share > 0).to_numpy().mean() > 0.95


def test_regions_lie_inside_their_image_and_lesions_match_the_truth(study):
    regions = study.regions.merge(study.cases, on="case")
    assert (regions["x0"] < regions["x1"]).all()
    assert (regions["y0"] < regions["y1"]).all()
    assert (regions["x0"] >= 0).all()
    assert (regions["x1"] <= regions["width"]).all()
    assert (regions["y1"] <= regions["height"]).all()
    lesions = pd.crosstab(study.regions["case"], study.regions["finding"]).reindex(study.cases["case"], fill_value=0)
    for finding in FINDINGS:
        assert (lesions[finding].to_numpy() == study.cases[f"truth_{finding}"].to_numpy()).all()
    assert (study.regions[study.regions["kind"] == "organ"].groupby("case").size() == len(ORGANS)).all()
    assert set(TARGETS) <= set(FINDINGS)


def test_heart_lies_to_the_right_of_the_right_lung(study):
    """The patient's right is on the left of the image."""
    wide = study.regions[study.regions["kind"] == "organ"].pivot_table(index="case", columns="region", values="x0")
    assert (wide["right_lung_lower"] < wide["heart"]).all()
    assert (wide["heart"] < wide["left_lung_lower"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"readers": 0}, "design: readers must be at least 1; got 0"),
        ({"countries": 72}, "design: there are names for 71 countries; got 72"),
        (
            {"readings_per_case": 61},
            "design: readings_per_case must lie between 1 and readers = 60; got 61",
        ),
        ({"rate_hz": 10}, "design: rate_hz must lie between 30 and 2000; got 10"),
        ({"prevalence": 1.5}, "design: prevalence must lie between 0 and 1; got 1.5"),
        (
            {"accuracy": Effects(intercept=0, strategy={"holistc": 1})},
            "design: strategy must be one of systematic, circumferential, central, holistic; got 'holistc'",
        ),
        ({"strategies": ()}, "design: strategies must be different names, at least one; got ()"),
    ],
)
def test_a_wrong_design_is_told_in_one_sentence(change, message):
    with pytest.raises(ValueError, match=r"^design") as caught:
        Design(**change)
    assert str(caught.value) == message


def test_a_wrong_effect_or_model_is_told_in_one_sentence():
    with pytest.raises(ValueError, match=r"^effects: reader_sd must be 0 or more; got -1$"):
        Effects(intercept=0, reader_sd=-1)
    with pytest.raises(ValueError, match=r"style must be 'think', 'boxed' or 'plain'; got 'xml'$"):
        Model(name="m", style="xml")


def test_two_strategies_only_and_one_reader():
    study = simulate_readings(Design(readers=1, cases=30, models=(), strategies=("central", "holistic")), rng=1)
    assert set(study.truth["strategy"]) <= {"central", "holistic"}


def test_a_part_is_its_readings_with_their_cases(study):
    part = study.part(slice(190, 420))
    assert part.readings["reading"].tolist() == list(range(190, 420))
    assert part.truth["reading"].tolist() == list(range(190, 420))
    assert set(part.readings["case"]) == set(part.cases["case"])
    whole = study.regions[study.regions["case"].isin(part.cases["case"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.regions, whole)
    few = study.part(slice(3, 5))
    assert few.cases["case"].tolist() == study.readings["case"].iloc[3:5].tolist()
    assert set(few.regions["case"]) == set(few.cases["case"])
