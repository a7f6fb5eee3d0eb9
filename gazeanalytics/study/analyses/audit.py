"""What is fragile in these results: each doubtful claim with its number, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.report.number_format import is_variance_component
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.human_against_ai import DIFFERENCE
from gazeanalytics.study.analyses.search_errors import SearchErrorOutcome
from gazeanalytics.study.analyses.strategies import readers_and_cases
from gazeanalytics.study.analyses.strategy_effects import OTHER_PREDICTORS
from gazeanalytics.study.analysis import Analysis, Part, many, words
from gazeanalytics.study.estimands import adjustments
from gazeanalytics.study.result import ModelsOutcome, Outcome, StrategiesOutcome, StudyResult

__all__ = ["Claim"]


@dataclass(frozen=True, slots=True)
class AuditOptions(Settings):
    """From where on a claim is named as fragile.

    Attributes
    ----------
    max_pile_up : float
        Share of readings with one and the same uncertainty, from which on a normal model of it misleads.
    max_censored : float
        Share of lesions never fixated, whose time to first fixation is therefore unknown.
    max_misplaced : float
        Expected share of readings whose strategy is another.
    min_reliability : float
        Of a component's scores.
    max_radius_effect : float
        How much the share of lesions fixated may hang on the radius.
    min_cell : int
        Readings in each cell of strategy and presence of the target.
    min_reads : float
        Readings a case by people.
    min_groups : int
        Readers, and countries.
    max_length : float
        Rank correlation of a component with the number of fixations, or (types) the share of its rank variance.
    max_detectable : float
        Detectable effect at 80 % power: log odds of a binomial model, residual standard deviations of a linear one.

    Examples
    --------
    >>> AuditOptions(min_groups=20).min_groups
    20
    """

    max_pile_up: float = 0.2
    max_censored: float = 0.05
    max_misplaced: float = 0.02
    min_reliability: float = 0.8
    max_radius_effect: float = 0.05
    min_cell: int = 20
    min_reads: float = 5
    min_groups: int = 10
    max_length: float = 0.5
    max_detectable: float = 0.5


@dataclass(frozen=True, slots=True)
class Claim:
    """A fragile claim: the rule that names it, where it stands, the number that makes it so, what to do.

    Examples
    --------
    >>> Claim("few readers", "all models", "8 readers", "Say that results hold for these readers.").where
    'all models'
    """

    rule: str
    where: str
    number: str
    remedy: str


Rule = Callable[[StudyResult, AuditOptions], Iterator[Claim]]

# Normal quantiles of 95 % confidence and 80 % power: an effect of 2.8 standard errors is found in 4 of 5 studies.
_DETECTABLE = 1.96 + 0.84


def pile_up(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name outcomes of which many readings share one value."""
    people = known.people()
    if "uncertainty" not in people or not people["uncertainty"].notna().any():
        return
    shares = people["uncertainty"].dropna().value_counts(normalize=True)
    if shares.iloc[0] > options.max_pile_up:
        value = float(np.asarray(shares.index)[0])
        number = f"{shares.iloc[0]:.1%} of readings at {value:.3g}, {many(len(shares), 'value')} in all"
        yield Claim(
            "pile-up",
            "uncertainty",
            number,
            "A linear model takes it for normal. The default model takes it as ordered levels where it piles up; a "
            "model of your own should too (family 'ordinal').",
        )


def censoring(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name times to first fixation of lesions that were never fixated."""
    if not known.has("search_errors"):
        return
    missing = known.table("search_errors")["time_to_first_fixation_ms"].isna()
    if len(missing) and missing.mean() > options.max_censored:
        yield Claim(
            "censoring",
            "time to first fixation on a lesion",
            f"{missing.mean():.1%} of {many(len(missing), 'lesion')} never fixated",
            "Leaving them out makes slow searches look fast: model the time as censored at the reading's end.",
        )


def aoi_radius(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name search errors that hang on the radius within which a lesion counts as fixated."""
    outcome = known.outcomes.get("search_errors")
    if not isinstance(outcome, SearchErrorOutcome):
        return
    shares = outcome.sensitivity.groupby("radius")["search"].mean() / max(len(outcome.lesions), 1)
    if np.ptp(shares.to_numpy()) > options.max_radius_effect:
        ends = f"{shares.index.min():g} to {shares.index.max():g} deg"
        yield Claim(
            "AOI radius",
            "search errors",
            f"missed by search {shares.iloc[0]:.1%} to {shares.iloc[-1]:.1%} of lesions from {ends}",
            "Choose the radius from the tracker's accuracy before looking, and report the other radii beside it.",
        )


def misclassification(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name strategies that are assigned with errors to be expected from their posteriors."""
    if not known.has("strategies") or "strength" not in known.table("strategies"):
        return
    misplaced = 1 - known.table("strategies").dropna(subset="strategy")["strength"]
    if len(misplaced) and misplaced.mean() > options.max_misplaced:
        yield Claim(
            "misclassification",
            "every effect of strategy",
            f"{misplaced.mean():.1%} of {many(len(misplaced), 'reading')} are expected to be of another strategy",
            "Effects are pulled towards 0 and their intervals are too narrow: correct them by the posteriors.",
        )


def score_error(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name components of a continuum whose scores are much error."""
    outcome = known.outcomes.get("strategies")
    if not isinstance(outcome, StrategiesOutcome) or not outcome.components:
        return
    errors = outcome.fitted.component_errors(known.features, **readers_and_cases(known.study, known.features))
    for name, reliability in errors[["component", "reliability"]].itertuples(index=False):
        if reliability < options.min_reliability:
            yield Claim(
                "error of scores",
                f"every effect of {name}",
                f"reliability {reliability:.2f} (McDonald's omega)",
                "Effects are pulled towards 0: use scores that are calibrated, as strategy_effects does.",
            )


def fit_problems(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name models that are singular, not converged or separated, or that could not be fitted."""
    remedies = {
        "singular": "That variance is 0 or not to be known from these data: say so, or leave the random effect out.",
        "not converged": "Don't use the estimates: simplify the model.",
        "separat": "Some estimates are infinite: merge levels or leave the term out.",
        "rank deficient": "Terms were left out, as others make them up: ask a smaller question.",
    }
    for kind, outcome in _models(known).items():
        for name, fit in outcome.fits.items():
            for note in fit.notes:
                for start, remedy in remedies.items():
                    if start in note.split(":")[0]:
                        yield Claim("fit", f"{kind} {name}", note, remedy)
        for name, reason in outcome.refused.items():
            yield Claim(
                "fit", f"{kind} {name}", f"not fitted: {reason}", "Simplify the model, or gather more readings."
            )


def small_cells(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name strategies with few readings where the target is there, or where it isn't."""
    people = known.people()
    if "strategy" not in people or not people["strategy"].notna().any():
        return
    keys = ["strategy", *(["target_present"] if "target_present" in people else [])]
    counts = people.dropna(subset=keys).groupby(keys, observed=True).size()
    if len(counts) and counts.min() < options.min_cell:
        place = counts.index[int(np.argmin(counts.to_numpy()))]
        level, *rest = place if isinstance(place, tuple) else (place,)
        where = f"strategy {level!r}" + (f", target {'present' if rest[0] else 'absent'}" if rest else "")
        number = many(int(counts.min()), "reading")
        yield Claim("small cells", where, number, "Merge rare strategies, or don't compare this one.")


def multiplicity(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Count the tests of the models: how many are significant, and after correction."""
    models, both = known.outcomes.get("models"), known.table("human_ai") if known.has("human_ai") else pd.DataFrame()
    extra = set(adjustments(models.rows, _components(known))) if isinstance(models, ModelsOutcome) else set()
    # What stands in a model for the sake of the others, or is a level and no difference, asks no question.
    asked = [known.estimates[_asks(known.estimates, extra)]] if len(known.estimates) else []
    asked += [both[both["term"].str.startswith(DIFFERENCE)]] if len(both) else []
    tested = [table["p_value"] for table in asked]
    p_values = pd.concat(tested) if tested else pd.Series(dtype=float)
    if len(p_values) < 2:
        return
    holm, bh = ((stats.adjust(p_values, method=method) < 0.05).sum() for method in ("holm", "bh"))
    raw = int((p_values < 0.05).sum())
    if raw > holm:
        yield Claim(
            "multiplicity",
            "all models together",
            f"{len(p_values)} tests: {raw} with p < .05 ({0.05 * len(p_values):.1f} expected by chance alone), "
            f"{bh} after Benjamini-Hochberg, {holm} after Holm",
            "Name the tests that were planned, and correct the rest.",
        )


def few_reads(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name designs in which few people read each case."""
    counts = known.people()["case"].value_counts()
    if len(counts) and counts.median() < options.min_reads:
        once = float((counts == 1).mean())
        yield Claim(
            "reads a case",
            "spread of cases, effects within cases",
            f"median {counts.median():g} readings a case, {once:.0%} of cases read once",
            "Laplace's standard deviation of cases is too small (stats.mixed with quadrature corrects it); cases read "
            "once say nothing of effects within cases.",
        )


def few_groups(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name small numbers of readers and of countries."""
    people = known.people()
    for name, noun in (("reader", "reader"), ("country", "country")):
        count = people[name].nunique() if name in people else 0
        if 0 < count < options.min_groups:
            yield Claim(
                f"few {noun}s" if noun == "reader" else "few countries",
                f"effects of what differs between {'readers' if noun == 'reader' else 'countries'}",
                many(count, noun),
                "Tests have few degrees of freedom (df), and other readers may differ: describe, don't generalise.",
            )


def power(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name models whose effects would have to be large to be found."""
    for kind, outcome in _models(known).items():
        for name, fit in outcome.fits.items():
            table = fit.estimates()
            asked = table[_of_gaze(known, table["term"]) & (table["p_value"] >= 0.05)]
            unit = fit.sigma if fit.family.gaussian else 1.0
            detectable = _DETECTABLE * asked["std_error"] / unit
            if len(asked) and detectable.max() > options.max_detectable:
                term = str(asked["term"].to_numpy()[int(detectable.to_numpy().argmax())])
                scale = "residual SDs" if fit.family.gaussian else "on the logit"
                yield Claim(
                    "power",
                    f"{kind} {name}: {words(term)}",
                    f"{detectable.max():.2f} {scale} is the smallest effect found in 4 of 5 such studies",
                    "Not significant doesn't mean no effect here: report the interval, or test for equivalence.",
                )


def confounding(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name models in which an effect of strategy is not one within cases."""
    for kind, outcome in _models(known).items():
        for name, model in outcome.models.items():
            right = model.formula.split("~")[-1]
            if name in outcome.fits and "strategy" in right and "strategy_" not in right:
                yield Claim(
                    "confounding",
                    f"{kind} {name}",
                    _by_case(known.people()),
                    "Harder cases may be searched in another way: add the case's means (stats.within_between).",
                )


def _by_case(people: pd.DataFrame) -> str:
    rows = people.dropna(subset=["strategy", "case"])
    table = pd.crosstab(rows["case"], rows["strategy"])
    share = float((table.max(axis=1) / table.sum(axis=1)).mean())
    return f"in the average case {share:.0%} of readings share a strategy; its means are not in the model"


def causal(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name that gaze may follow the decision, wherever a model has gaze in it."""
    count = int(_of_gaze(known, known.estimates["term"]).sum()) if len(known.estimates) else 0
    differences = known.table("strategy_differences") if known.has("strategy_differences") else pd.DataFrame()
    count += int((~differences["by"].isin(OTHER_PREDICTORS)).sum()) if len(differences) else 0
    if count:
        restricted = known.study.config.features.restricted
        follows = (
            "Gaze may follow the decision (one dwells on what was found): use features of the first seconds (first_ms "
            "in [features]) or of the time before the first mention (before_mention), or assign"
        )
        yield Claim(
            "causal",
            "every effect of strategy",
            f"{many(count, 'estimate')}; strategies are of {restricted or 'whole readings'}",
            f"{'Readers chose how to search: assign' if restricted else follows} ways of searching at random; until "
            "then it's an association.",
        )


def length(known: StudyResult, options: AuditOptions) -> Iterator[Claim]:
    """Name strategies that follow the number of fixations: long and short readings instead of ways of searching."""
    people = known.people()
    if "fixations" not in people:
        return
    for name in (*_components(known), *(["strategy"] if "strategy" in people else [])):
        rows = people.dropna(subset=[name, "fixations"])
        if len(rows) < options.min_cell:
            continue
        share = _rank_share(rows[name], rows["fixations"])
        of_types = name == "strategy"
        if share > (options.max_length if of_types else options.max_length**2):
            said = f"{share:.0%} of the rank variance" if of_types else f"rank correlation {np.sqrt(share):.2f}"
            yield Claim(
                "length",
                f"every effect of {words(name)}",
                f"{said} with the number of fixations",
                "Long and short readings may pass for ways of searching: compare those of like length (where = ...), "
                "use the first seconds (first_ms in [features]), or add the number of fixations to the model.",
            )


def _rank_share(scores: pd.Series, counts: pd.Series) -> float:
    """Share of the variance of the ranks of `counts` that types, or the ranks of a component, explain."""
    ranks = counts.astype(float).rank()
    if pd.api.types.is_numeric_dtype(scores):
        return float(ranks.corr(scores.rank()) ** 2)
    return float(ranks.groupby(scores.to_numpy()).transform("mean").var() / ranks.var())


RULES: tuple[Rule, ...] = (
    causal, confounding, misclassification, score_error, length, multiplicity, power, fit_problems, small_cells,
    few_reads, few_groups, pile_up, censoring, aoi_radius,
)  # fmt: skip


def _models(known: StudyResult) -> dict[str, ModelsOutcome]:
    """Give the analyses with models, by what their models are called in the audit."""
    found = {name: outcome for name, outcome in known.outcomes.items() if isinstance(outcome, ModelsOutcome)}
    return {"model" if name == "models" else words(name): outcome for name, outcome in found.items()}


def _of_gaze(known: StudyResult, terms: pd.Series) -> pd.Series:
    """Mark the effects of strategy, types or components, and their interactions."""
    columns = _components(known) or ("strategy",)

    def of_gaze(term: object) -> bool:
        return any(part in columns or part.startswith("strategy[") for part in str(term).split(":"))

    return terms.map(of_gaze)


def _components(known: StudyResult) -> tuple[str, ...]:
    outcome = known.outcomes.get("strategies")
    return outcome.components if isinstance(outcome, StrategiesOutcome) else ()


def _asks(table: pd.DataFrame, extra: set[str]) -> pd.Series:
    terms = table["term"].astype(str)
    adjusts = terms.map(lambda term: not extra.isdisjoint(str(term).split(":")))
    return table["p_value"].notna() & (terms != "(Intercept)") & ~terms.map(is_variance_component) & ~adjusts


def run(known: StudyResult, options: AuditOptions) -> Outcome:
    """Apply every rule."""
    found = [claim for rule in RULES for claim in rule(known, options)]
    table = pd.DataFrame(
        [(claim.rule, claim.where, claim.number, claim.remedy) for claim in found],
        columns=["rule", "where", "number", "remedy"],
    )
    return Outcome(tables={"audit": table}, counts={"rules": len(RULES), "fragile claims": len(found)})


def show(known: StudyResult, outcome: Outcome) -> Iterator[Part]:
    """The table of what is fragile."""
    table = outcome.tables["audit"]
    text = f"{many(len(RULES), 'rule')} were applied; "
    if not len(table):
        yield Part("What is fragile", text + "none found a fragile claim. That isn't proof that there is none.")
        return
    text += f"{many(len(table), 'claim')} can't be taken as they stand. Limits are options of this analysis."
    shown = report.format_frame(table, caption="Fragile claims, what makes them so, and what to do")
    yield Part("What is fragile", text, tables={"audit": shown})


ANALYSIS = Analysis(
    name="audit",
    question="Which claims are fragile, and what to do (confounding, multiplicity, power, censoring, pile-up ...)?",
    run=run,
    options=AuditOptions,
    needs=("readings",),
    uses=("estimates", "human_ai", "strategies", "strategy_differences", "search_errors", "quality"),
    makes=("audit",),
    show=show,
    page=78,
)
