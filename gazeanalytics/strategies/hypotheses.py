"""Search strategies that the literature names, scored for each reading: suggestions with evidence, never labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from gazeanalytics.brief import Brief
from gazeanalytics.strategies.markov.sequences import comparable
from gazeanalytics.strategies.profiles import profile_groups
from gazeanalytics.strategies.scaling import feature_names
from gazeanalytics.tables import check

__all__ = ["HYPOTHESES", "Hypothesis", "hypotheses", "suggest_names"]


@dataclass(frozen=True, slots=True)
class Hypothesis(Brief):
    """A search strategy that the literature names, and which measures should then be high (+1) or low (-1).

    Attributes
    ----------
    name, meaning, source : str
    signs : dict of str to int
        Column of a features table -> direction. The directions follow from the description; no weight was fitted.

    Examples
    --------
    >>> Hypothesis("hurried", "few, short fixations", "this example", {"fixations": -1, "duration_median_ms": -1}).signs
    {'fixations': -1, 'duration_median_ms': -1}
    """

    name: str
    meaning: str
    source: str
    signs: dict[str, int]


HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis(
        "circumferential",
        "around the outline of the lungs, in one direction",
        "Kundel & La Follette 1972, Radiology 103",
        {"radius_mean": 1, "angular_coverage": 1, "winding_steadiness": 1},
    ),
    Hypothesis(
        "central",
        "stays near hila, mediastinum and heart",
        "Kundel & La Follette 1972, Radiology 103 (localised central pattern of laymen)",
        {"radius_mean": -1, "spread_deg": -1, "hull_deg2": -1},
    ),
    Hypothesis(
        "systematic",
        "region after region in the order of a checklist, few returns",
        "Kok et al. 2016, Adv. Health Sci. Educ. 21; van Geel et al. 2017, Med. Educ. 51",
        {
            "checklist_tau": 1,
            "checklist_similarity": 1,
            "regions_seen_share": 1,
            "revisits": -1,
            "region_transition_entropy_mm_bits": -1,
        },
    ),
    Hypothesis(
        "global-then-focal",
        "a wide, brief look at the whole first, then long looks at few places (holistic)",
        "Nodine & Kundel 1987; Kundel et al. 2007, Radiology 242; Krejtz et al. 2016 (K)",
        {"amplitude_early_late": 1, "duration_early_late": -1, "coverage_early_share": 1, "k_early": -1, "k_late": 1},
    ),
    Hypothesis(
        "exploratory",
        "back and forth without a plan, driven by what is still uncertain",
        "RadGazeIntent's RadExplore; Krejtz et al. 2015 (transition entropy)",
        {
            "refixation_share": 1,
            "revisits": 1,
            "region_transition_entropy_mm_bits": 1,
            "transition_entropy_mm_bits": 1,
            "winding_steadiness": -1,
        },
    ),
    Hypothesis(
        "lesion-driven",
        "straight to the lesion, and longest there",
        "Kundel et al. 2007, Radiology 242 (time to first hit); GazeSearch (scanpath ratio)",
        {
            "lesion_time_to_first_fixation_ms": -1,
            "lesion_dwell_time_ms": 1,
            "lesion_scanpath_ratio": 1,
            "lesions_seen_share": 1,
        },
    ),
)
"""What is scored by default. Add your own: `hypotheses(features, named=(*HYPOTHESES, Hypothesis(...)))`."""


def hypotheses(features: pd.DataFrame, *, named: Sequence[Hypothesis] = HYPOTHESES) -> pd.DataFrame:
    """Score how well each reading fits each search strategy that the literature names, relative to the other readings.

    Parameters
    ----------
    features : pandas.DataFrame
        A features table. Columns that a hypothesis needs and the table lacks are ignored, and listed as lacking.
    named : sequence of Hypothesis
        What to score.

    Returns
    -------
    pandas.DataFrame
        One row a reading and hypothesis: reading, hypothesis, score, used, evidence, lacking, source. The score is the
        mean of the measures' normal scores (ranks among all readings of the table, 0 in the middle, 1 above five
        sixths of them), each turned the way the hypothesis says; missing where fewer than half of its measures are
        known. used: measures known of this reading. evidence: every measure with its direction; lacking: those that
        the table doesn't have.

    Notes
    -----
    Scores are relative: among readers who all search alike some will score highest. They aren't exclusive, share
    measures, and are no test; a reading that scores high on one goes that way more than others do.

    Examples
    --------
    >>> features = pd.DataFrame({"reading": [1, 2, 3], "radius_mean": [0.2, 0.3, 0.8], "spread_deg": [2.0, 3.0, 6.0],
    ...                          "hull_deg2": [9.0, 20.0, 70.0]})
    >>> scores = hypotheses(features)
    >>> scores[scores["hypothesis"] == "central"][["reading", "score", "used", "evidence"]].round(2)
       reading  score  used                                  evidence
    3        1   0.97     3  radius_mean -, spread_deg -, hull_deg2 -
    4        2   0.00     3  radius_mean -, spread_deg -, hull_deg2 -
    5        3  -0.97     3  radius_mean -, spread_deg -, hull_deg2 -
    >>> scores[scores["hypothesis"] == "circumferential"]["score"].isna().all()
    np.True_
    """
    check(features, "features")
    parts = [_scored(features, hypothesis) for hypothesis in named]
    table = pd.concat(parts, ignore_index=True)
    for name in ("hypothesis", "evidence", "lacking", "source"):
        table[name] = pd.Categorical(table[name], categories=pd.unique(table[name]))
    return table


def suggest_names(
    strategies: pd.DataFrame, scores: pd.DataFrame, *, readers: pd.Series | Sequence | None = None
) -> pd.DataFrame:
    """Suggest names for strategies that were found, from the search strategies that the literature names.

    Parameters
    ----------
    strategies : pandas.DataFrame
        A strategies table; readings without a strategy are passed over.
    scores : pandas.DataFrame
        `hypotheses` of these readings.
    readers : sequence, optional
        Reader of each row of `strategies`, so that the intervals account for readers.

    Returns
    -------
    pandas.DataFrame
        One row a strategy and hypothesis, best first within a strategy: strategy, hypothesis, effect (its readings'
        mean score against all others', in pooled standard deviations), conf_low, conf_high (95 %, jackknife over
        readers), evidence, source, suggested. Suggested is at most one a strategy: its greatest effect, if the
        interval lies above 0 and above the second greatest effect; else the data name none.

    Raises
    ------
    ValueError
        With fewer than two strategies: a name distinguishes one from another.

    Examples
    --------
    >>> features = pd.DataFrame({"reading": range(40), "radius_mean": 0.5, "hull_deg2": 9.0})
    >>> features["spread_deg"] = np.r_[np.linspace(1, 2, 20), np.linspace(5, 6, 20)]
    >>> features["hull_deg2"] = np.r_[np.linspace(5, 9, 20), np.linspace(50, 60, 20)]
    >>> strategies = pd.DataFrame({"reading": range(40), "strategy": ["narrow"] * 20 + ["wide"] * 20, "strength": 1.0})
    >>> found = suggest_names(strategies, hypotheses(features))
    >>> found.loc[found["suggested"], ["strategy", "hypothesis"]].to_numpy().tolist()
    [['narrow', 'central']]
    """
    check(strategies, "strategies")
    known = strategies["strategy"].notna().to_numpy()
    labels = strategies.loc[known, "strategy"].astype(str)
    names = sorted(labels.unique())
    if len(names) < 2:
        raise ValueError(f"expected at least 2 strategies to name; got {len(names)}")
    wide = scores.pivot_table(index="reading", columns="hypothesis", values="score", observed=True, sort=False)
    keys, sought = comparable(wide.index.to_series(), strategies.loc[known, "reading"])
    rows = pd.Index(keys).get_indexer(pd.Index(sought))
    values = np.where(rows[:, None] >= 0, wide.to_numpy(float)[rows], np.nan)
    reader = None if readers is None else pd.factorize(np.asarray(readers)[known], sort=True)[0]
    codes = pd.Index(names).get_indexer(pd.Index(labels))
    table = profile_groups(values, codes, [str(name) for name in wide.columns], names, reader)
    table = table.rename(columns={"feature": "hypothesis"})[
        ["strategy", "hypothesis", "effect", "conf_low", "conf_high"]
    ]
    sources = scores.drop_duplicates("hypothesis").set_index("hypothesis")[["evidence", "source"]].astype(str)
    sources.index = sources.index.astype(str)
    table = table.join(sources, on="hypothesis").sort_values(
        ["strategy", "effect"], ascending=[True, False], kind="stable", ignore_index=True
    )
    # A name must beat the runner-up, not only 0: hypotheses share measures, and several fit a strategy a little.
    second = table.groupby("strategy")["effect"].transform(lambda effect: effect.nlargest(2).iloc[-1])
    first = ~table["strategy"].duplicated()
    alone = table.groupby("strategy")["effect"].transform("count") == 1
    return table.assign(suggested=first & (table["conf_low"] > 0) & (alone | (table["conf_low"] > second)))


def _scored(features: pd.DataFrame, hypothesis: Hypothesis) -> pd.DataFrame:
    have = set(feature_names(features)) if features.shape[1] > 1 else set()
    columns = [name for name in hypothesis.signs if name in have]
    turned = [hypothesis.signs[name] * _normal_scores(features[name].to_numpy(float)) for name in columns]
    values = np.array(turned).reshape(len(columns), len(features))
    used = np.isfinite(values).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.nansum(values, axis=0) / used
    return pd.DataFrame(
        {
            "reading": features["reading"].array,
            "hypothesis": hypothesis.name,
            "score": np.where(2 * used >= len(hypothesis.signs), score, np.nan),
            "used": used,
            "evidence": ", ".join(f"{name} {'+' if hypothesis.signs[name] > 0 else '-'}" for name in columns),
            "lacking": ", ".join(name for name in hypothesis.signs if name not in have),
            "source": hypothesis.source,
        }
    )


def _normal_scores(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    scores = np.full(len(values), np.nan)
    ranks = pd.Series(values[known]).rank().to_numpy()
    # Normal scores at Hazen's plotting positions. Rejected: z scores, with which one long stare decides a hypothesis.
    scores[known] = ndtri((ranks - 0.5) / max(len(ranks), 1))
    return scores
