"""What a study leaves out and what it warns of: rows set aside with their reason, and notes, each given once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gazeanalytics.brief import Brief
from gazeanalytics.tables.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["InputWarning", "Rejects", "SetAside"]


class InputWarning(UserWarning):
    """Something the user gave is used, but not as it stands; the message names the file."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """One row that is not used.

    Attributes
    ----------
    row : int
        As an editor counts it, the header being row 1; 0 where a whole reading is not used.
    column : str
        The file's own name of the column at fault; empty when the whole row is.
    expected, got : str
        What belongs there, and what the file holds.
    """

    row: int
    column: str
    expected: str
    got: str

    def words(self, file: Path, remedy: str) -> str:
        """The fault as one sentence."""
        column = f", column {self.column!r}" if self.column else ""
        return f"{file}, row {self.row}{column}: expected {self.expected}; got {self.got}; {remedy}"


@dataclass(frozen=True)
class Rejects(Brief):
    """Collects rows set aside and notes while the files of a study are read.

    A file may be read several times: what it left is kept once, under its name. Nothing is set aside without a place
    here; where no `Rejects` is given, the first fault is an error.

    Attributes
    ----------
    max_share : float
        A file that would lose a greater share of its rows is an error: it is the map that is wrong, not the row. One
        row may always be set aside in a file of ten or more. Of a long file that is read in parts: of each part.
    lines : range, optional
        Lines of the file that what is put here is about; None: the whole file.

    Examples
    --------
    >>> rejects = Rejects()
    >>> rejects.put("fixations", Path("a.csv"), [SetAside(7, "x", "a finite number", "'3O'")], of=900)
    >>> rejects.table()[["file", "row", "column", "got"]].to_dict("records")
    [{'file': 'a.csv', 'row': 7, 'column': 'x', 'got': "'3O'"}]
    """

    max_share: float = 0.05
    rows: dict[tuple[str, Path], list[SetAside]] = field(default_factory=dict)
    notes: dict[tuple[str, str], str] = field(default_factory=dict)
    left_out: dict[tuple[str, Path, int], int] = field(default_factory=dict)
    lines: range | None = None

    def within(self, lines: range | None) -> Rejects:
        """The same collection while some lines of a file are read: what other lines left stays."""
        return replace(self, lines=lines)

    def found(self, table: str, file: Path) -> list[SetAside]:
        """Rows of a file that are set aside already, of the lines that are read."""
        return [one for one in self.rows.get((table, file), []) if self.lines is None or one.row in self.lines]

    def put(self, table: str, file: Path, faults: list[SetAside], *, of: int) -> None:
        """Note the rows of one file that are not used.

        Raises
        ------
        InputError
            If they are more than `max_share` of its `of` rows.
        """
        elsewhere = [one for one in self.rows.pop((table, file), []) if self.lines and one.row not in self.lines]
        if elsewhere:
            self.rows[table, file] = elsewhere
        if not faults:
            return
        faults = sorted(faults, key=lambda fault: fault.row)
        if len(faults) > max(self.max_share * of, 1 if of >= 10 else 0):
            remedy = "correct the file or its map in study.toml"
            if len(faults) > 1:
                remedy += (
                    f" ({len(faults):,} of {of:,} rows have faults; up to max_rejects = {self.max_share:g} of a file "
                    "are set aside, see [study])"
                )
            raise InputError(faults[0].words(file, remedy))
        self.rows[table, file] = sorted([*elsewhere, *faults], key=lambda fault: fault.row)

    def put_readings(self, file: Path, readings: list[str]) -> None:
        """Note the readings of one file of samples in which no events can be found."""
        if readings:
            expected = "a recording that events can be found in"
            self.rows["samples, readings", file] = [SetAside(0, "", expected, f"reading {one}") for one in readings]

    def leave_out(self, what: str, file: Path, count: int) -> None:
        """Count rows of a file that are sound but no part of the study, such as gaze between two trials."""
        self.left_out[what, file, self.lines.start if self.lines else 0] = count

    def note(self, file: Path | str, text: str, *, kind: str = "") -> None:
        """Warn once of something in a file; the note also goes into the provenance."""
        key = (str(file), kind or text)
        if key in self.notes:
            return
        place = f", rows {self.lines.start} to {self.lines.stop - 1}" if self.lines else ""
        self.notes[key] = f"{file}{place}: {text}"
        warnings.warn(self.notes[key], InputWarning, stacklevel=3)

    def summarise(self) -> None:
        """Warn once a file of the rows that are set aside there."""
        for (table, file), faults in sorted(self.rows.items()):
            first = faults[0]
            column = f", column {first.column!r}" if first.column else ""
            self.note(
                file,
                f"{len(faults):,} {'row is' if len(faults) == 1 else 'rows are'} set aside, see data/rejects.parquet; "
                f"first row {first.row}{column}: expected {first.expected}; got {first.got}",
                kind=f"rows of {table}",
            )

    def table(self, *, names: Mapping[Path, str] | None = None, show_cells: bool = True) -> pd.DataFrame:
        """All rows set aside: table, file, row, column, expected, got.

        Parameters
        ----------
        names : mapping of pathlib.Path to str, optional
            What to call the files; default: their names without folders.
        show_cells : bool
            Whether `got` quotes the file. A cell that is out of place may hold a person's name.
        """
        import pandas as pd

        found = []
        for (table, file), faults in sorted(self.rows.items()):
            name = (names or {}).get(file, file.name)
            found += [(table, name, one.row, one.column, one.expected, one.got) for one in faults]
        columns = ["table", "file", "row", "column", "expected", "got"]
        whole = pd.DataFrame(found, columns=columns).astype({"row": "int64"})
        return whole if show_cells else whole.assign(got="not shown")

    def counts(self) -> dict[str, int]:
        """How many rows of each table are set aside."""
        tables = sorted({table for table, _ in self.rows})
        return {name: sum(len(faults) for (table, _), faults in self.rows.items() if table == name) for name in tables}

    def left_out_counts(self) -> dict[str, int]:
        """How many sound rows are no part of the study, by what they are."""
        names = sorted({what for (what, *_), count in self.left_out.items() if count})
        return {name: sum(count for (what, *_), count in self.left_out.items() if what == name) for name in names}
