"""AOIs of Data Viewer, COCO and LabelMe become table regions."""

import json

import pytest

from gazeanalytics import io
from gazeanalytics.tables import InputError

COCO = {
    "images": [{"id": 5, "file_name": "a/cxr1.png", "width": 900, "height": 800}],
    "categories": [{"id": 2, "name": "nodule"}],
    "annotations": [
        {"id": 1, "image_id": 5, "category_id": 2, "bbox": [10, 20, 30, 40]},
        {"id": 2, "image_id": 5, "category_id": 2, "bbox": [0, 0, 9, 9], "segmentation": [[0, 0, 9, 0, 9, 9]]},
    ],
}
LABELME = {
    "imagePath": "..\\img\\cxr2.png",
    "shapes": [
        {"label": "mass", "shape_type": "rectangle", "points": [[50, 60], [10, 20]]},
        {"label": "mass", "shape_type": "circle", "points": [[50, 50], [53, 54]]},
    ],
}
IAS = "# AOIs\nELLIPSE\t1\t10\t20\t30\t40\tleft lung\nFREEHAND\t2\t0,0\t9,0\t9,9\theart\n"


def read(tmp_path, text, name):
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    frame = io.read_aois(path)
    return frame[["case", "region", "x0", "y0", "x1", "y1", "shape"]].to_numpy().tolist()


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (COCO, "a.json", [["cxr1", "nodule", 10, 20, 40, 60, "box"], ["cxr1", "nodule 2", 0, 0, 9, 9, "polygon"]]),
        (LABELME, "b.json", [["cxr2", "mass", 10, 20, 50, 60, "box"], ["cxr2", "mass 2", 45, 45, 55, 55, "ellipse"]]),
        (IAS, "c7.ias", [["c7", "left lung", 10, 20, 30, 40, "ellipse"], ["c7", "heart", 0, 0, 9, 9, "polygon"]]),
    ],
)
def test_aois_are_read(tmp_path, text, name, expected):
    assert read(tmp_path, text, name) == expected


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("RECTANGLE 1 10 20 thirty 40 heart", "a.ias", "line 1: expected RECTANGLE or ELLIPSE with number"),
        ("-0 -500 RECTANGLE 1 10 20 30 40 heart", "a.ias", "export AOIs that stay in place"),
        ({"boxes": []}, "a.json", "expected 'annotations' and 'images' of COCO"),
        (COCO | {"images": []}, "a.json", "an incomplete shape"),
        (COCO | {"annotations": [COCO["annotations"][0] | {"segmentation": {"counts": ""}}]}, "a.json", "run-length"),
        ({"shapes": [{"label": "a", "shape_type": "line", "points": [[1, 2]]}]}, "a.json", "shape 1: is a line"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, text, name, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, text, name)
