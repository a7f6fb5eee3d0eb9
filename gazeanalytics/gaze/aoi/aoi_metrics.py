"""Visits summed up: when each region was first met and for how long, and which region followed which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazeanalytics import tables

__all__ = ["dwells", "region_transitions"]


def dwells(visits: pd.DataFrame) -> pd.DataFrame:
    """Sum up the visits of each reading to each region.

    Parameters
    ----------
    visits : pandas.DataFrame
        A visits table.

    Returns
    -------
    pandas.DataFrame
        One row a reading and region that it visited, in order of the first visit: reading, region, rank (1 for the
        region seen first), first_ms (time to first fixation since image onset), first_fixation_ms and first_visit_ms
        (durations of the first fixation, NaN where `visits` doesn't tell, and of the first visit), dwell_ms (of all
        visits; NaN when one isn't known), visits, revisits and fixations.

    Examples
    --------
    >>> visits = pd.DataFrame({"reading": 1, "onset": [100, 400, 900], "region": ["heart", "lung", "heart"],
    ...                        "duration": [250, 450, 300], "fixations": [1, 2, 1]})
    >>> dwells(visits)[["region", "first_ms", "first_visit_ms", "dwell_ms", "revisits"]]
      region  first_ms  first_visit_ms  dwell_ms  revisits
    0  heart       100           250.0     550.0         1
    1   lung       400           450.0     450.0         0
    """
    tables.check(visits, "visits")
    region, names = pd.factorize(visits["region"])
    reading, _ = pd.factorize(visits["reading"])
    pair, first, cell = np.unique(reading * max(len(names), 1) + region, return_index=True, return_inverse=True)
    number = np.bincount(cell, minlength=len(pair))
    told = "first_fixation" in visits
    opening = visits["first_fixation"].to_numpy(float) if told else np.full(len(visits), np.nan)
    made = pd.DataFrame(
        {
            "reading": visits["reading"].take(first).array,
            "region": visits["region"].take(first).array,
            "first_ms": visits["onset"].to_numpy()[first],
            "first_fixation_ms": opening[first],
            "first_visit_ms": visits["duration"].to_numpy(float)[first],
            "dwell_ms": np.bincount(cell, visits["duration"].to_numpy(float), len(pair)),
            "visits": number,
            "revisits": number - 1,
            "fixations": np.bincount(cell, visits["fixations"].to_numpy(float), len(pair)),
        }
    )
    made = made.iloc[np.argsort(first)].reset_index(drop=True)
    made.insert(2, "rank", made.groupby("reading", observed=True, sort=False).cumcount() + 1)
    return made


def region_transitions(visits: pd.DataFrame, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """Count which region is visited after which, within readings.

    Parameters
    ----------
    visits : pandas.DataFrame
        A visits table.
    by : sequence of str
        Columns of `visits` to count apart, such as reading, reader or strategy.

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, then source, target, count and share (of the moves that leave source); pairs that never
        came are left out.

    Examples
    --------
    >>> visits = pd.DataFrame({"reading": [1, 1, 1, 2, 2], "onset": [0, 1, 2, 0, 1], "duration": 1, "fixations": 1,
    ...                        "region": ["heart", "lung", "heart", "heart", "hilum"]})
    >>> region_transitions(visits)
      source target  count  share
    0  heart  hilum      1    0.5
    1  heart   lung      1    0.5
    2   lung  heart      1    1.0
    """
    tables.check(visits, "visits")
    stays = visits["reading"].eq(visits["reading"].shift(-1)).to_numpy()
    names = visits["region"].astype(object)
    moves = visits.loc[stays, list(by)].assign(source=names[stays], target=names.shift(-1)[stays])
    counts = moves.groupby([*by, "source", "target"], observed=True).size().rename("count").reset_index()
    leaving = counts.groupby([*by, "source"], observed=True)["count"].transform("sum")
    return counts.assign(share=counts["count"] / leaving)
