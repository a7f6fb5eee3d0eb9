"""What all tests share: where the real recordings and reference numbers lie, and that none is skipped unseen."""

import importlib
from collections.abc import Generator
from pathlib import Path

import pytest

# Read by test_peers.py and the benchmark, and imported by name, which collecting them as tests would not do.
collect_ignore = ["peers.py", "peer_entries"]

# `stats.mixed` is a function and a folder, like `stats.agreement`. Python binds the function; pytest, which imports
# each file by its path, would bind the folder over it in a room that nothing has imported yet.
for room in ("events", "gaze", "reasoning", "report", "stats", "strategies"):
    importlib.import_module(f"gazeanalytics.{room}")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _shared(part: str) -> Path:
    folder = SHARED / part
    if not folder.exists():
        pytest.skip(f"needs {part} in the shared folder beside this checkout")
    return folder


@pytest.fixture(scope="session")
def shared_data():
    """Folder of real recordings; skips where it is absent."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_reference():
    """Folder of numbers from R and from peers; skips where it is absent."""
    return _shared("reference")


# Fixtures that run a study as a whole, which takes minutes.
LONG_RUNS = {"sample_results", "whole"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a fixture of their file, or a long run, go to one worker, so that it is made once."""
    for item in items:
        fixtures = getattr(item, "_fixtureinfo", None)
        if fixtures is None:  # an example in a docstring
            continue
        of_file = any(found[-1].scope == "module" for found in fixtures.name2fixturedefs.values())
        for group in sorted(LONG_RUNS & set(fixtures.names_closure)) or [str(item.path)] * of_file:
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the shared folder is there, everything can run: a skipped test is one that nobody looks at."""
    report = yield
    if report.skipped and SHARED.exists() and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped although the shared folder is there ({reason})"
    return report
