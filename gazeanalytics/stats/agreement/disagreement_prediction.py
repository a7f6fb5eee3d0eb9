"""Prediction of disagreement, cross-validated on readers and cases that the model never saw.

With rows of single readings, folds cross: cases are cut into parts, readers are cut into parts, and the block of case
part k x reader part m is predicted by a model trained on rows outside both. Folds over rows alone would let a model
recognise a reader (or a case) that it was trained on, and overstate what it can do for new ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.brief import Brief
from gazeanalytics.settings import Settings
from gazeanalytics.stats.agreement.disagreement_reliability import auroc
from gazeanalytics.stats.calibration import calibration
from gazeanalytics.stats.recalibration import recalibrate
from gazeanalytics.stats.resampling.bootstrap import cluster_bootstrap
from gazeanalytics.stats.resampling.bootstrap_statistics import AucStatistic, WeightedStatistic
from gazeanalytics.stats.resampling.clusters import needed
from gazeanalytics.tables import ESTIMATES, InputError

__all__ = ["CrossValidation", "DisagreementPrediction", "Estimator", "join_embeddings", "predict_disagreement"]


class Estimator(Protocol):
    """A scikit-learn estimator: `fit`, and `predict` or `predict_proba`."""

    def fit(self, X: np.ndarray, y: np.ndarray, /) -> object:
        """Fit to rows of features and their outcomes."""
        ...


_COLUMNS = list(ESTIMATES)
_INNER = 4  # folds inside the training rows, for calibration


@dataclass(frozen=True, slots=True)
class CrossValidation(Settings):
    """Settings of a cross-validation: folds, calibration, permutation test, bootstrap.

    Parameters
    ----------
    n_folds : int
        Parts that cases (and readers) are cut into; each is predicted from the others.
    calibrate : bool
        Map a classifier's scores to probabilities by a logistic line fitted on folds inside the training rows.
    n_permutations : int
        Times that outcomes are shuffled among cases and everything is fitted anew, for the p-value. 0: no test.
    n_resamples : int
        Bootstrap draws of the groups, for intervals.
    confidence : float
        Of the intervals.

    Examples
    --------
    >>> CrossValidation.from_mapping({"n_folds": 10, "n_permutations": 99}).n_folds
    10
    """

    n_folds: int = 5
    calibrate: bool = True
    n_permutations: int = 0
    n_resamples: int = 500
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.n_folds < 2:
            raise InputError(f"n_folds: expected at least 2; got {self.n_folds}")


@dataclass(frozen=True)
class DisagreementPrediction(Brief):
    """Out-of-fold predictions of disagreement with their scores; made by `predict_disagreement`.

    Attributes
    ----------
    predictions : pandas.DataFrame
        Groups, target, predicted and fold of every row, in the table's order.
    scores : pandas.DataFrame
        An `estimates` table: for 0 and 1 "auroc", "brier", "slope" and "intercept" of calibration; for numbers
        "spearman" and "r2". `p_value` is that of the permutation test.
    null : numpy.ndarray, shape (n_permutations,)
        The first score with outcomes shuffled. It centres a little below chance: where a fold holds few of an outcome,
        the rows that it is predicted from hold many.

    Examples
    --------
    Whether the observed score is above what shuffled outcomes give:

    >>> found = DisagreementPrediction(pd.DataFrame(), pd.DataFrame({"estimate": [0.7]}), np.array([0.44, 0.52, 0.49]))
    >>> bool(found.scores["estimate"][0] > found.null.max())
    True
    """

    predictions: pd.DataFrame
    scores: pd.DataFrame
    null: np.ndarray


def predict_disagreement(
    table: pd.DataFrame,
    *,
    target: str,
    features: Sequence[str],
    groups: str | Sequence[str] = "case",
    model: Estimator | None = None,
    settings: CrossValidation | Mapping[str, Any] | None = None,
    rng: int | np.random.Generator | None = None,
) -> DisagreementPrediction:
    """Predict disagreement by cross-validation from gaze, strategy, certainty, context, AI outputs or embeddings.

    Every row is predicted by a model that saw neither its case nor, where `groups` names readers too, its reader. Take
    care that features and target rest on different labels: a feature that separates the target without error is named
    in `note`.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a case, or a reading.
    target : str
        Column of 0 and 1 (are readers split?), or of numbers (`disagreement`); no gaps.
    features : sequence of str
        Columns of numbers; categories are spread into 0 and 1. Gaps are passed to the model (the default takes them).
    groups : str or sequence of str
        One or two columns: "case", or ("case", "reader") for rows of single readings.
    model : scikit-learn estimator, optional
        Classifier for 0 and 1, regressor for numbers. Default: a forest of 300 trees with leaves of ten rows or more,
        which was not tuned on anything.
    settings : CrossValidation or mapping, optional
        Folds, calibration, permutations, bootstrap.
    rng : int, Generator or None
        Randomness of folds, forest, bootstrap and shuffles.

    Returns
    -------
    DisagreementPrediction

    Raises
    ------
    InputError
        For unknown columns, gaps in the target, a single outcome, or fewer groups than folds.

    See Also
    --------
    disagreement_reliability : the best that any prediction can reach.
    join_embeddings : add vectors of cases as features.

    Examples
    --------
    An AI's margin predicts where readers split, noise doesn't:

    >>> rng = np.random.default_rng(1)
    >>> margin = rng.random(200)
    >>> cases = pd.DataFrame({"case": np.arange(200), "margin": margin, "noise": rng.random(200)})
    >>> cases["split"] = (rng.random(200) < 0.9 - 0.8 * margin).astype(int)
    >>> from sklearn.linear_model import LogisticRegression
    >>> asked = {"target": "split", "features": ["margin", "noise"], "model": LogisticRegression()}
    >>> predict_disagreement(cases, **asked, rng=1).scores[["term", "estimate"]].round(2)
            term  estimate
    0      auroc      0.71
    1      brier      0.22
    2  intercept     -0.02
    3      slope      0.97
    """
    how = CrossValidation.given(settings)
    names = [groups] if isinstance(groups, str) else list(groups)
    y, x, codes = _checked(table, target, features, names, how.n_folds)
    random = np.random.default_rng(rng)
    binary = bool(np.isin(y, (0, 1)).all())
    seed = int(random.integers(2**31))
    chosen = _default(binary, seed) if model is None else model
    folds = _folds(codes, how.n_folds, random)
    fitter = _Fitter(chosen, binary, how.calibrate and binary, seed)
    predicted, fold = fitter.across(x, y, codes, folds)
    judged = pd.DataFrame({**{name: table[name].to_numpy() for name in names}, "target": y, "predicted": predicted})
    shuffled = (_shuffle(y, codes[0], random) for _ in range(how.n_permutations))
    null = np.array([_score(mixed, fitter.across(x, mixed, codes, folds)[0], binary) for mixed in shuffled])
    scores = _scores(judged, names, binary, how, random)
    if how.n_permutations:
        first = float(scores["estimate"].iloc[0])
        scores.loc[0, "p_value"] = (1 + np.sum(null >= first)) / (1 + how.n_permutations)
    scores["note"] = _leaks(x, y, binary)
    return DisagreementPrediction(judged.assign(fold=fold), scores, null)


def _default(binary: bool, seed: int) -> Estimator:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if binary else RandomForestRegressor
    return kind(300, min_samples_leaf=10, random_state=seed)


def _checked(
    table: pd.DataFrame, target: str, features: Sequence[str], names: list[str], folds: int
) -> tuple[np.ndarray, pd.DataFrame, list[np.ndarray]]:
    needed(table, [target, *names])
    needed(table.head(0), list(features))
    if len(names) not in (1, 2) or not len(features):
        raise InputError(f"expected one or two groups and at least one feature; got {len(names)} and {len(features)}")
    if target in features:
        raise InputError(f"the target {target!r} is among the features; leave it out")
    y = table[target].to_numpy(float)
    if np.ptp(y) == 0:
        raise InputError(f"column {target!r}: every row is {y[0]:g}; there is nothing to predict")
    codes = [pd.factorize(table[name], sort=True)[0] for name in names]
    for name, own in zip(names, codes, strict=True):
        if own.max() + 1 < folds:
            raise InputError(
                f"column {name!r}: expected at least {folds} of them for {folds} folds; got {own.max() + 1}"
            )
    spread = pd.get_dummies(table[list(features)], dtype=float).reset_index(drop=True)
    return y, spread.astype(float), codes


def _folds(codes: list[np.ndarray], folds: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Assign the levels of each group to folds at random, alike in number."""
    return [(rng.permutation(own.max() + 1) % folds)[own] for own in codes]


def _blocks(folds: list[np.ndarray], count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give training rows (outside the fold of every group) and test rows (inside all of them)."""
    if len(folds) == 1:
        for k in range(count):
            yield folds[0] != k, folds[0] == k
        return
    for k in range(count):
        for m in range(count):
            yield (folds[0] != k) & (folds[1] != m), (folds[0] == k) & (folds[1] == m)


@dataclass(frozen=True)
class _Fitter:
    """A model with its calibration."""

    model: Estimator
    binary: bool
    calibrate: bool
    seed: int

    def across(
        self, x: pd.DataFrame, y: np.ndarray, codes: list[np.ndarray], folds: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict every row from the others' groups; shapes (rows,), (rows,)."""
        predicted, fold = np.full(len(y), np.nan), np.full(len(y), -1)
        for place, (train, test) in enumerate(_blocks(folds, int(folds[0].max()) + 1)):
            if test.any():
                predicted[test] = self._one(x, y, codes, train, test)
                fold[test] = place
        return predicted, fold

    def _one(
        self, x: pd.DataFrame, y: np.ndarray, codes: list[np.ndarray], train: np.ndarray, test: np.ndarray
    ) -> np.ndarray:
        scores = self._fit(x[train], y[train], x[test])
        if not self.calibrate or len(np.unique(y[train])) < 2:
            return scores
        # Scores of the training rows themselves are too good to calibrate with, so inner folds give fresh ones.
        inner = np.full(int(train.sum()), np.nan)
        own = codes[0][train]
        inner_fold = np.random.default_rng(self.seed).permutation(codes[0].max() + 1)[own] % _INNER
        for k in range(_INNER):
            if (inner_fold == k).any() and (inner_fold != k).any():
                inner[inner_fold == k] = self._fit(
                    x[train][inner_fold != k], y[train][inner_fold != k], x[train][inner_fold == k]
                )
        known = ~np.isnan(inner)
        try:
            line = recalibrate(np.clip(inner[known], 0, 1), y[train][known], method="logistic")
        except ValueError:  # separated, or one outcome alone: no line can be fitted
            return scores
        return line(scores)

    def _fit(self, x: pd.DataFrame, y: np.ndarray, new: pd.DataFrame) -> np.ndarray:
        from sklearn.base import clone

        if np.ptp(y) == 0:
            return np.full(len(new), float(y[0]))
        fitted: Any = clone(self.model)
        fitted.fit(x.to_numpy(), y.astype(int) if self.binary else y)
        return fitted.predict_proba(new.to_numpy())[:, 1] if self.binary else fitted.predict(new.to_numpy())


def _shuffle(y: np.ndarray, case: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shuffle outcomes among cases where they are constant within a case, else among rows."""
    first = np.unique(case, return_index=True)[1]
    # Outcomes of a case move together: shuffling rows would give the null hypothesis that readings are independent.
    own = y[first]
    return rng.permutation(own)[case] if (own[case] == y).all() else rng.permutation(y)


def _score(y: np.ndarray, predicted: np.ndarray, binary: bool) -> float:
    if binary:
        return auroc(predicted, y == 1)
    flat = np.ptp(predicted) == 0
    return np.nan if flat else float(np.corrcoef(stats.rankdata(y), stats.rankdata(predicted))[0, 1])


def _scores(
    judged: pd.DataFrame, names: list[str], binary: bool, how: CrossValidation, rng: np.random.Generator
) -> pd.DataFrame:
    if not binary:
        return _number_scores(judged, names, how, rng)
    drawn: dict[str, Any] = {"n_resamples": how.n_resamples, "confidence": how.confidence, "rng": rng}
    area = cluster_bootstrap(judged, AucStatistic("predicted", "target", names=("auroc",)), by=names, **drawn)
    stated = judged["predicted"].clip(0, 1)
    rest = calibration(stated, judged["target"], clusters=judged[names[0]], **drawn)
    rest = rest[rest["term"].isin(["brier", "slope", "intercept"])]
    return pd.concat([area, rest], ignore_index=True).assign(model="prediction")[_COLUMNS]


def _number_scores(
    judged: pd.DataFrame, names: list[str], how: CrossValidation, rng: np.random.Generator
) -> pd.DataFrame:
    y, predicted = judged["target"].to_numpy(), judged["predicted"].to_numpy()
    ranks = stats.rankdata(y), stats.rankdata(predicted)

    def both(weights: np.ndarray) -> np.ndarray:
        middle = np.average(y, weights=weights)
        r2 = 1 - np.sum(weights * (y - predicted) ** 2) / np.sum(weights * (y - middle) ** 2)
        spread = np.cov(*ranks, aweights=weights)
        return np.array([spread[0, 1] / np.sqrt(spread[0, 0] * spread[1, 1]), r2])

    asked = WeightedStatistic(both, ("spearman", "r2"))
    found = cluster_bootstrap(judged, asked, by=names, n_resamples=how.n_resamples, confidence=how.confidence, rng=rng)
    return found.assign(model="prediction")


def _leaks(x: pd.DataFrame, y: np.ndarray, binary: bool) -> str:
    """Name features that separate the target without error."""
    named = []
    for name in x.columns:
        column = x[name].to_numpy()
        known = np.isfinite(column)
        if known.sum() < 10 or np.ptp(column[known]) == 0 or np.ptp(y[known]) == 0:
            continue
        exact = abs(_score(y[known], column[known], binary) - (0.5 if binary else 0)) >= (0.5 if binary else 1) - 1e-9
        named += [str(name)] if exact else []
    verb = "separates" if len(named) == 1 else "separate"
    return f"{', '.join(named)} {verb} the target without error: made from it?" if named else ""


def join_embeddings(
    table: pd.DataFrame,
    embeddings: np.ndarray,
    cases: Sequence[object],
    *,
    case: str = "case",
    prefix: str = "embedding",
) -> tuple[pd.DataFrame, list[str]]:
    """Join embeddings of cases (vectors from any model) to a table, as columns of numbers.

    Parameters
    ----------
    table : pandas.DataFrame
    embeddings : numpy.ndarray, shape (cases, dimensions)
    cases : sequence, length cases
        Which case each vector belongs to.
    case, prefix : str
        Column of cases in the table, and how the new columns' names begin.

    Returns
    -------
    table : pandas.DataFrame
        With the new columns; NaN for cases without a vector.
    names : list of str
        Of the new columns, for `features`.

    Raises
    ------
    InputError
        When vectors and cases don't match one to one.

    Examples
    --------
    >>> table, names = join_embeddings(pd.DataFrame({"case": [7, 8, 7]}), np.array([[1.0, 2.0], [3.0, 4.0]]), [8, 7])
    >>> names, table["embedding_0"].tolist()
    (['embedding_0', 'embedding_1'], [3.0, 1.0, 3.0])
    """
    vectors = np.asarray(embeddings, float)
    if vectors.ndim != 2 or len(vectors) != len(cases) or len(set(cases)) != len(cases):
        raise InputError(
            f"embeddings: expected one row a case and every case once; got shape {vectors.shape} for {len(cases)} cases"
        )
    needed(table, [case])
    names = [f"{prefix}_{k}" for k in range(vectors.shape[1])]
    joined = pd.DataFrame(vectors, index=pd.Index(cases), columns=names).reindex(table[case])
    return pd.concat([table, joined.set_index(table.index)], axis=1), names
