"""Are effects of a continuum of strategies unbiased, and their intervals honest, although its scores carry error?

Two ways of searching are continua, each shown by four features that are partly their own (loading .7 to .9). Readers
and cases are crossed; a way of searching differs between readers and cases and within both, and with years of
experience. Outcomes hang on the first way. Scores are components of the features, their reliability McDonald's omega
of the same features; the models hold the scores' means by reader and case. Three estimates: by the true ways, by the
scores as measured, and by calibrated scores.

With `--known`, one score of 20 readers x 50 readings whose error is known from elsewhere and as large as what the score
varies by; the standard error is then that of the model alone, and with the calibration's own error in it.

Run: python tests/benchmarks/score_error_coverage.py [--known] [--family gaussian] [--effect 0.4]
     [--studies N] [--loading 0.8]
"""

import argparse

import numpy as np
import pandas as pd
from scipy.special import expit

from gazeanalytics import stats
from gazeanalytics.strategies.continuum.components import fit_components, omega

READERS, CASES, EACH = 25, 40, 4
GROUPS = "(1 | reader) + (1 | case)"


def draw(asked, rng):
    reader, case = np.divmod(np.arange(READERS * CASES), CASES)
    years = rng.uniform(0, 3, READERS)
    ways = rng.normal(0, np.sqrt(0.5), (reader.size, 2))
    ways += rng.normal(0, np.sqrt(0.3), (READERS, 2))[reader] + rng.normal(0, np.sqrt(0.2), (CASES, 2))[case]
    ways[:, 0] += 0.3 * (years[reader] - 1.5)
    loadings = asked.loading + np.linspace(-0.1, 0.1, EACH)
    own = rng.normal(size=(2, reader.size, EACH)) * np.sqrt(1 - loadings**2)
    features = np.hstack([ways[:, [k]] * loadings + own[k] for k in range(2)])
    eta = asked.effect * ways[:, 0] + 0.3 * years[reader]
    eta += rng.normal(0, 0.5, READERS)[reader] + rng.normal(0, 0.7, CASES)[case]
    y = rng.binomial(1, expit(eta)) if asked.family == "binomial" else eta + rng.normal(size=eta.size)
    return pd.DataFrame({"reader": reader, "case": case, "years": years[reader], "y": y}), ways[:, 0], features


def with_means(data, score):
    data = data.assign(score=score)
    return data.assign(
        **{f"by_{group}": data.groupby(group)["score"].transform("mean") for group in ("reader", "case")}
    )


def estimates_of(asked, seed):
    rng = np.random.default_rng(seed)
    data, truth, features = draw(asked, rng)
    points = (features - features.mean(axis=0)) / features.std(axis=0)
    found = fit_components(points, rng=rng, n_resamples=2)
    scores, reliability = found.scores(points), omega(points, found.weights)
    first = int(np.abs(np.corrcoef(truth, scores.T)[0, 1:]).argmax())
    # In units of the way of searching itself, so that the planted effect is what is to be found.
    unit = np.sqrt(reliability[first]) / truth.std() * np.sign(np.corrcoef(truth, scores[:, first])[0, 1])
    measured = data.assign(score=scores[:, first] / unit)
    error = np.sqrt(1 - reliability[first]) / abs(unit)
    known = stats.calibrate(measured, "score", error, given=f"years + {GROUPS}")
    every = {"true": truth, "as measured": measured["score"], "calibrated": known.score}
    for name, score in every.items():
        fit = stats.mixed(
            f"y ~ score + by_reader + by_case + years + {GROUPS}", with_means(data, score), family=asked.family
        )
        row = fit.estimates().set_index("term").loc["score"]
        covered = row["conf_low"] <= asked.effect <= row["conf_high"]
        share = {"reliability": reliability[first], "within": known.reliability}
        yield {"scores": name, "estimate": row["estimate"], "covered": covered, "components": len(reliability)} | share


def with_known_error(seed):
    """Effect 1 of a score with error SD 1, residual SD 1: by the calibrated score, its error left out and taken in."""
    rng, reader = np.random.default_rng(seed), np.repeat(np.arange(20), 50)
    true = rng.normal(size=reader.size)
    data = pd.DataFrame({"reader": reader, "score": true + rng.normal(size=reader.size)})
    data["y"] = true + rng.normal(size=20)[reader] + rng.normal(size=reader.size)
    known = stats.calibrate(data, "score", 1.0, given="(1 | reader)")
    fit = stats.mixed("y ~ score + (1 | reader)", data.assign(score=known.score))
    effect, error = float(fit.coefficients[1]), float(fit.std_errors[1])
    for name, width in {"model's error": error, "and its own": known.std_error(effect, error)}.items():
        yield {"scores": name, "estimate": effect, "covered": abs(effect - 1) < 1.96 * width, "reliability": np.nan,
               "within": known.reliability, "components": 0}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", default="gaussian", choices=("gaussian", "binomial"))
    parser.add_argument("--effect", type=float, default=0.4)
    parser.add_argument("--loading", type=float, default=0.8)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--known", action="store_true")
    asked = parser.parse_args()
    asked.effect = 1.0 if asked.known else asked.effect
    seeds = range(asked.studies)
    rows = (row for seed in seeds for row in (with_known_error(seed) if asked.known else estimates_of(asked, seed)))
    found = pd.DataFrame(rows)
    means = found[["reliability", "within"]].mean()
    print(
        f"error known, {asked.studies} studies; reliability {means['within']:.2f}"
        if asked.known
        else f"{asked.family}, effect {asked.effect}, {asked.studies} studies; reliability {means['reliability']:.2f}, "
        f"within readers and cases {means['within']:.2f}; two components in {np.mean(found['components'] == 2):.0%}"
    )
    for name, rows in found.groupby("scores", sort=False):
        covered = rows["covered"].mean()
        error = np.sqrt(covered * (1 - covered) / len(rows))
        spread = rows["estimate"].std() / np.sqrt(len(rows))
        bias = rows["estimate"].mean() - asked.effect
        print(f"{name:<12} bias {bias:+.4f} ({spread:.4f})  covered {covered:.3f} ({error:.3f})")


if __name__ == "__main__":
    main()
