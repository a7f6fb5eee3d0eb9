"""Crossed random effects with the main factor's effects integrated out at nodes, for `solver.crossed_quadrature`.

Given the border's effects, the main levels are independent, and each has an integral of one dimension. At the nodes
a[j, q] of level j, with their weights and densities, its likelihood is a finite mixture; p[j, q] is the posterior share
of node q. Derivatives of the log of the mixture by the linear predictors of a level's rows are cumulants over the
nodes: the mean of g, then cov(g_i, g_k) less the mean of w_i where i = k. Arrays of nodes and rows have shape (nodes,
rows); names of the design's parts are those of `_kernels.stats.mixed`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import inlined, kernel
from gazeanalytics._kernels.special import normalize_logs


class NodeRows(NamedTuple):
    """Of each node and row: log f, its derivative g by the linear predictor, w = -d2 log f, w' = dw."""

    log_f: np.ndarray
    g: np.ndarray
    w: np.ndarray
    dw: np.ndarray


class Posterior(NamedTuple):
    """Share p of each node, shape (levels, nodes), and each row's means of g and w over the nodes, shape (rows,)."""

    p: np.ndarray
    g: np.ndarray
    w: np.ndarray


@kernel
def weigh_nodes(starts, log_weights, at, posterior):
    """Fill the posterior; return each level's log likelihood with its effect integrated out."""
    p, mean_g, mean_w = posterior.p, posterior.g, posterior.w
    log_f, g, w = at.log_f, at.g, at.w
    nodes = log_weights.shape[1]
    out = np.empty(starts.size - 1)
    for j in range(starts.size - 1):
        for q in range(nodes):
            p[j, q] = log_weights[j, q]
        for i in range(starts[j], starts[j + 1]):
            for q in range(nodes):
                p[j, q] += log_f[q, i]
        out[j] = normalize_logs(p[j])
        for i in range(starts[j], starts[j + 1]):
            mean_g[i] = 0.0
            mean_w[i] = 0.0
            for q in range(nodes):
                mean_g[i] += p[j, q] * g[q, i]
                mean_w[i] += p[j, q] * w[q, i]
    return out


@inlined
def gather_scores(first, last, base, sparse, zb, g, mean_g, q, out):
    """Write the sum over a level's rows of their border coefficients times g, less its mean, at node q to `out`."""
    out[:] = 0.0
    for i in range(first, last):
        for b in range(zb.shape[1]):
            out[sparse.slots[i, b]] += zb[i, b] * (g[q, i] - mean_g[i])


@inlined
def most_places(pointer):
    """Largest number of border positions that a main level touches."""
    found = 0
    for j in range(pointer.size - 1):
        found = max(found, pointer[j + 1] - pointer[j])
    return found


@kernel
def border_information(sparse, zb, g, posterior, out):
    """Write I + Zb'M Zb to `out` (lower triangle), M the negative second derivatives of the log mixtures."""
    starts, pointer, columns, slots = sparse.starts, sparse.pointer, sparse.columns, sparse.slots
    p, mean_g, mean_w = posterior.p, posterior.g, posterior.w
    kb = zb.shape[1]
    total = np.empty(most_places(pointer))
    out[:, :] = 0.0
    for c in range(out.shape[0]):
        out[c, c] = 1.0
    for j in range(starts.size - 1):
        base = pointer[j]
        count = pointer[j + 1] - base
        for i in range(starts[j], starts[j + 1]):
            for b in range(kb):
                row = columns[base + slots[i, b]]
                for c in range(kb):
                    col = columns[base + slots[i, c]]
                    if col <= row:
                        out[row, col] += mean_w[i] * zb[i, b] * zb[i, c]
        for q in range(p.shape[1]):
            gather_scores(starts[j], starts[j + 1], base, sparse, zb, g, mean_g, q, total)
            for s in range(count):
                left = p[j, q] * total[s]
                for t in range(s + 1):
                    out[columns[base + s], columns[base + t]] -= left * total[t]


@kernel
def third_derivatives(sparse, rows, raw, at, posterior, inverse, pull, by_border):
    """Fill `pull` (nodes, rows) with d log|H| by each row's linear predictor at each node; H as `border_information`.

    `inverse` holds the lower triangle of H's inverse. `by_border` gets the derivatives by the border's covariance
    factors that H has by its coefficients, 2 sum_i raw_i (M Zb H^-1)_i.
    """
    starts, pointer, columns, slots, term = sparse.starts, sparse.pointer, sparse.columns, sparse.slots, sparse.entry
    zb, p, g, w = rows.border, posterior.p, at.g, at.w
    kb, nodes, most = zb.shape[1], posterior.p.shape[1], most_places(sparse.pointer)
    part, total, solved = np.empty((most, most)), np.empty(most), np.empty((nodes, most))
    tilt = np.empty(nodes)
    by_border[:, :] = 0.0
    for j in range(starts.size - 1):
        base, first, last = pointer[j], starts[j], starts[j + 1]
        count = pointer[j + 1] - base
        for s in range(count):
            for t in range(s + 1):
                part[s, t] = inverse[columns[base + s], columns[base + t]]
                part[t, s] = part[s, t]
        for q in range(nodes):
            gather_scores(first, last, base, sparse, zb, g, posterior.g, q, total)
            tilt[q] = solve_node(count, part, total, solved[q])
        for i in range(first, last):
            own = own_variance(i, slots, zb, part)
            for q in range(nodes):
                tilt[q] -= own * w[q, i]
        middle = 0.0
        for q in range(nodes):
            middle += p[j, q] * tilt[q]
        for i in range(first, last):
            own = own_variance(i, slots, zb, part)
            for q in range(nodes):
                along = 0.0
                for b in range(kb):
                    along += zb[i, b] * solved[q, slots[i, b]]
                pull[q, i] = own * at.dw[q, i] + 2.0 * w[q, i] * along - g[q, i] * (tilt[q] - middle)
            for d in range(kb):
                there = 0.0
                for b in range(kb):
                    there += posterior.w[i] * part[slots[i, d], slots[i, b]] * zb[i, b]
                for q in range(nodes):
                    there -= p[j, q] * (g[q, i] - posterior.g[i]) * solved[q, slots[i, d]]
                for b in range(kb):
                    if term[b] == term[d]:
                        by_border[b, d] += 2.0 * raw.border[i, b] * there


@inlined
def solve_node(count, part, total, solved):
    """Write the level's part of H^-1 times `total` to `solved`; return the quadratic form."""
    form = 0.0
    for s in range(count):
        solved[s] = 0.0
        for t in range(count):
            solved[s] += part[s, t] * total[t]
        form += total[s] * solved[s]
    return form


@inlined
def own_variance(i, slots, zb, part):
    """Return z'H^-1 z of one row's border coefficients."""
    out = 0.0
    for b in range(zb.shape[1]):
        for c in range(zb.shape[1]):
            out += zb[i, b] * part[slots[i, b], slots[i, c]] * zb[i, c]
    return out


@kernel
def add_adjoint(starts, at, posterior, t, pull):
    """Add to `pull` what reaches log|H| by way of the border's modes; t is the adjoint solution in each row."""
    p, g, w = posterior.p, at.g, at.w
    nodes = p.shape[1]
    slope = np.empty(nodes)
    for j in range(starts.size - 1):
        slope[:] = 0.0
        middle = 0.0
        for i in range(starts[j], starts[j + 1]):
            for q in range(nodes):
                slope[q] += t[i] * g[q, i]
        for q in range(nodes):
            middle += p[j, q] * slope[q]
        for i in range(starts[j], starts[j + 1]):
            for q in range(nodes):
                pull[q, i] += g[q, i] * (slope[q] - middle) - w[q, i] * t[i]


@kernel
def collect(starts, places, posterior, values, total, by_place):
    """Add up `values` (nodes, rows) over the nodes, weighted by their shares: as they are, and times the places."""
    p = posterior.p
    for j in range(starts.size - 1):
        for i in range(starts[j], starts[j + 1]):
            total[i] = 0.0
            by_place[i] = 0.0
            for q in range(p.shape[1]):
                value = p[j, q] * values[q, i]
                total[i] += value
                by_place[i] += places[j, q] * value
