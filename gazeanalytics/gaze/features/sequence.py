"""Order of fixations: recurrence quantification, refixation, gaze transition entropy, Lempel-Ziv complexity."""

from __future__ import annotations

import numpy as np

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze import recurrence as recurrence_kernels
from gazeanalytics._kernels.gaze import sequence as kernels
from gazeanalytics.gaze._points import Points
from gazeanalytics.gaze.features.settings import FeatureSettings

__all__ = ["ENTROPIES", "recurrence", "transitions"]

ENTROPIES = tuple(
    f"{kind}_entropy_{estimator}_bits" for kind in ("stationary", "transition") for estimator in ("plugin", "mm", "js")
)


def recurrence(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Recurrence quantification analysis (RQA) of fixations (Anderson et al. 2013), all in percent.

    Fixations i < j recur when they lie within `settings.recurrence_radius_deg`; R is the number of such pairs, n that
    of fixations. A line has at least `settings.min_recurrence_line` points. Cost and memory grow with the square of n:
    above `settings.max_fixations` all are NaN.

    - `recurrence_percent`: 200 R / (n (n - 1)).
    - `determinism_percent`: recurrent points on diagonal lines, of R: sequences repeated in the same order.
    - `laminarity_percent`: recurrent points on vertical plus on horizontal lines, of 2 R: places dwelt on.
    - `corm_percent`: sum of (j - i) over recurrent pairs / ((n - 1) R): near 0 when places recur at once.
    - `refixation_share`: share of fixations within the radius of an earlier one that isn't the one just before.

    Without recurrent points the last three percentages are NaN.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "recurrence_percent":"refixation_share"].T.round(2)
    reading              random    line    loop   still
    recurrence_percent     2.06   16.19    5.71  100.00
    determinism_percent   30.77  100.00  100.00   99.84
    laminarity_percent     0.00   99.02    0.00   99.84
    corm_percent          35.16    5.66   45.71   35.24
    refixation_share       0.28    0.94    0.67    0.94
    """
    out = np.empty((len(points.found), 5))
    # Places are compared as chords between unit rays, so that a radius means the same angle all over the screen.
    chord = 2 * np.sin(np.deg2rad(settings.recurrence_radius_deg) / 2)
    ragged.each(
        recurrence_kernels.recurrence_readings,
        points.found,
        points.rays,
        chord,
        settings.min_recurrence_line,
        settings.max_fixations,
        out=[out],
        n_jobs=settings.n_jobs,
    )
    names = ("recurrence_percent", "determinism_percent", "laminarity_percent", "corm_percent", "refixation_share")
    return dict(zip(names, out.T, strict=True))


def transitions(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Gaze transition entropy and Lempel-Ziv complexity of the sequence of grid cells (`settings.grid`).

    Places off the image have no cell.

    - `stationary_entropy_*_bits`: -sum p_i log2 p_i of fixations over cells (Krejtz et al. 2015).
    - `transition_entropy_*_bits`: -sum p_i sum p_ij log2 p_ij of successive cells, staying put included; p_i is the
      share of steps that leave cell i.
    - `lempel_ziv`: phrases of Lempel & Ziv (1976) times log_cells(n) / n; about 1 for a long random sequence, near 0
      for a repeated one. Cost grows with up to the square of n: above `settings.max_fixations` it is NaN.

    Each entropy comes as `plugin`, `mm` (Miller-Madow) and `js` (James-Stein shrinkage to uniform; Hausser & Strimmer
    2009). The plug-in transition entropy of short readings mostly counts fixations: for 8 uniform cells (3 bit) it is
    2.26 bit at 64 fixations, 0.39 at 6. Don't compare readings of unequal length by it.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "stationary_entropy_plugin_bits":"lempel_ziv"].T.round(2)
    reading                         random  line  loop  still
    stationary_entropy_plugin_bits    3.71  1.99  2.92   0.00
    stationary_entropy_mm_bits        3.99  2.05  3.06   0.00
    stationary_entropy_js_bits        4.00  2.54  3.59   0.00
    transition_entropy_plugin_bits    1.18  0.39  0.65   0.00
    transition_entropy_mm_bits        1.51  0.45  0.74   0.00
    transition_entropy_js_bits        3.60  0.61  1.52   0.00
    lempel_ziv                        0.79  0.18  0.36   0.07
    """
    out = np.empty((len(points.found), 7))
    ragged.each(
        kernels.order_readings,
        points.found,
        points.places,
        *settings.grid,
        settings.max_fixations,
        out=[points.frames, out],
        n_jobs=settings.n_jobs,
    )
    return dict(zip((*ENTROPIES, "lempel_ziv"), out.T, strict=True))
