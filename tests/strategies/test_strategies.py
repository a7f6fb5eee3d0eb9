import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies import Strategies


@pytest.fixture(scope="module")
def six(planted):
    features, truth = planted(5, 1, n=1500, p=12)
    return features, truth, Strategies.fit(features, rng=1)


def test_planted_groups_are_found_and_named_by_size(six):
    features, truth, found = six
    assigned = found.assign(features)
    assert found.verdict == "types"
    assert len(found.names) == 6
    assert adjusted_rand_score(truth, assigned["strategy"].cat.codes) >= 0.98
    sizes = assigned["strategy"].value_counts(sort=False).to_numpy()
    assert (np.diff(sizes) <= 0).all()


def test_the_order_of_rows_changes_nothing(six):
    features, _, found = six
    shuffled = features.sample(frac=1, random_state=5)
    again = Strategies.fit(shuffled, rng=1)
    assert again.mixture.centres.tobytes() == found.mixture.centres.tobytes()
    assert again.assign(features).equals(found.assign(features))


def test_saved_strategies_come_back_whole(six, tmp_path):
    features, _, found = six
    found.save(tmp_path / "found.npz")
    again = Strategies.load(tmp_path / "found.npz")
    assert again.assign(features).equals(found.assign(features))
    assert again.axes(features).equals(found.axes(features))
    assert again.profile().equals(found.profile())
    assert again.summary() == found.summary()
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "found.npz").read_bytes()


def test_a_foreign_file_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    with pytest.raises(ValueError, match=r"save them with Strategies\.save"):
        Strategies.load(tmp_path / "other.npz")


def test_missing_features_are_counted_and_readings_without_features_left_out(six):
    features, _, _ = six
    holes = features.head(800).copy()
    holes.iloc[3, 1:] = np.nan
    holes.iloc[4, 1] = np.nan
    holes["still"] = 1.0
    found = Strategies.fit(holes, rng=1, resamples=19, more_groups=1)
    assert found.assign(holes)["strategy"].isna().to_numpy().nonzero()[0].tolist() == [3]
    assert found.notes == (
        "still is constant and is left out.",
        "1 readings lack more than 50% of the features.",
        "1 missing values in 1 readings count as the average.",
    )


@pytest.mark.parametrize("kind", ["correlated", "skewed", "continuum"])
def test_no_types_are_named_where_there_are_none(without_types, kind):
    features = without_types(kind, 3, n=1000)
    found = Strategies.fit(features, rng=1)
    assert found.verdict != "types"
    assert kind != "continuum" or found.verdict == "continuum"
    assert found.assign(features)["strategy"].isna().all()
    assert np.isfinite(found.axes(features).drop(columns="reading").to_numpy()).all()
    assert found.profile().empty


def test_profiles_are_hand_computed_effects():
    from gazeanalytics.strategies.profiles import profile_groups

    rng = np.random.default_rng(0)
    values = np.r_[rng.normal(0, 2, (200, 1)), rng.normal(3, 2, (100, 1))]
    labels = np.repeat([0, 1], [200, 100])
    table = profile_groups(values, labels, ["dwell"], ["strategy 1", "strategy 2"], rng.integers(30, size=300))
    one, two = values[:200, 0], values[200:, 0]
    pooled = np.sqrt((((one - one.mean()) ** 2).sum() + ((two - two.mean()) ** 2).sum()) / 298)
    assert table["effect"].to_numpy() == pytest.approx([(one.mean() - two.mean()) / pooled] * 2 * np.array([1, -1]))
    assert table["sd"].to_numpy() == pytest.approx([one.std(ddof=1), two.std(ddof=1)])
    assert (table["conf_low"] < table["effect"]).all()
    # Textbook standard error of a standardised difference: sqrt((n1 + n2) / (n1 n2) + d^2 / (2 (n1 + n2))).
    width = (table["conf_high"] - table["conf_low"]).iloc[0] / 2
    effect = table["effect"].iloc[0]
    assert width == pytest.approx(2.05 * np.sqrt(300 / 20000 + effect**2 / 600), rel=0.35)


def test_reader_effects_are_removed_on_request():
    rng = np.random.default_rng(2)
    readers = rng.integers(20, size=600)
    values = rng.normal(size=(600, 4)) + 5 * rng.normal(size=(20, 4))[readers]
    features = pd.DataFrame(values, columns=list("abcd"))
    features.insert(0, "reading", np.arange(600))
    with pytest.raises(ValueError, match="give them"):
        Strategies.fit(features, remove=["readers"])
    found = Strategies.fit(features, readers=readers, remove=["readers"], resamples=19, rng=1)
    assert found.verdict != "types"


def test_strategies_found_again_among_resampled_readers(six):
    features, _, found = six
    readers = np.arange(len(features)) % 30
    table = found.stability(features, readers=readers, resamples=2, rng=3)
    assert table["strategies"].tolist() == [6, 6]
    assert (table.filter(like="ari") >= 0.95).all(axis=None)
    assert (table.filter(like="jaccard") >= 0.9).all(axis=None)
    shuffled = features.sample(frac=1, random_state=5)
    again = found.stability(shuffled, readers=readers[shuffled.index], resamples=2, rng=3)
    assert again.equals(table)


def test_unknown_choices_are_named(six):
    with pytest.raises(TypeError, match="no choice 'scalling'; did you mean 'scaling'"):
        Strategies.fit(six[0], scalling="rank")


def test_the_existence_test_seldom_rejects_without_structure():
    from gazeanalytics.strategies.nulls import existence

    p_values = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        points = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6))
        p_values.append(existence(points, rng=rng, resamples=9).p_value)
    assert np.mean(p_values) > 0.3
    assert sum(value <= 0.2 for value in p_values) <= 6
