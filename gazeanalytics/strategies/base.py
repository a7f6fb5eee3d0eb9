"""The base of every fitted model of this room: fit, posterior, assign, settings, save and load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.saved_models import Part, write_model
from gazeanalytics.saved_models.model_file import read_model
from gazeanalytics.settings import Settings
from gazeanalytics.tables import InputError, check

__all__ = ["FittedClustering", "FittedModel"]


class FittedModel(Brief):
    """A model that was fitted once and doesn't change: `fit` makes it, `save` keeps it, `load` reads it again.

    Subclasses are frozen dataclasses. They list their fields in `PARTS`, from which files are written and checked.

    Attributes
    ----------
    fit : callable
        Class method of each model that takes its tables and settings.
    settings : Settings
        Every choice of the fit.

    Examples
    --------
    A file of another model is one sentence:

    >>> import tempfile
    >>> from gazeanalytics.strategies import Archetypes, StrategyModel
    >>> features = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 3)), columns=list("abc"))
    >>> features.insert(0, "reading", range(60))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Archetypes.fit(features, settings={"n_archetypes": 2}, rng=1).save(f"{folder}/found.npz")
    ...     print(Archetypes.load(f"{folder}/found.npz").names)
    ...     try:
    ...         StrategyModel.load(f"{folder}/found.npz")
    ...     except InputError as error:
    ...         print(str(error).removeprefix(folder))
    ('archetype 1', 'archetype 2')
    /found.npz: expected a model saved with StrategyModel.save
    """

    __slots__ = ()
    PARTS: ClassVar[Mapping[str, Part]]
    fit: ClassVar[Callable[..., FittedModel]]
    settings: Settings

    def save(self, path: str | Path) -> None:
        """Write the model to one .npz file of plain arrays and JSON text (no pickle).

        Parameters
        ----------
        path : str or path
            The same model gives the same bytes.

        See Also
        --------
        load : read it again.
        """
        write_model(path, type(self).__name__, self, self.PARTS)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model that `save` wrote, all of it checked.

        Parameters
        ----------
        path : str or path
            Nothing in the file is run; it may come from anyone.

        Raises
        ------
        InputError
            If the file is damaged, too large, of another format or another model: one sentence that says what is wrong.
        """
        fields = read_model(path, cls.__name__, cls.PARTS)
        try:
            model = cls(**fields)
            model._check_loaded()
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}: {error}") from None
        return model

    def _check_loaded(self) -> None:
        """Raise a ValueError where parts don't fit together in a way that no part can see alone."""


class FittedClustering(FittedModel):
    """A fitted model that places readings in groups: `posterior` gives their probabilities, `assign` the likeliest one.

    Attributes
    ----------
    names : tuple of str
        Names of the groups by falling size.
    posterior : callable
        Method that takes the tables of readings, of the fit or new ones; returns reading, and one column a group.
    assign : callable
        Method that takes the same; returns the strategies table of the readings: reading, strategy, strength.

    Examples
    --------
    Whatever the model, the answer is a strategies table:

    >>> from gazeanalytics.strategies import Clustering, FittedClustering, HMMClustering, MarkovMixture
    >>> [issubclass(model, FittedClustering) for model in (Clustering, HMMClustering, MarkovMixture)]
    [True, True, True]
    """

    __slots__ = ()
    names: tuple[str, ...]
    posterior: ClassVar[Callable[..., pd.DataFrame]]
    assign: ClassVar[Callable[..., pd.DataFrame]]

    def _likeliest(self, posterior: pd.DataFrame) -> pd.DataFrame:
        """Strategies table from posterior probabilities: the likeliest group of each reading; missing where unknown."""
        member = posterior[list(self.names)].to_numpy(float)
        known = np.asarray(np.isfinite(member).all(axis=1) & (member.shape[1] > 0))
        filled = np.where(known[:, None], member, 0.0)
        # Ties go to the first, the larger group.
        code = np.where(known, filled.argmax(axis=1), -1)
        strength = np.where(known, filled.max(axis=1), np.nan)
        return strategies_table(posterior["reading"].array, code, strength, self.names)


def strategies_table(reading: Any, code: np.ndarray, strength: np.ndarray, names: tuple[str, ...]) -> pd.DataFrame:
    """Return a strategies table: the number of each reading's group (-1 for none) and how sure that is."""
    strategy = pd.Categorical.from_codes(code, categories=pd.Index(names))
    table = pd.DataFrame({"reading": reading, "strategy": strategy, "strength": strength.clip(0, 1)})
    return check(table, "strategies")
