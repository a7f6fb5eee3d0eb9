"""Features of the gaze before a decision: [features] first_ms and before_mention."""

import pandas as pd
import pytest

from gazeanalytics.study import analyse, open_study
from gazeanalytics.tables import InputError


def settings(study, text):
    with (study / "study.toml").open("a") as stream:
        stream.write(f"\n[features]\n{text}\n")


def add_traces(study):
    """Reading 0 mentions a finding at 700 ms, reading 1 none, reading 2 one at once; the others have no words."""
    rows = [(0, 0, "Let me see.", 100.0), (0, 1, "No effusion.", 700.0), (1, 0, "Let me see.", 100.0)]
    rows += [(2, 0, "No effusion.", 0.0)]
    pd.DataFrame(rows, columns=["reading", "step", "text", "onset"]).to_csv(study / "traces.csv", index=False)


def counted(study, until):
    fixations = pd.read_csv(study / "fixations.csv")
    fixations = fixations[fixations["onset"] < fixations["reading"].map(until)]
    return fixations.groupby("reading").size()


def test_features_of_the_first_seconds(small):
    settings(small, "first_ms = 800")
    found = analyse(open_study(small), only=["features"])
    features = found.table("features").set_index("reading")["fixations"]
    wanted = counted(small, dict.fromkeys(range(24), 800))
    assert features.to_dict() == wanted.to_dict()
    assert found.counts["readings without early gaze"] == 0


def test_features_before_the_first_mention(small, tmp_path):
    settings(small, "before_mention = true")
    add_traces(small)
    found = analyse(open_study(small), tmp_path / "out", only=["features"])
    features = found.table("features").set_index("reading")["fixations"]
    assert features.to_dict() == counted(small, {0: 700, 1: float("inf")}).to_dict()
    assert found.counts["readings without early gaze"] == 22
    assert "the time before the first mention of a finding" in (tmp_path / "out" / "report.html").read_text()


def test_mentions_without_a_time_are_refused_when_the_study_is_checked(small):
    settings(small, "before_mention = true")
    with pytest.raises(InputError, match=r"features.before_mention: needs traces with a column 'onset'"):
        analyse(open_study(small), only=["features"])
