"""Results appear whole or not at all, whatever kills a run and wherever."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from gazeanalytics.study import open_study, replay, share, verify
from gazeanalytics.study.locking import locked
from gazeanalytics.study.provenance import outputs_of, sealed
from gazeanalytics.study.shards import over_shards, write_text
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
        with pytest.raises((OSError, InputError), match="no space"), staged(out) as stage:
            fill(stage.folder, "new")
        monkeypatch.undo()
        if not finish(out):  # failed before the new results were called ready
            assert contents(out) == before
            continue
        assert contents(out) == dict.fromkeys(("data/a.txt", "tables/a.txt", "report.html", MARKER), "new")


def test_killed_before_any_change_to_files_the_next_run_makes_it_whole(tmp_path):
    """Real kills by the operating system at every change to files; staging_kills.py says how many there were."""
    script = Path(__file__).with_name("staging_kills.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kills, in_swap = map(int, done.stdout.split())
    assert kills > 60
    assert in_swap > 25


def test_a_swap_that_is_hindered_says_where_the_new_results_are(tmp_path, monkeypatch):
    out = tmp_path / "out"
    with staged(out) as stage:
        fill(stage.folder, "old")
    real = os.replace

    def hindered(source, target):
        if Path(source) == out / "tables":
            raise OSError(16, "Device or resource busy")
        real(source, target)

    monkeypatch.setattr(os, "replace", hindered)
    with pytest.raises(InputError) as said, staged(out) as stage:
        fill(stage.folder, "new")
    work = out / ".gazeanalytics"
    assert str(said.value) == (
        f"{out / 'tables'}: can't be moved to {work / 'old'} (Device or resource busy); correct that and run again, "
        f"which puts the new results in place; until then they are kept in {work}"
    )
    monkeypatch.undo()
    assert finish(out)
    assert contents(out) == dict.fromkeys(("data/a.txt", "tables/a.txt", "report.html", MARKER), "new")


def test_what_stands_where_results_go_is_let_alone(small, tmp_path):
    """A marker of others, files of others beside the work folder, links in the place of our own files."""
    study, mine = open_study(small), tmp_path / "mine.txt"
    mine.write_text("mine")
    out = tmp_path / "marker"
    (out / "data").mkdir(parents=True)
    (out / MARKER).write_text('{"made by": "another program"}')
    with pytest.raises(InputError, match=r"holds a provenance.json that no analysis wrote; name an empty folder"):
        check_free(out, study, overwrite=True)
    out = tmp_path / "files"
    (out / "data").mkdir(parents=True)
    (out / ".gazeanalytics").mkdir()
    with pytest.raises(InputError, match="holds files that no analysis wrote"):
        check_free(out, study, overwrite=True)
    out = tmp_path / "link"
    out.mkdir()
    (out / ".gazeanalytics").symlink_to(tmp_path)
    with pytest.raises(InputError, match=r"gazeanalytics: is a link; remove it"):
        check_free(out, study, overwrite=True)
    with pytest.raises(InputError, match=r"gazeanalytics: is a link; remove it"), staged(out):
        pass
    out = tmp_path / "lock"
    (out / ".gazeanalytics").mkdir(parents=True)
    (out / ".gazeanalytics" / "lock").symlink_to(mine)
    with pytest.raises(InputError, match=r"lock: is a link where a run keeps a file; remove it and run"), staged(out):
        pass
    assert mine.read_text() == "mine"


def piped(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def endless(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/dev/zero")


def foldered(path):
    (path / "within").mkdir(parents=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
@pytest.mark.parametrize("make", [piped, endless, foldered])
@pytest.mark.parametrize("name", [MARKER, ".gazeanalytics/lock", ".gazeanalytics/ready"])
def test_what_is_no_file_is_never_waited_for(small, tmp_path, name, make):
    """A pipe without a writer waits for ever, a link to /dev/zero never ends, a folder is met at the very end."""
    out = tmp_path / "out"
    make(out / name)
    done = subprocess.run(
        [sys.executable, "-m", "gazeanalytics.cli", "analyse", small, "--out", out, "--overwrite", "--only", "quality"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    what = {piped: "a pipe or device", endless: "a link", foldered: "a folder"}[make]
    said = f"{out / name}: is {what} where a run keeps a file; remove it and run again"
    if name == MARKER:
        said = f"{out}: holds a {MARKER} that no analysis wrote; name an empty folder with --out"
    assert done.stderr == f"gazeanalytics: {said}\n"
    assert done.returncode == 2
    assert os.path.lexists(out / name)


def test_a_folder_of_the_work_that_is_a_link_is_not_followed(tmp_path):
    for name in ("new", "parts", "old"):
        out = tmp_path / f"out-{name}"
        (out / ".gazeanalytics").mkdir(parents=True)
        (out / ".gazeanalytics" / name).symlink_to(tmp_path)
        said = rf"{name}: is a link where a run keeps a folder; remove it and run again"
        with pytest.raises(InputError, match=said), staged(out):
            pass


def test_a_marker_without_end_is_none_of_ours(small, tmp_path):
    for number, text in enumerate(("[" * 200_000, '{"gazeanalytics": "' + "0" * (64 << 20) + '"}')):
        out = tmp_path / f"out{number}"
        out.mkdir()
        (out / MARKER).write_text(text)
        with pytest.raises(InputError, match=r"holds a provenance.json that no analysis wrote"):
            check_free(out, open_study(small), overwrite=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
@pytest.mark.parametrize("name", ["done", "a.parquet"])
def test_a_kept_part_that_is_no_file_is_named(tmp_path, name):
    file, keep = tmp_path / "a.txt", tmp_path / "parts"
    write_text("a", file)
    list(over_shards(lambda file: {"a": pd.DataFrame({"n": [1]})}, [file], keep=keep))
    (folder,) = keep.iterdir()
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(InputError, match=rf"{name}: is a pipe or device where a run keeps a file; remove it"):
        list(over_shards(lambda file: {"a": pd.DataFrame({"n": [1]})}, [file], keep=keep))


def test_results_stopped_at_the_very_end_are_finished_and_kept(small, tmp_path):
    study, out = open_study(small), tmp_path / "out"
    work = out / ".gazeanalytics"
    (work / "new").mkdir(parents=True)
    (work / "new" / MARKER).write_text('{"gazeanalytics": "0"}')
    (work / "ready").write_text(f'["{MARKER}"]')
    with pytest.raises(InputError, match=r"stopped at its very end, now whole; add --overwrite to replace them"):
        check_free(out, study, overwrite=False)
    assert [path.name for path in out.iterdir()] == [MARKER]
    work.mkdir()
    (work / "ready").write_text("garbage")
    with pytest.raises(InputError, match="ready: is damaged; keep what you need of"):
        check_free(out, study, overwrite=True)


def record(**other):
    """The least that a record of a run holds."""
    analyses = {"run": [], "not possible": {}}
    least = {"gazeanalytics": "0", "libraries": {}, "study": {}, "analyses": analyses, "inputs": {}, "outputs": {}}
    return least | other


HASH = {"bytes": 3, "sha256": "0" * 64}
WRONG = {
    "outputs": {"outputs": []},
    "outputs.report.html.bytes": {"outputs": {"report.html": {}}},
    "inputs.study.toml": {"inputs": {"study.toml": 3}},
    "libraries": {"libraries": []},
    "analyses.run": {"analyses": {}},
    "study": {"study": 5},
    "study.report": {"study": {"report": 5}},
}


@pytest.mark.parametrize("place", WRONG)
@pytest.mark.parametrize("verb", ["verify", "replay", "share"])
def test_a_record_of_another_structure_is_one_sentence(small, tmp_path, place, verb):
    out = tmp_path / "out"
    out.mkdir()
    (out / MARKER).write_text(sealed(record(**WRONG[place])))
    said = rf"{MARKER}: {place} isn't what a run writes there; it was changed, or written by another version; run"
    with pytest.raises(InputError, match=said):
        {
            "verify": verify,
            "replay": lambda out: replay(out, open_study(small)),
            "share": lambda out: share(out, "a.zip"),
        }[verb](out)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 200_000, r"provenance.json: is damaged \(no JSON\); run analyse again"),
        ("{", r"provenance.json: is damaged \(no JSON\); run analyse again"),
        ("[]", r"provenance.json: the whole of it isn't what a run writes there"),
    ],
)
def test_a_record_that_is_none_is_one_sentence(tmp_path, text, said):
    (tmp_path / MARKER).write_text(text)
    with pytest.raises(InputError, match=said):
        verify(tmp_path)


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.txt", "data/../../a.txt", "C:\\a.txt", "..\\a.txt"])
def test_a_record_that_names_files_of_others_is_refused(tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "a.txt").write_text("abc")
    (out / MARKER).write_text(sealed(record(outputs={name: HASH})))
    with pytest.raises(InputError, match=r"provenance.json: names a file outside of the results \('"):
        verify(out)


def test_a_link_out_of_the_results_is_named(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "a.txt").write_text("abc")
    (out / "a.txt").symlink_to(tmp_path / "a.txt")
    (out / MARKER).write_text(sealed(record(outputs={"a.txt": outputs_of(tmp_path)["a.txt"]})))
    assert verify(out) == ["a.txt: is a link that leads out of the results"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_whatever_was_added_is_named(tmp_path):
    (tmp_path / MARKER).write_text(sealed(record()))
    (tmp_path / "data").mkdir()
    assert verify(tmp_path) == []
    os.mkfifo(tmp_path / "data" / "pipe")
    (tmp_path / "empty").mkdir()
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    (tmp_path / "around").symlink_to(tmp_path)
    added = ["around", "data/pipe", "empty", "nowhere"]
    assert verify(tmp_path) == [f"{name}: was not written by the run" for name in added]


def test_verify_names_what_a_stopped_run_left(tmp_path):
    (tmp_path / MARKER).write_text(sealed(record()))
    (tmp_path / ".gazeanalytics" / "parts").mkdir(parents=True)
    (tmp_path / ".gazeanalytics" / "parts" / "a.parquet").touch()
    left = ".gazeanalytics: was left by a run that was stopped; run analyse with --overwrite, or remove the folder"
    assert verify(tmp_path) == [left]


def test_a_run_that_ends_takes_no_lock_from_the_next(tmp_path):
    """The lock that stands there when a run ends may be another's by then."""
    lock = tmp_path / "lock"
    with locked(lock, tmp_path):
        lock.unlink()
        lock.write_text("another's")
    assert lock.read_text() == "another's"


def test_where_files_cannot_be_locked_the_sentence_says_so(tmp_path, monkeypatch):
    def refusing(handle):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("gazeanalytics.study.locking._hold", refusing)
    words = r"this file system locks no files \(Operation not supported\); name a folder on another with --out"
    with pytest.raises(InputError, match=words), locked(tmp_path / "lock", tmp_path):
        pass


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
    (small / "gaze" / "out").mkdir(parents=True)
    (small / "fixations.csv").rename(small / "gaze" / "one.csv")
    with (small / "study.toml").open("a") as file:
        file.write('[tables.fixations]\nfile = "gaze/one.csv"\n')
    with pytest.raises(InputError, match=r"gaze.out: lies in the study's table 'fixations'; name another folder"):
        check_free(small / "gaze" / "out", open_study(small), overwrite=False)
    check_free(small / "results", study, overwrite=False)


@pytest.mark.parametrize("left", ["0", "1", "-1", "999999999", "", "garbage", "[]", "our own number", "another host"])
def test_a_lock_that_nobody_holds_locks_nothing(tmp_path, left):
    lock = tmp_path / "lock"
    about = {
        "our own number": {"process": os.getpid()},
        "another host": {"process": 1, "host": "elsewhere", "since": "1"},
    }
    lock.write_text(json.dumps(about[left]) if left in about else left)
    with locked(lock, tmp_path):
        about = json.loads(lock.read_text())
        assert about["process"] == os.getpid()
        words = f"another run writes there .process {os.getpid()} on .* remove"
        with pytest.raises(InputError, match=words), locked(lock, tmp_path):
            pass
    assert not lock.exists()
