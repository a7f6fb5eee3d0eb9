"""Bias and coverage of an effect on time to first fixation where a third of the lesions are never fixated.

    python tests/benchmarks/censored_coverage.py [--studies N]

Each study has 20 readers and 50 cases, all read by all; the logarithm of the time is 1 - 0.5 x + reader (SD 0.4) +
case (SD 0.5) + normal (SD 0.8), x 0 or 1; readings end after a log-normal time of their own, which censors 32 % of the
times. Printed: the censored share, then for the model of censored times and for one of the seen times alone the mean of
b with its Monte Carlo error, the coverage of its 95 % interval, and the mean standard deviations.
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")  # before NumPy

import argparse

import numpy as np
import pandas as pd

from gazeanalytics import stats

READERS, CASES, EFFECT = 20, 50, -0.5
RIGHT = "x + (1 | reader) + (1 | case)"


def study(rng):
    reader, case = np.divmod(np.arange(READERS * CASES), CASES)
    x = rng.integers(0, 2, reader.size)
    effects = rng.normal(0, 0.4, READERS)[reader] + rng.normal(0, 0.5, CASES)[case]
    time = np.exp(1 + EFFECT * x + effects + rng.normal(0, 0.8, reader.size))
    limit = np.exp(rng.normal(1.3, 0.3, reader.size))
    frame = pd.DataFrame({"reader": reader, "case": case, "x": x})
    return frame.assign(time_s=np.minimum(time, limit), seen=time <= limit)


def fitted(data):
    seen = data[data["seen"]].assign(log_time=lambda rows: np.log(rows["time_s"]))
    return {
        "censored": stats.mixed(f"censored(time_s, seen) ~ {RIGHT}", data, family="lognormal"),
        "seen alone": stats.mixed(f"log_time ~ {RIGHT}", seen),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=300)
    rng, rows, unseen = np.random.default_rng(1), [], []
    for _ in range(parser.parse_args().studies):
        data = study(rng)
        unseen.append(1 - data["seen"].mean())
        for model, fit in fitted(data).items():
            table = fit.estimates().set_index("term")
            spread = table["estimate"].filter(like="sd(").to_dict()
            rows.append(table.loc["x", ["estimate", "conf_low", "conf_high"]].to_dict() | {"model": model} | spread)
    print(f"{100 * np.mean(unseen):.1f} % censored")
    for model, own in pd.DataFrame(rows).groupby("model"):
        covered = ((own["conf_low"] <= EFFECT) & (own["conf_high"] >= EFFECT)).mean()
        error = np.sqrt(covered * (1 - covered) / len(own))
        spread = own.filter(like="sd(").mean().round(3).to_dict()
        print(
            f"{model}: {len(own)} fits, b {own['estimate'].mean():.4f} for {EFFECT} "
            f"({own['estimate'].std() / np.sqrt(len(own)):.4f}), covered {covered:.3f} ({error:.3f}), {spread}"
        )


if __name__ == "__main__":
    main()
