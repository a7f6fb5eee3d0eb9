"""What a reading concludes of each finding: a state machine over its statements in time, under four rules.

Claims come and go: a statement replaces earlier claims of the same thing at the same place, a retraction undoes what it
names, a question commits to nothing. What is left in the end is the conclusion. The surest claim of presence (as in
CheXpert's aggregation, rule `any`) was kept for documents alone: of a reader who thinks aloud and takes a finding back
it reports the error that was corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, ASKED, PRESENT_FROM, status
from gazeanalytics.reasoning.labeler.lexicons import FINDINGS, lexicon

__all__ = ["RULES", "Rule", "conclude", "trace_path"]

Rule = Literal["final", "latest", "surest", "any"]
RULES: tuple[Rule, ...] = ("final", "latest", "surest", "any")

_EVEN = 0.5
_SURE_OF_NONE = 0.98
_WHOLE = frozenset({"healthy_chest"})
_NOTHING_ACUTE = "nothing_acute"
_MAY_BE_OLD = frozenset({"lung_lesion", "fracture", "cardiomegaly", "enlarged_cardiomediastinum", "pleural_other"})
_PLACES = ("side", "zone", "severity", "change")
_COLUMNS = ("finding", "concept", "act", *_PLACES)
_THE_WHOLE = frozenset({"whole"})
_THE_ACUTE = frozenset({"acute"})
_NOT_LARGE = frozenset({"severe", "moderate"})
_SLIGHT = frozenset({"minimal", "mild"})
_RESERVED = 0.05  # what "no large ..." and "no definite ..." state
_OLD = frozenset({"unchanged"})


@dataclass(slots=True)
class _Claim:
    """A statement that is in force: its row, what it states, of what and where."""

    row: int
    p: float
    groups: frozenset[str]
    side: str | None
    zone: str | None
    severity: str | None
    change: str | None
    act: str


@cache
def _groups(concept: str) -> frozenset[str]:
    return lexicon("chexpert").groups.get(concept, frozenset({concept}))


# A claim is of a thing at a place. Keyed by finding alone, "no left effusion" would take back the right one, and "no
# infiltrate" an opacity that was just described as scarring; keyed by the words alone, "heart size is normal" would
# leave "cardiomegaly" standing. Hence groups of concepts that name one thing, and places that must meet.
def _supersedes(new: _Claim, old: _Claim) -> bool:
    """Whether a statement is about the same thing at the same place as an earlier one, and so replaces it."""
    if old.act in ("asked", "implied"):
        return True
    if new.groups.isdisjoint(old.groups):
        return new.act == "retracted" and new.p <= ABSENT_TO and not new.groups
    if not (_meet(new.side, old.side) and _meet(new.zone, old.zone)):
        return False
    if new.p <= ABSENT_TO < old.p and new.act not in ("retracted", "revised", "concluded"):
        # "small effusion ... no large effusion", "old fracture ... no acute fracture"
        if (new.severity in _NOT_LARGE and old.severity != new.severity) or (
            new.p == _RESERVED and old.severity in _SLIGHT
        ):
            return False
        if new.change == "new" and old.change in _OLD:
            return False
    return True


def _meet(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other or "both" in (one, other)


def _step(claims: list[_Claim], new: _Claim, rule: Rule) -> list[_Claim]:
    """The claims in force once `new` is said."""
    if new.act == "asked":
        return claims or [new]
    if new.act == "implied" and new.groups == _THE_ACUTE:  # "old rib fracture ... nothing acute"
        return [claim for claim in claims if claim.p > _EVEN and claim.act not in ("asked", "implied")] or [new]
    if new.act == "implied" and "whole" not in new.groups:
        return [claim for claim in claims if claim.act != "asked"] or [new]
    if new.act == "implied":
        return [new]
    if rule == "final" and new.act in ("stated", "hedged", "compared"):
        concluded = [claim for claim in claims if claim.act == "concluded"]
        if any(_supersedes(new, claim) for claim in concluded):
            return claims
    return [claim for claim in claims if not _supersedes(new, claim)] + [new]


# Of claims at several places the surest presence speaks for the finding, as a report's summary would. A mean of
# them would let a clear left side halve the certainty of a right-sided effusion.
def _in_force(claims: list[_Claim]) -> _Claim:
    return max(claims, key=lambda claim: claim.p)


@dataclass(slots=True)
class _Statements:
    """The columns of a findings table as lists, read once."""

    p: list[float]
    concept: list
    act: list
    places: list[list]
    finding: list[str]

    @classmethod
    def of(cls, findings: pd.DataFrame) -> _Statements:
        blank: list = [None] * len(findings)
        have: dict[str, list] = {name: findings[name].tolist() if name in findings else blank for name in _COLUMNS}
        named = [
            one if isinstance(one, str) else str(other)
            for one, other in zip(have["concept"], have["finding"], strict=True)
        ]
        places = [[value if isinstance(value, str) else None for value in have[name]] for name in _PLACES]
        return cls(findings["certainty"].tolist(), named, have["act"], places, have["finding"])

    def claims(self, rows: Iterable[int]) -> Iterator[_Claim]:
        """The statements in those rows, in order."""
        for row in rows:
            p, act, named = self.p[row], self.act[row], self.concept[row]
            kind = act if isinstance(act, str) else "asked" if p == ASKED[0] else "stated"
            groups = _groups(named)
            if kind == "implied" and (named in _WHOLE or named == _NOTHING_ACUTE):
                old = named == _NOTHING_ACUTE and self.finding[row] in _MAY_BE_OLD
                groups = _THE_ACUTE if old else _THE_WHOLE
            side, zone, severity, change = self.places
            yield _Claim(row, p, groups, side[row], zone[row], severity[row], change[row], kind)


def _ordered(findings: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows in order of reading, finding and time; and where each reading and finding begins among them."""
    reading = pd.factorize(findings["reading"])[0]
    finding = pd.factorize(findings["finding"].astype(str))[0]
    start = findings["start"].to_numpy(float) if "start" in findings else np.arange(len(findings), dtype=float)
    # An answer stands in the same step as the reasoning before it.
    part = findings["part"].eq("answer").to_numpy() if "part" in findings else np.zeros(len(findings))
    order = np.lexsort((np.arange(len(findings)), start, part, findings["step"].to_numpy(float), finding, reading))
    reading, finding = reading[order], finding[order]
    new = np.ones(len(order), bool)
    new[1:] = (reading[1:] != reading[:-1]) | (finding[1:] != finding[:-1])
    return order, np.flatnonzero(new)


def trace_path(findings: pd.DataFrame, *, rule: Rule = "latest") -> pd.DataFrame:
    """Follow each reading's mind on each finding: what is in force after every statement, and where it turned.

    Parameters
    ----------
    findings : pandas.DataFrame
        The `findings` table, from `label_findings`.
    rule : {"final", "latest"}
        As in `conclude`.

    Returns
    -------
    pandas.DataFrame
        The findings, in order of reading, finding and time, with `before` and `after` (certainty in force; NaN before
        the first) and `reversal`: whether a call of present (from .5) became one of absent, or the reverse.

    Examples
    --------
    >>> from gazeanalytics.reasoning import label_text
    >>> found = label_text("A left pneumothorax. Wait, that's a skin fold.").assign(reading=1, step=0)
    >>> trace_path(found)[["finding", "act", "before", "after", "reversal"]]
            finding        act  before  after  reversal
    0  pneumothorax     stated     NaN   0.98     False
    1  pneumothorax  retracted    0.98   0.10      True
    """
    order, starts = _ordered(findings)
    before, after = np.full(len(order), np.nan), np.full(len(order), np.nan)
    statements = _Statements.of(findings)
    for first, last in zip(starts, [*starts[1:], len(order)], strict=True):
        claims: list[_Claim] = []
        for at, claim in enumerate(statements.claims(order[first:last].tolist()), first):
            before[at] = _in_force(claims).p if claims else np.nan
            claims = _step(claims, claim, rule)
            after[at] = _in_force(claims).p
    turned = ~np.isnan(before) & ((before >= 0.5) != (after >= 0.5))
    return findings.iloc[order].reset_index(drop=True).assign(before=before, after=after, reversal=turned)


def conclude(
    findings: pd.DataFrame,
    *,
    rule: Rule = "final",
    readings: Iterable | None = None,
    no_finding: bool = True,
    present_from: float = PRESENT_FROM,
    absent_to: float = ABSENT_TO,
) -> pd.DataFrame:
    """Draw one conclusion a reading and finding from its mentions.

    Rules. *final*: what is said as a conclusion ("final diagnosis: ...", "in summary ...", the answer of an AI reader),
    else as latest. *latest*: the claims in force at the end: a later statement replaces an earlier one of the same
    thing at the same place, a retraction undoes what it names; of claims of several places the greatest certainty.
    *surest*: the statement farthest from .5, either way. *any*: the claim of presence with the greatest certainty; this
    is CheXpert's rule for reports (any positive wins, then any uncertain). Statements about the whole ("normal chest")
    count where nothing else is said of a finding. `no_finding` follows from the others: its certainty is 1 less the
    greatest certainty of any finding that isn't a support device.

    Parameters
    ----------
    findings : pandas.DataFrame
        The `findings` table; with a column `part` (reasoning, answer: see `label_readings`), readings that have an
        answer are concluded from it alone.
    rule : {"final", "latest", "surest", "any"}
        See above.
    readings : iterable, optional
        All readings: those without any mention then conclude `no_finding`. Default: those that mention something.
    no_finding : bool
        Whether to conclude `no_finding` too.
    present_from, absent_to : float
        As in `label_findings`.

    Returns
    -------
    pandas.DataFrame
        reading, finding, status, certainty, low, high, mentions; in order of reading, then of CheXpert's findings.

    See Also
    --------
    trace_path : the way to the conclusion, statement by statement.

    Examples
    --------
    >>> from gazeanalytics.reasoning import label_findings
    >>> traces = pd.DataFrame({"reading": [1, 1], "step": [0, 1],
    ...     "text": ["Possible pneumonia.", "On second look there is no pneumonia."]})
    >>> found = label_findings(traces)
    >>> [conclude(found, rule=rule)["status"].tolist()[1] for rule in ("any", "final")]
    ['uncertain', 'absent']
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(map(repr, RULES))}; got {rule!r}")
    known = list(dict.fromkeys([*findings["reading"], *(readings if readings is not None else ())]))
    findings = _of_answers(findings)
    rows = findings[["reading", "finding", "certainty", "low", "high"]].reset_index(drop=True)
    rows["finding"] = rows["finding"].astype(str)
    picked, counts = _picked(findings, rule)
    decided = rows.iloc[picked].assign(mentions=counts)
    if no_finding:
        decided = _with_no_finding(decided, known)
    decided.insert(2, "status", status(decided["certainty"], present_from=present_from, absent_to=absent_to))
    return _in_order(decided, known)


def _of_answers(findings: pd.DataFrame) -> pd.DataFrame:
    """Leave out the reasoning of readings that have an answer."""
    if "part" not in findings:
        return findings
    answered = findings.loc[findings["part"].eq("answer"), "reading"].unique()
    return findings[~(findings["part"].eq("reasoning") & findings["reading"].isin(answered))]


def _picked(findings: pd.DataFrame, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """Row that decides each reading and finding, and how many mentions these have."""
    order, starts = _ordered(findings)
    stops = np.append(starts[1:], len(order))
    picked = order[starts]
    if not len(order):
        return picked, stops - starts
    said = findings[["certainty", "low", "high"]].to_numpy(float)[order]
    # Where all statements say the same, each decides alike.
    differ = (np.maximum.reduceat(said, starts) != np.minimum.reduceat(said, starts)).any(axis=1)
    several = np.flatnonzero(differ)
    if not len(several):
        return picked, stops - starts
    statements = _Statements.of(findings)
    for place in several:
        rows = order[starts[place] : stops[place]].tolist()
        picked[place] = _decide(list(statements.claims(rows)), rule)
    return picked, stops - starts


def _decide(claims: list[_Claim], rule: Rule) -> int:
    if rule in ("any", "surest"):
        stated = [claim for claim in claims if claim.act not in ("asked", "implied")]
        stated = stated or [claim for claim in claims if claim.act != "asked"] or claims
        key = (lambda claim: claim.p) if rule == "any" else (lambda claim: abs(claim.p - 0.5))
        return max(reversed(stated), key=key).row
    force: list[_Claim] = []
    for claim in claims:
        force = _step(force, claim, rule)
    return _in_force(force).row


def _with_no_finding(decided: pd.DataFrame, known: list) -> pd.DataFrame:
    """Replace what is said of `no_finding` by what the other findings leave of it."""
    others = decided[~decided["finding"].isin(["no_finding", "support_devices"])]
    worst = others.groupby("reading", observed=True)[["certainty", "low", "high"]].max().reindex(known)
    said = decided[decided["finding"].eq("no_finding")].set_index("reading")["mentions"].reindex(known)
    rest = pd.DataFrame(
        {
            "reading": known,
            "finding": "no_finding",
            "certainty": (1 - worst["certainty"]).fillna(_SURE_OF_NONE).to_numpy(),
            "low": (1 - worst["high"]).fillna(1 - 2 * (1 - _SURE_OF_NONE)).to_numpy(),
            "high": (1 - worst["low"]).fillna(1.0).to_numpy(),
            "mentions": said.fillna(0).to_numpy(np.int64),
        }
    )
    return pd.concat([decided[~decided["finding"].eq("no_finding")], rest], ignore_index=True)


def _in_order(decided: pd.DataFrame, known: list) -> pd.DataFrame:
    names = [*FINDINGS, *sorted(set(decided["finding"]) - set(FINDINGS))]
    reading = pd.Series({key: place for place, key in enumerate(known)})
    order = np.lexsort((decided["finding"].map(names.index), decided["reading"].map(reading).astype(np.int64)))
    return decided.iloc[order].reset_index(drop=True)
