"""Draws of readers and cases, and covariances of areas, beside plain NumPy and scikit-learn in the same run.

    python tests/benchmarks/bench_resampling.py

CPU seconds (time.process_time) and ratios. No library at hand draws crossed clusters or does the analysis of several
readers, so the peers are what one would write: a loop over draws with `numpy.average` or scikit-learn's roc_auc_score
with weights, and the jackknife that reckons everything anew for each case.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from gazeanalytics import stats
from gazeanalytics.stats.roc.covariance import covariance

sys.path.insert(0, str(Path(__file__).parents[1]))
from peer_entries.roc import Draws, in_a_loop


def readings(readers=501, cases=50_312, reads=2, seed=0):
    rng = np.random.default_rng(seed)
    case = np.repeat(np.arange(cases), reads)
    table = pd.DataFrame({"case": case, "reader": rng.integers(0, readers, case.size)}).drop_duplicates(
        ignore_index=True
    )
    table["truth"] = (table["case"] % 4 == 0).astype(int)
    table["rating"] = table["truth"] + rng.normal(0, 0.6, cases)[table["case"]] + rng.normal(0, 0.75, len(table))
    return table.assign(right=((table["rating"] > 0.5) == (table["truth"] == 1)).astype(float))


def seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def complete(readers=10, cases=400):
    rng = np.random.default_rng(1)
    test, reader, case = (part.ravel() for part in np.indices((2, readers, cases)))
    rating = case % 2 + rng.normal(0, 1, cases)[case] + rng.normal(0, 1, case.size)
    return pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": case % 2, "rating": rating})


def fitted_anew(rated):
    for _, _, cell in rated.cells():
        for place in range(len(cell.case)):
            left = cell.without(place)
            roc_auc_score(left.truth, left.rating)


def main():
    table, draws = readings(), 100
    small = table.head(2000)
    for statistic in (stats.MeanStatistic("right"), stats.AucStatistic("rating", "truth")):
        stats.cluster_bootstrap(small, statistic, n_resamples=2, rng=0)  # compile
    asked = {
        "mean": (stats.MeanStatistic("right"), lambda t, w: np.average(t["right"], weights=w)),
        "area": (
            stats.AucStatistic("rating", "truth"),
            lambda t, w: roc_auc_score(t["truth"], t["rating"], sample_weight=w),
        ),
    }
    print(f"{len(table):,} readings, {draws} draws of readers and cases")
    for name, (ours, theirs) in asked.items():
        fast = seconds(lambda ours=ours: stats.cluster_bootstrap(table, ours, n_resamples=draws, rng=0))
        slow = seconds(lambda theirs=theirs: in_a_loop(theirs)(Draws(table, draws)))
        print(f"| {name} | {fast:.2f} s | loop {slow:.2f} s | {slow / fast:.1f} x |")
    print(f"| one_shot, all of them | {seconds(lambda: stats.one_shot(stats.RocData.from_frame(table))):.2f} s |")
    rated = stats.RocData.from_frame(complete(), test="test")
    fast = seconds(lambda: covariance(rated, stats.Auc(), "jackknife"))
    slow = seconds(lambda: fitted_anew(rated))
    print(f"| jackknife, 2 tests x 10 readers x 400 cases | {fast:.4f} s | anew {slow:.2f} s | {slow / fast:.0f} x |")


if __name__ == "__main__":
    main()
