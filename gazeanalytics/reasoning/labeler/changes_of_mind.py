"""Changes of mind as an outcome: reversals, the first call against the last, and when a reader committed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.labeler.conclusions import trace_path

__all__ = ["changes_of_mind"]

_KEY = ["reading", "finding"]


def changes_of_mind(findings: pd.DataFrame, *, call_at: float = 0.5) -> pd.DataFrame:
    """Say of each reading and finding how often the call turned, how it began and ended, and when it was settled.

    Parameters
    ----------
    findings : pandas.DataFrame
        The `findings` table, from `label_findings` or `label_readings`.
    call_at : float
        A finding is called present from this certainty on.

    Returns
    -------
    pandas.DataFrame
        One row a reading and finding that is mentioned in its own right: statements; reversals (how often present
        became absent, or the reverse); first_certainty, last_certainty; first_call, last_call (1 present, 0 absent);
        changed (whether these differ); commitment_step (step of the statement from which the call held to the end).
        What only follows from a statement about the whole ("normal chest") has no row.

    Notes
    -----
    A claim is in force until one of the same thing at the same place replaces it, as in `trace_path`. A reader who
    turns twice ends where they began: `reversals` is 2, `changed` is false.

    Examples
    --------
    >>> from gazeanalytics.reasoning import label_findings
    >>> traces = pd.DataFrame({"reading": [1, 1], "step": [0, 1],
    ...     "text": ["A left pneumothorax.", "Wait, that's a skin fold."]})
    >>> changes_of_mind(label_findings(traces))[["finding", "reversals", "first_call", "last_call"]].values.tolist()
    [['pneumothorax', 1, 1, 0]]
    """
    path = trace_path(findings)
    if "act" in path:
        path = path[~path["act"].isin(["implied"])]
    path = path.assign(call=path["after"].ge(call_at).astype(int))
    grouped = path.groupby(_KEY, observed=True, sort=False)
    turned = path["call"].ne(grouped["call"].shift()) & grouped.cumcount().gt(0)
    settled = path.assign(turned=turned, settled=path["step"].where(turned | grouped.cumcount().eq(0)))
    table = settled.groupby(_KEY, observed=True, sort=False).agg(
        statements=("call", "size"),
        reversals=("turned", "sum"),
        first_certainty=("after", "first"),
        last_certainty=("after", "last"),
        first_call=("call", "first"),
        last_call=("call", "last"),
        commitment_step=("settled", "max"),
    )
    table["changed"] = table["first_call"].ne(table["last_call"])
    table["commitment_step"] = table["commitment_step"].astype(np.int64)
    return table.reset_index().astype({"finding": str})
