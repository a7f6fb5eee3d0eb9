"""Response families (Gaussian, binomial, Poisson, beta, ordinal ...): valid outcomes, start values, parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from gazeanalytics._kernels.stats import densities as codes
from gazeanalytics._kernels.stats.families import Outcome
from gazeanalytics.stats.mixed.design import Design, ModelError
from gazeanalytics.stats.mixed.links import LINKS
from gazeanalytics.stats.mixed.solver.likelihood import Density, Inflated, Likelihood, Thresholds

__all__ = ["FAMILIES", "Family", "Response", "zeros_start"]

START_STEPS = 4
MAX_ROUNDING = 0.05
SMALLEST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True)
class Response:
    """An outcome as numbers.

    Attributes
    ----------
    y, size : numpy.ndarray, shape (rows,)
        Value (successes, count, proportion, level from 0, time), and number of trials or, of a Gaussian outcome,
        precision weight: the number of observations that the row is the mean of. A time that is only known to lie in
        an interval has its lower end in `y` and the upper one in `size` (infinity where it is censored on the right).
    levels : tuple of str
        Labels of an ordinal or two-valued outcome, lowest first.

    Examples
    --------
    >>> find("binomial", None).response([pd.Series(["miss", "hit", "hit"])]).levels
    ('hit', 'miss')
    """

    y: np.ndarray
    size: np.ndarray
    levels: tuple[str, ...] = ()


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
    def of_trials(self) -> bool:
        """Whether the outcome is successes among trials."""
        return self.code in _OF_TRIALS

    @property
    def timed(self) -> bool:
        """Whether the outcome is a time, which may be censored."""
        return self.code == codes.LOGNORMAL

    def weighted(self, columns: list[pd.Series], weights: pd.Series) -> Response:
        """Turn columns and weights into a response: trials of a share of successes, or precision of a number."""
        numbers = _numbers([weights], "numbers", what="weights")
        if self.gaussian:
            _refuse(~((numbers > 0) & np.isfinite(numbers)), numbers, "finite numbers above 0", what="weights")
            return Response(self.response(columns).y, numbers)
        if self.of_trials:
            return _shares_of_trials(columns, numbers)
        raise ModelError(
            "weights are for family 'gaussian' (how precise each row is) and for shares of trials under 'binomial' or "
            f"'beta-binomial'; got family {self.name!r}: leave them out, or put an exposure in offset(log(...))"
        )

    def likelihood(self, design: Design, auxiliary: np.ndarray, *, inflated: bool) -> Likelihood:
        """Make the likelihood of a design; `auxiliary` predicts thresholds or excess zeros, its rows in data order."""
        x = np.ascontiguousarray(auxiliary[design.order])
        if self.ordinal:
            level = design.y.astype(np.int64)
            return Thresholds(self.code, level, x, int(level.max()))
        counts = Density(self.code, Outcome(design.y, design.size))
        return Inflated(counts, x) if inflated else counts

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


def _ones(y: np.ndarray) -> np.ndarray:
    return np.ones(y.size)


def _numbers(columns: list[pd.Series], expected: str, *, what: str = "outcome") -> np.ndarray:
    if len(columns) != 1:
        raise ModelError(f"{what}: expected {expected}; cbind(...) is for family 'binomial'")
    values = columns[0]
    if not pd.api.types.is_numeric_dtype(values):
        raise ModelError(f"{what}: expected {expected}; got a column of {values.dtype}, first {values.iloc[0]!r}")
    numbers = values.to_numpy(dtype=float)
    _refuse(np.isinf(numbers), numbers, "finite numbers", what=what)
    return numbers


def _real(columns: list[pd.Series]) -> Response:
    y = _numbers(columns, "numbers")
    if y.size > 1 and np.ptp(y) == 0:
        raise ModelError(f"the outcome is {y[0]:g} in all {y.size:,} rows, so there is nothing to explain")
    return Response(y, _ones(y))


def _two_valued(columns: list[pd.Series]) -> Response:
    if len(columns) == 2:
        hits, misses = (column.to_numpy(dtype=float) for column in columns)
        _refuse((hits < 0) | (misses < 0) | (hits % 1 != 0) | (misses % 1 != 0), hits, "counts from 0 in cbind(...)")
        return Response(hits, hits + misses)
    levels = pd.Categorical(columns[0])
    if len(levels.categories) != 2:
        raise ModelError(
            "family 'binomial': expected an outcome of two values, the second being the success, cbind(successes, "
            "failures), or a share of successes with the column of trials as weights; got "
            f"{len(levels.categories)} values: {levels.categories[:5].tolist()}"
        )
    if pd.api.types.is_numeric_dtype(columns[0]) and list(levels.categories) != [0, 1]:
        raise ModelError(f"family 'binomial': expected numbers 0 and 1; got {list(levels.categories)}")
    y = levels.codes.astype(float)
    return Response(y, _ones(y), tuple(map(str, levels.categories)))


def _shares_of_trials(columns: list[pd.Series], trials: np.ndarray) -> Response:
    _refuse((trials < 1) | (trials % 1 != 0), trials, "whole numbers of trials from 1", what="weights")
    share = _numbers(columns, "shares of successes from 0 to 1")
    _refuse((share < 0) | (share > 1), share, "shares of successes from 0 to 1")
    hits = np.round(share * trials)
    # Shares in a file are rounded: a share of few digits is still one count, unless it lies between two.
    between = np.abs(share * trials - hits) > MAX_ROUNDING
    _refuse(between, share, "shares that are whole successes over the trials in weights")
    return Response(hits, trials)


def _count(columns: list[pd.Series]) -> Response:
    y = _numbers(columns, "whole numbers from 0")
    _refuse((y < 0) | (y % 1 != 0), y, "whole numbers from 0")
    return Response(y, _ones(y))


def _share(columns: list[pd.Series]) -> Response:
    y = _numbers(columns, "numbers between 0 and 1, both excluded")
    _refuse((y <= 0) | (y >= 1), y, "numbers between 0 and 1, both excluded")
    return Response(y, _ones(y))


def _positive(columns: list[pd.Series]) -> Response:
    y = _numbers(columns, "finite numbers above 0")
    _refuse(~((y > 0) & np.isfinite(y)), y, "finite numbers above 0")
    return Response(y, _ones(y))


def _time(columns: list[pd.Series]) -> Response:
    """Take a time, or the ends of the interval in which it lies."""
    low, high = (column.to_numpy(dtype=float) for column in (columns[0], columns[-1]))
    seen = low == high
    _refuse((low < 0) | (seen & ~((low > 0) & np.isfinite(low))), low, "times above 0")
    _refuse(high < low, high, "ends of intervals that aren't before their beginnings")
    _refuse((low == 0) & np.isinf(high), low, "times or intervals; one from 0 to infinity says nothing")
    if not (np.isfinite(high) & (low > 0)).any():
        raise ModelError("family 'lognormal': expected a time that was seen in some rows; all are censored")
    return Response(low, high)


def _levels(columns: list[pd.Series]) -> Response:
    # Two levels would be a binomial model with the sign of its intercept turned; better asked for by that name.
    levels = pd.Categorical(columns[0])
    if len(levels.categories) < 3:
        raise ModelError(f"family 'ordinal': expected at least 3 levels; got {len(levels.categories)}; use 'binomial'")
    if pd.api.types.is_string_dtype(levels.categories) and not levels.ordered:
        raise ModelError(
            "family 'ordinal': expected ordered levels: numbers, or an ordered categorical "
            "(pandas.Categorical(values, categories=[...], ordered=True)); got text without an order"
        )
    y = levels.codes.astype(float)
    return Response(y, _ones(y), tuple(map(str, levels.categories)))


def _refuse(wrong: np.ndarray, y: np.ndarray, expected: str, *, what: str = "outcome") -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise ModelError(f"{what}: expected {expected}; got {y[row]:g} in row {row} of those used")


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


def _log_value(response: Response) -> np.ndarray:
    return np.log(response.y)


def _log_time(response: Response) -> np.ndarray:
    """Give the logarithm of the time, of the interval's middle (on that scale), or of its only finite end."""
    low, high = response.y, response.size
    return np.log(np.where(low == 0, high, np.where(np.isinf(high), low, np.sqrt(low * np.where(low > 0, high, 1)))))


def _log_spread(response: Response) -> np.ndarray:
    return np.log([max(float(np.std(_log_time(response))), SMALLEST_SPREAD)])


def _log_one(response: Response) -> np.ndarray:
    return np.zeros(1)


def _log_five(response: Response) -> np.ndarray:
    return np.full(1, np.log(5.0))


_OF_TRIALS = (codes.BINOMIAL, codes.BINOMIAL_PROBIT, codes.BINOMIAL_CLOGLOG, codes.BETA_BINOMIAL)
NEGATIVE_BINOMIAL, NEGATIVE_BINOMIAL_LINEAR = codes.NEGATIVE_BINOMIAL, codes.NEGATIVE_BINOMIAL_LINEAR
FAMILIES: dict[tuple[str, str], Family] = {
    (family.name, family.link): family
    for family in (
        Family("gaussian", "identity", 0, _real, lambda response: response.y, _none),
        Family("binomial", "logit", codes.BINOMIAL, _two_valued, _share_start, _none),
        Family("binomial", "probit", codes.BINOMIAL_PROBIT, _two_valued, _probit_start, _none),
        Family("binomial", "cloglog", codes.BINOMIAL_CLOGLOG, _two_valued, _cloglog_start, _none),
        Family("poisson", "log", codes.POISSON, _count, _log_start, _none),
        Family("negative binomial", "log", NEGATIVE_BINOMIAL, _count, _log_start, _log_one, "shape"),
        Family("negative binomial 1", "log", NEGATIVE_BINOMIAL_LINEAR, _count, _log_start, _log_one, "dispersion"),
        Family("beta", "logit", codes.BETA, _share, lambda response: logit(response.y), _log_five, "precision"),
        Family("beta-binomial", "logit", codes.BETA_BINOMIAL, _two_valued, _share_start, _log_five, "precision"),
        Family("lognormal", "log", codes.LOGNORMAL, _time, _log_time, _log_spread, "sd(residual)"),
        Family("gamma", "log", codes.GAMMA, _positive, _log_value, _log_one, "shape"),
        Family("inverse gaussian", "log", codes.INVERSE_GAUSSIAN, _positive, _log_value, _log_one, "shape"),
        Family("ordinal", "logit", codes.CUMULATIVE_LOGIT, _levels, _flat, _thresholds(logit)),
        Family("ordinal", "probit", codes.CUMULATIVE_PROBIT, _levels, _flat, _thresholds(ndtri)),
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
