"""Agreement, calibration and disagreement beside statsmodels, scikit-learn, krippendorff and pingouin."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from peers import Entry, Peer
from scipy.spatial import distance
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

from gazeanalytics import stats


def two_raters(count: int, seed: int) -> pd.DataFrame:
    """Two raters with four categories who agree in six of ten."""
    return rated(count, seed, 2)


def raters(count: int, seed: int) -> pd.DataFrame:
    return rated(count, seed, 5)


def rated(count: int, seed: int, raters: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, count)
    said = np.where(rng.random((raters, count)) < 0.6, truth, rng.integers(0, 4, (raters, count)))
    return pd.DataFrame(said.T, columns=[f"rater {number}" for number in range(raters)])


def with_gaps(count: int, seed: int) -> pd.DataFrame:
    table = raters(count, seed).astype(float)
    return table.mask(np.random.default_rng(seed + 1).random(table.shape) < 0.2)


def ours(coefficient: str, weights: str = "unweighted"):
    return lambda d: stats.agreement(d, coefficients=[coefficient], weights=weights)["estimate"].item()


def kappa(weights: str | None = None):
    return lambda d: metrics.cohen_kappa_score(d.iloc[:, 0], d.iloc[:, 1], weights=weights)


def counts(ratings: pd.DataFrame) -> np.ndarray:
    return np.stack([(ratings == value).sum(axis=1) for value in range(4)], axis=1)


def fleiss(ratings: pd.DataFrame) -> float:
    from statsmodels.stats.inter_rater import fleiss_kappa

    return fleiss_kappa(counts(ratings))


def cohen_test(ratings: pd.DataFrame) -> list[float]:
    from statsmodels.stats.inter_rater import cohens_kappa

    table = pd.crosstab(ratings.iloc[:, 0], ratings.iloc[:, 1]).to_numpy()
    found = cohens_kappa(table)
    return [found.kappa, found.z_value]


def our_cohen_test(ratings: pd.DataFrame) -> list[float]:
    found = stats.chance_test(ratings, coefficient="cohen").iloc[0]
    return [found["estimate"], found["statistic"]]


def alpha(level: str):
    def call(ratings: pd.DataFrame) -> float:
        import krippendorff

        return krippendorff.alpha(ratings.to_numpy().T, level_of_measurement=level)

    return call


def scored(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 1, (count, 1)) + rng.normal(0, 0.3, (1, 5)) + rng.normal(0, 0.8, (count, 5))
    return pd.DataFrame(score, columns=[f"rater {number}" for number in range(5)])


ICC_COLUMNS = ["estimate", "statistic", "df", "df2", "p_value"]


def our_icc(ratings: pd.DataFrame) -> np.ndarray:
    return stats.icc(ratings).set_index("term")[ICC_COLUMNS].to_numpy(float)


def pingouin(ratings: pd.DataFrame) -> np.ndarray:
    from pingouin import intraclass_corr

    long = ratings.rename_axis("subject").reset_index().melt("subject", var_name="rater", value_name="score")
    found = intraclass_corr(long, targets="subject", raters="rater", ratings="score")
    columns = next(
        c for c in (["ICC", "F", "df1", "df2", "pval"], ["ICC", "F", "df1", "df2", "p_val"]) if set(c) <= set(found)
    )
    return found[columns].to_numpy(float)


class Stated(NamedTuple):
    stated: np.ndarray
    truth: np.ndarray


def stated(count: int, seed: int) -> Stated:
    """Probabilities in steps of a tenth, overconfident."""
    rng = np.random.default_rng(seed)
    said = rng.integers(1, 10, count) / 10
    return Stated(said, (rng.random(count) < 0.5 + 0.6 * (said - 0.5)).astype(int))


def our_calibration(*terms: str):
    def call(data: Stated) -> np.ndarray:
        found = stats.calibration(*data, n_resamples=2, rng=0).set_index("term")["estimate"]
        return found[list(terms)].to_numpy(float)

    return call


def cox(data: Stated) -> np.ndarray:
    import statsmodels.api as sm

    return sm.Logit(data.truth, sm.add_constant(np.log(data.stated / (1 - data.stated)))).fit(disp=0, tol=1e-12).params


def platt(data: Stated) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    logit = np.log(data.stated / (1 - data.stated))[:, None]
    return LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit, data.truth).predict_proba(logit)[:, 1]


def isotonic(data: Stated) -> np.ndarray:
    return IsotonicRegression(out_of_bounds="clip").fit(*data).predict(data.stated)


def by_phrase(count: int, seed: int) -> pd.DataFrame:
    data = stated(count, seed)
    return pd.DataFrame({"phrase": data.stated.astype(str), "certainty": data.stated, "truth": data.truth})


def our_curve(table: pd.DataFrame) -> np.ndarray:
    return stats.calibration_by(table, by="phrase")[["stated", "observed", "low", "high"]].to_numpy(float)


def jeffreys(table: pd.DataFrame) -> np.ndarray:
    from statsmodels.stats.proportion import proportion_confint

    found = table.groupby("certainty")["truth"].agg(["sum", "size"])
    low, high = proportion_confint(found["sum"], found["size"], method="jeffreys")
    return np.stack([found.index, found["sum"] / found["size"], low, high], axis=1)


def distributions(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(count), size=2)


def said(cases: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    case, reader = np.divmod(np.arange(cases * 6), 6)
    return pd.DataFrame({"case": case, "reader": reader, "certainty": rng.random(len(case))})


def gini(table: pd.DataFrame) -> list[float]:
    return [
        distance.pdist(part.to_numpy()[:, None], "cityblock").mean() for _, part in table.groupby("case")["certainty"]
    ]


TWO = {"inputs": two_raters, "size": 200, "full": 20_000, "unit": "subjects"}
MANY = {"inputs": raters, "size": 200, "full": 20_000, "unit": "subjects of 5 raters"}
GAPS = {"inputs": with_gaps, "size": 200, "full": 5_000, "unit": "subjects of 5 raters, gaps"}
STATED = {"inputs": stated, "size": 400, "full": 100_000, "unit": "statements"}
ENTRIES = [
    Entry(
        "stats.agreement",
        what="Cohen's kappa",
        ours=ours("cohen"),
        peers={"scikit-learn cohen_kappa_score": Peer(kappa(), "scikit-learn")},
        **TWO,
    ),
    Entry(
        "stats.agreement",
        what="Cohen's kappa, quadratic weights",
        ours=ours("cohen", "quadratic"),
        peers={"scikit-learn cohen_kappa_score": Peer(kappa("quadratic"), "scikit-learn")},
        **TWO,
    ),
    Entry(
        "stats.agreement",
        what="Fleiss's kappa",
        ours=ours("fleiss"),
        peers={"statsmodels fleiss_kappa": Peer(fleiss, "statsmodels")},
        **MANY,
    ),
    Entry(
        "stats.agreement",
        what="Krippendorff's alpha",
        ours=ours("krippendorff"),
        peers={"krippendorff": Peer(alpha("nominal"), "krippendorff")},
        **GAPS,
    ),
    Entry(
        "stats.agreement",
        what="Krippendorff's alpha, interval",
        ours=ours("krippendorff", "quadratic"),
        peers={"krippendorff": Peer(alpha("interval"), "krippendorff")},
        **GAPS,
    ),
    Entry(
        "stats.chance_test",
        what="kappa and z",
        ours=our_cohen_test,
        peers={"statsmodels cohens_kappa": Peer(cohen_test, "statsmodels")},
        **TWO,
    ),
    Entry(
        "stats.icc",
        what="six ICCs with F, df and p",
        inputs=scored,
        ours=our_icc,
        peers={"pingouin intraclass_corr": Peer(pingouin, "pingouin")},
        size=40,
        full=4_000,
        unit="subjects of 5 raters",
    ),
    Entry(
        "stats.calibration",
        what="Brier score",
        ours=our_calibration("brier"),
        peers={
            "scikit-learn brier_score_loss": Peer(
                lambda d: [metrics.brier_score_loss(d.truth, d.stated)], "scikit-learn", note="ours with all terms"
            )
        },
        **STATED,
    ),
    Entry(
        "stats.calibration",
        what="AUROC",
        ours=our_calibration("auroc"),
        peers={
            "scikit-learn roc_auc_score": Peer(
                lambda d: [metrics.roc_auc_score(d.truth, d.stated)], "scikit-learn", note="ours with all terms"
            )
        },
        **STATED,
    ),
    Entry(
        "stats.calibration",
        what="intercept and slope",
        ours=our_calibration("intercept", "slope"),
        peers={"statsmodels Logit": Peer(cox, "statsmodels", tolerance=1e-7, note="ours with all terms")},
        **STATED,
    ),
    Entry(
        "stats.calibration_by",
        what="curve with Jeffreys intervals",
        inputs=by_phrase,
        ours=our_curve,
        peers={"statsmodels proportion_confint": Peer(jeffreys, "statsmodels")},
        size=400,
        full=100_000,
        unit="statements",
    ),
    Entry(
        "stats.recalibrate",
        what="isotonic",
        ours=lambda d: stats.recalibrate(*d)(d.stated),
        peers={"scikit-learn IsotonicRegression": Peer(isotonic, "scikit-learn")},
        **STATED,
    ),
    Entry(
        "stats.recalibrate",
        what="logistic",
        ours=lambda d: stats.recalibrate(*d, method="logistic")(d.stated),
        peers={
            "scikit-learn LogisticRegression": Peer(
                platt, "scikit-learn", tolerance=1e-6, note="our map is straight between 1001 knots"
            )
        },
        **STATED,
    ),
    Entry(
        "stats.jensen_shannon",
        inputs=distributions,
        ours=stats.jensen_shannon,
        peers={"SciPy jensenshannon": Peer(lambda d: distance.jensenshannon(*d, base=2) ** 2, "scipy")},
        size=10,
        full=1_000,
        unit="categories",
    ),
    Entry(
        "stats.disagreement",
        what="numbers",
        inputs=said,
        ours=lambda d: stats.disagreement(d, value="certainty", kind="numbers")["disagreement"],
        peers={"SciPy pdist": Peer(gini, "scipy")},
        size=30,
        full=3_000,
        unit="cases of 6 readers",
    ),
]
