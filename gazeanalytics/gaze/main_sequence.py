"""Saccades of many readings: main sequence (peak speed by amplitude), directions, steps between fixations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import optimize, stats

from gazeanalytics import tables
from gazeanalytics.gaze._images import check_images, match, owners
from gazeanalytics.geometry import Viewing

__all__ = ["main_sequence", "saccade_directions", "steps_between"]

Curve = Literal["exponential", "power"]

_TERMS = {"exponential": ["top_speed_deg_s", "constant_deg"], "power": ["speed_at_1_deg", "exponent"]}


def steps_between(fixations: pd.DataFrame, viewing: Viewing, images: pd.DataFrame) -> pd.DataFrame:
    """Saccades inferred from fixations: the step from each to the next, where no saccades were detected.

    A step may hold several saccades, and its peak speed isn't known.

    Parameters
    ----------
    fixations : pandas.DataFrame
        A fixations table.
    viewing : Viewing
        Of all readings, or one element a row of `images`.
    images : pandas.DataFrame
        One row a reading: reading, case, width, height.

    Returns
    -------
    pandas.DataFrame
        A saccades table: onset is the end of the fixation before (its onset where the duration isn't known), duration
        the pause until the next (NaN where not known, 0 where they overlap), amplitude the exact angle. Steps to or
        from a fixation without a place are left out.

    Examples
    --------
    >>> fixations = pd.DataFrame({"reading": 1, "onset": [0, 250], "duration": 200, "x": [500, 540], "y": 500})
    >>> images = pd.DataFrame({"reading": [1], "case": ["a"], "width": 1000, "height": 1000})
    >>> steps = steps_between(fixations, Viewing.from_px_per_deg(40, 1000, 1000), images)
    >>> steps[["onset", "duration", "x0", "x1", "amplitude_deg"]].round(3)
       onset  duration     x0     x1  amplitude_deg
    0  200.0      50.0  500.0  540.0            1.0
    """
    found = match(fixations, check_images(images), "fixations")
    onset, x, y = (fixations[name].to_numpy(float) for name in ("onset", "x", "y"))
    duration = fixations["duration"].to_numpy(float) if "duration" in fixations else np.full(len(x), np.nan)
    owner = owners(found)
    first = np.flatnonzero((owner[1:] == owner[:-1]) & ~np.isnan(x[1:] + x[:-1] + y[1:] + y[:-1]))
    own = Viewing(*viewing.rows(len(found))[owner[first]].T)
    # Without durations the step begins at the onset: too early by the fixation, but in the right order.
    ends = onset[first] + duration[first]
    return pd.DataFrame(
        {
            "reading": fixations["reading"].take(first).array,
            "onset": np.where(np.isnan(ends), onset[first], ends),
            "duration": np.maximum(onset[first + 1] - ends, 0.0),
            "x0": x[first],
            "y0": y[first],
            "x1": x[first + 1],
            "y1": y[first + 1],
            "amplitude_deg": own.angle(x[first], y[first], x[first + 1], y[first + 1]),
            "peak_speed_deg_s": np.nan,
        }
    )


def saccade_directions(saccades: pd.DataFrame, *, bins: int = 8, by: Sequence[str] = ()) -> pd.DataFrame:
    """Saccade directions: number, share and mean amplitude of saccades by direction (rose plot).

    Parameters
    ----------
    saccades : pandas.DataFrame
        A saccades table, in pixels that are as wide as high.
    bins : int
        Directions; the first is centred on 0 deg, to the right.
    by : sequence of str
        Columns of `saccades` to count apart, such as reading or reader.

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, then direction_deg (centre of the bin, anticlockwise, 90 is up), count, share (of the
        group) and amplitude_mean_deg. Saccades that end where they began have no direction.

    Examples
    --------
    >>> saccades = pd.DataFrame({"reading": 1, "onset": [0, 1, 2, 3], "duration": 30, "x0": 0, "y0": 0,
    ...                          "x1": [9, 8, -9, 0], "y1": [0, 1, 0, -5], "amplitude_deg": [3, 3, 3, 2],
    ...                          "peak_speed_deg_s": 150})
    >>> saccade_directions(saccades, bins=4)
       direction_deg  count  share  amplitude_mean_deg
    0            0.0      2   0.50                 3.0
    1           90.0      1   0.25                 2.0
    2          180.0      1   0.25                 3.0
    3          270.0      0   0.00                 NaN
    """
    tables.check(saccades, "saccades")
    if bins < 1:
        raise ValueError(f"bins: expected at least 1; got {bins}")
    right, down = (saccades[axis + "1"] - saccades[axis + "0"] for axis in ("x", "y"))
    heading = np.arctan2(-down.to_numpy(float), right.to_numpy(float)) * bins / (2 * np.pi)
    moved = ((right != 0) | (down != 0)) & right.notna() & down.notna()
    # Bins are centred on their direction, so that horizontal saccades, the most common, don't fall on an edge.
    bin_ = pd.Categorical.from_codes(
        np.where(moved, np.floor(np.nan_to_num(heading) + 0.5).astype(np.int64) % bins, -1),
        dtype=pd.CategoricalDtype([360.0 * k / bins for k in range(bins)]),
    )
    kept = saccades.assign(direction_deg=bin_)[moved]
    counted = kept.groupby([*by, "direction_deg"], observed=False)["amplitude_deg"].agg(["size", "mean"]).reset_index()
    counted = counted.rename(columns={"size": "count", "mean": "amplitude_mean_deg"})
    counted["direction_deg"] = counted["direction_deg"].astype(float)
    whole = counted.groupby(list(by))["count"].transform("sum") if by else counted["count"].sum()
    counted.insert(len(by) + 2, "share", counted["count"] / whole)
    return counted


def main_sequence(saccades: pd.DataFrame, *, curve: Curve = "exponential", confidence: float = 0.95) -> pd.DataFrame:
    """Main sequence of saccades: peak speed as a function of amplitude, with confidence intervals.

    Parameters
    ----------
    saccades : pandas.DataFrame
        A saccades table. Rows without a positive amplitude and peak speed are left out.
    curve : {"exponential", "power"}
        V (1 - exp(-A / c)) by least squares on speed (Bahill, Clark & Stark 1975), or a A^b by least squares on
        log speed.
    confidence : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        An estimates table. Terms are top_speed_deg_s (V) and constant_deg (c), or speed_at_1_deg (a) and exponent (b).
        Saccades of one reading are alike, so that standard errors are clustered by reading (CR1; Cameron & Miller
        2015) with readings - 1 degrees of freedom; one reading alone gives none. No test is made: that a term is 0 is
        no hypothesis.

    Raises
    ------
    ValueError
        With fewer than three usable saccades or an unknown curve.

    See Also
    --------
    gazeanalytics.gaze.scanpath_features : a log-log slope for each reading.

    References
    ----------
    Bahill, A. T., Clark, M. R., & Stark, L. (1975). The main sequence, a tool for studying human eye movements.
    Mathematical Biosciences, 24(3-4), 191-204.
    Cameron, A. C., & Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of Human
    Resources, 50(2), 317-372.

    Examples
    --------
    >>> amplitude = np.tile([1.0, 3, 6, 10, 15, 20], 4)
    >>> wobble = np.sin(np.arange(24) * 7.0)
    >>> saccades = pd.DataFrame({"reading": np.repeat(range(4), 6), "onset": np.tile(range(6), 4), "duration": 40,
    ...                          "x0": 0, "y0": 0, "x1": 1, "y1": 1, "amplitude_deg": amplitude,
    ...                          "peak_speed_deg_s": 500 * (1 - np.exp(-amplitude / 6)) + 5 * wobble})
    >>> main_sequence(saccades)[["term", "estimate", "conf_low", "conf_high"]].round(1)
                  term  estimate  conf_low  conf_high
    0  top_speed_deg_s     499.0     487.6      510.4
    1     constant_deg       5.9       5.5        6.4
    """
    tables.check(saccades, "saccades")
    if curve not in get_args(Curve):
        raise ValueError(f"curve: expected one of {', '.join(get_args(Curve))}; got {curve!r}")
    size, speed = (saccades[name].to_numpy(float) for name in ("amplitude_deg", "peak_speed_deg_s"))
    usable = (size > 0) & (speed > 0)
    if usable.sum() < 3:
        raise ValueError(
            f"main_sequence needs at least three saccades with amplitude and peak speed; {usable.sum()} have"
        )
    # One curve with errors that allow for readings, not a mixed model: it can fail where readings have few saccades.
    fit = _fit_exponential if curve == "exponential" else _fit_power
    estimate, gradient, residual = fit(size[usable], speed[usable])
    groups = pd.factorize(saccades["reading"][usable])[0]
    df = int(groups.max())
    error = _clustered_errors(gradient, residual, groups)
    reach = stats.t.ppf((1 + confidence) / 2, df) * error if df else error
    low, high = estimate - reach, estimate + reach
    if curve == "power":
        # From log speed at 1 deg to speed; the standard error by the delta method. The interval is carried over end by
        # end, so that it can't reach below 0.
        estimate[0], low[0], high[0] = np.exp([estimate[0], low[0], high[0]])
        error[0] *= estimate[0]
    return pd.DataFrame(
        {
            "model": f"main sequence ({curve})",
            "term": _TERMS[curve],
            "estimate": estimate,
            "std_error": error,
            "statistic": np.nan,
            "df": float(df) if df else np.nan,
            "p_value": np.nan,
            "conf_low": low,
            "conf_high": high,
            "n": int(usable.sum()),
            "note": "" if df else "one reading: no interval",
        }
    )


def _fit_exponential(size: np.ndarray, speed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates, gradient of the fitted values (n, 2) and residuals of V (1 - exp(-A / c))."""

    def gradient(values: np.ndarray) -> np.ndarray:
        decay = np.exp(-size / values[1])
        return np.column_stack([1 - decay, -values[0] * decay * size / values[1] ** 2])

    def residual(values: np.ndarray) -> np.ndarray:
        return values[0] * -np.expm1(-size / values[1]) - speed

    # Least squares on speed, not on log speed: errors of speed are about as large at every amplitude. The start is near
    # the plateau and at a usual amplitude; x_scale lets both parameters take steps of their own size.
    start = np.array([np.quantile(speed, 0.95), np.median(size)])
    slope: Any = gradient  # SciPy's annotation of jac knows only the names of its own methods.
    found = optimize.least_squares(residual, start, jac=slope, x_scale=start, xtol=1e-12)
    return found.x, gradient(found.x), -residual(found.x)


def _fit_power(size: np.ndarray, speed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates, gradient (n, 2) and residuals of log a + b log A on log speed."""
    design = np.column_stack([np.ones_like(size), np.log(size)])
    found = np.linalg.lstsq(design, np.log(speed), rcond=None)[0]
    return found, design, np.log(speed) - design @ found


def _clustered_errors(gradient: np.ndarray, residual: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Standard errors that allow residuals of one group to go together (CR1); NaN for one group."""
    count, terms = gradient.shape
    size = int(groups.max()) + 1
    if size < 2:
        return np.full(terms, np.nan)
    # Sandwich (X'X)^-1 (sum of X_g' e_g e_g' X_g) (X'X)^-1 times G / (G - 1) (N - 1) / (N - K), the factor CR1
    # (Cameron & Miller 2015). CR2 and CR3 take a matrix per cluster and differ little with many
    # readings.
    bread = np.linalg.inv(gradient.T @ gradient)
    scores = np.column_stack([np.bincount(groups, column * residual, size) for column in gradient.T])
    factor = size / (size - 1) * (count - 1) / (count - terms)
    return np.sqrt(factor * np.diag(bread @ scores.T @ scores @ bread))
