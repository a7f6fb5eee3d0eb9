"""Labels -> text, so that a reader or model that gives labels alone has a trace like everyone else."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["labels_to_text"]

_STATUS = {1.0: "present", 0.0: "absent", -1.0: "uncertain"}


@cache
def _templates() -> dict[str, Any]:
    return tomllib.loads(files("gazeanalytics.reasoning.labeler").joinpath("lexicon/templates.toml").read_text("utf-8"))


def labels_to_text(labels: pd.DataFrame, *, rng: int | np.random.Generator | None = None) -> pd.DataFrame:
    """Write labels out as sentences, one a finding that is labelled (CXR-CLIP's idea, our own templates).

    Parameters
    ----------
    labels : pandas.DataFrame
        A row a reading (its key is the index), a column a CheXpert finding: 1 / 0 / -1, NaN for nothing to say.
        `no_finding` is said only where it is 1.
    rng : int, Generator or None
        Which template is taken for each.

    Returns
    -------
    pandas.DataFrame
        A `traces` table: reading, step, text. `label_findings` reads the same labels back.

    Raises
    ------
    ValueError
        For a finding without a name in words, or a label that isn't 1, 0 or -1.

    Examples
    --------
    >>> labels_to_text(pd.DataFrame({"edema": [1.0], "fracture": [0.0]}), rng=1)["text"].tolist()
    ['Pulmonary edema is seen.', 'There is no rib fracture.']
    """
    templates = _templates()
    nameless = [str(name) for name in labels.columns if name not in templates["names"]]
    if nameless:
        raise ValueError(f"finding {nameless[0]!r} has no name in words; there are {', '.join(templates['names'])}")
    values = labels.to_numpy(float)
    wrong = ~np.isnan(values) & ~np.isin(values, list(_STATUS))
    if wrong.any():
        raise ValueError(f"a label is 1, 0 or -1, or missing; got {values[wrong][0]:g}")
    source = np.random.default_rng(rng)
    rows = []
    for row, finding in zip(*np.nonzero(_spoken(labels)), strict=True):
        text = _say(str(labels.columns[finding]), float(values[row, finding]), source)
        rows.append((labels.index[row], text))
    table = pd.DataFrame(rows, columns=["reading", "text"])
    table.insert(1, "step", table.groupby("reading", observed=True).cumcount())
    return table


def _spoken(labels: pd.DataFrame) -> np.ndarray:
    """Which cells are said, shape (readings, findings)."""
    spoken = labels.notna().to_numpy()
    healthy = labels.columns == "no_finding"
    return spoken & (~healthy | (labels.to_numpy(float) == 1))


def _say(finding: str, label: float, source: np.random.Generator) -> str:
    templates = _templates()
    status = "absent" if finding == "no_finding" else _STATUS[label]  # no finding is said as the absence of disease
    kinds = templates[status]
    text = kinds[source.integers(len(kinds))].format(finding=templates["names"][finding])
    return text[0].upper() + text[1:]
