"""Parts of the inverse of the blocked system of `mixed`, at the places where rows and levels look."""

from __future__ import annotations

import numpy as np

from gazeanalytics._kernels import inlined, kernel


@kernel
def leverages(
    starts, zf, rawf, pointer, columns, slots, zb, rawb, term, x, w, m, chol, cross, crossx, inverse, h, gf, gb
):
    """Give h[i] = z'A^-1 z and the log-determinant's derivatives 2 sum_i w z_raw (A^-1 z)' of each random term.

    `inverse` holds the lower triangle of the border's inverse; where it includes the fixed effects (`x` has columns),
    A is the whole system, otherwise the random effects' part alone. gf is (k, k); gb (kb, kb), of which the blocks
    within one `term` are filled.
    """
    k, kb, p = zf.shape[1], zb.shape[1], x.shape[1]
    widest = 0
    for j in range(starts.size - 1):
        widest = max(widest, pointer[j + 1] - pointer[j])
    part = np.empty((widest + p, widest + p))
    solved, product = np.empty((widest + p, k)), np.empty((widest + p, k))
    main, af, ab = np.empty((k, k)), np.empty(k), np.empty(kb)
    gf[:, :] = 0.0
    gb[:, :] = 0.0
    for j in range(starts.size - 1):
        base = pointer[j]
        count = pointer[j + 1] - base
        border_part(base, count, p, m, columns, inverse, part)
        solve_level(j, base, count, p, chol, cross, crossx, solved)
        invert_level(j, chol, main)
        add_border(count + p, part, solved, product, main)
        for i in range(starts[j], starts[j + 1]):
            h[i] = row_leverage(i, count, zf, slots, zb, x, main, product, part, af, ab)
            twice = 2.0 * w[i]
            for c in range(k):
                for d in range(k):
                    gf[c, d] += twice * rawf[i, c] * af[d]
            for b in range(kb):
                for d in range(kb):
                    if term[b] == term[d]:
                        gb[b, d] += twice * rawb[i, b] * ab[d]


@inlined
def border_part(base, count, p, m, columns, inverse, part):
    """Copy to `part` what the border's inverse has among one level's border positions and the fixed effects."""
    for s in range(count + p):
        row = columns[base + s] if s < count else m + s - count
        for t in range(s + 1):
            value = inverse[row, columns[base + t] if t < count else m + t - count]
            part[s, t] = value
            part[t, s] = value


@inlined
def add_border(full, part, solved, product, main):
    """Write part times `solved` to `product`; add to a level's block what reaches it by way of the border."""
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
def row_leverage(i, count, zf, slots, zb, x, main, product, part, af, ab):
    """Return z'A^-1 z of one row; leave A^-1 z of its main level in `af`, of its border's random effects in `ab`."""
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
def main_blocks(pointer, columns, p, m, chol, cross, crossx, inverse, out):
    """Write each main level's block of the whole system's inverse to `out` (levels, k, k).

    `inverse` holds the lower triangle of the border's inverse, with `p` fixed effects at its end.
    """
    k = chol.shape[1]
    widest = 0
    for j in range(chol.shape[0]):
        widest = max(widest, pointer[j + 1] - pointer[j])
    mixed, fixed = inverse_of_fixed(p, m, inverse)
    solved, before = np.empty((widest, k)), np.empty(k)
    solvedx, beforex = np.empty((k, p)), np.empty((k, p))
    main = np.empty((k, k))
    for j in range(chol.shape[0]):
        base = pointer[j]
        count = pointer[j + 1] - base
        solve_level(j, base, count, 0, chol, cross, crossx, solved)
        invert_level(j, chol, main)
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
            solve_fixed(j, chol, crossx, solvedx)
            add_fixed(base, count, columns, solved, solvedx, mixed, fixed, beforex, main)
        out[j] = main


@kernel
def inverse_of_fixed(p, m, inverse):
    """Copy the fixed effects' part of the border's inverse to whole rows: twice (border, p), and (p, p)."""
    mixed, fixed = np.empty((m, p)), np.empty((p, p))
    for b in range(p):
        for c in range(m):
            mixed[c, b] = 2.0 * inverse[m + b, c]
        for c in range(b + 1):
            fixed[b, c] = inverse[m + b, m + c]
            fixed[c, b] = inverse[m + b, m + c]
    return mixed, fixed


@inlined
def solve_fixed(j, chol, crossx, solved):
    """Write A^-1 Cx of level j to `solved` (k, p)."""
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
def add_fixed(base, count, columns, solved, solvedx, mixed, fixed, before, main):
    """Add to a level's block what reaches it by way of the fixed effects."""
    k, p = solvedx.shape
    for c in range(k):
        for b in range(p):
            before[c, b] = 0.0
        for s in range(count):
            row = columns[base + s]
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
def solve_level(j, base, count, p, chol, cross, crossx, solved):
    """Write A^-1 C of level j to `solved`, one row a border position of the level, then one a fixed effect."""
    k = chol.shape[1]
    for s in range(count + p):
        for c in range(k - 1, -1, -1):
            rest = cross[base + s, c] if s < count else crossx[j, c, s - count]
            for d in range(c + 1, k):
                rest -= chol[j, d, c] * solved[s, d]
            solved[s, c] = rest / chol[j, c, c]


@inlined
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
