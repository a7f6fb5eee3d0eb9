"""Clusters, hidden Markov models and traits beside scikit-learn, kmedoids, hmmlearn, statsmodels and pingouin."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer, Relation
from scipy.spatial.distance import pdist, squareform
from sklearn import cluster, metrics, mixture, preprocessing
from sklearn.decomposition import PCA

from gazeanalytics import strategies
from gazeanalytics.strategies.clustering.clusterers import silhouette
from gazeanalytics.strategies.continuum.components import varimax
from gazeanalytics.strategies.markov import HMMBank
from gazeanalytics.strategies.markov.sequences import Paths, pack

FEATURES, GROUPS = 8, 3


class Planted(NamedTuple):
    features: pd.DataFrame
    truth: np.ndarray

    @property
    def values(self) -> np.ndarray:
        return self.features.drop(columns="reading").to_numpy()


def planted(readings: int, seed: int) -> Planted:
    """Three groups of unequal size, 8 SD apart."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(GROUPS, size=readings, p=[0.5, 0.3, 0.2])
    centres = np.linalg.qr(rng.normal(size=(FEATURES, GROUPS)))[0].T
    values = 8 * centres[truth] + rng.normal(size=(readings, FEATURES))
    table = pd.DataFrame(values, columns=[f"feature_{column}" for column in range(FEATURES)])
    table.insert(0, "reading", np.arange(readings))
    return Planted(table, truth)


def codes(labels: pd.DataFrame) -> np.ndarray:
    return labels["strategy"].cat.codes.to_numpy()


def our_types(d: Planted) -> np.ndarray:
    return codes(strategies.StrategyModel.fit(d.features, settings={"n_resamples": 19}, rng=1).assign(d.features))


def our_clusters(method: str, **choices):
    def call(d: Planted) -> np.ndarray:
        settings = strategies.ClusteringSettings(method=method, scaling="standard", n_resamples=0, **choices)
        return codes(strategies.Clustering.fit(d.features, settings=settings, rng=1).labels)

    return call


def gaussian_mixture(d: Planted) -> np.ndarray:
    """The number of groups of the lowest BIC, one shape for all."""
    points = preprocessing.PowerTransformer().fit_transform(d.values)
    fits = [
        mixture.GaussianMixture(k, covariance_type="tied", n_init=2, random_state=0).fit(points) for k in range(1, 7)
    ]
    return min(fits, key=lambda fit: fit.bic(points)).predict(points)


def reduced(d: Planted) -> np.ndarray:
    return PCA(5, random_state=0).fit_transform(preprocessing.StandardScaler().fit_transform(d.values))


def hdbscan(d: Planted) -> np.ndarray:
    return cluster.HDBSCAN(min_cluster_size=15, min_samples=10, copy=True).fit_predict(reduced(d))


def kmeans(d: Planted) -> np.ndarray:
    return cluster.KMeans(GROUPS, n_init=10, random_state=0).fit_predict(reduced(d))


def fasterpam(d: Planted) -> np.ndarray:
    import kmedoids

    distances = squareform(pdist(reduced(d)))
    return kmedoids.fasterpam(distances, GROUPS, random_state=0, n_cpu=1).labels


ARI = Relation(
    "adjusted Rand index with the planted groups", lambda d, found: metrics.adjusted_rand_score(d.truth, found)
)


def our_scaling(method: str):
    return lambda d: strategies.Scaling.fit(d.features, method=method).apply(d.features)[0]


class Distances(NamedTuple):
    distances: np.ndarray
    labels: np.ndarray


def distances(readings: int, seed: int) -> Distances:
    d = planted(readings, seed)
    return Distances(squareform(pdist(d.values)), np.random.default_rng(seed).permutation(d.truth))


def loadings(features: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    simple = np.kron(np.eye(3), np.ones((features // 3, 1)))
    return (simple + 0.1 * rng.normal(size=simple.shape)) @ np.linalg.qr(rng.normal(size=(3, 3)))[0]


def in_order(turned: np.ndarray) -> np.ndarray:
    """Signs and order of components are nobody's: squares, sorted by the first feature's."""
    squares = turned**2
    return squares[:, np.argsort(squares[0])]


def rotate_factors(found: np.ndarray) -> np.ndarray:
    from statsmodels.multivariate.factor_rotation import rotate_factors

    return in_order(rotate_factors(found, "varimax", tol=1e-12)[0])


class Walks(NamedTuple):
    """Fixations of a chain over three places, the model that made them, and fresh ones to score."""

    fixations: pd.DataFrame
    readings: pd.DataFrame
    fresh: Paths
    bank: HMMBank


def walks(readings: int, seed: int) -> Walks:
    rng = np.random.default_rng(seed)
    means = np.array([[200.0, 200.0], [600.0, 250.0], [400.0, 600.0]])
    move = rng.dirichlet(np.ones(3), size=3)
    bank = HMMBank(
        np.array([3]), np.full((1, 3), 1 / 3), move[None], means[None], np.tile(np.eye(2) * 60.0**2, (1, 3, 1, 1))
    )
    parts = []
    for number in range(2 * readings):
        state = [rng.integers(3)]
        for _ in range(29):
            state.append(rng.choice(3, p=move[state[-1]]))
        places = means[state] + 60 * rng.normal(size=(30, 2))
        parts.append(
            pd.DataFrame({"reading": number, "onset": np.arange(30) * 250.0, "x": places[:, 0], "y": places[:, 1]})
        )
    keys = pd.DataFrame({"reading": np.arange(2 * readings), "reader": 0, "case": np.arange(2 * readings)})
    first, second = keys[:readings], keys[readings:].reset_index(drop=True)
    fresh = pack(pd.concat(parts[readings:], ignore_index=True), second, by=("reader", "case"), columns=("x", "y"))
    return Walks(pd.concat(parts[:readings], ignore_index=True), first, fresh, bank)


def our_scores(d: Walks, bank: HMMBank | None = None) -> np.ndarray:
    rows = np.zeros((len(d.fresh.readings), 1), np.int64)
    return (bank or d.bank).scores(d.fresh, rows, n_jobs=1)[:, 0]


def each_sequence(d: Walks, model) -> np.ndarray:
    return np.array(
        [model.score(d.fresh.points[a:b]) for a, b in zip(d.fresh.edges[:-1], d.fresh.edges[1:], strict=True)]
    )


def gaussian_hmm(d: Walks) -> np.ndarray:
    from hmmlearn.hmm import GaussianHMM

    model = GaussianHMM(3, "full")
    model.startprob_, model.transmat_, model.means_ = d.bank.start[0], d.bank.move[0], d.bank.means[0]
    model.covars_ = d.bank.covariances[0]
    return each_sequence(d, model)


def our_fit(d: Walks) -> np.ndarray:
    settings = strategies.HMMSettings(n_states=(3,), n_starts=3, n_finished=1)
    return our_scores(d, strategies.ReaderHMMs.fit(d.fixations, d.readings, settings=settings, rng=1, n_jobs=1).bank)


def variational(d: Walks) -> np.ndarray:
    from hmmlearn.vhmm import VariationalGaussianHMM

    lengths = d.fixations.groupby("reading").size().to_numpy()
    places = d.fixations[["x", "y"]].to_numpy()
    fits = [VariationalGaussianHMM(3, n_iter=100, random_state=seed).fit(places, lengths) for seed in range(3)]
    return each_sequence(d, max(fits, key=lambda fit: fit.score(places, lengths)))


class Visited(NamedTuple):
    visits: pd.DataFrame


def visited(readings: int, seed: int) -> Visited:
    rows = readings * 20
    regions = np.random.default_rng(seed).choice(["apex", "heart", "hilum", "lung"], rows, p=[0.1, 0.2, 0.3, 0.4])
    onsets = np.tile(np.arange(20) * 300.0, readings)
    table = {"reading": np.repeat(np.arange(readings), 20), "onset": onsets, "region": regions}
    return Visited(pd.DataFrame({**table, "duration": 250.0, "fixations": 1}))


def our_chain(d: Visited) -> np.ndarray:
    settings = strategies.MarkovMixtureSettings(n_groups=(1,), n_starts=1)
    return strategies.MarkovMixture.fit(d.visits, settings=settings, rng=1).move[0]


def crosstab(d: Visited) -> np.ndarray:
    following = d.visits.groupby("reading")["region"].shift(-1)
    return pd.crosstab(d.visits["region"], following, normalize="index").to_numpy()


class Scored(NamedTuple):
    scores: pd.DataFrame
    readings: pd.DataFrame


def scored(readers: int, seed: int) -> Scored:
    rng = np.random.default_rng(seed)
    reader, case = (part.ravel() for part in np.indices((readers, 10)))
    readings = pd.DataFrame({"reading": np.arange(reader.size), "reader": reader, "case": case})
    trait = rng.normal(size=readers)[reader] + rng.normal(size=reader.size)
    return Scored(pd.DataFrame({"reading": readings["reading"], "trait": trait}), readings)


def our_trait(d: Scored) -> np.ndarray:
    return strategies.trait_icc(d.scores, d.readings, without_cases=False, n_permutations=1, rng=0)["icc"].to_numpy(
        float
    )


def pingouin(d: Scored) -> list[float]:
    from pingouin import intraclass_corr

    table = d.readings.assign(trait=d.scores["trait"])
    return [intraclass_corr(table, targets="reader", raters="case", ratings="trait")["ICC"].iloc[0]]


PLANTED = {"inputs": planted, "size": 300, "full": 3_000, "unit": f"readings of {FEATURES} features"}
WALKS = {"inputs": walks, "size": 20, "full": 60, "unit": "readings of 30 fixations"}
ENTRIES = [
    Entry(
        "strategies.StrategyModel.fit",
        ours=our_types,
        peers={
            "scikit-learn GaussianMixture by BIC": Peer(
                gaussian_mixture, "scikit-learn", note="ours also tests whether there are types at all"
            )
        },
        relation=ARI,
        slow=True,
        **PLANTED,
    ),
    Entry(
        "strategies.Clustering.fit",
        what="HDBSCAN",
        ours=our_clusters("hdbscan", min_cluster_size=15),
        peers={"scikit-learn HDBSCAN": Peer(hdbscan, "scikit-learn")},
        relation=ARI,
        **PLANTED,
    ),
    Entry(
        "strategies.Clustering.fit",
        what="k-medoids",
        ours=our_clusters("k-medoids", n_groups=GROUPS),
        peers={
            "kmedoids FasterPAM": Peer(fasterpam, "kmedoids"),
            "scikit-learn KMeans": Peer(kmeans, "scikit-learn"),
        },
        relation=ARI,
        **PLANTED,
    ),
    Entry(
        "strategies.Scaling.fit",
        what="standard",
        ours=our_scaling("standard"),
        peers={
            "scikit-learn StandardScaler": Peer(
                lambda d: preprocessing.StandardScaler().fit_transform(d.values), "scikit-learn"
            )
        },
        **PLANTED,
    ),
    Entry(
        "strategies.clustering.clusterers.silhouette",
        inputs=distances,
        ours=lambda d: silhouette(d.distances, d.labels),
        peers={
            "scikit-learn silhouette_score": Peer(
                lambda d: metrics.silhouette_score(d.distances, d.labels, metric="precomputed"), "scikit-learn"
            )
        },
        size=200,
        full=1_500,
        unit="readings",
    ),
    Entry(
        "strategies.continuum.components.varimax",
        inputs=loadings,
        ours=lambda found: in_order(found @ varimax(found)),
        peers={
            "statsmodels rotate_factors": Peer(
                rotate_factors, "statsmodels", tolerance=1e-4, note="both search; signs and order are free"
            )
        },
        size=12,
        full=300,
        unit="features, 3 components",
    ),
    Entry(
        "strategies.markov.HMMBank.scores",
        ours=our_scores,
        peers={"hmmlearn GaussianHMM": Peer(gaussian_hmm, "hmmlearn")},
        **WALKS,
    ),
    Entry(
        "strategies.ReaderHMMs.fit",
        ours=our_fit,
        peers={"hmmlearn VariationalGaussianHMM": Peer(variational, "hmmlearn", note="same number of starts")},
        relation=Relation(
            "log-likelihood of fresh readings, a fixation", lambda d, found: found.sum() / len(d.fresh.points), 0.01
        ),
        **WALKS,
    ),
    Entry(
        "strategies.MarkovMixture.fit",
        what="one chain",
        inputs=visited,
        ours=our_chain,
        peers={
            "pandas crosstab": Peer(crosstab, "pandas", tolerance=0.01, note="ours adds a pseudocount to each cell")
        },
        size=200,
        full=5_000,
        unit="readings of 20 visits",
    ),
    Entry(
        "strategies.trait_icc",
        inputs=scored,
        ours=our_trait,
        peers={"pingouin intraclass_corr": Peer(pingouin, "pingouin")},
        size=20,
        full=500,
        unit="readers of 10 cases",
    ),
]
