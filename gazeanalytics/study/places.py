"""Places that can't be: gaze that lies off its image as a whole, AOIs that no gaze can hit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics.tables import InputError, shown

__all__ = ["Gaze", "by_priority", "check_regions", "gaze_faults"]

# Fewer places say nothing of a frame.
_MIN_PLACES = 10
# Gaze that stays in such a part of every image, from its corner, was measured in another size.
_CORNER = 0.35
_MIN_CORNER = 200


@dataclass(frozen=True, slots=True)
class Gaze:
    """Places of gaze in fractions of their image, 0 to 1 inside; those that aren't known are left out.

    Attributes
    ----------
    x, y : numpy.ndarray
        Fractions of width and height.
    swapped : float
        Share of places that would lie inside with x and y exchanged.
    """

    x: np.ndarray
    y: np.ndarray
    swapped: float

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, width: np.ndarray, height: np.ndarray) -> Gaze:
        """From places and sizes in px."""
        known = np.isfinite(x + y)
        x, y, width, height = x[known], y[known], width[known], height[known]
        swapped = (x >= 0) & (x <= height) & (y >= 0) & (y <= width)
        return cls(x / width, y / height, float(swapped.mean()) if len(x) else 0.0)

    @property
    def outside(self) -> np.ndarray:
        """Which places lie outside their image."""
        return (self.x < 0) | (self.x > 1) | (self.y < 0) | (self.y > 1)


def gaze_faults(gaze: Gaze, what: str, *, trusted: bool) -> Iterator[str]:
    """What is odd about where gaze lies, in words.

    Parameters
    ----------
    gaze : Gaze
        Of a whole table.
    what : str
        What has the places: "fixations" or "samples".
    trusted : bool
        Whether the map says that places are right as they are.

    Raises
    ------
    InputError
        Where the median place lies outside the image, unless trusted: then it is frame, origin or size that is wrong,
        not gaze.
    """
    if len(gaze.x) < _MIN_PLACES:
        return
    share, middle = float(gaze.outside.mean()), (float(np.median(gaze.x)), float(np.median(gaze.y)))
    text = (
        f"{share:.0%} of the {what} lie outside their image; check frame, origin (which way y grows), placement and "
        "the size of the images"
    )
    if not all(0 <= one <= 1 for one in middle) and share > 0.5 and not trusted:
        swap = f"; with x and y exchanged {gaze.swapped:.0%} would lie inside" if gaze.swapped > 0.9 else ""
        raise InputError(f"{text}{swap}; if they are right, say trust_units = true in study.toml")
    if share > 0.5:
        yield text
        return
    far = (np.abs(gaze.x - 0.5) > 1.5) | (np.abs(gaze.y - 0.5) > 1.5)
    if far.any():
        yield (
            f"{int(far.sum()):,} of {len(far):,} {what} lie farther off their image than it is large; they are kept: "
            "declare the value under missing if it is a code of loss"
        )
    if len(gaze.x) >= _MIN_CORNER and not trusted and max(np.quantile(one, 0.99) for one in (gaze.x, gaze.y)) < _CORNER:
        yield (
            f"all {what} lie in the first {_CORNER:.0%} of the width and height of their image; check the size of the "
            "images and the frame"
        )


def check_regions(regions: pd.DataFrame, images: pd.DataFrame, place: str) -> str | None:
    """Check that gaze can hit the boxes of AOIs; returns a note on those that it can't.

    Parameters
    ----------
    regions : pandas.DataFrame
        Boxes in image px.
    images : pandas.DataFrame
        Width and height, one row a region.
    place : str
        Names the file.

    Raises
    ------
    InputError
        If a box has no area, or all of them lie outside their images or within two px.
    """
    if not {"x0", "y0", "x1", "y1"} <= set(regions) or not len(regions):
        return None
    box = regions[["x0", "y0", "x1", "y1"]].to_numpy(float)
    for low, high in ((0, 2), (1, 3)):
        wrong = box[:, high] <= box[:, low]
        if wrong.any():
            row = int(wrong.argmax())
            names = ("x0", "x1") if low == 0 else ("y0", "y1")
            raise InputError(
                f"{place}, region {shown(regions['region'].iloc[row])} of case {shown(regions['case'].iloc[row])}: "
                f"expected {names[1]} above {names[0]}; got {box[row, low]:g} to {box[row, high]:g}; correct the box"
            )
    width, height = images["width"].to_numpy(float), images["height"].to_numpy(float)
    off = (box[:, 0] >= width) | (box[:, 1] >= height) | (box[:, 2] <= 0) | (box[:, 3] <= 0)
    tiny = np.isfinite(box).any() and np.nanmax(np.abs(box)) <= 2.0
    if off.all() or tiny:
        why = "all boxes lie within 2 px of the corner" if tiny else "every box lies outside its image"
        raise InputError(
            f"{place}: {why}, where no gaze can hit it; declare frame = 'image-fraction' or another frame or origin in "
            "study.toml, or correct the size of the images"
        )
    if not off.any():
        return None
    first = regions[off].iloc[0]
    return (
        f"{int(off.sum()):,} of {len(off):,} AOIs lie outside their image, where no gaze can hit them, such as "
        f"{shown(first['region'])} of case {shown(first['case'])}"
    )


def by_priority(regions: pd.DataFrame) -> pd.DataFrame:
    """Sort the AOIs of each case so that of those that overlap the one that counts comes first."""
    area = (regions["x1"] - regions["x0"]) * (regions["y1"] - regions["y0"])
    stated = regions["priority"] if "priority" in regions else pd.Series(0.0, regions.index)
    place = pd.DataFrame({"case": pd.factorize(regions["case"])[0], "stated": stated, "area": area})
    return regions.loc[place.sort_values(["case", "stated", "area"], kind="stable").index]
