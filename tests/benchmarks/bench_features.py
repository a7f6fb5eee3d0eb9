"""Features of 103,592 readings with 63.8 fixations each: CPU time by group, peak memory, growth with length.

Run: python tests/benchmarks/bench_features.py [readings] [--bias]
"""

import resource
import sys
import time

import numpy as np
import pandas as pd

from gazeanalytics import gaze
from gazeanalytics.gaze._points import prepare
from gazeanalytics.gaze.features.ambient_focal import clusters, course
from gazeanalytics.gaze.features.basic import counts, directions, durations, steps
from gazeanalytics.gaze.features.sequence import recurrence, transitions
from gazeanalytics.gaze.features.settings import FeatureSettings
from gazeanalytics.gaze.features.spatial import circling, coverage, extent, spatial_entropy
from gazeanalytics.geometry import Viewing

WIDTH, HEIGHT = 2500, 3000
VIEWING = Viewing.from_px_per_deg(100, WIDTH, HEIGHT)
LUNGS = [("right_lung", 300, 400, 1100, 2300), ("heart", 1000, 1300, 1800, 2300), ("left_lung", 1400, 400, 2200, 2300)]


def synthetic(readings, mean_length, rng):
    """Fixations that cluster about five places of each reading."""
    lengths = np.maximum(rng.poisson(mean_length, readings), 1)
    total = int(lengths.sum())
    reading = np.repeat(np.arange(readings), lengths)
    place = reading * 5 + rng.integers(0, 5, total)
    x = (rng.uniform(0, WIDTH, readings * 5)[place] + 200 * rng.standard_normal(total)).clip(0, WIDTH)
    y = (rng.uniform(0, HEIGHT, readings * 5)[place] + 200 * rng.standard_normal(total)).clip(0, HEIGHT)
    duration = rng.gamma(2, 120, total)
    onset = np.cumsum(duration + 40)
    onset -= np.repeat(onset[np.cumsum(lengths) - lengths], lengths)
    fixations = pd.DataFrame({"reading": reading, "onset": onset, "duration": duration, "x": x, "y": y})
    images = pd.DataFrame(
        {"reading": range(readings), "case": np.arange(readings) // 2, "width": WIDTH, "height": HEIGHT}
    )
    return fixations, images


def regions_of(images):
    cases = images["case"].unique()
    table = pd.DataFrame(LUNGS * len(cases), columns=["region", "x0", "y0", "x1", "y1"])
    return table.assign(case=np.repeat(cases, len(LUNGS)), kind="organ")


def timed(function, *arguments, **named):
    start = time.process_time(), time.perf_counter()
    result = function(*arguments, **named)
    return result, time.process_time() - start[0], time.perf_counter() - start[1]


def split(fixations, images):
    """CPU seconds of each group of measures."""
    chosen = FeatureSettings()
    points, seconds, _ = timed(prepare, fixations, VIEWING, images)
    print(f"  {'angles and steps':<18}{seconds:8.2f} CPU s")
    for group in (durations, steps, directions, extent, coverage, spatial_entropy, circling, clusters, recurrence):
        print(f"  {group.__name__:<18}{timed(group, points, chosen)[1]:8.2f} CPU s")
    print(f"  {'transitions':<18}{timed(transitions, points, chosen)[1]:8.2f} CPU s")
    print(f"  {'counts':<18}{timed(counts, points)[1]:8.2f} CPU s")
    print(f"  {'course':<18}{timed(course, points, chosen, images)[1]:8.2f} CPU s")


def main(readings):
    rng = np.random.default_rng(1)
    fixations, images = synthetic(readings, 63.8, rng)
    few = images[:20]
    gaze.scanpath_features(fixations[fixations["reading"] < 20], VIEWING, few, regions=regions_of(few))
    print(f"{readings:,} readings, {len(fixations):,} fixations")
    made, cpu, wall = timed(gaze.scanpath_features, fixations, VIEWING, images)
    print(f"all {made.shape[1] - 1} measures from fixations: {cpu:.1f} CPU s, {wall:.1f} s wall")
    split(fixations, images)
    regions = regions_of(images)
    visits, cpu, wall = timed(gaze.visits, fixations, regions, images)
    print(f"{len(visits):,} visits to 3 regions a case: {cpu:.1f} CPU s, {wall:.1f} s wall")
    _, cpu, wall = timed(gaze.region_coverage, fixations, regions, VIEWING, images)
    print(f"coverage of 3 regions a case: {cpu:.1f} CPU s, {wall:.1f} s wall")
    made, cpu, wall = timed(gaze.scanpath_features, fixations, VIEWING, images, visits=visits, regions=regions)
    print(f"all {made.shape[1] - 1} measures with regions: {cpu:.1f} CPU s, {wall:.1f} s wall")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    print("growth with length, same number of fixations:")
    for length in (16, 64, 256):
        table, own = synthetic(640_000 // length, length, rng)
        _, cpu, _ = timed(gaze.scanpath_features, table, VIEWING, own)
        print(f"  {length:>4} fixations a reading: {cpu / len(table) * 1e6:6.2f} CPU s per million fixations")


def bias(replicates=300):
    """Mean estimate of transition entropy (bit) on chains whose entropy is known."""
    rng = np.random.default_rng(2)
    print(f"{'chain':<22}{'length':>7}{'plugin':>9}{'mm':>9}{'js':>9}{'shuffled z':>12}")
    for kinds in (8, 16):
        for stay in (1 / kinds, 0.7):
            move = (1 - stay) / (kinds - 1)
            truth = -stay * np.log2(stay) - (1 - stay) * np.log2(move)
            for length in (6, 20, 64, 200, 1000):
                chain = np.empty((replicates, length), np.int64)
                chain[:, 0] = rng.integers(0, kinds, replicates)
                for step in range(1, length):
                    jump = rng.random(replicates) >= stay
                    chain[:, step] = (chain[:, step - 1] + jump * rng.integers(1, kinds, replicates)) % kinds
                table = pd.DataFrame({"reading": np.repeat(range(replicates), length), "region": chain.ravel()})
                found = [
                    gaze.order_test(table, estimator=name, n_permutations=50, rng=rng)
                    for name in ("plugin", "mm", "js")
                ]
                means = "".join(f"{one['entropy_bits'].mean():9.3f}" for one in found)
                print(f"{kinds:>2} places, {truth:.3f} bit   {length:>7}{means}{found[0]['z'].mean():12.2f}")


if __name__ == "__main__":
    if "--bias" in sys.argv:
        bias()
    else:
        main(int(next((word for word in sys.argv[1:] if word.isdigit()), "103592")))
