"""Train the shipped weights of the learned detector on Lund2013: python tests/benchmarks/train_learned.py.

`leave_persons_out` labels every person by weights that never saw that person; bench_events.py prints their scores.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from bench_events import load, thin

from gazeanalytics import events
from gazeanalytics.geometry import Viewing

KINDS = ("img", "dots", "video")
# Rates, and where thinning begins; other copies than the first of each carry noise and a changed size.
PHASES = {500: (0, 0), 250: (0, 1), 120: (0, 2), 60: (0, 2, 5), 30: (0, 3, 6, 9, 13)}
NOISE_DEG, SIZES = (0.005, 0.06), (0.8, 1.25)


@cache
def _recordings(kind: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, Viewing]:
    return load(kind)


def _begin_at(
    samples: pd.DataFrame, labels: np.ndarray, persons: np.ndarray, phase: int
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rows = np.flatnonzero(samples.groupby("reading").cumcount() >= phase)
    return samples.loc[rows].reset_index(drop=True), labels[rows], persons[rows]


def _disturb(samples: pd.DataFrame, viewing: Viewing, rng: np.random.Generator) -> pd.DataFrame:
    """Add noise of one level a copy, and change all distances from the centre by one factor."""
    low, high = np.log(NOISE_DEG)
    noise = np.exp(rng.uniform(low, high)) * viewing.px_per_deg
    size = np.exp(rng.uniform(*np.log(SIZES)))
    centre = {"x": viewing.centre_x_px, "y": viewing.centre_y_px}
    return samples.assign(
        **{axis: at + (samples[axis] - at) * size + rng.normal(0, noise, len(samples)) for axis, at in centre.items()}
    )


@cache
def lessons() -> tuple[pd.DataFrame, np.ndarray, np.ndarray, Viewing]:
    """All copies of all recordings: samples, labels of both coders, person of each sample, viewing."""
    rng = np.random.default_rng(0)
    parts, answers, owners = [], [], []
    for kind in KINDS:
        *whole, viewing = _recordings(kind)
        for rate, phases in PHASES.items():
            for copy, phase in enumerate(phases):
                samples, labels, persons = _begin_at(*whole, phase)
                part, truth, kept = thin(samples, labels, rate)
                part = _disturb(part, viewing, rng) if copy else part
                parts.append(part.assign(reading=part["reading"] + 100 * len(parts)))
                answers.append(truth)
                owners.append(persons[kept])
    return pd.concat(parts, ignore_index=True), np.concatenate(answers), np.concatenate(owners), viewing


@cache
def weights_without(left_out: str = "") -> events.LearnedModel:
    """Weights trained on all persons present but one."""
    samples, labels, persons, viewing = lessons()
    kept = persons != left_out
    about = {
        "persons": sorted(set(persons[kept].tolist())),
        "noise_deg": [0.0, *NOISE_DEG],
        "source": "Lund2013, both coders (Andersson et al. 2017, Behav Res Methods 49:616)",
        "repository": "richardandersson/EyeMovementDetectorEvaluation, commit 3e12416, GPL-3.0",
    }
    return events.fit_detector(samples[kept].reset_index(drop=True), labels[kept], viewing, about=about, rng=0)


def leave_persons_out(samples: pd.DataFrame, owners: np.ndarray, viewing: Viewing, *, pursuit: bool) -> np.ndarray:
    """Labels of the learned detector, each person's by weights that never saw that person."""
    found = np.zeros(len(samples), np.uint8)
    for person in np.unique(owners):
        mine = owners == person
        part = samples[mine].reset_index(drop=True)
        settings = events.LearnedSettings(model=weights_without(person), pursuit=pursuit)
        found[mine] = events.detect(part, viewing, settings=settings).labels
    return found


if __name__ == "__main__":
    place = Path(events.__file__).parent / "weights" / "lund2013.npz"
    weights_without().save(place)
