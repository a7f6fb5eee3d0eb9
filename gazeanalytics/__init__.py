"""From where radiologists look to how they reason: events, scanpaths, strategies, traces, models, tables, figures.

The rooms are imported when first used, so that `import gazeanalytics` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_ROOMS = (
    "events",
    "expressions",
    "gaze",
    "geometry",
    "io",
    "ragged",
    "readings",
    "reasoning",
    "report",
    "simulate",
    "stats",
    "strategies",
    "study",
    "tables",
)

# The steps of every day, from raw gaze to a model: where each lives, and under which name.
_DAILY = {
    "analyse": ("study", "analyse"),
    "detect": ("events", "detect"),
    "features": ("gaze", "scanpath_features"),
    "label": ("reasoning", "label_findings"),
    "mixed": ("stats", "mixed"),
    "open_study": ("study", "open_study"),
}

__all__ = ["__version__", *_DAILY, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _DAILY:
        room, verb = _DAILY[name]
        return getattr(importlib.import_module(f"{__name__}.{room}"), verb)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
