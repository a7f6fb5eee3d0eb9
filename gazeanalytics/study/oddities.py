"""What looks wrong in a study but can be analysed: each is said once, with the file, and counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from gazeanalytics import io
from gazeanalytics.io.cells import suffixed
from gazeanalytics.readings import TRUTH
from gazeanalytics.study.config import StudyConfig
from gazeanalytics.study.places import Gaze, check_regions, gaze_faults
from gazeanalytics.tables import TABLES, InputError, Rejects, shown

__all__ = ["check_truth", "note_oddities", "note_samples", "refuse_twice"]

# Enough of each file of samples to say where its gaze lies.
_SAMPLES_LOOKED_AT = 2_000
_FILES_NAMED = 5
_FEW_WITHOUT = 0.1
# Later, or longer, than people look before they have seen anything, or away.
_LATE_MS, _PAUSE_MS = 10_000.0, 60_000.0
# MD5, SHA-1, SHA-256: hashes of e-mail addresses can be looked up.
_HASH = r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}"
_ZOOM = re.compile(r"zoom|shown_(?:from|in)|_shown_|(?:^|_)pan(?:ned)?_?(?:x|y)?$|window_(?:level|x|y)", re.IGNORECASE)
# Names that people give one country in one file.
_SAME_COUNTRY = {
    "us": "usa", "united states": "usa", "united states of america": "usa", "u s a": "usa", "u s": "usa",
    "america": "usa", "uk": "united kingdom", "gb": "united kingdom", "great britain": "united kingdom",
    "england": "united kingdom", "deutschland": "germany", "de": "germany", "holland": "netherlands",
    "the netherlands": "netherlands", "uae": "united arab emirates", "korea": "south korea",
    "republic of korea": "south korea", "czechia": "czech republic", "turkiye": "turkey", "brasil": "brazil",
    "espana": "spain", "italia": "italy", "schweiz": "switzerland", "suisse": "switzerland",
    "peoples republic of china": "china", "pr china": "china", "russian federation": "russia", "viet nam": "vietnam",
}  # fmt: skip


class _Study(Protocol):
    """What is asked of a study here."""

    @property
    def config(self) -> StudyConfig: ...
    @property
    def rejects(self) -> Rejects: ...

    def files(self, name: str) -> list[Path]: ...
    def has(self, name: str) -> bool: ...
    def place(self, name: str) -> Path: ...
    def table(self, name: str) -> pd.DataFrame: ...

    def parts(self, name: str) -> list[io.Part]: ...
    def shard(self, name: str, part: io.Part) -> pd.DataFrame: ...
    def images_of(self, rows: pd.DataFrame) -> pd.DataFrame: ...


def note_oddities(study: _Study) -> None:
    """Note what looks wrong: people without readings, places off the image, unclear countries, traceable names."""
    for find in _FINDERS:
        for file, text in find(study):
            study.rejects.note(file, text)


def _unused(study: _Study) -> Iterator[tuple[Path | str, str]]:
    readings = study.table("readings")
    for name, key in (("readers", "reader"), ("cases", "case")):
        known = study.table(name)[key]
        idle = int((~known.isin(readings[key])).sum())
        if idle and key == "reader":
            yield study.place(name), f"{idle} of {len(known)} {name} have no reading"


def _without_rows(study: _Study) -> Iterator[tuple[Path | str, str]]:
    """The few readings without gaze or words, of a table that nearly all readings are in."""
    readings = study.table("readings")["reading"]
    for name in ("fixations", "traces"):
        if study.has(name) and len(study.table(name)):  # without any row, that is said on its own
            lacking = ~readings.isin(study.table(name)["reading"])
            # Where many lack them it is the design: AI readers have no gaze, and some tables are of a part of a study.
            if 0 < lacking.mean() < _FEW_WITHOUT:
                yield (
                    study.files(name)[0],
                    f"{int(lacking.sum()):,} of {len(readings):,} readings have no row of {name}, such as reading "
                    f"{shown(readings[lacking].iloc[0])}",
                )


def _times(study: _Study) -> Iterator[tuple[Path | str, str]]:
    """Gaze that begins long after image onset, or pauses for minutes."""
    if study.has("fixations"):
        table_map = study.config.tables.get("fixations")
        ordered = table_map is not None and "onset" in table_map.columns and table_map.columns["onset"].order
        fixations, file = study.table("fixations"), study.files("fixations")[0]
        for text in [] if ordered else _odd_times(fixations["reading"], fixations["onset"], "fixations"):
            yield file, text


def _odd_times(readings: pd.Series, times: pd.Series, what: str) -> Iterator[str]:
    codes, t = pd.factorize(readings)[0], times.to_numpy(float)
    if not len(t):
        return
    begins = np.flatnonzero(np.append(True, np.diff(codes) != 0))
    late = float(np.median(t[begins]))
    if late > _LATE_MS:
        yield (
            f"{what} begin {late / 1000:,.1f} s after image onset in the median; if times count from the start of the "
            "recording, say clock = 'recording' in study.toml"
        )
    gaps = np.diff(t)
    gaps[begins[1:] - 1] = 0.0
    long = np.flatnonzero(gaps > _PAUSE_MS)
    if len(long):
        yield (
            f"{len(long):,} pauses of over {_PAUSE_MS / 1000:g} s between {what} of one reading, the first of "
            f"{gaps[long[0]] / 1000:,.0f} s in reading {shown(readings.iloc[int(long[0])])}; measures of time count "
            "them"
        )


def _names(study: _Study) -> Iterator[tuple[Path | str, str]]:
    names = study.table("readers")["reader"].astype(str)
    file = study.place("readers")
    if len(names) and names.str.fullmatch(_HASH).all():
        yield (
            file,
            (
                "readers are named by what looks like a hash; a hash of an e-mail address or name can be looked up, so "
                "give random names before sharing (results hold other names by default)"
            ),
        )
    elif names.str.contains("@", regex=False).any():
        yield file, "readers are named by e-mail addresses; give random names before sharing"


def _off_image(study: _Study) -> Iterator[tuple[Path | str, str]]:
    if study.has("fixations"):
        file = study.files("fixations")[0]
        for text in _places_of(study, "fixations", [_gaze(study, study.table("fixations"))], file):
            yield file, text


def _off_regions(study: _Study) -> Iterator[tuple[Path | str, str]]:
    if study.has("regions"):
        regions, file = study.table("regions"), study.files("regions")[0]
        images = study.table("cases").set_index("case").loc[regions["case"]]
        if text := check_regions(regions, images, str(file)):
            yield file, text


def note_samples(study: _Study) -> int:
    """Read the samples file by file, and note what looks wrong in all of them; returns how many there are.

    Raises
    ------
    InputError
        If a reading stands in two files, or the middle of all places lies outside the images.
    """
    count, places, odd = 0, [], []
    first_of: dict[object, Path] = {}
    for part in study.parts("samples"):
        file, samples = part.file, study.shard("samples", part)
        count += len(samples)
        places.append(_gaze(study, samples.iloc[:: max(1, len(samples) // _SAMPLES_LOOKED_AT)]))
        odd += [(file, text) for text in _odd_times(samples["reading"], samples["t"], "samples")]
        refuse_twice(samples["reading"], file, first_of)
    for where, text in odd[:_FILES_NAMED]:
        study.rejects.note(where, text)
    file = study.files("samples")[0]
    for text in _places_of(study, "samples", places, file):
        study.rejects.note(file, text)
    return count


def refuse_twice(readings: pd.Series, file: Path, first_of: dict[object, Path]) -> None:
    """Refuse a file whose readings stand in another file, too; `first_of` remembers where each was met.

    Raises
    ------
    InputError
        Naming both files.
    """
    for reading in readings.unique():
        other = first_of.setdefault(reading, file)
        if other != file:
            raise InputError(
                f"{file}: reading {shown(reading)} is in {other.name}, too; if they are the same, take one away, else "
                "put a reading into one file"
            )


def _gaze(study: _Study, rows: pd.DataFrame) -> Gaze:
    if not len(rows):
        return Gaze.of(*(np.empty(0) for _ in range(4)))
    size = study.images_of(rows).set_index("reading").loc[rows["reading"]]
    columns = [
        table[name].to_numpy(float) for table, name in ((rows, "x"), (rows, "y"), (size, "width"), (size, "height"))
    ]
    return Gaze.of(*columns)


def _places_of(study: _Study, name: str, parts: list[Gaze], file: Path) -> Iterator[str]:
    weights = [len(part.x) for part in parts]
    swapped = float(np.average([part.swapped for part in parts], weights=weights)) if sum(weights) else 0.0
    whole = Gaze(np.concatenate([part.x for part in parts]), np.concatenate([part.y for part in parts]), swapped)
    table_map = study.config.tables.get(name)
    try:
        yield from gaze_faults(whole, name, trusted=table_map is not None and table_map.trust_units)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _zoomed(study: _Study) -> Iterator[tuple[Path | str, str]]:
    for name in ("samples", "fixations"):
        table_map = study.config.tables.get(name)
        if table_map is None or table_map.frame.startswith("image"):
            continue
        file = study.files(name)[0]
        table_map = io.concrete(table_map, name, file)
        kind = table_map.format or io.format_of(file)
        found = io.read_header(file, kind=kind, dialect=table_map.dialect(kind))
        zoomed = [column for column in found if _ZOOM.search(column)]
        if zoomed:
            yield (
                file,
                (
                    f"column {zoomed[0]!r} says that the image was zoomed or moved; places on the screen are brought "
                    "to the image as if it never was: give them in image pixels (frame = 'image')"
                ),
            )


def _near_misses(study: _Study) -> Iterator[tuple[Path | str, str]]:
    """A column of the study's own with nearly the name of one of ours, which is not there."""
    for name, contract in TABLES.items():
        table_map = study.config.tables.get(name)
        if not study.files(name) or (table_map is not None and not table_map.native):
            continue  # in a map such a slip is refused
        file = study.files(name)[0]
        kind = (table_map and table_map.format) or io.format_of(file)
        header = [str(one) for one in io.read_header(file, kind=kind, dialect=table_map and table_map.dialect(kind))]
        units = suffixed(header, contract)
        there = {*header, *(ours for ours, _ in units.values())}
        absent = [one.name for one in contract.columns if one.name not in there]
        for own in header:
            known = contract.column(own) or own in units
            near = [] if known else get_close_matches(own.lower(), absent, n=1, cutoff=0.8)
            if near:
                yield file, f"column {own!r} is kept as one of your own; if {near[0]!r} is meant, rename it"


def _countries(study: _Study) -> Iterator[tuple[Path | str, str]]:
    readers = study.table("readers")
    if "country" not in readers:
        return
    spelt: dict[str, set[str]] = {}
    for country in readers["country"].dropna().astype(str).unique():
        spelt.setdefault(_plain(country), set()).add(country)
    for names in spelt.values():
        if len(names) > 1:
            listed = " and ".join(map(repr, sorted(names)))
            yield (
                study.place("readers"),
                f"countries {listed} are one written in several ways; give levels = {{ ... }} in study.toml",
            )


def _plain(country: str) -> str:
    bare = unicodedata.normalize("NFKD", country).encode("ascii", "ignore").decode().lower()
    bare = " ".join(re.sub(r"[^a-z]+", " ", bare.replace("'", "")).split())
    return _SAME_COUNTRY.get(bare, bare) or country


def _late_words(study: _Study) -> Iterator[tuple[Path | str, str]]:
    """Speech long after the last fixation means two clocks."""
    if not (study.has("traces") and study.has("fixations")):
        return
    traces, fixations = study.table("traces"), study.table("fixations")
    if "onset" not in traces or not len(traces) or "duration" not in fixations:
        return
    key = fixations["reading"].astype(str)
    ends = (fixations["onset"] + fixations["duration"].fillna(0)).groupby(key).max()
    end = ends.reindex(traces["reading"].astype(str)).to_numpy(float)
    late = int((traces["onset"].to_numpy(float) > end).sum())
    if late:
        yield study.files("traces")[0], f"{late:,} of {len(traces):,} steps begin after their last fixation"


_FINDERS: tuple[Callable[[_Study], Iterator[tuple[Path | str, str]]], ...] = (
    _unused, _without_rows, _times, _names, _off_image, _off_regions, _zoomed, _near_misses, _countries, _late_words,
)  # fmt: skip


def check_truth(cases: pd.DataFrame, place: str) -> None:
    """Refuse truth other than 0 or 1, and targets of which none has it.

    Raises
    ------
    InputError
        Naming the file, the column and the case.
    """
    truths = [str(name) for name in cases if str(name).startswith(TRUTH)]
    for name in truths:
        wrong = ~(cases[name].isin([0, 1]) | cases[name].isna())
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise InputError(
                f"{place}, column {name!r}: expected 0 (absent) or 1 (present); got "
                f"{shown(cases[name].iloc[row])} for case {shown(cases['case'].iloc[row])}; correct it, or give "
                f"levels = {{ ... = 1, ... = 0 }} in study.toml, tables.cases.columns.{name}"
            )
    targets = cases["target"].dropna().unique() if "target" in cases else []
    if len(targets) and truths and not any(TRUTH + str(target) in truths for target in targets):
        raise InputError(
            f"{place}, column 'target': {targets[0]!r} has no column {TRUTH + str(targets[0])!r}; "
            f"add it; there are {', '.join(truths)}"
        )
