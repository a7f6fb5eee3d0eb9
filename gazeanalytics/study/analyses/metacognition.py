"""Metacognition: whether readers are surer of their right calls (type-2 AUROC, gamma, meta-d', M-ratio)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import report, stats
from gazeanalytics.settings import Settings
from gazeanalytics.study.analyses.calls import first_reads
from gazeanalytics.study.analysis import Analysis, Part, words
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult

_NAMES = {"person": "people", "model": "AI readers"}
# Fewer statements than this say nothing about how certainty goes with being right.
_MIN_STATEMENTS = 50
# Percentiles of fewer bootstrap draws than this are no 95 % interval.
_MIN_DRAWS = 100


@dataclass(frozen=True, slots=True)
class MetacognitionOptions(Settings):
    """How groups are made, and how long the bootstrap may take.

    Attributes
    ----------
    by : str
        Column of `readers` that divides people into groups; empty: people together.
    n_levels : int
        Levels of certainty for meta-d'.
    max_fits : int
        Fits of meta-d' a group: bootstrap draws are this number over the group's readers, so that many readers don't
        take hours. Fewer than 100 draws leave no interval, and the table says so.
    """

    by: str = ""
    n_levels: int = 4
    max_fits: int = 400


def run(known: StudyResult, options: MetacognitionOptions) -> Outcome:
    """Measure each group on the findings that its readings mention."""
    rows = first_reads(known.table("calls")).dropna(subset=["certainty", "truth"])
    rows = rows.assign(sure=np.maximum(rows["certainty"], 1 - rows["certainty"]), group=rows["kind"].map(_NAMES))
    if options.by:
        readers = known.study.table("readers")
        if options.by not in readers:
            raise NotPossibleError(f"readers have no column {options.by}")
        named = rows["reader"].map(readers.set_index("reader")[options.by])
        rows["group"] = rows["group"].where(rows["kind"] == "model", named)
    parts = []
    for group, own in rows.groupby("group", observed=True):
        if len(own) < _MIN_STATEMENTS or own["truth"].nunique() < 2 or own["sure"].nunique() < 2:
            continue
        draws = max(options.max_fits // own["reader"].nunique(), 1)
        found = stats.metacognition(
            own,
            certainty="sure",
            call="called",
            n_levels=options.n_levels,
            n_resamples=draws,
            rng=known.study.config.study.seed,
        )
        found = found.assign(model=str(group), readers=own["reader"].nunique(), draws=draws)
        parts.append(found if draws >= _MIN_DRAWS else _without_intervals(found, draws))
    if not parts:
        raise NotPossibleError(f"no group states {_MIN_STATEMENTS} certainties of findings whose truth is known")
    return Outcome(tables={"metacognition": pd.concat(parts, ignore_index=True)})


def _without_intervals(found: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Blank what a handful of draws can't show: percentiles of 20 draws are no 95 % interval, of 1 draw a point."""
    blank = dict.fromkeys(("std_error", "statistic", "p_value", "conf_low", "conf_high"), np.nan)
    reason = f"no interval: {draws} draws, raise max_fits"
    notes = [f"{note}; {reason}" if note else reason for note in found["note"].fillna("")]
    return found.assign(**{name: value for name, value in blank.items() if name in found}, note=notes)


def show(known: StudyResult, outcome: Outcome) -> Iterator[Part]:
    """The table of measures, and a forest of the type-2 AUROC."""
    table = outcome.tables["metacognition"]
    text = "Whether readers are surer of calls that are right. Type-2 AUROC 0.5 and gamma 0: certainty says nothing of "
    text += "it. M-ratio 1: certainty uses all that the calls used. Only findings that a reading mentions count, "
    text += "so that calls are not a sample of all findings, and d' is that of the findings spoken of. Intervals: "
    text += "bootstrap of readers and cases, as many draws as the column says; none where these are fewer than "
    text += f"{_MIN_DRAWS} (raise max_fits). With few readers they are rough."
    rows = table[(table["term"] == "type2_auroc") & table["conf_low"].notna()]
    rows = rows.assign(term=rows["model"], model="type-2 AUROC", contrast="")
    pictures = {}
    if len(rows):
        forest = report.forest(rows, label="Type-2 AUROC (95% CI)")
        pictures["metacognition"] = report.Picture(forest, "Type-2 AUROC by group; chance is 0.5.")
    cells = ["model", "term", "estimate", "conf_low", "conf_high", "readers", "n", "draws", "note"]
    shown = table[cells].rename(columns={"model": "group", "term": "measure"})
    frame = report.format_frame(shown.assign(measure=shown["measure"].map(words)), caption="Metacognition by group")
    yield Part("Metacognition", text, pictures, {"metacognition": frame})


ANALYSIS = Analysis(
    name="metacognition",
    question="Do readers know when they are right (type-2 AUROC, gamma, meta-d', M-ratio)?",
    run=run,
    options=MetacognitionOptions,
    needs=("calls",),
    makes=("metacognition",),
    show=show,
    page=64,
)
