"""Settings of scanpath features: every radius, grid and threshold, with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from gazeanalytics.settings import Settings

__all__ = ["FeatureSettings"]

KScope = Literal["all", "reader", "case"]


@dataclass(frozen=True, slots=True)
class FeatureSettings(Settings):
    """Settings of `scanpath_features`: radii, grids and thresholds.

    Attributes
    ----------
    coverage_radius_deg : float
        Radius of the useful visual field (deg). A field of 5 deg serves nodule search (Kundel, Nodine & Toto 1991).
    coverage_cells : int
        Cells along the longer side of the image on which coverage is counted.
    region_cells : int
        Cells across and down the box of each region on which its coverage is counted.
    early_share : float
        The first part of a reading's fixations that counts as early.
    grid : (int, int)
        Rows and columns of the grid whose cells are the states of entropies and Lempel-Ziv complexity.
    fine_grid : (int, int)
        Rows and columns of the grid of spatial entropy.
    recurrence_radius_deg : float
        Two fixations this near are the same place (Anderson et al. 2013 took about the size of the fovea).
    min_recurrence_line : int
        Shortest line of recurrent points that counts (Anderson et al. 2013: 2).
    cluster_radius_deg : float
        A fixation this near to a cluster's mean joins it (2.5 deg; Chakraborty, Yoon & Mello-Thoms 2012).
    big_cluster_ms : float
        A cluster dwelt on for longer is big (800 ms; Chakraborty, Yoon & Mello-Thoms 2012).
    bcea_share : float
        Share of fixations that the bivariate contour ellipse holds.
    quantiles : (float, float)
        The low and high quantile reported for durations and amplitudes.
    k_scope : {"all", "reader", "case"}
        Over which fixations K takes its mean and standard deviation. Within one scanpath K is 0 by construction, so
        that scope is refused. "reader" needs a column reader in `images`.
    k_scale : tuple of float, optional
        Mean and standard deviation of fixation durations (ms), then of steps (deg), that K uses instead of those of the
        fixations given; see `ambient_focal_scale`. So parts of a study can be measured one by one.
    hit_radius_deg : float
        How near (deg) to a region a fixation counts as in it, when visits are made from `regions`.
    checklist : tuple of str
        Regions in the order in which they should be looked at.
    max_fixations : int
        Measures whose cost grows with the square of the fixations of a reading (recurrence, nearest neighbours,
        Lempel-Ziv) are NaN above it, with a warning. 5,000 last some 25 minutes.
    n_jobs : int, optional
        Default: as many as the process may use. Results don't depend on it.

    Examples
    --------
    >>> FeatureSettings(recurrence_radius_deg=1.0).recurrence_radius_deg
    1.0
    >>> FeatureSettings(early_share=2)
    Traceback (most recent call last):
    ValueError: early_share: expected a share above 0 and below 1; got 2
    """

    coverage_radius_deg: float = 2.5
    coverage_cells: int = 96
    region_cells: int = 16
    early_share: float = 0.25
    grid: tuple[int, int] = (4, 4)
    fine_grid: tuple[int, int] = (8, 8)
    recurrence_radius_deg: float = 2.0
    min_recurrence_line: int = 2
    cluster_radius_deg: float = 2.5
    big_cluster_ms: float = 800.0
    bcea_share: float = 0.682
    quantiles: tuple[float, float] = (0.1, 0.9)
    k_scope: KScope = "all"
    k_scale: tuple[float, float, float, float] | None = None
    hit_radius_deg: float = 0.0
    checklist: tuple[str, ...] = ()
    max_fixations: int = 5_000
    n_jobs: int | None = None

    def __post_init__(self) -> None:
        for name in ("early_share", "bcea_share"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name}: expected a share above 0 and below 1; got {getattr(self, name)}")
        for name in ("coverage_radius_deg", "recurrence_radius_deg", "cluster_radius_deg"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0 (deg); got {getattr(self, name)}")
        self._check_cells()
        if self.max_fixations < 0:
            raise ValueError(f"max_fixations: expected 0 or more; got {self.max_fixations}")
        if not 0 <= self.quantiles[0] < self.quantiles[1] <= 1:
            raise ValueError(f"quantiles: expected two rising shares within 0 to 1; got {self.quantiles}")
        if len(set(self.checklist)) != len(self.checklist):
            raise ValueError(f"checklist: expected each region once; got {self.checklist}")
        self._check_k()

    def _check_cells(self) -> None:
        for name in ("coverage_cells", "region_cells"):
            if not getattr(self, name) >= 1:
                raise ValueError(f"{name}: expected at least one cell; got {getattr(self, name)}")
        for name in ("grid", "fine_grid"):
            rows, columns = getattr(self, name)
            if rows * columns < 2 or rows < 1:
                raise ValueError(f"{name}: expected rows and columns with at least two cells; got {(rows, columns)}")

    def _check_k(self) -> None:
        if self.k_scope not in get_args(KScope):
            raise ValueError(
                f"k_scope: expected 'all', 'reader' or 'case'; got {self.k_scope!r} (within one scanpath K is always 0)"
            )
        if self.k_scale is not None and not (len(self.k_scale) == 4 and self.k_scale[1] > 0 and self.k_scale[3] > 0):
            raise ValueError(
                f"k_scale: expected mean and sd of durations (ms) and of steps (deg), sd above 0; got {self.k_scale}"
            )
