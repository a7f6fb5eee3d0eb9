"""Which predictions a fit of fewer columns than its formula asks for can make (rank-deficient designs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from gazeanalytics.stats.mixed.multinomial import MultinomialFit
    from gazeanalytics.stats.mixed.results import MixedFit

__all__ = ["estimable", "kept_columns", "left_out", "without_numbers"]

# Of a row's largest entry: what rounding leaves of a combination that holds.
_ROUNDING = 1e-8


def kept_columns(fit: MixedFit) -> list[int]:
    """Say where the fixed effects of a fit stand among the columns of its formula.

    Parameters
    ----------
    fit : MixedFit
    """
    names = fit.frame.spec.column_names
    return [names.index(name) for name in fit.names]


def estimable(fit: MixedFit, rows: np.ndarray) -> np.ndarray:
    """Say which sums of a formula's columns the fit determines, left-out columns among them; shape (rows,).

    A column that others make up is left out, as if its coefficient were 0. Sums that keep the combination have one
    value whatever is left out, others any (Searle 1971): the mean of a level that never met one of another factor,
    where the two interact.

    Parameters
    ----------
    fit : MixedFit
    rows : numpy.ndarray, shape (rows, columns of the formula)

    Examples
    --------
    Nobody read hard cases with strategy b, so only the mean of easy ones is known for it:

    >>> import pandas as pd
    >>> from gazeanalytics.stats import mixed
    >>> rng = np.random.default_rng(3)
    >>> cells = pd.DataFrame({"strategy": list("aab"), "case_kind": ["easy", "hard", "easy"]})
    >>> data = cells.loc[np.tile([0, 1, 2], 40)].assign(reader=np.repeat(np.arange(6), 20), y=rng.normal(size=120))
    >>> fit = mixed("y ~ strategy * case_kind + (1 | reader)", data)
    >>> asked = pd.DataFrame({"strategy": ["b", "b"], "case_kind": ["easy", "hard"]})
    >>> estimable(fit, fit.frame.spec.matrix(asked)).tolist()
    [True, False]
    """
    names, kept = fit.frame.spec.column_names, kept_columns(fit)
    if fit.family.ordinal and "(Intercept)" in names:
        kept = sorted({names.index("(Intercept)"), *kept})  # the thresholds are in its place
    out = [column for column in range(len(names)) if column not in kept]
    if not out:
        return np.ones(len(rows), dtype=bool)
    used = fit.frame.spec.matrix(fit.frame.data)
    made_of = np.linalg.lstsq(used[:, kept], used[:, out], rcond=None)[0]
    off = np.abs(rows[:, kept] @ made_of - rows[:, out]).max(axis=1)
    return off <= _ROUNDING * np.abs(rows).max(axis=1, initial=1.0)


def left_out(fit: MixedFit | MultinomialFit) -> str:
    """Say of a value that isn't determined why not.

    Parameters
    ----------
    fit : MixedFit or MultinomialFit
    """
    names = [name for name in fit.frame.spec.column_names if name not in (*fit.names, "(Intercept)")]
    shown = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
    return f"not estimable: no row of the fit separates {shown} from the other effects"


def without_numbers(table: pd.DataFrame, fit: MixedFit, rows: np.ndarray) -> pd.DataFrame:
    """Take the numbers out of the rows of a table of estimates that the fit doesn't determine, and say so there.

    Parameters
    ----------
    table : pandas.DataFrame
        An `estimates` table; returned as it is where no row is chosen.
    fit : MixedFit
    rows : numpy.ndarray of bool, shape (rows,)
    """
    if not rows.any():
        return table
    table = table.copy()
    table.loc[rows, ["estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high"]] = np.nan
    table.loc[rows, "note"] = [f"{left_out(fit)}; {note}" for note in table.loc[rows, "note"]]
    return table
