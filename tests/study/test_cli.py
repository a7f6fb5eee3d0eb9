import json
import os
import signal
import subprocess
import sys
import warnings

import pandas as pd
import pytest

from gazeanalytics import cli
from gazeanalytics.study import verify
from gazeanalytics.study.privacy import check_key_file
from gazeanalytics.study.staging import staged
from gazeanalytics.tables import InputError


def run(monkeypatch, capsys, *words):
    """Exit status, standard output and standard error of one command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["gazeanalytics", *map(str, words)])
    with warnings.catch_warnings():
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
    told = capsys.readouterr()
    return status, told.out, told.err


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def misspell(study):
    edit(study / "fixations.csv", "duration", "duraton")
    columns = "{reading='reading', onset='onset', duration='duration', x='x', y='y'}"
    table = f"[tables.fixations]\nfile='fixations.csv'\ncolumns={columns}\n"
    edit(study / "study.toml", "[study]", table + "[study]")
    return ("fixations.csv", "duration", "did you mean 'duraton'?", "study.toml")


def wrong_unit(study):
    frame = pd.read_csv(study / "fixations.csv")
    frame["duration"] /= 1000
    frame.to_csv(study / "fixations.csv", index=False)
    return ("fixations.csv", "'duration'", "looks like s", "declare its unit in study.toml")


def lost_reader(study):
    edit(study / "readers.csv", "r2,person,20\n", "")
    return ("readings.csv", "'reader'", "'r2'", "readers.csv; add a row for each there")


def empty_file(study):
    (study / "fixations.csv").write_text("")
    return ("fixations.csv", "is empty", "put the data there")


@pytest.mark.parametrize("spoil", [misspell, wrong_unit, lost_reader, empty_file])
def test_bad_input_is_one_sentence_and_nothing_is_written(small, tmp_path, monkeypatch, capsys, spoil):
    wanted = spoil(small)
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    status, out, err = run(monkeypatch, capsys, "analyse", small, "--out", tmp_path / "results", "--quiet")
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("gazeanalytics: ")
    for part in wanted:
        assert part in err
    assert not (tmp_path / "results").exists()
    assert before == {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "place"),
    [(("analyse", "", "--out", "out"), " after 'analyse'"), (("analyse", "study", "--out="), " of '--out'")],
)
def test_an_empty_name_is_not_this_folder(tmp_path, monkeypatch, capsys, words, place):
    monkeypatch.chdir(tmp_path)
    status, _, said = run(monkeypatch, capsys, *words)
    assert (status, said) == (2, f"gazeanalytics: the folder's name{place} is empty; name the folder\n")


def test_check_tells_the_rows(small, monkeypatch, capsys):
    status, out, err = run(monkeypatch, capsys, "check", small)
    assert (status, err) == (0, "")
    assert "readings: 24 rows" in out


def test_results_are_whole_and_never_overwritten_unasked(small, tmp_path, monkeypatch, capsys):
    out_folder = tmp_path / "results"
    status, out, err = run(monkeypatch, capsys, "analyse", small, "--out", out_folder)
    assert status == 0, err
    assert "24 readings" in out
    assert "features: 1/1" in err
    provenance = json.loads((out_folder / "provenance.json").read_text())
    assert provenance["counts"]["readings out"] == 24
    assert set(provenance["inputs"]) == {"study.toml", "readers.csv", "cases.csv", "readings.csv", "fixations.csv"}
    assert str(tmp_path) not in (out_folder / "provenance.json").read_text()
    assert str(tmp_path) not in (out_folder / "report.html").read_text()
    assert not [path for path in out_folder.iterdir() if path.name.startswith(".")]
    status, _, err = run(monkeypatch, capsys, "analyse", small, "--out", out_folder)
    assert status == 2
    assert "holds results already; add --overwrite to replace them" in err


def test_equal_runs_give_equal_bytes(small, tmp_path, monkeypatch, capsys):
    for name in ("one", "two"):
        assert run(monkeypatch, capsys, "analyse", small, "--out", tmp_path / name, "--quiet")[0] == 0
    one = {p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*") if p.is_file()}
    two = {p.relative_to(tmp_path / "two"): p.read_bytes() for p in (tmp_path / "two").rglob("*") if p.is_file()}
    assert sorted(one) == sorted(two)
    assert [path for path in one if one[path] != two[path]] == []


def test_a_strange_or_busy_folder_is_left_alone(small, tmp_path, monkeypatch, capsys):
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.doc").write_text("mine")
    status, _, err = run(monkeypatch, capsys, "analyse", small, "--out", strange, "--overwrite", "--quiet")
    assert status == 2
    assert "holds files that no analysis wrote" in err
    busy = tmp_path / "busy"
    with staged(busy):
        status, _, err = run(monkeypatch, capsys, "analyse", small, "--out", busy, "--quiet")
    assert status == 2
    assert f"another run writes there (process {os.getpid()} on " in err
    assert "remove " in err
    assert run(monkeypatch, capsys, "analyse", small, "--out", small, "--quiet")[0] == 2


def test_help_and_version(monkeypatch, capsys):
    status, out, _ = run(monkeypatch, capsys, "--help")
    assert status == 0
    assert all(verb in out for verb in ("analyse", "check", "simulate"))
    assert run(monkeypatch, capsys, "--version")[1].startswith("gazeanalytics 0.")


def test_simulate_then_check(tmp_path, monkeypatch, capsys):
    words = ("simulate", tmp_path / "s", "--readers", 3, "--cases", 4, "--rate-hz", 60, "--quiet")
    assert run(monkeypatch, capsys, *words)[0] == 0
    status, out, _ = run(monkeypatch, capsys, "check", tmp_path / "s")
    assert status == 0
    assert "readings: 24 rows" in out
    status, _, err = run(monkeypatch, capsys, *words)
    assert status == 2
    assert "overwrite" in err


def test_the_command_is_installed():
    told = subprocess.run([sys.executable, "-m", "gazeanalytics.cli", "--version"], capture_output=True, text=True)
    assert told.stdout.startswith("gazeanalytics")


@pytest.mark.parametrize("first", ["pass", "raise"], ids=["swallowed", "tidying"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_asked_twice_to_stop_it_ends_at_once_with_the_same_sentence(first, number):
    """Ctrl-C while the first one is being answered, or after a library took the first for a fault of its own."""
    code = f"""
import os
import signal
import sys
from gazeanalytics import cli

sys.argv[1:] = ["analyse"]

def app():
    try:
        os.kill(os.getpid(), {int(number)})
        os.getpid()
    except BaseException:
        {first}
    finally:
        os.kill(os.getpid(), {int(number)})
        print("went on")

cli.app = app
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number
    assert done.stderr == "gazeanalytics: stopped; finished parts are kept and used by the next run\n"
    assert done.stdout == ""


def test_a_verb_that_keeps_no_parts_does_not_promise_them():
    code = "import os, sys; from gazeanalytics import cli; sys.argv[1:] = ['simulate']\n"
    code += f"cli.app = lambda: os.kill(os.getpid(), {int(signal.SIGTERM)}); cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "gazeanalytics: stopped; run it again\n"


def results_in_their_swap(out):
    """What a run leaves that is killed when its results are complete, before the first of them is moved."""
    work = out / ".gazeanalytics"
    (work / "new").mkdir(parents=True)
    names = sorted(path.name for path in out.iterdir() if path != work)
    for name in names:
        (out / name).rename(work / "new" / name)
    (work / "ready").write_text(json.dumps(names))


def test_a_run_killed_in_its_swap_is_resumed_by_the_same_words(small, tmp_path, monkeypatch, capsys):
    words = ("analyse", small, "--out", tmp_path / "out", "--only", "readers", "--quiet")
    assert run(monkeypatch, capsys, *words)[0] == 0
    before = (tmp_path / "out" / "report.html").read_bytes()
    results_in_their_swap(tmp_path / "out")
    status, out, _ = run(monkeypatch, capsys, *words)
    assert status == 0
    assert "they are in place" in out
    assert (tmp_path / "out" / "report.html").read_bytes() == before
    assert verify(tmp_path / "out") == []


def test_results_of_another_study_killed_in_their_swap_are_not_taken_for_this_run(small, tmp_path, monkeypatch, capsys):
    words = ("analyse", small, "--out", tmp_path / "out", "--only", "readers", "--quiet")
    assert run(monkeypatch, capsys, *words)[0] == 0
    results_in_their_swap(tmp_path / "out")
    (small / "study.toml").write_text((small / "study.toml").read_text() + "\n# another study\n")
    status, _, err = run(monkeypatch, capsys, *words)
    assert status == 2
    assert "holds results already; add --overwrite" in err
    assert run(monkeypatch, capsys, *words, "--overwrite")[0] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_asked_to_stop_when_all_is_done_it_ends_without_a_word(number):
    code = f"""
import atexit, os
from gazeanalytics import cli

atexit.register(os.kill, os.getpid(), {int(number)})
cli.app = lambda: print("done", flush=True)
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-number, "done\n", "")


def test_a_key_that_nothing_could_be_written_to_is_refused_before_the_run(tmp_path):
    key = tmp_path / "absent" / "key.csv"
    with pytest.raises(InputError, match="nothing can be written to that folder; name a place in another with --key"):
        check_key_file(key, tmp_path / "out")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('[analyses.search_errors]\nrun = "no"', "search_errors"),
        ("[analyses.search_errors]\nradius_deg = [1]", "radius_deg"),
        ("[analyses.nope]\nrun = true", "nope"),
        ("[display]\nplacement = [5, 5, 5, 5]", "left < right and top < bottom; got ["),
        ("[display]\nplacement = [nan, 0, 1, 1]", "left < right and top < bottom; got ["),
    ],
)
def test_check_refuses_what_analyse_would(small, monkeypatch, capsys, lines, said):
    with (small / "study.toml").open("a") as file:
        file.write(f"\n{lines}\n")
    status, _, errors = run(monkeypatch, capsys, "check", str(small))
    assert status == 2
    assert said in errors


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--like", "chexthought", "--readers", 5), "--readers has no part in --like chexthought; leave it out"),
        (("--share", 0.1), "--share has no part in a study without --like; leave it out"),
        (("--like", "nothing"), "--like nothing: there is no such shape; expected chexthought"),
    ],
)
def test_options_that_would_be_passed_over_are_refused(tmp_path, monkeypatch, capsys, words, said):
    status, _, err = run(monkeypatch, capsys, "simulate", tmp_path / "s", *words)
    assert status == 2
    assert said in err
    assert not (tmp_path / "s").exists()
