"""Cleaning, quality and agreement by hand computation."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events
from gazeanalytics._kernels.events import evaluation as events_agreement
from gazeanalytics.geometry import Viewing

VIEW = Viewing.from_px_per_deg(40, 1000, 600)


def still(n=400, step=5.0):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"reading": 1, "t": np.arange(n) * step, "x": 500 + rng.normal(0, 2, n), "y": 300 + rng.normal(0, 2, n)}
    )


def test_precision_is_the_median_over_windows():
    samples = still()
    right, down = VIEW.degrees(samples["x"], samples["y"])
    steps, spreads = [], []
    for k in range(0, 400, 40):
        part = np.stack([right[k : k + 40], down[k : k + 40]])
        steps.append(np.sqrt(np.mean(np.sum(np.diff(part) ** 2, axis=0))))
        spreads.append(np.sqrt(part.var(axis=1).sum()))
    row = events.quality(samples, VIEW).iloc[0]
    assert np.isclose(row["rms_s2s_deg"], np.median(steps), rtol=1e-12)
    assert np.isclose(row["sd_deg"], np.median(spreads), rtol=1e-12)
    assert (row["rate_hz"], row["loss"], row["gaps"]) == (200.0, 0.0, 0)


def test_loss_counts_missing_places_and_missing_rows_alike():
    samples = still()
    absent = samples.assign(x=samples["x"].where(~samples.index.isin(range(100, 140))))
    dropped = samples.drop(index=range(100, 140)).reset_index(drop=True)
    for broken in (absent, dropped):
        row = events.quality(broken, VIEW).iloc[0]
        assert np.isclose(row["loss"], 0.1)
        assert (row["gaps"], row["longest_gap"]) == (1, 200.0)


def test_clean_counts_what_it_takes():
    samples = still().assign(valid=True)
    samples.loc[[3, 4], "x"] = np.inf
    samples.loc[10, "valid"] = False
    samples.loc[20, "x"] += 100
    samples.loc[100:119, ["x", "y"]] = np.nan
    cleaned = events.clean(samples, spike_px=50, blink_margin_ms=15)
    counts = cleaned.counts.iloc[0]
    taken = {name: int(counts[name]) for name in ("missing", "not_valid", "coded", "spikes", "blink_edges")}
    assert taken == {"missing": 20, "not_valid": 1, "coded": 2, "spikes": 1, "blink_edges": 6}
    gone = np.flatnonzero(cleaned.samples["x"].isna())
    assert gone.tolist() == [3, 4, 10, 20, *range(97, 123)]
    assert np.isinf(samples["x"]).sum() == 2


def naive_clean(t, x, y, spike, blink, margin):
    """Which samples stand off both neighbours, then which lie beside a hole that a blink fills."""
    x, y = x.copy(), y.copy()

    def far(i, k):
        return np.hypot(x[i] - x[k], y[i] - y[k])

    for i in range(1, len(x) - 1):
        if min(far(i, i - 1), far(i, i + 1)) > max(spike, far(i - 1, i + 1)):
            x[i] = y[i] = np.nan
    seen = np.flatnonzero(~np.isnan(x + y))
    edges = [(a, b) for a, b in itertools.pairwise(seen) if b > a + 1 and blink[0] <= t[b] - t[a] <= blink[1]]
    beside = np.zeros(len(t), bool)
    for a, b in edges:
        beside |= (t <= t[a]) & (t[a] - t < margin) | (t >= t[b]) & (t - t[b] < margin)
    return np.isnan(x + y) | beside


@pytest.mark.parametrize("seed", range(6))
def test_clean_is_its_twin(seed):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.choice([4.0, 4.0, 4.0, 5.0], 400))
    x, y = rng.normal(300, 2, (2, 400))
    x[rng.choice(400, 12, replace=False)] += rng.choice([-60, 60], 12)
    for begin in (60, 150, 300):
        x[begin : begin + int(rng.integers(5, 40))] = np.nan
    samples = pd.DataFrame({"reading": 1, "t": t, "x": x, "y": y})
    cleaned = events.clean(samples, spike_px=30, blink_margin_ms=21, blink_ms=(50, 140)).samples
    assert cleaned["x"].isna().tolist() == naive_clean(t, x, y, 30, (50, 140), 21).tolist()


def test_kappa_by_hand():
    # Chance: .5 x .6 + .5 x .4 = .5; same: .7; kappa (.7 - .5) / (1 - .5).
    truth, labels = [1] * 5 + [2] * 5, [1, 1, 1, 1, 2, 1, 1, 2, 2, 2]
    table = events.agreement(labels, truth, classes=["fixation"])
    assert np.isclose(table["kappa"], 0.4).all()


def naive_match(events, truths, least):
    """Every pair that shares enough, the best first, each event once."""
    scores = []
    for i, (a, b) in enumerate(events):
        for j, (c, d) in enumerate(truths):
            scores.append((-max(min(b, d) - max(a, c), 0) / (max(b, d) - min(a, c)), i, j))
    pairs = []
    for score, i, j in sorted(scores):
        if -score >= least and all(i != p and j != q for p, q in pairs):
            pairs.append((i, j))
    return sorted(pairs)


@pytest.mark.parametrize("least", [0.05, 0.3, 0.5])
def test_matching_of_events_is_its_twin(least):
    rng = np.random.default_rng(0)
    for _ in range(30):
        events, truths = (np.sort(rng.choice(60, 16, replace=False)).reshape(8, 2) for _ in range(2))
        pairs = events_agreement.match_events(*events.T, *truths.T, least)
        assert pairs.tolist() == [list(pair) for pair in naive_match(events, truths, least)]


def test_events_match_the_best_partner_only():
    samples = pd.DataFrame({"reading": [1] * 12, "t": np.arange(12) * 2.0, "x": 0.0, "y": 0.0})
    truth = [1, 2, 2, 2, 2, 1, 1, 2, 2, 1, 1, 1]
    labels = [1, 2, 2, 1, 1, 1, 1, 1, 2, 2, 2, 1]
    row = events.event_agreement(samples, labels, truth, classes=["saccade"]).iloc[0]
    # 2 of 4 shared matches at a half; 1 of 4 doesn't.
    assert (row["matched"], row["f1"], row["onset_error"], row["offset_error"]) == (1, 0.5, 0.0, -4.0)
    with pytest.raises(ValueError, match="labels must be one whole number a sample"):
        events.event_agreement(samples, labels[1:], truth)


def test_events_end_with_their_reading():
    samples = pd.DataFrame({"reading": [1, 1, 2, 2], "t": [0.0, 2, 0, 2], "x": 0.0, "y": 0.0})
    assert events.labelled_events(samples, [1, 1, 1, 1])["duration"].tolist() == [4, 4]
