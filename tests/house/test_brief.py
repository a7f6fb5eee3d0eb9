"""Whatever a user holds shows itself in a few lines: no table, array or whole study is poured into the console."""

import dataclasses
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pandas as pd
import pytest

import gazeanalytics
from gazeanalytics import stats, strategies, study
from gazeanalytics.brief import Brief, summarise
from gazeanalytics.settings import Settings
from gazeanalytics.study.examples import example_study

LARGE = re.compile(r"ndarray|DataFrame|Series|[dD]ict|Mapping")


def handed_out():
    """Every dataclass of a room's or sub-room's `__all__` that holds something of any size."""
    for found in pkgutil.walk_packages(gazeanalytics.__path__, "gazeanalytics."):
        if not found.ispkg or "._kernels" in found.name:
            continue
        room = importlib.import_module(found.name)
        for name in getattr(room, "__all__", ()):
            thing = getattr(room, name, None)
            holds = inspect.isclass(thing) and dataclasses.is_dataclass(thing) and not issubclass(thing, Settings)
            if holds and any(LARGE.search(str(field.type)) for field in dataclasses.fields(thing)):
                yield thing


def test_what_holds_tables_or_arrays_is_brief():
    wordy = {cls.__name__ for cls in handed_out() if cls is not stats.MixedFit and not issubclass(cls, Brief)}
    assert not wordy


@pytest.fixture(scope="module")
def results():
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.normal(size=(200, 12)), columns=[f"a measure with a long name {k}" for k in range(12)])
    rows = pd.DataFrame({"reader": np.repeat(np.arange(20), 30), "x": rng.normal(size=600)})
    rows = rows.assign(y=rows["x"] + rng.normal(size=600), kind=rng.choice(list("abcdefghij"), 600))
    one = example_study()
    return [
        strategies.fit(features.assign(reading=range(200)), rng=1),
        stats.mixed("y ~ kind * poly(x, 3) + (1 | reader)", rows),
        stats.multinomial("kind ~ x + (1 | reader)", rows),
        stats.r2(stats.mixed("y ~ x + (1 | reader)", rows)),
        one,
        one.config,
        *study.registry(),
    ]


def test_reprs_are_short_and_html_is_escaped(results):
    for result in results:
        assert len(repr(result)) < 1_500, type(result)
        assert len(getattr(result, "_repr_html_", str)()) < 6_000, type(result)

    @dataclasses.dataclass(frozen=True, slots=True)
    class Found(Brief):
        name: str

    assert "<td>&lt;b&gt;ann&lt;/b&gt;</td>" in Found("<b>ann</b>")._repr_html_()


def test_values_are_said_in_a_few_words():
    assert summarise(pd.DataFrame({"case": ["a"]})) == "table of 1 rows: case"
    assert summarise(pd.Series([1.0])) == "column of 1 rows of float64"
    assert summarise(["a" * 200]).endswith(" ...")
    assert summarise([np.zeros(3), np.zeros(4)]) == "2 of ndarray"
    assert summarise(len) == "len"


def test_the_daily_steps_stand_at_the_top():
    assert gazeanalytics.mixed is stats.mixed
    assert {"detect", "features", "analyse", "open_study", "label"} <= set(dir(gazeanalytics))
    for name in dir(gazeanalytics):
        assert getattr(gazeanalytics, name) is not None
