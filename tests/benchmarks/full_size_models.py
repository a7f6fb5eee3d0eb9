"""CPU seconds of each class of model at full size, and how many times those of the binomial fit they are.

103,592 readings of 50,312 cases by 501 readers; outcomes that the study lacks are made from those that it has. Each
model runs in a process of its own on one thread, compiled beforehand on a tenth of the rows.

Some are farther than 5 times off, for a reason. Student's t of an outcome without outliers (8 times): its degrees of
freedom run off to the normal law, where the likelihood is flat; with outliers it takes twice. Misplaced strategies (6
times): a row's likelihood is a mean over strategies, each with a density to evaluate. A multinomial model by readers
(10 times): the Poisson trick makes a row of each reading and level, and gives every reading an effect of its own. With
cases too, those of all cases and levels, 100,000, stand in one dense block of 80 GB; up to 20,000 of them are taken.
More need a solver whose weights are matrices. Residuals that run on, ar1(...), cost the cube of the crossed cases; up
to 5,000 are taken.

    python tests/benchmarks/full_size_models.py sim_full.csv.gz [MODEL ...]
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")  # before NumPy

import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd

from gazeanalytics import stats

FIXED = "strategy + exp_z + context + difficulty"
TWO = "(1 | reader) + (1 | case)"
BASE = "binomial"


def plain(outcome, family, **options):
    return lambda data: stats.mixed(f"{outcome} ~ {FIXED} + {TWO}", data, family=family, **options)


def corrected(data):
    names = sorted(data["strategy"].unique())
    sure = 0.9 * (data["strategy"].to_numpy()[:, None] == names) + 0.1 / len(names)
    posterior = pd.DataFrame(sure / sure.sum(axis=1, keepdims=True), columns=names)
    return stats.mixed_misclassified(f"correct ~ {FIXED} + {TWO}", data, posterior, family="binomial").corrected


def strategy_as_outcome(data):
    return stats.multinomial("strategy ~ exp_z + context + (1 | reader)", data)


MODELS = {
    BASE: plain("correct", "binomial"),
    "binomial, 9 points": plain("correct", "binomial", settings={"quadrature": 9}),
    "binomial, probit": plain("correct", "binomial", link="probit"),
    "binomial, cloglog": plain("correct", "binomial", link="cloglog"),
    "gaussian": plain("uncertainty", "gaussian"),
    "student": plain("with_outliers", "student"),
    "ordinal": plain("level", "ordinal"),
    "ordinal, equidistant": plain("level", "ordinal", settings={"thresholds": "equidistant"}),
    "beta": plain("prop", "beta"),
    "poisson": plain("hedges", "poisson"),
    "negative binomial": plain("hedges", "negative binomial"),
    "gamma": plain("seconds", "gamma"),
    "inverse gaussian": plain("seconds", "inverse gaussian"),
    "lognormal, censored": plain("censored(seconds, seen)", "lognormal"),
    "binomial, misplaced strategies": corrected,
    "multinomial, readers": strategy_as_outcome,
}


def prepared(file):
    data = pd.read_csv(file)
    rng = np.random.default_rng(3)
    seconds = np.exp(1 + data["uncertainty"] + rng.normal(0, 0.5, len(data)))
    end = rng.exponential(20, len(data))
    outliers = data["uncertainty"] + rng.standard_t(3, len(data))
    return data.assign(
        with_outliers=outliers,
        seconds=np.minimum(seconds, end),
        seen=(seconds <= end).astype(int),
        context=data["context"] + 0,
    )


def one(file, name):
    data = prepared(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        MODELS[name](data.sample(len(data) // 10, random_state=0).reset_index(drop=True))
        start = time.process_time()
        fit = MODELS[name](data)
        seconds = time.process_time() - start
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.2f} {megabytes:.0f} {fit.log_likelihood:.2f}")


def main():
    file, chosen = sys.argv[1], sys.argv[2:] or list(MODELS)
    base = None
    for name in dict.fromkeys([BASE, *chosen]):
        done = subprocess.run([sys.executable, __file__, file, "--one", name], capture_output=True, text=True)
        if done.returncode:
            print(f"{name:32} {done.stderr.strip().splitlines()[-1][:150]}", flush=True)
            continue
        seconds, megabytes, height = map(float, done.stdout.split())
        base = base or seconds
        print(
            f"{name:32} {seconds:7.2f} CPU s, {seconds / base:5.1f} x binomial, {megabytes:.0f} MB, {height:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[2:3] == ["--one"]:
        one(sys.argv[1], sys.argv[3])
    else:
        main()
