"""Mixed models and corrections for many tests beside statsmodels, mixedlm, glmm and SciPy."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer
from scipy import stats as scipy_stats

from gazeanalytics import stats

ONE, CROSSED = "y ~ x + (1 | reader)", "y ~ x + (1 | reader) + (1 | case)"


class Readings(NamedTuple):
    table: pd.DataFrame
    kind: str


def simulated(count: int, seed: int, kind: str) -> Readings:
    """Readings by readers of cases, each with an effect of its own."""
    rng = np.random.default_rng(seed)
    readers, cases = max(8, int(count**0.5) // 2), max(10, int(count**0.5))
    reader, case = rng.integers(0, readers, count), rng.integers(0, cases, count)
    x = rng.normal(size=count)
    eta = 0.3 + 0.5 * x + rng.normal(0, 0.7, readers)[reader] + rng.normal(0, 0.6, cases)[case]
    y = {
        "gaussian": lambda: eta + rng.normal(0, 1, count),
        "binomial": lambda: (rng.random(count) < 1 / (1 + np.exp(-eta))).astype(int),
        "poisson": lambda: rng.poisson(np.exp(eta)),
    }[kind]()
    names = {"reader": [f"r{n}" for n in reader], "case": [f"c{n}" for n in case]}
    return Readings(pd.DataFrame({"y": y, "x": x, **names}), kind)


def inputs(kind: str):
    return lambda count, seed: simulated(count, seed, kind)


def ours(formula: str):
    """Log-likelihood and fixed effects."""

    def call(data: Readings) -> np.ndarray:
        fit = stats.mixed(formula, data.table, family=data.kind)
        return np.array([fit.log_likelihood, *fit.coefficients])

    return call


def ours_with_errors(data: Readings) -> np.ndarray:
    fit = stats.mixed(ONE, data.table)
    return np.array([fit.log_likelihood, *fit.coefficients, *fit.std_errors])


def linear(table: pd.DataFrame, formula: str = "y ~ x", reml: bool = True):
    from statsmodels.regression.mixed_linear_model import MixedLM

    return MixedLM.from_formula(formula, table, groups="reader").fit(reml=reml, gtol=1e-8)


def statsmodels(data: Readings) -> np.ndarray:
    fit = linear(data.table)
    return np.array([fit.llf, *fit.fe_params, *fit.bse_fe])


def mixedlm(formula: str):
    def call(data: Readings) -> np.ndarray:
        import mixedlm as peer

        if data.kind == "gaussian":
            fit = peer.lmer(formula, data.table)
        else:
            family = {"binomial": peer.families.Binomial, "poisson": peer.families.Poisson}[data.kind]
            fit = peer.glmer(formula, data.table, family=family())
        return np.array([fit.logLik().value, *fit.fixef().values()])

    return call


def glmm(formula: str):
    def call(data: Readings) -> np.ndarray:
        import glmm as peer

        fit = peer.fit(data.table, formula, family=data.kind)
        return np.array([fit.loglik, *fit.beta])

    return call


def our_ratio(data: Readings) -> np.ndarray:
    fits = [stats.mixed(formula, data.table, reml=False) for formula in ("y ~ 1 + (1 | reader)", ONE)]
    return stats.anova(*fits).iloc[-1][["statistic", "p_value"]].to_numpy(float)


def their_ratio(data: Readings) -> np.ndarray:
    one, two = (linear(data.table, formula, reml=False).llf for formula in ("y ~ 1", "y ~ x"))
    return np.array([2 * (two - one), scipy_stats.chi2.sf(2 * (two - one), 1)])


def our_fitted(data: Readings) -> np.ndarray:
    return stats.predict(stats.mixed(ONE, data.table))


def p_values(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).beta(0.3, 1, count)


def corrected(method: str):
    def call(p: np.ndarray) -> np.ndarray:
        from statsmodels.stats.multitest import multipletests

        return multipletests(p, method=method)[1]

    return call


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's (1979) steps: the k-th smallest times n - k + 1, never falling."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return steps[np.argsort(order)]


SEARCH = "both search for the optimum"
GAUSSIAN = {"inputs": inputs("gaussian"), "size": 400, "full": 5_000, "unit": "readings"}
ENTRIES = [
    Entry(
        "stats.mixed",
        what="linear, one random intercept",
        ours=ours_with_errors,
        peers={"statsmodels MixedLM": Peer(statsmodels, "statsmodels", tolerance=1e-5, note=SEARCH)},
        **GAUSSIAN,
    ),
    Entry(
        "stats.mixed",
        what="linear, crossed",
        ours=ours(CROSSED),
        peers={
            "mixedlm lmer": Peer(mixedlm(CROSSED), "mixedlm", tolerance=1e-5, note=SEARCH),
            "glmm": Peer(glmm(CROSSED), "glmm", tolerance=1e-5, note=SEARCH),
        },
        **GAUSSIAN,
    ),
    *(
        Entry(
            "stats.mixed",
            what=f"{kind}, crossed",
            inputs=inputs(kind),
            ours=ours(CROSSED),
            peers={
                "mixedlm glmer": Peer(mixedlm(CROSSED), "mixedlm", tolerance=1e-3, note=SEARCH),
                "glmm": Peer(glmm(CROSSED), "glmm", tolerance=1e-3, note=SEARCH),
            },
            size=400,
            full=5_000,
            unit="readings",
        )
        for kind in ("binomial", "poisson")
    ),
    Entry(
        "stats.anova",
        what="likelihood-ratio test",
        ours=our_ratio,
        peers={"statsmodels MixedLM and SciPy chi2": Peer(their_ratio, "statsmodels", tolerance=1e-5, note=SEARCH)},
        **GAUSSIAN,
    ),
    Entry(
        "stats.predict",
        ours=our_fitted,
        peers={
            "statsmodels MixedLM": Peer(
                lambda d: linear(d.table).fittedvalues, "statsmodels", tolerance=1e-4, note=SEARCH
            )
        },
        **GAUSSIAN,
    ),
    Entry(
        "stats.adjust",
        what="Benjamini-Hochberg",
        inputs=p_values,
        ours=lambda p: stats.adjust(p, method="bh"),
        peers={
            "SciPy false_discovery_control": Peer(scipy_stats.false_discovery_control, "scipy"),
            "statsmodels multipletests": Peer(corrected("fdr_bh"), "statsmodels", note="ours calls it"),
        },
        size=50,
        full=100_000,
        unit="p-values",
    ),
    Entry(
        "stats.adjust",
        what="Holm",
        inputs=p_values,
        ours=stats.adjust,
        peers={
            "the paper's steps in NumPy": Peer(holm, "numpy"),
            "statsmodels multipletests": Peer(corrected("holm"), "statsmodels", note="ours calls it"),
        },
        size=50,
        full=100_000,
        unit="p-values",
    ),
]
