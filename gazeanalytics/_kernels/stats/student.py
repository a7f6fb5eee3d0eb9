"""Student's t about the linear predictor (Lange, Little & Taylor 1989): outliers weigh less the farther they lie.

`phi` holds the logarithms of the scale and of the degrees of freedom. Rows and scores are those of `families`.
"""

import math

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.special import polygamma


@kernel
def student_rows(y, eta, phi, out):
    """Fill log f, g, w and w' of each row."""
    log_f, g, w, dw = out.log_f, out.g, out.w, out.dw
    scale = math.exp(phi[0])
    df = math.exp(phi[1])
    total = df + 1.0
    constant = math.lgamma(0.5 * total) - math.lgamma(0.5 * df) - 0.5 * math.log(df * math.pi) - phi[0]
    for i in range(y.size):
        u = (y[i] - eta[i]) / scale
        q = 1.0 / (df + u * u)
        log_f[i] = constant - 0.5 * total * math.log1p(u * u / df)
        g[i] = total * u * q / scale
        w[i] = total * (df - u * u) * q * q / (scale * scale)
        dw[i] = -total * (2.0 * u * u - 6.0 * df) * u * q * q * q / (scale * scale * scale)


@kernel
def student_scores(y, eta, phi, weights, out):
    """Fill the scores of the log scale and of the log degrees of freedom."""
    c, h, t = weights.c, weights.h, weights.t
    scale = math.exp(phi[0])
    df = math.exp(phi[1])
    total = df + 1.0
    above, _, _ = polygamma(0.5 * total)
    below, _, _ = polygamma(0.5 * df)
    out[0] = 0.0
    out[1] = 0.0
    for i in range(y.size):
        u = (y[i] - eta[i]) / scale
        square = u * u
        q = 1.0 / (df + square)
        by0 = total * square * q - 1.0
        by1 = -2.0 * total * df * u * q * q / scale
        by2 = 2.0 * total * df * q * q * q * (df - 3.0 * square) / (scale * scale)
        out[0] += c[i] * by0 - h[i] * by2 + t[i] * by1
        by0 = 0.5 * (df * (above - below - math.log1p(square / df)) - 1.0 + total * square * q)
        by1 = df * u * q * q * (square - 1.0) / scale
        by2 = -df * q * q * q * (3.0 * df * square - df - square * square + 3.0 * square) / (scale * scale)
        out[1] += c[i] * by0 - h[i] * by2 + t[i] * by1
