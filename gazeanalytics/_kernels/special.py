"""Special functions that NumPy lacks, inside kernels: log-gamma, digamma and on, logistic, log-sum-exp, exact sums."""

import math

import numpy as np

from gazeanalytics._kernels import kernel

LOG_2 = 0.6931471805599453
LOG_PI = 1.1447298858494002
LOG_2PI = 1.8378770664093453


@kernel
def log_gamma(value):
    """Logarithm of the gamma function for value > 0 (Stirling's series after a shift to 8 or more).

    Abramowitz & Stegun (1964), 6.1.41. Rejected: math.lgamma, which writes a sign to a global variable of the C
    library, and so isn't safe on threads.
    """
    shift = 0.0
    while value < 8.0:
        shift += np.log(value)
        value += 1.0
    inverse = 1.0 / (value * value)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / value
    return (value - 0.5) * np.log(value) - value + 0.5 * LOG_2PI + series - shift


@kernel
def digamma(value):
    """Derivative of the log-gamma function for value > 0 (asymptotic series after a shift to 8 or more).

    Abramowitz & Stegun (1964), 6.3.18.
    """
    shift = 0.0
    while value < 8.0:
        shift += 1.0 / value
        value += 1.0
    inverse = 1.0 / (value * value)
    series = inverse * (1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse * (1 / 240 - inverse / 132))))
    return np.log(value) - 0.5 / value - series - shift


@kernel
def normalize_logs(row):
    """Turn logarithms (k,) into probabilities that add up to 1, in place; return the log of their sum (log-sum-exp)."""
    top = -np.inf
    for j in range(row.shape[0]):
        top = max(top, row[j])
    total = 0.0
    for j in range(row.shape[0]):
        row[j] = np.exp(row[j] - top)
        total += row[j]
    for j in range(row.shape[0]):
        row[j] /= total
    return top + np.log(total)


@kernel
def polygamma(x):
    """Return digamma, trigamma and tetragamma of x > 0 (recurrence to x >= 8, then the asymptotic series).

    Abramowitz & Stegun (1964), 6.3.18, 6.4.12 and on; all three at once, as they share the recurrence.
    """
    first = 0.0
    second = 0.0
    third = 0.0
    while x < 8.0:
        inverse = 1.0 / x
        first -= inverse
        second += inverse * inverse
        third -= 2.0 * inverse * inverse * inverse
        x += 1.0
    r = 1.0 / x
    q = r * r
    first += (
        math.log(x)
        - 0.5 * r
        - q * (1 / 12 - q * (1 / 120 - q * (1 / 252 - q * (1 / 240 - q * (1 / 132 - q * (691 / 32760 - q / 12))))))
    )
    second += r * (
        1
        + 0.5 * r
        + q * (1 / 6 - q * (1 / 30 - q * (1 / 42 - q * (1 / 30 - q * (5 / 66 - q * (691 / 2730 - q * 7 / 6))))))
    )
    third -= q * (1 + r + q * (0.5 - q * (1 / 6 - q * (1 / 6 - q * (0.3 - q * (5 / 6 - q * (691 / 210 - q * 17.5)))))))
    return first, second, third


@kernel
def logistic(eta):
    """Return the mean and its first three derivatives by eta."""
    # exp of minus the magnitude on either side, so that nothing overflows and small means keep all their digits.
    if eta >= 0.0:
        e = math.exp(-eta)
        mean = 1.0 / (1.0 + e)
        slope = e / ((1.0 + e) * (1.0 + e))
    else:
        e = math.exp(eta)
        mean = e / (1.0 + e)
        slope = e / ((1.0 + e) * (1.0 + e))
    return mean, slope, slope * (1.0 - 2.0 * mean), slope * (1.0 - 6.0 * slope)


@kernel
def softplus(eta):
    """Return log(1 + exp(eta)) without overflow."""
    if eta > 0.0:
        return eta + math.log1p(math.exp(-eta))
    return math.log1p(math.exp(eta))


@kernel
def log_choose(size, y):
    """Return the log binomial coefficient."""
    if size == 1.0:
        return 0.0
    # math.lgamma here, for the last digits: log likelihoods are compared with R's. Fits run on one thread, so the sign
    # that it writes to a global variable is nobody else's.
    return math.lgamma(size + 1.0) - math.lgamma(y + 1.0) - math.lgamma(size - y + 1.0)


@kernel
def compensated_sum(values):
    """Add up with compensation (Neumaier), so that a long sum keeps its last digits."""
    # Neumaier (1974): what each addition rounds off is kept aside; Kahan's sum fails where a term exceeds the total.
    result = 0.0
    lost = 0.0
    for value in values:
        after = result + value
        if abs(result) >= abs(value):
            lost += (result - after) + value
        else:
            lost += (value - after) + result
        result = after
    return result + lost
