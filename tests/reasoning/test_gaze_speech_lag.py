"""Lags between gaze and speech, planted and recovered; the kernel against plain Python."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from gazeanalytics._kernels.reasoning import alignment as kernels
from gazeanalytics.reasoning.alignment.gaze_speech_lag import LagSettings, gaze_speech_lag, sentence_clock


def drawn(n):
    return LagSettings(n_resamples=n, n_permutations=n)


def dictated(readings, lag_ms, rng, *, linked=True):
    """Random scanning; about `lag_ms` (sd 300) before each mention, its box is looked at for a while."""
    gaze, said = [], []
    for reading in range(readings):
        t = 0.0
        looks = {}
        for k in range(3):
            spoken = 8000.0 + 7000 * k + rng.uniform(-500, 500)
            x, y = rng.uniform(100, 800, 2)
            said.append((reading, spoken, x, y, x + 150, y + 150))
            looks[spoken - lag_ms + rng.normal(0, 300)] = (x + 75, y + 75)
        while t < 24000:
            duration = rng.gamma(4, 75)
            middle = t + duration / 2
            target = next((place for when, place in looks.items() if abs(middle - when) < 350), None)
            place = target if linked and target and rng.random() < 0.8 else rng.uniform(0, 1000, 2)
            gaze.append((reading, t, duration, *place))
            t += duration + 30
    fixations = pd.DataFrame(gaze, columns=["reading", "onset", "duration", "x", "y"])
    return fixations, pd.DataFrame(said, columns=["reading", "spoken", "x0", "y0", "x1", "y1"])


@pytest.mark.parametrize("lag_ms", [1000, 3000, 5000])
def test_planted_lags_are_recovered(lag_ms):
    rng = np.random.default_rng(lag_ms)
    found = gaze_speech_lag(*dictated(200, lag_ms, rng), settings=drawn(40), rng=rng)
    assert abs(found.lag_ms - lag_ms) <= 150
    assert found.low_ms <= found.lag_ms <= found.high_ms
    assert found.p_value == pytest.approx(1 / 41)
    assert found.curve.share.max() > 2 * found.curve.chance.mean()


def test_unlinked_gaze_has_no_peak_beyond_chance():
    p = [
        gaze_speech_lag(*dictated(20, 2000, np.random.default_rng(s), linked=False), settings=drawn(19), rng=s).p_value
        for s in range(20)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.2


@pytest.mark.slow
def test_error_coverage_and_false_peaks_over_many_studies():
    errors, covered, false = [], [], []
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        truth = rng.uniform(1000, 5000)
        found = gaze_speech_lag(*dictated(200, truth, rng), settings=drawn(200), rng=rng)
        errors.append(found.lag_ms - truth)
        covered.append(found.low_ms <= truth <= found.high_ms)
        none = gaze_speech_lag(*dictated(30, truth, rng, linked=False), settings=drawn(39), rng=rng)
        false.append(none.p_value <= 0.05)
    assert np.sqrt(np.mean(np.square(errors))) <= 150
    assert 0.90 <= np.mean(covered) <= 0.99  # 99.9 % of 200 draws at .95
    assert np.mean(false) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.slow
def test_intervals_cover_over_few_readers_who_differ():
    covered = []
    for seed in range(100):
        rng = np.random.default_rng(2000 + seed)
        truth, readers = rng.uniform(1500, 4500), pd.Series(np.repeat(np.arange(8), 10))
        parts = [dictated(10, own, rng) for own in rng.normal(truth, 300, 8)]
        joined = [
            pd.concat([part.assign(reading=part.reading + 10 * k) for k, part in enumerate(kind)])
            for kind in zip(*parts, strict=True)
        ]
        found = gaze_speech_lag(*joined, clusters=readers, settings=drawn(200), rng=rng)
        covered.append(found.low_ms <= truth <= found.high_ms)
    assert 0.86 <= np.mean(covered) <= 1


@trials(deadline=None, max_examples=25)
@given(st.integers(0, 9999))
def test_lag_times_are_overlaps(seed):
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.integers(0, 40, 4)).astype(float)
    offset = onset + rng.integers(0, 15, 4)
    spoken = rng.integers(0, 60, 2).astype(float)
    inside = rng.random((2, 4)) < 0.5
    edges = np.arange(-10.0, 31.0, 10.0)
    near, every = np.zeros(4), np.zeros(4)
    kernels.lag_times(onset, offset, inside, spoken, edges, near, every)
    for place, (low, high) in enumerate(pairwise(edges)):
        shared = [
            [max(0.0, min(t - a, high) - max(t - b, low)) for a, b in zip(onset, offset, strict=True)] for t in spoken
        ]
        assert every[place] == np.sum(shared)
        assert near[place] == np.sum(np.array(shared) * inside)


def test_readers_are_resampled_whole_and_results_repeat():
    data = dictated(30, 2000, np.random.default_rng(0))
    readers = pd.Series(np.repeat(["a", "b", "c"], 10), index=range(30))
    one, two = (gaze_speech_lag(*data, clusters=readers, settings=drawn(20), rng=1) for _ in range(2))
    pd.testing.assert_frame_equal(one.curve, two.curve)
    assert (one.lag_ms, one.p_value, one.readings) == (two.lag_ms, two.p_value, 30)


def test_wrong_input_is_reported():
    fixations, mentions = dictated(2, 2000, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no reading has both fixations and mentions"):
        gaze_speech_lag(fixations, mentions.assign(reading=9))
    with pytest.raises(ValueError, match=r"need durations \(ms\)"):
        gaze_speech_lag(fixations.assign(duration=np.nan), mentions)


def test_sentence_clock_counts_sentences_and_pauses():
    traces = pd.DataFrame({"reading": [0, 0, 1], "onset": [0.0, 300.0, 50.0], "offset": [200.0, 400.0, 60.0]})
    times = pd.DataFrame({"reading": [1, 0, 0, 2, 0], "t": [55.0, 350.0, 500.0, 1.0, -1.0]})
    result = sentence_clock(traces, times)
    assert result[:2].tolist() == [0.5, 2.5]
    assert np.isnan(result[2:]).all()
