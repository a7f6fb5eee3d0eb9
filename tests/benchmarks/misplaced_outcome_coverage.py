"""Who follows which of three strategies: unbiased, with honest intervals, where a share of readings is misplaced?

Readers and cases are crossed; experience draws readers to the second and third strategy. Features show the strategy,
misplacing a planted share; posteriors are those of the planted distributions. Three estimates: strategies known, each
reading in its likeliest, and strategies imputed by their posteriors.

Run: python tests/benchmarks/misplaced_outcome_coverage.py [--apart 2.6] [--studies N] [--readers N] [--cases N]
"""

import argparse

import numpy as np
import pandas as pd
from scipy.special import softmax

from gazeanalytics import stats

NAMES = ["first", "second", "third"]
TRUTH = {"second: years": 0.5, "third: years": 1.0}
MODEL = "strategy ~ years + (1 | reader) + (1 | case)"


def draw(asked, rng):
    reader, case = np.divmod(np.arange(asked.readers * asked.cases), asked.cases)
    years = rng.uniform(0, 3, asked.readers)
    scores = np.zeros((reader.size, 3))
    scores[:, 1:] = np.array([0.5, 1.0]) * (years[reader, None] - 1.5)
    scores[:, 1:] += rng.normal(0, 0.6, (asked.readers, 2))[reader] + rng.normal(0, 0.5, (asked.cases, 2))[case]
    chance = softmax(scores, axis=1)
    follows = np.sum(rng.random(reader.size)[:, None] > np.cumsum(chance, axis=1)[:, :-1], axis=1)
    # Corners of a triangle with sides of `apart` standard deviations: each pair is told apart equally well.
    corners = asked.apart * np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
    measures = corners[follows] + rng.normal(size=(reader.size, 2))
    log_density = -0.5 * np.sum((measures[:, None] - corners) ** 2, axis=2)
    known = softmax(log_density + np.log(np.bincount(follows, minlength=3) / follows.size), axis=1)
    data = pd.DataFrame({"reader": reader, "case": case, "years": years[reader]})
    return data, follows, pd.DataFrame(known, columns=NAMES)


def estimates_of(asked, seed):
    data, follows, known = draw(asked, np.random.default_rng(seed))
    both = stats.multinomial_misclassified(MODEL, data, known, rng=seed)
    truth = data.assign(strategy=pd.Categorical(np.array(NAMES)[follows], NAMES))
    wrong = float(np.mean(known.to_numpy().argmax(axis=1) != follows))
    fits = {"known": stats.multinomial(MODEL, truth), "assigned": both.assigned, "imputed": both.corrected}
    for name, fit in fits.items():
        table = fit.estimates().set_index("term")
        for term, value in TRUTH.items():
            row = table.loc[term]
            covered = row["conf_low"] <= value <= row["conf_high"]
            yield {"fit": name, "term": term, "error": row["estimate"] - value, "covered": covered, "wrong": wrong}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--apart", type=float, default=2.6)
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--readers", type=int, default=60)
    parser.add_argument("--cases", type=int, default=30)
    asked = parser.parse_args()
    found = pd.DataFrame([row for seed in range(asked.studies) for row in estimates_of(asked, seed)])
    print(f"{asked.studies} studies, {found['wrong'].mean():.1%} misplaced")
    for (name, term), rows in found.groupby(["fit", "term"], sort=False):
        covered, spread = rows["covered"].mean(), rows["error"].std() / np.sqrt(len(rows))
        error = np.sqrt(covered * (1 - covered) / len(rows))
        print(
            f"{name:<9} {term:<14} bias {rows['error'].mean():+.3f} ({spread:.3f})  covered {covered:.3f} ({error:.3f})"
        )


if __name__ == "__main__":
    main()
