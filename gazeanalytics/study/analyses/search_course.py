"""Course of search: from the first look to the last, its directions, its order, and the speed of saccades by reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import gaze, report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult


@dataclass(frozen=True, slots=True)
class CourseOptions(Settings):
    """Parts of a reading, and how many readings are followed.

    Attributes
    ----------
    max_readings : int
        Readings drawn for the time course and the test of order.
    n_parts : int
        Parts of a reading, of equally many fixations.
    directions : int
        Directions of saccades that are counted apart; the first is centred on the right.
    n_permutations : int
        Random orders of each reading, for the test of order.
    """

    max_readings: int = 200
    n_parts: int = 10
    directions: int = 8
    n_permutations: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseOutcome(Outcome):
    """How many readings were followed, the one that is drawn, and where its saccades come from."""

    readings: int
    drawn: pd.DataFrame
    inferred: bool


def run(known: StudyResult, options: CourseOptions) -> CourseOutcome:
    """Follow a sample of readings; directions, main sequence and systematicity are of all."""
    study, fixations = known.study, known.fixations
    held = fixations["reading"].unique()
    if not len(held):
        raise NotPossibleError("no reading has fixations")
    rng = np.random.default_rng(study.config.study.seed)
    chosen = rng.choice(held, min(max(options.max_readings, 1), len(held)), replace=False)
    sample = fixations[fixations["reading"].isin(chosen)]
    images = study.images_of(sample)
    viewing = study.viewing(images["reading"])
    if viewing is None:
        raise NotPossibleError("coverage and steps are in degrees, and neither [screen] nor px_per_deg is given")
    parts = gaze.time_course(sample, viewing, images, n_parts=options.n_parts)
    saccades, inferred = _saccades(known, sample)
    found = {
        "search_course": _course(parts),
        "saccade_directions": gaze.saccade_directions(saccades, bins=options.directions),
        "main_sequence": _by_reader(saccades, study.table("readings")),
        **_order(known, sample, options, rng),
    }
    return CourseOutcome(
        tables={name: table for name, table in found.items() if len(table)},
        readings=len(images),
        drawn=pd.DataFrame({"reading": [_middle(sample)]}),
        inferred=inferred,
        counts={"readings followed": len(images)},
        settings={"max_readings": options.max_readings, "n_parts": options.n_parts},
    )


def _course(parts: pd.DataFrame) -> pd.DataFrame:
    """Means over readings, by part."""
    measures = ["duration_mean_ms", "amplitude_mean_deg", "ambient_focal", "coverage_share"]
    means = parts.groupby("part")[measures].mean()
    return means.assign(readings=parts.groupby("part").size()).reset_index()


def _saccades(known: StudyResult, sample: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Give detected saccades, or steps between the fixations of the sample where none were detected."""
    if known.has("saccades") and len(known.table("saccades")):
        return known.table("saccades"), False
    images = known.study.images_of(sample)
    viewing = known.study.viewing(images["reading"])
    assert viewing is not None
    return gaze.steps_between(sample, viewing, images), True


def _by_reader(saccades: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Main sequence of all, by both curves, and of each reader by a power law where it has 50 saccades."""
    usable = saccades[(saccades["amplitude_deg"] > 0) & (saccades["peak_speed_deg_s"] > 0)]
    if len(usable) < 50:
        return pd.DataFrame()
    fits = [gaze.main_sequence(usable, curve=curve).assign(reader="all") for curve in ("exponential", "power")]
    reader = usable["reading"].map(readings.set_index("reading")["reader"])
    for name, own in usable.groupby(reader, observed=True):
        if len(own) >= 50:
            fits.append(gaze.main_sequence(own, curve="power").assign(reader=name))
    return pd.concat(fits, ignore_index=True)[["reader", "model", "term", "estimate", "conf_low", "conf_high", "n"]]


def _order(
    known: StudyResult, sample: pd.DataFrame, options: CourseOptions, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Systematicity of each reader's visits, and the test of order of the sampled readings; nothing without regions."""
    if not known.has("visits"):
        return {}
    study = known.study
    regions = study.table("regions")
    organs = regions[regions["kind"] != "lesion"]
    hits = gaze.locate(sample, organs if len(organs) else regions, study.images_of(sample))
    tested = gaze.order_test(hits, n_permutations=options.n_permutations, rng=rng) if len(hits) else pd.DataFrame()
    return {
        "systematicity": gaze.systematicity(known.table("visits"), study.table("readings")),
        "order_test": tested,
    }


def _middle(sample: pd.DataFrame) -> object:
    """Reading whose number of fixations is in the middle."""
    counts = sample["reading"].value_counts().sort_values(kind="stable")
    return counts.index[len(counts) // 2]


def show(known: StudyResult, outcome: CourseOutcome) -> Iterator[Part]:
    """Course by part, directions, speed by reader, order by reader; one reading as an example."""
    order = outcome.tables.get("order_test", pd.DataFrame())
    text = (
        f"Means over {many(outcome.readings, 'reading')} drawn at random with the study's seed. A part holds equally "
    )
    text += "many fixations of a reading. Ambient-focal K is above 0 where fixations are long and the steps after them "
    text += "short (focal), below 0 where it is the reverse (ambient); coverage is up to the end of the part. "
    if outcome.inferred:
        text += "No saccades were detected: directions are those of the steps between fixations. "
    if "z" in order and order["z"].notna().any():
        share = 100 * (order["p_value"] < 0.05).mean()
        text += f"In {share:.0f} % of the tested readings the order of regions is more regular than 95 % of random "
        text += "orders of the same fixations (5 % would be by chance; staying in a region counts as order). "
    text += "Systematicity is the mean edit distance of a reader's sequences of regions: 0 is the same order each time."
    captions = {
        "search_course": "Course of search by part",
        "saccade_directions": "Directions of saccades (0 is right, 90 up)",
        "main_sequence": "Main sequence of saccades: all, and by reader (speed at 1 deg in deg/s; exponent)",
        "systematicity": "Systematicity of visits by reader (edit distance, 0 to 1)",
    }
    tables = {
        name: report.format_frame(outcome.tables[name], caption=caption)
        for name, caption in captions.items()
        if name in outcome.tables
    }
    yield Part("Course of search", text, _figures(known, outcome), tables)


_NO_IMAGE = "The image itself is not available here."


def _figures(known: StudyResult, outcome: CourseOutcome) -> dict[str, report.Picture]:
    """Coverage and visits of one reading."""
    drawn = outcome.drawn["reading"].iloc[0]
    fixations = known.fixations[known.fixations["reading"] == drawn]
    image = known.study.images_of(fixations).iloc[0]
    viewing = known.study.viewing(fixations["reading"].drop_duplicates())
    stimulus = report.Stimulus(size=(float(image["width"]), float(image["height"])), viewing=viewing)
    name = f"Reading {drawn}, whose number of fixations is in the middle of those followed"
    covered = report.coverage_map(fixations, stimulus=stimulus)
    figures = {"coverage_map": report.Picture(covered, f"{name}: what lay within 2.5 deg of a fixation. {_NO_IMAGE}")}
    if known.has("visits"):
        visits = known.table("visits")
        own = visits[visits["reading"] == drawn]
        if len(own):
            figures["visit_raster"] = report.Picture(report.visit_raster(own), f"{name}: visits of regions over time.")
    return figures


ANALYSIS = Analysis(
    name="search_course",
    question="How does search go on: ambient to focal, coverage, directions, order of looks, saccade speed?",
    run=run,
    options=CourseOptions,
    needs=("fixations",),
    uses=("saccades", "visits", "regions"),
    makes=("search_course", "saccade_directions"),
    show=show,
    page=28,
)
