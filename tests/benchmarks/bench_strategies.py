"""CPU seconds of a fit on 103,592 readings x 20 features and of 20 resamples, beside HDBSCAN on five components.

Run: python tests/benchmarks/bench_strategies.py [resamples]
"""

import resource
import sys
import time

import numpy as np
import pandas as pd
from hdbscan import HDBSCAN
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies import StrategyModel

READINGS, FEATURES, READERS = 103_592, 20, 501
rng = np.random.default_rng(0)
truth = rng.choice(6, size=READINGS, p=[0.30, 0.24, 0.18, 0.13, 0.09, 0.06])
centres = rng.normal(size=(6, FEATURES))
values = 6 * (centres / np.linalg.norm(centres, axis=1, keepdims=True))[truth] + rng.normal(size=(READINGS, FEATURES))
features = pd.DataFrame(values, columns=[f"feature_{column:02}" for column in range(FEATURES)])
features.insert(0, "reading", np.arange(READINGS))
n_resamples = int(sys.argv[1]) if len(sys.argv) > 1 else 20


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


start = time.process_time()
found = StrategyModel.fit(features, rng=1)
ours = time.process_time() - start
labels = found.assign(features)["strategy"].cat.codes
print(f"strategies: {ours:.1f} CPU s, ARI {adjusted_rand_score(truth, labels):.4f}, peak {peak():.0f} MB", flush=True)

start = time.process_time()
table = found.stability(features, readers=np.arange(READINGS) % READERS, n_resamples=n_resamples, rng=1)
spent = time.process_time() - start
words = f"median ARI {table['ari'].median():.4f}, strategies {sorted(set(table['strategies']))}"
print(f"{n_resamples} resamples of readers: {spent:.1f} CPU s on one core, {words}, peak {peak():.0f} MB", flush=True)

start = time.process_time()
few = PCA(5, random_state=0).fit_transform(values)
peer = HDBSCAN(min_cluster_size=READINGS // 100, min_samples=10, approx_min_span_tree=False, core_dist_n_jobs=1).fit(
    few
)
theirs = time.process_time() - start
print(f"hdbscan:    {theirs:.1f} CPU s, ARI {adjusted_rand_score(truth, peer.labels_):.4f}, ratio {theirs / ours:.1f}")
