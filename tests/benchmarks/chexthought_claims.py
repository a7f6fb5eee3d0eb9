"""The claims of CheXthought's abstract on a simulated release of its shape: planted, found, interval, CPU seconds.

Each row is one claim: what was planted (from the truth beside the study, which no analysis sees) and what the one
command finds through the study's own files and their map; `held` says whether the interval holds the planted value. A
planted AUROC is what the planted signal alone would reach on the disagreements that were drawn, as two readers a case
leave most of a split to luck: a bound from above for a prediction that has to learn 32 directions from some hundred
cases. A conformal coverage is a bound from below. Where their intervals miss it on that side, `held` says so.

Run: NUMBA_NUM_THREADS=1 python tests/benchmarks/chexthought_claims.py --share 0.01 --seed 1
"""

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, roc_auc_score

from gazeanalytics.simulate import Design, planted_effects, simulate_study
from gazeanalytics.study import analyse, open_study

# The planted effects are of types of search that both models know; groups are crossed as they were drawn.
MODELS = """
[models.right]
formula = "correct ~ strategy + context + experience_decades + (1 | reader) + (1 | case) + (1 | country)"
family = "binomial"
[models.unsure]
formula = "log(uncertainty / (1 - uncertainty)) ~ strategy + context + experience_decades + (1 | reader) + (1 | case)"
"""
ONLY = ["strategies", "models", "human_against_ai", "search_errors", "ai_readers", "disagreement_prediction"]
SIGNAL_DRAWS = 50


class Clock:
    """CPU seconds by step."""

    def __init__(self):
        self.spent, self.last = {}, time.process_time()

    def __call__(self, step, done, total):
        now = time.process_time()
        self.spent[step] = self.spent.get(step, 0.0) + now - self.last
        self.last = now


def planted_auroc(design, truth, case_truth, outcome, rng):
    """AUROC of the planted signal, difficulty seen through noise, for a disagreement by case; mean over draws."""
    hard = -case_truth.set_index("case")["accuracy"].reindex(outcome.index).to_numpy()
    hard = hard / hard.std()
    noise = np.sqrt(1 - design.embedding_signal**2)
    drawn = (design.embedding_signal * hard + noise * rng.standard_normal(len(hard)) for _ in range(SIGNAL_DRAWS))
    return float(np.mean([roc_auc_score(outcome, signal) for signal in drawn]))


def disagreements(readings, truth):
    """Whether people split on a case, and whether half of them or more differ from AI, by what was drawn."""
    table = readings.merge(truth[["reading", "present"]], on="reading")
    model = table["reader"].str.startswith("model_")
    people = table[~model].groupby("case")["present"]
    said = people.mean()
    split = said.between(0, 1, inclusive="neither")[people.size() > 1].astype(int)
    ai = table[model].groupby("case")["present"].mean()
    apart = (table[~model]["present"] - table[~model]["case"].map(ai)).abs().groupby(table[~model]["case"]).mean()
    return split, (apart >= 0.5).astype(int)


def rows_of(found, study, folder):
    """The table's rows: claim, analysis, quantity, planted, found, low, high."""
    design, rng = study.design, np.random.default_rng(1)
    truth, readings = study.truth, study.readings
    types = found.table("strategies")[["reading", "strategy"]] if found.strategies is not None else pd.DataFrame()
    yield ("search strategies", "strategies", "types", len(design.strategies), _kinds(types), None, None)
    if len(types):
        both = types.merge(truth[["reading", "strategy"]], on="reading", suffixes=("", "_planted"))
        index = adjusted_rand_score(both["strategy"].astype(str), both["strategy_planted"].astype(str))
        yield ("search strategies", "strategies", "adjusted Rand index with the planted", 1.0, index, None, None)
    named = {"right": "accuracy", "unsure": "uncertainty"}
    planted = planted_effects(design).set_index(["model", "term"])["value"]
    estimates = found.estimates
    for model, claim in (("right", "clinical context"), ("unsure", "communication of uncertainty")):
        for term in ("context[indication]", "context[indication_and_prior]", "experience_decades"):
            row = estimates[(estimates["model"] == model) & (estimates["term"] == term)]
            value = planted[named[model], term]
            yield (claim, "models", f"{term}, logit", value, *_interval(row))
    yield from _people_and_ai(found, study)
    split, against = disagreements(readings, truth)
    for label, outcome in (("people split", split), ("people against AI", against)):
        scores = found.table("disagreement_scores")
        row = scores[scores["target"].eq(label) & scores["features"].eq("embeddings") & scores["term"].eq("auroc")]
        best = planted_auroc(design, truth, study.case_truth, outcome, rng)
        claim = "human-human disagreement" if label == "people split" else "human-AI disagreement"
        yield (claim, "disagreement_prediction", "AUROC from embeddings", best, *_interval(row))
        share = float(row["share"].iloc[0]) if len(row) else None
        yield (claim, "disagreement", "share of cases", float(outcome.mean()), share, None, None)
        sets = found.table("conformal")
        held = sets[sets["target"].eq(label) & sets["features"].eq("embeddings")]
        low, high = _wilson(held)
        yield (claim, "disagreement_prediction", "conformal coverage", 0.9, *held["held"], low, high)


def _people_and_ai(found, study):
    """Accuracy of people and AI on the same cases, lesions never looked at, and answers that follow the reasoning."""
    truth = study.frame()
    model = truth["kind"] == "model"
    ai = truth[model].groupby("case")["accuracy_logit"].mean()
    planted = float((truth.loc[~model, "accuracy_logit"] - truth.loc[~model, "case"].map(ai)).mean())
    table = found.table("human_ai")
    row = table[(table["model"] == "accuracy") & (table["term"] == "people - AI")]
    yield ("factual accuracy", "human_against_ai", "people - AI, logit", planted, *_interval(row))
    errors = found.table("search_errors").merge(study.readings[["reading", "case"]], on=["reading", "case"])
    cases = study.cases[["case", "target"]].astype({"target": str})
    errors = errors.merge(cases, on="case")
    missed = errors[(errors["region"].astype(str) == "lesion_" + errors["target"]) & ~errors["reported"].astype(bool)]
    # The planted kinds are of misses of the target; a search error is one that was never looked at.
    kinds = truth.loc[~model & truth["miss"].notna(), "miss"]
    share = 1 - missed["fixated"].astype(bool)
    low, high = _share_interval(int(share.sum()), len(share))
    planted = float((kinds == "search").mean())
    yield ("spatial grounding", "search_errors", "misses never looked at", planted, float(share.mean()), low, high)
    consistent = found.outcomes["ai_readers"].consistency["consistency"].dropna()
    spread = 1.96 * consistent.std() / np.sqrt(len(consistent))
    middle = float(consistent.mean())
    yield ("faithfulness of models", "ai_readers", "answer follows", 1.0, middle, middle - spread, middle + spread)


def _kinds(types):
    return int(types["strategy"].nunique()) if len(types) else 1


def _interval(row):
    return tuple(float(row[name].iloc[0]) if len(row) else None for name in ("estimate", "conf_low", "conf_high"))


def _wilson(held):
    n = int(held["cases checked"].iloc[0])
    return _share_interval(round(float(held["held"].iloc[0]) * n), n)


def _share_interval(count, n):
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(count, n, method="wilson")
    return float(low), float(high)


def _held(row):
    """Whether the interval holds the planted value; of a bound, whether it is kept, which is less than to hold it."""
    if pd.isna(row["low"]):
        return ""
    if row["low"] <= row["planted"] <= row["high"]:
        return "yes"
    kept = ("coverage" in row["quantity"] and row["found"] > row["planted"]) or (
        "AUROC" in row["quantity"] and row["found"] < row["planted"]
    )
    return "no, on the bound's side" if kept else "no"


def main():
    """Simulate, analyse, print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        study = simulate_study(folder, Design.like_chexthought(given.share), rng=given.seed)
        clock("simulate", 1, 1)
        with (Path(folder) / "study.toml").open("a", encoding="utf-8") as file:
            file.write(MODELS)
        found = analyse(open_study(folder), only=ONLY, progress=clock)
        for name, reason in found.skipped.items():
            print(f"not possible: {name}, because {reason}")
        table = pd.DataFrame(
            rows_of(found, study, folder),
            columns=["claim", "analysis", "quantity", "planted", "found", "low", "high"],
        )
    table["held"] = [_held(row) for _, row in table.iterrows()]
    table["CPU s"] = [round(clock.spent.get(name, float("nan")), 1) for name in table["analysis"]]
    print(table.round(3).to_string(index=False, na_rep=""))
    print(f"simulate {clock.spent['simulate']:.1f} CPU s; all {sum(clock.spent.values()):.1f} CPU s")


if __name__ == "__main__":
    main()
