"""Words of certainty in the order, and within the ranges, of published scales.

`certainty_order.csv`: the ranking of 42 hedges of chest radiograph reports by Rabaey et al. 2025 (arXiv 2511.04506;
language models' pairwise judgements under TrueSkill, validated by experts), each in a sentence of our own. Where that
ranking contradicts the scales that radiologists agreed on (Brigham and Women's Hospital's, REFLACX's: "consistent with"
above "most likely"; CheXpert's word lists: "suggests" present, "suspicious for" uncertain) these keep their order.
"""

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning

RANKED = pd.read_csv(Path(__file__).with_name("certainty_order.csv"))


def certainty(sentence):
    found = reasoning.label_text(sentence)
    return found.loc[found["finding"].eq("pneumonia"), "certainty"].iloc[0]


def test_the_order_of_42_hedges():
    said = [certainty(sentence) for sentence in RANKED["sentence"]]
    pairs = list(combinations(said, 2))  # from the surest to the least sure
    assert len(said) == 42
    assert np.mean([first > second for first, second in pairs]) >= 0.90
    assert sum(first == second for first, second in pairs) <= 6  # of 861 pairs


# Brigham and Women's Hospital, Radiologist Diagnostic Certainty Scale (Shinagare et al. 2020): range of each term.
BRIGHAM = {
    "Opacity diagnostic of pneumonia.": (0.95, 1.0),
    "Most likely pneumonia.": (0.90, 1.0),
    "Likely pneumonia.": (0.75, 0.90),
    "Opacity may represent pneumonia.": (0.25, 0.75),
    "Pneumonia is unlikely.": (0.05, 0.25),
    "Pneumonia is very unlikely.": (0.0, 0.05),
}


@pytest.mark.parametrize("sentence", BRIGHAM)
def test_terms_lie_in_their_range_of_the_brigham_scale(sentence):
    low, high = BRIGHAM[sentence]
    assert low <= certainty(sentence) <= high


# From the surest down; each list is one publication's order.
ORDERS = {
    "REFLACX's five codes (Bigolin Lanfredi et al. 2022)": [
        "Opacity consistent with pneumonia.",
        "Probably pneumonia.",
        "Possibly pneumonia.",
        "Less likely pneumonia.",
        "Unlikely pneumonia.",
    ],
    "Kent 1964": [
        "Almost certainly pneumonia.",
        "Probably pneumonia.",
        "About even chances of pneumonia.",
        "Probably not pneumonia.",
        "Almost certainly not pneumonia.",
    ],
    "ICD 203 (2015)": [
        "Very likely pneumonia.",
        "Likely pneumonia.",
        "Roughly even chance of pneumonia.",
        "Unlikely pneumonia.",
        "Remote chance of pneumonia.",
    ],
    "IPCC 2010": ["Very likely pneumonia.", "Likely pneumonia.", "Unlikely pneumonia.", "Very unlikely pneumonia."],
}


@pytest.mark.parametrize("source", ORDERS)
def test_published_orders_are_kept(source):
    said = [certainty(sentence) for sentence in ORDERS[source]]
    assert all(first > second for first, second in pairwise(said)), said


# Written two ways, and a question, which is no answer however it is put.
SAME = {"c/f", "r/o", "?", "questionable|questioned", "borderline"}


def test_single_words_of_the_scale_hardly_tie():
    scale = reasoning.hedges()
    single = scale[~scale["phrase"].str.contains(" ") & scale["p"].between(0.2, 0.94) & ~scale["phrase"].isin(SAME)]
    assert len(single) > 25
    assert single["p"].duplicated().sum() <= 3, single.loc[single["p"].duplicated(keep=False), ["phrase", "p"]]
