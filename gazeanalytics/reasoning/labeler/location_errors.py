"""Right finding, wrong place: sides, zones and changes that a report gets wrong, adds or leaves out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gazeanalytics.tables import require_columns

__all__ = ["detail_errors", "place_scores"]

_DETAILS = ("side", "zone", "change")
_PARTS = {"both": ("left", "right")}


def detail_errors(
    findings: pd.DataFrame, truth: pd.DataFrame, *, readings: Iterable | None = None, details: Iterable[str] = _DETAILS
) -> pd.DataFrame:
    """Count, for each reading, the details of shared findings that don't agree.

    Parameters
    ----------
    findings, truth : pandas.DataFrame
        `findings` tables with the same reading keys: what was said, and what the reference says. A finding is compared
        where both call it present; its change (new, unchanged, worse, better, resolved) wherever both mention it.
    readings : iterable, optional
        All readings. Default: those in either table.
    details : iterable of str
        Of side, zone, change (and severity).

    Returns
    -------
    pandas.DataFrame
        A row a reading, and for each detail: *_compared* (findings where both state it), *_wrong* (they share nothing:
        left against right), *_partly* (they differ but share something: left against both), *_unsaid* (only the
        reference states it) and *_added* (only the report does: a change stated without a prior image, say).

    Raises
    ------
    TableError
        If a table lacks a column.

    Examples
    --------
    >>> columns = ["reading", "finding", "status", "side", "zone", "change"]
    >>> said = pd.DataFrame([[1, "edema", "present", "left", None, "new"]], columns=columns)
    >>> true = pd.DataFrame([[1, "edema", "present", "right", "lower", None]], columns=columns)
    >>> detail_errors(said, true)[["side_wrong", "zone_unsaid", "change_added"]].to_numpy().tolist()
    [[1, 1, 1]]
    """
    names = tuple(details)
    keys = pd.Index(readings if readings is not None else [*findings["reading"], *truth["reading"]]).unique()
    table = pd.DataFrame(index=pd.Index(keys, name="reading"))
    for name in names:
        said, true = (_stated(part, name, who) for part, who in ((findings, "findings"), (truth, "truth")))
        both = said.merge(true, on=["reading", "finding"], suffixes=("_said", "_true"))
        verdict = [_verdict(one, other) for one, other in zip(both["said_said"], both["said_true"], strict=True)]
        counts = pd.crosstab(both["reading"], np.array(verdict, dtype=object)) if len(both) else pd.DataFrame()
        counts = counts.reindex(index=keys, fill_value=0)
        kinds = {kind: counts.get(kind, pd.Series(0, keys)) for kind in ("right", "wrong", "partly", "unsaid", "added")}
        table[f"{name}_compared"] = kinds["right"] + kinds["wrong"] + kinds["partly"]
        for kind in ("wrong", "partly", "unsaid", "added"):
            table[f"{name}_{kind}"] = kinds[kind]
    return table.astype(int)


def _stated(findings: pd.DataFrame, detail: str, table: str) -> pd.DataFrame:
    """What each reading states of a detail of each finding, as a set: reading, finding, said."""
    require_columns(findings, table, ("reading", "finding", "status", detail))
    kept = findings if detail == "change" else findings[findings["status"].eq("present")]
    kept = kept.assign(finding=kept["finding"].astype(str), said=kept[detail].map(_parts).astype(object))
    groups = kept.groupby(["reading", "finding"], observed=True)["said"]
    return groups.agg(lambda sets: frozenset().union(*sets)).reset_index()


def _parts(value: object) -> frozenset[str]:
    return frozenset(_PARTS.get(value, (value,))) if isinstance(value, str) else frozenset()


def _verdict(said: frozenset[str], true: frozenset[str]) -> str:
    if not (said and true):
        return "added" if said else "unsaid" if true else "neither"
    return "right" if said == true else "partly" if said & true else "wrong"


def place_scores(findings: pd.DataFrame, truth: pd.DataFrame, *, readings: Iterable | None = None) -> pd.DataFrame:
    """Score findings with their places: a finding on the wrong side is both a false alarm and a miss.

    Parameters
    ----------
    findings, truth, readings
        As in `detail_errors`.

    Returns
    -------
    pandas.DataFrame
        A row for each of finding, finding and side, finding, side and zone: n (in the reference), precision, recall and
        f1 over all readings. "Both" sides count as left and right.

    Examples
    --------
    >>> columns = ["reading", "finding", "status", "side", "zone"]
    >>> said = pd.DataFrame([[1, "edema", "present", "left", None]], columns=columns)
    >>> true = pd.DataFrame([[1, "edema", "present", "both", None]], columns=columns)
    >>> place_scores(said, true).round(2).to_numpy().tolist()
    [['finding', 1, 1.0, 1.0, 1.0], ['finding, side', 2, 1.0, 0.5, 0.67], ['finding, side, zone', 2, 1.0, 0.5, 0.67]]
    """
    kept = None if readings is None else set(readings)
    rows = []
    for details in ((), ("side",), ("side", "zone")):
        said, true = (_tuples(part, details, kept) for part in (findings, truth))
        shared = len(said & true)
        precision, recall = (shared / len(part) if part else np.nan for part in (said, true))
        f1 = 2 * shared / (len(said) + len(true)) if said or true else np.nan
        rows.append((", ".join(("finding", *details)), len(true), precision, recall, f1))
    return pd.DataFrame(rows, columns=["level", "n", "precision", "recall", "f1"])


def _tuples(findings: pd.DataFrame, details: tuple[str, ...], readings: set | None) -> set[tuple]:
    kept = findings[findings["status"].eq("present")]
    if readings is not None:
        kept = kept[kept["reading"].isin(readings)]
    found: set[tuple] = set()
    for reading, finding, *places in kept[["reading", "finding", *details]].itertuples(index=False):
        said = [sorted(_parts(place)) or [None] for place in places]
        stack = [(reading, str(finding))]
        for choices in said:
            stack = [(*one, choice) for one in stack for choice in choices]
        found |= set(stack)
    return found
