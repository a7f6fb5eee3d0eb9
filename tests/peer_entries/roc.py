"""ROC analysis and resampling beside scikit-learn, SciPy, MLstatkit and loops over draws."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer
from scipy import stats as scipy_stats
from sklearn import metrics

from gazeanalytics import stats
from gazeanalytics.stats.resampling.clusters import draw, plan
from gazeanalytics.stats.roc import RocData

CHUNK = 8  # ours draws readers and cases of so many draws in turn


def rated(cases: int, seed: int, readers: int = 4) -> pd.DataFrame:
    """Two tests, every reader reads every case under both; ratings in tenths, so that many are tied."""
    rng = np.random.default_rng(seed)
    test, reader, case = (part.ravel() for part in np.indices((2, readers, cases)))
    rating = case % 2 + rng.normal(0, 1, cases)[case] + rng.normal(0, 1, case.size) + 0.3 * test * (case % 2)
    return pd.DataFrame({"test": test, "reader": reader, "case": case, "truth": case % 2, "rating": rating.round(1)})


def one_reader(cases: int, seed: int) -> pd.DataFrame:
    return rated(cases, seed, readers=1)


def data(table: pd.DataFrame) -> RocData:
    return RocData.from_frame(table, test="test")


def by_reader(table: pd.DataFrame, call) -> np.ndarray:
    found = [call(part["truth"], part["rating"]) for _, part in table.groupby(["test", "reader"])]
    return np.array(found).reshape(2, -1)


def our_areas(**choices):
    return lambda table: (
        stats.mrmc(
            data(table), figure_of_merit=stats.Auc(**choices), covariance="delong" if not choices else "jackknife"
        ).figures_of_merit
    )


def left_part(truth: pd.Series, rating: pd.Series) -> float:
    """Area over specificities of .8 and above, taken out of scikit-learn's standardised area (McClish 1989)."""
    standard = metrics.roc_auc_score(truth, rating, max_fpr=0.2)
    least, most = 0.2**2 / 2, 0.2
    return least + (2 * standard - 1) * (most - least)


def our_delong(table: pd.DataFrame) -> list[float]:
    """Variance of the difference of two areas, one reader."""
    covariance = stats.mrmc(data(table), covariance="delong", fixed="readers").covariance
    return [covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]]


def wide(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    one, two = (table[table["test"] == test].sort_values("case") for test in (0, 1))
    return one["truth"].to_numpy(), one["rating"].to_numpy(), two["rating"].to_numpy()


def mlstatkit(table: pd.DataFrame) -> list[float]:
    from MLstatkit import Delong_test

    truth, one, two = wide(table)
    z = Delong_test(truth, one, two)[0]
    return [((metrics.roc_auc_score(truth, one) - metrics.roc_auc_score(truth, two)) / z) ** 2]


def by_placements(table: pd.DataFrame) -> list[float]:
    """DeLong, DeLong & Clarke-Pearson's (1988) structural components, pair by pair."""
    truth, *ratings = wide(table)
    placed = []
    for rating in ratings:
        above = rating[truth == 1][:, None] - rating[truth == 0][None]
        placed.append((above > 0) + 0.5 * (above == 0))
    apart = placed[0] - placed[1]
    there, absent = apart.mean(axis=1), apart.mean(axis=0)
    return [there.var(ddof=1) / len(there) + absent.var(ddof=1) / len(absent)]


def our_curve(table: pd.DataFrame) -> np.ndarray:
    found = stats.roc_curves(data(table), n_resamples=0)
    return found.sort_values(["curve", "false_positive_share"], kind="stable")["true_positive_share"].to_numpy(float)


def their_curve(table: pd.DataFrame) -> np.ndarray:
    """scikit-learn's points, read where ours is given: straight between them, upper end of an upright part, from 0."""
    curves = stats.roc_curves(data(table), n_resamples=0)
    grid = curves.loc[curves["curve"] == curves["curve"].iloc[0], "false_positive_share"].to_numpy(float)
    parts = []
    for _, part in table.groupby("test"):
        right, up, _ = metrics.roc_curve(part["truth"], part["rating"])
        last = np.append(np.diff(right) > 0, True)
        parts.append(np.append(0.0, np.interp(grid[1:], right[last], up[last])))
    return np.concatenate(parts)


def called(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(call=(table["rating"] > 0.5).astype(int))


def calls(cases: int, seed: int) -> pd.DataFrame:
    return called(rated(cases, seed))


def our_points(table: pd.DataFrame) -> np.ndarray:
    found = stats.operating_points(table, test="test").sort_values(["curve", "reader"])
    return found[["false_positive_share", "true_positive_share"]].to_numpy(float)


def their_points(table: pd.DataFrame) -> list[list[float]]:
    found = []
    for _, part in table.groupby(["test", "reader"]):
        (tn, fp), (fn, tp) = metrics.confusion_matrix(part["truth"], part["call"])
        found.append([fp / (fp + tn), tp / (tp + fn)])
    return found


class Draws(NamedTuple):
    table: pd.DataFrame
    draws: int


def crossed(cases: int, seed: int) -> Draws:
    return Draws(rated(cases, seed).query("test == 0").assign(right=lambda t: (t["rating"] > 0.5) * 1.0), 60)


def our_draws(statistic):
    return lambda d: stats.cluster_bootstrap(d.table, statistic, n_resamples=d.draws, rng=0)["std_error"].to_numpy(
        float
    )


def in_a_loop(statistic):
    """SD over the same draws of readers and cases, a weighted statistic for each."""

    def call(d: Draws) -> list[float]:
        clusters = plan(d.table, ("reader", "case"))
        found = []
        for counts in draw(clusters.sizes, d.draws, np.random.default_rng(0), CHUNK):
            found += [statistic(d.table, weights) for weights in clusters.weights(counts)]
        return [np.std(found, ddof=1)]

    return call


def independent(rows: int, seed: int) -> Draws:
    values = np.random.default_rng(seed).gamma(2, 1, rows)
    return Draws(pd.DataFrame({"reader": np.arange(rows), "seconds": values}), 4_000)


def our_interval(d: Draws) -> np.ndarray:
    found = stats.cluster_bootstrap(d.table, stats.MeanStatistic("seconds"), by="reader", n_resamples=d.draws, rng=0)
    return found[["conf_low", "conf_high", "std_error"]].to_numpy(float)[0]


def scipy_bootstrap(d: Draws) -> list[float]:
    found = scipy_stats.bootstrap(
        (d.table["seconds"],), np.mean, n_resamples=d.draws, method="percentile", rng=np.random.default_rng(0)
    )
    return [*found.confidence_interval, found.standard_error]


class Groups(NamedTuple):
    table: pd.DataFrame
    permutations: int


def groups(rows: int, seed: int) -> Groups:
    rng = np.random.default_rng(seed)
    resident = np.arange(rows) % 2 == 0
    seconds = rng.normal(40, 5, rows) + (5 / rows**0.5) * 2 * resident
    return Groups(pd.DataFrame({"reader": np.arange(rows), "resident": resident, "seconds": seconds}), 9_999)


def our_p(d: Groups) -> float:
    found = stats.cluster_permutation(
        d.table, "seconds", label="resident", unit="reader", n_permutations=d.permutations, rng=0
    )
    return found["p_value"].item()


def scipy_p(d: Groups) -> float:
    parts = [d.table.loc[d.table["resident"] == one, "seconds"].to_numpy() for one in (True, False)]
    return scipy_stats.permutation_test(
        parts,
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        vectorized=True,
        n_resamples=d.permutations,
        rng=np.random.default_rng(0),
    ).pvalue


RATED = {"inputs": rated, "size": 60, "full": 1_000, "unit": "cases, 2 tests, 4 readers"}
SINGLE = {"inputs": one_reader, "size": 80, "full": 2_000, "unit": "cases, 2 tests"}
DRAWS = {"inputs": crossed, "size": 100, "full": 5_000, "unit": "cases, 4 readers, 60 draws"}
ENTRIES = [
    Entry(
        "stats.mrmc",
        what="AUC of each reader",
        ours=our_areas(),
        peers={
            "scikit-learn roc_auc_score": Peer(
                lambda t: by_reader(t, metrics.roc_auc_score), "scikit-learn", note="ours with DeLong's covariances"
            )
        },
        **RATED,
    ),
    Entry(
        "stats.mrmc",
        what="DeLong's variance",
        ours=our_delong,
        peers={
            "MLstatkit": Peer(mlstatkit, "MLstatkit", tolerance=1e-6),
            "the paper's components in NumPy": Peer(by_placements, "numpy"),
        },
        **SINGLE,
    ),
    Entry(
        "stats.mrmc",
        what="partial AUC",
        ours=our_areas(partial="specificity", low=0.8),
        peers={
            "scikit-learn roc_auc_score": Peer(
                lambda t: by_reader(t, left_part), "scikit-learn", note="ours with the jackknife"
            )
        },
        **RATED,
    ),
    Entry(
        "stats.roc_curves",
        ours=our_curve,
        peers={"scikit-learn roc_curve": Peer(their_curve, "scikit-learn")},
        **SINGLE,
    ),
    Entry(
        "stats.operating_points",
        inputs=calls,
        ours=our_points,
        peers={"scikit-learn confusion_matrix": Peer(their_points, "scikit-learn")},
        size=60,
        full=1_000,
        unit="cases, 2 tests, 4 readers",
    ),
    Entry(
        "stats.cluster_bootstrap",
        what="mean of crossed readings",
        ours=our_draws(stats.MeanStatistic("right")),
        peers={"NumPy average in a loop": Peer(in_a_loop(lambda t, w: np.average(t["right"], weights=w)), "numpy")},
        **DRAWS,
    ),
    Entry(
        "stats.cluster_bootstrap",
        what="AUC of crossed readings",
        ours=our_draws(stats.AucStatistic("rating", "truth")),
        peers={
            "scikit-learn roc_auc_score in a loop": Peer(
                in_a_loop(lambda t, w: metrics.roc_auc_score(t["truth"], t["rating"], sample_weight=w)), "scikit-learn"
            )
        },
        **DRAWS,
    ),
    Entry(
        "stats.cluster_bootstrap",
        what="percentile interval of a mean",
        inputs=independent,
        ours=our_interval,
        peers={"SciPy bootstrap": Peer(scipy_bootstrap, "scipy", tolerance=0.02, note="draws of its own")},
        size=100,
        full=1_000,
        unit="readers, 4,000 draws",
    ),
    Entry(
        "stats.cluster_permutation",
        inputs=groups,
        ours=our_p,
        peers={"SciPy permutation_test": Peer(scipy_p, "scipy", tolerance=0.02, note="permutations of its own")},
        size=40,
        full=200,
        unit="readers, 9,999 permutations",
    ),
]
