"""Hidden Markov models of fixations: one a reader, or one a reader and case (variational Bayes, as in EMHMM)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln

from gazeanalytics import ragged
from gazeanalytics._kernels.strategies import hmm as kernels
from gazeanalytics.strategies.markov.sequences import Paths, pack
from gazeanalytics.strategies.markov.settings import HmmSettings, make, plain

__all__ = ["Bank", "Hmms"]

_FORMAT = "gazeanalytics hidden markov models 1"


@dataclass(frozen=True, slots=True)
class Bank:
    """Hidden Markov models with Gaussian states, padded to one number of states k.

    Attributes
    ----------
    sizes : numpy.ndarray of int, shape (models,)
        States of each model; what lies beyond is zero.
    start : numpy.ndarray, shape (models, k)
    move : numpy.ndarray, shape (models, k, k)
        From row to column.
    means : numpy.ndarray, shape (models, k, d)
    covariances : numpy.ndarray, shape (models, k, d, d)
    """

    sizes: np.ndarray
    start: np.ndarray
    move: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __len__(self) -> int:
        return len(self.sizes)

    def arrays(self) -> tuple[np.ndarray, ...]:
        """Return all arrays in the order in which kernels take them."""
        return self.sizes, self.start, self.move, self.means, self.covariances

    def take(self, rows: np.ndarray) -> Bank:
        """Return these models."""
        return Bank(*(np.ascontiguousarray(array[rows]) for array in self.arrays()))

    def scores(self, paths: Paths, models: np.ndarray, *, n_jobs: int | None = None) -> np.ndarray:
        """Log-likelihood of each sequence under the models listed for it, shape of `models` (sequences, m).

        -1 lists none; NaN where there is none or the sequence is empty.
        """
        scores = np.empty(models.shape)
        ragged.each(
            kernels.score_all, paths.sequences(), paths.points, *self.arrays(), out=(models, scores), n_jobs=n_jobs
        )
        return scores


@dataclass(frozen=True, slots=True)
class Hmms:
    """Hidden Markov models of readers' fixations. Make them with `Hmms.fit`.

    Attributes
    ----------
    keys : pandas.DataFrame
        Whose model each one is: reader, and case if there is one for each case.
    bank : Bank
        The models: posterior means of the parameters.
    evidence : numpy.ndarray, shape (models,)
        Lower bound of the log evidence, with log k! for the k! ways to name the states.
    choices : pandas.DataFrame
        What every number of states gave: the keys, states, evidence, agreeing (long runs that ended within 0.01 of the
        best) and chosen.
    settings : HmmSettings
        Every choice, the prior filled in.
    length : float
        Mean number of fixations of a reading.
    notes : tuple of str
        What was left out, counted.
    """

    keys: pd.DataFrame
    bank: Bank
    evidence: np.ndarray
    choices: pd.DataFrame
    settings: HmmSettings
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
        rng: int | np.random.Generator | None = None,
        n_jobs: int | None = None,
        **choices: Any,
    ) -> Hmms:
        """Learn a model for each reader, or for each reader and case.

        Parameters
        ----------
        fixations : pandas.DataFrame
            A fixations table. The places of all fixations that share a model must lie in one frame: the same image,
            or images in which the same place means the same thing.
        readings : pandas.DataFrame
            A readings table.
        by : sequence of str
            ("reader",), or ("reader", "case") for co-clustering.
        rng : int, numpy.random.Generator or None
            Seed of the starts. Same seed, same readings: same models, in any row order and on any number of threads.
        **choices
            Any attribute of `HmmSettings`, such as `states=(2, 3)`.

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
        >>> found = Hmms.fit(fixations, readings, rng=1)
        >>> found.table()[["state", "x", "y", "start", "to 1", "to 2"]].round(1)
           state      x      y  start  to 1  to 2
        0      1  102.2  100.6    1.0   0.0   1.0
        1      2  295.7  197.5    0.0   1.0   0.0
        """
        settings = make(HmmSettings, choices)
        paths = pack(fixations, readings, by=by, columns=settings.columns)
        if not len(paths.points):
            raise ValueError("hidden Markov models need fixations with a place; came none")
        return learn(paths, by, settings.filled(paths.points), np.random.default_rng(rng), n_jobs)

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

    def save(self, path: str | Path) -> None:
        """Write the models to one .npz file of plain arrays and JSON text (no pickle)."""
        plainly = {
            "format": _FORMAT,
            "settings": plain(self.settings),
            "keys": self.keys.to_dict("list"),
            "choices": self.choices.to_dict("list"),
            "notes": self.notes,
            "length": self.length,
        }
        write(path, plainly, bank_arrays(self.bank) | {"evidence": self.evidence})

    @classmethod
    def load(cls, path: str | Path) -> Hmms:
        """Read what `save` wrote; another file is a ValueError."""
        plainly, arrays = read(path, _FORMAT, "hidden Markov models", "Hmms.save")
        return cls(
            pd.DataFrame(plainly["keys"]),
            bank_from(arrays),
            arrays["evidence"],
            pd.DataFrame(plainly["choices"]),
            make(HmmSettings, plainly["settings"]),
            plainly["length"],
            tuple(plainly["notes"]),
        )


def learn(
    paths: Paths, by: Sequence[str], settings: HmmSettings, rng: np.random.Generator, n_jobs: int | None = None
) -> Hmms:
    """Learn a model for each key `by` of packed fixations."""
    keys, stretches = paths.stretches(by)
    sizes, d = np.array(settings.states), len(settings.columns)
    count, tried, k = len(keys), len(sizes), int(sizes.max())
    draws = rng.random((count, tried, settings.starts, k))
    shapes = ((k,), (k, k), (k,), (k,), (k, d), (k, d, d), ())
    posterior = [np.zeros((count, tried, *shape)) for shape in shapes]
    agreeing = np.zeros((count, tried), np.int64)
    scatter, prior = settings.prior()
    weights = np.array([settings.start_weight, settings.move_weight])
    # Short runs stop early: their order is all that is asked of them.
    limits = np.array(
        [settings.mixture_rounds, settings.short_rounds, settings.rounds, 10 * settings.tolerance, settings.tolerance]
    )
    fixed = (paths.points, paths.edges, sizes, settings.finished, limits, scatter, prior, weights)
    ragged.each(kernels.learn_all, stretches, *fixed, out=(draws, *posterior, agreeing), n_jobs=n_jobs)
    evidence = posterior[-1] + gammaln(sizes + 1)
    best = evidence.argmax(axis=1)
    rows = np.arange(count)
    chosen = _bank(sizes[best], *(part[rows, best] for part in posterior[:-1]))
    choices = keys.loc[keys.index.repeat(tried)].reset_index(drop=True)
    choices = choices.assign(
        states=np.tile(sizes, count),
        evidence=evidence.ravel(),
        agreeing=agreeing.ravel(),
        chosen=np.tile(np.arange(tried), count) == np.repeat(best, tried),
    )
    lengths = np.diff(paths.edges)
    length = float(lengths[lengths > 0].mean())
    return Hmms(keys, chosen, evidence[rows, best], choices, settings, length, _notes(paths, by, keys))


def match(keys: pd.DataFrame, readings: pd.DataFrame) -> np.ndarray:
    """Row of `keys` that each reading has, -1 for none."""
    names = list(keys.columns)
    if len(names) == 1:
        return pd.Index(keys[names[0]]).get_indexer(pd.Index(readings[names[0]])).astype(np.int64)
    return pd.MultiIndex.from_frame(keys).get_indexer(pd.MultiIndex.from_frame(readings[names])).astype(np.int64)


def states_table(keys: pd.DataFrame, bank: Bank, columns: Sequence[str]) -> pd.DataFrame:
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


def bank_arrays(bank: Bank) -> dict[str, np.ndarray]:
    """Return a bank's arrays by name."""
    return dict(zip(("sizes", "start", "move", "means", "covariances"), bank.arrays(), strict=True))


def bank_from(arrays: dict[str, np.ndarray]) -> Bank:
    """Make a bank of the arrays that `bank_arrays` gave."""
    return Bank(*(arrays[name] for name in ("sizes", "start", "move", "means", "covariances")))


def write(path: str | Path, plainly: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Write JSON text and arrays to one .npz file without pickle."""
    np.savez(path, allow_pickle=False, json=np.array(json.dumps(plainly, default=_builtin)), **arrays)


def read(path: str | Path, wanted: str, what: str, verb: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `write` wrote; a file in another format is a ValueError that says what to do."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    plainly = json.loads(str(arrays.pop("json", "{}")))
    if plainly.get("format") != wanted:
        raise ValueError(f"{path} doesn't hold {what} saved by this package; save them with {verb}")
    return plainly, arrays


def _builtin(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


def _bank(
    sizes: np.ndarray,
    starts: np.ndarray,
    moves: np.ndarray,
    strengths: np.ndarray,
    degrees: np.ndarray,
    means: np.ndarray,
    scatters: np.ndarray,
) -> Bank:
    """Posterior means of the parameters; the state visited most comes first."""
    k, d = starts.shape[1], means.shape[2]
    there = np.arange(k) < sizes[:, None]
    order = np.argsort(np.where(there, -strengths, np.inf), axis=1, kind="stable")
    rows = np.arange(len(sizes))[:, None]
    starts, strengths, degrees, means, scatters = (
        array[rows, order] for array in (starts, strengths, degrees, means, scatters)
    )
    moves = moves[rows[:, :, None], order[:, :, None], order[:, None, :]]
    return Bank(
        sizes.astype(np.int64),
        starts / starts.sum(axis=1, keepdims=True),
        np.divide(moves, moves.sum(axis=2, keepdims=True), out=np.zeros_like(moves), where=there[:, :, None]),
        means,
        np.divide(
            scatters,
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
