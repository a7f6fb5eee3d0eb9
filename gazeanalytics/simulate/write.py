"""A simulated study on disk: shards of gaze and traces, tables, study.toml, and the truth beside them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from gazeanalytics.simulate import platform_export
from gazeanalytics.simulate.design import Design
from gazeanalytics.simulate.gaze import simulate_samples
from gazeanalytics.simulate.outcomes import Simulated, planted_effects, simulate_readings
from gazeanalytics.simulate.scanpaths import simulate_fixations
from gazeanalytics.simulate.traces import simulate_traces
from gazeanalytics.tables import InputError

__all__ = ["simulate_study"]

Progress = Callable[[str, int, int], None]

_EFFECTS = "truth/effects.json"
_TABLES = ("readers.csv", "cases.csv", "readings.csv", "regions.csv", *platform_export.TABLES)
_FOLDERS = {"gaze": ("samples", "traces"), "points": platform_export.FOLDERS}
_TRUTH = {"gaze": ("truth/fixations", "truth/events"), "points": ("truth/fixations",)}


def simulate_study(
    folder: str | Path,
    design: Design | None = None,
    *,
    rng: np.random.Generator | int | None = None,
    shard_readings: int = 500,
    n_jobs: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Simulated:
    """Write a study folder whose truth is known, of any size, one shard of readings after the other.

    The folder gets `study.toml`, readers, cases, readings and regions (CSV), `samples/` and `traces/` (Parquet, one
    part a shard), and `truth/`: readings (strategy, correctness, certainty), readers, cases and countries (random
    effects), `fixations/` and `events/` (one part a shard), effects.csv (term by term) and effects.json (the design).
    Every file is there whole or not at all, `study.toml` last. A design of level "points" writes cursor points and
    sentences as a reading platform might (CSV, its own names and units) with the map to ours in `study.toml`.

    Parameters
    ----------
    folder : str or pathlib.Path
        Made if it isn't there.
    design : Design, optional
        What to plant; default `Design()`.
    rng : numpy.random.Generator, int or None
        Randomness. A shard depends on it, on `design` and on `shard_readings` alone, not on what else is in flight.
    shard_readings : int
        Readings a shard; memory grows with `shard_readings * n_jobs`.
    n_jobs : int
        Shards in flight at once, on threads.
    overwrite : bool
        Replace a simulated study that is there.
    progress : callable, optional
        Called as `progress("shards", done, total)`.

    Returns
    -------
    Simulated
        Tables and truth, without gaze and traces.

    Raises
    ------
    InputError
        When the folder holds something already: without `overwrite`, or when it isn't a simulated study.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = simulate_study(folder, Design(readers=2, cases=3), rng=1)
    ...     print(sorted(path.name for path in Path(folder).iterdir()))
    ['cases.csv', 'readers.csv', 'readings.csv', 'regions.csv', 'samples', 'study.toml', 'traces', 'truth']
    """
    folder, design = Path(folder), design or Design()
    if shard_readings < 1:
        raise ValueError(f"shard_readings must be at least 1; got {shard_readings}")
    _make_room(folder, design, overwrite)
    # A tree of seeds: each shard owns a branch, so neither the order nor the number of threads changes its bytes.
    seed = np.random.SeedSequence(np.random.default_rng(rng).integers(0, 2**32, 4).tolist())
    for_tables, for_shards, for_vectors = seed.spawn(3)
    study = simulate_readings(design, rng=np.random.default_rng(for_tables))
    _write_truth(folder, study)
    _write_shards(folder, study, for_shards, size=shard_readings, n_jobs=n_jobs, progress=progress)
    if design.level == "points" and design.embedding_size:
        vectors = platform_export.embeddings_of(study, rng=np.random.default_rng(for_vectors))
        _write_parquet(folder / platform_export.EMBEDDINGS, vectors)
    _write_tables(folder, study)
    return study


def _make_room(folder: Path, design: Design, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a folder")
    if folder.exists() and any(folder.iterdir()):
        if not _is_ours(folder):
            raise InputError(f"{folder}: holds something that is no simulated study; choose another folder")
        if not overwrite:
            raise InputError(
                f"{folder}: holds a simulated study already, or part of one; add --overwrite to replace it, or choose "
                "another folder"
            )
        for name in (
            "study.toml",
            *_TABLES,
            *_FOLDERS["gaze"],
            *_FOLDERS["points"],
            platform_export.EMBEDDINGS,
            "truth",
        ):
            _remove(folder / name)
    for name in (*_FOLDERS[design.level], *_TRUTH[design.level]):
        (folder / name).mkdir(parents=True, exist_ok=True)


def _is_ours(folder: Path) -> bool:
    """Whether a simulation wrote here: the design comes first, so a stopped one leaves it, or else empty folders."""
    half = (folder / _EFFECTS).with_suffix(".half")
    return (folder / _EFFECTS).exists() or all(path.is_dir() or path == half for path in folder.rglob("*"))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write_shards(
    folder: Path,
    study: Simulated,
    seed: np.random.SeedSequence,
    *,
    size: int,
    n_jobs: int,
    progress: Progress | None,
) -> None:
    starts = range(0, len(study.readings), size)
    seeds = seed.spawn(len(starts))
    run = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    tasks = (
        joblib.delayed(_write_shard)(folder, number, study.part(slice(start, start + size)), own)
        for number, (start, own) in enumerate(zip(starts, seeds, strict=True))
    )
    for done, _ in enumerate(run(tasks), start=1):
        if progress:
            progress("shards", done, len(starts))


def _write_shard(folder: Path, number: int, study: Simulated, seed: np.random.SeedSequence) -> None:
    """Gaze and traces of some readings; parts without rows (models don't look) are not written."""
    eye, hand, voice = (np.random.default_rng(own) for own in seed.spawn(3))
    part, write_gaze, write_traces = f"part-{number:05d}", *_WRITERS[study.design.level]
    fixations = simulate_fixations(study, rng=eye)
    if len(fixations):
        _write_parquet(folder / f"truth/fixations/{part}.parquet", fixations)
        write_gaze(folder, part, study, fixations, hand)
    write_traces(folder, part, simulate_traces(study, fixations if len(fixations) else None, rng=voice))


def _write_samples(
    folder: Path, part: str, study: Simulated, fixations: pd.DataFrame, rng: np.random.Generator
) -> None:
    design = study.design
    samples = simulate_samples(
        fixations, study.images(), rate_hz=design.rate_hz, screen=design.screen, tracker=design.tracker, rng=rng
    )
    _write_parquet(folder / f"truth/events/{part}.parquet", samples[["reading", "t", "event"]])
    _write_parquet(folder / f"samples/{part}.parquet", _as_recorded(samples))


def _write_points(folder: Path, part: str, study: Simulated, fixations: pd.DataFrame, rng: np.random.Generator) -> None:
    points = platform_export.simulate_points(study, fixations, rng=rng)
    _write_csv(folder / f"cursor/{part}.csv", platform_export.cursor_rows(study, points))


def _write_traces(folder: Path, part: str, traces: pd.DataFrame) -> None:
    _write_parquet(folder / f"traces/{part}.parquet", traces)


def _write_dictation(folder: Path, part: str, traces: pd.DataFrame) -> None:
    _write_csv(folder / f"dictation/{part}.csv", platform_export.dictation_rows(traces))


_WRITERS = {"gaze": (_write_samples, _write_traces), "points": (_write_points, _write_dictation)}


def _as_recorded(samples: pd.DataFrame) -> pd.DataFrame:
    """Round as trackers do, to a hundredth of a pixel, and leave the true events out."""
    return pd.DataFrame(
        {
            "reading": samples["reading"],
            "t": samples["t"],
            "x": samples["x"].round(2).astype(np.float32),
            "y": samples["y"].round(2).astype(np.float32),
            "pupil": samples["pupil"].round(3).astype(np.float32),
            "valid": samples["valid"],
        },
        copy=False,
    )


def _write_parquet(path: Path, frame: pd.DataFrame) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # Splitting the bytes of floats lets zstd see their shared exponents; dictionaries serve repeated values.
    plain = [name for name in ("x", "y", "pupil", "onset", "offset", "duration") if name in frame]
    half = path.with_suffix(".half")
    coded = [name for name in frame.columns if name not in plain]
    coding: dict[str, Any] = {"use_dictionary": coded, "use_byte_stream_split": plain, "compression": "zstd"}
    # The reader checks every page against its sum, so that a flipped bit of the disk becomes no other gaze.
    coding["write_page_checksum"] = True
    pq.write_table(table, half, **coding)
    os.replace(half, path)


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    half = path.with_suffix(".half")
    csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), half)
    os.replace(half, path)


def _write_text(path: Path, text: str) -> None:
    half = path.with_suffix(".half")
    half.write_text(text, encoding="utf-8", newline="\n")
    os.replace(half, path)


def _write_truth(folder: Path, study: Simulated) -> None:
    planted = asdict(study.design)
    _write_text(folder / _EFFECTS, json.dumps(planted, indent=2) + "\n")
    _write_csv(folder / "truth/effects.csv", planted_effects(study.design))
    _write_parquet(folder / "truth/readings.parquet", study.truth)
    for name in ("reader", "case", "country"):
        plural = {"reader": "readers", "case": "cases", "country": "countries"}[name]
        _write_csv(folder / f"truth/{plural}.csv", getattr(study, f"{name}_truth"))


def _write_tables(folder: Path, study: Simulated) -> None:
    if study.design.level == "points":
        written = platform_export.platform_tables(study)
    else:
        regions = study.regions.round({"x0": 1, "y0": 1, "x1": 1, "y1": 1})
        written = {f"{name}.csv": getattr(study, name) for name in ("readers", "cases", "readings")}
        written["regions.csv"] = regions
    for name, frame in written.items():
        _write_csv(folder / name, frame)
    _write_text(folder / "study.toml", _study_toml(study.design))


def _study_toml(design: Design) -> str:
    kind = "incomplete" if design.readings_per_case else "complete"
    about = f"{design.readers} people and {len(design.models)} models, {design.cases} chest X-rays, {kind} design"
    keys = ('name = "simulated study"', f'description = "{about}; truth in truth/"')
    if design.level == "points":
        given = bool(design.embedding_size)
        vectors = f'[analyses.disagreement_prediction]\nembeddings = "{platform_export.EMBEDDINGS}"\n' * given
        screen = ", ".join(f"{name} = {value}" for name, value in asdict(design.screen).items())
        head = f"study = {{ {', '.join(keys)} }}\nscreen = {{ {screen} }}\n"
        return head + platform_export.platform_toml() + vectors
    screen = "\n".join(f"{name} = {value}" for name, value in asdict(design.screen).items())
    named = "\n".join(keys)
    return f'[study]\n{named}\n\n[screen]\n{screen}\n\n[display]\nplacement = "fit"\n'
