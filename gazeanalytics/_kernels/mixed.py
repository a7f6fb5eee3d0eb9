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

from gazeanalytics._kernels import kernel


@kernel
def normal_matrix(starts, zf, pointer, columns, slots, zb, x, w, m, chol, cross, crossx, border):
    """Factor the main block and leave the Schur complement of the rest in `border` (lower triangle).

    chol (levels, k, k), cross (slots of all levels, k) and crossx (levels, p, k) receive L, L^-1 C and L^-1 Cx.
    Returns False when a weight makes the main block indefinite.
    """
    k = zf.shape[1]
    kb = zb.shape[1]
    p = x.shape[1]
    mixed = np.zeros((m, p))
    fixed = np.zeros((p, p))
    border[:, :] = 0.0
    for c in range(m):
        border[c, c] = 1.0
    cross[:, :] = 0.0
    crossx[:, :, :] = 0.0
    for j in range(starts.size - 1):
        base = pointer[j]
        stop = pointer[j + 1]
        for c in range(k):
            for b in range(c):
                chol[j, c, b] = 0.0
            chol[j, c, c] = 1.0
        for i in range(starts[j], starts[j + 1]):
            wi = w[i]
            for c in range(k):
                wz = wi * zf[i, c]
                for b in range(c + 1):
                    chol[j, c, b] += wz * zf[i, b]
                for b in range(kb):
                    cross[base + slots[i, b], c] += wz * zb[i, b]
                for b in range(p):
                    crossx[j, b, c] += wz * x[i, b]
            for b in range(kb):
                row = columns[base + slots[i, b]]
                wz = wi * zb[i, b]
                for c in range(kb):
                    col = columns[base + slots[i, c]]
                    if col <= row:
                        border[row, col] += wz * zb[i, c]
                for c in range(p):
                    mixed[row, c] += wz * x[i, c]
            for b in range(p):
                wx = wi * x[i, b]
                for c in range(b + 1):
                    fixed[b, c] += wx * x[i, c]
        for c in range(k):
            for b in range(c + 1):
                rest = chol[j, c, b]
                for d in range(b):
                    rest -= chol[j, c, d] * chol[j, b, d]
                if b < c:
                    chol[j, c, b] = rest / chol[j, b, b]
                elif rest > 0.0:
                    chol[j, c, c] = np.sqrt(rest)
                else:
                    return False
            for s in range(base, stop):
                rest = cross[s, c]
                for d in range(c):
                    rest -= chol[j, c, d] * cross[s, d]
                cross[s, c] = rest / chol[j, c, c]
            for b in range(p):
                rest = crossx[j, b, c]
                for d in range(c):
                    rest -= chol[j, c, d] * crossx[j, b, d]
                crossx[j, b, c] = rest / chol[j, c, c]
            for s in range(base, stop):
                left = cross[s, c]
                row = columns[s]
                for t in range(base, s + 1):
                    border[row, columns[t]] -= left * cross[t, c]
                for b in range(p):
                    mixed[row, b] -= left * crossx[j, b, c]
            for b in range(p):
                left = crossx[j, b, c]
                for d in range(b + 1):
                    fixed[b, d] -= left * crossx[j, d, c]
    for b in range(p):
        for c in range(m):
            border[m + b, c] = mixed[c, b]
        for c in range(b + 1):
            border[m + b, m + c] = fixed[b, c]
    return True


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
    p = crossx.shape[1]
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
                right_b[m + b] -= crossx[j, b, c] * rest


@kernel
def back_substitute(pointer, columns, m, chol, cross, crossx, solution_b, right_f):
    """Turn the reduced `right_f` into the main factor's part of the solution, given the border's."""
    k = chol.shape[1]
    p = crossx.shape[1]
    for j in range(chol.shape[0]):
        for c in range(k - 1, -1, -1):
            rest = right_f[j, c]
            for s in range(pointer[j], pointer[j + 1]):
                rest -= cross[s, c] * solution_b[columns[s]]
            for b in range(p):
                rest -= crossx[j, b, c] * solution_b[m + b]
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
def solve_level(j, base, count, p, chol, cross, crossx, solved):
    """Write A^-1 C of level j to `solved`, one row a border position of the level, then one a fixed effect."""
    k = chol.shape[1]
    for s in range(count + p):
        for c in range(k - 1, -1, -1):
            rest = cross[base + s, c] if s < count else crossx[j, s - count, c]
            for d in range(c + 1, k):
                rest -= chol[j, d, c] * solved[s, d]
            solved[s, c] = rest / chol[j, c, c]


@kernel
def invert_level(j, chol, main):
    """Write A^-1 of level j to `main`."""
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


@kernel
def leverages(
    starts, zf, rawf, pointer, columns, slots, zb, rawb, term, x, w, m, chol, cross, crossx, inverse, h, gf, gb
):
    """Give h[i] = z'A^-1 z and the log-determinant's derivatives 2 sum_i w z_raw (A^-1 z)' of each random term.

    `inverse` holds the lower triangle of the border's inverse; where it includes the fixed effects (`x` has columns),
    A is the whole system, otherwise the random effects' part alone. gf is (k, k); gb (kb, kb), of which the blocks
    within one `term` are filled.
    """
    k = zf.shape[1]
    kb = zb.shape[1]
    p = x.shape[1]
    widest = 0
    for j in range(starts.size - 1):
        widest = max(widest, pointer[j + 1] - pointer[j])
    size = widest + p
    part = np.empty((size, size))
    solved = np.empty((size, k))
    product = np.empty((size, k))
    main = np.empty((k, k))
    af = np.empty(k)
    ab = np.empty(kb)
    gf[:, :] = 0.0
    gb[:, :] = 0.0
    for j in range(starts.size - 1):
        base = pointer[j]
        count = pointer[j + 1] - base
        full = count + p
        for s in range(full):
            row = columns[base + s] if s < count else m + s - count
            for t in range(s + 1):
                value = inverse[row, columns[base + t] if t < count else m + t - count]
                part[s, t] = value
                part[t, s] = value
        solve_level(j, base, count, p, chol, cross, crossx, solved)
        for c in range(k):
            for s in range(full):
                value = 0.0
                for t in range(full):
                    value += part[s, t] * solved[t, c]
                product[s, c] = value
        invert_level(j, chol, main)
        for c in range(k):
            for d in range(k):
                for s in range(full):
                    main[d, c] += solved[s, d] * product[s, c]
        for i in range(starts[j], starts[j + 1]):
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
            h[i] = leverage
            twice = 2.0 * w[i]
            for c in range(k):
                for d in range(k):
                    gf[c, d] += twice * rawf[i, c] * af[d]
            for b in range(kb):
                for d in range(kb):
                    if term[b] == term[d]:
                        gb[b, d] += twice * rawb[i, b] * ab[d]


@kernel
def main_blocks(pointer, columns, p, m, chol, cross, crossx, inverse, out):
    """Write each main level's block of the whole system's inverse to `out` (levels, k, k).

    `inverse` holds the lower triangle of the border's inverse, with `p` fixed effects at its end.
    """
    k = chol.shape[1]
    widest = 0
    for j in range(chol.shape[0]):
        widest = max(widest, pointer[j + 1] - pointer[j])
    solved = np.empty((widest + p, k))
    main = np.empty((k, k))
    before = np.empty(k)
    for j in range(chol.shape[0]):
        base = pointer[j]
        count = pointer[j + 1] - base
        solve_level(j, base, count, p, chol, cross, crossx, solved)
        invert_level(j, chol, main)
        for s in range(count + p):
            row = columns[base + s] if s < count else m + s - count
            for c in range(k):
                value = 0.0
                for t in range(min(s, count)):
                    value += inverse[row, columns[base + t]] * solved[t, c]
                for t in range(count, s):
                    value += inverse[row, m + t - count] * solved[t, c]
                before[c] = value
            for c in range(k):
                for d in range(k):
                    main[c, d] += solved[s, c] * (before[d] + inverse[row, row] * solved[s, d])
                    main[c, d] += before[c] * solved[s, d]
        out[j] = main


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
