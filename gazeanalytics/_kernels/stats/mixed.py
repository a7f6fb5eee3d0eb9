"""Blocked Cholesky of crossed random effects: the largest factor by levels, the others through their Schur complement.

Rows are sorted by the levels of the *main* factor (the one with most coefficients). A row i has coefficients `zf[i]`
on its main level; `zb[i]` on the other random effects, whose positions in the border are
`columns[pointer[level] + slots[i]]` (the distinct border positions of a level, ascending); and `x[i]` on the fixed
effects, which close the border when they are estimated together with the modes. The system is

    [ I + Z'WZ   Z'WX ]
    [ X'WZ       X'WX ]

whose main block is block diagonal. `border` receives the lower triangle of its Schur complement.
"""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import inlined, kernel


@kernel
def normal_matrix(starts, zf, pointer, columns, slots, zb, x, w, m, chol, cross, crossx, border):
    """Factor the main block and leave the Schur complement of the rest in `border` (lower triangle).

    chol (levels, k, k), cross (slots of all levels, k) and crossx (levels, k, p) receive L, L^-1 C and L^-1 Cx. What
    the fixed effects have with each other, X'WX - Cx'A^-1 Cx, is left to the caller: a product of whole matrices.
    Returns False when a weight makes the main block indefinite.
    """
    p = x.shape[1]
    mixed = np.zeros((m, p))
    border[:, :] = 0.0
    for c in range(m):
        border[c, c] = 1.0
    cross[:, :] = 0.0
    crossx[:, :, :] = 0.0
    for j in range(starts.size - 1):
        base, stop = pointer[j], pointer[j + 1]
        first, last = starts[j], starts[j + 1]
        add_main_rows(first, last, base, zf, slots, zb, x, w, chol[j], cross, crossx[j])
        add_border_rows(first, last, base, columns, slots, zb, x, w, border, mixed)
        if not factor_level(base, stop, chol[j], cross, crossx[j]):
            return False
        eliminate_level(base, stop, columns, cross, crossx[j], border, mixed)
    for b in range(p):
        for c in range(m):
            border[m + b, c] = mixed[c, b]
    return True


@inlined
def add_main_rows(first, last, base, zf, slots, zb, x, w, chol, cross, crossx):
    """Write I + Z'WZ of one main level to `chol`; add its products with border and fixed effects."""
    k, kb, p = zf.shape[1], zb.shape[1], x.shape[1]
    for c in range(k):
        for b in range(c):
            chol[c, b] = 0.0
        chol[c, c] = 1.0
    for i in range(first, last):
        for c in range(k):
            wz = w[i] * zf[i, c]
            for b in range(c + 1):
                chol[c, b] += wz * zf[i, b]
            for b in range(kb):
                cross[base + slots[i, b], c] += wz * zb[i, b]
            for b in range(p):
                crossx[c, b] += wz * x[i, b]


@inlined
def add_border_rows(first, last, base, columns, slots, zb, x, w, border, mixed):
    """Add the rows' products of the border's random effects with each other and with the fixed effects."""
    kb, p = zb.shape[1], x.shape[1]
    for i in range(first, last):
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
    for c in range(chol.shape[0]):
        for b in range(c + 1):
            rest = chol[c, b]
            for d in range(b):
                rest -= chol[c, d] * chol[b, d]
            if b < c:
                chol[c, b] = rest / chol[b, b]
            elif rest > 0.0:
                chol[c, c] = np.sqrt(rest)
            else:
                return False
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
    """Take one main level's part out of the border."""
    p = crossx.shape[1]
    for c in range(crossx.shape[0]):
        for s in range(base, stop):
            left = cross[s, c]
            row = columns[s]
            for t in range(base, s + 1):
                border[row, columns[t]] -= left * cross[t, c]
            for b in range(p):
                mixed[row, b] -= left * crossx[c, b]


@kernel
def scores(starts, zf, pointer, columns, slots, zb, x, g, m, right_f, right_b):
    """Add the rows' Z'g to `right_f` (levels, k) and `right_b` (border), X'g to the end of `right_b`."""
    k = zf.shape[1]
    kb = zb.shape[1]
    p = x.shape[1]
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
def reduce_right(pointer, columns, m, chol, cross, crossx, right_f, right_b):
    """Eliminate the main factor from a right-hand side: right_f becomes L^-1 right_f, right_b loses C'A^-1 right_f."""
    k = chol.shape[1]
    p = crossx.shape[2]
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
def back_substitute(pointer, columns, m, chol, cross, crossx, solution_b, right_f):
    """Turn the reduced `right_f` into the main factor's part of the solution, given the border's."""
    k = chol.shape[1]
    p = crossx.shape[2]
    for j in range(chol.shape[0]):
        for c in range(k - 1, -1, -1):
            rest = right_f[j, c]
            for s in range(pointer[j], pointer[j + 1]):
                rest -= cross[s, c] * solution_b[columns[s]]
            for b in range(p):
                rest -= crossx[j, c, b] * solution_b[m + b]
            for d in range(c + 1, k):
                rest -= chol[j, d, c] * right_f[j, d]
            right_f[j, c] = rest / chol[j, c, c]


@kernel
def linear_predictor(starts, zf, pointer, columns, slots, zb, x, m, uf, ub, out):
    """Write Zu + Xb of each row to `out`, with u of the main factor in `uf`, the rest and b in `ub`."""
    k = zf.shape[1]
    kb = zb.shape[1]
    p = x.shape[1]
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
def loadings(starts, rawf, pointer, columns, slots, rawb, term, c1, c2, uf, ub, sf, sb, gf, gb):
    """Add sum_i z_raw (c1 u + c2 s)' of each random term to gf (k, k) and gb (kb, kb)."""
    k = rawf.shape[1]
    kb = rawb.shape[1]
    for j in range(starts.size - 1):
        base = pointer[j]
        for i in range(starts[j], starts[j + 1]):
            for c in range(k):
                for d in range(k):
                    gf[c, d] += rawf[i, c] * (c1[i] * uf[j, d] + c2[i] * sf[j, d])
            for b in range(kb):
                for d in range(kb):
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
