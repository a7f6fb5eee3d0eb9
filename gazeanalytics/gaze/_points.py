"""Fixations of all readings, ready for the kernels: visual angles, steps, and the frame of each image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze import basic as kernels
from gazeanalytics.gaze._images import check_images, match
from gazeanalytics.geometry import Viewing

__all__ = ["Points", "prepare"]


@dataclass(frozen=True, slots=True)
class Points:
    """Fixations of `n` rows in `r` readings, those without a place left out.

    Attributes
    ----------
    found : ragged.Segments
        The rows of each reading, in the order of `images`.
    onset, duration : numpy.ndarray, shape (n,)
        ms; duration is NaN where it isn't known.
    rays : numpy.ndarray, shape (n, 3)
        Unit vectors from the eye.
    places : numpy.ndarray, shape (n, 2)
        Angles (deg) right of and below the line of sight.
    steps, headings : numpy.ndarray, shape (n,)
        Angle (deg) and direction (rad, anticlockwise) to the next fixation; NaN after the last one and around a
        fixation that was left out.
    frames : numpy.ndarray, shape (r, 4)
        Left, top, right and bottom of the image, in the same angles as `places`.

    Examples
    --------
    >>> from gazeanalytics.gaze import example_scanpaths
    >>> points = prepare(*example_scanpaths())
    >>> len(points.found), points.places.shape, points.frames[0].round(1).tolist()
    (4, (144, 2), [-12.3, -12.3, 12.3, 12.3])
    """

    found: ragged.Segments
    onset: np.ndarray
    duration: np.ndarray
    rays: np.ndarray
    places: np.ndarray
    steps: np.ndarray
    headings: np.ndarray
    frames: np.ndarray


def prepare(
    fixations: pd.DataFrame, viewing: Viewing | None, images: pd.DataFrame, n_jobs: int | None = None
) -> Points:
    """Turn a fixations table into `Points`.

    Without a viewing the image is put so far away that angles are pixels but for a common factor, to 9 digits.

    Raises
    ------
    ValueError
        If a reading isn't in `images`.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0, 300], "x": [500, 540], "y": 500})
    >>> images = pd.DataFrame({"reading": [1], "case": "a", "width": 1000, "height": 1000})
    >>> prepare(fixations, Viewing.from_px_per_deg(40, 1000, 1000), images).steps.round(3).tolist()
    [1.0, nan]
    """
    found = match(fixations, check_images(images), "fixations")
    rows = (viewing or _far_away(images)).rows(len(found))
    count = len(fixations)
    angles = kernels.Angles(np.empty((count, 3)), np.empty((count, 2)), np.empty(count), np.empty(count))
    x, y = fixations["x"].to_numpy(float), fixations["y"].to_numpy(float)
    ragged.each(kernels.project_readings, found, x, y, angles, out=[rows], n_jobs=n_jobs)
    duration = fixations["duration"].to_numpy(float) if "duration" in fixations else np.full(count, np.nan)
    # Steps were taken before: the way over a fixation without a place is not known, so it must not become one step.
    known = ~np.isnan(angles.places).any(axis=1)
    before = np.concatenate(([0], np.cumsum(known)))
    return Points(
        ragged.Segments(found.keys, before[found.starts], before[found.stops]),
        onset=fixations["onset"].to_numpy(float)[known],
        duration=duration[known],
        rays=angles.rays[known],
        places=angles.places[known],
        steps=angles.steps[known],
        headings=angles.headings[known],
        frames=_frames(images, rows),
    )


def _far_away(images: pd.DataFrame) -> Viewing:
    # Relative errors of angle go with the square of extent over distance: 1e-8 at the corner.
    width, height = images["width"].to_numpy(float), images["height"].to_numpy(float)
    distance = 1e4 * max(width.max(initial=1), height.max(initial=1))
    return Viewing(width / 2, height / 2, distance, distance)


def _frames(images: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    width, height = images["width"].to_numpy(float), images["height"].to_numpy(float)
    edges = np.column_stack([np.zeros_like(width), np.zeros_like(height), width, height])
    return np.rad2deg(np.arctan((edges - rows[:, [0, 1, 0, 1]]) / rows[:, [2, 3, 2, 3]]))
