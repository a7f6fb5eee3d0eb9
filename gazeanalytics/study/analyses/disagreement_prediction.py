"""Which cases will readers split on, or differ from AI on: predicted from image embeddings and gaze, with deferral."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from gazeanalytics import gaze, io, report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError

_TARGETS = {"people split": "split", "people against AI": "against_ai"}
_DEFERRED = np.linspace(0, 1, 21)
_DRAWS = 200  # of the bootstrap over cases
_FEWEST = 30  # cases of each outcome: fewer leave folds without one


@dataclass(frozen=True, slots=True)
class PredictionOptions(Settings):
    """What predicts disagreement, and how.

    Attributes
    ----------
    embeddings : str
        File beside study.toml with a vector a case, of any encoder: a column of cases, the others numbers.
    finding : str
        Finding whose calls are compared; empty: the target of each case.
    model : str
        "logistic" (ridge-penalised, on standardised features) or "forest".
    n_folds : int
        Parts of the cases; each is predicted from the others.
    n_permutations : int
        Shuffles for a p-value; each fits everything anew. 0: none.
    coverage : float
        What the conformal sets promise.
    """

    embeddings: str = ""
    finding: str = ""
    model: Literal["logistic", "forest"] = "logistic"
    n_folds: int = 5
    n_permutations: int = 0
    coverage: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionOutcome(Outcome):
    """Scores, deferral curves and conformal sets of every target and set of features, and what was left out."""

    scores: pd.DataFrame
    deferral: pd.DataFrame
    conformal: pd.DataFrame
    refused: tuple[str, ...]


def check(study: Study, options: PredictionOptions) -> None:
    """Refuse a file of embeddings that isn't there, or lies outside the study, before anything is computed."""
    place = f"{study.folder / 'study.toml'}, analyses.disagreement_prediction"
    if not 0.5 <= options.coverage < 1:
        raise InputError(f"{place}.coverage: expected a share from 0.5 to below 1; got {options.coverage}")
    if not options.embeddings:
        return
    path = study.folder / options.embeddings
    if not path.resolve().is_relative_to(study.folder.resolve()):
        raise InputError(f"{place}.embeddings: {options.embeddings!r} lies outside the study; copy the file into it")
    if not path.is_file():
        raise InputError(f"{place}.embeddings: there is no file {options.embeddings!r} beside study.toml")


def run(known: StudyResult, options: PredictionOptions) -> PredictionOutcome:
    """Predict each kind of disagreement from each set of features, on cases that the prediction never saw."""
    table, sets = _features(known, options, _cases(known, options))
    seed = known.study.config.study.seed
    scores, deferral, conformal, refused = [], [], [], []
    for label, target in _TARGETS.items():
        rows = table.dropna(subset=[target]).reset_index(drop=True)
        if min(int((rows[target] == 0).sum()), int((rows[target] == 1).sum())) < _FEWEST:
            refused.append(f"{label}: fewer than {_FEWEST} cases with and without")
            continue
        for name, columns in sets.items():
            found = _predicted(rows, target, columns, options, seed)
            said = {"target": label, "features": name}
            scores.append(found.scores.assign(**said, cases=len(rows), share=rows[target].mean()))
            deferral.append(_deferral(found.predictions).assign(**said))
            conformal.append(pd.DataFrame([said | _conformal(found.predictions, options.coverage, seed)]))
    if not scores:
        raise NotPossibleError("; ".join(refused))
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in (("scores", scores), ("deferral", deferral))}
    sure = pd.concat(conformal, ignore_index=True)
    return PredictionOutcome(
        **tables,
        conformal=sure,
        refused=tuple(refused),
        tables={"disagreement_scores": tables["scores"], "deferral": tables["deferral"], "conformal": sure},
        settings={"model": options.model, "n_folds": options.n_folds, "coverage": options.coverage},
    )


def _cases(known: StudyResult, options: PredictionOptions) -> pd.DataFrame:
    """One row a case: whether people split on its finding, and whether half of them or more differ from AI."""
    table, cases = known.table("disagreement"), known.study.table("cases")
    if options.finding:
        asked = table[table["finding"] == options.finding]
    elif "target" in cases:
        asked = table.merge(cases[["case", "target"]], on="case")
        asked = asked[asked["finding"] == asked["target"]]
    else:
        raise NotPossibleError("cases have no column target, and analyses.disagreement_prediction.finding is empty")
    split = asked["split"].astype(float).where(asked["readers"] > 1)
    against = asked["from_ai"].ge(0.5).astype(float).where(asked["from_ai"].notna())
    return asked[["case"]].assign(split=split, against_ai=against).reset_index(drop=True)


def _features(
    known: StudyResult, options: PredictionOptions, cases: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Join embeddings and mean gaze to the cases; which columns each set holds."""
    sets: dict[str, list[str]] = {}
    if options.embeddings:
        keys, vectors = _embeddings(known.study, options.embeddings)
        cases, sets["embeddings"] = stats.join_embeddings(cases, vectors, keys)
        if cases[sets["embeddings"]].isna().all(axis=None):
            raise InputError(f"{known.study.folder / options.embeddings}: no vector is of a case of this study")
    if known.has("features"):
        measured = known.features.merge(known.study.table("readings")[["reading", "case"]], on="reading")
        names = [name for name in gaze.STRATEGY_FEATURES if name in measured and measured[name].notna().any()]
        means = measured.groupby("case", observed=True)[names].mean().add_prefix("gaze_").reset_index()
        cases, sets["gaze"] = cases.merge(means, on="case", how="left"), [f"gaze_{name}" for name in names]
    if not sets:
        raise NotPossibleError("there is nothing to predict from: neither gaze nor a file of embeddings is given")
    if len(sets) > 1:
        sets["both"] = [name for names in sets.values() for name in names]
    return cases, sets


def _embeddings(study: Study, file: str) -> tuple[Sequence[object], np.ndarray]:
    """Cases and vectors of the file; its column of cases bears our name or that of the study's own files."""
    frame = io.read_columns(study.folder / file)
    foreign = io.foreign_name(study.config.tables.get("cases"), "case")
    key = next((name for name in ("case", foreign) if name in frame), None)
    numbers = [name for name in frame if name != key and pd.api.types.is_numeric_dtype(frame[name])]
    if key is None or not numbers:
        raise InputError(f"{study.folder / file}: expected a column 'case' or {foreign!r}, and columns of numbers")
    kind = study.table("cases")["case"].dtype
    keys = frame[key].astype(str) if not pd.api.types.is_numeric_dtype(kind) else frame[key]
    return keys.tolist(), frame[numbers].to_numpy(float)


def _predicted(
    rows: pd.DataFrame, target: str, columns: Sequence[str], options: PredictionOptions, seed: int
) -> stats.DisagreementPrediction:
    # The chances of a logistic regression are calibrated as they are; those of a forest are not.
    settings = stats.CrossValidation(
        n_folds=options.n_folds,
        calibrate=options.model == "forest",
        n_permutations=options.n_permutations,
        n_resamples=_DRAWS,
    )
    model = _logistic() if options.model == "logistic" else None
    return stats.predict_disagreement(
        rows, target=target, features=list(columns), model=model, settings=settings, rng=seed
    )


def _logistic() -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.1))


def _deferral(predictions: pd.DataFrame) -> pd.DataFrame:
    """Share of the disagreements that is caught when the likeliest so many cases go to a second reader."""
    order = np.argsort(-predictions["predicted"].to_numpy(), kind="stable")
    caught = np.concatenate(([0.0], np.cumsum(predictions["target"].to_numpy()[order])))
    places = np.round(_DEFERRED * len(order)).astype(int)
    return pd.DataFrame({"deferred": _DEFERRED, "caught": caught[places] / caught[-1]})


# Split conformal prediction (Vovk, Gammerman & Shafer 2005; Angelopoulos & Bates 2023, algorithm 1). The scores of
# both halves are out of fold, so no case was in the training of its own prediction.
def _conformal(predictions: pd.DataFrame, coverage: float, seed: int) -> dict[str, float]:
    """Sets that hold the true outcome with the promised chance: calibrated on half of the cases, checked on others."""
    truth = predictions["target"].to_numpy(int)
    chance = np.column_stack((1 - predictions["predicted"], predictions["predicted"]))
    order = np.random.default_rng(seed).permutation(len(truth))
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    surprise = np.sort(1 - chance[first, truth[first]])
    rank = int(np.ceil((len(first) + 1) * coverage))
    limit = surprise[rank - 1] if rank <= len(first) else np.inf
    sets = 1 - chance[second] <= limit
    return {
        "promised": coverage,
        "held": float(sets[np.arange(len(second)), truth[second]].mean()),
        "one outcome": float((sets.sum(axis=1) == 1).mean()),
        "cases checked": len(second),
    }


def show(known: StudyResult, outcome: PredictionOutcome) -> Iterator[Part]:
    """AUROC of each prediction, deferral curves, and how far the conformal sets hold what they promise."""
    areas = outcome.scores[outcome.scores["term"] == "auroc"]
    text = (
        f"Disagreement on a case's finding in {many(int(areas['cases'].max()), 'case')}, predicted on cases that the "
        "prediction never saw: whether any two people differ, and whether half of the people or more differ from the "
        "mean call of the AI readers. With few readers a case, a split is partly luck, which bounds any AUROC. "
        "Conformal sets hold the true outcome with the promised chance for cases like these; a set with one outcome "
        "decides, one with both asks for a second reader."
    )
    text += "".join(f" Left out: {why}." for why in outcome.refused)
    label = areas["target"] + ", " + areas["features"]
    drawn = report.prediction_auc(areas.assign(label=label))
    named = outcome.deferral.assign(label=outcome.deferral["target"] + ", " + outcome.deferral["features"])
    figures = {
        "disagreement_prediction": report.Picture(drawn, "AUROC of predicted disagreement on held-out cases."),
        "deferral": report.Picture(
            report.deferral_curve(named), "Disagreements caught when the cases likeliest to differ get a second reader."
        ),
    }
    cells = ["target", "features", "term", "estimate", "conf_low", "conf_high", "p_value", "cases", "share", "note"]
    tables = {
        "disagreement_prediction": report.format_frame(outcome.scores[cells], caption="Predicted disagreement"),
        "conformal": report.format_frame(outcome.conformal, caption="Conformal sets on held-out cases"),
    }
    yield Part("Predicted disagreement", text, figures, tables)


ANALYSIS = Analysis(
    name="disagreement_prediction",
    question="Which cases will people, or people and AI, differ on (from embeddings and gaze), and which to defer?",
    run=run,
    options=PredictionOptions,
    needs=("disagreement",),
    uses=("features",),
    makes=("disagreement_scores", "deferral", "conformal"),
    check=check,
    show=show,
    page=65,
)
