"""The table of faults is whole and current."""

import importlib.util
from pathlib import Path

SPEC = importlib.util.spec_from_file_location("faults_table", Path(__file__).with_name("table.py"))
table = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(table)


def test_every_fault_has_a_test_and_says_what_happens():
    found = table.rows()
    assert sorted(found) == list(range(1, table.COUNT + 1))
    for tests in found.values():
        for fault, outcome, name in tests:
            assert fault, name
            assert outcome, name


def test_the_page_is_current():
    if table.PAGE.parents[1].joinpath("pyproject.toml").exists():
        assert table.PAGE.read_text("utf-8") == table.text(), "run python tests/faults/table.py"
