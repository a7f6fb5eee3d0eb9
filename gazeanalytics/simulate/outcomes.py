"""Which strategy a reading follows, whether it is right and how sure it sounds: the planted truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.simulate.anatomy import DIFFUSE, FINDINGS, ORGANS, homes_of, regions_of
from gazeanalytics.simulate.design import CONTEXTS, Design, Effects
from gazeanalytics.simulate.hedges import choose_hedges, logit_uncertainty
from gazeanalytics.simulate.people import draw_cases, draw_pairs, draw_readers

__all__ = ["MISSES", "Simulated", "planted_effects", "simulate_readings"]

MISSES = ("search", "recognition", "decision")
"""Kinds of miss: never fixated; fixated too briefly; looked at long and dismissed (Kundel, Nodine & Carmody 1978)."""

# Shares of missed lung nodules in Kundel, Nodine & Carmody (1978): search 30 %, recognition 25 %, decision 45 %.
_MISS_SHARES = (0.30, 0.25, 0.45)
_EXPERT_STRATEGIES = ("circumferential", "holistic")
_EXPERT_PULL = 0.3
"""Log-odds that ten years of experience add to the patterns of experts (Kundel & La Follette 1972, in kind)."""

_TOP_SPEED_DEG_S = 460.0
"""Peak speed that ever larger saccades approach, of the average reader, as in the recordings of Lund2013."""


@dataclass(frozen=True, slots=True)
class Simulated(Brief):
    """A simulated study with its planted truth, without its gaze and words.

    Attributes
    ----------
    design : Design
        What was planted.
    readers, cases, regions, readings : pandas.DataFrame
        House tables. `cases` has the columns truth_<finding>, context, age, sex and target.
    truth : pandas.DataFrame, one row a reading, in the order of `readings`
        strategy, accuracy_logit, correct, present (what was said of the target), present_truth, miss
        (its kind), decoy (organ where a false alarm saw something), latent_uncertainty, certainty (what the words
        state), logit_uncertainty (of the words) and clipped (the latent one lay beyond the hedges).
    reader_truth, case_truth, country_truth : pandas.DataFrame
        Random effects on both outcomes (a case's difficulty is minus its effect on accuracy); of a reader also
        the habits that all readings share: tempo (factor on stays), top_speed_deg_s (of large saccades), voice_lag_ms
        (from looking to speaking), words_per_s, and likes_<strategy> (chance of following it).

    See Also
    --------
    simulate_readings : draws one.

    Examples
    --------
    >>> study = simulate_readings(Design(readers=3, cases=4, models=()), rng=1)
    >>> len(study.readings), len(study.persons().readings), len(study.part(slice(0, 5)).readings)
    (12, 12, 5)
    """

    design: Design
    readers: pd.DataFrame
    cases: pd.DataFrame
    regions: pd.DataFrame
    readings: pd.DataFrame
    truth: pd.DataFrame
    reader_truth: pd.DataFrame
    case_truth: pd.DataFrame
    country_truth: pd.DataFrame

    def part(self, rows: slice) -> Simulated:
        """Return the same study with only these rows of `readings`, and the cases that they show."""
        readings, truth = self.readings.iloc[rows], self.truth.iloc[rows]
        shown = self.cases["case"].isin(readings["case"].unique()).to_numpy()
        lesions = self.cases[[f"truth_{finding}" for finding in FINDINGS]].to_numpy(bool).sum(axis=1)
        marked = np.repeat(shown, len(ORGANS) + lesions)
        return replace(
            self,
            cases=self.cases[shown].reset_index(drop=True),
            regions=self.regions[marked].reset_index(drop=True),
            readings=readings.reset_index(drop=True),
            truth=truth.reset_index(drop=True),
        )

    def persons(self) -> Simulated:
        """Return the same study without the readings of models."""
        people = set(self.readers.loc[self.readers["kind"] == "person", "reader"])
        kept = self.readings["reader"].isin(people)
        return replace(
            self,
            readings=self.readings[kept].reset_index(drop=True),
            truth=self.truth[kept].reset_index(drop=True),
        )

    def images(self) -> pd.DataFrame:
        """Size of the image that each reading shows: columns reading, case, width, height."""
        sizes = self.cases[["case", "width", "height"]]
        return self.readings[["reading", "case"]].merge(sizes, on="case", how="left", validate="many_to_one")

    def habits(self) -> pd.DataFrame:
        """Row of `reader_truth` of each reading's reader."""
        return self.reader_truth.set_index("reader").loc[self.readings["reader"]].reset_index()

    def frame(self) -> pd.DataFrame:
        """One row a reading, ready for a model: who, what, the planted truth, reader and case columns.

        strategy and context are categories whose first level is the reference of the planted effects;
        `experience_decades` is experience_years / 10.
        """
        truth = self.truth.drop(columns="reading")
        frame = pd.concat((self.readings, truth), axis=1)
        frame = frame.merge(self.readers, on="reader", how="left", validate="many_to_one")
        frame = frame.merge(self.cases, on="case", how="left", validate="many_to_one")
        return frame.assign(
            strategy=pd.Categorical(frame["strategy"], list(self.design.strategies)),
            context=pd.Categorical(frame["context"], list(CONTEXTS)),
            experience_decades=frame["experience_years"] / 10,
        )


def planted_effects(design: Design) -> pd.DataFrame:
    """List what was planted, term by term, as a mixed model of `Simulated.frame` names them.

    Returns
    -------
    pandas.DataFrame
        model (accuracy, uncertainty), term and value: fixed effects on the logit with the design's first strategy and
        "none" as references, experience by decade, and the standard deviations of the crossed groups.

    Examples
    --------
    >>> planted = planted_effects(Design(strategies=("central", "holistic")))
    >>> planted[planted["model"] == "accuracy"]
          model                           term  value
    0  accuracy                    (Intercept)   0.50
    1  accuracy             strategy[holistic]   1.00
    2  accuracy             experience_decades   0.25
    3  accuracy            context[indication]   0.30
    4  accuracy  context[indication_and_prior]   0.50
    5  accuracy                     sd(reader)   0.45
    6  accuracy                       sd(case)   0.80
    7  accuracy                    sd(country)   0.25
    """
    rows = [
        (model, term, value)
        for model in ("accuracy", "uncertainty")
        for term, value in _terms(getattr(design, model), design.strategies)
    ]
    return pd.DataFrame(rows, columns=["model", "term", "value"])


def _terms(effects: Effects, strategies: tuple[str, ...]) -> list[tuple[str, float]]:
    reference, *others = (effects.strategy.get(name, 0.0) for name in strategies)
    first, *levels = CONTEXTS
    return [
        ("(Intercept)", effects.intercept + reference + effects.context.get(first, 0.0)),
        *((f"strategy[{name}]", value - reference) for name, value in zip(strategies[1:], others, strict=True)),
        ("experience_decades", effects.per_10_years),
        *((f"context[{level}]", effects.context.get(level, 0.0) - effects.context.get(first, 0.0)) for level in levels),
        *((f"sd({group})", getattr(effects, f"{group}_sd")) for group in ("reader", "case", "country")),
    ]


def simulate_readings(design: Design, *, rng: np.random.Generator | int | None = None) -> Simulated:
    """Draw readers, cases and readings with their planted strategy, correctness and certainty.

    Parameters
    ----------
    design : Design
        What to plant.
    rng : numpy.random.Generator, int or None
        Randomness.

    Returns
    -------
    Simulated
        House tables and the truth. The spoken certainty is what a reader of the words recovers: its
        `logit_uncertainty` is the latent one plus zero-mean rounding.

    Examples
    --------
    >>> study = simulate_readings(Design(readers=8, cases=20), rng=1)
    >>> len(study.readings), study.readings["reader"].iloc[-1]
    (220, 'model_plain')
    """
    generator = np.random.default_rng(rng)
    readers, cases = draw_readers(design, generator), draw_cases(design, generator)
    reader, case = draw_pairs(design, generator)
    readings = pd.DataFrame(
        {
            "reading": np.arange(len(reader)),
            "reader": readers["reader"].to_numpy()[reader],
            "case": cases["case"].to_numpy()[case],
        }
    )
    simulated = Simulated(
        design=design,
        readers=readers,
        cases=cases,
        regions=regions_of(cases, generator),
        readings=readings,
        truth=readings[["reading"]],
        reader_truth=_draw_reader_truth(design, readers, generator),
        case_truth=_draw_groups(design, cases["case"], "case_sd", generator),
        country_truth=_draw_groups(design, readers["country"].dropna().drop_duplicates(), "country_sd", generator),
    )
    return replace(simulated, truth=_draw_truth(simulated, reader, case, generator))


def _draw_reader_truth(design: Design, readers: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Random effects of people (models have none beside their own level), their habits and likings."""
    truth = _draw_groups(design, readers["reader"], "reader_sd", rng)
    truth.loc[readers["kind"] == "model", ["accuracy", "uncertainty"]] = 0.0
    tempo, speed, lag, pace = rng.standard_normal((4, len(readers)))
    truth["tempo"] = np.exp(0.12 * tempo)
    truth["top_speed_deg_s"] = _TOP_SPEED_DEG_S * np.exp(0.12 * speed)
    truth["voice_lag_ms"] = (1000 + 200 * lag).clip(200)
    truth["words_per_s"] = (2.6 + 0.3 * pace).clip(1.5)
    return truth.join(_draw_likings(design, readers, rng))


def _draw_groups(design: Design, names: pd.Series, which: str, rng: np.random.Generator) -> pd.DataFrame:
    """Random intercepts of both outcomes; the surer are also the better, with correlation `shared`."""
    first, second = rng.standard_normal((2, len(names)))
    # Second row of the Cholesky factor of a correlation matrix with `shared` off its diagonal.
    certain = design.shared * first + np.sqrt(1 - design.shared**2) * second
    return pd.DataFrame(
        {
            str(names.name): names.to_numpy(),
            "accuracy": getattr(design.accuracy, which) * first,
            "uncertainty": -getattr(design.uncertainty, which) * certain,
        }
    )


def _draw_likings(design: Design, readers: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Chance that each reader follows each strategy: a trait of the reader, drawn towards the experts' patterns."""
    traits = design.strategy_trait_sd * rng.standard_normal((len(readers), len(design.strategies)))
    expert = np.isin(design.strategies, _EXPERT_STRATEGIES)
    decades = readers["experience_years"].to_numpy(float)[:, None] / 10
    odds = np.exp(traits + _EXPERT_PULL * (decades - 1.2) * expert)
    return pd.DataFrame(odds / odds.sum(axis=1, keepdims=True), columns=[f"likes_{name}" for name in design.strategies])


def _draw_truth(simulated: Simulated, reader: np.ndarray, case: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    design = simulated.design
    strategy = _draw_strategies(design, simulated.reader_truth, reader, rng)
    accuracy_logit = _predict(simulated, "accuracy", strategy, reader, case)
    latent = _predict(simulated, "uncertainty", strategy, reader, case)
    latent = latent + design.uncertainty.residual_sd * rng.standard_normal(len(latent))
    # The coin is thrown on the probability, not on a latent logit with residual: a logistic mixed model is then
    # exactly true, with no overdispersion.
    correct = rng.random(len(reader)) < 1 / (1 + np.exp(-accuracy_logit))
    there = _target_there(simulated.cases)[case]
    present = there == correct
    spoken = choose_hedges(latent, present, rng)
    target = simulated.cases["target"].to_numpy()[case]
    return pd.DataFrame(
        {
            "reading": simulated.readings["reading"],
            "strategy": pd.Series(np.array([*design.strategies, None], dtype=object)[strategy]),
            "accuracy_logit": accuracy_logit,
            "correct": correct,
            "present": present,
            "present_truth": there,
            "miss": _draw_misses(target, there & ~present, rng),
            "decoy": _draw_decoys(target, present & ~there, rng),
            "latent_uncertainty": latent,
            "certainty": spoken.certainty,
            "logit_uncertainty": logit_uncertainty(spoken.certainty),
            "clipped": spoken.clipped,
        }
    )


def _draw_strategies(
    design: Design, reader_truth: pd.DataFrame, reader: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Place of each reading's strategy in the design; -1 for models, who don't look."""
    likings = reader_truth[[f"likes_{name}" for name in design.strategies]].to_numpy()
    edges = np.cumsum(likings, axis=1)[reader]
    # Inverse of the cumulative distribution, one uniform a reading.
    strategy = (rng.random(len(reader))[:, None] > edges[:, :-1]).sum(axis=1)
    return np.where(reader < design.readers, strategy, -1)


def _predict(
    simulated: Simulated, outcome: str, strategy: np.ndarray, reader: np.ndarray, case: np.ndarray
) -> np.ndarray:
    """Planted linear predictor of an outcome without its residual."""
    design: Design = simulated.design
    effects: Effects = getattr(design, outcome)
    by_strategy = np.array([effects.strategy.get(name, 0.0) for name in design.strategies])
    countries = simulated.country_truth.set_index("country")[outcome]
    of_reader = (
        effects.intercept
        + effects.per_10_years * simulated.readers["experience_years"].to_numpy(float) / 10
        + simulated.readers["country"].map(countries).to_numpy(float)
    )
    of_reader[design.readers :] = [getattr(model, f"{outcome}_logit") for model in design.models]
    of_reader = of_reader + simulated.reader_truth[outcome].to_numpy()
    by_context = {level: effects.context.get(level, 0.0) for level in simulated.cases["context"].unique()}
    of_case = simulated.cases["context"].map(by_context).to_numpy(float) + simulated.case_truth[outcome].to_numpy()
    return of_reader[reader] + of_case[case] + np.where(strategy >= 0, by_strategy[strategy], 0.0)


def _target_there(cases: pd.DataFrame) -> np.ndarray:
    """Whether each case shows its target finding."""
    there = np.zeros(len(cases), bool)
    for finding in cases["target"].unique():
        asked = (cases["target"] == finding).to_numpy()
        there[asked] = cases.loc[asked, f"truth_{finding}"]
    return there


def _draw_misses(target: np.ndarray, missed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Kind of each miss; None where nothing was missed."""
    kind = rng.choice(MISSES, len(target), p=_MISS_SHARES).astype(object)
    kind[np.isin(target.astype(str), DIFFUSE)] = "decision"
    kind[~missed] = None
    return kind


def _draw_decoys(target: np.ndarray, alarm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Organ where each false alarm sees its finding; None where nothing was falsely seen."""
    organs, place = np.array(list(ORGANS), dtype=object), np.full(len(target), None, dtype=object)
    for finding in np.unique(target.astype(str)):
        asked = target == finding
        place[asked] = organs[rng.choice(homes_of(finding), int(asked.sum()))]
    place[~alarm] = None
    return place
