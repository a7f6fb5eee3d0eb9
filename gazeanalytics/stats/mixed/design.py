"""The arrays of a mixed model: fixed effects, random terms, and their order for the blocked Cholesky."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels.stats import mixed as kernels

__all__ = ["Design", "RandomTerm", "arrange", "unpack"]

MAX_BORDER = 20_000


class ModelError(ValueError):
    """A model that cannot be fitted as it is written, with the remedy."""


class Touched(NamedTuple):
    """Which level of a term each row touches, shape (rows,), and with which coefficients, (rows, coefficients)."""

    codes: np.ndarray
    z: np.ndarray


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One term `(names | group)`: which level each row belongs to and its coefficients there.

    Attributes
    ----------
    group : str
        Name of the grouping, `reader` or `case:reader`.
    names : tuple of str
        Coefficients that vary by level, `(Intercept)` first where there is one.
    levels : numpy.ndarray, shape (levels,)
        Labels.
    codes : numpy.ndarray of int64, shape (rows,)
        Each row's level.
    z : numpy.ndarray, shape (rows, coefficients)
        Each row's coefficients.
    before : Touched, optional
        A second level that each row touches, where rows are differences from the row before (autocorrelation).

    Examples
    --------
    `(1 + years | reader)` with two readers and three rows; its covariance has three free elements:

    >>> z = np.array([[1.0, 2.0], [1.0, 5.0], [1.0, 0.0]])
    >>> term = RandomTerm("reader", ("(Intercept)", "years"), np.array(["A", "B"]), np.array([0, 0, 1]), z)
    >>> term.width, term.parameters
    (2, 3)
    """

    group: str
    names: tuple[str, ...]
    levels: np.ndarray
    codes: np.ndarray
    z: np.ndarray
    before: Touched | None = None

    @property
    def touched(self) -> tuple[Touched, ...]:
        """The one level that each row touches, or both."""
        own = Touched(self.codes, self.z)
        return (own,) if self.before is None else (own, self.before)

    @property
    def width(self) -> int:
        """How many coefficients vary together."""
        return len(self.names)

    @property
    def parameters(self) -> int:
        """How many elements the Cholesky factor of their covariance has."""
        return self.width * (self.width + 1) // 2


@dataclass(frozen=True, slots=True)
class Design:
    """A model's arrays, rows sorted by the levels of the main term (the one with most coefficients).

    Attributes
    ----------
    order : shape (rows,)
        Position in the data of each sorted row.
    y, size, offset : shape (rows,)
        Response, number of trials (1 but for binomial counts), known part of the predictor.
    x : shape (rows, fixed effects)
    terms : tuple of RandomTerm
        Main term first; their `codes` and `z` are in data order.
    sparse : Sparse
        Which rows and levels touch which effects.
    raw : Coefficients
        Of each row, before theta is in them; the fixed effects' have no columns, as theta doesn't scale them.
    places : tuple of int
        Where each of `terms` was in the formula.
    log_weights : float
        -log |R| of the residuals' correlations and precisions R, which `y`, `x`, `offset` and coefficients are freed
        from; else 0.

    See Also
    --------
    arrange : Makes one.

    Examples
    --------
    Three readers and two cases; the term with most levels comes first, the other one's effects are the border:

    >>> reader = RandomTerm("reader", ("(Intercept)",), np.arange(3), np.array([2, 0, 1, 0, 2]), np.ones((5, 1)))
    >>> case = RandomTerm("case", ("(Intercept)",), np.arange(2), np.array([0, 0, 1, 1, 1]), np.ones((5, 1)))
    >>> y, x = np.arange(5.0), np.ones((5, 1))
    >>> design = arrange(y, x, (case, reader), size=np.ones(5), offset=np.zeros(5))
    >>> [term.group for term in design.terms], design.border, design.order.tolist()
    (['reader', 'case'], 2, [1, 3, 2, 0, 4])
    """

    order: np.ndarray
    y: np.ndarray
    size: np.ndarray
    offset: np.ndarray
    x: np.ndarray
    terms: tuple[RandomTerm, ...]
    sparse: kernels.Sparse
    raw: kernels.Coefficients
    places: tuple[int, ...]
    log_weights: float = 0.0

    @property
    def rows(self) -> int:
        """How many observations."""
        return self.y.size

    @property
    def border(self) -> int:
        """How many random effects stand outside the main term."""
        return self.sparse.border

    @property
    def parameters(self) -> int:
        """How many elements `theta` has."""
        return sum(term.parameters for term in self.terms)


def triangle(width: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each element of a lower triangle, column by column."""
    column, row = np.triu_indices(width)
    return row, column


def unpack(theta: np.ndarray, terms: tuple[RandomTerm, ...]) -> list[np.ndarray]:
    """Give each term's relative covariance factor Lambda, lower triangular, shape (width, width).

    Random effects are b = Lambda u with u of variance sigma^2, so their covariance is sigma^2 Lambda Lambda'; theta
    holds Lambda's lower triangle column by column (Bates et al. 2015). Searching over Lambda rather than the covariance
    makes a variance of 0 a point like any other, where the derivative exists.

    Examples
    --------
    >>> term = RandomTerm("reader", ("(Intercept)", "years"), np.array(["A"]), np.array([0]), np.ones((1, 2)))
    >>> factor = unpack(np.array([2.0, -0.5, 0.8]), (term,))[0]
    >>> factor.tolist()
    [[2.0, 0.0], [-0.5, 0.8]]
    """
    factors, start = [], 0
    for term in terms:
        factor = np.zeros((term.width, term.width))
        factor[triangle(term.width)] = theta[start : start + term.parameters]
        factors.append(factor)
        start += term.parameters
    return factors


def border_blocks(terms: tuple[RandomTerm, ...]) -> Iterator[tuple[tuple[slice, ...], slice]]:
    """Slices of each term but the first: of a row's border entries, one a level touched, and of the border's places."""
    entry, place = 0, 0
    for term in terms[1:]:
        count, several = term.width * len(term.levels), len(term.touched)
        yield (
            tuple(slice(entry + k * term.width, entry + (k + 1) * term.width) for k in range(several)),
            slice(place, place + count),
        )
        entry, place = entry + several * term.width, place + count


def arrange(
    y: np.ndarray,
    x: np.ndarray,
    terms: tuple[RandomTerm, ...],
    *,
    size: np.ndarray,
    offset: np.ndarray,
    main: int | None = None,
) -> Design:
    """Sort the rows by the main term's levels and find which border positions each of its levels touches.

    The main term is the one with most coefficients, or the `main`th of `terms`; a row touches one level of it.

    Examples
    --------
    Three cases outnumber two readers, so rows are sorted by case; case 0 was read by both, and touches positions 0 and
    1 of the border, which the readers make up:

    >>> one = ("(Intercept)",)
    >>> reader = RandomTerm("reader", one, np.arange(2), np.array([0, 0, 1, 1]), np.ones((4, 1)))
    >>> case = RandomTerm("case", one, np.arange(3), np.array([0, 1, 0, 2]), np.ones((4, 1)))
    >>> design = arrange(np.zeros(4), np.ones((4, 1)), (reader, case), size=np.ones(4), offset=np.zeros(4))
    >>> design.order.tolist(), design.sparse.pointer.tolist(), design.sparse.columns.tolist()
    ([0, 2, 1, 3], [0, 2, 3, 4], [0, 1, 0, 1])
    """
    # The largest factor goes first: what it leaves is dense, and costs the cube of what the others have together.
    places = tuple(sorted(range(len(terms)), key=lambda k: (k != main, -terms[k].width * len(terms[k].levels))))
    ordered = tuple(terms[k] for k in places)
    border = sum(term.width * len(term.levels) for term in ordered[1:])
    if border > MAX_BORDER:
        groups = ", ".join(f"{term.group} ({len(term.levels):,} levels)" for term in ordered)
        raise ModelError(
            f"all but the largest grouping together may have {MAX_BORDER:,} random effects; got {border:,}: "
            f"{groups}. Leave out the grouping that the question needs least."
        )
    codes = ordered[0].codes if ordered else np.zeros(y.size, dtype=np.int64)
    levels = len(ordered[0].levels) if ordered else 1
    # Stable, so that rows of a level keep their order, and sums round in the same way on every machine.
    order = np.argsort(codes, kind="stable")
    starts = np.zeros(levels + 1, dtype=np.int64)
    np.cumsum(np.bincount(codes, minlength=levels), out=starts[1:])
    positions = _positions(ordered, order)
    pointer = np.zeros(levels + 1, dtype=np.int64)
    columns = np.empty(positions.size, dtype=np.int64)
    slots = np.empty(positions.shape, dtype=np.int64)
    used = kernels.slot_rows(starts, positions, pointer, columns, slots)
    touched = [one for term in ordered[1:] for one in term.touched]
    widths = [one.z.shape[1] for one in touched]
    entry = np.repeat(np.arange(len(widths)), widths).astype(np.int64)
    nothing = np.empty((y.size, 0))
    zf = np.ascontiguousarray(ordered[0].z[order]) if ordered else nothing
    zb = np.ascontiguousarray(np.hstack([nothing, *(one.z[order] for one in touched)]))
    return Design(
        order=order,
        y=np.ascontiguousarray(y[order], dtype=float),
        size=np.ascontiguousarray(size[order], dtype=float),
        offset=np.ascontiguousarray(offset[order], dtype=float),
        x=np.ascontiguousarray(x[order], dtype=float),
        terms=ordered,
        sparse=kernels.Sparse(starts, pointer, columns[:used].copy(), slots, entry, border),
        raw=kernels.Coefficients(zf, zb, nothing),
        places=places,
    )


def weighted_rows(
    y: np.ndarray, x: np.ndarray, terms: tuple[RandomTerm, ...], *, weights: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[RandomTerm, ...], np.ndarray]:
    """Scale rows by the root of their weight, after which their residual variances are equal."""
    root = np.sqrt(weights)
    scaled = tuple(replace(term, z=term.z * root[:, None]) for term in terms)
    return y * root, x * root[:, None], scaled, offset * root


def arrange_weighted(
    y: np.ndarray, x: np.ndarray, terms: tuple[RandomTerm, ...], *, weights: np.ndarray, offset: np.ndarray
) -> Design:
    """Arrange a Gaussian model whose row i has residual variance sigma^2 / weights[i].

    The solver needs to know nothing of weights but the Jacobian of the rows' scaling, sum(log w), which is part of the
    log likelihood.
    """
    y, x, scaled, offset = weighted_rows(y, x, terms, weights=weights, offset=offset)
    design = arrange(y, x, scaled, size=np.ones(y.size), offset=offset)
    return replace(design, log_weights=float(np.log(weights).sum()))


def _positions(terms: tuple[RandomTerm, ...], order: np.ndarray) -> np.ndarray:
    parts = [np.empty((order.size, 0), dtype=np.int64)]
    for term, (_, places) in zip(terms[1:], border_blocks(terms), strict=True):
        for one in term.touched:
            first = places.start + one.codes[order] * term.width
            parts.append(first[:, None] + np.arange(term.width))
    return np.ascontiguousarray(np.hstack(parts))
