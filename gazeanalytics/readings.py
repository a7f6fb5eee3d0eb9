"""Gaze, strategy, reasoning, reader and case meet: one row a reading, with its outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics import tables
from gazeanalytics.tables import InputError

__all__ = ["TRUTH", "assemble", "score", "score_findings"]

TRUTH = "truth_"

_NO_ABNORMALITY = ("no_finding", "support_devices")

# Words never say more than this: a stated probability of 0 or 1 has no logit.
_SURE = 0.99


def score(
    conclusions: pd.DataFrame, readings: pd.DataFrame, cases: pd.DataFrame, *, call_at: float = 0.5
) -> pd.DataFrame:
    """Score what each reading concludes against the truth of its case.

    Parameters
    ----------
    conclusions : pandas.DataFrame
        One row a reading and finding: reading, finding, certainty (stated probability that the finding is there).
    readings : pandas.DataFrame
        Table `readings`.
    cases : pandas.DataFrame
        Table `cases` with boolean columns `truth_<finding>`, and `target` where a reading is scored on one finding.
    call_at : float
        A finding is called present from this certainty on; a finding not mentioned is called absent. The default takes
        "possibly" as present, as REFLACX does (Bigolin Lanfredi et al. 2022).

    Returns
    -------
    pandas.DataFrame
        One row a reading: `correct` (1, 0; NaN without truth), `share_correct` over all findings with a truth, `truth`
        and `called` of the target (1, 0), `target_present` (whether the case holds its target; without a target, any
        finding with a truth but the devices: what sensitivity and specificity divide by), `certainty` of the target,
        and `uncertainty` in 0-1: `2 min(p, 1 - p)` of the target's stated probability p, or, where no target is given,
        the logistic of the mean logit of that over the findings mentioned.

    Raises
    ------
    InputError
        If a case's target has no truth column.

    Examples
    --------
    >>> said = pd.DataFrame({"reading": [0, 1], "finding": "edema", "certainty": [0.9, 0.5]})
    >>> readings = pd.DataFrame({"reading": [0, 1], "reader": ["ann", "bob"], "case": "c"})
    >>> cases = pd.DataFrame({"case": ["c"], "target": "edema", "truth_edema": [True]})
    >>> score(said, readings, cases)[["reading", "correct", "certainty", "uncertainty"]]
       reading  correct  certainty  uncertainty
    0        0      1.0        0.9         0.20
    1        1      1.0        0.5         0.99
    """
    keyed = readings[["reading", "case"]].merge(cases, on="case", how="left")
    stated = _stated(conclusions, keyed["reading"])
    truth = _truth(keyed)
    scored = pd.DataFrame({"reading": keyed["reading"]})
    right = _right(stated, truth, call_at)
    scored["share_correct"] = right.mean(axis=1)
    if "target" in keyed and keyed["target"].notna().any():
        scored["correct"] = _of_target(right, keyed["target"])
        scored["certainty"] = _of_target(stated, keyed["target"])
        scored["uncertainty"] = _doubt(scored[["certainty"]])["certainty"]
        scored["truth"] = _of_target(truth, keyed["target"])
        scored["called"] = _of_target(_called(stated, truth, call_at), keyed["target"])
        scored["target_present"] = scored["truth"]
    else:
        scored["correct"] = right.eq(1).all(axis=1).astype(float).mask(right.isna().all(axis=1))
        scored["certainty"] = np.nan
        scored["uncertainty"] = _mean_doubt(stated)
        abnormal = truth.drop(columns=list(_NO_ABNORMALITY), errors="ignore")
        scored["truth"] = abnormal.max(axis=1)
        scored["called"] = _called(stated, abnormal, call_at).max(axis=1)
        scored["target_present"] = scored["truth"]
    silent = ~keyed["reading"].isin(conclusions["reading"])
    scored.loc[silent, ["correct", "share_correct", "called"]] = np.nan
    return scored


def score_findings(
    conclusions: pd.DataFrame, readings: pd.DataFrame, cases: pd.DataFrame, *, call_at: float = 0.5
) -> pd.DataFrame:
    """Score what each reading concludes of each finding: the reading x finding table, for cases without a target.

    Parameters
    ----------
    conclusions, readings, cases, call_at
        As in `score`.

    Returns
    -------
    pandas.DataFrame
        One row a finding with a truth in the cases: finding, n (readings with a truth), present (of these, those whose
        case has it), accuracy, sensitivity, specificity, mentioned (share of readings that say anything of it) and
        uncertainty (mean of `2 min(p, 1 - p)` where it is mentioned).

    Examples
    --------
    >>> readings = pd.DataFrame({"reading": [1, 2], "case": ["a", "b"]})
    >>> cases = pd.DataFrame({"case": ["a", "b"], "truth_edema": [True, False]})
    >>> said = pd.DataFrame({"reading": [1, 2], "finding": "edema", "certainty": [0.8, 0.02]})
    >>> score_findings(said, readings, cases)[["finding", "n", "sensitivity", "specificity"]].to_numpy().tolist()
    [['edema', 2, 1.0, 1.0]]
    """
    keyed = readings[["reading", "case"]].merge(cases, on="case", how="left")
    stated, truth = _stated(conclusions, keyed["reading"]), _truth(keyed)
    read = keyed["reading"].isin(conclusions["reading"]).to_numpy()[:, None]
    truth = truth.where(np.broadcast_to(read, truth.shape))
    right, named = _right(stated, truth, call_at), stated.reindex(columns=truth.columns)
    return pd.DataFrame(
        {
            "finding": truth.columns,
            "n": truth.notna().sum().to_numpy(),
            "present": truth.eq(1).sum().to_numpy(),
            "accuracy": right.mean().to_numpy(),
            "sensitivity": right.where(truth.eq(1)).mean().to_numpy(),
            "specificity": right.where(truth.eq(0)).mean().to_numpy(),
            "mentioned": named.notna().where(truth.notna()).mean().to_numpy(float),
            "uncertainty": _doubt(named).mean().to_numpy(),
        }
    )


def assemble(
    readings: pd.DataFrame, readers: pd.DataFrame, cases: pd.DataFrame, *by_reading: pd.DataFrame
) -> pd.DataFrame:
    """Join all that is known of each reading into one row.

    Parameters
    ----------
    readings, readers, cases : pandas.DataFrame
        The tables of those names.
    *by_reading : pandas.DataFrame
        Any number of tables with one row a reading: features, strategies, scores.

    Returns
    -------
    pandas.DataFrame
        Table `readings` with the columns of all; readings that a table lacks hold missing values there.

    Raises
    ------
    InputError
        If two tables bring a column of the same name.

    Examples
    --------
    >>> readings = pd.DataFrame({"reading": [0], "reader": ["ann"], "case": ["c"]})
    >>> readers = pd.DataFrame({"reader": ["ann"], "kind": "person", "experience_years": 7.0})
    >>> cases = pd.DataFrame({"case": ["c"], "width": 2000, "height": 2400})
    >>> features = pd.DataFrame({"reading": [0], "coverage_share": [0.4]})
    >>> assemble(readings, readers, cases, features).loc[0, ["experience_years", "coverage_share"]].tolist()
    [7.0, 0.4]
    """
    whole = readings
    origin = dict.fromkeys(map(str, readings), "readings")
    joined = [("readers", readers, "reader"), ("cases", cases, "case")]
    joined += [("what is measured of each reading", table, "reading") for table in by_reading]
    for source, other, key in joined:
        twice = sorted((set(origin) & set(map(str, other))) - {key})
        if twice:
            raise InputError(
                f"column {twice[0]!r} stands in {origin[twice[0]]} and in {source}; give one of them another name, or "
                "leave it out, in study.toml or in the file"
            )
        origin |= {str(name): source for name in other if name != key}
        whole = whole.merge(other, on=key, how="left", validate="many_to_one")
    return tables.check(whole, "readings")


def _stated(conclusions: pd.DataFrame, order: pd.Series) -> pd.DataFrame:
    """Certainty by reading (rows, in `order`) and finding (columns)."""
    if not len(conclusions):
        return pd.DataFrame(index=range(len(order)))
    wide = conclusions.pivot(index="reading", columns="finding", values="certainty")
    return wide.reindex(order).reset_index(drop=True)


def _truth(keyed: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in keyed.columns if str(name).startswith(TRUTH)]
    truth = keyed[names].apply(lambda column: pd.to_numeric(column, errors="coerce").astype(float))
    return truth.rename(columns=lambda name: name.removeprefix(TRUTH))


def _right(stated: pd.DataFrame, truth: pd.DataFrame, call_at: float) -> pd.DataFrame:
    """1 where the call equals the truth, 0 where not, NaN without truth; readings x findings."""
    return _called(stated, truth, call_at).eq(truth).astype(float).where(truth.notna())


def _called(stated: pd.DataFrame, truth: pd.DataFrame, call_at: float) -> pd.DataFrame:
    """1 where a finding is called present, else 0; readings x findings with a truth."""
    return stated.reindex(columns=truth.columns).ge(call_at).astype(float)


def _of_target(by_finding: pd.DataFrame, target: pd.Series) -> pd.Series:
    names = target.dropna().unique()
    unknown = [name for name in names if name not in by_finding.columns]
    place = pd.Index(by_finding.columns).get_indexer(pd.Index(target))
    if len(unknown) == len(names) and len(by_finding.columns):
        raise InputError(f"cases, column 'target': {unknown[0]!r} has no column {TRUTH + str(unknown[0])!r}; add it")
    values = np.full(len(target), np.nan)
    known = np.flatnonzero(place >= 0)
    values[known] = by_finding.to_numpy(float)[known, place[known]]
    return pd.Series(values)


def _doubt(certainty: pd.DataFrame) -> pd.DataFrame:
    sure = certainty.clip(1 - _SURE, _SURE)
    return (2 * sure.where(sure <= 0.5, 1 - sure)).clip(upper=_SURE)


def _mean_doubt(stated: pd.DataFrame) -> pd.Series:
    doubt = _doubt(stated)
    logits = np.log(doubt / (1 - doubt)).mean(axis=1)
    return 1 / (1 + np.exp(-logits))
