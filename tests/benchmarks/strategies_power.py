"""Power map: what types must be like to be named, by separation, readers, readings a reader and share switched.

Two equally frequent ways of looking differ in all of 13 features (a random direction), `separation` standard deviations
apart within readings (Mahalanobis); readers have ways of their own (a third of the variance within a type). Each reader
has a favourite and leaves it in a share of the readings. Named: verdict "types", two of them, adjusted Rand index over
.5.

Run: python tests/benchmarks/strategies_power.py [draws]
"""

import sys
from itertools import product

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies import StrategyModel

FEATURES, OF_THE_READER = 13, 1 / 3
SEPARATIONS, READERS, EACH, SWITCHED = (3.0, 4.0, 5.0, 6.0), (12, 50), (10, 40), (0.1, 0.4)


def drawn(separation, readers, each, switched, seed):
    """Features, who read, and the type of each reading."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(readers), each)
    favourite = rng.permutation(readers) % 2
    kind = np.where(rng.random(len(who)) < switched, 1 - favourite[who], favourite[who])
    direction = rng.normal(size=FEATURES)
    own, noise = rng.normal(size=(readers, FEATURES))[who], rng.normal(size=(len(who), FEATURES))
    values = np.sqrt(OF_THE_READER) * own + np.sqrt(1 - OF_THE_READER) * noise
    values += separation * np.outer(kind, direction / np.linalg.norm(direction))
    features = pd.DataFrame(values, columns=[f"feature_{column:02}" for column in range(FEATURES)])
    return features.assign(reading=np.arange(len(who))), who, kind


def named(*cell, seed):
    features, who, kind = drawn(*cell, seed)
    found = StrategyModel.fit(features, readers=who, settings={"n_resamples": 1}, rng=seed)
    labels = found.assign(features)["strategy"].cat.codes
    return found.verdict == "types" and len(found.names) == 2 and adjusted_rand_score(kind, labels) > 0.5


if __name__ == "__main__":
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print("readers,readings_a_reader,switched," + ",".join(f"separation_{separation:g}" for separation in SEPARATIONS))
    for readers, each, switched in product(READERS, EACH, SWITCHED):
        shares = [
            np.mean([named(separation, readers, each, switched, seed=seed) for seed in range(draws)])
            for separation in SEPARATIONS
        ]
        print(readers, each, switched, *(f"{share:.2f}" for share in shares), sep=",", flush=True)
