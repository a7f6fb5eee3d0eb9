"""What effects mean in the default models: parts within and between groups, presence of the target."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.study import default_models, model_frame
from gazeanalytics.study.analyses.models import fit_defaults
from gazeanalytics.study.estimands import adjustments


def readings(cases=40, reads=2, readers=20, seed=1):
    rng = np.random.default_rng(seed)
    case = np.repeat(np.arange(cases), reads)
    reader = np.concatenate([rng.choice(readers, reads, replace=False) for _ in range(cases)])
    hard, present = rng.normal(0, 1, cases), rng.integers(0, 2, cases)
    gaze = 0.6 * hard[case] + rng.normal(0, 1, case.size)
    chance = 1 / (1 + np.exp(-0.5 + hard[case]))
    return pd.DataFrame(
        {
            "reader": reader,
            "case": case,
            "gaze": gaze,
            "strategy": np.where(gaze > 0, "wide", "central"),
            "target_present": present[case],
            "correct": (rng.random(case.size) < chance).astype(int),
        }
    )


def formula(rows, components=()):
    frame = model_frame(rows, components)
    return default_models(frame, components)["accuracy"].formula


def test_strategy_has_its_means_by_case_and_reader_and_crosses_the_presence_of_the_target():
    assert formula(readings()) == (
        "correct ~ strategy * presence + strategy_wide_between_case * presence "
        "+ strategy_wide_between_reader * presence + (1 | reader) + (1 | case) + (0 + presence | reader)"
    )


def test_a_continuum_has_them_too():
    assert formula(readings().drop(columns="strategy"), ("gaze",)).startswith(
        "correct ~ gaze * presence + gaze_between_case * presence + gaze_between_reader * presence + "
    )


@pytest.mark.parametrize(("given", "absent"), [({"cases": 5}, "between_case"), ({"readers": 2}, "between_reader")])
def test_few_groups_have_no_means(given, absent):
    assert absent not in formula(readings(**given))


def test_without_the_truth_of_cases_there_is_no_presence():
    assert "presence" not in formula(readings().drop(columns="target_present"))


def test_a_case_read_once_has_no_mean_of_its_own():
    rows = readings(cases=80).drop_duplicates("case")
    assert "between_case" not in formula(rows)


def test_experience_has_its_parts_where_they_vary():
    rows = readings().assign(experience_years=lambda table: 10.0 + table["reader"])
    assert "+ experience_decades + (1" in formula(rows)
    rows["country"] = rows["reader"] % 6
    assert "experience_decades_between_reader + experience_decades_between_country" in formula(rows)
    grown = rows.drop(columns="country").assign(experience_years=rows["experience_years"] + rows["case"] / 40)
    assert "experience_decades_within_reader + experience_decades_between_reader" in formula(grown)


def test_presence_is_coded_about_its_middle():
    assert sorted(model_frame(readings())["presence"].unique()) == [-0.5, 0.5]


def test_the_means_are_named_as_adjustments():
    assert adjustments(model_frame(readings())) == ["strategy_wide_between_case", "strategy_wide_between_reader"]


def test_gaze_that_follows_difficulty_is_not_taken_for_an_effect():
    """True effect 0; without the case's mean the estimate lies 8 of its standard errors off."""
    rows = model_frame(readings(cases=2000, readers=50), ("gaze",)).drop(columns="strategy")
    fits, refused = fit_defaults(rows, default_models(rows, ("gaze",)))
    assert not refused
    found = fits["accuracy"].estimates().set_index("term")
    assert abs(found.loc["gaze", "statistic"]) < 3
    assert found.loc["gaze_between_case", "statistic"] < -5


def signals(d_prime, criterion, seed=4, readers=40, cases=60):
    """Equal-variance signal detection: readers call what exceeds their criterion."""
    rng = np.random.default_rng(seed)
    reader, case = np.divmod(np.arange(readers * cases), cases)
    present, wide = case % 2, rng.integers(0, 2, reader.size)
    strength = (d_prime + 0.6 * wide) * (present - 0.5) + rng.normal(size=reader.size)
    called = strength > criterion - 0.3 * wide
    table = {"reader": reader, "case": case, "strategy": np.where(wide, "wide", "central"), "target_present": present}
    return pd.DataFrame(table).assign(correct=(called == (present == 1)).astype(int))


def test_probit_effects_on_correct_readings_are_those_on_d_prime_and_the_criterion():
    rows = model_frame(signals(1.4, 0.25))
    model = default_models(rows, link="probit")["accuracy"]
    assert model.link == "probit"
    fit = fit_defaults(rows, {"accuracy": model.model_copy(update={"formula": SIGNALS})})[0]["accuracy"]
    found = dict(zip(fit.names, fit.coefficients, strict=True))
    error = dict(zip(fit.names, fit.std_errors, strict=True))
    planted = {"(Intercept)": 1.4 / 2, "presence": -2 * 0.25, "strategy[wide]": 0.6 / 2, SHIFT: -2 * -0.3}
    for name, value in planted.items():
        assert found[name] == pytest.approx(value, abs=3 * error[name])
    assert max(error.values()) < 0.15


SIGNALS = "correct ~ strategy * presence + (1 | reader)"
SHIFT = "strategy[wide]:presence"


def test_only_two_valued_outcomes_take_the_link():
    rows = model_frame(readings().assign(uncertainty=np.random.default_rng(0).uniform(0.1, 0.9, 80)))
    models = default_models(rows, link="probit")
    assert [models[name].link for name in ("accuracy", "uncertainty")] == ["probit", ""]
    fits, refused = fit_defaults(rows, models)
    assert fits["accuracy"].family.link == "probit"
    assert not refused
