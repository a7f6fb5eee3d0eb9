"""Areas of interest in files: EyeLink Data Viewer (.ias), COCO and LabelMe (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from gazeanalytics.io.unpacking import as_utf8, read_bytes
from gazeanalytics.tables import InputError, check, shown

__all__ = ["read_aois"]

Corners = Sequence[tuple[float, float]]
Row = dict[str, object]
_IAS_SHAPES = {"RECTANGLE": "box", "ELLIPSE": "ellipse", "FREEHAND": "polygon"}


def read_aois(path: str | Path, *, kind: Literal["organ", "lesion", "grid"] = "lesion") -> pd.DataFrame:
    r"""Read areas of interest (AOIs) that EyeLink Data Viewer (.ias), COCO or LabelMe wrote.

    Parameters
    ----------
    path : str or pathlib.Path
        A file .ias or .json, known by what it holds. Of .ias and LabelMe, which are about one image, the case is
        the name of the file or image without its ending; of COCO that of each image.
    kind : {"organ", "lesion", "grid"}
        What sort of AOI they are.

    Returns
    -------
    pandas.DataFrame
        Table `regions`, places in image px; save it as regions.csv of a study, or give it to `gaze.aoi`. A box of COCO
        stands for itself where it has no outline; an outline of several parts is one region a part.

    Raises
    ------
    InputError
        Naming the file, the line or shape at fault, and the remedy.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "cxr7.ias")
    ...     _ = path.write_text("RECTANGLE\t1\t10\t20\t110\t80\theart\n")
    ...     read_aois(path)[["case", "region", "x0", "y0", "x1", "y1"]].values.tolist()
    [['cxr7', 'heart', 10.0, 20.0, 110.0, 80.0]]
    """
    path = Path(path)
    text = as_utf8(read_bytes(path), path, None)[0].decode()
    rows = list(_of_json(path, text) if text.lstrip()[:1] in ("{", "[") else _of_ias(path, text))
    if not rows:
        raise InputError(f"{path}: holds no area of interest; expected a file .ias, or JSON of COCO or LabelMe")
    frame = pd.DataFrame(rows).assign(kind=kind)
    again = frame.groupby(["case", "region"]).cumcount()
    frame["region"] = frame["region"].where(again == 0, frame["region"] + " " + (again + 1).astype(str))
    return check(frame, "regions")


def _of_ias(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or line.lstrip().startswith(("#", "**")):
            continue
        try:
            # A shape that is there for some time only begins with two times.
            if words[0] not in _IAS_SHAPES:
                raise ValueError
            name, given = words[1].strip(), words[2:]
            pairs = [word for word in given if "," in word]
            numbers = [float(one) for word in pairs for one in word.split(",")] or [float(one) for one in given[:4]]
            label = " ".join(given[len(pairs) or 4 :]).strip() or name
            corners = _pairs(numbers)
        except (ValueError, IndexError):
            raise InputError(
                f"{path}, line {number}: expected RECTANGLE or ELLIPSE with number, left, top, right, bottom and name, "
                f"or FREEHAND with number, corners x,y and name; got {shown(line[:60])}; export AOIs that stay in place"
            ) from None
        yield _row(path.stem, label, corners, _IAS_SHAPES[words[0]])


def _of_json(path: Path, text: str) -> Iterator[Row]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no complete JSON ({error}); copy it again from its source") from None
    reader = next((one for key, one in (("annotations", _of_coco), ("shapes", _of_labelme)) if key in data), None)
    if reader is None or not isinstance(data, dict):
        raise InputError(f"{path}: expected 'annotations' and 'images' of COCO, or 'shapes' of LabelMe; got neither")
    try:
        for shapes in reader(data, path):
            yield from shapes
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise InputError(f"{path}: holds an incomplete shape ({error!r}); correct it, or export it again") from None


def _of_coco(data: dict[str, Any], path: Path) -> Iterator[list[Row]]:
    cases = {one["id"]: Path(one["file_name"]).stem for one in data["images"]}
    names = {one["id"]: str(one["name"]) for one in data["categories"]}
    for one in data["annotations"]:
        place, case, finding = f"annotation {one['id']}", cases[one["image_id"]], names[one["category_id"]]
        outlines = one.get("segmentation") or []
        if isinstance(outlines, dict):
            raise InputError(f"{path}, {place}: is a run-length mask; export its outline as polygons")
        left, top, width, height = one["bbox"]
        shapes = [(_pairs(outline), "polygon") for outline in outlines]
        shapes = shapes or [([(left, top), (left + width, top + height)], "box")]
        yield [_row(case, finding, *shape) | {"finding": finding} for shape in shapes]


def _of_labelme(data: dict[str, Any], path: Path) -> Iterator[list[Row]]:
    case = Path(data.get("imagePath", "").replace("\\", "/")).stem or path.stem
    for number, one in enumerate(data["shapes"], 1):
        kind, corners = one.get("shape_type", "polygon"), [(float(x), float(y)) for x, y in one["points"]]
        shape = {"rectangle": "box", "circle": "ellipse", "polygon": "polygon"}.get(kind)
        if shape is None:
            raise InputError(
                f"{path}, shape {number}: is a {kind}, which has no area; expected polygon, rectangle, circle"
            )
        if shape == "ellipse":
            (x, y), (edge_x, edge_y) = corners
            radius = ((edge_x - x) ** 2 + (edge_y - y) ** 2) ** 0.5
            corners = [(x - radius, y - radius), (x + radius, y + radius)]
        yield [_row(case, str(one["label"]), corners, shape) | {"finding": str(one["label"])}]


def _pairs(numbers: Sequence[float]) -> list[tuple[float, float]]:
    values = [float(number) for number in numbers]
    if len(values) < 4 or len(values) % 2:
        raise ValueError(f"{len(values)} numbers for corners")
    return list(zip(values[::2], values[1::2], strict=True))


def _row(case: str, region: str, corners: Corners, shape: str) -> Row:
    x, y = zip(*corners, strict=True)
    if shape == "polygon" and len(corners) < 3:
        raise ValueError("a polygon of two corners")
    outline = " ".join(f"{one:g},{other:g}" for one, other in corners) if shape == "polygon" else None
    box = {"x0": min(x), "y0": min(y), "x1": max(x), "y1": max(y)}
    return {"case": case, "region": region, **box, "shape": shape, "outline": outline}
