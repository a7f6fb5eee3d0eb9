"""Wrong use, refused or noted: separation, confounded levels, few readers, small cells, aliased columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.stats.mixed.design import Design, ModelError, RandomTerm
from gazeanalytics.stats.mixed.families import Family
from gazeanalytics.stats.mixed.formula import Formula
from gazeanalytics.stats.mixed.frames import Frame
from gazeanalytics.stats.mixed.outcomes import Response

__all__ = ["drop_aliased", "notes_on_data", "refuse_autocorrelation", "refuse_auxiliary"]

MIN_LEVELS = 5
MIN_ROWS = 10
MAX_PILE = 0.5
ENOUGH_POINTS = 9  # more change the fourth digit at most
MIN_TRIALS = 10  # trials a level from which Laplace's approximation is good (tests/benchmarks/laplace_bias.py)


def refuse_confounded(formula: Formula, frame: Frame, family: Family, response: Response) -> None:
    """Refuse a grouping with one level per row, and `(1 | a/b)` where readers and cases are crossed.

    A level per row is confounded with the residual (Gaussian), and a single trial carries nothing about its variance.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> mixed("y ~ 1 + (1 | reading)", pd.DataFrame({"y": [1.0, 2.0, 4.0], "reading": [1, 2, 3]}))
    Traceback (most recent call last):
    gazeanalytics.stats.mixed.design.ModelError: the grouping 'reading' has one level per row (3), confounded with the
    residual; name a grouping that several rows share, such as the reader or the case
    """
    identified = family.of_trials and bool((response.size > 1).any())
    identified |= family.counted
    for term in frame.terms:
        _refuse_crossed_as_nested(formula, frame, term)
        if len(term.levels) == len(frame.data) and not identified:
            raise ModelError(
                f"the grouping {term.group!r} has one level per row ({len(term.levels):,}), confounded "
                "with the residual; name a grouping that several rows share, such as the reader or the case"
            )


def refuse_autocorrelation(formula: Formula, family: Family) -> None:
    """Refuse an autocorrelation of residuals that a family doesn't have."""
    if formula.ar1 and not family.gaussian:
        raise ModelError(
            f"ar1(...) is for family 'gaussian', whose residuals can run on; got {family.name!r}: add the order, such "
            f"as {formula.ar1[0]} or (0 + {formula.ar1[0]} | {formula.ar1[1]}), to the formula"
        )


def refuse_no_question(frame: Frame, family: Family) -> None:
    """Refuse a model with nothing to estimate, or with as many coefficients as rows: what is left is 0 / 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> mixed("y ~ x", pd.DataFrame({"y": [1.0, 2.0], "x": [1, 3]}))
    Traceback (most recent call last):
    gazeanalytics.stats.mixed.design.ModelError: 2 coefficients of fixed effects can't be estimated from 2 rows; ask \
for fewer terms
    """
    rows, coefficients = frame.x.shape
    if not coefficients and not frame.terms and not family.ordinal:
        raise ModelError("the formula leaves nothing to estimate; add a predictor, or leave out the 0")
    if coefficients >= rows:
        raise ModelError(
            f"{coefficients:,} coefficients of fixed effects can't be estimated from {rows:,} rows; ask for fewer terms"
        )


def _refuse_crossed_as_nested(formula: Formula, frame: Frame, term: RandomTerm) -> None:
    for outer, inner in formula.nested:
        if term.group.split(":")[-2:] != [outer, inner]:
            continue
        pairs = frame.data[[outer, inner]].drop_duplicates()
        # Where labels recur, case 3 of reader A is case 3 of reader B; a nested model's case effects would hold one
        # reading each and take the residual's place.
        crossed = pairs[inner].duplicated().mean()
        single = np.mean(np.bincount(term.codes) == 1)
        if crossed > 0 and single > 0.5:
            raise ModelError(
                f"(1 | {outer}/{inner}) says that each {inner} belongs to one {outer}, but the same {inner} occurs "
                f"under several of {outer} and {single:.0%} of their pairs have a single row: they are crossed. Write "
                f"(1 | {outer}) + (1 | {inner})"
            )


def refuse_quadrature(terms: tuple[RandomTerm, ...], family: Family, *, parameters: int) -> None:
    """Refuse quadrature over several coefficients a level, and for families with parameters of their own when crossed.

    `terms` has the largest grouping first; the family has so many `parameters` beside the fixed effects.
    """
    if not terms or terms[0].width > 1:
        raise ModelError(
            "adaptive quadrature (more than 1 point) is for a largest grouping of one coefficient, such as (1 | case); "
            "use quadrature=1, Laplace's approximation"
        )
    if len(terms) > 1 and parameters:
        raise ModelError(
            "adaptive quadrature (more than 1 point) with crossed groupings is for families without parameters of "
            f"their own, 'binomial' and 'poisson'; got {family.name!r}; use quadrature=1, Laplace's approximation"
        )


def refuse_auxiliary(formula: Formula, frame: Frame, family: Family, response: Response) -> None:
    """Refuse `nominal(...)` and `zeros(...)` for outcomes that have no thresholds or no excess zeros."""
    kind = formula.auxiliary_kind
    if kind == "nominal" and not family.ordinal:
        raise ModelError(f"nominal(...) is for family 'ordinal', whose thresholds it moves; got {family.name!r}")
    if kind == "nominal" and (both := sorted(set(frame.auxiliary.names[1:]) & set(frame.names))):
        raise ModelError(
            f"{both[0]!r} is in nominal(...) and among the other predictors; its effects by threshold hold the "
            "common one already, so leave it out there"
        )
    if kind == "zeros" and not family.counted:
        raise ModelError(f"zeros(...) is for counts ('poisson', 'negative binomial'); got family {family.name!r}")
    if kind == "zeros" and not (response.y == 0).any():
        raise ModelError(
            "zeros(...): expected an outcome that is 0 in some rows; it is 0 in none, so leave zeros(...) out"
        )


def refuse_equidistant(formula: Formula, family: Family, thresholds: str) -> None:
    """Refuse equidistant thresholds where there are none, or where they move with predictors."""
    if thresholds == "equidistant" and not family.ordinal:
        raise ModelError(f"thresholds='equidistant' is for family 'ordinal'; got {family.name!r}")
    if thresholds == "equidistant" and formula.auxiliary_kind == "nominal":
        raise ModelError("thresholds='equidistant' can't differ by nominal(...); leave one of the two out")


def drop_aliased(x: np.ndarray, names: tuple[str, ...], tolerance: float = 1e-10) -> tuple[np.ndarray, list[str]]:
    """Say which columns to keep, and name those that are combinations of columns before them.

    Examples
    --------
    >>> import numpy as np
    >>> drop_aliased(np.array([[1.0, 2.0, 3.0], [1.0, 0.0, 1.0], [1.0, 1.0, 2.0]]), ("a", "b", "c"))
    (array([0, 1]), ['c'])
    """
    kept: list[int] = []
    basis = np.empty((x.shape[1], x.shape[0]))
    for column in range(x.shape[1]):
        rest = x[:, column] / (np.linalg.norm(x[:, column]) or 1.0)
        # Twice is enough (Kahan): one pass of Gram-Schmidt leaves rounding of the order of what is tested for.
        for _ in range(2):
            before = basis[: len(kept)]
            rest -= before.T @ (before @ rest)
        square = float(rest @ rest)
        if square > tolerance:
            basis[len(kept)] = rest / np.sqrt(square)
            kept.append(column)
    return np.array(kept, dtype=np.int64), [names[c] for c in range(x.shape[1]) if c not in kept]


def notes_on_data(frame: Frame) -> list[str]:
    """Name groupings of few levels and categories of few rows or few readers.

    Examples
    --------
    >>> import pandas as pd
    >>> from gazeanalytics.stats.mixed.formula import parse
    >>> from gazeanalytics.stats.mixed.frames import read
    >>> data = pd.DataFrame({"y": np.arange(12.0), "site": ["a"] * 9 + ["b"] * 3, "reader": list("ABC") * 4})
    >>> for note in notes_on_data(read(parse("y ~ site + (1 | reader)"), data)):
    ...     print(note)
    few levels: reader has 3; its SD needs at least 5 to mean much
    small cell: site a has 9 rows
    small cell: site b has 3 rows
    """
    counts = {term.group: len(term.levels) for term in frame.terms}
    notes = [
        f"few levels: {group} has {count}; its SD needs at least {MIN_LEVELS} to mean much"
        for group, count in counts.items()
        if count < MIN_LEVELS
    ]
    for name in frame.spec.categories:
        counts = frame.data[name].value_counts()
        small = counts[(counts < MIN_ROWS) & (counts > 0)]
        notes += [f"small cell: {name} {level} has {count} rows" for level, count in small.items()]
        notes += _small_between(name, frame)
    return notes


def _small_between(name: str, frame: Frame) -> list[str]:
    notes = []
    for group in {term.group for term in frame.terms if ":" not in term.group and term.group != name}:
        pairs = frame.data[[group, name]].drop_duplicates()
        if pairs[group].is_unique:
            counts = pairs[name].value_counts()
            small = counts[(counts > 0) & (counts < 3)]
            notes += [f"small cell: {name} {level} rests on {count} of {group}" for level, count in small.items()]
    return notes


def _few_trials(term: RandomTerm, size: np.ndarray) -> bool:
    return bool(size.sum() < MIN_TRIALS * len(term.levels))


def points_needed(design: Design, family: Family) -> int:
    """Give the points of quadrature that a design asks for: 9 where Laplace's approximation isn't good, else 1.

    Beta-binomial outcomes, which quadrature isn't for when crossed, stay with Laplace's approximation.
    """
    single = bool(design.terms) and design.terms[0].width == 1
    few = single and family.of_trials and not family.dispersion and _few_trials(design.terms[0], design.size)
    return ENOUGH_POINTS if few else 1


def refuse_arguments(data: object, weights: object) -> None:
    """Refuse what isn't a table of rows, and weights that aren't the name of a column."""
    if not isinstance(data, pd.DataFrame):
        raise ModelError(f"data: expected a pandas.DataFrame, a row an observation; got {type(data).__name__}")
    if not isinstance(weights, str | None):
        raise ModelError(
            f"weights: expected the name of a column; got {type(weights).__name__}; put the weights into a column"
        )


def piled_up(y: np.ndarray) -> str:
    """Say which value of an outcome more than half of the rows have; empty where there is none.

    Of two values one always has, and a linear model of their probability is no mistake.

    Examples
    --------
    >>> piled_up(np.array([4.6] * 18 + [0.2, 0.3]))
    'piled up: 90 % of 20 rows have the outcome 4.6, so that no Gaussian model fits; choose_outcome finds one that does'
    >>> piled_up(np.array([1.0, 2.0, 3.0]))
    ''
    """
    values, counts = np.unique(y, return_counts=True)
    share = counts.max() / y.size
    if share <= MAX_PILE or values.size < 3:
        return ""
    return (
        f"piled up: {100 * share:.3g} % of {y.size:,} rows have the outcome {values[counts.argmax()]:g}, so that no "
        "Gaussian model fits; choose_outcome finds one that does"
    )


def notes_on_few_rows(terms: tuple[RandomTerm, ...]) -> list[str]:
    """Name groupings of too few rows a level for Laplace's approximation of an outcome of several levels.

    Examples
    --------
    >>> rows = np.arange(20)
    >>> notes_on_few_rows((RandomTerm("case", ("(Intercept)",), rows[:10], rows // 2, np.ones((20, 1))),))
    ["few rows: 2.0 for each case; Laplace's sd(case), ICC and effects are too small"]
    """
    each = {term.group: len(term.codes) / len(term.levels) for term in terms}
    return [
        f"few rows: {rows:.1f} for each {group}; Laplace's sd({group}), ICC and effects are too small"
        for group, rows in each.items()
        if rows < MIN_TRIALS
    ]


def notes_on_laplace(terms: tuple[RandomTerm, ...], size: np.ndarray, quadrature: int) -> list[str]:
    """Name groupings of too few trials a level for Laplace's approximation of a two-valued outcome.

    Examples
    --------
    Two reads a case, and two readers who read all ten cases:

    >>> rows = np.arange(20)
    >>> case = RandomTerm("case", ("(Intercept)",), rows[:10], rows // 2, np.ones((20, 1)))
    >>> reader = RandomTerm("reader", ("(Intercept)",), rows[:2], rows % 2, np.ones((20, 1)))
    >>> notes_on_laplace((case, reader), np.ones(20), 1)
    ["few trials: 2.0 for each case; Laplace's sd(case), ICC and effects are too small; take quadrature=9"]
    >>> notes_on_laplace((case, reader), np.ones(20), 9)
    []
    """
    few = [
        (place, term.group, float(size.sum()) / len(term.levels))
        for place, term in enumerate(terms)
        if _few_trials(term, size)
    ]
    covered = quadrature > 1
    return [
        f"few trials: {trials:.1f} for each {group}; Laplace's sd({group}), ICC and effects "
        "are too small" + (f"; take quadrature={ENOUGH_POINTS}" if place == 0 and terms[0].width == 1 else "")
        for place, group, trials in few
        if not (covered and place == 0)
    ]
