"""Are effects of a strategy unbiased, and their intervals honest, when 2 to 20 % of readings are in the wrong one?

Readers and cases are crossed (complete design); each reading follows one of two strategies, and shows it in features
that misplace a planted share. The effect of the strategy is 1 (Gaussian: in residual standard deviations; binomial: in
log odds). Readers may keep to a strategy (`--trait`, the standard deviation of their log odds). Three estimates: each
reading in its likeliest strategy; corrected by the posteriors; by posteriors that know the reader's other readings.

Posteriors: `known`, those of the planted distributions; `mixture`, our own mixture fitted to the features (starts and
likelihood of the clustering, two groups asked for); `search`, the whole search for strategies, as the one command does
it. A search that finds no types, or another number of them, is counted and left out.

Run: python tests/benchmarks/misclassified_strategies.py [--family F] [--source S] [--misplaced 0.05] [--trait 1]
     [--studies N] [--readers N] [--cases N]
"""

import argparse

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from gazeanalytics import stats
from gazeanalytics.strategies import StrategyModel
from gazeanalytics.strategies.clustering.mixtures import fit_groups, start_memberships

FEATURES, EFFECT = 4, 1.0
MODEL = "y ~ strategy + years + (1 | reader) + (1 | case)"


def draw(asked, rng):
    reader, case = np.divmod(np.arange(asked.readers * asked.cases), asked.cases)
    years = rng.uniform(0, 3, asked.readers)
    likes = expit(rng.normal(0, asked.trait, asked.readers) + 0.3 * asked.trait * (years - 1.5))
    follows = (rng.random(reader.size) < likes[reader]).astype(int)
    # Groups this far apart, of one shape and size, are misplaced by the planted share (normal, best rule).
    apart = -2 * ndtri(asked.misplaced)
    measures = rng.normal(0, 1, (reader.size, FEATURES)) + apart * follows[:, None] / np.sqrt(FEATURES)
    eta = -0.5 + EFFECT * follows + 0.3 * years[reader]
    eta += rng.normal(0, 0.5, asked.readers)[reader] + rng.normal(0, 0.7, asked.cases)[case]
    y = rng.binomial(1, expit(eta)) if asked.family == "binomial" else eta + rng.normal(size=eta.size)
    data = pd.DataFrame(
        {"reading": np.arange(eta.size), "reader": reader, "case": case, "years": years[reader], "y": y}
    )
    return data, measures, follows, apart


def posterior_of(asked, measures, follows, apart, seed):
    """Probability of each strategy, the one with more of the planted second strategy last; None where not found."""
    rng = np.random.default_rng(seed)
    if asked.source == "known":
        odds = apart * (measures.sum(axis=1) / np.sqrt(FEATURES) - apart / 2)
        return np.column_stack([expit(-odds), expit(odds)])
    if asked.source == "mixture":
        starts = [fit_groups(measures, one) for one in start_memberships(measures, 2, rng=rng, n_starts=2)]
        found = max(starts, key=lambda start: start[0].log_likelihood)[1]
    else:
        features = pd.DataFrame(measures, columns=[f"measure {k}" for k in range(FEATURES)])
        features.insert(0, "reading", np.arange(len(measures)))
        model = StrategyModel.fit(features, settings={"n_resamples": 19}, rng=seed)
        if model.verdict != "types" or len(model.names) != 2:
            return None
        found = model.posterior(features)[list(model.names)].to_numpy()
    return found[:, np.argsort(follows @ found / found.sum(axis=0))]


def estimates_of(asked, seed):
    data, measures, follows, apart = draw(asked, np.random.default_rng(seed))
    known = posterior_of(asked, measures, follows, apart, seed)
    if known is None:
        return []
    table = pd.DataFrame(known, columns=["first", "second"])
    shared = stats.share_posterior(table, data["reader"])
    plain = stats.mixed_misclassified(MODEL, data, table, family=asked.family)
    by_reader = stats.mixed_misclassified(MODEL, data, shared, family=asked.family)
    truth = data.assign(strategy=np.where(follows, "second", "first"))
    fits = {
        "truth known": (stats.mixed(MODEL, truth, family=asked.family), 0.0, 0.0),
        "assigned": (plain.assigned, plain.misplaced, np.mean(known.argmax(axis=1) != follows)),
        "corrected": (plain.corrected, plain.misplaced, np.mean(known.argmax(axis=1) != follows)),
        "and by reader": (by_reader.corrected, by_reader.misplaced, np.mean((shared["second"] > 0.5) != follows)),
    }
    return [_row(name, *found) for name, found in fits.items()]


def _row(name, fit, expected, wrong):
    row = fit.estimates().set_index("term").loc["strategy[second]"]
    covered = row["conf_low"] <= EFFECT <= row["conf_high"]
    return name, row["estimate"], row["std_error"], covered, expected, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", default="gaussian", choices=("gaussian", "binomial"))
    parser.add_argument("--source", default="known", choices=("known", "mixture", "search"))
    parser.add_argument("--misplaced", type=float, default=0.05)
    parser.add_argument("--trait", type=float, default=0.0)
    for name, value in (("studies", 200), ("readers", 30), ("cases", 40), ("first", 7000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    rows = [row for seed in range(asked.first, asked.first + asked.studies) for row in estimates_of(asked, seed)]
    table = pd.DataFrame(rows, columns=["estimate of", "estimate", "std_error", "covered", "expected", "wrong"])
    found = len(table) // 4
    print(
        f"{asked.family}, {asked.source} posteriors, {asked.misplaced:.0%} misplaced, trait {asked.trait:g}, "
        f"{asked.readers} readers x {asked.cases} cases: two strategies in {found} of {asked.studies} studies"
    )
    for name, part in table.groupby("estimate of", sort=False):
        share = part["covered"].mean()
        print(
            f"  {name:14} mean {part['estimate'].mean():.3f} ({part['estimate'].std() / np.sqrt(found):.3f})  "
            f"SD {part['estimate'].std():.3f}, its error {part['std_error'].mean():.3f}  "
            f"covered {share:.3f} ({np.sqrt(share * (1 - share) / found):.3f})  "
            f"misplaced {part['wrong'].mean():.3f}, expected {part['expected'].mean():.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
