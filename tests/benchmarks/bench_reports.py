"""Accuracy of the labeler on the official test set of Open-i (771 reports; NegBio's gold, 13 findings that occur).

    python tests/benchmarks/bench_reports.py path/to/openi_reports_gold

The lexicon was read against the other 3,080 reports; they alone also choose, for each finding, whether "uncertain"
counts as present (the policy), and teach the student (`train_labeler`). The gold codes a report's MeSH terms: the two
sides of "atelectasis or infiltrate" are both coded, "suggestive of emphysema" is not.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import reasoning


def read(folder: Path) -> tuple[pd.Series, pd.DataFrame, pd.Series]:
    """Texts, gold labels and whether a report is of the test set, by report."""
    reports = pd.read_csv(folder / "indiana_reports.csv")
    gold = pd.read_csv(folder / "openi_gld_std14.csv").set_index("filename").drop(columns=["normal", "Hernia"])
    test = set((folder / "openi-testset.txt").read_text("utf-8").split())
    texts = (reports["findings"].fillna("") + " " + reports["impression"].fillna("")).set_axis(
        "CXR" + reports["uid"].astype(str)
    )
    texts = texts[texts.index.isin(gold.index)]
    truth = gold.loc[texts.index].astype(float).rename(columns=str.lower)
    return texts, truth, pd.Series(texts.index.isin(test), texts.index)


def choose_policy(labels: pd.DataFrame, truth: pd.DataFrame) -> dict[str, str]:
    """Whether "uncertain" counts as present, finding by finding, as it scores best on these reports."""
    f1 = {
        policy: reasoning.score_labels(labels, truth, policy=policy).set_index("finding")["f1"]
        for policy in ("zeros", "ones")
    }
    return {name: "ones" if f1["ones"][name] > f1["zeros"][name] else "zeros" for name in truth}


def show(name: str, labels: pd.DataFrame, truth: pd.DataFrame, policy) -> None:
    table = reasoning.score_labels(labels, truth, policy=policy, n_resamples=1000, rng=1).set_index("finding")
    for end in ("macro", "micro"):
        f1, low, high = table.loc[end, ["f1", "f1_low", "f1_high"]]
        print(f"{name:58s} {end} {f1:.3f} [{low:.3f}, {high:.3f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    texts, truth, test = read(parser.parse_args().folder)
    rules = reasoning.label_reports(texts, scheme="nih")
    policy = choose_policy(rules[~test], truth[~test])
    print("uncertain counts as present for", ", ".join(name for name, kind in policy.items() if kind == "ones"))
    for name, kind in (("as stated, finding by finding", policy), ("zeros", "zeros"), ("ones", "ones")):
        show(f"development ({(~test).sum()}), rules, {name}", rules[~test], truth[~test], kind)
        show(f"test ({test.sum()}), rules, {name}", rules[test], truth[test], kind)
    student = reasoning.train_labeler(texts[~test], truth[~test].replace(0.0, np.nan), scheme="nih")
    show("test, student", student(texts[test]), truth[test], "zeros")
    scores = reasoning.score_labels(rules[test], truth[test], policy=policy)
    print(scores.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
