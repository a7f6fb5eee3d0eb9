"""Special functions that NumPy lacks, inside kernels: log-gamma, digamma, and probabilities from their logarithms."""

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
