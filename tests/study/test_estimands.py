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
