"""The table of faults, from the docstrings of the tests: `python tests/faults/table.py` writes docs/faults.md.

A docstring reads "fault: what happens here."; the number is in the name of the test, `test_fault_07_...`.
"""

import ast
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "faults.md"
COUNT = 58
HEAD = """# Faults, and what happens here

Every fault has a test of its number. An error is one sentence on standard error and exit status 2, with nothing
written. Rows of gaze and traces that can't be used are set aside: counted in `provenance.json`, listed in
`data/rejects.parquet`; with `--strict` the first one is an error. Warnings name the file, once.
`python tests/faults/table.py` writes this page from the tests.

| # | fault | what happens here | test |
|---|---|---|---|
"""


def rows():
    """Number, fault, outcome and tests of every fault."""
    found = {}
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            match = isinstance(node, ast.FunctionDef) and re.match(r"test_fault_(\d\d)_", node.name)
            if match:
                fault, _, outcome = " ".join((ast.get_docstring(node) or "").split()).partition(": ")
                found.setdefault(int(match[1]), []).append((fault, outcome.rstrip("."), f"{path.name}::{node.name}"))
    return dict(sorted(found.items()))


def text():
    """The page."""
    lines = []
    for number, tests in rows().items():
        fault = tests[0][0]
        outcomes = "; ".join(outcome for _, outcome, _ in tests)
        names = "<br>".join(f"`{name}`" for _, _, name in tests)
        lines.append(f"| {number} | {fault} | {outcomes} | {names} |")
    return HEAD + "\n".join(lines) + f"\n\n{len(lines)} of {COUNT}.\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text(), encoding="utf-8", newline="\n")
