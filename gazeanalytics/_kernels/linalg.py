"""Linear algebra of small matrices inside kernels: the Cholesky factor and its inverse.

Written out rather than `np.linalg.cholesky`: that allocates at each call, raises instead of reporting a matrix that is
not positive definite, and costs more than the sums themselves for the few rows of a feature space or of (x, y).
"""

import numpy as np

from gazeanalytics._kernels import kernel


@kernel
def cholesky(matrix, factor):
    """Write the lower Cholesky factor of a symmetric matrix (d, d); return its log determinant, NaN if not positive.

    What lies above the diagonal of `factor` is left as it is; `factor` may be `matrix` itself.
    """
    log_det = 0.0
    for i in range(matrix.shape[0]):
        for j in range(i + 1):
            total = matrix[i, j]
            for m in range(j):
                total -= factor[i, m] * factor[j, m]
            if i == j:
                # Written so that NaN counts as not positive, too.
                if not total > 0.0:
                    return np.nan
                factor[i, i] = np.sqrt(total)
                log_det += np.log(total)
            else:
                factor[i, j] = total / factor[j, j]
    return log_det


@kernel
def inverse_cholesky(matrix, inverse):
    """Write the inverse of the lower Cholesky factor of `matrix` (d, d); return its log determinant, NaN if none.

    The inverse whitens: the squared length of inverse @ x is the Mahalanobis distance of x from 0.
    """
    d = matrix.shape[0]
    factor = np.zeros((d, d))
    log_det = cholesky(matrix, factor)
    if np.isnan(log_det):
        return log_det
    for column in range(d):
        for a in range(column):
            inverse[a, column] = 0.0
        for a in range(column, d):
            total = 1.0 if a == column else 0.0
            for b in range(column, a):
                total -= factor[a, b] * inverse[b, column]
            inverse[a, column] = total / factor[a, a]
    return log_det
