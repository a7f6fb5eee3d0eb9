"""Every entry of the registry: our numbers against each peer that is installed (`peers.py` says what an entry is)."""

import importlib.util
import sys
from functools import cache
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("peers", Path(__file__).with_name("peers.py"))
peers = importlib.util.module_from_spec(_spec)
sys.modules["peers"] = peers
_spec.loader.exec_module(peers)

REGISTRY = peers.registry()
# A peer that is not installed is not collected: a skip would look like something that was tried.
CASES = [
    pytest.param(entry, name, id=f"{entry.name} | {name}", marks=[pytest.mark.slow] if entry.slow else [])
    for entry in REGISTRY.values()
    for name in entry.installed()
]


@cache
def answer(name):
    """Inputs of an entry, and our answer to them: made once for all its peers."""
    entry = REGISTRY[name]
    inputs = entry.inputs(entry.size, 1)
    return inputs, entry.ours(inputs)


@pytest.mark.parametrize(("entry", "peer"), CASES)
def test_our_number_is_that_of_the_peer(entry, peer):
    inputs, ours = answer(entry.name)
    with peers.quietly():
        theirs = entry.peers[peer].call(inputs)
    if entry.relation is None:
        assert peers.difference(ours, theirs) <= entry.peers[peer].tolerance
    else:
        our_score, their_score = (entry.relation.score(inputs, each) for each in (ours, theirs))
        assert our_score >= their_score - entry.relation.slack, (our_score, their_score)


def test_each_entry_names_a_public_function():
    for entry in REGISTRY.values():
        place = importlib.import_module("gazeanalytics")
        for part in entry.function.split("."):
            place = getattr(place, part)
        assert callable(place), entry.function


def test_the_registry_is_as_wide_as_promised():
    functions = {entry.function for entry in REGISTRY.values()}
    run = {entry.function for entry in REGISTRY.values() if entry.installed() and not entry.slow}
    assert len(functions) >= 30
    assert len(run) >= len(functions) / 2
