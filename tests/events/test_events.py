"""The classical detectors against plain twins, and what must not change their answer."""

import functools
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics import events, tables
from gazeanalytics.geometry import Viewing

VIEW = Viewing(512.0, 384.0, 1800.0, 1800.0)


def walk(seed, n=400, step=4.0, lost=0.0):
    """Fixations of random length, saccades as long as human ones of their size, and noise."""
    rng = np.random.default_rng(seed)
    x, y = [512.0], [384.0]
    while len(x) < n:
        goal = rng.uniform((200, 150), (800, 600))
        size = VIEW.angle(x[-1], y[-1], *goal)
        share = (1 - np.cos(np.linspace(0, np.pi, 2 + round((21 + 2.2 * float(size)) / step))[1:])) / 2
        stay = rng.integers(50, 120)
        x += [*(x[-1] + share * (goal[0] - x[-1])), *np.full(stay, goal[0])]
        y += [*(y[-1] + share * (goal[1] - y[-1])), *np.full(stay, goal[1])]
    x, y = np.array(x[:n]) + rng.normal(0, 0.4, n), np.array(y[:n]) + rng.normal(0, 0.4, n)
    gone = rng.random(n) < lost
    x[gone] = np.nan
    return pd.DataFrame({"reading": seed, "t": np.arange(n) * step, "x": x, "y": y})


def angle(view, x0, y0, x1, y1):
    return np.deg2rad(view.angle(x0, y0, x1, y1))


def naive_ivt(t, x, y, view, step, threshold, span, gap):
    half = max(1, int(np.floor(span / (2 * step) + 0.5)))
    labels = []
    for i in range(len(t)):
        a, b = max(i - half, 0), min(i + half, len(t) - 1)
        if t[b] - t[a] > gap:
            a = i if t[i] - t[a] > gap else a
            b = i if t[b] - t[i] > gap else b
        took = t[b] - t[a]
        labels.append(2 if took > 0 and angle(view, x[a], y[a], x[b], y[b]) > threshold * took else 1)
    return labels


def naive_settle(t, x, y, view, labels, step, gap, widest_deg, shortest):
    """Join fixations that are near in time and place, over what lies between; short ones are noise."""
    cuts = [0, *(i for i in range(1, len(t)) if labels[i] != labels[i - 1] or t[i] - t[i - 1] > gap), len(t)]
    joined = []
    for a, b in itertools.pairwise(cuts):
        if labels[a] != 1:
            continue
        last = joined[-1][1] - 1 if joined else None
        if joined and t[a] - t[last] <= gap and view.angle(x[last], y[last], x[a], y[a]) <= widest_deg:
            joined[-1][1] = b
        else:
            joined.append([a, b])
    labels = list(labels)
    for a, b in joined:
        labels[a:b] = [1 if t[b - 1] - t[a] + step >= shortest else 6] * (b - a)
    return labels


def naive_idt(t, x, y, view, step, widest, shortest, gap):
    right, down = view.degrees(x, y)

    def wide(a, b):
        return np.ptp(right[a:b]) + np.ptp(down[a:b])

    n, labels, i = len(t), np.zeros(len(t), int), 0
    while i < n:
        stop = i + 1
        while stop < n and t[stop - 1] - t[i] + step < shortest * (1 - 1e-9) and t[stop] - t[stop - 1] <= gap:
            stop += 1
        if t[stop - 1] - t[i] + step < shortest * (1 - 1e-9):
            labels[i:stop] = 2
            i = stop
        elif wide(i, stop) > widest:
            labels[i] = 2
            i += 1
        else:
            while stop < n and t[stop] - t[stop - 1] <= gap and wide(i, stop + 1) <= widest:
                stop += 1
            labels[i:stop] = 1
            i = stop
    return labels.tolist()


def naive_engbert(t, x, y, factor, shortest):
    def velocity(z):
        v = np.full(len(z), np.nan)
        for i in range(1, len(z) - 1):
            v[i] = (z[i + 1] - z[i - 1]) / (t[i + 1] - t[i - 1])
        for i in range(2, len(z) - 2):
            v[i] = (z[i + 2] + z[i + 1] - z[i - 1] - z[i - 2]) / (t[i + 2] + t[i + 1] - t[i - 1] - t[i - 2])
        spread = np.sqrt(np.nanmedian(v**2) - np.nanmedian(v) ** 2)
        return v / (factor * spread)

    outside = np.nan_to_num(velocity(x) ** 2 + velocity(y) ** 2) > 1
    labels, i = np.ones(len(t), int), 0
    while i < len(t):
        stop = i
        while stop < len(t) and outside[stop]:
            stop += 1
        if (stop - i) * (t[1] - t[0]) >= shortest:
            labels[i:stop] = 2
        i = max(stop, i + 1)
    return labels.tolist()


@pytest.mark.parametrize(("seed", "step"), [(1, 2.0), (2, 4.0), (3, 16.0)])
def test_ivt_is_its_twin(seed, step):
    samples = walk(seed, step=step)
    labels = events.detect(samples, VIEW, settings=events.IvtSettings(min_fixation_ms=0, merge_within_deg=0)).labels
    t, x, y = (samples[name].to_numpy() for name in "txy")
    assert labels.tolist() == naive_ivt(t, x, y, VIEW, step, np.deg2rad(30) / 1000, 20, 75)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fixations_settle_as_their_twin_does(seed):
    rng = np.random.default_rng(seed)
    samples = walk(seed, 800)
    samples.loc[rng.choice(800, 25, replace=False), "x"] += rng.choice([30, 90], 25)
    samples = samples.drop(index=range(300, 330)).reset_index(drop=True)
    t, x, y = (samples[name].to_numpy() for name in "txy")
    apart = naive_ivt(t, x, y, VIEW, 4.0, np.deg2rad(30) / 1000, 20, 75)
    twin = naive_settle(t, x, y, VIEW, apart, 4.0, 75.0, 0.5, 60.0)
    assert events.detect(samples, VIEW, detector="ivt").labels.tolist() == twin
    assert 6 in twin
    assert twin.count(1) > apart.count(1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7), st.integers(1, 3)), min_size=3, max_size=60),
    st.integers(1, 5),
    st.integers(1, 8),
)
def test_idt_is_its_twin(points, widest, length):
    x, y, steps = np.array(points, float).T
    t = np.cumsum(steps) * 10
    # Whole degrees in a viewing so far away that an angle is its tangent to the last digit but one.
    view = Viewing(0.0, 0.0, 1e7, 1e7)
    samples = pd.DataFrame({"reading": 1, "t": t, "x": x * 1e5, "y": y * 1e5, "valid": True})
    step = float(np.median(np.diff(t)))
    values = {"max_dispersion_deg": widest + 0.5, "min_fixation_ms": max(length * 10.0, step)}
    twin = naive_idt(t, x * 1e5, y * 1e5, view, step, widest + 0.5, values["min_fixation_ms"], 75.0)
    assert events.detect(samples, view, detector="idt", settings=values).labels.tolist() == twin


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_engbert_kliegl_is_its_twin(seed):
    samples = walk(seed)
    right, down = VIEW.degrees(samples["x"], samples["y"])
    twin = naive_engbert(samples["t"].to_numpy(), right, down, 6.0, 6.0)
    assert (
        events.detect(samples, VIEW, settings=events.EngbertKlieglSettings(min_fixation_ms=0)).labels.tolist() == twin
    )


def test_tables_describe_the_samples():
    samples = walk(4)
    found = events.detect(samples, VIEW, detector="ivt")
    t, x, y = (samples[name].to_numpy() for name in "txy")
    runs = events.labelled_events(samples, found.labels)
    spans = runs[runs["label"] == "fixation"][["start", "stop"]].to_numpy()
    assert len(spans) == len(found.fixations) > 3
    for row, (a, b) in zip(found.fixations.itertuples(), spans, strict=True):
        assert (row.onset, row.duration) == (t[a], t[b - 1] + 4 - t[a])
        assert np.isclose([row.x, row.y], [x[a:b].mean(), y[a:b].mean()], rtol=1e-13).all()
        off = VIEW.angle(row.x, row.y, x[a:b], y[a:b])
        assert np.isclose(row.dispersion_deg, np.sqrt(np.mean(off**2)), rtol=1e-7)
    row = found.saccades.iloc[2]
    a, b = runs[runs["label"] == "saccade"][["start", "stop"]].iloc[2]
    assert np.isclose(row["amplitude_deg"], VIEW.angle(x[a - 1], y[a - 1], x[b], y[b]), rtol=1e-12)
    fastest = max(VIEW.angle(x[k], y[k], x[k + 2], y[k + 2]) / 8 * 1000 for k in range(a - 1, b - 1))
    assert np.isclose(row["peak_speed_deg_s"], fastest, rtol=1e-7)


@pytest.mark.parametrize("name", list(events.DETECTORS))
def test_answers_keep_to_the_tables_and_to_themselves(name):
    detect = functools.partial(events.detect, detector=name)
    parts = [walk(seed, 1000, lost=0.02 * (seed % 2)) for seed in range(1, 5)]
    whole = detect(pd.concat(parts, ignore_index=True), VIEW, n_jobs=1)
    for table in ("fixations", "saccades"):
        tables.check(getattr(whole, table), table)
    assert len(whole.fixations) > 15
    assert whole.settings["detector"] == name
    alone = [detect(part, VIEW) for part in parts]
    assert np.array_equal(whole.labels, np.concatenate([each.labels for each in alone]))
    pd.testing.assert_frame_equal(whole.fixations, pd.concat([each.fixations for each in alone], ignore_index=True))
    for n_jobs in (2, 4):
        again = detect(pd.concat(parts, ignore_index=True), VIEW, n_jobs=n_jobs)
        pd.testing.assert_frame_equal(again.saccades, whole.saccades)


@pytest.mark.parametrize("name", list(events.DETECTORS))
def test_shift_turn_and_clock_change_nothing(name):
    # Whole numbers, so that moving them loses no digit.
    samples = walk(7, 1000).round({"x": 0, "y": 0})
    detect = functools.partial(events.detect, detector=name)
    labels = detect(samples, VIEW).labels
    moved = samples.assign(x=samples["x"] + 100, y=samples["y"] - 50)
    assert np.array_equal(detect(moved, Viewing(612.0, 334.0, 1800.0, 1800.0)).labels, labels)
    turned = samples.assign(x=768 - samples["y"], y=samples["x"])
    assert np.array_equal(detect(turned, Viewing(384.0, 512.0, 1800.0, 1800.0)).labels, labels)
    later = detect(samples.assign(t=samples["t"] + 4096.0), VIEW)
    assert np.array_equal(later.labels, labels)
    doubled = samples.assign(x=samples["x"] * 2, y=samples["y"] * 2)
    assert np.array_equal(detect(doubled, Viewing(1024.0, 768.0, 3600.0, 3600.0)).labels, labels)


def test_threshold_under_one_sample_is_refused():
    message = (
        r"min_fixation_ms = 10 ms is shorter than one sample of reading 3, 16 ms at 62.5 Hz: "
        r"ask for 16 ms or more, or 0 for none"
    )
    with pytest.raises(ValueError, match=message):
        events.detect(walk(3, step=16.0), VIEW, settings=events.IvtSettings(min_fixation_ms=10))
    assert len(events.detect(walk(3, step=16.0), VIEW, settings=events.IvtSettings(min_fixation_ms=0)).fixations)


def test_fixation_of_exactly_the_shortest_length_stays():
    x = np.repeat([100.0, 400.0, 100.0], [20, 10, 20])
    samples = pd.DataFrame({"reading": 1, "t": np.arange(50) * 10.0, "x": x, "y": 100.0})
    # Two samples of the middle ten lie within 10 ms of a jump.
    found = events.detect(samples, VIEW, settings=events.IvtSettings(min_fixation_ms=80, merge_within_deg=0))
    assert found.fixations["duration"].tolist() == [190.0, 80.0, 190.0]
    found = events.detect(samples, VIEW, settings=events.IvtSettings(min_fixation_ms=80.1, merge_within_deg=0))
    assert found.fixations["duration"].tolist() == [190.0, 190.0]


def test_hole_of_76_ms_breaks_and_of_75_does_not():
    for hole, fixations in ((75.0, 1), (76.0, 2)):
        t = np.concatenate([np.arange(50) * 5.0, 245 + hole + np.arange(50) * 5.0])
        samples = pd.DataFrame({"reading": 1, "t": t, "x": 500.0, "y": 300.0})
        for name in ("ivt", "cascade", "idt"):
            assert len(events.detect(samples, VIEW, detector=name).fixations) == fixations
