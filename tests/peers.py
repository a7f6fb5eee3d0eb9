"""The registry of peers: {function: {peer or reference: call}}, which tests, benchmark and docs/peers.md all read.

The entries lie in `peer_entries/`, one file a room. An entry says what inputs of a given size look like, how ours is
called on them, and how each peer is. Where definitions agree, answers have to be equal within a stated tolerance. Where
they don't (two detectors, two clusterers), both are scored against planted truth and ours has to come near the peer's.

`test_peers.py` runs the entries whose peers are installed; `benchmarks/bench_peers.py` times them and writes the table.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOMS = ("events", "attention", "scanpaths", "features", "strategies", "agreement", "roc", "models", "text")


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's program, or a published number.

    Attributes
    ----------
    call : callable
        Takes the inputs and gives the answer, in the shape of ours.
    package : str
        Distribution that has to be installed; empty for a published number or an algorithm written out in the entry.
    tolerance : float
        Greatest difference allowed, relative where the peer's number is above 1. Not used where a relation is stated.
    note : str
        What differs by definition, or why the tolerance is what it is.
    timed : bool
        False for a published number, which costs nothing to look up.
    """

    call: Callable[[Any], Any]
    package: str = ""
    tolerance: float = 1e-9
    note: str = ""
    timed: bool = True

    def installed(self) -> bool:
        """Whether it can run here."""
        return not self.package or self.version() != ""

    def version(self) -> str:
        """Version of its package; empty where it isn't installed or there is none."""
        if not self.package:
            return ""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return ""


@dataclass(frozen=True, slots=True)
class Relation:
    """What holds between answers that are not meant to be equal: both are scored against planted truth.

    Attributes
    ----------
    words : str
        What the score is, such as "F1 of fixations with the planted ones".
    score : callable
        Takes the inputs and an answer; higher is better.
    slack : float
        How far below the peer's score ours may lie.
    """

    words: str
    score: Callable[[Any, Any], float]
    slack: float = 0.02


@dataclass(frozen=True, slots=True)
class Entry:
    """One public function beside its peers.

    Attributes
    ----------
    function : str
        Public name below `gazeanalytics`, such as "stats.icc".
    inputs : callable
        Takes a size and a seed.
    ours : callable
        Takes the inputs.
    peers : mapping
        Name to `Peer`.
    size, full : int
        Of the test and of the benchmark.
    unit : str
        What the size counts.
    what : str
        Which of several numbers, if the function gives more than one.
    relation : Relation, optional
        In place of equality.
    slow : bool
        Over a second of CPU time at `size`, compiling included.
    """

    function: str
    inputs: Callable[[int, int], Any]
    ours: Callable[[Any], Any]
    peers: Mapping[str, Peer]
    size: int
    full: int
    unit: str
    what: str = ""
    relation: Relation | None = None
    slow: bool = field(default=False)

    @property
    def name(self) -> str:
        """Function, and which of its numbers."""
        return f"{self.function}, {self.what}" if self.what else self.function

    def installed(self) -> dict[str, Peer]:
        """Peers that can run here."""
        return {name: peer for name, peer in self.peers.items() if peer.installed()}


def registry() -> dict[str, Entry]:
    """All entries by name, in the order of the rooms."""
    here = str(Path(__file__).parent)
    if here not in sys.path:
        sys.path.insert(0, here)
    entries = [entry for room in ROOMS for entry in importlib.import_module(f"peer_entries.{room}").ENTRIES]
    found = {entry.name: entry for entry in entries}
    if len(found) < len(entries):
        raise ValueError("two entries of one name")
    return found


def difference(ours: object, theirs: object) -> float:
    """Greatest difference of two answers, relative where theirs is above 1; NaN equals NaN alone."""
    one, two = np.asarray(ours, float), np.asarray(theirs, float)
    if one.shape != two.shape:
        raise AssertionError(f"ours has shape {one.shape}, the peer's {two.shape}")
    if (np.isnan(one) != np.isnan(two)).any():
        return float("inf")
    apart = np.abs(one - two) / np.maximum(1.0, np.abs(two))
    return float(np.nanmax(apart, initial=0.0))


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Hold back what peers warn of, print and log; it is theirs."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
