"""Hidden Markov models of fixations: one a reader, or one a reader and case (variational Bayes, as in EMHMM)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import gammaln

from gazeanalytics import ragged
from gazeanalytics._kernels.strategies import hmm as kernels
from gazeanalytics._kernels.strategies import hmm_vb
from gazeanalytics.brief import Brief
from gazeanalytics.saved_models import Array, Frame, Nested, Part, SettingsOf, Value
from gazeanalytics.strategies.base import FittedModel
from gazeanalytics.strategies.markov.sequences import Paths, pack
from gazeanalytics.strategies.markov.settings import HMMSettings

__all__ = ["HMMBank", "ReaderHMMs"]


@dataclass(frozen=True, slots=True)
class HMMBank(Brief):
    """Hidden Markov models with Gaussian states, padded to one number of states k.

    Attributes
    ----------
    sizes : numpy.ndarray of int, shape (models,)
        States of each model; what lies beyond is zero.
    start : numpy.ndarray, shape (models, k)
    move : numpy.ndarray, shape (models, k, k)
        Transition matrix, from row to column.
    means : numpy.ndarray, shape (models, k, d)
    covariances : numpy.ndarray, shape (models, k, d, d)

    Examples
    --------
    >>> bank = HMMBank(np.array([1]), np.ones((1, 1)), np.ones((1, 1, 1)), np.zeros((1, 1, 2)), np.eye(2)[None, None])
    >>> len(bank), bank.take(np.array([0, 0])).means.shape
    (1, (2, 1, 2))
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "sizes": Array(("models",), "i", low=1),
        "start": Array(("models", "states"), low=0, high=1, sums_to_one=True),
        "move": Array(("models", "states", "states"), low=0, high=1, sums_to_one=True),
        "means": Array(("models", "states", "columns")),
        "covariances": Array(("models", "states", "columns", "columns"), covariance=True),
    }
    sizes: np.ndarray
    start: np.ndarray
    move: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __post_init__(self) -> None:
        if self.sizes.max(initial=0) > self.start.shape[1]:
            raise ValueError(f"a model has {self.sizes.max()} states where there is room for {self.start.shape[1]}")

    def __len__(self) -> int:
        return len(self.sizes)

    def models(self) -> kernels.HMMs:
        """Return all models as kernels take them."""
        return kernels.HMMs(self.sizes, self.start, self.move, self.means, self.covariances)

    def take(self, rows: np.ndarray) -> HMMBank:
        """Return these models."""
        return HMMBank(*(np.ascontiguousarray(array[rows]) for array in self.models()))

    def scores(self, paths: Paths, models: np.ndarray, *, n_jobs: int | None = None) -> np.ndarray:
        """Log-likelihood of each sequence under the models listed for it, shape of `models` (sequences, m).

        -1 lists none; NaN where there is none or the sequence is empty.
        """
        scores = np.empty(models.shape)
        sequences = paths.sequences()
        ragged.each(kernels.score_all, sequences, paths.points, self.models(), out=(models, scores), n_jobs=n_jobs)
        return scores


@dataclass(frozen=True, slots=True)
class ReaderHMMs(FittedModel):
    """Hidden Markov models of readers' fixations (EMHMM). Make them with `ReaderHMMs.fit`.

    Attributes
    ----------
    keys : pandas.DataFrame
        Whose model each one is: reader, and case if there is one for each case.
    bank : HMMBank
        The models: posterior means of the parameters.
    evidence : numpy.ndarray, shape (models,)
        Lower bound of the log evidence, with log k! for the k! ways to name the states.
    choices : pandas.DataFrame
        What every number of states gave: the keys, states, evidence, agreeing (long runs that ended within 0.01 of the
        best) and chosen.
    settings : HMMSettings
        Every choice, the prior filled in.
    length : float
        Mean number of fixations of a reading.
    notes : tuple of str
        What was left out, counted.

    References
    ----------
    Chuk, Chan & Hsiao (2014), Journal of Vision 14(11):8.

    See Also
    --------
    HMMClustering : groups readers by these models.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> fixations = pd.DataFrame(rng.normal(size=(60, 2)), columns=["x", "y"])
    >>> fixations.insert(0, "reading", np.repeat(np.arange(6), 10))
    >>> fixations.insert(1, "onset", np.tile(np.arange(10) * 300.0, 6))
    >>> readings = pd.DataFrame({"reading": np.arange(6), "reader": ["ann", "bob"] * 3, "case": np.arange(6)})
    >>> found = ReaderHMMs.fit(fixations, readings, settings=HMMSettings(n_states=(2,), n_starts=5), rng=1)
    >>> found.keys["reader"].tolist(), found.bank.move.shape
    (['ann', 'bob'], (2, 2, 2))
    """

    PARTS: ClassVar[Mapping[str, Part]] = {
        "keys": Frame({}, rows="models", keys_first=True),
        "bank": Nested(HMMBank),
        "evidence": Array(("models",)),
        "choices": Frame({"states": "i", "evidence": "f", "agreeing": "i", "chosen": "b"}, keys_first=True),
        "settings": SettingsOf(HMMSettings),
        "length": Value(float, low=0),
        "notes": Value(tuple[str, ...]),
    }
    keys: pd.DataFrame
    bank: HMMBank
    evidence: np.ndarray
    choices: pd.DataFrame
    settings: HMMSettings
    length: float
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.bank)

    @classmethod
    def fit(
        cls,
        fixations: pd.DataFrame,
        readings: pd.DataFrame,
        *,
        by: Sequence[str] = ("reader",),
        settings: HMMSettings | Mapping[str, Any] | None = None,
        rng: int | np.random.Generator | None = None,
        n_jobs: int | None = None,
    ) -> ReaderHMMs:
        """Fit a hidden Markov model for each reader, or for each reader and case.

        Parameters
        ----------
        fixations : pandas.DataFrame
            A fixations table. The places of all fixations that share a model must lie in one frame: the same image,
            or images in which the same place means the same thing.
        readings : pandas.DataFrame
            A readings table.
        by : sequence of str
            ("reader",), or ("reader", "case") for co-clustering.
        settings : HMMSettings or mapping, optional
            Default: 1 to 4 states, of which the evidence chooses.
        rng : int, numpy.random.Generator or None
            Seed of the starts. Same seed, same readings: same models, in any row order and on any number of threads.
        n_jobs : int, optional
            Threads; default as many as the process may use.

        Raises
        ------
        TableError, ValueError
            If a table breaks its contract, or no fixation has a place.

        Examples
        --------
        A reader who goes to and fro between two places (the prior draws states to the middle, by one fixation of 41):

        >>> rng = np.random.default_rng(1)
        >>> places = np.tile([[100.0, 100.0], [300.0, 200.0]], (40, 1)) + rng.normal(0, 10, (80, 2))
        >>> fixations = pd.DataFrame(places, columns=["x", "y"])
        >>> fixations.insert(0, "reading", np.repeat(np.arange(8), 10))
        >>> fixations.insert(1, "onset", np.tile(np.arange(10) * 300.0, 8))
        >>> readings = pd.DataFrame({"reading": np.arange(8), "reader": "ann", "case": np.arange(8)})
        >>> found = ReaderHMMs.fit(fixations, readings, rng=1)
        >>> found.table()[["state", "x", "y", "start", "to 1", "to 2"]].round(1)
           state      x      y  start  to 1  to 2
        0      1  102.2  100.6    1.0   0.0   1.0
        1      2  295.7  197.5    0.0   1.0   0.0
        """
        chosen = HMMSettings.given(settings)
        paths = pack(fixations, readings, by=by, columns=chosen.columns)
        if not len(paths.points):
            raise ValueError("hidden Markov models need fixations with a place; got none")
        return fit_packed(paths, by, chosen.filled(paths.points), np.random.default_rng(rng), n_jobs)

    def log_likelihood(
        self, fixations: pd.DataFrame, readings: pd.DataFrame, *, n_jobs: int | None = None
    ) -> pd.DataFrame:
        """Return the log-likelihood of each reading under its own model: reading, log_likelihood, fixations."""
        paths = pack(fixations, readings, by=list(self.keys.columns), columns=self.settings.columns)
        models = match(self.keys, paths.readings)[:, None]
        values = self.bank.scores(paths, models, n_jobs=n_jobs)[:, 0]
        return pd.DataFrame(
            {
                "reading": paths.readings["reading"].array,
                "log_likelihood": values,
                "fixations": np.diff(paths.edges),
            }
        )

    def table(self) -> pd.DataFrame:
        """Return one row a model and state: the keys, state, start, its place and spread, and to 1, to 2, ..."""
        return states_table(self.keys, self.bank, self.settings.columns)

    def _check_loaded(self) -> None:
        if self.bank.means.shape[2] != len(self.settings.columns):
            raise ValueError("the models have another number of columns than the settings")
        if list(self.keys.columns) not in (["reader"], ["reader", "case"]):
            raise ValueError(f"'keys' expected reader, or reader and case; got {', '.join(self.keys.columns)}")


def fit_packed(
    paths: Paths, by: Sequence[str], settings: HMMSettings, rng: np.random.Generator, n_jobs: int | None = None
) -> ReaderHMMs:
    """Fit a model for each key `by` of packed fixations."""
    keys, stretches = paths.stretches(by)
    schedule = settings.schedule()
    sizes, count = schedule.sizes, len(keys)
    results = _room(count, settings, rng)
    sequences = hmm_vb.Sequences(paths.points, paths.edges)
    rows = np.arange(count)
    ragged.each(hmm_vb.fit_all, stretches, sequences, schedule, settings.prior(), results, out=(rows,), n_jobs=n_jobs)
    # The bound is that of one naming of the states; the k! namings are as good, and more states have more of them
    # (Bishop 2006, section 10.2.4).
    evidence = results.bounds + gammaln(sizes + 1)
    best = evidence.argmax(axis=1)
    chosen = _posterior_means(sizes[best], hmm_vb.Posterior(*(part[rows, best] for part in results.posterior)))
    tried = len(sizes)
    choices = keys.loc[keys.index.repeat(tried)].reset_index(drop=True)
    choices = choices.assign(
        states=np.tile(sizes, count),
        evidence=evidence.ravel(),
        agreeing=results.agreeing.ravel(),
        chosen=np.tile(np.arange(tried), count) == np.repeat(best, tried),
    )
    lengths = np.diff(paths.edges)
    length = float(lengths[lengths > 0].mean())
    return ReaderHMMs(keys, chosen, evidence[rows, best], choices, settings, length, _notes(paths, by, keys))


def _room(count: int, settings: HMMSettings, rng: np.random.Generator) -> hmm_vb.Results:
    """Random draws of all starts, and room for the posterior of each model and number of states."""
    tried, k, d = len(settings.n_states), max(settings.n_states), len(settings.columns)
    # Drawn here, one block a model: results don't depend on the number of threads.
    draws = rng.random((count, tried, settings.n_starts, k))
    shapes = ((k,), (k, k), (k,), (k,), (k, d), (k, d, d))
    posterior = hmm_vb.Posterior(*(np.zeros((count, tried, *shape)) for shape in shapes))
    return hmm_vb.Results(draws, posterior, np.zeros((count, tried)), np.zeros((count, tried), np.int64))


def match(keys: pd.DataFrame, readings: pd.DataFrame) -> np.ndarray:
    """Row of `keys` that each reading has, -1 for none."""
    names = list(keys.columns)
    if len(names) == 1:
        return pd.Index(keys[names[0]]).get_indexer(pd.Index(readings[names[0]])).astype(np.int64)
    return pd.MultiIndex.from_frame(keys).get_indexer(pd.MultiIndex.from_frame(readings[names])).astype(np.int64)


def states_table(keys: pd.DataFrame, bank: HMMBank, columns: Sequence[str]) -> pd.DataFrame:
    """Return models as a tidy table, one row a model and state."""
    model = np.repeat(np.arange(len(bank)), bank.sizes)
    state = np.concatenate([np.arange(size) for size in bank.sizes])
    table = keys.iloc[model].reset_index(drop=True)
    table["state"] = state + 1
    table["start"] = bank.start[model, state]
    for place, name in enumerate(columns):
        table[name] = bank.means[model, state, place]
        table[f"sd {name}"] = np.sqrt(bank.covariances[model, state, place, place])
    for other in range(bank.start.shape[1]):
        there = other < bank.sizes[model]
        table[f"to {other + 1}"] = np.where(there, bank.move[model, state, other], np.nan)
    if len(columns) > 1:
        spread = np.sqrt(bank.covariances[model, state, 0, 0] * bank.covariances[model, state, 1, 1])
        table["correlation"] = bank.covariances[model, state, 0, 1] / spread
    return table


def _posterior_means(sizes: np.ndarray, posterior: hmm_vb.Posterior) -> HMMBank:
    """Posterior means of the parameters; the state visited most comes first."""
    k, d = posterior.start.shape[1], posterior.means.shape[2]
    # In one order for all readers, so that tables and figures of two models can be laid side by side.
    there = np.arange(k) < sizes[:, None]
    order = np.argsort(np.where(there, -posterior.strengths, np.inf), axis=1, kind="stable")
    rows = np.arange(len(sizes))[:, None]
    starts, degrees, means, scatters = (
        array[rows, order] for array in (posterior.start, posterior.degrees, posterior.means, posterior.scatters)
    )
    moves = posterior.move[rows[:, :, None], order[:, :, None], order[:, None, :]]
    return HMMBank(
        sizes.astype(np.int64),
        starts / starts.sum(axis=1, keepdims=True),
        np.divide(moves, moves.sum(axis=2, keepdims=True), out=np.zeros_like(moves), where=there[:, :, None]),
        means,
        np.divide(
            scatters,
            # The mean of an inverse Wishart, for covariances (Bishop 2006 has the precision's).
            (degrees - d - 1)[:, :, None, None],
            out=np.zeros_like(scatters),
            where=there[:, :, None, None],
        ),
    )


def _notes(paths: Paths, by: Sequence[str], keys: pd.DataFrame) -> tuple[str, ...]:
    empty = len(paths.readings[list(by)].drop_duplicates()) - len(keys)
    counted = (
        (paths.dropped, f"{paths.dropped} fixations without a place are left out."),
        (empty, f"{empty} of {' x '.join(by)} have no fixations and get no model."),
    )
    return tuple(words for number, words in counted if number)
