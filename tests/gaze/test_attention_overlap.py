"""Measures of two maps against SciPy, pysaliency's own text and hand computation; baselines and all pairs."""

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, wasserstein_distance, wasserstein_distance_nd

from gazeanalytics.gaze.attention import (
    Maps,
    Smoothing,
    auc_borji,
    auc_judd,
    auc_shuffled,
    cc,
    centre_bias,
    compare_maps,
    density,
    emd,
    information_gain,
    iou,
    jitter,
    join_maps,
    kl,
    ncc,
    nss,
    other_cases,
    sim,
    to_chest,
)
from gazeanalytics.gaze.attention.overlap import coarsen
from gazeanalytics.geometry import Viewing


@pytest.fixture(scope="module")
def two():
    rng = np.random.default_rng(0)
    return rng.random((12, 16)), np.where(rng.random((12, 16)) > 0.6, rng.random((12, 16)), 0)


cell = st.integers(0, 4).map(float)
small = st.lists(cell, min_size=12, max_size=12).map(lambda v: np.array(v).reshape(3, 4)).filter(lambda m: m.any())


def naive_kl(p, q, eps, form):
    """Divergence as pysaliency ("floor") and the MIT code ("quotient") write it, cell by cell."""
    p, q = (each + (eps if form == "floor" else 0) for each in (p, q))
    total = 0.0
    for a, b in zip((p / p.sum()).ravel(), (q / q.sum()).ravel(), strict=True):
        if form == "floor":
            total += b * (math.log(b) - math.log(a))
        else:
            total += b * math.log(eps + b / (a + eps))
    return total


@given(one=small, two=small)
@settings(max_examples=100, deadline=None)
def test_shares_in_common_and_divergence_by_hand(one, two):
    p, q = one / one.sum(), two / two.sum()
    assert sim(one, two) == pytest.approx(sum(min(a, b) for a, b in zip(p.flat, q.flat, strict=True)), abs=1e-12)
    for eps, form in ((2.2204e-16, "quotient"), (1e-12, "quotient"), (1e-20, "floor")):
        assert kl(one, two, eps=eps, form=form) == pytest.approx(naive_kl(one, two, eps, form), rel=1e-9, abs=1e-12)
    assert kl(one, one, eps=0) == pytest.approx(0, abs=1e-12)
    assert sim(one, two) == pytest.approx(sim(two, one), abs=1e-12)


def test_correlations(two):
    assert cc(*two) == pytest.approx(pearsonr(two[0].ravel(), two[1].ravel()).statistic, abs=1e-12)
    assert ncc(*two, centred=True) == cc(*two)
    cosine = (two[0] * two[1]).sum() / (np.linalg.norm(two[0]) * np.linalg.norm(two[1]))
    assert ncc(*two) == pytest.approx(cosine, abs=1e-12)
    assert math.isnan(cc(np.ones((2, 2)), np.ones((2, 2))))
    assert math.isnan(ncc(np.zeros((2, 2)), np.ones((2, 2))))


def test_kl_hangs_on_its_eps(two):
    scores = [
        kl(two[1], two[0], eps=2.2204e-16),
        kl(two[1], two[0], eps=1e-20, form="floor"),
        kl(two[1], two[0], eps=1e-12),
    ]
    assert scores[1] > scores[0] > scores[2] > 5
    assert kl(two[1], two[0], eps=0) == math.inf


def test_emd_equals_scipy_and_moves_by_the_shift():
    rng = np.random.default_rng(1)
    one, two = rng.random((4, 5)), rng.random((4, 5))
    places = np.argwhere(np.ones((4, 5)))
    expected = wasserstein_distance_nd(places, places, one.ravel() / one.sum(), two.ravel() / two.sum())
    assert emd(one, two, cells=(4, 5)) == pytest.approx(expected, abs=1e-9)
    line, column = np.arange(5), slice(None)
    flat = wasserstein_distance(line, line, one[0, column], two[0, column])
    for ground in ("euclidean", "city"):
        assert emd(one[:1], two[:1], cells=(1, 5), ground=ground) == pytest.approx(flat, abs=1e-9)
    point = np.zeros((8, 8))
    point[1, 1] = 1
    moved = np.roll(point, (3, 4), axis=(0, 1))
    assert emd(point, moved, cells=(8, 8)) == pytest.approx(5, abs=1e-9)
    assert emd(point, moved, cells=(8, 8), ground="city") == pytest.approx(7, abs=1e-9)


def test_coarser_cells_share_the_mass():
    surface = np.random.default_rng(2).random((7, 10))
    assert coarsen(surface, (3, 4)).sum() == pytest.approx(surface.sum(), rel=1e-12)
    assert coarsen(np.ones((2, 3)), (1, 2)).tolist() == [[3.0, 3.0]]


def test_iou_by_hand():
    one, two = np.array([[4.0, 3, 2, 1]]), np.array([[1.0, 4, 4, 0]])
    assert iou(one, two, threshold=0.5) == pytest.approx(2 / 3)
    assert iou(one, two, threshold=0.5, of="area") == pytest.approx(1 / 3)
    assert math.isnan(iou(one * 0, two * 0, threshold=0.5))


def test_borji_tends_to_judd_and_shuffled_splits_to_the_full_set(two):
    rng = np.random.default_rng(3)
    x, y, other = rng.integers(0, 16, 40), rng.integers(0, 12, 40), rng.integers(0, 12, (2, 300))
    assert auc_borji(two[0], x, y, n_splits=400, rng=0) == pytest.approx(auc_judd(two[0], x, y), abs=0.01)
    full = auc_shuffled(two[0], x, y, other)
    assert auc_shuffled(two[0], x, y, other, n_splits=400, rng=0) == pytest.approx(full, abs=0.01)
    pool, values = two[0][other[1], other[0]], two[0][y, x]
    assert full == pytest.approx(np.mean([(pool < v).mean() + (pool == v).mean() / 2 for v in values]), abs=1e-12)


def test_stepped_borji_equals_the_matlab_recipe(two):
    surface, x, y = two[1], np.array([3, 5, 9]), np.array([2, 2, 7])
    scaled = (surface - surface.min()) / (surface.max() - surface.min())
    rng, areas = np.random.default_rng(5), []
    for _ in range(20):
        negatives = scaled.ravel()[rng.integers(0, surface.size, 3)]
        top = max(scaled[y, x].max(), negatives.max())
        levels = [k * 0.1 for k in range(int((top + 0.05) / 0.1) + 1) if k * 0.1 < top + 0.05][::-1]
        hits = [0.0, *[(scaled[y, x] >= level).mean() for level in levels], 1.0]
        alarms = [0.0, *[(negatives >= level).mean() for level in levels], 1.0]
        areas.append(np.trapezoid(hits, alarms))
    assert auc_borji(surface, x, y, n_splits=20, step=0.1, rng=5) == pytest.approx(np.mean(areas), abs=1e-12)
    assert auc_borji(surface * 0, x, y, step=0.1) == 0.5


def test_information_gain_by_hand(two):
    surface, x, y = two[0], np.array([3, 9]), np.array([4, 1])
    uniform = np.ones_like(surface)
    expected = np.mean(np.log2(surface[y, x] / surface.mean()))
    assert information_gain(surface, uniform, x, y) == pytest.approx(expected, abs=1e-12)
    assert information_gain(surface, surface, x, y) == 0
    zero = np.zeros((1, 2))
    zero[0, 0] = 1
    assert information_gain(zero, np.ones((1, 2)), [1], [0]) == -math.inf
    assert information_gain(zero, np.ones((1, 2)), [1], [0], eps=2.2204e-16) == pytest.approx(math.log2(2.2204e-16) + 1)


def test_what_pysaliency_s_text_gives(two):
    """Its NSS, CC, SIM and KL, retold in plain NumPy from metrics.py of 0.2.22."""
    surface, other = two
    x, y = np.array([1, 7, 7]), np.array([3, 3, 11])
    assert nss(surface, x, y) == pytest.approx(((surface[y, x] - surface.mean()) / surface.std()).mean(), abs=1e-12)
    z = [(each - each.mean()) / each.std() for each in two]
    assert cc(surface, other) == pytest.approx(np.corrcoef(z[0].ravel(), z[1].ravel())[0, 1], abs=1e-12)
    p, q = (each / each.sum() for each in two)
    assert sim(surface, other) == pytest.approx(np.min([p, q], axis=0).sum(), abs=1e-12)
    p, q = ((each + 1e-20) / (each + 1e-20).sum() for each in two)
    expected = (np.exp(np.log(q)) * (np.log(q) - np.log(p))).sum()
    assert kl(surface, other, eps=1e-20, form="floor") == pytest.approx(expected, rel=1e-12)


def test_jitter_is_the_peers_recipe(two):
    surface = two[1]
    uniform, normal = (jitter(surface, law=law, rng=3) - surface for law in ("uniform", "normal"))
    assert 0 <= uniform.min() < 2e-9 < 9.8e-8 < uniform.max() <= 1.01e-7
    assert normal.std() == pytest.approx(1e-7, rel=0.15)
    assert len(np.unique(jitter(surface, rng=3))) == surface.size
    with pytest.raises(ValueError, match="uniform or normal; got 'flat'"):
        jitter(surface, law="flat")


def test_all_pairs_of_readers_and_models(two):
    size = np.full((2, 2), [16, 12])
    readers = Maps(pd.Index(["r1", "r2"]), np.stack(two), size, np.ones((2, 2)))
    model = Maps(pd.Index(["m"]), centre_bias(12, 16)[None], size[:1], np.full((1, 2), np.nan))
    maps = join_maps(readers, model)
    found = compare_maps(maps, measures={"cc": cc, "kl": partial(kl, eps=1e-12)})
    assert found[["first", "second"]].to_numpy().tolist() == [["r1", "r2"], ["r1", "m"], ["r2", "m"]]
    assert found["cc"].tolist() == [cc(*two), cc(two[0], maps["m"]), cc(two[1], maps["m"])]
    named = compare_maps(maps, pairs=pd.DataFrame({"first": ["m"], "second": ["r2"]}))
    assert named["kl_eps_2e-16"][0] == kl(maps["m"], two[1], eps=2.2204e-16)
    with pytest.raises(ValueError, match=r"pairs name \['m', 'x'\], of which one has no map"):
        compare_maps(maps, pairs=pd.DataFrame({"first": ["m"], "second": ["x"]}))
    with pytest.raises(ValueError, match="'m' occurs twice; rename it"):
        join_maps(maps, model)
    with pytest.raises(ValueError, match="maps to join need one shape"):
        join_maps(readers, Maps(pd.Index(["z"]), np.ones((1, 2, 2)), size[:1], np.ones((1, 2))))


def test_other_cases_without_boxes_is_the_sum_of_the_others():
    rng = np.random.default_rng(6)
    fixations = pd.DataFrame(
        {"reading": np.repeat([0, 1, 2], 9), "x": rng.uniform(0, 40, 27), "y": rng.uniform(0, 30, 27)}
    )
    images = pd.DataFrame({"reading": [0, 1, 2], "case": ["u", "v", "v"], "width": 40, "height": 30})
    viewing, counted = Viewing.from_px_per_deg(4), Smoothing(weight="count")
    own = density(fixations, images, viewing=viewing, by="case", smoothing=counted)
    found = other_cases(fixations, images, viewing=viewing, smoothing=counted, cells=(30, 40))
    assert found["u"] == pytest.approx(own["v"], rel=1e-9, abs=1e-12)
    assert found["v"] == pytest.approx(own["u"], rel=1e-9, abs=1e-12)


def test_other_cases_follow_the_chest():
    fixations = pd.DataFrame({"reading": [0, 1], "x": [30.0, 130.0], "y": [40.0, 20.0]})
    images = pd.DataFrame({"reading": [0, 1], "case": ["u", "v"], "width": [100, 200], "height": [100, 80]})
    images[["chest_x0", "chest_y0", "chest_x1", "chest_y1"]] = [[10, 20, 60, 80], [110, 10, 190, 70]]
    assert to_chest(fixations, images)[["x", "y"]].to_numpy() == pytest.approx(np.array([[0.4, 1 / 3], [0.25, 1 / 6]]))
    counted = Smoothing(weight="count", sigma_deg=1)
    found = other_cases(fixations, images, viewing=Viewing.from_px_per_deg(4), smoothing=counted, cells=(50, 50))
    peak = {key: np.unravel_index(found[key].argmax(), (50, 50)) for key in ("u", "v")}
    assert (np.array(peak["u"]) + 0.5) * [2, 2] == pytest.approx([20 + 60 / 6, 10 + 50 / 4], abs=1.5)
    assert (np.array(peak["v"]) + 0.5) * [1.6, 4] == pytest.approx([10 + 60 / 3, 110 + 80 * 0.4], abs=3)
    with pytest.raises(ValueError, match="reading 5 has fixations but no row"):
        to_chest(fixations.assign(reading=5), images)
    with pytest.raises(ValueError, match="chest_x1 above chest_x0"):
        to_chest(fixations, images.assign(chest_x1=0))


def test_errors_tell_what_to_do(two):
    with pytest.raises(ValueError, match=r"one shape \(rows, columns\); got \(12, 16\) and \(2, 2\); resample one"):
        cc(two[0], np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"no cell below 0; got -1.0; subtract the lowest value first"):
        sim(two[0] * 0 - 1, two[0])
    with pytest.raises(ValueError, match="form to be quotient or floor; got 'mit'"):
        kl(*two, eps=1, form="mit")
    with pytest.raises(ValueError, match="threshold above 0, at most 1; got 0"):
        iou(*two, threshold=0)
    with pytest.raises(ValueError, match="of to be maximum or area; got 'top'"):
        iou(*two, threshold=0.5, of="top")
