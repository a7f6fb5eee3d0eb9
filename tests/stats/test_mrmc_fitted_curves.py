"""Binormal and proper ROC curves beside MRMCaov's: how many digits do its covariances of fitted areas carry?

Behind its curves stands Fortran code that climbs a likelihood L until a step promises less than 1e-10 of |log L| (TOMS
611). Each area that leaves a case out may then lie off the maximum by sqrt(2e-10 |log L|) of its standard error, and
the jackknife compares that with the little that one case moves. Our covariances must lie within a share of what that
rule allows the same two cells, and of their standard errors.

One fit has no maximum: without its one case rated 2, reader 4's likelihood under test 1 rises as b goes to 0; theirs
ended on the way. Which area it had there follows from one of the ten covariances that it enters; the others must agree
then.
"""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special

from gazeanalytics.stats.roc import binormal

_spec = importlib.util.spec_from_file_location("mrmc_reference", Path(__file__).with_name("mrmc_reference.py"))
against = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(against)

PROMISED = 1e-10
MERITS = ("binormal_auc", "binormalLR_auc")
ENDLESS = 3  # cell of test 1, reader 4
ITS_CASE = (1, 2)  # truth and rating of the case without which its likelihood has no top


@cache
def left_out(folder, figure_of_merit):
    """Areas without each case, and how far off the top the rule lets them be, each (cells, cases); the endless case."""
    data = pd.read_csv(folder / "VanDyke.csv").sort_values(["treatment", "reader", "case"])
    areas, slack = [], []
    for _, part in data.groupby(["treatment", "reader"]):
        pairs = list(zip(part["truth"], part["rating"], strict=True))
        counts = np.zeros((2, 5))
        np.add.at(counts, (part["truth"], part["rating"] - 1), 1)
        known = {pair: _one_left_out(counts, pair, figure_of_merit) for pair in set(pairs)}
        areas.append([known[pair][0] for pair in pairs])
        slack.append([known[pair][1] for pair in pairs])
        if len(areas) - 1 == ENDLESS:
            endless = pairs.index(ITS_CASE)
    return np.array(areas), np.array(slack), endless


def _one_left_out(counts, pair, figure_of_merit):
    fewer = counts.copy()
    fewer[pair[0], pair[1] - 1] -= 1
    fit = (binormal.fit_binormal if figure_of_merit == "binormal_auc" else binormal.fit_proper)(fewer)
    return fit.area, np.sqrt(2 * PROMISED * abs(fit.log_likelihood)) * _error(fewer, fit)


def _error(counts, fit):
    """Standard error of a fitted area, from the information of both parameters and all thresholds."""
    proper = isinstance(fit, binormal.Proper)
    first, second = (fit.d_a, fit.c) if proper else (fit.a, fit.b)
    if fit.log_likelihood == 0 or (not proper and fit.b <= binormal._STRAIGHT):
        return 0.0
    joined = binormal._join(counts)
    above = binormal._proper_above if proper else binormal._binormal_above
    smooth = binormal._points(joined + 0.5)
    start = (
        binormal._start(second, max(first, 1e-3), smooth)
        if proper
        else np.concatenate(([first, second], -special.ndtri(smooth[0][::-1])))
    )
    at, _ = binormal._fit_thresholds(joined, start, above, 0.0 if proper else -np.inf)
    _, information = binormal._scores(joined, *above(at, True))
    step, base = 1e-6, np.array([max(at[0], 1e-6), at[1]])
    slope = [
        (type(fit)(*(base + shift), 0.0).area - type(fit)(*(base - shift), 0.0).area) / (2 * step)
        for shift in step * np.eye(2)
    ]
    return float(np.sqrt(slope @ np.linalg.pinv(information)[:2, :2] @ slope))


def jackknife(areas):
    """Covariances of all cells from their areas without each case."""
    apart = areas - areas.mean(1, keepdims=True)
    return (areas.shape[1] - 1) / areas.shape[1] * apart @ apart.T


def allowed(areas, slack):
    """How far covariances may move when every area moves within its slack."""
    apart = np.abs(areas - areas.mean(1, keepdims=True))
    moved = slack + slack.mean(1, keepdims=True)
    cross = apart @ moved.T
    return (areas.shape[1] - 1) / areas.shape[1] * (cross + cross.T + moved @ moved.T)


def with_their_area(areas, theirs, case):
    """Covariances with the endless fit's area set so that the first of its cell's covariances is theirs."""
    moved = areas.copy()
    gap = theirs[0, ENDLESS] - jackknife(areas)[0, ENDLESS]
    apart = areas[0] - areas[0].mean()
    moved[ENDLESS, case] += gap * areas.shape[1] / (areas.shape[1] - 1) / apart[case]
    return jackknife(moved), moved[ENDLESS, case]


def beside_theirs(folder, figure_of_merit):
    """Our covariances, theirs and what the rule allows, each (cells, cells), and their area of the endless fit."""
    want = against.reference(folder, "mrmc_reference.json")[f"VanDyke__{figure_of_merit}___jackknife__rrrc"]
    theirs = np.array(want["cov_matrix"])
    areas, slack, case = left_out(folder, figure_of_merit)
    ours, area = jackknife(areas), np.nan
    if figure_of_merit == "binormal_auc":
        ours, area = with_their_area(areas, theirs, case)
    return ours, theirs, allowed(areas, slack), area


@pytest.fixture(scope="module")
def folder(shared_reference):
    return shared_reference / "mrmc"


@pytest.mark.parametrize(
    ("figure_of_merit", "metric", "share", "error"),
    [("binormal_auc", 3e-7, 0.02, 2e-5), ("binormalLR_auc", 2e-6, 0.2, 6e-4)],
)
def test_fitted_areas_agree_as_far_as_theirs_carry_digits(folder, figure_of_merit, metric, share, error):
    """Their fits stop when a step promises little; ours lie within a part of what that allows."""
    fit = against.fit(folder, figure_of_merit, "jackknife", "rrrc")
    want = against.reference(folder, "mrmc_reference.json")[f"VanDyke__{figure_of_merit}___jackknife__rrrc"]["metrics"]
    np.testing.assert_allclose(fit.figures_of_merit.ravel(), [next(iter(row.values())) for row in want], atol=metric)
    ours, theirs, allowed, _ = beside_theirs(folder, figure_of_merit)
    np.testing.assert_array_less(np.abs(ours - theirs), share * allowed + 1e-15)
    sds = np.sqrt(np.diag(theirs))
    np.testing.assert_array_less(np.abs(ours - theirs), error * np.outer(sds, sds) + 1e-15)


def test_the_jackknife_without_a_shortcut_is_ours(folder):
    for figure_of_merit in MERITS:
        areas, _, _ = left_out(folder, figure_of_merit)
        fit = against.fit(folder, figure_of_merit, "jackknife", "rrrc")
        np.testing.assert_allclose(jackknife(areas), fit.covariance, atol=1e-15)


def test_a_likelihood_that_rises_without_end():
    """Without its one case rated 2, reader 4's ratings are fitted ever better as b goes to 0, to 42 of 44 above."""
    counts = np.array([[62.0, 3, 4, 0, 0], [2, 0, 1, 3, 38]])
    fit = binormal.fit_binormal(counts)
    assert fit.area == pytest.approx(42 / 44, abs=1e-12)
    held = [height_at(binormal._join(counts), b) for b in (0.2, 0.1, 0.05, 0.02)]
    assert np.all(np.diff([*held, fit.log_likelihood]) > 0)
    mirrored = binormal.fit_binormal(counts[::-1, ::-1])
    assert (mirrored.area, mirrored.log_likelihood) == pytest.approx((fit.area, fit.log_likelihood), abs=1e-12)
    assert mirrored.b > 1e6


def height_at(counts, b):
    """Highest log likelihood with b held, on a grid of a."""
    from scipy.optimize import minimize

    def low(at):
        a, t = at[0], np.cumsum(np.r_[at[1], np.exp(at[2:])])
        return -binormal._height(counts, binormal._binormal_above(np.r_[a, b, t], False)[0])

    return -minimize(low, [1.7, 1.2, -1.0, -1.0], method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-10}).fun


def test_the_higher_of_two_maxima():
    """Reader 3's likelihood has one maximum at d_a = 2.1 and a higher one at 0, where the area is .02 less."""
    counts = np.array([[21.0, 35, 5, 6, 2], [0, 8, 1, 2, 34]])
    fit = binormal.fit_proper(counts)
    assert (fit.d_a < 0.01, fit.c) == (True, pytest.approx(-0.7455, abs=1e-4))
    start = binormal._start(-0.2, 2.0, binormal._points(counts + 0.5))
    at, height = binormal._fit_thresholds(counts, start, binormal._proper_above, 0.0)
    assert at[0] == pytest.approx(2.075, abs=1e-3)
    assert height < fit.log_likelihood - 0.06
