"""What the page says of the search: names for types, archetypes of a continuum."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import strategies
from gazeanalytics.geometry import Viewing
from gazeanalytics.study.analyses.strategies import ANALYSIS, _columns, find_archetypes
from gazeanalytics.study.result import StrategiesOutcome

NAMES = ["radius_mean", "spread_deg", "hull_deg2", "angular_coverage", "winding_steadiness", "revisits"]


def analysed(values):
    """An analysis of 300 readings by 20 readers with these features, and one fixation each."""
    features = pd.DataFrame(values, columns=NAMES)
    features.insert(0, "reading", np.arange(len(features)))
    who = pd.DataFrame({"reading": features["reading"], "reader": np.arange(len(features)) % 20})
    fitted = strategies.StrategyModel.fit(features, readers=who["reader"], rng=1)
    config = SimpleNamespace(study=SimpleNamespace(seed=1), report=SimpleNamespace(min_cell=5))
    tables = {"readers": pd.DataFrame({"reader": np.arange(20), "kind": "person"}), "readings": who.assign(case=0)}
    study = SimpleNamespace(
        config=config,
        has=lambda name: False,
        viewing=lambda readings: Viewing.from_px_per_deg(40, 400, 300),
        table=lambda name: tables[name],
    )
    archetypes = find_archetypes(study, features, fitted)
    columns, _ = _columns(study, fitted, archetypes, features)
    readings = who.assign(kind="person", case=0, width=400, height=300).merge(features, on="reading")
    if columns is not None:
        readings = readings.merge(columns, on="reading")
    fixations = features[["reading"]].assign(onset=0.0, duration=300.0, x=200.0, y=150.0)
    known = SimpleNamespace(
        study=study, features=features, readings=readings, people=lambda: readings, fixations=fixations
    )
    return known, StrategiesOutcome(fitted=fitted, archetypes=archetypes)


def part_of(known, outcome):
    """The one part of the page that the analysis shows."""
    (part,) = ANALYSIS.show(known, outcome)
    return part


def test_types_come_with_names_that_the_literature_suggests():
    rng = np.random.default_rng(0)
    centres = np.array([[-6, -6, -6, -6, -6, 3], [6, 6, 6, 6, 6, -3]]) / 2
    known, outcome = analysed(centres[rng.integers(0, 2, 300)] + rng.normal(size=(300, 6)))
    assert outcome.fitted.verdict == "types"
    part = part_of(known, outcome)
    names = part.tables["strategy_names"]
    suggested = names.data[names.data["suggested"]].set_index("strategy")["hypothesis"].to_dict()
    rounder = known.readings.groupby("strategy")["radius_mean"].mean().idxmax()
    assert suggested[rounder] == "circumferential"
    assert names.text.set_index("Named strategy").loc["circumferential", rounder].endswith(" *")
    assert any(note.startswith("central: radius mean −, spread deg −, hull deg2 −") for note in names.notes)
    assert {"strategy_profiles", "scanpath_strategy_1", "scanpath_strategy_2"} <= set(part.figures)


def test_a_continuum_comes_with_its_archetypes():
    rng = np.random.default_rng(1)
    shares = rng.dirichlet([0.9] * 3, size=300)
    known, outcome = analysed(shares @ (5 * np.eye(3, 6)) + 0.4 * rng.normal(size=(300, 6)))
    assert outcome.fitted.verdict == "continuum"
    part = part_of(known, outcome)
    names = [name.replace(" ", "_") for name in outcome.archetypes.names]
    assert {"strategy_components", "archetypes", "archetype_profiles", *(f"scanpath_{name}" for name in names)} == set(
        part.figures
    )
    assert known.readings[names].sum(axis=1).to_numpy() == pytest.approx(1)
    assert f"a mixture of {len(names)} archetypes, extremes that are no types" in part.text


def test_noise_has_neither():
    known, outcome = analysed(np.random.default_rng(2).normal(size=(300, 6)))
    assert outcome.archetypes is None
    part = part_of(known, outcome)
    assert (part.figures, part.tables) == ({}, {})
