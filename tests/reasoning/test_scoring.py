"""Scores of labels, by hand, by scikit-learn and on CheXpert's test set."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from gazeanalytics import reasoning
from gazeanalytics.reasoning.labeler.label_scores import (
    claims_against_truth,
    compare_labels,
    disagreement,
    report_errors,
    score_labels,
)

READERS = ["bc4", "bc6", "bc8"], ["bc1_gt", "bc2_gt", "bc3_gt", "bc5_gt", "bc7_gt"]


@pytest.fixture
def labels():
    rng = np.random.default_rng(0)
    truth = pd.DataFrame(rng.choice([1.0, 0.0, -1.0, np.nan], (60, 4)), columns=list("abcd"))
    said = truth.where(rng.random(truth.shape) < 0.7, rng.choice([1.0, 0.0, -1.0], truth.shape))
    return said, truth


@pytest.mark.parametrize(("policy", "codes"), [("zeros", [1.0]), ("ones", [1.0, -1.0])])
def test_scores_agree_with_scikit_learn(labels, policy, codes):
    said, truth = (frame.isin(codes) for frame in labels)
    table = score_labels(*labels, policy=policy).set_index("finding")
    precision, recall, f1, n = precision_recall_fscore_support(truth, said, zero_division=0)
    np.testing.assert_allclose(table.loc[list("abcd"), ["precision", "recall", "f1"]], np.c_[precision, recall, f1])
    assert table.loc[list("abcd"), "n"].tolist() == n.tolist()
    for name in ("macro", "micro"):
        np.testing.assert_allclose(table.loc[name, "f1"], f1_score(truth, said, average=name))


def test_ignored_cells_are_those_uncertain_on_either_side(labels):
    said, truth = labels
    kept = ~((said == -1) | (truth == -1))
    table = score_labels(said, truth, policy="ignore").set_index("finding")
    for name in truth:
        target = f1_score(truth[name][kept[name]] == 1, said[name][kept[name]] == 1)
        assert table.loc[name, "f1"] == pytest.approx(target)


@pytest.mark.parametrize(("target", "code"), [("negative", 0), ("uncertain", -1)])
def test_negation_and_uncertainty_are_scored_as_they_are(labels, target, code):
    said, truth = labels
    table = score_labels(said, truth, target=target).set_index("finding")
    assert table.loc["micro", "f1"] == pytest.approx(f1_score(truth == code, said == code, average="micro"))


def test_a_policy_may_differ_by_finding(labels):
    table = score_labels(*labels, policy={"a": "ones"}).set_index("finding")
    assert table.loc["a", "f1"] == score_labels(*labels, policy="ones").set_index("finding").loc["a", "f1"]
    assert table.loc["b", "f1"] == score_labels(*labels).set_index("finding").loc["b", "f1"]


def test_intervals_hold_the_estimate_and_repeat_with_the_seed(labels):
    one, two = (score_labels(*labels, n_resamples=300, rng=3) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert (one.f1_low <= one.f1).all()
    assert (one.f1 <= one.f1_high).all()


def test_a_better_labeler_is_told_from_a_worse_one_and_from_itself(labels):
    said, truth = labels
    better = compare_labels(said, truth, truth, rng=0).set_index("finding").loc["micro"]
    assert better.conf_low > 0
    assert better.p_value < 0.01
    same = compare_labels(said, said, truth, rng=0).set_index("finding").loc["micro"]
    assert (same.difference, same.p_value) == (0, 1)


def test_wrong_input_is_reported():
    truth = pd.DataFrame({"a": [1]}, index=["x"])
    with pytest.raises(ValueError, match="'x' has no labels"):
        score_labels(pd.DataFrame({"a": [1]}, index=["y"]), truth)
    with pytest.raises(ValueError, match="got 'one'"):
        score_labels(truth, truth, policy="one")
    with pytest.raises(ValueError, match=r"votes must have shape \(readers, 1, 1\); got \(2, 3\)"):
        claims_against_truth(truth, truth, np.zeros((2, 3)))


def test_hallucinations_and_omissions_strict_and_lenient():
    truth = pd.DataFrame({"a": [1, 1], "b": [0, -1], "c": [np.nan, np.nan], "d": [1, 0]})
    said = pd.DataFrame({"a": [-1, 1], "b": [1, 1], "c": [1, np.nan], "d": [np.nan, 0]})
    lenient, strict = report_errors(said, truth), report_errors(said, truth, lenient=False)
    assert lenient[["hallucinated", "omitted"]].to_numpy().tolist() == [[2, 1], [0, 0]]
    assert strict[["hallucinated", "omitted"]].to_numpy().tolist() == [[2, 2], [1, 0]]
    assert lenient.jaccard.tolist() == [0, 0.5]


def test_disagreement_is_the_share_of_unlike_pairs():
    votes = np.random.default_rng(1).integers(0, 2, (5, 7)).astype(float)
    votes[3, 2] = np.nan
    for case, found in zip(votes.T, disagreement(votes), strict=True):
        seen = case[~np.isnan(case)]
        pairs = [a != b for i, a in enumerate(seen) for b in seen[:i]]
        assert found == pytest.approx(np.mean(pairs))
    assert np.isnan(disagreement(np.array([[1.0], [np.nan]])))


def test_what_reports_say_is_worth_on_chexperts_test_set(shared_data):
    folder = shared_data / "chexpert_test_readers"
    truth = pd.read_csv(folder / "groundtruth.csv", index_col="Study").drop(columns="No Finding")
    said = pd.read_csv(folder / "labeler" / "chexpert_labels.csv", index_col="Study")
    files = [
        folder / "radiologists" / group / f"{name}.csv"
        for group, names in zip(("benchmark_radiologists", "groundtruth"), READERS, strict=True)
        for name in names
    ]
    votes = np.stack([pd.read_csv(file, index_col="Study").loc[truth.index, truth.columns] for file in files])
    table = claims_against_truth(said, truth, votes).set_index("says")
    target = {
        "negative": (0.057, 0.080),
        "blank": (0.140, 0.128),
        "uncertain": (0.306, 0.282),
        "positive": (0.582, 0.239),
    }
    for says, numbers in target.items():
        assert table.loc[says, ["p_true", "disagreement"]].round(3).tolist() == list(numbers)


def test_benchmark_reads_chexgpts_lines(tmp_path):
    rows = [
        {"study_id": "s1", "text": "Small effusion. No nodule.", "label": {"effusion": {"status": ["exist"]}}},
        {"study_id": "s2", "text": "Possible nodule.", "label": {"nodule": {"status": ["exist"]}}},
        {
            "study_id": "s3",
            "text": "Widened mediastinum.",
            "label": {"Widened Mediastinal Silhouette": {"status": ["exist"]}},
        },
    ]
    path = tmp_path / "mimic500.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    table = reasoning.label_benchmark(path, n_resamples=20, rng=0).set_index(["policy", "finding"])["f1"]
    assert table["zeros", "nodule"] == 0
    assert table["ones", "micro"] == 1
    assert table["ignore", "widened_mediastinal_silhouette"] == 1


def test_benchmark_compares_two_labelers_on_chexperts_table(tmp_path):
    path = tmp_path / "reports.csv"
    pd.DataFrame({"Report Impression": ["No edema.", "Edema.", "Edema?"] * 9, "Edema": [0, 1, -1] * 9}).to_csv(
        path, index=False
    )
    nothing = lambda texts: pd.DataFrame({"edema": np.nan}, index=texts.index)  # noqa: E731
    table = reasoning.label_benchmark(path, nothing, against=reasoning.label_reports, n_resamples=50, rng=0)
    assert table.query("finding == 'edema'").difference.tolist() == [1] * 5
    assert table["target"].unique().tolist() == ["positive", "negative", "uncertain"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", r"bad.csv: expected a column of text named .*; got a, b"),
        ("text\nx\n", r"bad.csv: expected columns of findings such as 'Edema'; got text"),
    ],
)
def test_files_without_text_or_findings_are_reported(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        reasoning.read_labelled(path)
