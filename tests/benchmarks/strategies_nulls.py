"""How often are types named where there are none, and found where they lie far apart? One line a kind.

Nulls: those of `tests/strategies/conftest.py` and humps that are no strategies (units mixed in one column, a measure
with two values), lengths that drive the features, values missing by reading. Far: 2 and 3 groups 10 to 30 standard
deviations apart in 8 features, as in the case `groups_far_apart`. In three nulls readers differ, and are given: few
readers with ways of their own (intraclass correlation .6), and 40 whose readings are like the ones before.

Run: python tests/benchmarks/strategies_nulls.py [seeds] [kind ...]
"""

import sys
import time
from pathlib import Path

import numpy as np

from gazeanalytics.strategies import StrategyModel

sys.path.insert(0, str(Path(__file__).parents[1] / "strategies"))
from conftest import frame, plant_none, plant_readers

FIRST, P = 9000, 12
OF_READERS = ("6 readers", "12 readers", "drift")
SETTINGS = {"n_resamples": 19}  # whether types are named doesn't hang on the surrogates
OF_TESTS = ("correlated", "skewed", "heavy tails", "counts", "readers", "continuum", "winding", "sheet")


def humps(kind, seed):
    rng = np.random.default_rng(seed)
    n = 600
    mixing = rng.normal(size=(P, P)) * np.linspace(1.5, 0.3, P)
    values = rng.normal(size=(n, P)) @ np.linalg.cholesky(mixing @ mixing.T / P + 0.2 * np.eye(P)).T
    if kind == "mixed units":
        values[:, 0] = np.exp(values[:, 0] / 2 + 5) / np.where(rng.random(n) < 0.4, 1000, 1)
    elif kind == "two values":
        values[:, 0] = rng.random(n) < 1 / (1 + np.exp(-values[:, 1]))
    elif kind == "length":
        length = rng.lognormal(2.3, 0.5, n)
        values[:, ::2] = rng.poisson(np.outer(length, np.exp(rng.normal(0, 0.4, (P + 1) // 2))))
        values[:, 1::4] = values[:, 1::4] / np.sqrt(length)[:, None]
    elif kind == "missing":
        values[rng.random(values.shape) < np.where(rng.random(n) < 0.3, 0.3, 0.02)[:, None]] = np.nan
    return frame(values)


def far(groups, seed):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(groups, 8)) * rng.uniform(3, 8)
    truth = rng.integers(groups, size=600)
    return frame(centres[truth] + rng.normal(size=(600, 8)) * rng.uniform(0.7, 1.5, 8)), truth


def draw(kind, seed):
    if kind in OF_TESTS:
        return plant_none(kind, seed, n=1000 if seed % 2 else 600, p=P)
    return far(int(kind[0]), seed)[0] if kind.endswith("far") else humps(kind, seed)


def fitted(kind, seed):
    if kind in OF_READERS:
        features, who = plant_readers(kind, seed)
        return StrategyModel.fit(features, readers=who, settings=SETTINGS, rng=seed)
    return StrategyModel.fit(draw(kind, seed), settings=SETTINGS, rng=seed)


KINDS = (*OF_TESTS, *OF_READERS, "mixed units", "two values", "length", "missing", "2 far", "3 far")

if __name__ == "__main__":
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    named = asked = 0
    for kind in sys.argv[2:] or KINDS:
        begin = time.process_time()
        found = [fitted(kind, seed) for seed in range(FIRST, FIRST + seeds)]
        verdicts = [model.verdict for model in found]
        right = sum(model.verdict == "types" and str(len(model.names)) == kind[0] for model in found)
        if not kind.endswith("far"):
            named, asked = named + verdicts.count("types"), asked + seeds
        print(
            f"{kind:12}", *(f"{name} {verdicts.count(name)}" for name in ("none", "continuum", "types")),
            f"right number {right}" if kind.endswith("far") else "",
            f"{(time.process_time() - begin) / seeds:.1f} CPU s a fit", flush=True,
        )  # fmt: skip
    print(f"types named in {named} of {asked} without any")
