import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from gazeanalytics._kernels.strategies import medoids as kernels
from gazeanalytics.strategies import Clustering, ClusteringSettings
from gazeanalytics.tables import InputError

MEDOIDS = ClusteringSettings(method="k-medoids", n_resamples=0)


@pytest.fixture(scope="module")
def five(planted):
    return planted(8, 1, n=600, p=5)


def measured(partition):
    return partition.validity.set_index("measure")["value"]


def test_swaps_end_where_no_exchange_gains():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(40, 2))
    distances = cdist(points, points)
    medoids = kernels.build(distances, 3)
    nearest, total, _ = kernels.swap(distances, medoids, 100)
    assert total == pytest.approx(distances[medoids].min(axis=0).sum())
    assert (nearest == distances[medoids].argmin(axis=0)).all()
    for place in range(3):
        for candidate in range(40):
            other = medoids.copy()
            other[place] = candidate
            assert distances[other].min(axis=0).sum() >= total - 1e-12


def test_hdbscan_numbers_groups_by_size_and_uses_the_exact_tree(five):
    from hdbscan import HDBSCAN

    features, _ = five
    found = Clustering.fit(features, settings=ClusteringSettings(scaling="standard", n_resamples=0), rng=1)
    values = features.drop(columns="reading").to_numpy()
    peer = HDBSCAN(15, min_samples=10, approx_min_span_tree=False).fit((values - values.mean(0)) / values.std(0))
    labels = found.labels["strategy"].cat.codes
    assert adjusted_rand_score(peer.labels_, labels) == pytest.approx(1)
    assert (np.diff(found.choices["n"]) <= 0).all()


def test_new_readings_get_the_groups_of_hdbscan_and_a_saved_partition_too(five, tmp_path):
    features, _ = five
    found = Clustering.fit(features, settings=ClusteringSettings(n_resamples=0), rng=1)
    member = found.posterior(features.head(50)).drop(columns="reading").to_numpy()
    assert (member.sum(axis=1) <= 1 + 1e-9).all()
    given = found.assign(features)
    sure = found.labels["strategy"].notna() & given["strategy"].notna()
    assert (given["strategy"][sure] == found.labels["strategy"][sure]).mean() > 0.98
    found.save(tmp_path / "found.npz")
    again = Clustering.load(tmp_path / "found.npz")
    pd.testing.assert_frame_equal(again.assign(features), given)
    pd.testing.assert_frame_equal(again.labels, found.labels)


def test_k_medoids_finds_the_number_of_groups_by_silhouette(five):
    features, truth = five
    found = Clustering.fit(features, settings=MEDOIDS, rng=1)
    assert len(found.names) == 6
    assert adjusted_rand_score(truth, found.labels["strategy"].cat.codes) > 0.95
    shuffled = Clustering.fit(features.sample(frac=1, random_state=3), settings=MEDOIDS, rng=1)
    pd.testing.assert_frame_equal(shuffled.labels, found.labels)
    assert (found.assign(features)["strategy"] == found.labels["strategy"]).all()
    with pytest.raises(ValueError, match="expected HDBSCAN for probabilities"):
        found.posterior(features)


@pytest.mark.parametrize("method", ["hdbscan", "k-medoids"])
def test_distances_are_cut_and_tested_against_chance(five, without_types, method):
    features, truth = five
    values = features.drop(columns="reading").to_numpy()[:300]
    found = Clustering.fit_distances(
        cdist(values, values), range(300), settings=ClusteringSettings(method=method, max_groups=7), rng=1
    )
    assert measured(found)["p_value"] == 0.05
    codes = found.labels["strategy"].cat.codes
    assert adjusted_rand_score(truth[:300][codes >= 0], codes[codes >= 0]) > 0.9
    with pytest.raises(ValueError, match="new ones can't be assigned"):
        found.assign(features)
    none = without_types("correlated", 1, n=300).drop(columns="reading").to_numpy()
    chance = Clustering.fit_distances(
        cdist(none, none), range(300), settings=ClusteringSettings(method=method, max_groups=4), rng=1
    )
    assert measured(chance)["p_value"] > 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[:, :2], "one row a reading"),
        (lambda d: d + np.triu(d), "same both ways"),
        (lambda d: d + 1, "0 on the diagonal"),
        (lambda d: np.where(d > 2, np.nan, d), "missing"),
    ],
)
def test_a_matrix_that_is_not_fit_distances_is_refused(change, message):
    place = np.arange(4.0)
    with pytest.raises(ValueError, match=message):
        Clustering.fit_distances(change(abs(place[:, None] - place)), range(4))


def test_wrong_choices_are_named(five):
    with pytest.raises(InputError, match="settings: 'min_sample' is not known; did you mean 'min_samples'"):
        Clustering.fit(five[0], settings={"min_sample": 3})
    with pytest.raises(ValueError, match="method must be one of hdbscan, k-medoids; got 'kmeans'"):
        ClusteringSettings(method="kmeans")


@pytest.mark.slow
def test_umap_finds_what_is_planted_and_is_noted(planted):
    pytest.importorskip("umap", reason="umap-learn, the extra `umap`, is not installed")
    features, truth = planted(8, 1, n=1000, p=5)
    found = Clustering.fit(features, settings=ClusteringSettings(reduction="umap", n_resamples=0), rng=1)
    order = found.labels.set_index("reading")["strategy"].loc[features["reading"]].cat.codes
    assert adjusted_rand_score(truth, order) > 0.9
    assert found.notes[0].startswith("UMAP creates spurious clusters")
    assert found.assign(features)["strategy"].cat.codes.tolist() == order.tolist()
    with pytest.raises(ValueError, match="a clustering after UMAP can't be saved"):
        found.save("anywhere.npz")
