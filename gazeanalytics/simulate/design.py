"""What a simulated study looks like: who reads what, under which screen and tracker, with which planted effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from gazeanalytics.brief import Brief
from gazeanalytics.geometry import Screen

__all__ = ["CONTEXTS", "STRATEGIES", "Design", "Effects", "Model", "Tracker"]

STRATEGIES = ("systematic", "circumferential", "central", "holistic")
"""Search strategies that can be planted; the first is the reference level of the effects."""

CONTEXTS = ("none", "indication", "indication_and_prior")
"""Clinical context a case comes with; the first is the reference level of the effects."""

COUNTRY_LIMIT = 71


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects(Brief):
    """Planted effects on one outcome: fixed effects and standard deviations of random intercepts, on the logit scale.

    Attributes
    ----------
    intercept : float
        The reference strategy, no clinical context, no experience, the average reader, country and case.
    strategy, context : mapping of str to float
        Shift of each level; a level that is not named has none.
    per_10_years : float
        Shift with ten more years of experience.
    reader_sd, country_sd, case_sd : float
        Standard deviations of the crossed random intercepts.
    residual_sd : float
        Standard deviation of a single reading about all that; 0 for accuracy, whose chance is in the coin.

    Examples
    --------
    >>> effects = Effects(intercept=0.9, strategy={"holistic": 0.6}, reader_sd=0.45)
    >>> effects.strategy["holistic"]
    0.6
    """

    intercept: float
    strategy: Mapping[str, float] = field(default_factory=dict)
    per_10_years: float = 0.0
    context: Mapping[str, float] = field(default_factory=dict)
    reader_sd: float = 0.0
    country_sd: float = 0.0
    case_sd: float = 0.0
    residual_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("reader_sd", "country_sd", "case_sd", "residual_sd"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"effects: {name} must be 0 or more; got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    r"""An AI reader: it writes traces and never looks.

    Attributes
    ----------
    name, version : str
        What it is called.
    style : {"think", "boxed", "plain"}
        Its output: `<think>...</think><answer>...</answer>`, an answer in `\boxed{...}`, or sentences alone.
    accuracy_logit, uncertainty_logit : float
        Its own level of both outcomes, in place of the effects that people follow.

    Examples
    --------
    >>> Model(name="reasoner", style="think").style
    'think'
    """

    name: str
    version: str = "1"
    style: str = "plain"
    accuracy_logit: float = 1.0
    uncertainty_logit: float = -2.0

    def __post_init__(self) -> None:
        if self.style not in ("think", "boxed", "plain"):
            raise ValueError(f"model {self.name!r}: style must be 'think', 'boxed' or 'plain'; got {self.style!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """Noise of an eye and a video eye tracker: drift, tremor, oscillation, RMS-S2S noise, blinks, losses.

    Attributes
    ----------
    rms_s2s_deg : float
        White noise of the tracker, as the root mean square of sample-to-sample distances (RMS-S2S, deg).
    drift_deg : float
        Standard deviation of slow drift about the place of a fixation (deg).
    drift_time_ms : float
        Time in which drift, which is smooth, forgets where it was.
    tremor_deg, tremor_hz : float
        Amplitude and frequency of tremor.
    oscillation : float
        Post-saccadic oscillation: amplitude as a share of the saccade's; 0 for none.
    oscillation_hz, oscillation_decay_ms : float
        Its frequency and the time in which it falls to 1/e.
    blinks_per_s, losses_per_s : float
        Mean rates of blinks and of short losses of the signal.
    loss_ms : float
        Mean length of such a loss.

    Examples
    --------
    >>> Tracker(rms_s2s_deg=0.1, blinks_per_s=0.0).rms_s2s_deg
    0.1
    """

    rms_s2s_deg: float = 0.03
    drift_deg: float = 0.15
    drift_time_ms: float = 100.0
    tremor_deg: float = 0.003
    tremor_hz: float = 85.0
    oscillation: float = 0.10
    oscillation_hz: float = 25.0
    oscillation_decay_ms: float = 12.0
    blinks_per_s: float = 0.12
    losses_per_s: float = 0.05
    loss_ms: float = 30.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not value >= 0:
                raise ValueError(f"tracker: {entry.name} must be 0 or more; got {value}")


def _accuracy() -> Effects:
    return Effects(
        intercept=0.9,
        strategy={"circumferential": 0.3, "central": -0.4, "holistic": 0.6},
        per_10_years=0.25,
        context={"indication": 0.3, "indication_and_prior": 0.5},
        reader_sd=0.45,
        country_sd=0.25,
        case_sd=0.8,
    )


def _uncertainty() -> Effects:
    return Effects(
        intercept=-1.3,
        strategy={"circumferential": -0.15, "central": 0.3, "holistic": -0.3},
        per_10_years=-0.1,
        context={"indication": -0.15, "indication_and_prior": -0.3},
        reader_sd=0.2,
        country_sd=0.1,
        case_sd=0.25,
        residual_sd=0.35,
    )


def _models() -> tuple[Model, ...]:
    return (
        Model(name="thinker", style="think", accuracy_logit=1.4, uncertainty_logit=-2.4),
        Model(name="boxer", style="boxed", accuracy_logit=1.1, uncertainty_logit=-2.0),
        Model(name="plain", style="plain", accuracy_logit=0.7, uncertainty_logit=-1.6),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Design of a simulated reader study whose truth is known.

    Attributes
    ----------
    readers, cases : int
        People and images.
    readings_per_case : float, optional
        How many people read each case, drawn independently for each case; None when everyone reads everything. Of 2.5,
        every other case has a third reader.
    countries : int
        Countries that readers come from (at most 71, real names).
    models : tuple of Model
        AI readers; each reads every case.
    strategies : tuple of str
        Those of `STRATEGIES` that people use.
    strategy_trait_sd : float
        How much people differ in what they prefer, SD of the log-odds of a strategy; 0 when all are alike.
    prevalence : float
        Share of cases that show their target finding.
    accuracy, uncertainty : Effects
        Planted effects on the logit of a correct reading, and on logit(2 min(p, 1 - p)) of its stated probability p.
    shared : float
        Correlation between the accuracy and the certainty of a reader, of a country and of a case.
    level : {"gaze", "points"}
        What a study on disk records: raw gaze of an eye tracker in our own tables, or the points of a cursor that
        follows attention, without time and duration, in a platform's own files with a map (`study.toml`).
    rate_hz : float
        Sampling rate of the tracker, 30 to 2000.
    screen : Screen
        On which the image is fitted, centred.
    tracker : Tracker
        Noise and losses.
    embedding_size : int
        Length of the image embeddings that a study of level "points" brings, 0 for none. They hold how hard a case is
        for people, with correlation `embedding_signal`, along one direction of many.
    embedding_signal : float
        That correlation.

    Examples
    --------
    >>> design = Design(readers=12, cases=30, readings_per_case=4)
    >>> design.person_readings
    120
    >>> design.without_strategy_effects().accuracy.strategy
    {}
    """

    readers: int = 60
    cases: int = 200
    readings_per_case: float | None = None
    countries: int = 10
    models: tuple[Model, ...] = field(default_factory=_models)
    strategies: tuple[str, ...] = STRATEGIES
    strategy_trait_sd: float = 1.0
    prevalence: float = 0.5
    accuracy: Effects = field(default_factory=_accuracy)
    uncertainty: Effects = field(default_factory=_uncertainty)
    shared: float = 0.5
    level: str = "gaze"
    rate_hz: float = 250.0
    screen: Screen = field(default_factory=lambda: Screen(2560, 1440, 597, 336, 650))
    tracker: Tracker = field(default_factory=Tracker)
    embedding_size: int = 0
    embedding_signal: float = 0.8

    @classmethod
    def like_chexthought(cls, share: float = 1.0) -> Design:
        """Design with the shape of CheXthought (arXiv 2604.26288): 501 readers of 71 countries, 103,592 readings.

        People leave attention points without duration, about 64 a reading, and words; three AI readers leave words.

        Parameters
        ----------
        share : float
            Of the 50,312 cases. Readers and countries shrink by its root, so that both keep several readings each.

        Examples
        --------
        >>> whole, small = Design.like_chexthought(), Design.like_chexthought(0.01)
        >>> whole.readers, whole.countries, whole.person_readings
        (501, 71, 103592)
        >>> small.readers, small.countries, small.person_readings
        (50, 7, 1036)
        """
        if not 0.001 <= share <= 1:
            raise ValueError(f"share: expected a number from 0.001 to 1; got {share}")
        return cls(
            readers=round(501 * share**0.5),
            countries=max(round(71 * share**0.5), 2),
            cases=round(50_312 * share),
            readings_per_case=103_592 / 50_312,
            level="points",
            embedding_size=32,
        )

    def __post_init__(self) -> None:
        _check_counts(self)
        _check_levels(self)
        for name, low, high in (
            ("prevalence", 0, 1),
            ("shared", -1, 1),
            ("rate_hz", 30, 2000),
            ("embedding_size", 0, 4096),
            ("embedding_signal", 0, 1),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"design: {name} must lie between {low} and {high}; got {getattr(self, name)}")
        if not self.strategy_trait_sd >= 0:
            raise ValueError(f"design: strategy_trait_sd must be 0 or more; got {self.strategy_trait_sd}")

    @property
    def person_readings(self) -> int:
        """How many readings people make; models add `cases` each."""
        return round(self.cases * (self.readings_per_case or self.readers))

    def without_strategy_effects(self) -> Design:
        """Return the null design: strategies still shape the eye's path, but neither accuracy nor certainty."""
        return replace(
            self,
            accuracy=replace(self.accuracy, strategy={}),
            uncertainty=replace(self.uncertainty, strategy={}),
        )


def _check_counts(design: Design) -> None:
    for name in ("readers", "cases", "countries"):
        count = getattr(design, name)
        if count < 1:
            raise ValueError(f"design: {name} must be at least 1; got {count}")
    if design.countries > COUNTRY_LIMIT:
        raise ValueError(f"design: there are names for {COUNTRY_LIMIT} countries; got {design.countries}")
    each = design.readings_per_case
    if each is not None and not 1 <= each <= design.readers:
        raise ValueError(f"design: readings_per_case must lie between 1 and readers = {design.readers}; got {each}")


def _check_levels(design: Design) -> None:
    if design.level not in ("gaze", "points"):
        raise ValueError(f"design: level must be 'gaze' or 'points'; got {design.level!r}")
    if not design.strategies or len(set(design.strategies)) < len(design.strategies):
        raise ValueError(f"design: strategies must be different names, at least one; got {design.strategies}")
    for effects in (design.accuracy, design.uncertainty):
        _check_known("strategy", (*design.strategies, *effects.strategy), STRATEGIES)
        _check_known("context", tuple(effects.context), CONTEXTS)


def _check_known(what: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"design: {what} must be one of {', '.join(known)}; got {name!r}")
