"""What readers found, missed and introduced, and what an AI draft had to do with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein

__all__ = ["audit_errors", "edit_share"]


def audit_errors(labels: pd.DataFrame, truth: pd.DataFrame, *, draft: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count the errors of each reading, and which of the draft's it kept, corrected or made.

    Parameters
    ----------
    labels : pandas.DataFrame
        A row a reading, a column a finding: 1 / 0 / -1 / NaN, of the final report. Uncertain counts as not called.
    truth : pandas.DataFrame
        The same readings (each with the truth of its case) and findings: 1 or 0; NaN where it isn't known, which is
        left out.
    draft : pandas.DataFrame, optional
        What the AI draft (or the list of labels) shown in each reading said, laid out alike; readings without one have
        NaN throughout.

    Returns
    -------
    pandas.DataFrame
        A row a reading: found (true and called), missed (true, not called), introduced (called, not true), spared
        (neither). With `draft`, for the readings that had one: of the draft's misses those *recovered* and *overlooked*
        by the reader, of its false calls those *rejected* and *accepted*, and of what it had right those findings
        *unlearned* (true, in the draft, not in the report) and those *invented* (false, not in the draft, in the
        report).

    Raises
    ------
    ValueError
        If a reading has no truth.

    Examples
    --------
    >>> truth = pd.DataFrame({"edema": [1], "fracture": [0], "pneumonia": [1]})
    >>> final = pd.DataFrame({"edema": [1], "fracture": [1], "pneumonia": [0]})
    >>> draft = pd.DataFrame({"edema": [0], "fracture": [1], "pneumonia": [1]})
    >>> row = audit_errors(final, truth, draft=draft).iloc[0]
    >>> row[["found", "missed", "recovered", "accepted", "unlearned"]].tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    missing = labels.index.difference(truth.index)
    if len(missing):
        raise ValueError(f"labels and truth must have the same readings; {missing[0]!r} has no truth")
    known = truth.reindex(index=labels.index)
    true, false = known.eq(1).to_numpy(), known.eq(0).to_numpy()
    called = labels.reindex(columns=known.columns).eq(1).to_numpy()
    parts = {
        "found": true & called,
        "missed": true & ~called,
        "introduced": false & called,
        "spared": false & ~called,
    }
    table = pd.DataFrame({name: cells.sum(1) for name, cells in parts.items()}, index=labels.index)
    if draft is None:
        return table
    shown = draft.reindex(index=labels.index, columns=known.columns)
    had, said = shown.notna().any(axis=1).to_numpy(), shown.eq(1).to_numpy()
    changes = {
        "recovered": parts["found"] & ~said,
        "overlooked": parts["missed"] & ~said,
        "rejected": parts["spared"] & said,
        "accepted": parts["introduced"] & said,
        "unlearned": parts["missed"] & said,
        "invented": parts["introduced"] & ~said,
    }
    return table.assign(**{name: np.where(had, cells.sum(1), np.nan) for name, cells in changes.items()})


def edit_share(drafts: pd.Series, finals: pd.Series) -> pd.Series:
    """Measure how much of a draft was changed: words inserted, deleted or replaced, over the longer text's words.

    Parameters
    ----------
    drafts, finals : pandas.Series
        Texts with the same index; missing ones count as empty.

    Returns
    -------
    pandas.Series
        0 when left as it was, 1 when nothing of it is left.

    Examples
    --------
    >>> edit_share(pd.Series(["Small left effusion."]), pd.Series(["Small right effusion."])).round(2).tolist()
    [0.33]
    """
    pairs = zip(*(part.fillna("").astype(str).str.split() for part in (drafts, finals.loc[drafts.index])), strict=True)
    return pd.Series([Levenshtein.normalized_distance(one, other) for one, other in pairs], drafts.index, float)
