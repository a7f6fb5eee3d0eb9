"""The whole path: from a study's files to readings and models, and to a folder of tables, figures and a page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import gazeanalytics
from gazeanalytics import tables
from gazeanalytics.study import output
from gazeanalytics.study.models import check_models, default_models, estimates_of, fit_defaults, fit_models, model_frame
from gazeanalytics.study.shards import Parts, Progress, locked, over_shards
from gazeanalytics.study.steps import (
    Gaze,
    check_options,
    detect_events,
    find_archetypes,
    find_strategies,
    label_traces,
    measure_features,
    meet,
    readers_and_cases,
)
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError

__all__ = ["Analysis", "analyse", "compute"]

_PARTS = ".parts"


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that an analysis found.

    Attributes
    ----------
    study : Study
        What was analysed.
    gaze : Gaze
        Fixations, saccades and quality of all readings.
    features : pandas.DataFrame
        Table `features`.
    strategies : strategies.Strategies or None
        Fitted strategies; None where `not_searched` says why.
    archetypes : strategies.Archetypes or None
        The extremes of a continuum; None where there is none.
    not_searched : str
        Why strategies were not looked for; empty when they were.
    findings : pandas.DataFrame
        Table `findings`.
    readings : pandas.DataFrame
        Table `readings`: one row a reading, all joined.
    modelled : pandas.DataFrame
        The rows that models were offered.
    models : dict of str to ModelConfig
        What was fitted.
    fits : dict
        The fitted models, by name.
    refused : dict of str to str
        Why a default model could not be fitted, by name.
    estimates : pandas.DataFrame
        Table `estimates` of all models.
    counts : dict of str to int
        Rows in and out of each step.
    """

    study: Study
    gaze: Gaze
    features: pd.DataFrame
    strategies: Any
    archetypes: Any
    not_searched: str
    findings: pd.DataFrame
    readings: pd.DataFrame
    modelled: pd.DataFrame
    models: dict[str, Any]
    fits: dict[str, Any]
    refused: dict[str, str]
    estimates: pd.DataFrame
    counts: dict[str, int]


def analyse(
    study: Study, out: str | Path | None = None, *, overwrite: bool = False, progress: Progress | None = None
) -> Analysis:
    """Analyse a study, and write tables, figures, an HTML page and its provenance to `out`.

    Parameters
    ----------
    study : Study
        From `open_study`.
    out : str or pathlib.Path, optional
        Folder for the results; None writes nothing.
    overwrite : bool
        Replace results that are there already.
    progress : callable, optional
        Called as `progress(step, done, total)`.

    Raises
    ------
    InputError
        If the study can't be analysed as it stands, or `out` holds results already. Finished parts of a killed run are
        kept in `out` and used again.
    """
    if out is None:
        return compute(study, progress=progress)
    out = Path(out)
    _check_free(out, study, overwrite)
    counts = _validated(study, progress)
    with locked(out):
        found = compute(study, keep=out / _PARTS, progress=progress, counts=counts)
        output.write(found, out, progress=progress)
        shutil.rmtree(out / _PARTS, ignore_errors=True)
    return found


def compute(
    study: Study,
    *,
    keep: Path | None = None,
    progress: Progress | None = None,
    counts: dict[str, int] | None = None,
) -> Analysis:
    """Run every step of the analysis in memory; `keep` is a folder for finished parts."""
    tell = progress or _silent
    counts = dict(counts or _validated(study, progress))
    gaze = _gaze(study, keep, progress)
    tell("features", 0, 1)
    features = measure_features(study, gaze.fixations, gaze.saccades)
    tell("features", 1, 1)
    tell("strategies", 0, 1)
    fitted, not_searched = _search(study, features)
    by_strategy, axes = _placed(study, fitted, features)
    archetypes = find_archetypes(study, features, fitted)
    tell("strategies", 1, 1)
    tell("traces", 0, 1)
    findings = label_traces(study)
    tell("traces", 1, 1)
    extremes = None if archetypes is None else _as_columns(archetypes.scores(features))
    parts = [part for part in (features, _judged(gaze.quality), by_strategy, extremes) if part is not None]
    readings = meet(study, *parts, findings=findings)
    modelled = model_frame(readings)
    tell("models", 0, 1)
    if study.config.models:
        models, refused = study.config.models, {}
        fits = fit_models(modelled, models)
    else:
        models = default_models(modelled, axes)
        fits, refused = fit_defaults(modelled, models)
    tell("models", 1, 1)
    counts |= _counted(gaze, findings, readings, by_strategy)
    counts["readings without gaze"] = len(readings) - len(features)
    return Analysis(
        study,
        gaze,
        features,
        fitted,
        archetypes,
        not_searched,
        findings,
        readings,
        modelled,
        dict(models),
        fits,
        refused,
        estimates_of(fits),
        counts,
    )


def _validated(study: Study, progress: Progress | None) -> dict[str, int]:
    tell = progress or _silent
    tell("check", 0, 1)
    counts = study.check()
    check_options(study)
    check_models(study.config.models, study.folder / "study.toml")
    tell("check", 1, 1)
    return {f"{name} in": count for name, count in counts.items()}


def _gaze(study: Study, keep: Path | None, progress: Progress | None) -> Gaze:
    """Events of all readings: found shard by shard in samples, or as the study brings them."""
    if not study.has("samples"):
        saccades = study.table("saccades") if study.has("saccades") else None
        return Gaze(study.table("fixations"), saccades, None, {})
    salt = json.dumps([gazeanalytics.__version__, study.config.model_dump(mode="json")], sort_keys=True)
    files = study.files("samples")
    parts = list(over_shards(_shard_events(study), files, keep=keep, salt=salt, label="samples", progress=progress))
    whole = {
        kind: pd.concat([part[kind] for part in parts], ignore_index=True)
        for kind in ("fixations", "saccades", "quality")
    }
    split = whole["quality"]["reading"].duplicated()
    if split.any():
        lost = tables.shown(whole["quality"].loc[split, "reading"].iloc[0])
        raise InputError(f"{files[0].parent}: reading {lost} is spread over several files of samples; keep it in one")
    return Gaze(**whole, settings=json.loads(parts[0]["settings"]["json"].iloc[0]))


def _shard_events(study: Study) -> Callable[[Path], Parts]:
    def events_of(file: Path) -> Parts:
        found = detect_events(study, study.shard("samples", file))
        if found.saccades is None or found.quality is None:
            raise TypeError("events of raw gaze come with saccades and quality")
        settings = pd.DataFrame({"json": [json.dumps(found.settings, sort_keys=True, default=str)]})
        return {
            "fixations": found.fixations,
            "saccades": found.saccades,
            "quality": found.quality,
            "settings": settings,
        }

    return events_of


def _search(study: Study, features: pd.DataFrame) -> tuple[Any, str]:
    """Fit strategies, or say why these readings don't allow it: too few, or features that don't vary."""
    try:
        return find_strategies(study, features), ""
    except InputError:
        raise
    except ValueError as error:
        if study.config.strategies.options or study.config.strategies.features:
            raise InputError(f"{study.folder / 'study.toml'}, strategies: {error}") from error
        return None, str(error)


def _placed(study: Study, fitted: Any, features: pd.DataFrame) -> tuple[pd.DataFrame | None, list[str]]:
    """Give a table to join by reading, and the names of axes when the strategies are a continuum."""
    if fitted is None or fitted.verdict == "none":
        return None, []
    if fitted.verdict == "types":
        return fitted.assign(features, **readers_and_cases(study, features)), []
    axes = _as_columns(fitted.axes(features, **readers_and_cases(study, features)))
    return axes, [str(name) for name in axes if name != "reading"]


def _as_columns(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores under names that formulas can tell."""
    named = scores.rename(columns={"distance": "archetype_distance"})
    return named.rename(columns=lambda name: name.replace(" ", "_"))


def _judged(quality: pd.DataFrame | None) -> pd.DataFrame | None:
    """What a model may need to know of the recording of a reading."""
    kept = {"rate_hz": "gaze_rate_hz", "loss": "gaze_loss", "rms_s2s_deg": "gaze_rms_s2s_deg"}
    return None if quality is None else quality[["reading", *kept]].rename(columns=kept)


def _counted(
    gaze: Gaze, findings: pd.DataFrame, readings: pd.DataFrame, by_strategy: pd.DataFrame | None
) -> dict[str, int]:
    counts = {"fixations out": len(gaze.fixations), "findings out": len(findings), "readings out": len(readings)}
    if gaze.saccades is not None:
        counts["saccades out"] = len(gaze.saccades)
    if by_strategy is not None and "strategy" in by_strategy:
        counts["readings without a strategy"] = int(by_strategy["strategy"].isna().sum())
    return counts


def _check_free(out: Path, study: Study, overwrite: bool) -> None:
    if out.resolve() == study.folder.resolve():
        raise InputError(f"{out}: is the study itself; name another folder with --out")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; name a folder with --out")
    held = [path.name for path in out.iterdir() if path.name not in (_PARTS, ".lock")] if out.exists() else []
    if not held:
        return
    if not (out / "provenance.json").exists():
        raise InputError(f"{out}: holds files that no analysis wrote; name an empty folder with --out")
    if not overwrite:
        raise InputError(f"{out}: holds results already; add --overwrite to replace them")


def _silent(step: str, done: int, total: int) -> None:
    pass
