"""Map measures against the true pysaliency 0.2.22, Mann-Whitney and SciPy; prints how far apart they are.

    pip install --no-deps pysaliency==0.2.22 boltons diskcache natsort piexif schema
    python tests/reference/attention_against_pysaliency.py

pysaliency calls `np.trapz`, which NumPy 2.4 no longer has, and wants torch to be imported though no measure here uses
it: both are put in its way in this process alone, an alias of `np.trapezoid` and an empty module.
"""

import importlib.machinery
import sys
import types
from collections.abc import Callable

import numpy as np
from scipy.stats import mannwhitneyu, wasserstein_distance_nd

from gazeanalytics.gaze.attention import auc_judd, auc_shuffled, cc, emd, information_gain, kl, nss, sim

ROWS, COLUMNS, POINTS = 384, 512, 60
EPS = 2.2204e-16


def load() -> types.ModuleType | None:
    """pysaliency, or None where it is not installed."""
    if not hasattr(np, "trapz"):
        setattr(np, "trapz", np.trapezoid)  # noqa: B010 - the name is one that linters forbid.
    empty = types.ModuleType("torch")
    empty.__spec__ = importlib.machinery.ModuleSpec("torch", None)
    sys.modules.setdefault("torch", empty)
    try:
        import pysaliency
    except ImportError as missing:
        print(f"pysaliency can't be imported ({missing}): nothing was compared with it")
        return None
    return pysaliency


def surfaces() -> dict[str, np.ndarray]:
    """Maps whose values lie differently: all distinct, whole numbers, mostly 0, all the same."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    centres = rng.uniform(0, (ROWS, COLUMNS), (POINTS, 2))
    smooth = sum(np.exp(-((rows - a) ** 2 + (columns - b) ** 2) / 800) for a, b in centres)
    smooth /= smooth.max()
    return {
        "smooth": smooth,
        "8-bit": np.floor(smooth * 255),
        "sparse": np.where(smooth > np.quantile(smooth, 0.85), smooth, 0.0),
        "constant": np.ones_like(smooth),
    }


def points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places on two images, with one of them looked at twice: x, y, number of the image."""
    x, y = np.random.default_rng(1).integers(0, (COLUMNS, ROWS), (2 * POINTS, 2)).T
    x[1], y[1] = x[0], y[0]
    return x, y, np.repeat([0, 1], POINTS)


def mann_whitney(values: np.ndarray, pool: np.ndarray) -> float:
    return mannwhitneyu(values, pool, method="asymptotic").statistic / (len(values) * len(pool))


def model(pysaliency: types.ModuleType, surface: np.ndarray) -> object:
    class One(pysaliency.SaliencyMapModel):
        def _saliency_map(self, stimulus: np.ndarray) -> np.ndarray:
            return surface.copy()

    return One()


def areas(pysaliency: types.ModuleType, surface: np.ndarray) -> dict[str, tuple[float, float]]:
    """Each area under the ROC curve: ours, with the choices that make it pysaliency's, and pysaliency's."""
    x, y, image = points()
    stimuli = pysaliency.Stimuli([np.zeros((ROWS, COLUMNS, 3), np.uint8), np.ones((ROWS, COLUMNS, 3), np.uint8)])
    every = pysaliency.Fixations.create_without_history(x.astype(float), y.astype(float), image)
    first = every[every.n == 0]
    own, others = (x[image == 0], y[image == 0]), (x[image == 1], y[image == 1])
    their = model(pysaliency, surface)
    # Its jitter comes from NumPy's legacy generator, whose numbers are repeated here.
    jittered = surface + np.random.RandomState(42).randn(*surface.shape) * 1e-7
    judd = {"negatives": "unfixated", "sweep": "points"}
    return {
        "AUC": (auc_judd(surface, *own), their.AUC(stimuli, first)),
        "AUC at points": (auc_judd(surface, *own, sweep="points"), their.AUC(stimuli, first, thresholds="fixations")),
        "AUC, unfixated": (
            auc_judd(surface, *own, negatives="unfixated"),
            their.AUC(stimuli, first, nonfixations="unfixated"),
        ),
        "AUC_Judd": (auc_judd(surface, *own, **judd), their.AUC_Judd(stimuli, first, jitter=False)),
        "AUC_Judd, jitter": (auc_judd(jittered, *own, **judd), their.AUC_Judd(stimuli, first)),
        "sAUC": (
            auc_shuffled(surface, *own, others),
            their.AUC_per_image(stimuli, every, nonfixations="shuffled")[0],
        ),
    }


def densities(pysaliency: types.ModuleType, surface: np.ndarray, other: np.ndarray) -> dict[str, tuple[float, float]]:
    """Each other measure: ours and pysaliency's."""
    from pysaliency import metrics

    x, y, image = points()
    own = x[image == 0], y[image == 0]
    logs = [np.log(metrics.convert_saliency_map_to_density(each, minimum_value=1e-20)) for each in (surface, other)]
    gain = (logs[0] - logs[1])[own[1], own[0]].mean() / np.log(2)
    floored = [each + 1e-20 for each in (surface, other)]
    return {
        "NSS": (nss(surface, *own), metrics.NSS(surface, *own).mean()),
        "CC": (cc(surface, other), metrics.CC(surface, other)),
        "SIM": (sim(surface, other), metrics.SIM(surface, other)),
        "KL, floor 1e-20": (
            kl(surface, other, eps=1e-20, form="floor"),
            metrics.image_based_kl_divergence(surface, other),
        ),
        "KL, MIT": (kl(surface, other, eps=EPS), metrics.MIT_KLDiv(surface, other)),
        "IG": (information_gain(*floored, *own), gain),
    }


def beside(rows: dict[str, tuple[float, float]], what: str) -> None:
    for name, (ours, theirs) in rows.items():
        print(f"  {name:<17} {what:<9} ours {ours:9.6f}  pysaliency {theirs:9.6f}  apart {abs(ours - theirs):.1e}")


def exact(what: str, surface: np.ndarray) -> None:
    x, y, image = points()
    own = x[image == 0], y[image == 0]
    values = surface[own[1], own[0]]
    rest = np.delete(surface.ravel(), np.unique(own[1] * COLUMNS + own[0]))
    all_cells = abs(auc_judd(surface, *own) - mann_whitney(values, surface.ravel()))
    unfixated = abs(auc_judd(surface, *own, negatives="unfixated") - mann_whitney(values, rest))
    print(f"  {what:<9} all cells {all_cells:.1e}, cells without a point {unfixated:.1e}")


def moved(measure: Callable[..., float]) -> None:
    rng = np.random.default_rng(2)
    one, two = rng.random((2, 6, 8))
    cells = np.indices((6, 8)).reshape(2, -1).T
    theirs = wasserstein_distance_nd(cells, cells, one.ravel(), two.ravel())
    print(f"EMD: difference from SciPy's {abs(measure(one, two, cells=(6, 8)) - theirs):.1e}")


def main() -> None:
    maps = surfaces()
    print("AUC: difference from Mann-Whitney")
    for what, surface in maps.items():
        exact(what, surface)
    moved(emd)
    pysaliency = load()
    if pysaliency is None:
        return
    print("pysaliency, with np.trapz and an empty torch put in its way")
    for what, surface in maps.items():
        beside(areas(pysaliency, surface), what)
    for what, surface in maps.items():
        beside(densities(pysaliency, surface, np.roll(maps["smooth"], 90, axis=1)), what)
    print(
        "named differences: a constant second map has CC 0 here, NaN there; a map with cells below 0 is refused by "
        "SIM, KL and IG here, there the least value is subtracted"
    )


if __name__ == "__main__":
    main()
