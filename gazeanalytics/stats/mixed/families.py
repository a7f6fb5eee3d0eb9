"""Response families (Gaussian, binomial, Poisson, beta, ordinal ...): valid outcomes, start values, parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics._kernels.stats.families import Outcome
from gazeanalytics.stats.mixed import outcomes
from gazeanalytics.stats.mixed.design import Design, ModelError
from gazeanalytics.stats.mixed.links import LINKS
from gazeanalytics.stats.mixed.outcomes import Response
from gazeanalytics.stats.mixed.solver.likelihood import Density, Equidistant, Inflated, Likelihood, Student, Thresholds

__all__ = ["FAMILIES", "Family", "zeros_start"]

START_STEPS = 4
SMALLEST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True)
class Family:
    """One response family with its link.

    Attributes
    ----------
    name, link : str
    code : int
        The kernels' number for it; 0 is Gaussian.
    response : callable
        Turns columns of the table into a `Response`, or refuses them in words.
    start : callable
        From a response, a rough linear predictor for each row.
    parameters : callable
        From a response, start values of the family's own parameters (log dispersion, thresholds).
    dispersion : str
        Name of the dispersion parameter in tables; empty for none.
    shape : str
        Name of a second one; empty for none.

    Examples
    --------
    >>> find("poisson", None).mean(np.array([0.0, np.log(3.0)])).round(2).tolist()
    [1.0, 3.0]
    """

    name: str
    link: str
    code: int
    response: Callable[[list[pd.Series]], Response]
    start: Callable[[Response], np.ndarray]
    parameters: Callable[[Response], np.ndarray]
    dispersion: str = ""
    shape: str = ""

    @property
    def gaussian(self) -> bool:
        """Whether the outcome is normal, so that sigma and fixed effects are profiled out."""
        return self.code == 0

    @property
    def ordinal(self) -> bool:
        """Whether the outcome is ordered levels (thresholds take the intercept's place)."""
        return self.code in (codes.CUMULATIVE_LOGIT, codes.CUMULATIVE_PROBIT)

    @property
    def counted(self) -> bool:
        """Whether the outcome is a count from 0 without a top."""
        return self.code in (codes.POISSON, codes.NEGATIVE_BINOMIAL, codes.NEGATIVE_BINOMIAL_LINEAR)

    @property
    def scales(self) -> tuple[str, ...]:
        """Names of the positive parameters, which `phi` begins with the logarithms of."""
        return tuple(name for name in (self.dispersion, self.shape) if name)

    @property
    def of_trials(self) -> bool:
        """Whether the outcome is successes among trials."""
        return self.code in _OF_TRIALS

    @property
    def timed(self) -> bool:
        """Whether the outcome is a time, which may be censored."""
        return self.code == codes.LOGNORMAL

    def weighted(self, columns: list[pd.Series], weights: pd.Series) -> Response:
        """Turn columns and weights into a response: trials of a share of successes, or precision of a number."""
        numbers = outcomes.numbers([weights], "numbers", what="weights")
        if self.gaussian:
            outcomes.refuse_values(
                ~((numbers > 0) & np.isfinite(numbers)), numbers, "finite numbers above 0", what="weights"
            )
            return Response(self.response(columns).y, numbers)
        if self.of_trials:
            return outcomes.shares_of_trials(columns, numbers)
        raise ModelError(
            "weights are for family 'gaussian' (how precise each row is) and for shares of trials under 'binomial' or "
            f"'beta-binomial'; got family {self.name!r}: leave them out, or put an exposure in offset(log(...))"
        )

    def likelihood(self, design: Design, auxiliary: np.ndarray, *, kind: str) -> Likelihood:
        """Make the likelihood of a design; `auxiliary` predicts thresholds or excess zeros, its rows in data order.

        `kind` is that of the auxiliary part, or `equidistant`.
        """
        x = np.ascontiguousarray(auxiliary[design.order])
        if self.ordinal:
            level = design.y.astype(np.int64)
            thresholds = Thresholds(self.code, level, x, int(level.max()))
            return Equidistant(thresholds) if kind == "equidistant" else thresholds
        if self.code == codes.STUDENT:
            return Student(design.y)
        counts = Density(self.code, Outcome(design.y, design.size))
        return Inflated(counts, x) if kind == "zeros" else counts

    def latent(self, x: np.ndarray) -> np.ndarray:
        """Give the latent distribution function of an ordinal outcome."""
        return LINKS[self.link].mean(x)

    def mean(self, eta: np.ndarray) -> np.ndarray:
        """Give the expected outcome (a probability or share for binomial and beta) at a linear predictor.

        Of a log-normal time it is the median.
        """
        return LINKS[self.link].mean(eta)

    def slope(self, eta: np.ndarray) -> np.ndarray:
        """Give the derivative of `mean` by the linear predictor."""
        return LINKS[self.link].slope(eta)


def _starting_share(response: Response) -> np.ndarray:
    # Half a success and half a failure more keep shares of 0 and 1 finite on the scale of any link.
    return (response.y + 0.5) / (response.size + 1.0)


def _share_start(response: Response) -> np.ndarray:
    return logit(_starting_share(response))


def _probit_start(response: Response) -> np.ndarray:
    return ndtri(_starting_share(response))


def _cloglog_start(response: Response) -> np.ndarray:
    return LINKS["cloglog"].predictor(_starting_share(response))


def _none(response: Response) -> np.ndarray:
    return np.empty(0)


def _thresholds(quantile: Callable[[np.ndarray], np.ndarray]) -> Callable[[Response], np.ndarray]:
    def start(response: Response) -> np.ndarray:
        counts = np.bincount(response.y.astype(int), minlength=len(response.levels))
        return quantile(np.cumsum(counts)[:-1] / counts.sum())

    return start


def _flat(response: Response) -> np.ndarray:
    # Thresholds start at the outcome's own quantiles, so the predictor starts at 0.
    return np.zeros(response.y.size)


def _log_start(response: Response) -> np.ndarray:
    return np.log(response.y + 0.5)


def _value(response: Response) -> np.ndarray:
    return response.y


def _log_value(response: Response) -> np.ndarray:
    return np.log(response.y)


def _log_time(response: Response) -> np.ndarray:
    """Give the logarithm of the time, of the interval's middle (on that scale), or of its only finite end."""
    low, high = response.y, response.size
    return np.log(np.where(low == 0, high, np.where(np.isinf(high), low, np.sqrt(low * np.where(low > 0, high, 1)))))


def _log_spread(response: Response) -> np.ndarray:
    return np.log([max(float(np.std(_log_time(response))), SMALLEST_SPREAD)])


def _log_scale_and_df(response: Response) -> np.ndarray:
    # The median distance from the median: outliers, which the family is taken for, would widen a standard deviation.
    spread = np.median(np.abs(response.y - np.median(response.y))) / ndtri(0.75)
    return np.log([max(float(spread), SMALLEST_SPREAD * float(np.std(response.y))), 5.0])


def _log_one(response: Response) -> np.ndarray:
    return np.zeros(1)


def _log_five(response: Response) -> np.ndarray:
    return np.full(1, np.log(5.0))


_OF_TRIALS = (codes.BINOMIAL, codes.BINOMIAL_PROBIT, codes.BINOMIAL_CLOGLOG, codes.BETA_BINOMIAL)
NEGATIVE_BINOMIAL, NEGATIVE_BINOMIAL_LINEAR = codes.NEGATIVE_BINOMIAL, codes.NEGATIVE_BINOMIAL_LINEAR
FAMILIES: dict[tuple[str, str], Family] = {
    (family.name, family.link): family
    for family in (
        Family("gaussian", "identity", 0, outcomes.real, _value, _none),
        Family("binomial", "logit", codes.BINOMIAL, outcomes.two_valued, _share_start, _none),
        Family("binomial", "probit", codes.BINOMIAL_PROBIT, outcomes.two_valued, _probit_start, _none),
        Family("binomial", "cloglog", codes.BINOMIAL_CLOGLOG, outcomes.two_valued, _cloglog_start, _none),
        Family("poisson", "log", codes.POISSON, outcomes.count, _log_start, _none),
        Family("negative binomial", "log", NEGATIVE_BINOMIAL, outcomes.count, _log_start, _log_one, "shape"),
        Family(
            "negative binomial 1", "log", NEGATIVE_BINOMIAL_LINEAR, outcomes.count, _log_start, _log_one, "dispersion"
        ),
        Family("beta", "logit", codes.BETA, outcomes.share, lambda response: logit(response.y), _log_five, "precision"),
        Family(
            "beta-binomial", "logit", codes.BETA_BINOMIAL, outcomes.two_valued, _share_start, _log_five, "precision"
        ),
        Family("lognormal", "log", codes.LOGNORMAL, outcomes.time, _log_time, _log_spread, "sd(residual)"),
        Family("gamma", "log", codes.GAMMA, outcomes.positive, _log_value, _log_one, "shape"),
        Family("inverse gaussian", "log", codes.INVERSE_GAUSSIAN, outcomes.positive, _log_value, _log_one, "shape"),
        Family("student", "identity", codes.STUDENT, outcomes.real, _value, _log_scale_and_df, "scale", "df"),
        Family("ordinal", "logit", codes.CUMULATIVE_LOGIT, outcomes.levels, _flat, _thresholds(logit)),
        Family("ordinal", "probit", codes.CUMULATIVE_PROBIT, outcomes.levels, _flat, _thresholds(ndtri)),
    )
}


def zeros_start(x: np.ndarray, response: Response) -> np.ndarray:
    """Guess the effects on excess zeros: a few steps of a logistic regression of being 0, as if half were in excess.

    Examples
    --------
    Of four counts two are 0; as if one of the two were in excess, the log odds start at log(1 / 3):

    >>> zeros_start(np.ones((4, 1)), Response(np.array([0.0, 0.0, 2.0, 5.0]), np.ones(4))).round(2)
    array([-1.1])
    """
    zero, effects = response.y == 0, np.zeros(x.shape[1])
    for _ in range(START_STEPS):
        share = expit(x @ effects)
        weight = share * (1 - share)
        effects += np.linalg.lstsq((x * weight[:, None]).T @ x, x.T @ (0.5 * zero - share), rcond=None)[0]
    return effects


def find(name: str, link: str | None) -> Family:
    """Return the family of that name (and link; None for its first)."""
    for family in FAMILIES.values():
        if family.name == name and link in (None, family.link):
            return family
    known = ", ".join(f"{family!r} ({link})" for family, link in FAMILIES)
    raise ModelError(f"family: expected one of {known}; got {name!r}" + (f" with link {link!r}" if link else ""))
