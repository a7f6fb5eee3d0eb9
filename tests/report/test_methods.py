"""The methods paragraph says what provenance knows, and asks for the rest."""

import pandas as pd
import pytest

from gazeanalytics import report

PROVENANCE = {
    "gazeanalytics": "0.1.0",
    "python": "3.12.1",
    "libraries": {"numpy": "2.1.0"},
    "seed": 7,
    "settings": {
        "events": {
            "detector": "idt",
            "method": "a dispersion threshold (I-DT; Salvucci & Goldberg, 2000)",
            "dispersion_deg": 1.0,
            "min_fixation_ms": 60.0,
            "edge_noise": 2.5,
        }
    },
    "study": {"screen": {"width_px": 1920, "height_px": 1080, "width_mm": 531, "height_mm": 299, "distance_mm": 600}},
}


def test_all_that_is_known_is_said():
    quality = pd.DataFrame(
        {"rate_hz": [500.0, 500.0], "loss": [0.01, 0.03], "rms_s2s_deg": [0.05, 0.05], "sd_deg": None}
    )
    text = report.methods_text(
        PROVENANCE, quality=quality, models={"accuracy": "correct ~ strategy + (1 | reader); binomial"},
        reported={"eyes": "Both eyes were recorded."},
    )  # fmt: skip
    recording, events, models, software, missing = text.split("\n\n")
    # 2 atan(265.5 / 600) and 2 atan(149.5 / 600)
    assert recording == (
        "Both eyes were recorded. Images were shown on a screen of 531 × 299 mm (1920 × 1080 px) at 600 mm, "
        "47.7 × 28.0 deg of visual angle. Gaze was sampled at 500.0 Hz. The median reading lost 2.0% [1.5, 2.5] of its "
        "samples. Precision in 2 readings was 0.05 deg (RMS-S2S); medians, quartiles."
    )
    assert events == (
        "Fixations and saccades were found by a dispersion threshold (I-DT; Salvucci & Goldberg, 2000), with "
        "dispersion 1 deg, min fixation 60 ms, edge noise 2.5."
    )
    assert models.endswith("(accuracy: correct ~ strategy + (1 | reader); binomial).")
    assert software == "The analysis was run with gazeanalytics 0.1.0 (Python 3.12.1; numpy 2.1.0), random seed 7."
    assert "which eye" not in missing
    assert "lighting of the room" in missing


def test_nothing_known_asks_for_everything():
    text = report.methods_text({})
    assert all(item in text for item in report.REPORTING_ITEMS.values())
    assert "\n\n" not in text


def test_a_misspelt_item_is_refused():
    with pytest.raises(ValueError, match=r"reported: expected the keys eye_tracker, .*; got 'eye'"):
        report.methods_text({}, reported={"eye": "left"})
