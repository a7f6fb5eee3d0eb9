"""Stages of reasoning: in which order readers go through an image, and what each stage is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics import reasoning, report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many, words
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult


@dataclass(frozen=True, slots=True)
class StageOptions(Settings):
    """How steps are given to stages.

    Attributes
    ----------
    trust : float
        Chance that a cue speaks for its own stage.
    stay, forward : float
        Chance that the next step keeps the stage, and that it goes on to a later one.
    """

    trust: float = 0.9
    stay: float = 0.6
    forward: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutcome(Outcome):
    """Order of each reading, the stages summed up, and the moves between them."""

    order: pd.DataFrame
    by_stage: pd.DataFrame
    moves: pd.DataFrame
    cued: float


def run(known: StudyResult, options: StageOptions) -> StageOutcome:
    """Segment the traces of more than one step, and lay stages over findings, truth and gaze."""
    traces = known.study.table("traces").sort_values(["reading", "step"], kind="stable", ignore_index=True)
    traces = traces[traces.groupby("reading", observed=True)["step"].transform("size") > 1].reset_index(drop=True)
    if not len(traces):
        raise NotPossibleError("no trace has more than one step")
    staged = reasoning.segment_stages(traces, trust=options.trust, stay=options.stay, forward=options.forward)
    order = reasoning.stage_order(staged)
    tables = {"stages": staged[["reading", "step", "stage", "cued"]], "stage_order": order}
    by_stage = staged.groupby("stage").agg(steps=("step", "size"), readings=("reading", "nunique"))
    findings = known.findings
    if "step" in findings and len(findings):
        carried = reasoning.carry_over(findings, staged)
        truth = known.table("calls").pivot_table(index="reading", columns="finding", values="truth", observed=True)
        accuracy = reasoning.stage_accuracy(findings, staged, truth, call_at=known.study.config.outcomes.call_at)
        tables |= {"stage_carry_over": carried, "stage_accuracy": accuracy}
        sums = accuracy.groupby("stage")[["statements", "correct"]].sum()
        by_stage = by_stage.join(sums["statements"]).join((sums["correct"] / sums["statements"]).rename("accuracy"))
        by_stage = by_stage.join(carried.groupby("stage")[["findings", "carried", "kept"]].sum())
    if known.has("visits") and {"onset", "offset"} <= set(staged):
        timed = staged[staged["onset"].notna() & staged["offset"].notna()]
        dwell = reasoning.stage_dwell(timed, known.table("visits"))
        tables["stage_dwell"] = dwell
        sums = dwell.groupby(["stage", "region"], observed=True)["dwell"].sum().reset_index()
        top = sums.sort_values("dwell", ascending=False).drop_duplicates("stage").set_index("stage")["region"]
        by_stage = by_stage.join(top.astype(str).map(words).rename("most looked at"))
    names = [name for name in reasoning.stage_scheme() if name in by_stage.index]
    return StageOutcome(
        order=order,
        by_stage=by_stage.reindex(names).rename_axis("stage").reset_index(),
        moves=_moves(staged),
        cued=float(staged["cued"].mean()),
        tables=tables,
        settings={"trust": options.trust, "stay": options.stay, "forward": options.forward},
    )


def _moves(staged: pd.DataFrame) -> pd.DataFrame:
    """Changes of stage, counted over all readings."""
    after = staged.groupby("reading", observed=True)["stage"].shift(-1)
    pairs = pd.DataFrame({"source": staged["stage"], "target": after}).dropna()
    pairs = pairs[pairs["source"] != pairs["target"]]
    return pairs.groupby(["source", "target"]).size().rename("count").reset_index()


def show(known: StudyResult, outcome: StageOutcome) -> Iterator[Part]:
    """Table of the stages, and where readers go from each."""
    order = outcome.order
    text = (
        f"Steps of {many(len(order), 'trace')} were given to stages by cues in their words; {100 * outcome.cued:.0f} % "
        f"of the steps held a cue, the others were filled by the likeliest path. A trace visits "
        f"{order['stages'].mean():.1f} stages and goes back to an earlier one {order['back_tracks'].mean():.1f} times "
        f"(means). Adherence to the scheme's order is {order['adherence'].mean():.2f} (Kendall's tau: 1 in order, 0 in "
        "none). Traces of a single step have no order and are left out."
    )
    figures = {}
    if len(outcome.moves):
        moves = outcome.moves.assign(
            source=outcome.moves["source"].map(words), target=outcome.moves["target"].map(words)
        )
        names = [words(name) for name in outcome.by_stage["stage"]]
        caption = "Share of the moves that leave a stage (row) and go to another (column)."
        figures["stage_moves"] = report.Picture(report.transition_matrix(moves, order=names), caption)
    table = outcome.by_stage.assign(stage=outcome.by_stage["stage"].map(words))
    notes = ("Carried: findings named again in a later stage; kept: not denied there.",) if "carried" in table else ()
    frame = report.format_frame(table, caption="Stages of reasoning", notes=notes)
    yield Part("Stages of reasoning", text, figures, {"reasoning_stages": frame})


ANALYSIS = Analysis(
    name="reasoning_stages",
    question="In which order do readers reason, and how right is what they say at each stage?",
    run=run,
    options=StageOptions,
    needs=("traces", "findings", "calls"),
    uses=("visits",),
    makes=("stages", "stage_order", "stage_accuracy", "stage_carry_over", "stage_dwell"),
    show=show,
    page=54,
)
