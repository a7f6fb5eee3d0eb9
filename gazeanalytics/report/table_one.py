"""Table 1 of a paper: who read what, in cells too large to identify anyone (k-anonymity)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazeanalytics import tables
from gazeanalytics.report.number_format import format_count, format_number
from gazeanalytics.report.paper_table import PaperTable

__all__ = ["EXPERIENCE_EDGES", "pool_bands", "pool_small", "table_one"]

EXPERIENCE_EDGES = (0.0, 2.0, 5.0, 10.0, 20.0, np.inf)
_UNKNOWN = "not known"


def table_one(
    readers: pd.DataFrame,
    readings: pd.DataFrame,
    *,
    min_cell: int = 5,
    experience_edges: Sequence[float] = EXPERIENCE_EDGES,
    caption: str = "Readers and readings",
) -> PaperTable:
    """Make Table 1 of a paper: readers by experience, country and specialty, with k-anonymity.

    Parameters
    ----------
    readers : pandas.DataFrame
        Table ``readers``; models are counted apart.
    readings : pandas.DataFrame
        Table ``readings``.
    min_cell : int
        Smallest number of readers in any printed cell (k-anonymity). Smaller groups are pooled: neighbouring bands of
        experience with one another, small countries and specialties as "other". No smaller cell follows by
        subtraction either.
    experience_edges : sequence of float
        Edges of the bands of experience in years, left edge included.
    caption : str
        Printed above.

    Returns
    -------
    PaperTable
        A part with a single group left is not shown.
        Columns: readers (n, %), readings (n), readings of a reader (median). Readers' names are not in it.

    Raises
    ------
    gazeanalytics.tables.TableError
        If a table breaks its contract.
    ValueError
        If `min_cell` is below 1, or no reader is a person.

    Examples
    --------
    >>> readers = pd.DataFrame({"reader": range(12), "kind": "person", "country": ["Peru"] * 7 + ["Chile"] * 5})
    >>> readings = pd.DataFrame({"reading": range(24), "reader": list(range(12)) * 2, "case": 1})
    >>> print(table_one(readers, readings).text.to_string(index=False))
          Group   Readers Readings Readings per reader
    All readers 12 (100%)       24                 2.0
           Peru   7 (58%)       14                 2.0
          Chile   5 (42%)       10                 2.0
    """
    if min_cell < 1:
        raise ValueError(f"min_cell: expected at least 1 reader a cell; got {min_cell}")
    tables.check(readers, "readers")
    tables.check(readings, "readings")
    people = readers[readers["kind"] != "model"].copy()
    if people.empty:
        raise ValueError("readers: expected at least one person; got AI models alone, which Table 1 leaves out")
    people["readings"] = people["reader"].map(readings["reader"].value_counts()).fillna(0).astype(int)
    parts = [("", pd.Series("All readers", index=people.index))]
    if "experience_years" in people:
        parts.append(("Experience", pool_bands(people["experience_years"], experience_edges, min_cell)))
    named = [name for name in ("country", "specialty") if name in people]
    parts.extend((name.capitalize(), pool_small(people[name], min_cell)) for name in named)
    rows = [_describe(title, people, labels) for title, labels in parts if not (labels == "all").all()]
    return _as_table(pd.concat(rows, ignore_index=True), readers, min_cell, caption)


def pool_small(names: pd.Series, min_cell: int) -> pd.Series:
    """Pool the smallest groups as "other" until every group has at least `min_cell` members.

    Parameters
    ----------
    names : pandas.Series
        Group of each member; missing counts as the group "not known".
    min_cell : int
        Smallest number of members of a group.

    Returns
    -------
    pandas.Series of str
        "all" where there are too few members to separate any group.

    Examples
    --------
    >>> list(pool_small(pd.Series(["Peru", "Peru", "Peru", "Chile", "Cuba"]), 2))
    ['Peru', 'Peru', 'Peru', 'other', 'other']
    """
    labels = names.astype(object).where(names.notna(), _UNKNOWN).astype(str)
    sizes = labels.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    blocks = _merge_small(sizes.tolist(), min_cell, from_the_end=True)
    if len(blocks) < 2:
        return labels if len(sizes) == 1 and sizes.iloc[0] >= min_cell else pd.Series("all", index=names.index)
    pooled = {name for block in blocks if len(block) > 1 for name in sizes.index[block]}
    return labels.where(~labels.isin(pooled), "other")


def _merge_small(sizes: Sequence[int], min_cell: int, *, from_the_end: bool = False) -> list[list[int]]:
    """Merge neighbours in a row of groups until each block has `min_cell` members: places of the groups in each block.

    From the end, only the last block grows, which suits groups sorted by size. Else the smallest block goes to its
    smaller neighbour, which suits bands.
    """
    blocks = [[place] for place, size in enumerate(sizes) if size]
    total = {block[0]: sizes[block[0]] for block in blocks}
    # A small group is never hidden alone, since the margin would give it away by subtraction: it is merged with a
    # neighbour until the block is large enough (complementary suppression).
    while len(blocks) > 1:
        small = [place for place, block in enumerate(blocks) if total[block[0]] < min_cell]
        if not small:
            break
        here = len(blocks) - 1 if from_the_end else min(small, key=lambda place: total[blocks[place][0]])
        if here == 0 or (here < len(blocks) - 1 and total[blocks[here + 1][0]] < total[blocks[here - 1][0]]):
            here += 1
        total[blocks[here - 1][0]] += total[blocks[here][0]]
        blocks[here - 1] += blocks.pop(here)
    return blocks


def pool_bands(values: pd.Series, edges: Sequence[float], min_cell: int, *, unit: str = "years") -> pd.Series:
    """Cut numbers into bands, neighbours merged until every band has at least `min_cell` members.

    Parameters
    ----------
    values : pandas.Series of float
        A number of each member; missing ones count as the last band, "not known".
    edges : sequence of float
        Edges of the bands, left edge included.
    min_cell : int
        Smallest number of members of a group.
    unit : str
        Printed in the names.

    Returns
    -------
    pandas.Series
        Ordered categorical; "all" where there are too few members to separate any band.

    Examples
    --------
    >>> list(pool_bands(pd.Series([1.0, 1.0, 3.0, 30.0, 40.0]), [0, 2, 5, 20, np.inf], 2))
    ['0 to <5 years', '0 to <5 years', '0 to <5 years', '20+ years', '20+ years']
    """
    known = values.to_numpy(dtype=float, na_value=np.nan)
    bands = np.where(np.isnan(known), len(edges) - 1, np.searchsorted(edges, known, side="right") - 1).clip(0)
    sizes = np.bincount(bands, minlength=len(edges))
    blocks = _merge_small(sizes.tolist(), min_cell)
    names = {place: _band_name(block, edges, unit) for block in blocks for place in block}
    if len(blocks) == 1 and sizes.sum() < min_cell:
        names = dict.fromkeys(names, "all")
    labels = pd.Series([names[band] for band in bands], index=values.index, dtype=object)
    return labels.astype(pd.CategoricalDtype(list(dict.fromkeys(names.values())), ordered=True))


def _band_name(block: Sequence[int], edges: Sequence[float], unit: str) -> str:
    unknown = len(edges) - 1
    known = [place for place in block if place != unknown]
    if not known:
        return _UNKNOWN
    low, high = edges[min(known)], edges[max(known) + 1]
    name = f"{low:g}+ {unit}" if np.isinf(high) else f"{low:g} to <{high:g} {unit}"
    return f"{name} or {_UNKNOWN}" if unknown in block else name


def _describe(title: str, people: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    grouped = people["readings"].groupby(labels, observed=True)
    rows = grouped.agg(readers="size", readings="sum", readings_per_reader="median")
    if not isinstance(labels.dtype, pd.CategoricalDtype):
        # Largest group first, as in most Tables 1; "other" and "not known" are no group of their own and go last.
        rest = rows.index.isin(["other", _UNKNOWN])
        rows = rows.iloc[np.lexsort((rows.index.astype(str), -rows["readers"], rest))]
    rows = rows.rename_axis("group").reset_index()
    rows["group"] = rows["group"].astype(str)
    rows.insert(0, "characteristic", title)
    rows["share"] = rows["readers"] / max(len(people), 1)
    return rows


def _as_table(rows: pd.DataFrame, readers: pd.DataFrame, min_cell: int, caption: str) -> PaperTable:
    text = pd.DataFrame(
        {
            "Group": rows["group"],
            "Readers": [f"{size} ({share:.0%})" for size, share in zip(rows["readers"], rows["share"], strict=True)],
            "Readings": rows["readings"].map(format_count),
            "Readings per reader": [format_number(float(value), 1) for value in rows["readings_per_reader"]],
        },
        dtype=object,
    )
    models = int((readers["kind"] == "model").sum())
    notes = ["Readings per reader: median."]
    if min_cell > 1:
        notes.append(f"Groups of fewer than {min_cell} readers are pooled with others.")
    if models:
        notes.append(f"Not counted: {models} AI {'model' if models == 1 else 'models'}.")
    return PaperTable(rows, text, caption, tuple(notes), tuple(rows["characteristic"]))
