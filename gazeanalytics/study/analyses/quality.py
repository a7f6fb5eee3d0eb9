"""Recording quality: data loss, sampling rate, precision, and the main sequence of saccades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gazeanalytics import report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import Outcome, StudyResult


@dataclass(frozen=True, slots=True)
class QualityOptions(Settings):
    """What counts as a poor recording.

    Attributes
    ----------
    max_loss : float
        Readings that lost a greater share of their samples are counted; they stay in. Holmqvist et al. (2022) ask
        papers to report the share and the limit.
    min_fixations : int
        Readings with fewer fixations are counted; they stay in.
    """

    max_loss: float = 0.25
    min_fixations: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityOutcome(Outcome):
    """How many readings are poor, under which limits."""

    options: QualityOptions
    lossy: int | None
    short: int


def run(known: StudyResult, options: QualityOptions) -> QualityOutcome:
    """Count readings with many lost samples or few fixations."""
    fixations = known.fixations["reading"].value_counts().reindex(known.study.table("readings")["reading"]).dropna()
    events = known.events
    lossy = None if events is None or events.quality is None else int((events.quality["loss"] > options.max_loss).sum())
    return QualityOutcome(options=options, lossy=lossy, short=int((fixations < options.min_fixations).sum()))


def show(known: StudyResult, outcome: QualityOutcome) -> Iterator[Part]:
    """Share of samples lost and sampling rate by reader, main sequence."""
    events, figures = known.events, {}
    if events is None:
        return
    fixations = events.fixations
    text = f"{many(len(fixations), 'fixation')} in {many(fixations['reading'].nunique(), 'reading')}"
    short = f"{many(outcome.short, 'reading')} had fewer than {outcome.options.min_fixations} fixations."
    if events.quality is None:
        text += f", as the study brings them; there is no raw gaze to judge the recording by. {short}"
        yield Part("Gaze", text)
        return
    loss, rate = events.quality["loss"].median(), events.quality["rate_hz"].median()
    text += f" were found by the detector {events.settings['detector']} in gaze sampled at {rate:.0f} Hz; "
    text += f"the median reading lost {loss:.1%} of its samples. {many(outcome.lossy or 0, 'reading')} lost more than "
    text += f"{outcome.options.max_loss:.0%}; {short}"
    text += "" if known.has("exclusions") else " None is left out for it."
    quality = events.quality.merge(known.study.table("readings")[["reading", "reader"]], on="reading")
    figures["data_loss"] = report.Picture(
        report.data_loss(quality), "Share of samples lost, by reader; dots are medians of readings."
    )
    if events.saccades is not None and len(events.saccades):
        figures["main_sequence"] = report.Picture(
            report.main_sequence(events.saccades), "Main sequence: peak speed of saccades against their amplitude."
        )
    yield Part("Gaze", text, figures)


ANALYSIS = Analysis(
    name="quality",
    question="How good is the recording: data loss, sampling rate, precision?",
    run=run,
    options=QualityOptions,
    needs=("fixations",),
    uses=("quality", "saccades"),
    show=show,
    page=20,
)
