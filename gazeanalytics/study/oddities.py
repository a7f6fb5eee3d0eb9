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
from gazeanalytics.study.config import StudyConfig
from gazeanalytics.tables import TABLES, Rejects

__all__ = ["note_oddities"]

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
    if not study.has("fixations"):
        return
    fixations = study.table("fixations")
    if len(fixations) < 10:
        return
    size = study.images_of(fixations).set_index("reading").loc[fixations["reading"]]
    x, y = fixations["x"].to_numpy(float), fixations["y"].to_numpy(float)
    known = np.isfinite(x + y)
    inside = (x >= 0) & (y >= 0) & (x <= size["width"].to_numpy(float)) & (y <= size["height"].to_numpy(float))
    share = 1 - inside[known].mean() if known.any() else 0.0
    if share > 0.5:
        yield (
            study.files("fixations")[0],
            (
                f"{share:.0%} of the fixations lie outside their image; check frame, origin (which way y grows), "
                "placement and the size of the images"
            ),
        )


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
    _unused, _names, _off_image, _zoomed, _near_misses, _countries, _late_words,
)  # fmt: skip
