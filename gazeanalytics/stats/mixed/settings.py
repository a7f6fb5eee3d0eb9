"""Settings of a mixed model's fit, and every tolerance of the search with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gazeanalytics.settings import Settings

__all__ = ["MixedSettings", "Tolerances"]

MAX_QUADRATURE = 100


@dataclass(frozen=True, slots=True)
class Tolerances(Settings):
    """Where the search for a mixed model's estimates stops; all in one place, as in MixedModels.jl's OptSummary.

    Most are decrements of -2 log L: half g'H^-1 g, what a further Newton step promises. A decrement of d means that the
    estimates stand about sqrt(d) standard errors off the optimum, whatever the units of the data, which no bound on
    gradients or on steps can say.

    Attributes
    ----------
    first_stage : float
        Decrement that ends the stage in which fixed effects are found with the modes; it only has to give a start.
    final : float
        Decrement that ends the search of a Gaussian model, or of a stage that is the last one.
    joint : float
        The same over (theta, beta, phi) of Laplace's approximation or quadrature, whose evaluations cost more and whose
        Newton steps with the true curvature follow anyway.
    converged : float
        Decrement, by the true curvature, up to which the fit counts as converged: 0.3 % of a standard error.
    polished : float
        Decrement at which Newton steps with the true curvature stop.
    max_newton_polish : int
        How many of them at most; each halves the decrement at least, or they end.
    max_evaluations : int
        Evaluations of the objective in one search; most fits need 3 to 20.
    sufficient_decrease : float
        Share of the promised decrease that a step has to give (Armijo; Nocedal & Wright 2006, section 3.1).
    model_until : float
        Decrement above which the analytic model of the curvature replaces the memory of BFGS: far from the optimum the
        model is better, near it the memory is.
    model_condition : float
        Smallest eigenvalue, at unit diagonal, of a model of the curvature that is used.
    modes, modes_separated : float
        Decrement at which the inner Newton steps have found the conditional modes. Far below `polished`, as what is
        left of it is noise in the objective; larger on separated data, where modes run off without end.
    max_mode_steps : int
        Inner Newton steps.
    singular : float
        Relative standard deviation (diagonal of the covariance factor) that is reported as singular, lme4's bound too.
    flat : float
        Eigenvalue of the scaled curvature under which a direction of standard deviations counts as flat and is held.
    difference_step : float
        Width of differences of the gradient, in standard errors: truncation and rounding are about equal there.
    invertible_factor : float
        Smallest diagonal of a covariance factor through whose inverse traces are taken; below it, row by row.
    residual_share : float
        Share of the residual variance that random effects can't take away at the start of the search.
    aliased : float
        Squared length left of a unit column, others projected out, under which it counts as their combination.

    Examples
    --------
    >>> Tolerances(converged=1e-6).converged
    1e-06
    """

    first_stage: float = 1e-2
    final: float = 1e-7
    joint: float = 1e-6
    converged: float = 1e-5
    polished: float = 1e-9
    max_newton_polish: int = 4
    max_evaluations: int = 300
    sufficient_decrease: float = 1e-4
    model_until: float = 0.1
    model_condition: float = 1e-4
    modes: float = 1e-9
    modes_separated: float = 1e-6
    max_mode_steps: int = 100
    singular: float = 1e-4
    flat: float = 1e-7
    difference_step: float = 3e-5
    invertible_factor: float = 1e-3
    residual_share: float = 0.2
    aliased: float = 1e-10


@dataclass(frozen=True, slots=True)
class MixedSettings(Settings):
    """How `mixed` fits.

    Attributes
    ----------
    quadrature : int
        1 is Laplace's approximation; 0 a faster, rougher stage that finds the fixed effects with the modes (penalised
        least squares, lme4's nAGQ = 0); more are points of adaptive Gauss-Hermite quadrature for the grouping with most
        levels, which has one coefficient, such as `(1 | case)`; groupings crossed with it stay with Laplace's
        approximation (families `binomial` and `poisson`). Worth it where that grouping has few rows a level: with two
        reads a case and a two-valued outcome, Laplace's standard deviation of cases is a fifth too small.
        `"auto"` takes 9 points where a binomial outcome has fewer than 10 trials for each level of that grouping, and
        Laplace's approximation otherwise.
    separated : {"refuse", "note"}
        What to do when fixed effects predict two values, levels or zeros of counts without error, so that no finite
        estimate exists.
    degrees_of_freedom : {"between-within", "infinite"}
        Of tests of fixed effects in families other than the Gaussian, whose are Satterthwaite's: counted by the groups
        that an effect is estimated from, t (as with 8 readers z finds too much), or infinite, z, as lme4 prints it.
    piled_up : {"refuse", "note"}
        What to do when more than half of the rows of a Gaussian outcome have the same value, so that no transformation
        makes it normal.
    success : str
        Which of the two values of a binomial outcome in words is the success; not needed for 0 and 1, for true and
        false, or for an ordered categorical, whose second value it is.
    thresholds : {"flexible", "equidistant"}
        Of an ordinal outcome: each by itself, or apart by the same step (as clmm's), which is two parameters in all.
    tolerances : Tolerances
        Where the search stops.

    Examples
    --------
    >>> MixedSettings(quadrature=10).quadrature
    10
    >>> MixedSettings(quadrature=-1)
    Traceback (most recent call last):
    ValueError: quadrature: expected a number of points from 0 to 100; got -1
    """

    quadrature: int | Literal["auto"] = 1
    separated: Literal["refuse", "note"] = "refuse"
    degrees_of_freedom: Literal["between-within", "infinite"] = "between-within"
    piled_up: Literal["refuse", "note"] = "refuse"
    success: str = ""
    thresholds: Literal["flexible", "equidistant"] = "flexible"
    tolerances: Tolerances = field(default_factory=Tolerances)

    def __post_init__(self) -> None:
        points = self.quadrature
        if points != "auto" and not (isinstance(points, int) and 0 <= points <= MAX_QUADRATURE):
            raise ValueError(f"quadrature: expected a number of points from 0 to {MAX_QUADRATURE}; got {points}")
        for name in ("separated", "piled_up"):
            if getattr(self, name) not in ("refuse", "note"):
                raise ValueError(f"{name}: expected 'refuse' or 'note'; got {getattr(self, name)!r}")

    @property
    def points(self) -> int:
        """Points of quadrature; 1 where they have still to be chosen."""
        return 1 if self.quadrature == "auto" else self.quadrature
