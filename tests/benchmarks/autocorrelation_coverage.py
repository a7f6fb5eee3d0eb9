"""Are intervals honest where a reader's residuals run on from one reading to the next, as fatigue and habit do?

Readers read their own random choice of the cases, in an order of their own; residuals have a planted AR(1) correlation.
The condition changes in blocks of ten readings, as blocks of a session do; a trend over the session is planted, and an
effect of years of experience between readers. Two models: with ar1(trial | reader), and without.

Run: python tests/benchmarks/autocorrelation_coverage.py [--rho 0.5] [--studies N] [--readers N] [--trials N]
"""

import argparse

import numpy as np
import pandas as pd

from gazeanalytics import stats

TRUTH = {"blocked": -0.5, "late": 0.4, "years": 0.3}
MODEL = "y ~ blocked + late + years + (1 | reader) + (1 | case)"


def draw(asked, rng):
    reader, trial = np.divmod(np.arange(asked.readers * asked.trials), asked.trials)
    cases = 2 * asked.trials
    case = np.concatenate([rng.permutation(cases)[: asked.trials] for _ in range(asked.readers)])
    years = rng.uniform(0, 3, asked.readers)
    residual = rng.normal(size=(asked.readers, asked.trials))
    for place in range(1, asked.trials):
        fresh = np.sqrt(1 - asked.rho**2) * residual[:, place]
        residual[:, place] = asked.rho * residual[:, place - 1] + fresh
    blocked, late = (trial // 10 + reader) % 2, trial / asked.trials
    eta = TRUTH["blocked"] * blocked + TRUTH["late"] * late + TRUTH["years"] * years[reader]
    eta += rng.normal(0, 0.7, asked.readers)[reader] + rng.normal(0, 0.7, cases)[case]
    table = {"reader": reader, "trial": trial, "case": case, "blocked": blocked, "late": late, "years": years[reader]}
    return pd.DataFrame(table | {"y": eta + residual.ravel()})


def rows_of(asked, seed):
    data = draw(asked, np.random.default_rng(seed))
    for name, formula in {"ar1": MODEL + " + ar1(trial | reader)", "independent": MODEL}.items():
        table = stats.mixed(formula, data).estimates().set_index("term")
        for term, truth in (TRUTH | {"ar1(reader)": asked.rho}).items():
            if term in table.index:
                row = table.loc[term]
                covered = row["conf_low"] <= truth <= row["conf_high"]
                yield {"model": name, "term": term, "error": row["estimate"] - truth, "covered": covered}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rho", type=float, default=0.5)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--trials", type=int, default=40)
    asked = parser.parse_args()
    found = pd.DataFrame([row for seed in range(asked.studies) for row in rows_of(asked, seed)])
    print(f"rho {asked.rho}, {asked.studies} studies of {asked.readers} readers and {asked.trials} readings each")
    for (model, term), rows in found.groupby(["model", "term"], sort=False):
        covered = rows["covered"].mean()
        error = np.sqrt(covered * (1 - covered) / len(rows))
        print(f"{model:<12} {term:<12} bias {rows['error'].mean():+.4f}  covered {covered:.3f} ({error:.3f})")


if __name__ == "__main__":
    main()
