"""Readers in disguise are no strategies; strategies that readers share are, where each has a favourite too."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies import StrategyModel, StrategySettings
from gazeanalytics.strategies.validation.reader_structure import reader_structure


@pytest.mark.parametrize("kind", ["6 readers", "12 readers"])
def test_ways_of_single_readers_are_not_named_as_strategies(readers_apart, kind):
    draws = (readers_apart(kind, seed) for seed in range(6))
    # One in which groups stand out, that the test is of something: without knowing who read they would be types.
    features, who = next(draw for draw in draws if StrategyModel.fit(draw[0], rng=1).verdict == "types")
    model = StrategyModel.fit(features, readers=who, rng=1)
    assert model.verdict != "types"
    assert model.names == ("strategy 1",)
    assert model.notes[0].startswith("Readers differ: ")
    assert "no strategies that readers share" in model.notes[0]


def test_a_drift_of_readers_makes_no_types(readers_apart):
    for seed in range(3):
        features, who = readers_apart("drift", seed)
        assert StrategyModel.fit(features, readers=who, settings={"n_resamples": 19}, rng=1).verdict != "types"


def test_strategies_that_readers_share_are_found_though_each_keeps_to_one(favourites):
    features, who, truth = favourites(1)
    model = StrategyModel.fit(features, readers=who, rng=1)
    assert (model.verdict, len(model.names)) == ("types", 3)
    placed = model.assign(features, readers=who)["strategy"]
    assert adjusted_rand_score(truth, placed) > 0.9


def test_what_the_reader_explains_is_the_uncertainty_coefficient():
    """Two readers, groups 3:1 and 1:3 of four readings each: H(G) = ln 2, H(G | reader) = .5623."""
    groups, readers = np.array([0, 0, 0, 1, 0, 1, 1, 1]), np.repeat([0, 1], 4)
    structure = reader_structure(np.zeros((8, 2)), groups, readers, StrategySettings(), np.random.default_rng(1))
    assert structure.explained == pytest.approx(1 - 0.5623351446188083 / np.log(2), abs=1e-12)
    assert not structure.of_readers


def test_too_few_readings_to_split_leave_the_groups_to_the_readers():
    points = np.random.default_rng(1).normal(size=(60, 3)) + np.repeat([[0.0], [9.0]], 30, axis=0)
    who = np.repeat([0, 1], 30)
    structure = reader_structure(points, who, who, StrategySettings(), np.random.default_rng(1))
    assert structure.of_readers
    assert "too few readers" in structure.words(2)
