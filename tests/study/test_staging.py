"""Results appear whole or not at all, whatever kills a run and wherever."""

import json
import os

import pytest

from gazeanalytics.study import open_study
from gazeanalytics.study.locking import locked
from gazeanalytics.study.staging import MARKER, check_free, finish, staged
from gazeanalytics.tables import InputError


def fill(folder, text, names=("data", "tables")):
    """Write results that say `text`."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "a.txt").write_text(text)
    (folder / "report.html").write_text(text)
    (folder / MARKER).write_text(text)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_new_results_replace_all_of_the_old_ones(tmp_path):
    out = tmp_path / "out"
    with staged(out) as stage:
        fill(stage.folder, "old", ("data", "tables", "figures"))
    with staged(out) as stage:
        fill(stage.folder, "new")
        assert contents(out)["data/a.txt"] == "old", "old results are whole until the swap"
    assert contents(out) == dict.fromkeys(("data/a.txt", "tables/a.txt", "report.html", MARKER), "new")


def test_a_run_that_fails_leaves_the_old_results_and_nothing_else(tmp_path):
    out = tmp_path / "out"
    with staged(out) as stage:
        fill(stage.folder, "old")
    before = contents(out)
    with pytest.raises(OSError, match="full"), staged(out):
        raise OSError("disk full")
    assert contents(out) == before
    with pytest.raises(OSError, match="full"), staged(tmp_path / "first"):
        raise OSError("disk full")
    assert not (tmp_path / "first").exists()


class Killed(BaseException):
    """Stands for the power cut: nothing runs after it."""


def steps_of_a_swap(tmp_path, monkeypatch):
    """How many renames a swap takes."""
    calls = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append(a), real(a, b)))
    out = tmp_path / "count"
    for text in ("old", "new"):
        calls.clear()
        with staged(out) as stage:
            fill(stage.folder, text, ("data", "tables", "figures") if text == "old" else ("data", "tables"))
    monkeypatch.setattr(os, "replace", real)
    return len(calls)


def test_killed_at_any_rename_of_the_swap_it_is_finished_by_the_next_run(tmp_path, monkeypatch):
    real = os.replace
    count = steps_of_a_swap(tmp_path, monkeypatch)
    assert count >= 8
    for last in range(count):
        out = tmp_path / f"out{last}"
        with staged(out) as stage:
            fill(stage.folder, "old", ("data", "tables", "figures"))
        done = []

        def dying(a, b, done=done, last=last):
            if len(done) == last:
                raise Killed
            done.append(a)
            real(a, b)

        monkeypatch.setattr(os, "replace", dying)
        monkeypatch.setattr("gazeanalytics.study.staging._tidy", lambda *_: None)
        with pytest.raises(Killed), staged(out) as stage:
            fill(stage.folder, "new")
        monkeypatch.undo()
        # A marker never stands over a mixture of old and new.
        whole = contents(out)
        if MARKER in whole:
            shown = {text for name, text in whole.items() if not name.startswith(".")}
            assert len(shown) == 1, (last, whole)
        finish(out)
        if (out / MARKER).read_text() == "old":  # killed before the new results were called ready
            with staged(out) as stage:
                fill(stage.folder, "new")
        assert contents(out) == dict.fromkeys(("data/a.txt", "tables/a.txt", "report.html", MARKER), "new")


def test_stopped_or_failing_at_any_rename_of_the_swap_nothing_is_lost(tmp_path, monkeypatch):
    """Unlike a kill, an error or Ctrl-C runs the code that tidies up; it must leave complete results alone."""
    real = os.replace
    for last in range(steps_of_a_swap(tmp_path, monkeypatch)):
        out = tmp_path / f"out{last}"
        with staged(out) as stage:
            fill(stage.folder, "old", ("data", "tables", "figures"))
        before, done = contents(out), []

        def failing(a, b, done=done, last=last):
            if len(done) == last:
                raise OSError("no space left")
            done.append(a)
            real(a, b)

        monkeypatch.setattr(os, "replace", failing)
        with pytest.raises(OSError, match="no space"), staged(out) as stage:
            fill(stage.folder, "new")
        monkeypatch.undo()
        if not finish(out):  # failed before the new results were called ready
            assert contents(out) == before
            continue
        assert contents(out) == dict.fromkeys(("data/a.txt", "tables/a.txt", "report.html", MARKER), "new")


def test_a_link_in_the_place_of_results_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("mine")
    out = tmp_path / "out"
    with staged(out) as stage:
        fill(stage.folder, "old")
    (out / "figures").symlink_to(elsewhere)
    with staged(out) as stage:
        fill(stage.folder, "new", ("data", "figures"))
    assert not (out / "figures").is_symlink()
    assert contents(elsewhere) == {"thesis.txt": "mine"}


def test_results_never_lie_among_the_study(small):
    study = open_study(small)
    (small / "samples").mkdir()
    for out in (small, small / "samples" / "out", small / "fixations"):
        with pytest.raises(InputError, match=r"is the study itself|lies in the study's table"):
            check_free(out, study, overwrite=True)
    check_free(small / "results", study, overwrite=False)


@pytest.mark.parametrize("left", ["0", "1", "-1", "999999999", "", "garbage", "our own number"])
def test_a_lock_that_nobody_holds_locks_nothing(tmp_path, left):
    lock = tmp_path / "lock"
    lock.write_text(json.dumps({"process": os.getpid()}) if left == "our own number" else left)
    with locked(lock, tmp_path):
        about = json.loads(lock.read_text())
        assert about["process"] == os.getpid()
        words = f"another run writes there .process {os.getpid()} on .* remove"
        with pytest.raises(InputError, match=words), locked(lock, tmp_path):
            pass
    assert not lock.exists()
