"""A study: a folder of tables and `study.toml`; open it, check it, analyse it, resume.

Names are imported when first used: to check a study's files needs none of the rooms that analyse them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gazeanalytics.study.analyses import registry
    from gazeanalytics.study.analyses.calls import calls_of
    from gazeanalytics.study.analyses.events import detect_events
    from gazeanalytics.study.analyses.features import measure_features
    from gazeanalytics.study.analyses.findings import label_traces
    from gazeanalytics.study.analyses.models import fit_models
    from gazeanalytics.study.analyses.readings import join_readings
    from gazeanalytics.study.analyses.strategies import find_archetypes, find_strategies
    from gazeanalytics.study.analysis import Analysis, Part
    from gazeanalytics.study.config import ModelConfig, StudyConfig, read_config
    from gazeanalytics.study.estimands import default_models, model_frame
    from gazeanalytics.study.planning import Planned, plan
    from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
    from gazeanalytics.study.run import analyse
    from gazeanalytics.study.scanning import scan
    from gazeanalytics.study.sharing import share
    from gazeanalytics.study.study import Study, open_study
    from gazeanalytics.study.verifying import completed, replay, verify

_HOME = {
    "analyses": ("registry",),
    "analyses.calls": ("calls_of",),
    "analyses.events": ("detect_events",),
    "analyses.features": ("measure_features",),
    "analyses.findings": ("label_traces",),
    "analyses.models": ("fit_models",),
    "analyses.readings": ("join_readings",),
    "analyses.strategies": ("find_archetypes", "find_strategies"),
    "analysis": ("Analysis", "Part"),
    "config": ("ModelConfig", "StudyConfig", "read_config"),
    "estimands": ("default_models", "model_frame"),
    "planning": ("Planned", "plan"),
    "result": ("NotPossibleError", "Outcome", "StudyResult"),
    "run": ("analyse",),
    "scanning": ("scan",),
    "sharing": ("share",),
    "study": ("Study", "open_study"),
    "verifying": ("completed", "replay", "verify"),
}

__all__ = [
    "Analysis",
    "ModelConfig",
    "NotPossibleError",
    "Outcome",
    "Part",
    "Planned",
    "Study",
    "StudyConfig",
    "StudyResult",
    "analyse",
    "calls_of",
    "completed",
    "default_models",
    "detect_events",
    "find_archetypes",
    "find_strategies",
    "fit_models",
    "join_readings",
    "label_traces",
    "measure_features",
    "model_frame",
    "open_study",
    "plan",
    "read_config",
    "registry",
    "replay",
    "scan",
    "share",
    "verify",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
