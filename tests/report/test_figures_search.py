"""Figures of search in time and space, and of groups: artists are read back."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from gazeanalytics import report
from gazeanalytics.geometry import Viewing
from gazeanalytics.tables import TableError


def texts(ax):
    return [text.get_text() for text in ax.texts]


def drawn(ax):
    ax.figure.canvas.draw()
    return ax


def profile(features):
    return pd.DataFrame(
        {"strategy": np.repeat(["a", "b_$"], len(features)), "feature": list(features) * 2, "effect": 0.5,
         "conf_low": 0.1, "conf_high": 0.9, "n": 7}
    )  # fmt: skip


def test_many_features_stand_below_one_another():
    few, many = [f"f{i}" for i in range(11)], [f"f{i}" for i in range(12)]
    assert drawn(report.strategy_profiles(profile(few))).images[0].get_array().shape == (2, 11)
    ax = drawn(report.strategy_profiles(profile(many)))
    assert ax.images[0].get_array().shape == (12, 2)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["a\n(n = 7)", "b_\\$\n(n = 7)"]


def test_component_loadings_run_from_minus_one_to_one():
    loadings = profile(["f_1", "g"]).rename(columns={"strategy": "component", "effect": "loading"}).drop(columns="n")
    ax = drawn(report.component_loadings(loadings))
    assert ax.images[0].get_clim() == (-1.0, 1.0)
    assert texts(ax) == ["0.5 •"] * 4


def test_transition_matrix_keeps_the_order_and_counts_rows():
    moves = pd.DataFrame({"source": ["b", "b", "a"], "target": ["a", "c", "b"], "count": [3, 1, 5]})
    ax = drawn(report.transition_matrix(moves, order=["c", "b", "a"]))
    np.testing.assert_allclose(ax.images[0].get_array(), [[0, 0, 0], [0.25, 0, 0.75], [0, 1, 0]])
    assert texts(ax) == ["", "", "", "25%\n1", "", "75%\n3", "", "100%\n5", ""]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["c (n = 0)", "b (n = 4)", "a (n = 5)"]


def test_strategy_map_outlines_half_of_a_strategy():
    rng = np.random.default_rng(5)
    table = pd.DataFrame(rng.normal(size=(600, 2)), columns=["component 1", "component 2"]).assign(
        strategy=["x"] * 500 + [None] * 100
    )
    table.loc[0, "component 1"] = np.nan
    ax = drawn(report.strategy_map(table))
    assert texts(ax) == ["x"]
    sizes = [len(part.get_offsets()) for part in ax.collections[:2]]
    assert sizes == [100, 499]
    outline = ax.collections[2].get_paths()[0]
    inside = outline.contains_points(table.loc[1:499, ["component 1", "component 2"]]).mean()
    assert inside == pytest.approx(0.5, abs=0.06)
    assert "No readings to show" in texts(report.strategy_map(table[:0]))


@pytest.fixture
def visits():
    return pd.DataFrame(
        {"reading": 1, "onset": [0.0, 300.0, 1000.0], "duration": [280.0, 200.0, 500.0], "region": ["a", "b_1", "a"]}
    )


def test_visit_raster_has_a_bar_for_each_visit_and_hatches_gaps(visits):
    ax = drawn(report.visit_raster(visits))
    bars = [np.round([path.vertices[:, 0].min(), np.ptp(path.vertices[:, 0])], 6).tolist()
            for part in ax.collections for path in part.get_paths()]  # fmt: skip
    assert bars == [[0.0, 0.28], [1.0, 0.5], [0.3, 0.2], [0.5, 0.5]]
    assert ax.collections[-1].get_hatch() == "////"
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b 1"]


def test_visit_raster_writes_speech_on_the_same_clock(visits):
    traces = pd.DataFrame(
        {"reading": 1, "step": range(3), "text": ["Clear.", "A long sentence, " + 30 * "very " + "long", "lost"],
         "onset": [100.0, 900.0, np.nan], "offset": [700.0, 1500.0, 5.0]}
    )  # fmt: skip
    ax = drawn(report.visit_raster(visits, traces=traces))
    shown = texts(ax)
    assert shown[0] == " Clear."
    assert shown[1].startswith(" A long sentence, very")
    assert shown[1].endswith("…")
    assert len(shown) == 2
    spans = [(bar.get_x(), bar.get_width()) for bar in ax.patches]
    assert spans == [pytest.approx((0.1, 0.6)), pytest.approx((0.9, 0.6))]
    with pytest.raises(
        TableError, match="'traces', column 'reading': expected the rows of one reading; got 2 readings"
    ):
        report.visit_raster(visits, traces=traces.assign(reading=[1, 2, 2]))


def test_hit_curve_ends_below_one_by_the_lesions_never_seen():
    lesions = pd.DataFrame(
        {"time_to_first_fixation_ms": [400.0, np.nan, 200.0, np.nan, 100.0], "group": ["x", "x", "x", "x", "y"]}
    )
    ax = drawn(report.hit_curve(lesions, by="group"))
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [0.2, 0.25], [0.4, 0.5], [0.4, 0.5]]
    assert ax.lines[1].get_ydata().tolist() == [0, 1, 1]
    assert ax.get_legend_handles_labels()[1] == ["x (n = 4)", "y (n = 1)"]
    assert "No lesions to show" in texts(report.hit_curve(lesions[:0]))


def test_lag_curve_is_drawn_in_order_of_time():
    lags = pd.DataFrame({"lag_ms": [1000.0, -1000.0], "share": [0.3, 0.1], "low": 0.0, "high": 0.5})
    ax = drawn(report.lag_curve(lags))
    assert ax.lines[1].get_xydata().tolist() == [[-1.0, 0.1], [1.0, 0.3]]
    assert ax.get_legend() is None
    assert "No mentions to show" in texts(report.lag_curve(lags[:0]))


def test_miss_shares_leave_hits_out():
    lesions = pd.DataFrame({"outcome": ["search", "decision", "decision", "hit", None], "who": "a"})
    ax = drawn(report.miss_shares(lesions, by="who"))
    assert texts(ax) == ["33%", "67%"]
    assert ax.get_yticklabels()[0].get_text() == "a (n = 3)"
    assert "No misses to show" in texts(report.miss_shares(lesions[3:], by="who"))


def test_coverage_map_counts_the_circle():
    viewing = Viewing.from_px_per_deg(40, 1000, 500)
    fixations = pd.DataFrame({"reading": 1, "onset": [0.0, 1.0], "x": [500.0, np.nan], "y": [250.0, 100.0]})
    ax = drawn(
        report.coverage_map(fixations, stimulus=report.Stimulus(viewing=viewing, size=(1000, 500)), radius_deg=2.0)
    )
    covered = ax.images[0].get_array()[..., 3] == 0
    radius = float(viewing.distance_x_px) * np.tan(np.deg2rad(2))
    assert covered.mean() == pytest.approx(np.pi * radius**2 / 500_000, rel=0.01)
    assert ax.get_title(loc="left") == "4% of the image within 2° of a fixation"


def test_attention_difference_compares_shares_not_amounts():
    first, second = np.zeros((4, 6)), np.zeros((4, 6))
    first[0, 0], second[3, 5] = 900.0, 3.0
    ax = drawn(report.attention_difference(first, second, group_names=("experts", "$novices"), significant=first > 0))
    assert ax.images[0].get_array()[0, 0] == 1.0
    assert ax.images[0].get_array()[3, 5] == -1.0
    assert [label.get_text() for label in ax.figure.axes[1].get_yticklabels()] == [
        "more\n\\$novices",
        "same",
        "more\nexperts",
    ]
    with pytest.raises(ValueError, match=r"two maps with attention on one grid; got \(4, 6\) and \(2, 6\)"):
        report.attention_difference(first, second[:2])


def test_roc_draws_bands_and_readers():
    curves = pd.DataFrame(
        {"curve": ["$p", "$p", "q", "q"], "false_positive_share": [0.0, 1.0] * 2, "true_positive_share": [0.0, 1.0] * 2,
         "conf_low": 0.0, "conf_high": 1.0}
    )  # fmt: skip
    points = pd.DataFrame({"curve": ["q"], "false_positive_share": [0.2], "true_positive_share": [0.7]})
    ax = drawn(report.roc(curves, points=points))
    assert ax.get_legend_handles_labels()[1] == [r"\$p", "q"]
    assert ax.lines[-1].get_xydata().tolist() == [[0.2, 0.7]]
    assert ax.lines[-1].get_color() == ax.lines[2].get_color()
    assert len(ax.collections) == 2
    assert "No curves to show" in texts(report.roc(curves[:0]))
    areas = pd.DataFrame(
        {"term": ["mean", "mean"], "contrast": ["q", "r"], "estimate": 0.9, "conf_low": 0.8, "conf_high": 0.95}
    )
    named = drawn(report.roc(curves, areas=areas)).get_legend_handles_labels()[1]
    assert named == [r"\$p", "q: 0.90 [0.80, 0.95]"]


def test_forecasts_stand_beside_chance_and_ceiling():
    table = pd.DataFrame({"label": ["Edema", "$x"], "estimate": [0.87, 0.7], "conf_low": [0.8, 0.6], "conf_high": 0.9})
    ax = drawn(report.prediction_auc(table.assign(ceiling=0.93, null_high=0.56)))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["Edema", r"\$x"]
    assert ax.lines[-1].get_xydata().tolist() == [[0.87, 0], [0.7, 1]]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.06, 0.06])
    assert "splits are partly luck" in " ".join(texts(ax)).replace("\n", " ")
    assert "No predictions to show" in texts(report.prediction_auc(table[:0]))


def test_scripts_keep_no_figures_and_notebooks_show_them():
    moves = pd.DataFrame({"source": ["b"], "target": ["a"], "count": [3]})
    report.transition_matrix(moves)
    assert plt.get_fignums() == []
    with mpl.rc_context({"interactive": True}):
        report.transition_matrix(moves)
        assert len(plt.get_fignums()) == 1
        with report.off_screen():
            report.transition_matrix(moves)
        assert len(plt.get_fignums()) == 1
