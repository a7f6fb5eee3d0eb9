"""Runs of the command line as processes of their own, for the tests that kill them, starve them and compare them."""

import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# Every part of a run (shards, data, figures, page) in the least time.
ONLY = ("--only", "features", "--only", "findings", "--only", "quality")
# Other results than those, with a folder of tables that the new ones don't have.
OLD = ("--only", "readers")


def hashes(folder):
    """Hashes of the results in a folder; none where it isn't there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and ".gazeanalytics" not in path.parts)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def words(study, out, *more, only=ONLY):
    return ["analyse", str(study), "--out", str(out), "--quiet", *only, *more]


def run(study, out, *more, only=ONLY, prefix=(), **environment):
    """A run to its end in a process of its own: status, and what it said on standard error."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "gazeanalytics.cli", *words(study, out, *more, only=only)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stderr


def cpu_seconds(process):
    """Processor time of a process, which unlike the clock doesn't run ahead on a busy machine; None once it ended."""
    try:
        parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """Forks runs, one at a time (see killing.py)."""

    def __init__(self, *warm_up):
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
        self.process = subprocess.Popen([sys.executable, str(HERE / "killing.py"), *warm_up], **options)
        self.cpu = 0.0

    def run(self, study, out, *more, only=ONLY, number=0, after=None, **options):
        """A run to its end, or to a signal after some processor time or before a change (`place`, see killing.py)."""
        with tempfile.TemporaryDirectory() as folder:
            said = Path(folder) / "said.txt"
            asked = {"words": words(study, out, *more, only=only), "out": str(out), "said": str(said)}
            asked |= {"number": number, "place": -1, "swap": False, "log": None, "fsize": None} | options
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()
            process = int(self.process.stdout.readline())
            self._follow(process, number, after)
            return int(self.process.stdout.readline()), said.read_text() if said.exists() else ""

    def _follow(self, process, number, after):
        self.cpu = 0.0
        while (cpu := cpu_seconds(process)) is not None:
            self.cpu = cpu
            if after is not None and cpu >= after:
                os.kill(process, number)
                break
            time.sleep(0.01)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Whole:
    """Results of runs that nobody disturbed, as first run and over old ones, and what these runs did.

    `before` and `wanted` are the hashes of old and new results; `changes` and `cpu` hold, for first runs (False) and
    runs over old results (True), the changes to files in their order and the processor time.
    """

    def __init__(self, study, folder):
        self.study, self.folder = study, folder
        self.servers = queue.SimpleQueue()
        self.all_servers = [Server(*words(study, folder / f"warm{number}")) for number in (1, 2)]
        for server in self.all_servers:
            self.servers.put(server)
        assert run(study, folder / "old", only=OLD)[0] == 0
        shutil.copytree(folder / "old", folder / "over")
        self.before, self.changes, self.cpu = hashes(folder / "old"), {}, {}
        assert run(study, folder / "new")[0] == 0
        self.wanted = hashes(folder / "new")
        for old, out in ((False, "forked"), (True, "over")):
            status, said = self.run(folder / out, *(["--overwrite"] if old else []), log=str(folder / f"{out}.txt"))
            assert status == 0, said
            assert hashes(folder / out) == self.wanted, "the same results when forked, and over old ones"
            self.cpu[old] = self.last_cpu
            self.changes[old] = (folder / f"{out}.txt").read_text().splitlines()

    def run(self, out, *more, **options):
        """A run on the first server that is free."""
        server = self.servers.get()
        try:
            return server.run(self.study, out, *more, **options)
        finally:
            self.last_cpu = server.cpu
            self.servers.put(server)

    def swap_begins(self, old):
        """Number of the change that calls the new results ready; the swap is what follows."""
        return self.changes[old].index("open .ready.half")

    def old_results(self, out):
        """A copy of the old results."""
        shutil.copytree(self.folder / "old", out)

    def close(self):
        for server in self.all_servers:
            server.close()


def two_at_a_time(check, cases):
    """Check every case, two at a time; print what each says, and fail with all faults at the end."""
    printing = threading.Lock()

    def checked(case):
        told = check(*case)
        with printing:
            print(told, flush=True)

    with ThreadPoolExecutor(2) as two:
        tasks = [two.submit(checked, case) for case in cases]
    faults = [repr(task.exception()) for task in tasks if task.exception()]
    assert not faults, "\n\n".join(faults)
