"""Log densities of the response families with the derivatives that Laplace's approximation needs.

`eta` is the linear predictor, `phi` the log dispersion where a family has one. For each row, `density_rows` (for an
ordinal outcome between its thresholds, `cumulative_rows`) gives log f, its first derivative g by eta, w = -d2/deta2 and
w' = dw/deta; `inflate` then adds a share of excess zeros. Scores by a parameter are sums over rows of

    c d(log f) - h d(d2 log f/deta2) + t d(d log f/deta),

the three that Laplace's gradient needs; c is -2 but for rows that excess zeros have changed. w is the observed, not the
expected information: the latter keeps Fisher scoring stable but makes log |I + Z'WZ| no Laplace approximation for links
that aren't canonical (beta, negative binomial, probit). Densities of single rows are in `densities`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.special import log_choose, logistic, polygamma, softplus
from gazeanalytics._kernels.stats.densities import (
    BETA,
    BETA_BINOMIAL,
    BINOMIAL,
    BINOMIAL_CLOGLOG,
    BINOMIAL_PROBIT,
    GAMMA,
    INVERSE_GAUSSIAN,
    LOGNORMAL,
    NEGATIVE_BINOMIAL,
    NEGATIVE_BINOMIAL_LINEAR,
    POISSON,
    beta_parts,
    between,
    binomial_cloglog,
    binomial_probit,
    negative_binomial,
    negative_binomial_linear,
    positive_parts,
    tail,
)


class Outcome(NamedTuple):
    """Value (successes, count, share, time) of each row; its number of trials, or the end of its interval of time."""

    y: np.ndarray
    size: np.ndarray


class Rows(NamedTuple):
    """Of each row: log f, its derivative g by the linear predictor, w = -d2 log f, w' = dw."""

    log_f: np.ndarray
    g: np.ndarray
    w: np.ndarray
    dw: np.ndarray


class ScoreWeights(NamedTuple):
    """What each row's log f (c), curvature (h) and slope (t) count for in the score of a parameter."""

    c: np.ndarray
    h: np.ndarray
    t: np.ndarray


@kernel
def density_rows(family, outcome, eta, phi, out):
    """Fill log f, g, w and w' of each row."""
    y, size = outcome.y, outcome.size
    log_f, g, w, dw = out.log_f, out.g, out.w, out.dw
    for i in range(y.size):
        e = eta[i]
        if family == BINOMIAL:
            # exp of minus the magnitude can't overflow; mean, slope and log-normaliser all follow from it.
            small = math.exp(-abs(e))
            mean = (1.0 if e >= 0.0 else small) / (1.0 + small)
            slope = small / ((1.0 + small) * (1.0 + small))
            curve = slope * (1.0 - 2.0 * mean)
            log_f[i] = log_choose(size[i], y[i]) + y[i] * e - size[i] * (max(e, 0.0) + math.log1p(small))
            g[i] = y[i] - size[i] * mean
            w[i] = size[i] * slope
            dw[i] = size[i] * curve
        elif family == POISSON:
            mean = math.exp(e)
            log_f[i] = y[i] * e - mean - math.lgamma(y[i] + 1.0)
            g[i] = y[i] - mean
            w[i] = mean
            dw[i] = mean
        elif family == BETA or family == BETA_BINOMIAL:
            # With a = mean phi, b = (1 - mean) phi; chain rule from the mean to eta.
            mean, m1, m2, m3 = logistic(e)
            log_f[i], l1, l2, l3, _, _, _ = beta_parts(y[i], size[i], math.exp(phi[0]), mean, family == BETA_BINOMIAL)
            g[i] = l1 * m1
            w[i] = -(l2 * m1 * m1 + l1 * m2)
            dw[i] = -(l3 * m1 * m1 * m1 + 3.0 * l2 * m1 * m2 + l1 * m3)
        else:
            if family == NEGATIVE_BINOMIAL:
                log_f[i], g[i], l2, l3 = negative_binomial(y[i], e, phi[0])
            elif family == NEGATIVE_BINOMIAL_LINEAR:
                log_f[i], g[i], l2, l3 = negative_binomial_linear(y[i], e, phi[0])
            elif family == BINOMIAL_PROBIT:
                log_f[i], g[i], l2, l3 = binomial_probit(y[i], size[i], e)
            elif family == BINOMIAL_CLOGLOG:
                log_f[i], g[i], l2, l3 = binomial_cloglog(y[i], size[i], e)
            else:
                log_f[i], g[i], l2, l3, _, _, _ = positive_parts(family, y[i], size[i], e, phi[0])
            w[i] = -l2
            dw[i] = -l3


@kernel
def dispersion_score(family, outcome, eta, phi, weights):
    """Return the score of the log dispersion."""
    y, size = outcome.y, outcome.size
    c, h, t = weights.c, weights.h, weights.t
    out = 0.0
    for i in range(y.size):
        e = eta[i]
        if family == NEGATIVE_BINOMIAL:
            shape = math.exp(phi[0])
            q, slope, curve, _ = logistic(e - phi[0])
            total = y[i] + shape
            t1, _, _ = polygamma(total)
            s1, _, _ = polygamma(shape)
            by0 = shape * (t1 - s1 - softplus(e - phi[0]) + 1.0) - total * (1.0 - q)
            by1 = -shape * q + total * slope
            by2 = -shape * slope + total * curve
        elif family == NEGATIVE_BINOMIAL_LINEAR:
            r = math.exp(e - phi[0])
            t1, t2, t3 = polygamma(y[i] + r)
            s1, s2, s3 = polygamma(r)
            share = logistic(phi[0])[0]
            l1 = r * (t1 - s1 - softplus(phi[0]))
            l2 = r * r * (t2 - s2)
            l3 = r * r * r * (t3 - s3)
            by0 = y[i] * (1.0 - share) - r * share - l1
            by1 = -(l1 + l2) - share * r
            by2 = -(l1 + 3.0 * l2 + l3) - share * r
        elif family == LOGNORMAL or family == GAMMA or family == INVERSE_GAUSSIAN:
            _, _, _, _, by0, by1, by2 = positive_parts(family, y[i], size[i], e, phi[0])
        else:
            mean, m1, m2, _ = logistic(e)
            _, _, _, _, by0, at1, at2 = beta_parts(y[i], size[i], math.exp(phi[0]), mean, family == BETA_BINOMIAL)
            by1 = at1 * m1
            by2 = at2 * m1 * m1 + at1 * m2
        out += c[i] * by0 - h[i] * by2 + t[i] * by1
    return out


@kernel
def cumulative_rows(family, low, high, eta, out):
    """Fill log f, g, w and w' of ordinal rows, each between its thresholds `low` and `high` (McCullagh 1980)."""
    log_f, g, w, dw = out.log_f, out.g, out.w, out.dw
    for i in range(eta.size):
        above = high[i] - eta[i]
        below = low[i] - eta[i]
        # p = F(high - eta) - F(low - eta); d1, d2, d3 are its derivatives by eta, over p.
        p = between(family, below, above)
        f1, f2, f3 = tail(family, above)
        l1, l2, l3 = tail(family, below)
        d1 = -(f1 - l1) / p
        d2 = (f2 - l2) / p
        d3 = -(f3 - l3) / p
        log_f[i] = math.log(p) if p > 0.0 else -math.inf
        g[i] = d1
        w[i] = d1 * d1 - d2
        dw[i] = -(d3 - 3.0 * d1 * d2 + 2.0 * d1 * d1 * d1)


@kernel
def cumulative_scores(family, low, high, eta, weights, by_low, by_high):
    """Fill each ordinal row's score by its two thresholds (0 at the infinite ones)."""
    c, h, t = weights.c, weights.h, weights.t
    for i in range(eta.size):
        above = high[i] - eta[i]
        below = low[i] - eta[i]
        p = between(family, below, above)
        f1, f2, f3 = tail(family, above)
        l1, l2, l3 = tail(family, below)
        d1 = -(f1 - l1) / p
        d2 = (f2 - l2) / p
        for upper in range(2):
            v1 = f1 / p if upper else -l1 / p
            v2 = f2 / p if upper else -l2 / p
            v3 = f3 / p if upper else -l3 / p
            by1 = -v2 - v1 * d1
            by2 = v3 - d2 * v1 - 2.0 * d1 * by1
            score = c[i] * v1 - h[i] * by2 + t[i] * by1
            if upper:
                by_high[i] = score
            else:
                by_low[i] = score


@kernel
def inflate(y, excess, rows):
    """Let counts be 0 for another reason too, with log odds `excess`: change log f, g, w, w' in place (Lambert 1992).

    At a zero, r = logistic(log f - excess) is the probability that the counts made it.
    """
    log_f, g, w, dw = rows.log_f, rows.g, rows.w, rows.dw
    for i in range(y.size):
        # A count above 0 is no excess zero: log(1 - share). At 0, log(share + (1 - share) f) is written with softplus,
        # so that neither part underflows.
        lost = -softplus(excess[i])
        if y[i] > 0.0:
            log_f[i] += lost
            continue
        r, slope, curve, _ = logistic(log_f[i] - excess[i])
        l1 = g[i]
        l2 = -w[i]
        l3 = -dw[i]
        log_f[i] = lost + excess[i] + softplus(log_f[i] - excess[i])
        g[i] = r * l1
        w[i] = -(r * l2 + slope * l1 * l1)
        dw[i] = -(r * l3 + 3.0 * slope * l1 * l2 + curve * l1 * l1 * l1)


@kernel
def inflated_scores(y, excess, counts, weights, by_excess, of_counts):
    """Fill each row's score by `excess`, and the weights with which the counts' own parameters are scored.

    `counts` are the rows of the counts alone.
    """
    log_f, g, w = counts.log_f, counts.g, counts.w
    h, t = weights.h, weights.t
    c_out, h_out, t_out = of_counts.c, of_counts.h, of_counts.t
    for i in range(y.size):
        share = logistic(excess[i])[0]
        if y[i] > 0.0:
            by_excess[i] = 2.0 * share
            c_out[i] = -2.0
            h_out[i] = h[i]
            t_out[i] = t[i]
            continue
        r, slope, curve, _ = logistic(log_f[i] - excess[i])
        l1 = g[i]
        l2 = -w[i]
        pull = slope * l2 + curve * l1 * l1
        by_excess[i] = -2.0 * (1.0 - share - r) + h[i] * pull - t[i] * slope * l1
        c_out[i] = -2.0 * r - h[i] * pull + t[i] * slope * l1
        h_out[i] = h[i] * r
        t_out[i] = t[i] * r - 2.0 * h[i] * slope * l1
