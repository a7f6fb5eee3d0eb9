"""Strategies as mixtures of Markov chains over regions: from where to where readers go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics._kernels.strategies import markov_mixture as kernels
from gazeanalytics.strategies.markov.hmm import read, write
from gazeanalytics.strategies.markov.sequences import sortable
from gazeanalytics.tables import check

__all__ = ["ChainMixture"]

_FORMAT = "gazeanalytics mixture of chains 1"
_ROUNDS, _TOLERANCE = 500, 1e-9


@dataclass(frozen=True, slots=True)
class ChainMixture:
    """First-order Markov chains over regions, each followed by a share of the readings. Make one with `fit`.

    Attributes
    ----------
    names : tuple of str
        "strategy 1", "strategy 2", ... by falling share.
    regions : tuple of str
        Names of the regions, sorted.
    shares : numpy.ndarray, shape (groups,)
    start : numpy.ndarray, shape (groups, regions)
    move : numpy.ndarray, shape (groups, regions, regions)
        From row to column.
    choices : pandas.DataFrame
        What every number of groups gave: groups, log_likelihood, parameters, bic, agreeing (starts that ended within
        0.01 of the best), chosen.
    readings : int
        Readings with a visit that the chains were learned from.

    Notes
    -----
    The BIC chooses as many chains as describe the readings well, whether they are types or pieces of a continuum (or
    of the differences between cases). How far the same chains come back is told by fits to halves of the readers.
    """

    names: tuple[str, ...]
    regions: tuple[str, ...]
    shares: np.ndarray
    start: np.ndarray
    move: np.ndarray
    choices: pd.DataFrame
    readings: int

    @classmethod
    def fit(
        cls,
        visits: pd.DataFrame,
        *,
        groups: int | Sequence[int] = (1, 2, 3, 4, 5, 6),
        starts: int = 20,
        pseudo: float | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> ChainMixture:
        """Learn how many chains there are, and which.

        Parameters
        ----------
        visits : pandas.DataFrame
            A visits table.
        groups : int or sequence of int
            Number of chains, or several of which the BIC chooses.
        starts : int
            Random memberships to start from.
        pseudo : float, optional
            Counts that each start and each transition is given beforehand; default 1 / regions, so that a row weighs
            one observation.
        rng : int, numpy.random.Generator or None
            Seed. Same seed, same readings: same chains, in any row order.

        Raises
        ------
        ValueError
            With fewer readings than chains, or a visit to a region without a name.

        Examples
        --------
        Twenty readers go round (a, b, c), ten the other way:

        >>> walks = [list("abcabcabc")] * 20 + [list("cbacbacba")] * 10
        >>> visits = pd.DataFrame({"reading": np.repeat(np.arange(30), 9), "onset": np.tile(np.arange(9.0), 30),
        ...                        "region": sum(walks, []), "duration": 250.0, "fixations": 1})
        >>> found = ChainMixture.fit(visits, rng=1)
        >>> found.names, found.shares.round(2).tolist()
        (('strategy 1', 'strategy 2'), [0.67, 0.33])
        >>> found.table().query("strategy == 'strategy 1' and origin == 'a'")[["region", "probability"]].round(2)
          region  probability
        0      a         0.01
        1      b         0.99
        2      c         0.01
        """
        check(visits, "visits")
        rng = np.random.default_rng(rng)
        tried = [groups] if isinstance(groups, int) else list(groups)
        regions = tuple(sorted(map(str, visits["region"].unique())))
        codes, edges, _ = _packed(visits, regions)
        count = len(edges) - 1
        if not tried or min(tried) < 1 or max(tried) > count:
            raise ValueError(f"groups must be between 1 and the {count} readings with visits; came {groups}")
        pseudo = 1 / len(regions) if pseudo is None else pseudo
        fits = [_best(codes, edges, len(regions), k, starts, pseudo, rng) for k in tried]
        free = _free(codes, edges, len(regions))
        choices = pd.DataFrame(
            {
                "groups": tried,
                "log_likelihood": [fit.likelihood for fit in fits],
                "parameters": [k * free + k - 1 for k in tried],
                "agreeing": [fit.agreeing for fit in fits],
            }
        )
        choices.insert(3, "bic", choices["parameters"] * np.log(count) - 2 * choices["log_likelihood"])
        best = int(choices["bic"].to_numpy().argmin())
        chosen = fits[best]
        order = np.argsort(-chosen.shares, kind="stable")
        return cls(
            tuple(f"strategy {number + 1}" for number in range(len(order))),
            regions,
            chosen.shares[order],
            chosen.start[order],
            chosen.move[order],
            choices.assign(chosen=np.arange(len(tried)) == best),
            count,
        )

    def assign(self, visits: pd.DataFrame) -> pd.DataFrame:
        """Give each reading with visits the chain that it follows most likely.

        Returns
        -------
        pandas.DataFrame
            Strategies table in the order in which readings come first in `visits`: reading, strategy, strength. Visits
            to regions that the chains don't know are passed over; a reading with no other has no strategy.
        """
        check(visits, "visits")
        codes, edges, place = _packed(visits, self.regions)
        member = np.empty((len(edges) - 1, len(self.names)))
        kernels.weigh(codes, edges, np.log(self.shares), np.log(self.start), np.log(self.move), member)
        first = visits.drop_duplicates("reading")
        row = pd.Index(place).get_indexer(pd.Index(sortable(first["reading"])))
        strategy = np.where(row >= 0, member.argmax(axis=1)[row] if len(member) else -1, -1)
        strength = np.where(row >= 0, member.max(axis=1)[row] if len(member) else np.nan, np.nan)
        table = pd.DataFrame(
            {
                "reading": first["reading"].array,
                "strategy": pd.Categorical.from_codes(strategy, categories=pd.Index(self.names)),
                "strength": strength.clip(0, 1),
            }
        )
        return check(table, "strategies")

    def table(self) -> pd.DataFrame:
        """Return one row a strategy, region and next region: strategy, origin, region, probability, start (of it)."""
        groups, r = self.start.shape
        return pd.DataFrame(
            {
                "strategy": np.repeat(self.names, r * r),
                "origin": np.tile(np.repeat(self.regions, r), groups),
                "region": np.tile(self.regions, groups * r),
                "probability": self.move.ravel(),
                "start": np.repeat(self.start, r, axis=0).ravel(),
            }
        )

    def save(self, path: str | Path) -> None:
        """Write the chains to one .npz file of plain arrays and JSON text (no pickle)."""
        plainly = {
            "format": _FORMAT,
            "names": self.names,
            "regions": self.regions,
            "choices": self.choices.to_dict("list"),
            "readings": self.readings,
        }
        write(path, plainly, {"shares": self.shares, "start": self.start, "move": self.move})

    @classmethod
    def load(cls, path: str | Path) -> ChainMixture:
        """Read what `save` wrote; another file is a ValueError."""
        plainly, arrays = read(path, _FORMAT, "a mixture of chains", "ChainMixture.save")
        return cls(
            names=tuple(plainly["names"]),
            regions=tuple(plainly["regions"]),
            choices=pd.DataFrame(plainly["choices"]),
            readings=plainly["readings"],
            **arrays,
        )


@dataclass(frozen=True, slots=True)
class _Fit:
    """Best of several starts: log-likelihood, shares, start, move, and how many starts came as far."""

    likelihood: float
    shares: np.ndarray
    start: np.ndarray
    move: np.ndarray
    agreeing: int


def _packed(visits: pd.DataFrame, regions: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of the regions, edges of the readings and their sorted keys; visits elsewhere are left out."""
    codes = pd.Index(regions).get_indexer(pd.Index(visits["region"].astype(str)))
    keys = sortable(visits["reading"])
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(keys[rows], kind="stable")]
    place, first = np.unique(keys[rows], return_index=True)
    return codes[rows].astype(np.int64), np.append(first, len(rows)).astype(np.int64), place


def _best(
    codes: np.ndarray, edges: np.ndarray, regions: int, k: int, starts: int, pseudo: float, rng: np.random.Generator
) -> _Fit:
    fits = []
    for _ in range(starts if k > 1 else 1):
        member = rng.dirichlet(np.full(k, 0.5), size=len(edges) - 1)
        start, move, shares = np.empty((k, regions)), np.empty((k, regions, regions)), np.empty(k)
        likelihood, _ = kernels.fit_chains(
            codes, edges, member, pseudo, _ROUNDS, _TOLERANCE, start, move, shares, np.empty(0)
        )
        fits.append((likelihood, shares, start, move))
    likelihood, shares, start, move = max(fits, key=lambda fit: fit[0])
    return _Fit(likelihood, shares, start, move, sum(fit[0] > likelihood - 0.01 for fit in fits))


def _free(codes: np.ndarray, edges: np.ndarray, regions: int) -> int:
    """Free probabilities of one chain: of starts and moves that occur at all, less one for each sum that is 1."""
    starts = len(np.unique(codes[edges[:-1]]))
    inner = np.ones(len(codes), bool)
    inner[edges[:-1]] = False
    at = np.flatnonzero(inner)
    moves = np.unique(codes[at - 1] * regions + codes[at])
    return starts - 1 + len(moves) - len(np.unique(moves // regions))
