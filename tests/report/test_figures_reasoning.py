"""Figures of reasoning and of reader studies show the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import report
from gazeanalytics.tables import TableError


def texts(ax):
    return [text.get_text() for text in ax.texts]


def ticks(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def drawn(ax):
    ax.figure.canvas.draw()
    return ax


CLAIMS = pd.DataFrame(
    {"says": ["negative", "positive", "blank"], "n": [583, 947, 0], "p_true": [0.057, 0.582, np.nan],
     "disagreement": [0.08, 0.239, np.nan]}
)  # fmt: skip


def test_claims_print_both_shares_to_three_decimals():
    ax = drawn(report.claims(CLAIMS))
    assert texts(ax) == ["0.057", "0.582", "0.080", "0.239"]
    assert ticks(ax) == ["negative (n = 583)", "positive (n = 947)"]


def test_paired_scores_leave_out_cases_that_lack_one():
    table = pd.DataFrame({"baseline": [0.1, 0.5, np.nan], "gaze": [0.3, 0.4, 0.9]})
    ax = drawn(report.paired_scores(table, first="baseline", second="gaze", label="NCC"))
    assert ax.get_title(loc="left") == "gaze higher by 0.050 on average (n = 2)"
    assert ax.lines[1].get_xydata().tolist() == [[0.1, 0.3], [0.5, 0.4]]
    assert ax.get_xlabel() == "NCC, baseline"


SPANS = pd.DataFrame(
    {"reader": ["bob", "ann", "eve"], "mentions": [30, 1200, 1], "span_ms": [2500.0, 900.0, np.nan], "low_ms": 800.0,
     "high_ms": 2600.0, "chance_ms": 3000.0}
)  # fmt: skip


def test_spans_stay_anonymous_unless_names_are_asked_for():
    assert ticks(drawn(report.eye_voice_spans(SPANS))) == ["reader 1 (n = 1,200)", "reader 2 (n = 30)"]
    ax = drawn(report.eye_voice_spans(SPANS, show_names=True))
    assert ticks(ax) == ["ann (n = 1,200)", "bob (n = 30)"]
    assert ax.lines[0].get_xdata().tolist() == [0.9, 2.5]


def test_looks_and_words_add_up_by_region():
    table = pd.DataFrame(
        {"region": ["heart"] * 2 + ["lung"] * 2, "verdict": ["looked only", "neither"] + ["said only"] * 2}
    )
    ax = drawn(report.looks_and_words(table))
    assert ticks(ax) == ["heart (n = 2)", "lung (n = 2)"]
    assert texts(ax) == ["50%", "100%", "50%"]


def test_likeness_tells_the_difference_and_its_test():
    similarity = pd.DataFrame({"same": [0.4, 0.6, np.nan], "different": [0.1, 0.2, np.nan]})
    row = {"term": "difference", "estimate": 0.35, "conf_low": 0.3, "conf_high": 0.4, "p_value": 0.0004}
    ax = drawn(report.case_similarity(similarity, pd.DataFrame([row])))
    assert ax.get_title(loc="left") == "difference 0.35 [0.30, 0.40], p < .001"
    assert "n = 2" in ax.get_xlabel()


def test_retrieval_stands_beside_guessing():
    terms = ["recall_at_1", "recall_at_5", "chance_at_1", "chance_at_5", "median_rank"]
    table = pd.DataFrame(
        {"term": terms, "estimate": [0.4, 0.7, 0.01, 0.05, 3], "conf_low": 0.3, "conf_high": 0.8, "n": 90}
    )
    ax = drawn(report.retrieval(table))
    assert [line.get_ydata().tolist() for line in ax.lines] == [[0.4, 0.7], [0.01, 0.05]]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "5"]


def estimates(terms, contrasts, values):
    return pd.DataFrame(
        {
            "model": "log(duration_ms)",
            "term": terms,
            "contrast": contrasts,
            "estimate": values,
            "std_error": 0.1,
            "statistic": np.nan,
            "df": 10.0,
            "p_value": 0.02,
            "conf_low": np.array(values) * 0.8,
            "conf_high": np.array(values) * 1.2,
            "n": 360.0,
            "note": "singular: case: its SD is 0",
        }
    )


def test_conditions_are_drawn_with_their_ratios_and_notes_below():
    means = estimates("geometric mean", ["manual", "full"], [60000.0, 45000.0])
    ax = drawn(
        report.condition_means(means, estimates("ratio", ["full / manual"], [0.75]), label="Time (s)", scale=0.001)
    )
    assert ax.lines[0].get_xdata().tolist() == [60, 45]
    assert texts(ax)[0].splitlines()[0] == "full / manual: ratio 0.75 [0.60, 0.90], p = .020"
    assert "singular" in texts(ax)[0]
    assert ticks(ax) == ["manual", "full"]


def test_errors_of_conditions_are_shares_of_findings_and_counts_of_introduced():
    audit = pd.DataFrame(
        {"condition": ["full", "manual", "full"], "found": [1, 1, 3], "missed": [1, 3, 0], "introduced": [1, 0, 2]}
    )
    ax = drawn(report.condition_errors(audit))
    assert ticks(ax) == ["full (1.50 introduced a reading) (n = 5)", "manual (0.00 introduced a reading) (n = 4)"]
    assert texts(ax) == ["80%", "25%", "20%", "75%"]


EMPTY = {
    "statements": lambda: report.claims(CLAIMS[:0]),
    "scores": lambda: report.paired_scores(pd.DataFrame({"a": [], "b": []}), first="a", second="b"),
    "spans": lambda: report.eye_voice_spans(SPANS[2:]),
    "looks or words": lambda: report.looks_and_words(pd.DataFrame(columns=["region", "verdict"])),
    "pairs of readings": lambda: report.case_similarity(pd.DataFrame(columns=["same", "different"])),
    "retrieval": lambda: report.retrieval(
        pd.DataFrame(columns=["term", "estimate", "conf_low", "conf_high", "n"], dtype=str)
    ),
    "conditions": lambda: report.condition_means(estimates("mean", ["a"], [1.0])[:0], label="x"),
    "readings": lambda: report.condition_errors(pd.DataFrame(columns=["condition", "found", "missed", "introduced"])),
}


@pytest.mark.parametrize("what", EMPTY)
def test_a_figure_without_rows_says_so(what):
    assert f"No {what} to show" in texts(drawn(EMPTY[what]()))


def test_a_missing_column_is_told():
    with pytest.raises(TableError, match="table 'spans', column 'chance_ms'"):
        report.eye_voice_spans(SPANS.drop(columns="chance_ms"))
