"""The search of EMHMM: many random starts of VHEM run a little, the best of them to the end (Biernacki et al. 2003)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gazeanalytics._kernels.strategies import emhmm as kernels
from gazeanalytics.strategies.markov.hmm import HMMBank
from gazeanalytics.strategies.markov.settings import HMMClusteringSettings

__all__ = ["VhemRun", "VhemSearch"]

# Noise of a start, in standard deviations of the state: the same state drawn twice would stay one for ever.
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class VhemRun:
    """Where a run of the clustering stands: groups, memberships (n, g), log-likelihood, iterations."""

    groups: kernels.Groups
    member: np.ndarray
    value: float = -np.inf
    iterations: int = 0


@dataclass(frozen=True, slots=True)
class VhemSearch:
    """Models to cluster, and into what; rows (n, q): each reader's model of each stimulus."""

    bank: HMMBank
    rows: np.ndarray
    settings: HMMClusteringSettings

    def solve(self, rng: np.random.Generator) -> tuple[VhemRun, pd.DataFrame]:
        """Run all starts a little and the best to the end; return the best and what every start gave."""
        settings = self.settings
        # By turns from whole readers, which start in a real way of looking, and from single states, which no reader's
        # model ties together.
        begun = [self.seed(rng, whole=start % 2 == 0) for start in range(settings.n_starts)]
        runs = [self.run(start, settings.short_iter, 10 * settings.tolerance) for start in begun]
        order = sorted(range(len(runs)), key=lambda start: -runs[start].value)[: settings.n_finished]
        for start in order:
            ended = self.run(runs[start], settings.max_iter, settings.tolerance)
            runs[start] = replace(ended, iterations=ended.iterations + runs[start].iterations)
        starts = pd.DataFrame(
            {
                "start": np.arange(len(runs)) + 1,
                "seeds": np.where(np.arange(len(runs)) % 2 == 0, "readers", "states"),
                "log_likelihood": [run.value for run in runs],
                "iterations": [run.iterations for run in runs],
                "finished": np.isin(np.arange(len(runs)), order),
            }
        )
        return max((runs[start] for start in order), key=lambda run: run.value), starts

    def seed(self, rng: np.random.Generator, *, whole: bool) -> VhemRun:
        """Draw groups to start from: states of one reader each (`whole`), or of readers at random for every state."""
        settings, (readers, stimuli) = self.settings, self.rows.shape
        states = settings.n_states or 1
        models = np.zeros((settings.n_groups, stimuli, states), np.int64)
        for q in range(stimuli):
            models[:, q] = rng.choice(np.flatnonzero(self.rows[:, q] >= 0), (settings.n_groups, states))
        if whole:
            # A reader without a model of a stimulus leaves the readers drawn above in its place.
            drawn = rng.choice(readers, settings.n_groups, replace=False)
            models = np.where((self.rows[drawn] >= 0)[:, :, None], drawn[:, None, None], models)
        models = self.rows[models, np.arange(stimuli)[None, :, None]]
        # States in turn, so that a whole reader gives all of its own; those needed beyond them are drawn.
        sizes = self.bank.sizes[models]
        turn = np.arange(states) if whole else rng.integers(1 << 30, size=states)
        state = np.where(turn < sizes, turn, rng.integers(1 << 30, size=sizes.shape) % sizes)
        means, covariances = self.bank.means[models, state].copy(), self.bank.covariances[models, state].copy()
        if settings.covariance == "diag":
            covariances *= np.eye(means.shape[-1])
        means += _JITTER * np.sqrt(np.einsum("...aa->...a", covariances)) * rng.standard_normal(means.shape)
        start = np.full(models.shape, 1 / states)
        move = np.full((*models.shape, states), 1 / states)
        shares = np.full(settings.n_groups, 1 / settings.n_groups)
        return VhemRun(kernels.Groups(shares, start, move, means, covariances), np.zeros((readers, settings.n_groups)))

    def run(self, begun: VhemRun, max_iter: int, tolerance: float) -> VhemRun:
        """Run EM from there; what was given stays as it is."""
        settings = self.settings
        now = VhemRun(kernels.Groups(*(part.copy() for part in begun.groups)), begun.member.copy())
        problem = kernels.Problem(
            self.rows,
            float(settings.samples or 1),
            int(settings.length or 1),
            float(settings.floor),
            settings.covariance == "diag",
        )
        value, used = kernels.cluster(
            self.bank.models(), problem, now.groups, now.member, max_iter, tolerance, np.empty(0)
        )
        return replace(now, value=value, iterations=used)

    def bank_of(self, run: VhemRun, order: np.ndarray) -> HMMBank:
        """Models of the groups in this order, the state that is visited most first."""
        _, *parts = run.groups
        start, move, means, covariances = (part[order].reshape(-1, *part.shape[2:]) for part in parts)
        now, visits = start, start.copy()
        for _ in range((self.settings.length or 1) - 1):
            now = np.einsum("mi,mij->mj", now, move)
            visits += now
        state = np.argsort(-visits, axis=1, kind="stable")
        at = np.arange(len(start))[:, None]
        return HMMBank(
            np.full(len(start), start.shape[1]),
            start[at, state],
            move[at[:, :, None], state[:, :, None], state[:, None, :]],
            means[at, state],
            covariances[at, state],
        )
