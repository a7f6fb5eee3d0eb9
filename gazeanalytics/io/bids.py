"""Eye tracking of BIDS 1.11 in: `_physio.tsv.gz` and `_physioevents.tsv.gz`, whose columns their sidecars name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gazeanalytics.io.maps import TableMap
from gazeanalytics.tables import InputError, nearest

__all__ = ["BIDS_TABLES", "bids_map", "bids_run", "is_bids", "sidecar_of"]

BIDS_TABLES = ("samples", "fixations")

# Columns of times in a file of BIDS.
_TIMES = ("timestamp", "onset", "duration")
_SUFFIX = {"samples": "physio", "fixations": "physioevents"}
_TIME = {"s": "s", "second": "s", "seconds": "s", "ms": "ms", "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "us": "us", "µs": "us", "microseconds": "us", "ns": "ns", "nanoseconds": "ns"}  # fmt: skip
_PLACES = {"pixel": "px", "pixels": "px", "px": "px", "deg": "degrees", "degree": "degrees", "degrees": "degrees"}
_FRAMES = {"gaze-on-screen": "screen", "gaze-in-world": "image"}


def is_bids(file: Path) -> bool:
    """Whether a file bears the name of a recording of eye tracking in BIDS.

    Examples
    --------
    >>> is_bids(Path("sub-01_task-read_recording-eye1_physio.tsv.gz")), is_bids(Path("sub-01_task-read_events.tsv"))
    (True, False)
    """
    return file.name.startswith("sub-") and _suffix(file) in _SUFFIX.values() and _stem(file) != file.name


def bids_run(file: Path) -> str:
    """Name of the run that a file belongs to, the same for its samples and its events.

    Examples
    --------
    >>> bids_run(Path("sub-01_task-read_run-2_recording-eye1_physio.tsv.gz"))
    'sub-01_task-read_run-2'
    """
    parts = _stem(file).split("_")[:-1]
    return "_".join(part for part in parts if not part.startswith("recording-"))


def sidecar_of(file: Path, suffix: str | None = None) -> dict[str, Any]:
    """Metadata of a file: its own sidecar over those that it inherits from the folders above (BIDS 1.11, 3.6).

    Parameters
    ----------
    file : pathlib.Path
        A file of a data set.
    suffix : str, optional
        Of sidecars of another kind that go with it, such as "events"; default its own.

    Raises
    ------
    InputError
        If a sidecar is no JSON object.
    """
    suffix = suffix or _suffix(file)
    entities = set(_stem(file).split("_")[:-1])
    found: dict[str, Any] = {}
    for folder in reversed(_folders(file)):
        fitting = [one for one in folder.glob(f"*{suffix}.json") if _applies(one, suffix, entities)]
        for sidecar in sorted(fitting, key=lambda one: len(one.name.split("_"))):
            found |= _object(sidecar)
    return found


def bids_map(table_map: TableMap, table: str, file: Path) -> TableMap:
    """Make of `format = "bids"` a map of the columns that the sidecar of a file names.

    Raises
    ------
    InputError
        If the file is none of that table, or its sidecar leaves open what its columns are.
    """
    if table not in BIDS_TABLES:
        raise InputError(
            f"study.toml, tables.{table}.format: expected another one; got 'bids', whose files hold "
            f"{', '.join(BIDS_TABLES)}; correct the format or the table"
        )
    if not is_bids(file) or _suffix(file) != _SUFFIX[table]:
        raise InputError(
            f"{file}: expected a file sub-..._{_SUFFIX[table]}.tsv.gz of BIDS for table {table!r}; correct tables."
            f"{table}.file in study.toml"
        )
    sidecar = sidecar_of(file)
    columns = sidecar.get("Columns")
    if not (isinstance(columns, list) and columns and all(isinstance(one, str) for one in columns)):
        raise InputError(f"{file}: its sidecar has no list Columns, and the file no header; add it to the .json")
    # What the study's map says of a column stands in for what the sidecar leaves open.
    mapped = {one.column: {"Units": one.unit or "ms"} for one in table_map.columns.values() if one.column in _TIMES}
    known = {str(name): said for name, said in mapped.items() if not _units(sidecar, str(name))}
    sidecar |= known
    columns_made = _samples(sidecar, columns, file) if table == "samples" else _fixations(sidecar, columns, file)
    given = table_map.model_dump(include=table_map.model_fields_set - {"format", "columns"})
    own = {key: source.model_dump() for key, source in table_map.columns.items()}
    made: dict[str, Any] = {"reading": ["run"], "names": columns, "missing": ["n/a"], "clock": "recording"}
    made |= _frame(sidecar, file) if "frame" not in given else {}
    if table == "fixations":
        made["keep"] = {"trial_type": ["fixation"]}
    elif isinstance(sidecar.get("SamplingFrequency"), int | float):
        made["rate_hz"] = sidecar["SamplingFrequency"]
    return TableMap.model_validate(made | given | {"format": "tsv", "columns": columns_made | own})


def _samples(sidecar: dict[str, Any], columns: list[str], file: Path) -> dict[str, Any]:
    _require(("timestamp", "x_coordinate", "y_coordinate"), columns, file)
    made: dict[str, Any] = {
        "t": {"column": "timestamp", "unit": _time_unit(sidecar, "timestamp", file)},
        "x": {"column": "x_coordinate"},
        "y": {"column": "y_coordinate"},
    }
    if "pupil_size" in columns:
        made["pupil"] = {"column": "pupil_size"}
    eye = {"left": "left", "right": "right", "cyclopean": "both"}.get(sidecar.get("RecordedEye", ""))
    return made | ({"eye": {"value": eye}} if eye else {})


def _fixations(sidecar: dict[str, Any], columns: list[str], file: Path) -> dict[str, Any]:
    if "x_coordinate" not in columns:
        raise InputError(
            f"{file}: holds events without places (no column 'x_coordinate'); find fixations in the samples, or take "
            "the table out of study.toml"
        )
    _require(("onset", "duration", "trial_type", "y_coordinate"), columns, file)
    return {
        "onset": {"column": "onset", "unit": _time_unit(sidecar, "onset", file)},
        "duration": {"column": "duration", "unit": _time_unit(sidecar, "duration", file)},
        "x": {"column": "x_coordinate"},
        "y": {"column": "y_coordinate"},
    }


def _require(names: tuple[str, ...], columns: list[str], file: Path) -> None:
    for name in names:
        if name not in columns:
            raise InputError(f"{file}: no column {name!r} among the Columns of its sidecar; {nearest(name, columns)}")


def _units(sidecar: dict[str, Any], column: str) -> object:
    said = sidecar.get(column)
    return said.get("Units") if isinstance(said, dict) else None


def _time_unit(sidecar: dict[str, Any], column: str, file: Path) -> str:
    unit = _units(sidecar, column)
    if unit is None:
        target = "t" if column == "timestamp" else column
        raise InputError(
            f"{file}: its sidecar gives no Units of {column}; add them to the .json, or say {target} = "
            f"{{ column = '{column}', unit = 's' }} (or 'ms') under columns in study.toml"
        )
    if str(unit).lower() not in _TIME:
        raise InputError(
            f"{file}: its sidecar gives {column} in {unit!r}; expected s, ms, us or ns; correct Units in the .json"
        )
    return _TIME[str(unit).lower()]


def _frame(sidecar: dict[str, Any], file: Path) -> dict[str, str]:
    """Frame and origin of the places: by their unit, the coordinate system, and the screen of the task's events."""
    said = sidecar.get("x_coordinate")
    unit = str(said.get("Units", "pixel") if isinstance(said, dict) else "pixel").lower()
    if unit not in _PLACES:
        raise InputError(
            f"{file}: its sidecar gives places in {unit!r}; expected pixel or degree; convert them first, or say what "
            "they are with frame = ... in study.toml"
        )
    if _PLACES[unit] == "degrees":
        return {"frame": "degrees", "origin": "centre-up"}
    system = sidecar.get("SampleCoordinateSystem", "gaze-on-screen")
    frame = sidecar.get("GazeFrame") or _FRAMES.get(str(system))
    if frame is None:
        raise InputError(
            f"{file}: its SampleCoordinateSystem is {system!r}; say frame = 'screen' or 'image' in study.toml"
        )
    screen = sidecar_of(file, "events").get("StimulusPresentation")
    origin = screen.get("ScreenOrigin") if isinstance(screen, dict) and frame == "screen" else None
    upwards = isinstance(origin, list) and "bottom" in origin
    return {"frame": str(frame), "origin": "bottom-left" if upwards else "top-left"}


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz").removesuffix(".tsv").removesuffix(".json")


def _suffix(file: Path) -> str:
    return _stem(file).rpartition("_")[2]


def _folders(file: Path) -> list[Path]:
    """The folder of a file and those above it, up to the root of the data set."""
    found = []
    for folder in list(file.absolute().parents)[:5]:
        found.append(folder)
        if (folder / "dataset_description.json").exists():
            break
    return found


def _applies(sidecar: Path, suffix: str, entities: set[str]) -> bool:
    parts = _stem(sidecar).split("_")
    return parts[-1] == suffix and set(parts[:-1]) <= entities


def _object(sidecar: Path) -> dict[str, Any]:
    try:
        found = json.loads(sidecar.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"{sidecar}: is no JSON ({error}); correct it") from None
    if not isinstance(found, dict):
        raise InputError(f"{sidecar}: expected an object {{...}} of metadata; correct it")
    return found
