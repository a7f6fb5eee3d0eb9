"""CPU seconds of hidden Markov models: a study of 60 x 60 readings, the toolbox's demonstration data.

Run: python tests/benchmarks/bench_emhmm.py [SHARED/data]   (bench_peers.py has hmmlearn)
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import loadmat
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies import HMMClustering, ReaderHMMs
from gazeanalytics.strategies.markov import HMMBank, HMMClusteringSettings, HMMSettings, toolbox_settings
from gazeanalytics.strategies.markov.sequences import pack


def study(readers=60, cases=60, fixations=30, seed=0):
    """Readers of two kinds who go among three places in their own ways."""
    rng = np.random.default_rng(seed)
    places, rows = np.array([[200.0, 200.0], [600.0, 250.0], [400.0, 600.0]]), readers * cases * fixations
    moves = rng.dirichlet(np.ones(3), size=(2, 3))
    state = rng.integers(3, size=readers * cases)
    states = np.empty((readers * cases, fixations), int)
    kind = (np.arange(readers * cases) // cases) % 2
    for step in range(fixations):
        states[:, step] = state
        state = (rng.random((len(state), 1)) > moves[kind, state].cumsum(axis=1)).sum(axis=1)
    table = pd.DataFrame(places[states.ravel()] + 60 * rng.standard_normal((rows, 2)), columns=["x", "y"])
    table.insert(0, "reading", np.repeat(np.arange(readers * cases), fixations))
    table.insert(1, "onset", np.tile(250.0 * np.arange(fixations), readers * cases))
    readings = pd.DataFrame({"reading": np.arange(readers * cases)})
    return table, readings.assign(reader=readings["reading"] // cases, case=readings["reading"] % cases), kind[::cases]


def clock(what, work, warm=True):
    """Print CPU and wall seconds of the second run (the first compiles), and return what came."""
    if warm:
        work()
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    print(f"{what}: {time.process_time() - cpu:.2f} CPU s, {time.perf_counter() - wall:.2f} s on the clock")
    return result


def demonstration(folder):
    rows, table = [], []
    for reader, sequences in enumerate(loadmat(folder / "jov_data.mat", squeeze_me=True)["data"]):
        for case, places in enumerate(sequences):
            rows += [(len(table), float(step), x, y) for step, (x, y) in enumerate(np.atleast_2d(places))]
            table.append((len(table), reader, case))
    fixations = pd.DataFrame(rows, columns=["reading", "onset", "x", "y"])
    readings = pd.DataFrame(table, columns=["reading", "reader", "case"])
    reference = loadmat(folder / "octave_reference.mat", squeeze_me=True, struct_as_record=False)["g"]
    settings = replace(
        toolbox_settings(width_px=320, height_px=420),
        start_weight=1,
        move_weight=1,
        degrees=10,
        n_states=(2, 3),
        sd=(10, 10),
    )
    hmms = clock(
        "demonstration, 32 readers, 50 starts x 2 sizes",
        lambda: ReaderHMMs.fit(fixations, readings, settings=settings, rng=1),
    )
    print("toolbox in Octave, 8 starts and 8 trials: 151 + 86 CPU s")
    clock(
        "demonstration, 2 groups, 50 trials",
        lambda: HMMClustering.fit(hmms, settings=HMMClusteringSettings(n_states=3), rng=0),
    )
    own = pd.factorize(pd.Series(reference.label), sort=True)[0]
    paths = pack(fixations, readings, by=("reader", "case"), columns=("x", "y"))
    theirs = toolbox_score(reference.hmms, own, paths)
    print(f"log-likelihood of the readings under their readers' groups: toolbox {theirs:.1f}")
    print(f"toolbox, length 10: log-likelihood {reference.LogL:.2f}")
    for length in (2, 3, 10):
        partitions = []
        for seed in range(10):
            groups = HMMClustering.fit(hmms, settings=HMMClusteringSettings(n_states=3, length=length), rng=seed)
            own = groups.members["group"].cat.codes.to_numpy()
            partitions.append(own)
            data = groups.score(paths)[np.arange(len(paths.readings)), own[paths.readings["reader"]]].sum()
            print(
                f"  length {length}, seed {seed}: ARI {adjusted_rand_score(reference.label, own):.2f}, "
                f"log-likelihood {groups.log_likelihood:.2f}, of the readings {data:.1f}"
            )
        pairs = [adjusted_rand_score(a, b) for at, a in enumerate(partitions) for b in partitions[at + 1 :]]
        print(f"  length {length}: ARI among seeds, median {np.median(pairs):.2f}, least {min(pairs):.2f}")


def toolbox_score(models, own, paths):
    """Log-likelihood of all readings under the toolbox's group models of their readers."""
    pdfs = [
        [(pdf.mean, np.diag(pdf.cov) if np.ndim(pdf.cov) == 1 else pdf.cov) for pdf in model.pdf] for model in models
    ]
    means, covariances = (np.array([[pair[part] for pair in pdf] for pdf in pdfs], float) for part in (0, 1))
    start, move = np.array([model.prior for model in models]), np.array([model.trans for model in models])
    bank = HMMBank(np.array([len(prior) for prior in start]), start, move, means, covariances)
    rows = own[paths.readings["reader"].to_numpy()][:, None].astype(np.int64)
    return bank.scores(paths, rows).sum()


fixations, readings, kind = study()
models = clock("60 readers x 60 cases x 30 fixations, a model a reader, 1-4 states, 50 starts",
               lambda: ReaderHMMs.fit(fixations, readings, rng=1), warm=False)  # fmt: skip
print("states:", np.bincount(models.bank.sizes).tolist())
groups = clock("  2 groups", lambda: HMMClustering.fit(models, rng=1))
print("  ARI with the planted groups:", adjusted_rand_score(kind, groups.members["group"].cat.codes))
small = {"by": ("reader", "case"), "settings": HMMSettings(n_states=(2, 3)), "rng": 1}
both = clock("a model a reader and case (3,600)", lambda: ReaderHMMs.fit(fixations, readings, **small), warm=False)
groups = clock(
    "  2 groups over 60 cases", lambda: HMMClustering.fit(both, settings={"n_starts": 10}, rng=1), warm=False
)
print("  ARI with the planted groups:", adjusted_rand_score(kind, groups.members["group"].cat.codes))
if len(sys.argv) > 1:
    demonstration(Path(sys.argv[1]) / "emhmm_jov")
