"""EMHMM: readers grouped by the hidden Markov models of their fixations (VHEM), over one stimulus frame or many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from gazeanalytics._kernels.strategies import emhmm as kernels
from gazeanalytics.saved_models import Array, Frame, Nested, Part, SettingsOf, Value
from gazeanalytics.strategies.base import FittedClustering
from gazeanalytics.strategies.markov.emhmm_search import VhemSearch
from gazeanalytics.strategies.markov.hmm import HMMBank, ReaderHMMs, match, states_table
from gazeanalytics.strategies.markov.sequences import Paths, pack
from gazeanalytics.strategies.markov.settings import HMMClusteringSettings

__all__ = ["HMMClustering"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class HMMClustering(FittedClustering):
    """EMHMM: groups of readers with similar hidden Markov models, each with a model of its own (VHEM).

    Make them with `HMMClustering.fit`.

    Attributes
    ----------
    names : tuple of str
        "A", "B", ... by falling size.
    shares : numpy.ndarray, shape (groups,)
    keys : pandas.DataFrame
        group, and case when every case has its own models (co-clustering), of each model in `bank`.
    bank : HMMBank
        The groups' models.
    members : pandas.DataFrame
        reader, group, strength (posterior): one row a reader of the fit, in order of readers.
    log_likelihood : float
        What the clustering maximises (Coviello et al. 2014, eq. 7, after variation).
    starts : pandas.DataFrame
        Evidence of the search: start, seeds ("readers" or "states"), log_likelihood, iterations, finished.
    settings : HMMClusteringSettings
        Every choice, those that were left open filled in.
    columns : tuple of str
        What a fixation is.

    Notes
    -----
    Groups are found whether or not there are any: `HMMClustering.fit` divides a continuum in two as readily.
    `compare_group_numbers` asks how many the readers show on readings that had no part in grouping them.

    With few readers the default weight (`HMMClusteringSettings.samples`) is small, and a large group draws readers to
    it; the weight of the published algorithm, 100 virtual sequences a reader, is `samples=100`.

    References
    ----------
    Coviello, Chan & Lanckriet (2014), J. Mach. Learn. Res. 15: VHEM. Chuk, Chan & Hsiao (2014), Journal of Vision 14:
    EMHMM. Hsiao, Lan, Zheng & Chan (2021), Behavior Research Methods 53: co-clustering.

    See Also
    --------
    ReaderHMMs : the readers' models. compare_group_numbers : how many groups.

    Examples
    --------
    Four readers of one image, two of whom look further to the right:

    >>> rng = np.random.default_rng(1)
    >>> reader = np.repeat(np.arange(4), 60)
    >>> fixations = pd.DataFrame({"reading": np.repeat(np.arange(24), 10), "onset": np.tile(np.arange(10.0), 24)})
    >>> fixations[["x", "y"]] = rng.normal(0, 20, (240, 2)) + 100 * (1 + reader[:, None] % 2)
    >>> readings = pd.DataFrame({"reading": np.arange(24), "reader": reader[::10], "case": np.arange(24) % 6})
    >>> hmms = ReaderHMMs.fit(fixations, readings, settings={"n_states": [1], "n_starts": 5}, rng=1)
    >>> found = HMMClustering.fit(hmms, settings=HMMClusteringSettings(n_starts=10), rng=1)
    >>> found.posterior(fixations, readings).iloc[[0, 6], 1:].round(2).max(axis=1).tolist()
    [1.0, 1.0]
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "names": Value(tuple[str, ...], size="groups"),
        "shares": Array(("groups",), low=0, high=1),
        "keys": Frame({}, rows="models", keys_first=True),
        "bank": Nested(HMMBank),
        "members": Frame({"reader": "k", "group": "s", "strength": "f"}, categories="group"),
        "log_likelihood": Value(float),
        "starts": Frame({"start": "i", "seeds": "s", "log_likelihood": "f", "iterations": "i", "finished": "b"}),
        "settings": SettingsOf(HMMClusteringSettings),
        "columns": Value(tuple[str, ...], size="columns"),
    }
    names: tuple[str, ...]
    shares: np.ndarray
    keys: pd.DataFrame
    bank: HMMBank
    members: pd.DataFrame
    log_likelihood: float
    starts: pd.DataFrame
    settings: HMMClusteringSettings
    columns: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        hmms: ReaderHMMs,
        *,
        settings: HMMClusteringSettings | Mapping[str, Any] | None = None,
        rng: int | np.random.Generator | None = None,
    ) -> Self:
        """Cluster readers by their hidden Markov models (VHEM; Coviello, Chan & Lanckriet 2014).

        Parameters
        ----------
        hmms : ReaderHMMs
            One model a reader, or one a reader and case: then a reader belongs to one group in all cases, and every
            case has its own group models (co-clustering; Hsiao et al. 2021).
        settings : HMMClusteringSettings or mapping, optional
            Default: two groups.
        rng : int, numpy.random.Generator or None
            Seed of the starts.

        Raises
        ------
        ValueError
            With fewer readers than groups.

        Examples
        --------
        Six readers with ten readings of ten fixations each; the last two look further to the right:

        >>> rng = np.random.default_rng(1)
        >>> reading, reader = np.repeat(np.arange(60), 10), np.repeat(np.arange(6), 100)
        >>> places = rng.normal(0, 20, (600, 2)) + 100 * (1 + (reader[:, None] > 3))
        >>> fixations = pd.DataFrame({"reading": reading, "onset": np.tile(np.arange(10.0), 60)})
        >>> fixations[["x", "y"]] = places
        >>> readings = pd.DataFrame({"reading": np.arange(60), "reader": reader[::10], "case": np.arange(60) % 10})
        >>> hmms = ReaderHMMs.fit(fixations, readings, settings={"n_states": [1], "n_starts": 5}, rng=1)
        >>> HMMClustering.fit(hmms, settings=HMMClusteringSettings(n_starts=10), rng=1).members["group"].tolist()
        ['A', 'A', 'A', 'A', 'B', 'B']
        """
        if hmms.keys.columns[0] != "reader":
            raise ValueError("expected models of readers: fit them with ReaderHMMs.fit(..., by=('reader', ...))")
        readers, rows, stimuli = _grid(hmms.keys)
        chosen = _filled(HMMClusteringSettings.given(settings), hmms, len(readers))
        search = VhemSearch(hmms.bank, rows, chosen)
        best, starts = search.solve(np.random.default_rng(rng))
        order = np.argsort(-best.groups.shares, kind="stable")
        names = tuple(_LETTERS[place] if place < 26 else f"group {place + 1}" for place in range(len(order)))
        keys = pd.DataFrame({"group": np.repeat(names, len(stimuli))})
        for name in stimuli.columns:
            keys[name] = np.tile(stimuli[name].to_numpy(), len(names))
        return cls(
            names,
            best.groups.shares[order],
            keys,
            search.bank_of(best, order),
            _members(readers, best.member[:, order], names),
            best.value,
            starts,
            chosen,
            hmms.settings.columns,
        )

    @property
    def stimuli(self) -> tuple[str, ...]:
        """Columns beside the group that a model is for: ("case",) after co-clustering, () otherwise."""
        return tuple(self.keys.columns[1:])

    def assign_readers(self, hmms: ReaderHMMs) -> pd.DataFrame:
        """Assign readers to groups by their models: reader, group, strength. Also for readers of another study."""
        readers, rows, stimuli = _grid(hmms.keys)
        if self.stimuli:
            own = self.keys.loc[self.keys["group"] == self.names[0], list(self.stimuli)]
            stimuli_at = match(stimuli, own)
            rows = np.where(stimuli_at >= 0, rows[:, stimuli_at], -1)
        expected = np.empty((len(readers), len(self.names)))
        kernels.likelihoods(hmms.bank.models(), rows, self._groups(), self.settings.length, expected)
        member = np.empty_like(expected)
        kernels.share_out(expected, self.shares, self.settings.samples, member)
        return _members(readers, member, self.names)

    def log_likelihoods(
        self, fixations: pd.DataFrame, readings: pd.DataFrame, *, n_jobs: int | None = None
    ) -> pd.DataFrame:
        """Return the log-likelihood of each reading under each group.

        Returns
        -------
        pandas.DataFrame
            reading, reader, case, fixations, and one column a group: the log-likelihood. NaN for a reading without
            fixations or of a case that the groups don't know.
        """
        paths = pack(fixations, readings, by=("reader", "case"), columns=self.columns)
        values = pd.DataFrame(self.score(paths, n_jobs=n_jobs), columns=list(self.names))
        table = paths.readings[["reading", "reader", "case"]].assign(fixations=np.diff(paths.edges))
        return pd.concat([table, values], axis=1)

    def score(self, paths: Paths, *, n_jobs: int | None = None) -> np.ndarray:
        """Log-likelihood of packed readings under each group, shape (sequences, groups)."""
        stimuli = len(self.bank) // len(self.names)
        at = np.zeros(len(paths.readings), np.int64)
        if self.stimuli:
            at = match(self.keys.loc[self.keys["group"] == self.names[0], list(self.stimuli)], paths.readings)
        models = np.where(at[:, None] >= 0, at[:, None] + stimuli * np.arange(len(self.names)), -1)
        return self.bank.scores(paths, models.astype(np.int64), n_jobs=n_jobs)

    def posterior(self, fixations: pd.DataFrame, readings: pd.DataFrame, *, n_jobs: int | None = None) -> pd.DataFrame:
        """Return the posterior probability of each group for each reading, by its own fixations: reading, A, B, ...

        Parameters
        ----------
        fixations, readings : pandas.DataFrame
            Tables of those names.
        n_jobs : int, optional
            Threads; default as many as the process may use.

        Returns
        -------
        pandas.DataFrame
            Rows in the order of `readings`; NaN where a reading has no fixations or a case that the groups don't know.
        """
        paths = pack(fixations, readings, by=("reader", "case"), columns=self.columns)
        logs = self.score(paths, n_jobs=n_jobs) + np.log(self.shares)
        with np.errstate(invalid="ignore"):
            member = np.exp(logs - logs.max(axis=1, keepdims=True))
            member /= member.sum(axis=1, keepdims=True)
        back = pd.Index(paths.readings["reading"]).get_indexer(pd.Index(readings["reading"]))
        columns = dict(zip(self.names, member[back].T, strict=True))
        return pd.DataFrame({"reading": readings["reading"].array, **columns})

    def assign(self, fixations: pd.DataFrame, readings: pd.DataFrame, *, n_jobs: int | None = None) -> pd.DataFrame:
        """Assign each reading the group under which its own fixations are likeliest.

        Returns
        -------
        pandas.DataFrame
            Strategies table in the order of `readings`: reading, strategy, strength (posterior). Both are missing
            where a reading has no fixations.
        """
        return self._likeliest(self.posterior(fixations, readings, n_jobs=n_jobs))

    def table(self) -> pd.DataFrame:
        """Return one row a group (and case) and state: start, place and spread, and to 1, to 2, ..."""
        return states_table(self.keys, self.bank, self.columns)

    def course(self, *, n_steps: int = 10) -> pd.DataFrame:
        """Return the probability of each state at each fixation: group (and case), step from 1, state, probability."""
        rows = []
        now = self.bank.start
        for step in range(n_steps):
            model, state = np.nonzero(np.arange(now.shape[1]) < self.bank.sizes[:, None])
            part = self.keys.iloc[model].reset_index(drop=True)
            rows.append(part.assign(step=step + 1, state=state + 1, probability=now[model, state]))
            now = np.einsum("mi,mij->mj", now, self.bank.move)
        return pd.concat(rows, ignore_index=True)

    def _groups(self) -> kernels.Groups:
        """Return the groups' models as kernels take them, (groups, stimuli, ...)."""
        groups = len(self.names)
        _, *parts = self.bank.models()
        shaped = (np.ascontiguousarray(part.reshape(groups, -1, *part.shape[1:])) for part in parts)
        return kernels.Groups(self.shares, *shaped)

    def _check_loaded(self) -> None:
        states = self.bank.start.shape[1]
        if len(self.bank) % len(self.names) or not (self.bank.sizes == states).all():
            raise ValueError(f"'bank' expected models of {states} states for each of {len(self.names)} groups")
        if self.settings.length is None or self.settings.samples is None:
            raise ValueError("'settings' expected a length and a number of samples")
        if self.bank.means.shape[2] != len(self.columns) or self.keys.columns[0] != "group":
            raise ValueError("the groups' models don't fit their columns or keys")


def _filled(settings: HMMClusteringSettings, hmms: ReaderHMMs, readers: int) -> HMMClusteringSettings:
    """Settings with what was left open taken from the readers' models."""
    if settings.n_groups > readers:
        raise ValueError(f"n_groups must be between 1 and the {readers} readers; got {settings.n_groups}")
    length = min(max(round(hmms.length), 2), 10) if settings.length is None else settings.length
    states = int(np.ceil(np.median(hmms.bank.sizes))) if settings.n_states is None else settings.n_states
    samples = readers / length if settings.samples is None else settings.samples
    return replace(settings, length=length, n_states=states, samples=samples)


def _members(readers: pd.DataFrame, member: np.ndarray, names: tuple[str, ...]) -> pd.DataFrame:
    """Readers with their likeliest group and its posterior."""
    group = pd.Categorical.from_codes(member.argmax(axis=1), categories=pd.Index(names))
    return readers.assign(group=group, strength=member.max(axis=1))


def _grid(keys: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Readers, the row of each reader's model for each stimulus (-1 for none), and stimuli."""
    readers = keys[["reader"]].drop_duplicates(ignore_index=True)
    reader = match(readers, keys)
    others = keys.drop(columns="reader")
    if not others.shape[1]:
        return readers, np.arange(len(keys))[:, None], others.iloc[:1].reset_index(drop=True)
    order = np.lexsort([others[name].to_numpy() for name in reversed(list(others.columns))])
    stimuli = others.iloc[order].drop_duplicates(ignore_index=True)
    rows = np.full((len(readers), len(stimuli)), -1)
    rows[reader, match(stimuli, others)] = np.arange(len(keys))
    return readers, rows, stimuli
