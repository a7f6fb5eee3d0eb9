"""The registry of analyses: their order, what a study lacks for them, and a new file as a new analysis."""

import re
import sys

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.study import Analysis, NotPossibleError, Outcome, analyse, open_study, plan, registry
from gazeanalytics.study import analyses as room
from gazeanalytics.study.analyses import _in_order
from gazeanalytics.tables import InputError


def dummy(name, **given):
    return Analysis(name=name, question="Is it there?", run=lambda known, options: Outcome(), **given)


def add_toml(study, text):
    with (study / "study.toml").open("a") as file:
        file.write(f"\n{text}\n")


def test_every_analysis_comes_after_those_that_make_its_tables():
    names = list(registry())
    made = {table: name for name, analysis in registry().items() for table in analysis.makes if table[0] != "c"}
    for name, analysis in registry().items():
        for table in {*analysis.needs, *analysis.uses} & set(made):
            assert names.index(made[table]) < names.index(name), (name, table)


def test_order_follows_from_needs_and_a_circle_is_refused():
    first, second = dummy("b", makes=("t",)), dummy("a", needs=("t",))
    assert list(_in_order({"a": second, "b": first})) == ["b", "a"]
    with pytest.raises(ValueError, match="need one another in a circle: a, b"):
        _in_order({"a": dummy("a", needs=("t",), makes=("u",)), "b": dummy("b", needs=("u",), makes=("t",))})


def test_a_study_of_fixations_alone_is_told_what_it_lacks(small):
    planned = plan(open_study(small))
    assert planned["events"].runs
    assert planned["findings"].missing == ("the study has no table findings or traces; add findings.csv or traces.csv")
    assert planned["agreement"].missing == planned["findings"].missing
    assert planned["aoi_metrics"].missing == "the study has no table regions; add regions.csv"


def test_analyses_are_switched_off_and_options_checked(small):
    add_toml(small, "[analyses.quality]\nmax_loss = 0.5\n[analyses.strategies]\nrun = false")
    planned = plan(open_study(small))
    assert planned["quality"].options.max_loss == 0.5
    assert not planned["strategies"].on
    found = analyse(open_study(small))
    assert "strategies" not in found.outcomes
    assert found.strategies is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[analyses.agreemnt]\nrun = true", "analyses.agreemnt: there is no such analysis; did you mean 'agreement'?"),
        ("[analyses.quality]\nmaxloss = 1", "analyses.quality: 'maxloss' is not known; did you mean 'max_loss'?"),
        ("[analyses.quality]\nmax_loss = 'much'", "'max_loss' expected a number; got 'much'"),
        ("[analyses.quality]\nrun = 'no'", "analyses.quality.run: expected true or false; got 'no'"),
        ("[analyses.readers]\nbins = 3", "analyses.readers: 'bins' is not known"),
    ],
)
def test_slips_in_study_toml_are_named(small, text, words):
    add_toml(small, text)
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        plan(open_study(small))
    assert str(small / "study.toml") in str(caught.value)


def test_only_runs_what_is_asked_for_with_what_it_needs(small):
    found = analyse(open_study(small), only=["quality"])
    assert set(found.outcomes) == {"events", "exclusions", "quality"}
    with pytest.raises(InputError, match="there is no such analysis; did you mean 'quality'"):
        plan(open_study(small), ["qualty"])


def test_an_analysis_that_the_data_refuse_takes_those_that_need_it_along(small, monkeypatch):
    def refuse(known, options):
        raise NotPossibleError("these data are shy")

    shy = Analysis(name="shy", question="?", run=refuse, makes=("shyness",))
    bold = dummy("bold", needs=("shyness",))
    monkeypatch.setattr(sys.modules["gazeanalytics.study.planning"], "registry", lambda: {"shy": shy, "bold": bold})
    found = analyse(open_study(small))
    assert found.skipped == {
        "shy": "these data are shy",
        "bold": "these data are shy",
    }


def test_a_new_file_is_a_new_analysis(small, tmp_path, monkeypatch):
    """What CONTRIBUTING.md promises: one file, found by itself, with options, a table and a part of the page."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "longest_fixation.py").write_text(
        """
from dataclasses import dataclass
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part
from gazeanalytics.study.result import Outcome

@dataclass(frozen=True, slots=True)
class Options(Settings):
    above_ms: float = 250.0

def run(known, options):
    longest = known.fixations.groupby("reading", observed=True)["duration"].max().reset_index()
    return Outcome(tables={"longest": longest[longest["duration"] > options.above_ms]})

def show(known, outcome):
    yield Part("Longest fixations", f"{len(outcome.tables['longest'])} readings dwell long.")

ANALYSIS = Analysis(name="longest_fixation", question="Who stares?", run=run, options=Options,
                    needs=("fixations",), makes=("longest",), show=show)
"""
    )
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path / "more")])
    registry.cache_clear()
    try:
        add_toml(small, "[analyses.longest_fixation]\nabove_ms = 280")
        found = analyse(open_study(small), tmp_path / "out", only=["longest_fixation", "readers"])
        assert (found.table("longest")["duration"] > 280).all()
        written = pd.read_parquet(tmp_path / "out" / "data" / "longest.parquet")
        # Written in the order of pseudonyms.
        assert sorted(written["duration"]) == sorted(found.table("longest")["duration"])
        assert len(set(written["reading"])) == len(written)
        assert "readings dwell long" in (tmp_path / "out" / "report.html").read_text()
    finally:
        registry.cache_clear()
        sys.modules.pop("gazeanalytics.study.analyses.longest_fixation", None)


def test_words_alone_are_a_study(tmp_path):
    """Traces without any gaze: findings, calls and readings are there, and the page says what is missing."""
    from gazeanalytics.study.examples import example_study

    study = example_study()
    for name in ("fixations", "regions"):
        (study.folder / f"{name}.csv").unlink()
    found = analyse(open_study(study.folder), tmp_path / "out")
    assert {"findings", "calls", "readings"} <= set(found.outcomes)
    assert found.skipped["events"] == ("the study has no table samples or fixations; add samples.csv or fixations.csv")
    assert found.readings["correct"].notna().all()
    assert "no table samples or fixations" in (tmp_path / "out" / "report.html").read_text()


def test_the_sample_study_answers_every_question(sample_results):
    """But for how the words of a context are used, which are codes, and predictions, which take more than 36 cases."""
    assert list(sample_results.skipped) == ["context_use", "disagreement_prediction"]
    assert "have a column with the words of an indication" in sample_results.skipped["context_use"]
    assert {*sample_results.outcomes, *sample_results.skipped} == set(registry())


def test_calls_hold_what_was_said_and_what_was_true(sample_results):
    calls = sample_results.table("calls")
    assert calls["finding"].nunique() == 14
    assert not calls.duplicated(["reading", "finding"]).any()
    assert (calls["called"] == (calls["certainty"] >= 0.5)).all()
    of_target = calls.merge(sample_results.readings[["reading", "target", "correct"]], on="reading")
    of_target = of_target[(of_target["finding"] == of_target["target"]) & of_target["correct"].notna()]
    np.testing.assert_array_equal(of_target["called"] == of_target["truth"], of_target["correct"] == 1)


def test_agreement_and_disagreement_are_two_sides(sample_results):
    """Mean disagreement of a finding is 1 less the observed agreement of its pairs, each case weighted alike."""
    agreement = sample_results.table("agreement")
    people = agreement[(agreement["readers"] == "people") & (agreement["term"] == "gwet")].set_index("model")
    by_finding = sample_results.table("disagreement").groupby("finding")["disagreement"].mean()
    np.testing.assert_allclose(1 - people["observed"], by_finding.reindex(people.index), atol=1e-12)


def test_search_errors_count_every_lesion_once(sample_results):
    lesions = sample_results.table("search_errors")
    assert not lesions.duplicated(["reading", "region"]).any()
    assert lesions["outcome"].notna().all()
    assert set(sample_results.readings.set_index("reading").loc[lesions["reading"], "kind"]) == {"person"}


def test_aoi_metrics_agree_with_visits(sample_results):
    visits, metrics = sample_results.table("visits"), sample_results.table("aoi_metrics")
    assert metrics["dwell_time_ms"].sum() == pytest.approx(visits["duration"].sum())
    assert metrics["n_visits"].sum() == len(visits)


def test_mrmc_sensitivity_is_the_mean_over_people(sample_results):
    """In a complete design the estimate for people is the mean of their own shares."""
    table = sample_results.table("mrmc")
    people = table[table["readers"] == "people"].set_index("measure")["estimate"]
    calls = sample_results.table("calls").merge(sample_results.study.table("cases")[["case", "target"]], on="case")
    calls = calls[(calls["finding"] == calls["target"]) & (calls["kind"] == "person") & (calls["truth"] == 1)]
    assert people["sensitivity"] == pytest.approx(calls.groupby("reader")["called"].mean().mean())
    assert set(sample_results.table("roc_curves")["curve"]) == {"people", "AI readers"}


def test_metacognition_has_all_measures_of_each_group(sample_results):
    table = sample_results.table("metacognition").pivot(index="model", columns="term", values="estimate")
    assert table["accuracy"].between(0, 1).all()
    assert table.loc["people", "m_ratio"] == pytest.approx(
        table.loc["people", "meta_d_prime"] / table.loc["people", "d_prime"], rel=0.2
    )


def test_metacognition_gives_no_interval_from_a_handful_of_draws(sample_results):
    table = sample_results.table("metacognition")
    few = table["draws"] < 100
    assert few.any()
    assert table.loc[few, ["conf_low", "conf_high"]].isna().all().all()
    assert table.loc[few, "note"].str.contains("raise max_fits").all()


def test_strategy_switches_add_up_to_persistence(sample_results):
    switches = sample_results.table("strategy_switches")
    kept = switches[switches["strategy"] == switches["next"]].set_index("strategy")["probability"]
    persistence = sample_results.table("strategy_persistence").set_index("strategy")["persistence"]
    np.testing.assert_allclose(kept, persistence[kept.index])


def test_contrasts_of_strategies_are_differences_of_levels(sample_results):
    """On the identity link, a contrast is the difference of two marginal means."""
    means = sample_results.table("model_means").query("model == 'uncertainty'").set_index("contrast")["estimate"]
    contrasts = sample_results.table("model_contrasts").query("model == 'uncertainty'")
    for pair, estimate in zip(contrasts["contrast"], contrasts["estimate"], strict=True):
        first, second = pair.split(" - ")
        assert estimate == pytest.approx(means[first] - means[second])


def test_scanpaths_of_one_case_are_more_alike_than_those_of_two(sample_results):
    found = sample_results.table("scanpath_similarity")
    between = found[found["relation"] == "between readers"].set_index("score")
    for name in ("scanmatch", "position", "similarity"):
        assert between.loc[name, "corrected"] > 0, name
    assert between.loc["dtw_deg", "mean"] < between.loc["dtw_deg", "chance"]
    assert found.loc[found["score"] == "recurrence", "corrected"].isna().all()


def test_other_readers_predict_gaze_better_than_a_centre_bias(sample_results):
    found = sample_results.table("gaze_prediction").pivot(index="measure", columns="predictor", values="mean")
    for name in ("nss", "cc", "auc", "auc_shuffled", "sim"):
        assert found.loc[name, "other readers"] > found.loc[name, "centre bias"], name
    assert found.loc["gain_over_other_cases_bits", "other cases"] == 0
    patches = sample_results.table("attention_patches")
    assert not patches.duplicated(["case", "rank"]).any()
    assert patches["share"].between(0, 1).all()


def test_search_goes_from_ambient_to_focal_and_covers_more_and_more(sample_results):
    course = sample_results.table("search_course")
    assert course["coverage_share"].is_monotonic_increasing
    assert course["ambient_focal"].iloc[0] < 0 < course["ambient_focal"].iloc[-1]
    assert sample_results.table("saccade_directions")["share"].sum() == pytest.approx(1)
    assert sample_results.table("systematicity")["distance"].between(0, 1).all()


def test_markov_moves_from_a_region_add_up_to_one(sample_results):
    moves = sample_results.table("markov_moves")
    np.testing.assert_allclose(moves.groupby(["strategy", "origin"])["probability"].sum(), 1)
    assert sample_results.table("hmm_members")["reader"].is_unique


def test_stages_count_each_statement_once(sample_results):
    accuracy, order = sample_results.table("stage_accuracy"), sample_results.table("stage_order")
    assert not accuracy.duplicated(["reading", "stage"]).any()
    np.testing.assert_allclose(accuracy["accuracy"], accuracy["correct"] / accuracy["statements"])
    assert (order["back_tracks"] <= order["moves"]).all()
    kinds = sample_results.readings.set_index("reading").loc[order["reading"], "kind"]
    assert set(kinds) == {"person"}, "an AI reader writes its thought as one step"


def test_readers_of_a_case_say_more_alike(sample_results):
    found = sample_results.table("trace_similarity_estimates").set_index(["model", "term"])["estimate"]
    assert found["case similarity", "same"] > found["case similarity", "different"]
    assert found["retrieval", "recall_at_1"] > 5 * found["retrieval", "chance_at_1"]
    predicted = sample_results.table("trace_predictions")
    assert predicted["predicted"].between(0, 1).all()


def test_eye_voice_spans_end_where_the_mention_begins(sample_results):
    mentions = sample_results.table("mentions")
    np.testing.assert_allclose(mentions["span_ms"], mentions["begin"] - mentions["looked"])
    assert mentions["grounding"].dropna().between(0, 1).all()
    spans = sample_results.table("eye_voice_spans")
    assert spans["mentions"].sum() == len(mentions)


def test_errors_of_ai_readers_add_up_to_what_was_true(sample_results):
    errors = sample_results.table("report_errors")
    assert not errors["reading"].duplicated().any()
    assert (errors["found"] + errors["missed"] == errors["true"]).all()
    rewards = sample_results.table("ai_rewards")
    assert set(rewards["reading"]) == set(errors.loc[errors["kind"] == "model", "reading"])
    assert rewards["set"].between(0, 1).all()
