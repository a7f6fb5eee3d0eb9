"""Detectors against the hand labels of Lund2013 and against peers in speed: python tests/benchmarks/bench_events.py.

Agreement is the mean over both coders, beside the persons present; the learned detector's
leave-one-person-out scores come with --learned (minutes of training).
"""

import re
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.io

from gazeanalytics import gaze
from gazeanalytics.geometry import Screen, Viewing

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
    samples = gaze.clean(pd.concat(frames, ignore_index=True), lost_at=(0, 0)).samples
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


def score(samples: pd.DataFrame, found: np.ndarray, labels: np.ndarray) -> str:
    """Kappa and F1 of each class, mean of both coders."""
    classes = ["fixation", "saccade", "pso", "pursuit"]
    kappas = np.mean([gaze.agreement(found, coder, classes=classes)["kappa"][:4] for coder in labels.T], axis=0)
    scores = np.mean([gaze.event_agreement(samples, found, coder, classes=classes)["f1"] for coder in labels.T], axis=0)
    return "  ".join(f"{name} {k:.3f}/{f:.3f}" for name, k, f in zip(classes, kappas, scores, strict=True))


def leave_one_out(samples, labels, persons, viewing, kept):
    """Labels of the learned detector, each person's by weights that never saw that person."""
    found = np.zeros(len(samples), np.uint8)
    owners = persons[kept]
    for person in np.unique(owners):
        parts = [thin(*load(kind)[:2], rate) for kind in ("img", "dots", "video") for rate in (500, 250, 120, 60, 30)]
        who = [load(kind)[2] for kind in ("img", "dots", "video") for _ in range(5)]
        others = [own[rows] != person for own, (_, _, rows) in zip(who, parts, strict=True)]
        lessons = [
            part[0][mask].assign(reading=part[0]["reading"] + 100 * k)
            for k, (part, mask) in enumerate(zip(parts, others, strict=True))
        ]
        answers = [part[1][mask] for part, mask in zip(parts, others, strict=True)]
        model = gaze.fit_detector(pd.concat(lessons, ignore_index=True), np.concatenate(answers), viewing, rng=0)
        mine = owners == person
        found[mine] = gaze.learned(samples[mine].reset_index(drop=True), viewing, model=model).labels
    return found


def agreement(with_learned: bool) -> None:
    """Print the table of agreement."""
    for kind in ("img", "dots", "video"):
        samples, labels, persons, viewing = load(kind)
        print(f"{kind}: persons {', '.join(np.unique(persons))}; kappa/F1, mean of both coders")
        print(f"  {'second coder':<22} 500 Hz  {score(samples, labels[:, 1], labels[:, :1])}")
        for rate in (500, 120, 60, 30) if kind == "img" else (500,):
            part, truth, kept = thin(samples, labels, rate)
            for name, detect in gaze.DETECTORS.items():
                if name == "learned":
                    continue
                try:
                    print(f"  {name:<22} {rate:>3} Hz  {score(part, detect(part, viewing).labels, truth)}")
                except ValueError as refusal:
                    print(f"  {name:<22} {rate:>3} Hz  refused: {refusal}")
            if with_learned:
                found = leave_one_out(part, truth, persons, viewing, kept)
                print(f"  {'learned, person out':<22} {rate:>3} Hz  {score(part, found, truth)}")


def speed(rows: int) -> None:
    """Print CPU time a sample on one thread, beside pymovements where it is installed."""
    samples, _, _, viewing = load("img")
    seen = samples.dropna()
    many = pd.DataFrame(
        {"reading": 1, "t": np.arange(rows) * 2.0, "x": np.resize(seen["x"], rows), "y": np.resize(seen["y"], rows)}
    )
    rates = {}
    for name, detect in gaze.DETECTORS.items():
        detect(many[:5000], viewing, threads=1)
        start = time.process_time()
        detect(many, viewing, threads=1)
        rates[name] = rows / (time.process_time() - start)
        print(f"  {name:<22} {rates[name] / 1e6:8.2f} M samples/s")
    try:
        from pymovements.events import idt, ivt
        from pymovements.transforms.numpy import pos2vel
    except ImportError:
        print("  pymovements isn't installed: no ratio")
        return
    few = rows
    places = np.stack(viewing.degrees(many["x"][:few], many["y"][:few]), axis=1)
    start = time.process_time()
    ivt(velocities=pos2vel(places, sampling_rate=500, method="smooth"), minimum_duration=30, velocity_threshold=30.0)
    print(f"  ivt is {rates['ivt'] * (time.process_time() - start) / few:.0f} times as fast as pymovements' ivt")
    start = time.process_time()
    idt(positions=places[:20_000], dispersion_threshold=1.0, minimum_duration=50)
    print(f"  idt is {rates['idt'] * (time.process_time() - start) / 20_000:.0f} times as fast as pymovements' idt")


if __name__ == "__main__":
    agreement("--learned" in sys.argv)
    speed(1_000_000)
