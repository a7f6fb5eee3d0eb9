"""Do readers of the same case think alike? Similarity of readings within and between cases, and retrieval of cases.

A reader's own readings are never compared with one another: habits of speech would pass for similarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from gazeanalytics.brief import Brief
from gazeanalytics.crossed import crossed_mean
from gazeanalytics.reasoning.embeddings import Embeddings

__all__ = ["CaseSimilarity", "Retrieval", "case_similarity", "retrieve_cases"]

_BLOCK = 512
_CELLS = 20_000_000
_MAX_READINGS = 5000


@dataclass(frozen=True, slots=True)
class CaseSimilarity(Brief):
    """Similarity of readings of the same case and of different cases.

    Attributes
    ----------
    readings : pandas.DataFrame
        reading, reader, case, same and different (mean cosine with other readers' readings of the same case and of
        others), difference, and auroc (chance that a reading of the same case is more similar than one of another).
    estimates : pandas.DataFrame
        An `estimates` table: their means with intervals over readers and cases; the p-value of *difference* is from
        permutation.

    Examples
    --------
    Made by `case_similarity`; `readings` is what the figure `report.case_similarity` draws.

    >>> empty = pd.DataFrame(columns=["reading", "same", "different"])
    >>> CaseSimilarity(empty, pd.DataFrame()).readings.columns.tolist()
    ['reading', 'same', 'different']
    """

    readings: pd.DataFrame
    estimates: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Retrieval(Brief):
    """Which case each reading was about, as far as its vector shows.

    Attributes
    ----------
    readings : pandas.DataFrame
        reading, reader, case, rank (of its own case; ties share the middle) and cases (how many it was sought among).
    estimates : pandas.DataFrame
        An `estimates` table: *recall_at_k* for each k with intervals over readers and cases, then *chance_at_k*, what
        guessing gives, then *median_rank*.

    Examples
    --------
    Made by `retrieve_cases`: rank 1 of 40 cases is a hit, rank 20.5 what guessing gives.

    >>> Retrieval(pd.DataFrame({"rank": [1.0], "cases": [40]}), pd.DataFrame()).readings["rank"].item()
    1.0
    """

    readings: pd.DataFrame
    estimates: pd.DataFrame


def case_similarity(
    embeddings: Embeddings,
    readings: pd.DataFrame,
    *,
    n_permutations: int = 999,
    max_readings: int = _MAX_READINGS,
    rng: int | np.random.Generator | None = None,
) -> CaseSimilarity:
    """Compare readings of the same case by different readers with readings of different cases.

    Parameters
    ----------
    embeddings : Embeddings
        Of traces (`embed_traces`), of attention maps (a row a reading), or of any model.
    readings : pandas.DataFrame
        reading, reader, case.
    n_permutations : int
        Permutations: each reader's readings swap their cases, so that habits of readers stay as they are.
    max_readings : int
        Readings used at most; whole cases are drawn when there are more.
    rng : int, Generator or None
        Source of randomness.

    Raises
    ------
    ValueError
        If no case was read by two readers, or readings have no vector.

    Examples
    --------
    >>> readings = pd.DataFrame({"reading": range(4), "reader": list("aabb"), "case": [1, 2, 1, 2]})
    >>> vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.2, 0.8]])
    >>> found = case_similarity(Embeddings.of(vectors, range(4)), readings, n_permutations=19, rng=1)
    >>> found.estimates.set_index("term")["estimate"].round(2).to_dict()
    {'same': 0.98, 'different': 0.18, 'difference': 0.81, 'auroc': 1.0}
    """
    source = np.random.default_rng(rng)
    table, x = _laid_out(embeddings, readings, max_readings, source)
    who, what = pd.factorize(table["reader"])[0], pd.factorize(table["case"])[0]
    compared = _Compared.of(x, who)
    same, different = compared.means(what)
    table = table.assign(same=same, different=different, difference=same - different, auroc=_areas(x, who, what))
    if table["difference"].isna().all():
        raise ValueError("no case was read by two readers, and no others by two more: there is nothing to compare")
    terms = ("same", "different", "difference", "auroc")
    estimates = pd.concat([_row("case similarity", term, table[term], table) for term in terms], ignore_index=True)
    if n_permutations:
        reached = sum(compared.permuted(what, source) >= np.nanmean(same - different) for _ in range(n_permutations))
        estimates.loc[estimates["term"].eq("difference"), "p_value"] = (1 + reached) / (1 + n_permutations)
    return CaseSimilarity(table, estimates)


def retrieve_cases(
    embeddings: Embeddings,
    readings: pd.DataFrame,
    *,
    targets: Embeddings | None = None,
    ks: Sequence[int] = (1, 5, 10),
    max_readings: int = _MAX_READINGS,
    rng: int | np.random.Generator | None = None,
) -> Retrieval:
    """Find the case that a reading is about, among all cases.

    Parameters
    ----------
    embeddings : Embeddings
        A row a reading.
    readings : pandas.DataFrame
        reading, reader, case.
    targets : Embeddings, optional
        A row a case, in the same space: of the image, say. Default: each case is the mean of its readings by other
        readers.
    ks : sequence of int
        A case is found when it is among the k most similar.
    max_readings, rng
        As in `case_similarity`.

    Raises
    ------
    ValueError
        If there are fewer than two cases to choose from.

    Examples
    --------
    >>> readings = pd.DataFrame({"reading": range(4), "reader": list("aabb"), "case": [1, 2, 1, 2]})
    >>> vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.2, 0.8]])
    >>> found = retrieve_cases(Embeddings.of(vectors, range(4)), readings, ks=[1])
    >>> found.estimates.set_index("term")["estimate"].to_dict()
    {'recall_at_1': 1.0, 'chance_at_1': 0.5, 'median_rank': 1.0}
    """
    table, x = _laid_out(embeddings, readings, max_readings, np.random.default_rng(rng))
    rank, among = _ranks_by_others(x, table) if targets is None else _ranks(x, table, targets)
    table = table.assign(rank=rank, cases=among)
    if not (among > 1).any():
        raise ValueError("there must be at least two cases to choose from, each with a reading by another reader")
    table.loc[table["cases"] < 2, "rank"] = np.nan
    found = table["rank"].notna()
    rows = [_row("retrieval", f"recall_at_{k}", _found(table["rank"], k), table) for k in ks]
    share = [(k / table["cases"]).clip(upper=1.0).where(found) for k in ks]
    rows += [_fixed("retrieval", f"chance_at_{k}", one.mean(), found.sum()) for k, one in zip(ks, share, strict=True)]
    rows.append(_fixed("retrieval", "median_rank", table["rank"].median(), found.sum()))
    return Retrieval(table, pd.concat(rows, ignore_index=True))


def _laid_out(
    embeddings: Embeddings, readings: pd.DataFrame, max_readings: int, source: np.random.Generator
) -> tuple[pd.DataFrame, Any]:
    """Readings that have a vector, and their vectors; whole cases are drawn when there are too many."""
    table = readings[["reading", "reader", "case"]]
    table = table[embeddings.rows_of(table["reading"]) >= 0]
    if table.empty:
        raise ValueError("no reading has a vector; check that the keys of embeddings are readings")
    if len(table) > max_readings:
        sizes = table.groupby("case", observed=True).size()
        sizes = sizes.iloc[source.permutation(len(sizes))]
        table = table[table["case"].isin(sizes.index[sizes.cumsum() <= max_readings])]
    table = table.reset_index(drop=True)
    return table, embeddings.vectors[embeddings.rows_of(table["reading"])]


def _sums(x: Any, codes: np.ndarray) -> tuple[Any, np.ndarray]:
    """Sum of the vectors of each group, and how many there are."""
    groups = codes.max() + 1
    gather = sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(groups, len(codes)))
    return gather @ x, np.bincount(codes, minlength=groups).astype(float)


def _dots(x: Any, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Product of each row with the sum of its group, and the size of the group."""
    sums, count = _sums(x, codes)
    if not sparse.issparse(x):
        return (x * sums[codes]).sum(axis=1), count[codes]
    dot, step = np.zeros(len(codes)), max(1, _CELLS // x.shape[1])
    for first in range(0, len(count), step):
        rows = np.flatnonzero((codes >= first) & (codes < first + step))
        part, groups = x[rows], sums[first : first + step].toarray()
        place = np.repeat(np.arange(len(rows)), np.diff(part.indptr))
        products = part.data * groups[codes[rows][place] - first, part.indices]
        dot[rows] = np.bincount(place, products, len(rows))
    return dot, count[codes]


@dataclass(frozen=True, slots=True)
class _Compared:
    """Readings as vectors, and what no permutation of their cases changes.

    `own` and `whole` hold, for each reading, the product with the sum of its reader's readings and of all, and the
    numbers of these, shape (readings,) each.
    """

    x: Any
    who: np.ndarray
    own: tuple[np.ndarray, np.ndarray]
    whole: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, x: Any, who: np.ndarray) -> _Compared:
        return cls(x, who, _dots(x, who), _dots(x, np.zeros(len(who), np.int64)))

    # Sum of products over pairs = product with the sum: x_i . sum_j x_j, less the reader's own readings. The pairs
    # themselves, n^2 / 2 of them, are never formed, so that each permutation costs n products.
    def means(self, what: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean similarity to other readers' readings, of the same case and of others: sums, not pairs."""
        of_case, in_case = _dots(self.x, what)
        again, times = _dots(self.x, pd.factorize(self.who * (what.max() + 1) + what)[0])
        same, n_same = of_case - again, in_case - times
        other, n_other = self.whole[0] - self.own[0] - same, self.whole[1] - self.own[1] - n_same
        compared = (n_same > 0) & (n_other > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(compared, same / n_same, np.nan), np.where(compared, other / n_other, np.nan)

    def permuted(self, what: np.ndarray, source: np.random.Generator) -> float:
        """Mean difference after each reader's readings swapped their cases."""
        moved = np.empty_like(what)
        moved[np.argsort(self.who, kind="stable")] = what[np.lexsort((source.random(len(what)), self.who))]
        same, different = self.means(moved)
        return float(np.nanmean(same - different))


def _areas(x: Any, who: np.ndarray, what: np.ndarray) -> np.ndarray:
    """For each reading, chance that one of the same case is more similar than one of another, ties by half."""
    area = np.full(len(who), np.nan)
    for first in range(0, len(who), _BLOCK):
        block = _dense(x[first : first + _BLOCK] @ x.T)
        for row, likes in enumerate(block, start=first):
            others = who != who[row]
            same = likes[others & (what == what[row])]
            unlike = np.sort(likes[others & (what != what[row])])
            if len(same) and len(unlike):
                below, upto = (np.searchsorted(unlike, same, side) for side in ("left", "right"))
                area[row] = (below + upto).mean() / (2 * len(unlike))
    return area


def _ranks_by_others(x: Any, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rank of each reading's case among all cases, each the mean of other readers' readings."""
    who, what = pd.factorize(table["reader"])[0], pd.factorize(table["case"])[0]
    rank, among = np.full(len(table), np.nan), np.zeros(len(table))
    for reader in range(who.max() + 1):
        own = np.flatnonzero(who == reader)
        if len(own) == len(who):
            continue
        codes, cases = pd.factorize(what[who != reader])
        means = Embeddings.of(_sums(x[np.flatnonzero(who != reader)], codes)[0], cases)
        rank[own] = _rank_among(x[own], means.vectors, means.rows_of(what[own]))
        among[own] = len(cases)
    return rank, among


def _ranks(x: Any, table: pd.DataFrame, targets: Embeddings) -> tuple[np.ndarray, np.ndarray]:
    vectors: Any = targets.vectors
    if vectors.shape[1] != x.shape[1]:
        raise ValueError(f"targets must have the readings' {x.shape[1]} columns; got {vectors.shape[1]}")
    rank = _rank_among(x, vectors, targets.rows_of(table["case"]))
    return rank, np.full(len(table), float(len(targets.keys)))


def _rank_among(x: Any, targets: Any, own: np.ndarray) -> np.ndarray:
    """Rank of the target in column `own` (NaN for -1), from the most similar on; ties share the middle."""
    rank = np.full(len(own), np.nan)
    for first in range(0, len(own), _BLOCK):
        likes = _dense(x[first : first + _BLOCK] @ targets.T)
        column = own[first : first + _BLOCK]
        mine = likes[np.arange(len(column)), column][:, None]
        middle = (likes > mine).sum(1) + ((likes == mine).sum(1) + 1) / 2
        rank[first : first + _BLOCK] = np.where(column >= 0, middle, np.nan)
    return rank


def _dense(block: Any) -> np.ndarray:
    return block.toarray() if sparse.issparse(block) else np.asarray(block)


def _found(rank: pd.Series, k: int) -> pd.Series:
    return rank.le(k).astype(float).where(rank.notna())


def _row(model: str, term: str, scores: pd.Series, table: pd.DataFrame) -> pd.DataFrame:
    found = crossed_mean(scores.to_numpy(float), table["reader"], table["case"])
    low, high = found.interval()
    if term == "auroc" or term.startswith("recall"):
        low, high = max(low, 0.0), min(high, 1.0)
    numbers = {"std_error": found.std_error, "df": found.df, "conf_low": low, "conf_high": high}
    return _fixed(model, term, found.estimate, found.n).assign(**numbers)


def _fixed(model: str, term: str, value: float, n: int) -> pd.DataFrame:
    """A row of estimates without an interval."""
    unknown = dict.fromkeys(("std_error", "statistic", "df", "p_value", "conf_low", "conf_high"), np.nan)
    return pd.DataFrame({"model": model, "term": term, "estimate": value} | unknown | {"n": n, "note": ""}, index=[0])
