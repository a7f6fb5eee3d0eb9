"""Event detection: one function for all detectors, from raw gaze to fixations and saccades."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gazeanalytics import events
from gazeanalytics.discovery import plugged_in
from gazeanalytics.events._tabulate import Events, tabulate
from gazeanalytics.events.choosing import choose
from gazeanalytics.events.detector import Detector, DetectorSettings, finish
from gazeanalytics.events.recording import prepare
from gazeanalytics.geometry import Viewing
from gazeanalytics.tables import nearest

__all__ = ["DETECTORS", "detect", "find_detector"]


def _found() -> dict[str, Detector]:
    """Collect the DETECTOR of every file of this folder, the default first, so that a new one needs no list."""
    found = {each.name: each for each in plugged_in(events.__name__, events.__path__, "DETECTOR").values()}
    return {"cascade": found.pop("cascade"), **found}


DETECTORS: Mapping[str, Detector] = _found()
"""All event detectors by name, the default first."""


def detect(
    samples: pd.DataFrame,
    viewing: Viewing,
    *,
    detector: str | Detector | None = None,
    settings: DetectorSettings | Mapping[str, object] | None = None,
    n_jobs: int | None = None,
) -> Events:
    """Detect events in raw gaze: fixations and saccades, with some detectors blinks, PSO and smooth pursuit.

    Parameters
    ----------
    samples : pandas.DataFrame
        A samples table: reading, t (ms), x, y (image px), perhaps valid.
    viewing : Viewing
        How image pixels become angles; one for all readings, or arrays with one element a reading.
    detector : str or Detector, optional
        A name out of `DETECTORS`, or a detector of your own. "auto" chooses one by sampling rate and noise
        (`choose_detector`), warns where none fits, and takes no settings. Default: the one that `settings` belong to,
        else the cascade of rules.
    settings : DetectorSettings or Mapping, optional
        Settings of that detector, such as ``IvtSettings(threshold_deg_s=40)``, or a mapping of those that differ from
        the defaults, such as ``{"threshold_deg_s": 40}``.
    n_jobs : int, optional
        Threads; default: as many as the process may use. Results don't depend on it.

    Returns
    -------
    Events
        Tables of fixations and saccades, a label for each sample, and every value used.

    Raises
    ------
    TableError, ValueError
        If the table breaks its contract, the unit of time or place can't be right, a setting is not known or out of its
        range, or a shortest duration is under one sample of the slowest reading.

    Warns
    -----
    RecordingWarning
        If saccades last much longer or shorter than human ones of their size, so that the clock or the viewing distance
        may be wrong; if samples lie at a point that trackers write for lost gaze.

    See Also
    --------
    choose_detector : Which detector suits a recording, and why.
    quality : Sampling rate, data loss and precision of the same recording.
    clean : Remove spikes and the edges of blinks first.
    agreement : How well two labellings agree.

    References
    ----------
    Andersson, Larsson, Holmqvist, Stridh & Nyström (2017). One algorithm to rule them all? Behavior Research Methods
    49, 616-637: ten detectors against two human coders.

    Examples
    --------
    Two fixations 5 deg apart, sampled at 250 Hz. The jump is in flight for one sample interval, but speed is taken over
    20 ms, so six samples around it are faster than the threshold.

    >>> import numpy as np
    >>> x = np.repeat([100.0, 300.0], 50)
    >>> samples = pd.DataFrame({"reading": 1, "t": np.arange(100) * 4.0, "x": x, "y": 100.0})
    >>> viewing = Viewing.from_px_per_deg(40, 400, 200)
    >>> events = detect(samples, viewing, detector="ivt")
    >>> events.fixations[["onset", "duration", "x"]].round(1).values.tolist()
    [[0.0, 188.0, 100.0], [212.0, 188.0, 300.0]]

    The typed settings of a detector name it, too; every value used is kept.

    >>> from gazeanalytics.events import IdtSettings
    >>> events = detect(samples, viewing, settings=IdtSettings(max_dispersion_deg=2.0))
    >>> events.settings["detector"], events.settings["max_dispersion_deg"]
    ('idt', 2.0)
    """
    if detector == "auto" and settings:
        raise ValueError("detector 'auto' takes no settings, since they belong to one detector: name it")
    chosen = None if detector == "auto" else find_detector(detector, settings)
    recording = prepare(samples, viewing, n_jobs=n_jobs)
    why = {}
    if chosen is None:
        choice = choose(recording)
        chosen, why = DETECTORS[choice.detector], {"chosen_because": choice.reason}
    values = chosen.settings.given(settings)  # pyright: ignore[reportArgumentType] - checked by find_detector
    recording.require(**{name: getattr(values, name) for name in values.at_least_one_sample})
    labels = chosen.label(recording, values, n_jobs)
    finish(recording, labels, getattr(values, "min_fixation_ms", 0.0), n_jobs)
    used = {"detector": chosen.name, "method": chosen.described(), **why, **values.recorded()}
    return tabulate(recording, labels, used, blink_ms=values.blink_ms, n_jobs=n_jobs)


def find_detector(
    detector: str | Detector | None = None, settings: DetectorSettings | Mapping[str, object] | None = None
) -> Detector:
    """Find the event detector that a name or its settings mean; the cascade of rules without either.

    Raises
    ------
    ValueError
        If there is no such detector, with the nearest name, or the settings belong to another one.

    Examples
    --------
    >>> from gazeanalytics.events import IvtSettings
    >>> find_detector(settings=IvtSettings()).name
    'ivt'
    >>> find_detector("ivtt")
    Traceback (most recent call last):
    ...
    ValueError: detector 'ivtt' is not known; did you mean 'ivt'?
    """
    typed = isinstance(settings, DetectorSettings)
    if detector is None:
        detector = next(
            (each for each in DETECTORS.values() if typed and isinstance(settings, each.settings)), "cascade"
        )
    if isinstance(detector, str):
        if detector not in DETECTORS:
            raise ValueError(f"detector {detector!r} is not known; {nearest(detector, list(DETECTORS))}")
        detector = DETECTORS[detector]
    if typed and not isinstance(settings, detector.settings):
        expected, got = detector.settings.__name__, type(settings).__name__
        raise ValueError(f"settings of detector {detector.name!r} are {expected}; got {got}")
    return detector
