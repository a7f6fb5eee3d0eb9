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
def cholesky(a):
    """Replace the lower triangle of a small matrix by its Cholesky factor; say whether it was positive definite."""
    k = a.shape[0]
    for c in range(k):
        pivot = a[c, c]
        for b in range(c):
            pivot -= a[c, b] * a[c, b]
        if not pivot > 0.0:
            return False
        pivot = np.sqrt(pivot)
        a[c, c] = pivot
        for r in range(c + 1, k):
            total = a[r, c]
            for b in range(c):
                total -= a[r, b] * a[c, b]
            a[r, c] = total / pivot
    return True


@kernel
def forward(lower, right):
    """Solve L v = right in place."""
    for r in range(lower.shape[0]):
        total = right[r]
        for c in range(r):
            total -= lower[r, c] * right[c]
        right[r] = total / lower[r, r]


@kernel
def backward(lower, right):
    """Solve L'v = right in place."""
    k = lower.shape[0]
    for r in range(k - 1, -1, -1):
        total = right[r]
        for c in range(r + 1, k):
            total -= lower[c, r] * right[c]
        right[r] = total / lower[r, r]


@kernel
def normal_matrix(starts, zf, pointer, columns, slots, zb, x, w, m, chol, cross, crossx, border):
    """Factor the main block and leave the Schur complement of the rest in `border` (lower triangle).

    chol (levels, k, k), cross (slots of all levels, k) and crossx (levels, p, k) receive L, L^-1 C and L^-1 Cx.
    Returns False when a weight makes the main block indefinite.
    """
    k = zf.shape[1]
    kb = zb.shape[1]
    p = x.shape[1]
    border[:, :] = 0.0
    for c in range(m):
        border[c, c] = 1.0
    cross[:, :] = 0.0
    for j in range(starts.size - 1):
        base = pointer[j]
        a = chol[j]
        cx = crossx[j]
        a[:, :] = 0.0
        cx[:, :] = 0.0
        for c in range(k):
            a[c, c] = 1.0
        for i in range(starts[j], starts[j + 1]):
            wi = w[i]
            if wi == 0.0:
                continue
            for c in range(k):
                wz = wi * zf[i, c]
                for b in range(c + 1):
                    a[c, b] += wz * zf[i, b]
                for b in range(kb):
                    cross[base + slots[i, b], c] += wz * zb[i, b]
                for b in range(p):
                    cx[b, c] += wz * x[i, b]
            for b in range(kb):
                row = columns[base + slots[i, b]]
                wz = wi * zb[i, b]
                for c in range(kb):
                    col = columns[base + slots[i, c]]
                    if col <= row:
                        border[row, col] += wz * zb[i, c]
                for c in range(p):
                    border[m + c, row] += wz * x[i, c]
            for b in range(p):
                wx = wi * x[i, b]
                for c in range(b + 1):
                    border[m + b, m + c] += wx * x[i, c]
        if not cholesky(a):
            return False
        if k == 0:
            continue
        count = pointer[j + 1] - base
        for s in range(count):
            forward(a, cross[base + s])
        for s in range(p):
            forward(a, cx[s])
        for s in range(count):
            row = columns[base + s]
            left = cross[base + s]
            for t in range(s + 1):
                total = 0.0
                for c in range(k):
                    total += left[c] * cross[base + t, c]
                border[row, columns[base + t]] -= total
            for b in range(p):
                total = 0.0
                for c in range(k):
                    total += left[c] * cx[b, c]
                border[m + b, row] -= total
        for b in range(p):
            for d in range(b + 1):
                total = 0.0
                for c in range(k):
                    total += cx[b, c] * cx[d, c]
                border[m + b, m + d] -= total
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
    if k == 0:
        return
    for j in range(chol.shape[0]):
        r = right_f[j]
        forward(chol[j], r)
        for s in range(pointer[j], pointer[j + 1]):
            for c in range(k):
                right_b[columns[s]] -= cross[s, c] * r[c]
        for b in range(p):
            for c in range(k):
                right_b[m + b] -= crossx[j, b, c] * r[c]


@kernel
def back_substitute(pointer, columns, m, chol, cross, crossx, solution_b, right_f):
    """Turn the reduced `right_f` into the main factor's part of the solution, given the border's."""
    k = chol.shape[1]
    p = crossx.shape[1]
    if k == 0:
        return
    for j in range(chol.shape[0]):
        r = right_f[j]
        for s in range(pointer[j], pointer[j + 1]):
            for c in range(k):
                r[c] -= cross[s, c] * solution_b[columns[s]]
        for b in range(p):
            for c in range(k):
                r[c] -= crossx[j, b, c] * solution_b[m + b]
        backward(chol[j], r)


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
    unit = np.empty(k)
    gf[:, :] = 0.0
    gb[:, :] = 0.0
    for j in range(starts.size - 1):
        base = pointer[j]
        count = pointer[j + 1] - base
        full = count + p
        for s in range(full):
            row = columns[base + s] if s < count else m + s - count
            for t in range(s + 1):
                col = columns[base + t] if t < count else m + t - count
                part[s, t] = inverse[row, col]
                part[t, s] = inverse[row, col]
        for s in range(full):
            for c in range(k):
                solved[s, c] = cross[base + s, c] if s < count else crossx[j, s - count, c]
            backward(chol[j], solved[s])
        for s in range(full):
            for c in range(k):
                total = 0.0
                for t in range(full):
                    total += part[s, t] * solved[t, c]
                product[s, c] = total
        for c in range(k):
            unit[:] = 0.0
            unit[c] = 1.0
            forward(chol[j], unit)
            backward(chol[j], unit)
            for d in range(k):
                total = unit[d]
                for s in range(full):
                    total += solved[s, d] * product[s, c]
                main[d, c] = total
        for i in range(starts[j], starts[j + 1]):
            total = 0.0
            for c in range(k):
                value = 0.0
                for d in range(k):
                    value += main[c, d] * zf[i, d]
                for b in range(kb):
                    value -= product[slots[i, b], c] * zb[i, b]
                for b in range(p):
                    value -= product[count + b, c] * x[i, b]
                af[c] = value
                total += zf[i, c] * value
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
                total += zb[i, b] * value
            h[i] = total
            twice = 2.0 * w[i]
            for c in range(k):
                for d in range(k):
                    gf[c, d] += twice * rawf[i, c] * af[d]
            for b in range(kb):
                for d in range(kb):
                    if term[b] == term[d]:
                        gb[b, d] += twice * rawb[i, b] * ab[d]


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
