"""A study small enough to break by hand, and one of several shards for runs that are killed, starved and compared."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics.simulate import Design, simulate_study
from gazeanalytics.study import analyse, open_study


@pytest.fixture(scope="session")
def sample_results():
    """All analyses of the simulated study that ships with the package."""
    return analyse(open_study(Path(__file__).parents[2] / "data_samples"))


@pytest.fixture(scope="session")
def runs():
    """The module runs.py beside this file."""
    spec = importlib.util.spec_from_file_location("runs", Path(__file__).with_name("runs.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def whole(runs, tmp_path_factory):
    """Undisturbed runs on a simulated study of several shards (see `runs.Whole`).

    It has no regions, whose figures would take half of each run.
    """
    folder = tmp_path_factory.mktemp("whole")
    simulate_study(folder / "study", Design(readers=4, cases=8, rate_hz=60.0), rng=1, shard_readings=11)
    (folder / "study" / "regions.csv").unlink()
    assert len(list((folder / "study" / "samples").iterdir())) >= 3
    found = runs.Whole(folder / "study", folder)
    yield found
    found.close()


@pytest.fixture
def small(tmp_path):
    """Three readers, eight cases, all read by all: fixations as the study's own table."""
    rng = np.random.default_rng(3)
    folder = tmp_path / "study"
    folder.mkdir()
    readers, cases = [f"r{i}" for i in range(3)], [f"c{i}" for i in range(8)]
    pairs = [(reader, case) for reader in readers for case in cases]
    (folder / "study.toml").write_text('[study]\nname = "small"\n')
    pd.DataFrame({"reader": readers, "kind": "person", "experience_years": [1, 5, 20]}).to_csv(
        folder / "readers.csv", index=False
    )
    pd.DataFrame({"case": cases, "width": 1000, "height": 800, "px_per_deg": 40}).to_csv(
        folder / "cases.csv", index=False
    )
    readings = pd.DataFrame(pairs, columns=["reader", "case"])
    readings.insert(0, "reading", range(len(readings)))
    readings.to_csv(folder / "readings.csv", index=False)
    counts = rng.integers(5, 20, len(readings))
    fixations = pd.DataFrame({"reading": np.repeat(readings["reading"], counts)})
    fixations["onset"] = fixations.groupby("reading").cumcount() * 300.0
    fixations["duration"] = rng.integers(120, 290, len(fixations))
    fixations["x"] = rng.uniform(0, 1000, len(fixations)).round(1)
    fixations["y"] = rng.uniform(0, 800, len(fixations)).round(1)
    fixations.to_csv(folder / "fixations.csv", index=False)
    return folder
