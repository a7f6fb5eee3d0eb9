"""Faults of images: the package draws arrays and opens no image file."""

from pathlib import Path

import numpy as np
import pytest

from gazeanalytics import report
from gazeanalytics.study import open_study


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


def test_fault_38_no_image(study):
    """an image that is not there: gaze is analysed, figures draw a pale frame and say so."""
    import matplotlib.pyplot as plt

    opened = open_study(study)
    fixations = opened.table("fixations")
    ax = report.scanpath(fixations[fixations["reading"] == 0], stimulus=report.Stimulus(size=(1000, 800)))
    assert ax.get_xlim() == (0, 1000)
    plt.close("all")
    source = Path(report.__file__).parents[1].joinpath("study", "analyses", "strategies.py").read_text()
    assert "The image itself is not available here." in source


def test_fault_39_dicom(study, refused):
    """DICOM, whose tags name the patient: refused by content, nothing of it is read or copied."""
    (study / "cases.csv").write_bytes(b"\0" * 128 + b"DICM" + b"\x10\0\x10\0PN\x08\0DOE^JANE")
    said = refused("check", study, says=("cases.csv: is a DICOM file, whose tags name the patient; it is not read",))
    assert "DOE" not in said
