"""Table: what AI outputs say about where eight radiologists disagree, and what disagreement says about the AI.

    python figures/table_disagreement.py FOLDER [SEEDS]

FOLDER is a copy of github.com/rajpurkarlab/cheXpert-test-set-labels. No label stands on both sides: AI outputs predict
readers' disagreement in cases whose labels the model never saw. The margin is how far the AI's mean percentile stands
from where as many cases are called as five readers call, held against the disagreement of three others; a second margin
takes the share that the AI's own decisions call, and needs no labels. The AI is judged by the five's majority, held
against the disagreement of the three.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import stats

FINDINGS = ["Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Pleural Effusion"]


def main(folder: Path, seeds: int = 5) -> None:
    votes, judges, scores, calls = read(folder)
    rows = [finding_row(name, votes, judges, scores, calls, seeds) for name in FINDINGS]
    table = pd.DataFrame(rows)
    table.loc[len(table)] = {"finding": "mean", **table.drop(columns="finding").mean().to_dict()}
    print(f"{len(scores)} studies, {votes['reader'].nunique()} readers, {seeds} seeds; areas under the ROC curve\n")
    print(table.round(3).to_string(index=False))


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """All readings; those of the five who made the ground truth; AI outputs; AI decisions."""
    tables = {path.stem: pd.read_csv(path, index_col="Study") for path in sorted(folder.glob("radiologists/*/*.csv"))}
    votes = pd.concat([table.assign(reader=name).reset_index() for name, table in tables.items()], ignore_index=True)
    judges = votes[votes["reader"].str.endswith("_gt")]
    models = folder / "example_models"
    outputs, decisions = (
        pd.concat(
            [
                pd.read_csv(path, index_col="Study")[FINDINGS].add_prefix(path.stem.split("_")[0] + " ")
                for path in paths
            ],
            axis=1,
        )
        for paths in (sorted(models.glob("predictions/*/*.csv")), sorted(models.glob("decisions/*/*.csv")))
    )
    return votes, judges, outputs, decisions


def finding_row(
    name: str, votes: pd.DataFrame, judges: pd.DataFrame, outputs: pd.DataFrame, calls: pd.DataFrame, seeds: int
) -> dict[str, object]:
    own = [column for column in outputs if column.endswith(f" {name}")]
    said = calls[[column for column in calls if column.endswith(f" {name}")]].mean(axis=1)
    all_readers = stats.disagreement(votes, value=name, case="Study").set_index("Study")
    three = votes[~votes["reader"].isin(judges["reader"].unique())]
    few = stats.disagreement(three, value=name, case="Study").set_index("Study")
    found = [predicted_auroc(outputs[own], all_readers["split"], seed) for seed in range(seeds)] or [np.nan]
    place = outputs[own].rank(pct=True).mean(axis=1)
    truth = judges.groupby("Study")[name].mean() > 0.5
    wrong = (said > 0.5) != truth.reindex(said.index)
    ceiling = stats.disagreement_reliability(votes, value=name, case="Study", rng=0).set_index("term")["estimate"]
    return {
        "finding": name,
        "split of 8": all_readers["split"].mean(),
        "AI outputs -> split of 8": np.mean(found),
        "lowest seed": np.min(found),
        "best possible": ceiling["ceiling"],
        "AI margin -> split of 3": area(-(place - (1 - truth.mean())).abs(), few["split"]),
        "own margin -> split of 3": area(-(place - (1 - said.mean())).abs(), few["split"]),
        "AI wrong": wrong.mean(),
        "3 readers apart -> AI wrong": area(few["disagreement"], wrong),
    }


def predicted_auroc(outputs: pd.DataFrame, split: pd.Series, seed: int) -> float:
    """Area of out-of-fold predictions, by the package's default model and folds."""
    table = outputs.assign(split=split.astype(int)).reset_index()
    check = stats.CrossValidation(n_resamples=2)
    found = stats.predict_disagreement(
        table, target="split", features=list(outputs), groups="Study", settings=check, rng=seed
    )
    return float(found.scores["estimate"].iloc[0])


def area(score: pd.Series, truth: pd.Series) -> float:
    table = pd.DataFrame({"score": score, "truth": truth.reindex(score.index).astype(int)}).reset_index()
    found = stats.cluster_bootstrap(table, stats.AucStatistic("score", "truth"), by="Study", n_resamples=2, rng=0)
    return float(found["estimate"].iloc[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
