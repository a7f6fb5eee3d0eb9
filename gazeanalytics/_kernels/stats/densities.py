"""Log densities of single outcomes with their derivatives by the linear predictor and by the log dispersion.

Functions named `*_parts` return log f, its first three derivatives (by the mean for beta, by the linear predictor for
the others) and those of f, f', f'' by the log dispersion.
"""

import math

from gazeanalytics._kernels import kernel
from gazeanalytics._kernels.special import LOG_2PI, log_choose, logistic, polygamma, softplus

BINOMIAL = 1
POISSON = 2
NEGATIVE_BINOMIAL = 3
NEGATIVE_BINOMIAL_LINEAR = 4
BETA = 5
BETA_BINOMIAL = 6
BINOMIAL_PROBIT = 7
BINOMIAL_CLOGLOG = 8
LOGNORMAL = 9
GAMMA = 10
INVERSE_GAUSSIAN = 11
CUMULATIVE_LOGIT = 12
CUMULATIVE_PROBIT = 13
STUDENT = 14


@kernel
def tail(family, x):
    """Return f, f' and f'' of the latent distribution at x (0 at the infinite ends)."""
    if math.isinf(x):
        return 0.0, 0.0, 0.0
    if family == CUMULATIVE_LOGIT:
        _, first, second, third = logistic(x)
        return first, second, third
    density = math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return density, -x * density, (x * x - 1.0) * density


@kernel
def between(family, low, high):
    """Return F(high) - F(low) without cancellation.

    Logit: F(high) (1 - F(low)) (1 - exp(low - high)); probit: in the tail where both are small.
    """
    if family == CUMULATIVE_LOGIT:
        above = 1.0 / (1.0 + math.exp(-high)) if high > -700.0 else 0.0
        below = 1.0 / (1.0 + math.exp(low)) if low < 700.0 else 0.0
        return above * below * -math.expm1(low - high)
    root = math.sqrt(2.0)
    if low > 0.0:
        return 0.5 * (math.erfc(low / root) - math.erfc(high / root))
    return 0.5 * (math.erfc(-high / root) - math.erfc(-low / root))


@kernel
def negative_binomial(y, eta, log_shape):
    """Return log f of a count with variance mean + mean^2 / shape, and its first three derivatives."""
    # A logistic regression in eta - log(shape), with y + shape "trials".
    shape = math.exp(log_shape)
    q, slope, curve, _ = logistic(eta - log_shape)
    total = y + shape
    log_f = math.lgamma(total) - math.lgamma(shape) - math.lgamma(y + 1.0)
    log_f += y * (eta - log_shape) - total * softplus(eta - log_shape)
    return log_f, y - total * q, -total * slope, -total * curve


@kernel
def negative_binomial_linear(y, eta, log_ratio):
    """Return log f of a count with variance mean (1 + ratio), and its first three derivatives."""
    # The shape r = mean / ratio moves with the mean, hence digammas in every derivative.
    r = math.exp(eta - log_ratio)
    t1, t2, t3 = polygamma(y + r)
    s1, s2, s3 = polygamma(r)
    log_odds = softplus(log_ratio)
    l1 = r * (t1 - s1 - log_odds)
    l2 = r * r * (t2 - s2)
    l3 = r * r * r * (t3 - s3)
    log_f = math.lgamma(y + r) - math.lgamma(r) - math.lgamma(y + 1.0)
    log_f += y * (log_ratio - log_odds) - r * log_odds
    return log_f, l1, l1 + l2, l1 + 3.0 * l2 + l3


@kernel
def beta_parts(y, size, phi, mean, binomial):
    """Return log f of beta or beta-binomial, its three derivatives by the mean, and those of f, f', f'' by log phi."""
    a = mean * phi
    b = (1.0 - mean) * phi
    a1, a2, a3 = polygamma(a)
    b1, b2, b3 = polygamma(b)
    p1, _, _ = polygamma(phi)
    if binomial:
        up1, up2, up3 = polygamma(y + a)
        down1, down2, down3 = polygamma(size - y + b)
        n1, _, _ = polygamma(size + phi)
        log_f = log_choose(size, y) + math.lgamma(y + a) + math.lgamma(size - y + b) - math.lgamma(size + phi)
    else:
        up1, up2, up3 = math.log(y), 0.0, 0.0
        down1, down2, down3 = math.log1p(-y), 0.0, 0.0
        n1 = 0.0
        log_f = (a - 1.0) * up1 + (b - 1.0) * down1
    log_f += math.lgamma(phi) - math.lgamma(a) - math.lgamma(b)
    first = (up1 - a1) - (down1 - b1)
    sum2 = (up2 - a2) + (down2 - b2)
    l1 = phi * first
    l2 = phi * phi * sum2
    l3 = phi * phi * phi * ((up3 - a3) - (down3 - b3))
    slant2 = mean * (up2 - a2) - (1.0 - mean) * (down2 - b2)
    slant3 = mean * (up3 - a3) + (1.0 - mean) * (down3 - b3)
    by0 = phi * (p1 - n1 + mean * (up1 - a1) + (1.0 - mean) * (down1 - b1))
    by1 = phi * (first + phi * slant2)
    by2 = phi * (2.0 * phi * sum2 + phi * phi * slant3)
    return log_f, l1, l2, l3, by0, by1, by2


@kernel
def log_normal_below(x):
    """Return log Phi(x) and its first three derivatives, without underflow far below 0."""
    if x > -8.0:
        below = 0.5 * math.erfc(-x / math.sqrt(2.0))
        log_below = math.log(below)
        first = math.exp(-0.5 * x * x - 0.5 * LOG_2PI) / below
        gap = x + first
    else:
        # Mills' ratio as Laplace's continued fraction: gap = 1 / (z + 2 / (z + 3 / ...)) at z = -x; 40 terms leave
        # less than rounding from z = 8 on.
        gap = 0.0
        for k in range(40, 0, -1):
            gap = k / (gap - x)
        first = gap - x
        log_below = -0.5 * x * x - 0.5 * LOG_2PI - math.log(first)
    second = -first * gap
    return log_below, first, second, -second * gap - first * (1.0 + second)


@kernel
def binomial_probit(y, size, eta):
    """Return log f of y successes with chance Phi(eta), and its first three derivatives."""
    yes, yes1, yes2, yes3 = log_normal_below(eta)
    no, no1, no2, no3 = log_normal_below(-eta)
    rest = size - y
    log_f = log_choose(size, y) + y * yes + rest * no
    return log_f, y * yes1 - rest * no1, y * yes2 + rest * no2, y * yes3 - rest * no3


@kernel
def binomial_cloglog(y, size, eta):
    """Return log f of y successes with chance 1 - exp(-h), h = exp(eta) a hazard, and its first three derivatives."""
    h = math.exp(eta)
    if h < 1e-3:
        # 1 - h - r by its series, as the difference would lose what it consists of.
        ratio = 1.0 - h / 2.0 + h * h / 12.0
        rest = -h / 2.0 - h * h / 12.0 + h * h * h * h / 720.0
    else:
        ratio = h / math.expm1(h) if h < 700.0 else 0.0
        rest = 1.0 - h - ratio
    slope = ratio * rest
    curve = slope * rest - ratio * (h + slope)
    log_f = log_choose(size, y) - (size - y) * h
    if y > 0.0:
        log_f += y * math.log(-math.expm1(-h))
    return log_f, y * ratio - (size - y) * h, y * slope - (size - y) * h, y * curve - (size - y) * h


@kernel
def between_parts(low, high, scale):
    """Return log P(low < Z < high) of a normal Z and its derivatives; both ends finite and in units of `scale`."""
    p = between(CUMULATIVE_PROBIT, low, high)
    h1, h2, h3 = tail(CUMULATIVE_PROBIT, high)
    l1, l2, l3 = tail(CUMULATIVE_PROBIT, low)
    d1 = -(h1 - l1) / (scale * p)
    d2 = (h2 - l2) / (scale * scale * p)
    d3 = -(h3 - l3) / (scale * scale * scale * p)
    # x f(x) and its slopes: how the probability moves with the log of the scale.
    by0 = -(high * h1 - low * l1) / p
    q1 = (h1 - l1 + high * h2 - low * l2) / (scale * p)
    q2 = -(2.0 * (h2 - l2) + high * h3 - low * l3) / (scale * scale * p)
    by1 = q1 - by0 * d1
    log_f = math.log(p) if p > 0.0 else -math.inf
    return log_f, d1, d2 - d1 * d1, d3 - 3.0 * d1 * d2 + 2.0 * d1 * d1 * d1, by0, by1, q2 - by0 * d2 - 2.0 * d1 * by1


@kernel
def lognormal_parts(low, high, eta, log_scale):
    """Return the parts of a time between `low` and `high`, whose logarithm is normal about eta.

    The same time twice is seen; from `low` to infinity is censored on the right, from 0 to `high` on the left.
    """
    scale = math.exp(log_scale)
    if low == high:
        z = (math.log(low) - eta) / scale
        log_f = -math.log(low) - log_scale - 0.5 * z * z - 0.5 * LOG_2PI
        inverse = 1.0 / (scale * scale)
        return log_f, z / scale, -inverse, 0.0, z * z - 1.0, -2.0 * z / scale, 2.0 * inverse
    if low > 0.0 and not math.isinf(high):
        return between_parts((math.log(low) - eta) / scale, (math.log(high) - eta) / scale, scale)
    sign = 1.0 if low > 0.0 else -1.0
    x = sign * (eta - math.log(low if low > 0.0 else high)) / scale
    log_f, m1, m2, m3 = log_normal_below(x)
    slope, square = sign / scale, 1.0 / (scale * scale)
    by1, by2 = -slope * (m1 + x * m2), -square * (2.0 * m2 + x * m3)
    return log_f, slope * m1, square * m2, slope * square * m3, -x * m1, by1, by2


@kernel
def gamma_parts(y, eta, log_shape):
    """Return the parts of a gamma outcome with mean exp(eta) and variance mean^2 / shape."""
    shape = math.exp(log_shape)
    share = y * math.exp(-eta)
    digamma, _, _ = polygamma(shape)
    log_f = shape * (log_shape + math.log(share) - share) - math.log(y) - math.lgamma(shape)
    slope, curve = shape * (share - 1.0), -shape * share
    by0 = shape * (log_shape + 1.0 - digamma + math.log(share) - share)
    return log_f, slope, curve, -curve, by0, slope, curve


@kernel
def inverse_gaussian_parts(y, eta, log_shape):
    """Return the parts of an inverse Gaussian outcome with mean exp(eta) and variance mean^3 / shape."""
    shape = math.exp(log_shape)
    u = math.exp(-eta)
    square = shape * y * u * u
    by0 = 0.5 - 0.5 * (square - 2.0 * shape * u + shape / y)
    log_f = 0.5 * (log_shape - LOG_2PI) - 1.5 * math.log(y) + by0 - 0.5
    slope, curve = square - shape * u, shape * u - 2.0 * square
    return log_f, slope, curve, 4.0 * square - shape * u, by0, slope, curve


@kernel
def positive_parts(family, low, high, eta, log_dispersion):
    """Return the parts of a positive outcome of one of three families."""
    if family == LOGNORMAL:
        return lognormal_parts(low, high, eta, log_dispersion)
    if family == GAMMA:
        return gamma_parts(low, eta, log_dispersion)
    return inverse_gaussian_parts(low, eta, log_dispersion)
