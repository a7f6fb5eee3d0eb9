"""Archetypes: the extremes that readings of a continuum are mixtures of, with each reading's share in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics._kernels.strategies import archetypes as kernels
from gazeanalytics.strategies.clustering.mixtures import principal
from gazeanalytics.strategies.scaling import Scaling, canonical, reading_column, spread_ties
from gazeanalytics.strategies.serialization import read, scaling_arrays, scaling_from, scaling_words, write
from gazeanalytics.tables import check
from gazeanalytics.threads import one_thread

__all__ = ["Archetypes"]

_ROUNDS = 500
_TOLERANCE = 1e-5
_STARTS = 3
# Another archetype must tell at least so much more of the variance, or the number before is taken.
_WORTH = 0.05
_FORMAT = "gazeanalytics archetypes 1"


@dataclass(frozen=True, slots=True)
class Archetypes:
    """Extreme readings, themselves averages of readings, of which every reading is nearly a weighted average.

    Make them with `Archetypes.fit` (Cutler & Breiman 1994). On a continuum their shares say where on it a reading
    lies; they name no types.

    Attributes
    ----------
    scaling : Scaling
        How features are made comparable.
    mean, directions : numpy.ndarray, shapes (features,) and (features, d)
        Principal components in which archetypes are told.
    corners : numpy.ndarray, shape (archetypes, d)
        Place of each archetype on them.
    explained : pandas.DataFrame
        What each number of archetypes told of the variance: archetypes, explained (in all features), chosen.
    exemplars : tuple
        The reading nearest to each archetype.
    """

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
        count: int | None = None,
        names: Sequence[str] | None = None,
        most: int = 6,
        most_readings: int = 4000,
        rng: int | np.random.Generator | None = None,
    ) -> Archetypes:
        """Find archetypes.

        Parameters
        ----------
        features : pandas.DataFrame
            Features table.
        count : int, optional
            How many; default the last number up to `most` that tells 5 % more of the variance than the one before.
        names : sequence of str, optional
            Feature columns to use; default every numeric one.
        most : int
            Greatest number tried.
        most_readings : int
            Readings that archetypes are learned from; with more, a random subsample.
        rng : int, numpy.random.Generator or None
            Seed. Same seed, same readings: same result, in any row order.

        Examples
        --------
        Readings between three corners are told by three archetypes:

        >>> rng = np.random.default_rng(2)
        >>> values = rng.dirichlet([0.7] * 3, size=400) @ (6 * np.eye(3, 5)) + 0.1 * rng.normal(size=(400, 5))
        >>> features = pd.DataFrame(values, columns=list("abcde"))
        >>> features.insert(0, "reading", range(400))
        >>> found = Archetypes.fit(features, names=["a", "b", "c"], rng=1)
        >>> found.names
        ('archetype 1', 'archetype 2', 'archetype 3')
        >>> round(float(found.scores(features).filter(like="archetype").sum(axis=1).mean()), 6)
        1.0
        """
        rng = np.random.default_rng(rng)
        features = features.iloc[canonical(features)]
        scaling = Scaling.fit(features, names=names, method="power")
        points, usable = scaling.apply(spread_ties(features, scaling.names, rng=rng))
        rows = np.flatnonzero(usable)
        if len(rows) < 50:
            raise ValueError(f"archetypes need at least 50 readings with enough features; came {len(rows)}")
        if len(rows) > most_readings:
            rows = np.sort(rng.choice(rows, most_readings, replace=False))
        with one_thread():
            mean, directions = principal(points[rows], most=most)
            seen = np.ascontiguousarray((points[rows] - mean) @ directions)
            total = ((points[rows] - mean) ** 2).sum()
            hidden = total - (seen**2).sum()
            corners, told = _choose(seen, count, most, rng, hidden / total)
        nearest = ((seen[None] - corners[:, None]) ** 2).sum(axis=2).argmin(axis=1)
        who = tuple(features["reading"].iloc[rows[nearest]].tolist())
        return cls(scaling, mean, directions, corners, told, who)

    @property
    def names(self) -> tuple[str, ...]:
        """Names, by falling mean share."""
        return tuple(f"archetype {number + 1}" for number in range(len(self.corners)))

    def scores(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return each reading's share in each archetype: reading, archetype 1, archetype 2, ...; they add up to 1.

        As covariates of a model, leave one out: each is 1 minus the others. `distance` is how far the reading lies
        from what its shares make of it, in units of the scaled features.
        """
        points, usable = self.scaling.apply(features)
        with one_thread():
            seen = np.ascontiguousarray((points - self.mean) @ self.directions)
            shares = np.full((len(seen), len(self.corners)), 1 / len(self.corners))
            kernels.convex_shares(seen, self.corners, shares, _ROUNDS)
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

    def save(self, path: str | Path) -> None:
        """Write everything to one .npz file of plain arrays and JSON text (no pickle)."""
        words = {
            "scaling": scaling_words(self.scaling),
            "explained": self.explained.to_dict("list"),
            "exemplars": self.exemplars,
        }
        arrays = {name: getattr(self, name) for name in ("mean", "directions", "corners")}
        write(path, _FORMAT, words, scaling_arrays(self.scaling) | arrays)

    @classmethod
    def load(cls, path: str | Path) -> Archetypes:
        """Read what `save` wrote."""
        words, arrays = read(path, _FORMAT, "archetypes")
        return cls(
            scaling_from(words["scaling"], arrays),
            arrays["mean"],
            arrays["directions"],
            arrays["corners"],
            pd.DataFrame(words["explained"]),
            tuple(words["exemplars"]),
        )


def _choose(
    seen: np.ndarray, count: int | None, most: int, rng: np.random.Generator, hidden: float
) -> tuple[np.ndarray, pd.DataFrame]:
    tried = range(2, most + 1) if count is None else (count,)
    fits = {number: _fit(seen, number, rng) for number in tried}
    explained = {number: (1 - hidden) * (1 - left / (seen**2).sum()) for number, (_, left) in fits.items()}
    chosen = min(fits)
    while chosen + 1 in fits and explained[chosen + 1] - explained[chosen] >= _WORTH:
        chosen += 1
    told = pd.DataFrame({"archetypes": list(explained), "explained": list(explained.values())})
    return fits[chosen][0], told.assign(chosen=told["archetypes"] == chosen)


def _fit(seen: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Best of a few starts: corners by falling mean share, and the squared distance that is left."""
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for _ in range(_STARTS):
        corners = seen[_far_apart(seen, count, rng)]
        shares, left, _ = kernels.fit_archetypes(seen, corners, _TOLERANCE, _ROUNDS)
        if best is None or left < best[0]:
            best = left, corners, shares
    assert best is not None
    left, corners, shares = best
    return corners[np.argsort(-shares.mean(axis=0), kind="stable")], left


def _far_apart(seen: np.ndarray, count: int, rng: np.random.Generator) -> list[int]:
    """Rows of readings far from one another: each the farthest from the others in turn (Mørup & Hansen 2012)."""
    rows = [int(rng.integers(len(seen)))]
    while len(rows) < 2 * count:
        reach = sum(np.sqrt(((seen - seen[row]) ** 2).sum(axis=1)) for row in rows[-count + 1 :])
        rows.append(int(np.argmax(reach)))
    return rows[-count:]
