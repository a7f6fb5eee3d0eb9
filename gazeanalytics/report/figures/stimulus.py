"""The image that a reader saw, with its AOIs and viewing geometry: the ground of every figure on an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.report.figures._common import halo
from gazeanalytics.report.number_format import format_level
from gazeanalytics.report.styling import plain
from gazeanalytics.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gazeanalytics.geometry import Box, Viewing

__all__ = ["Stimulus"]

_BARS_DEG = (10.0, 5.0, 2.0, 1.0, 0.5, 0.2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stimulus(Brief):
    """What was on the screen: scanpaths, attention maps and other figures on the image are drawn over it.

    Attributes
    ----------
    image : numpy.ndarray, shape (height, width) or (height, width, 3), optional
        The image, first row on top; a pale frame stands for it without.
    size : (float, float), optional
        Width and height of the image in px; from `image` without.
    viewing : gazeanalytics.geometry.Viewing, optional
        How pixels become degrees of visual angle; a bar then shows how long some degrees are.
    regions : pandas.DataFrame, optional
        Table ``regions`` of this case: areas of interest (AOIs) are outlined, lesions heavier.
    shown : gazeanalytics.geometry.Box, optional
        Part of the image that was on the screen; the rest is veiled.
    max_pixels : int
        A larger image is refused: a figure shows far fewer, and a bomb of a few kB may hold billions.

    Raises
    ------
    ValueError
        If `image` is too large, or neither grey nor RGB as matplotlib draws it: 16-bit colour and CMYK are not.

    Examples
    --------
    >>> stimulus = Stimulus(image=np.zeros((300, 400)))
    >>> stimulus.known_size
    (400.0, 300.0)
    """

    image: np.ndarray | None = None
    size: tuple[float, float] | None = None
    viewing: Viewing | None = None
    regions: pd.DataFrame | None = None
    shown: Box | None = None
    max_pixels: int = 178_000_000

    def __post_init__(self) -> None:
        if self.image is None:
            return
        shape, kind = self.image.shape, self.image.dtype
        if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3) or kind.kind not in "biuf" or 0 in shape:
            raise ValueError(f"image: expected shape (height, width) or (height, width, 3); got {shape} of {kind}")
        if shape[0] * shape[1] > self.max_pixels:
            raise ValueError(
                f"image: expected at most {self.max_pixels:,} pixels; got {shape[0] * shape[1]:,}; scale it down, or "
                "raise max_pixels"
            )
        if len(shape) == 3 and kind.kind in "iu" and kind.itemsize > 1:
            raise ValueError(f"image: expected colours as uint8 or as floats of 0 to 1; got {kind}; scale them")

    @property
    def known_size(self) -> tuple[float, float] | None:
        """Width and height in px: as given, else of the image; None where neither is there."""
        if self.size is not None:
            return float(self.size[0]), float(self.size[1])
        return None if self.image is None else (float(self.image.shape[1]), float(self.image.shape[0]))

    def size_or(self, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        """Width and height in px; where they aren't known, 5 % more than the places reach."""
        if self.known_size is not None:
            return self.known_size
        known = np.isfinite(x) & np.isfinite(y)
        return (float(x[known].max()) * 1.05, float(y[known].max()) * 1.05) if known.any() else (1.0, 1.0)

    def draw_below(self, ax: Axes, size: tuple[float, float]) -> None:
        """Draw the image, or a pale frame in its place, with y pointing down, in image px."""
        from matplotlib.patches import Rectangle

        width, height = size
        if self.image is None:
            ax.add_patch(Rectangle((0, 0), width, height, facecolor="0.96", edgecolor="0.7", linewidth=0.6, zorder=0))
        else:
            ax.imshow(self.image, cmap="gray", origin="upper", extent=(0, width, height, 0), zorder=0)
        ax.set_aspect("equal")
        ax.set_xlim(0, width)
        ax.set_ylim(height, 0)
        ax.set_axis_off()

    def draw_above(self, ax: Axes, size: tuple[float, float]) -> None:
        """Draw what lies over a map of the image: AOIs, a veil over what was off the screen, the bar in degrees."""
        if self.regions is not None:
            require_columns(self.regions, "regions", ["region", "x0", "y0", "x1", "y1"])
            for region in self.regions.to_dict("records"):
                _draw_region(ax, region)
        if self.shown is not None:
            _veil(ax, self.shown, size)
        if self.viewing is not None:
            _draw_scale_bar(ax, self.viewing, size)


def _draw_region(ax: Axes, region: Mapping[Any, Any]) -> None:
    from matplotlib.patches import Ellipse, Rectangle

    x0, y0 = region["x0"], region["y0"]
    width, height = region["x1"] - x0, region["y1"] - y0
    lesion = region.get("kind") == "lesion"
    line = {
        "fill": False,
        "edgecolor": "#D55E00" if lesion else "0.55",
        "linewidth": 1.4 if lesion else 0.7,
        "path_effects": halo(2.4 if lesion else 1.6),
        "zorder": 1,
    }
    if region.get("shape") == "ellipse":
        ax.add_patch(Ellipse((x0 + width / 2, y0 + height / 2), width, height, **line))
    else:
        ax.add_patch(Rectangle((x0, y0), width, height, **line))
    ax.annotate(
        plain(format_level(str(region["region"]))), (x0, y0), xytext=(2, 1 if lesion else -2),
        textcoords="offset points", va="bottom" if lesion else "top", path_effects=halo(), zorder=5,
        annotation_clip=True,
    )  # fmt: skip


def _veil(ax: Axes, shown: Box, size: tuple[float, float]) -> None:
    """Cover what was not on the screen: a ring between the image's edge and the box shown."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    width, height = size
    outer = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    inner = [(shown.x0, shown.y0), (shown.x0, shown.y1), (shown.x1, shown.y1), (shown.x1, shown.y0)]
    inner.append(inner[0])
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * 2
    ring = Path([*outer, *inner], codes)
    ax.add_patch(PathPatch(ring, facecolor="0.5", alpha=0.5, edgecolor="none", zorder=1))


def _draw_scale_bar(ax: Axes, viewing: Viewing, size: tuple[float, float]) -> None:
    """Draw a bar at the lower left whose length is a round number of degrees.

    The bar is centred on the line of sight, where a visual angle a spans 2 d tan(a / 2) at distance d: px per degree
    grow towards the edges of a flat screen, so no single bar is exact everywhere.
    """
    width, height = size
    distance = float(np.mean(viewing.distance_x_px))
    lengths = [(deg, 2 * distance * np.tan(np.deg2rad(deg / 2))) for deg in _BARS_DEG]
    deg, length = next(((deg, px) for deg, px in lengths if px <= 0.3 * width), lengths[-1])
    x, y = 0.04 * width, height - 0.04 * height
    rim = halo(3)
    ax.plot([x, x + length], [y, y], color="black", linewidth=1.6, path_effects=rim, zorder=6, solid_capstyle="butt")
    ax.annotate(
        f"{deg:g}°", (x + length / 2, y), xytext=(0, 2), textcoords="offset points", ha="center", va="bottom",
        path_effects=halo(2), zorder=6,
    )  # fmt: skip
