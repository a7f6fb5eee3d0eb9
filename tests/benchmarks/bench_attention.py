"""Attention maps beside SciPy and pysaliency, one core, CPU seconds.

    python tests/benchmarks/bench_attention.py

pysaliency 0.2.22 does not import on a current stack (torch, pkg_resources, np.trapz); its ROC is retold from its text.
"""

import time
from collections.abc import Callable

import numba
import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from gazeanalytics.gaze.attention import Smoothing, auc_judd, cc, density, kl, nss, sim
from gazeanalytics.geometry import Viewing

SIDE, POINTS, MAPS = 512, 60, 30
VIEWING = Viewing.from_px_per_deg(20, SIDE, SIDE)


def cpu(call: Callable[[], object], repeats: int = 5) -> float:
    """Least CPU time of a few runs after one that compiles and warms up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


@numba.njit
def sweep(levels: np.ndarray, positives: np.ndarray, negatives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates at descending thresholds over sorted values, as pysaliency's compiled loop."""
    alarms, hits = np.zeros(len(levels) + 1), np.zeros(len(levels) + 1)
    hit = alarm = 0
    for i in range(len(levels)):
        while hit < len(positives) and positives[hit] >= levels[i]:
            hit += 1
        while alarm < len(negatives) and negatives[alarm] >= levels[i]:
            alarm += 1
        alarms[i + 1], hits[i + 1] = alarm / len(negatives), hit / len(positives)
    return alarms, hits


def peer_auc(surface: np.ndarray, x: np.ndarray, y: np.ndarray, thresholds: str) -> float:
    positives, negatives = np.sort(surface[y, x])[::-1], np.sort(surface.ravel())[::-1]
    if thresholds == "all":
        levels = np.sort(np.hstack([positives, negatives]))[::-1]
    else:
        ends = max(positives[0], negatives[0]) + 1, min(positives[-1], negatives[-1])
        levels = np.sort(np.hstack([positives, ends]))[::-1]
    alarms, hits = sweep(levels, positives, negatives)
    return np.trapezoid(hits, alarms)


def main() -> None:
    rng = np.random.default_rng(0)
    places = {"x": rng.uniform(0, SIDE, MAPS * POINTS), "y": rng.uniform(0, SIDE, MAPS * POINTS)}
    fixations = pd.DataFrame({"reading": np.repeat(np.arange(MAPS), POINTS), **places, "duration": 250.0})
    images = pd.DataFrame({"reading": np.arange(MAPS), "width": SIDE, "height": SIDE})
    print(f"density, {SIDE} x {SIDE} cells, {POINTS} fixations, sigma 20 px")
    for edge in ("reflect", "lose", "renormalise"):
        smoothing = Smoothing(edge=edge)
        spent = cpu(lambda s=smoothing: density(fixations, images, viewing=VIEWING, smoothing=s, threads=1)) / MAPS
        print(f"  {edge:<12} {1e3 * spent:6.2f} ms")
    maps = density(fixations, images, viewing=VIEWING)
    binary = np.zeros((SIDE, SIDE))
    np.add.at(binary, (fixations["y"][:POINTS].astype(int), fixations["x"][:POINTS].astype(int)), 1.0)
    print(f"  scipy.ndimage.gaussian_filter {1e3 * cpu(lambda: gaussian_filter(binary, 20)):.2f} ms")
    x, y = rng.integers(0, SIDE, (2, POINTS))
    smooth = maps[0] / maps[0].max()
    kinds = {
        "smooth": smooth,
        "8-bit": np.floor(smooth * 255),
        "sparse": np.where(smooth > np.quantile(smooth, 0.85), smooth, 0),
        "constant": np.ones_like(smooth),
    }
    print("AUC, maps a second: ours, pysaliency all thresholds, pysaliency thresholds at fixations")
    for name, surface in kinds.items():
        spent = cpu(lambda s=surface: auc_judd(s, x, y))
        peers = [cpu(lambda s=surface, t=t: peer_auc(s, x, y, t)) for t in ("all", "fixations")]
        rates = "  ".join(f"{1 / peer:8.0f} ({peer / spent:.1f} x)" for peer in peers)
        print(f"  {name:<9} {1 / spent:8.0f}  {rates}")
    other = maps[1]
    for name, call in {
        "NSS": lambda: nss(smooth, x, y),
        "CC": lambda: cc(smooth, other),
        "SIM": lambda: sim(smooth, other),
        "KL": lambda: kl(smooth, other, eps=2.2204e-16),
    }.items():
        print(f"{name:<4} {1 / cpu(call):8.0f} maps a second")


if __name__ == "__main__":
    main()
