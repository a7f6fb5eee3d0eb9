"""Bias and coverage of a crossed binomial model with few reads a case, by Laplace's approximation and by quadrature.

    python tests/benchmarks/laplace_bias.py [--studies N] [--points N ...] [--reads N]

Each study has 20 readers and 500 cases of two reads each (or so many); the logit of a right answer is 0.5 + 0.5 x +
reader (SD 0.5) + case (SD 1.5), x a trait of the reading. Printed for each number of points (1 is Laplace's
approximation): mean estimate, its bias in per cent, how often the 95 % interval covers the truth, and the Monte Carlo
errors.
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")  # before NumPy

import argparse
import time

import numpy as np
import pandas as pd

from gazeanalytics import stats

READERS, CASES = 20, 500
TRUTH = {"(Intercept)": 0.5, "x": 0.5, "sd(reader)": 0.5, "sd(case)": 1.5}
FORMULA = "right ~ x + (1 | reader) + (1 | case)"


def study(reads, rng):
    case = np.repeat(np.arange(CASES), reads)
    reader = np.concatenate([rng.choice(READERS, reads, replace=False) for _ in range(CASES)])
    x = rng.normal(size=case.size)
    effects = rng.normal(0, TRUTH["sd(reader)"], READERS)[reader] + rng.normal(0, TRUTH["sd(case)"], CASES)[case]
    eta = TRUTH["(Intercept)"] + TRUTH["x"] * x + effects
    right = rng.binomial(1, 1 / (1 + np.exp(-eta)))
    return pd.DataFrame({"right": right, "x": x, "reader": reader, "case": case})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--points", type=int, nargs="+", default=[1, 9])
    parser.add_argument("--reads", type=int, default=2)
    chosen = parser.parse_args()
    for points in chosen.points:
        rng, start, found = np.random.default_rng(1), time.process_time(), []
        for _ in range(chosen.studies):
            fit = stats.mixed(FORMULA, study(chosen.reads, rng), family="binomial", settings={"quadrature": points})
            table = fit.estimates().set_index("term")
            found.append(table.loc[list(TRUTH), ["estimate", "conf_low", "conf_high"]].assign(fine=fit.converged))
        seconds = (time.process_time() - start) / chosen.studies
        print(f"{points} points: {chosen.studies} studies of {chosen.reads} reads a case, {seconds:.2f} CPU s each")
        report(pd.concat(found, keys=range(chosen.studies), names=["study", "term"]))


def report(table):
    for term, truth in TRUTH.items():
        own = table.xs(term, level="term")
        bias, error = own["estimate"].mean() / truth - 1, own["estimate"].std() / truth / np.sqrt(len(own))
        known = own.dropna()
        covered = ((known["conf_low"] <= truth) & (truth <= known["conf_high"])).mean()
        print(
            f"  {term}: {own['estimate'].mean():.3f} for {truth}, bias {100 * bias:+.1f} % ({100 * error:.1f}), "
            f"covered {covered:.3f} ({np.sqrt(covered * (1 - covered) / len(known)):.3f}), "
            f"{len(own) - len(known)} without an interval, {int((~own['fine']).sum())} not converged"
        )


if __name__ == "__main__":
    main()
