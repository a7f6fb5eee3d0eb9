"""Table: how far eight radiologists agree on CheXpert's test set, and what a report's words are worth there.

    python figures/table_chexpert_readers.py FOLDER

FOLDER is a copy of github.com/rajpurkarlab/cheXpert-test-set-labels.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import reasoning


def main(folder: Path) -> None:
    truth = pd.read_csv(folder / "groundtruth.csv", index_col="Study")
    readers = {path.stem: pd.read_csv(path, index_col="Study") for path in sorted(folder.glob("radiologists/*/*.csv"))}
    votes = np.stack([table.loc[truth.index, truth.columns] for table in readers.values()]).astype(float)
    print(f"{len(truth)} studies, {truth.shape[1]} findings, {len(readers)} readers\n")
    print(agreement(votes, truth).round(3).to_string(index=False))
    print("\nF1 against the majority of five (the other three readers are judged)")
    judged = [name for name in readers if not name.endswith("_gt")]
    print(pd.DataFrame({name: f1(readers[name], truth) for name in judged}).round(3).to_string())
    said = pd.read_csv(folder / "labeler" / "chexpert_labels.csv", index_col="Study")
    findings = truth.columns.drop("No Finding")  # it isn't said but follows from the others
    kept = [truth.columns.get_loc(name) for name in findings]
    print("\nWhat the report says, how often it is true, and how far readers disagree")
    print(reasoning.claims_against_truth(said, truth[findings], votes[..., kept]).round(3).to_string(index=False))


def agreement(votes: np.ndarray, truth: pd.DataFrame) -> pd.DataFrame:
    """Prevalence, pairwise disagreement and Fleiss' kappa: the disagreement set against chance's."""
    prevalence, apart = votes.mean((0, 1)), reasoning.disagreement(votes).mean(0)
    kappa = 1 - apart / (2 * prevalence * (1 - prevalence))
    return pd.DataFrame(
        {"finding": truth.columns, "true": truth.mean().to_numpy(), "disagreement": apart, "fleiss_kappa": kappa}
    )


def f1(said: pd.DataFrame, truth: pd.DataFrame) -> pd.Series:
    return reasoning.score_labels(said, truth).set_index("finding")["f1"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
