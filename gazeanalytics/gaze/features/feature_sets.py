"""Recommended sets of features: for clustering readings by strategy, for gaze without a known visual angle."""

from __future__ import annotations

__all__ = ["NEED_ANGLE", "STRATEGY_FEATURES"]

STRATEGY_FEATURES: dict[str, str] = {
    "duration_median_ms": "how long a place is worked on; the median is robust to single long fixations",
    "amplitude_median_deg": "near or far steps: local against sweeping search",
    "amplitude_sd_deg": "mixed near and far steps mark a change of mode within the reading",
    "horizontality": "rows or columns scanned one by one against no preferred direction",
    "turn_mean_deg": "straight on along a planned path, or back and forth",
    "nearest_neighbour_index": "clustered against evenly laid out, whatever the extent",
    "coverage_share": "how much of the image the useful visual field met",
    "coverage_early_share": "overview first: most of the ground is covered early",
    "radius_mean": "central against circumferential",
    "angular_coverage": "all round the centre against one side of it",
    "winding_steadiness": "a steady circle against going back and forth",
    "amplitude_early_late": "long steps first: global before focal",
    "duration_early_late": "short fixations first: global before focal",
}
"""Columns of `scanpath_features` that are continuous, not degenerate and not redundant, each with what it separates.

Left out: measures with few values in short readings (counts, recurrence and refixation, entropies, Lempel-Ziv), since
clustering finds the steps of their scale; sums of others (K is the difference of scaled mean duration and amplitude;
spread goes with the radius); total time, a matter of effort. All can be made from fixations alone.
"""

NEED_ANGLE: tuple[str, ...] = (
    "scanpath_length_deg",
    *(f"amplitude_{part}_deg" for part in ("mean", "median", "sd", "low", "high")),
    "hull_deg2",
    "bcea_deg2",
    "spread_deg",
    "coverage_share",
    "coverage_early_share",
    "clusters",
    "big_clusters",
    "big_cluster_share",
    "recurrence_percent",
    "determinism_percent",
    "laminarity_percent",
    "corm_percent",
    "refixation_share",
)
"""Measures that are not known without a viewing: those in degrees, and those with a radius in degrees."""
