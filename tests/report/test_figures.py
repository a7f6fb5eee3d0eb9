"""Figures show the numbers of their table: artists are read back, files are compared byte by byte."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection

from gazeanalytics import report
from gazeanalytics.geometry import Box, Viewing
from gazeanalytics.report import Stimulus
from gazeanalytics.tables import TableError

NASTY = r"$\frac{1$_x"


def estimate(term, value, half, note="", model="accuracy"):
    return {
        "model": model, "term": term, "estimate": value, "std_error": half / 1.96, "statistic": 2.0, "df": np.nan,
        "p_value": 0.04, "conf_low": value - half, "conf_high": value + half, "n": 1200.0, "note": note,
    }  # fmt: skip


@pytest.fixture
def estimates():
    return pd.DataFrame(
        [
            estimate("Intercept", -3.0, 0.2),
            estimate(f"strategy[T.{NASTY}]", 0.5, 0.3),
            estimate("country[T.Peru]", 12.0, 500.0, "separated"),
            estimate("sd(reader)", 0.7, 0.1),
        ]
    )


@pytest.fixture
def fixations():
    return pd.DataFrame(
        {"reading": 4, "onset": [0.0, 300.0, 900.0], "duration": [200.0, 400.0, 100.0], "x": [50.0, 150.0, 120.0],
         "y": [20.0, 80.0, 60.0]}
    )  # fmt: skip


def texts(ax):
    return [text.get_text() for text in ax.texts]


def line_xs(ax):
    return [np.asarray(line.get_xdata(), float).tolist() for line in ax.lines]


def drawn(ax):
    """Render: errors in text or layout come up only then."""
    ax.figure.canvas.draw()
    return ax


def test_forest_shows_coefficients_but_not_intercepts_or_spreads(estimates):
    ax = drawn(report.forest(estimates))
    assert [text.get_text() for text in ax.get_yticklabels()] == [r"strategy: \$\frac{1\$_x", "country: Peru †"]
    assert [0.0, 0.0] in [[float(x) for x in line] for line in line_xs(ax)[:1]]
    assert [0.2, 0.8] in [np.round(x, 6).tolist() for x in line_xs(ax)]
    assert "0.50 [0.20, 0.80]" in texts(ax)
    assert "† separated" in texts(ax)
    assert texts(ax).count("1,200") == 2


def test_forest_keeps_a_separated_interval_from_squeezing_the_others(estimates):
    low, high = report.forest(estimates).get_xlim()
    assert -1 < low < 0
    assert 0.8 < high < 1


def test_forest_draws_noted_estimates_hollow(estimates):
    estimates.loc[2, ["estimate", "conf_low", "conf_high"]] = [0.1, 0.0, 0.2]
    ax = report.forest(estimates)
    faces = {tuple(line.get_xdata()): line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"}
    assert faces[(0.1,)] == "white"
    assert faces[(0.5,)] != "white"


def test_forest_of_ratios_has_a_logarithmic_axis_and_reference_one(estimates):
    ax = drawn(report.forest(estimates, exponentiate=True))
    assert ax.get_xscale() == "log"
    assert line_xs(ax)[0] == [1.0, 1.0]
    assert any(np.allclose(x, np.exp([0.2, 0.8])) for x in line_xs(ax))


def test_forest_names_models_when_there_are_several(estimates):
    both = pd.concat([estimates[:2], estimates[:2].assign(model="time")])
    labels = [text.get_text() for text in report.forest(both, intercept=True).get_yticklabels()]
    assert labels[0] == "accuracy"
    assert labels[3] == "time"
    assert len(labels) == 6


def test_caterpillar_orders_levels_and_hides_names():
    modes = pd.DataFrame(
        {"level": ["a", "b"], "estimate": [0.4, -0.2], "conf_low": [0.1, -0.5], "conf_high": [0.7, 0.1]}
    )
    ax = drawn(report.caterpillar(modes.assign(raw=[0.9, -0.5])))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["b", "a"]
    assert [-0.2, 0.4] in line_xs(ax)
    assert [-0.5, 0.9] in line_xs(ax)
    assert len(ax.collections) == 1
    hidden = drawn(
        report.caterpillar(
            modes[["level", "estimate"]].rename(columns={"estimate": "mode"}), column="mode", show_names=False
        )
    )
    assert hidden.get_xlabel() == "Deviation from the mean"
    assert not hidden.get_yticklabels()
    assert hidden.get_ylabel() == "2 levels, lowest to highest"


def test_caterpillar_leaves_out_levels_of_few_readers():
    modes = pd.DataFrame({"level": ["a", "b"], "estimate": [0.4, -0.2], "readers": [5, 4]})
    ax = drawn(report.caterpillar(modes))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a"]
    assert texts(ax) == ["Not shown: 1 of fewer than 5 readers."]


def test_scanpath_has_area_by_duration_and_y_down(fixations):
    ax = drawn(
        report.scanpath(fixations, stimulus=Stimulus(size=(200, 100), viewing=Viewing.from_px_per_deg(10, 200, 100)))
    )
    assert ax.get_ylim() == (100, 0)
    first, others = (
        [part for part in ax.collections if isinstance(part, PathCollection) and len(part.get_offsets()) == size][-1]
        for size in (1, 2)
    )
    assert first.get_offsets().tolist() == [[50.0, 20.0]]
    areas = np.append(first.get_sizes(), others.get_sizes())
    assert areas / areas[0] == pytest.approx([1.0, 2.0, 0.5])
    paths = [part for part in ax.collections if isinstance(part, LineCollection)]
    assert [segment.tolist() for segment in paths[0].get_segments()] == [
        [[50.0, 20.0], [150.0, 80.0]], [[150.0, 80.0], [120.0, 60.0]]
    ]  # fmt: skip
    assert {"1", "2", "3", "5°"} <= set(texts(ax))


def test_scale_bar_is_the_exact_angle(fixations):
    viewing = Viewing.from_px_per_deg(10, 200, 100)
    ax = report.scanpath(fixations, stimulus=Stimulus(size=(200, 100), viewing=viewing))
    left, right = ax.lines[-1].get_xdata()
    half = (right - left) / 2
    assert float(viewing.angle(100 - half, 50, 100 + half, 50)) == pytest.approx(5.0, abs=1e-12)


def test_points_without_time_are_coloured_by_order(fixations):
    points = fixations.assign(duration=np.nan, onset=[0.0, 1.0, 2.0])
    ax = drawn(report.scanpath(points, stimulus=Stimulus(size=(200, 100), shown=Box(10, 10, 100, 90))))
    assert ax.figure.axes[1].get_ylabel() == "Order of points"
    assert np.unique(ax.collections[-2].get_sizes()).size == 1


def test_scanpath_skips_lost_fixations_and_draws_regions(fixations):
    fixations.loc[1, ["x", "y"]] = np.nan
    regions = pd.DataFrame(
        {"region": [NASTY, "b"], "kind": ["lesion", "organ"], "x0": 10.0, "y0": 20.0, "x1": 40.0, "y1": 60.0,
         "shape": ["ellipse", "box"]}
    )  # fmt: skip
    ax = drawn(report.scanpath(fixations, stimulus=Stimulus(image=np.zeros((100, 200)), regions=regions)))
    assert set(texts(ax)) == {r"\$\frac{1\$_x", "b", "1", "2"}
    assert [type(patch).__name__ for patch in ax.patches] == ["Ellipse", "Rectangle"]


def test_scanpath_refuses_several_readings(fixations):
    two = pd.concat([fixations, fixations.assign(reading=5)])
    with pytest.raises(TableError, match="expected the rows of one reading; got 2 readings; draw them one by one"):
        report.scanpath(two)


def test_attention_map_covers_the_image_and_shares_its_scale():
    grid = np.zeros((10, 20))
    grid[2:5, 3:6] = 2.0
    ax = drawn(report.attention_map(grid, stimulus=Stimulus(image=np.ones((100, 200))), max_value=4.0))
    overlay = ax.images[-1]
    assert overlay.get_extent() == [0, 200, 100, 0]
    assert overlay.get_clim() == (0.0, 4.0)
    assert overlay.get_alpha()[0, 0] == 0
    assert "No attention to show" in texts(drawn(report.attention_map(0 * grid)))
    with pytest.raises(ValueError, match="density: expected a 2-D grid of numbers, 0 or more; got shape"):
        report.attention_map(-grid)


@pytest.mark.parametrize("count", [300, 3000])
def test_main_sequence_finds_its_power_law(count):
    amplitude = np.geomspace(0.2, 20, count)
    saccades = pd.DataFrame({"amplitude_deg": amplitude, "peak_speed_deg_s": 90 * amplitude**0.55})
    saccades.loc[len(saccades)] = [np.nan, 3.0]
    ax = drawn(report.main_sequence(saccades))
    assert ax.get_legend_handles_labels()[1] == ["90 deg/s × amplitude^0.55"]
    assert ax.get_title(loc="left") == f"{count:,} saccades"


def test_labelled_trace_shows_each_event_of_each_row():
    t = np.arange(100) * 4.0
    samples = pd.DataFrame({"reading": 1, "t": t, "x": np.repeat([100.0, 400.0], 50), "y": 200.0})
    coder, detector = np.ones(100, int), np.ones(100, int)
    coder[48:52], coder[52:55], detector[46:50], detector[90:] = 2, 3, 2, 0
    ax = drawn(report.labelled_trace(samples, {"coder": coder, NASTY: detector}, start=100.0))
    bars = [
        (path.vertices[:, 0].min(), path.vertices[:, 0].max()) for group in ax.collections for path in group.get_paths()
    ]
    fixed, moved, swung = [(100.0, 192.0), (220.0, 400.0)], [(192.0, 208.0)], [(208.0, 220.0)]
    assert bars == [*fixed, *moved, *swung, (100.0, 184.0), (200.0, 360.0), (184.0, 200.0)]
    assert ax.get_legend_handles_labels()[1] == ["x", "y", "fixation", "saccade", "pso"]
    assert texts(ax)[0] == "coder"
    # The trace stays above the rows.
    low, high = ax.get_ylim()
    assert (100 - low) / (high - low) > 2 * 0.075


def test_labelled_trace_refuses_what_does_not_fit():
    samples = pd.DataFrame({"reading": [1, 2], "t": [0.0, 0.0], "x": 1.0, "y": 1.0})
    with pytest.raises(TableError, match="expected the rows of one reading; got 2 readings; draw them"):
        report.labelled_trace(samples, {})
    with pytest.raises(ValueError, match=r"labels of 'me': expected one place in tables.LABELS a sample, shape \(1,\)"):
        report.labelled_trace(samples[:1], {"me": [1, 1]})
    assert "No samples to show" in texts(report.labelled_trace(samples[:1], {"me": [1]}, start=5.0))


def test_data_loss_orders_readers_without_naming_them():
    quality = pd.DataFrame({"reader": ["a"] * 4 + ["b"] * 4, "loss": [0.5, 0.3, 0.4, 0.1, 0.0, 0.1, 0.1, 0.2]})
    ax = drawn(report.data_loss(quality))
    assert [0.1, 0.35] in [np.round(x, 9).tolist() for x in line_xs(ax)]
    assert ax.get_title(loc="left") == "3 of 8 readings lost more than 20%"
    assert not any(text.get_text() == "a" for text in ax.get_yticklabels())
    drawn(report.sampling_rate(quality.assign(rate_hz=500.0)))


def test_strategy_profiles_mark_intervals_without_zero():
    profile = pd.DataFrame(
        {"strategy": [NASTY, NASTY, "b", "b"], "feature": ["f_1", "g"] * 2, "effect": [1.0, -0.04, np.nan, -2.0],
         "conf_low": [0.5, -0.2, np.nan, -2.5], "conf_high": [1.5, 0.2, np.nan, -1.5], "n": [5, 5, 1234, 1234]}
    )  # fmt: skip
    ax = drawn(report.strategy_profiles(profile, features=["g", "f_1"]))
    assert texts(ax) == ["0.0", "1.0 •", "−2.0 •", "–"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["g", "f 1"]
    assert ax.get_yticklabels()[1].get_text() == "b (n = 1,234)"
    np.testing.assert_array_equal(ax.images[0].get_array(), [[-0.04, 1.0], [-2.0, np.nan]])


def test_strategy_shares_add_up_and_pool_small_groups():
    readings = pd.DataFrame({"reader": np.repeat(range(14), 2), "country": ["A"] * 12 + ["B"] * 12 + ["C"] * 4})
    readings["strategy"] = ["x", NASTY] * 13 + ["_y", None]
    ax = drawn(report.strategy_shares(readings, by="country"))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["other (n = 16)", "A (n = 12)"]
    ends = np.array([[bar.get_x() + bar.get_width() for bar in part] for part in ax.containers])
    assert ends[-1] == pytest.approx(1.0)
    assert [text.get_text().strip("\u200a") for text in ax.get_legend().get_texts()] == [
        r"\$\frac{1\$_x", "none", "_y", "x"
    ]  # fmt: skip


def test_a_legend_of_strategies_stays_on_the_figure_and_reads_row_by_row():
    readers = pd.DataFrame({"reader": np.arange(40), "experience_years": np.arange(40) % 20})
    names = [f"strategy {place}" for place in range(1, 5)]
    ax = report.strategy_shares(readers.assign(strategy=np.resize(names, 40)), by="experience_years")
    figure, legend = ax.figure, ax.get_legend()
    figure.draw_without_rendering()
    assert legend.get_window_extent().x1 <= figure.bbox.x1
    at = {text.get_text(): text.get_window_extent() for text in legend.get_texts()}
    assert at["strategy 2"].x0 > at["strategy 1"].x1
    assert at["strategy 4"].y1 < at["strategy 1"].y0
    # How many stand in a row is the font's to say: they follow one another along rows, whichever they are.
    assert sorted(at, key=lambda name: (-round(at[name].y0), at[name].x0)) == names


def test_a_legend_beside_wide_names_of_rows_stays_on_the_figure():
    table = pd.DataFrame({"says": ["negative", "uncertain"], "n": [2_132_000, 6_010_000], "p_true": [0.04, 0.85]})
    ax = report.claims(table.assign(disagreement=0.2))
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x1 <= ax.figure.bbox.x1


def test_strategy_shares_pool_bands_with_their_neighbours():
    readings = pd.DataFrame({"reader": range(11), "experience_years": [1.0] * 5 + [3.0] * 2 + [30.0] * 4})
    ax = report.strategy_shares(readings.assign(strategy="x"), by="experience_years")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["0 to <2 years (n = 5)", "2+ years (n = 6)"]


def test_outcome_by_strategy_takes_readers_as_units():
    readings = pd.DataFrame({"reader": [1, 1, 1, 2], "strategy": "a", "correct": [1.0, 1.0, 0.0, np.nan]})
    ax = drawn(report.outcome_by_strategy(readings, outcome="correct"))
    assert ax.lines[0].get_ydata().tolist() == [pytest.approx(2 / 3)]
    assert ax.get_xticklabels()[0].get_text() == "a\n1 readers\n3 readings"


def test_calibration_shows_each_bin_with_its_size():
    table = pd.DataFrame(
        {"phrase": ["no", "never", "likely_$"], "stated": [0.1, 0.12, 0.9], "observed": [0.2, 0.3, 0.8], "low": 0.1,
         "high": 0.9, "n": [40, 0, 1500]}
    )  # fmt: skip
    ax = drawn(report.calibration(table, name_column="phrase"))
    assert ax.lines[1].get_xydata().tolist() == [[0.1, 0.2], [0.9, 0.8]]
    assert texts(ax) == ["40", "1,500", "no", r"likely_\$"]
    assert ax.get_aspect() == 1


EMPTY = {
    "forest": (lambda: report.forest(pd.DataFrame([estimate("sd(reader)", 1.0, 0.1)])), "coefficients"),
    "caterpillar": (
        lambda: report.caterpillar(pd.DataFrame(columns=["level", "estimate"])),
        "conditional modes",
    ),
    "main_sequence": (
        lambda: report.main_sequence(pd.DataFrame({"amplitude_deg": [np.nan], "peak_speed_deg_s": [1.0]})),
        "saccades",
    ),
    "data_loss": (lambda: report.data_loss(pd.DataFrame({"reader": [1], "loss": [np.nan]})), "recording quality"),
    "sampling_rate": (lambda: report.sampling_rate(pd.DataFrame({"rate_hz": [np.nan]})), "sampling rates"),
    "profiles": (
        lambda: report.strategy_profiles(
            pd.DataFrame(columns=["strategy", "feature", "effect", "conf_low", "conf_high"])
        ),
        "strategies",
    ),
    "shares": (
        lambda: report.strategy_shares(pd.DataFrame(columns=["reader", "strategy", "country"]), by="country"),
        "readings",
    ),
    "outcome": (
        lambda: report.outcome_by_strategy(pd.DataFrame(columns=["reader", "strategy", "y"]), outcome="y"),
        "readings",
    ),
    "calibration": (
        lambda: report.calibration(pd.DataFrame(columns=["stated", "observed", "low", "high", "n"])),
        "certainties",
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_figure_without_rows_says_so(name):
    draw, what = EMPTY[name]
    assert f"No {what} to show" in texts(drawn(draw()))


def test_a_missing_column_is_named_with_the_likely_one():
    with pytest.raises(TableError, match=r"'saccades', column 'amplitude_deg'.*did you mean 'amplitud_deg'\?"):
        report.main_sequence(pd.DataFrame({"amplitud_deg": [1.0]}))


def test_own_axes_keep_their_style_and_new_ones_leave_no_trace(estimates):
    before = dict(mpl.rcParams)
    _, ax = plt.subplots()
    assert report.forest(estimates, ax=ax) is ax
    assert ax.xaxis.label.get_fontsize() == mpl.rcParams["font.size"]
    assert report.forest(estimates).xaxis.label.get_fontsize() == 7
    assert dict(mpl.rcParams) == before


def test_every_text_of_a_figure_is_at_least_seven_points(estimates):
    from matplotlib.text import Text

    for ax in (report.forest(estimates), report.outcome_by_strategy(
        pd.DataFrame({"reader": [1, 2], "strategy": ["a", "b"], "y": [0.1, 0.5]}), outcome="y"
    )):  # fmt: skip
        drawn(ax)
        assert min(text.get_fontsize() for text in ax.figure.findobj(Text)) >= 7


def test_saved_figures_are_the_same_bytes_and_keep_their_width(estimates, tmp_path):
    kinds = ["svg", "pdf", "png"]
    first = [path.read_bytes() for path in report.save(report.forest(estimates), tmp_path / "a.b", kinds)]
    again = [path.read_bytes() for path in report.save(report.forest(estimates), tmp_path / "c" / "a.b", kinds)]
    assert first == again
    assert b"CreationDate" not in first[1]
    assert b"/Subtype /TrueType" in first[1] or b"/CIDFontType2" in first[1]
    assert b"<dc:date>" not in first[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.b.pdf", "a.b.png", "a.b.svg", "c"]
    assert plt.imread(tmp_path / "a.b.png").shape[1] == pytest.approx(183 / 25.4 * 300, abs=1)


def test_save_refuses_other_formats_and_things(estimates, tmp_path):
    with pytest.raises(ValueError, match="some of svg, pdf, png; got 'tiff'"):
        report.save(report.forest(estimates), tmp_path / "f", ["tiff"])
    with pytest.raises(TypeError, match="expected a matplotlib Figure or Axes; got str"):
        report.save("figure", tmp_path / "f", ["svg"])


def _luminance(color):
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2


def test_groups_differ_without_colour():
    from gazeanalytics.report.styling import look

    looks = [look(place) for place in range(8)]
    for name in ("marker", "hatch", "linestyle", "color"):
        assert len({str(one[name]) for one in looks}) == 8
    assert abs(_luminance(look(0)["color"]) - _luminance(look(4)["color"])) > 0.2
