"""What strategies are worth and who uses them: planted differences on the page, and what the data can't answer."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.strategies import StrategyModel
from gazeanalytics.study import NotPossibleError, open_study
from gazeanalytics.study.analyses import audit, strategy_effects, strategy_use
from gazeanalytics.study.result import Outcome, StrategiesOutcome, StudyResult

READERS, CASES = 24, 30


def planted(seed=3):
    """Readings of two strategies: the second finds more targets; experience draws readers to it."""
    rng = np.random.default_rng(seed)
    reader, case = np.divmod(np.arange(READERS * CASES), CASES)
    years = rng.uniform(1, 30, READERS).round(1)
    second = rng.random(reader.size) < 1 / (1 + np.exp(-(years[reader] - 15) / 8))
    present = case % 2
    odds = 0.3 + 1.5 * second * present + rng.normal(0, 0.4, READERS)[reader] + rng.normal(0, 0.5, CASES)[case]
    readings = pd.DataFrame(
        {
            "reading": np.arange(reader.size),
            "reader": [f"r{i:02}" for i in reader],
            "case": [f"c{i:02}" for i in case],
            "kind": "person",
            "experience_years": years[reader],
            "correct": (rng.random(reader.size) < 1 / (1 + np.exp(-odds))).astype(float),
            "target_present": present.astype(float),
        }
    )
    features = pd.DataFrame(
        rng.normal(0, 1, (reader.size, 4)) + 2.2 * second[:, None], columns=[f"measure_{k}" for k in range(4)]
    )
    features.insert(0, "reading", readings["reading"])
    return readings, features, second


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    readings, features, second = planted()
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.toml").write_text('[study]\nname = "planted"\n')
    readings[["reading", "reader", "case"]].to_csv(folder / "readings.csv", index=False)
    readings[["reader", "kind", "experience_years"]].drop_duplicates().to_csv(folder / "readers.csv", index=False)
    pd.DataFrame({"case": sorted(set(readings["case"])), "width": 1000, "height": 800}).to_csv(
        folder / "cases.csv", index=False
    )
    fitted = StrategyModel.fit(features, settings={"n_resamples": 19}, rng=1)
    assert fitted.verdict == "types"
    assert len(fitted.names) == 2
    placed = fitted.assign(features)
    readings = readings.merge(placed, on="reading")
    outcomes = {
        "strategies": StrategiesOutcome(fitted=fitted, tables={"strategies": placed}),
        "readings": Outcome(tables={"readings": readings, "features": features}),
    }
    better = placed.loc[second, "strategy"].mode().item()
    return StudyResult(open_study(folder), outcomes), better


def test_the_planted_difference_in_sensitivity_is_found_and_none_in_specificity(known):
    result, better = known
    found = strategy_effects.run(result, strategy_effects.StrategyEffectOptions())
    rows = found.differences[found.differences["by"] == "strategy"].set_index(["model", "estimator"])
    sign = 1 if rows["contrast"].iloc[0].startswith(better) else -1
    assert sign * rows.loc[("sensitivity", "corrected"), "estimate"] > 0.1
    assert rows.loc[("sensitivity", "corrected"), "p_value"] < 0.05
    assert abs(rows.loc[("specificity", "corrected"), "estimate"]) < 0.15
    assert abs(rows.loc[("sensitivity", "as assigned"), "estimate"]) < abs(
        rows.loc[("sensitivity", "corrected"), "estimate"]
    )
    assert 0 < found.misplaced < 0.05


def test_the_page_says_what_was_averaged_and_how_many_are_misplaced(known):
    result, _ = known
    found = strategy_effects.run(result, strategy_effects.StrategyEffectOptions())
    (part,) = strategy_effects.show(result, found)
    for words in ("Largest difference in sensitivity", "without correction", "in the wrong strategy", "associations"):
        assert words in part.text
    assert set(part.figures) == {"strategy_differences", "strategy_rates"}
    text = part.tables["strategy_rates"].text
    assert list(text.columns) == ["rate", "by", "at", "corrected", "as assigned"]
    assert set(text["rate"]) == {"sensitivity", "specificity"}


def test_experience_goes_with_the_strategy_that_it_draws_readers_to(known):
    result, better = known
    found = strategy_use.run(result, strategy_use.StrategyUseOptions())
    row = found.differences[found.differences["level"] == better].iloc[0]
    assert row["by"] == "experience"
    assert row["conf_low"] > 0
    assert found.misplaced > 0.005
    assert found.imputed == 5
    (part,) = strategy_use.show(result, found)
    for words in ("multinomial logit", "strategies were imputed 5 times", "Rubin's rules"):
        assert words in part.text
    likeliest = strategy_use.run(result, strategy_use.StrategyUseOptions(max_misplaced=0.5))
    assert likeliest.imputed == 0
    # Misplaced readings draw the shares to one another.
    assert abs(likeliest.differences["estimate"].iloc[0]) < abs(found.differences["estimate"].iloc[0])
    assert "each stands in its likeliest" in strategy_use.methods(result, likeliest)


def without(result, **changed):
    readings = result.readings.drop(columns=list(changed.get("drop", [])))
    outcomes = {**result.outcomes, "readings": Outcome(tables={"readings": readings, "features": result.features})}
    for name in changed.get("lost", []):
        del outcomes[name]
    return StudyResult(result.study, outcomes)


@pytest.mark.parametrize(
    ("analysis", "change", "words"),
    [
        (strategy_effects, {"lost": ["strategies"]}, "no search strategies were found"),
        (strategy_effects, {"drop": ["correct"]}, "no reading is known to be right or wrong"),
        (strategy_use, {"lost": ["strategies"]}, "no types of search strategies were found"),
        (strategy_use, {"drop": ["experience_years"]}, "experience, context and condition don't vary"),
    ],
)
def test_what_the_data_cannot_answer_is_said(known, analysis, change, words):
    with pytest.raises(NotPossibleError) as caught:
        analysis.run(without(known[0], **change), analysis.ANALYSIS.options())
    assert str(caught.value) == words


def test_without_the_presence_of_a_target_it_is_accuracy(known):
    found = strategy_effects.run(without(known[0], drop=["target_present"]), strategy_effects.StrategyEffectOptions())
    assert set(found.rates["model"]) == {"accuracy"}


def along_a_continuum(known, scores=None):
    """The planted readings, their strategies taken as a continuum with its own scores, or others."""
    result, _ = known
    features, fitted = result.features, result.strategies
    own = fitted.components(features)["component 1"].to_numpy()
    readings = result.readings.assign(component_1=own if scores is None else scores)
    outcomes = {
        "strategies": StrategiesOutcome(fitted=fitted, components=("component_1",)),
        "readings": Outcome(tables={"readings": readings, "features": features}),
    }
    return StudyResult(result.study, outcomes)


def test_a_continuum_is_compared_along_its_components_calibrated_and_as_measured(known):
    whole = along_a_continuum(known)
    found = strategy_effects.run(whole, strategy_effects.StrategyEffectOptions())
    assert set(found.rates["estimator"]) == {"corrected", "as measured"}
    rows = found.differences[(found.differences["by"] == "component_1") & (found.differences["model"] == "sensitivity")]
    assert set(rows["contrast"]) == {"1 - -1"}
    corrected, measured = rows.set_index("estimator")["estimate"][["corrected", "as measured"]]
    (share,) = found.reliability["within"]
    # The more of a score within readers and cases is error, the more is its effect pulled towards 0.
    assert 0.5 < share < found.reliability["reliability"].item() < 0.95
    assert corrected > measured * 1.05 > 0
    (part,) = strategy_effects.show(whole, found)
    assert (
        "reliability (McDonald's omega), and in brackets that within readers and cases, is component 1 0." in part.text
    )
    assert "regression calibration, Carroll et al. 2006" in part.text
    assert "without correction" in part.text
    (claim,) = audit.score_error(whole, audit.AuditOptions(min_reliability=0.95))
    assert claim.where == "every effect of component 1"
    assert claim.number == f"reliability {found.reliability['reliability'].item():.2f} (McDonald's omega)"
    assert not list(audit.score_error(whole, audit.AuditOptions(min_reliability=0.5)))


def test_scores_that_are_all_error_are_compared_as_measured(known):
    scores = 0.3 * np.random.default_rng(1).normal(size=READERS * CASES)
    whole = along_a_continuum(known, scores)
    found = strategy_effects.run(whole, strategy_effects.StrategyEffectOptions())
    assert set(found.rates["estimator"]) == {"as measured"}
    (part,) = strategy_effects.show(whole, found)
    assert "That error is not corrected, and makes differences too small: 'component_1' varies within" in part.text


def test_where_every_case_holds_the_target_there_is_sensitivity_alone(known):
    rows = known[0].readings.assign(target_present=True)
    result = without(known[0])
    result.outcomes["readings"] = Outcome(tables={"readings": rows, "features": result.features})
    found = strategy_effects.run(result, strategy_effects.StrategyEffectOptions())
    assert set(found.rates["model"]) == {"sensitivity"}
    assert found.refused == {"specificity": "all cases hold the target"}
