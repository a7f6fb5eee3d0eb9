"""Strategies of one study in another: whether its readings fall into the same types, and how many are like none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gazeanalytics.strategies.strategy_model import StrategyModel
from gazeanalytics.strategies.validation.stability import agreement, prediction_strength

__all__ = ["transfer"]

# Of the readings of the first study, so many would be called unlike: one in a hundred.
_UNLIKE = 0.01


def transfer(
    model: StrategyModel,
    features: pd.DataFrame,
    *,
    readers: pd.Series | Sequence | None = None,
    cases: pd.Series | Sequence | None = None,
    rng: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Place the readings of another study by the strategies of this one, and compare with what is found there anew.

    Parameters
    ----------
    model : StrategyModel
        Of verdict "types".
    features : pandas.DataFrame
        Features table of the other study, with the features of the fit.
    readers, cases : sequence, optional
        Who read what there, as in `StrategyModel.fit`.
    rng : int, numpy.random.Generator or None
        Randomness of the search there.

    Returns
    -------
    pandas.DataFrame
        One row: readings (placed), unlike_share (typicality below .01, so some .01 where the studies are alike),
        verdict and strategies (of a search among these readings alone), ari, ami and prediction_strength: whether the
        readings that belong together there are placed together (from .8 on the strategies transfer; Tibshirani &
        Walther 2005).
        These three are NaN where nothing is found there.

    Raises
    ------
    ValueError
        If `model` holds no types.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> def study():
    ...     values = rng.normal(size=(300, 6)) + np.repeat([[0.0], [2.5]], [100, 200], axis=0)
    ...     return pd.DataFrame(values, columns=[f"measure {i}" for i in range(6)]).assign(reading=range(300))
    >>> model = StrategyModel.fit(study(), settings={"n_resamples": 19}, rng=1)
    >>> transfer(model, study(), rng=1)[["verdict", "strategies", "prediction_strength"]].round(1)
      verdict  strategies  prediction_strength
    0   types           2                  1.0
    """
    if model.verdict != "types":
        raise ValueError(f"expected strategies to transfer (verdict 'types'); got {model.verdict!r}")
    there = StrategyModel.fit(
        features,
        readers=readers,
        cases=cases,
        columns=[name for name in model.scaling.names if name in features],
        settings=model.settings,
        rng=rng,
    )
    placed = model.assign(features, readers=readers, cases=cases)["strategy"].cat.codes.to_numpy()
    typical = model.typicality(features, readers=readers, cases=cases)["typicality"].to_numpy()
    known = placed >= 0
    row = {
        "readings": int(known.sum()),
        "unlike_share": float((typical[known] < _UNLIKE).mean()) if known.any() else np.nan,
        "verdict": there.verdict,
        "strategies": len(there.names) if there.verdict == "types" else 0,
        "ari": np.nan,
        "ami": np.nan,
        "prediction_strength": np.nan,
    }
    if there.verdict == "types":
        own = there.assign(features, readers=readers, cases=cases)["strategy"].cat.codes.to_numpy()
        both = known & (own >= 0)
        row |= agreement(own[both], placed[both])
        row["prediction_strength"] = prediction_strength(own[both], placed[both])
    return pd.DataFrame([row])
