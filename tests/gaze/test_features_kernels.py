"""Each kernel against its plain twin, on small whole numbers that hit every tie."""

import importlib.util
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from scipy import stats

from gazeanalytics._kernels.gaze import ambient_focal, basic, checklist, recurrence, search_errors, sequence, spatial
from gazeanalytics._kernels.gaze.places import Box, View

spec = importlib.util.spec_from_file_location("naive_features", Path(__file__).with_name("naive_features.py"))
naive = importlib.util.module_from_spec(spec)
spec.loader.exec_module(naive)

POINTS = st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=1, max_size=14)
FRAME = Box(-8.0, -8.0, 8.0, 8.0)
few = settings(max_examples=40, deadline=None)


def array(points):
    return np.array(points, float).reshape(-1, 2)


def flat(points):
    """Points of a plane as three coordinates, for kernels that measure chords."""
    return np.column_stack([array(points), np.zeros(len(points))])


@few
@given(POINTS)
def test_hull_equals_twin(points):
    assert spatial.hull_area(array(points)) == naive.hull_area(points)


@few
@given(POINTS)
def test_scatter_equals_twin(points):
    out = np.empty(2)
    spatial.scatter(array(points), 0.682, out)
    if len(points) < 2:
        assert np.isnan(out).all()
    else:
        assert out[0] == pytest.approx(naive.ellipse_area(points, 0.682), rel=1e-9, abs=1e-5)
        assert out[1] == pytest.approx(np.sqrt(array(points).var(axis=0).sum()), rel=1e-12)


@few
@given(POINTS)
def test_neighbour_index_equals_twin(points):
    got = spatial.neighbour_index(array(points), 100.0)
    if len(points) < 3:
        assert np.isnan(got)
    else:
        assert got == pytest.approx(naive.neighbour_index(points, 100.0), rel=1e-12)


@few
@given(POINTS, st.sampled_from([0.5, 1.0, 2.5, 5.0]), st.integers(0, 5))
def test_coverage_equals_twin(points, radius, head):
    head = min(head, len(points))
    out = np.empty(2)
    spatial.coverage(array(points), head, spatial.CoverageRule(radius, 16, 0.25), FRAME, out)
    whole = naive.covered(points, radius, FRAME, 1.0)
    assert out[0] == whole / 256
    if whole:
        assert out[1] == naive.covered(points[:head], radius, FRAME, 1.0) / whole
    else:
        assert np.isnan(out[1])


@few
@given(POINTS)
def test_circling_equals_twin(points):
    out = np.empty(5)
    spatial.circling(array(points), FRAME, out)
    if all(point == (0, 0) for point in points):
        assert out[0] == 0
        assert np.isnan(out[2:]).all()
        return
    radius, covered, winding, steadiness = naive.circling([(x / 8, y / 8) for x, y in points])
    assert out[0] == pytest.approx(radius, rel=1e-12)
    assert out[2] == pytest.approx(covered, abs=1e-12)
    if np.isfinite(out[3]) and not half_turns(points):
        assert out[3] == pytest.approx(winding, abs=1e-12)
        if steadiness is not None:
            assert out[4] == pytest.approx(steadiness, abs=1e-12)


def half_turns(points):
    """Some step goes exactly half round, where the sign is a convention."""
    kept = [np.arctan2(-y, x) for x, y in points if (x, y) != (0, 0)]
    return any(abs(abs(b - a) - np.pi) < 1e-9 for a, b in pairwise(kept))


@few
@given(POINTS, st.integers(0, 4), st.integers(2, 3))
def test_recurrence_equals_twin(points, radius, shortest):
    out = np.empty(5)
    near = recurrence.recurrences(flat(points), float(radius))
    recurrence.recurrence(near, shortest, out)
    if len(points) < 2:
        assert np.isnan(out[:4]).all()
        return
    square = [[(a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 <= radius**2 for b in points] for a in points]
    for got, expected in zip(out[:4], naive.recurrence(square, shortest), strict=True):
        if expected is None:
            assert np.isnan(got)
        else:
            assert got == pytest.approx(expected, rel=1e-12)
            assert got <= 100 + 1e-9
    again = sum(any(square[i][j] for i in range(j - 1)) for j in range(len(points)))
    assert out[4] == again / len(points)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ("ABCABCABCA", (26.667, 91.667, 0, 50)),
        ("AABCAAAA", (53.571, 73.333, 86.667, 48.571)),
        ("ABACBDC", (14.286, 0, 0, 44.444)),
    ],
    ids=["periodic", "laminar", "scattered"],
)
def test_recurrence_by_hand(places, expected):
    out = np.empty(5)
    points = np.array([[ord(place) - 65.0, 0.0, 0.0] for place in places])
    recurrence.recurrence(recurrence.recurrences(points, 0.05), 2, out)
    assert np.round(out[:4], 3).tolist() == pytest.approx(expected)


@few
@given(st.lists(st.integers(-1, 4), min_size=1, max_size=30))
def test_transition_entropies_equal_twin(codes):
    out = np.empty(6)
    sequence.transition_entropies(np.array(codes), 5, out)
    if all(code < 0 for code in codes):
        assert np.isnan(out).all()
        return
    expected = naive.transition_entropies(codes, 5)
    assert out[:3] == pytest.approx(expected[:3], abs=1e-12)
    if any(a >= 0 and b >= 0 for a, b in pairwise(codes)):
        assert out[3:] == pytest.approx(expected[3:], abs=1e-12)
    else:
        assert np.isnan(out[3:]).all()


@few
@given(st.lists(st.integers(0, 3), min_size=2, max_size=25))
def test_lempel_ziv_equals_twin(codes):
    expected = naive.phrases(codes) * np.log(len(codes)) / np.log(4) / len(codes)
    assert sequence.lempel_ziv(np.array(codes), 4) == pytest.approx(expected, rel=1e-12)


@few
@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=12))
def test_summary_equals_numpy(values):
    known = [value for value in values if value is not None]
    out = np.empty(6)
    basic.summarise(np.array([np.nan if value is None else value for value in values], float), 0.1, 0.9, out)
    if not known:
        assert np.isnan(out).all()
        return
    spread = np.std(known, ddof=1) if len(known) > 1 else np.nan
    expected = [sum(known), np.mean(known), np.median(known), spread, *np.quantile(known, [0.1, 0.9])]
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@few
@given(POINTS, st.integers(1, 4), st.data())
def test_clusters_equal_twin(points, radius, data):
    durations = data.draw(st.lists(st.integers(1, 9), min_size=len(points), max_size=len(points)))
    out = np.empty(3)
    # A radius off every distance between small fractions keeps rounding of the running mean out of the question.
    ambient_focal.clusters(array(points), np.array(durations, float), radius + 1e-3, 12.0, out)
    assert out == pytest.approx(naive.clusters(points, durations, radius + 1e-3, 12))


@few
@given(POINTS, st.data())
def test_course_equals_twin(points, data):
    numbers = st.one_of(st.just(np.nan), st.integers(0, 5).map(float))
    count = len(points)
    durations, steps = (np.array(data.draw(st.lists(numbers, min_size=count, max_size=count))) for _ in range(2))
    head, scale, out = (count + 3) // 4, ambient_focal.Scale(2.0, 1.5, 3.0, 2.5), np.empty(5)
    ambient_focal.course(durations, steps, head, scale, out)
    terms = (durations - 2) / 1.5 - (steps - 3) / 2.5
    for got, part in zip(out[:3], (terms, terms[:head], terms[head:]), strict=True):
        assert got == pytest.approx(average(part), nan_ok=True)
    for got, values in zip(out[3:], (steps, durations), strict=True):
        before, after = average(values[:head]), average(values[head:])
        expected = np.log2(before / after) if before > 0 and after > 0 else np.nan
        assert got == pytest.approx(expected, nan_ok=True)


def average(values):
    known = values[~np.isnan(values)]
    return known.mean() if len(known) else np.nan


@few
@given(POINTS)
def test_directions_equal_numpy(points):
    headings = np.full(len(points), np.nan)
    for i, (a, b) in enumerate(pairwise(points)):
        if a != b:
            headings[i] = np.arctan2(a[1] - b[1], b[0] - a[0])
    lengths, got, out = np.empty(len(points)), np.empty(len(points)), np.empty(3)
    basic.step(flat(points), array(points), lengths, got)
    np.testing.assert_allclose(got, headings, rtol=1e-14)
    basic.directions(headings, out)
    known = headings[~np.isnan(headings)]
    turns = np.abs(np.angle(np.exp(1j * np.diff(headings))))
    turns = turns[~np.isnan(turns)]
    expected = [
        np.cos(2 * known).mean() if len(known) else np.nan,
        abs(np.exp(2j * known).mean()) if len(known) else np.nan,
        np.rad2deg(turns.mean()) if len(turns) else np.nan,
    ]
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)


@few
@given(st.lists(st.integers(0, 5), min_size=2, max_size=10))
def test_evenness_equals_scipy(durations):
    got = ambient_focal.evenness(np.array(durations, float))
    if sum(durations) == 0:
        assert np.isnan(got)
    else:
        assert got == pytest.approx(stats.entropy(durations) / np.log(len(durations)), abs=1e-12)


@few
@given(POINTS)
def test_spatial_entropy_equals_scipy(points):
    got = spatial.spatial_entropy(array(points), FRAME, 4, 2)
    counts, *_ = np.histogram2d(*array(points).T, bins=(2, 4), range=[(-8, 8), (-8, 8)])
    assert got == pytest.approx(stats.entropy(counts.ravel()) / np.log(8), abs=1e-12)
    codes = np.empty(len(points), np.int64)
    sequence.grid_codes(array(points), FRAME, 4, 2, codes)
    np.testing.assert_array_equal(np.bincount(codes, minlength=8).reshape(4, 2), counts.T)


@few
@given(st.lists(st.integers(-1, 4), max_size=12))
def test_adherence_equals_scipy_and_rapidfuzz(ranks):
    out = np.empty(2)
    checklist.adherence(np.array(ranks, np.int64), 5, out)
    first = [rank for place, rank in enumerate(ranks) if rank >= 0 and rank not in ranks[:place]]
    assert out[1] == 1 - Levenshtein.distance(first, range(5)) / 5
    if len(first) < 2:
        assert np.isnan(out[0])
    else:
        assert out[0] == pytest.approx(stats.kendalltau(range(len(first)), first).statistic)


@few
@given(POINTS, st.integers(1, 6))
def test_meeting_a_target_equals_twin(points, radius):
    count = len(points)
    onset, duration = np.arange(count) * 10.0, np.arange(1.0, count + 1)
    met, flat_view = np.empty((1, 3)), View(np.nan, np.nan, np.nan, np.nan)
    gaze = search_errors.Gaze(*array(points).T.copy(), onset, duration)
    search_errors.meet_target(gaze, 1.0, 2.0, flat_view, np.array([float(radius)]), met)
    dwell, first, ratio = met[0]
    near = [i for i, (x, y) in enumerate(points) if (x - 1) ** 2 + (y - 2) ** 2 <= radius**2]
    if not near:
        assert dwell == -1
        assert np.isnan(first)
        return
    assert dwell == sum(i + 1 for i in near)
    assert first == 10 * near[0]
    walked = sum(np.hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points[: near[0] + 1]))
    straight = np.hypot(*(np.array(points[near[0]]) - points[0]))
    assert ratio == pytest.approx(straight / walked if walked else np.nan, nan_ok=True)


def test_shuffle_is_even():
    """Each of the 24 orders of four codes comes about as often."""
    seen, state = {}, np.uint64(12345)
    for _ in range(4800):
        codes = np.arange(4)
        state = np.uint64(sequence.shuffle(codes, state))
        seen[tuple(codes)] = seen.get(tuple(codes), 0) + 1
    assert len(seen) == 24
    assert stats.chisquare(list(seen.values())).pvalue > 1e-3
