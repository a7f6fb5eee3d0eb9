"""AOI metrics: dwell time, time to first fixation, revisits and transitions of the areas of interest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics import gaze, report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.features import organ_visits
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import Outcome, StudyResult


@dataclass(frozen=True, slots=True)
class AoiOptions(Settings):
    """How the areas of interest are shown.

    Attributes
    ----------
    max_regions : int
        The figure of transitions shows that many regions, those that are visited most.
    """

    max_regions: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class AoiOutcome(Outcome):
    """AOI metrics by reading and region, summed up by region, and the transitions between regions."""

    by_region: pd.DataFrame
    transitions: pd.DataFrame
    max_regions: int


def run(known: StudyResult, options: AoiOptions) -> AoiOutcome:
    """Visits, AOI metrics and transitions of all readings."""
    visits = organ_visits(known.study, known.fixations)
    metrics = gaze.aoi_metrics(visits)
    transitions = gaze.transition_matrix(visits)
    return AoiOutcome(
        tables={"visits": visits, "aoi_metrics": metrics, "aoi_transitions": transitions},
        by_region=_by_region(metrics, visits["reading"].nunique()),
        transitions=transitions,
        max_regions=options.max_regions,
    )


def _by_region(metrics: pd.DataFrame, readings: int) -> pd.DataFrame:
    """Sum up each region over the readings with gaze; the median time to first fixation is that of its visitors."""
    groups = metrics.groupby("region", observed=True)
    table = pd.DataFrame(
        {
            "readings that visit it (%)": 100 * groups.size() / readings,
            "dwell time (ms), mean of all": groups["dwell_time_ms"].sum() / readings,
            "time to first fixation (ms), median": groups["time_to_first_fixation_ms"].median(),
            "first fixation duration (ms), median": groups["first_fixation_duration_ms"].median(),
            "visits, mean of all": groups["n_visits"].sum() / readings,
        }
    )
    return table.sort_values("dwell time (ms), mean of all", ascending=False).reset_index(names="region")


def show(known: StudyResult, outcome: AoiOutcome) -> Iterator[Part]:
    """Table of the regions, and the transition matrix between the most visited."""
    table, moves = outcome.by_region, outcome.transitions
    shown = list(table["region"].head(outcome.max_regions))
    text = (
        f"{many(len(table), 'area')} of interest. Readings that never visit a region count as a dwell time of 0; the "
    )
    text += "time to first fixation is that of the readings that visit it."
    between = moves[moves["source"].isin(shown) & moves["target"].isin(shown)]
    caption = "Transition matrix: share of the moves that leave a region (row) and go to another (column)."
    figures = {"aoi_transitions": report.Picture(report.transition_matrix(between, order=shown), caption)}
    frame = report.format_frame(table.round(1), caption="Areas of interest, from all readings with gaze")
    yield Part("Areas of interest", text, figures, {"aoi_metrics": frame})


ANALYSIS = Analysis(
    name="aoi_metrics",
    question="Which areas of interest are looked at, for how long, how soon, and what follows (dwell time, TTFF)?",
    run=run,
    options=AoiOptions,
    needs=("fixations", "regions"),
    makes=("visits", "aoi_metrics"),
    show=show,
    page=25,
)
