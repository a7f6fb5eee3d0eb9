"""The features table: edge cases, invariances, and what each input adds."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import gaze, tables
from gazeanalytics.geometry import Viewing

VIEWING = Viewing.from_px_per_deg(40, 1000, 800)


def draw(counts, *, seed=0):
    """Random fixations inside 1000 x 800 px, `counts[k]` of them in reading k."""
    rng = np.random.default_rng(seed)
    total = sum(counts)
    return pd.DataFrame(
        {
            "reading": np.repeat(np.arange(len(counts)), counts),
            "onset": np.concatenate([np.arange(count) * 300.0 for count in counts]),
            "duration": rng.gamma(2, 120, total),
            "x": rng.uniform(0, 1000, total),
            "y": rng.uniform(0, 800, total),
        }
    )


def images_of(count):
    return pd.DataFrame({"reading": range(count), "case": "a", "width": 1000, "height": 800})


@pytest.fixture(scope="module")
def random_table():
    counts = [30, 64, 12, 5, 3]
    return draw(counts), gaze.scanpath_features(draw(counts), VIEWING, images_of(5))


def test_table_keeps_the_contract(random_table):
    _, made = random_table
    tables.check(made, "features")
    assert len(made.columns) > 45
    assert (made.dtypes[1:] == np.float64).all()
    assert set(gaze.STRATEGY_FEATURES) <= set(made.columns)
    assert made[list(gaze.STRATEGY_FEATURES)].notna().all(axis=None)
    assert made.attrs["settings"]["recurrence_radius_deg"] == 2.0
    assert made.attrs["amplitudes_from"] == "fixations"


def test_few_fixations_are_defined():
    made = gaze.scanpath_features(draw([0, 1, 2]), VIEWING, images_of(3))
    none, one, two = (row for _, row in made.drop(columns="reading").iterrows())
    assert none.dropna().to_dict() == {"fixations": 0, "coverage_share": 0}
    assert one[["scanpath_length_deg", "hull_deg2", "refixation_share", "angular_coverage"]].tolist() == [0, 0, 0, 0]
    assert one[["duration_mean_ms", "coverage_share", "radius_mean", "stationary_entropy_js_bits"]].notna().all()
    assert (
        one[["duration_sd_ms", "bcea_deg2", "recurrence_percent", "k_coefficient", "amplitude_mean_deg"]].isna().all()
    )
    assert two["bcea_deg2"] == pytest.approx(0, abs=1e-6)
    assert two["amplitude_mean_deg"] == two["scanpath_length_deg"] > 0
    assert np.isnan(two["nearest_neighbour_index"])


def test_points_without_duration_lack_time_alone():
    fixations = draw([20])
    timed = gaze.scanpath_features(fixations, VIEWING, images_of(1)).iloc[0]
    for bare in (fixations.drop(columns="duration"), fixations.assign(duration=np.nan)):
        made = gaze.scanpath_features(bare, VIEWING, images_of(1)).iloc[0]
        lost = set(timed.index[timed.notna()]) - set(made.index[made.notna()])
        assert lost == {
            *("scanpath_duration_ms", "fixation_rate_hz", "dwell_total_ms", "duration_mean_ms", "duration_median_ms"),
            *("duration_sd_ms", "duration_low_ms", "duration_high_ms", "temporal_entropy", "big_clusters"),
            *("big_cluster_share", "k_coefficient", "k_early", "k_late", "duration_early_late"),
        }
        kept = made.index[made.notna()]
        pd.testing.assert_series_equal(made[kept], timed[kept])


def test_place_not_known_takes_its_steps_with_it():
    whole = pd.DataFrame({"reading": 0, "onset": range(5), "x": [0.0, 40, 500, 80, 120], "y": 400.0})
    gap = whole.assign(x=whole["x"].where(whole["x"] != 500))
    made = gaze.scanpath_features(gap, Viewing.from_px_per_deg(40, 1000, 800), images_of(1)).iloc[0]
    steps = VIEWING.angle([0, 80], 400, [40, 120], 400)
    assert made["fixations"] == 4
    assert made["amplitude_mean_deg"] == pytest.approx(steps.mean(), rel=1e-12)


def test_steps_are_exact_angles():
    fixations = draw([40], seed=3)
    viewing = Viewing(480.0, 420.0, 2000.0, 1800.0)
    made = gaze.scanpath_features(fixations, viewing, images_of(1)).iloc[0]
    x, y = fixations["x"].to_numpy(), fixations["y"].to_numpy()
    expected = viewing.angle(x[:-1], y[:-1], x[1:], y[1:])
    assert made["scanpath_length_deg"] == pytest.approx(expected.sum(), rel=1e-12)
    assert made["amplitude_median_deg"] == pytest.approx(np.median(expected), rel=1e-12)


def test_threads_and_company_change_nothing(random_table):
    fixations, made = random_table
    alone = gaze.scanpath_features(fixations, VIEWING, images_of(5), settings={"n_jobs": 1})
    pd.testing.assert_frame_equal(alone, made, check_exact=True)
    some = gaze.scanpath_features(fixations[fixations["reading"] == 1], VIEWING, images_of(2)[1:])
    shared = [name for name in made if not name.startswith("k_")]
    pd.testing.assert_frame_equal(
        some[shared], made.loc[[1], shared].reset_index(drop=True), check_exact=True, obj="reading 1"
    )


def test_order_of_images_and_kind_of_key_change_nothing(random_table):
    fixations, made = random_table
    named = fixations.assign(reading=pd.Categorical("r" + fixations["reading"].astype(str)))
    images = images_of(5).assign(reading=lambda frame: "r" + frame["reading"].astype(str))[::-1]
    again = gaze.scanpath_features(named, VIEWING, images)
    pd.testing.assert_frame_equal(
        again[::-1].drop(columns="reading").reset_index(drop=True), made.drop(columns="reading"), rtol=1e-12
    )


def test_input_stays_as_it_was(random_table):
    fixations, _ = random_table
    before = fixations.copy(deep=True)
    gaze.scanpath_features(fixations, VIEWING, images_of(5))
    pd.testing.assert_frame_equal(fixations, before, check_exact=True)


def test_backwards_in_time_keeps_places_and_flips_winding():
    fixations = draw([25], seed=5)
    back = fixations[::-1].assign(onset=fixations["onset"].to_numpy()).reset_index(drop=True)
    there, here = (gaze.scanpath_features(table, VIEWING, images_of(1)).iloc[0] for table in (fixations, back))
    same = ["hull_deg2", "coverage_share", "scanpath_length_deg", "recurrence_percent", "determinism_percent"]
    assert here[same].tolist() == pytest.approx(there[same].tolist(), rel=1e-12)
    assert here["winding_turns"] == pytest.approx(-there["winding_turns"], rel=1e-9)


def test_without_an_angle_ratios_remain(random_table):
    fixations, known = random_table
    far = Viewing(500.0, 400.0, 1e7, 1e7)
    bare, flat = (
        gaze.scanpath_features(fixations, None, images_of(5)),
        gaze.scanpath_features(fixations, far, images_of(5)),
    )
    lost = [name for name in known if bare[name].isna().all() and known[name].notna().any()]
    assert "coverage_share" in lost
    assert [name for name in lost if name.startswith("k_")] == []
    pd.testing.assert_frame_equal(bare.drop(columns=lost), flat.drop(columns=lost), rtol=1e-7)


def test_ambient_focal_scope():
    fixations = pd.concat([draw([40, 40]), draw([0, 0, 40, 40]).assign(duration=900.0)]).sort_values("reading")
    images = images_of(4).assign(reader=[1, 1, 2, 2])
    over_all = gaze.scanpath_features(fixations, VIEWING, images)["k_coefficient"]
    within = gaze.scanpath_features(fixations, VIEWING, images, settings={"k_scope": "reader"})["k_coefficient"]
    assert (over_all[2:] > 0).all()
    assert np.isnan(within[2:]).all()
    assert within[:2].mean() == pytest.approx(0, abs=0.05)
    with pytest.raises(ValueError, match="needs a column 'reader'"):
        gaze.scanpath_features(fixations, VIEWING, images_of(4), settings={"k_scope": "reader"})
    with pytest.raises(ValueError, match="within one scanpath K is always 0"):
        gaze.scanpath_features(fixations, VIEWING, images, settings=gaze.FeatureSettings(k_scope="reading"))


def test_course_by_parts_adds_up(random_table):
    (fixations, whole), images = random_table, images_of(5)
    whole = whole.set_index("reading")
    (one, halves) = (
        gaze.time_course(fixations, VIEWING, images, n_parts=parts).set_index("reading") for parts in (1, 2)
    )
    for name, expected in (("ambient_focal", "k_coefficient"), ("coverage_share", "coverage_share")):
        np.testing.assert_allclose(one[name], whole.loc[one.index, expected], rtol=1e-12)
    np.testing.assert_allclose(one["amplitude_mean_deg"], whole.loc[one.index, "amplitude_mean_deg"], rtol=1e-12)
    assert halves.groupby(level=0)["fixations"].sum().tolist() == one["fixations"].tolist()
    last = halves.groupby(level=0).last()
    np.testing.assert_allclose(last["coverage_share"], one.loc[last.index, "coverage_share"], rtol=1e-12)
    early = gaze.scanpath_features(fixations, VIEWING, images, settings={"early_share": 0.5}).set_index("reading")
    begin = halves[halves["part"] == 1]
    np.testing.assert_allclose(begin["ambient_focal"], early.loc[begin.index, "k_early"], rtol=1e-12)
    assert (halves.groupby(level=0)["coverage_share"].diff().dropna() >= 0).all()
    with pytest.raises(ValueError, match="n_parts: expected at least 1; got 0"):
        gaze.time_course(fixations, VIEWING, images, n_parts=0)


def test_parts_of_a_study_share_a_scale(random_table):
    fixations, whole = random_table
    scale = gaze.ambient_focal_scale(fixations, VIEWING, images_of(5))
    parts = [
        gaze.scanpath_features(
            fixations[fixations["reading"].isin(own)], VIEWING, images_of(5).loc[own], settings={"k_scale": scale}
        )
        for own in ([0, 1], [2, 3, 4])
    ]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, rtol=1e-12)


def test_k_is_the_mean_of_its_terms(random_table):
    fixations, whole = random_table
    term = gaze.ambient_focal(fixations, VIEWING, images_of(5))
    assert term.groupby(fixations["reading"]).mean().to_numpy() == pytest.approx(whole["k_coefficient"].to_numpy())
    lost = fixations.assign(x=fixations["x"].where(fixations.index != 4))
    assert gaze.ambient_focal(lost, VIEWING, images_of(5)).iloc[[3, 4]].isna().all()


def test_saccades_take_over_amplitudes(random_table):
    fixations, made = random_table
    saccades = pd.DataFrame(
        {"reading": [0, 0], "onset": [100.0, 400], "duration": [30.0, 50], "x0": 0.0, "y0": 0.0, "x1": 9.0, "y1": 9.0}
    ).assign(amplitude_deg=[2.0, 4.0], peak_speed_deg_s=[100.0, np.nan])
    given = gaze.scanpath_features(fixations, VIEWING, images_of(5), saccades=saccades)
    assert given.loc[0, ["saccades", "amplitude_mean_deg", "saccade_duration_mean_ms"]].tolist() == [2, 3, 40]
    assert given.loc[0, "peak_speed_mean_deg_s"] == 100
    assert given.loc[0, "saccade_rate_hz"] == pytest.approx(2000 / made.loc[0, "scanpath_duration_ms"])
    assert given.loc[1, "saccades"] == 0
    assert given["scanpath_length_deg"].equals(made["scanpath_length_deg"])
    assert given.attrs["amplitudes_from"] == "saccades"


@pytest.fixture
def chest():
    """Two lungs, a heart that overlaps one, and a lesion inside the heart."""
    return pd.DataFrame(
        [
            ("a", "right_lung", "organ", 0, 0, 400, 800),
            ("a", "heart", "organ", 350, 300, 650, 800),
            ("a", "left_lung", "organ", 600, 0, 1000, 800),
            ("a", "mass", "lesion", 450, 500, 550, 600),
        ],
        columns=["case", "region", "kind", "x0", "y0", "x1", "y1"],
    )


def test_regions_add_dwell_lesions_and_checklist(chest):
    fixations = pd.DataFrame(
        {
            "reading": 0,
            "onset": [0, 200, 500, 900, 1200],
            "duration": [100, 200, 300, 200, 200],
            "x": [900, 800, 500, 100, 900],
            "y": [100, 100, 550, 100, 300],
        }
    )
    images = images_of(3).assign(case=["a", "a", "b"])
    order = ("right_lung", "heart", "left_lung", "trachea")
    made = gaze.scanpath_features(fixations, VIEWING, images, regions=chest, settings={"checklist": order})
    first = made.loc[0]
    assert first[["visits", "revisits", "regions_seen_share"]].tolist() == [4, 1, 1]
    assert first[["dwell_share_right_lung", "dwell_share_heart", "dwell_share_left_lung"]].tolist() == [0.2, 0.3, 0.5]
    assert first[
        ["lesions_seen_share", "lesion_time_to_first_fixation_ms", "lesion_approach_hz", "lesion_dwell_time_ms"]
    ].tolist() == [*(1, 500, 2, 300)]
    walked = VIEWING.angle(900, 100, 800, 100) + VIEWING.angle(800, 100, 500, 550)
    assert first["lesion_scanpath_ratio"] == pytest.approx(VIEWING.angle(900, 100, 500, 550) / walked, rel=1e-9)
    own = gaze.region_coverage(fixations, chest[chest["kind"] == "organ"], VIEWING, images).set_index(
        ["reading", "region"]
    )
    for name in order[:3]:
        assert first[f"coverage_share_{name}"] == own.loc[(0, name), "coverage_share"] > 0
        assert made.loc[1, f"coverage_share_{name}"] == 0
        assert np.isnan(made.loc[2, f"coverage_share_{name}"])
    assert first["checklist_tau"] == -1
    assert first["checklist_similarity"] == 1 - 3 / 4
    assert made.loc[1, "lesion_dwell_time_ms"] == made.loc[1, "lesions_seen_share"] == 0
    assert np.isnan(made.loc[1, "lesion_time_to_first_fixation_ms"])
    assert made.loc[2, ["lesions_seen_share", "lesion_time_to_first_fixation_ms", "lesion_dwell_time_ms"]].isna().all()


def test_main_sequence_of_each_reading_is_numpy_s_line():
    rng = np.random.default_rng(11)
    size = np.append(rng.uniform(0.5, 20, 40), [0.0, np.nan])
    saccades = pd.DataFrame({"reading": np.repeat([0, 1, 2], [30, 2, 10]), "onset": np.arange(42), "duration": 30.0})
    saccades = saccades.assign(x0=0, y0=0, x1=1, y1=1, amplitude_deg=size)
    saccades["peak_speed_deg_s"] = 80 * size**0.6 * np.exp(rng.normal(0, 0.1, 42))
    made = gaze.scanpath_features(draw([2, 2, 2]), VIEWING, images_of(3), saccades=saccades)
    for reading, rows in ((0, slice(0, 30)), (2, slice(32, 40))):
        own = saccades.iloc[rows]
        slope, level = np.polyfit(np.log(own["amplitude_deg"] / 5), np.log(own["peak_speed_deg_s"]), 1)
        assert made.loc[reading, "main_sequence_exponent"] == pytest.approx(slope, rel=1e-9)
        assert made.loc[reading, "main_sequence_at_5_deg_deg_s"] == pytest.approx(np.exp(level), rel=1e-9)
    assert made.loc[1, ["main_sequence_exponent", "main_sequence_at_5_deg_deg_s"]].isna().all()


def test_visits_given_equal_visits_made(chest):
    fixations = draw([30, 20], seed=9)
    organs = chest[chest["kind"] == "organ"]
    visits = gaze.visits(fixations, organs, images_of(2))
    given = gaze.scanpath_features(fixations, VIEWING, images_of(2), visits=visits, regions=chest)
    made = gaze.scanpath_features(fixations, VIEWING, images_of(2), regions=chest)
    pd.testing.assert_frame_equal(given, made, check_exact=True)
    alone = gaze.scanpath_features(fixations, VIEWING, images_of(2), visits=visits)
    assert "lesion_time_to_first_fixation_ms" not in alone
    assert alone["visits"].equals(made["visits"])


def test_errors_say_what_to_do():
    fixations = draw([3, 3])
    with pytest.raises(
        ValueError, match="fixations: reading 1 is not in images; give images one row for every reading"
    ):
        gaze.scanpath_features(fixations, VIEWING, images_of(1))
    with pytest.raises(ValueError, match=r"images: .* there is no column 'case'; join the readings table"):
        gaze.scanpath_features(fixations, VIEWING, images_of(2).drop(columns="case"))
    with pytest.raises(ValueError, match="'recurence_radius' is not known; did you mean 'recurrence_radius_deg'"):
        gaze.scanpath_features(fixations, VIEWING, images_of(2), settings={"recurence_radius": 1})
    with pytest.raises(ValueError, match=r"recurrence_radius_deg: expected more than 0 \(deg\); got 0"):
        gaze.scanpath_features(fixations, VIEWING, images_of(2), settings=gaze.FeatureSettings(recurrence_radius_deg=0))
