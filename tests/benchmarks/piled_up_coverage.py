"""Bias and coverage where 90 % of an outcome are at one value: the model that choose_outcome takes, and the Gaussian.

    python tests/benchmarks/piled_up_coverage.py [--studies N]

Each study has 20 readers and 60 cases, all read by all; a logistic variable with mean b x + reader (SD 0.5) + case
(SD 0.7), x a trait of the reading, is cut into five levels of which the lowest has some 90 %: the uncertainty is .01
for it, then .10, .25, .50 and .90. Printed for b = 0 and 0.5: mean estimate, coverage of the 95 % interval with its
Monte Carlo error, and how often the effect is significant at .05, by both models. The Gaussian's b is of another scale,
so that for b = 0.5 its coverage says nothing.
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")  # before NumPy

import argparse
import time

import numpy as np
import pandas as pd

from gazeanalytics import stats

READERS, CASES = 20, 60
CUTS = np.array([2.6, 3.1, 3.7, 4.7])
VALUES = np.array([0.01, 0.1, 0.25, 0.5, 0.9])
RIGHT = "x + (1 | reader) + (1 | case)"


def study(b, rng):
    reader, case = np.divmod(np.arange(READERS * CASES), CASES)
    x = rng.normal(size=reader.size)
    eta = b * x + rng.normal(0, 0.5, READERS)[reader] + rng.normal(0, 0.7, CASES)[case]
    uncertainty = VALUES[np.searchsorted(CUTS, eta + rng.logistic(size=eta.size))]
    return pd.DataFrame({"reader": reader, "case": case, "x": x, "uncertainty": uncertainty})


def fitted(data):
    choice = stats.choose_outcome(data["uncertainty"])
    chosen = stats.mixed(f"y ~ {RIGHT}", data.assign(y=choice.outcome), family=choice.family)
    logit = np.log(data["uncertainty"] / (1 - data["uncertainty"]))
    return {choice.family: chosen, "gaussian": stats.mixed(f"y ~ {RIGHT}", data.assign(y=logit))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=300)
    chosen = parser.parse_args()
    for b in (0.0, 0.5):
        rng, start, rows, piled = np.random.default_rng(1), time.process_time(), [], []
        for _ in range(chosen.studies):
            data = study(b, rng)
            piled.append((data["uncertainty"] == VALUES[0]).mean())
            for family, fit in fitted(data).items():
                row = fit.estimates().set_index("term").loc["x"]
                rows.append(row[["estimate", "conf_low", "conf_high", "p_value"]].to_dict() | {"family": family})
        seconds = (time.process_time() - start) / chosen.studies
        print(f"b = {b}: {chosen.studies} studies, {100 * np.mean(piled):.1f} % at one value, {seconds:.2f} CPU s each")
        report(pd.DataFrame(rows), b)


def report(table, b):
    for family, own in table.groupby("family"):
        covered = ((own["conf_low"] <= b) & (b <= own["conf_high"])).mean()
        error = np.sqrt(covered * (1 - covered) / len(own))
        print(
            f"  {family}: {len(own)} fits, mean {own['estimate'].mean():.3f} (Monte Carlo error "
            f"{own['estimate'].std() / np.sqrt(len(own)):.3f}), covered {covered:.3f} ({error:.3f}), "
            f"p < .05 in {(own['p_value'] < 0.05).mean():.3f}"
        )


if __name__ == "__main__":
    main()
