"""Order statistics that kernels share, against sorted lists and NumPy, on small whole numbers that hit every tie."""

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics._kernels import order_statistics as kernels

few = settings(max_examples=60, deadline=None)
NUMBERS = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=60)


@few
@given(NUMBERS, st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
def test_sort_and_quantile(numbers, share):
    values = np.array(numbers)
    kernels.sort(values)
    assert values.tolist() == sorted(numbers)
    assert kernels.quantile(values, share) == pytest.approx(np.quantile(numbers, share), abs=1e-12)


@few
@given(NUMBERS, st.integers(0, 60))
def test_median_of_the_first_values_leaves_the_others(numbers, count):
    values, count = np.array(numbers), min(count, len(numbers))
    got = kernels.median_of_first(values, count)
    assert got == statistics.median(numbers[:count]) if count else np.isnan(got)
    assert values[count:].tolist() == numbers[count:]
    assert sorted(values[:count]) == sorted(numbers[:count])


@few
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), max_size=30))
def test_order_of_points(points):
    order = kernels.order_of_points(np.array(points, float).reshape(-1, 2))
    assert sorted(order.tolist()) == list(range(len(points)))
    assert [points[k] for k in order] == sorted(points)
