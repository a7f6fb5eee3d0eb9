"""Values of a predictor at which a fit is asked for the outcome: levels of a category, or those given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.tables import nearest

if TYPE_CHECKING:
    from gazeanalytics.stats.mixed.results import MixedFit

__all__ = ["is_number", "of_one_value", "values_of"]


def is_number(fit: MixedFit, name: str) -> bool:
    """Whether a predictor of the fixed part is a number, no category."""
    _refuse_unknown(fit, name)
    return name not in fit.frame.spec.categories


def values_of(fit: MixedFit, name: str, given: Sequence[Any] | None) -> list[Any]:
    """Levels of a category, or the values given."""
    if given is None:
        if is_number(fit, name):
            raise ModelError(f"{name!r} is a number: expected values to predict at, such as {{{name!r}: [1, 2]}}")
        return list(pd.Categorical(fit.frame.data[name]).categories)
    _refuse_unknown(fit, name)
    return list(given)


def _refuse_unknown(fit: MixedFit, name: str) -> None:
    used = list(fit.frame.spec.required_variables)
    if name not in used:
        raise ModelError(f"{name!r} is not a column of the fixed part; {nearest(name, used)}")


def of_one_value(fit: MixedFit, name: str, value: Any, rows: int) -> Any:
    """Give a column of one value, of the type that the fit's has."""
    dtype = fit.frame.data[name].dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Categorical([value] * rows, categories=dtype.categories)
    return value
