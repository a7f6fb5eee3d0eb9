"""The documents name files, commands and analyses that are there."""

import re
from pathlib import Path

import pytest

from gazeanalytics.study import registry

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"])
def test_every_file_that_is_named_exists(page):
    """Paths in back quotes stand for files of the package, or of the checkout."""
    named = re.findall(r"`([\w./]+/[\w.]*|[\w/]+\.(?:py|md|toml))`", (ROOT / page).read_text("utf-8"))
    made = {"results/report.html", "report.html", "study.toml", "truth/"}
    folders = [ROOT, ROOT / "gazeanalytics", *(path for path in (ROOT / "gazeanalytics").rglob("*") if path.is_dir())]
    lost = [
        name
        for name in named
        if name not in made
        and not any((folder / name).exists() for folder in folders)
        and not name.startswith(("results/", "data/", "tables/", "figures/", "tests/events/test_slow_gaze"))
    ]
    assert lost == []


def test_the_readme_lists_every_analysis():
    text = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in registry() if f"`{name}`" not in text] == []


def test_every_command_of_the_readme_is_one():
    from gazeanalytics import cli

    known = {command.callback.__name__ for command in cli.app.registered_commands}
    text = (ROOT / "README.md").read_text("utf-8")
    used = set(re.findall(r"gazeanalytics (\w+) (?:[A-Z]{2,}|data_samples)", text))
    assert used <= known | {"analyse"}
