"""Agreement coefficients from tallies of categories, with the error of each subject that their variance comes from.

Every coefficient is (p_o - p_e) / (1 - p_e). Observed agreement p_o is the mean over subjects of the share of agreeing
pairs of raters; chance agreement p_e is what distinguishes the coefficients. With subject i's share a_i and part in
chance e_i, the linearised value is (Gwet 2014)

    k_i = (n / n2 (a_i - p_e) - 2 (1 - k) (e_i - p_e)) / (1 - p_e)

whose spread over subjects gives the variance; it needs no resampling and allows for missing ratings.

Raters may carry a number of times (a bootstrap draws some twice); a rater is never taken to agree with himself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd

from gazeanalytics.tables import nearest, shown

__all__ = ["COEFFICIENTS", "CodedRatings", "Coefficient", "agreement_weights", "coefficient_of", "encode"]

COEFFICIENTS = ("percent", "cohen", "conger", "fleiss", "gwet", "brennan_prediger", "krippendorff")
_ALIASES = {"nominal": "unweighted", "equal": "linear", "squared": "quadratic", "interval": "quadratic"}


@dataclass(frozen=True, slots=True)
class CodedRatings:
    """Ratings as places in `labels` (-1 = not rated), shape (subjects, raters); labels as numbers; have they an order.

    Examples
    --------
    >>> encode(pd.DataFrame({"ann": ["no", "yes"], "bob": ["no", None]}), None).places.tolist()
    [[0, 0], [1, -1]]
    """

    places: np.ndarray
    labels: tuple[object, ...]
    numbers: np.ndarray
    ordered: bool


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient, the observed and chance agreement behind it, and each subject's error; shape (subjects used,).

    Examples
    --------
    >>> found = coefficient_of("fleiss", np.array([[0, 0], [1, 1], [0, 1]]), np.eye(2))
    >>> round(found.observed, 3), found.chance, round(found.estimate, 3)
    (0.667, 0.5, 0.333)
    """

    estimate: float
    observed: float
    chance: float
    error: np.ndarray


@dataclass(frozen=True, slots=True)
class _Tally:
    places: np.ndarray
    times: np.ndarray
    counts: np.ndarray
    total: np.ndarray
    paired: np.ndarray
    share: np.ndarray
    weights: np.ndarray


def encode(ratings: pd.DataFrame, categories: Sequence[object] | None) -> CodedRatings:
    """Find each rating's place among the categories; subjects that nobody rated are left out.

    Examples
    --------
    >>> coded = encode(pd.DataFrame({"ann": [1, 5], "bob": [1, 3]}), None)
    >>> coded.labels, coded.places.tolist()
    ((1, 3, 5), [[0, 0], [2, 1]])
    """
    if ratings.shape[1] < 2:
        raise ValueError(f"expected one column a rater, at least two; got {ratings.shape[1]}")
    labels = list(categories) if categories is not None else _labels(ratings)
    index = pd.Index(labels)
    places = np.column_stack([index.get_indexer(pd.Index(ratings.iloc[:, g])) for g in range(ratings.shape[1])])
    rated = ratings.notna().to_numpy()
    foreign = rated & (places < 0)
    if foreign.any():
        row, column = np.argwhere(foreign)[0]
        odd = ratings.iloc[row, column]
        raise ValueError(f"expected ratings among the categories {labels}; got {shown(odd)} in row {row}")
    if not (rated.sum(1) > 1).any():
        raise ValueError("expected at least one subject with two ratings; got none")
    numeric = all(isinstance(label, Real) and not isinstance(label, bool | np.bool_) for label in labels)
    values = np.array(labels, dtype=float) if numeric else np.arange(1.0, len(labels) + 1)
    # Of two categories either order gives the same weights.
    ordered = numeric or categories is not None or len(labels) < 3 or _ordered(ratings)
    return CodedRatings(np.where(rated, places, -1)[rated.any(1)], tuple(labels), values, ordered)


def _ordered(ratings: pd.DataFrame) -> bool:
    return all(isinstance(kind, pd.CategoricalDtype) and bool(kind.ordered) for kind in ratings.dtypes)


def _labels(ratings: pd.DataFrame) -> list[object]:
    kinds = {str(kind.categories.tolist()) for kind in ratings.dtypes if isinstance(kind, pd.CategoricalDtype)}
    first = ratings.dtypes.iloc[0]
    if len(kinds) == 1 and isinstance(first, pd.CategoricalDtype):
        return first.categories.tolist()
    if len(kinds) > 1 and _ordered(ratings):
        return _one_order([kind.categories.tolist() for kind in ratings.dtypes])
    seen = {value for g in range(ratings.shape[1]) for value in ratings.iloc[:, g].dropna().unique().tolist()}
    return sorted(seen)


def _one_order(orders: list[list[object]]) -> list[object]:
    """Merge the orders of raters' categories: the one that holds all others, in their order.

    Examples
    --------
    >>> _one_order([["low", "high"], ["low", "mid", "high"]])
    ['low', 'mid', 'high']
    """
    longest = max(orders, key=len)
    for order in orders:
        if [label for label in longest if label in order] != order:
            raise ValueError(
                f"ratings: raters' categories have orders that don't fit together, {order} and {longest}; pass "
                "categories=[...] with the lowest first"
            )
    return longest


def agreement_weights(weights: str | np.ndarray, coded: CodedRatings) -> np.ndarray:
    """Give the agreement weights between categories, 1 on the diagonal and 0 for the farthest; shape (q, q).

    Examples
    --------
    >>> agreement_weights("linear", encode(pd.DataFrame({"ann": [1, 2], "bob": [3, 2]}), None)).tolist()
    [[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]]
    """
    if isinstance(weights, str):
        distance = _distance(weights, coded)
        _refuse_unordered(weights, coded)
        return 1 - distance / (distance.max() or 1.0)
    given = np.asarray(weights, dtype=float)
    q = len(coded.labels)
    if given.shape != (q, q) or not np.allclose(given, given.T) or not np.allclose(np.diag(given), 1):
        raise ValueError(
            f"weights: expected a symmetric {q} x {q} matrix with ones on its diagonal; got shape {given.shape}"
        )
    return given


def _refuse_unordered(weights: str, coded: CodedRatings) -> None:
    if coded.ordered or weights in ("unweighted", "nominal"):
        return
    shown_labels = ", ".join(map(repr, coded.labels[:5])) + (", ..." if len(coded.labels) > 5 else "")
    raise ValueError(
        f"weights={weights!r} need the order of the categories; got text without one ({shown_labels}); pass categories="
        "[...] with the lowest first, or ordered categoricals"
    )


def _distance(name: str, coded: CodedRatings) -> np.ndarray:
    name = _ALIASES.get(name, name)
    place = np.arange(len(coded.labels))
    if name == "rank":
        return _rank_distance(coded)
    if name == "ratio" and coded.numbers.min() < 0:
        raise ValueError(f"expected ratings of at least 0 for ratio weights; got {coded.numbers.min():g}; take others")
    kinds: dict[str, tuple[np.ndarray, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
        "unweighted": (place, lambda a, b: (a != b).astype(float)),
        "linear": (coded.numbers, lambda a, b: np.abs(a - b)),
        "quadratic": (coded.numbers, lambda a, b: (a - b) ** 2),
        "radical": (coded.numbers, lambda a, b: np.sqrt(np.abs(a - b))),
        "ratio": (coded.numbers, _ratio_distance),
        "ordinal": (place, lambda a, b: np.abs(a - b) * (np.abs(a - b) + 1) / 2),
    }
    if name not in kinds:
        raise ValueError(f"weights: expected a known name; got {name!r}; {nearest(name, [*kinds, 'rank', *_ALIASES])}")
    value, kind = kinds[name]
    return kind(value[:, None], value[None, :])


def _ratio_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = np.where(a == b, 1.0, a + b)
    return ((a - b) / total) ** 2


def _rank_distance(coded: CodedRatings) -> np.ndarray:
    """Krippendorff's ordinal metric: ratings that lie between two categories, the ends by half, squared."""
    paired = coded.places[(coded.places >= 0).sum(1) > 1]
    # The distance of two categories is how many ratings lie between them, so rare categories lie close together.
    times = np.bincount(paired[paired >= 0], minlength=len(coded.labels))
    middle = np.cumsum(times) - times / 2
    return (middle[:, None] - middle[None, :]) ** 2


def coefficient_of(name: str, places: np.ndarray, weights: np.ndarray, times: np.ndarray | None = None) -> Coefficient:
    """Compute one agreement coefficient; NaN where chance alone gives full agreement.

    Examples
    --------
    Two raters agree on three subjects of four:

    >>> coefficient_of("cohen", np.array([[0, 0], [1, 1], [1, 1], [0, 1]]), np.eye(2)).estimate
    0.5
    """
    if name == "cohen":
        places = places[(places >= 0).all(1)]
    tally = _tally(places, weights, np.ones(places.shape[1]) if times is None else times)
    if name == "krippendorff":
        return _krippendorff(tally)
    chance, each = _CHANCE[name](tally)
    n, paired = len(tally.total), tally.paired
    observed = float(tally.share[paired].mean()) if paired.any() else np.nan
    if not 1 - chance > 0:
        return Coefficient(np.nan, observed, chance, np.full(n, np.nan))
    estimate = (observed - chance) / (1 - chance)
    pull = n / max(1, paired.sum()) * np.where(paired, tally.share - chance, 0.0)
    error = (pull - 2 * (1 - estimate) * (each - chance)) / (1 - chance) - estimate
    return Coefficient(estimate, observed, chance, error)


def _tally(places: np.ndarray, weights: np.ndarray, times: np.ndarray) -> _Tally:
    """Count each subject's ratings by category and the share of pairs of raters that agree."""
    q = len(weights)
    counts = np.column_stack([(places == k) @ times for k in range(q)])
    own = (places >= 0) @ times**2
    total = counts.sum(1)
    pairs = total**2 - own
    agreeing = np.sum(counts * (counts @ weights), axis=1) - own
    paired = pairs > 0
    some = total > 0
    share = np.divide(agreeing, pairs, out=np.zeros(len(total)), where=paired)
    return _Tally(places[some], times, counts[some], total[some], paired[some], share[some], weights)


def _no_chance(tally: _Tally) -> tuple[float, np.ndarray]:
    return 0.0, np.zeros(len(tally.total))


def _prevalence(tally: _Tally) -> tuple[np.ndarray, np.ndarray]:
    each = tally.counts / tally.total[:, None]
    return each, each.mean(0)


def _fleiss(tally: _Tally) -> tuple[float, np.ndarray]:
    """p_e = sum over categories of mean share squared: raters draw from one common distribution (Fleiss 1971)."""
    each, mean = _prevalence(tally)
    return float(mean @ tally.weights @ mean), each @ tally.weights @ mean


def _gwet(tally: _Tally) -> tuple[float, np.ndarray]:
    """p_e = sum of mean share (1 - mean share) / (q - 1): only hard subjects are rated at random (Gwet 2008)."""
    # Where one category prevails Fleiss's p_e nears 1 and kappa falls however well raters agree; this p_e nears 0.
    each, mean = _prevalence(tally)
    q = len(mean)
    if q < 2:
        return 1.0, np.ones(len(each))
    scale = tally.weights.sum() / (q * (q - 1))
    return float(scale * mean @ (1 - mean)), scale * each @ (1 - mean)


def _brennan_prediger(tally: _Tally) -> tuple[float, np.ndarray]:
    chance = float(tally.weights.mean())
    return chance, np.full(len(tally.total), chance)


def _conger(tally: _Tally) -> tuple[float, np.ndarray]:
    """Chance agreement of different raters, each with his own shares of the categories (Conger 1980)."""
    n, times, weights = len(tally.total), tally.times, tally.weights
    seen = (tally.places >= 0).sum(0)
    used = (seen > 0) & (times > 0)
    places, seen, times = tally.places[:, used], seen[used], times[used]
    pairs = times.sum() ** 2 - np.sum(times**2)
    if not pairs > 0:
        return np.nan, np.full(n, np.nan)
    shares = np.array([np.bincount(column[column >= 0], minlength=len(weights)) for column in places.T]) / seen[:, None]
    pull = (times[:, None] * (times @ shares) - times[:, None] ** 2 * shares) @ weights
    chance = np.sum(shares * pull, axis=1)
    rated = places >= 0
    # Each subject's part in p_e by the chain rule through every rater's shares; raters with few ratings weigh n / n_g.
    picked = np.where(rated, np.take_along_axis(pull.T, np.maximum(places, 0), axis=0), 0.0)
    each = (picked - (rated - seen / n) * chance) * (n / seen)
    return float(chance.sum() / pairs), each.sum(1) / pairs


_CHANCE: dict[str, Callable[[_Tally], tuple[float, np.ndarray]]] = {
    "percent": _no_chance,
    "cohen": _conger,
    "conger": _conger,
    "fleiss": _fleiss,
    "gwet": _gwet,
    "brennan_prediger": _brennan_prediger,
}


def _krippendorff(tally: _Tally) -> Coefficient:
    """Alpha from subjects with two ratings or more (Gwet 2014, Handbook of Inter-Rater Reliability, chapter 3)."""
    # alpha = 1 - (n - 1) sum of observed / expected disagreement over pairable values; in the form of the other
    # coefficients, (p_o - p_e) / (1 - p_e), with p_o pulled towards 1 by 1 / n for the finite number of values.
    counts, total, share = (part[tally.paired] for part in (tally.counts, tally.total, tally.share))
    if not len(total):
        return Coefficient(np.nan, np.nan, np.nan, np.empty(0))
    size = total.mean()
    excess = total / size - 1
    mean = counts.mean(0) / size
    raw = float(np.mean(share * total) / size)
    observed = raw + (1 - raw) / total.sum()
    chance = float(mean @ tally.weights @ mean)
    if not 1 - chance > 0:
        return Coefficient(np.nan, observed, chance, np.full(len(total), np.nan))
    uncorrected = (raw - chance) / (1 - chance)
    pull = share * total / size - observed * excess - chance
    each = counts @ (tally.weights @ mean) / size - chance * excess
    error = (pull - 2 * (1 - uncorrected) * (each - chance)) / (1 - chance) - uncorrected
    return Coefficient((observed - chance) / (1 - chance), observed, chance, error)
