"""What was planted in a simulated study is what its models find, at the rate they claim."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2, kstest
from sklearn.metrics import adjusted_rand_score

from gazeanalytics import stats
from gazeanalytics.simulate import Design, planted_effects, simulate_readings, simulate_study
from gazeanalytics.study import analyse, open_study

SEEDS = 20
RIGHT = "strategy + experience_decades + context + (1 | reader) + (1 | case) + (1 | country)"
MODELS = {"accuracy": ("correct", "binomial"), "uncertainty": ("logit_uncertainty", "gaussian")}


def fitted(design, seed):
    frame = simulate_readings(design, rng=seed).frame()
    people = frame[frame["kind"] == "person"].astype({"correct": int}).reset_index(drop=True)
    return {
        name: stats.mixed(f"{outcome} ~ {RIGHT}", people, family=family) for name, (outcome, family) in MODELS.items()
    }


@pytest.fixture(scope="module")
def intervals():
    """Fixed effects of every model and seed beside what was planted."""
    parts = [
        fit.estimates(model=name).assign(seed=seed)
        for seed in range(SEEDS)
        for name, fit in fitted(Design(), seed).items()
    ]
    rows = pd.concat(parts).merge(planted_effects(Design()), on=["model", "term"])
    fixed = rows[~rows["term"].str.startswith("sd(")]
    return fixed.assign(covered=fixed["value"].between(fixed["conf_low"], fixed["conf_high"]))


@pytest.mark.slow
def test_planted_effects_lie_in_their_intervals_at_the_nominal_rate(intervals):
    """20 seeds x 7 fixed effects a model: the count covered lies where 999 of 1,000 binomial counts do."""
    for _, rows in intervals.groupby("model"):
        assert len(rows) == SEEDS * 7
        low, high = binom.interval(0.999, len(rows), 0.95)
        assert low <= rows["covered"].sum() <= high
    by_term = intervals.groupby(["model", "term"])["covered"].sum()
    assert by_term.min() >= binom.ppf(0.0003, SEEDS, 0.95)


@pytest.mark.slow
def test_planted_effects_are_met_on_average(intervals):
    """The mean error over seeds is within four of its standard errors: nothing in words or rounding pulls it."""
    gap = intervals["estimate"] - intervals["value"]
    for _, rows in gap.groupby([intervals["model"], intervals["term"]]):
        assert abs(rows.mean()) < 4 * rows.std(ddof=1) / np.sqrt(SEEDS)


@pytest.mark.slow
def test_without_strategy_effect_p_values_are_uniform():
    """Joint Wald test of the three strategy contrasts, one p-value a seed and model."""
    p_values = {name: [] for name in MODELS}
    for seed in range(100, 100 + SEEDS):
        for name, fit in fitted(Design().without_strategy_effects(), seed).items():
            place = [row for row, term in enumerate(fit.names) if term.startswith("strategy")]
            effect, spread = fit.coefficients[place], fit.covariance[np.ix_(place, place)]
            p_values[name].append(chi2.sf(effect @ np.linalg.solve(spread, effect), len(place)))
    for values in p_values.values():
        assert kstest(values, "uniform").pvalue > 0.01


@pytest.mark.slow
def test_the_whole_path_finds_what_was_planted(tmp_path):
    """Raw gaze -> events -> strategies, words -> certainty, then the models: once, end to end."""
    truth = simulate_study(tmp_path / "study", Design(readers=24, cases=60, models=()), rng=3)
    found = analyse(open_study(tmp_path / "study"))
    readings = found.readings.merge(truth.truth, on="reading", suffixes=("", "_planted"))
    assert adjusted_rand_score(readings["strategy_planted"], readings["strategy"].fillna("none").astype(str)) > 0.9
    assert (readings["correct"] == readings["correct_planted"]).all()
    np.testing.assert_array_equal(readings["certainty"], readings["certainty_planted"])
    planted = planted_among(readings, truth.design)
    rows = found.estimates.merge(planted, on=["model", "term"])
    # Intercept, two parts of experience and two contexts, and a contrast for each strategy but the first. A planted
    # strategy may be found as two.
    assert len(rows) == 2 * (5 + len(found.strategies.names) - 1)
    assert rows["value"].between(rows["conf_low"], rows["conf_high"]).sum() >= len(rows) - 2


def planted_among(readings, design):
    """Planted fixed effects, with each strategy found named as the one planted in most of its readings."""
    met = readings.groupby("strategy", observed=True)["strategy_planted"].agg(lambda names: names.mode()[0])
    planted = planted_effects(design)
    parts = []
    for model, rows in planted[~planted["term"].str.startswith("sd(")].groupby("model"):
        value = rows.set_index("term")["value"]
        shift = {name: value.get(f"strategy[{name}]", 0.0) for name in design.strategies}
        reference, *others = met.index
        new = value[~value.index.str.startswith("strategy")].copy()
        new["(Intercept)"] += shift[met[reference]]
        # Parts of experience are centred: the intercept is at its mean, not at 0.
        new["(Intercept)"] += value["experience_decades"] * readings["experience_years"].mean() / 10
        for part in ("between_reader", "between_country"):
            new[f"experience_decades_{part}"] = value["experience_decades"]
        for name in others:
            new[f"strategy[{name}]"] = shift[met[name]] - shift[met[reference]]
        parts.append(new.rename_axis("term").reset_index().assign(model=model))
    return pd.concat(parts)
