"""Runs that are killed at random moments, and disks that are full: resumed to the same bytes, old results whole."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gazeanalytics.study import verify

ROOT = Path(__file__).parents[2]


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and ".gazeanalytics" not in path.parts)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A simulated study of four shards: long enough to be killed on the way."""
    folder = tmp_path_factory.mktemp("kills") / "study"
    words = ["simulate", str(folder), "--readers", "6", "--cases", "10", "--rate-hz", "60", "--quiet"]
    subprocess.run([sys.executable, "-m", "gazeanalytics.cli", *words], check=True, cwd=ROOT)
    return folder


def command(study, out, *more):
    return [sys.executable, "-m", "gazeanalytics.cli", "analyse", str(study), "--out", str(out), "--quiet", *more]


def killed(study, out, number, seconds, *more):
    """Run and send a signal after some seconds; the exit status."""
    process = subprocess.Popen(command(study, out, *more), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said, said
    return process.returncode


@pytest.fixture(scope="module")
def whole(study, tmp_path_factory):
    """Results of runs that nobody disturbed: as first run and, of other settings, as the old results."""
    folder = tmp_path_factory.mktemp("whole")
    begun = time.monotonic()
    subprocess.run(command(study, folder / "new"), check=True, cwd=ROOT)
    took = time.monotonic() - begun
    subprocess.run(command(study, folder / "old", "--only", "quality", "--only", "readers"), check=True, cwd=ROOT)
    return folder, took


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("old", [False, True], ids=["first", "overwrite"])
def test_killed_runs_are_resumed_to_the_same_bytes(study, whole, tmp_path, number, old):
    """The whole table of kills: GAZEANALYTICS_KILLS=17 makes 102 of them."""
    folder, took = whole
    chance = random.Random(f"{number} {old}")
    wanted, before = hashes(folder / "new"), hashes(folder / "old")
    for kill in range(int(os.environ.get("GAZEANALYTICS_KILLS", "2"))):
        out = tmp_path / f"out{kill}"
        if old:
            shutil.copytree(folder / "old", out)
        more = ["--overwrite"] if old else []
        status = killed(study, out, number, chance.uniform(0.2, took), *more)
        if out.exists() and hashes(out) != wanted:
            assert hashes(out) == (before if old else {}), f"kill {kill}: neither old nor new"
        assert status in (0, -number, 128 + number)
        subprocess.run(command(study, out, "--overwrite"), check=True, cwd=ROOT)
        assert hashes(out) == wanted
        assert verify(out) == []
        assert not (out / ".gazeanalytics").exists()


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_keeps_the_old_results(study, whole, tmp_path):
    """The limit on the size of files stands for a full disk: 20 sizes, each failing somewhere else."""
    folder, _ = whole
    before = hashes(folder / "old")
    for blocks in [2**power for power in range(20)]:
        out = tmp_path / f"out{blocks}"
        shutil.copytree(folder / "old", out)
        words = " ".join(map(repr, command(study, out, "--overwrite")))
        done = subprocess.run(
            ["bash", "-c", f"trap '' XFSZ; ulimit -f {blocks}; NUMBA_CACHE_DIR=/nonexistent exec {words}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            assert hashes(out) == hashes(folder / "new")
            break
        assert done.returncode == 2, (blocks, done.stderr)
        assert "Traceback" not in done.stderr, (blocks, done.stderr)
        assert done.stderr.strip().count("\n") == 0
        assert hashes(out) == before, blocks


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONHASHSEED", "1"),
        ("TZ", "Pacific/Auckland"),
        ("LC_ALL", "C"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("GAZEANALYTICS_THREADS", "1"),
    ],
)
def test_same_bytes_in_any_surroundings(study, whole, tmp_path, name, value):
    folder, _ = whole
    prefix = ["taskset", "-c", "0"] if name == "GAZEANALYTICS_THREADS" else []
    environment = {**os.environ, name: value}
    subprocess.run([*prefix, *command(study, tmp_path / "out")], check=True, cwd=ROOT, env=environment)
    assert hashes(tmp_path / "out") == hashes(folder / "new")


@pytest.mark.slow
def test_same_bytes_on_any_order_of_rows(small, tmp_path):
    """Rows of small tables in any order, and readings of fixations in any order: the same data, the same results."""
    import pandas as pd

    from gazeanalytics.study import analyse, open_study

    analyse(open_study(small), tmp_path / "one")
    for name in ("readers", "cases", "readings"):
        frame = pd.read_csv(small / f"{name}.csv")
        frame.sample(frac=1, random_state=3).to_csv(small / f"{name}.csv", index=False)
    fixations = pd.read_csv(small / "fixations.csv")
    parts = [rows for _, rows in fixations.groupby("reading")]
    random.Random(1).shuffle(parts)
    pd.concat(parts).to_csv(small / "fixations.csv", index=False)
    analyse(open_study(small), tmp_path / "two")
    one, two = hashes(tmp_path / "one"), hashes(tmp_path / "two")
    changed = {name for name in one if one[name] != two.get(name)}
    # The hashes of the inputs are written down, in provenance and on the page.
    assert changed <= {"provenance.json", "report.html"}
