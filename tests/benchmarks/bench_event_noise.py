"""Which detector finds fixations at which sampling rate and white noise: python tests/benchmarks/bench_event_noise.py.

Prints F1 of fixations (a found fixation and a planted one match when they share at least half of the samples that they
cover together), and which detector `detector="auto"` takes. Its rule in `events/choosing.py` was chosen by the first
table and by Lund2013; the second table has other persons, rates and levels of noise.
"""

import warnings
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from bench_events import DATA, load, thin

from gazeanalytics import events
from gazeanalytics.geometry import Viewing
from gazeanalytics.simulate import Design, Tracker, simulate_samples

RATES = (30, 60, 120, 250, 500, 1000)
# White noise as RMS-S2S (deg): of the best trackers, of usual ones, and of webcams and infants.
NOISE_DEG = (0.01, 0.05, 0.1, 0.2, 0.38, 0.53, 0.71, 1.01)
# Rates and noise that the rule was not chosen by.
UNSEEN_RATES, UNSEEN_NOISE_DEG = (45, 75, 100, 200, 400, 800), (0.03, 0.06, 0.08, 0.13, 0.25, 0.5, 0.8)
DETECTORS = ("cascade", "i2mc", "idt", "ihmm", "engbert_kliegl", "ivt")


def planted(seed: int, readings: int = 16, fixations: int = 60) -> tuple[pd.DataFrame, pd.DataFrame, Viewing]:
    """Fixations of 100 to 700 ms (median 240), saccades of 1 to 15 deg (median 4) as long as human ones, images."""
    rng = np.random.default_rng(seed)
    screen = Design().screen
    angles = screen.viewing()
    scale = min(screen.width_px, screen.height_px) / 1000
    viewing = Viewing(500.0, 500.0, angles.distance_x_px / scale, angles.distance_y_px / scale)
    reach = np.clip(rng.gamma(1.8, 2.7, readings * fixations), 1, 15) * viewing.px_per_deg
    places = np.full((readings * fixations, 2), 500.0)
    for i in range(1, len(places)):
        places[i] = -1
        while not (places[i].min() > 50 and places[i].max() < 950):
            way = rng.uniform(0, 2 * np.pi)
            places[i] = places[i - 1] + min(reach[i], 400) * np.array([np.cos(way), np.sin(way)])
    x, y = places.T
    flights = 21 + 2.2 * viewing.angle(np.roll(x, 1), np.roll(y, 1), x, y)
    lasting = np.clip(rng.lognormal(np.log(240), 0.4, x.size), 100, 700)
    frame = pd.DataFrame({"reading": np.repeat(np.arange(readings), fixations), "duration": lasting, "x": x, "y": y})
    onset = pd.Series(np.cumsum(lasting + flights) - lasting)
    frame.insert(1, "onset", onset - onset.groupby(frame["reading"]).transform("min"))
    images = pd.DataFrame({"reading": range(readings), "width": 1000, "height": 1000})
    return frame, images, viewing


def recorded() -> Iterator[tuple[int, float, pd.DataFrame, np.ndarray, Viewing]]:
    """Lund2013's still images with both coders' labels, thinned, with white noise added."""
    samples, labels, _, viewing = load("img")
    for rate in (30, 60, 120, 250, 500):
        part, truth, _ = thin(samples, labels, rate)
        for noise in (0.0, *NOISE_DEG[1:7]):
            rng = np.random.default_rng(0)
            spread = noise / 2 * viewing.px_per_deg
            noisy = part.assign(**{axis: part[axis] + rng.normal(0, spread, len(part)) for axis in ("x", "y")})
            yield rate, noise, noisy, truth, viewing


def simulated(seed: int, rates: Iterable[int], noises: Iterable[float]) -> Iterator[tuple]:
    """Planted fixations under white noise, with their true labels as one coder's."""
    fixations, images, viewing = planted(seed)
    for rate in rates:
        for noise in noises:
            tracker = Tracker(rms_s2s_deg=noise)
            samples = simulate_samples(fixations, images, rate_hz=rate, tracker=tracker, rng=seed)
            yield rate, noise, samples, samples["event"].to_numpy()[:, None], viewing


def score(samples: pd.DataFrame, truth: np.ndarray, viewing: Viewing, detector: str) -> float:
    """F1 of fixations, mean of the coders; NaN where a detector refuses the rate."""
    try:
        labels = events.detect(samples, viewing, detector=detector).labels
    except ValueError:
        return float("nan")
    tables = [events.event_agreement(samples, labels, coder, classes=["fixation"]) for coder in truth.T]
    return float(np.mean([table["f1"].iloc[0] for table in tables]))


def table(title: str, recordings: Iterator[tuple], names: tuple[str, ...]) -> None:
    """Print one row a recording: each detector's score, what auto takes, and how far it is below the best."""
    print(title)
    print(f"{'Hz':>5}{'added':>7}{'noise':>7}  " + "".join(f"{name[:12]:>13}" for name in names) + "  auto")
    gaps = []
    for rate, noise, samples, truth, viewing in recordings:
        scores = [score(samples, truth, viewing, name) for name in names]
        choice = events.choose_detector(samples, viewing)
        gaps.append(np.nanmax(scores) - scores[names.index(choice.detector)])
        row = "".join(f"{value:>13.2f}" for value in scores)
        best = f"{choice.detector}{'' if choice.fits else ', none fits'}, {gaps[-1]:.2f} below the best"
        print(f"{rate:>5}{noise:>7.2f}{choice.noise_deg:>7.2f}  {row}  {best}", flush=True)
    print(f"auto is {np.mean(gaps):.3f} below the best on average, {max(gaps):.2f} at most")


def main() -> None:
    """Print the table that the rule was chosen by, one that it never saw, and one of real recordings."""
    warnings.simplefilter("ignore")
    table("planted fixations", simulated(1, RATES, NOISE_DEG), DETECTORS)
    table("planted fixations, not used for the rule", simulated(3, UNSEEN_RATES, UNSEEN_NOISE_DEG), DETECTORS)
    if DATA.exists():
        table("Lund2013, still images, noise added", recorded(), DETECTORS)


if __name__ == "__main__":
    main()
