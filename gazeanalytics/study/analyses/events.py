"""Raw gaze to fixations, saccades and recording quality, shard by shard; or the fixations that the study brings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd

import gazeanalytics
from gazeanalytics import events, tables
from gazeanalytics.geometry import Viewing
from gazeanalytics.io import Part
from gazeanalytics.study.analysis import READING_COLUMNS, Analysis
from gazeanalytics.study.bad_readings import from_usable, heard, note_bad_readings, warnings_by_file
from gazeanalytics.study.result import EventsOutcome, StudyResult
from gazeanalytics.study.shards import Parts, over_shards
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError, nearest

__all__ = ["detect_events"]

_KINDS = ("fixations", "saccades", "quality")


def detect_events(study: Study, samples: pd.DataFrame) -> EventsOutcome:
    """Detect fixations and saccades in raw gaze, as `[events]` of study.toml asks, with the recording's quality.

    Parameters
    ----------
    study : Study
        Gives the viewing geometry and the detector's settings.
    samples : pandas.DataFrame
        Table `samples`, the whole of it or one shard.

    Raises
    ------
    InputError
        If the detector is not known, its settings don't fit the recording, or no screen is given.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> study = example_study()
    >>> import numpy as np
    >>> t = np.arange(100) * 8.0
    >>> samples = pd.DataFrame({"reading": 1, "t": t, "x": np.where(t < 400, 300.0, 600.0), "y": 400.0})
    >>> detect_events(study, samples).fixations[["onset", "x"]].round().values.tolist()
    [[0.0, 300.0], [408.0, 600.0]]
    """
    check(study, None)
    config, viewing = study.config.events, _viewing(study, samples)
    found = events.detect(samples, viewing, detector=config.detector, settings=config.options)
    quality = events.quality(samples, viewing)
    return _outcome(found.fixations, found.saccades, quality, dict(found.settings))


def _viewing(study: Study, samples: pd.DataFrame) -> Viewing:
    viewing = study.viewing(pd.Series(samples["reading"].unique()))
    if viewing is None:
        raise InputError(
            f"{study.folder / 'study.toml'}: raw gaze needs degrees, so give [screen] (width_px, height_px, width_mm, "
            "height_mm, distance_mm) or a column px_per_deg in cases"
        )
    return viewing


def check(study: Study, options: object) -> None:
    """Check that study.toml names a detector, and options that it knows."""
    config, place = study.config.events, study.folder / "study.toml"
    if config.detector == "auto":
        if config.options:
            raise InputError(f"{place}, events.options: detector 'auto' takes none, since they belong to one: name it")
        return
    if config.detector not in events.DETECTORS:
        choices = nearest(config.detector, ["auto", *events.DETECTORS])
        raise InputError(f"{place}, events.detector: {config.detector!r} is not known; {choices}")
    events.DETECTORS[config.detector].settings.from_mapping(config.options, place=f"{place}, events.options")


def run(known: StudyResult, options: object) -> EventsOutcome:
    """Events of all readings: detected shard by shard in samples, or as the study brings them."""
    study = known.study
    if not study.has("samples"):
        return _outcome(study.table("fixations"), study.table("saccades") if study.has("saccades") else None, None, {})
    files = study.parts("samples")
    with warnings_by_file():
        study, because = _with_detector(study, files)
        salt = json.dumps([gazeanalytics.__version__, study.config.model_dump(mode="json")], sort_keys=True)
        shards = over_shards(
            _shard_events(study), files, keep=known.keep, salt=salt, label="samples", progress=known.progress
        )
        parts = list(shards)
    fixations, saccades, quality = (pd.concat([part[kind] for part in parts], ignore_index=True) for kind in _KINDS)
    split = quality["reading"].duplicated()
    if split.any():
        lost = tables.shown(quality.loc[split, "reading"].iloc[0])
        raise InputError(
            f"{files[0].file.parent}: reading {lost} is spread over several files of samples; keep it in one"
        )
    kept = [json.loads(part["kept"]["json"].iloc[0]) for part in parts]
    lost_in: dict[Path, dict[str, str]] = {}
    for part, one in zip(files, kept, strict=True):
        lost_in.setdefault(part.file, {}).update(one["set aside"])
    count = note_bad_readings(study, lost_in, of_usable=len(quality))
    for part, one in zip(files, kept, strict=True):
        for text in one["notes"]:
            study.rejects.within(part.lines).note(part.file, text)
    found = _outcome(fixations, saccades, quality, kept[0]["settings"] | because)
    return replace(found, counts={**found.counts, "readings of samples set aside": count}) if count else found


# One detector for the whole study, chosen on its first file: parts that choose for themselves would differ between
# readers by their detector, not by their eyes.
def _with_detector(study: Study, parts: list[Part]) -> tuple[Study, dict[str, object]]:
    """Return the study with the detector that 'auto' chooses by name, and why; as it is when one is named."""
    if study.config.events.detector != "auto":
        return study, {}
    choice = _chosen(study, parts)
    named = study.config.events.model_copy(update={"detector": choice.detector})
    changed = replace(study, config=study.config.model_copy(update={"events": named}))
    return changed, {"chosen_because": choice.reason}


def _chosen(study: Study, parts: list[Part]) -> events.Choice:
    """Choose on the first file, or part of one, in which a recording can be used."""
    for part in parts:
        samples = study.shard("samples", part)
        with heard() as notes:
            choice, lost = from_usable(samples, lambda rows: events.choose_detector(rows, _viewing(study, rows)))
        if len(lost) < samples["reading"].nunique() or part == parts[-1]:
            break
    for text in notes:
        study.rejects.note(part.file, text)
    return choice


def _shard_events(study: Study) -> Callable[[Part], Parts]:
    def events_of(part: Part) -> Parts:
        with heard() as notes:

            def detect(rows: pd.DataFrame) -> EventsOutcome:
                notes.clear()  # those of the last call count: it is about the rows that are used
                return detect_events(study, rows)

            found, lost = from_usable(study.shard("samples", part), detect)
        kept = {"settings": dict(found.settings), "notes": notes, "set aside": lost}
        return {**found.tables, "kept": pd.DataFrame({"json": [json.dumps(kept, sort_keys=True, default=str)]})}

    return events_of


def _outcome(
    fixations: pd.DataFrame, saccades: pd.DataFrame | None, quality: pd.DataFrame | None, settings: dict[str, object]
) -> EventsOutcome:
    """Gather what is there; quality also becomes columns of readings, since models may need them."""
    there = dict(zip(_KINDS, (fixations, saccades, quality), strict=True))
    kept = {"rate_hz": "gaze_rate_hz", "loss": "gaze_loss", "rms_s2s_deg": "gaze_rms_s2s_deg"}
    counts = {"fixations out": len(fixations)}
    return EventsOutcome(
        fixations=fixations,
        saccades=saccades,
        quality=quality,
        tables={name: table for name, table in there.items() if table is not None},
        by_reading=None if quality is None else quality[["reading", *kept]].rename(columns=kept),
        counts=counts if saccades is None else counts | {"saccades out": len(saccades)},
        settings=settings,
    )


ANALYSIS = Analysis(
    name="events",
    question="When did the eye rest, and when did it move: fixations and saccades?",
    run=run,
    needs=(("samples", "fixations"),),
    makes=("fixations", "saccades", "quality", READING_COLUMNS),
    check=check,
)
