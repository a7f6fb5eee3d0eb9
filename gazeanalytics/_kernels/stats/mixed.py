"""Blocked Cholesky of crossed random effects: the largest factor by levels, the others through their Schur complement.

Rows are sorted by the levels of the *main* factor (the one with most coefficients). The other random effects, and the
fixed effects where they are estimated together with the modes, form the *border*. The normal equations are

    [ I + Z'WZ   Z'WX ]
    [ X'WZ       X'WX ]

whose main block is block diagonal, so that eliminating it costs one small factor a level (Bates et al. 2015, J. Stat.
Softw. 67(1), section 3; the blocks as in MixedModels.jl). What is left is the border's Schur complement, a dense
matrix. Rejected: a sparse Cholesky of the whole (lme4's CHOLMOD), whose fill with crossed readers and cases is about as
dense, but which goes through indices one number at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import inlined, kernel
from gazeanalytics._kernels.linalg import cholesky


class Sparse(NamedTuple):
    """Which rows belong to which main level, and which border positions each level and row touches.

    Attributes
    ----------
    starts : shape (levels + 1,)
        First row of each main level.
    pointer : shape (levels + 1,)
        First place in `columns` of each main level.
    columns : shape (places,)
        Distinct border positions of each level, ascending.
    slots : shape (rows, kb)
        Of each of a row's border coefficients, the place within its level's columns.
    entry : shape (kb,)
        Which random term each of a row's border coefficients belongs to.
    border : int
        How many random effects the border has; fixed effects follow after them.
    """

    starts: np.ndarray
    pointer: np.ndarray
    columns: np.ndarray
    slots: np.ndarray
    entry: np.ndarray
    border: int


class Coefficients(NamedTuple):
    """Coefficients of each row: on its main level (rows, k), its border effects (rows, kb), fixed effects (rows, p)."""

    main: np.ndarray
    border: np.ndarray
    fixed: np.ndarray


class Blocks(NamedTuple):
    """The factored main block, with L a level's Cholesky factor and C, Cx its products with border and fixed effects.

    Attributes
    ----------
    chol : shape (levels, k, k)
        L.
    cross : shape (places, k)
        L^-1 C, transposed: one row for each of a level's border positions.
    crossx : shape (levels, k, p)
        L^-1 Cx.
    """

    chol: np.ndarray
    cross: np.ndarray
    crossx: np.ndarray


class Sides(NamedTuple):
    """One side of the equations: main (levels, k), and border (random effects, then fixed)."""

    main: np.ndarray
    border: np.ndarray


class Slopes(NamedTuple):
    """Derivatives by covariance factors: of the main term (k, k); of the border's (kb, kb), blocks within a term."""

    main: np.ndarray
    border: np.ndarray


@kernel
def normal_matrix(sparse, rows, w, blocks, border):
    """Factor the main block and leave the Schur complement of the rest in `border` (lower triangle).

    What the fixed effects have with each other, X'WX - Cx'A^-1 Cx, is left to the caller: a product of whole matrices.
    Returns False when a weight makes the main block indefinite.
    """
    pointer, columns = sparse.pointer, sparse.columns
    chol, cross, crossx = blocks.chol, blocks.cross, blocks.crossx
    m, p = sparse.border, rows.fixed.shape[1]
    # Products of random with fixed effects are gathered in a matrix of their own: in the border they lie in p rows far
    # apart in memory, all of which each row of data would touch.
    mixed = np.zeros((m, p))
    border[:, :] = 0.0
    # The identity of [ I + Z'WZ ]: spherical effects have variance 1. Fixed effects have no prior, so no identity.
    for c in range(m):
        border[c, c] = 1.0
    cross[:, :] = 0.0
    crossx[:, :, :] = 0.0
    for j in range(sparse.starts.size - 1):
        base, stop = pointer[j], pointer[j + 1]
        add_main_rows(j, sparse, rows, w, chol[j], cross, crossx[j])
        add_border_rows(j, sparse, rows, w, border, mixed)
        if not factor_level(base, stop, chol[j], cross, crossx[j]):
            return False
        eliminate_level(base, stop, columns, cross, crossx[j], border, mixed)
    for b in range(p):
        for c in range(m):
            border[m + b, c] = mixed[c, b]
    return True


@inlined
def add_main_rows(j, sparse, rows, w, chol, cross, crossx):
    """Write I + Z'WZ of one main level to `chol`; add its products with border and fixed effects."""
    zf, zb, x, slots, base = rows.main, rows.border, rows.fixed, sparse.slots, sparse.pointer[j]
    k, kb, p = zf.shape[1], zb.shape[1], x.shape[1]
    for c in range(k):
        for b in range(c):
            chol[c, b] = 0.0
        chol[c, c] = 1.0
    for i in range(sparse.starts[j], sparse.starts[j + 1]):
        for c in range(k):
            wz = w[i] * zf[i, c]
            for b in range(c + 1):
                chol[c, b] += wz * zf[i, b]
            for b in range(kb):
                cross[base + slots[i, b], c] += wz * zb[i, b]
            for b in range(p):
                crossx[c, b] += wz * x[i, b]


@inlined
def add_border_rows(j, sparse, rows, w, border, mixed):
    """Add the rows' products of the border's random effects with each other and with the fixed effects."""
    zb, x, slots, columns, base = rows.border, rows.fixed, sparse.slots, sparse.columns, sparse.pointer[j]
    kb, p = zb.shape[1], x.shape[1]
    for i in range(sparse.starts[j], sparse.starts[j + 1]):
        for b in range(kb):
            row = columns[base + slots[i, b]]
            wz = w[i] * zb[i, b]
            for c in range(kb):
                col = columns[base + slots[i, c]]
                if col <= row:
                    border[row, col] += wz * zb[i, c]
            for c in range(p):
                mixed[row, c] += wz * x[i, c]


@inlined
def factor_level(base, stop, chol, cross, crossx):
    """Turn A, C and Cx of one main level into L, L^-1 C and L^-1 Cx; False where A isn't positive definite."""
    # A = I + Z'WZ can only fail where a weight is negative: the observed information of beta or excess zeros may be.
    if np.isnan(cholesky(chol, chol)):
        return False
    # Forward substitution of all right-hand sides at once, as C is stored transposed and its rows lie side by side.
    for c in range(chol.shape[0]):
        for d in range(c):
            for s in range(base, stop):
                cross[s, c] -= chol[c, d] * cross[s, d]
            for b in range(crossx.shape[1]):
                crossx[c, b] -= chol[c, d] * crossx[d, b]
        for s in range(base, stop):
            cross[s, c] /= chol[c, c]
        for b in range(crossx.shape[1]):
            crossx[c, b] /= chol[c, c]
    return True


@inlined
def eliminate_level(base, stop, columns, cross, crossx, border, mixed):
    """Subtract one main level's part, (L^-1 C)'(L^-1 C), from the border: its share of the Schur complement."""
    p = crossx.shape[1]
    for c in range(crossx.shape[0]):
        for s in range(base, stop):
            left = cross[s, c]
            row = columns[s]
            # Columns ascend within a level, so t <= s stays in the lower triangle.
            for t in range(base, s + 1):
                border[row, columns[t]] -= left * cross[t, c]
            for b in range(p):
                mixed[row, b] -= left * crossx[c, b]


@kernel
def scores(sparse, rows, g, right):
    """Add the rows' Z'g and X'g to the right-hand side."""
    starts, pointer, columns, slots = sparse.starts, sparse.pointer, sparse.columns, sparse.slots
    zf, zb, x, m = rows.main, rows.border, rows.fixed, sparse.border
    right_f, right_b = right.main, right.border
    k, kb, p = zf.shape[1], zb.shape[1], x.shape[1]
    for j in range(starts.size - 1):
        base = pointer[j]
        for i in range(starts[j], starts[j + 1]):
            gi = g[i]
            for c in range(k):
                right_f[j, c] += gi * zf[i, c]
            for b in range(kb):
                right_b[columns[base + slots[i, b]]] += gi * zb[i, b]
            for b in range(p):
                right_b[m + b] += gi * x[i, b]


@kernel
def reduce_right(sparse, blocks, right):
    """Eliminate the main factor from a right-hand side: main becomes L^-1 main, border loses C'A^-1 main."""
    # (L^-1 C)'(L^-1 r) = C'A^-1 r: the factor is used once here and once in back_substitute, and A^-1 never formed.
    pointer, columns, m = sparse.pointer, sparse.columns, sparse.border
    chol, cross, crossx = blocks.chol, blocks.cross, blocks.crossx
    right_f, right_b = right.main, right.border
    k, p = chol.shape[1], crossx.shape[2]
    for j in range(chol.shape[0]):
        for c in range(k):
            rest = right_f[j, c]
            for d in range(c):
                rest -= chol[j, c, d] * right_f[j, d]
            rest /= chol[j, c, c]
            right_f[j, c] = rest
            for s in range(pointer[j], pointer[j + 1]):
                right_b[columns[s]] -= cross[s, c] * rest
            for b in range(p):
                right_b[m + b] -= crossx[j, c, b] * rest


@kernel
def back_substitute(sparse, blocks, solution):
    """Turn the reduced main side into the main factor's part of the solution, given the border's."""
    pointer, columns, m = sparse.pointer, sparse.columns, sparse.border
    chol, cross, crossx = blocks.chol, blocks.cross, blocks.crossx
    solution_f, solution_b = solution.main, solution.border
    k, p = chol.shape[1], crossx.shape[2]
    for j in range(chol.shape[0]):
        for c in range(k - 1, -1, -1):
            rest = solution_f[j, c]
            for s in range(pointer[j], pointer[j + 1]):
                rest -= cross[s, c] * solution_b[columns[s]]
            for b in range(p):
                rest -= crossx[j, c, b] * solution_b[m + b]
            for d in range(c + 1, k):
                rest -= chol[j, d, c] * solution_f[j, d]
            solution_f[j, c] = rest / chol[j, c, c]


@kernel
def linear_predictor(sparse, rows, effects, out):
    """Write Zu + Xb of each row to `out`."""
    starts, pointer, columns, slots = sparse.starts, sparse.pointer, sparse.columns, sparse.slots
    zf, zb, x, m = rows.main, rows.border, rows.fixed, sparse.border
    uf, ub = effects.main, effects.border
    k, kb, p = zf.shape[1], zb.shape[1], x.shape[1]
    for j in range(starts.size - 1):
        base = pointer[j]
        for i in range(starts[j], starts[j + 1]):
            total = 0.0
            for c in range(k):
                total += zf[i, c] * uf[j, c]
            for b in range(kb):
                total += zb[i, b] * ub[columns[base + slots[i, b]]]
            for b in range(p):
                total += x[i, b] * ub[m + b]
            out[i] = total


@kernel
def loadings(sparse, raw, c1, c2, u, s, slopes):
    """Add sum_i z_raw (c1 u + c2 s)' of each random term: how a sum over rows moves with Lambda (Zu = Z_raw Lambda u).

    `raw` are coefficients before Lambda is in them; u and s are sides of the equations.
    """
    starts, pointer, columns, slots, term = sparse.starts, sparse.pointer, sparse.columns, sparse.slots, sparse.entry
    rawf, rawb = raw.main, raw.border
    uf, ub, sf, sb, gf, gb = u.main, u.border, s.main, s.border, slopes.main, slopes.border
    k, kb = rawf.shape[1], rawb.shape[1]
    for j in range(starts.size - 1):
        base = pointer[j]
        for i in range(starts[j], starts[j + 1]):
            for c in range(k):
                for d in range(k):
                    gf[c, d] += rawf[i, c] * (c1[i] * uf[j, d] + c2[i] * sf[j, d])
            for b in range(kb):
                for d in range(kb):
                    # Lambda is block diagonal over terms, so between terms there is nothing to differentiate by.
                    if term[b] == term[d]:
                        col = columns[base + slots[i, d]]
                        gb[b, d] += rawb[i, b] * (c1[i] * ub[col] + c2[i] * sb[col])


@kernel
def slot_rows(starts, positions, pointer, columns, slots):
    """List the distinct border positions of each main level, ascending, and where each row's positions stand there.

    `columns` has room for every row's positions; returns how many of its places are used.
    """
    kb = positions.shape[1]
    used = 0
    pointer[0] = 0
    for j in range(starts.size - 1):
        first, last = starts[j], starts[j + 1]
        # Sorting each level's few positions beats one table of all positions: that would be levels x border in size.
        here = np.sort(positions[first:last].ravel())
        base = used
        for c in range(here.size):
            if c == 0 or here[c] != here[c - 1]:
                columns[used] = here[c]
                used += 1
        pointer[j + 1] = used
        for i in range(first, last):
            for b in range(kb):
                slots[i, b] = np.searchsorted(columns[base:used], positions[i, b])
    return used
