"""The blocked normal equations of crossed random effects: scale, factor, solve, predict, invert where rows look."""

from __future__ import annotations

import numpy as np
from scipy.linalg import block_diag, get_lapack_funcs

from gazeanalytics._kernels.stats import mixed as kernels
from gazeanalytics._kernels.stats import mixed_inverse as inverses
from gazeanalytics.stats.mixed.design import Design, RandomTerm, border_blocks, triangle, unpack

__all__ = ["Modes", "System"]

_potrf, _potrs, _potri = get_lapack_funcs(("potrf", "potrs", "potri"), dtype=np.float64)


class Modes(kernels.Sides):
    """Spherical random effects: of the main term, shape (levels, width), and of the border with the fixed effects.

    Examples
    --------
    Two readers' effects, a case's, and a fixed effect of 9, which has no penalty:

    >>> Modes(np.array([[1.0], [2.0]]), np.array([3.0, 9.0])).penalty(random=1)
    14.0
    """

    __slots__ = ()

    def copy(self) -> Modes:
        """Return a copy that may be changed."""
        return Modes(self.main.copy(), self.border.copy())

    def moved(self, step: Modes, length: float) -> Modes:
        """Return these modes, moved along a step."""
        return Modes(self.main + length * step.main, self.border + length * step.border)

    def by_term(self, terms: tuple[RandomTerm, ...]) -> list[np.ndarray]:
        """Return each term's effects, shape (levels, width)."""
        border = zip(terms[1:], border_blocks(terms), strict=True)
        return [self.main, *(self.border[places].reshape(-1, term.width) for term, (_, places) in border)]

    def penalty(self, random: int) -> float:
        """Return u'u (without the fixed effects)."""
        return float(np.sum(self.main * self.main) + self.border[:random] @ self.border[:random])


class System:
    """The blocked normal equations of one design: factor, solve, predict.

    `joint` says whether the fixed effects are solved for together with the random ones; the arrays of both stages are
    kept, as a fit goes back and forth between them.
    """

    def __init__(self, design: Design, invertible_factor: float) -> None:
        self.design, self.invertible_factor = design, invertible_factor
        d, sparse, nothing = design, design.sparse, design.raw.fixed
        levels, width, p = sparse.starts.size - 1, d.raw.main.shape[1], d.x.shape[1]
        zf, zb = np.empty_like(d.raw.main), np.empty_like(d.raw.border)
        chol, cross = np.empty((levels, width, width)), np.empty((sparse.columns.size, width))
        self.coefficients = {
            True: kernels.Coefficients(zf, zb, d.x),
            False: kernels.Coefficients(zf, zb, nothing),
        }
        self.factored = {
            True: kernels.Blocks(chol, cross, np.empty((levels, width, p))),
            False: kernels.Blocks(chol, cross, np.empty((levels, width, 0))),
        }
        self.matrix = {True: np.empty((d.border + p,) * 2), False: np.empty((d.border,) * 2)}
        self.joint = True

    @property
    def x(self) -> np.ndarray:
        """Fixed effects that are solved for together with the random ones."""
        return self.coefficients[self.joint].fixed

    def scale(self, theta: np.ndarray) -> None:
        """Put theta into the random effects' coefficients."""
        d, here = self.design, self.coefficients[self.joint]
        factors = unpack(theta, d.terms)
        # Z Lambda row by row, once an evaluation: the kernels then need to know nothing of Lambda.
        if factors:
            np.matmul(d.raw.main, factors[0], out=here.main)
        for factor, (entries, _) in zip(factors[1:], border_blocks(d.terms), strict=True):
            for part in entries:
                here.border[:, part] = d.raw.border[:, part] @ factor

    def zero(self) -> Modes:
        """Return modes of zero."""
        main = self.factored[self.joint].chol.shape[:2]
        return Modes(np.zeros(main), np.zeros(self.design.border + self.x.shape[1]))

    def factor(self, w: np.ndarray, *, squares: np.ndarray | None = None) -> bool:
        """Factor the system at weights `w`; say whether it is positive definite.

        `squares` is X'WX, where it is known already.
        """
        d, x, border, blocks = self.design, self.x, self.matrix[self.joint], self.factored[self.joint]
        # LAPACK on the transpose: a lower triangle in rows is an upper one in Fortran's columns, and nothing is copied.
        fine = kernels.normal_matrix(d.sparse, self.coefficients[self.joint], w, blocks, border)
        eliminated = blocks.crossx.reshape(blocks.crossx.shape[0] * blocks.crossx.shape[1], x.shape[1])
        border[d.border :, d.border :] = ((x.T * w) @ x if squares is None else squares) - eliminated.T @ eliminated
        if fine and border.size:
            _, info = _potrf(border.T, lower=0, clean=0, overwrite_a=1)
            fine = info == 0
        return bool(fine)

    def log_determinant(self, *, fixed: bool) -> float:
        """Return log |A| of the random effects, or of the whole system."""
        size = None if fixed else self.design.border
        diagonal = np.diagonal(self.matrix[self.joint])[:size]
        main = np.diagonal(self.factored[self.joint].chol, axis1=1, axis2=2)
        return 2.0 * float(np.log(main).sum() + np.log(diagonal).sum())

    def gather(self, g: np.ndarray) -> Modes:
        """Return Z'g and X'g."""
        right = self.zero()
        kernels.scores(self.design.sparse, self.coefficients[self.joint], g, right)
        return right

    def solve(self, right: Modes) -> Modes:
        """Solve the factored system; `right` is used up."""
        sparse, blocks, border = self.design.sparse, self.factored[self.joint], self.matrix[self.joint]
        kernels.reduce_right(sparse, blocks, right)
        if border.size:
            right = Modes(right.main, _potrs(border.T, right.border, lower=0)[0])
        kernels.back_substitute(sparse, blocks, right)
        return right

    def predict(self, modes: Modes) -> np.ndarray:
        """Return Zu + Xb of each row."""
        out = np.empty(self.design.rows)
        kernels.linear_predictor(self.design.sparse, self.coefficients[self.joint], modes, out)
        return out

    def working_variates(self, theta: np.ndarray, residuals: np.ndarray, modes: Modes) -> np.ndarray:
        """Return dV/dtheta of the marginal covariance V, times residuals; shape (parameters, rows)."""
        d, found = self.design, []
        for term, factor, u in zip(d.terms, unpack(theta, d.terms), modes.by_term(d.terms), strict=True):
            touched = [(one.codes[d.order], one.z[d.order]) for one in term.touched]
            for row, column in zip(*triangle(term.width), strict=True):
                parts = [np.bincount(codes, z[:, row] * residuals, len(term.levels)) for codes, z in touched]
                pull = np.sum(parts, axis=0)
                parts = [z[:, row] * u[codes, column] + (z @ factor[:, column]) * pull[codes] for codes, z in touched]
                found.append(np.sum(parts, axis=0))
        return np.array(found)

    def inverse(self, *, fixed: bool) -> np.ndarray:
        """Return the lower triangle of the border's inverse, of the random effects alone or with the fixed ones."""
        border = self.matrix[self.joint]
        size = border.shape[0] if fixed else self.design.border
        part = np.array(border[:size, :size])
        return _potri(part.T, lower=0, overwrite_c=1)[0].T if size else part

    def leverages(self, w: np.ndarray, *, fixed: bool) -> tuple[np.ndarray, kernels.Slopes]:
        """Return the rows' leverages and the log-determinant's derivatives, see `_kernels.stats.mixed_inverse`."""
        d = self.design
        slopes = kernels.Slopes(np.empty((d.raw.main.shape[1],) * 2), np.empty((d.raw.border.shape[1],) * 2))
        rows, blocks = self.coefficients[fixed], self.factored[fixed and self.joint]
        h = inverses.leverages(d.sparse, rows, d.raw, w, blocks, self.inverse(fixed=fixed), slopes)
        return h, slopes

    def slopes_of_determinant(self, theta: np.ndarray, w: np.ndarray, *, fixed: bool) -> kernels.Slopes:
        """Return the log-determinant's derivatives by the covariance factors.

        As 2 sum w z (A^-1 z)' is 2 Lambda^-T sum over levels (I - A^-1), traces of the inverse suffice unless Lambda
        is near singular.
        """
        # Diagonal blocks of the inverse cost a small product a level, leverages one a row, of which there are more.
        # Near a variance of 0, though, Lambda^-1 would blow up the rounding of I - A^-1.
        d, factors = self.design, unpack(theta, self.design.terms)
        if not factors or min(np.abs(np.diag(factor)).min() for factor in factors) < self.invertible_factor:
            return self.leverages(w, fixed=fixed)[1]
        border = np.zeros((d.raw.border.shape[1],) * 2)
        traces = [block.sum(axis=0) for block in self.blocks(fixed=fixed)]
        main = self._slope(factors[0], len(d.terms[0].levels), traces[0])
        for term, factor, trace, (entries, _) in zip(
            d.terms[1:], factors[1:], traces[1:], border_blocks(d.terms), strict=True
        ):
            border[entries[0], entries[0]] = self._slope(factor, len(term.levels), trace)
        return kernels.Slopes(main, border)

    def blocks(self, *, fixed: bool) -> list[np.ndarray]:
        """Return each term's diagonal blocks of the inverse, shape (levels, width, width)."""
        d, inverse, p = self.design, self.inverse(fixed=fixed), self.x.shape[1] if fixed else 0
        blocks = self.factored[fixed and self.joint]
        main = np.empty_like(blocks.chol)
        inverses.main_blocks(d.sparse, p, blocks, inverse, main)
        found = [main]
        for term, (_, places) in zip(d.terms[1:], border_blocks(d.terms), strict=True):
            k, part = term.width, inverse[places, places]
            block = np.empty((len(term.levels), k, k))
            for r in range(k):
                for c in range(r + 1):
                    block[:, r, c] = block[:, c, r] = part[r::k, c::k].diagonal()
            found.append(block)
        return found

    @staticmethod
    def _slope(factor: np.ndarray, levels: int, trace: np.ndarray) -> np.ndarray:
        return 2 * np.linalg.solve(factor.T, levels * np.eye(len(factor)) - trace)

    def add_loadings(self, c1: np.ndarray, c2: np.ndarray, u: Modes, s: Modes, slopes: kernels.Slopes) -> None:
        """Add sum of z (c1 u + c2 s)' to the derivatives by the covariance factors."""
        kernels.loadings(self.design.sparse, self.design.raw, c1, c2, u, s, slopes)

    def quadratic_curvature(self, theta: np.ndarray, by_factor: kernels.Slopes) -> np.ndarray:
        """Return the curvature that theta has by entering squared, from derivatives by the covariance factors.

        With F the objective, S = LL' a term's covariance and G = dF/dS, dF/dL is 2GL, whose own derivative within a
        column of L is 2G. Where F falls with the variances, G is negative and left out; where it grows with them, on
        the way to the edge at 0, G is nearly all the curvature that there is.
        """
        terms = self.design.terms
        slopes = [by_factor.main, *border_slopes(by_factor, terms)]
        blocks = []
        for term, factor, slope in zip(terms, unpack(theta, terms), slopes, strict=True):
            row, column = triangle(term.width)
            by_covariance = 0.5 * slope @ np.linalg.inv(factor)
            values, vectors = np.linalg.eigh(by_covariance + by_covariance.T)
            positive = (vectors * np.maximum(values, 0.0)) @ vectors.T
            blocks.append(positive[np.ix_(row, row)] * (column[:, None] == column))
        return np.asarray(block_diag(*blocks))

    def pack(self, by_factor: kernels.Slopes) -> np.ndarray:
        """Turn derivatives by the covariance factors into derivatives by theta."""
        terms = self.design.terms
        parts = [by_factor.main[triangle(terms[0].width)]] if terms else []
        for term, slopes in zip(terms[1:], border_slopes(by_factor, terms), strict=True):
            parts.append(slopes[triangle(term.width)])
        return np.concatenate(parts) if parts else np.empty(0)

    def fixed_covariance(self) -> np.ndarray:
        """Return the inverse of the fixed effects' Schur complement (of a joint factorisation)."""
        d = self.design
        # The fixed effects come last in the border, so their corner of its Cholesky factor is that of their own Schur
        # complement, and (LL')^-1 their covariance over sigma^2.
        lower = np.tril(self.matrix[True][d.border :, d.border :])
        root = np.linalg.solve(lower, np.eye(lower.shape[0])) if lower.size else lower
        return root.T @ root


def border_slopes(by_factor: kernels.Slopes, terms: tuple[RandomTerm, ...]) -> list[np.ndarray]:
    """Give each border term's derivatives by its covariance factor, from all levels that a row touches."""
    border = by_factor.border
    return [np.sum([border[part, part] for part in entries], axis=0) for entries, _ in border_blocks(terms)]
