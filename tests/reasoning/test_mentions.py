"""Mentions find their time and their place; readers keep their own lag from eye to voice."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning, tables
from gazeanalytics.reasoning.alignment.mentions import pair, permute_boxes

WORDS = [("Left", 0, 300), ("effusion", 300, 900), (".", 900, 950), ("No", 2000, 2100), ("edema", 2100, 2600)]


@pytest.fixture
def words():
    table = pd.DataFrame(WORDS, columns=["word", "onset", "offset"])
    return pd.concat([table.assign(reading=reading) for reading in (4, 2)], ignore_index=True)


def test_words_become_sentences_that_end_at_their_full_stop(words):
    traces, placed = reasoning.join_words(words)
    tables.check(traces, "traces")
    assert traces.text.tolist() == ["Left effusion.", "No edema"] * 2
    assert traces[["onset", "offset"]].to_numpy().tolist() == [[0, 900], [2000, 2600]] * 2
    for row in placed.itertuples():
        text = traces.loc[(traces.reading == row.reading) & (traces.step == row.step), "text"].item()
        assert text[row.start : row.stop] == row.word
    with pytest.raises(tables.TableError, match="column 'onset': expected this column; got none of that name"):
        reasoning.join_words(words.drop(columns="onset"))


REGIONS = pd.DataFrame(
    [
        ("a", "right_base", "pleural_effusion", "right", 0),
        ("a", "left_base", "pleural_effusion", "left", 50),
        ("a", "hila", None, None, 90),
        ("b", "left_base", "pleural_effusion", "left", 20),
    ],
    columns=["case", "region", "finding", "side", "x0"],
).assign(y0=0.0, y1=10.0, x1=lambda frame: frame.x0 + 10)
READINGS = pd.DataFrame({"reading": [4, 2], "case": ["a", "b"]})


def test_mentions_take_the_words_time_and_the_regions_of_their_side(words):
    traces, placed = reasoning.join_words(words)
    found = reasoning.label_findings(traces)
    exact = reasoning.place_mentions(found, traces, REGIONS, READINGS, words=placed)
    assert exact[["reading", "finding", "region", "begin", "spoken", "x0"]].to_numpy().tolist() == [
        [4, "pleural_effusion", "left_base", 300, 900, 50],
        [2, "pleural_effusion", "left_base", 300, 900, 20],
    ]
    shared = reasoning.place_mentions(found, traces, REGIONS, READINGS)
    assert shared.begin.tolist() == pytest.approx([5 / 14 * 900] * 2)
    assert shared.spoken.tolist() == pytest.approx([13 / 14 * 900] * 2)


def test_findings_without_a_region_go_home_and_unsided_ones_to_every_region(words):
    traces, _ = reasoning.join_words(words)
    found = reasoning.label_findings(traces).assign(side=None)
    placed = reasoning.place_mentions(
        found, traces, REGIONS, READINGS, homes={"edema": ["hila", "nowhere"]}, statuses=("present", "absent")
    )
    assert placed[["reading", "finding", "region"]].to_numpy().tolist() == [
        [4, "pleural_effusion", "right_base"],
        [4, "pleural_effusion", "left_base"],
        [4, "edema", "hila"],
        [2, "pleural_effusion", "left_base"],
    ]


def spoken(readings, rng):
    gaze = pd.DataFrame({"reading": np.repeat(readings, 20), "onset": np.tile(np.arange(20) * 300.0, len(readings))})
    gaze = gaze.assign(duration=250.0, x=rng.uniform(0, 40, len(gaze)), y=5.0)
    said = pd.DataFrame({"reading": np.repeat(readings, 2), "begin": rng.uniform(0, 6000, 2 * len(readings))})
    x0 = rng.integers(0, 40, len(said))
    return gaze, said.assign(spoken=said.begin + 400, x0=x0, y0=0, x1=x0 + 15, y1=10)


def test_spans_run_from_the_start_of_the_last_visit():
    rng = np.random.default_rng(0)
    gaze, said = spoken(np.array([3, 1, 2]), rng)
    result = reasoning.eye_voice_spans(gaze, said)
    for row in result.itertuples():
        own = gaze[gaze.reading == row.reading]
        inside = own.x.between(row.x0, row.x1).tolist()
        starts = [t for t, now, was in zip(own.onset, inside, [False, *inside], strict=False) if now and not was]
        visits = [t for t in starts if t <= row.begin]
        assert row.span_ms == row.begin - max(visits) if visits else np.isnan(row.span_ms)


def test_boxes_are_permuted_within_readers():
    rng = np.random.default_rng(1)
    pairs = pair(*spoken(np.arange(6), rng))
    boxes = np.repeat(np.arange(6.0), 2)[:, None] * np.ones(4)
    moved = [permute_boxes(boxes, pairs, np.array([0, 0, 0, 1, 2, 2]), rng)[::2, 0].astype(int) for _ in range(200)]
    assert {tuple(sorted(one[:3])) for one in moved} == {(0, 1, 2)}
    assert {one[3] for one in moved} == {3}
    assert {tuple(sorted(one[4:])) for one in moved} == {(4, 5)}
    assert len({tuple(one) for one in moved}) == 12


def linked(lag_ms, readings, rng):
    """Each reading names one place, `lag_ms` after the eye entered it."""
    gaze, said = [], []
    for reading in readings:
        x0, when = rng.uniform(0, 80), rng.uniform(4000, 9000)
        for onset in np.arange(0, 12000, 300.0):
            there = abs(onset - (when - lag_ms)) < 151
            away = (x0 + rng.uniform(20, 80)) % 100
            gaze.append((reading, onset, 290.0, x0 + 5 if there else away, 5.0))
        said.append((reading, when, when + 300, x0, 0, x0 + 10, 10))
    columns = ["reading", "begin", "spoken", "x0", "y0", "x1", "y1"]
    return pd.DataFrame(gaze, columns=["reading", "onset", "duration", "x", "y"]), pd.DataFrame(said, columns=columns)


def test_readings_without_a_reader_and_mentions_without_a_box_are_told_or_left_out():
    gaze, said = spoken(np.arange(3), np.random.default_rng(3))
    with pytest.raises(ValueError, match="reading 2 has no reader; pass a series of readers"):
        reasoning.gaze_speech_lag(gaze, said, clusters=pd.Series(["ann", "ann"]))
    with pytest.raises(tables.TableError, match="table 'mentions', column 'x0'"):
        reasoning.eye_voice_spans(gaze, said.drop(columns="x0"))
    gap = said.assign(x0=said.x0.where(said.index != 1))
    kept = reasoning.eye_voice_span_by_reader(
        gaze, gap, pd.Series("ann", index=range(3)), n_resamples=0, n_permutations=0
    )
    assert kept.mentions.tolist() == [5]
    assert np.isnan(reasoning.ground_mentions(gaze, gap).region_ms[1])


def test_each_readers_lag_and_span_come_back():
    rng = np.random.default_rng(2)
    parts = [linked(1000, range(25), rng), linked(2500, range(25, 50), rng)]
    gaze, said = (pd.concat(tables_, ignore_index=True) for tables_ in zip(*parts, strict=True))
    readers = pd.Series(np.repeat(["ann", "bob"], 25))
    spans = reasoning.eye_voice_span_by_reader(gaze, said, readers, n_resamples=50, n_permutations=50, rng=3).set_index(
        "reader"
    )
    assert spans.span_ms.to_dict() == pytest.approx({"ann": 1000, "bob": 2500}, abs=160)
    assert (spans.low_ms <= spans.span_ms).all()
    assert (spans.span_ms <= spans.high_ms).all()
    assert ((spans.chance_ms - spans.span_ms).abs() > 100).all()
    lags = reasoning.gaze_speech_lag_by_reader(
        gaze, said, readers, settings=reasoning.LagSettings(n_resamples=30, n_permutations=30), rng=3
    )
    assert lags.summary.set_index("reader").lag_ms.to_dict() == pytest.approx({"ann": 1300, "bob": 2800}, abs=200)
    assert lags.curves.groupby("reader").size().to_dict() == {"ann": 100, "bob": 100}
