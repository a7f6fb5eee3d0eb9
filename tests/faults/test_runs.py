"""Faults of runs: killed, full, locked, stopped, repeated, on a foreign machine."""

import errno
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import cli, strategies
from gazeanalytics.study import analyse, open_study
from gazeanalytics.study.locking import locked
from gazeanalytics.study.shards import over_shards, write_parquet
from gazeanalytics.tables import InputError

FEATURES = ["--only", "features", "--quiet"]


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def data(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "data").glob("*.parquet"))}


def test_fault_35_row_order(study, tmp_path):
    """rows in another order, another count of threads, a second run: the same bytes."""
    analyse(open_study(study), tmp_path / "a", only=["features"])
    frame = pd.read_csv(study / "fixations.csv")
    frame.sample(frac=1, random_state=1).to_csv(study / "fixations.csv", index=False)
    (study / "study.toml").write_text('[study]\nname = "small"\n[features.options]\nn_jobs = 1\n')
    analyse(open_study(study), tmp_path / "b", only=["features"])
    assert data(tmp_path / "a")["features.parquet"] == data(tmp_path / "b")["features.parquet"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_fault_49_full_disk(study, tmp_path, command, monkeypatch, number):
    """disk full, read-only or over quota in the middle: one sentence, old results whole; killed runs are resumed."""
    out = tmp_path / "out"
    assert command("analyse", study, "--out", out, *FEATURES)[0] == 0
    before, real = contents(out), pd.DataFrame.to_parquet

    def full(self, path, **options):
        if "features" in str(path):
            raise OSError(number, os.strerror(number), str(path))
        return real(self, path, **options)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    status, said, err = command("analyse", study, "--out", out, "--overwrite", *FEATURES)
    assert (status, said) == (2, "")
    assert err.count("\n") == 1
    assert any(word in err for word in ("the disk is full; free some space", "read-only", "quota is used up"))
    monkeypatch.undo()
    assert contents(out) == before


def test_fault_49_worker_out_of_memory(tmp_path):
    """out of memory in one file: the message names that file."""
    for name in ("a", "b"):
        write_parquet(pd.DataFrame({"x": [1]}), tmp_path / f"{name}.parquet")

    def compute(file):
        if file.stem == "b":
            raise MemoryError
        return {}

    with pytest.raises(InputError, match=r"b\.parquet: out of memory; split the file by reading"):
        list(over_shards(compute, sorted(tmp_path.glob("*.parquet")), workers=1))


def test_fault_50_two_runs(study, tmp_path, refused):
    """two runs into one folder: error that names the other run and how to free its lock."""
    out = tmp_path / "out"
    (out / ".gazeanalytics").mkdir(parents=True)
    with locked(out / ".gazeanalytics" / "lock", out):
        refused("analyse", study, "--out", out, *FEATURES, says=("another run writes there (process", "remove"))


def run(*words, **env):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "gazeanalytics.cli", *map(str, words)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_fault_51_no_home(study, tmp_path):
    """read-only install, HOME unset, no place for a cache: works, without a cache."""
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "NUMBA_CACHE_DIR")}
    (tmp_path / "file").write_text("")
    code = (
        "import gazeanalytics._kernels as k, numpy as np\n"
        "f = k.kernel(lambda x: x + 1)\n"
        "assert f(1) == 2\n"
        "from gazeanalytics.study import open_study\n"
        f"print(open_study({str(study)!r}).check()['fixations'])"
    )
    # A folder that can't be made: its parent is a file.
    env |= {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache"), "XDG_CACHE_HOME": str(tmp_path / "file" / "x")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 400


def test_fault_52_results_there(study, tmp_path, command, refused):
    """results are there already: error unless --overwrite; the study's own files are never touched."""
    before, out = contents(study), tmp_path / "out"
    assert command("analyse", study, "--out", out, *FEATURES)[0] == 0
    refused("analyse", study, "--out", out, *FEATURES, says=("holds results already; add --overwrite to replace them",))
    refused("analyse", study, "--out", study, *FEATURES, says=("is the study itself; name another folder",))
    assert contents(study) == before


def test_fault_53_newer_versions(tmp_path):
    """files of a newer version: error that names both formats and the remedy."""
    rng = np.random.default_rng(1)
    features = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    features.insert(0, "reading", range(60))
    model = strategies.StrategyModel.fit(features, rng=1)
    model.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as stored:
        arrays = dict(stored)
    text = arrays["json"].tobytes().decode().replace('"format": ', '"format": 9')
    arrays["json"] = np.frombuffer(text.encode(), np.uint8)
    np.savez(tmp_path / "newer.npz", **arrays)
    with pytest.raises(InputError, match=r"newer\.npz: expected file format \d+; got 9\d+"):
        strategies.StrategyModel.load(tmp_path / "newer.npz")


def test_fault_55_locale_and_zone(study, tmp_path):
    """another locale, time zone or hash seed: the same bytes."""
    runs = [{"TZ": "UTC", "LC_ALL": "C"}, {"TZ": "Pacific/Kiritimati", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "7"}]
    for place, env in enumerate(runs):
        done = run("analyse", study, "--out", tmp_path / str(place), *FEATURES, **env)
        assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "0") == contents(tmp_path / "1")


def test_fault_58_stopped(study, tmp_path, command, monkeypatch):
    """Ctrl-C: exit status 130 and one sentence; nothing half-made stays, finished parts are used again."""
    import signal

    def stopped(*words, **options):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr("gazeanalytics.study.run._run", stopped)
    old = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        status, _, err = command("analyse", study, "--out", tmp_path / "out", *FEATURES)
    finally:
        signal.signal(signal.SIGINT, old[0])
        signal.signal(signal.SIGTERM, old[1])
    assert status == 130
    assert "stopped; finished parts are kept and used by the next run" in err
    assert not (tmp_path / "out").exists()
    assert cli.app is not None
