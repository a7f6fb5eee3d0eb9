"""From where radiologists look to how they reason: events, scanpaths, strategies, traces, models, tables, figures.

The rooms are imported when first used, so that `import gazeanalytics` costs next to nothing.
"""

from __future__ import annotations

import importlib
from types import ModuleType

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

__all__ = ["__version__", *_ROOMS]


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
