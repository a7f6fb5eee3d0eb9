"""Inter-rater agreement on categories: kappa and other chance-corrected coefficients, and when they mean little."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, combinations

import numpy as np
import pandas as pd
from scipy import stats

from gazeanalytics.stats.agreement.coefficients import (
    COEFFICIENTS,
    CodedRatings,
    Coefficient,
    agreement_weights,
    coefficient_of,
    encode,
)
from gazeanalytics.stats.resampling.clusters import draw
from gazeanalytics.tables import nearest

__all__ = ["agreement", "agreement_bootstrap", "chance_test"]

_FEW = 5  # split subjects below which a coefficient depends on single cases


def agreement(
    ratings: pd.DataFrame,
    *,
    coefficients: Iterable[str] = COEFFICIENTS,
    weights: str | np.ndarray = "unweighted",
    categories: Sequence[object] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Measure inter-rater agreement: Cohen's, Fleiss's and Conger's kappa, Gwet's AC1, Krippendorff's alpha.

    All are (observed - chance) / (1 - chance) and differ in what they call chance; any rating may be missing.

    Standard errors are Gwet's linearised ones (2014; R package irrCAC): they hold for these raters and further
    subjects, and subjects with a single rating make them a little wide. Cohen's is that of Fleiss, Cohen & Everitt
    (1969). For further raters too, see `agreement_bootstrap`.

    Parameters
    ----------
    ratings : pandas.DataFrame, shape (subjects, raters)
        One row a subject (case), one column a rater; numbers or names, NaN = not rated. Subjects that nobody rated are
        left out; single ratings count for prevalence, except in Krippendorff's alpha.
    coefficients : iterable of str
        Of "percent" (share of agreeing pairs), "cohen" (two raters; subjects that both rated), "conger", "fleiss",
        "gwet" (AC1; AC2 with weights), "brennan_prediger", "krippendorff". Cohen's is left out with three raters or
        more, unless it is asked for alone.
    weights : str or array, shape (categories, categories)
        Credit for near agreement: "unweighted" ("nominal"), "linear" ("equal"), "quadratic" ("squared", "interval"),
        "ratio", "radical", "ordinal" (Gwet's), "rank" (Krippendorff's ordinal metric, from the ratings themselves), or
        a matrix. Numbers weigh by their value, names by their place in `categories` or among the levels of ordered
        categoricals; names without an order are refused, as that of the alphabet means nothing.
    categories : list, optional
        All that could be said, in order. Default: what was said, or the categories of a categorical column. AC1 and
        Brennan-Prediger depend on how many there are.
    confidence : float
        Of the t interval (subjects less one degree of freedom); its upper end is held at 1.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table, one row a coefficient, with the columns `observed` and `chance` agreement. `note` says in
        words when raters were never split, when nothing but one category was used, and when few splits decide.

    Raises
    ------
    ValueError
        With one rater, no subject rated twice, a rating outside `categories`, an unknown coefficient or weight, or
        weights between names whose order isn't known.

    See Also
    --------
    agreement_bootstrap : intervals that hold for further raters.
    chance_test : test against no agreement beyond chance.
    icc : for ratings that are numbers.

    References
    ----------
    Gwet KL (2014). Handbook of Inter-Rater Reliability, 4th edition.
    Fleiss JL, Cohen J, Everitt BS (1969). Large sample standard errors of kappa and weighted kappa. Psychol. Bull. 72,
    323-327.

    Examples
    --------
    >>> ratings = pd.DataFrame({"ann": [1, 2, 3, 3, 2, None], "bob": [1, 2, 3, 2, 2, 1], "eve": [1, None, 3, 3, 2, 1]})
    >>> agreement(ratings, coefficients=["fleiss", "gwet"])[["term", "estimate", "observed", "chance"]].round(3)
         term  estimate  observed  chance
    0  fleiss     0.832     0.889    0.34
    1    gwet     0.834     0.889    0.33

    Nobody said anything but "none", so there is nothing to correct for:

    >>> empty = pd.DataFrame({"ann": ["none"] * 4, "bob": ["none"] * 4})
    >>> agreement(empty, coefficients=["cohen"])["note"].item()
    "undefined: every rating is 'none', so chance alone agrees in full"
    """
    coded = encode(ratings, categories)
    matrix = agreement_weights(weights, coded)
    label = weights if isinstance(weights, str) else "given"
    names = _asked(coefficients, coded.places.shape[1])
    rows = [_row(name, coded, coefficient_of(name, coded.places, matrix), confidence) for name in names]
    table = pd.DataFrame(rows)
    table.insert(0, "model", "agreement")
    table.insert(2, "contrast", label)
    return table


def _asked(coefficients: Iterable[str], raters: int) -> list[str]:
    names = list(coefficients)
    unknown = [name for name in names if name not in COEFFICIENTS]
    if unknown:
        raise ValueError(f"coefficients: unknown name {unknown[0]!r}; {nearest(unknown[0], [*COEFFICIENTS])}")
    if raters == 2:
        return names
    if names == ["cohen"]:
        raise ValueError(f"expected two raters for Cohen's kappa; got {raters}; ask for 'conger', or pick two columns")
    return [name for name in names if name != "cohen"]


def _row(name: str, coded: CodedRatings, found: Coefficient, confidence: float) -> dict[str, object]:
    n = len(found.error)
    df = n - 1.0
    # Gwet's variance divides by n - 1, Fleiss, Cohen & Everitt's by n; each as its program prints it.
    freedom = n if name == "cohen" else df
    spread = float(np.sqrt(found.error @ found.error / (n * freedom))) if freedom > 0 else np.nan
    statistic = found.estimate / spread if spread > 0 else np.nan
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * spread if df > 0 else np.nan
    return {
        "term": name,
        "estimate": found.estimate,
        "std_error": spread,
        "statistic": statistic,
        "df": max(0.0, df),
        "p_value": 2 * float(stats.t.sf(abs(statistic), df)) if df > 0 else np.nan,
        "conf_low": found.estimate - half,
        "conf_high": min(1.0, found.estimate + half) if np.isfinite(half) else np.nan,
        "n": n,
        "note": _note(coded, found),
        "observed": found.observed,
        "chance": found.chance,
    }


def _note(coded: CodedRatings, found: Coefficient) -> str:
    """Say when a coefficient is an artefact of ratings that never or hardly split."""
    used = np.unique(coded.places[coded.places >= 0])
    only = f"every rating is {coded.labels[used[0]]!r}"
    if np.isnan(found.estimate):
        return (
            f"undefined: {only}, so chance alone agrees in full" if len(used) == 1 else "undefined: no pairs to compare"
        )
    top = coded.places.max(1)
    low = np.where(coded.places >= 0, coded.places, len(coded.labels)).min(1)
    split = int(np.sum(top != low))
    if split == 0:
        tail = only if len(used) == 1 else "no error can be estimated from these subjects"
        return f"raters never split: {tail}"
    if split < _FEW:
        return f"small cell: rests on {split} split subject{'s' if split > 1 else ''}"
    return ""


def agreement_bootstrap(
    ratings: pd.DataFrame,
    *,
    coefficient: str = "krippendorff",
    weights: str | np.ndarray = "unweighted",
    resample_raters: bool = False,
    confidence: float = 0.95,
    n_resamples: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Give a bootstrap confidence interval of an agreement coefficient, resampling subjects and, if asked, raters too.

    A rater drawn twice is not compared with himself, which would count as perfect agreement. Weights are those of all
    ratings. Draws in which the coefficient is undefined (one category left, or one rater) are left out and counted in
    `note`. The interval is the percentile one.

    Parameters
    ----------
    ratings : pandas.DataFrame, shape (subjects, raters)
        As for `agreement`.
    coefficient, weights
        As for `agreement`.
    resample_raters : bool
        Resample raters as well, for claims about raters like these; with few raters such intervals are rough.
    confidence : float
        Of the interval.
    n_resamples : int
        Number of bootstrap draws.
    rng : int, Generator or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table of one row; `std_error` is the draws' SD.

    Raises
    ------
    ValueError
        As for `agreement`.

    See Also
    --------
    cluster_bootstrap : readings in a long table, with `KappaStatistic`.

    Examples
    --------
    >>> truth = np.random.default_rng(1).integers(0, 3, 60)
    >>> ratings = pd.DataFrame({f"r{g}": np.where(np.arange(60) % 7 == g, 0, truth) for g in range(4)})
    >>> table = agreement_bootstrap(ratings, resample_raters=True, n_resamples=200, rng=1)
    >>> bool(table.conf_low[0] < table.estimate[0] < table.conf_high[0])
    True
    """
    table = agreement(ratings, coefficients=[coefficient], weights=weights, confidence=confidence)
    coded = encode(ratings, None)
    matrix = agreement_weights(weights, coded)
    random = np.random.default_rng(rng)
    n, r = coded.places.shape
    pairs = (
        pair
        for chunk in draw((n, r if resample_raters else 1), n_resamples, random, 64)
        for pair in zip(*chunk, strict=True)
    )
    draws = np.array(
        [
            coefficient_of(
                coefficient, np.repeat(coded.places, subjects.astype(int), axis=0), matrix, times * np.ones(r)
            ).estimate
            for subjects, times in pairs
        ]
    )
    kept = draws[np.isfinite(draws)]
    table[["std_error", "conf_low", "conf_high", "statistic", "p_value", "df"]] = np.nan
    if len(kept) > 1:
        table["std_error"] = kept.std(ddof=1)
        table[["conf_low", "conf_high"]] = np.quantile(kept, [(1 - confidence) / 2, (1 + confidence) / 2])
    lost = [f"{n_resamples - len(kept)} of {n_resamples} draws undefined"] if len(kept) < n_resamples else []
    table["note"] = "; ".join(part for part in chain(table["note"], lost) if part)
    return table


def chance_test(ratings: pd.DataFrame, *, coefficient: str = "fleiss", weights: str = "unweighted") -> pd.DataFrame:
    """Test kappa against zero, with its standard error under chance alone (as R's irr does).

    This error serves the test and no interval, so `conf_low` and `conf_high` are NaN. Only subjects that all rated are
    used.

    Parameters
    ----------
    ratings : pandas.DataFrame, shape (subjects, raters)
        As for `agreement`.
    coefficient : {"fleiss", "cohen", "light"}
        Fleiss's kappa of all raters, overall and by category (Fleiss, Nee & Landis 1979), Cohen's of two (Fleiss, Cohen
        & Everitt 1969), or Light's (1971), the mean of Cohen's over every two raters, with the error that irr gives it.
    weights : str
        As for `agreement`, for Cohen's kappa; Fleiss's is unweighted. R's irr weighs numbers by their place: turn them
        into text to do the same where a number between was never given.

    Returns
    -------
    pandas.DataFrame
        An `estimates` table; `statistic` is z. For Fleiss's kappa one more row a category, named in `contrast`.

    Raises
    ------
    ValueError
        For another coefficient, weights with Fleiss's kappa, other than two raters for Cohen's.

    References
    ----------
    Fleiss JL, Nee JCM, Landis JR (1979). Large sample variance of kappa in the case of different sets of raters.
    Psychol. Bull. 86, 974-977.
    Light RJ (1971). Measures of response agreement for qualitative data: some generalizations and alternatives.
    Psychol. Bull. 76, 365-377.

    Examples
    --------
    >>> ratings = pd.DataFrame({"ann": list("aabbab"), "bob": list("aabbbb"), "eve": list("abbbab")})
    >>> chance_test(ratings)[["contrast", "estimate", "statistic"]].round(3)
         contrast  estimate  statistic
    0  unweighted     0.532      2.259
    1           a     0.532      2.259
    2           b     0.532      2.259
    """
    complete = ratings.dropna()
    coded = encode(complete, None)
    n, r = coded.places.shape
    if coefficient == "cohen" and r == 2:
        rows = [(weights, *_cohen_null(coded.places, agreement_weights(weights, coded)))]
    elif coefficient == "fleiss" and weights == "unweighted":
        rows = _fleiss_null(coded)
    elif coefficient == "light" and weights == "unweighted":
        rows = [(weights, *_light_null(coded))]
    else:
        raise ValueError(
            "expected Cohen's kappa with two raters, Fleiss's unweighted kappa or Light's; got "
            f"{coefficient!r} with weights {weights!r} and {r} raters"
        )
    contrast, estimate, spread = zip(*rows, strict=True)
    estimate, spread = np.array(estimate), np.array(spread)
    z = np.divide(estimate, spread, out=np.full(len(rows), np.nan), where=spread > 0)
    note = np.where(np.isnan(estimate), "undefined: every rating is the same", "")
    fixed = {"df": np.nan, "p_value": 2 * stats.norm.sf(np.abs(z)), "conf_low": np.nan, "conf_high": np.nan, "n": n}
    head = {"model": "chance", "term": coefficient, "contrast": contrast, "estimate": estimate, "std_error": spread}
    return pd.DataFrame({**head, "statistic": z, **fixed, "note": note})


def _cohen_null(places: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Kappa and its standard error when two raters, each with his own shares, rate without regard to the subject."""
    n, q = len(places), len(weights)
    first, second = (np.bincount(places[:, g], minlength=q) / n for g in (0, 1))
    chance = float(first @ weights @ second)
    if not chance < 1:
        return np.nan, np.nan
    # Under independence only the margins matter: Var = sum p_a p_b (w_ab - w_a. - w_.b)^2 - p_e^2 over n (1 - p_e)^2.
    lean = (weights @ second)[:, None] + (weights @ first)[None, :]
    variance = (first @ (weights - lean) ** 2 @ second - chance**2) / (n * (1 - chance) ** 2)
    return coefficient_of("cohen", places, weights).estimate, float(np.sqrt(max(0.0, variance)))


def _light_null(coded: CodedRatings) -> tuple[float, float]:
    """Mean of Cohen's kappas, and an error from the product of their chances to differ (as R's irr has it)."""
    n, r = coded.places.shape
    found = [
        coefficient_of("cohen", coded.places[:, pair], np.eye(len(coded.labels))) for pair in combinations(range(r), 2)
    ]
    alike = 1 - len(found) * np.prod([1 - each.chance for each in found])
    kappa = float(np.mean([each.estimate for each in found]))
    return kappa, float(np.sqrt(alike / (n * (1 - alike)))) if 0 < alike < 1 else np.nan


def _fleiss_null(coded: CodedRatings) -> list[tuple[object, float, float]]:
    """Kappa overall and of each category against the rest, with standard errors under chance."""
    n, r = coded.places.shape
    counts = np.column_stack([(coded.places == k).sum(1) for k in range(len(coded.labels))])
    p = counts.sum(0) / (n * r)
    # Kappa of category j against all others; the overall one is their mean weighted by p_j (1 - p_j).
    rest = p * (1 - p)
    total = rest.sum()
    if not total > 0:
        return [("unweighted", np.nan, np.nan)]
    single = 1 - np.sum(counts * (r - counts), axis=0) / np.where(rest > 0, n * r * (r - 1) * rest, np.nan)
    pairs = n * r * (r - 1)
    spread = np.sqrt(2 / pairs * (total**2 - np.sum(rest * (1 - 2 * p)))) / total
    overall = float(np.nansum(single * rest) / total)
    each = np.full(len(p), np.sqrt(2 / pairs))
    return [("unweighted", overall, float(spread)), *zip(coded.labels, single, each, strict=True)]
