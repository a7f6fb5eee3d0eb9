"""Mixture of Markov chains over regions: strategies as transition matrices, from which AOI to which readers go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from gazeanalytics._kernels.strategies import markov_mixture as kernels
from gazeanalytics.saved_models import Array, Frame, Part, SettingsOf, Value
from gazeanalytics.strategies.base import FittedClustering
from gazeanalytics.strategies.markov.sequences import sortable
from gazeanalytics.strategies.markov.settings import MarkovMixtureSettings
from gazeanalytics.tables import check

__all__ = ["MarkovMixture"]

# Starts whose likelihoods differ by less count as having found the same optimum.
_SAME = 0.01


@dataclass(frozen=True, slots=True)
class MarkovMixture(FittedClustering):
    """A mixture of first-order Markov chains over regions (AOIs), each followed by a share of the readings.

    Make one with `MarkovMixture.fit`.

    Attributes
    ----------
    settings : MarkovMixtureSettings
        Every choice made.
    names : tuple of str
        "strategy 1", "strategy 2", ... by falling share.
    regions : tuple of str
        Names of the regions, sorted.
    shares : numpy.ndarray, shape (groups,)
    start : numpy.ndarray, shape (groups, regions)
        Probability of each region at the first visit.
    move : numpy.ndarray, shape (groups, regions, regions)
        Transition matrices, from row to column.
    choices : pandas.DataFrame
        What every number of groups gave: groups, log_likelihood, parameters, bic, agreeing (starts that ended within
        0.01 of the best), chosen.
    readings : int
        Readings with a visit that the chains were learned from.

    Notes
    -----
    The BIC chooses as many chains as describe the readings well, whether they are types or pieces of a continuum (or
    of the differences between cases). Fits to halves of the readers show how far the same chains are found again.

    References
    ----------
    Cadez, Heckerman, Meek, Smyth & White (2003), Data Mining and Knowledge Discovery 7.

    See Also
    --------
    HMMClustering : where the regions are learned, too.

    Examples
    --------
    >>> walks = [list("abababab")] * 20 + [list("aabbaabb")] * 20
    >>> visits = pd.DataFrame({"reading": np.repeat(np.arange(40), 8), "onset": np.tile(np.arange(8.0), 40),
    ...                        "region": sum(walks, []), "duration": 250.0, "fixations": 1})
    >>> found = MarkovMixture.fit(visits, settings=MarkovMixtureSettings(n_groups=(2,), n_starts=3), rng=1)
    >>> found.posterior(visits).iloc[[0, 39], 1:].round(2).max(axis=1).tolist()
    [1.0, 1.0]
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "settings": SettingsOf(MarkovMixtureSettings),
        "names": Value(tuple[str, ...], size="groups"),
        "regions": Value(tuple[str, ...], size="regions"),
        "shares": Array(("groups",), low=0, high=1),
        "start": Array(("groups", "regions"), low=0, high=1, sums_to_one=True),
        "move": Array(("groups", "regions", "regions"), low=0, high=1, sums_to_one=True),
        "choices": Frame(
            {"groups": "i", "log_likelihood": "f", "parameters": "i", "bic": "f", "agreeing": "i", "chosen": "b"}
        ),
        "readings": Value(int, low=1),
    }
    settings: MarkovMixtureSettings
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
        settings: MarkovMixtureSettings | Mapping[str, Any] | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> Self:
        """Learn how many chains there are, and which.

        Parameters
        ----------
        visits : pandas.DataFrame
            A visits table.
        settings : MarkovMixtureSettings or mapping, optional
            Default: 1 to 6 chains, of which the BIC chooses.
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
        >>> found = MarkovMixture.fit(visits, rng=1)
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
        chosen = MarkovMixtureSettings.given(settings)
        regions = tuple(sorted(map(str, visits["region"].unique())))
        packed, _ = _packed(visits, regions)
        count = len(packed.edges) - 1
        if max(chosen.n_groups) > count:
            raise ValueError(
                f"n_groups must be between 1 and the {count} readings with visits; got {max(chosen.n_groups)}"
            )
        fits = [_best(packed, len(regions), k, chosen, rng) for k in chosen.n_groups]
        free = _free(packed, len(regions))
        choices = pd.DataFrame(
            {
                "groups": chosen.n_groups,
                "log_likelihood": [fit.likelihood for fit in fits],
                "parameters": [k * free + k - 1 for k in chosen.n_groups],
                "agreeing": [fit.agreeing for fit in fits],
            }
        )
        choices.insert(3, "bic", choices["parameters"] * np.log(count) - 2 * choices["log_likelihood"])
        best = int(choices["bic"].to_numpy().argmin())
        chains = fits[best].chains
        order = np.argsort(-chains.shares, kind="stable")
        return cls(
            chosen,
            tuple(f"strategy {number + 1}" for number in range(len(order))),
            regions,
            chains.shares[order],
            chains.start[order],
            chains.move[order],
            choices.assign(chosen=np.arange(len(fits)) == best),
            count,
        )

    def posterior(self, visits: pd.DataFrame) -> pd.DataFrame:
        """Return the posterior probability of each chain for each reading: reading, strategy 1, strategy 2, ...

        Parameters
        ----------
        visits : pandas.DataFrame
            A visits table. Visits to regions that the chains don't know are left out; NaN for a reading with no other.

        Returns
        -------
        pandas.DataFrame
            Rows in the order in which readings first appear in `visits`.
        """
        check(visits, "visits")
        packed, place = _packed(visits, self.regions)
        member = np.empty((len(packed.edges) - 1, len(self.names)))
        kernels.weigh(packed, kernels.Chains(np.log(self.shares), np.log(self.start), np.log(self.move)), member)
        first = visits.drop_duplicates("reading")
        row = pd.Index(place).get_indexer(pd.Index(sortable(first["reading"])))
        # A row of NaN at the end, where -1 points.
        member = np.vstack([member, np.full(len(self.names), np.nan)])[row]
        return pd.DataFrame({"reading": first["reading"].array, **dict(zip(self.names, member.T, strict=True))})

    def assign(self, visits: pd.DataFrame) -> pd.DataFrame:
        """Assign each reading with visits the chain that it most probably follows.

        Returns
        -------
        pandas.DataFrame
            Strategies table in the order in which readings first appear in `visits`: reading, strategy, strength.
            Strategy and strength are missing for a reading without a visit to a region that the chains know.
        """
        return self._likeliest(self.posterior(visits))

    def table(self) -> pd.DataFrame:
        """Return the transition matrices as a table: strategy, origin, region, probability, start (of the origin)."""
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


@dataclass(frozen=True, slots=True)
class _Fit:
    """Best of several starts: log-likelihood, chains, and how many starts reached the same."""

    likelihood: float
    chains: kernels.Chains
    agreeing: int


def _packed(visits: pd.DataFrame, regions: Sequence[str]) -> tuple[kernels.Visits, np.ndarray]:
    """Codes of the regions with the edges of the readings, and the readings' sorted keys; visits elsewhere left out."""
    codes = pd.Index(regions).get_indexer(pd.Index(visits["region"].astype(str)))
    keys = sortable(visits["reading"])
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(keys[rows], kind="stable")]
    place, first = np.unique(keys[rows], return_index=True)
    return kernels.Visits(codes[rows].astype(np.int64), np.append(first, len(rows)).astype(np.int64)), place


def _best(
    visits: kernels.Visits, regions: int, k: int, settings: MarkovMixtureSettings, rng: np.random.Generator
) -> _Fit:
    pseudo = 1 / regions if settings.pseudocount is None else settings.pseudocount
    fits = []
    for _ in range(settings.n_starts if k > 1 else 1):
        # Uneven memberships: even ones start every chain at the same average, a saddle from which EM hardly moves.
        member = rng.dirichlet(np.full(k, 0.5), size=len(visits.edges) - 1)
        chains = kernels.Chains(np.empty(k), np.empty((k, regions)), np.empty((k, regions, regions)))
        likelihood, _ = kernels.fit_chains(
            visits, member, pseudo, chains, settings.max_iter, settings.tolerance, np.empty(0)
        )
        fits.append((likelihood, chains))
    likelihood, chains = max(fits, key=lambda fit: fit[0])
    return _Fit(likelihood, chains, sum(fit[0] > likelihood - _SAME for fit in fits))


def _free(visits: kernels.Visits, regions: int) -> int:
    """Free probabilities of one chain: of starts and moves that occur at all, less one for each sum that is 1."""
    codes, edges = visits
    # Moves that never occur cost nothing: with many regions most never do, and counting them would leave one chain.
    starts = len(np.unique(codes[edges[:-1]]))
    inner = np.ones(len(codes), bool)
    inner[edges[:-1]] = False
    at = np.flatnonzero(inner)
    moves = np.unique(codes[at - 1] * regions + codes[at])
    return starts - 1 + len(moves) - len(np.unique(moves // regions))
