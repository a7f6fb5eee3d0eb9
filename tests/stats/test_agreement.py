"""Agreement: R's irr, irrCAC and psych to the last digit they print, pairs counted one by one, and artefacts."""

import json
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from gazeanalytics import tables
from gazeanalytics.stats.agreement.agreement import agreement, agreement_bootstrap, chance_test
from gazeanalytics.stats.agreement.coefficients import agreement_weights, coefficient_of, encode
from gazeanalytics.stats.agreement.disagreement import disagreement
from gazeanalytics.stats.agreement.icc import icc

IRRCAC = {
    "gwet_ac1": "gwet",
    "krippen_alpha": "krippendorff",
    "fleiss_kappa": "fleiss",
    "conger_kappa": "conger",
    "bp_coeff": "brennan_prediger",
    "pa_coeff": "percent",
}
WEIGHTS = ("unweighted", "linear", "quadratic", "ordinal")


@pytest.fixture(scope="module")
def reference(shared_reference):
    return json.loads((shared_reference / "agreement" / "agreement_reference.json").read_text())["results"]


@pytest.fixture(scope="module")
def frame(shared_reference):
    return lambda name: pd.read_csv(shared_reference / "agreement" / f"{name}.csv")


def close(ours, theirs):
    return np.testing.assert_allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=1e-7, atol=1e-9)


def printed(ours, theirs, digits):
    """The other program rounds what it prints."""
    return np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.5001 * 10.0**-digits)


@pytest.mark.parametrize("data", ["anxiety", "diagnoses", "cac_raw4raters"])
def test_irrcac_in_full_missing_ratings_included(data, reference, frame):
    ratings = frame(("irrCAC_" if data.startswith("cac") else "") + data)
    found = 0
    for weights in WEIGHTS:
        words = sorted(ratings.melt()["value"].dropna().unique()) if data == "diagnoses" else None
        table = agreement(ratings, weights=weights, categories=words).set_index("term")
        for theirs, ours in IRRCAC.items():
            want = reference.get(f"irrCAC_{data}_{theirs}_raw_{weights}")
            if want is None:
                continue
            got, found = table.loc[ours], found + 1
            close([got.observed, got.chance], [want["pa"], want["pe"]])
            printed([got.estimate, got.std_error], [want["coeff.val"], want["coeff.se"]], 5)
            # irrCAC takes p as 2 (1 - F), which has no digits below 1e-15
            np.testing.assert_allclose(got.p_value, want["p.value"], rtol=1e-6, atol=1e-15)
            printed([got.conf_low, got.conf_high], [float(end) for end in want["conf.int"].strip("()").split(",")], 3)
    assert found == (6 if data == "diagnoses" else 24)


def test_cohen_of_irr(reference, frame):
    anxiety, vision, diagnoses = frame("anxiety"), frame("vision"), frame("diagnoses")
    pairs = {f"anxiety_{a}{b}": anxiety[[f"rater{a}", f"rater{b}"]].astype(str) for a, b in ((1, 2), (1, 3), (2, 3))}
    cases = [(f"{name}_{w}", pair, w) for name, pair in {**pairs, "vision": vision}.items() for w in WORDS]
    for name, pair, weights in [*cases, ("diagnoses_23", diagnoses.iloc[:, 1:3], "unweighted")]:
        want = reference[f"irr_kappa2_{name}"]
        pair = pair.astype(pd.CategoricalDtype(sorted(pair.melt()["value"].dropna().unique()), ordered=True))
        got = chance_test(pair, coefficient="cohen", weights=weights).iloc[0]
        close([got.estimate, got.statistic], [want["value"], want["stat"]])
        np.testing.assert_allclose(got.p_value, want["p"], rtol=1e-6, atol=1e-15)
        assert got.n == want["subjects"]
        close(agreement(pair, coefficients=["cohen"], weights=weights)["estimate"], [want["value"]])


WORDS = ("unweighted", "equal", "squared")


def test_cohen_of_psych(reference, frame):
    want, pair = reference["psych_cohen_anxiety12"], frame("anxiety").iloc[:, :2]
    got = agreement(pair, coefficients=["cohen"]).iloc[0]
    close([got.estimate, got.std_error**2], [want["kappa"], want["var"]])
    half = norm.ppf(0.975) * got.std_error
    ends = want["confid"][0]
    close([got.estimate - half, got.estimate + half], [ends["lower"], ends["upper"]])
    close(agreement(pair, coefficients=["cohen"], weights="quadratic")["estimate"], [want["weighted"]])


def test_fleiss_and_conger_of_irr(reference, frame):
    ratings = frame("diagnoses")
    want, table = reference["irr_fleiss_diagnoses"], chance_test(ratings)
    close(table.loc[0, ["estimate", "statistic"]], [want["value"], want["stat"]])
    assert table["p_value"].to_numpy()[0] < 1e-15
    for row in want["detail"]:
        got = table[table["contrast"] == row["_row"]].iloc[0]
        printed([got.estimate, got.statistic, got.p_value], [row["Kappa"], row["z"], row["p.value"]], 3)
    exact = agreement(ratings, coefficients=["conger"])["estimate"]
    close(exact, [reference["irr_fleiss_exact_diagnoses"]["value"]])


def test_light_and_full_agreement_of_irr(reference, frame):
    ratings, want = frame("diagnoses"), reference["irr_light_diagnoses"]
    got = chance_test(ratings, coefficient="light").iloc[0]
    close([got.estimate, got.statistic, got.p_value], [want["value"], want["stat"], want["p"]])
    long = ratings.reset_index(names="case").melt("case", var_name="reader")
    apart = disagreement(long, value="value")
    close(100 * (1 - apart["split"].mean()), reference["irr_agree_diagnoses"]["value"])
    long = frame("video").reset_index(names="case").melt("case", var_name="reader")
    apart = disagreement(long, value="value", kind="numbers")
    close(100 * (apart["range"] <= 1).mean(), reference["irr_agree_video_tol1"]["value"])


def test_every_reference_is_asked_for(reference):
    """108 entries: those that the tests of this file go through, by the beginning of their names."""
    kinds = (
        "irrCAC_anxiety irrCAC_diagnoses irrCAC_cac_raw4raters irr_kappa2_ psych_cohen_ irr_fleiss_ irr_kripp_ irr_icc_"
    )
    asked = (*kinds.split(), "psych_ICC_", "irr_light_", "irr_agree_")
    left = [name for name, want in reference.items() if not name.startswith(asked) and want is not None]
    assert left == []


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_krippendorff_of_irr(metric, reference, frame):
    weights = "rank" if metric == "ordinal" else metric
    alpha = {}
    for name in ("krippendorff_nmm", "anxiety"):
        table = agreement(frame(name), coefficients=["krippendorff"], weights=weights)
        alpha[name] = table["estimate"].item()
    close(alpha["krippendorff_nmm"], reference[f"irr_kripp_nmm_{metric}"]["value"])
    # Where nothing is missing irr counts each of the 60 ratings twice (three raters), so that its small-sample factor
    # is 119/120 where Krippendorff has 59/60; irrCAC gives the latter.
    theirs = reference[f"irr_kripp_anxiety_{metric}"]["value"]
    close(1 - theirs, (1 - alpha["anxiety"]) * (119 / 120) / (59 / 60))


@pytest.mark.parametrize("data", ["anxiety", "shrout_fleiss1979", "video"])
def test_icc_of_psych_and_irr(data, reference, frame):
    table = icc(frame(data)).set_index("term")
    for want in reference[f"psych_ICC_{data}"]["table"]:
        got = table.loc[want["type"], [*ICC_COLUMNS]]
        close(got, [want[key] for key in ("ICC", "F", "df1", "df2", "p", "lower bound", "upper bound")])
    table = icc(frame(data), method="mcgraw_wong").set_index("term")
    for key, want in reference.items():
        if not key.startswith(f"irr_icc_{data}"):
            continue
        model, kind, unit = key.split("_")[-3:]
        term = ("ICC1" if model == "oneway" else "ICC2" if kind == "agreement" else "ICC3") + "k" * (unit == "average")
        close(table.loc[term, [*ICC_COLUMNS]], [want[k] for k in ("value", "F", "df1", "df2", "p", "lbound", "ubound")])


ICC_COLUMNS = ("estimate", "statistic", "df", "df2", "p_value", "conf_low", "conf_high")


def pairs_one_by_one(places, weights, times):
    """Observed agreement and Conger's chance agreement from every pair of different raters."""
    raters = [g for g, count in enumerate(times) for _ in range(int(count))]
    pairs = [(g, h) for g, h in permutations(raters, 2) if g != h]
    shares = []
    for row in places:
        seen = [weights[row[g], row[h]] for g, h in pairs if row[g] >= 0 and row[h] >= 0]
        shares += [np.mean(seen)] if seen else []
    of = [np.bincount(column[column >= 0], minlength=len(weights)) for column in places.T]
    of = [share / max(1, share.sum()) for share in of]
    pairs = [(g, h) for g, h in pairs if of[g].any() and of[h].any()]
    chance = [of[g] @ weights @ of[h] for g, h in pairs]
    return (np.mean(shares) if shares else np.nan), (np.mean(chance) if chance else np.nan)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 9), st.integers(2, 4), st.integers(0, 2**32 - 1), st.sampled_from(["unweighted", "linear"]))
def test_pairs_counted_one_by_one(subjects, raters, seed, weights):
    rng = np.random.default_rng(seed)
    places = rng.integers(-1, 3, (subjects, raters))
    times = rng.integers(0, 3, raters).astype(float)
    matrix = np.eye(3) if weights == "unweighted" else 1 - np.abs(np.subtract.outer(range(3), range(3))) / 2
    observed, chance = pairs_one_by_one(places, matrix, times)
    found = coefficient_of("conger", places, matrix, times)
    np.testing.assert_allclose(found.observed, observed, atol=1e-12)
    used = places[((places >= 0) @ times) > 0]
    _, chance = pairs_one_by_one(used, matrix, times)
    np.testing.assert_allclose(found.chance, chance, atol=1e-12)


def simulated(subjects, raters, rng, *, slip=0.25, missing=0.2):
    truth = rng.integers(0, 3, subjects)
    said = np.where(rng.random((subjects, raters)) < slip, rng.integers(0, 3, (subjects, raters)), truth[:, None])
    ratings = pd.DataFrame(said.astype(float), columns=[f"r{g}" for g in range(raters)])
    return ratings.mask(rng.random(ratings.shape) < missing)


def test_errors_are_those_of_the_jackknife():
    """Linearised and jackknife errors meet as subjects grow; a wrong term in any derivative would part them."""
    rng = np.random.default_rng(3)
    ratings = simulated(400, 4, rng)
    ratings = ratings[ratings.notna().sum(axis=1) >= 2]
    for weights in ("unweighted", "linear"):
        table = agreement(ratings, weights=weights)
        coded = encode(ratings, None)
        matrix = agreement_weights(weights, coded)
        n = len(coded.places)
        for name, ours in zip(table["term"], table["std_error"], strict=True):
            left = [coefficient_of(name, np.delete(coded.places, i, axis=0), matrix).estimate for i in range(n)]
            spread = np.sqrt((n - 1) * np.var(left))
            assert ours == pytest.approx(spread, rel=0.02)


def test_intervals_cover():
    rng = np.random.default_rng(11)
    truth = agreement(simulated(200_000, 3, rng), coefficients=["gwet"])["estimate"].item()
    tables_ = [agreement(simulated(60, 3, rng), coefficients=["gwet"]).iloc[0] for _ in range(400)]
    covered = np.mean([row.conf_low <= truth <= row.conf_high for row in tables_])
    assert 0.92 <= covered <= 0.98


def test_bootstrap_of_subjects_meets_the_linearised_error_and_raters_widen_it():
    rng = np.random.default_rng(5)
    ratings = simulated(150, 6, rng)
    ratings["r0"] = rng.integers(0, 3, len(ratings)).astype(float)  # one rater guesses
    linear = agreement(ratings, coefficients=["fleiss"]).iloc[0]
    subjects = agreement_bootstrap(ratings, coefficient="fleiss", n_resamples=600, rng=1).iloc[0]
    both = agreement_bootstrap(ratings, coefficient="fleiss", resample_raters=True, n_resamples=600, rng=1).iloc[0]
    assert subjects.std_error == pytest.approx(linear.std_error, rel=0.12)
    assert both.std_error > 1.5 * subjects.std_error
    assert subjects.estimate == both.estimate == linear.estimate
    again = agreement_bootstrap(ratings, coefficient="fleiss", resample_raters=True, n_resamples=600, rng=1).iloc[0]
    assert (again.conf_low, again.conf_high) == (both.conf_low, both.conf_high)


def test_drawing_raters_twice_adds_no_agreement():
    """Raters who guess agree no better than chance, however often one of them is drawn."""
    guesses = pd.DataFrame(np.random.default_rng(2).integers(0, 2, (3000, 4)))
    table = agreement_bootstrap(guesses, coefficient="conger", resample_raters=True, n_resamples=100, rng=4).iloc[0]
    assert table.conf_low < 0 < table.conf_high
    assert abs(table.conf_high) < 0.06


def test_tables_keep_their_contract():
    ratings = simulated(30, 2, np.random.default_rng(0))
    for table in (
        agreement(ratings),
        chance_test(ratings),
        icc(ratings),
        agreement_bootstrap(ratings, n_resamples=20, rng=0),
    ):
        tables.check(table, "estimates")
    left = int(ratings.isna().any(axis=1).sum())
    assert icc(ratings)["note"].iloc[0].startswith(f"{left} subjects")


def test_artefacts_are_named():
    same = pd.DataFrame({"a": ["none"] * 5, "b": ["none"] * 5})
    table = agreement(same).set_index("term")
    assert table.drop("percent")["estimate"].isna().all()
    assert table.drop("percent")["note"].str.startswith("undefined: every rating is 'none'").all()
    assert table.loc["percent", "estimate"] == 1
    assert "never split" in str(table.loc["percent", "note"])
    never = pd.DataFrame({"a": list("xyxy"), "b": list("xyxy")})
    row = agreement(never, coefficients=["cohen"]).iloc[0]
    assert row.estimate == 1
    assert np.isnan(row.p_value)
    assert row.note == "raters never split: no error can be estimated from these subjects"
    rare = pd.DataFrame({"a": ["no"] * 50, "b": ["no"] * 48 + ["yes"] * 2})
    assert agreement(rare, coefficients=["cohen"])["note"].item() == "small cell: rests on 2 split subjects"
    listed = agreement(same, categories=["none", "effusion"], coefficients=["gwet"]).iloc[0]
    assert listed.estimate == 1
    assert "never split: every rating is 'none'" in listed.note
    assert chance_test(same)["note"].str.startswith("undefined").all()
    assert icc(pd.DataFrame({"a": [3, 3], "b": [3, 3]}))["note"].iloc[0].startswith("undefined")


def test_icc_without_error_is_named():
    tenths = pd.DataFrame({"a": [0.1, 0.7, 0.3], "b": [0.1, 0.7, 0.3], "c": [0.1, 0.7, 0.3]})
    for ratings, said in ((tenths, "never split"), (pd.DataFrame({"a": [3, 4, 5], "b": [4, 5, 6]}), "by a constant")):
        table = tables.check(icc(ratings), "estimates").set_index("term")
        assert said in table["note"].iloc[0]
        assert table.loc["ICC3", "estimate"] == 1
        assert np.isnan(table["statistic"].to_numpy()[2])
    assert table.loc["ICC1", "estimate"] == pytest.approx(0.6)  # mean squares 2 and 0.5


def test_kinds_of_columns_agree():
    """Numbers, nullable numbers, names and ordered categories of the same ratings give the same coefficients."""
    number = simulated(40, 3, np.random.default_rng(8))
    whole = number.astype("Int64")
    names = number.map(lambda x: {0.0: "a", 1.0: "b", 2.0: "c"}.get(x, np.nan))
    ordered = names.astype(pd.CategoricalDtype(["a", "b", "c"], ordered=True))
    want = agreement(number, weights="quadratic")["estimate"]
    for other, categories in ((whole, None), (names, ["a", "b", "c"]), (ordered, None)):
        close(agreement(other, weights="quadratic", categories=categories)["estimate"], want)


@pytest.mark.parametrize(
    ("ratings", "options", "said"),
    [
        ({"a": [1, 2]}, {}, "at least two; got 1"),
        ({"a": [1, np.nan], "b": [np.nan, 2]}, {}, "with two ratings; got none"),
        ({"a": [1, 2], "b": [1, 7]}, {"categories": [1, 2]}, "got 7 in row 1"),
        ({"a": [1, 2], "b": [1, 2]}, {"weights": "quadratc"}, "did you mean 'quadratic'"),
        ({"a": [1, 2], "b": [1, 2]}, {"weights": np.eye(3)}, "symmetric 2 x 2"),
        ({"a": [1, 2], "b": [1, 2]}, {"coefficients": ["fleis"]}, "did you mean 'fleiss'"),
        ({"a": [1, 2], "b": [1, 2], "c": [1, 2]}, {"coefficients": ["cohen"]}, "ask for 'conger'"),
        ({"a": [-1, 2], "b": [1, 2]}, {"weights": "ratio"}, "at least 0"),
    ],
)
def test_wrong_use_is_refused(ratings, options, said):
    with pytest.raises(ValueError, match=said):
        agreement(pd.DataFrame(ratings), **options)


def test_wrong_use_of_the_others_is_refused():
    with pytest.raises(ValueError, match="column 'a': expected ratings in numbers"):
        icc(pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}))
    with pytest.raises(ValueError, match="got 2 and 1"):
        icc(pd.DataFrame({"a": [1, np.nan], "b": [1, 2]}))
    with pytest.raises(ValueError, match="Fleiss's unweighted"):
        chance_test(pd.DataFrame({"a": [1, 2], "b": [1, 2]}), weights="linear")
