"""Trait or state: planted likeness within readers, staying and change in time come back, and nothing where none is."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.strategies import persistence, strategy_time_course, switch_rate, trait_icc


def study(readers=30, cases=20):
    return pd.DataFrame(
        {
            "reading": np.arange(readers * cases),
            "reader": np.repeat([f"r{number:02}" for number in range(readers)], cases),
            "case": np.tile(np.arange(cases), readers),
            "turn": np.tile(np.arange(cases), readers),
        }
    )


def markov(rng, stay, share, readings):
    """Strategies "one" and "two" that stay with chance `stay` beyond drawing anew with the reader's share of "one"."""
    names = np.empty(len(readings), object)
    for reader, rows in readings.groupby("reader").indices.items():
        now = rng.random() < share[reader]
        for row in rows:
            if rng.random() >= stay:
                now = rng.random() < share[reader]
            names[row] = "one" if now else "two"
    return pd.DataFrame({"reading": readings["reading"], "strategy": names, "strength": 1.0})


def test_the_icc_is_the_textbooks():
    # Shrout & Fleiss (1979): six subjects, four judges, ICC1 = .17; its 95 % interval there is -.13 to .72.
    judged = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    readings = pd.DataFrame({"reading": np.arange(24), "reader": np.repeat(np.arange(6), 4), "case": np.arange(24)})
    scores = pd.DataFrame({"reading": np.arange(24), "rating": judged.ravel()})
    found = trait_icc(scores, readings, without_cases=False, n_permutations=99, rng=1).iloc[0]
    assert found["icc"] == pytest.approx(0.166, abs=5e-4)
    assert found["conf_low"] == pytest.approx(-0.133, abs=1e-3)
    assert found["conf_high"] == pytest.approx(0.723, abs=1e-3)
    assert found["per_reader"] == 4


def test_planted_iccs_are_covered_and_p_values_are_fair():
    readings = study(20, 12)
    covered, p_values = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        trait = rng.normal(size=20)[readings["reader"].factorize()[0]] * np.sqrt(0.4) + rng.normal(size=240) * 0.6**0.5
        scores = pd.DataFrame({"reading": readings["reading"], "trait": trait, "none": rng.normal(size=240)})
        found = trait_icc(scores, readings, without_cases=False, n_permutations=39, rng=seed)
        covered.append(found["conf_low"][0] <= 0.4 <= found["conf_high"][0])
        p_values.append(found["p_value"][1])
    # 99.9 % of binomial draws at .95 of 60 lie at 51 or above.
    assert sum(covered) >= 51
    assert 0.35 < np.mean(p_values) < 0.65


def test_case_effects_are_no_traits():
    rng = np.random.default_rng(1)
    readings = study()
    part = readings[(readings["case"] < 10) == (readings["reader"] < "r15")].reset_index(drop=True)
    hard = rng.normal(size=20) * 3
    scores = pd.DataFrame({"reading": part["reading"], "score": hard[part["case"]] + rng.normal(size=len(part))})
    nested = trait_icc(scores, part, rng=1, n_permutations=99)
    assert nested["icc"][0] < 0.1
    assert trait_icc(scores, part, without_cases=False, rng=1, n_permutations=99)["icc"][0] < 0.4


@pytest.mark.parametrize(
    ("stay", "spread", "state", "trait"), [(0.0, 0.0, False, False), (0.0, 0.45, False, True), (0.6, 0.0, True, True)]
)
def test_staying_tells_moods_from_traits(stay, spread, state, trait):
    rng = np.random.default_rng(2)
    readings = study()
    share = {reader: 0.5 + spread * rng.choice([-1, 1]) for reader in readings["reader"].unique()}
    found = persistence(
        markov(rng, stay, share, readings), readings, order="turn", n_permutations=199, n_resamples=199, rng=1
    )
    whole = found.set_index("strategy").loc["any"]
    assert whole["steps"] == 30 * 19
    assert (whole["p_state"] < 0.02) == state
    assert (whole["p_trait"] < 0.02) == trait
    expected = stay + (1 - stay) * (0.5 + 2 * spread**2)
    assert whole["conf_low"] < expected < whole["conf_high"]


def test_switches_add_up_and_follow_the_order():
    readings = study(1, 5).iloc[::-1]
    strategies = pd.DataFrame({"reading": range(5), "strategy": ["a", "a", "b", None, "a"], "strength": 1.0})
    found = switch_rate(strategies, readings, order="turn", n_resamples=9, rng=1)
    assert found["count"].tolist() == [1, 1, 1, 0]
    assert found["probability"].tolist() == [0.5, 0.5, 1.0, 0.0]
    with pytest.raises(ValueError, match="need the column 'time'"):
        switch_rate(strategies, readings, order="time")


def test_a_change_in_time_shows():
    rng = np.random.default_rng(3)
    readings = study()
    late = rng.random(600) < readings["turn"] / 19
    strategies = pd.DataFrame({"reading": readings["reading"], "strategy": np.where(late, "b", "a"), "strength": 1.0})
    found = strategy_time_course(strategies, readings, order="turn", n_resamples=99, rng=1)
    b = found[found["strategy"] == "b"].set_index("part")
    assert b["readings"].tolist() == [150] * 4
    assert b["share"].is_monotonic_increasing
    truth = readings.groupby(np.arange(20)[readings["turn"]] // 5)["turn"].mean().to_numpy() / 19
    # Four binomial standard errors of 150 readings at most; the interval has the width of a binomial one.
    assert (b["share"] - truth).abs().max() < 4 * np.sqrt(0.25 / 150)
    width = (b["conf_high"] - b["conf_low"]).to_numpy()
    assert width == pytest.approx(2 * 1.96 * np.sqrt(truth * (1 - truth) / 150), rel=0.35)


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(4)
    readings = study(6, 8)
    strategies = markov(rng, 0.3, dict.fromkeys(readings["reader"].unique(), 0.5), readings)
    moved = strategies.sample(frac=1, random_state=1)
    for measure in (persistence, switch_rate, strategy_time_course):
        one, two = (measure(table, readings, order="turn", n_resamples=19, rng=1) for table in (strategies, moved))
        assert one.equals(two)
