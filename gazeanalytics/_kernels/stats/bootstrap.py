"""Statistics of readings drawn again by cluster: one row of results a draw.

Every kernel takes the draws the same way: `first` and `second` (rows) say which cluster of either factor a reading
belongs to, `times` and `other` (draws, clusters) how often each cluster was drawn. A reading weighs their product.
"""

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def sums(values, first, times, second, other, out):
    """Write the sum of weights, then weighted sums of the columns of values, to out (draws, columns + 1)."""
    rows, columns = values.shape
    for d in range(times.shape[0]):
        mine, theirs = times[d], other[d]
        total = 0.0
        for i in range(rows):
            total += mine[first[i]] * theirs[second[i]]
        out[d, 0] = total
        for k in range(columns):
            total = 0.0
            for i in range(rows):  # no branch on the weight: guessing it wrong costs more than the product
                total += mine[first[i]] * theirs[second[i]] * values[i, k]
            out[d, k + 1] = total


@kernel
def areas(rating, truth, group, first, times, second, other, shares, out):
    """Write the area under the ROC curve within each group, averaged over groups by shares (draws, groups), to out.

    Rows are sorted by group, then rating; pairs weigh the product of their readings' weights, ties count by half.
    Groups without weight of either kind are left out; out[d, 1] is the share that is left.
    """
    rows = rating.shape[0]
    for d in range(times.shape[0]):
        total, used, all_shares = 0.0, 0.0, 0.0
        start = 0
        while start < rows:
            stop = start
            below, with_it, area = 0.0, 0.0, 0.0
            while stop < rows and group[stop] == group[start]:
                tied_with, tied_without, level = 0.0, 0.0, rating[stop]
                while stop < rows and group[stop] == group[start] and rating[stop] == level:
                    weight = times[d, first[stop]] * other[d, second[stop]]
                    if truth[stop]:
                        tied_with += weight
                    else:
                        tied_without += weight
                    stop += 1
                area += tied_with * (below + 0.5 * tied_without)
                below += tied_without
                with_it += tied_with
            share = shares[d, group[start]]
            all_shares += share
            if below > 0.0 and with_it > 0.0 and share > 0.0:
                total += share * area / (below * with_it)
                used += share
            start = stop
        out[d, 0] = total / used if used > 0.0 else np.nan
        out[d, 1] = used / all_shares if all_shares > 0.0 else np.nan


@kernel
def kappas(category, count, case, rater, by_case, by_rater, out):
    """Write Fleiss's kappa with ratings missing (Gwet 2014) to out (draws,); a rater isn't compared with himself.

    category (rows), below count, and rater (rows) are sorted by case; by_case and by_rater (draws, clusters) say how
    often each was drawn. Observed agreement is the mean over cases with two ratings or more, chance the sum of
    squared mean shares over all rated cases.
    """
    rows = category.shape[0]
    given, alone, share = np.empty(count), np.empty(count), np.empty(count)
    for d in range(by_case.shape[0]):
        share[:] = 0.0
        agreed, compared, rated = 0.0, 0.0, 0.0
        start = 0
        while start < rows:
            stop, size, own = start, 0.0, 0.0
            given[:] = 0.0
            alone[:] = 0.0
            while stop < rows and case[stop] == case[start]:
                weight = by_rater[d, rater[stop]]
                given[category[stop]] += weight
                alone[category[stop]] += weight * weight
                size += weight
                own += weight * weight
                stop += 1
            times = by_case[d, case[start]]
            if times > 0.0 and size > 0.0:
                rated += times
                for k in range(count):
                    share[k] += times * given[k] / size
                if size * size > own:
                    together = 0.0
                    for k in range(count):
                        together += given[k] * given[k] - alone[k]
                    agreed += times * together / (size * size - own)
                    compared += times
            start = stop
        chance = 0.0
        if rated > 0.0:
            for k in range(count):
                chance += (share[k] / rated) ** 2
        out[d] = (agreed / compared - chance) / (1.0 - chance) if compared > 0.0 and chance < 1.0 else np.nan
