"""Traces of people and outputs of AI readers -> one table of findings, and what each reading concludes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gazeanalytics.reasoning.ai.outputs import parse_outputs
from gazeanalytics.reasoning.ai.spelling import line_up, spell_options, spell_rows
from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, PRESENT_FROM, status
from gazeanalytics.reasoning.labeler.conclusions import RULES, Rule, conclude
from gazeanalytics.reasoning.labeler.extending import extend
from gazeanalytics.reasoning.labeler.findings import label_findings
from gazeanalytics.reasoning.labeler.lexicons import Lexicon, lexicon
from gazeanalytics.settings import Settings

__all__ = ["ReasoningSettings", "conclude_readings", "label_readings", "rule_sensitivity"]

# A finding that the answer leaves out is not called; what the reasoning said of it no longer stands.
_YES_OR_NO = re.compile(r"\W*(?:yes|no)\W*", re.IGNORECASE)
_ANY_TAG = re.compile(r"</?[a-z]{2,12}>|\\boxed|final answer\s*:|answer\s*:", re.IGNORECASE)
_OMITTED = (0.10, 0.0, 0.40)


@dataclass(frozen=True, slots=True)
class ReasoningSettings(Settings):
    """How traces are read; `[reasoning]` in study.toml.

    Attributes
    ----------
    rule : {"final", "latest", "surest", "any"}
        How the statements of a person's trace become one conclusion a finding: see `conclude`.
    model_rule : {"final", "latest", "surest", "any"}
        The same for AI readers.
    present_from, absent_to : float
        Certainty from which a statement counts as present, and up to which as absent. Both are policy: by default
        "likely" and "suggests" are present, "probable" and "concerning for" (.70) uncertain, as CheXpert's own word
        lists have it; .70 makes "concerning for", "suspicious for" and "worrisome for" present.
    implied : bool
        Whether "normal chest radiograph" and its like speak of each finding that they cover.
    languages : tuple of str
        Languages that are read; texts in others are set aside and counted (`attrs["set_aside"]` of the findings).
    phrases : dict of str to list of str
        Own phrases that name a finding, beside the built-in English ones: see `extend`.
    hedges : dict of str to float
        Own words of certainty and the probability that they state.

    Examples
    --------
    >>> ReasoningSettings.from_mapping({"rule": "any"}).rule
    'any'
    """

    rule: Rule = "final"
    model_rule: Rule = "final"
    present_from: float = PRESENT_FROM
    absent_to: float = ABSENT_TO
    implied: bool = True
    languages: tuple[str, ...] = ("en",)
    phrases: dict = field(default_factory=dict)
    hedges: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the two thresholds, and that own phrases can be read."""
        status(0.5, present_from=self.present_from, absent_to=self.absent_to)
        self.lexicon()

    def lexicon(self) -> Lexicon:
        """The words that are looked for: CheXpert's findings, and what the study adds."""
        base = lexicon("chexpert")
        return extend(base, phrases=self.phrases, hedges=self.hedges) if self.phrases or self.hedges else base


def label_readings(
    traces: pd.DataFrame,
    by_model: pd.Series | np.ndarray,
    settings: ReasoningSettings | Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Find what each reading says of each observation; an AI reader's final answer counts before its reasoning.

    Parameters
    ----------
    traces : pandas.DataFrame
        The `traces` table: reading, step, text.
    by_model : array_like of bool, shape (rows of traces,)
        Whether an AI reader wrote the row.
    settings : ReasoningSettings or mapping, optional
        See there.

    Returns
    -------
    pandas.DataFrame
        The `findings` table of `label_findings` with `part` (reasoning or answer; missing for people) and `disagrees`:
        whether an answer calls a finding the other way than the reasoning before it does. What the reasoning claimed
        and the answer leaves out has a row with `act` omitted.

    See Also
    --------
    conclude_readings : one conclusion a reading and finding.

    Examples
    --------
    >>> text = "<think>A left pneumothorax, I think.</think><answer>No pneumothorax</answer>"
    >>> traces = pd.DataFrame({"reading": [1], "step": [0], "text": [text]})
    >>> label_readings(traces, [True])[["part", "finding", "status", "disagrees"]]
            part       finding   status  disagrees
    0  reasoning  pneumothorax  present      False
    1     answer  pneumothorax   absent       True
    """
    chosen = ReasoningSettings.given(settings)
    written = np.asarray(by_model, bool)
    spoken = _labelled(traces[~written], chosen)
    parts = [spoken.assign(part=pd.Series(None, spoken.index, object), disagrees=False)]
    if written.any():
        parts.append(_label_outputs(traces[written], chosen))
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    counted = [part.attrs.get("set_aside", {}) for part in parts]
    table.attrs["set_aside"] = {
        language: sum(part.get(language, 0) for part in counted)
        for language in sorted({name for part in counted for name in part})
    }
    return table


def _labelled(traces: pd.DataFrame, chosen: ReasoningSettings) -> pd.DataFrame:
    return label_findings(
        traces,
        lexicon=chosen.lexicon(),
        implied=chosen.implied,
        languages=chosen.languages,
        present_from=chosen.present_from,
        absent_to=chosen.absent_to,
    )


def _label_outputs(traces: pd.DataFrame, chosen: ReasoningSettings) -> pd.DataFrame:
    """Label reasoning and answer as two steps of one trace, so that an answer may take back what was reasoned."""
    texts = traces["text"].fillna("").astype(str)
    parsed = parse_outputs(texts)
    # A bare yes or no answers a question that the output itself must hold: it is read where it stands.
    bare = parsed["answer"].fillna("").str.fullmatch(_YES_OR_NO) & parsed["kind"].ne("yes_no")
    answered = (parsed["answer"].fillna("").ne("") & ~bare).to_numpy()
    texts = texts.mask(bare, texts.str.replace(_ANY_TAG, "\n\n", regex=True))
    # An output in which no answer is found is read whole: nothing that a model says is dropped.
    reasoned = parsed["reasoning"].where(answered, texts.map(line_up).map(spell_rows)).to_numpy()
    # "Yes, there is an effusion." says more than its yes.
    answers = parsed["answer"].mask(parsed["kind"].eq("yes_no"), texts).fillna("")
    answers = pd.Series(
        [spell_rows(spell_options(answer, text)) for answer, text in zip(answers, texts, strict=True)], answers.index
    )
    both = traces[["reading", "step"]].loc[traces.index.repeat(2)].reset_index(drop=True)
    both["own"] = both["step"].to_numpy()
    both["text"] = np.column_stack([reasoned, answers.where(answered, "")]).ravel()
    both["step"] = 2 * np.repeat(np.arange(len(traces)), 2) + np.tile([0, 1], len(traces))
    found = _labelled(both, chosen)
    is_answer = (found["step"] % 2).eq(1)
    found = found.assign(part=np.where(is_answer, "answer", "reasoning").astype(object))
    final = is_answer & ~found["act"].isin(["asked", "implied"])
    found["act"] = found["act"].mask(final, "concluded")
    found = _with_omitted(found, chosen)
    own = both["own"].to_numpy()
    found["step"] = own[found["step"].to_numpy()]
    return found.sort_values("reading", kind="stable").reset_index(drop=True)


# An answer that lists findings is complete by its form: what it leaves out is not called, whatever was considered on
# the way. Denials of the reasoning stay, for they say how sure the absence is.
def _with_omitted(found: pd.DataFrame, chosen: ReasoningSettings) -> pd.DataFrame:
    """Say where answer and reasoning disagree, and add what the answer leaves out."""
    found["disagrees"] = False
    reasoning, answer = (found[found["part"].eq(part)] for part in ("reasoning", "answer"))
    reasoning = reasoning[reasoning["reading"].isin(answer["reading"])]
    if not len(reasoning):
        return found
    key = ["reading", "finding"]
    thought = conclude(reasoning.drop(columns="part"), rule=chosen.model_rule, no_finding=False).set_index(key)
    called = conclude(answer.drop(columns="part"), rule=chosen.model_rule, no_finding=False).set_index(key)["certainty"]
    apart = called.ge(0.5) != thought["certainty"].reindex(called.index).ge(0.5)
    apart = apart[apart & called.index.isin(thought.index)]
    found["disagrees"] = found["part"].eq("answer") & pd.MultiIndex.from_frame(found[key]).isin(apart.index)
    silent = reasoning[~pd.MultiIndex.from_frame(reasoning[key]).isin(called.index)]
    silent = silent[~silent["finding"].isin(["no_finding"])].drop_duplicates(key, keep="last")
    if not len(silent):
        return found
    stated = thought.loc[pd.MultiIndex.from_frame(silent[key]), ["certainty", "low", "high"]].to_numpy(float, copy=True)
    claimed = stated[:, 0] > chosen.absent_to
    lost = stated[:, 0] >= 0.5
    stated[claimed] = _OMITTED
    added = silent.assign(part="answer", act="omitted", disagrees=lost)
    added[["certainty", "low", "high"]] = stated
    added["status"] = status(stated[:, 0], present_from=chosen.present_from, absent_to=chosen.absent_to)
    added["step"] += 1 - added["step"] % 2
    return pd.concat([found, added], ignore_index=True)


def conclude_readings(
    findings: pd.DataFrame,
    settings: ReasoningSettings | Mapping[str, object] | None = None,
    *,
    no_finding: bool = True,
) -> pd.DataFrame:
    """Draw one conclusion a reading and finding, by the rule for people and by the one for AI readers.

    Parameters
    ----------
    findings : pandas.DataFrame
        From `label_readings`; without its column `part` all are taken for people.
    settings : ReasoningSettings or mapping, optional
        The rules.
    no_finding : bool
        Whether to conclude `no_finding` too.

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": [1], "step": [0], "text": ["Edema. No, wait, that is an artifact."]})
    >>> conclude_readings(label_readings(traces, [False]), no_finding=False)[["finding", "status"]].to_numpy().tolist()
    [['edema', 'absent']]
    """
    chosen = ReasoningSettings.given(settings)
    model = findings["part"].notna() if "part" in findings else pd.Series(False, findings.index)
    parts: list[tuple[pd.DataFrame, Rule]] = [(findings[~model], chosen.rule), (findings[model], chosen.model_rule)]
    decided = [_concluded(part, rule, chosen, no_finding) for part, rule in parts]
    return pd.concat([part for part in decided if len(part)] or decided[:1], ignore_index=True)


def _concluded(findings: pd.DataFrame, rule: Rule, chosen: ReasoningSettings, no_finding: bool) -> pd.DataFrame:
    return conclude(
        findings,
        rule=rule,
        no_finding=no_finding,
        present_from=chosen.present_from,
        absent_to=chosen.absent_to,
    )


def rule_sensitivity(findings: pd.DataFrame, truth: pd.Series, *, call_at: float = 0.5) -> pd.DataFrame:
    """Say how accuracy and certainty hang on the rule that turns statements into a conclusion.

    Parameters
    ----------
    findings : pandas.DataFrame
        The `findings` table.
    truth : pandas.Series
        1 or 0, indexed by reading and finding.
    call_at : float
        A finding is called present from this certainty on; one that isn't mentioned is called absent.

    Returns
    -------
    pandas.DataFrame
        One row a rule: rule, n, accuracy, sensitivity, specificity, and certainty (mean distance of the stated
        probability from .5, times two).

    Examples
    --------
    >>> traces = pd.DataFrame({"reading": [1, 1], "step": [0, 1], "text": ["An effusion.", "No, no effusion."]})
    >>> truth = pd.Series([0], index=pd.MultiIndex.from_tuples([(1, "pleural_effusion")]))
    >>> rule_sensitivity(label_readings(traces, [False, False]), truth)[["rule", "accuracy"]].to_numpy().tolist()
    [['final', 1.0], ['latest', 1.0], ['surest', 1.0], ['any', 0.0]]
    """
    rows = []
    known = truth.dropna().astype(float)
    for rule in RULES:
        concluded = conclude(findings, rule=rule, no_finding=False).set_index(["reading", "finding"])["certainty"]
        stated = concluded.reindex(known.index)
        called, true = stated.ge(call_at), known.eq(1)
        rows.append(
            {
                "rule": rule,
                "n": len(known),
                "accuracy": float((called == true).mean()),
                "sensitivity": float(called[true].mean()) if true.any() else np.nan,
                "specificity": float((~called[~true]).mean()) if (~true).any() else np.nan,
                "certainty": float((2 * (stated - 0.5).abs()).mean()),
            }
        )
    return pd.DataFrame(rows)
