"""Real recordings: the verdict that each set had when this package was made; strategies_real.py prints more."""

import numpy as np
import pandas as pd

from gazeanalytics.strategies import StrategyModel


def ecg(folder):
    """63 readers x 10 ECGs, measured by regions alone: how many are seen, how long, how often again, how evenly."""
    table = pd.read_csv(folder / "ecg_reader_aoi" / "Grid_Anonymized.csv")
    regions = table[table["Type"] == "Static AOI"].copy()
    regions["reading"] = regions.groupby(["Respondent_Name", "ParentStimulus"]).ngroup()
    who = regions.groupby("reading")["Respondent_Name"].first()
    seen = regions["Fixations_Count"] > 0
    share = regions["Time_spent_F"] / regions.groupby("reading")["Time_spent_F"].transform("sum")
    regions["entropy"] = -(share * np.log2(share.where(share > 0))).fillna(0.0)
    by = regions.assign(seen=seen, share=share).groupby("reading")
    measures = pd.DataFrame(
        {
            "regions_seen_share": by["seen"].mean(),
            "fixations": by["Fixations_Count"].sum(),
            "revisits": by["Revisit_F_Revisits"].sum(),
            "entropy_bits": by["entropy"].sum(),
            "longest_share": by["share"].max(),
            "duration_ms": regions[seen].groupby("reading")["Average_Fixations_Duration"].median(),
            "first_look_ms": regions[seen].groupby("reading")["TTFF_F"].median(),
        }
    )
    return measures.reset_index(), who


def test_readers_of_ecgs_lie_on_a_continuum(shared_data):
    features, readers = ecg(shared_data)
    found = StrategyModel.fit(features, readers=readers, rng=1)
    assert found.verdict == "continuum"
    assert found.readings == 630
    assert len(found.scaling.names) == 7
    assert found.tendency.p_value == 0.01
