"""Parts of the inverse of the blocked system of `mixed`, at the places where rows and levels look.

With A a level's main block, C its product with the border and S the border's inverse (of the Schur complement), the
inverse of the whole has A^-1 + A^-1 C S C'A^-1 in the level's block and -S C'A^-1 between border and level. Only what
rows touch is ever formed: the whole inverse would be dense.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import inlined, kernel


class LevelInverse(NamedTuple):
    """Room for what one main level sees of the inverse; the border's positions of the level come first, then the fixed.

    Attributes
    ----------
    part : shape (positions, positions)
        S among them.
    solved : shape (positions, k)
        C'A^-1.
    product : shape (positions, k)
        S C'A^-1.
    main : shape (k, k)
        The level's block of the inverse.
    of_main, of_border : shapes (k,) and (kb,)
        A row's A^-1 z on its main level and on its border effects.
    """

    part: np.ndarray
    solved: np.ndarray
    product: np.ndarray
    main: np.ndarray
    of_main: np.ndarray
    of_border: np.ndarray


class FixedInverse(NamedTuple):
    """The fixed effects' part of the border's inverse: twice that with the random effects (border, p), and (p, p)."""

    mixed: np.ndarray
    fixed: np.ndarray


@inlined
def most_positions(pointer):
    """Largest number of border positions that a main level touches."""
    found = 0
    for j in range(pointer.size - 1):
        found = max(found, pointer[j + 1] - pointer[j])
    return found


@kernel
def leverages(sparse, rows, raw, w, blocks, inverse, slopes):
    """Return h[i] = z'A^-1 z; fill `slopes` with the log-determinant's derivatives 2 sum_i w z_raw (A^-1 z)'.

    `inverse` holds the lower triangle of the border's inverse; where it includes the fixed effects (`rows.fixed` has
    columns), A is the whole system, otherwise the random effects' part alone. `raw` are coefficients without Lambda.
    """
    starts, pointer, term = sparse.starts, sparse.pointer, sparse.entry
    rawf, rawb, gf, gb = raw.main, raw.border, slopes.main, slopes.border
    k, kb, p = rows.main.shape[1], rows.border.shape[1], rows.fixed.shape[1]
    size = most_positions(pointer) + p
    level = LevelInverse(
        np.empty((size, size)),
        np.empty((size, k)),
        np.empty((size, k)),
        np.empty((k, k)),
        np.empty(k),
        np.empty(kb),
    )
    af, ab = level.of_main, level.of_border
    h = np.empty(w.size)
    gf[:, :] = 0.0
    gb[:, :] = 0.0
    for j in range(starts.size - 1):
        base = pointer[j]
        count = pointer[j + 1] - base
        # Gathered once a level into a small dense block, as each of its rows reads from it again.
        border_part(base, count, p, sparse, inverse, level.part)
        solve_level(j, base, count, p, blocks, level.solved)
        invert_level(j, blocks.chol, level.main)
        add_border(count + p, level)
        for i in range(starts[j], starts[j + 1]):
            h[i] = row_leverage(i, count, sparse.slots, rows, level)
            twice = 2.0 * w[i]
            for c in range(k):
                for d in range(k):
                    gf[c, d] += twice * rawf[i, c] * af[d]
            for b in range(kb):
                for d in range(kb):
                    if term[b] == term[d]:
                        gb[b, d] += twice * rawb[i, b] * ab[d]
    return h


@inlined
def border_part(base, count, p, sparse, inverse, part):
    """Copy to `part` what the border's inverse has among one level's border positions and the fixed effects."""
    columns, m = sparse.columns, sparse.border
    for s in range(count + p):
        row = columns[base + s] if s < count else m + s - count
        for t in range(s + 1):
            value = inverse[row, columns[base + t] if t < count else m + t - count]
            part[s, t] = value
            part[t, s] = value


@inlined
def add_border(full, level):
    """Write S C'A^-1 to `product`; add to the level's block what reaches it by way of the border."""
    part, solved, product, main = level.part, level.solved, level.product, level.main
    k = main.shape[0]
    for c in range(k):
        for s in range(full):
            value = 0.0
            for t in range(full):
                value += part[s, t] * solved[t, c]
            product[s, c] = value
    for c in range(k):
        for d in range(k):
            for s in range(full):
                main[d, c] += solved[s, d] * product[s, c]


@inlined
def row_leverage(i, count, slots, rows, level):
    """Return z'A^-1 z of one row; leave A^-1 z in the level's `of_main` and `of_border`."""
    zf, zb, x = rows.main, rows.border, rows.fixed
    part, product, main, af, ab = level.part, level.product, level.main, level.of_main, level.of_border
    k, kb, p = zf.shape[1], zb.shape[1], x.shape[1]
    leverage = 0.0
    for c in range(k):
        value = 0.0
        for d in range(k):
            value += main[c, d] * zf[i, d]
        for b in range(kb):
            value -= product[slots[i, b], c] * zb[i, b]
        for b in range(p):
            value -= product[count + b, c] * x[i, b]
        af[c] = value
        leverage += zf[i, c] * value
    for b in range(kb):
        s = slots[i, b]
        value = 0.0
        for c in range(k):
            value -= product[s, c] * zf[i, c]
        for d in range(kb):
            value += part[s, slots[i, d]] * zb[i, d]
        for d in range(p):
            value += part[s, count + d] * x[i, d]
        ab[b] = value
        leverage += zb[i, b] * value
    return leverage


@kernel
def main_blocks(sparse, p, blocks, inverse, out):
    """Write each main level's block of the whole system's inverse to `out` (levels, k, k).

    `inverse` holds the lower triangle of the border's inverse, with `p` fixed effects at its end.
    """
    pointer, columns, chol = sparse.pointer, sparse.columns, blocks.chol
    k, most = chol.shape[1], most_positions(pointer)
    fixed = inverse_of_fixed(p, sparse.border, inverse)
    solved, before = np.empty((most, k)), np.empty(k)
    solvedx, beforex = np.empty((k, p)), np.empty((k, p))
    main = np.empty((k, k))
    for j in range(chol.shape[0]):
        base = pointer[j]
        count = pointer[j + 1] - base
        solve_level(j, base, count, 0, blocks, solved)
        invert_level(j, chol, main)
        # The border's inverse is symmetric and only its lower triangle at hand: each pair (s, t) counts both ways.
        for s in range(count):
            row = columns[base + s]
            before[:] = 0.0
            for t in range(s):
                value = inverse[row, columns[base + t]]
                for c in range(k):
                    before[c] += value * solved[t, c]
            for c in range(k):
                for d in range(k):
                    main[c, d] += solved[s, c] * (before[d] + inverse[row, row] * solved[s, d])
                    main[c, d] += before[c] * solved[s, d]
        if p:
            solve_fixed(j, blocks, solvedx)
            add_fixed(columns[base : base + count], solved, solvedx, fixed, beforex, main)
        out[j] = main


@kernel
def inverse_of_fixed(p, m, inverse):
    """Copy the fixed effects' part of the border's inverse to whole rows."""
    # Twice the mixed part here and half the sum in add_fixed: both orders of a symmetric product at the cost of one.
    mixed, fixed = np.empty((m, p)), np.empty((p, p))
    for b in range(p):
        for c in range(m):
            mixed[c, b] = 2.0 * inverse[m + b, c]
        for c in range(b + 1):
            fixed[b, c] = inverse[m + b, m + c]
            fixed[c, b] = inverse[m + b, m + c]
    return FixedInverse(mixed, fixed)


@inlined
def solve_fixed(j, blocks, solved):
    """Write A^-1 Cx of level j to `solved` (k, p)."""
    chol, crossx = blocks.chol, blocks.crossx
    k, p = solved.shape
    for c in range(k - 1, -1, -1):
        for b in range(p):
            solved[c, b] = crossx[j, c, b]
        for d in range(c + 1, k):
            for b in range(p):
                solved[c, b] -= chol[j, d, c] * solved[d, b]
        for b in range(p):
            solved[c, b] /= chol[j, c, c]


@inlined
def add_fixed(columns, solved, solvedx, inverse, before, main):
    """Add to a level's block what reaches it by way of the fixed effects."""
    mixed, fixed = inverse.mixed, inverse.fixed
    k, p = solvedx.shape
    for c in range(k):
        for b in range(p):
            before[c, b] = 0.0
        for s in range(columns.size):
            row = columns[s]
            for b in range(p):
                before[c, b] += solved[s, c] * mixed[row, b]
        for d in range(p):
            for b in range(p):
                before[c, b] += solvedx[c, d] * fixed[d, b]
    for c in range(k):
        for d in range(k):
            for b in range(p):
                main[c, d] += 0.5 * (before[c, b] * solvedx[d, b] + solvedx[c, b] * before[d, b])


@inlined
def solve_level(j, base, count, p, blocks, solved):
    """Write A^-1 C of level j to `solved`, one row a border position of the level, then one a fixed effect."""
    chol, cross, crossx = blocks.chol, blocks.cross, blocks.crossx
    k = chol.shape[1]
    for s in range(count + p):
        for c in range(k - 1, -1, -1):
            rest = cross[base + s, c] if s < count else crossx[j, c, s - count]
            for d in range(c + 1, k):
                rest -= chol[j, d, c] * solved[s, d]
            solved[s, c] = rest / chol[j, c, c]


@inlined
def invert_level(j, chol, main):
    """Write A^-1 of level j to `main`: for each unit vector, down through L, then up through L'."""
    k = chol.shape[1]
    for c in range(k):
        for d in range(k):
            rest = 1.0 if d == c else 0.0
            for e in range(d):
                rest -= chol[j, d, e] * main[e, c]
            main[d, c] = rest / chol[j, d, d]
        for d in range(k - 1, -1, -1):
            rest = main[d, c]
            for e in range(d + 1, k):
                rest -= chol[j, e, d] * main[e, c]
            main[d, c] = rest / chol[j, d, d]
