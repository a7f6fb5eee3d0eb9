"""Whose gaze is left out: rules for readings and readers, and the flow of what was left out and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pandas as pd

from gazeanalytics import report
from gazeanalytics.settings import Settings
from gazeanalytics.study.analysis import Analysis, Part, many
from gazeanalytics.study.result import Outcome, StudyResult
from gazeanalytics.study.study import Study
from gazeanalytics.tables import InputError


@dataclass(frozen=True, slots=True)
class ExclusionOptions(Settings):
    """From where on gaze is left out; as given here nothing is, so that leaving out is always a decision of the study.

    Attributes
    ----------
    max_loss : float
        Readings that lost a greater share of their samples; 1 keeps all.
    min_fixations : int
        Readings with fewer fixations; 0 keeps all.
    off_image : bool
        Readings whose median fixation lies beside the image.
    max_share_of_reader : float
        Readers of whom a greater share of the readings falls to these rules lose the others, too; 1 keeps them.
    """

    max_loss: float = 1.0
    min_fixations: int = 0
    off_image: bool = False
    max_share_of_reader: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionOutcome(Outcome):
    """The readings left out, each by the first rule that it breaks, and the flow from all to those analysed."""

    left_out: pd.DataFrame
    flow: pd.DataFrame


def check(study: Study, options: ExclusionOptions) -> None:
    """Refuse shares that are none."""
    for name in ("max_loss", "max_share_of_reader"):
        if not 0 <= getattr(options, name) <= 1:
            place = f"{study.folder / 'study.toml'}, analyses.exclusions.{name}"
            raise InputError(f"{place}: expected a share from 0 to 1; got {getattr(options, name)}")


def run(known: StudyResult, options: ExclusionOptions) -> ExclusionOutcome:
    """Leave the gaze of readings out that break a rule; what they say, and whether it is right, stays."""
    readings = known.study.table("readings")[["reading", "reader"]]
    fixations = known.fixations
    usable = readings[readings["reading"].isin(fixations["reading"].unique())]
    left_out = _left_out(known, usable, options)
    kept = usable[~usable["reading"].isin(left_out["reading"])]
    if kept.empty:
        # Without these rules all would be analysed, against what the study asks for: so this is no "not possible".
        place, count = known.study.folder / "study.toml", many(len(usable), "reading")
        raise InputError(f"{place}, analyses.exclusions: the rules leave none of {count} with gaze; set them lower")
    flow = _flow(readings, usable, left_out, kept)
    if left_out.empty:
        return ExclusionOutcome(left_out=left_out, flow=flow, tables={"exclusion_flow": flow})
    names = [name for name in ("fixations", "saccades", "quality") if known.has(name)]
    tables = {name: _without(known.table(name), left_out["reading"]) for name in names}
    return ExclusionOutcome(
        left_out=left_out,
        flow=flow,
        tables={**tables, "exclusions": left_out, "exclusion_flow": flow},
        counts={"readings whose gaze is left out": len(left_out)},
        settings=asdict(options),
    )


def _without(table: pd.DataFrame, readings: pd.Series) -> pd.DataFrame:
    return table[~table["reading"].isin(readings)].reset_index(drop=True)


def _left_out(known: StudyResult, usable: pd.DataFrame, options: ExclusionOptions) -> pd.DataFrame:
    """One row a reading that breaks a rule: reading, reader and the first rule."""
    broken = {
        f"over {options.max_loss:.0%} of samples lost": _lossy(known, options.max_loss),
        f"fewer than {options.min_fixations} fixations": _short(known.fixations, options.min_fixations),
        "median fixation off the image": _off_image(known) if options.off_image else [],
    }
    parts = [usable[usable["reading"].isin(readings)].assign(rule=rule) for rule, readings in broken.items()]
    rows = pd.concat(parts).drop_duplicates("reading")
    shares = rows["reader"].value_counts() / usable["reader"].value_counts()
    readers = shares[shares > options.max_share_of_reader].index
    rest = usable[usable["reader"].isin(readers) & ~usable["reading"].isin(rows["reading"])]
    rule = f"reader with over {options.max_share_of_reader:.0%} of readings left out"
    return pd.concat([rows, rest.assign(rule=rule)], ignore_index=True)


def _lossy(known: StudyResult, max_loss: float) -> list[object]:
    if not known.has("quality"):
        return []
    quality = known.table("quality")
    return quality.loc[quality["loss"] > max_loss, "reading"].tolist()


def _short(fixations: pd.DataFrame, min_fixations: int) -> list[object]:
    counts = fixations["reading"].value_counts()
    return counts[counts < min_fixations].index.tolist()


def _off_image(known: StudyResult) -> list[object]:
    middle = known.fixations.groupby("reading", observed=True)[["x", "y"]].median()
    size = known.study.images.set_index("reading").loc[middle.index]
    inside = middle["x"].between(0, size["width"]) & middle["y"].between(0, size["height"])
    return middle.index[~inside].tolist()


def _flow(readings: pd.DataFrame, usable: pd.DataFrame, left_out: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Readings and readers at each step; `kind` says whether they go on ("in") or are left out ("out")."""
    without = readings[~readings["reading"].isin(usable["reading"])]
    steps = [("All readings", "in", readings)]
    steps += [("No gaze, or none that can be used", "out", without)] * bool(len(without))
    steps += [("With gaze", "in", usable)] * bool(len(without))
    rules = left_out.groupby("rule", sort=False)
    steps += [(str(rule)[0].upper() + str(rule)[1:], "out", rows) for rule, rows in rules]
    steps += [("Gaze analysed", "in", kept)]
    counts = [(name, kind, len(rows), rows["reader"].nunique()) for name, kind, rows in steps]
    return pd.DataFrame(counts, columns=["step", "kind", "readings", "readers"])


def show(known: StudyResult, outcome: ExclusionOutcome) -> Iterator[Part]:
    """The flow diagram, and which rule left how many out."""
    text = "Rules leave out the gaze of a reading; what its reader said stays. "
    count = len(outcome.left_out)
    text += f"Left out: {many(count, 'reading')}." if count else "No rule of [analyses.exclusions] leaves anything out."
    drawn = report.flow_diagram(outcome.flow)
    yield Part("Flow of readings", text, {"flow": report.Picture(drawn, "From all readings to those analysed.")})


ANALYSIS = Analysis(
    name="exclusions",
    question="Whose gaze is left out, by which rule, and what stays (flow diagram)?",
    run=run,
    options=ExclusionOptions,
    needs=("fixations",),
    uses=("quality", "saccades"),
    makes=("exclusions", "exclusion_flow"),
    refines=("fixations", "saccades", "quality"),
    check=check,
    show=show,
    page=19,
)
