"""Figure: what strategy, experience and clinical context do to accuracy and to uncertainty in the sample study.

python figures/forest_plot.py    # writes out/forest_plot.svg, .pdf and .png
"""

from pathlib import Path

import matplotlib.pyplot as plt

import gazeanalytics as ga

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    found = ga.study.analyse(ga.study.open_study(ROOT / "data_samples"))
    accuracy, uncertainty = (found.estimates[found.estimates["model"] == name] for name in ("accuracy", "uncertainty"))
    with ga.report.style():
        size = ga.report.DOUBLE_MM / 25.4, 120 / 25.4
        figure, (above, below) = plt.subplots(2, 1, figsize=size, layout="constrained")
        ga.report.forest(accuracy, exponentiate=True, label="Odds ratio of a correct reading (95% CI)", ax=above)
        ga.report.forest(uncertainty, label="Change of uncertainty, logit (95% CI)", ax=below)
        above.set_title("A  Accuracy", pad=12)
        below.set_title("B  Uncertainty", pad=12)
    ga.report.save(figure, ROOT / "out" / "forest_plot")


if __name__ == "__main__":
    main()
