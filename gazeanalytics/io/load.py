"""From the files of a study to checked tables, one file at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from gazeanalytics import tables
from gazeanalytics.geometry import Screen
from gazeanalytics.io.bids import bids_run
from gazeanalytics.io.cells import fits
from gazeanalytics.io.convert import convert
from gazeanalytics.io.eyelink import EYELINK_TABLES, check_screen, eyelink_table, read_eyelink
from gazeanalytics.io.files import SUFFIXES, format_of, read_header, read_rows
from gazeanalytics.io.lines import Span
from gazeanalytics.io.maps import TableMap
from gazeanalytics.io.plausible import check_units, foreign_name, impossible_rows, in_time, note_rate, one_clock
from gazeanalytics.io.recognising import concrete
from gazeanalytics.io.repeats import note_codes, once_each, spread_times
from gazeanalytics.tables import InputError, Rejects, SetAside
from gazeanalytics.tables.identifying import identifies

__all__ = ["LEFT_BY_MAP", "load_shard", "shard_files"]

LEFT_BY_MAP = "keep or distinct leaves out"
"""Of rows that a map does not want, in what is counted as left out."""

# Tables of which single rows may be set aside; a reader or case that is left out would change what others mean.
_SET_ASIDE = ("samples", "fixations", "saccades", "visits", "traces", "findings")


def shard_files(folder: Path, name: str, table_map: TableMap | None) -> list[Path]:
    """Files of one table, in name order: those of the map, else `<name>.<ending>` or all in the folder `<name>`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "samples").mkdir()
    ...     for part in ("part-1.csv", "part-0.csv", "notes.md"):
    ...         Path(folder, "samples", part).touch()
    ...     [path.name for path in shard_files(Path(folder), "samples", None)]
    ['part-0.csv', 'part-1.csv']
    """
    if table_map is not None:
        patterns = [table_map.file] if isinstance(table_map.file, str) else table_map.file
        found = [path for pattern in patterns for path in _matching(folder, pattern)]
        twice = sorted({path.name for path in found if found.count(path) > 1}) if len(patterns) > 1 else []
        if twice:
            raise InputError(f"{folder / 'study.toml'}, tables.{name}.file: {twice[0]} is named twice; name it once")
        if not found:
            raise InputError(f"{folder / patterns[0]}: no such file; correct tables.{name}.file in study.toml")
        return found
    own = [folder / f"{name}{suffix}{packed}" for suffix in SUFFIXES for packed in ("", ".gz", ".zst")]
    found = [path for path in own if path.exists()]
    if len(found) > 1:
        raise InputError(
            f"{found[0]} and {found[1].name}: two files for one table; name one in study.toml, tables.{name}"
        )
    shards = sorted(filter(_is_table, (folder / name).iterdir())) if (folder / name).is_dir() else []
    if found and shards:
        raise InputError(
            f"{found[0]} and folder {name}/ ({shards[0].name}): two places for one table; name one in study.toml, "
            f"tables.{name}"
        )
    return found or shards


def load_shard(
    file: Path,
    name: str,
    table_map: TableMap | None = None,
    *,
    rejects: Rejects | None = None,
    keep_clock: bool = False,
    screen: Screen | None = None,
    span: Span | None = None,
) -> pd.DataFrame:
    r"""Read, convert and check one file of table `name`.

    Parameters
    ----------
    file : pathlib.Path
        The file.
    name : str
        A key of `tables.TABLES`.
    table_map : TableMap, optional
        The map; None: the file holds our own names and units.
    rejects : Rejects, optional
        Takes the rows of gaze and traces that can't be used, and notes. Without it the first such row is an error, as
        it always is in the tables of readers, cases and readings.
    keep_clock : bool
        Leave the times of a recording's clock as they are; else each reading starts at its first row.
    screen : Screen, optional
        Of the study; a recording whose own messages declare another size is an error.
    span : Span, optional
        Which lines of a long file to read, as `parts_of` gives them; None for all.

    Returns
    -------
    pandas.DataFrame
        Indexed by the row of the file, counted from 0 after a header. Without rows, with all columns of the contract.

    Raises
    ------
    InputError
        Naming the file, the row and column at fault, and the remedy.

    Examples
    --------
    A unit that can't be right is an error, not a number:

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fixations.csv")
    ...     _ = path.write_text("reading,onset,duration,x,y\n1,0,0.25,5,7\n1,0.3,0.2,9,7\n")
    ...     try:
    ...         load_shard(path, "fixations")
    ...     except InputError as error:
    ...         print(str(error).partition(": ")[2].partition(";")[0])
    the median fixation would last 0.225 ms, looks like s
    """
    table_map = concrete(table_map or TableMap(file=file.name), name, file)
    lenient = rejects is not None and name in _SET_ASIDE
    if table_map.format == "eyelink":
        frame, aside, rows = _of_eyelink(file, name, table_map, rejects, screen)
    else:
        frame, aside, rows = _of_rows(file, name, table_map, rejects, lenient=lenient, span=span)
    if name in _SET_ASIDE and "reading" not in frame:
        return _checked(frame, name, file, table_map)  # what is plausible is asked of each reading; this names the lack
    frame = _likely(frame, name, table_map, file, rejects)
    impossible = impossible_rows(frame, name, table_map, file) if name in _SET_ASIDE else {}
    if lenient and rejects is not None:
        frame = _without_faults(frame, name, table_map, aside | impossible, rejects, file, rows)
        if name == "samples" and "t" in frame and len(frame):
            frame = one_clock(frame, file, rejects)
    elif impossible:
        raise InputError(next(iter(impossible.values())).words(file, "correct the file"))
    if table_map.own_clock and len(frame) and "reading" in frame and not keep_clock:
        frame = _from_image_onset(frame, name)
    return _checked(frame, name, file, table_map)


def _likely(frame: pd.DataFrame, name: str, table_map: TableMap, file: Path, rejects: Rejects | None) -> pd.DataFrame:
    """Rows once each and in time, after a look at whether units, clock and places are likely."""
    whose_clock_is_known = table_map.format == "eyelink"
    if not whose_clock_is_known:
        frame = once_each(frame, name, file, rejects)
    frame = in_time(frame) if name == "samples" else frame
    if not whose_clock_is_known:
        frame = spread_times(frame, table_map, file, rejects) if name == "samples" else frame
        check_units(frame, name, table_map, file)
    if rejects is not None and name in ("samples", "fixations"):
        note_codes(frame, name, file, rejects)
    if rejects is not None and table_map.rate_hz and name == "samples":
        note_rate(frame, table_map.rate_hz, file, rejects)
    return frame


def _of_rows(
    file: Path, name: str, table_map: TableMap, rejects: Rejects | None, *, lenient: bool, span: Span | None
) -> tuple[pd.DataFrame, dict[int, SetAside], int]:
    """Rows of a table, converted; those set aside, by their index; and how many the file holds."""
    kind = table_map.format or format_of(file)
    needs, dialect = table_map.needs, replace(table_map.dialect(kind), span=span)
    # The name of the file or its folder, unless the file has a column of that name.
    of_path = {one: value for one, value in _of_path(file).items() if needs and one in table_map.reading}
    if needs and (of_path or table_map.explode or table_map.block):
        header = read_header(file, kind=kind, dialect=dialect)
        table_map = table_map.with_parts(header)
        of_path = {one: value for one, value in of_path.items() if one not in header}
        counted = ["block"] if table_map.block and "block" not in header else []
        needs = [one for one in table_map.needs or [] if one not in (*of_path, *counted)]
    raw, broken = read_rows(file, needs, kind=kind, dialect=dialect, rejects=rejects)
    raw = raw.assign(**of_path)
    if broken and not lenient:
        raise InputError(broken[0].words(file, "correct that row or its quotes"))
    if rejects is not None and table_map.native:
        _note_left_behind(raw, name, file, rejects)
    aside = {fault.row - 2: fault for fault in broken}
    if span is not None and not all(fits(raw[one], rule).any() for one, rule in table_map.keep.items()):
        table_map = table_map.model_copy(update={"keep": {}})
        raw = raw[:0]  # other parts of the file hold the rows to keep
    frame = convert(raw, name, table_map, file, aside if lenient else None)
    # A table of distinct readers or cases leaves rows out by its nature, as an exploded one has other rows.
    if rejects is not None and not table_map.explode and table_map.distinct is not True:
        gone = len(raw.index.difference(frame.index).difference(list(aside)))
        rejects.leave_out(f"rows of {name} that {LEFT_BY_MAP}", file, gone)
    return frame, aside, len(raw) + len(broken)


def _of_path(file: Path) -> dict[str, str]:
    name = file.name
    for suffix in reversed(file.suffixes):
        name = name.removesuffix(suffix) if suffix.lower() in (".gz", ".zst", *SUFFIXES) else name
    return {"file": name, "folder": file.absolute().parent.name, "run": bids_run(file)}


def _of_eyelink(
    file: Path, name: str, table_map: TableMap, rejects: Rejects | None, screen: Screen | None
) -> tuple[pd.DataFrame, dict[int, SetAside], int]:
    """Do the same for an EyeLink recording, of which a table is a part."""
    if name not in EYELINK_TABLES:
        raise InputError(
            f"study.toml, tables.{name}.format: expected another one; got 'eyelink', whose files hold "
            f"{', '.join(EYELINK_TABLES)}; correct the format or the table"
        )
    lines = Rejects(max_share=1.0) if rejects is not None else None
    recording = read_eyelink(file, rejects=lines, max_unpacked_mb=table_map.max_unpacked_mb)
    if screen is not None and table_map.frame == "screen":
        check_screen(recording, screen)
    frame = eyelink_table(recording, name, eye=table_map.eye, trials=table_map.trials, rejects=rejects)
    # A line of no known kind may have been a row of any table.
    faults = recording.rejected.get(name, []) + recording.rejected.get("lines", [])
    rows = recording.counts.get(name, 0) + len(faults)
    return frame, {fault.row - 2: fault for fault in faults}, rows


def _note_left_behind(raw: pd.DataFrame, name: str, file: Path, rejects: Rejects) -> None:
    """Say which columns of a native file are not taken because of what they are called."""
    names = sorted(str(column) for column in raw if not tables.TABLES[name].column(str(column)))
    personal = [repr(column) for column in names if identifies(column)]
    if personal:
        listed = ", ".join(personal)
        many = len(personal) > 1
        rejects.note(
            file, f"column{'s' if many else ''} {listed} may name a person and {'are' if many else 'is'} left behind"
        )


def _without_faults(
    frame: pd.DataFrame,
    name: str,
    table_map: TableMap,
    aside: dict[int, SetAside],
    rejects: Rejects,
    file: Path,
    rows: int,
) -> pd.DataFrame:
    """Leave out rows that contradict the contract or themselves, and say so."""
    bad = dict(aside)
    for column, wrong in tables.row_faults(frame, name):
        for row, got in frame.loc[wrong.to_numpy(bool), column.name].items():
            words = "a missing value" if pd.isna(got) else tables.shown(got)
            number = int(str(row))
            bad.setdefault(number, SetAside(number + 2, foreign_name(table_map, column.name), column.expected, words))
    rejects.put(name, file, list(bad.values()), of=rows)
    return frame[~frame.index.isin(list(bad))] if bad else frame


def _is_table(path: Path) -> bool:
    """Whether a file in a table's folder is part of it: `._1.csv`, which macOS leaves on sticks, is not."""
    plain = path.with_suffix("") if path.suffix.lower() in (".gz", ".zst") else path
    return plain.suffix.lower() in SUFFIXES and path.name[0] != "."


def _matching(folder: Path, pattern: str) -> list[Path]:
    """Files of the study that a pattern names; of other folders, only what is named as a table, and no whole trees.

    A study may come from elsewhere: its map must not show any file of the machine.
    """
    outside = Path(pattern).is_absolute() or ".." in Path(pattern).parts
    try:
        if not any(mark in pattern for mark in "*?["):
            found = [folder / pattern] if (folder / pattern).exists() else []
        elif outside and "**" in pattern:
            raise ValueError("'**' is for the study's own folder")
        else:
            anchor = Path(pattern).anchor
            root = Path(anchor or folder)
            found = sorted(path for path in root.glob(str(Path(pattern).relative_to(anchor))) if path.name[0] != ".")
    except (ValueError, OSError, NotImplementedError, IndexError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{folder / 'study.toml'}: a table's file can't be {tables.shown(pattern[:80])} ({said}); correct it"
        ) from None
    strange = [path for path in found if outside and not _is_table(path) and path.suffix.lower() != ".asc"]
    if strange:
        raise InputError(
            f"{strange[0]}: lies outside the study's folder and isn't called a table ({', '.join(sorted(SUFFIXES))}); "
            "move it into the study's folder, or rename it"
        )
    return found


def _from_image_onset(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Start each reading's clock at its first row."""
    column = tables.TABLES[name].order or "onset"
    first = frame.groupby("reading", observed=True, sort=False)[column].transform("first")
    moved = {column: frame[column] - first}
    if "offset" in frame:
        moved["offset"] = frame["offset"] - first
    return frame.assign(**moved)


def _checked(frame: pd.DataFrame, name: str, file: Path, table_map: TableMap) -> pd.DataFrame:
    try:
        return tables.check(frame, name)
    except tables.TableError as error:
        foreign = foreign_name(table_map, error.column)
        row = "" if error.row is None else f", row {frame.index[error.row] + 2}"
        column = f", column {foreign!r}" if foreign else ""
        remedy = "map it in study.toml" if error.row is None else "correct the file, or declare the value as missing"
        raise InputError(f"{file}{row}{column}: expected {error.expected}; got {error.got}; {remedy}") from None
