"""People against AI readers: the model of lme4, which AI readers count as a sample, and what the page says."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import stats
from gazeanalytics.study import NotPossibleError
from gazeanalytics.study.analyses.human_against_ai import differences, kind_frame, kind_models, run

R = Path(__file__).parents[1] / "stats" / "r"
REFERENCE = json.loads((R / "human_against_ai.json").read_text())
RIGHT = "0 + person + ai + (1 | case) + (0 + person | reader) + (0 + ai | case) + (0 + ai | reader)"


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(R / "human_against_ai.csv")


def test_the_binomial_model_is_that_of_glmer(data):
    fit, reference = stats.mixed(f"correct ~ {RIGHT}", data, family="binomial"), REFERENCE["binomial"]
    assert fit.log_likelihood == pytest.approx(reference["log_likelihood"], abs=1e-5)
    difference = differences(fit).set_index("term").loc["people - AI"]
    assert difference["estimate"] == pytest.approx(reference["difference"], abs=1e-4)
    assert difference["std_error"] == pytest.approx(reference["difference_error"], rel=1e-3)
    # 6 AI readers, one mean.
    assert difference["df"] == 5
    spreads = fit.estimates().set_index("term")["estimate"]
    names = {("case", "(Intercept)"): "sd(case)", ("case.1", "ai"): "sd(case: ai)"}
    names |= {("reader", "ai"): "sd(reader: ai)", ("reader.1", "person"): "sd(reader: person)"}
    found = {(row["grp"].split(".")[0], row["var1"]): row["sdcor"] for row in reference["sd"]}
    for (group, coefficient), name in names.items():
        assert spreads[name] == pytest.approx(found[group.split(".")[0], coefficient], abs=1e-3)


def test_the_gaussian_difference_is_that_of_lmertest(data):
    found = differences(stats.mixed(f"score ~ {RIGHT}", data)).set_index("term").loc["people - AI"]
    reference = REFERENCE["gaussian"]
    names = {"estimate": "difference", "std_error": "difference_error", "df": "df", "p_value": "p_value"}
    for mine, theirs in (names | {"conf_low": "low", "conf_high": "high"}).items():
        assert found[mine] == pytest.approx(reference[theirs], rel=1e-4, abs=1e-7)


def readings(models, people=8, cases=20):
    rng = np.random.default_rng(1)
    names = [f"p{k}" for k in range(people)] + [f"m {k}" for k in range(models)]
    rows = pd.DataFrame([(name, case) for name in names for case in range(cases)], columns=["reader", "case"])
    kind = np.where(rows["reader"].str.startswith("p"), "person", "model")
    return rows.assign(kind=kind, correct=rng.integers(0, 2, len(rows)), target_present=rows["case"] % 2)


def formula(rows):
    return kind_models(kind_frame(rows))["accuracy"].formula


def test_few_ai_readers_are_taken_as_they_are():
    assert formula(readings(3)) == (
        "correct ~ 0 + person + ai + ai_m_1 + ai_m_2 + person:presence + ai:presence + (1 | case) "
        "+ (0 + person | reader) + (0 + person:presence | reader) + (0 + ai | case)"
    )
    assert formula(readings(1)).count("ai") == 2


def test_the_level_of_ai_is_the_mean_of_few():
    rows = kind_frame(readings(3).drop(columns="target_present"))
    fit = stats.mixed("correct ~ 0 + person + ai + ai_m_1 + ai_m_2 + (1 | case)", rows)
    means = rows[rows["ai"] == 1].groupby("reader")["correct"].mean()
    assert fit.coefficients[list(fit.names).index("ai")] == pytest.approx(means.mean())


def test_five_ai_readers_vary_as_readers_of_their_own():
    assert formula(readings(5)).endswith("+ (0 + ai | case) + (0 + ai | reader)")
    assert "ai_m" not in formula(readings(5))


class _Known:
    def __init__(self, rows):
        self.readings = rows


def test_people_and_ai_have_to_be_there():
    with pytest.raises(NotPossibleError, match="readings of people and of AI readers are not both there"):
        run(_Known(readings(0)), None)
    with pytest.raises(NotPossibleError, match="how people differ needs at least 5 of them"):
        run(_Known(readings(2, people=4)), None)


def test_the_difference_of_effects_of_presence_stands_beside():
    found = run(_Known(readings(2)), None)
    assert found.tables["human_ai"]["term"].tolist()[:2] == ["people - AI", "people - AI: presence"]
