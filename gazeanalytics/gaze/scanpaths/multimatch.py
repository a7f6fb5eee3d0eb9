"""MultiMatch: five similarities of two scanpaths, taken as sequences of saccade vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze.multimatch_simplify import Limits, simplify_readings
from gazeanalytics._kernels.gaze.scanpaths import Pairs, Steps, multimatch_pairs
from gazeanalytics.gaze.scanpaths.pairs import Paths, find_pairs, notes, pack, score_pairs

__all__ = ["Simplify", "multimatch"]

DIMENSIONS = ("shape", "direction", "length", "position", "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simplify:
    """Simplification of scanpaths for MultiMatch: which neighbouring saccades join (Dewhurst et al. 2012).

    Attributes
    ----------
    max_direction_deg : float
        Saccades that turn by less than this angle join, where the fixation between them is brief (TDir).
    max_amplitude_px : float
        Saccades shorter than this join with the next, where a fixation beside them is brief (TAmp).
    max_duration_ms : float
        Fixations shorter than this are brief (TDur).

    Examples
    --------
    The settings of the published toolbox's example on a screen of 1280 x 720 pixels:

    >>> Simplify(max_direction_deg=45, max_amplitude_px=146.8, max_duration_ms=300).max_duration_ms
    300
    """

    max_direction_deg: float
    max_amplitude_px: float
    max_duration_ms: float


def multimatch(
    fixations: pd.DataFrame,
    *,
    width_px: float,
    height_px: float,
    pairs: pd.DataFrame | None = None,
    simplify: Simplify | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """MultiMatch similarity of scanpaths (Jarodzka et al. 2010; Dewhurst et al. 2012).

    Saccade vectors of both paths are aligned along the cheapest way through the matrix of their differences; each
    similarity is one minus the median difference along it: of the vectors (over twice the diagonal of the screen), of
    their directions (over pi), lengths (over the diagonal), of the places where they start (over the diagonal) and of
    the durations of the fixations there (over the longer one).

    Ways of equal cost are common on coarse coordinates. Then the diagonal step is taken, else the step in the path
    with fewer saccades (of equally many, the one whose first differing saccade goes further left, then up), so that
    the answer does not depend on which path is called first. As in the toolbox the last fixation never counts. A
    repeated fixation is a saccade of length and direction 0; two durations of 0 are alike.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table.
    width_px, height_px : float
        Size of the screen or image whose diagonal is the greatest possible difference (image px).
    pairs : pandas.DataFrame, optional
        `first`, `second`: readings to compare, as `pair_readings` gives them. Default: every pair once.
    simplify : Simplify, optional
        Join small and straight saccades first. Default: none are joined.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a pair: `first`, `second`, `shape`, `direction`, `length`, `position`, `duration` (0 to 1, 1 is alike)
        and `note`, which says why a score is NaN: fewer than 3 fixations, a missing place, or (duration alone) a
        missing duration.

    Raises
    ------
    ValueError
        If a column is absent, a size is not positive, a pair names a reading without fixations, or `simplify` is asked
        for where durations are missing.

    See Also
    --------
    pair_readings : which readings to compare.
    gazeanalytics.gaze.scanpaths.reader_similarity : the same, corrected for chance.

    References
    ----------
    Dewhurst, R., Nystrom, M., Jarodzka, H., Foulsham, T., Johansson, R., & Holmqvist, K. (2012). It depends on how you
    look at it: Scanpath comparison in multiple dimensions with MultiMatch, a vector-based approach. Behavior Research
    Methods, 44, 1079-1100.

    Examples
    --------
    A line of three fixations, its way back (every direction reversed), and the same line with slower fixations.

    >>> line = pd.DataFrame({"x": [0.0, 400, 800], "y": 300.0, "duration": 200.0})
    >>> back, slow = line.assign(x=800 - line["x"]), line.assign(duration=400.0)
    >>> table = pd.concat([line, back, slow], keys=[1, 2, 3], names=["reading"]).reset_index("reading")
    >>> alike = multimatch(table, width_px=800, height_px=600).query("first == 1").drop(columns=["first", "note"])
    >>> print(alike.round(3).to_string(index=False))
     second  shape  direction  length  position  duration
          2    0.6        0.0     1.0       0.6       1.0
          3    1.0        1.0     1.0       1.0       0.5
    """
    if not (width_px > 0 and height_px > 0):
        raise ValueError(f"multimatch needs a screen of positive width_px and height_px; got {width_px} x {height_px}")
    paths = pack(fixations)
    short = paths.found.lengths < 3
    placed, timed = paths.placed, paths.timed
    saccade = _saccades(paths)
    offsets = paths.offsets(~short & placed)
    # n fixations have n - 1 saccades.
    offsets[:, 1] -= offsets[:, 1] > offsets[:, 0]
    if simplify is not None:
        saccade, offsets[:, 1] = _simplified(paths, saccade, offsets, simplify, n_jobs)
    frame, first, second = find_pairs(paths.found, pairs)
    asked = Pairs(first, second, offsets, max(paths.longest - 1, 1))
    scores = score_pairs(multimatch_pairs, asked, Steps(*saccade), width=5, n_jobs=n_jobs)
    # Each difference over the greatest it can be: two vectors differ by up to twice the diagonal, two lengths by one.
    diagonal = math.hypot(width_px, height_px)
    frame[list(DIMENSIONS)] = 1 - scores / np.array([2 * diagonal, math.pi, diagonal, diagonal, 1.0])
    frame["note"] = notes(
        first, second, ("too few fixations", short), ("missing place", ~placed), ("missing duration", ~timed)
    )
    return frame


def _saccades(paths: Paths) -> np.ndarray:
    """Columns x, y, dx, dy, length, direction, duration of each fixation's outgoing saccade, shape (7, fixations).

    The row of a reading's last fixation holds its duration and nothing of use besides.
    """
    dx, dy = np.diff(paths.x, append=0.0), np.diff(paths.y, append=0.0)
    duration = np.full(len(dx), np.nan) if paths.duration is None else paths.duration
    return np.stack([paths.x, paths.y, dx, dy, np.sqrt(dx * dx + dy * dy), np.arctan2(dy, dx), duration])


def _simplified(
    paths: Paths, saccade: np.ndarray, offsets: np.ndarray, simplify: Simplify, n_jobs: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Simplified saccades in the rows where their reading began, and where each reading's now end."""
    used = offsets[:, 1] > offsets[:, 0]
    if not paths.timed[used].all():
        raise ValueError("simplify joins saccades around brief fixations and needs every duration in ms; some are NaN")
    out, counts = np.empty_like(saccade), np.zeros(len(paths.found), np.int64)
    found = ragged.Segments(paths.found.keys, offsets[:, 0], offsets[:, 1] + used)
    limits = Limits(
        float(simplify.max_direction_deg),
        float(simplify.max_amplitude_px),
        float(simplify.max_duration_ms),
    )
    ragged.each(simplify_readings, found, saccade, limits, out, out=[counts], n_jobs=n_jobs)
    return out, offsets[:, 0] + counts
