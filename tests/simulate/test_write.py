"""A simulated study on disk: whole, the same for any shards in flight, and never over someone's data."""

import hashlib
import json
import os
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gazeanalytics import tables
from gazeanalytics.geometry import Screen
from gazeanalytics.simulate import Design, simulate_study
from gazeanalytics.tables import InputError

DESIGN = Design(readers=6, cases=10, countries=3, rate_hz=60)


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "study"
    seen = []
    study = simulate_study(folder, DESIGN, rng=7, shard_readings=25, progress=lambda *said: seen.append(said))
    return folder, study, seen


def parts(folder, name):
    return pd.concat([pd.read_parquet(path) for path in sorted((folder / name).glob("part-*.parquet"))])


def test_files_are_tables(written):
    folder, study, _ = written
    for name in ("readers", "cases", "readings", "regions"):
        frame = tables.check(pd.read_csv(folder / f"{name}.csv"), name)
        assert len(frame) == len(getattr(study, name))
    for name in ("samples", "traces"):
        tables.check(parts(folder, name).reset_index(drop=True), name)
    assert not list(folder.rglob("*.half"))


def test_gaze_of_people_and_words_of_all(written):
    folder, study, _ = written
    samples, traces = parts(folder, "samples"), parts(folder, "traces")
    assert list(samples["reading"].unique()) == list(range(60))
    assert set(traces["reading"]) == set(study.readings["reading"])


def test_truth_lies_beside(written):
    folder, study, _ = written
    planted = json.loads((folder / "truth/effects.json").read_text())
    assert planted["accuracy"]["strategy"] == study.design.accuracy.strategy
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "truth/readings.parquet"), study.truth)
    events, samples = parts(folder, "truth/events"), parts(folder, "samples")
    assert events["t"].tolist() == samples["t"].tolist()
    tables.check(parts(folder, "truth/fixations").reset_index(drop=True), "fixations")
    assert {path.name for path in (folder / "truth").glob("*.csv")} == {
        "readers.csv",
        "cases.csv",
        "countries.csv",
        "effects.csv",
    }


def test_study_toml_tells_the_screen(written):
    told = tomllib.loads((written[0] / "study.toml").read_text())
    assert Screen(**told["screen"]) == DESIGN.screen
    assert told["display"] == {"placement": "fit"}


def test_progress_counts_shards(written):
    assert written[2] == [("shards", done, 4) for done in range(1, 5)]


def test_same_bytes_for_any_shards_in_flight(written, tmp_path):
    simulate_study(tmp_path / "study", DESIGN, rng=7, shard_readings=25, n_jobs=3)
    assert digests(tmp_path / "study") == digests(written[0])


def test_other_seed_other_gaze_and_generator_allowed(written, tmp_path):
    simulate_study(tmp_path / "study", DESIGN, rng=np.random.default_rng(8), shard_readings=25)
    ours, theirs = digests(tmp_path / "study"), digests(written[0])
    assert ours["samples/part-00000.parquet"] != theirs["samples/part-00000.parquet"]
    assert ours["study.toml"] == theirs["study.toml"]


@pytest.mark.parametrize("place", ["truth/effects.json", "truth/effects.csv", "samples/part-00000.parquet"])
def test_stopped_by_a_full_disk_it_says_how_to_begin_again(tmp_path, monkeypatch, place):
    folder, real = tmp_path / "study", os.replace
    small = Design(readers=2, cases=2, models=(), rate_hz=30)

    def full(source, target):
        if Path(target) == folder / place:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        simulate_study(folder, small, rng=1)
    monkeypatch.undo()
    with pytest.raises(InputError, match="add --overwrite to replace it"):
        simulate_study(folder, small, rng=1)
    simulate_study(folder, small, rng=1, overwrite=True)
    assert (folder / "study.toml").exists()


def test_a_flipped_bit_in_any_parquet_file_is_seen(written, tmp_path):
    """Pages bear their sums, so that a bit that the disk flips becomes no other gaze."""
    for number, path in enumerate(sorted(written[0].rglob("*.parquet"))):
        column = pq.ParquetFile(path).metadata.row_group(0).column(0)
        whole = bytearray(path.read_bytes())
        whole[column.data_page_offset + column.total_compressed_size // 2] ^= 4
        bad = tmp_path / f"{number}.parquet"
        bad.write_bytes(whole)
        with pytest.raises(OSError, match="CRC checksum verification failed"):
            pq.ParquetFile(bad, page_checksum_verification=True).read()


def test_overwrite_replaces_a_simulated_study_only(tmp_path):
    folder = tmp_path / "study"
    small = Design(readers=2, cases=2, models=(), rate_hz=30)
    simulate_study(folder, small, rng=1, shard_readings=1)
    said = r"study: holds a simulated study already, or part of one; add --overwrite to replace it, or choose another"
    with pytest.raises(InputError, match=said):
        simulate_study(folder, small, rng=1)
    simulate_study(folder, small, rng=1, shard_readings=2, overwrite=True)
    assert len(list((folder / "samples").iterdir())) == 2
    (folder / "truth/effects.json").unlink()
    with pytest.raises(InputError, match=r"holds something that is no simulated study; choose another folder$"):
        simulate_study(folder, small, rng=1, overwrite=True)
    assert (folder / "samples/part-00000.parquet").exists()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "study").write_text("")
    with pytest.raises(InputError, match=r"study: is a file; name a folder$"):
        simulate_study(tmp_path / "study", DESIGN)
    with pytest.raises(ValueError, match=r"^shard_readings must be at least 1; got 0$"):
        simulate_study(tmp_path / "other", DESIGN, shard_readings=0)


def test_incomplete_design_streams_too(tmp_path):
    design = Design(readers=9, cases=12, readings_per_case=2, models=(), rate_hz=30)
    study = simulate_study(tmp_path / "study", design, rng=1, shard_readings=7)
    assert len(study.readings) == 24
    assert parts(tmp_path / "study", "samples")["reading"].nunique() == 24
