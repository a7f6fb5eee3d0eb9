"""Separation: outcomes that fixed effects predict without error, so that no finite estimate exists."""

from __future__ import annotations

import numpy as np

from gazeanalytics.stats.mixed.families import Family
from gazeanalytics.stats.mixed.outcomes import Response

__all__ = ["separation"]

# Of the largest: what rounding leaves of a number that is 0.
_ROUNDING = 1e-8

# Effects that move less than this share of the one that moves most are not named: they may take part or not.
_LARGE = 0.2


def separation(x: np.ndarray, names: tuple[str, ...], response: Response, family: Family) -> str:
    """Say which fixed effects predict an outcome without error in some direction; empty where none do.

    Successes, levels or zeros that some combination of the effects parts from the others push its estimate past any
    bound (Albert & Anderson 1984; Correia, Guimaraes & Zylkin 2019 for counts). Stopping there would give a coefficient
    of 20 with an error of thousands.

    Examples
    --------
    >>> from gazeanalytics.stats.mixed.families import find
    >>> x = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> names = ("(Intercept)", "prior")
    >>> separation(x, names, Response(np.array([0.0, 1.0, 1.0, 1.0]), np.ones(4)), find("binomial", None))
    "separated: 'prior' predicts the outcome without error in 2 of 4 rows, so no finite estimate exists"
    >>> separation(x, names, Response(np.array([2.0, 3.0, 0.0, 0.0]), np.ones(4)), find("poisson", None))
    "separated: 'prior' predicts the outcome without error in 2 of 4 rows, so no finite estimate exists"
    """
    if family.of_trials:
        return _of_two_values(x, names, response)
    if family.counted:
        direction = _direction_of_zeros(x, response.y)
        return _said(_guilty(names, x, direction), x, _moved(x @ direction)) if direction.any() else ""
    if family.ordinal:
        return _of_levels(x, names, response.y.astype(int))
    return ""


def _of_two_values(x: np.ndarray, names: tuple[str, ...], response: Response) -> str:
    beta, eta, growing = _logistic_path(x, response)
    if not growing:
        return ""
    reach = np.abs(beta) * np.ptp(x, axis=0)
    guilty = [names[c] for c in np.flatnonzero(reach > 10.0)] or [names[int(np.argmax(reach))]]
    return _said(guilty, x, int((np.abs(eta) > 12).sum()))


def _guilty(names: tuple[str, ...], x: np.ndarray, direction: np.ndarray) -> list[str]:
    reach = np.abs(direction) * np.ptp(x, axis=0)
    return [names[c] for c in np.flatnonzero(reach > _LARGE * reach.max())] if reach.any() else list(names)


def _moved(along: np.ndarray) -> int:
    return int((np.abs(along) > _ROUNDING * np.abs(along).max()).sum())


def _said(guilty: list[str], x: np.ndarray, many: int) -> str:
    verb = "predicts" if len(guilty) == 1 else "predict"
    rows = f" in {many:,} of {len(x):,} rows" if many else ""
    effects = ", ".join(map(repr, guilty))
    return f"separated: {effects} {verb} the outcome without error{rows}, so no finite estimate exists"


def _direction_of_zeros(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Find effects that lower the mean of some zeros and move no other count; 0 where there are none."""
    here, zeros = x[y > 0], np.unique(x[y == 0], axis=0)
    scale = np.sqrt(np.mean(x * x, axis=0))
    values, vectors = np.linalg.eigh((here / scale).T @ (here / scale))
    free = vectors[:, values <= _ROUNDING * max(float(values.max(initial=0.0)), 1.0)] / scale[:, None]
    if not free.size:
        return np.zeros(x.shape[1])
    return free @ _lowering(zeros @ free)


def _lowering(rows: np.ndarray) -> np.ndarray:
    """Find d with rows @ d nowhere above 0, and below it as far as can be while no element of d exceeds 1."""
    from scipy.optimize import linprog  # 0.1 s, for the few models that come so far

    found = linprog(rows.sum(axis=0), A_ub=rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1), method="highs")
    nothing = np.zeros(rows.shape[1])
    return found.x if found.status == 0 and found.fun < -_ROUNDING * np.abs(rows).sum() else nothing


def _of_levels(x: np.ndarray, names: tuple[str, ...], level: np.ndarray) -> str:
    """Look for effects and thresholds that can move together without end (only where every cut is separated)."""
    if not x.shape[1]:
        return ""
    ones = np.ones((len(x), 1))
    lead = np.hstack([ones, x])
    size = ones[:, 0]
    if not all(_logistic_path(lead, Response((level > cut) * 1.0, size))[2] for cut in range(level.max())):
        return ""
    alike = np.unique(np.column_stack([level, x]), axis=0)
    low, design = alike[:, 0].astype(int), alike[:, 1:]
    cuts = np.eye(level.max() + 2)[:, 1:-1]
    # A level's predictor stays below the threshold above it and above the one below it, wherever all of them move.
    above, below = low < level.max(), low > 0
    rows = np.vstack(
        [np.hstack([design, -cuts[low + 1]])[above], np.hstack([-design, cuts[low]])[below]],
    )
    direction = _lowering(rows)[: x.shape[1]]
    return _said(_guilty(names, x, direction), x, 0) if direction.any() else ""


def _logistic_path(x: np.ndarray, response: Response, *, steps: int = 40) -> tuple[np.ndarray, np.ndarray, bool]:
    scale = np.sqrt(np.mean(x * x, axis=0))
    unit = x / scale
    beta, eta = np.zeros(x.shape[1]), np.zeros(x.shape[0])
    for _ in range(steps):
        mean = 1 / (1 + np.exp(-eta))
        weight = response.size * mean * (1 - mean)
        pull = unit.T @ (response.y - response.size * mean)
        step = np.linalg.lstsq(unit.T @ (unit * weight[:, None]), pull, rcond=None)[0]
        beta, before = beta + step, eta
        eta = unit @ beta
        # A finite maximum is reached quadratically; on separated data each step adds about 1 to the largest predictor.
        if np.max(np.abs(eta - before)) < 1e-6:
            return beta / scale, eta, False
        if np.max(np.abs(eta)) > 25:
            return beta / scale, eta, True
    return beta / scale, eta, False
