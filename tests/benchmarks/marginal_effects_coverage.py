"""Do intervals of population-averaged outcomes cover the planted ones, and how far off are conditional ones?

Readers and cases crossed, strategies drawn by reading; the truth is the integral over the planted random effects and
the rows at hand. Printed: bias and coverage of the means of two strategies, their difference and ratio, with the Monte
Carlo error of the coverage; and the same of the difference with random effects set to 0.

Run: python tests/benchmarks/marginal_effects_coverage.py [family ...] [--studies N] [--readers N] [--cases N]
"""

import argparse

import numpy as np
import pandas as pd
from scipy.stats import binom

from gazeanalytics import stats

BETA, READER_SD, CASE_SD = np.array([0.3, 0.6, 0.25]), 0.7, 1.0
CUTS = np.array([-0.5, 1.0])
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(61)


def expit(eta):
    return 1 / (1 + np.exp(-eta))


INVERSE = {
    "binomial": expit,
    "beta": expit,
    "poisson": lambda eta: np.exp(eta / 2),
    "gaussian": lambda eta: eta,
    "ordinal": lambda eta: 1 - expit(CUTS[-1] - eta),
}


def draw(family, n_readers, n_cases, rng):
    reader, case = np.divmod(np.arange(n_readers * n_cases), n_cases)
    b = rng.integers(0, 2, reader.size)
    years = rng.uniform(0, 3, n_readers).round(1)[reader]
    eta = np.column_stack([np.ones(reader.size), b, years]) @ BETA
    eta += rng.normal(0, READER_SD, n_readers)[reader] + rng.normal(0, CASE_SD, n_cases)[case]
    data = pd.DataFrame({"reader": reader, "case": case, "strategy": np.where(b, "b", "a"), "years": years})
    if family == "binomial":
        return data.assign(y=rng.binomial(1, expit(eta)))
    if family == "beta":
        return data.assign(y=rng.beta(6 * expit(eta), 6 * expit(-eta)).clip(1e-9, 1 - 1e-9))
    if family == "poisson":
        return data.assign(y=rng.poisson(np.exp(eta / 2)))
    if family == "ordinal":
        return data.assign(y=np.searchsorted(CUTS, eta + rng.logistic(size=eta.size)))
    return data.assign(y=eta + rng.normal(size=eta.size))


def planted(family, data):
    sd = np.hypot(READER_SD, CASE_SD)
    means = [
        np.mean([INVERSE[family](BETA[0] + BETA[1] * b + BETA[2] * data["years"] + sd * z) for z in NODES], axis=1)
        for b in (0, 1)
    ]
    low, high = (WEIGHTS @ mean / WEIGHTS.sum() for mean in means)
    return {"mean a": low, "mean b": high, "difference": high - low, "ratio": high / low}


def found(fit, settings):
    options = {"settings": settings, "method": "none"}
    tables = {"difference": stats.marginal_effects(fit, "strategy", **options)}
    means = stats.adjusted_predictions(fit, "strategy", settings=settings)
    if not fit.family.gaussian:
        tables["ratio"] = stats.marginal_effects(fit, "strategy", compare="ratio", **options)
    if fit.family.ordinal:
        means, tables = (
            means[means["contrast"].str.endswith("P(2)")],
            {name: table[table["contrast"].str.endswith("P(2)")] for name, table in tables.items()},
        )
    return {"mean a": means.iloc[0], "mean b": means.iloc[1]} | {name: table.iloc[0] for name, table in tables.items()}


def study(family, sizes, seed):
    data = draw(family, *sizes, np.random.default_rng(seed))
    fit = stats.mixed("y ~ strategy + years + (1 | reader) + (1 | case)", data, family=family)
    truth, rows = planted(family, data), found(fit, None)
    conditional = found(fit, {"population": False})["difference"]
    rows["difference, conditional"], truth["difference, conditional"] = conditional, truth["difference"]
    return [
        (name, row["estimate"] - truth[name], row["conf_low"] <= truth[name] <= row["conf_high"])
        for name, row in rows.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", default=list(INVERSE))
    for name, value in (("studies", 300), ("readers", 40), ("cases", 40)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    for family in asked.families:
        rows = [one for seed in range(asked.studies) for one in study(family, (asked.readers, asked.cases), 500 + seed)]
        table = pd.DataFrame(rows, columns=["what", "error", "covered"])
        for what, part in table.groupby("what", sort=False):
            share, spread = part["covered"].mean(), part["error"].std() / np.sqrt(len(part))
            low, high = binom.interval(0.95, len(part), 0.95) / np.array(len(part))
            print(
                f"{family:9} {what:24} bias {part['error'].mean():+.4f} ({spread:.4f}) covered {share:.3f} "
                f"({np.sqrt(share * (1 - share) / len(part)):.3f}; nominal {low:.3f} to {high:.3f}), n {len(part)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
