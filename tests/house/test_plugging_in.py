"""What CONTRIBUTING.md promises: one new file adds a detector, a measure or an analysis."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events, gaze
from gazeanalytics.discovery import plugged_in
from gazeanalytics.gaze import features as room
from gazeanalytics.geometry import Viewing

GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")
BLOCKS = dict(
    zip(("detector", "measure", "analysis"), re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL), strict=False)
)


@pytest.fixture
def folder(tmp_path):
    """A folder that stands for the room's own."""
    return tmp_path


def test_the_detector_of_the_guide_detects(folder, monkeypatch):
    (folder / "slow_gaze.py").write_text(BLOCKS["detector"])
    monkeypatch.setattr(events, "__path__", [*events.__path__, str(folder)])
    found = plugged_in("gazeanalytics.events", events.__path__, "DETECTOR")
    assert set(events.DETECTORS) | {"slow_gaze"} == {detector.name for detector in found.values()}
    x = np.repeat([100.0, 300.0], 50) + np.tile([0.0, 0.2], 50)
    samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 16.0, "x": x, "y": 100.0})
    detected = events.detect(samples, Viewing.from_px_per_deg(40, 400, 200), detector=found["slow_gaze"])
    assert len(detected.fixations) == 2
    assert detected.settings["threshold_deg_s"] == 30


def test_the_measure_of_the_guide_becomes_a_column(folder, monkeypatch):
    (folder / "first_to_last.py").write_text(BLOCKS["measure"])
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(folder)])
    room._added_measures.cache_clear()
    try:
        made = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
        assert made.loc["still", "first_to_last_deg"] == 0
        assert made["first_to_last_deg"].max() > 5
    finally:
        room._added_measures.cache_clear()


def test_the_analysis_of_the_guide_is_found(folder, monkeypatch):
    from gazeanalytics.study import analyses

    (folder / "longest_fixations.py").write_text(BLOCKS["analysis"])
    monkeypatch.setattr(analyses, "__path__", [*analyses.__path__, str(folder)])
    found = plugged_in("gazeanalytics.study.analyses", analyses.__path__, "ANALYSIS")
    assert found["longest_fixations"].needs == ("fixations",)
    assert found["longest_fixations"].options().above_ms == 250
