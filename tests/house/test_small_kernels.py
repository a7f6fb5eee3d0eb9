"""Kernels that rooms share beside NumPy and SciPy: Cholesky factors, log-gamma, digamma, normalised logarithms."""

import numpy as np
import pytest
from scipy.special import digamma, gammaln, logsumexp, softmax

from gazeanalytics._kernels import linalg, special


@pytest.mark.parametrize("size", [1, 2, 5])
def test_factors_are_numpys(size):
    rng = np.random.default_rng(size)
    root = rng.normal(size=(size, size))
    matrix = root @ root.T + np.eye(size)
    factor, inverse = np.zeros((size, size)), np.empty((size, size))
    log_det = linalg.cholesky(matrix, factor)
    assert factor == pytest.approx(np.linalg.cholesky(matrix))
    assert log_det == pytest.approx(np.linalg.slogdet(matrix)[1])
    assert linalg.inverse_cholesky(matrix, inverse) == log_det
    assert inverse @ np.linalg.cholesky(matrix) == pytest.approx(np.eye(size))
    assert (np.triu(inverse, 1) == 0).all()


@pytest.mark.parametrize("matrix", [np.zeros((2, 2)), np.ones((2, 2)), np.diag([1.0, -1.0]), np.full((2, 2), np.nan)])
def test_a_matrix_that_is_not_positive_definite_is_reported(matrix):
    assert np.isnan(linalg.cholesky(matrix, np.zeros((2, 2))))
    assert np.isnan(linalg.inverse_cholesky(matrix, np.empty((2, 2))))


def test_log_gamma_and_digamma_are_scipys():
    values = np.r_[np.linspace(0.02, 30, 300), 1e4]
    assert [special.log_gamma(value) for value in values] == pytest.approx(gammaln(values), rel=1e-12, abs=1e-12)
    assert [special.digamma(value) for value in values] == pytest.approx(digamma(values), rel=1e-10, abs=1e-11)


@pytest.mark.parametrize("shift", [0.0, -2000.0, 2000.0])
def test_logarithms_become_probabilities(shift):
    logs = np.random.default_rng(1).normal(size=6) + shift
    row = logs.copy()
    assert special.normalize_logs(row) == pytest.approx(logsumexp(logs), rel=1e-14)
    assert row == pytest.approx(softmax(logs), rel=1e-12)
