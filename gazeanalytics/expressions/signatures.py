"""Which functions an expression may call, and with what."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ALIASES", "CODINGS", "FORMULA_WORDS", "SIGNATURES", "Signature"]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes.

    Attributes
    ----------
    columns : int
        How many of its first arguments are worked out from columns; the others are settings.
    settings : tuple of str
        Names of the settings, in the order in which they may stand without their names.
    min_arguments : int
        How many columns it wants at least.

    Examples
    --------
    >>> SIGNATURES["poly"]
    Signature(columns=1, settings=('degree', 'raw'), min_arguments=1)
    """

    columns: int = 1
    settings: tuple[str, ...] = ()
    min_arguments: int = 1


# Value by value: the same result for a row, whatever the other rows are.
_PLAIN = (
    "I", "abs", "ceil", "cos", "exp", "exp10", "exp2", "expm1", "floor", "isna", "log", "log10", "log1p", "log2",
    "notna", "round", "sign", "sin", "sqrt", "tan", "tanh",
)  # fmt: skip

# Said to a formula as a whole, not worked out row by row.
FORMULA_WORDS = ("ar1", "cbind", "censored", "interval", "nominal", "offset", "zeros")

# Ways to code a category, each under R's name and formulaic's.
CODINGS = {
    "contr.SAS": "SAS", "contr.diff": "diff", "contr.helmert": "helmert", "contr.poly": "poly", "contr.sum": "sum",
    "contr.treatment": "treatment", "Diff": "diff", "Helmert": "helmert", "Poly": "poly", "Sum": "sum",
    "Treatment": "treatment",
}  # fmt: skip

SIGNATURES: dict[str, Signature] = {
    **dict.fromkeys(_PLAIN, Signature()),
    "center": Signature(),
    "scale": Signature(settings=("center", "scale")),
    "standardize": Signature(settings=("center", "rescale")),
    "poly": Signature(settings=("degree", "raw")),
    "bs": Signature(settings=("df", "knots", "degree")),
    **dict.fromkeys(("ns", "cr"), Signature(settings=("df", "knots"))),
    "factor": Signature(settings=("contrasts", "levels")),
    "relevel": Signature(settings=("ref",)),
    "interaction": Signature(columns=2, min_arguments=2),
    **dict.fromkeys(("cbind", "censored", "interval"), Signature(columns=2, min_arguments=2)),
    **dict.fromkeys(("ar1", "nominal", "offset", "zeros"), Signature()),
    **dict.fromkeys(CODINGS, Signature(columns=0, settings=("base",), min_arguments=0)),
}

ALIASES = {"C": "factor", "as.factor": "factor"}
