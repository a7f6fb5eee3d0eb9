"""Kill a run that only writes and swaps before each of its changes to files, and look at what the next one makes of it.

`python staging_kills.py FOLDER` prints the number of kills and of those inside the swap.
"""

import importlib.util
import os
import signal
import sys
from pathlib import Path

from gazeanalytics.study.shards import write_text
from gazeanalytics.study.staging import MARKER, finish, staged

spec = importlib.util.spec_from_file_location("killing", Path(__file__).with_name("killing.py"))
killing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(killing)

OLD, NEW = ("data", "tables"), ("data", "figures")
DIRECT = ("report.html", MARKER)


def run(out, text, folders):
    with staged(out) as stage:
        (stage.parts / "a").mkdir(parents=True, exist_ok=True)
        write_text(text, stage.parts / "a" / "part.txt")
        for name in folders:
            (stage.folder / name).mkdir()
            write_text(text, stage.folder / name / "a.txt")
        for name in DIRECT:
            write_text(text, stage.folder / name)


def contents(out):
    found = [path for path in out.rglob("*") if path.is_file()]
    return {path.relative_to(out).as_posix(): path.read_text() for path in found if ".gazeanalytics" not in path.parts}


def wanted(text, folders):
    return dict.fromkeys((*(f"{name}/a.txt" for name in folders), *DIRECT), text)


def killed(out, place):
    """Whether the run over what is in `out` was killed before change `place`."""
    process = os.fork()
    if not process:
        killing.watch({"out": str(out), "log": None, "number": signal.SIGKILL, "place": place, "swap": False})
        run(out, "new", NEW)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def check(out, old):
    """The state after a kill is the old one, the new one, or a mixture without marker; the next run makes it whole."""
    before, new = wanted("old", OLD) if old else {}, wanted("new", NEW)
    left = contents(out) if out.exists() else {}
    in_swap = (out / ".gazeanalytics" / "ready").exists()
    assert left in (before, new) or (in_swap and MARKER not in left), left
    if in_swap:
        assert finish(out)
        assert contents(out) == new, contents(out)
    else:
        assert left in (before, new)
        run(out, "new", NEW)
    assert contents(out) == new, contents(out)
    assert not (out / ".gazeanalytics").exists()
    return in_swap


def main(folder):
    kills = in_swap = 0
    for old in (False, True):
        place = 0
        while True:
            out = folder / f"{old}{place}"
            if old:
                run(out, "old", OLD)
            if not killed(out, place):
                break
            kills += 1
            in_swap += check(out, old)
            place += 1
    print(kills, in_swap)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
