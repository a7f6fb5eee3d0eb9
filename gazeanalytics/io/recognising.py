"""Which preset a file fits, and a preset's map made concrete for the columns that one file has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gazeanalytics.io.bids import bids_map
from gazeanalytics.io.files import DELIMITERS, SUFFIXES, read_header
from gazeanalytics.io.lines import Dialect
from gazeanalytics.io.maps import ColumnSource, TableMap
from gazeanalytics.io.presets import preset, preset_names
from gazeanalytics.tables import TABLES, InputError, nearest

__all__ = ["concrete", "fitting_presets", "tables_of"]

# Words of `reading` that stand for parts of a file's path, and for what its lines part.
_OF_PATH = ("file", "folder", "block")


def tables_of(name: str) -> list[str]:
    """Tables that files of a preset may hold."""
    return [table for table in TABLES if table in preset(name)]


def fitting_presets(file: Path) -> dict[str, TableMap]:
    """Presets that a file's columns fit, closest first, each with a map that reads the file."""
    found = {}
    for name in preset_names():
        declared = preset(name)
        header = _header(file, declared, {})
        if header is not None:
            extra = {} if header[0] == _delimiter(declared) else {"delimiter": header[0]}
            found[name] = TableMap.model_validate({"file": file.name, "format": name, **extra})
    return dict(sorted(found.items(), key=lambda one: -len(preset(one[0])["sniff"])))


def concrete(table_map: TableMap, table: str, file: Path) -> TableMap:
    """Make of `format = "NAME"` a map of the columns that a file has; other maps stay as they are.

    What the user's map says goes before what the preset says. Of the ways to find a column, the first is taken whose
    foreign columns the file has.

    Raises
    ------
    InputError
        If the preset has no such table, or the file is none of its files.
    """
    name = table_map.format or ""
    if name == "bids":
        return bids_map(table_map, table, file)
    if name not in preset_names():
        return table_map
    declared = preset(name)
    if table not in declared:
        raise InputError(
            f"study.toml, tables.{table}.format: expected another one; got {name!r}, whose files hold "
            f"{', '.join(tables_of(name))}; correct the format or the table"
        )
    given = table_map.model_dump(include=table_map.model_fields_set - {"format", "columns"})
    header = _header(file, declared, given)
    if header is None:
        lacking = ", ".join(repr(one) for one in declared["sniff"])
        raise InputError(
            f"{file}: expected {declared['title']}, whose columns are {lacking}; got others; say what "
            "'gazeanalytics read' finds, or map the columns in study.toml"
        )
    delimiter, names = header
    made = _of_table(declared[table], names)
    columns = made.pop("columns") | {key: source.model_dump() for key, source in table_map.columns.items()}
    whole = {key: declared[key] for key in ("comment", "pass_over", "header", "block") if key in declared}
    if declared["kind"] in DELIMITERS:
        whole["delimiter"] = delimiter
    _check_complete(columns, table, name, file, names)
    return TableMap.model_validate(whole | made | given | {"format": declared["kind"], "columns": columns})


def _check_complete(columns: dict[str, Any], table: str, name: str, file: Path, names: list[str]) -> None:
    """Name the columns that the preset looked for in vain, where the contract needs them."""
    for target, sources in preset(name)[table]["columns"].items():
        column = TABLES[table].column(target)
        if target not in columns and column is not None and column.required:
            sought = [one for source in sources for one in ColumnSource.model_validate(source).reads]
            raise InputError(
                f"{file}: no column for {target!r} of table {table!r} (looked for {', '.join(map(repr, sought))}); "
                f"{nearest(sought[0], names)} Export it too, or map it under tables.{table}.columns in study.toml"
            )


def _of_table(declared: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The declared map of a table with the names of the file, without what the file lacks."""
    made: dict[str, Any] = {key: value for key, value in declared.items() if key != "columns"}
    reading = [name for name in made["reading"] if name in names or name in _OF_PATH]
    made["reading"] = reading or ["file"]
    if "keep" in made:
        made["keep"] = {name: rule for name, rule in made["keep"].items() if name in names}
    made["columns"] = {}
    for target, sources in declared["columns"].items():
        for source in sources:
            named = _named(source, names, made.get("explode", []))
            if named is not None:
                made["columns"][target] = named
                break
    return made


def _named(source: dict[str, Any], names: list[str], explode: list[str]) -> dict[str, Any] | None:
    """A source with the file's names, or None where the file lacks one of its columns."""
    made = dict(source)
    if "column" in made:
        made["column"] = _like(made["column"], names)
    reads = [] if made.get("column", "") is None else ColumnSource.model_validate(made).reads
    known = [*names, *(one for one in reads if one.split(".")[0] in explode)]
    return made if made.get("column", "") is not None and all(one in known for one in reads) else None


def _like(sought: str, names: list[str]) -> str | None:
    """A name of the file, a `*` standing for any text; what is no name of it stays for the list of parts."""
    if "*" not in sought:
        return sought
    before, _, after = sought.partition("*")
    return next((name for name in names if name.startswith(before) and name.endswith(after)), None)


def _delimiter(declared: dict[str, Any]) -> str:
    return DELIMITERS.get(declared["kind"], "")


def _header(file: Path, declared: dict[str, Any], given: dict[str, Any]) -> tuple[str, list[str]] | None:
    """Delimiter and names of the columns, where the preset's sniff rule holds."""
    kind, of_file = declared["kind"], SUFFIXES.get(_ending(file))
    if (kind in DELIMITERS) != (of_file in DELIMITERS or of_file is None):
        return None
    delimiters = [_delimiter(declared), *(mark for mark in ",\t;" if mark != _delimiter(declared))]
    if kind not in DELIMITERS or given.get("delimiter"):
        delimiters = [given.get("delimiter") or ""]
    for delimiter in delimiters:
        dialect = Dialect(
            delimiter or ",",
            given.get("encoding"),
            given.get("skip", 0),
            given.get("comment", declared.get("comment", "")),
            header=given.get("header", declared.get("header", "")),
        )
        try:
            names = read_header(file, kind=kind, dialect=dialect)
        except InputError:
            if delimiter == delimiters[-1] and given:
                raise
            continue
        if all(_held(one, names) for one in declared["sniff"]):
            return delimiter, names
    return None


def _ending(file: Path) -> str:
    plain = file.with_suffix("") if file.suffix.lower() in (".gz", ".zst") else file
    return plain.suffix.lower()


def _held(sought: str, names: list[str]) -> bool:
    return _like(sought, names) in names
