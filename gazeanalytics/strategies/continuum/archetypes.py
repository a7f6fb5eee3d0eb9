"""Archetypal analysis: the extremes that readings of a continuum are mixtures of, with each reading's share in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from gazeanalytics._kernels.strategies import archetypes as kernels
from gazeanalytics.saved_models import Array, Frame, Nested, Part, SettingsOf, Value
from gazeanalytics.settings import Settings
from gazeanalytics.strategies.base import FittedModel
from gazeanalytics.strategies.clustering.mixtures import principal
from gazeanalytics.strategies.scaling import Scaling, canonical, reading_column, spread_ties
from gazeanalytics.tables import check
from gazeanalytics.threads import one_thread

__all__ = ["ArchetypeSettings", "Archetypes"]

_MAX_ITER = 500
_TOLERANCE = 1e-5
_MIN_READINGS = 50
# Another archetype must explain at least so much more of the variance, or the number before is taken.
_MIN_GAIN = 0.05


@dataclass(frozen=True, slots=True)
class ArchetypeSettings(Settings):
    """Settings of an archetypal analysis.

    Attributes
    ----------
    n_archetypes : int, optional
        How many; default the last number up to `max_archetypes` that explains 5 % more of the variance than the one
        before.
    max_archetypes : int
        Greatest number tried.
    max_readings : int
        Readings that archetypes are learned from; with more, a random subsample.
    n_starts : int
        Random starts for each number.

    Examples
    --------
    >>> ArchetypeSettings(n_archetypes=4).max_readings
    4000
    """

    n_archetypes: int | None = None
    max_archetypes: int = 6
    max_readings: int = 4000
    n_starts: int = 3

    def __post_init__(self) -> None:
        if self.n_archetypes is not None and self.n_archetypes < 1:
            raise ValueError(f"n_archetypes must be at least 1; got {self.n_archetypes}")
        for name, least in (("max_archetypes", 2), ("max_readings", _MIN_READINGS), ("n_starts", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}; got {getattr(self, name)}")

    def tried(self) -> list[int]:
        """Return the numbers of archetypes to try."""
        return list(range(2, self.max_archetypes + 1)) if self.n_archetypes is None else [self.n_archetypes]


@dataclass(frozen=True, slots=True)
class Archetypes(FittedModel):
    """Archetypes: extremes, themselves averages of readings, of which every reading is nearly a weighted average.

    Make them with `Archetypes.fit` (archetypal analysis). On a continuum their shares say where on it a reading lies;
    they name no types.

    Attributes
    ----------
    settings : ArchetypeSettings
        Every choice made.
    scaling : Scaling
        How features are made comparable.
    mean, directions : numpy.ndarray, shapes (features,) and (features, d)
        Principal components in which archetypes are found.
    corners : numpy.ndarray, shape (archetypes, d)
        Place of each archetype on them.
    explained : pandas.DataFrame
        How much of the variance each number of archetypes explained: archetypes, explained (in all features), chosen.
    exemplars : tuple
        The reading nearest to each archetype.

    References
    ----------
    Cutler & Breiman (1994), Technometrics 36. Mørup & Hansen (2012), Neurocomputing 80: the starts.

    See Also
    --------
    StrategyModel : says first whether there is a continuum at all.

    Examples
    --------
    On a line between two extremes, each share is the place on the line:

    >>> place = np.linspace(0, 1, 60)
    >>> features = pd.DataFrame({"reading": range(60), "dwell": place, "revisits": 3 - 2 * place + 0.1 * place % 0.02})
    >>> found = Archetypes.fit(features, settings=ArchetypeSettings(n_archetypes=2), rng=1)
    >>> shares = found.scores(features)
    >>> shares.loc[[0, 59], ["archetype 1", "archetype 2"]].max(axis=1).round(1).tolist()
    [1.0, 1.0]
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "settings": SettingsOf(ArchetypeSettings),
        "scaling": Nested(Scaling),
        "mean": Array(("features",)),
        "directions": Array(("features", "components")),
        "corners": Array(("archetypes", "components")),
        "explained": Frame({"archetypes": "i", "explained": "f", "chosen": "b"}),
        "exemplars": Value(tuple[int | float | str, ...], size="archetypes"),
    }
    settings: ArchetypeSettings
    scaling: Scaling
    mean: np.ndarray
    directions: np.ndarray
    corners: np.ndarray
    explained: pd.DataFrame
    exemplars: tuple

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        *,
        columns: Sequence[str] | None = None,
        settings: ArchetypeSettings | Mapping[str, Any] | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> Self:
        """Find archetypes.

        Parameters
        ----------
        features : pandas.DataFrame
            Features table.
        columns : sequence of str, optional
            Feature columns to use; default every numeric one.
        settings : ArchetypeSettings or mapping, optional
            Default: `ArchetypeSettings()`.
        rng : int, numpy.random.Generator or None
            Seed. Same seed, same readings: same result, in any row order.

        Raises
        ------
        ValueError
            With fewer than 50 readings.

        Examples
        --------
        Readings between three corners have three archetypes:

        >>> rng = np.random.default_rng(2)
        >>> values = rng.dirichlet([0.7] * 3, size=400) @ (6 * np.eye(3, 5)) + 0.1 * rng.normal(size=(400, 5))
        >>> features = pd.DataFrame(values, columns=list("abcde"))
        >>> features.insert(0, "reading", range(400))
        >>> found = Archetypes.fit(features, columns=["a", "b", "c"], rng=1)
        >>> found.names
        ('archetype 1', 'archetype 2', 'archetype 3')
        >>> round(float(found.scores(features).filter(like="archetype").sum(axis=1).mean()), 6)
        1.0
        """
        chosen = ArchetypeSettings.given(settings)
        rng = np.random.default_rng(rng)
        features = features.iloc[canonical(features)]
        scaling = Scaling.fit(features, columns=columns, method="power")
        points, usable = scaling.apply(spread_ties(features, scaling.names, rng=rng))
        rows = np.flatnonzero(usable)
        if len(rows) < _MIN_READINGS:
            raise ValueError(f"archetypes need at least {_MIN_READINGS} readings with enough features; got {len(rows)}")
        if len(rows) > chosen.max_readings:
            rows = np.sort(rng.choice(rows, chosen.max_readings, replace=False))
        with one_thread():
            mean, directions = principal(points[rows], max_components=chosen.max_archetypes)
            seen = np.ascontiguousarray((points[rows] - mean) @ directions)
            total = ((points[rows] - mean) ** 2).sum()
            hidden = total - (seen**2).sum()
            corners, explained = _choose(seen, chosen, rng, hidden / total)
        nearest = ((seen[None] - corners[:, None]) ** 2).sum(axis=2).argmin(axis=1)
        who = tuple(features["reading"].iloc[rows[nearest]].tolist())
        return cls(chosen, scaling, mean, directions, corners, explained, who)

    @property
    def names(self) -> tuple[str, ...]:
        """Names, by falling mean share."""
        return tuple(f"archetype {number + 1}" for number in range(len(self.corners)))

    def scores(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return each reading's share in each archetype: reading, archetype 1, archetype 2, ..., distance.

        Shares add up to 1; as covariates of a model, leave one out. `distance` is how far the reading lies from the
        average that its shares make, in units of the scaled features.
        """
        points, usable = self.scaling.apply(features)
        with one_thread():
            seen = np.ascontiguousarray((points - self.mean) @ self.directions)
            shares = np.full((len(seen), len(self.corners)), 1 / len(self.corners))
            kernels.convex_shares(seen, self.corners, shares, _MAX_ITER)
            distance = np.sqrt(((seen - shares @ self.corners) ** 2).sum(axis=1))
        shares[~usable], distance[~usable] = np.nan, np.nan
        columns = dict(zip(self.names, shares.T, strict=True))
        return check(pd.DataFrame({"reading": reading_column(features), **columns, "distance": distance}), "features")

    def profile(self) -> pd.DataFrame:
        """Return where each archetype lies, one row an archetype x feature: archetype, feature, place.

        The place is in standard deviations of the scaled feature from its mean.
        """
        places = self.corners @ self.directions.T + self.mean
        return pd.DataFrame(
            {
                "archetype": np.repeat(self.names, len(self.scaling.names)),
                "feature": np.tile(self.scaling.names, len(self.names)),
                "place": places.ravel(),
            }
        )


def _choose(
    seen: np.ndarray, settings: ArchetypeSettings, rng: np.random.Generator, hidden: float
) -> tuple[np.ndarray, pd.DataFrame]:
    """Corners of the number chosen, and what each number explained; `hidden` is the variance outside the components."""
    fits = {number: _fit(seen, number, settings.n_starts, rng) for number in settings.tried()}
    explained = {number: (1 - hidden) * (1 - left / (seen**2).sum()) for number, (_, left) in fits.items()}
    # The elbow of Cutler & Breiman as a rule, so that it doesn't depend on who looks at the curve.
    chosen = min(fits)
    while chosen + 1 in fits and explained[chosen + 1] - explained[chosen] >= _MIN_GAIN:
        chosen += 1
    table = pd.DataFrame({"archetypes": list(explained), "explained": list(explained.values())})
    return fits[chosen][0], table.assign(chosen=table["archetypes"] == chosen)


def _fit(seen: np.ndarray, count: int, n_starts: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Best of a few starts: corners by falling mean share, and the squared distance that is left."""
    fits = []
    for _ in range(n_starts):
        corners = seen[_far_apart(seen, count, rng)]
        shares, left, _ = kernels.fit_archetypes(seen, corners, _TOLERANCE, _MAX_ITER)
        fits.append((left, corners, shares))
    left, corners, shares = min(fits, key=lambda fit: fit[0])
    return corners[np.argsort(-shares.mean(axis=0), kind="stable")], left


def _far_apart(seen: np.ndarray, count: int, rng: np.random.Generator) -> list[int]:
    """Rows of readings far from one another: each the farthest from the others in turn (Mørup & Hansen 2012)."""
    # Twice around: the first reading is drawn anywhere and drops out.
    rows = [int(rng.integers(len(seen)))]
    while len(rows) < 2 * count:
        reach = sum(np.sqrt(((seen - seen[row]) ** 2).sum(axis=1)) for row in rows[-count + 1 :])
        rows.append(int(np.argmax(reach)))
    return rows[-count:]
