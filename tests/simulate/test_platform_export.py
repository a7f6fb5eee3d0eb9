"""Cursor points and a platform's own files."""

import tomllib

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import tables
from gazeanalytics.simulate import Design, simulate_fixations, simulate_points, simulate_readings, simulate_study
from gazeanalytics.simulate.platform_export import FOLDERS, TABLES, embeddings_of, platform_toml


@pytest.fixture(scope="module")
def study():
    return simulate_readings(Design(readers=12, cases=25), rng=61)


def test_points_follow_attention(study):
    fixations = simulate_fixations(study, rng=62)
    points = simulate_points(study, fixations, rng=63)
    tables.check(points, "fixations")
    assert "duration" not in points
    assert points.groupby("reading")["onset"].apply(lambda order: (order == np.arange(len(order))).all()).all()
    expected = np.maximum(fixations["duration"] / 130, 1).sum()
    assert len(points) == pytest.approx(expected, rel=0.03)
    mean = fixations.groupby("reading")[["x", "y"]].mean()
    weighted = (fixations[["x", "y"]].mul(fixations["duration"], axis=0)).groupby(fixations["reading"]).sum()
    weighted = weighted.div(fixations.groupby("reading")["duration"].sum(), axis=0)
    found = points.groupby("reading")[["x", "y"]].mean()
    assert (found - weighted).abs().mean().max() < (found - mean).abs().mean().max()


def test_points_stay_in_the_image(study):
    points = simulate_points(study, simulate_fixations(study, rng=62), rng=63)
    size = study.images().set_index("reading").loc[points["reading"]]
    assert points["x"].between(0, size["width"].to_numpy()).all()
    assert points["y"].between(0, size["height"].to_numpy()).all()


def test_a_platform_exports_its_own_words(tmp_path):
    simulate_study(tmp_path / "study", Design(level="points", readers=3, cases=4), rng=1, shard_readings=5)
    names = {path.name for path in (tmp_path / "study").iterdir()}
    assert names == {"study.toml", "truth", *TABLES, *FOLDERS}
    cursor = pd.concat([pd.read_csv(path) for path in sorted((tmp_path / "study/cursor").iterdir())])
    assert cursor.columns.tolist() == ["read_id", "rel_x", "rel_y"]
    assert cursor["rel_x"].between(0, 1).all()
    assert cursor["rel_y"].between(0, 1).all()
    assert cursor["read_id"].nunique() == 12
    told = tomllib.loads((tmp_path / "study/study.toml").read_text())
    assert set(told["tables"]) == {"readers", "cases", "readings", "regions", "fixations", "traces"}
    assert told["tables"]["fixations"]["columns"]["onset"] == {"order": True}


def test_map_names_only_columns_that_are_written(tmp_path):
    simulate_study(tmp_path / "study", Design(level="points", readers=2, cases=2), rng=1)
    for table in tomllib.loads(platform_toml())["tables"].values():
        file = next((tmp_path / "study").glob(table["file"]))
        written = set(pd.read_csv(file, nrows=1).columns)
        sources = [source if isinstance(source, str) else source.get("column") for source in table["columns"].values()]
        assert {source for source in sources if source} <= written


def test_overwrite_leaves_nothing_of_the_other_level(tmp_path):
    folder = tmp_path / "study"
    simulate_study(folder, Design(readers=2, cases=2, rate_hz=30), rng=1)
    simulate_study(folder, Design(level="points", readers=2, cases=2), rng=1, overwrite=True)
    assert not (folder / "samples").exists()
    assert not (folder / "readers.csv").exists()
    assert (folder / "annotators.csv").exists()


def test_an_unknown_level_is_told():
    with pytest.raises(ValueError, match=r"^design: level must be 'gaze' or 'points'; got 'cursor'$"):
        Design(level="cursor")


def test_a_release_like_chexthought_is_mapped_in_fewer_than_25_lines(tmp_path):
    study = simulate_study(tmp_path / "study", Design.like_chexthought(0.001), rng=1)
    assert len((tmp_path / "study/study.toml").read_text(encoding="utf-8").splitlines()) < 25
    vectors = pd.read_parquet(tmp_path / "study/embeddings.parquet")
    assert vectors["image_id"].tolist() == study.cases["case"].tolist()


def test_embeddings_hold_the_planted_signal_and_no_more():
    design = Design(readers=2, cases=4000, models=(), embedding_size=6, embedding_signal=0.6)
    study = simulate_readings(design, rng=3)
    vectors = embeddings_of(study, rng=4).drop(columns="image_id").to_numpy()
    hard = -study.case_truth["accuracy"].to_numpy()
    fitted = vectors @ np.linalg.lstsq(vectors, hard, rcond=None)[0]
    assert np.corrcoef(fitted, hard)[0, 1] == pytest.approx(0.6, abs=0.03)


def test_part_of_the_cases_has_one_more_reader():
    design = Design(readers=9, cases=400, readings_per_case=2.25, models=())
    readings = simulate_readings(design, rng=1).readings
    assert len(readings) == design.person_readings == 900
    counts = readings["case"].value_counts()
    assert counts.value_counts().to_dict() == {2: 300, 3: 100}
    assert not readings.duplicated(["reader", "case"]).any()
