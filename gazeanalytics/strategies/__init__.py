"""Search strategies: whether they are there, types or a continuum, what they are and who uses them."""

from gazeanalytics.strategies.axes import Axes
from gazeanalytics.strategies.fit import Strategies
from gazeanalytics.strategies.mixtures import Mixture
from gazeanalytics.strategies.nulls import Existence
from gazeanalytics.strategies.scaling import Scaling
from gazeanalytics.strategies.search import Settings

__all__ = ["Axes", "Existence", "Mixture", "Scaling", "Settings", "Strategies"]
