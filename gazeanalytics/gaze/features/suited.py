"""Measures suited to grouping readings by strategy."""

from __future__ import annotations

__all__ = ["STRATEGY_FEATURES"]

STRATEGY_FEATURES: dict[str, str] = {
    "duration_median_ms": "how long a place is worked on; the median shrugs off one long stare",
    "amplitude_median_deg": "near or far steps: local against sweeping search",
    "amplitude_sd_deg": "mixed near and far steps mark a change of mode within the reading",
    "horizontality": "rows or columns walked one by one against no preferred direction",
    "turn_mean_deg": "straight on along a planned path, or back and forth",
    "spread_deg": "how far from their mean the fixations lie: focal against wide",
    "nearest_neighbour_index": "clustered against evenly laid out, whatever the extent",
    "coverage_share": "how much of the image the useful visual field met",
    "coverage_early_share": "overview first: most of the ground is covered early",
    "radius_mean": "central against circumferential",
    "angular_coverage": "all round the centre against one side of it",
    "winding_steadiness": "a steady circle against a walk to and fro",
    "k_coefficient": "focal against ambient fixations",
    "amplitude_early_late": "long steps first: global before focal",
    "duration_early_late": "short fixations first: global before focal",
    "refixation_share": "coming back to check",
    "transition_entropy_js_bits": "predictable against free order, corrected for the number of fixations",
}
"""Columns of `features` that are continuous, not degenerate and not redundant, each with what it tells apart.

Counts (fixations, big clusters) and measures with few values in short readings (recurrence, determinism, plug-in
entropies, Lempel-Ziv) are left out: clustering finds the steps of their scale. Total time is left out, being a matter
of effort. All can be made from fixations alone.
"""
