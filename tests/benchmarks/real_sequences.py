"""What sequence models find on the real sets: groups of readers, how stable, trait or state. Prints, asserts nothing.

Run: python tests/benchmarks/real_sequences.py SHARED/data
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import loadmat
from sklearn.metrics import adjusted_rand_score

from gazeanalytics.strategies import HMMClustering, HMMSettings, MarkovMixture, ReaderHMMs, persistence, trait_icc
from gazeanalytics.strategies.markov import ab_scale, compare_group_numbers

DATA = Path(sys.argv[1])
pd.set_option("display.width", 160, "display.max_columns", 30)


def of_fixations(path):
    table = pd.read_csv(path).rename(columns={"x_px": "x", "y_px": "y", "duration_ms": "duration"})
    readings = table[["reader", "case"]].drop_duplicates().reset_index(drop=True)
    readings.insert(0, "reading", np.arange(len(readings)))
    table = table.merge(readings, on=["reader", "case"], sort=False)
    onset = table["onset_ms"] if "onset_ms" in table else 300.0 * table["index"]
    return table.assign(onset=onset)[["reading", "onset", "duration", "x", "y"]], readings


def jov():
    rows, table = [], []
    for reader, sequences in enumerate(loadmat(DATA / "emhmm_jov/jov_data.mat", squeeze_me=True)["data"]):
        for case, places in enumerate(sequences):
            rows += [(len(table), float(step), x, y) for step, (x, y) in enumerate(np.atleast_2d(places))]
            table.append((len(table), reader, case))
    return (
        pd.DataFrame(rows, columns=["reading", "onset", "x", "y"]),
        pd.DataFrame(table, columns=["reading", "reader", "case"]),
    )


def first_hits():
    """The order in which each reader first looked at the leads of each ECG: all that this set tells of order."""
    table = pd.read_csv(DATA / "ecg_reader_aoi/Grid_Anonymized.csv")
    session = table["Type"].eq("Stimulus").cumsum()
    hits = table.assign(session=session)[table["Type"].eq("Static AOI") & (table["Hit_time_G"] >= 0)]
    region = hits["Label"].str.split().str[0].str.split("-").str[0]
    visits = pd.DataFrame({"reading": hits["session"], "onset": hits["Hit_time_G"].astype(float), "region": region})
    visits = visits.assign(duration=np.nan, fixations=1).sort_values(["reading", "onset"], kind="stable")
    visits = visits.drop_duplicates(["reading", "region"]).reset_index(drop=True)
    sessions = table[table["Type"].eq("Stimulus")].reset_index(drop=True)
    # A reader's ten sessions follow one another; names are those of groups.
    readers = np.arange(len(sessions)) // 10
    return visits, pd.DataFrame(
        {
            "reading": np.arange(len(sessions)) + 1,
            "reader": readers,
            "case": sessions["Label"],
            "group": sessions["Respondent_Name"],
        }
    )


def hidden(name, fixations, readings, settings, *, n_permutations=19):
    begin = time.process_time()
    print(f"\n== {name}: {readings['reader'].nunique()} readers, {len(readings)} readings, {len(fixations)} fixations")
    numbers = compare_group_numbers(
        fixations, readings, max_groups=3, n_splits=2, n_permutations=n_permutations, settings=settings, rng=1
    )
    print(numbers.round(4))
    hmms = ReaderHMMs.fit(fixations, readings, settings=settings, rng=1)
    print(
        "states chosen:",
        np.bincount(hmms.bank.sizes).tolist(),
        "starts agreeing:",
        hmms.choices["agreeing"].mean().round(2),
    )
    fits = [HMMClustering.fit(hmms, rng=seed) for seed in range(3)]
    labels = [fit.members["group"].cat.codes for fit in fits]
    print("sizes:", (fits[0].shares * len(fits[0].members)).round(1), "seeds agree:",
          [round(adjusted_rand_score(labels[0], other), 2) for other in labels[1:]])  # fmt: skip
    logs = fits[0].log_likelihoods(fixations, readings)
    scores = pd.DataFrame({"reading": logs["reading"], "a_minus_b": (logs["A"] - logs["B"]) / logs["fixations"]})
    print(trait_icc(scores, readings, rng=1, n_permutations=199).round(3).to_string(index=False))
    print(
        "A-B scale:",
        ab_scale(fits[0], fixations, readings)["scale"]
        .describe()[["min", "25%", "50%", "75%", "max"]]
        .round(4)
        .tolist(),
    )
    print(f"{time.process_time() - begin:.0f} CPU s")


JOV = HMMSettings(n_states=(2, 3), start_weight=1, move_weight=1, mean=(160, 210), sd=(10, 10), degrees=10)
hidden("emhmm_jov", *jov(), JOV, n_permutations=39)

visits, sessions = first_hits()
print(
    f"\n== ecg_reader_aoi: {sessions['reader'].nunique()} readers, {visits['reading'].nunique()} readings, "
    f"{len(visits)} first hits"
)
chains = MarkovMixture.fit(visits, rng=1)
print(chains.choices.round(1))
assigned = chains.assign(visits)
print("shares:", chains.shares.round(3))
odd = visits["reading"].isin(sessions.loc[sessions["reader"] % 2 == 1, "reading"])
if len(chains.names) > 1:
    halves = [
        MarkovMixture.fit(part, settings={"n_groups": [len(chains.names)]}, rng=1).assign(visits)
        for part in (visits[odd], visits[~odd])
    ]
    print(
        "halves of the readers agree:", round(adjusted_rand_score(*(half["strategy"].cat.codes for half in halves)), 3)
    )
    print(
        persistence(
            assigned,
            sessions.assign(turn=sessions["reading"]),
            order="turn",
            n_permutations=199,
            n_resamples=199,
            rng=1,
        ).round(3)
    )
    print(pd.crosstab(sessions.set_index("reading").loc[assigned["reading"], "case"].to_numpy(), assigned["strategy"]))

FREE = HMMSettings(n_states=(2, 3, 4), n_starts=10)
hidden("interiors_search", *of_fixations(DATA / "interiors_search/fixations.csv.gz"), FREE)
hidden("osie_fixations", *of_fixations(DATA / "osie_fixations/fixations.csv.gz"), FREE)
