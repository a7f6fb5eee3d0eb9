"""A study: a folder of tables and `study.toml`; open it, check it, analyse it, resume.

Names come when first used: to check a study's files needs none of the rooms that analyse them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gazeanalytics.study.analysis import Analysis, analyse
    from gazeanalytics.study.config import ModelConfig, StudyConfig, read_config
    from gazeanalytics.study.models import default_models, fit_models, model_frame
    from gazeanalytics.study.steps import detect_events, find_strategies, label_traces, measure_features, meet
    from gazeanalytics.study.study import Study, open_study

_HOME = {
    "analysis": ("Analysis", "analyse"),
    "config": ("ModelConfig", "StudyConfig", "read_config"),
    "models": ("default_models", "fit_models", "model_frame"),
    "steps": ("detect_events", "find_strategies", "label_traces", "measure_features", "meet"),
    "study": ("Study", "open_study"),
}

__all__ = [
    "Analysis",
    "ModelConfig",
    "Study",
    "StudyConfig",
    "analyse",
    "default_models",
    "detect_events",
    "find_strategies",
    "fit_models",
    "label_traces",
    "measure_features",
    "meet",
    "model_frame",
    "open_study",
    "read_config",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
