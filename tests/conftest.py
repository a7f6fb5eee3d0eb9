"""What all tests share: where the real recordings and reference numbers lie."""

from pathlib import Path

import pytest

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
