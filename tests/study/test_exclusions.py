"""Rules that leave gaze out: what falls to each, what stays, and the flow of readings."""

import pandas as pd
import pytest

from gazeanalytics.study import analyse, open_study
from gazeanalytics.study.analyses import registry
from gazeanalytics.study.examples import example_study
from gazeanalytics.tables import InputError


@pytest.fixture
def folder():
    """The example: readings 1 to 4 have 3, 2, 2 and 2 fixations, those of the model none."""
    return example_study().folder


def found_with(folder, rules, out=None, only=("exclusions", "features", "readings")):
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write(f"[analyses.exclusions]\n{rules}\n")
    return analyse(open_study(folder), out, only=only)


def test_nothing_is_left_out_unless_the_study_asks(folder):
    found = found_with(folder, "")
    flow = found.table("exclusion_flow")
    assert flow.to_numpy().tolist() == [
        ["All readings", "in", 6, 3],
        ["No gaze, or none that can be used", "out", 2, 1],
        ["With gaze", "in", 4, 2],
        ["Gaze analysed", "in", 4, 2],
    ]
    assert not found.has("exclusions")


def test_gaze_of_few_fixations_is_left_out_and_words_stay(folder, tmp_path):
    found = found_with(folder, "min_fixations = 3", tmp_path / "out", only=None)
    assert found.fixations["reading"].unique().tolist() == [1]
    assert found.features["reading"].tolist() == [1]
    assert found.findings["reading"].nunique() == 6
    assert found.table("exclusions").to_numpy().tolist() == [[n, who, "fewer than 3 fixations"] for n, who in
                                                         ((2, "ann"), (3, "bob"), (4, "bob"))]  # fmt: skip
    kept = pd.read_parquet(tmp_path / "out" / "data" / "fixations.parquet")
    assert len(kept) == 3
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Left out: 3 readings." in page
    assert (tmp_path / "out" / "figures" / "flow.png").exists()


def test_a_reader_with_many_poor_readings_loses_the_others(folder):
    fixations = pd.read_csv(folder / "fixations.csv")
    more = pd.DataFrame({"reading": [3], "onset": [700], "duration": [200], "x": [400], "y": [400]})
    pd.concat([fixations, more]).sort_values(["reading", "onset"]).to_csv(folder / "fixations.csv", index=False)
    # One of two readings of each breaks the rule; over 40 %, so that none would stay of either.
    with pytest.raises(InputError, match="the rules leave none of 4 readings"):
        found_with(folder, "min_fixations = 3\nmax_share_of_reader = 0.4")
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text.replace("= 0.4", "= 0.5"), encoding="utf-8")
    found = analyse(open_study(folder), only=["exclusions"])
    assert found.table("exclusions")["reading"].tolist() == [2, 4]
    assert found.fixations["reading"].unique().tolist() == [1, 3]


def test_gaze_beside_the_image_is_left_out(folder):
    fixations = pd.read_csv(folder / "fixations.csv")
    fixations.loc[fixations["reading"] == 4, "x"] = 5000
    fixations.to_csv(folder / "fixations.csv", index=False)
    found = found_with(folder, "off_image = true")
    assert found.table("exclusions")[["reading", "rule"]].to_numpy().tolist() == [[4, "median fixation off the image"]]


def test_rules_that_leave_nothing_are_refused(folder):
    with pytest.raises(InputError) as caught:
        found_with(folder, "min_fixations = 9")
    assert str(caught.value) == (
        f"{folder / 'study.toml'}, analyses.exclusions: the rules leave none of 4 readings with gaze; set them lower"
    )


def test_a_share_that_is_none_is_refused_before_anything_runs(folder):
    with pytest.raises(InputError, match=r"analyses.exclusions.max_loss: expected a share from 0 to 1; got 25"):
        found_with(folder, "max_loss = 25.0")


def test_it_runs_before_all_that_take_gaze():
    names = list(registry())
    assert names.index("events") < names.index("exclusions")
    of_gaze = {"fixations", "saccades", "quality"}
    later = [name for name, analysis in registry().items() if of_gaze & {*analysis.needs, *analysis.uses}]
    assert len(later) > 5
    assert all(names.index("exclusions") < names.index(name) for name in later if name != "exclusions")
