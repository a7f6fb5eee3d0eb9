"""Which readings to compare for each relation of two readers, and which others give its score by chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from gazeanalytics.gaze.scanpaths.pairs import pair_readings

__all__ = ["relations"]

# Draws for a fitting partner: where nine in ten fit, the rows that ten draws miss are one in ten thousand million.
_TRIES = 10


def relations(
    table: pd.DataFrame, n_partners: int, rng: np.random.Generator
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Pairs and chance pairs of each relation that the readings allow.

    Examples
    --------
    >>> table = pd.DataFrame({"reading": range(4), "reader": list("abab"), "case": list("uuvv"), "kind": "person"})
    >>> found = relations(table, 1, np.random.default_rng(1))
    >>> list(found), found["between readers"][0].to_numpy().tolist()
    (['between readers', 'within reader'], [[0, 1], [2, 3]])
    """
    persons, models = (np.flatnonzero(table["kind"] == kind) for kind in ("person", "model"))
    same_case = pair_readings(table, same="case", different="reader")
    kind = table.set_index("reading")["kind"]
    kinds = kind.loc[same_case["first"]].to_numpy(), kind.loc[same_case["second"]].to_numpy()
    among = (kinds[0] == "person") & (kinds[1] == "person")
    mixed = kinds[0] != kinds[1]
    case, reader = (pd.factorize(table[name])[0] for name in ("case", "reader"))

    def two_cases(ones: np.ndarray, others: np.ndarray) -> pd.DataFrame:
        def fits(first: np.ndarray, second: np.ndarray) -> np.ndarray:
            return (case[first] != case[second]) & (reader[first] != reader[second])

        return _draw(table, np.repeat(ones, n_partners), lambda first: rng.choice(others, len(first)), fits)

    def own_cases(ones: np.ndarray) -> pd.DataFrame:
        return _draw(
            table,
            np.repeat(ones, n_partners),
            lambda first: _from_own(reader, first, ones, rng),
            lambda first, second: case[first] != case[second],
        )

    # Chance keeps what readers do on any image (centre bias, habits, number of fixations) and drops the case alone.
    apart = two_cases(persons, persons)
    groups = {
        "between readers": (same_case[among], apart),
        "model and reader": (same_case[mixed], two_cases(models, persons) if len(persons) else apart),
        "between models": (same_case[~among & ~mixed], two_cases(models, models)),
        "within reader": (own_cases(persons), apart),
        "read again": (pair_readings(table.iloc[persons], same=["case", "reader"], different=()), apart),
    }
    return {relation: pairs for relation, pairs in groups.items() if len(pairs[0]) and len(pairs[1])}


def _draw(
    table: pd.DataFrame,
    first: np.ndarray,
    draw: Callable[[np.ndarray], np.ndarray],
    fits: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> pd.DataFrame:
    """Pair each row with a random one; those that do not fit are drawn again, ten times, then left out."""
    second = np.full(len(first), -1)
    for _ in range(_TRIES):
        # Drawing again costs less than listing who fits whom: with many cases nearly every draw fits.
        waiting = np.flatnonzero(second < 0)
        if not len(waiting):
            break
        drawn = draw(first[waiting])
        fit = fits(first[waiting], drawn)
        second[waiting[fit]] = drawn[fit]
    held = second >= 0
    key = table["reading"]
    pairs = pd.DataFrame({"first": key.take(first[held]).array, "second": key.take(second[held]).array})
    return pairs.drop_duplicates(ignore_index=True)


def _from_own(codes: np.ndarray, ones: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of `others` at random for each of `ones`, of the same code."""
    order = others[np.argsort(codes[others], kind="stable")]
    starts = np.searchsorted(codes[order], codes[ones], side="left")
    stops = np.searchsorted(codes[order], codes[ones], side="right")
    return order[rng.integers(starts, stops)]
