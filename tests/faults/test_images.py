"""Faults of images: the package draws arrays and opens no image file."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import report
from gazeanalytics.study import analyse, open_study


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 5, 4), np.uint8), r"expected shape \(height, width\) or \(height, width, 3\)"),
        (np.zeros((4, 5, 3), np.uint16), "expected colours as uint8 or as floats of 0 to 1; got uint16"),
        (np.zeros((0, 5)), "expected shape"),
        (np.broadcast_to(np.uint8(0), (20_000, 20_000)), "at most 178,000,000 pixels; got 400,000,000; scale it down"),
    ],
    ids=["CMYK", "16-bit colour", "empty", "bomb"],
)
def test_fault_37_images(image, words):
    """missing, corrupt, huge, 16-bit or CMYK images: no image file is opened; an array of that kind is an error."""
    with pytest.raises(ValueError, match=words):
        report.Stimulus(image=image)
    report.Stimulus(image=np.zeros((4, 5), np.uint16))


def test_fault_38_no_image(study, tmp_path):
    """an image that is not there: gaze is analysed, figures draw a pale frame and say so."""
    opened = open_study(study)
    image = opened.images.iloc[0]
    own = opened.table("fixations").query("reading == 0")
    ax = report.scanpath(own, stimulus=report.Stimulus(size=(image["width"], image["height"])))
    assert not ax.get_images()
    assert ax.get_xlim() == (0, 1000)
    analyse(open_study(study), tmp_path / "out", only=["search_course"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "The image itself is not available here." in page
    assert len(pd.read_parquet(tmp_path / "out" / "data" / "fixations.parquet")) == len(opened.table("fixations"))


def test_fault_39_dicom(study, refused):
    """DICOM, whose tags name the patient: refused by content, nothing of it is read or copied."""
    (study / "cases.csv").write_bytes(b"\0" * 128 + b"DICM" + b"\x10\0\x10\0PN\x08\0DOE^JANE")
    said = refused("check", study, says=("cases.csv: is a DICOM file, whose tags name the patient; it is not read",))
    assert "DOE" not in said
