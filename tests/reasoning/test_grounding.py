"""Mentions against looks, by hand, by enumeration and with planted times hidden."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from gazeanalytics import tables
from gazeanalytics._kernels.reasoning import alignment as kernels
from gazeanalytics.reasoning.alignment.grounding import align_steps, ground_mentions, looked_and_said, retime


def test_grounding_agrees_with_time_sampled_each_ms():
    rng = np.random.default_rng(0)
    duration = rng.integers(100, 400, 30).astype(float)
    fixations = pd.DataFrame({"reading": 0, "onset": np.cumsum(duration) - duration, "duration": duration})
    fixations[["x", "y"]] = rng.uniform(0, 100, (30, 2))
    mention = pd.DataFrame({"reading": [0, 5], "spoken": [5000.0, 1.0], "x0": 20, "y0": 20, "x1": 70, "y1": 70})
    found = ground_mentions(fixations, mention, before_ms=2000, after_ms=500)
    row = np.repeat(np.arange(30), duration.astype(int))
    t = np.arange(len(row)) + 0.5
    near = fixations[["x", "y"]].apply(lambda place: place.between(20, 70)).all(axis=1).to_numpy()[row]
    window = (t > 3000) & (t < 5500)
    assert found.loc[0, "grounding"] == pytest.approx((near & window).sum() / near.sum())
    assert found.loc[0, "enrichment"] == pytest.approx((near & window).sum() / near.sum() / window.mean())
    assert found.loc[0, "auroc"] == pytest.approx(roc_auc_score(window, near))
    assert found.loc[1, ["region_ms", "grounding", "auroc"]].isna().all()


def test_looks_and_words_fall_into_four_kinds():
    visits = pd.DataFrame({"reading": 0, "region": list("aabc"), "duration": [600.0, 400.0, 2000.0, 10.0]})
    said = pd.DataFrame({"reading": [0, 0], "region": ["a", "d"]})
    table = looked_and_said(visits, said).set_index("region")
    assert table.verdict.to_dict() == {"a": "looked and said", "b": "looked only", "c": "neither", "d": "said only"}
    assert table.loc["a", ["dwell", "mentions"]].tolist() == [1000, 1]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.integers(0, 4), st.integers(0, 999))
def test_laying_in_order_finds_the_best_of_all_cuts(steps, more, seed):
    gain = np.random.default_rng(seed).integers(-3, 4, (steps, steps + more)).astype(float)
    cuts = [(0, *cut, steps + more) for cut in itertools.combinations(range(1, steps + more), steps - 1)]
    scores = [sum(gain[s, a:b].sum() for s, (a, b) in enumerate(itertools.pairwise(cut))) for cut in cuts]
    breaks = np.zeros(steps + 1, np.int64)
    kernels.lay_in_order(gain, breaks)
    assert tuple(breaks) in cuts
    assert scores[cuts.index(tuple(breaks))] == max(scores)


def dictations(count, rng, *, link=0.65):
    """Six regions named one after the other; each is looked at while (and a little before) it is spoken of."""
    regions = rng.uniform(0, 800, (6, 2))
    gaze, steps, places = [], [], []
    for reading in range(count):
        order, t = rng.permutation(6), 0.0
        for step, region in enumerate(order):
            length = rng.uniform(2000, 5000)
            steps.append((reading, step, "words", t, t + length))
            if rng.random() < 0.85:
                places.append((reading, step, *regions[region], *(regions[region] + 180)))
            end = t + length
            while t < end:
                place = regions[region] + 90 if rng.random() < link else rng.uniform(0, 1000, 2)
                gaze.append((reading, t, 250.0, *place))
                t += 280
            t = end
    traces = pd.DataFrame(steps, columns=["reading", "step", "text", "onset", "offset"])
    fixations = pd.DataFrame(gaze, columns=["reading", "onset", "duration", "x", "y"])
    return traces, fixations, pd.DataFrame(places, columns=["reading", "step", "x0", "y0", "x1", "y1"])


def test_hidden_times_come_back_within_a_sentence():
    traces, fixations, places = dictations(60, np.random.default_rng(1))
    found = tables.check(align_steps(traces.drop(columns=["onset", "offset"]), fixations, places), "traces")
    error = (found.onset - traces.onset).abs()
    assert error.median() < (traces.offset - traces.onset).median()
    assert error.median() < 600
    assert (found.onset < found.offset).all()


@pytest.mark.slow
@pytest.mark.parametrize("link", [0.65, 0.4, 0.25])
def test_hidden_times_come_back_when_gaze_strays_more(link):
    """`link` is the share of fixations on the place that is spoken of."""
    errors, lengths = [], []
    for seed in range(20):
        traces, fixations, places = dictations(60, np.random.default_rng(seed), link=link)
        found = align_steps(traces.drop(columns=["onset", "offset"]), fixations, places)
        errors.append((found.onset - traces.onset).abs())
        lengths.append(traces.offset - traces.onset)
    assert np.median(np.concatenate(errors)) < 0.5 * np.median(np.concatenate(lengths))


def test_readings_with_too_few_looks_stay_untimed():
    traces, fixations, places = dictations(2, np.random.default_rng(2))
    found = align_steps(traces, fixations[(fixations.reading == 0) | (fixations.index < 3)], places)
    assert found.onset[found.reading == 1].isna().all()
    with pytest.raises(ValueError, match=r"expected 0 < miss < hit < 1; got miss 0.8 and hit 0.7"):
        align_steps(traces, fixations, places, miss=0.8)


def test_edited_words_share_the_time_of_what_they_replace():
    heard = pd.DataFrame({"word": ["a", "b", "c", "d"], "onset": [0.0, 10, 20, 30], "offset": [10.0, 20, 30, 40]})
    found = retime(heard, ["new", "a", "banana", "be", "d", "end"])
    assert found[["onset", "offset"]].to_numpy().tolist() == [[0, 0], [0, 10], [10, 25], [25, 30], [30, 40], [40, 40]]
    assert retime(heard, heard.word).equals(heard)
