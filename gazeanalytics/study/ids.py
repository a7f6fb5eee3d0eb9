"""Keys of two tables that mean the same but are written differently: 1, 1.0 and 001."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from gazeanalytics.tables import nearest, shown

__all__ = ["in_words", "likely", "places_of"]

# At most 18 digits: a longer run is no count of anything.
_WHOLE = re.compile(r"0*([0-9]{1,18})(?:\.0+)?")


def places_of(keys: pd.Series, known: pd.Series) -> tuple[np.ndarray, dict[str, str]]:
    """Where each key stands among the known ones, and what was taken for what.

    Keys are the same when they are written the same. A whole number that isn't there is looked for in another writing
    (a spreadsheet makes 1 of 001, a missing cell 1.0 of 1), as long as only one key of each table can be meant.

    Parameters
    ----------
    keys, known : pandas.Series
        Of any type; `known` holds each key once.

    Returns
    -------
    places : numpy.ndarray of int64
        Of each of `keys` in `known`; -1 where it isn't there.
    taken : dict of str to str
        Keys in another writing, and the known key that they were taken for.

    Examples
    --------
    >>> places, taken = places_of(pd.Series([1.0, 2.0, 9.0]), pd.Series(["002", "001"]))
    >>> places.tolist(), taken
    ([1, 0, -1], {'1.0': '001', '2.0': '002'})
    """
    codes, met = pd.factorize(keys)
    words = pd.Index([str(one) for one in met])
    there = pd.Index(known.astype(str))
    place = there.get_indexer(words)
    lost = np.flatnonzero(place < 0)
    if not len(lost):
        return place[codes], {}
    plain = pd.Series(np.arange(len(there)), index=[_plain(word) for word in there])
    plain = plain[~plain.index.duplicated(keep=False)]
    found = np.array([int(plain.get(_plain(str(word)), -1)) for word in words[lost]], dtype=np.int64)
    # Two writings of one number in one table may be two things.
    sure = (found >= 0) & ~pd.Series(found).duplicated(keep=False).to_numpy(bool) & ~np.isin(found, place)
    place[lost[sure]] = found[sure]
    taken = zip(words[lost[sure]], there[found[sure]], strict=True)
    return place[codes], {str(key): str(known_as) for key, known_as in taken}


def in_words(taken: dict[str, str]) -> str:
    """What was taken for what, as a note.

    Examples
    --------
    >>> in_words({"1.0": "001", "2.0": "002"})
    "2 keys are written differently than in the other table, such as '1.0' for '001'; they are taken as the same"
    """
    key, meant = next(iter(taken.items()))
    many = len(taken) != 1
    return (
        f"{len(taken):,} key{'s are' if many else ' is'} written differently than in the other table, such as "
        f"{shown(key)} for {shown(meant)}; {'they are' if many else 'it is'} taken as the same"
    )


def likely(key: object, known: pd.Series) -> str:
    """End an error with the key that was likely meant, if one is near."""
    hint = nearest(str(key), [str(one) for one in known])
    return f" ({hint})" if hint.startswith("did you") else ""


def _plain(word: str) -> str:
    match = _WHOLE.fullmatch(word.strip())
    return match[1] if match else f"text {word}"
