"""Text and labels beside NLTK, scikit-learn, shapely and negspacy."""

import csv
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer, Relation
from sklearn.metrics import precision_recall_fscore_support

from gazeanalytics import reasoning

SENTENCES = Path(__file__).parents[1] / "reasoning" / "sentences.csv"
WORDS = ("small", "right", "left", "pleural", "effusion", "no", "pneumothorax", "heart", "enlarged", "lungs", "edema")
NAMES = {
    "pneumothorax": ["pneumothorax"],
    "pleural_effusion": ["pleural effusion", "pleural effusions", "effusion", "effusions"],
    "consolidation": ["consolidation"],
    "pneumonia": ["pneumonia", "infection"],
    "atelectasis": ["atelectasis"],
    "edema": ["edema", "pulmonary edema"],
    "cardiomegaly": ["cardiomegaly", "heart size", "heart"],
    "fracture": ["fracture", "fractures"],
}


class Texts(NamedTuple):
    texts: pd.Series
    references: pd.Series


def texts(count: int, seed: int) -> Texts:
    """Sentences of 8 to 15 words, and the same with a few words changed."""
    rng = np.random.default_rng(seed)
    written, changed = [], []
    for _ in range(count):
        words = rng.choice(WORDS, rng.integers(8, 16))
        kept = np.where(rng.random(len(words)) < 0.8, words, rng.choice(WORDS, len(words)))
        written.append(" ".join(kept))
        changed.append(" ".join(words))
    return Texts(pd.Series(written), pd.Series(changed))


def each(call):
    return lambda d: [call(a.split(), b.split()) for a, b in zip(d.texts, d.references, strict=True)]


def bleu(said: list[str], reference: list[str]) -> float:
    """sacrebleu's default: orders without a match count half of the one before (Chen & Cherry 2014, method 3)."""
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    return sentence_bleu([reference], said, smoothing_function=SmoothingFunction().method3)


@cache
def stem(word: str) -> str:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer().stem(word) if len(word) > 3 else word


def f_measure(both: int, said: int, reference: int) -> float:
    return 2 * both / (said + reference)


def bigrams(said: list[str], reference: list[str]) -> float:
    one, two = (Counter(pairwise(words)) for words in (list(map(stem, said)), list(map(stem, reference))))
    return f_measure((one & two).total(), one.total(), two.total())


def longest(said: list[str], reference: list[str]) -> float:
    """F of the longest common subsequence, by rapidfuzz."""
    from rapidfuzz.distance import LCSseq

    one, two = list(map(stem, said)), list(map(stem, reference))
    return f_measure(LCSseq.similarity(one, two), len(one), len(two))


def edited(said: list[str], reference: list[str]) -> float:
    from nltk.metrics import edit_distance

    return edit_distance(said, reference) / max(len(said), len(reference))


class Labels(NamedTuple):
    labels: pd.DataFrame
    truth: pd.DataFrame


def labels(reports: int, seed: int) -> Labels:
    rng = np.random.default_rng(seed)
    truth = rng.random((reports, len(NAMES))) < 0.3
    found = np.where(rng.random(truth.shape) < 0.85, truth, ~truth)
    return Labels(*(pd.DataFrame(each.astype(int), columns=list(NAMES)) for each in (found, truth)))


def our_scores(d: Labels) -> np.ndarray:
    found = reasoning.score_labels(d.labels, d.truth).set_index("finding").loc[[*NAMES, "macro", "micro"]]
    return found[["precision", "recall", "f1"]].to_numpy(float)


def their_scores(d: Labels) -> np.ndarray:
    rows = precision_recall_fscore_support(d.truth, d.labels, average=None)[:3]
    ends = [precision_recall_fscore_support(d.truth, d.labels, average=how)[:3] for how in ("macro", "micro")]
    return np.vstack([np.stack(rows, axis=1), *np.array(ends, float)])


def boxes(count: int, seed: int) -> np.ndarray:
    corner, size = np.random.default_rng(seed).uniform(0, 1, (2, 2, count, 2))
    return np.concatenate([corner, corner + size], axis=2)


def shapely_overlap(pairs: np.ndarray) -> np.ndarray:
    import shapely

    one, two = (shapely.box(*part.T) for part in pairs)
    return shapely.area(shapely.intersection(one, two)) / shapely.area(shapely.union(one, two))


def our_overlap(pairs: np.ndarray) -> list[float]:
    return [reasoning.box_overlap(("lung", *a), ("lung", *b)) for a, b in zip(*pairs.tolist(), strict=True)]


class Reports(NamedTuple):
    """Sentences, and which findings a reader says are there (1) or not (0); NaN where they are not named."""

    texts: list[str]
    truth: np.ndarray


def reports(count: int, seed: int) -> Reports:
    rows = list(csv.DictReader(SENTENCES.read_text("utf-8").splitlines()))
    rows = [row for row in rows if ":" not in row["text"]]  # a heading would hide what follows it
    rng = np.random.default_rng(seed)
    chosen = [rows[place] for place in rng.integers(0, len(rows), count)]
    truth = np.full((count, len(NAMES)), np.nan)
    for place, row in enumerate(chosen):
        said = dict(part.split("=") for part in row["expected"].split() if "=" in part)
        for column, name in enumerate(NAMES):
            if said.get(name) in ("0", "1"):
                truth[place, column] = float(said[name])
    return Reports([row["text"] for row in chosen], truth)


def our_labels(d: Reports) -> np.ndarray:
    traces = pd.DataFrame({"reading": np.arange(len(d.texts)), "step": 0, "text": d.texts})
    found = reasoning.conclude(reasoning.label_findings(traces), readings=traces["reading"])
    status = found.pivot(index="reading", columns="finding", values="status")
    return np.stack([status[name].map({"present": 1.0, "absent": 0.0}).to_numpy(float) for name in NAMES], axis=1)


@cache
def pipes():
    import spacy
    from negspacy.negation import Negex  # noqa: F401  (registers the pipe)

    made = spacy.blank("en")
    made.add_pipe("sentencizer")
    ruler = made.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": name, "pattern": words} for name, list_ in NAMES.items() for words in list_])
    made.add_pipe("negex", config={"ent_types": list(NAMES)})
    return made


def negspacy(d: Reports) -> np.ndarray:
    found = np.full(d.truth.shape, np.nan)
    for place, text in enumerate(pipes().pipe(d.texts)):
        for entity in text.ents:
            found[place, list(NAMES).index(entity.label_)] = 0.0 if entity._.negex else 1.0
    return found


def share_right(d: Reports, found: np.ndarray) -> float:
    said = ~np.isnan(d.truth)
    return float((found[said] == d.truth[said]).mean())


TEXTS = {"inputs": texts, "size": 30, "full": 500, "unit": "texts of 8 to 15 words"}
ALL_FOUR = "ours with BLEU and three ROUGE"
ENTRIES = [
    Entry(
        "reasoning.text_overlap",
        what="BLEU-4",
        ours=lambda d: reasoning.text_overlap(*d)["bleu"],
        peers={"NLTK sentence_bleu": Peer(each(bleu), "nltk", note=ALL_FOUR)},
        **TEXTS,
    ),
    Entry(
        "reasoning.text_overlap",
        what="ROUGE-2",
        ours=lambda d: reasoning.text_overlap(*d)["rouge2"],
        peers={"counts of NLTK's stems": Peer(each(bigrams), "nltk", note=ALL_FOUR)},
        **TEXTS,
    ),
    Entry(
        "reasoning.text_overlap",
        what="ROUGE-L",
        ours=lambda d: reasoning.text_overlap(*d)["rougeL"],
        peers={"rapidfuzz LCSseq of NLTK's stems": Peer(each(longest), "rapidfuzz", note=ALL_FOUR)},
        **TEXTS,
    ),
    Entry(
        "reasoning.edit_share",
        ours=lambda d: reasoning.edit_share(*d),
        peers={"NLTK edit_distance": Peer(each(edited), "nltk")},
        **TEXTS,
    ),
    Entry(
        "reasoning.score_labels",
        inputs=labels,
        ours=our_scores,
        peers={"scikit-learn precision_recall_fscore_support": Peer(their_scores, "scikit-learn")},
        size=200,
        full=20_000,
        unit=f"reports, {len(NAMES)} findings",
    ),
    Entry(
        "reasoning.box_overlap",
        inputs=boxes,
        ours=our_overlap,
        peers={"shapely": Peer(shapely_overlap, "shapely")},
        size=200,
        full=10_000,
        unit="pairs of boxes",
    ),
    Entry(
        "reasoning.label_findings",
        inputs=reports,
        ours=our_labels,
        peers={
            "negspacy": Peer(
                negspacy,
                "negspacy",
                note="our own sentences, which ours was made to read; negspacy is given the names of 8 findings",
            )
        },
        size=100,
        full=2_000,
        unit="sentences",
        relation=Relation("share of findings called as labelled by hand", share_right),
    ),
]
