"""Event detection beside pymovements, REMoDNaV, I2MC, SciPy and scikit-learn, on simulated gaze whose events are known.

Detectors differ by definition, each here with its own defaults: they are scored by the F1 of fixations against planted
ones (`events.event_agreement`). `benchmarks/bench_events.py` scores them against people's labels.
"""

import importlib.util
import logging
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer, Relation
from scipy.signal import savgol_filter
from sklearn import metrics

from gazeanalytics import events, simulate
from gazeanalytics.geometry import Viewing

_spec = importlib.util.spec_from_file_location(
    "event_peers", Path(__file__).parents[1] / "benchmarks" / "event_peers.py"
)
event_peers = sys.modules.get("event_peers") or importlib.util.module_from_spec(_spec)
if "event_peers" not in sys.modules:
    sys.modules["event_peers"] = event_peers
    _spec.loader.exec_module(event_peers)

RATE_HZ = 500
TRACKER = simulate.Tracker(blinks_per_s=0.0, losses_per_s=0.0)


class Recorded(NamedTuple):
    samples: pd.DataFrame
    viewing: Viewing
    truth: np.ndarray


def recorded(seconds: int, seed: int) -> Recorded:
    """One recording of so many seconds without blinks, and the planted label of each sample."""
    design = simulate.Design(readers=1, cases=2, countries=1, models=())
    study = simulate.simulate_readings(design, rng=seed)
    fixations = simulate.simulate_fixations(study, rng=seed)
    images = study.images()
    found = simulate.simulate_samples(
        fixations, images, rate_hz=RATE_HZ, screen=design.screen, tracker=TRACKER, rng=seed
    )
    one = found[found["reading"] == found["reading"].iloc[0]]
    rows = np.arange(seconds * RATE_HZ) % len(one)
    samples = one.iloc[rows][["x", "y"]].assign(reading=1, t=np.arange(len(rows)) * 1000 / RATE_HZ)
    viewing = simulate.viewing_of(images.head(1), design.screen)
    whole = Viewing(*(float(np.ravel(part)[0]) for part in (
        viewing.centre_x_px, viewing.centre_y_px, viewing.distance_x_px, viewing.distance_y_px)))  # fmt: skip
    return Recorded(samples[["reading", "t", "x", "y"]].reset_index(drop=True), whole, one["event"].to_numpy()[rows])


def ours(detector: str):
    return lambda d: events.detect(d.samples, d.viewing, detector=detector, n_jobs=1).labels


def theirs(name: str):
    def call(d: Recorded) -> np.ndarray:
        logging.getLogger("remodnav").setLevel(logging.ERROR)
        return event_peers.installed()[name](d.samples, d.viewing, RATE_HZ).astype(np.uint8)

    return call


def f1(kind: str):
    def call(d: Recorded, labels: np.ndarray) -> float:
        return events.event_agreement(d.samples, labels, d.truth, classes=[kind])["f1"].iloc[0]

    return call


def fixations(slack: float = 0.02) -> Relation:
    return Relation("F1 of fixations with the planted ones", f1("fixation"), slack)


# Ours labels short fixations between saccades anew after the threshold; pymovements leaves every run as it is.
SACCADES = Relation("F1 of saccades with the planted ones", f1("saccade"), 0.05)


def degrees(d: Recorded) -> np.ndarray:
    return np.stack(d.viewing.degrees(d.samples["x"].to_numpy(), d.samples["y"].to_numpy()), axis=1)


def inner(velocity: np.ndarray) -> np.ndarray:
    """Without the ends, where each program does as it likes."""
    return velocity[20:-20]


def our_velocity(method: str):
    return lambda d: inner(
        events.velocity(d.samples, d.viewing, method=method, n_jobs=1)[["right_deg_s", "down_deg_s"]].to_numpy()
    )


def savitzky_golay(d: Recorded) -> np.ndarray:
    window = round(20 * RATE_HZ / 1000) | 1
    return inner(savgol_filter(degrees(d), window, 2, deriv=1, delta=1 / RATE_HZ, axis=0))


def pos2vel(d: Recorded) -> np.ndarray:
    from pymovements.transforms.numpy import pos2vel

    return inner(pos2vel(degrees(d), sampling_rate=RATE_HZ, method="smooth"))


class Coded(NamedTuple):
    labels: np.ndarray
    truth: np.ndarray


def coded(samples: int, seed: int) -> Coded:
    rng = np.random.default_rng(seed)
    truth = rng.choice([1, 2, 3, 4], samples, p=[0.7, 0.15, 0.1, 0.05])
    return Coded(np.where(rng.random(samples) < 0.8, truth, rng.choice([1, 2, 3, 4], samples)), truth)


CLASSES = ["fixation", "saccade", "pso", "pursuit"]


def our_kappas(d: Coded) -> np.ndarray:
    return events.agreement(d.labels, d.truth, classes=CLASSES)[["kappa", "precision", "recall"]].to_numpy(float)[:-1]


def their_kappas(d: Coded) -> list[list[float]]:
    found = []
    for code in range(1, 5):
        said, true = d.labels == code, d.truth == code
        measures = (metrics.cohen_kappa_score, metrics.precision_score, metrics.recall_score)
        found.append([measure(true, said) for measure in measures])
    return found


RECORDED = {"inputs": recorded, "size": 20, "full": 100, "unit": f"s of gaze at {RATE_HZ} Hz"}
CODED = {"inputs": coded, "size": 5_000, "full": 1_000_000, "unit": "samples"}
ENTRIES = [
    Entry(
        "events.detect",
        what="I-VT",
        ours=ours("ivt"),
        peers={"pymovements ivt": Peer(theirs("pymovements ivt"), "pymovements")},
        relation=fixations(),
        **RECORDED,
    ),
    Entry(
        "events.detect",
        what="I-DT",
        ours=ours("idt"),
        peers={"pymovements idt": Peer(theirs("pymovements idt"), "pymovements")},
        relation=fixations(),
        **RECORDED,
    ),
    Entry(
        "events.detect",
        what="Engbert & Kliegl",
        ours=ours("engbert_kliegl"),
        peers={"pymovements microsaccades": Peer(theirs("pymovements microsaccades"), "pymovements")},
        relation=SACCADES,
        **RECORDED,
    ),
    Entry(
        "events.detect",
        what="I2MC",
        ours=ours("i2mc"),
        peers={"I2MC": Peer(theirs("I2MC"), "I2MC")},
        relation=fixations(),
        **RECORDED,
    ),
    Entry(
        "events.detect",
        what="cascade",
        ours=ours("cascade"),
        peers={"REMoDNaV": Peer(theirs("REMoDNaV, no pursuit"), "remodnav", note="its pursuit is off, as ours is")},
        relation=fixations(),
        **RECORDED,
    ),
    Entry(
        "events.velocity",
        what="Savitzky-Golay",
        ours=our_velocity("savitzky_golay"),
        peers={"SciPy savgol_filter": Peer(savitzky_golay, "scipy", note="without the ends")},
        **RECORDED,
    ),
    Entry(
        "events.velocity",
        what="five points",
        ours=our_velocity("five_point"),
        peers={"pymovements pos2vel": Peer(pos2vel, "pymovements", note="without the ends")},
        **RECORDED,
    ),
    Entry(
        "events.agreement",
        ours=our_kappas,
        peers={"scikit-learn cohen_kappa_score, precision, recall": Peer(their_kappas, "scikit-learn")},
        **CODED,
    ),
    Entry(
        "events.confusion",
        ours=lambda d: events.confusion(d.labels, d.truth).to_numpy()[1:5, 1:5],
        peers={
            "scikit-learn confusion_matrix": Peer(
                lambda d: metrics.confusion_matrix(d.truth, d.labels), "scikit-learn", tolerance=0
            )
        },
        **CODED,
    ),
]
