"""Runs that are killed at chosen and at random moments: resumed to the same bytes, old results whole until swapped.

`GAZEANALYTICS_KILLS=17 pytest -m slow -n 0 -s tests/study/test_kills.py` makes up to 102 kills and says what each left:
a group of three ends with the kill that comes when the results are complete.
"""

import os
import random
import shutil
import signal

import pytest

from gazeanalytics.study import verify

PROMISE = "gazeanalytics: stopped; finished parts are kept and used by the next run"


def moments(whole, old, chance, count):
    """Kills in groups of three: at any time of the run, before any change to files, and inside the swap.

    The swap takes some milliseconds of a run of many seconds: by the clock alone no kill would meet it.
    """
    begins, changes = whole.swap_begins(old), len(whole.changes[old])
    kinds = (
        lambda: ("time", {"after": chance.uniform(0.1, whole.cpu[old])}),
        lambda: ("change", {"place": chance.randrange(begins)}),
        lambda: ("swap", {"place": chance.randrange(changes - begins), "swap": True}),
    )
    every = [kinds[kill % 3]() for kill in range(count)]
    return [every[start : start + 3] for start in range(0, count, 3)]


def check_answer(number, status, said, left, about):
    """Killed without a word, or stopped with the promised sentence; or all was done before."""
    assert "Traceback" not in said, (about, said)
    if number != signal.SIGKILL and left != "new results":
        assert status == 128 + number, (about, said)
    assert status in (0, -number, 128 + number), (about, said)
    if status > 0:
        assert said.splitlines()[-1] == PROMISE, (about, said)


def what_is_left(whole, runs, out, old, about):
    """Old results or new ones are whole; a mixture, while swapping, doesn't bear the marker of results."""
    left = runs.hashes(out)
    if left == whole.wanted:
        return "new results"
    if left == (whole.before if old else {}):
        return "old results" if old else "no results"
    assert (out / ".gazeanalytics" / "ready").exists(), (about, sorted(left))
    assert "provenance.json" not in left, (about, sorted(left))
    return "half a swap"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
@pytest.mark.parametrize("old", [False, True], ids=["first", "overwrite"])
def test_killed_runs_are_resumed_to_the_same_bytes(whole, runs, tmp_path, number, old):
    chance = random.Random(f"{number} {old}")
    count = int(os.environ.get("GAZEANALYTICS_KILLS", "3"))
    more = ["--overwrite"] if old else []

    def check(chain, kills):
        """Kill, resume and kill again, and let the last run come to its end."""
        out, told, finished = tmp_path / f"out{chain}", [], False
        if old:
            whole.old_results(out)
        for kind, moment in kills:
            status, said = whole.run(out, *more, number=number, **moment)
            about = f"{number.name} {'over' if old else 'first'} {kind} {next(iter(moment.values())):.4g}: {status}"
            left = what_is_left(whole, runs, out, old, about)
            check_answer(number, status, said, left, about)
            told.append(f"{about}, left {left}")
            in_swap = (out / ".gazeanalytics" / "ready").exists()
            finished = left == "new results" or in_swap
            if finished:
                break
        status, said = whole.run(out, *more)
        # What was whole when its run was killed needs --overwrite, if the run had left no swap to finish.
        assert status == (2 if finished and not old and not in_swap else 0), (told, said)
        assert runs.hashes(out) == whole.wanted, told
        assert verify(out) == [], told
        assert not (out / ".gazeanalytics").exists(), told
        shutil.rmtree(out)
        return "\n".join(told) + ", resumed to the same bytes"

    runs.two_at_a_time(check, enumerate(moments(whole, old, chance, count)))
