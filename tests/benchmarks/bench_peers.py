"""Ours beside each peer of the registry (tests/peers.py), in one run and in turns; writes the table of docs/peers.md.

    python tests/benchmarks/bench_peers.py [--write] [--repeats N] [NAME ...]

CPU seconds of one thread. A repeat times ours and then each peer, so that what else the machine does hits both; the
ratio (peer's time over ours) is taken within a repeat, and its least and median over the repeats are printed. NAME
picks entries whose name holds it; --write needs all of them. Peers that are not installed are left out and named.
"""

import os

os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)  # before NumPy

import platform
import sys
import time
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
import peers  # noqa: E402

PAGE = TESTS.parent / "docs" / "peers.md"
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
HEAD = ("function", "peer", "agreement", "inputs timed", "ours, ms", "peer's time / ours: least (median)")
SHORTEST_S = 0.02  # a clock of CPU time ticks in about this; shorter calls are repeated within one measurement


def seconds(call, inputs) -> float:
    """CPU time of one call, taken over as many as fill the clock's tick."""
    calls, spent = 0, 0.0
    start = time.process_time()
    while spent < SHORTEST_S:
        call(inputs)
        calls += 1
        spent = time.process_time() - start
    return spent / calls


def digits(ratio: float) -> str:
    """Two digits, written out."""
    return np.format_float_positional(ratio, precision=2, fractional=False, trim="-")


def agreement(entry: peers.Entry, peer: peers.Peer) -> str:
    """How near the answers are, on the inputs of the test."""
    inputs = entry.inputs(entry.size, 1)
    ours, theirs = entry.ours(inputs), peer.call(inputs)
    if entry.relation is None:
        apart = peers.difference(ours, theirs)
        return f"largest difference {apart:.0e}" if apart else "equal"
    one, two = (entry.relation.score(inputs, each) for each in (ours, theirs))
    return f"{entry.relation.words}: {one:.3f}, peer {two:.3f}"


def rows(entry: peers.Entry, repeats: int) -> list[tuple[str, ...]]:
    """One row a peer."""
    found = entry.installed()
    inputs = entry.inputs(entry.full, 1)
    with peers.quietly():
        near = {name: agreement(entry, peer) for name, peer in found.items()}  # also compiles and imports
        entry.ours(inputs)
        ours, ratios = [], {name: [] for name in found}
        for _ in range(repeats):
            ours.append(seconds(entry.ours, inputs))
            for name, peer in found.items():
                ratios[name].append(seconds(peer.call, inputs) / ours[-1] if peer.timed else np.nan)
    made = []
    for name, peer in found.items():
        words = near[name] + (f"; {peer.note}" if peer.note else "")
        times = f"{digits(min(ratios[name]))} ({digits(float(np.median(ratios[name])))})" if peer.timed else "–"
        size = f"{entry.full:,} {entry.unit}"
        made.append((entry.name, f"{name} {peer.version()}".strip(), words, size, digits(1e3 * min(ours)), times))
    return made


def in_code(name: str) -> str:
    function, comma, what = name.partition(",")
    return f"`{function}`{comma}{what}"


def table(made: list[tuple[str, ...]], absent: list[str], repeats: int) -> str:
    """The part of the page between its marks."""
    functions = {row[0].split(",")[0] for row in made}
    machine = f"one thread of {os.cpu_count()} cores ({platform.machine()})"
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    lines = [
        f"{len(functions)} functions, {len(made)} comparisons; {machine}; {versions}; {repeats} repeats.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *("| " + " | ".join((in_code(row[0]), *row[1:])) + " |" for row in made),
    ]
    if absent:
        lines += ["", "Not installed when this table was made: " + ", ".join(absent) + "."]
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the table between the marks of the page."""
    page = PAGE.read_text("utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1], "utf-8")


def main(arguments: list[str]) -> None:
    repeats = int(arguments[arguments.index("--repeats") + 1]) if "--repeats" in arguments else 3
    names = [word for word in arguments if not word.startswith("--") and word != str(repeats)]
    entries = peers.registry().values()
    chosen = [entry for entry in entries if not names or any(name in entry.name for name in names)]
    made = []
    for entry in chosen:
        for row in rows(entry, repeats):
            made.append(row)
            print(" | ".join(row), flush=True)
    absent = sorted({peer.package for entry in chosen for peer in entry.peers.values() if not peer.installed()})
    if absent:
        print("not installed:", ", ".join(absent))
    if "--write" in arguments and not names:
        write(table(made, absent, repeats))


if __name__ == "__main__":
    main(sys.argv[1:])
