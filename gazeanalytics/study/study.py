"""A study: a folder with `study.toml` and tables, foreign or ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from gazeanalytics import io, tables
from gazeanalytics.geometry import Viewing
from gazeanalytics.readings import TRUTH
from gazeanalytics.study.config import StudyConfig, read_config
from gazeanalytics.study.frames import to_image, viewing_of
from gazeanalytics.tables import InputError, shown

__all__ = ["Study", "open_study"]

_KEYED_BY_READING = ("samples", "fixations", "saccades", "visits", "traces", "findings")


@dataclass(frozen=True)
class Study:
    """The tables of one study, read when first asked for.

    Attributes
    ----------
    folder : pathlib.Path
        Where `study.toml` is.
    config : StudyConfig
        What it says.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> study = example_study()
    >>> study.table("readers")["reader"].tolist(), study.has("samples")
    (['ann', 'bob', 'net'], False)
    """

    folder: Path
    config: StudyConfig
    _cache: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    def files(self, name: str) -> list[Path]:
        """Files of one table, in name order; empty when the study has none."""
        return io.shard_files(self.folder, name, self.config.tables.get(name))

    def has(self, name: str) -> bool:
        """Whether the study brings this table."""
        return bool(self.files(name))

    def table(self, name: str) -> pd.DataFrame:
        """Read one whole table, converted and checked; x and y in image pixels.

        Raises
        ------
        InputError
            Naming the file at fault, the place and the remedy.
        """
        if name not in self._cache:
            files = self.files(name)
            if not files:
                raise InputError(
                    f"{self.folder}: no table {name!r}; add {name}.csv or map it in study.toml, tables.{name}"
                )
            parts = [self.shard(name, file) for file in files]
            whole = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
            if name in ("readers", "cases") and name in self.config.tables and self.config.tables[name].distinct:
                whole = whole.drop_duplicates(tables.TABLES[name].key[0], ignore_index=True)
            self._cache[name] = tables.check(whole, name) if len(parts) > 1 else whole
        return self._cache[name]

    def shard(self, name: str, file: Path) -> pd.DataFrame:
        """Read one file of a table, keyed as the readings are."""
        frame = io.load_shard(file, name, self.config.tables.get(name))
        if name not in _KEYED_BY_READING:
            return frame.reset_index(drop=True)
        frame = frame.assign(reading=self._known_readings(frame["reading"], file)).reset_index(drop=True)
        table_map = self.config.tables.get(name)
        if table_map is None or not {"x", "y"} <= set(frame):
            return frame
        images = self.images.set_index("reading").loc[frame["reading"], ["width", "height"]]
        return to_image(frame, images, table_map, self.config.screen_geometry(), self.config.display.placement)

    @cached_property
    def images(self) -> pd.DataFrame:
        """One row a reading: reading, case, width, height and, when known, px_per_deg."""
        cases = self.table("cases")
        columns = [name for name in ("case", "width", "height", "px_per_deg") if name in cases]
        readings = self.table("readings")[["reading", "case"]]
        images = readings.merge(cases[columns], on="case", how="left", validate="many_to_one")
        if images["width"].isna().any():
            lost = images[images["width"].isna()].iloc[0]
            raise InputError(
                f"{self._place('readings')}, reading {shown(lost['reading'])}, column 'case': {shown(lost['case'])} is "
                f"not among the cases of {self._place('cases')}; add its row there"
            )
        return images

    def images_of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of `images` for the readings of a table, in their order."""
        present = pd.Index(rows["reading"].unique())
        return self.images.set_index("reading").loc[present].reset_index()

    def viewing(self, readings: pd.Series) -> Viewing | None:
        """Viewing of these readings, in their order; None when neither screen nor px_per_deg is known."""
        images = self.images.set_index("reading").loc[readings]
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
        self._check_readers()
        self._check_truth()
        counts = {name: len(self.table(name)) for name in ("readers", "cases", "readings")}
        _ = self.images
        for name in ("fixations", "saccades", "regions", "traces", "findings"):
            if self.has(name):
                counts[name] = len(self.table(name))
        if self.has("samples"):
            counts["samples"] = sum(len(self.shard("samples", file)) for file in self.files("samples"))
        gaze = [name for name in ("samples", "fixations") if name in counts]
        if not gaze:
            raise InputError(f"{self.folder}: neither samples nor fixations; a study needs one of them")
        if not any(counts[name] for name in gaze):
            raise InputError(f"{self._place(gaze[0])}: has a header but no rows; put the gaze there")
        return counts

    def _check_truth(self) -> None:
        """Truth is 0 or 1, and at least one target has it."""
        cases = self.table("cases")
        truths = [str(name) for name in cases if str(name).startswith(TRUTH)]
        for name in truths:
            wrong = ~(cases[name].isin([0, 1]) | cases[name].isna())
            if wrong.any():
                row = int(wrong.to_numpy().argmax())
                raise InputError(
                    f"{self._place('cases')}, column {name!r}: expected 0 (absent) or 1 (present); got "
                    f"{shown(cases[name].iloc[row])} for case {shown(cases['case'].iloc[row])}; fix it, or give "
                    f"levels = {{ ... = 1, ... = 0 }} in study.toml, tables.cases.columns.{name}"
                )
        targets = cases["target"].dropna().unique() if "target" in cases else []
        if len(targets) and truths and not any(TRUTH + str(target) in truths for target in targets):
            raise InputError(
                f"{self._place('cases')}, column 'target': {targets[0]!r} has no column {TRUTH + str(targets[0])!r}; "
                f"add it; there are {', '.join(truths)}"
            )

    def _check_readers(self) -> None:
        known = set(self.table("readers")["reader"])
        unknown = ~self.table("readings")["reader"].isin(known)
        if unknown.any():
            lost = self.table("readings")[unknown].iloc[0]
            raise InputError(
                f"{self._place('readings')}, reading {shown(lost['reading'])}, column 'reader': "
                f"{shown(lost['reader'])} (unknown readers have {int(unknown.sum())} rows) is not among the readers of "
                f"{self._place('readers')}; add a row for each there"
            )

    def _known_readings(self, keys: pd.Series, file: Path) -> pd.Series:
        """Give the keys the type, and the order of categories, that the readings have."""
        expected = self.table("readings")["reading"]
        codes, met = pd.factorize(keys)
        place = pd.Index(expected.astype(str)).get_indexer(pd.Index(met.astype(str)))
        if (place < 0).any():
            row = int((place[codes] < 0).argmax())
            raise InputError(
                f"{file}, row {keys.index[row] + 2}, column 'reading': {shown(keys.iloc[row])} is not among the "
                f"readings of {self._place('readings')}; add its row there"
            )
        return expected.iloc[place[codes]].set_axis(keys.index)

    def _place(self, name: str) -> str:
        files = self.files(name)
        return str(files[0]) if files else f"{self.folder}/{name}"


def open_study(folder: str | Path) -> Study:
    """Open the study in `folder`.

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
    folder = Path(folder)
    if folder.is_file():
        raise InputError(f"{folder}: is a file; name the folder that holds study.toml")
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder that holds study.toml")
    return Study(folder, read_config(folder / "study.toml"))
