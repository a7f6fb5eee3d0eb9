"""What readers say, sentence by sentence, and what models write."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.ragged import segments
from gazeanalytics.simulate.anatomy import FINDINGS
from gazeanalytics.simulate.outcomes import Simulated
from gazeanalytics.simulate.phrases import LABELS, NEUTRAL, PLACES, sentences

__all__ = ["simulate_statements", "simulate_traces"]

_SEEN = 0.9
"""Chance that a finding beside the target is said when it is there."""

_FALSE_ALARM = 0.01
_NEGATED = 3
"""Absent findings beside the target that a reading denies, on average."""

_NEUTRAL = 2
_PRESENT_WEIGHTS = {0.98: 0.4, 0.95: 0.15, 0.90: 0.1, 0.80: 0.1, 0.75: 0.1, 0.70: 0.1, 0.50: 0.05}
_ABSENT_WEIGHTS = {0.02: 0.8, 0.05: 0.1, 0.15: 0.07, 0.25: 0.03}
_PAUSE_MS = 300.0


def simulate_statements(study: Simulated, *, rng: np.random.Generator | int | None = None) -> pd.DataFrame:
    """Draw what each reading states: of its target as planted, of other findings mostly right.

    Returns
    -------
    pandas.DataFrame
        One row a statement, in no order within a reading: reading, finding (None for a sentence about something
        else), certainty (stated probability that the finding is there), place (organ, or None), target, text.

    Examples
    --------
    >>> from gazeanalytics.simulate import Design, simulate_readings
    >>> said = simulate_statements(simulate_readings(Design(readers=1, cases=1, models=()), rng=5), rng=6)
    >>> int(said["target"].sum())
    1
    """
    generator = np.random.default_rng(rng)
    case = pd.Index(study.cases["case"]).get_indexer(pd.Index(study.readings["case"]))
    parts = (_target_rows(study, case), _other_rows(study, case, generator), _neutral_rows(study, generator))
    table = pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
    table["place"] = _places(study, table, case)
    table["text"] = _words(table, generator)
    table["row"] = table["row"].astype(np.int64)
    table = table.sort_values("row", kind="stable", ignore_index=True)
    table.insert(0, "reading", study.readings["reading"].to_numpy()[table.pop("row")])
    return table


def _target_rows(study: Simulated, case: np.ndarray) -> dict[str, object]:
    return {
        "row": np.arange(len(case)),
        "finding": study.cases["target"].to_numpy()[case],
        "certainty": study.truth["certainty"].to_numpy(float),
        "target": True,
    }


def _other_rows(study: Simulated, case: np.ndarray, rng: np.random.Generator) -> dict[str, object]:
    """Findings beside the target: said when there, now and then when not, and some denied."""
    names = np.array(list(FINDINGS), dtype=object)
    there = study.cases[[f"truth_{name}" for name in names]].to_numpy(bool)[case]
    other = study.cases["target"].to_numpy()[case][:, None] != names
    # One uniform a reading and finding serves both: the low end says a finding, the high end denies it.
    chance = rng.random(there.shape)
    said = other & np.where(there, chance < _SEEN, chance < _FALSE_ALARM)
    denied = other & ~there & (chance > 1 - _NEGATED / len(names))
    present, absent = np.nonzero(said), np.nonzero(denied)
    return {
        "row": np.concatenate((present[0], absent[0])),
        "finding": names[np.concatenate((present[1], absent[1]))],
        "certainty": np.concatenate(
            (_choose(_PRESENT_WEIGHTS, len(present[0]), rng), _choose(_ABSENT_WEIGHTS, len(absent[0]), rng))
        ),
        "target": False,
    }


def _choose(weights: dict[float, float], count: int, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rng.choice(np.array(list(weights)), count, p=list(weights.values())))


def _neutral_rows(study: Simulated, rng: np.random.Generator) -> dict[str, object]:
    row = np.repeat(np.arange(len(study.readings)), rng.integers(1, _NEUTRAL + 1, len(study.readings)))
    return {"row": row, "finding": None, "certainty": np.nan, "target": False}


def _places(study: Simulated, table: pd.DataFrame, case: np.ndarray) -> np.ndarray:
    """Organ that a statement names: the lesion's when one is there, the decoy's when the target is a false alarm."""
    lesions = study.regions.loc[study.regions["kind"] == "lesion", ["case", "finding", "organ"]]
    row = table["row"].to_numpy(np.int64)
    asked = pd.DataFrame({"case": study.cases["case"].to_numpy()[case][row], "finding": table["finding"]})
    place = asked.merge(lesions, on=["case", "finding"], how="left")["organ"].to_numpy(object)
    place = np.where(table["target"] & pd.isna(place), study.truth["decoy"].to_numpy()[row], place)
    place[pd.isna(place) | ~(table["certainty"].to_numpy() > 0.4)] = None
    return place


def _words(table: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """One of the ways to say each statement."""
    share, text = rng.random(len(table)), np.empty(len(table), dtype=object)
    for _, rows in table.groupby(["finding", "certainty"]):
        ways = np.array(sentences(rows["finding"].iloc[0], rows["certainty"].iloc[0]), dtype=object)
        text[rows.index] = ways[(share[rows.index] * len(ways)).astype(np.int64)]
    neutral = table["finding"].isna().to_numpy()
    text[neutral] = np.array(NEUTRAL, dtype=object)[(share[neutral] * len(NEUTRAL)).astype(np.int64)]
    tails = {organ: f" {words}." for organ, words in PLACES.items()}
    ends = np.where(neutral, "", [tails.get(place, ".") for place in table["place"]])
    return text + ends.astype(object)


def simulate_traces(
    study: Simulated, fixations: pd.DataFrame | None = None, *, rng: np.random.Generator | int | None = None
) -> pd.DataFrame:
    """Simulate reasoning traces: what people dictate and models write, as their readings state.

    People say one sentence a step, about what they looked at a little earlier; models write everything in one step, in
    the style of their output.

    Parameters
    ----------
    study : Simulated
        The readings.
    fixations : pandas.DataFrame, optional
        From `simulate_fixations`: then the sentence about the target comes a while (`voice_lag_ms` of the reader) after
        the eye reached its lesion or, in a false alarm, to the decoy, unless the reader is still speaking.
    rng : numpy.random.Generator, int or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        A traces table with onset and offset (ms; NaN for models).

    Examples
    --------
    >>> from gazeanalytics.simulate import Design, simulate_readings
    >>> study = simulate_readings(Design(readers=1, cases=1, models=()), rng=5)
    >>> for text in simulate_traces(study, rng=6)["text"]:
    ...     print(text)
    Possible cardiomediastinal enlargement.
    There is no interstitial edema.
    No evidence of fracture.
    Probable cardiomegaly.
    The trachea is midline.
    There is probably a pacemaker.
    There is most likely a pneumothorax at the right apex.
    The inspiration is good.
    """
    generator = np.random.default_rng(rng)
    statements = simulate_statements(study, rng=generator)
    place = pd.Index(study.readings["reading"]).get_indexer(pd.Index(statements["reading"]))
    statements["anchor"] = _anchors(study, statements, place, fixations, generator)
    statements["row"] = place
    statements = statements.sort_values(["row", "anchor"], kind="stable", ignore_index=True)
    written = study.readings["reader"].map(study.readers.set_index("reader")["kind"]).eq("model").to_numpy()
    by_model = written[statements["row"]]
    traces = pd.concat((_spoken(study, statements[~by_model]), _written(study, statements[by_model])))
    order = np.argsort(traces["row"].to_numpy(), kind="stable")
    return traces.iloc[order].drop(columns="row").reset_index(drop=True)


def _anchors(
    study: Simulated,
    statements: pd.DataFrame,
    row: np.ndarray,
    fixations: pd.DataFrame | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Time of the thought behind each statement (ms): first look at the place of the target, any time for others."""
    share = rng.random(len(statements))
    if fixations is None:
        return 8000.0 * share
    readings = pd.Index(study.readings["reading"])
    ends = fixations["onset"] + fixations["duration"]
    length = ends.groupby(fixations["reading"]).max().reindex(readings).fillna(8000.0).to_numpy()
    looked = fixations[fixations["purpose"].isin(["target", "decoy"])]
    first = looked.groupby("reading")["onset"].min().reindex(readings).to_numpy()[row]
    any_time = share * length[row]
    return np.where(statements["target"] & ~np.isnan(first), first, any_time)


def _spoken(study: Simulated, statements: pd.DataFrame) -> pd.DataFrame:
    """Sentences one after the other, none before its thought and the lag from eye to voice."""
    habits = study.habits()
    row = statements["row"].to_numpy(np.int64)
    words = statements["text"].str.count(" ").to_numpy() + 1
    length = 1000 * words / habits["words_per_s"].to_numpy()[row]
    ready = statements["anchor"].to_numpy() + habits["voice_lag_ms"].to_numpy()[row]
    # Each sentence starts at its own ready time or at the end of the one before, whichever is later: with c the speech
    # before it, onset = c + cumulative maximum of (ready - c). A loop over sentences gives the same.
    spent = pd.Series(length + _PAUSE_MS).groupby(row).cumsum().to_numpy() - length - _PAUSE_MS
    onset = spent + pd.Series(ready - spent).groupby(row).cummax().to_numpy()
    return pd.DataFrame(
        {
            "row": row,
            "reading": statements["reading"].to_numpy(),
            "step": pd.Series(row).groupby(row).cumcount().to_numpy(),
            "text": statements["text"].to_numpy(),
            "onset": onset,
            "offset": onset + length,
        }
    )


def _written(study: Simulated, statements: pd.DataFrame) -> pd.DataFrame:
    """One text a reading of a model."""
    styles = {f"model_{model.name}": model.style for model in study.design.models}
    found = segments(statements["row"])
    row = found.keys.to_numpy(np.int64)
    text = statements["text"].tolist()
    label = statements["finding"].map(LABELS).where(statements["certainty"] >= 0.5, "").tolist()
    bounds = zip(study.readings["reader"].to_numpy()[row], found.starts, found.stops, strict=True)
    return pd.DataFrame(
        {
            "row": row,
            "reading": study.readings["reading"].to_numpy()[row],
            "step": np.zeros(len(row), np.int64),
            "text": [
                _output(styles[reader], " ".join(text[first:after]), ", ".join(filter(None, label[first:after])))
                for reader, first, after in bounds
            ],
            "onset": np.nan,
            "offset": np.nan,
        }
    )


def _output(style: str, thought: str, named: str) -> str:
    answer = named or "No Finding"
    if style == "think":
        return f"<think>{thought}</think>\n<answer>{answer}</answer>"
    if style == "boxed":
        return f"{thought}\n\\boxed{{{answer}}}"
    return thought
