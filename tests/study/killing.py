"""A server that forks runs of the command line and can stop each at one of its changes to a folder.

Started as `python killing.py WORDS...`, it runs the command line of these words once, and takes requests, one a line of
standard input (JSON: words of the command line, out, file for standard error, number of a signal, place, swap, log,
fsize). It answers with the process number of the run, and with its exit status when that has ended. Forked from a
process that has imported all and loaded all kernels, a short run takes a fraction of its time.

Every change to files that Python makes is announced to an audit hook before it happens. The signal is sent before
change number `place` (from 0) below `out`, so that each moment of a run can be chosen, the short ones of the swap too:
with `swap` counting begins where the new results are called ready.
"""

import contextlib
import json
import os
import resource
import sys
import threading

# Which argument of the audit event names the file that changes.
CHANGES = {"open": 0, "os.mkdir": 0, "os.rmdir": 0, "os.remove": 0, "os.rename": 1, "os.truncate": 0}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def watch(asked: dict) -> None:
    """Count changes below `out`, log them, and send the signal before one of them."""
    count, counting, guard = -1, not asked["swap"], threading.Lock()
    lines = os.open(asked["log"], os.O_WRONLY | os.O_CREAT) if asked["log"] else None

    def hook(event: str, given: tuple) -> None:
        nonlocal count, counting
        if event not in CHANGES or (event == "open" and not (given[2] or 0) & WRITING):
            return
        path = given[CHANGES[event]]
        # Folders are emptied by names relative to an open folder: the last argument is then its number.
        relative = event in ("os.remove", "os.rmdir") and given[-1] > 0
        if not isinstance(path, str | os.PathLike) or not (relative or os.fspath(path).startswith(asked["out"])):
            return
        with guard:
            counting = counting or os.path.basename(os.fspath(path)) == ".ready.half"
            count += counting
            mine = count
        if lines is not None:
            os.write(lines, f"{event} {os.path.basename(os.fspath(path))}\n".encode())
        if asked["number"] and mine == asked["place"]:
            os.kill(os.getpid(), asked["number"])

    sys.addaudithook(hook)


def run(asked: dict) -> None:
    """Be the command line."""
    from gazeanalytics.cli import main

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    if asked["fsize"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["fsize"], asked["fsize"]))
    watch(asked)
    sys.argv[1:] = asked["words"]
    main()
    sys.exit(0)


def serve() -> None:
    """Fork a run for each request, one after the other."""
    from gazeanalytics.cli import app

    with contextlib.redirect_stdout(sys.stderr):
        app(standalone_mode=False)
    for line in sys.stdin:
        process = os.fork()
        if not process:
            return run(json.loads(line))
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    return None


if __name__ == "__main__":
    serve()
