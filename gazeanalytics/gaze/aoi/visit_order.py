"""Order of search: permutation test of transition entropy in a reading, systematicity across a reader's readings."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from gazeanalytics import ragged, tables
from gazeanalytics._kernels.gaze import sequence as kernels

__all__ = ["order_test", "systematicity"]

Estimator = Literal["plugin", "mm", "js"]


def systematicity(visits: pd.DataFrame, readings: pd.DataFrame, *, n_jobs: int | None = None) -> pd.DataFrame:
    """Systematicity: similarity of a reader's AOI sequences over cases (Kok et al. 2016; van Geel et al. 2017).

    Cost grows with the square of the number of readings of a reader.

    Parameters
    ----------
    visits : pandas.DataFrame
        A visits table whose regions mean the same in every case (organs, or grid cells).
    readings : pandas.DataFrame
        Columns reading and reader.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a reader: reader, readings (with at least one visit), distance (mean over all pairs of the reader's
        readings of the edit distance over the longer length; 0 the same order every time, near 1 never alike) and
        std_error (jackknife over readings; NaN below three).

    Raises
    ------
    ValueError
        If `readings` lacks a column.

    See Also
    --------
    gazeanalytics.gaze.string_edit : edit distance of any two scanpaths.
    gazeanalytics.gaze.scanpaths.reader_similarity : similarity within and between readers, corrected for chance.

    Examples
    --------
    One reader goes round the same way each time, one doesn't:

    >>> names = list("ABCABCABC") + list("ABCCBABAC")
    >>> visits = pd.DataFrame({"reading": np.repeat(range(6), 3), "onset": np.tile([0, 1, 2], 6), "region": names,
    ...                        "duration": 1, "fixations": 1})
    >>> readings = pd.DataFrame({"reading": range(6), "reader": ["steady"] * 3 + ["varied"] * 3})
    >>> systematicity(visits, readings).round(3)
       reader  readings  distance  std_error
    0  steady         3     0.000        0.0
    1  varied         3     0.667        0.0
    """
    tables.check(visits, "visits")
    for name in ("reading", "reader"):
        if name not in readings.columns:
            raise ValueError(f"readings: expected the columns reading and reader; there is no column {name!r}")
    found = ragged.segments(visits["reading"])
    codes = pd.factorize(visits["region"])[0]
    # One character a region: rapidfuzz is fastest with strings.
    words = np.empty(len(found), object)
    words[:] = ["".join(map(chr, codes[start:stop])) for start, stop in zip(found.starts, found.stops, strict=True)]
    place = pd.Index(np.asarray(found.keys)).get_indexer(pd.Index(np.asarray(readings["reading"])))
    known = readings.loc[place >= 0, "reader"]
    workers = ragged.thread_count(n_jobs)
    rows = [
        {"reader": reader, "readings": len(own), **_mean_distance(words[place[place >= 0][own]], workers)}
        for reader, own in known.reset_index(drop=True).groupby(known.to_numpy()).indices.items()
    ]
    return pd.DataFrame(rows, columns=["reader", "readings", "distance", "std_error"])


def _mean_distance(words: np.ndarray, workers: int) -> dict[str, float]:
    """Mean distance over pairs, and its standard error when each reading is left out in turn."""
    count = len(words)
    if count < 2:
        return {"distance": np.nan, "std_error": np.nan}
    own = cdist(words, words, scorer=Levenshtein.normalized_distance, dtype=np.float64, workers=workers).sum(axis=1)
    mean = own.sum() / (count * (count - 1))
    if count < 3:
        return {"distance": mean, "std_error": np.nan}
    # The mean over pairs without one reading follows from its row of the matrix: n refits cost nothing.
    without = (own.sum() - 2 * own) / ((count - 1) * (count - 2))
    return {"distance": mean, "std_error": float(np.sqrt((count - 1) * without.var()))}


def order_test(
    sequence: pd.DataFrame,
    *,
    estimator: Estimator = "plugin",
    n_permutations: int = 200,
    rng: np.random.Generator | int | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Permutation test of order: each reading's transition entropy against the same fixations in random order.

    Plug-in transition entropy mostly counts fixations; its distance from the shuffled order doesn't.

    Parameters
    ----------
    sequence : pandas.DataFrame
        Columns reading and region, one row a fixation in order, as `locate` gives.
    estimator : {"plugin", "mm", "js"}
        Plug-in, Miller-Madow, or James-Stein shrinkage.
    n_permutations : int
        Random orders per reading.
    rng : numpy.random.Generator, int or None
        Randomness; the answer doesn't depend on the number of threads.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a reading: reading, entropy_bits, null_mean_bits, null_sd_bits, z (below 0: more orderly than chance;
        NaN when no order differs) and p_value (share of shuffles at most as high, the observed one counted in).

    Raises
    ------
    ValueError
        For an unknown estimator or fewer than two permutations.

    See Also
    --------
    transition_matrix : the transitions themselves.

    References
    ----------
    Krejtz, K., et al. (2015). Gaze transition entropy. ACM Transactions on Applied Perception, 13(1).
    Phipson, B., & Smyth, G. K. (2010). Permutation p-values should never be zero. Statistical Applications in Genetics
    and Molecular Biology, 9(1).

    Examples
    --------
    The same cells in the same order again and again, and at random:

    >>> loop = np.tile(range(6), 8)
    >>> sequence = pd.DataFrame({"reading": np.repeat([1, 2], 48),
    ...                          "region": [*loop, *np.random.default_rng(1).permutation(loop)]})
    >>> order_test(sequence, rng=1)[["reading", "entropy_bits", "null_mean_bits", "z"]].round(1)
       reading  entropy_bits  null_mean_bits     z
    0        1           0.0             2.1 -16.6
    1        2           2.2             2.1   0.9
    """
    if estimator not in get_args(Estimator):
        raise ValueError(f"estimator: expected one of {', '.join(get_args(Estimator))}; got {estimator!r}")
    if n_permutations < 2:
        raise ValueError(f"n_permutations: expected at least 2; got {n_permutations}")
    found = ragged.segments(sequence["reading"])
    codes, names = pd.factorize(sequence["region"])
    # A seed per reading, drawn before the threads begin: results don't depend on who gets which reading.
    seeds = np.random.default_rng(rng).integers(1, 2**63, len(found), dtype=np.uint64)
    out = np.empty((len(found), 4))
    plan = kernels.Shuffles(len(names), get_args(Estimator).index(estimator), n_permutations)
    ragged.each(kernels.shuffle_readings, found, codes, plan, out=[seeds, out], n_jobs=n_jobs)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(out[:, 2] > 0, (out[:, 0] - out[:, 1]) / out[:, 2], np.nan)
    table = pd.DataFrame(out[:, :3], columns=["entropy_bits", "null_mean_bits", "null_sd_bits"])
    table.insert(0, "reading", found.keys.array)
    return table.assign(z=z, p_value=out[:, 3])
