"""Real recordings through the same path as anyone's: by a map alone."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events, gaze, io
from gazeanalytics.study import fit_models, join_readings, measure_features, model_frame, open_study
from gazeanalytics.tables import InputWarning

MAPS = Path(__file__).parent / "maps"


def mapped(tmp_path, name, files):
    """A study folder whose map is ours and whose files are links to the real ones."""
    shutil.copy(MAPS / f"{name}.toml", tmp_path / "study.toml")
    for link, target in files.items():
        (tmp_path / link).symlink_to(target)
    return open_study(tmp_path)


@pytest.fixture
def interiors(tmp_path, shared_data):
    folder = shared_data / "interiors_search"
    return mapped(tmp_path, "interiors", {name: folder / name for name in ("trials.csv.gz", "fixations.csv.gz")})


def test_interiors_is_whole_but_for_readings_without_a_fixation(interiors):
    with pytest.warns(InputWarning, match="5 of 7,455 readings have no row of fixations"):
        assert interiors.check() == {"readers": 57, "cases": 134, "readings": 7455, "fixations": 47383}


def test_interiors_models_give_lme4s_numbers(interiors):
    readings = model_frame(join_readings(interiors))
    fits = fit_models(readings, interiors.config.models)
    found = fits["found"].estimates().set_index("term")
    terms = ["(Intercept)", *(f"factor(max_saccades)[{level}]" for level in (4, 8, 12))]
    # R 4.2, lme4 1.1: glmer, Laplace.
    np.testing.assert_allclose(found.loc[terms, "estimate"], [-2.5561, 1.5634, 3.1482, 3.7602], atol=5e-4)
    np.testing.assert_allclose(found.loc[terms, "std_error"], [0.1870, 0.1724, 0.1653, 0.1682], rtol=2e-3)
    np.testing.assert_allclose(found.loc[["sd(case)", "sd(reader)"], "estimate"], [0.9555, 0.7146], atol=5e-4)
    assert fits["found"].log_likelihood == pytest.approx(-3744.227, abs=1e-3)
    doubt = fits["doubt"].estimates().set_index("term")
    assert doubt.loc["found", "estimate"] == pytest.approx(-0.7807, abs=5e-5)
    assert doubt.loc["found", "std_error"] == pytest.approx(0.0254, abs=5e-5)
    spread = doubt.loc[["sd(case)", "sd(reader)", "sd(residual)"], "estimate"]
    np.testing.assert_allclose(spread, [0.330, 0.627, 0.870], atol=5e-4)


def test_interiors_has_features_without_degrees(interiors):
    """No screen is told: measures in px or shares are there, those in degrees are missing, none is invented."""
    features = measure_features(interiors, interiors.table("fixations"))
    assert len(features) == interiors.table("fixations")["reading"].nunique()
    assert features["fixations"].sum() == 47383
    assert features["coverage_share"].isna().all()


def test_gazesearch_through_a_map_of_json(tmp_path, shared_data):
    file = next((shared_data / "gazesearch_cxr").glob("finding_visual_search*.json"))
    study = mapped(tmp_path, "gazesearch", {"scanpaths.json": file})
    # Two fixations of 0 ms are no fixations.
    with pytest.warns(InputWarning, match=r"scanpaths\.json: 2 rows are set aside"):
        counts = study.check()
    rows = {"readers": 1, "cases": 2328, "readings": 4875, "fixations": 29116, "fixations set aside": 2}
    assert counts == rows
    fixations = study.table("fixations")
    assert fixations["duration"].median() == pytest.approx(283, abs=1)
    features = measure_features(study, fixations)
    # 4,795 in the file; two of these readings held one of the two fixations of 0 ms.
    assert features["fixations"].value_counts()[6] == 4793


def test_lund2013_from_raw_gaze_to_features(shared_data):
    paths = sorted((shared_data / "lund2013" / "img").glob("*_MN.mat"))
    assert len(paths) > 5
    for reading, path in enumerate(paths):
        recording = io.read_lund2013(path, reading=reading)
        viewing = recording.screen.viewing()
        found = events.detect(recording.samples, viewing)
        images = pd.DataFrame({"reading": [reading], "case": "img", "width": 1024.0, "height": 768.0})
        features = gaze.scanpath_features(found.fixations, viewing, images, saccades=found.saccades)
        coded = pd.Series(recording.labels)
        runs = ((coded == 1) & (coded.shift() != 1)).sum()
        assert features["fixations"].iloc[0] == pytest.approx(runs, rel=0.35)
