"""What is there in the public sets, one call each: types, a continuum, or nothing beyond distributions.

Run: python tests/benchmarks/strategies_real.py FOLDER   (the folder that holds gazesearch_cxr, interiors_search, ...)
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.gaze import STRATEGY_FEATURES, scanpath_features
from gazeanalytics.geometry import Viewing
from gazeanalytics.strategies import Archetypes, StrategyModel

sys.path.insert(0, str(Path(__file__).parents[1] / "strategies"))
from test_real_data import ecg


def gazesearch(folder):
    """4,840 scanpaths of 5 or 6 fixations on chest X-rays, 224 px wide; no angle is known."""
    file = next((folder / "gazesearch_cxr").glob("*.json"))
    paths = [path for path in json.loads(file.read_text()) if path["length"] >= 5]
    table = pd.DataFrame(
        {
            "reading": np.repeat(np.arange(len(paths)), [len(path["X"]) for path in paths]),
            "x": np.concatenate([path["X"] for path in paths]).astype(float),
            "y": np.concatenate([path["Y"] for path in paths]).astype(float),
            "duration": np.concatenate([path["T"] for path in paths]) * 1000.0,
        }
    )
    table["onset"] = table.groupby("reading")["duration"].cumsum() - table["duration"]
    images = pd.DataFrame({"reading": np.arange(len(paths)), "case": [path["name"] for path in paths]})
    # As wide as if seen at 20 degrees: this one number alone turns pixels into angles.
    return table, images.assign(width=224, height=224), Viewing.from_px_per_deg(224 / 20, 224, 224), None


def interiors(folder):
    """57 readers search 134 interiors; scanpaths of five fixations and more."""
    table = pd.read_csv(folder / "interiors_search" / "fixations.csv.gz", keep_default_na=False, na_values=[""])
    table = table.rename(
        columns={"trial": "reading", "reader": "who", "x_px": "x", "y_px": "y", "onset_ms": "onset"}
    ).rename(columns={"duration_ms": "duration"})
    return _whole(table, 1024, 768, Viewing.from_px_per_deg(36, 1024, 768))


def osie(folder):
    """15 viewers look at 700 pictures freely."""
    table = pd.read_csv(folder / "osie_fixations" / "fixations.csv.gz")
    table = table.rename(columns={"reader": "who", "x_px": "x", "y_px": "y", "duration_ms": "duration"})
    table["reading"] = table.groupby(["who", "case"]).ngroup()
    table = table.sort_values(["reading", "index"])
    table["onset"] = table.groupby("reading")["duration"].cumsum() - table["duration"]
    return _whole(table, 800, 600, Viewing.from_px_per_deg(24, 800, 600))


def _whole(table, width, height, viewing):
    table = table[table.groupby("reading")["reading"].transform("size") >= 5].sort_values(["reading", "onset"])
    images = table.groupby("reading")[["case", "who"]].first().reset_index()
    table = table[["reading", "onset", "duration", "x", "y"]].astype(float).astype({"reading": int})
    return table, images[["reading", "case"]].assign(width=width, height=height), viewing, images["who"]


def report(name, table, who):
    start = time.process_time()
    found = StrategyModel.fit(table, readers=who, rng=1)
    spent = time.process_time() - start
    print(f"\n{name}: {found.verdict} ({spent:.1f} CPU s). {found.summary()}")
    print(found.choices.round(1).to_string(index=False))
    if found.verdict == "types":
        print(found.stability(table, readers=who, n_resamples=10, rng=1).drop(columns="resample").round(2).to_string())
    else:
        corners = Archetypes.fit(table, rng=1)
        print(corners.explained.round(3).to_string(index=False))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for load in (gazesearch, interiors, osie):
        fixations, images, viewing, who = load(folder)
        measured = scanpath_features(fixations, viewing, images)
        wanted = [column for column in STRATEGY_FEATURES if column in measured and measured[column].notna().any()]
        report(load.__name__, measured[["reading", *wanted]], who)
    report("ecg", *ecg(folder))
