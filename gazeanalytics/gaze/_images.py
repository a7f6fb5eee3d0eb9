"""Readings of several tables brought together: which rows of a table belong to which row of `images`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import ragged, tables

__all__ = ["check_images", "match", "owners"]


def check_images(images: pd.DataFrame) -> pd.DataFrame:
    """Return `images` when it has one row a reading with reading, case, width and height (px).

    Examples
    --------
    >>> check_images(pd.DataFrame({"reading": [1, 1], "case": "a", "width": 9, "height": 9}))
    Traceback (most recent call last):
    ValueError: images: expected one row a reading; reading 1 occurs twice
    """
    for name in ("reading", "case", "width", "height"):
        if name not in images.columns:
            raise ValueError(
                f"images: expected one row a reading with reading, case, width and height (px); there is no column "
                f"{name!r}; join the readings table with the cases table on case"
            )
    if images["reading"].duplicated().any():
        again = images["reading"][images["reading"].duplicated()].iloc[0]
        raise ValueError(f"images: expected one row a reading; reading {again} occurs twice")
    size = images[["width", "height"]].to_numpy(float)
    if not (size > 0).all():
        row = int(np.flatnonzero(~(size > 0).all(axis=1))[0])
        raise ValueError(f"images, row {row}: expected a width and height above 0 px; got {size[row].tolist()}")
    return images


def match(frame: pd.DataFrame, images: pd.DataFrame, name: str) -> ragged.Segments:
    """Find the rows of each reading of `images` in a table; a reading without rows gets an empty slice.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table with a `reading` column, rows of one reading together.
    images : pandas.DataFrame
        One row a reading.
    name : str
        Of the table, for messages.

    Raises
    ------
    ValueError
        If the table has a reading that `images` doesn't know.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": [2, 2], "onset": [0, 300], "x": 5, "y": 5})
    >>> match(fixations, pd.DataFrame({"reading": [1, 2]}), "fixations").lengths.tolist()
    [0, 2]
    """
    tables.check(frame, name)
    found = ragged.segments(frame["reading"])
    keys = pd.Index(images["reading"], name="reading")
    place = pd.Index(np.asarray(keys)).get_indexer(pd.Index(np.asarray(found.keys)))
    if (place < 0).any():
        stranger = found.keys[int(np.argmax(place < 0))]
        raise ValueError(f"{name}: reading {stranger} is not in images; give images one row for every reading")
    starts = np.zeros(len(keys), np.int64)
    stops = np.zeros(len(keys), np.int64)
    starts[place], stops[place] = found.starts, found.stops
    return ragged.Segments(keys, starts, stops)


def owners(found: ragged.Segments) -> np.ndarray:
    """Position in `images` of the reading of each row of the table that was matched, int64, shape (rows,).

    Examples
    --------
    >>> found = ragged.Segments(pd.Index([1, 2]), np.array([1, 0]), np.array([3, 1]))
    >>> owners(found).tolist()
    [1, 0, 0]
    """
    # Slices lie in the table's order, readings in that of `images`.
    order = np.argsort(found.starts, kind="stable")
    return np.repeat(order, found.lengths[order])
