"""AOI metrics: dwell time, time to first fixation (TTFF), first fixation duration, revisits, transition matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazeanalytics import tables

__all__ = ["aoi_metrics", "transition_matrix"]


def aoi_metrics(visits: pd.DataFrame) -> pd.DataFrame:
    """Dwell time, time to first fixation (TTFF) and first fixation duration of each area of interest (AOI).

    The measures are those of Holmqvist et al. (2011, ch. 12 and 13), where a visit is a dwell: all fixations from
    entering an AOI to leaving it.

    Parameters
    ----------
    visits : pandas.DataFrame
        A visits table.

    Returns
    -------
    pandas.DataFrame
        One row a reading and AOI that it visited, in order of the first visit:

        ============================  ===========================================================================
        column                        what
        ============================  ===========================================================================
        reading, region               whose, and which AOI
        rank                          1 for the AOI seen first
        time_to_first_fixation_ms     TTFF: onset of the first fixation in it, since image onset
        first_fixation_duration_ms    of that fixation; NaN where `visits` has no `first_fixation_duration`
        first_visit_duration_ms       of the first dwell (first-pass dwell time)
        dwell_time_ms                 total dwell time over all visits; NaN when one duration isn't known
        n_visits, n_revisits          entries into it, and those after the first
        n_fixations                   in all visits
        ============================  ===========================================================================

        An AOI that was never visited has no row.

    See Also
    --------
    gazeanalytics.gaze.visits : merges fixations into the visits table.
    gazeanalytics.gaze.search_errors : dwell time and TTFF of lesions within a radius.

    References
    ----------
    Holmqvist, K., et al. (2011). Eye tracking: A comprehensive guide to methods and measures. Oxford University Press.

    Examples
    --------
    The heart is met after 100 ms, looked at twice and for 550 ms in all:

    >>> visits = pd.DataFrame({"reading": 1, "onset": [100, 400, 900], "region": ["heart", "lung", "heart"],
    ...                        "duration": [250, 450, 300], "fixations": [1, 2, 1]})
    >>> aoi_metrics(visits)[["region", "time_to_first_fixation_ms", "dwell_time_ms", "n_revisits"]]
      region  time_to_first_fixation_ms  dwell_time_ms  n_revisits
    0  heart                        100          550.0           1
    1   lung                        400          450.0           0
    """
    tables.check(visits, "visits")
    # One key for each pair of reading and AOI, so that all sums are bincounts and names stay as they are in the table.
    region, names = pd.factorize(visits["region"])
    reading, _ = pd.factorize(visits["reading"])
    pair, first, cell = np.unique(reading * max(len(names), 1) + region, return_index=True, return_inverse=True)
    number = np.bincount(cell, minlength=len(pair))
    given = "first_fixation_duration" in visits
    opening = visits["first_fixation_duration"].to_numpy(float) if given else np.full(len(visits), np.nan)
    made = pd.DataFrame(
        {
            "reading": visits["reading"].take(first).array,
            "region": visits["region"].take(first).array,
            "time_to_first_fixation_ms": visits["onset"].to_numpy()[first],
            "first_fixation_duration_ms": opening[first],
            "first_visit_duration_ms": visits["duration"].to_numpy(float)[first],
            "dwell_time_ms": np.bincount(cell, visits["duration"].to_numpy(float), len(pair)),
            "n_visits": number,
            "n_revisits": number - 1,
            "n_fixations": np.bincount(cell, visits["fixations"].to_numpy(float), len(pair)),
        }
    )
    made = made.iloc[np.argsort(first)].reset_index(drop=True)
    made.insert(2, "rank", made.groupby("reading", observed=True, sort=False).cumcount() + 1)
    return made


def transition_matrix(visits: pd.DataFrame, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """Transition matrix of areas of interest (AOIs): how often each is visited after each other, within readings.

    Parameters
    ----------
    visits : pandas.DataFrame
        A visits table.
    by : sequence of str
        Columns of `visits` that each have a matrix of their own, such as reading, reader or strategy.

    Returns
    -------
    pandas.DataFrame
        In long form, one row a cell that isn't 0: the columns of `by`, then source, target, count and probability (of
        the target, among transitions that leave the source).

    See Also
    --------
    gazeanalytics.gaze.order_test : permutation test of transition entropy.

    Examples
    --------
    >>> visits = pd.DataFrame({"reading": [1, 1, 1, 2, 2], "onset": [0, 1, 2, 0, 1], "duration": 1, "fixations": 1,
    ...                        "region": ["heart", "lung", "heart", "heart", "hilum"]})
    >>> found = transition_matrix(visits)
    >>> found
      source target  count  probability
    0  heart  hilum      1          0.5
    1  heart   lung      1          0.5
    2   lung  heart      1          1.0

    As a square table, in which each row adds to 1 unless nothing follows it:

    >>> matrix = found.pivot(index="source", columns="target", values="probability").fillna(0.0)
    >>> matrix.to_dict("index")
    {'heart': {'heart': 0.0, 'hilum': 0.5, 'lung': 0.5}, 'lung': {'heart': 1.0, 'hilum': 0.0, 'lung': 0.0}}
    """
    tables.check(visits, "visits")
    # Overlapping AOIs make visits that run side by side; they count in order of onset, as any other.
    stays = visits["reading"].eq(visits["reading"].shift(-1)).to_numpy()
    names = visits["region"].astype(object)
    moves = visits.loc[stays, list(by)].assign(source=names[stays], target=names.shift(-1)[stays])
    counts = moves.groupby([*by, "source", "target"], observed=True).size().rename("count").reset_index()
    leaving = counts.groupby([*by, "source"], observed=True)["count"].transform("sum")
    return counts.assign(probability=counts["count"] / leaving)
