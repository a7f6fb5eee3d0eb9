"""Search strategies: whether they are there, types or a continuum, what they are and who uses them."""

from gazeanalytics.strategies.archetypes import Archetypes
from gazeanalytics.strategies.axes import Axes
from gazeanalytics.strategies.fit import Strategies
from gazeanalytics.strategies.mixtures import Mixture
from gazeanalytics.strategies.multiverse import multiverse
from gazeanalytics.strategies.nulls import Existence
from gazeanalytics.strategies.partitions import Partition
from gazeanalytics.strategies.scaling import Scaling
from gazeanalytics.strategies.search import Settings

__all__ = ["Archetypes", "Axes", "Existence", "Mixture", "Partition", "Scaling", "Settings", "Strategies", "multiverse"]
