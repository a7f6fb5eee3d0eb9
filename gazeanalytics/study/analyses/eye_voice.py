"""Eye and voice: whether what is said was looked at, and how long before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gazeanalytics import gaze, reasoning, report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import NotPossibleError, Outcome, StudyResult
from gazeanalytics.study.study import Study


@dataclass(frozen=True, slots=True)
class EyeVoiceOptions(Settings):
    """How words and looks are laid over each other.

    Attributes
    ----------
    before_ms : float
        Window before a mention in which looks count as its ground.
    dwell_ms : float
        Dwell from which a lesion counts as looked at.
    n_resamples, n_permutations : int
        Resamples for intervals, and permutations of places within readers for chance.
    max_aligned : int
        Readings whose steps are laid over gaze without their times, to see how far off that is; 0 for none.
    """

    before_ms: float = 5000.0
    dwell_ms: float = 1000.0
    n_resamples: int = 200
    n_permutations: int = 100
    max_aligned: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EyeVoiceOutcome(Outcome):
    """Mentions with their ground, spans by reader, the lag, what was looked at and said, and how steps were laid."""

    mentions: pd.DataFrame
    spans: pd.DataFrame
    lag: reasoning.GazeSpeechLag
    verdicts: pd.DataFrame
    aligned: pd.DataFrame
    options: EyeVoiceOptions


def run(known: StudyResult, options: EyeVoiceOptions) -> EyeVoiceOutcome:
    """Place the mentions of all readings in time and on the image, and look for gaze there."""
    study, seed = known.study, known.study.config.study.seed
    findings, traces, regions = known.findings, study.table("traces"), study.table("regions")
    if not {"start", "stop", "step", "status"} <= set(findings):
        raise NotPossibleError("the table findings doesn't say where in a step each finding is named")
    readings = study.table("readings")[["reading", "reader", "case"]]
    timed = traces[traces["onset"].notna() & traces["offset"].notna()]
    mentions = reasoning.place_mentions(findings, timed, regions, readings)
    fixations = known.timed_fixations
    mentions = mentions[mentions["reading"].isin(fixations["reading"])].reset_index(drop=True)
    if mentions.empty:
        raise NotPossibleError("no reading with gaze names a finding that has a region in its case")
    fixations = fixations[fixations["reading"].isin(mentions["reading"])]
    readers = readings.set_index("reading")["reader"]
    draws = {"n_resamples": options.n_resamples, "n_permutations": options.n_permutations}
    grounded = reasoning.ground_mentions(fixations, mentions, before_ms=options.before_ms)
    grounded = reasoning.eye_voice_spans(fixations, grounded)
    spans = reasoning.eye_voice_span_by_reader(fixations, mentions, readers, **draws, rng=seed)
    drawn = reasoning.LagSettings(n_resamples=options.n_resamples, n_permutations=options.n_permutations)
    lag = reasoning.gaze_speech_lag(fixations, mentions, clusters=readers, settings=drawn, rng=seed)
    verdicts = _verdicts(study, known.fixations[known.fixations["reading"].isin(timed["reading"])], mentions, options)
    aligned = _aligned(timed, fixations, mentions, options.max_aligned, seed)
    tables = {"mentions": grounded, "eye_voice_spans": spans, "gaze_speech_lag": lag.curve}
    return EyeVoiceOutcome(
        mentions=grounded,
        spans=spans,
        lag=lag,
        verdicts=verdicts,
        aligned=aligned,
        options=options,
        tables=tables | {"looked_and_said": verdicts, "aligned_steps": aligned},
        counts={"mentions with time and place": len(grounded)},
        settings={"before_ms": options.before_ms, "dwell_ms": options.dwell_ms, **draws},
    )


def _verdicts(study: Study, fixations: pd.DataFrame, mentions: pd.DataFrame, options: EyeVoiceOptions) -> pd.DataFrame:
    """What became of each lesion that is looked at or named; a lesion's region has its finding beside it."""
    regions = study.table("regions")
    named = regions[regions["finding"].notna()]
    visits = gaze.visits(fixations, named, study.images_of(fixations))
    table = reasoning.looked_and_said(visits, mentions, dwell_ms=options.dwell_ms)
    table = table.merge(study.table("readings")[["reading", "case"]], on="reading")
    return table.merge(named[["case", "region", "finding"]], on=["case", "region"])


def _aligned(
    traces: pd.DataFrame, fixations: pd.DataFrame, mentions: pd.DataFrame, max_aligned: int, seed: int
) -> pd.DataFrame:
    """Steps of a sample of readings laid over gaze by their places alone, beside the times that they have."""
    keys = pd.Series(mentions["reading"].unique())
    drawn = keys.sample(min(max_aligned, len(keys)), random_state=seed)
    own = traces[traces["reading"].isin(drawn)].sort_values(["reading", "step"], kind="stable", ignore_index=True)
    looks = fixations[fixations["reading"].isin(drawn)]
    laid = reasoning.align_steps(own, looks, mentions[mentions["reading"].isin(drawn)])
    laid["recorded_onset"] = own["onset"]
    named = mentions[["reading", "step"]].drop_duplicates()
    return laid.merge(named, on=["reading", "step"])[["reading", "step", "onset", "recorded_onset"]].dropna()


def show(known: StudyResult, outcome: EyeVoiceOutcome) -> Iterator[Part]:
    """Eye-voice span by reader, the lag of speech behind gaze, and lesions by what became of them."""
    mentions, lag, options = outcome.mentions, outcome.lag, outcome.options
    seen = mentions["region_ms"] > 0
    text = (
        f"{many(len(mentions), 'mention')} of a finding with a region, in {many(lag.readings, 'reading')}. The region "
        f"was looked at in {100 * seen.mean():.0f} % of them; of the looks there, "
        f"{100 * mentions['grounding'].mean():.0f} % fall into the {options.before_ms / 1000:g} s before the mention, "
        f"{mentions['enrichment'].mean():.2f} times as many as by chance (means). Gaze on the region is most frequent "
        f"{lag.lag_ms / 1000:.1f} s before its name is said (95 % interval {lag.low_ms / 1000:.1f} to "
        f"{lag.high_ms / 1000:.1f} s; p = {lag.p_value:.3f} against places of the reader's other readings). "
        "A step's time was shared out over its characters, since words have no times of their own. "
    )
    if len(outcome.aligned):
        off = (outcome.aligned["onset"] - outcome.aligned["recorded_onset"]).abs().median()
        text += f"Steps laid over gaze by their places alone begin {off / 1000:.1f} s off (median)."
    figures = {
        "gaze_speech_lag": report.Picture(
            report.lag_curve(lag.curve), "Share of gaze on the named region, by time before its mention."
        ),
        "eye_voice_spans": report.Picture(
            report.eye_voice_spans(outcome.spans),
            "Eye-voice span of each reader (median); a span near chance says nothing of speech.",
        ),
    }
    if len(outcome.verdicts):
        caption = f"Lesions looked at (from {options.dwell_ms / 1000:g} s on) and named, by finding."
        drawn = report.looks_and_words(outcome.verdicts, by="finding")
        figures["looks_and_words"] = report.Picture(drawn, caption)
    table = report.format_frame(outcome.spans, caption="Eye-voice span by reader (ms)")
    yield Part("Eye and voice", text.strip(), figures, {"eye_voice": table})


def possible(study: Study) -> str:
    """Words need times, and findings places."""
    regions = study.table("regions")
    if "finding" not in regions or regions["finding"].isna().all():
        return "no region names its finding (column finding)"
    traces = study.table("traces")
    if not {"onset", "offset"} <= set(traces) or not (traces["onset"].notna() & traces["offset"].notna()).any():
        return "the traces have no times (columns onset and offset, ms)"
    return ""


ANALYSIS = Analysis(
    name="eye_voice",
    question="Was what readers say looked at, and how long before they say it?",
    run=run,
    options=EyeVoiceOptions,
    needs=("fixations", "traces", "regions", "findings"),
    makes=("mentions", "eye_voice_spans", "gaze_speech_lag", "looked_and_said", "aligned_steps"),
    possible=possible,
    show=show,
    page=55,
)
