"""Densities against the normal distribution's own integral; NSS and areas under the curve against SciPy and peers."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from gazeanalytics._kernels.gaze.attention import ranks_among
from gazeanalytics.gaze.attention import Maps, Smoothing, auc_judd, density, nss
from gazeanalytics.geometry import Viewing

VIEWING = Viewing.from_px_per_deg(5.0)


def images(count=1, width=40, height=30, **more):
    return pd.DataFrame({"reading": np.arange(count), "width": width, "height": height, **more})


def plain_density(points, box, sigma, shape, edge):
    """Sum over points of the mass of a normal distribution in every cell within the box, one cell after another."""

    def mass(low, high, centre):
        scale = sigma * math.sqrt(2)
        return (math.erf((high - centre) / scale) - math.erf((low - centre) / scale)) / 2

    def axis(centre, low, high, cells):
        span = high - low
        centres = [centre]
        if edge == "reflect":
            centres = [c + 2 * k * span for k in range(-30, 31) for c in (centre, 2 * low - centre)]
        bounds = [(max(cell, low), min(cell + 1, high)) for cell in range(cells)]
        profile = [sum(mass(a, b, c) for c in centres) if b > a else 0.0 for a, b in bounds]
        return np.array(profile) / (sum(profile) if edge == "renormalise" else 1)

    total = np.zeros(shape)
    for x, y, weight in points:
        if box[0] <= x <= box[2] and box[1] <= y <= box[3]:
            total += weight * np.outer(axis(y, box[1], box[3], shape[0]), axis(x, box[0], box[2], shape[1]))
    return total


point = st.tuples(st.integers(-2, 16), st.integers(-2, 12), st.sampled_from([0.0, 1.0, 250.0]))


@given(
    points=st.lists(point, min_size=1, max_size=5),
    sigma=st.sampled_from([0.3, 2.0, 9.0]),
    edge=st.sampled_from(["lose", "reflect", "renormalise"]),
    box=st.sampled_from([(0, 0, 14, 10), (2, 1, 9.5, 10)]),
)
@settings(max_examples=150, deadline=None)
def test_density_equals_the_twin(points, sigma, edge, box):
    fixations = pd.DataFrame(points, columns=["x", "y", "duration"], dtype=float).assign(reading=0)
    shown = dict(zip(["shown_x0", "shown_y0", "shown_x1", "shown_y1"], box, strict=True))
    viewing = Viewing.from_px_per_deg(1.0)
    smoothing = Smoothing(sigma_deg=sigma, edge=edge)
    found = density(fixations, images(width=14, height=10, **shown), viewing=viewing, smoothing=smoothing, n_jobs=1)
    assert found[0] == pytest.approx(plain_density(points, box, sigma, (10, 14), edge), rel=1e-9, abs=1e-12)


def test_density_keeps_the_time_and_the_crop():
    fixations = pd.DataFrame({"reading": 0, "x": [1.0, 20, 39, 200], "y": [1.0, 15, 29, 3], "duration": 100.0})
    for edge in ("reflect", "renormalise"):
        maps = density(fixations, images(), viewing=VIEWING, smoothing=Smoothing(edge=edge))
        assert maps.surfaces.sum() == pytest.approx(300, rel=1e-12)
    lost = density(fixations, images(), viewing=VIEWING, smoothing=Smoothing(edge="lose"))
    assert lost.surfaces.sum() < 250
    crop = images(shown_x0=10, shown_y0=0, shown_x1=30, shown_y1=30)
    values = density(fixations, crop, viewing=VIEWING)[0]
    assert values.sum() == pytest.approx(100, rel=1e-12)
    assert (values[:, :10] == 0).all()
    assert (values[:, 30:] == 0).all()


def test_density_near_to_a_filtered_map_of_points():
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    fixations = pd.DataFrame({"reading": 0, "x": rng.integers(0, 40, 50) + 0.5, "y": rng.integers(0, 30, 50) + 0.5})
    binary = np.zeros((30, 40))
    np.add.at(binary, (fixations["y"].astype(int), fixations["x"].astype(int)), 1.0)
    # A cell's share of a normal distribution is, at its centre, that of one wider by the cell's own variance.
    ours = density(fixations, images(), viewing=VIEWING, smoothing=Smoothing(weight="count"))[0]
    filtered = gaussian_filter(binary, math.sqrt(5.0**2 + 1 / 12), mode="reflect", truncate=8.5)
    assert ours == pytest.approx(filtered, rel=1e-4)


def test_density_by_case_is_the_sum_over_its_readings():
    rng = np.random.default_rng(1)
    fixations = pd.DataFrame(
        {"reading": np.repeat([0, 1, 2], 7), "x": rng.uniform(0, 40, 21), "y": 9.0, "duration": 1.0}
    )
    table = images(3, case=pd.Categorical(["v", "u", "v"]))
    by_reading, by_case = (
        density(fixations, table, viewing=VIEWING),
        density(fixations, table, viewing=VIEWING, by="case"),
    )
    assert list(by_case.keys) == ["v", "u"]
    assert by_case["v"] == pytest.approx(by_reading[0] + by_reading[2], rel=1e-12, abs=1e-15)
    one, four = (density(fixations, table, viewing=VIEWING, n_jobs=count).surfaces for count in (1, 4))
    assert (one == four).all()


def test_coarse_cells_hold_the_sum_of_their_pixels():
    fixations = pd.DataFrame({"reading": 0, "x": [3.3, 31.0], "y": [7.7, 21.0], "duration": [10.0, 30.0]})
    fine, coarse = (density(fixations, images(), viewing=VIEWING, cells=shape)[0] for shape in (None, (6, 8)))
    assert coarse == pytest.approx(fine.reshape(6, 5, 8, 5).sum(axis=(1, 3)), rel=1e-9, abs=1e-12)


def test_density_errors_tell_what_to_do():
    fixations = pd.DataFrame({"reading": 0, "x": [1.0], "y": [1.0], "duration": [np.nan]})
    with pytest.raises(ValueError, match=r"1 are NaN; use Smoothing\(weight='count'\)"):
        density(fixations, images(), viewing=VIEWING)
    counted = Smoothing(weight="count")
    with pytest.raises(ValueError, match="reading 4 has fixations but no row among the images"):
        density(fixations.assign(reading=4), images(), viewing=VIEWING, smoothing=counted)
    mixed = pd.concat([images(), images(width=50).assign(reading=1)])
    with pytest.raises(ValueError, match=r"got 2 sizes; give cells=\(rows, columns\)"):
        density(fixations, mixed, viewing=VIEWING, smoothing=counted)
    with pytest.raises(ValueError, match="one of lose, reflect, renormalise; got 'wrap'"):
        Smoothing(edge="wrap")
    with pytest.raises(ValueError, match="needs a positive sigma_deg; got 0"):
        Smoothing(sigma_deg=0)
    with pytest.raises(ValueError, match=r"one map a key; got \(2, 2\) for 1 keys"):
        Maps(pd.Index([0]), np.zeros((2, 2)), np.ones((1, 2)), np.ones((1, 2)))
    with pytest.raises(KeyError, match="no map of 'x'"):
        Maps(pd.Index(["a"]), np.zeros((1, 2, 2)), np.ones((1, 2)), np.ones((1, 2)))["x"]


def surfaces():
    """Smooth, 8-bit, sparse, constant and infinite maps."""
    rng = np.random.default_rng(2)
    smooth = (
        np.exp(-((np.arange(64) - 20) ** 2 / 300 + (np.arange(48)[:, None] - 30) ** 2 / 200)) + rng.random((48, 64)) / 9
    )
    smooth /= smooth.max()
    log = np.log(np.where(smooth > 0.3, smooth, 0), where=smooth > 0.3, out=np.full(smooth.shape, -np.inf))
    return {
        "smooth": smooth,
        "8-bit": np.floor(smooth * 255),
        "sparse": np.where(smooth > np.quantile(smooth, 0.85), smooth, 0),
        "constant": np.ones_like(smooth),
        "infinite": log,
    }


@pytest.mark.parametrize("kind", surfaces())
def test_auc_equals_mann_whitney(kind):
    surface, rng = surfaces()[kind], np.random.default_rng(3)
    x, y = rng.integers(0, 64, 60), rng.integers(0, 48, 60)
    values = surface[y, x]
    expected = mannwhitneyu(values, surface.ravel(), method="asymptotic").statistic / (60 * surface.size)
    assert auc_judd(surface, x, y) == pytest.approx(expected, abs=1e-12)
    rest = np.delete(surface.ravel(), np.unique(y * 64 + x))
    expected = mannwhitneyu(values, rest, method="asymptotic").statistic / (60 * rest.size)
    assert auc_judd(surface, x, y, negatives="unfixated") == pytest.approx(expected, abs=1e-12)


def pysaliency_auc(positives, negatives, thresholds):
    """Area that pysaliency's `general_roc` gives: trapezoids between descending thresholds (retold from its text)."""
    if thresholds == "all":
        levels = np.sort(np.hstack([positives, negatives]))[::-1]
    else:
        both = np.hstack([positives, negatives])
        levels = np.sort(np.hstack([both.max() + 1, positives, both.min()]))[::-1]
    hits = [0.0] + [(positives >= level).mean() for level in levels]
    alarms = [0.0] + [(negatives >= level).mean() for level in levels]
    return np.trapezoid(hits, alarms)


def matlab_auc(surface, cells):
    """Area of the MIT port without jitter (retold from its text): fixated cells once, counts over all others."""
    flat = surface.ravel()
    points = np.sort(flat[cells])[::-1]
    hits, alarms = [0.0], [0.0]
    for place, level in enumerate(points):
        hits.append((place + 1) / len(points))
        alarms.append(((flat >= level).sum() - place) / (len(flat) - len(points)))
    return np.trapezoid([*hits, 1.0], [*alarms, 1.0])


@pytest.mark.parametrize("kind", ["smooth", "8-bit", "sparse", "constant"])
def test_named_sweeps_reproduce_the_peers(kind):
    surface, rng = surfaces()[kind][::3, ::3], np.random.default_rng(4)
    x, y = rng.integers(0, 22, 15), rng.integers(0, 16, 15)
    values = surface[y, x]
    assert auc_judd(surface, x, y) == pytest.approx(pysaliency_auc(values, surface.ravel(), "all"), abs=1e-12)
    points = pysaliency_auc(values, surface.ravel(), "fixations")
    assert auc_judd(surface, x, y, sweep="points") == pytest.approx(points, abs=1e-12)
    cells = np.unique(y * 22 + x)
    matlab = auc_judd(surface, x, y, sweep="matlab", duplicates="once")
    assert matlab == pytest.approx(matlab_auc(surface, cells), abs=1e-12)


value = st.one_of(
    st.integers(0, 5).map(float), st.sampled_from([-np.inf, np.inf, 1.7e308, -1.7e308, 1e-300, 5e-324, 0.1])
)


@given(pool=st.lists(value, min_size=1, max_size=60), levels=st.lists(value, min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_ranks_equal_plain_counting(pool, levels):
    pool, levels = np.array(pool), np.unique(levels)
    below, equal = np.empty(len(levels), np.int64), np.empty(len(levels), np.int64)
    with np.errstate(over="ignore"):  # Compiled code runs over silently, as it should here: the highest bin takes it.
        ranks_among(levels, pool, below, equal)
    assert below.tolist() == [(pool < level).sum() for level in levels]
    assert equal.tolist() == [(pool == level).sum() for level in levels]


def test_nss_by_its_formula():
    surface, x, y = surfaces()["smooth"], [3, 3, 60], [5, 5, 40]
    z = (surface - surface.mean()) / surface.std()
    assert nss(surface, x, y) == pytest.approx((2 * z[5, 3] + z[40, 60]) / 3, rel=1e-12)
    assert nss(surface, x, y, duplicates="once") == pytest.approx((z[5, 3] + z[40, 60]) / 2, rel=1e-12)
    ratio = math.sqrt((surface.size - 1) / surface.size)
    assert nss(surface, x, y, ddof=1) == pytest.approx(nss(surface, x, y) * ratio, rel=1e-12)
    assert nss(surface * 0, x, y) == 0.0


def test_no_points_no_score_and_points_outside_are_told():
    surface = surfaces()["smooth"]
    assert math.isnan(nss(surface, [], []))
    assert math.isnan(auc_judd(surface, [], []))
    with pytest.raises(ValueError, match=r"within a map of 64 x 48 cells; point 1 is at \(64, 0\); leave out"):
        nss(surface, [0, 64], [0, 0])
    with pytest.raises(ValueError, match="some are NaN; set cells that were not shown to 0"):
        auc_judd(np.where(surface > 0.5, surface, np.nan), [0], [0])
    with pytest.raises(ValueError, match="sweep to be exact, points or matlab; got 'rough'"):
        auc_judd(surface, [0], [0], sweep="rough")
