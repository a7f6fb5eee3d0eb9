"""Are planted kinds of scanpath found, and how well, beside a mixture by BIC, k-means by silhouette, and HDBSCAN?

Kinds differ in amplitude, duration, raster order and a course from ambient to focal. Readings of a kind spread .5, 1.2
or 2.2 times as readers' own habits do (log-SD .15, .35, .65 of amplitude; the other parameters in proportion); three
tenths of that variance are the reader's, who has favourites among kinds. Shares are equal or 60/25/10/5 (two kinds:
75/25); n = 400 and 1,600 readings of 50 readers; what is searched are the recommended features of `scanpath_features`.
All methods get the same scaled features. An answer without types counts as one group: adjusted Rand index 0.

Seeds 5000 to 5002 were looked at while the search was written: they say nothing of it.

Run: python tests/benchmarks/strategies_planted.py [draws] [first seed]
"""

import sys
import time
import warnings
from itertools import product

import numpy as np
import pandas as pd
from hdbscan import HDBSCAN
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from gazeanalytics.gaze import STRATEGY_FEATURES, scanpath_features
from gazeanalytics.geometry import Viewing
from gazeanalytics.strategies import Scaling, StrategyModel

READERS, WIDTH, PX_PER_DEG = 50, 1000.0, 40.0
# Of each kind: amplitude (deg), duration (ms), probability of a raster step (logit), fall of log amplitude on the way.
TWO = np.array([[7.0, 190.0, -3.0, 1.5], [2.0, 380.0, 1.0, 0.0]])
FOUR = np.array([[8.0, 200.0, -3.0, 0.0], [2.0, 380.0, -3.0, 0.0], [4.0, 270.0, 2.0, 0.0], [4.0, 270.0, -3.0, 3.0]])
# Readers' own spread of log amplitude, log duration, logit and fall.
OWN = np.array([0.295, 0.22, 0.6, 0.35])
OF_THE_READER = 0.3
SHARES = {(2, "equal"): [0.5, 0.5], (2, "unequal"): [0.75, 0.25], (4, "equal"): [0.25] * 4,
          (4, "unequal"): [0.60, 0.25, 0.10, 0.05]}  # fmt: skip


def planted_scanpaths(kinds, spread, shares, n, seed):
    """Features of n readings, who read, and the kind of each."""
    rng = np.random.default_rng(seed)
    who = np.arange(n) % READERS
    likes = rng.dirichlet(4 * np.array(SHARES[kinds, shares]), size=READERS)
    # Favourites scatter about the shares; these are then drawn until both kinds or all four occur as planted.
    likes *= np.array(SHARES[kinds, shares]) / likes.mean(axis=0)
    kind = np.array([rng.choice(kinds, p=likes[reader] / likes[reader].sum()) for reader in who])
    centre = (TWO if kinds == 2 else FOUR)[kind]
    centre = np.column_stack([np.log(centre[:, :2]), centre[:, 2:]])
    own, each = rng.normal(size=(READERS, 4))[who], rng.normal(size=(n, 4))
    ways = centre + spread * OWN * (np.sqrt(OF_THE_READER) * own + np.sqrt(1 - OF_THE_READER) * each)
    lengths = np.clip(rng.lognormal(3.3, 0.3, n), 8, 80).astype(int)
    paths = pd.concat([_scanpath(number, way, rng) for number, way in zip(lengths, ways, strict=True)])
    paths.insert(0, "reading", np.repeat(np.arange(n), lengths))
    images = pd.DataFrame({"reading": np.arange(n), "case": 0, "width": WIDTH, "height": WIDTH})
    viewing = Viewing.from_px_per_deg(PX_PER_DEG, int(WIDTH), int(WIDTH))
    measured = scanpath_features(paths.reset_index(drop=True), viewing, images)
    return measured[["reading", *(name for name in STRATEGY_FEATURES if name in measured)]], who, kind


def _scanpath(number, way, rng):
    """One reading: raster steps along rows, to and fro, and steps in any direction, folded at the edges."""
    log_amplitude, log_duration, logit, fall = way
    course = 0.5 - np.arange(number) / max(number - 1, 1)
    steps = np.exp(log_amplitude + fall * course + 0.45 * rng.normal(size=number)) * PX_PER_DEG
    durations = np.exp(log_duration - 0.4 * fall * course + 0.35 * rng.normal(size=number))
    raster, turns = rng.random(number) < 1 / (1 + np.exp(-logit)), rng.uniform(0, 2 * np.pi, number)
    place = np.empty((number, 2))
    way_on = 1.0
    place[0] = rng.normal(WIDTH / 2, WIDTH / 10, 2)
    for step in range(1, number):
        if raster[step]:
            x, y = place[step - 1] + [way_on * steps[step], rng.normal(0, 10)]
            if not 0 < x < WIDTH:
                x, y, way_on = place[step - 1, 0], y + steps[step], -way_on
            place[step] = x, y
        else:
            place[step] = place[step - 1] + steps[step] * np.array([np.cos(turns[step]), np.sin(turns[step])])
        place[step] = np.abs(np.mod(place[step] + WIDTH, 2 * WIDTH) - WIDTH)
    onset = np.cumsum(durations) - durations + 40.0 * np.arange(number)
    return pd.DataFrame({"onset": onset, "duration": durations, "x": place[:, 0], "y": place[:, 1]})


def of_mixture(points, seed):
    fits = [GaussianMixture(k, n_init=3, random_state=seed).fit(points) for k in range(1, 9)]
    return min(fits, key=lambda fit: fit.bic(points)).predict(points)


def of_kmeans(points, seed):
    fits = [KMeans(k, n_init=10, random_state=seed).fit_predict(points) for k in range(2, 9)]
    return max(fits, key=lambda labels: silhouette_score(points, labels, sample_size=1000, random_state=seed))


def of_hdbscan(points, seed):
    return HDBSCAN(min_cluster_size=max(len(points) // 40, 5)).fit_predict(points)


def ours(features, who, seed):
    found = StrategyModel.fit(features, readers=who, rng=seed)
    return found.assign(features)["strategy"].cat.codes.to_numpy() if found.verdict == "types" else np.zeros(len(who))


PEERS = {"mixture": of_mixture, "k-means": of_kmeans, "hdbscan": of_hdbscan}

if __name__ == "__main__":
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
    warnings.simplefilter("ignore")
    print("kinds shares spread n: right number and mean ARI of", "ours", *PEERS)
    for kinds, shares, spread, n in product((2, 4), ("equal", "unequal"), (0.5, 1.2, 2.2), (400, 1600)):
        rows, spent = [], 0.0
        for seed in range(first, first + draws):
            features, who, truth = planted_scanpaths(kinds, spread, shares, n, seed)
            points = Scaling.fit(features).apply(features)[0]
            start = time.process_time()
            answers = [ours(features, who, seed)]
            spent += time.process_time() - start
            answers += [peer(points, seed) for peer in PEERS.values()]
            rows += [[(len(set(labels) - {-1}) == kinds, adjusted_rand_score(truth, labels)) for labels in answers]]
        right, ari = np.array(rows).mean(axis=0).T
        best = ari[1:].max()
        print(f"{kinds} {shares:8} {spread} {n:5}:", *(f"{r:4.0%} {a:.2f} |" for r, a in zip(right, ari, strict=True)),
              "below" if ari[0] < best - 0.02 else "", "few" if spread < 2 and right[0] < 0.8 else "",
              f"{spent / draws:.1f} CPU s a fit", flush=True)  # fmt: skip
