"""What is known of a study: the outcome of each analysis so far, by name, and the tables that they made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gazeanalytics.brief import Brief
from gazeanalytics.study.shards import Progress
from gazeanalytics.study.study import Study

if TYPE_CHECKING:
    from gazeanalytics.stats import MixedFit
    from gazeanalytics.strategies import Archetypes, StrategyModel
    from gazeanalytics.study.config import ModelConfig

__all__ = ["EventsOutcome", "ModelsOutcome", "NotPossibleError", "Outcome", "StrategiesOutcome", "StudyResult"]


class NotPossibleError(Exception):
    """These data can't answer the question of an analysis; the message says why, in a clause that follows "because".

    Examples
    --------
    >>> str(NotPossibleError("no case was read twice"))
    'no case was read twice'
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Brief):
    """What one analysis found.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        Tables by name, for the analyses that need them and for the folder `data/`.
    by_reading : pandas.DataFrame or None
        Columns that join the table `readings`: one row a reading, with the key `reading`.
    counts : mapping of str to int
        Rows in and out, for the provenance.
    settings : mapping of str to object
        Values that the numbers depend on, for the provenance and the methods paragraph.

    Examples
    --------
    >>> Outcome(counts={"readings out": 3}).counts
    {'readings out': 3}
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    by_reading: pd.DataFrame | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsOutcome(Outcome):
    """Fixations of all readings, with saccades and recording quality where there is raw gaze.

    Examples
    --------
    >>> EventsOutcome(fixations=pd.DataFrame({"reading": [1]})).saccades is None
    True
    """

    fixations: pd.DataFrame
    saccades: pd.DataFrame | None = None
    quality: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategiesOutcome(Outcome):
    """Search strategies: the fitted model, and the archetypes where the readings are a continuum."""

    fitted: StrategyModel
    archetypes: Archetypes | None = None
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsOutcome(Outcome):
    """Mixed models: what was asked, what was fitted to which rows, and why the others could not be fitted.

    Examples
    --------
    >>> ModelsOutcome(models={}, rows=pd.DataFrame(), fits={}).refused
    {}
    """

    models: Mapping[str, ModelConfig]
    rows: pd.DataFrame
    fits: Mapping[str, MixedFit]
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class StudyResult(Brief):
    """All that the analyses of a study found; it grows as they run, each seeing those before it.

    Attributes
    ----------
    study : Study
        What is analysed.
    outcomes : dict of str to Outcome
        By the name of the analysis, in the order in which they ran.
    skipped : dict of str to str
        Why an analysis was not possible, by its name.
    counts : dict of str to int
        Rows in and out of all steps.
    keep : pathlib.Path or None
        Folder for finished parts of long work, so that a killed run goes on where it stopped.
    progress : callable or None
        Called as `progress(step, done, total)` by long work.

    Examples
    --------
    >>> from gazeanalytics.study import analyse
    >>> from gazeanalytics.study.examples import example_study
    >>> found = analyse(example_study(), only=["readings"])
    >>> found.readings.loc[found.readings["reader"] == "ann", "correct"].tolist()
    [1.0, 1.0]
    >>> found.skipped["strategies"][:30]
    'strategies need at least 50 re'
    """

    study: Study
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    keep: Path | None = field(default=None, repr=False)
    progress: Progress | None = field(default=None, repr=False)

    def has(self, name: str) -> bool:
        """Whether a table is there: made by an analysis, or part of the study."""
        return any(name in outcome.tables for outcome in self.outcomes.values()) or self.study.has(name)

    def table(self, name: str) -> pd.DataFrame:
        """Give a table: the one that an analysis made, else the study's own.

        Raises
        ------
        InputError
            If neither has it.
        """
        made = [outcome.tables[name] for outcome in self.outcomes.values() if name in outcome.tables]
        return made[-1] if made else self.study.table(name)

    def people(self) -> pd.DataFrame:
        """Rows of `readings` by people, AI readers left out."""
        readings = self.readings
        return readings[readings["kind"] == "person"]

    @property
    def fixations(self) -> pd.DataFrame:
        """Table `fixations`."""
        return self.table("fixations")

    @property
    def timed_fixations(self) -> pd.DataFrame:
        """Fixations whose duration is known.

        Raises
        ------
        NotPossibleError
            If there are none: points of attention have an order, and no place in time.
        """
        fixations = self.fixations
        timed = fixations[fixations["duration"].notna()] if "duration" in fixations else fixations.iloc[:0]
        if timed.empty:
            raise NotPossibleError("the gaze is points of attention without durations, which have no place in time")
        return timed

    @property
    def features(self) -> pd.DataFrame:
        """Table `features`: one row a reading with gaze."""
        return self.table("features")

    @property
    def findings(self) -> pd.DataFrame:
        """Table `findings`: what each step of a trace says of each finding."""
        return self.table("findings")

    @property
    def readings(self) -> pd.DataFrame:
        """Table `readings`: one row a reading, all joined."""
        return self.table("readings")

    @property
    def estimates(self) -> pd.DataFrame:
        """Table `estimates` of all mixed models; empty when none was fitted."""
        return self.table("estimates") if self._made("estimates") else pd.DataFrame()

    @property
    def events(self) -> EventsOutcome | None:
        """Fixations, saccades and quality; None in a study without gaze."""
        outcome = self.outcomes.get("events")
        return outcome if isinstance(outcome, EventsOutcome) else None

    @property
    def strategies(self) -> StrategyModel | None:
        """The fitted search strategies; None where `skipped` says why."""
        outcome = self.outcomes.get("strategies")
        return outcome.fitted if isinstance(outcome, StrategiesOutcome) else None

    @property
    def archetypes(self) -> Archetypes | None:
        """The archetypes of a continuum; None where there is none."""
        outcome = self.outcomes.get("strategies")
        return outcome.archetypes if isinstance(outcome, StrategiesOutcome) else None

    @property
    def fits(self) -> Mapping[str, MixedFit]:
        """The fitted mixed models, by name."""
        outcome = self.outcomes.get("models")
        return outcome.fits if isinstance(outcome, ModelsOutcome) else {}

    def _made(self, name: str) -> bool:
        return any(name in outcome.tables for outcome in self.outcomes.values())
