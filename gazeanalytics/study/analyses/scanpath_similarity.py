"""Scanpath similarity: how alike the scanpaths of readers are, beside what chance gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import gaze, report
from gazeanalytics.gaze import scanpaths
from gazeanalytics.geometry import Viewing
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult

_CRQA = ("recurrence", "determinism", "laminarity")


@dataclass(frozen=True, slots=True)
class SimilarityOptions(Settings):
    """How many cases are compared, and how.

    Attributes
    ----------
    max_cases : int
        Cases drawn for the comparison: the number of pairs grows with the square of the readings of a case.
    radius_deg : float
        Fixations this near recur (cross-recurrence).
    columns, rows : int
        Cells of the grid of ScanMatch and of string edit.
    n_resamples : int
        Draws of cases and readers for the intervals.
    """

    max_cases: int = 6
    radius_deg: float = 2.0
    columns: int = 12
    rows: int = 8
    n_resamples: int = 500


@dataclass(frozen=True, slots=True)
class CommonFrame:
    """Fixations of images of all sizes, laid upon one another: places relative to the image, in px of one size."""

    fixations: pd.DataFrame
    images: pd.DataFrame
    viewing: Viewing

    @property
    def size(self) -> tuple[int, int]:
        """Width and height (px)."""
        return int(self.images["width"].iloc[0]), int(self.images["height"].iloc[0])


def common_frame(known: StudyResult, max_cases: int) -> CommonFrame:
    """Fixations by people on a sample of cases that two or more people read with gaze, in one frame.

    Raises
    ------
    NotPossibleError
        If fewer than two cases were read by two or more people with gaze, or degrees are not known.
    """
    study = known.study
    readers = study.table("readings")[["reading", "reader", "case"]]
    if study.has("readers") and "kind" in study.table("readers"):
        table = study.table("readers")
        people = table.loc[table["kind"] == "person", "reader"]
        readers = readers[readers["reader"].isin(people)]
    fixations = known.fixations[known.fixations["reading"].isin(readers["reading"])]
    seen = readers[readers["reading"].isin(fixations["reading"].unique())]
    several = seen.groupby("case", observed=True)["reader"].nunique()
    cases = several.index[several > 1].to_numpy()
    if len(cases) < 2:
        raise NotPossibleError("fewer than two cases were read by two or more people with gaze")
    rng = np.random.default_rng(study.config.study.seed)
    chosen = rng.choice(cases, min(max(max_cases, 2), len(cases)), replace=False)
    fixations = fixations[fixations["reading"].isin(seen.loc[seen["case"].isin(chosen), "reading"])]
    return _framed(known, fixations, seen)


def _framed(known: StudyResult, fixations: pd.DataFrame, readers: pd.DataFrame) -> CommonFrame:
    images = known.study.images_of(fixations)
    own = known.study.viewing(images["reading"])
    if own is None:
        raise NotPossibleError("places are compared in degrees, and neither [screen] nor px_per_deg is given")
    width, height = int(images["width"].median()), int(images["height"].median())
    scale = images.set_index("reading").loc[fixations["reading"]]
    placed = fixations.assign(
        x=fixations["x"].to_numpy(float) * width / scale["width"].to_numpy(float),
        y=fixations["y"].to_numpy(float) * height / scale["height"].to_numpy(float),
    )
    px_per_deg = float(np.median(own.px_per_deg * width / images["width"].to_numpy(float)))
    frame = images[["reading", "case"]].merge(readers[["reading", "reader"]], on="reading", how="left")
    frame = frame.assign(width=width, height=height)
    return CommonFrame(placed, frame, Viewing.from_px_per_deg(px_per_deg, width, height))


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarityOutcome(Outcome):
    """Similarity by relation and measure, with the frame's cases."""

    similarity: pd.DataFrame
    cases: int
    readings: int


def run(known: StudyResult, options: SimilarityOptions) -> SimilarityOutcome:
    """Compare scanpaths between and within readers by six measures, and against chance."""
    frame = common_frame(known, options.max_cases)
    width, height = frame.size
    grid = gaze.Grid(width_px=width, height_px=height, columns=options.columns, rows=options.rows)

    def measures(fixations: pd.DataFrame, *, pairs: pd.DataFrame) -> pd.DataFrame:
        radius = options.radius_deg
        found = [
            gaze.multimatch(fixations, width_px=width, height_px=height, pairs=pairs),
            gaze.scanmatch(fixations, grid=grid, pairs=pairs),
            gaze.string_edit(fixations, grid=grid, pairs=pairs),
            scanpaths.path_distances(fixations, pairs=pairs, viewing=frame.viewing),
            scanpaths.time_delay_embedding(fixations, scale_px=max(width, height), pairs=pairs),
            scanpaths.cross_recurrence(fixations, radius_deg=radius, viewing=frame.viewing, pairs=pairs),
        ]
        # The centre of mass changes its sign with the order of a pair, and these pairs have none.
        left_out = ["first", "second", "note", "centre_of_mass"]
        scores = [part.drop(columns=left_out, errors="ignore") for part in found]
        return pd.concat([found[0][["first", "second"]], *scores], axis=1)

    similarity = scanpaths.reader_similarity(
        frame.fixations,
        frame.images,
        measures,
        best=dict.fromkeys(_CRQA, 100.0),
        n_resamples=options.n_resamples,
        rng=known.study.config.study.seed,
    )
    # Two equal scanpaths recur less than wholly, each in its own way: their best isn't known.
    unknown = similarity["score"].isin(_CRQA)
    similarity.loc[unknown, ["corrected", "corrected_low", "corrected_high"]] = np.nan
    return SimilarityOutcome(
        tables={"scanpath_similarity": similarity},
        similarity=similarity,
        cases=frame.images["case"].nunique(),
        readings=len(frame.images),
        counts={"readings compared": len(frame.images)},
        settings={"max_cases": options.max_cases, "radius_deg": options.radius_deg},
    )


def show(known: StudyResult, outcome: SimilarityOutcome) -> Iterator[Part]:
    """Table of all measures."""
    table = outcome.similarity.drop(columns=["conf_low", "conf_high", "chance_pairs", "cases"])
    text = f"{many(outcome.readings, 'reading')} by people of {many(outcome.cases, 'case')}, drawn at random with the "
    text += "study's seed. Places are relative to the image, all images brought to one size. Scores are high whatever "
    text += "readers do, so that each stands beside its chance: pairs of two readers and two cases. Corrected is "
    text += "(mean - chance) / (best - chance): 0 is chance, 1 the best there is. Cross-recurrence has no known best "
    text += "and is not corrected. Intervals draw cases and readers again; with few cases they are rough."
    caption = "Scanpath similarity between readers of one case, and within readers over cases"
    yield Part("Scanpath similarity", text, {}, {"scanpath_similarity": report.format_frame(table, caption=caption)})


ANALYSIS = Analysis(
    name="scanpath_similarity",
    question="How alike are readers' scanpaths, beyond chance (MultiMatch, ScanMatch, DTW, cross-recurrence)?",
    run=run,
    options=SimilarityOptions,
    needs=("fixations",),
    makes=("scanpath_similarity",),
    show=show,
    page=26,
)
