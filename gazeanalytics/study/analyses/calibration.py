"""Calibration of stated certainty: a calibration curve, Brier score and ECE of people and of AI readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult

# Fewer statements than this say nothing about a curve.
_MIN_STATEMENTS = 20
# Fewer readers than this leave no interval that holds for other readers.
_MIN_READERS = 3

_NAMES = {"person": "people", "model": "AI readers"}


@dataclass(frozen=True, slots=True)
class CalibrationOptions(Settings):
    """How calibration is measured.

    Attributes
    ----------
    n_bins : int
        Bins of the expected calibration error.
    n_resamples : int
        Bootstrap draws of whole readers, for the intervals.
    """

    n_bins: int = 10
    n_resamples: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationOutcome(Outcome):
    """Calibration measures, and the points of each group's calibration curve."""

    estimates: pd.DataFrame
    curves: dict[str, pd.DataFrame]


def run(known: StudyResult, options: CalibrationOptions) -> CalibrationOutcome:
    """Hold every stated certainty against the truth of its finding, people and AI readers apart."""
    calls = known.table("calls")
    stated = calls.dropna(subset=["certainty", "truth"])
    parts, curves = [], {}
    for kind, rows in stated.groupby("kind", observed=True):
        if len(rows) < _MIN_STATEMENTS or rows["truth"].nunique() < 2:
            continue
        several = rows["reader"].nunique() >= _MIN_READERS
        found = stats.calibration(
            rows["certainty"],
            rows["truth"],
            clusters=rows["reader"] if several else rows["case"],
            n_bins=options.n_bins,
            n_resamples=options.n_resamples,
            rng=known.study.config.study.seed,
        )
        parts.append(found.assign(model=_NAMES[str(kind)]))
        curves[_NAMES[str(kind)]] = _curve(rows)
    if not parts:
        raise NotPossibleError(
            f"fewer than {_MIN_STATEMENTS} certainties are stated of findings whose truth is known and differs"
        )
    estimates = pd.concat(parts, ignore_index=True)
    return CalibrationOutcome(estimates=estimates, curves=curves, tables={"calibration": estimates})


def _curve(rows: pd.DataFrame) -> pd.DataFrame:
    """Points of the curve: one for each certainty that is stated often enough, the others pooled in tenths."""
    common = rows["certainty"].map(rows["certainty"].value_counts()) >= _MIN_STATEMENTS
    pooled = rows.assign(level=rows["certainty"].where(common, (rows["certainty"] * 10).round() / 10))
    cases = pooled.groupby("level")["case"].nunique()
    kept = pooled[pooled["level"].map(cases) > 1]  # one case alone says nothing of others
    return stats.calibration_by(kept, by="level", clusters="case") if len(kept) else pd.DataFrame()


def show(known: StudyResult, outcome: CalibrationOutcome) -> Iterator[Part]:
    """A calibration curve for people and one for AI readers, and the table of measures."""
    figures = {}
    for who, curve in outcome.curves.items():
        if len(curve):
            drawn = report.calibration(curve)
            stem = f"calibration_{who.replace(' ', '_').lower()}"
            figures[stem] = report.Picture(drawn, f"Calibration curve of {who}: how often what they state is true.")
    statements = ", ".join(
        f"{many(int(rows['n'].max()), 'statement')} by {who}"
        for who, rows in outcome.estimates.groupby("model", sort=False)
    )
    text = f"Stated certainties against the truth, {statements}. Only findings that a reading mentions count. "
    text += "Overconfidence above 0: findings are stated more probable than they are."
    shown = outcome.estimates[["model", "term", "estimate", "conf_low", "conf_high", "n", "note"]]
    frame = report.format_frame(shown.rename(columns={"model": "who", "term": "measure"}), caption="Calibration")
    yield Part("Calibration of certainty", text, figures, {"calibration": frame})


ANALYSIS = Analysis(
    name="calibration",
    question="Are readers as often right as they say (calibration curve, Brier score, ECE)?",
    run=run,
    options=CalibrationOptions,
    needs=("calls",),
    makes=("calibration",),
    show=show,
    page=62,
)
