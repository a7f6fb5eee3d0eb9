import subprocess
import sys

import pytest

import gazeanalytics


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_does_nothing():
    heavy = ["numpy", "pandas", "numba", "scipy", "sklearn", "matplotlib", "hdbscan", "pyarrow", "typer"]
    loaded = run(f"import sys, gazeanalytics; print([m for m in {heavy!r} if m in sys.modules])")
    assert loaded == "[]"


def test_the_command_line_loads_no_room():
    loaded = run("import sys, gazeanalytics.cli; print([m for m in ('numpy', 'pandas', 'numba') if m in sys.modules])")
    assert loaded == "[]"


def test_rooms_come_when_called():
    assert gazeanalytics.tables.TABLES
    assert "study" in dir(gazeanalytics)
    with pytest.raises(AttributeError, match="has no attribute 'parlour'"):
        _ = gazeanalytics.parlour
