"""Matching of the events of two labellings by their overlap."""

import numpy as np

from gazeanalytics._kernels import kernel


# Greedy by score, as object detection does it. Pairing each true event with the first one that overlaps it would let a
# short piece of a broken fixation take the place of the long one.
@kernel
def match_events(starts, stops, true_starts, true_stops, min_overlap):
    """Pair events by intersection over union, best pairs first; those under `min_overlap` stay alone.

    Both lists lie in order and don't overlap among themselves. Returns pairs of places, int64, shape (pairs, 2), in the
    order of the first.
    """
    most = starts.size + true_starts.size
    scores = np.empty(most)
    pairs = np.empty((most, 2), np.int64)
    count, first = 0, 0
    for i in range(starts.size):
        while first < true_starts.size and true_stops[first] <= starts[i]:
            first += 1
        j = first
        while j < true_starts.size and true_starts[j] < stops[i]:
            shared = min(stops[i], true_stops[j]) - max(starts[i], true_starts[j])
            score = shared / (max(stops[i], true_stops[j]) - min(starts[i], true_starts[j]))
            if score >= min_overlap:
                scores[count] = score
                pairs[count, 0], pairs[count, 1] = i, j
                count += 1
            j += 1
    order = np.argsort(-scores[:count], kind="mergesort")
    used, true_used = np.zeros(starts.size, np.bool_), np.zeros(true_starts.size, np.bool_)
    kept = np.zeros(count, np.bool_)
    for k in order:
        i, j = pairs[k]
        if not (used[i] or true_used[j]):
            used[i] = true_used[j] = kept[k] = True
    return pairs[:count][kept]
