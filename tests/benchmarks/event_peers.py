"""Other people's detectors as functions from a samples table to labels, with their own defaults.

NSLR-HMM, U'n'Eye and gazeNet are not on the package index; shared/reference/events holds their scores. Each peer that
isn't installed is left out, and its absence printed.
"""

import importlib.util
import logging
from collections.abc import Callable

import numpy as np
import pandas as pd

from gazeanalytics.geometry import Viewing

FIXATION, SACCADE, PSO, PURSUIT = 1, 2, 3, 4
REMODNAV = {
    "FIXA": FIXATION, "PURS": PURSUIT, "SACC": SACCADE, "ISAC": SACCADE,
    "HPSO": PSO, "LPSO": PSO, "IHPS": PSO, "ILPS": PSO,
}  # fmt: skip
Peer = Callable[[pd.DataFrame, Viewing, float], np.ndarray]


def spread(stops: list[tuple[int, int]], inside: int, outside: int, seen: np.ndarray) -> np.ndarray:
    """Labels of samples from events, first to last sample; what is missing is 0."""
    labels = np.full(len(seen), outside)
    for first, last in stops:
        labels[first : last + 1] = inside
    return np.where(seen, labels, 0)


def by_pymovements(name: str) -> Peer:
    def labels(part: pd.DataFrame, viewing: Viewing, rate: float) -> np.ndarray:
        from pymovements import events
        from pymovements.transforms.numpy import pos2vel

        places = np.stack(viewing.degrees(part["x"], part["y"]), axis=1)
        seen = ~np.isnan(places).any(axis=1)
        if name == "microsaccades":
            speeds = pos2vel(places, sampling_rate=rate, method="smooth")
            found = events.microsaccades(speeds, minimum_duration=max(1, round(6 * rate / 1000)))
        elif name == "ivt":
            speeds = pos2vel(places, sampling_rate=rate, method="smooth")
            found = events.ivt(speeds, minimum_duration=round(100 * rate / 1000))
        else:
            found = events.idt(places, minimum_duration=round(100 * rate / 1000))
        stops = list(zip(found.frame["onset"], found.frame["offset"], strict=True))
        kinds = (SACCADE, FIXATION) if name == "microsaccades" else (FIXATION, SACCADE)
        return spread(stops, *kinds, seen)

    return labels


def by_remodnav(pursuit: bool) -> Peer:
    def labels(part: pd.DataFrame, viewing: Viewing, rate: float) -> np.ndarray:
        from remodnav.clf import EyegazeClassifier

        # It can't bear gaze that is missing at either end.
        seen = np.flatnonzero(part["x"].notna())
        inner = part.iloc[seen[0] : seen[-1] + 1]
        logging.getLogger("remodnav").setLevel(logging.ERROR)
        detector = EyegazeClassifier(
            px2deg=1 / viewing.px_per_deg, sampling_rate=rate, pursuit_velthresh=2.0 if pursuit else 1e4
        )
        data = np.rec.fromarrays([inner["x"].to_numpy(), inner["y"].to_numpy()], names=["x", "y"])
        out = np.zeros(len(part), int)
        # Its filter wants an odd number of samples: the one next to its default of 19 ms, three at least.
        window = max(3, int(0.019 * rate) // 2 * 2 + 1)
        for event in detector(detector.preproc(data, savgol_length=(window + 0.01) / rate)):
            first = seen[0] + round(event["start_time"] * rate)
            out[first : seen[0] + round(event["end_time"] * rate)] = REMODNAV[event["label"]]
        return np.where(part["x"].notna(), out, 0)

    return labels


def by_i2mc(part: pd.DataFrame, viewing: Viewing, rate: float) -> np.ndarray:
    import I2MC

    frame = pd.DataFrame({"time": part["t"], "average_X": part["x"], "average_Y": part["y"]}).reset_index(drop=True)
    options = {"xres": 1024, "yres": 768, "freq": rate, "missingx": -9999.0, "missingy": -9999.0}
    options |= {"scrSz": [38.0, 30.0], "disttoscreen": 67.0}
    if rate < 120:
        options |= {"downsamples": [2, 3], "downsampFilter": False, "chebyOrder": 7}
    elif rate < 200:
        options |= {"downsamples": [2, 3, 5], "chebyOrder": 7}
    found, *_ = I2MC.I2MC(frame.fillna(-9999.0), options, logging=False)
    stops = list(zip(found["start"], found["end"], strict=True))
    return spread(stops, FIXATION, SACCADE, part["x"].notna().to_numpy())


def installed() -> dict[str, Peer]:
    """The peers that can run here."""
    peers: dict[str, Peer] = {}
    if importlib.util.find_spec("pymovements"):
        peers |= {f"pymovements {name}": by_pymovements(name) for name in ("ivt", "idt", "microsaccades")}
    if importlib.util.find_spec("remodnav"):
        peers |= {"REMoDNaV": by_remodnav(True), "REMoDNaV, no pursuit": by_remodnav(False)}
    if importlib.util.find_spec("I2MC"):
        peers["I2MC"] = by_i2mc
    return peers
