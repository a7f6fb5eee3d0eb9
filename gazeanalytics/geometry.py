"""Image, screen and eye: exact visual angles and the frames of reference of gaze positions.

Angles are those of a flat screen seen from a point on the axis through its centre: a pixel at the edge covers a
smaller angle than one at the centre. `Viewing` holds that in four numbers in *image* pixels, so that a zoomed or
panned crop, a screen with oblong pixels and a bare "pixels per degree" are all the same thing to a kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gazeanalytics.brief import Brief

__all__ = ["Box", "Screen", "Viewing", "convert_points", "fit_box"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: left, top, right, bottom.

    Examples
    --------
    >>> box = Box(100, 50, 300, 150)
    >>> box.width, box.height
    (200, 100)
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not (self.x1 > self.x0 and self.y1 > self.y0):
            raise ValueError(f"a box needs x1 > x0 and y1 > y0; got {self}")

    @property
    def width(self) -> float:
        """Width, in the box's own unit."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height, in the box's own unit."""
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True)
class Screen:
    """A flat screen and the viewing distance, from which degrees of visual angle follow.

    Parameters
    ----------
    width_px, height_px : float
        Resolution.
    width_mm, height_mm : float
        Size of the visible area.
    distance_mm : float
        From the eye to the screen's centre.

    Examples
    --------
    >>> screen = Screen(1920, 1080, 531, 299, 600)
    >>> round(screen.viewing().px_per_deg, 2)
    37.85
    """

    width_px: float
    height_px: float
    width_mm: float
    height_mm: float
    distance_mm: float

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"screen: {name} must be a positive number; got {value}")
        # Width and height given in different units, or a portrait screen with landscape pixels, are the usual slips.
        pixel_ratio = (self.width_mm / self.width_px) / (self.height_mm / self.height_px)
        if not 0.5 < pixel_ratio < 2:
            raise ValueError(
                f"screen: a pixel would be {pixel_ratio:.2f} times as wide as high; check width_mm and height_mm"
            )

    @property
    def box(self) -> Box:
        """The whole screen, in screen pixels."""
        return Box(0, 0, self.width_px, self.height_px)

    def viewing(self, shown: Box | None = None, at: Box | None = None) -> Viewing:
        """Angles in image pixels, for the part `shown` of the image (image px) drawn `at` a place on the screen (px).

        Without arguments image and screen pixels are the same.
        """
        # The eye's distance in image pixels holds zoom and pixel size at once, so that kernels need no other geometry.
        shown, at = shown or self.box, at or shown or self.box
        scale_x, scale_y = shown.width / at.width, shown.height / at.height
        return Viewing(
            centre_x_px=shown.x0 + (self.width_px / 2 - at.x0) * scale_x,
            centre_y_px=shown.y0 + (self.height_px / 2 - at.y0) * scale_y,
            distance_x_px=self.distance_mm * self.width_px / self.width_mm * scale_x,
            distance_y_px=self.distance_mm * self.height_px / self.height_mm * scale_y,
        )


@dataclass(frozen=True, slots=True)
class Viewing(Brief):
    """Viewing geometry: how image pixels become degrees of visual angle.

    Each attribute is a number, or an array with one element a reading.

    Attributes
    ----------
    centre_x_px, centre_y_px : float or numpy.ndarray
        The image point straight ahead of the eye.
    distance_x_px, distance_y_px : float or numpy.ndarray
        Viewing distance in image pixels, horizontal and vertical (they differ where pixels are oblong).

    See Also
    --------
    Screen.viewing : from the size of a screen and its distance.
    Viewing.from_px_per_deg : from a bare number of pixels per degree.

    Examples
    --------
    A pixel at the edge of a flat screen covers a smaller angle than one at the centre:

    >>> viewing = Screen(1920, 1080, 531, 299, 600).viewing()
    >>> float(viewing.angle(960, 540, 1060, 540).round(2)), float(viewing.angle(1820, 540, 1920, 540).round(2))
    (2.64, 2.25)
    """

    centre_x_px: float | np.ndarray
    centre_y_px: float | np.ndarray
    distance_x_px: float | np.ndarray
    distance_y_px: float | np.ndarray

    @classmethod
    def from_px_per_deg(cls, px_per_deg: ArrayLike, width_px: ArrayLike = 0.0, height_px: ArrayLike = 0.0) -> Viewing:
        """Viewing of an image of that size whose central degree covers `px_per_deg` pixels.

        Examples
        --------
        >>> viewing = Viewing.from_px_per_deg(40, 1024, 768)
        >>> round(float(viewing.angle(512, 384, 552, 384)), 6)
        1.0
        """
        scale = np.asarray(px_per_deg, float)
        if not np.all(scale > 0):
            raise ValueError(f"px_per_deg must be positive; got {px_per_deg}")
        # The distance at which one degree off the line of sight covers that many pixels.
        distance = _plain(scale / np.tan(np.deg2rad(1.0)))
        return cls(
            _plain(np.asarray(width_px, float) / 2), _plain(np.asarray(height_px, float) / 2), distance, distance
        )

    @property
    def px_per_deg(self) -> float | np.ndarray:
        """Image pixels covered by the first degree off the line of sight, mean of both directions."""
        return _plain(np.asarray(np.tan(np.deg2rad(1.0)) * (self.distance_x_px + self.distance_y_px) / 2))

    def degrees(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Horizontal and vertical angle (deg) of image points off the line of sight."""
        # Each axis by itself: straight lines of the screen stay straight, which a pair of polar angles wouldn't keep.
        right = (np.asarray(x, float) - self.centre_x_px) / self.distance_x_px
        down = (np.asarray(y, float) - self.centre_y_px) / self.distance_y_px
        return np.rad2deg(np.arctan(right)), np.rad2deg(np.arctan(down))

    def angle(self, x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike) -> np.ndarray:
        """Exact angle (deg) at the eye between image points (x0, y0) and (x1, y1)."""
        # atan2 of cross and dot product: the arc cosine of the dot product loses half the digits for small angles.
        first, second = self._ray(x0, y0), self._ray(x1, y1)
        across = np.linalg.norm(np.cross(first, second), axis=-1)
        return np.rad2deg(np.arctan2(across, np.sum(first * second, axis=-1)))

    def rows(self, count: int) -> np.ndarray:
        """The four numbers for each of `count` readings, float64, shape (count, 4): centre x, y, distance x, y."""
        table = np.empty((count, 4))
        parts = (self.centre_x_px, self.centre_y_px, self.distance_x_px, self.distance_y_px)
        for place, part in enumerate(parts):
            if np.size(part) not in (1, count):
                raise ValueError(f"viewing of {np.size(part)} readings given for {count} readings")
            table[:, place] = part
        return table

    def _ray(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        right = (np.asarray(x, float) - self.centre_x_px) / self.distance_x_px
        down = (np.asarray(y, float) - self.centre_y_px) / self.distance_y_px
        right, down = np.broadcast_arrays(right, down)
        return np.stack([right, down, np.ones_like(right)], axis=-1)


def convert_points(x: ArrayLike, y: ArrayLike, source: Box, target: Box) -> tuple[np.ndarray, np.ndarray]:
    """Move points from one frame to another: `source` and `target` are the same rectangle, expressed in both.

    Screen to image is `convert_points(x, y, at, shown)`; from normalised, `source` is `Box(0, 0, 1, 1)`.

    Examples
    --------
    >>> x, y = convert_points([0.5], [1.0], Box(0, 0, 1, 1), Box(0, 0, 1024, 768))
    >>> x.tolist(), y.tolist()
    ([512.0], [768.0])
    """
    right = target.x0 + (np.asarray(x, float) - source.x0) * (target.width / source.width)
    down = target.y0 + (np.asarray(y, float) - source.y0) * (target.height / source.height)
    return right, down


def fit_box(image_width_px: float, image_height_px: float, screen: Box) -> Box:
    """Where an image lies that fills the screen as far as its proportions allow, centred.

    Examples
    --------
    >>> fit_box(1000, 1000, Box(0, 0, 1920, 1080))
    Box(x0=420.0, y0=0.0, x1=1500.0, y1=1080.0)
    """
    scale = min(screen.width / image_width_px, screen.height / image_height_px)
    width, height = image_width_px * scale, image_height_px * scale
    x0, y0 = screen.x0 + (screen.width - width) / 2, screen.y0 + (screen.height - height) / 2
    return Box(x0, y0, x0 + width, y0 + height)


def _plain(value: np.ndarray) -> float | np.ndarray:
    return float(value) if value.ndim == 0 else value
