"""AOI metrics, transitions and order: a published table, plain twins, chance."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics import gaze

VISITS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.integers(1, 5)), max_size=15)


def visits_of(rows):
    table = pd.DataFrame(rows, columns=["reading", "region", "duration"]).astype({"reading": int, "duration": float})
    table = table.sort_values("reading", kind="stable", ignore_index=True)
    return table.assign(onset=np.arange(len(table)) * 100.0, fixations=1, first_fixation_duration=table["duration"] / 2)


@settings(max_examples=25, deadline=None)
@given(VISITS)
def test_aoi_metrics_equal_plain_sums(rows):
    visits = visits_of(rows)
    made = gaze.aoi_metrics(visits)
    seen = {}
    for row in visits.itertuples():
        seen.setdefault((row.reading, row.region), []).append(row)
    assert list(made[["reading", "region"]].itertuples(index=False, name=None)) == list(seen)
    for row, own in zip(made.itertuples(), seen.values(), strict=True):
        assert row.time_to_first_fixation_ms == own[0].onset
        assert row.first_visit_duration_ms == own[0].duration == 2 * row.first_fixation_duration_ms
        assert row.dwell_time_ms == sum(visit.duration for visit in own)
        assert row.n_revisits == len(own) - 1 == row.n_visits - 1
    ranks = made.groupby("reading")["rank"].apply(list)
    assert all(own == list(range(1, len(own) + 1)) for own in ranks)


@settings(max_examples=25, deadline=None)
@given(VISITS)
def test_transitions_equal_plain_counts(rows):
    visits = visits_of(rows)
    made = gaze.transition_matrix(visits, by=["reading"])
    pairs = list(zip(visits.itertuples(), visits[1:].itertuples(), strict=False))
    expected = [(a.reading, a.region, b.region) for a, b in pairs if a.reading == b.reading]
    for row in made.itertuples():
        leaving = [key for key in expected if key[:2] == (row.reading, row.source)]
        assert made.loc[row.Index, "count"] == expected.count((row.reading, row.source, row.target))
        assert row.probability == pytest.approx(leaving.count((row.reading, row.source, row.target)) / len(leaving))
    assert made["count"].sum() == len(expected)


def test_hit_times_of_ecg_readers(shared_data):
    """Mean time to the first hit of a lead's box in ten groups of ECG readers; five are printed by ECGBench."""
    table = pd.read_csv(shared_data / "ecg_reader_aoi" / "Grid_Anonymized.csv")
    areas = table[(table["Type"] == "Static AOI") & (table["Hit_time_G"] >= 0)]
    areas = areas[~areas["Label"].str.split().str[0].str.contains("-|Information")]
    reading = areas["Respondent_Name"].astype(str) + "|" + areas["ParentStimulus"]
    visits = pd.DataFrame(
        {
            "reading": pd.Categorical(reading),
            "onset": areas["Hit_time_G"],
            "region": areas["Label"],
            "duration": areas["Time_spent_G"],
            "fixations": areas["Fixations_Count"].where(areas["Fixations_Count"] > 0),
            "group": areas["Group"],
        }
    ).sort_values(["reading", "onset"], kind="stable", ignore_index=True)
    first = gaze.aoi_metrics(visits)
    group = visits.drop_duplicates("reading").set_index("reading")["group"]
    means = first.groupby(first["reading"].map(group), observed=True)["time_to_first_fixation_ms"].mean().round()
    assert means.to_dict() == {
        **{"Cathlab Nurse": 7057, "Consultant": 7266, "Technician": 7861, "Fellow": 7942, "resident": 9142},
        **{"Med 2": 11006, "Nurse": 11067, "General Doctor": 11229, "Med 1": 11305, "CCU Nurse": 12098},
    }


def edit_distance(a, b):
    table = [[max(i, j) if i * j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = table[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            table[i][j] = min(cost, table[i - 1][j] + 1, table[i][j - 1] + 1)
    return table[-1][-1]


@settings(max_examples=30, deadline=None)
@given(VISITS)
def test_systematicity_equals_twin(rows):
    visits = visits_of(rows)
    readings = pd.DataFrame({"reading": range(5), "reader": ["one", "two", "one", "one", "two"]})
    made = gaze.systematicity(visits, readings).set_index("reader")
    for reader, own in readings.groupby("reader"):
        words = [list(visits["region"][visits["reading"] == reading]) for reading in own["reading"]]
        words = [word for word in words if word]
        if not words:
            assert reader not in made.index
            continue
        apart = [edit_distance(a, b) / max(len(a), len(b)) for a, b in combinations(words, 2)]
        assert made.loc[reader, "readings"] == len(words)
        assert made.loc[reader, "distance"] == pytest.approx(np.mean(apart) if apart else np.nan, nan_ok=True)


def test_order_test_is_calibrated_on_chance():
    """On sequences without order z has mean 0 and standard deviation 1 and p-values are uniform."""
    rng = np.random.default_rng(3)
    sequence = pd.DataFrame({"reading": np.repeat(range(600), 40), "region": rng.integers(0, 8, 24000)})
    made = gaze.order_test(sequence, n_permutations=100, rng=4)
    assert abs(made["z"].mean()) < 0.1
    assert made["z"].std() == pytest.approx(1, abs=0.1)
    assert (made["p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_bias_of_entropy_is_the_known_one():
    """Means over 300 uniform chains of 64 fixations on 8 places (3 bit), found with another program, to 4 errors."""
    chains = np.random.default_rng(5).integers(0, 8, (300, 64))
    sequence = pd.DataFrame({"reading": np.repeat(range(300), 64), "region": chains.ravel()})
    for estimator, mean in (("plugin", 2.257), ("mm", 2.628), ("js", 2.946)):
        made = gaze.order_test(sequence, estimator=estimator, n_permutations=2, rng=1)["entropy_bits"]
        assert made.mean() == pytest.approx(mean, abs=4 * made.std() * np.sqrt(2 / 300))


def test_order_test_does_not_depend_on_threads():
    rng = np.random.default_rng(3)
    sequence = pd.DataFrame({"reading": np.repeat(range(40), 20), "region": rng.integers(0, 4, 800)})
    one, two = (gaze.order_test(sequence, rng=4, n_permutations=20, n_jobs=n_jobs) for n_jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_order_test_on_one_place():
    made = gaze.order_test(pd.DataFrame({"reading": 0, "region": ["a"] * 5}), rng=1)
    assert made["entropy_bits"].tolist() == [0]
    assert made["z"].isna().all()
    assert made["p_value"].tolist() == [1]


def test_errors_say_what_to_do():
    sequence = pd.DataFrame({"reading": [0], "region": ["a"]})
    with pytest.raises(ValueError, match="estimator: expected one of plugin, mm, js; got 'ml'"):
        gaze.order_test(sequence, estimator="ml")
    with pytest.raises(ValueError, match="n_permutations: expected at least 2; got 1"):
        gaze.order_test(sequence, n_permutations=1)
    with pytest.raises(ValueError, match="there is no column 'reader'"):
        gaze.systematicity(visits_of([]), pd.DataFrame({"reading": []}))
