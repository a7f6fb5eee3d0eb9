"""Figure: what marks each search strategy of the sample study.

python figures/strategy_profiles.py    # writes out/strategy_profiles.svg, .pdf and .png
"""

from pathlib import Path

import pandas as pd

import gazeanalytics as ga

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    study = ga.study.open_study(ROOT / "data_samples")
    features = pd.concat([features_of(study, part) for part in study.parts("samples")], ignore_index=True)
    found = ga.study.find_strategies(study, features)
    print(found.summary())
    types = found.verdict == "types"
    ax = ga.report.strategy_profiles(found.profile()) if types else ga.report.component_loadings(found.loadings())
    ga.report.save(ax, ROOT / "out" / "strategy_profiles")


def features_of(study: ga.study.Study, part: ga.io.Part) -> pd.DataFrame:
    events = ga.study.detect_events(study, study.shard("samples", part))
    return ga.study.measure_features(study, events.fixations, events.saccades)


if __name__ == "__main__":
    main()
