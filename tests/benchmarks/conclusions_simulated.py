"""Do the default models conclude rightly? Studies with a known truth: false effects at .05, coverage of 95 % intervals.

Rows: `confounding` (gaze is shifted by .4 SD with the presence of the lesion or with the difficulty of the case; 2 or
20 reads a case; types or a score), `between_within` (experience differs between readers and grows within them, with
other effects), `country` (experience goes with what differs between countries), `few_readers` (8 readers) and
`few_countries` (6 countries), `ai_readers` (people against 4 models). Truth 0 in every other study, a planted effect in
the rest. Each line is one term of one outcome, with the Monte Carlo error beside. `--plain` fits strategy and
experience with crossed intercepts alone: no parts within and between groups, no presence of the target.

Run: NUMBA_NUM_THREADS=1 python tests/benchmarks/conclusions_simulated.py --row confounding --studies 200
"""

import argparse
import re
import time
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gazeanalytics.study import ModelConfig, default_models, model_frame
from gazeanalytics.study.analyses.human_against_ai import differences, kind_frame, kind_models
from gazeanalytics.study.analyses.models import fit_defaults

FIRST = 5000
SHIFT = 0.4
PLANTED = 0.3


@dataclass
class Study:
    """Readings with both outcomes, the terms looked at with their true values, and columns of the gaze."""

    rows: pd.DataFrame
    truth: dict[str, float]
    components: tuple[str, ...] = field(default=())


def outcomes(rng, rows, eta):
    """Correct readings from the linear predictor, and an uncertainty whose logit is a linear one (residual SD .7)."""
    uncertain = eta + rng.normal(0, 0.7, len(rows))
    correct = (rng.random(len(rows)) < 1 / (1 + np.exp(-0.8 - eta))).astype(int)
    return rows.assign(correct=correct, uncertainty=1 / (1 + np.exp(-uncertain)), kind="person")


def crossed(rng, readers, cases, reads):
    """Which reader reads which case: `reads` different ones each."""
    case = np.repeat(np.arange(cases), reads)
    return np.concatenate([rng.choice(readers, reads, replace=False) for _ in range(cases)]), case


def confounding(rng, planted, *, cause, reads, types):
    cases, readers = (300, 30) if reads == 2 else (30, 30)
    reader, case = crossed(rng, readers, cases, reads)
    difficulty, present = rng.normal(0, 1, cases), rng.integers(0, 2, cases)
    shift = {"lesion": 2.0 * present - 1, "difficulty": difficulty}[cause]
    gaze = SHIFT * shift[case] + rng.normal(0, 1, case.size)
    effect = planted * ((gaze > 0.5) if types else gaze)
    eta = effect - 1.0 * (present[case] - 0.5) - difficulty[case] + rng.normal(0, 0.5, readers)[reader]
    rows = pd.DataFrame({"reader": reader, "case": case, "target_present": present[case]})
    if types:
        rows["strategy"] = np.array(["a", "b", "c"])[np.searchsorted([-0.5, 0.5], gaze)]
        truth = {"strategy[b]": 0.0, "strategy[c]": planted, "strategy[b]:presence": 0.0, "strategy[c]:presence": 0.0}
        return Study(outcomes(rng, rows, eta), truth)
    return Study(outcomes(rng, rows.assign(gaze=gaze), eta), {"gaze": planted, "gaze:presence": 0.0}, ("gaze",))


def between_within(rng, planted):
    readers, each = 40, 25
    reader = np.repeat(np.arange(readers), each)
    case = np.concatenate([rng.choice(200, each, replace=False) for _ in range(readers)])
    level = rng.normal(15, 6, readers)
    years = level[reader] + rng.uniform(-6, 6, reader.size)
    mean = pd.Series(years).groupby(reader).transform("mean").to_numpy()
    eta = -planted * (years - mean) / 10 + planted * (mean - mean.mean()) / 10
    eta = eta + rng.normal(0, 0.5, readers)[reader] + rng.normal(0, 0.5, 200)[case]
    rows = pd.DataFrame({"reader": reader, "case": case, "experience_years": years})
    names = ("experience_decades_within_reader", "experience_decades_between_reader")
    return Study(outcomes(rng, rows, eta), dict(zip(names, (-planted, planted), strict=True)))


def country(rng, planted, *, countries=12, each=5, confounded=0.5):
    readers, cases = countries * each, 20
    reader, case = np.repeat(np.arange(readers), cases), np.tile(np.arange(cases), readers)
    own, land = rng.normal(0, 0.4, countries), np.arange(readers) // each
    level = rng.normal(0, 0.5, countries)
    decades = 1.5 + level[land] + rng.normal(0, 0.6, readers)
    mean = pd.Series(decades).groupby(land).transform("mean").to_numpy()
    skill = planted * decades + confounded * (mean - mean.mean()) + own[land] + rng.normal(0, 0.5, readers)
    rows = pd.DataFrame({"reader": reader, "case": case, "country": land[reader]})
    rows["experience_years"] = 10 * decades[reader]
    names = ("experience_decades_between_reader", "experience_decades_between_country")
    truth = dict(zip(names, (planted, planted + confounded), strict=True))
    return Study(outcomes(rng, rows, skill[reader] - planted * 1.5 + rng.normal(0, 0.7, cases)[case]), truth)


def few_readers(rng, planted, *, readers=8, cases=40):
    reader, case = np.repeat(np.arange(readers), cases), np.tile(np.arange(cases), readers)
    decades = rng.normal(1.5, 1, readers)
    skill = planted * (decades - 1.5) + rng.normal(0, 0.6, readers)
    rows = pd.DataFrame({"reader": reader, "case": case, "experience_years": 10 * decades[reader]})
    eta = skill[reader] + rng.normal(0, 0.8, cases)[case]
    return Study(outcomes(rng, rows, eta), {"experience_decades": planted})


def ai_readers(rng, planted, *, people=20, ai=4, cases=40):
    """People against the mean of these AI readers, for which cases are hard in another way too."""
    reader, case = np.repeat(np.arange(people + ai), cases), np.tile(np.arange(cases), people + ai)
    person = (np.arange(people + ai) < people)[reader]
    skill = np.r_[rng.normal(0, 0.6, people), [0.0, 0.5, -0.5, 0.0]]
    eta = planted * person + skill[reader] + rng.normal(0, 0.8, cases)[case] + ~person * rng.normal(0, 0.5, cases)[case]
    rows = outcomes(rng, pd.DataFrame({"reader": reader, "case": case}), eta)
    return Study(rows.assign(kind=np.where(person, "person", "model")), {"people - AI": planted})


ROWS = {
    f"confounding by {cause}, {reads} reads, {'types' if types else 'score'}": (
        lambda rng, planted, cause=cause, reads=reads, types=types: confounding(
            rng, planted, cause=cause, reads=reads, types=types
        )
    )
    for reads in (2, 20)
    for cause in ("lesion", "difficulty")
    for types in (False, True)
} | {
    "between_within": between_within,
    "country": country,
    "few_readers": few_readers,
    "ai_readers": ai_readers,
    "few_countries": lambda rng, planted: country(rng, planted, countries=6, confounded=0.0),
}


def plain(study):
    """The models of before: strategy, experience, crossed intercepts."""
    rows = model_frame(study.rows, study.components)
    fixed = [*study.components, *(name for name in ("strategy", "experience_decades") if name in rows)]
    groups = [name for name in ("reader", "case", "country") if name in rows and rows[name].nunique() >= 5]
    right = " + ".join([*fixed, *(f"(1 | {name})" for name in groups)])
    families = {"correct": "binomial", "logit_uncertainty": "gaussian"}
    return {y: ModelConfig(formula=f"{y} ~ {right}", family=family) for y, family in families.items()}


def one(draw, seed, simple):
    planted = PLANTED * (seed % 2)
    study = draw(np.random.default_rng(seed), planted)
    with_ai = (study.rows["kind"] == "model").any()
    rows = kind_frame(study.rows) if with_ai else model_frame(study.rows, study.components)
    models = kind_models(rows) if with_ai else default_models(rows, study.components)
    fits, refused = fit_defaults(rows, plain(study) if simple else models)
    assert not refused, refused
    parts = []
    for name, fit in fits.items():
        found = (differences(fit) if with_ai else fit.estimates(model=name)).set_index("term")
        truth = study.truth
        if simple:
            truth = {re.sub("_within_reader|_between_reader", "", term): value for term, value in truth.items()}
        for term, value in truth.items():
            if term in found.index:
                row = found.loc[term]
                covered = row["conf_low"] <= value <= row["conf_high"]
                parts.append((fit.family.name, term, value, row["estimate"] - value, row["p_value"] < 0.05, covered))
    return parts


def report(name, found, seconds):
    table = pd.DataFrame(found, columns=["family", "term", "value", "error", "found", "covered"])
    table["null"] = table["value"] == 0
    print(f"{name} ({seconds:.2f} s a study)")
    for (family, term), rows in table.groupby(["family", "term"], sort=False):
        null = rows[rows["null"]]
        rate, n = null["found"].mean(), len(null)
        false = f"false effects {rate:.3f} ({np.sqrt(0.05 * 0.95 / n):.3f})" if n else "always planted"
        covered, n = rows["covered"].mean(), len(rows)
        bias = f"bias {rows['error'].mean():+.3f} ({rows['error'].std() / np.sqrt(n):.3f})"
        print(
            f"  {family:9} {term:36} {false:30} coverage {covered:.3f} ({np.sqrt(0.0475 / n):.3f})  {bias}", flush=True
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--row", default="", help="rows whose name starts so; all by default")
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--first", type=int, default=FIRST, help="first seed")
    parser.add_argument("--plain", action="store_true", help="without parts within and between groups")
    given = parser.parse_args()
    for name, draw in ROWS.items():
        if name.startswith(given.row) and not (given.plain and name == "ai_readers"):
            start = time.process_time()
            seeds = range(given.first, given.first + given.studies)
            found = [part for seed in seeds for part in one(draw, seed, given.plain)]
            report(name, found, (time.process_time() - start) / given.studies)


if __name__ == "__main__":
    main()
