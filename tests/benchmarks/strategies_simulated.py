"""Are planted strategies found, and are none found where there are none?

Planted: 4,000 readings x 20 features, six unequal anisotropic groups, separations 3 to 6, also under skew, t3 noise and
rounding. None: distributions and correlations only (Gaussian, skewed, heavy-tailed, counts, reader effects), or a
continuum (an arc, a winding curve, a disc). The method was developed on seeds 0 to 119; these are others.

Run: python tests/benchmarks/strategies_simulated.py planted|none [seeds] [kind ...]
"""

import sys
import time
from pathlib import Path

import pandas as pd
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies import StrategyModel

sys.path.insert(0, str(Path(__file__).parents[1] / "strategies"))
from conftest import plant, plant_none

FIRST = 3000
KINDS = ("normal", "skew", "t3", "rounded")
NONE = ("correlated", "skewed", "heavy tails", "counts", "readers", "continuum", "winding", "sheet")


def planted(seeds, kinds):
    rows = []
    for kind in kinds:
        for separation in (3, 4, 5, 6):
            for seed in range(FIRST, FIRST + seeds):
                features, truth = plant(separation, seed, kind=kind)
                start = time.process_time()
                # 19 surrogates can reject at .05; the default 99 would only take longer.
                found = StrategyModel.fit(features, settings={"n_resamples": 19}, rng=seed)
                spent = time.process_time() - start
                labels = found.assign(features)["strategy"].cat.codes
                six = found.verdict == "types" and len(found.names) == 6
                rows.append((kind, separation, adjusted_rand_score(truth, labels), six, spent))
            part = pd.DataFrame(rows[-seeds:], columns=["kind", "separation", "ari", "six", "cpu_s"])
            print(
                f"{kind:8} {separation}: mean ARI {part.ari.mean():.4f} (least {part.ari.min():.3f}), "
                f"six groups in {part.six.mean():.0%}, {part.cpu_s.mean():.1f} CPU s a fit",
                flush=True,
            )


def none(seeds, kinds):
    wrong = 0
    for kind in kinds:
        verdicts = []
        for seed in range(FIRST, FIRST + seeds):
            features = plant_none(kind, seed, n=1000 if seed % 2 else 3000)
            verdicts.append(StrategyModel.fit(features, rng=seed).verdict)
        wrong += verdicts.count("types")
        print(f"{kind:12}", *(f"{name} {verdicts.count(name)}" for name in ("none", "continuum", "types")), flush=True)
    print(f"types named in {wrong} of {seeds * len(kinds)} ({wrong / (seeds * len(kinds)):.1%})")


if __name__ == "__main__":
    which, seeds, *kinds = [*sys.argv[1:], "20" if sys.argv[1] == "planted" else "25"][: max(len(sys.argv) - 1, 2)]
    run, every = (planted, KINDS) if which == "planted" else (none, NONE)
    run(int(seeds), kinds or every)
