"""Spatial features: convex hull, BCEA, nearest-neighbour index, image coverage, spatial entropy, circling."""

from __future__ import annotations

import numpy as np

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze import spatial as kernels
from gazeanalytics.gaze._points import Points
from gazeanalytics.gaze.features.settings import FeatureSettings

__all__ = ["circling", "coverage", "extent", "spatial_entropy"]


def extent(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Convex hull, bivariate contour ellipse area (BCEA) and nearest-neighbour index of the fixations.

    Places are angles right of and below the line of sight.

    - `hull_deg2`: area of the convex hull; 0 for fewer than three fixations or for a line.
    - `bcea_deg2`: bivariate contour ellipse area 2 k pi sx sy sqrt(1 - rho^2) that holds `settings.bcea_share` of the
      fixations, k = -ln(1 - share) (Crossland & Rubin 2002).
    - `spread_deg`: root mean square distance to the mean fixation.
    - `nearest_neighbour_index`: mean distance to the nearest other fixation over 0.5 sqrt(image area / n), its value
      for random points (Clark & Evans 1954; Di Nocera et al. 2007); below 1 clustered, above 1 spread evenly; no edge
      correction; NaN below three fixations and, as its cost grows with their square, above
      `settings.max_fixations`.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "hull_deg2":"nearest_neighbour_index"].T.round(2)
    reading                  random  line    loop  still
    hull_deg2                427.57  0.00  295.57    0.0
    bcea_deg2                367.66  0.00  364.76    0.0
    spread_deg                 9.98  6.63    9.93    0.0
    nearest_neighbour_index    1.07  0.31    0.00    0.0
    """
    out = np.empty((len(points.found), 4))
    ragged.each(
        kernels.extent_readings,
        points.found,
        points.places,
        settings.bcea_share,
        settings.max_fixations,
        out=[points.frames, out],
        n_jobs=settings.n_jobs,
    )
    return dict(zip(("hull_deg2", "bcea_deg2", "spread_deg", "nearest_neighbour_index"), out.T, strict=True))


def coverage(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Image coverage: share of the image within the useful visual field of a fixation (Kok et al. 2016).

    - `coverage_share`: of cells whose centre lies within `settings.coverage_radius_deg` of a fixation.
    - `coverage_early_share`: the part of that which the first `settings.early_share` of the fixations had covered;
      near 1 when the overview comes first.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "coverage_share":"coverage_early_share"].T.round(2)
    reading               random  line  loop  still
    coverage_share          0.64  0.21  0.38   0.03
    coverage_early_share    0.39  0.33  0.75   1.00
    """
    out = np.empty((len(points.found), 2))
    ragged.each(
        kernels.coverage_readings,
        points.found,
        points.places,
        kernels.CoverageRule(settings.coverage_radius_deg, settings.coverage_cells, settings.early_share),
        out=[points.frames, out],
        n_jobs=settings.n_jobs,
    )
    return {"coverage_share": out[:, 0], "coverage_early_share": out[:, 1]}


def spatial_entropy(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Spatial entropy: entropy of fixations over a grid as a share of its maximum.

    `spatial_entropy` is -sum p log p / log(cells) over `settings.fine_grid`: 0 when all fixations lie in one cell, 1
    when each cell has as many. Short readings can't reach 1: n fixations have at most log n / log(cells).

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features[["spatial_entropy"]].T.round(2)
    reading          random  line  loop  still
    spatial_entropy    0.75   0.5   0.6    0.0
    """
    out = np.empty((len(points.found), 1))
    ragged.each(
        kernels.grid_readings,
        points.found,
        points.places,
        *settings.fine_grid,
        out=[points.frames, out],
        n_jobs=settings.n_jobs,
    )
    return {"spatial_entropy": out[:, 0]}


def circling(points: Points, settings: FeatureSettings) -> dict[str, np.ndarray]:
    """Circumferential against central search (Kundel & La Follette 1972; no threshold is published).

    The measures are ours, in polar places about the image centre with the image stretched to a square: radius 0 is the
    centre, 1 the middle of a side, 1.41 a corner.

    - `radius_mean`, `radius_sd`: of the fixations.
    - `angular_coverage`: 1 - the largest angle about the centre without a fixation / 360 deg.
    - `winding_turns`: net turns about the centre, anticlockwise; `winding_steadiness`: |net| over the sum of
      all turns, 1 for a steady circle, near 0 for going back and forth.

    Examples
    --------
    >>> from gazeanalytics import gaze
    >>> features = gaze.scanpath_features(*gaze.example_scanpaths()).set_index("reading")
    >>> features.loc[:, "radius_mean":"winding_steadiness"].T.round(2)
    reading             random  line  loop  still
    radius_mean           0.79  0.47  0.81   0.05
    radius_sd             0.21  0.27  0.00   0.00
    angular_coverage      0.91  0.50  0.92   0.00
    winding_turns         0.76  0.50  2.92   0.00
    winding_steadiness    0.08  1.00  1.00    NaN
    """
    out = np.empty((len(points.found), 5))
    ragged.each(
        kernels.circling_readings, points.found, points.places, out=[points.frames, out], n_jobs=settings.n_jobs
    )
    names = ("radius_mean", "radius_sd", "angular_coverage", "winding_turns", "winding_steadiness")
    return dict(zip(names, out.T, strict=True))
