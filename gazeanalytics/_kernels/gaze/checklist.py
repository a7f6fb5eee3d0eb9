"""Order of first visits to AOIs against a checklist: Kendall's tau and edit distance."""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def kendall(order):
    """Return Kendall's tau between the order of the values and rising order; they must differ."""
    # tau = (concordant - discordant) / (n (n - 1) / 2) (Kendall 1938). Pairs are counted one by one: a checklist has
    # about ten items, for which Knight's (1966) n log n way takes longer.
    count = len(order)
    if count < 2:
        return np.nan
    score = 0
    for i in range(count):
        for j in range(i + 1, count):
            score += 1 if order[j] > order[i] else -1
    return 2.0 * score / (count * (count - 1))


@kernel
def edits(first, second):
    """Return the edit distance of two sequences (insert, delete, replace at cost 1; Levenshtein 1966)."""
    # One row of the table of Wagner & Fischer (1974) is kept. rapidfuzz, which `string_edit` uses, can't run here.
    above = np.arange(len(second) + 1)
    for i in range(len(first)):
        corner = above[0]
        above[0] = i + 1
        for j in range(len(second)):
            cost = corner + (first[i] != second[j])
            corner = above[j + 1]
            above[j + 1] = min(cost, corner + 1, above[j] + 1)
    return above[len(second)]


@kernel
def adherence(ranks, length, out):
    """Write tau and similarity of the order of first visits to a checklist of `length` AOIs; rank -1 is off it."""
    out[:] = np.nan
    seen = np.zeros(length, np.bool_)
    order = np.empty(length, np.int64)
    count = 0
    for rank in ranks:
        if rank >= 0 and not seen[rank]:
            seen[rank] = True
            order[count] = rank
            count += 1
    out[0] = kendall(order[:count])
    out[1] = 1.0 - edits(order[:count], np.arange(length)) / length


@kernel
def adherence_readings(starts, stops, ranks, length, out):
    """Run `adherence` over readings."""
    for k in range(len(starts)):
        adherence(ranks[starts[k] : stops[k]], length, out[k])
