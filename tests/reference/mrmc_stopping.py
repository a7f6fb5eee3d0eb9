"""How many digits do MRMCaov's covariances of fitted areas carry?

    python tests/reference/mrmc_stopping.py FOLDER

Behind its binormal and proper curves stands Fortran code that climbs a likelihood L until a step promises less than
1e-10 of |log L| (TOMS 611). Each area that leaves a case out may then lie off the top by sqrt(2e-10 |log L|) of its
standard error, and the jackknife holds that against the little that one case moves. Printed: the largest distance of
our covariances from theirs, as a share of what the rule allows the same two cells, and of their standard errors.

One fit has no top: without its one case rated 2, reader 4's likelihood under test 1 rises as b goes to 0; theirs ended
on the way. Which area it had there follows from one of the ten covariances that it enters; the others must agree then.
"""

import importlib.util
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from gazeanalytics.stats.roc import binormal

_spec = importlib.util.spec_from_file_location("mrmc_against_r", Path(__file__).with_name("mrmc_against_r.py"))
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
    at, _ = binormal._climb(joined, start, above, 0.0 if proper else -np.inf)
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


def compare(folder, figure_of_merit):
    """Our covariances, theirs and what the rule allows, each (cells, cells), and their area of the endless fit."""
    want = against.reference(folder, "mrmc_reference.json")[f"VanDyke__{figure_of_merit}___jackknife__rrrc"]
    theirs = np.array(want["cov_matrix"])
    areas, slack, case = left_out(folder, figure_of_merit)
    ours, area = jackknife(areas), np.nan
    if figure_of_merit == "binormal_auc":
        ours, area = with_their_area(areas, theirs, case)
    return ours, theirs, allowed(areas, slack), area


def main():
    folder = Path(sys.argv[1])
    for figure_of_merit in MERITS:
        ours, theirs, most, area = compare(folder, figure_of_merit)
        moving = most > 0
        errors = np.sqrt(np.outer(np.diag(theirs), np.diag(theirs)))[moving]
        gap = np.abs(ours - theirs)[moving]
        share, relative = np.max(gap / most[moving]), np.max(gap / errors)
        print(
            f"{figure_of_merit}: at most {share:.2f} of what the rule allows, {relative:.1e} of their standard errors"
        )
        if np.isfinite(area):
            print(f"  the fit without a top: theirs ended at an area of {area:.7f}; in the limit it is {42 / 44:.7f}")


if __name__ == "__main__":
    main()
