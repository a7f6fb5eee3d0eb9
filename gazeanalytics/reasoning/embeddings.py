"""Readings as vectors: of their words, of their attention, or of any model; and what these vectors predict.

Nothing is downloaded: words become TF-IDF weights, and any array with a row a reading takes their place.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.stats import rankdata
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gazeanalytics.brief import Brief
from gazeanalytics.crossed import crossed_mean
from gazeanalytics.tables import shown

__all__ = ["Embeddings", "OutcomePrediction", "embed_traces", "embedding_components", "predict_outcome"]

Vectors = np.ndarray | sparse.csr_array

_RIDGE = np.logspace(-1, 5, 13)
_LOGISTIC_C = 0.01


@dataclass(frozen=True, slots=True)
class Embeddings(Brief):
    """One vector of length 1 for each reading (or case).

    Attributes
    ----------
    keys : pandas.Index, shape (n,)
        Reading or case of each row.
    vectors : numpy.ndarray or scipy.sparse.csr_array, shape (n, d)
        Rows of length 1; a row of zeros stays.

    Examples
    --------
    >>> found = Embeddings.of(np.array([[3.0, 4.0], [0.0, 2.0]]), ["a", "b"])
    >>> float((found.vectors @ found.vectors.T)[0, 1])  # cosine of the two readings
    0.8
    """

    keys: pd.Index
    vectors: Vectors

    @classmethod
    def of(cls, array: ArrayLike | Vectors, keys: Iterable[Hashable]) -> Embeddings:
        """Take any array, a row a key, and bring its rows to length 1.

        Raises
        ------
        ValueError
            If rows and keys differ in number, a key comes twice, or a value is missing.

        Examples
        --------
        >>> Embeddings.of(np.array([[3.0, 4.0]]), ["a"]).vectors.round(2).tolist()
        [[0.6, 0.8]]
        """
        rows: Any = sparse.csr_array(array) if sparse.issparse(array) else np.asarray(array, float)
        index = pd.Index(list(keys))
        if rows.ndim != 2 or rows.shape[0] != len(index):
            raise ValueError(f"expected an array of {len(index)} rows, one a key; got shape {rows.shape}")
        if not index.is_unique:
            raise ValueError(f"each key has one row; {shown(index[index.duplicated()][0])} comes twice")
        values = rows.data if sparse.issparse(rows) else rows
        if not np.isfinite(values).all():
            raise ValueError("embeddings must be finite; some values are missing or infinite: leave those rows out")
        length = np.sqrt(np.asarray((rows * rows).sum(axis=1)).ravel())
        scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
        return cls(index, sparse.diags_array(scale) @ rows if sparse.issparse(rows) else rows * scale[:, None])

    def joined(self, other: Embeddings) -> Embeddings:
        """Set two kinds of vectors side by side, such as words and attention, for the keys that both have.

        Examples
        --------
        >>> words, looks = Embeddings.of(np.eye(2), ["a", "b"]), Embeddings.of(np.eye(2), ["b", "c"])
        >>> list(words.joined(looks).keys), words.joined(looks).vectors.shape
        (['b'], (1, 4))
        """
        keys = self.keys[self.keys.isin(other.keys)]
        parts: list[Any] = [one.vectors[one.rows_of(keys)] for one in (self, other)]
        thin = any(sparse.issparse(part) for part in parts)
        whole: Any = sparse.hstack([sparse.csr_array(part) for part in parts]) if thin else np.hstack(parts)
        return Embeddings.of(whole, keys)

    def rows_of(self, keys: Iterable[Hashable]) -> np.ndarray:
        """Where each key's row is; -1 for none."""
        return self.keys.get_indexer(pd.Index(list(keys)))


def embed_traces(traces: pd.DataFrame, *, min_readings: int = 2) -> Embeddings:
    """Turn what each reading says into TF-IDF weights of its words and word pairs.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table: reading, text.
    min_readings : int
        Readings that must hold a word for it to count.

    Examples
    --------
    >>> texts = ["Clear lungs.", "Big heart.", "Clear lungs. Small heart."]
    >>> traces = pd.DataFrame({"reading": [1, 1, 2], "text": texts})
    >>> found = embed_traces(traces, min_readings=1)
    >>> list(found.keys), round(float((found.vectors @ found.vectors.T)[0, 1]), 2)
    ([1, 2], 0.4)
    """
    texts = traces["text"].fillna("").astype(str).groupby(traces["reading"], observed=True, sort=False).agg(" ".join)
    weigher = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=min(min_readings, len(texts)))
    return Embeddings(pd.Index(texts.index), sparse.csr_array(weigher.fit_transform(texts)))


def embedding_components(embeddings: Embeddings, *, n_components: int = 5) -> pd.DataFrame:
    """Reduce vectors to their first principal components, which a mixed model can take as predictors.

    Parameters
    ----------
    embeddings : Embeddings
        Any.
    n_components : int
        How many.

    Returns
    -------
    pandas.DataFrame
        reading, embedding_1 ... in order of the variance that they hold, each with standard deviation 1; the sign of a
        component is such that its largest weight is positive. `attrs["explained"]` has their shares of the variance.

    Examples
    --------
    >>> found = Embeddings.of(np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]), [7, 8, 9])
    >>> embedding_components(found, n_components=1)["embedding_1"].round(1).tolist()
    [0.9, 0.1, -1.1]
    """
    vectors: Any = embeddings.vectors
    n, d = vectors.shape
    if not 0 < n_components < min(n, d + 1):
        raise ValueError(
            f"n_components must be at least 1, fewer than the {n} rows and at most the {d} columns; got {n_components}"
        )
    solver = "arpack" if sparse.issparse(vectors) and n_components < min(n, d) else "auto"
    fitted = PCA(n_components, svd_solver=solver, random_state=0)
    values = fitted.fit_transform(vectors)
    weights = np.asarray(fitted.components_)
    top = weights[np.arange(n_components), np.abs(weights).argmax(1)]
    spread = values.std(axis=0, ddof=1)
    table = pd.DataFrame(
        values * np.sign(top) / np.where(spread > 0, spread, 1.0),
        columns=[f"embedding_{k + 1}" for k in range(n_components)],
    )
    table.insert(0, "reading", embeddings.keys)
    table.attrs["explained"] = fitted.explained_variance_ratio_.tolist()
    return table


@dataclass(frozen=True, slots=True)
class OutcomePrediction(Brief):
    """An outcome predicted out of fold: for readers and cases that the model was not fitted to.

    Attributes
    ----------
    table : pandas.DataFrame
        reading, reader, case, outcome, predicted.
    estimates : pandas.DataFrame
        An `estimates` table of one row. *auroc* of a two-valued outcome; else *r_squared*: the share of squared error,
        around what the training readings' mean predicts, that is removed (below 0 when it is added).

    Examples
    --------
    Made by `predict_outcome`; an AUROC of .5 or an R squared of 0 says that the vectors predict nothing.

    >>> found = OutcomePrediction(pd.DataFrame({"outcome": [1.0], "predicted": [0.8]}), pd.DataFrame())
    >>> (found.table["outcome"] - found.table["predicted"]).round(1).tolist()
    [0.2]
    """

    table: pd.DataFrame
    estimates: pd.DataFrame


def predict_outcome(
    embeddings: Embeddings,
    readings: pd.DataFrame,
    outcome: str,
    *,
    n_folds: int = 4,
    rng: int | np.random.Generator | None = None,
) -> OutcomePrediction:
    """Predict an outcome from vectors by cross-validation that holds out both the reader and the case.

    Readers and cases are split into `n_folds` each; every block of readers x cases is predicted by a ridge (or
    logistic) regression on the readings that share neither its readers nor its cases.

    Parameters
    ----------
    embeddings : Embeddings
        A row a reading.
    readings : pandas.DataFrame
        reading, reader, case and the outcome (number, or 0 and 1). Rows without it are left out.
    outcome : str
        Column.
    n_folds : int
        See above; at most the number of readers and of cases.
    rng : int, Generator or None
        How readers and cases are split.

    Raises
    ------
    ValueError
        With too few readers or cases, or a two-valued outcome that has a single value in some fold's training readings.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reader, case = np.divmod(np.arange(200), 20)
    >>> readings = pd.DataFrame({"reading": range(200), "reader": reader, "case": case})
    >>> vectors = rng.normal(size=(200, 3))
    >>> readings = readings.assign(score=vectors[:, 0])
    >>> found = predict_outcome(Embeddings.of(vectors, range(200)), readings, "score", rng=1)
    >>> bool(found.estimates["estimate"].item() > 0.7)
    True
    """
    rows = embeddings.rows_of(readings["reading"])
    known = readings[(rows >= 0) & readings[outcome].notna().to_numpy()].reset_index(drop=True)
    vectors: Any = embeddings.vectors
    x = vectors[embeddings.rows_of(known["reading"])]
    y = known[outcome].to_numpy(float)
    choice = bool(np.isin(y, (0, 1)).all())
    source = np.random.default_rng(rng)
    who, what = (_fold_of(known[name], n_folds, source) for name in ("reader", "case"))
    predicted, base = np.full(len(y), np.nan), np.full(len(y), np.nan)
    for a in range(n_folds):
        for b in range(n_folds):
            test, train = (who == a) & (what == b), (who != a) & (what != b)
            if test.any():
                predicted[test], base[test] = _fitted(x[train], y[train], x[test], choice), y[train].mean()
    table = known[["reading", "reader", "case"]].assign(outcome=y, predicted=predicted)
    return OutcomePrediction(table, _estimate(table, base, choice))


def _fold_of(names: pd.Series, n_folds: int, source: np.random.Generator) -> np.ndarray:
    codes, found = pd.factorize(names, sort=True)
    if len(found) < n_folds or n_folds < 2:
        raise ValueError(
            f"expected at least two folds and no more than the {len(found)} of {names.name}; got {n_folds}"
        )
    return (source.permutation(len(found)) % n_folds)[codes]


def _fitted(x: Any, y: np.ndarray, asked: Any, choice: bool) -> np.ndarray:
    if choice and len(np.unique(y)) < 2:
        raise ValueError("the outcome has a single value in the training readings of a fold; take fewer folds")
    scale = StandardScaler(with_mean=not sparse.issparse(x))
    if choice:
        return (
            make_pipeline(scale, LogisticRegression(C=_LOGISTIC_C, max_iter=1000)).fit(x, y).predict_proba(asked)[:, 1]
        )
    return make_pipeline(scale, RidgeCV(_RIDGE)).fit(x, y).predict(asked)


def _estimate(table: pd.DataFrame, base: np.ndarray, choice: bool) -> pd.DataFrame:
    """Score with an error over readers and cases, by each reading's influence on it."""
    y, p = table["outcome"].to_numpy(), table["predicted"].to_numpy()
    value, influence = _auroc(y, p) if choice else _r_squared(y, p, base)
    found = crossed_mean(value + influence, table["reader"], table["case"])
    low, high = found.interval()
    return pd.DataFrame(
        {
            "model": "predicted from embeddings",
            "term": "auroc" if choice else "r_squared",
            "estimate": value,
            "std_error": found.std_error,
            "statistic": (value - 0.5 * choice) / found.std_error if found.std_error > 0 else np.nan,
            "df": found.df,
            "p_value": np.nan,
            "conf_low": low,
            "conf_high": min(high, 1.0),
            "n": found.n,
            "note": "",
        },
        index=[0],
    )


# First-order influence of each row on 1 - sum(left) / sum(whole) (the delta method for a ratio of means).
def _r_squared(y: np.ndarray, p: np.ndarray, base: np.ndarray) -> tuple[float, np.ndarray]:
    left, whole = (y - p) ** 2, (y - base) ** 2
    ratio = left.mean() / whole.mean()
    return 1 - ratio, -(left - ratio * whole) / whole.mean()


# Placements of DeLong, DeLong & Clarke-Pearson (1988, Biometrics 44:837): their mean is the area, their spread its
# error. Here they go through the crossed estimator, since rows of one reader or one case are not independent.
def _auroc(y: np.ndarray, p: np.ndarray) -> tuple[float, np.ndarray]:
    """Area, and how far each row's placement lies from it (DeLong's components)."""
    true = y == 1
    ranks = rankdata(p)
    place = np.empty(len(y))
    n1, n0 = int(true.sum()), int((~true).sum())
    place[true] = (ranks[true] - rankdata(p[true])) / n0
    place[~true] = 1 - (ranks[~true] - rankdata(p[~true])) / n1
    area = float(place[true].mean())
    return area, (place - area) * len(y) / np.where(true, n1, n0)
