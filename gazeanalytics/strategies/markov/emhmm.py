"""Readers grouped by the hidden Markov models of their fixations (EMHMM), over one stimulus frame or many at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazeanalytics._kernels.strategies import emhmm as kernels
from gazeanalytics.strategies.markov.hmm import Bank, Hmms, bank_arrays, bank_from, match, read, states_table, write
from gazeanalytics.strategies.markov.sequences import Paths, pack
from gazeanalytics.strategies.markov.settings import GroupSettings, make, plain
from gazeanalytics.tables import check

__all__ = ["HmmGroups"]

_FORMAT = "gazeanalytics groups of hidden markov models 1"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class HmmGroups:
    """Groups of readers who look alike, each with a hidden Markov model. Make them with `HmmGroups.fit`.

    Attributes
    ----------
    names : tuple of str
        "A", "B", ... by falling size.
    shares : numpy.ndarray, shape (groups,)
    keys : pandas.DataFrame
        group, and case when every case has its own models (co-clustering), of each model in `bank`.
    bank : Bank
        The groups' models.
    members : pandas.DataFrame
        reader, group, strength (posterior): one row a reader of the fit, in order of readers.
    log_likelihood : float
        What the clustering maximises (Coviello et al. 2014, eq. 7, after variation).
    trials : pandas.DataFrame
        Evidence of the search: trial, seeds ("readers" or "states"), log_likelihood, rounds, finished.
    settings : GroupSettings
        Every choice, those that were left open filled in.
    columns : tuple of str
        What a fixation is.

    Notes
    -----
    That groups come out says nothing about whether there are any: `HmmGroups.fit(..., groups=2)` cuts a continuum in
    two as readily. `compare_numbers` asks how many the readers show on readings that had no part in grouping them.

    With few readers the default weight (`GroupSettings.samples`) is small, and a large group draws readers to it; the
    weight of the published algorithm, 100 virtual sequences a reader, is `samples=100`.
    """

    names: tuple[str, ...]
    shares: np.ndarray
    keys: pd.DataFrame
    bank: Bank
    members: pd.DataFrame
    log_likelihood: float
    trials: pd.DataFrame
    settings: GroupSettings
    columns: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        hmms: Hmms,
        *,
        groups: int = 2,
        states: int | None = None,
        rng: int | np.random.Generator | None = None,
        **choices: Any,
    ) -> HmmGroups:
        """Cluster readers by their models (VHEM; Coviello, Chan & Lanckriet 2014).

        Parameters
        ----------
        hmms : Hmms
            One model a reader, or one a reader and case: then a reader belongs to one group in all cases, and every
            case has its own group models (co-clustering; Hsiao et al. 2021).
        groups : int
            How many groups.
        states : int, optional
            Hidden states of a group's model; default the median of the readers' models, rounded up.
        rng : int, numpy.random.Generator or None
            Seed of the trials.
        **choices
            Any attribute of `GroupSettings`, such as `trials=100`.

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
        >>> hmms = Hmms.fit(fixations, readings, states=1, starts=5, rng=1)
        >>> HmmGroups.fit(hmms, groups=2, trials=10, rng=1).members["group"].tolist()
        ['A', 'A', 'A', 'A', 'B', 'B']
        """
        settings = make(GroupSettings, choices)
        if settings.length is None:
            settings = replace(settings, length=min(max(round(hmms.length), 2), 10))
        if hmms.keys.columns[0] != "reader":
            raise ValueError("to group readers, learn their models with Hmms.fit(..., by=('reader', ...))")
        readers, rows, stimuli = _grid(hmms.keys)
        if not 1 <= groups <= len(readers):
            raise ValueError(f"groups must be between 1 and the {len(readers)} readers; came {groups}")
        states = int(np.ceil(np.median(hmms.bank.sizes))) if states is None else states
        if settings.samples is None:
            settings = replace(settings, samples=len(readers) / (settings.length or 1))
        problem = _Problem(hmms.bank, rows, groups, states, settings)
        best, trials = problem.solve(np.random.default_rng(rng))
        order = np.argsort(-best.shares, kind="stable")
        names = tuple(_LETTERS[place] if place < 26 else f"group {place + 1}" for place in range(groups))
        member = best.member[:, order]
        members = readers.assign(
            group=pd.Categorical.from_codes(member.argmax(axis=1), categories=pd.Index(names)),
            strength=member.max(axis=1),
        )
        keys = pd.DataFrame({"group": np.repeat(names, len(stimuli))})
        for name in stimuli.columns:
            keys[name] = np.tile(stimuli[name].to_numpy(), groups)
        return cls(
            names,
            best.shares[order],
            keys,
            problem.bank_of(best, order),
            members,
            best.value,
            trials,
            settings,
            hmms.settings.columns,
        )

    @property
    def stimuli(self) -> tuple[str, ...]:
        """Columns beside the group that a model is for: ("case",) after co-clustering, () otherwise."""
        return tuple(self.keys.columns[1:])

    def place(self, hmms: Hmms) -> pd.DataFrame:
        """Give readers, by their models, to the groups: reader, group, strength. For readers of another study, say."""
        readers, rows, stimuli = _grid(hmms.keys)
        if self.stimuli:
            own = self.keys.loc[self.keys["group"] == self.names[0], list(self.stimuli)]
            stimuli_at = match(stimuli, own)
            rows = np.where(stimuli_at >= 0, rows[:, stimuli_at], -1)
        expected = np.empty((len(readers), len(self.names)))
        kernels.likelihoods(*hmms.bank.arrays(), rows, *self._parts(), self.settings.length, expected)
        member = np.empty_like(expected)
        kernels.share_out(expected, self.shares, self.settings.samples, member)
        return readers.assign(
            group=pd.Categorical.from_codes(member.argmax(axis=1), categories=pd.Index(self.names)),
            strength=member.max(axis=1),
        )

    def log_likelihoods(
        self, fixations: pd.DataFrame, readings: pd.DataFrame, *, n_jobs: int | None = None
    ) -> pd.DataFrame:
        """Return how likely each reading is under each group.

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

    def assign(self, fixations: pd.DataFrame, readings: pd.DataFrame, *, n_jobs: int | None = None) -> pd.DataFrame:
        """Give each reading the group under which its own fixations are likeliest.

        Returns
        -------
        pandas.DataFrame
            Strategies table in the order of `readings`: reading, strategy, strength (posterior). Both are missing
            where a reading has no fixations.
        """
        paths = pack(fixations, readings, by=("reader", "case"), columns=self.columns)
        logs = self.score(paths, n_jobs=n_jobs) + np.log(self.shares)
        known = np.asarray(np.isfinite(logs).all(axis=1))
        with np.errstate(invalid="ignore"):
            member = np.exp(logs - logs.max(axis=1, keepdims=True))
            member /= member.sum(axis=1, keepdims=True)
        back = pd.Index(paths.readings["reading"]).get_indexer(pd.Index(readings["reading"]))
        codes = np.where(known, np.where(known[:, None], member, 0).argmax(axis=1), -1)[back]
        table = pd.DataFrame(
            {
                "reading": readings["reading"].array,
                "strategy": pd.Categorical.from_codes(codes, categories=pd.Index(self.names)),
                "strength": member.max(axis=1)[back].clip(0, 1),
            }
        )
        return check(table, "strategies")

    def table(self) -> pd.DataFrame:
        """Return one row a group (and case) and state: start, place and spread, and to 1, to 2, ..."""
        return states_table(self.keys, self.bank, self.columns)

    def course(self, steps: int = 10) -> pd.DataFrame:
        """Return the chance of each state at the 1st, 2nd, ... fixation: group (and case), step, state, probability."""
        rows = []
        now = self.bank.start
        for step in range(steps):
            model, state = np.nonzero(np.arange(now.shape[1]) < self.bank.sizes[:, None])
            part = self.keys.iloc[model].reset_index(drop=True)
            rows.append(part.assign(step=step + 1, state=state + 1, probability=now[model, state]))
            now = np.einsum("mi,mij->mj", now, self.bank.move)
        return pd.concat(rows, ignore_index=True)

    def save(self, path: str | Path) -> None:
        """Write the groups to one .npz file of plain arrays and JSON text (no pickle)."""
        plainly = {
            "format": _FORMAT,
            "names": self.names,
            "columns": self.columns,
            "settings": plain(self.settings),
            "log_likelihood": self.log_likelihood,
            "tables": {name: getattr(self, name).to_dict("list") for name in ("keys", "members", "trials")},
        }
        write(path, plainly, bank_arrays(self.bank) | {"shares": self.shares})

    @classmethod
    def load(cls, path: str | Path) -> HmmGroups:
        """Read what `save` wrote; another file is a ValueError."""
        plainly, arrays = read(path, _FORMAT, "groups of hidden Markov models", "HmmGroups.save")
        tables = {name: pd.DataFrame(columns) for name, columns in plainly["tables"].items()}
        names = tuple(plainly["names"])
        tables["members"]["group"] = pd.Categorical(tables["members"]["group"], categories=pd.Index(names))
        return cls(
            names=names,
            shares=arrays["shares"],
            bank=bank_from(arrays),
            log_likelihood=plainly["log_likelihood"],
            settings=make(GroupSettings, plainly["settings"]),
            columns=tuple(plainly["columns"]),
            **tables,
        )

    def _parts(self) -> tuple[np.ndarray, ...]:
        """Start, move, means and covariances of the groups, shape (groups, stimuli, ...)."""
        groups = len(self.names)
        return tuple(np.ascontiguousarray(part.reshape(groups, -1, *part.shape[1:])) for part in self.bank.arrays()[1:])


@dataclass(frozen=True, slots=True)
class _Groups:
    """Where a run of the clustering stands: shares, the groups' parts, memberships (n, g), log-likelihood, rounds."""

    shares: np.ndarray
    parts: tuple[np.ndarray, ...]
    member: np.ndarray
    value: float = -np.inf
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class _Problem:
    """Models to cluster, and into what."""

    bank: Bank
    rows: np.ndarray
    groups: int
    states: int
    settings: GroupSettings

    def solve(self, rng: np.random.Generator) -> tuple[_Groups, pd.DataFrame]:
        """Run all trials a little and the best to the end; return the best and what every trial came to."""
        settings = self.settings
        begun = [self.seed(rng, whole=trial % 2 == 0) for trial in range(settings.trials)]
        runs = [self.climb(start, settings.short_rounds, 10 * settings.tolerance) for start in begun]
        order = sorted(range(len(runs)), key=lambda trial: -runs[trial].value)[: settings.finished]
        for trial in order:
            ended = self.climb(runs[trial], settings.rounds, settings.tolerance)
            runs[trial] = replace(ended, rounds=ended.rounds + runs[trial].rounds)
        trials = pd.DataFrame(
            {
                "trial": np.arange(len(runs)) + 1,
                "seeds": np.where(np.arange(len(runs)) % 2 == 0, "readers", "states"),
                "log_likelihood": [run.value for run in runs],
                "rounds": [run.rounds for run in runs],
                "finished": np.isin(np.arange(len(runs)), order),
            }
        )
        return max((runs[trial] for trial in order), key=lambda run: run.value), trials

    def seed(self, rng: np.random.Generator, *, whole: bool) -> _Groups:
        """Draw groups to start from: states of one reader each (`whole`), or of readers at random for every state."""
        readers, stimuli = self.rows.shape
        models = np.zeros((self.groups, stimuli, self.states), np.int64)
        for q in range(stimuli):
            models[:, q] = rng.choice(np.flatnonzero(self.rows[:, q] >= 0), (self.groups, self.states))
        if whole:
            # A reader without a model of a stimulus leaves the readers drawn above in its place.
            drawn = rng.choice(readers, self.groups, replace=False)
            models = np.where((self.rows[drawn] >= 0)[:, :, None], drawn[:, None, None], models)
        models = self.rows[models, np.arange(stimuli)[None, :, None]]
        # States in turn, so that a whole reader gives all of its own; those asked for beyond them are drawn.
        sizes = self.bank.sizes[models]
        turn = np.arange(self.states) if whole else rng.integers(1 << 30, size=self.states)
        state = np.where(turn < sizes, turn, rng.integers(1 << 30, size=sizes.shape) % sizes)
        means, covariances = self.bank.means[models, state].copy(), self.bank.covariances[models, state].copy()
        if self.settings.covariance == "diag":
            covariances *= np.eye(means.shape[-1])
        # The same state drawn twice would stay one for ever.
        means += 0.1 * np.sqrt(np.einsum("...aa->...a", covariances)) * rng.standard_normal(means.shape)
        start = np.full(models.shape, 1 / self.states)
        move = np.full((*models.shape, self.states), 1 / self.states)
        shares = np.full(self.groups, 1 / self.groups)
        return _Groups(shares, (start, move, means, covariances), np.zeros((readers, self.groups)))

    def climb(self, begun: _Groups, rounds: int, tolerance: float) -> _Groups:
        """Run EM from there; what was given stays as it is."""
        settings = self.settings
        now = _Groups(begun.shares.copy(), tuple(part.copy() for part in begun.parts), begun.member.copy())
        fixed = (self.rows, settings.samples, settings.length, settings.floor, settings.covariance == "diag")
        ends = (rounds, tolerance, now.shares, *now.parts, now.member, np.empty(0))
        value, used = kernels.cluster(*self.bank.arrays(), *fixed, *ends)
        return replace(now, value=value, rounds=used)

    def bank_of(self, groups: _Groups, order: np.ndarray) -> Bank:
        """Models of the groups in this order, the state that is visited most first."""
        start, move, means, covariances = (part[order].reshape(-1, *part.shape[2:]) for part in groups.parts)
        now, visits = start, start.copy()
        for _ in range((self.settings.length or 1) - 1):
            now = np.einsum("mi,mij->mj", now, move)
            visits += now
        state = np.argsort(-visits, axis=1, kind="stable")
        at = np.arange(len(start))[:, None]
        return Bank(
            np.full(len(start), self.states),
            start[at, state],
            move[at[:, :, None], state[:, :, None], state[:, None, :]],
            means[at, state],
            covariances[at, state],
        )


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
