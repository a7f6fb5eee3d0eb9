"""A study: a folder with `study.toml` and tables, foreign or ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import io, tables
from gazeanalytics.brief import Brief
from gazeanalytics.geometry import Viewing
from gazeanalytics.study import clocks, ids
from gazeanalytics.study.config import StudyConfig, read_config
from gazeanalytics.study.derived import DERIVED, attributes_moved, cases_of, how_derived, readers_of, readings_of
from gazeanalytics.study.frames import regions_to_image, to_image, viewing_of
from gazeanalytics.study.oddities import check_truth, note_oddities, note_samples, refuse_twice
from gazeanalytics.study.places import by_priority
from gazeanalytics.tables import InputError, Rejects, SetAside, shown
from gazeanalytics.tables.ordering import in_key_order

__all__ = ["Study", "open_study"]

# Sorted by these, where all else is sorted by the readings.
_SORTED_BY = {"readers": ("reader",), "cases": ("case",), "readings": ("reading",), "regions": ("case", "region")}
_KEYED_BY_READING = ("samples", "fixations", "saccades", "visits", "traces", "findings")


@dataclass(frozen=True)
class Study(Brief):
    """The tables of one study, read when first asked for.

    Attributes
    ----------
    folder : pathlib.Path
        Where `study.toml` is.
    config : StudyConfig
        What it says.
    strict : bool
        Whether a row that can't be used is an error; else rows of gaze and traces are set aside and counted.
    rejects : Rejects
        Rows set aside and notes, of the files read so far.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> study = example_study()
    >>> study.table("readers")["reader"].tolist(), study.has("samples")
    (['ann', 'bob', 'net'], False)
    """

    folder: Path
    config: StudyConfig
    strict: bool = False
    rejects: Rejects = field(default_factory=Rejects, repr=False, compare=False)
    _cache: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    _parts: dict[str, list[io.Part]] = field(default_factory=dict, repr=False, compare=False)
    _left_out: set[str] = field(default_factory=set, repr=False, compare=False)

    def files(self, name: str) -> list[Path]:
        """Files of one table, in name order; empty when the study has none."""
        return io.shard_files(self.folder, name, self.config.tables.get(name))

    def has(self, name: str) -> bool:
        """Whether the study brings this table, or others that stand in for it."""
        return name in DERIVED or bool(self.files(name))

    def place(self, name: str) -> Path:
        """Where a table stands: its first file, or what stands in for it."""
        readings = () if name == "readings" else self.files("readings")
        return next(iter((*self.files(name), *readings, *self._with_keys)), self.folder)

    def table(self, name: str) -> pd.DataFrame:
        """Read one whole table, converted and checked; x and y in image pixels.

        Raises
        ------
        InputError
            Naming the file at fault, the place and the remedy.
        """
        if name in DERIVED and name not in self._cache and not self.files(name):
            self._cache[name] = self._derived(name)
        if name not in self._cache:
            if not (files := self.files(name)):
                raise InputError(
                    f"{self.folder}: no table {name!r}; add {name}.csv or map it in study.toml, tables.{name}"
                )
            parts = [self.shard(name, file) for file in files]
            if name in ("fixations", "saccades"):
                met: dict[object, Path] = {}
                for part, file in zip(parts, files, strict=True):
                    refuse_twice(part["reading"], file, met)
            whole = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
            if name in ("readers", "cases") and name in self.config.tables and self.config.tables[name].distinct:
                io.refuse_conflicts(whole, tables.TABLES[name], files[0])
                whole = whole.drop_duplicates(tables.TABLES[name].key[0], ignore_index=True)
            whole = tables.check(whole, name) if len(parts) > 1 else whole
            if name in _SORTED_BY:
                whole = in_key_order(whole, _SORTED_BY[name])
                whole = (by_priority(whole) if name == "regions" else whole).reset_index(drop=True)
            self._cache[name] = self._with_known_readers(self._own_columns(whole)) if name == "readings" else whole
        return self._cache[name]

    def _derived(self, name: str) -> pd.DataFrame:
        """A table of keys that the study doesn't bring, made of those that it does, and a note of it."""
        if name == "readings":
            found = self._own_columns(self._all_readings)
        elif name == "readers":
            found = readers_of(self._all_readings)
        else:
            seen = any(map(self.files, ("samples", "fixations")))
            found = cases_of(self._all_readings, self.config.screen_geometry() if seen else None)
            if seen and found["width"].isna().any():
                raise InputError(
                    f"{self.folder}: no table 'cases', and gaze needs the size of each image; add cases.csv (case, "
                    "width, height), or [screen] in study.toml if images filled the screen"
                )
        self.rejects.note(self.place(name), how_derived(name, found, self.place(name).name))
        return in_key_order(found, _SORTED_BY[name]).reset_index(drop=True)

    @cached_property
    def _all_readings(self) -> pd.DataFrame:
        """The readings with all columns of their file, or collected from the tables that they key."""
        if self.files("readings"):
            return pd.concat([self.shard("readings", file) for file in self.files("readings")], ignore_index=True)
        # Faults are noted when the tables themselves are read.
        unheard, screen = Rejects(max_share=1.0), self.config.screen_geometry()
        if not self._with_keys:
            raise InputError(f"{self.folder}: no table 'readings'; add readings.csv or map it in study.toml")
        maps = self.config.tables
        return readings_of(
            io.load_shard(one.file, name, maps.get(name), rejects=unheard, screen=screen, span=one.span)
            for name in _KEYED_BY_READING
            for one in self.parts(name)
        )

    @property
    def _with_keys(self) -> list[Path]:
        return [file for name in _KEYED_BY_READING for file in self.files(name)]

    def _own_columns(self, readings: pd.DataFrame) -> pd.DataFrame:
        """The readings without what stands in the tables of readers and cases that are made of them."""
        made = [self.table(name) for name in ("readers", "cases") if not self.files(name)]
        return readings.drop(columns=attributes_moved(readings, *made))

    def parts(self, name: str) -> list[io.Part]:
        """Files of one table; long ones of samples in parts of whole readings."""
        if name not in self._parts:
            table_map = self.config.tables.get(name)
            self._parts[name] = [part for file in self.files(name) for part in io.parts_of(file, name, table_map)]
        return self._parts[name]

    def shard(self, name: str, part: io.Part | Path) -> pd.DataFrame:
        """Read one file of a table, or a part of it, keyed as the readings are."""
        part = io.Part(part) if isinstance(part, Path) else part
        table_map = self.config.tables.get(name)
        one_zero = name in self._own_clocks and len(self._own_clocks) > 1
        frame = self._loaded(name, part, keep_clock=one_zero)
        if name == "regions":
            frame = self._with_known_cases(frame)
            frame = frame if table_map is None else self._regions(frame, table_map)
        if name == "readings":
            frame = self._of_known(self._of_known(frame, name, "reader"), name, "case")
        if name not in _KEYED_BY_READING:
            return frame.reset_index(drop=True)
        if one_zero:
            frame = clocks.from_zero(frame, self._zeros)
        if table_map is not None and {"x", "y", "x0", "y0"} & set(frame):
            images = self._images_by_reading.loc[frame["reading"]]
            frame = to_image(frame, images, table_map, self.config.screen_geometry(), self.config.display.placement)
        return frame.reset_index(drop=True)

    def _loaded(self, name: str, part: io.Part, *, keep_clock: bool) -> pd.DataFrame:
        """One file, its readings keyed as in table `readings`; rows of other readings are set aside."""
        heard = self.rejects.within(part.lines)
        frame = io.load_shard(
            part.file,
            name,
            self.config.tables.get(name),
            rejects=None if self.strict else heard,
            keep_clock=keep_clock,
            screen=self.config.screen_geometry(),
            span=part.span,
        )
        if not len(frame) and len(self.files(name)) > 1:
            self.rejects.note(part.file, f"holds no rows, so it adds nothing to {name}")
        return self._known_readings(frame, name, part.file, heard) if name in _KEYED_BY_READING else frame

    def _regions(self, frame: pd.DataFrame, table_map: io.TableMap) -> pd.DataFrame:
        images = self.table("cases").set_index("case").loc[frame["case"]]
        screen, placement = self.config.screen_geometry(), self.config.display.placement
        return regions_to_image(frame, images, table_map, screen, placement)

    def _with_known_cases(self, frame: pd.DataFrame) -> pd.DataFrame:
        frame, cases = self._of_known(frame, "regions", "case"), self.table("cases")["case"]
        unknown = ~frame["case"].isin(cases)
        if not unknown.any():
            return frame
        case = frame.loc[unknown, "case"].iloc[0]
        text = (
            f"column 'case': {shown(case)} is not among the cases of {self._place('cases')}{ids.likely(case, cases)}; "
            "add its row there"
        )
        if self.strict or unknown.all():
            raise InputError(f"{self._place('regions')}, {text}")
        self.rejects.note(self._place("regions"), f"{unknown.sum():,} of {len(frame):,} AOIs are left out: {text}")
        return frame[~unknown]

    def _of_known(self, frame: pd.DataFrame, name: str, key: str) -> pd.DataFrame:
        """Give the readers or cases of a table the writing that they have in their own table."""
        if not self.files(f"{key}s"):  # its own table follows from this one
            return frame
        known = self.table(f"{key}s")[key]
        places, taken = ids.places_of(frame[key], known)
        if taken:
            self.rejects.note(self._place(name), ids.in_words(taken))
            there = places >= 0
            meant = known.iloc[places].set_axis(frame.index)
            frame = frame.assign(**{key: meant if there.all() else frame[key].astype(object).mask(there, meant)})
        return frame

    @cached_property
    def _own_clocks(self) -> list[str]:
        """Tables whose times count from a recording's start or from a date."""
        maps = self.config.tables
        return [name for name in _KEYED_BY_READING if name in maps and maps[name].own_clock and self.has(name)]

    @cached_property
    def _zeros(self) -> pd.Series:
        """Zero of each reading: the first time in any table on the recording's clock."""
        frames = (
            (name, self._loaded(name, part, keep_clock=True)) for name in self._own_clocks for part in self.parts(name)
        )
        return clocks.zeros(frames)

    @cached_property
    def images(self) -> pd.DataFrame:
        """One row a reading: reading, case, width, height and, when known, px_per_deg."""
        cases = self.table("cases")
        columns = [name for name in ("case", "width", "height", "px_per_deg") if name in cases]
        readings = self.table("readings")[["reading", "case"]]
        images = readings.merge(cases[columns], on="case", how="left", validate="many_to_one")
        unknown = ~images["case"].isin(cases["case"])
        if unknown.any():
            lost = images[unknown].iloc[0]
            raise InputError(
                f"{self._place('readings')}, reading {shown(lost['reading'])}, column 'case': {shown(lost['case'])} is "
                f"not among the cases of {self._place('cases')}{ids.likely(lost['case'], cases['case'])}; add its row "
                "there"
            )
        return images

    @cached_property
    def _images_by_reading(self) -> pd.DataFrame:
        return self.images.set_index("reading")

    def images_of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of `images` for the readings of a table, in their order."""
        present = pd.Index(rows["reading"].unique())
        return self._images_by_reading.loc[present].reset_index()

    def viewing(self, readings: pd.Series) -> Viewing | None:
        """Viewing of these readings, in their order; None when neither screen nor px_per_deg is given."""
        images = self._images_by_reading.loc[readings]
        return viewing_of(images, self.config.screen_geometry(), self.config.display.placement)

    def check(self) -> dict[str, int]:
        """Read all tables, check each and how they fit together; returns rows by table.

        Raises
        ------
        InputError
            At the first fault.
        """
        for name in ("readers", "cases", "readings"):
            if not len(self.table(name)):
                raise InputError(f"{self._place(name)}: has a header but no rows; put the data there")
        check_truth(self.table("cases"), self._place("cases"))
        counts = {name: len(self.table(name)) for name in ("readers", "cases", "readings")}
        _ = self.images
        for name in ("fixations", "saccades", "regions", "traces", "findings"):
            if self.has(name):
                counts[name] = len(self.table(name))
        note_oddities(self)
        if self.has("samples"):
            counts["samples"] = note_samples(self)
        self._check_content(counts)
        self.rejects.summarise()
        counts |= {f"{name} set aside": count for name, count in self.rejects.counts().items()}
        return counts | self.rejects.left_out_counts()

    def _check_content(self, counts: dict[str, int]) -> None:
        """Refuse gaze tables without a row, and a study that has neither gaze nor words nor outcomes."""
        gaze = [name for name in ("samples", "fixations") if name in counts]
        if gaze and not any(counts[name] for name in gaze):
            raise InputError(f"{self._place(gaze[0])}: has a header but no rows; put the gaze there")
        words = [name for name in ("traces", "findings") if counts.get(name)]
        if not (gaze or words or {"correct", "uncertainty"} & set(self.table("readings"))):
            raise InputError(
                f"{self.folder}: neither gaze (samples, fixations) nor words (traces, findings) nor outcomes (correct, "
                "uncertainty in readings); a study needs one of them"
            )

    def _with_known_readers(self, readings: pd.DataFrame) -> pd.DataFrame:
        """Set readings aside whose reader is not among the readers, where they are few."""
        unknown = ~readings["reader"].isin(self.table("readers")["reader"])
        if not unknown.any():
            return readings
        lost, count = readings[unknown], int(unknown.sum())
        if self.strict or count > self.rejects.max_share * len(readings):
            raise InputError(
                f"{self._place('readings')}, reading {shown(lost['reading'].iloc[0])}, column 'reader': "
                f"{shown(lost['reader'].iloc[0])} (unknown readers have {count} rows) is not among the readers of "
                f"{self._place('readers')}; add a row for each there"
            )
        expected = "a reader of table 'readers'"
        faults = [
            SetAside(int(str(row)) + 2, "reader", expected, shown(reader)) for row, reader in lost["reader"].items()
        ]
        self.rejects.put("readings", Path(self._place("readings")), faults, of=len(readings))
        self._left_out.update(lost["reading"].astype(str))
        readings = readings[~unknown].reset_index(drop=True)
        if isinstance(readings["reading"].dtype, pd.CategoricalDtype):
            readings["reading"] = readings["reading"].cat.remove_unused_categories()
        return readings

    def _known_readings(self, frame: pd.DataFrame, name: str, file: Path, heard: Rejects) -> pd.DataFrame:
        """Give the keys the type, and the order of categories, that the readings have."""
        known, keys = self.table("readings")["reading"], frame["reading"]
        place, taken = ids.places_of(keys, known)
        if taken:
            heard.note(file, ids.in_words(taken), kind="keys")
        lost: list[int] = np.flatnonzero(place < 0).tolist()
        if len(lost):
            column = io.foreign_name(self.config.tables.get(name), "reading")
            faults = [
                SetAside(int(str(keys.index[row])) + 2, column, "a reading of table 'readings'", shown(keys.iloc[row]))
                for row in lost
                if str(keys.iloc[row]) not in self._left_out
            ]
            if faults and self.strict:
                raise InputError(faults[0].words(file, "add its row there"))
            faults += heard.found(name, file)
            heard.put(name, file, list({fault.row: fault for fault in faults}.values()), of=len(frame))
            frame, place = frame[place >= 0], place[place >= 0]
        frame = frame.assign(reading=known.iloc[place].set_axis(frame.index))
        # In the order of the readings, whatever order the file has, so that results don't depend on it.
        return frame if (np.diff(place) >= 0).all() else frame.iloc[np.argsort(place, kind="stable")]

    def _place(self, name: str) -> str:
        return str(self.place(name)) if self.files(name) or name in DERIVED else f"{self.folder}/{name}"


def open_study(folder: str | Path, *, strict: bool = False) -> Study:
    """Open the study in `folder`.

    Parameters
    ----------
    folder : str or pathlib.Path
        Holds study.toml.
    strict : bool
        A row of gaze or traces that can't be used is an error, as it always is in readers, cases and readings. Else
        it is set aside, counted and listed in `data/rejects.parquet`.

    Raises
    ------
    InputError
        If there is no readable `study.toml`.

    Examples
    --------
    >>> open_study("nowhere")
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: nowhere: no such folder; name the folder that holds study.toml
    """
    if not str(folder):
        raise InputError("the folder's name is empty; name the folder that holds study.toml")
    folder = Path(folder)
    if folder.is_file():
        raise InputError(f"{folder}: is a file; name the folder that holds study.toml")
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder that holds study.toml")
    config = read_config(folder / "study.toml")
    return Study(folder, config, strict=strict, rejects=Rejects(max_share=config.study.max_rejects))
