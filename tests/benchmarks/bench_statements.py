"""Statements of many kinds read by the labeler and by negspacy (NegEx): share that each reads as a reader does.

    python tests/benchmarks/bench_statements.py

Sentences of rounds.csv whose finding is named in them and that say present or absent; negspacy is given the names of
the findings and says present unless it negates every one of its mentions. It needs `pip install negspacy` and reads no
hedge, sign or statement about the whole, hence only sentences that hold the name. Ours was widened after each round:
its score at first sight stands in tests/reasoning/test_conclusions.py.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import reasoning

ROUNDS = Path(__file__).parents[1] / "reasoning" / "rounds.csv"
NAMES = {
    "pneumothorax": ("pneumothorax", "ptx"),
    "pleural_effusion": ("effusion", "effusions"),
    "pneumonia": ("pneumonia",),
    "edema": ("edema",),
    "consolidation": ("consolidation",),
    "atelectasis": ("atelectasis",),
    "fracture": ("fracture", "fractures"),
    "cardiomegaly": ("cardiomegaly",),
    "lung_lesion": ("nodule", "mass", "nodules"),
}


def named_sentences() -> pd.DataFrame:
    rows = pd.read_csv(ROUNDS)
    rows = rows[rows["kind"].eq("sentence") & rows["expected"].isin(["present", "absent"])]
    named = [
        any(f" {name}" in f" {text.lower()}" for name in NAMES.get(finding, ()))
        for text, finding in zip(rows["text"], rows["finding"], strict=True)
    ]
    return rows[named].reset_index(drop=True)


def by_negspacy(rows: pd.DataFrame) -> np.ndarray:
    import spacy
    from negspacy.negation import Negex  # noqa: F401  (registers the pipe)

    pipe = spacy.blank("en")
    pipe.add_pipe("sentencizer")
    ruler = pipe.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": finding, "pattern": name} for finding, names in NAMES.items() for name in names])
    pipe.add_pipe("negex", config={"ent_types": list(NAMES)})
    present = []
    for doc, finding in zip(pipe.pipe(rows["text"]), rows["finding"], strict=True):
        present.append(any(not entity._.negex for entity in doc.ents if entity.label_ == finding))
    return np.array(present)


def by_ours(rows: pd.DataFrame) -> np.ndarray:
    traces = pd.DataFrame({"reading": rows.index, "step": 0, "text": rows["text"]})
    said = reasoning.conclude(reasoning.label_findings(traces), no_finding=False)
    certainty = said.set_index(["reading", "finding"])["certainty"]
    return np.array([certainty.get((at, finding), 0.0) >= 0.5 for at, finding in rows["finding"].items()])


def main() -> None:
    rows = named_sentences()
    truth = rows["expected"].eq("present").to_numpy()
    for name, read in (("gazeanalytics", by_ours), ("negspacy", by_negspacy)):
        right = pd.Series(read(rows) == truth)
        by_round = right.groupby(rows["round"]).mean().round(3).to_dict()
        print(f"{name:14s} {right.mean():.3f} of {len(rows)} sentences; by round {by_round}")


if __name__ == "__main__":
    main()
