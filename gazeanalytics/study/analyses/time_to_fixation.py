"""Time to first fixation on a lesion, those never fixated included: censored model and Kaplan-Meier curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import gaze, report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.estimands import adjusting_terms, model_frame, right_side
from gazeanalytics.study.result import NotPossibleError, Outcome, StrategiesOutcome, StudyResult
from gazeanalytics.study.study import Study

MODEL = "interval(low_s, high_s)"


@dataclass(frozen=True, slots=True)
class TimeToFixationOptions(Settings):
    """When a lesion counts as fixated, and what is compared.

    Attributes
    ----------
    radius_deg : float
        A fixation this near (deg) to the lesion's region counts as on it; without a viewing distance it has to lie
        inside, whatever the radius.
    experience_years : float
        Curves compare readers up to this experience with those above, where there are no strategies.
    min_fixated : int
        Fixated lesions without which no model is fitted.
    """

    radius_deg: float = 1.0
    experience_years: float = 10.0
    min_fixated: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToFixationOutcome(Outcome):
    """Times of all lesions, their curves by group (`by`, empty for one curve), the model, or why it was not fitted.

    `components` are those of the strategies, of which the model has columns.
    """

    lesions: pd.DataFrame
    curves: pd.DataFrame
    by: str
    fit: stats.MixedFit | None
    components: tuple[str, ...]
    refused: str


def run(known: StudyResult, options: TimeToFixationOptions) -> TimeToFixationOutcome:
    """Find when each reading first fixates each lesion of its case, or how long it didn't."""
    outcome = known.outcomes.get("strategies")
    components = outcome.components if isinstance(outcome, StrategiesOutcome) else ()
    lesions = _times(known, components, options)
    if not len(lesions):
        raise NotPossibleError("no reading by a person with gaze is of a case with a lesion")
    lesions, by = _groups(lesions, options)
    clusters = [name for name in ("reader", "case") if _fewest(lesions, name, by) > 1]
    curves = stats.kaplan_meier(lesions, time="time_s", seen="seen", by=by or None, clusters=clusters)
    fit, refused = _fitted(lesions, components, options)
    tables = {"lesion_times": lesions[["reading", "region", "low_s", "high_s", "seen"]], "lesion_curves": curves}
    if fit is not None:
        tables["lesion_time_estimates"] = fit.estimates(model="time_to_fixation")
    return TimeToFixationOutcome(
        lesions=lesions,
        curves=curves,
        by=by,
        fit=fit,
        components=components,
        refused=refused,
        tables={name: table for name, table in tables.items() if len(table)},
        settings={"radius_deg": options.radius_deg},
    )


def _times(known: StudyResult, components: tuple[str, ...], options: TimeToFixationOptions) -> pd.DataFrame:
    """One row a reading by a person and lesion of its case, beside the columns that models use."""
    study, fixations = known.study, known.timed_fixations
    # Whether the target is there says nothing here: the lesion is.
    rows = model_frame(known.readings, components).drop(columns="presence", errors="ignore")
    regions = study.table("regions")
    lesions = regions[regions["kind"] == "lesion"]
    ends = (fixations["onset"] + fixations["duration"]).groupby(fixations["reading"]).max()
    pairs = rows[rows["reading"].isin(ends.index)].merge(lesions[["case", "region"]].astype({"region": str}), on="case")
    if not len(pairs):
        return pairs
    images = study.images_of(fixations)
    viewing = study.viewing(images["reading"])
    radius = options.radius_deg if viewing is not None else 0.0
    # A fixation counts for each lesion that it is near to: two that overlap are both found by it.
    visits = gaze.visits(fixations, lesions, images, overlap="all", hit_radius_deg=radius, viewing=viewing)
    first = visits.sort_values("onset").drop_duplicates(["reading", "region"]).astype({"region": str})
    first = first[["reading", "region", "onset", "first_fixation_duration"]]
    return _intervals(pairs.merge(first, on=["reading", "region"], how="left"), ends)


def _intervals(pairs: pd.DataFrame, ends: pd.Series) -> pd.DataFrame:
    """Turn onsets into ends of intervals (s): seen, not seen up to the last fixation, or seen from the start on."""
    onset, last = pairs["onset"] / 1000, pairs["reading"].map(ends) / 1000
    seen = onset.notna()
    # Gaze that rests on the lesion when the image comes says only that the time was short.
    at_once = seen & (onset <= 0)
    held = (pairs["onset"] + pairs["first_fixation_duration"]) / 1000
    low = onset.where(seen, last).mask(at_once, 0.0)
    high = onset.where(seen, np.inf).mask(at_once, held)
    time = onset.clip(lower=0).where(seen, last)
    found = pairs.assign(low_s=low, high_s=high, time_s=time, seen=seen.astype(int))
    lesion = found["case"].astype(str) + ":" + found["region"]
    return found[found["time_s"].notna() & (found["high_s"] > 0)].assign(lesion=lesion).reset_index(drop=True)


def _groups(lesions: pd.DataFrame, options: TimeToFixationOptions) -> tuple[pd.DataFrame, str]:
    """Give the column that parts the curves: strategy, or experience where there is none."""
    if "strategy" in lesions and len(lesions["strategy"].dropna().unique()) > 1:
        return lesions, "strategy"
    if "experience_years" not in lesions:
        return lesions, ""
    years, bound = lesions["experience_years"], options.experience_years
    labels = np.where(years > bound, f"over {bound:g} years", f"up to {bound:g} years")
    grouped = lesions.assign(experience=pd.Series(labels, lesions.index).where(years.notna()))
    return (grouped, "experience") if len(grouped["experience"].dropna().unique()) > 1 else (lesions, "")


def _fewest(lesions: pd.DataFrame, name: str, by: str) -> int:
    """Fewest readers (or cases) of a curve."""
    counts = lesions.groupby(by, observed=True)[name].nunique() if by else pd.Series([lesions[name].nunique()])
    return int(counts.min())


def _fitted(
    lesions: pd.DataFrame, components: tuple[str, ...], options: TimeToFixationOptions
) -> tuple[stats.MixedFit | None, str]:
    fixated = int(lesions["seen"].sum())
    right = right_side(lesions, components)
    if fixated < options.min_fixated:
        return None, f"only {many(fixated, 'lesion')} were fixated; {options.min_fixated} are needed"
    if not right:
        return None, "neither strategy, experience nor context varies, or there are too few readers and cases"
    # Lesions of one case are alike by the case, and readings of one lesion by the lesion.
    right += " + (1 | lesion)" if lesions["lesion"].nunique() > lesions["case"].nunique() else ""
    try:
        return stats.mixed(f"{MODEL} ~ {right}", lesions, family="lognormal"), ""
    except stats.ModelError as error:
        return None, str(error)


def show(known: StudyResult, outcome: TimeToFixationOutcome) -> Iterator[Part]:
    """Share that is never fixated, curves, and the model's time ratios."""
    lesions, fit = outcome.lesions, outcome.fit
    never = 100 * (1 - lesions["seen"].mean())
    text = f"{many(len(lesions), 'lesion')} to find, over all readings by people; {never:.0f} % were never fixated. "
    text += (
        f"{100 * (lesions['time_s'] == 0).mean():.0f} % lay under the gaze when the image appeared: of their times no "
    )
    text += "more is known than that they are shorter than that fixation. Times of those never fixated are censored at "
    text += "the last fixation: leaving them out would bias every comparison. Curves are Kaplan-Meier's, intervals for "
    text += "single times with readings of one reader and of one case alike. "
    by = f", by {outcome.by}" if outcome.by else ""
    figures = {
        "lesion_curves": report.Picture(
            report.kaplan_meier_curve(outcome.curves, by=outcome.by or None),
            f"Lesions fixated by each moment{by} (Kaplan-Meier, 95% intervals).",
        )
    }
    tables = {}
    if fit is None:
        text += f"No model of the times: {outcome.refused}."
    else:
        estimates = outcome.tables["lesion_time_estimates"]
        text += f"Model: {fit.formula}; family {fit.family.name}, so that exp of an effect is a ratio of times."
        text += f" Notes: {'; '.join(fit.notes)}." if fit.notes else ""
        adjusting = adjusting_terms(estimates["term"].astype(str), lesions, outcome.components)
        forest = report.forest(estimates[~adjusting], exponentiate=True, label="Ratio of times (95% CI)")
        rest = " Means of strategy by case and reader stand in the table." if adjusting.any() else ""
        figures["forest_time_to_fixation"] = report.Picture(forest, f"Time to first fixation: ratios of times.{rest}")
        tables["lesion_time_estimates"] = report.format_estimates(estimates, caption="Time to first fixation (log s)")
    yield Part("Time to first fixation", text, figures, tables)


def possible(study: Study) -> str:
    """Times to lesions take lesions."""
    regions = study.table("regions")
    return "" if regions["kind"].eq("lesion").any() else "no region is a lesion (kind = lesion)"


ANALYSIS = Analysis(
    name="time_to_fixation",
    question="How soon are lesions fixated, by strategy and experience, those never fixated counted (survival)?",
    run=run,
    options=TimeToFixationOptions,
    needs=("fixations", "regions", "readings"),
    uses=("strategies",),
    makes=("lesion_times", "lesion_curves", "lesion_time_estimates"),
    possible=possible,
    show=show,
    page=46,
)
