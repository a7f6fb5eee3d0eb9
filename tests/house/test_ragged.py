import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazeanalytics import ragged
from gazeanalytics._kernels import kernel


def naive_segments(keys):
    starts = [i for i, key in enumerate(keys) if i == 0 or keys[i - 1] != key]
    return starts, [*starts[1:], len(keys)]


@given(st.lists(st.integers(1, 5), max_size=12))
def test_segments_are_the_runs_of_equal_keys(lengths):
    keys = [reading for reading, length in enumerate(lengths) for _ in range(length)]
    starts, stops = naive_segments(keys) if keys else ([], [])
    for series in (pd.Series(keys, dtype=np.int64), pd.Series(pd.Categorical([f"r{key}" for key in keys]))):
        found = ragged.segments(series)
        assert found.starts.tolist() == starts
        assert found.stops.tolist() == stops
        assert found.rows().tolist() == keys
        assert found.lengths.tolist() == lengths


def test_a_reading_that_comes_back_is_refused():
    with pytest.raises(ValueError, match="reading 1 begins again after other readings"):
        ragged.segments(pd.Series([1, 2, 1]))


@kernel
def sums_over_readings(starts, stops, values, scale, total):
    for i in range(len(starts)):
        total[i] = scale * values[starts[i] : stops[i]].sum()


@pytest.mark.parametrize("n_jobs", [1, 2, 4, 7])
@pytest.mark.parametrize("lengths", [[3], [1, 2, 3], [5] * 100, [1000, *[1] * 40], list(range(1, 60))])
def test_every_reading_is_run_once_on_any_number_of_threads(lengths, n_jobs):
    values = np.random.default_rng(1).integers(-50, 50, sum(lengths)).astype(float)
    found = ragged.segments(pd.Series(np.repeat(np.arange(len(lengths)), lengths)))
    total = np.full(len(lengths), np.nan)
    ragged.each(sums_over_readings, found, values, 2.0, out=[total], n_jobs=n_jobs)
    expected = [2 * values[a:b].sum() for a, b in zip(found.starts, found.stops, strict=True)]
    np.testing.assert_array_equal(total, expected)


def test_no_readings_and_no_threads():
    found = ragged.segments(pd.Series([], dtype=np.int64))
    ragged.each(sums_over_readings, found, np.zeros(0), 1.0, out=[np.zeros(0)])
    with pytest.raises(ValueError, match="n_jobs must be at least 1; got 0"):
        ragged.thread_count(0)


def test_joined_names_keep_their_order():
    joined = ragged.join_names(pd.Series(["b", "a", "b"]), pd.Series([2, 1, 2]))
    assert list(joined) == ["b|2", "a|1", "b|2"]
    assert list(joined.cat.categories) == ["b|2", "a|1"]


def test_kernels_work_where_nothing_can_be_cached(monkeypatch):
    import numba

    from gazeanalytics import _kernels

    real = numba.njit

    def refusing(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'f': no locator available for file 'x'")
        return real(**options)

    monkeypatch.setattr(_kernels.numba, "njit", refusing)
    assert kernel(lambda x: x + 1)(1) == 2
