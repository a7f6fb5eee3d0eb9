"""A study to spoil, and the command line to run on it."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import cli


@pytest.fixture
def study(tmp_path):
    """Four readers, six cases, all read by all; 500 and some fixations as the study's own tables."""
    rng = np.random.default_rng(5)
    folder = tmp_path / "study"
    folder.mkdir()
    pairs = [(f"r{i}", f"c{j}") for i in range(4) for j in range(6)]
    (folder / "study.toml").write_text('[study]\nname = "small"\n')
    pd.DataFrame({"reader": [f"r{i}" for i in range(4)], "kind": "person", "experience_years": [1, 5, 9, 20]}).to_csv(
        folder / "readers.csv", index=False
    )
    pd.DataFrame({"case": [f"c{j}" for j in range(6)], "width": 1000, "height": 800, "px_per_deg": 40}).to_csv(
        folder / "cases.csv", index=False
    )
    readings = pd.DataFrame(pairs, columns=["reader", "case"])
    readings.insert(0, "reading", range(len(readings)))
    readings.to_csv(folder / "readings.csv", index=False)
    counts = rng.integers(18, 26, len(readings))
    fixations = pd.DataFrame({"reading": np.repeat(readings["reading"], counts)})
    fixations["onset"] = fixations.groupby("reading").cumcount() * 300.0
    fixations["duration"] = rng.integers(120, 290, len(fixations))
    fixations["x"] = rng.uniform(0, 1000, len(fixations)).round(1)
    fixations["y"] = rng.uniform(0, 800, len(fixations)).round(1)
    fixations.to_csv(folder / "fixations.csv", index=False)
    return folder


@pytest.fixture
def command(monkeypatch, capsys):
    """Run one command in this process: exit status, standard output, standard error."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["gazeanalytics", *map(str, words)])
        status = 0
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            try:
                cli.main()
            except SystemExit as end:
                status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def refused(command):
    """Assert that a command ends with exit status 2 and one sentence that holds all of some words."""

    def check(*words, says):
        status, out, err = command(*words)
        assert status == 2, (out, err)
        last = err.splitlines()[-1]
        assert last.startswith("gazeanalytics: "), err
        assert "Traceback" not in err
        for part in says:
            assert part in last, last
        return last

    return check
