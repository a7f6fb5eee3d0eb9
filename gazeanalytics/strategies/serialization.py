"""Fitted strategies kept in a file of plain arrays and JSON text: nothing in it can run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gazeanalytics.strategies.clustering.mixtures import Mixture
from gazeanalytics.strategies.clustering.search import Settings
from gazeanalytics.strategies.continuum.components import Axes
from gazeanalytics.strategies.scaling import Scaling
from gazeanalytics.strategies.validation.cluster_tendency import Existence

if TYPE_CHECKING:
    from gazeanalytics.strategies.fit import Strategies

__all__ = ["read", "scaling_arrays", "scaling_from", "scaling_words", "strategies_from", "strategies_parts", "write"]

_ARRAYS = {
    "mixture": ("centres", "covariances", "shares"),
    "existence": ("null_gains",),
}
_WORDS = {
    "mixture": ("tail", "log_likelihood", "bic"),
    "existence": ("gain", "p_value", "readings"),
}
_SCALING_ARRAYS = ("powers", "units", "centre", "spread", "knots")
_SCALING_WORDS = ("names", "method", "dropped", "most_missing")
_TABLES = ("valleys", "choices", "_profile", "_exemplars")


def write(path: str | Path, format: str, words: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write words (JSON) and arrays to one .npz file."""
    text = json.dumps({"format": format, **words})
    np.savez(path, allow_pickle=False, json=np.array(text), **arrays)


def read(path: str | Path, format: str, what: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `write` wrote; another file is a ValueError."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    words = json.loads(str(arrays.pop("json", "{}")))
    if words.get("format") != format:
        raise ValueError(f"{path} doesn't hold {what} saved by this package; save them with {what.capitalize()}.save")
    return words, arrays


def scaling_words(scaling: Scaling) -> dict[str, Any]:
    """Return what of a scaling is text."""
    return {key: getattr(scaling, key) for key in _SCALING_WORDS}


def scaling_arrays(scaling: Scaling) -> dict[str, np.ndarray]:
    """Return what of a scaling is arrays."""
    return {key: getattr(scaling, key) for key in _SCALING_ARRAYS}


def scaling_from(words: dict[str, Any], arrays: dict[str, np.ndarray]) -> Scaling:
    """Make a scaling again."""
    fields: dict[str, Any] = words | {"names": tuple(words["names"])} | {key: arrays[key] for key in _SCALING_ARRAYS}
    return Scaling(**fields)


def strategies_parts(fitted: Strategies) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the words and the arrays of fitted strategies."""
    words = {
        "verdict": fitted.verdict,
        "names": fitted.names,
        "settings": asdict(fitted.settings),
        "scaling": scaling_words(fitted.scaling),
        "notes": fitted.notes,
        "readings": fitted.readings,
        "tables": {key: getattr(fitted, key).to_dict("list") for key in _TABLES},
        **{part: {key: getattr(getattr(fitted, part), key) for key in keys} for part, keys in _WORDS.items()},
    }
    arrays = {
        **scaling_arrays(fitted.scaling),
        **{key: getattr(getattr(fitted, part), key) for part, keys in _ARRAYS.items() for key in keys},
        "strategy_of": fitted.strategy_of,
        **fitted._axes.arrays(),
    }
    return words, arrays


def strategies_from(words: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the fields of `Strategies` from what `strategies_parts` gave."""
    kept: dict[str, dict[str, Any]] = {
        part: words[part] | {key: arrays[key] for key in keys} for part, keys in _ARRAYS.items()
    }
    settings = words["settings"] | {"remove": tuple(words["settings"]["remove"])}
    return {
        "verdict": words["verdict"],
        "names": tuple(words["names"]),
        "settings": Settings(**settings),
        "scaling": scaling_from(words["scaling"], arrays),
        "mixture": Mixture(**kept["mixture"]),
        "strategy_of": arrays["strategy_of"],
        "existence": Existence(**kept["existence"]),
        "notes": tuple(words["notes"]),
        "readings": words["readings"],
        "_axes": Axes.from_arrays(arrays),
        **{key: pd.DataFrame(columns) for key, columns in words["tables"].items()},
    }
