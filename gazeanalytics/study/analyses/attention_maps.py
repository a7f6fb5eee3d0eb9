"""Attention maps: where readers look in each case, how well their maps agree, and what a bare centre bias predicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from gazeanalytics import gaze, report
from gazeanalytics.gaze import attention, scanpaths
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.scanpath_similarity import CommonFrame, common_frame
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult

_MEASURES = {name: attention.MAP_MEASURES[name] for name in ("cc", "sim", "kl_eps_2e-16", "iou_half_maximum")}


@dataclass(frozen=True, slots=True)
class AttentionOptions(Settings):
    """How maps are built, and of how many cases.

    Attributes
    ----------
    max_cases : int
        Cases drawn at random: the number of pairs of maps grows with the square of the readings of a case.
    sigma_deg : float
        Standard deviation of the normal distribution laid over each fixation.
    columns : int
        Cells across the image; as many down as keep them square.
    n_resamples : int
        Draws of cases and readers for the intervals.
    """

    max_cases: int = 6
    sigma_deg: float = 1.0
    columns: int = 32
    n_resamples: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionOutcome(Outcome):
    """Maps by case, agreement of readers' maps, the prediction of gaze, and maps of two groups of experience."""

    frame: CommonFrame
    by_case: gaze.Maps
    by_group: gaze.Maps | None
    threshold_years: float
    prediction: pd.DataFrame
    agreement: pd.DataFrame


def run(known: StudyResult, options: AttentionOptions) -> AttentionOutcome:
    """Build maps by reading and case, compare them, and predict gaze by centre bias, other readers and other cases."""
    frame, seed = common_frame(known, options.max_cases), known.study.config.study.seed
    if "duration" not in frame.fixations or frame.fixations["duration"].isna().any():
        raise NotPossibleError("fixations weigh their duration, and some have none")
    width, height = frame.size
    cells = max(round(options.columns * height / width), 2), options.columns
    smoothing = gaze.Smoothing(sigma_deg=options.sigma_deg)
    mapped = partial(gaze.density, frame.fixations, viewing=frame.viewing, smoothing=smoothing, cells=cells)
    by_case = mapped(frame.images, by="case")
    agreement = scanpaths.reader_similarity(
        mapped(frame.images),
        frame.images,
        partial(attention.compare_maps, measures=_MEASURES),
        n_partners=2,
        n_resamples=options.n_resamples,
        rng=seed,
    )
    middle = attention.centre_bias(*cells)
    predicted = attention.model_maps(dict.fromkeys(frame.images["case"].unique(), middle), frame.images, cells=cells)
    judged = attention.judge_maps(
        predicted,
        frame.fixations,
        frame.images,
        viewing=frame.viewing,
        smoothing=smoothing,
        measures=attention.PREDICTION_MEASURES,
    )
    prediction = attention.summarise_judged(judged, n_resamples=options.n_resamples, rng=seed).summary
    prediction["predictor"] = prediction["predictor"].replace("prediction", "centre bias")
    # Boxes on the 0-1000 grid alone: those in px would be of the common size, not of the image.
    patches = gaze.hints.hints(by_case)
    patches = patches[
        ["case", "rank", "share", *(name for name in patches.columns.astype(str) if name.endswith("_1000"))]
    ]
    groups, threshold = _groups(known, frame)
    return AttentionOutcome(
        tables={"map_agreement": agreement, "gaze_prediction": prediction, "attention_patches": patches},
        frame=frame,
        by_case=by_case,
        by_group=None if groups is None else mapped(groups, by="group"),
        threshold_years=threshold,
        prediction=prediction,
        agreement=agreement,
        settings={"max_cases": options.max_cases, "sigma_deg": options.sigma_deg},
    )


def _groups(known: StudyResult, frame: CommonFrame) -> tuple[pd.DataFrame | None, float]:
    """Images with the group of experience of their reader, and the median that parts the groups; None without both."""
    study = known.study
    readers = study.table("readers") if study.has("readers") else pd.DataFrame()
    if "experience_years" not in readers:
        return None, np.nan
    years = frame.images["reader"].map(readers.set_index("reader")["experience_years"])
    threshold = float(years[~frame.images["reader"].duplicated()].median())
    groups = frame.images.assign(group=np.where(years > threshold, "more", "less"))[years.notna()]
    return (groups if groups["group"].nunique() == 2 and years.notna().all() else None), threshold


def show(known: StudyResult, outcome: AttentionOutcome) -> Iterator[Part]:
    """Map of one case, difference of two groups, agreement of maps, and the prediction of gaze."""
    frame = outcome.frame
    stimulus = report.Stimulus(size=frame.size, viewing=frame.viewing)
    count = frame.images["case"].value_counts()
    case = count.index[0]
    figures = {
        "attention_map": report.Picture(
            report.attention_map(outcome.by_case[case] / count.iloc[0], stimulus=stimulus, unit="ms in a cell, mean"),
            f"Attention map of {case}: mean of {many(int(count.iloc[0]), 'reading')}.",
        )
    }
    if outcome.by_group is not None:
        drawn = report.attention_difference(
            outcome.by_group["more"],
            outcome.by_group["less"],
            group_names=(f"> {outcome.threshold_years:g} years", f"\u2264 {outcome.threshold_years:g} years"),
            stimulus=stimulus,
        )
        caption = f"Attention of readers with more than {outcome.threshold_years:g} years of experience (the median) "
        caption += "less that of the others, as shares, all sampled cases. No test is made: differences may be chance."
        figures["attention_difference"] = report.Picture(drawn, caption)
    text = f"{many(len(frame.images), 'reading')} by people of {many(len(count), 'case')}, drawn at random with the "
    text += "study's seed. All images are brought to one size; no chest is registered. Agreement is given between "
    text += "readers of one case and within readers over cases, beside pairs of two readers and two cases (chance). "
    text += "A centre bias knows nothing of the image: what it predicts of the gaze stands beside what the other "
    text += "readers of the case (the ceiling) and all other cases (the floor) predict. AUC and NSS of maps that "
    text += "agree on the middle alone are high, too; shuffled AUC takes that away."
    agreement = outcome.agreement.drop(columns=["conf_low", "conf_high", "chance_pairs", "cases"])
    prediction = outcome.prediction.drop(columns=["share", "share_low", "share_high", "cases", "readers"])
    tables = {
        "map_agreement": report.format_frame(agreement, caption="Agreement of readers' attention maps"),
        "gaze_prediction": report.format_frame(prediction, caption="Prediction of gaze, mean over cases and readers"),
    }
    yield Part("Attention maps", text, figures, tables)


ANALYSIS = Analysis(
    name="attention_maps",
    question="Where do readers look, and how well do their attention maps agree (CC, SIM, KL, NSS, AUC)?",
    run=run,
    options=AttentionOptions,
    needs=("fixations",),
    makes=("map_agreement", "gaze_prediction", "attention_patches"),
    show=show,
    page=27,
)
