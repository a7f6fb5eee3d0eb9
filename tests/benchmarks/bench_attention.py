"""Attention maps beside SciPy and pysaliency, one core, CPU seconds.

    python tests/benchmarks/bench_attention.py

pysaliency's own ROC is timed, imported as `tests/reference/attention_against_pysaliency.py` explains.
"""

import runpy
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from gazeanalytics.gaze.attention import Smoothing, auc_judd, cc, density, kl, nss, sim
from gazeanalytics.geometry import Viewing

SIDE, POINTS, MAPS = 512, 60, 30
REFERENCE = Path(__file__).parents[1] / "reference" / "attention_against_pysaliency.py"
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


def areas(kinds: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> None:
    """Maps a second: ours, and pysaliency with all thresholds (the same number) and with those at fixations."""
    pysaliency = runpy.run_path(str(REFERENCE))["load"]()
    print("AUC, maps a second: ours, pysaliency all thresholds, pysaliency thresholds at fixations (inexact)")
    for name, surface in kinds.items():
        spent = cpu(lambda s=surface: auc_judd(s, x, y))
        line = f"  {name:<9} {1 / spent:8.0f}"
        for judd in (0, 1) if pysaliency else ():
            peer = cpu(lambda s=surface, j=judd: pysaliency.roc.general_roc(s[y, x], s.ravel(), judd=j))
            line += f"  {1 / peer:8.0f} ({peer / spent:.1f} x)"
        print(line)


def main() -> None:
    rng = np.random.default_rng(0)
    places = {"x": rng.uniform(0, SIDE, MAPS * POINTS), "y": rng.uniform(0, SIDE, MAPS * POINTS)}
    fixations = pd.DataFrame({"reading": np.repeat(np.arange(MAPS), POINTS), **places, "duration": 250.0})
    images = pd.DataFrame({"reading": np.arange(MAPS), "width": SIDE, "height": SIDE})
    print(f"density, {SIDE} x {SIDE} cells, {POINTS} fixations, sigma 20 px")
    for edge in ("reflect", "lose", "renormalise"):
        smoothing = Smoothing(edge=edge)
        spent = cpu(lambda s=smoothing: density(fixations, images, viewing=VIEWING, smoothing=s, n_jobs=1)) / MAPS
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
    areas(kinds, x, y)
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
