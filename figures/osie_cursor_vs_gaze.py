"""How well a cursor's attention predicts gaze: every image of OSIE, between other images and other viewers.

    python figures/osie_cursor_vs_gaze.py FOLDER [OUT]

FOLDER holds `osie_fixations/fixations.csv.gz` and `osie_mouse/lab/*.mat` (Xu et al. 2014; Jiang et al. 2015).
The figure is written to OUT.svg, .pdf and .png.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from scipy.io import loadmat

from gazeanalytics import report
from gazeanalytics.gaze.attention import Maps, Prediction, Smoothing, density, predict_gaze
from gazeanalytics.geometry import Viewing

WIDTH, HEIGHT, CELLS = 800, 600, (75, 100)
# 800 pixels span 33.7 deg at 57 cm (Xu, Jiang, Wang, Kankanhalli & Zhao 2014).
VIEWING = Viewing.from_px_per_deg(800 / 33.7, WIDTH, HEIGHT)
COLOURS = {"prediction": report.OKABE_ITO[0], "other readers": report.OKABE_ITO[2], "other cases": "0.6"}
NAMES = {"prediction": "cursor", "other readers": "other viewers (ceiling)", "other cases": "other images (floor)"}
MEASURES = {"nss": "NSS", "cc": "CC", "auc": "AUC"}


def read_gaze(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fixations table and one row a reading."""
    table = pd.read_csv(folder / "osie_fixations" / "fixations.csv.gz")
    table = table.rename(columns={"index": "onset", "x_px": "x", "y_px": "y", "duration_ms": "duration"})
    table["reading"] = table.groupby(["case", "reader"]).ngroup()
    table = table.sort_values(["reading", "onset"], ignore_index=True)
    images = table.drop_duplicates("reading")[["reading", "reader", "case"]]
    return table, images.assign(width=WIDTH, height=HEIGHT).reset_index(drop=True)


def read_cursor(folder: Path) -> Maps:
    """Map of the cursor on every image, all subjects' samples counted alike."""
    parts = []
    for number, path in enumerate(sorted((folder / "osie_mouse" / "lab").glob("*.mat"))):
        row, column = loadmat(path, squeeze_me=True)["fixations"]["coord"].item().T.astype(float)
        parts.append(pd.DataFrame({"reading": number, "case": f"{path.stem}.jpg", "x": column, "y": row}))
    points = pd.concat(parts, ignore_index=True)
    images = points.drop_duplicates("reading")[["reading", "case"]].assign(width=WIDTH, height=HEIGHT)
    counted = Smoothing(weight="count")
    return density(points, images.reset_index(drop=True), viewing=VIEWING, by="case", smoothing=counted, cells=CELLS)


def draw_images(found: Prediction, measure: str, *, ax: Axes) -> Axes:
    """Each image: the cursor's score over the other viewers' score."""
    wide = found.cases.pivot(index="case", columns="predictor", values=measure)
    ax.scatter(wide["other readers"], wide["prediction"], s=5, color=COLOURS["prediction"], alpha=0.5, linewidths=0)
    shown = wide[["other readers", "prediction"]]
    low, high = shown.min(axis=None), shown.max(axis=None)
    ax.plot([low, high], [low, high], color="black", linewidth=0.7, linestyle="--")
    ax.set(xlabel=f"{MEASURES[measure]} of other viewers", ylabel=f"{MEASURES[measure]} of the cursor")
    ax.set_aspect("equal")
    return ax


def draw_means(found: Prediction, measure: str, *, ax: Axes) -> Axes:
    """Means over images with their 95 % intervals."""
    rows = found.summary.query("measure == @measure").set_index("predictor")
    for place, predictor in enumerate(COLOURS):
        row = rows.loc[predictor]
        ends = [[row["mean"] - row["conf_low"]], [row["conf_high"] - row["mean"]]]
        ax.errorbar([row["mean"]], [place], xerr=ends, marker="o", color=COLOURS[predictor], capsize=2, markersize=4)
        ax.annotate(f"{row['mean']:.3f}", (row["mean"], place), xytext=(0, 5), textcoords="offset points", ha="center")
    ax.set_yticks(range(len(COLOURS)), [NAMES[predictor] for predictor in COLOURS])
    ax.margins(x=0.15)
    part = rows.loc["prediction"]
    way = f"at {part['share']:.0%} of the way [{part['share_low']:.0%}, {part['share_high']:.0%}]"
    ax.set(xlabel=f"{MEASURES[measure]}\n{way}", ylim=(len(COLOURS) - 0.5, -0.7))
    return ax


def main(folder: Path, out: Path) -> None:
    fixations, images = read_gaze(folder)
    found = predict_gaze(read_cursor(folder), fixations, images, viewing=VIEWING, rng=2014)
    print(found.summary.round(4).to_string(index=False))
    with report.style():
        size = report.DOUBLE_MM / 25.4, 100 / 25.4
        figure, axes = plt.subplots(2, 3, figsize=size, layout="constrained", height_ratios=(2.2, 1))
        for column, measure in enumerate(MEASURES):
            draw_images(found, measure, ax=axes[0, column])
            draw_means(found, measure, ax=axes[1, column])
            if column:
                axes[1, column].set_yticks(range(len(COLOURS)), [""] * len(COLOURS))
        viewers, cases = int(found.summary["readers"].iloc[0]), int(found.summary["cases"].iloc[0])
        figure.suptitle(f"OSIE: {cases} images, {viewers} viewers; cursor of 16 others; 95 % intervals over both")
    report.save(figure, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "osie_cursor_vs_gaze"))
