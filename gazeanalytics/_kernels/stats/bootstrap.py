"""Bootstrap statistics of readings resampled by cluster: one row of results a draw.

Every kernel takes the draws the same way. The weight of reading i in draw d is

    w_di = times[d, first[i]] * other[d, second[i]]

how often its first cluster (the reader, say) was drawn times how often its second (the case) was (Owen 2007, the
pigeonhole bootstrap). Weights are made on the way instead of repeating rows: a draw of 100,000 readings then touches no
memory but the two short rows of counts. There is no branch on weights of 0, as mispredicting it costs more than the
product does.
"""

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel


class Draws(NamedTuple):
    """Clusters of the readings and how often each was drawn.

    first, second: codes of each reading's clusters, shape (readings,).
    times, other: how often each cluster was drawn, shape (draws, clusters of the first or second kind).
    """

    first: np.ndarray
    times: np.ndarray
    second: np.ndarray
    other: np.ndarray


class Ranked(NamedTuple):
    """Readings sorted by group, then rating, each shape (readings,)."""

    rating: np.ndarray
    truth: np.ndarray
    group: np.ndarray


class Categories(NamedTuple):
    """Readings sorted by case, each shape (readings,); category lies below count."""

    category: np.ndarray
    case: np.ndarray
    rater: np.ndarray
    count: int


@kernel
def sums(values, draws, out):
    """Write the sum of weights, then weighted sums of the columns of values, to out (draws, columns + 1)."""
    rows, columns = values.shape
    first, second = draws.first, draws.second
    for d in range(draws.times.shape[0]):
        mine, theirs = draws.times[d], draws.other[d]
        total = 0.0
        for i in range(rows):
            total += mine[first[i]] * theirs[second[i]]
        out[d, 0] = total
        for k in range(columns):
            total = 0.0
            for i in range(rows):
                total += mine[first[i]] * theirs[second[i]] * values[i, k]
            out[d, k + 1] = total


@kernel
def areas(ranked, draws, shares, out):
    """Write the area under the ROC curve within each group, averaged over groups by shares (draws, groups), to out.

    Groups without weight of either kind are left out; out[d, 1] is the share that is left.
    """
    # sum over pairs w_i w_j ([x_i > x_j] + [x_i = x_j] / 2) over sum w_i w_j (Mann & Whitney 1947). In order of rating
    # one pass does: each run of ties adds its weight with the finding times the weight without it below, and half of
    # that at the same rating. Sorting is done once for all draws; ranks, the usual way, would have to be made anew for
    # each.
    rating, truth, group = ranked.rating, ranked.truth, ranked.group
    first, second = draws.first, draws.second
    rows = rating.shape[0]
    for d in range(draws.times.shape[0]):
        mine, theirs = draws.times[d], draws.other[d]
        total, used, all_shares = 0.0, 0.0, 0.0
        start = 0
        while start < rows:
            stop = start
            below, with_it, area = 0.0, 0.0, 0.0
            while stop < rows and group[stop] == group[start]:
                tied_with, tied_without, tie = 0.0, 0.0, rating[stop]
                while stop < rows and group[stop] == group[start] and rating[stop] == tie:
                    weight = mine[first[stop]] * theirs[second[stop]]
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
def kappas(said, by_case, by_rater, out):
    """Write Fleiss's kappa with ratings missing (Gwet 2014) to out (draws,); a rater isn't compared with himself.

    by_case and by_rater (draws, clusters) say how often each was drawn.
    """
    # kappa = (p_o - p_e) / (1 - p_e). p_o is the mean over cases with two ratings or more of the weighted share of
    # agreeing pairs of different raters, sum_k (n_k^2 - squared weights in k) / (n^2 - squared weights), and p_e the
    # sum of squared mean shares of the categories over all rated cases. Without taking off the squares, a rater drawn
    # twice would agree with himself, and every draw would overstate kappa.
    category, case, rater, count = said.category, said.case, said.rater, said.count
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
