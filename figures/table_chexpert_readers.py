"""Tables: how far eight radiologists and ten models agree on CheXpert's test set, and what a report's words are worth.

    python figures/table_chexpert_readers.py FOLDER [OUT]

FOLDER is a copy of github.com/rajpurkarlab/cheXpert-test-set-labels. With OUT, a figure OUT.svg, .pdf and .png.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import io, reasoning, report, stats

READERS = "radiologists/*/*.csv"
MODELS = "example_models/predictions/standard/*_predictions.csv"


def main(folder: Path, out: Path | None = None) -> None:
    truth = pd.read_csv(folder / "groundtruth.csv", index_col="Study")
    readers = {path.stem: pd.read_csv(path, index_col="Study") for path in sorted(folder.glob(READERS))}
    votes = np.stack([table.loc[truth.index, truth.columns] for table in readers.values()]).astype(float)
    print(f"{len(truth)} studies, {truth.shape[1]} findings, {len(readers)} readers\n")
    print(agreement(votes, truth).round(3).to_string(index=False))
    print("\nF1 against the majority of five (the other three readers are judged)")
    judged = [name for name in readers if not name.endswith("_gt")]
    print(pd.DataFrame({name: f1(readers[name], truth) for name in judged}).round(3).to_string())
    claims = worth_of_words(folder, truth, votes)
    print("\nWhat the report says, how often it is true, and how far readers disagree")
    print(claims.round(3).to_string(index=False))
    print("\nModels among the readers: how far each is from a reader, and readers from one another")
    models = models_among_readers(folder, truth, votes)
    print(models.round(3).to_string())
    if out:
        report.save(report.claims(claims), out)


def agreement(votes: np.ndarray, truth: pd.DataFrame) -> pd.DataFrame:
    """Prevalence, pairwise disagreement and Fleiss' kappa with its interval over studies."""
    rows = []
    for place, finding in enumerate(truth.columns):
        row = stats.agreement(pd.DataFrame(votes[..., place].T), coefficients=["fleiss"]).iloc[0]
        numbers = {"disagreement": 1 - row["observed"], "fleiss_kappa": row["estimate"]}
        rows.append({"finding": finding, "true": truth[finding].mean(), **numbers, **row[["conf_low", "conf_high"]]})
    return pd.DataFrame(rows)


def f1(said: pd.DataFrame, truth: pd.DataFrame) -> pd.Series:
    return reasoning.score_labels(said, truth).set_index("finding")["f1"]


def worth_of_words(folder: Path, truth: pd.DataFrame, votes: np.ndarray) -> pd.DataFrame:
    said = pd.read_csv(folder / "labeler" / "chexpert_labels.csv", index_col="Study")
    findings = truth.columns.drop("No Finding")  # it isn't said but follows from the others
    kept = [truth.columns.get_loc(name) for name in findings]
    return reasoning.claims_against_truth(said, truth[findings], votes[..., kept])


def models_among_readers(folder: Path, truth: pd.DataFrame, votes: np.ndarray) -> pd.DataFrame:
    """Mean distance |a - y| of each model's probability to the readers' votes; readers among themselves above."""
    names = [name for name in truth.columns if name in ("Atelectasis", "Cardiomegaly", "Consolidation", "Edema")]
    names.append("Pleural Effusion")
    human = votes[..., [truth.columns.get_loc(name) for name in names]]
    rows = {"readers": reasoning.disagreement(human).mean(0)}
    for path in sorted(folder.glob(MODELS)):
        if pd.read_csv(path, index_col="Study").max(axis=None) > 1:
            print(f"left out {path.stem}: its scores aren't probabilities")
            continue
        stated = io.read_probabilities(path).pivot(index="reading", columns="finding", values="certainty")
        stated = stated.loc[truth.index, [name.lower().replace(" ", "_") for name in names]].to_numpy()
        rows[path.stem.removesuffix("_predictions")] = np.abs(stated - human).mean((0, 1))
    return pd.DataFrame(rows, index=names).T.assign(mean=lambda table: table.mean(axis=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
