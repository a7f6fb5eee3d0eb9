"""Recordings of an EyeLink as text, of which everything is known."""

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def asc():
    """The module asc.py beside this file."""
    spec = importlib.util.spec_from_file_location("asc", Path(__file__).with_name("asc.py"))
    module = sys.modules["asc"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
