import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies import StrategyModel, StrategySettings, multiverse
from gazeanalytics.strategies.clustering.merging import merge_groups
from gazeanalytics.strategies.clustering.search import search
from gazeanalytics.strategies.validation.cluster_tendency import cluster_tendency
from gazeanalytics.strategies.validation.density_gap import GapTests
from gazeanalytics.tables import InputError


def frame(values):
    table = pd.DataFrame(values, columns=[f"f{column}" for column in range(np.shape(values)[1])])
    return table.assign(reading=np.arange(len(table)))


QUICK = StrategySettings(n_resamples=19)
UNREAD = StrategySettings(n_resamples=19, remove=("readers",))


@pytest.fixture(scope="module")
def six(planted):
    features, truth = planted(5, 1, n=1500, p=12)
    return features, truth, StrategyModel.fit(features, settings=QUICK, rng=1)


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
    again = StrategyModel.fit(shuffled, settings=QUICK, rng=1)
    assert again.mixture.centres.tobytes() == found.mixture.centres.tobytes()
    assert again.assign(features).equals(found.assign(features))


def test_saved_strategies_come_back_whole(six, tmp_path):
    features, _, found = six
    found.save(tmp_path / "found.npz")
    again = StrategyModel.load(tmp_path / "found.npz")
    assert again.assign(features).equals(found.assign(features))
    assert again.components(features).equals(found.components(features))
    assert again.profile().equals(found.profile())
    assert again.summary() == found.summary()
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "found.npz").read_bytes()


def test_a_foreign_file_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    with pytest.raises(InputError, match=r"other\.npz: expected a model saved by this package"):
        StrategyModel.load(tmp_path / "other.npz")


def test_missing_features_are_counted_and_readings_without_features_left_out(six):
    features, _, _ = six
    holes = features.head(800).copy()
    holes.iloc[3, 1:] = np.nan
    holes.iloc[4, 1] = np.nan
    holes["still"] = 1.0
    found = StrategyModel.fit(holes, settings={"n_resamples": 19, "extra_groups": 1}, rng=1)
    assert found.assign(holes)["strategy"].isna().to_numpy().nonzero()[0].tolist() == [3]
    assert found.notes == (
        "still is constant and is left out.",
        "1 readings lack more than 50% of the features.",
        "1 missing values in 1 readings count as the average.",
    )


@pytest.mark.parametrize("kind", ["correlated", "skewed", "continuum"])
def test_no_types_are_named_where_there_are_none(without_types, kind):
    features = without_types(kind, 3, n=1000)
    found = StrategyModel.fit(features, settings=QUICK, rng=1)
    assert found.verdict != "types"
    assert kind != "continuum" or found.verdict == "continuum"
    assert found.assign(features)["strategy"].isna().all()
    assert np.isfinite(found.components(features).drop(columns="reading").to_numpy()).all()
    assert found.profile().empty


@pytest.mark.parametrize("groups", [2, 3])
def test_groups_far_apart_are_types_though_every_feature_has_humps(groups):
    rng = np.random.default_rng(groups)
    truth = rng.integers(groups, size=600)
    features = frame(5 * rng.normal(size=(groups, 8))[truth] + rng.normal(size=(600, 8)))
    found = StrategyModel.fit(features, settings=QUICK, rng=1)
    assert found.verdict == "types"
    assert adjusted_rand_score(truth, found.assign(features)["strategy"].cat.codes) == 1.0


def test_the_ends_of_a_horseshoe_are_no_types():
    """Seen along the line between its ends it is hollow; where the pieces meet it isn't."""
    rng = np.random.default_rng(2)
    angle = 1.3 * np.pi * rng.uniform(size=900)
    points = np.column_stack([5 * np.cos(angle), 5 * np.sin(angle), rng.normal(size=900)])
    points = points @ np.linalg.qr(rng.normal(size=(6, 6)))[0][:3] + 0.7 * rng.normal(size=(900, 6))
    halves = merge_groups(points, np.eye(2)[(angle > 0.65 * np.pi).astype(int)], rng=rng).levels[-1]
    assert halves.gap.depth > 0.2  # the test is of something
    assert search(points, StrategySettings(), rng).strategies == 1


def test_a_gap_in_one_feature_is_no_gap():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(500, 5))
    groups = np.eye(2)[np.repeat([0, 1], 250)]
    points[:, 2] += np.repeat([0.0, 8.0], 250)
    alone = GapTests.of(points, groups, rng=rng).between([0], [1])
    assert alone.z_value < 2
    assert alone.alone == 2
    points[:, 3] += np.repeat([0.0, 8.0], 250)
    both = GapTests.of(points, groups, rng=rng).between([0], [1])
    assert both.z_value > 8
    assert both.alone is None


def test_a_gap_that_one_feature_shows_counts_where_the_others_put_the_groups_apart():
    rng = np.random.default_rng(1)
    groups = np.eye(2)[np.repeat([0, 1], 250)]
    for others, counts in ((2.6, True), (1.0, False)):
        points = rng.normal(size=(500, 5))
        points[250:, 2] += 4.0
        points[250:, :2] += others / np.sqrt(2)
        gap = GapTests.of(points, groups, rng=rng).between([0], [1])
        assert (gap.z_value > 3.1) == counts
        assert gap.depth < gap.whole_depth or not counts


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
        StrategyModel.fit(features, settings=UNREAD)
    found = StrategyModel.fit(features, readers=readers, settings=UNREAD, rng=1)
    assert found.verdict != "types"


def test_strategies_found_again_among_resampled_readers(six):
    features, _, found = six
    readers = np.arange(len(features)) % 30
    cases = np.arange(len(features)) // 30
    table = found.stability(features, readers=readers, cases=cases, n_resamples=2, rng=3)
    assert table["over"].tolist() == ["readers"] * 2 + ["cases"] * 2
    assert table["strategies"].tolist() == [6] * 4
    assert (table[["ari", "ami"]] >= 0.95).all(axis=None)
    assert (table.filter(like="jaccard") >= 0.9).all(axis=None)
    shuffled = features.sample(frac=1, random_state=5)
    again = found.stability(
        shuffled, readers=readers[shuffled.index], cases=cases[shuffled.index], n_resamples=2, rng=3
    )
    assert again.equals(table)


def test_readers_left_out_are_predicted_and_found_again(six):
    features, _, found = six
    table = found.held_out(features, readers=np.arange(len(features)) % 30, n_folds=2, rng=1)
    assert table["readings"].sum() == len(features)
    assert table["strategies"].tolist() == [6, 6]
    assert (table["ari"] >= 0.95).all()
    with pytest.raises(ValueError, match="n_folds must be at most the number of readers or cases, 3; got 5"):
        found.held_out(features, readers=np.arange(len(features)) % 3)


def test_exemplars_are_the_readings_in_the_middle(six):
    features, _, found = six
    table = found.exemplars()
    assert table.groupby("strategy")["place"].max().eq(5).all()
    given = found.assign(features).set_index("reading")["strategy"]
    assert (given[table["reading"]].astype(str).to_numpy() == table["strategy"].to_numpy()).all()
    assert table.groupby("strategy")["distance"].is_monotonic_increasing.all()


def test_effects_that_were_removed_are_removed_from_new_readings_too():
    rng = np.random.default_rng(5)
    readers = np.arange(400) % 10
    kind = rng.integers(2, size=400)
    values = rng.normal(size=(400, 4)) + 4 * kind[:, None] + 6 * rng.normal(size=(10, 4))[readers]
    features = pd.DataFrame(values, columns=list("abcd")).assign(reading=np.arange(400))
    found = StrategyModel.fit(features, readers=readers, settings=UNREAD, rng=1)
    assert adjusted_rand_score(kind, found.assign(features, readers=readers)["strategy"].cat.codes) > 0.95
    with pytest.raises(ValueError, match=r"give them: readers=\.\.\."):
        found.assign(features)
    with pytest.raises(ValueError, match="one value for each of the 400 readings; got 3"):
        found.assign(features, readers=[1, 2, 3])


_FIT = """
import sys, numpy as np, pandas as pd
from gazeanalytics.strategies import Archetypes, StrategyModel
rng = np.random.default_rng(3)
values = rng.normal(size=(400, 30)) @ rng.normal(size=(30, 30)) + 9 * rng.integers(3, size=(400, 1))
features = pd.DataFrame(values, columns=[f"f{i}" for i in range(30)]).assign(reading=np.arange(400))
StrategyModel.fit(features, settings={"n_resamples": 9, "alpha": 1.0}, rng=1).save(sys.argv[1])
sys.stdout.write(Archetypes.fit(features, settings={"n_archetypes": 3}, rng=1).corners.tobytes().hex())
"""


def test_the_number_of_threads_changes_no_byte(tmp_path):
    written = []
    for n_jobs in ("1", "2", "4"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        file = tmp_path / f"{n_jobs}.npz"
        run = subprocess.run(
            [sys.executable, "-c", _FIT, str(file)],
            env=os.environ | dict.fromkeys(names, n_jobs),
            capture_output=True,
            text=True,
            check=True,
        )
        written.append((file.read_bytes(), run.stdout))
    assert written[0] == written[1] == written[2]


def test_unknown_choices_are_named(six):
    with pytest.raises(InputError, match="settings: 'scalling' is not known; did you mean 'scaling'"):
        StrategyModel.fit(six[0], settings={"scalling": "rank"})


def test_a_continuum_stays_one_in_every_universe(without_types):
    features = without_types("winding", 4, n=600)
    table = multiverse(features, settings=QUICK, alternatives={"scaling": ["rank"], "n_components": [5]}, n_seeds=1)
    assert table["setting"].tolist() == ["baseline", "scaling", "n_components", "seed"]
    assert (table["strategies"] == 0).all()
    assert (table["ari"] == 1).all()


def test_drawing_surrogates_stops_once_the_answer_is_no():
    rng = np.random.default_rng(0)
    there = cluster_tendency(rng.normal(size=(300, 4)), rng=rng, n_resamples=500)
    assert len(there.null_gains) < 200
    assert there.p_value == 10 / len(there.null_gains)


def test_the_cluster_tendency_test_seldom_rejects_without_structure():
    p_values = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        points = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6))
        p_values.append(cluster_tendency(points, rng=rng, n_resamples=9).p_value)
    assert np.mean(p_values) > 0.3
    assert sum(value <= 0.2 for value in p_values) <= 6


def test_units_mixed_in_one_column_are_no_types(without_types):
    """As seconds in some rows and ms in others: two heaps in one feature, which goes on to move with the others."""
    features = without_types("correlated", 4, n=600, p=12)
    column = features["feature_00"]
    seconds = np.random.default_rng(3).random(600) < 0.4
    features["feature_00"] = np.exp(column / 2 + 5) / np.where(seconds, 1000, 1)
    model = StrategyModel.fit(features, rng=3)
    assert model.verdict != "types"
    assert any("feature_00 alone makes them" in note for note in model.notes)
