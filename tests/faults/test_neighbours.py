"""Kinds of input near the faults of the list: words for outcomes, dates, lists in cells, clocks, frames, preambles."""

import json

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import io, stats, strategies
from gazeanalytics.io import TableMap
from gazeanalytics.study import open_study
from gazeanalytics.tables import InputError


def load(tmp_path, text, table="samples", name="f.csv", **changes):
    (tmp_path / name).write_text(text)
    return io.load_shard(tmp_path / name, table, TableMap.model_validate({"file": name} | changes))


def test_an_outcome_in_words(study):
    path = study / "readings.csv"
    frame = pd.read_csv(path)
    right = np.arange(len(frame)) % 3 > 0
    for yes, no in (("correct", "error"), ("TRUE", "FALSE"), ("hit", "miss")):
        frame.assign(correct=np.where(right, yes, no)).to_csv(path, index=False)
        assert open_study(study).table("readings")["correct"].astype(float).tolist() == right.astype(float).tolist()
    frame.assign(correct=np.where(right, "A", "B")).to_csv(path, index=False)
    with pytest.raises(InputError, match="expected correct or error, 1 or 0; got 'B'; give levels"):
        open_study(study).table("readings")


def test_a_level_called_none_stays(study):
    path = study / "readings.csv"
    frame = pd.read_csv(path)
    frame.assign(condition=np.where(frame["reading"] % 2 == 0, "None", "AI")).to_csv(path, index=False)
    assert open_study(study).table("readings")["condition"].value_counts().to_dict() == {"None": 12, "AI": 12}


def test_both_eyes_in_one_reading_are_refused(tmp_path):
    text = "reading,t,x,y,eye\n1,0,50,50,left\n1,0,55,50,right\n1,4,50,50,left\n1,4,55,50,right\n"
    with pytest.raises(InputError, match="expected one eye a reading; got left and right of reading 1"):
        load(tmp_path, text)


def test_dates_and_ends_and_lists(tmp_path):
    text = "reading,at,x,y\n1,2024-05-01T23:59:59.990+02:00,5,5\n1,2024-05-01T22:00:00.010Z,6,6\n"
    columns = {"reading": "reading", "t": {"column": "at", "unit": "date"}, "x": "x", "y": "y"}
    np.testing.assert_allclose(load(tmp_path, text, columns=columns)["t"], [0, 20], atol=1e-3)
    text = "reading,begin,end,x,y\n1,1.0,1.25,5,5\n1,1.5,1.9,6,6\n"
    duration = {"column": "end", "minus": "begin", "unit": "s"}
    columns = {
        "reading": "reading",
        "onset": {"column": "begin", "unit": "s"},
        "duration": duration,
        "x": "x",
        "y": "y",
    }
    np.testing.assert_allclose(load(tmp_path, text, "fixations", columns=columns)["duration"], [250, 400])
    cell = json.dumps([{"x": 1, "y": 2, "t": 0}, {"x": 3, "y": 4, "t": 30}]).replace('"', '""')
    columns = {"t": "gaze.t", "x": "gaze.x", "y": "gaze.y"}
    frame = load(tmp_path, f'trial,gaze\n7,"{cell}"\n', reading=["trial"], explode=["gaze"], columns=columns)
    assert frame[["t", "x", "y"]].to_numpy().tolist() == [[0, 1, 2], [30, 3, 4]]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("## made by\n## rate 250\nt,x,y\n0,50,60\n4,51,61\n", {"skip": 2}),
        ("# made by\n# rate\nt,x,y\n0,50,60\n4,51,61\n", {"comment": "#"}),
        ("sep=;\nt;x;y\n0;50;60\n4;51;61\n", {"delimiter": ";"}),
        ("0,50,60\n4,51,61\n", {"names": ["t", "x", "y"]}),
    ],
    ids=["skip", "comment", "sep", "names"],
)
def test_files_that_do_not_begin_with_their_header(tmp_path, text, changes):
    columns = {"reading": {"value": 1}, "t": "t", "x": "x", "y": "y"}
    assert load(tmp_path, text, columns=columns, **changes)[["t", "x", "y"]].to_numpy().tolist() == [
        [0, 50, 60],
        [4, 51, 61],
    ]


def test_rows_kept_by_a_limit_and_one_row_an_event(tmp_path):
    text = "r,kind,index,t,dur,conf,x,y\n1,F,1,0,90,0.9,5,5\n1,F,1,4,90,0.9,5,5\n1,F,2,100,80,0.2,6,6\n"
    text += "1,F,3,200,70,1,7,7\n"
    columns = {"reading": "r", "onset": "t", "duration": "dur", "x": "x", "y": "y"}
    changes = {"keep": {"conf": ">= 0.6", "kind": "not empty"}, "distinct": ["index"], "columns": columns}
    assert load(tmp_path, text, "fixations", **changes)["duration"].tolist() == [90, 70]


def test_one_zero_for_all_tables_of_a_recording(study):
    frame = pd.read_csv(study / "fixations.csv")
    frame.assign(onset=frame["onset"] + 5000).to_csv(study / "fixations.csv", index=False)
    traces = pd.DataFrame({"reading": range(24), "step": 0, "text": "Clear.", "onset": 5600.0, "offset": 5900.0})
    traces.to_csv(study / "traces.csv", index=False)
    columns = {"fixations": "onset duration x y", "traces": "step text onset offset"}
    told = ""
    for name, listed in columns.items():
        named = ", ".join(f"{one} = '{one}'" for one in ["reading", *listed.split()])
        told += f"[tables.{name}]\nfile = '{name}.csv'\nclock = 'recording'\ncolumns = {{{named}}}\n"
    (study / "study.toml").write_text(told)
    opened = open_study(study)
    assert opened.table("fixations")["onset"].iloc[0] == 0
    assert opened.table("traces")["onset"].iloc[0] == 600


def test_frames_of_regions(study):
    (study / "regions.csv").write_text("case,region,kind,x0,y0,x1,y1\nc0,heart,organ,0.3,0.25,0.6,0.75\n")
    named = ", ".join(f"{one} = '{one}'" for one in ["case", "region", "kind", "x0", "y0", "x1", "y1"])
    told = f"file = 'regions.csv'\nframe = 'image-fraction'\norigin = 'bottom-left'\ncolumns = {{{named}}}\n"
    (study / "study.toml").write_text(f"[tables.regions]\n{told}")
    box = open_study(study).table("regions")[["x0", "y0", "x1", "y1"]].iloc[0]
    np.testing.assert_allclose(box, [300, 200, 600, 600])


def test_numbers_as_text_and_infinite_measures():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"y": rng.normal(size=40), "x": rng.normal(size=40).astype(str), "reader": list("abcd") * 10})
    with pytest.raises(stats.ModelError, match=r"'x' has another level in each of its 40 rows, .* pandas\.to_numeric"):
        stats.mixed("y ~ x + (1 | reader)", frame)
    features = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc")).assign(reading=range(60))
    features.loc[3, "b"] = np.inf
    with pytest.raises(InputError, match="row 3, column 'b': expected a finite number; got inf"):
        strategies.StrategyModel.fit(features, rng=1)
