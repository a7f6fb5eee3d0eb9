"""Example scanpaths whose measures are easy to predict."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.geometry import Viewing

__all__ = ["example_scanpaths"]

_WALKS = ("random", "line", "loop", "still")


def example_scanpaths(fixations: int = 36) -> tuple[pd.DataFrame, Viewing, pd.DataFrame]:
    """Example scanpaths: four readings of one image 25 deg wide and high, random, line, loop and still.

    `random` looks anywhere, `line` once from left to right across the middle, `loop` three times anticlockwise round
    the centre, and `still` stays at one place near it. Fixations last 200 and 300 ms in turn; the still eye's last
    600 ms each.

    Parameters
    ----------
    fixations : int
        In each reading.

    Returns
    -------
    (pandas.DataFrame, Viewing, pandas.DataFrame)
        Fixations, viewing and images, as `scanpath_features` takes them.

    Examples
    --------
    >>> fixations, viewing, images = example_scanpaths()
    >>> fixations.groupby("reading", observed=True)["x"].mean().round().to_dict()
    {'random': 527.0, 'line': 500.0, 'loop': 500.0, 'still': 520.0}
    """
    rng = np.random.default_rng(1)
    angle = np.linspace(0, 6 * np.pi, fixations, endpoint=False)
    places = {
        "random": (rng.uniform(0, 1000, fixations), rng.uniform(0, 1000, fixations)),
        "line": (np.linspace(50, 950, fixations), np.full(fixations, 500.0)),
        "loop": (500 + 400 * np.cos(angle), 500 - 400 * np.sin(angle)),
        "still": (np.full(fixations, 520.0), np.full(fixations, 510.0)),
    }
    parts = []
    for name in _WALKS:
        duration = np.full(fixations, 600.0) if name == "still" else np.resize([200.0, 300.0], fixations)
        onset = np.cumsum(duration + 50) - duration - 50
        parts.append(
            pd.DataFrame(
                {"reading": name, "onset": onset, "duration": duration, "x": places[name][0], "y": places[name][1]}
            )
        )
    table = pd.concat(parts, ignore_index=True)
    table["reading"] = pd.Categorical(table["reading"], categories=_WALKS)
    images = pd.DataFrame({"reading": table["reading"].unique(), "case": "a", "width": 1000, "height": 1000})
    return table, Viewing.from_px_per_deg(40, 1000, 1000), images
