"""Detectors and their peers against the hand labels of Lund2013: python tests/benchmarks/bench_events.py.

The defaults of `cascade` are chosen on these persons; tune_cascade.py prints its score on persons that it never saw.
The learned detector's scores, each person's by weights that never saw that person, come with --learned
(train_learned.py; minutes of training). 1000 Hz is interpolated, which shows whether a detector works at that rate.
Speed and memory are in bench_events_speed.py.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import event_peers
import numpy as np
import pandas as pd
import scipy.io
from scipy.interpolate import Akima1DInterpolator

from gazeanalytics import events
from gazeanalytics.geometry import Screen, Viewing

CLASSES = ["fixation", "saccade", "pso", "pursuit"]
# Drift of objects that move, as in dots and video; still images have none.
PURSUIT = {"pursuit_deg_s": 4.0}
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "lund2013"


def load(kind: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, Viewing]:
    """Samples, labels of both coders, person of each sample, viewing."""
    frames, labels, persons = [], [], []
    for number, path in enumerate(sorted((DATA / kind).glob("*_MN.mat"))):
        files = [path, path.with_name(path.name.replace("_MN", "_RA"))]
        first, second = (scipy.io.loadmat(each, squeeze_me=True, struct_as_record=False)["ETdata"] for each in files)
        rows = np.arange(min(len(first.pos), len(second.pos)))
        x, y = first.pos[rows, 3], first.pos[rows, 4]
        frames.append(pd.DataFrame({"reading": number, "t": rows * 1000 / first.sampFreq, "x": x, "y": y}))
        labels.append(np.stack([first.pos[rows, 5], second.pos[rows, 5]], axis=1).astype(int))
        persons += [re.match(r"[A-Z]+(\d+)", path.name)[1]] * len(rows)
    screen = Screen(*first.screenRes, *(np.array(first.screenDim) * 1000), first.viewDist * 1000)
    samples = events.clean(pd.concat(frames, ignore_index=True), lost_at=(0, 0)).samples
    return samples, np.concatenate(labels), np.array(persons), screen.viewing()


def thin(samples: pd.DataFrame, labels: np.ndarray, rate_hz: float) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Take every so manieth sample of each reading; the rows taken come third."""
    rows, times = [], []
    for _, part in samples.groupby("reading"):
        steps = np.unique(np.round(np.arange(0, len(part), 500 / rate_hz)).astype(int))
        steps = steps[steps < len(part)]
        rows.append(part.index[steps])
        times.append(np.arange(len(steps)) * 1000 / rate_hz)
    kept = np.concatenate(rows)
    return samples.loc[kept].assign(t=np.concatenate(times)).reset_index(drop=True), labels[kept], kept


def thicken(samples: pd.DataFrame, labels: np.ndarray) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Put a sample between each two of a reading, by a smooth curve (Akima) through those there are: 1000 Hz."""
    parts, rows = [], []
    for number, part in samples.groupby("reading"):
        seen, t = part.dropna(), np.arange(2 * len(part) - 1) * 1.0
        beside = np.repeat(part["x"].isna(), 2).to_numpy()
        lost = np.append(beside[1:-1] | beside[:-2], beside[-1])
        places = Akima1DInterpolator(seen["t"], seen[["x", "y"]])(t)
        places[lost] = np.nan
        parts.append(pd.DataFrame({"reading": number, "t": t, "x": places[:, 0], "y": places[:, 1]}))
        rows.append(np.repeat(part.index, 2)[:-1])
    kept = np.concatenate(rows)
    return pd.concat(parts, ignore_index=True), labels[kept], kept


def at_rate(samples: pd.DataFrame, labels: np.ndarray, rate_hz: float) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Recordings at another rate than their 500 Hz, their labels, and the rows that these come from."""
    return thicken(samples, labels) if rate_hz > 500 else thin(samples, labels, rate_hz)


def score(samples: pd.DataFrame, found: np.ndarray, labels: np.ndarray) -> str:
    """Kappa and F1 of each class against every coder."""
    parts = []
    kappas = [events.agreement(found, coder, classes=CLASSES).set_index("label")["kappa"] for coder in labels.T]
    matched = [events.event_agreement(samples, found, coder, classes=CLASSES).set_index("label") for coder in labels.T]
    for name in CLASSES:
        both = "/".join(f"{kappa[name]:.3f}" for kappa in kappas)
        scores = "/".join(f"{table['f1'][name]:.2f}" for table in matched)
        parts.append(f"{name} {both} F1 {scores}")
    return "  ".join(parts)


def by_ours(name: str) -> Callable[[pd.DataFrame, Viewing, float], np.ndarray]:
    return lambda samples, viewing, _: events.detect(samples, viewing, detector=name).labels


def by_peer(peer: event_peers.Peer) -> Callable[[pd.DataFrame, Viewing, float], np.ndarray]:
    def labels(samples: pd.DataFrame, viewing: Viewing, rate: float) -> np.ndarray:
        parts = [part.reset_index(drop=True) for _, part in samples.groupby("reading")]
        return np.concatenate([peer(part, viewing, rate) for part in parts]).astype(np.uint8)

    return labels


def agreement(with_learned: bool) -> None:
    """Print the table of agreement."""
    from train_learned import leave_persons_out

    detectors = {name: by_ours(name) for name in events.DETECTORS if name != "learned"}
    detectors["cascade, pursuit"] = lambda samples, viewing, _: events.detect(samples, viewing, settings=PURSUIT).labels
    detectors |= {name: by_peer(peer) for name, peer in event_peers.installed().items()}
    for kind in ("img", "dots", "video"):
        samples, labels, persons, viewing = load(kind)
        print(f"{kind}: persons {', '.join(np.unique(persons))}; kappa against coder MN / RA, event F1 MN / RA")
        for rate in (1000, 500, 120, 60, 30):
            part, truth, kept = at_rate(samples, labels, rate)
            print(f"{rate:>4} Hz  {'second coder':<26}{score(part, truth[:, 1], truth[:, :1])}")
            for name, detect in detectors.items():
                try:
                    row = score(part, detect(part, viewing, rate), truth)
                except Exception as refusal:  # a peer may fail in any way
                    row = f"refused: {type(refusal).__name__} {' '.join(str(refusal).split())[:110]}"
                print(f"{rate:>4} Hz  {name:<26}{row}", flush=True)
            if with_learned:
                found = leave_persons_out(part, persons[kept], viewing, pursuit=kind != "img")
                print(f"{rate:>4} Hz  {'learned, persons out':<26}{score(part, found, truth)}", flush=True)


if __name__ == "__main__":
    agreement("--learned" in sys.argv)
