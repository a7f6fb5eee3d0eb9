"""The audit: each rule names a fault that was planted, and is silent without it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.study import ModelConfig, default_models, model_frame
from gazeanalytics.study.analyses import audit
from gazeanalytics.study.analyses.audit import RULES, AuditOptions
from gazeanalytics.study.analyses.models import fit_defaults
from gazeanalytics.study.analyses.search_errors import SearchErrorOptions, SearchErrorOutcome
from gazeanalytics.study.result import ModelsOutcome, Outcome, StrategiesOutcome, StudyResult


def readings(cases=40, reads=12, readers=20, countries=12, seed=1):
    rng = np.random.default_rng(seed)
    case = np.repeat(np.arange(cases), reads)
    reader = np.concatenate([rng.choice(readers, reads, replace=False) for _ in range(cases)])
    return pd.DataFrame(
        {
            "reading": np.arange(case.size),
            "reader": reader,
            "case": case,
            "kind": "person",
            "country": reader % countries,
            "strategy": rng.choice(["central", "wide"], case.size),
            "target_present": (case % 2).astype(float),
            "correct": rng.integers(0, 2, case.size),
            "uncertainty": rng.uniform(0.05, 0.95, case.size),
        }
    )


class _Study:
    """A study that has no tables of its own."""

    def __init__(self, of=""):
        self.config = SimpleNamespace(features=SimpleNamespace(restricted=of))

    def has(self, name):
        return False

    def table(self, name):
        raise KeyError(name)


def known(rows, *, models=None, **tables):
    """What an analysis sees: readings, strategies with their strength, models."""
    given = {"readings": rows, **tables}
    outcomes = {"readings": Outcome(tables=given), "strategies": StrategiesOutcome(fitted=None)}
    frame = model_frame(rows)
    chosen = default_models(frame) if models is None else models
    fits, refused = fit_defaults(frame, chosen)
    each = [fit.estimates(model=name) for name, fit in fits.items()]
    estimates = pd.concat(each, ignore_index=True) if each else pd.DataFrame()
    outcomes["models"] = ModelsOutcome(
        models=chosen, rows=frame, fits=fits, refused=refused, tables={"estimates": estimates}
    )
    return StudyResult(study=_Study(), outcomes=outcomes)


def claims(found, **options):
    return {claim.rule: claim for rule in RULES for claim in rule(found, AuditOptions(**options))}


@pytest.fixture(scope="module")
def sound():
    return known(readings())


def test_a_sound_study_has_its_causal_caveat_and_no_fault_of_the_data(sound):
    assert set(claims(sound, max_detectable=5)) <= {"causal", "fit", "multiplicity"}


def test_the_causal_caveat_stands_wherever_a_model_has_strategy(sound):
    assert "may follow the decision" in claims(sound)["causal"].remedy


def test_gaze_before_the_decision_leaves_the_choice_of_the_readers(sound):
    early = replace(sound, study=_Study("the first 2 s"))
    claim = claims(early)["causal"]
    assert "strategies are of the first 2 s" in claim.number
    assert "may follow the decision" not in claim.remedy
    assert "assign ways of searching at random" in claim.remedy


def test_outcomes_at_one_value_are_named():
    rows = readings()
    rows.loc[rows.index[: int(0.905 * len(rows))], "uncertainty"] = 0.02
    claim = claims(known(rows))["pile-up"]
    assert claim.number.startswith("90.4% of readings at 0.02")
    assert "ordinal" in claim.remedy


def test_lesions_never_fixated_are_named():
    errors = pd.DataFrame({"time_to_first_fixation_ms": [np.nan] * 32 + [100.0] * 68})
    claim = claims(known(readings(), search_errors=errors))["censoring"]
    assert claim.number == "32.0% of 100 lesions never fixated"


def test_search_errors_that_hang_on_the_radius_are_named():
    found = known(readings())
    sensitivity = pd.DataFrame({"radius": [1.0, 2.0, 4.0], "search": [50, 30, 10]})
    found.outcomes["search_errors"] = SearchErrorOutcome(
        lesions=pd.DataFrame(index=range(100)), sensitivity=sensitivity, options=SearchErrorOptions()
    )
    assert claims(found)["AOI radius"].number == "missed by search 50.0% to 10.0% of lesions from 1 to 4 deg"


def test_expected_misplacements_are_named():
    rows = readings()
    strategies = pd.DataFrame({"strategy": ["a"] * 4, "strength": [0.9, 0.94, 1.0, 1.0]})
    assert claims(known(rows, strategies=strategies))["misclassification"].number.startswith("4.0% of 4 readings")
    surer = strategies.assign(strength=0.99)
    assert "misclassification" not in claims(known(rows, strategies=surer))


def test_small_cells_few_reads_and_few_groups_are_named():
    found = claims(known(readings(cases=60, reads=2, readers=8, countries=6)), min_cell=100)
    assert found["small cells"].where.startswith("strategy '")
    assert found["reads a case"].number == "median 2 readings a case, 0% of cases read once"
    assert found["few readers"].number == "8 readers"
    assert found["few countries"].number == "6 countries"


def test_the_caveat_stands_where_only_the_worth_of_strategies_is_told(sound):
    """As where a study has models of its own, without strategy."""
    differences = pd.DataFrame({"by": ["strategy", "component_1", "experience"], "estimate": 0.1})
    found = known(sound.readings, models={}, strategy_differences=differences)
    assert claims(found)["causal"].number.startswith("2 estimates")


def test_strategies_that_follow_the_number_of_fixations_are_named():
    rows = readings()
    rng = np.random.default_rng(5)
    level = rows["strategy"].astype("category").cat.codes
    free = rows.assign(fixations=rng.poisson(30, len(rows)))
    bound = rows.assign(fixations=rng.poisson(20 + 40 * level))
    assert "length" not in claims(known(free))
    claim = claims(known(bound))["length"]
    assert "rank variance with the number of fixations" in claim.number
    assert "length" not in claims(known(bound), max_length=0.999)


def test_tests_are_counted_beside_their_corrections():
    rows = readings(cases=100, seed=3)
    names = [f"x{k}" for k in range(20)]
    rows = rows.assign(**dict(zip(names, np.random.default_rng(2).normal(size=(20, len(rows))), strict=True)))
    models = {name: ModelConfig(formula=f"correct ~ {name} + (1 | reader)", family="gaussian") for name in names}
    found = known(rows, models=models)
    p_values = found.estimates.set_index("term").loc[names, "p_value"]
    claim = claims(found)["multiplicity"]
    assert claim.number.startswith(f"20 tests: {(p_values < 0.05).sum()} with p < .05 (1.0 expected by chance alone)")


def test_an_effect_of_strategy_without_the_means_of_cases_is_confounded(sound):
    model = {"mine": ModelConfig(formula="correct ~ strategy + (1 | reader) + (1 | case)", family="binomial")}
    assert claims(known(readings(), models=model))["confounding"].where == "model mine"
    assert "confounding" not in claims(sound)


def test_what_a_study_could_not_have_found_is_named():
    claim = claims(known(readings(cases=40, reads=3, seed=5)))["power"]
    assert "smallest effect found in 4 of 5 such studies" in claim.number


def test_fits_on_the_edge_are_named():
    rows = readings()
    rows["correct"] = np.random.default_rng(4).permutation(np.tile([0, 1], len(rows) // 2))
    found = known(rows)
    noted = any(note.startswith("singular") for fit in found.fits.values() for note in fit.notes)
    assert noted == ("fit" in claims(found))


def test_the_table_says_rule_place_number_and_remedy(sound):
    outcome = audit.run(sound, AuditOptions())
    assert list(outcome.tables["audit"]) == ["rule", "where", "number", "remedy"]
    (part,) = audit.show(sound, outcome)
    assert part.text.startswith("14 rules were applied; ")
    none = Outcome(tables={"audit": outcome.tables["audit"].iloc[:0]})
    (part,) = audit.show(sound, none)
    assert "none found a fragile claim" in part.text
