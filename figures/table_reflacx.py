"""Tables: does gaze show where abnormalities lie, and how far do readers agree? From REFLACX's published numbers.

    python figures/table_reflacx.py FOLDER [OUT]

FOLDER holds the tables of github.com/ricbl/eyetracking (`ncc_et.xlsx`, `ncc_baseline.xlsx`, `interrater_phase_*.xlsx`,
`calibration_table_*.xlsx`). With OUT, a figure OUT.svg, .pdf and .png.
"""

import sys
from pathlib import Path

import pandas as pd
from scipy import stats

from gazeanalytics import report

IMAGE = ["phase", "trial"]


def main(folder: Path, out: Path | None = None) -> None:
    images = correlations(folder)
    print("Correlation of a map with the readers' ellipses, mean over readings of an image")
    print(compare(images).round(4).to_string(index=False))
    for title, table in agreement(folder).groupby("measure", sort=False):
        print(f"\n{title}")
        print(table.drop(columns="measure").round(3).to_string(index=False))
    print("\nCalibration of the eye tracker (deg)")
    print(calibration(folder).round(3).to_string(index=False))
    if out:
        report.save(report.paired_scores(images, first="baseline", second="gaze", label="Correlation (NCC)"), out)


def correlations(folder: Path) -> pd.DataFrame:
    """One row an image: correlation of its readers' gaze, and of other images' gaze, with the ellipses."""
    tables = {"gaze": "ncc_et.xlsx", "baseline": "ncc_baseline.xlsx"}
    means = {name: last_sheet(folder / file).groupby(IMAGE)["value"].mean() for name, file in tables.items()}
    return pd.DataFrame(means).reset_index()


def compare(images: pd.DataFrame) -> pd.DataFrame:
    """Paired t test over images."""
    test = stats.ttest_rel(images["gaze"], images["baseline"])
    low, high = test.confidence_interval(0.95)
    row = {
        "gaze": images["gaze"].mean(),
        "baseline": images["baseline"].mean(),
        "difference": (images["gaze"] - images["baseline"]).mean(),
        "conf_low": low,
        "conf_high": high,
        "t": test.statistic,
        "df": test.df,
        "p_value": test.pvalue,
        "images": len(images),
    }
    return pd.DataFrame([row])


def agreement(folder: Path) -> pd.DataFrame:
    """Overlap of boxes and ellipses (mean over images and its standard error), and Fleiss' kappa, for each phase."""
    rows = []
    for phase in (1, 2):
        table = last_sheet(folder / f"interrater_phase_{phase}.xlsx").fillna({"label": "chest"})
        for (title, label), part in table[table["title"].str.endswith("IoU")].groupby(["title", "label"]):
            means = part.groupby("trial")["value"].mean()
            rows.append((title, phase, label, means.mean(), means.sem(), len(means)))
        kappa = table[table["title"].str.startswith("Fleiss Kappa")].drop_duplicates(["title", "label"])
        wide = kappa.pivot(index="label", columns="title", values="value")
        pairs = wide[["Fleiss Kappa", "Fleiss Kappa standard error"]].itertuples()
        rows += [("Fleiss Kappa", phase, label, value, error, None) for label, value, error in pairs]
    columns = ["measure", "phase", "label", "mean", "std_error", "images"]
    return pd.DataFrame(rows, columns=columns).sort_values(["measure", "phase"], kind="stable", ignore_index=True)


def calibration(folder: Path) -> pd.DataFrame:
    rows = []
    for phase in (1, 2, 3):
        table = last_sheet(folder / f"calibration_table_{phase}.xlsx")
        average, worst = table["avg_calibration_error"], table["max_calibration_error"].max()
        rows.append((phase, len(table), average.mean(), average.sem(), worst))
    return pd.DataFrame(rows, columns=["phase", "calibrations", "mean_error", "std_error", "largest_error"])


def last_sheet(path: Path) -> pd.DataFrame:
    """Single values; the sheets before it hold their summaries."""
    return list(pd.read_excel(path, sheet_name=None).values())[-1]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
