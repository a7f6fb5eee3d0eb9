"""Choose the rules of `cascade` on some persons of Lund2013 and score them on another: python tune_cascade.py.

Prints, for still images, the agreement of rules chosen without the person scored beside that of the shipped rules,
and the rules chosen on all persons present, which the shipped ones are the rounded values of.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from bench_events import load, thin

from gazeanalytics._kernels.events import cascade as kernels
from gazeanalytics._kernels.events.gaze import Gaze
from gazeanalytics._kernels.events.labels import finish_over_readings
from gazeanalytics.events import LABELS, CascadeSettings
from gazeanalytics.events.recording import MAX_GAP_MS, Recording, in_degrees, prepare

# Where a rule may lie. Those not named are set by hand, or from the literature.
RANGES = {
    "window_ms": (6, 18),
    "peak_deg_s": (25, 50),
    "peak_noise": (3, 8),
    "edge_deg_s": (3, 20),
    "edge_noise": (1.5, 4),
    "onset_share": (0.03, 0.3),
    "offset_share": (0.1, 0.6),
    "min_saccade_ms": (6, 20),
    "max_pso_rest_ms": (4, 30),
    "max_pso_ms": (20, 60),
    "flight_before_share": (0.3, 0.6),
    "sparse_pso_deg_s": (10, 40),
    "sparse_pso_noise": (1, 4),
    "min_straightness": (0, 0.7),
    "blink_margin_ms": (40, 250),
}
WEIGHTS = {
    ("img", 500): 1.0, ("img", 250): 0.7, ("img", 120): 1.0, ("img", 60): 0.8, ("img", 30): 0.5,
    ("video", 500): 0.4, ("video", 250): 0.3, ("video", 120): 0.4, ("video", 60): 0.3, ("video", 30): 0.2,
}  # fmt: skip
FIXATION, SACCADE, PSO, PURSUIT = (LABELS.index(name) for name in ("fixation", "saccade", "pso", "pursuit"))
KINDS = len(LABELS)


@dataclass
class Part:
    """Recordings of one kind at one rate, ready for the kernel."""

    recording: Recording
    gaze: Gaze
    labels: np.ndarray
    persons: np.ndarray


def part(kind: str, rate: int) -> Part:
    samples, labels, persons, viewing = load(kind)
    samples, labels, rows = thin(samples, labels, rate)
    recording = prepare(samples, viewing)
    return Part(recording, in_degrees(recording), labels, persons[rows])


def find(part: Part, rules: kernels.Rules) -> np.ndarray:
    """Labels of the rows, as `cascade` gives them but for blinks in the holes."""
    recording = part.recording
    marks = np.empty(recording.t.size, np.uint8)
    readings = recording.readings.starts, recording.readings.stops
    steps = recording.intervals_ms
    kernels.cascade_over_readings(*readings, part.gaze, rules, marks, steps)
    finish_over_readings(*readings, recording.t, MAX_GAP_MS, rules.min_fixation_ms, marks, steps)
    if recording.rows is None:
        return marks & 127
    found = np.zeros(recording.times.size, np.uint8)
    found[recording.rows] = marks & 127
    return found


def confusions(part: Part, found: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Counts by coder, true label and label, over the rows chosen."""
    codes = part.labels[chosen].astype(np.int64) * KINDS + found[chosen, None]
    return np.stack([np.bincount(column, minlength=KINDS**2).reshape(KINDS, KINDS) for column in codes.T])


def kappa(counts: np.ndarray, kind: int) -> float:
    total, both, true, found = counts.sum(), counts[kind, kind], counts[kind].sum(), counts[:, kind].sum()
    chance = (true * found + (total - true) * (total - found)) / total**2
    return float(((total - true - found + 2 * both) / total - chance) / (1 - chance))


def worth(parts: dict, rules: kernels.Rules, persons: set) -> float:
    """Mean kappa of fixation, saccade and half that of PSO, over both coders; what pursues counts as fixation."""
    total = 0.0
    for key, each in parts.items():
        counts = confusions(each, find(each, rules), np.isin(each.persons, list(persons))).astype(float)
        counts[:, FIXATION] += counts[:, PURSUIT]
        counts[:, PURSUIT] = 0
        for coder in counts:
            total += WEIGHTS[key] * (kappa(coder, FIXATION) + kappa(coder, SACCADE) + 0.5 * kappa(coder, PSO)) / 2
    return total


def choose(parts: dict, persons: set, rng: np.random.Generator, tries: int = 400) -> dict[str, float]:
    """Change one to three rules at a time, by less and less, and keep what is better."""
    shipped = CascadeSettings()
    best = {name: float(np.mean(ends)) for name, ends in RANGES.items()}

    def rules(chosen: dict[str, float]) -> kernels.Rules:
        return replace(shipped, **chosen).rules()

    most = worth(parts, rules(best), persons)
    for number in range(tries):
        trial = dict(best)
        for name in rng.choice(list(RANGES), rng.integers(1, 4), replace=False):
            low, high = RANGES[name]
            step = rng.normal(0, 0.25 * (1 - number / tries) + 0.02) * (high - low)
            trial[name] = float(np.clip(trial[name] + step, low, high))
        score = worth(parts, rules(trial), persons)
        if score > most:
            best, most = trial, score
    return best


def choose_steadily(parts: dict, persons: set, rng: np.random.Generator, times: int = 3) -> pd.DataFrame:
    """Choose several times: one column each, whose mean depends less on luck."""
    return pd.DataFrame([choose(parts, persons, rng) for _ in range(times)]).T


def main() -> None:
    """Print both scores and the rules chosen on everybody."""
    parts = {key: part(*key) for key in WEIGHTS}
    everybody = set(np.concatenate([each.persons for each in parts.values()]))
    rng = np.random.default_rng(0)
    unseen = {key: np.zeros((2, KINDS, KINDS)) for key in parts}
    for person in sorted(everybody):
        chosen = choose_steadily(parts, everybody - {person}, rng)
        rules = CascadeSettings(**chosen.mean(axis=1).to_dict()).rules()
        for key, each in parts.items():
            unseen[key] += confusions(each, find(each, rules), each.persons == person)
    print("kappa, mean of both coders: rules chosen without the person scored / shipped rules")
    for key, each in parts.items():
        shipped = confusions(each, find(each, CascadeSettings().rules()), np.ones(len(each.persons), bool))
        scores = [
            [np.mean([kappa(coder, kind) for coder in counts]) for kind in (FIXATION, SACCADE, PSO)]
            for counts in (unseen[key], shipped.astype(float))
        ]
        columns = (
            f"{name} {a:.3f}/{b:.3f}" for name, a, b in zip(("fixation", "saccade", "pso"), *scores, strict=True)
        )
        print(f"  {key[0]:<6}{key[1]:>4} Hz  {'  '.join(columns)}")
    print("rules chosen on all persons:\n" + choose_steadily(parts, everybody, rng).round(2).to_string())


if __name__ == "__main__":
    main()
