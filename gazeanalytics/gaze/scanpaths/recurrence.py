"""Cross-recurrence: when and how two scanpaths visit the same places."""

from __future__ import annotations

import pandas as pd

from gazeanalytics._kernels.gaze.recurrence import Recurrence, cross_recurrence_pairs
from gazeanalytics._kernels.gaze.scanpaths import Pairs, Path
from gazeanalytics.gaze.scanpaths.pairs import find_pairs, notes, pack, score_pairs
from gazeanalytics.geometry import Viewing

__all__ = ["cross_recurrence"]

MEASURES = ("recurrence", "determinism", "laminarity", "centre_of_mass")


def cross_recurrence(
    fixations: pd.DataFrame,
    *,
    radius_deg: float,
    viewing: Viewing,
    min_line: int = 2,
    pairs: pd.DataFrame | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Cross-recurrence quantification of scanpaths (Anderson, Anderson, Kingstone & Bischof 2015).

    Fixation i of the first and j of the second path recur when they lie within the radius of one another. Of the C
    recurrences among n x m pairs: recurrence is 100 C / (n m); determinism the share on diagonals of `min_line` or more
    points (the same places in the same order); laminarity the mean of the shares on horizontal and on vertical lines
    (one path lingers where the other passes); centre of mass 100 times the mean of j - i over the greatest lag
    (positive: the second path comes later). Paths keep their full lengths; the source cuts both to the shorter one.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table; durations are not used.
    radius_deg : float
        Places this near are the same (deg); the source takes about the size of the fovea, 1 to 2 deg.
    viewing : Viewing
        Turns pixels into degrees off the line of sight.
    min_line : int
        Shortest line that counts, in fixations.
    pairs : pandas.DataFrame, optional
        `first`, `second`: readings to compare. Default: every pair once.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a pair: `first`, `second`, `recurrence`, `determinism`, `laminarity` (0 to 100 %), `centre_of_mass`
        (-100 to 100) and `note`. Without any recurrence the latter three are NaN.

    Raises
    ------
    ValueError
        If the radius is not above 0, or a line is shorter than two points.

    See Also
    --------
    gazeanalytics.gaze.scanpath_features : recurrence of a scanpath with itself.

    References
    ----------
    Anderson, N. C., Anderson, F., Kingstone, A., & Bischof, W. F. (2015). A comparison of scanpath comparison methods.
    Behavior Research Methods, 47, 1377-1392.

    Examples
    --------
    The same walk is one long diagonal; the walk back has no diagonal, only the crossing; one who stays makes a line.

    >>> table = pd.DataFrame({"reading": [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3, "y": 0.0})
    >>> table["x"] = [0, 200, 400, 0, 200, 400, 400, 200, 0, 200, 200, 200]
    >>> viewing = Viewing.from_px_per_deg(40, 800, 600)
    >>> found = cross_recurrence(table, radius_deg=1, viewing=viewing).query("first == 1")
    >>> print(found.drop(columns=["first", "note"]).round(1).to_string(index=False))
     second  recurrence  determinism  laminarity  centre_of_mass
          2        33.3        100.0         0.0             0.0
          3        33.3          0.0         0.0             0.0
          4        33.3          0.0        50.0             0.0
    """
    if not (radius_deg > 0 and min_line >= 2):
        raise ValueError(f"expected radius_deg above 0 and min_line of 2 or more; got {radius_deg} and {min_line}")
    # A flat map of angles off the line of sight: it errs little for places near each other, which are all that counts.
    paths = pack(fixations, viewing=viewing)
    placed = paths.placed
    frame, first, second = find_pairs(paths.found, pairs)
    asked, rule = Pairs(first, second, paths.offsets(placed), paths.longest), Recurrence(float(radius_deg), min_line)
    packed = (asked, Path(paths.x, paths.y), rule)
    scores = score_pairs(cross_recurrence_pairs, *packed, width=len(MEASURES), n_jobs=n_jobs)
    frame[list(MEASURES)] = scores
    frame["note"] = notes(first, second, ("missing place", ~placed))
    return frame
