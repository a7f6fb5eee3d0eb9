"""Numbers of pysaliency 0.2.22 that test_attention_against_pysaliency.py holds ours against, and how they were made.

    pip install --no-deps pysaliency==0.2.22 boltons deprecation dill diskcache imageio natsort piexif schema
    python tests/gaze/pysaliency_reference.py    # writes pysaliency.csv

pysaliency pins versions that don't go with ours, so its numbers are kept in a file and it isn't needed to test.
"""

import csv
import sys
import types
from pathlib import Path

import numpy as np

ROWS, COLUMNS, POINTS = 384, 512, 60
FILE = Path(__file__).with_name("pysaliency.csv")
KINDS = ("smooth", "8-bit", "sparse", "constant")


def surfaces() -> dict[str, np.ndarray]:
    """Maps whose values lie differently: all distinct, whole numbers, mostly 0, all the same."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    centres = rng.uniform(0, (ROWS, COLUMNS), (POINTS, 2))
    smooth = sum(np.exp(-((rows - a) ** 2 + (columns - b) ** 2) / 800) for a, b in centres)
    smooth /= smooth.max()
    found = (
        smooth,
        np.floor(smooth * 255),
        np.where(smooth > np.quantile(smooth, 0.85), smooth, 0.0),
        np.ones_like(smooth),
    )
    return dict(zip(KINDS, found, strict=True))


def points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places on two images, with one of them looked at twice: x, y, number of the image."""
    x, y = np.random.default_rng(1).integers(0, (COLUMNS, ROWS), (2 * POINTS, 2)).T
    x[1], y[1] = x[0], y[0]
    return x, y, np.repeat([0, 1], POINTS)


def model(pysaliency: types.ModuleType, surface: np.ndarray) -> object:
    class One(pysaliency.SaliencyMapModel):
        def _saliency_map(self, stimulus: np.ndarray) -> np.ndarray:
            return surface.copy()

    return One()


def areas(pysaliency: types.ModuleType, surface: np.ndarray) -> dict[str, float]:
    """Each area under the ROC curve."""
    x, y, image = points()
    stimuli = pysaliency.Stimuli([np.zeros((ROWS, COLUMNS, 3), np.uint8), np.ones((ROWS, COLUMNS, 3), np.uint8)])
    every = pysaliency.Fixations.create_without_history(x.astype(float), y.astype(float), image)
    first, their = every[every.n == 0], model(pysaliency, surface)
    return {
        "AUC": their.AUC(stimuli, first),
        "AUC at points": their.AUC(stimuli, first, thresholds="fixations"),
        "AUC, unfixated": their.AUC(stimuli, first, nonfixations="unfixated"),
        "AUC_Judd": their.AUC_Judd(stimuli, first, jitter=False),
        "AUC_Judd, jitter": their.AUC_Judd(stimuli, first),
        "sAUC": their.AUC_per_image(stimuli, every, nonfixations="shuffled")[0],
    }


def densities(pysaliency: types.ModuleType, surface: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Each other measure."""
    metrics = pysaliency.metrics
    x, y, image = points()
    own = x[image == 0], y[image == 0]
    logs = [np.log(metrics.convert_saliency_map_to_density(each, minimum_value=1e-20)) for each in (surface, other)]
    return {
        "NSS": metrics.NSS(surface, *own).mean(),
        "CC": metrics.CC(surface, other),
        "SIM": metrics.SIM(surface, other),
        "KL, floor 1e-20": metrics.image_based_kl_divergence(surface, other),
        "KL, MIT": metrics.MIT_KLDiv(surface, other),
        "IG": (logs[0] - logs[1])[own[1], own[0]].mean() / np.log(2),
    }


def read() -> dict[str, dict[str, float]]:
    """The kept numbers by kind of map and measure."""
    found: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(FILE.read_text("utf-8").splitlines()):
        found.setdefault(row["kind"], {})[row["measure"]] = float(row["value"])
    return found


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from peer_entries.attention import pysaliency

    peer, maps = pysaliency(), surfaces()
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("kind", "measure", "value"))
        for kind, surface in maps.items():
            rows = areas(peer, surface) | densities(peer, surface, np.roll(maps["smooth"], 90, axis=1))
            writer.writerows((kind, name, repr(float(value))) for name, value in rows.items())


if __name__ == "__main__":
    main()
