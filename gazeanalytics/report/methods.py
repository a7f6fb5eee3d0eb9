"""The methods paragraph: what provenance holds on recording, events and models, and what authors must add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics.geometry import Screen
from gazeanalytics.report.number_format import format_count

__all__ = ["REPORTING_ITEMS", "methods_text"]

REPORTING_ITEMS = {
    "eye_tracker": "maker, model and software of the eye tracker",
    "eyes": "which eye was recorded, or both",
    "head": "how the head was held, or that it was free",
    "room": "lighting of the room",
    "calibration": "calibration and validation: points, what was accepted, how often it was repeated",
    "accuracy": "accuracy in degrees, and how it was measured",
    "vision": "readers' vision and its correction",
    "task": "task, instruction and what ended a reading",
    "exclusions": "readers and readings left out, and why",
}
"""Items that an eye-tracking report needs and that no recording holds, so the authors have to write them."""

_UNITS = (("_deg_s2", "deg/s²"), ("_deg_s", "deg/s"), ("_deg", "deg"), ("_ms", "ms"), ("_px", "px"), ("_hz", "Hz"))


def methods_text(
    provenance: Mapping[str, Any],
    *,
    quality: pd.DataFrame | None = None,
    models: Mapping[str, str] | None = None,
    reported: Mapping[str, str] | None = None,
) -> str:
    """Write the methods of an analysis as paragraphs for a paper.

    It covers the items of the minimal reporting guideline of Dunn et al. (2023, doi:10.3758/s13428-023-02187-1) that a
    computer can know, and names those that it can't.

    Parameters
    ----------
    provenance : mapping
        Versions, settings and counts, as an analysis writes them to provenance.json: `gazeanalytics`, `python`,
        `libraries`, `seed`, `settings` (with `events`), `study` (with `screen`), `counts`. All may be missing.
    quality : pandas.DataFrame, optional
        One row a reading: `rate_hz`, `loss`, `rms_s2s_deg`, `sd_deg`, as far as known.
    models : mapping of str to str, optional
        Formula and family of each model, by name.
    reported : mapping of str to str, optional
        Sentences of the authors, by the keys of `REPORTING_ITEMS`.

    Returns
    -------
    str
        Paragraphs with an empty line between. The last one lists what is still missing.

    Raises
    ------
    ValueError
        If a key of `reported` is not known.

    Examples
    --------
    >>> print(methods_text({"settings": {"events": {"detector": "ivt", "method": "I-VT", "speed_deg_s": 30.0}}},
    ...                    reported=dict.fromkeys(REPORTING_ITEMS, "Stated.")))
    Stated. Stated. Stated. Stated. Stated. Stated. Stated. Stated. Stated.
    <BLANKLINE>
    Fixations and saccades were found by I-VT, with speed 30 deg/s.

    References
    ----------
    Dunn, M. J., et al. (2023). Minimal reporting guideline for research involving eye tracking. Behavior Research
    Methods. doi:10.3758/s13428-023-02187-1
    """
    sentences = dict(reported or {})
    unknown = [name for name in sentences if name not in REPORTING_ITEMS]
    if unknown:
        raise ValueError(f"reported: expected the keys {', '.join(REPORTING_ITEMS)}; got {unknown[0]!r}")
    study = provenance.get("study", {})
    recording = [*sentences.values(), *_screen(study.get("screen")), *_quality(quality)]
    paragraphs = [
        " ".join(sentence.strip() for sentence in recording),
        _events(provenance.get("settings", {}).get("events", {})),
        _models(models or {}),
        _software(provenance),
        _missing([text for name, text in REPORTING_ITEMS.items() if name not in sentences]),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _screen(screen: Mapping[str, float] | None) -> list[str]:
    if not screen:
        return []
    geometry = Screen(**screen)
    viewing = geometry.viewing()
    across = float(viewing.angle(0, geometry.height_px / 2, geometry.width_px, geometry.height_px / 2))
    down = float(viewing.angle(geometry.width_px / 2, 0, geometry.width_px / 2, geometry.height_px))
    return [
        f"Images were shown on a screen of {geometry.width_mm:g} × {geometry.height_mm:g} mm "
        f"({geometry.width_px:g} × {geometry.height_px:g} px) at {geometry.distance_mm:g} mm, "
        f"{across:.1f} × {down:.1f} deg of visual angle."
    ]


def _quality(quality: pd.DataFrame | None) -> list[str]:
    if quality is None or not len(quality):
        return []
    parts = []
    if "rate_hz" in quality:
        parts.append(f"Gaze was sampled at {_middle(quality['rate_hz'], 1)} Hz.")
    if "loss" in quality:
        parts.append(f"The median reading lost {_middle(100 * quality['loss'], 1, '%')} of its samples.")
    precision = [
        f"{_middle(quality[column], 2)} deg ({name})"
        for column, name in (("rms_s2s_deg", "RMS-S2S"), ("sd_deg", "SD"))
        if column in quality and quality[column].notna().any()
    ]
    if precision:
        parts.append(
            f"Precision in {format_count(len(quality))} readings was {' and '.join(precision)}; medians, quartiles."
        )
    return parts


def _middle(values: pd.Series, decimals: int, unit: str = "") -> str:
    low, middle, high = (f"{value:.{decimals}f}" for value in np.nanquantile(values.to_numpy(float), [0.25, 0.5, 0.75]))
    return f"{middle}{unit}" if low == high else f"{middle}{unit} [{low}, {high}]"


def _events(settings: Mapping[str, Any]) -> str:
    if not settings:
        return ""
    how = settings.get("method", f"the detector “{settings.get('detector', 'not stated')}”")
    values = ", ".join(_with_unit(key, value) for key, value in settings.items() if key not in ("detector", "method"))
    return f"Fixations and saccades were found by {how}" + (f", with {values}." if values else ".")


def _with_unit(key: str, value: object) -> str:
    for suffix, unit in _UNITS:
        if key.endswith(suffix):
            return f"{key.removesuffix(suffix).replace('_', ' ')} {_plain(value)} {unit}"
    return f"{key.replace('_', ' ')} {_plain(value)}"


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _models(models: Mapping[str, str]) -> str:
    if not models:
        return ""
    listed = "; ".join(f"{name}: {formula}" for name, formula in models.items())
    return f"Outcomes were modelled with readers and cases as crossed random effects ({listed})."


def _software(provenance: Mapping[str, Any]) -> str:
    version = provenance.get("gazeanalytics")
    if not version:
        return ""
    libraries = ", ".join(f"{name} {number}" for name, number in provenance.get("libraries", {}).items())
    python = f"Python {provenance['python']}" if "python" in provenance else ""
    inside = "; ".join(part for part in (python, libraries) if part)
    seed = f", random seed {provenance['seed']}" if "seed" in provenance else ""
    return f"The analysis was run with gazeanalytics {version}" + (f" ({inside})" if inside else "") + f"{seed}."


def _missing(items: list[str]) -> str:
    return f"Still to be reported by the authors (Dunn et al., 2023): {'; '.join(items)}." if items else ""
