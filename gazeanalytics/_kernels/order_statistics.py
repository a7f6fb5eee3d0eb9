"""Order statistics that rooms share: sorting in place, quantiles, medians of scratch values and of many numbers."""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import inlined, kernel

__all__ = ["median", "median_of_first", "order_of_points", "quantile", "sort"]

# Below this length sorting by insertion beats partitioning (measured on alignments of MultiMatch).
_FEW = 24
# Fewer numbers than this are partitioned: clearing the counts would cost more than it saves.
_MANY = 512
# Bins of the two passes: the sign and exponent of a double are its first 12 bits; 10 more bits follow.
_COARSE, _FINE = 4096, 1024


@kernel
def quantile(ordered, share):
    """Return the value below which `share` of the ordered values lie, interpolated linearly."""
    # This is definition 7 of Hyndman & Fan (1996), the default of NumPy and R, so that users can check it there.
    place = share * (len(ordered) - 1)
    below = int(np.floor(place))
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@kernel
def sift_down(values, root, stop):
    """Move the value at `root` of a heap down to where it belongs."""
    while True:
        child = 2 * root + 1
        if child >= stop:
            return
        if child + 1 < stop and values[child] < values[child + 1]:
            child += 1
        if values[root] >= values[child]:
            return
        values[root], values[child] = values[child], values[root]
        root = child


# Heapsort instead of np.sort: a reading has a few dozen values, and it compiles sooner than Numba's np.sort.
@kernel
def sort(values):
    """Bring values into rising order in place (heapsort; Williams 1964)."""
    for root in range(len(values) // 2 - 1, -1, -1):
        sift_down(values, root, len(values))
    for stop in range(len(values) - 1, 0, -1):
        values[0], values[stop] = values[stop], values[0]
        sift_down(values, 0, stop)


@kernel
def comes_before(places, a, b):
    """Return whether point a lies left of point b, or above it where they are level."""
    if places[a, 0] != places[b, 0]:
        return places[a, 0] < places[b, 0]
    return places[a, 1] < places[b, 1]


@kernel
def sift_point_down(places, order, root, stop):
    """Move the point at `root` of a heap of row numbers down to where it belongs."""
    while True:
        child = 2 * root + 1
        if child >= stop:
            return
        if child + 1 < stop and comes_before(places, order[child], order[child + 1]):
            child += 1
        if not comes_before(places, order[root], order[child]):
            return
        order[root], order[child] = order[child], order[root]
        root = child


# A second heap, since a comparison handed over as a function would be called through a pointer for every pair.
@kernel
def order_of_points(places):
    """Return the order of points from left to right, then down, as row numbers (heapsort)."""
    order = np.arange(len(places))
    for root in range(len(order) // 2 - 1, -1, -1):
        sift_point_down(places, order, root, len(order))
    for stop in range(len(order) - 1, 0, -1):
        order[0], order[stop] = order[stop], order[0]
        sift_point_down(places, order, 0, stop)
    return order


@inlined
def insert_all(values, count):
    """Sort the first `count` values by insertion."""
    for i in range(1, count):
        value = values[i]
        # Every comparison is made, whatever the last one said: nothing for the processor to guess wrong.
        for j in range(i):
            held = values[j]
            values[j] = held if held < value else value
            value = value if held < value else held
        values[i] = value


@inlined
def select(values, count, middle):
    """Reorder the first `count` values so that the one at `middle` is in its sorted place (quickselect; Hoare 1961)."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            break


@kernel
def median_of_first(values, count):
    """Median of the first `count` values of a scratch array, which are reordered; NaN when there is none."""
    if count == 0:
        return np.nan
    middle = count // 2
    if count <= _FEW:
        insert_all(values, count)
        if count % 2:
            return values[middle]
        return (values[middle - 1] + values[middle]) / 2
    select(values, count, middle)
    if count % 2:
        return values[middle]
    # All before the middle are below it, in no order: the other middle value is the largest of them.
    below = values[0]
    for i in range(1, middle):
        below = max(below, values[i])
    return (below + values[middle]) / 2


@inlined
def rank_of(bits):
    """Return an integer that orders floats as they are ordered, from their bits (IEEE 754)."""
    return bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF)


@inlined
def bin_at(counts, place):
    """Return the bin that holds the number at that place of the order, and how many lie in bins before it."""
    bin_, below = 0, 0
    while below + counts[bin_] <= place:
        below += counts[bin_]
        bin_ += 1
    return bin_, below


# Counting by leading digits (radix selection) reads the numbers three times in order, where partitioning (np.median)
# jumps about and mispredicts half of its branches: 4 to 7 times as fast on a million velocities. A sample of the
# numbers would be faster still, but thresholds that follow from it would depend on chance.
@kernel
def median(values):
    """Exact median of contiguous numbers without NaN: counted by sign and exponent, then by the first digits after.

    Few numbers are left to sort, unless many are all but equal.
    """
    n = values.size
    if n < _MANY:
        return np.median(values)
    first, last = (n - 1) // 2, n // 2
    counts, bits = np.zeros(_COARSE, np.int64), values.view(np.int64)
    for i in range(n):
        counts[(rank_of(bits[i]) >> 52) + _COARSE // 2] += 1
    coarse, below = bin_at(counts, first)
    if last - below >= counts[coarse]:
        return np.median(values)
    # Writing each number and stepping on only where it belongs leaves no branch to mispredict.
    inner, kept = np.empty(counts[coarse] + 1), 0
    for i in range(n):
        inner[kept] = values[i]
        kept += (rank_of(bits[i]) >> 52) + _COARSE // 2 == coarse
    finer, bits = np.zeros(_FINE, np.int64), inner[:kept].view(np.int64)
    for i in range(kept):
        finer[(rank_of(bits[i]) >> 42) & (_FINE - 1)] += 1
    low, under = bin_at(finer, first - below)
    high, _ = bin_at(finer, last - below)
    inmost, left = np.empty(kept + 1), 0
    for i in range(kept):
        fine = (rank_of(bits[i]) >> 42) & (_FINE - 1)
        inmost[left] = inner[i]
        left += (low <= fine) & (fine <= high)
    ordered = np.sort(inmost[:left])
    return 0.5 * (ordered[first - below - under] + ordered[last - below - under])
