"""Models and their inference: crossed mixed models."""

from gazeanalytics.stats.design import ModelError
from gazeanalytics.stats.mixed import mixed
from gazeanalytics.stats.results import MixedFit

__all__ = ["MixedFit", "ModelError", "mixed"]
