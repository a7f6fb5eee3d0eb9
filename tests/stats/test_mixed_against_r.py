"""Every fit of a folder of R fits (lme4, lmerTest, ordinal, glmmTMB); emmeans, profiles and tests of some of them."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from gazeanalytics import stats, tables

_spec = importlib.util.spec_from_file_location("mixed_reference", Path(__file__).with_name("mixed_reference.py"))
against_r = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(against_r)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "reference" / "mixed_models"
FITS = [
    pytest.param(name, marks=[pytest.mark.slow] if name.startswith("full_") else []) for name in against_r.names(SHARED)
]
# glmmTMB's errors for these come from coarse differences (statsmodels' agree with ours), or the data are separated, or
# glmer stopped early, which its likelihood shows.
LOOSE_ERRORS = {"tmb_Gasoline_beta", "tmb_Gasoline_beta_fixed"}
# lmer stopped 2.5e-7 of log likelihood early; at its own covariance parameters our degrees of freedom are its to 1e-4.
LOOSE_DF = {"lmm_simsmall_slope_ml"}


@pytest.fixture(scope="module")
def folder(shared_reference):
    return shared_reference / "mixed_models"


def agree(row):
    assert row["log likelihood"] > -1e-5, row
    if row["log likelihood"] > 1e-6 or "separated" in row["note"]:
        return  # R stopped before the top
    assert row["fixed"] < 5e-4, row
    assert row["errors"] < 5e-4 or row["fit"] in LOOSE_ERRORS, row
    assert row["spreads"] < 1e-3 or "singular" in row["note"], row
    assert not row["df"] > 1e-3 or row["fit"] in LOOSE_DF, row


def test_no_fit_is_left_out(folder):
    assert len(against_r.names(folder)) == len(FITS) > 95


@pytest.mark.parametrize("name", FITS)
def test_fits_equal_those_of_r(folder, name):
    agree(against_r.compare(folder, name))


@pytest.fixture(scope="module")
def sleep(folder):
    return stats.mixed("Reaction ~ Days + (Days | Subject)", against_r.table(folder, "sleepstudy"))


def test_conditional_modes_equal_lme4(folder, sleep):
    reference = json.loads((folder / "fits" / "lmm_sleepstudy_rs_reml.json").read_text())
    table = sleep.random_effects().set_index(["coefficient", "level"])
    for name, place in (("(Intercept)", 0), ("Days", 1)):
        levels = reference["ranef_head"]["Subject"]["levels"]
        modes = reference["ranef_head"]["Subject"]["values"][name]
        np.testing.assert_allclose(table["mode"][name].loc[levels], modes, atol=2e-4)
        sds = [row[place] for row in reference["ranef_condsd_head"]["Subject"]]
        np.testing.assert_allclose(table["sd"][name].loc[levels], sds, rtol=1e-5)


def test_explained_variance_and_criteria_equal_r(folder, sleep):
    reference = json.loads((folder / "fits" / "lmm_sleepstudy_rs_reml.json").read_text())
    found = stats.r2(sleep)
    assert found.marginal == pytest.approx(reference["r2_nakagawa"]["marginal"], abs=5e-6)
    assert found.conditional == pytest.approx(reference["r2_nakagawa"]["conditional"], abs=5e-6)
    assert found.icc == pytest.approx(reference["icc"]["adjusted"], abs=5e-6)
    assert sleep.aic == pytest.approx(reference["AIC"], abs=1e-6)
    assert sleep.bic == pytest.approx(reference["BIC"], abs=1e-6)


@pytest.mark.parametrize("name", ["lmm_sleepstudy_ri_ml", "glmm_cbpp_nagq1"])
def test_profile_intervals_equal_lme4(folder, name):
    reference = json.loads((folder / "fits" / f"{name}.json").read_text())
    formula, options = against_r.model(name, reference["call"])
    table = stats.confint(stats.mixed(formula, against_r.table(folder, reference["dataset"]), **options))
    ends = dict(zip(reference["ci_profile"]["names"], reference["ci_profile"]["values"], strict=True))
    sigma = [ends.pop("sigma")] if "sigma" in ends else []
    spreads = [ends.pop(key) for key in list(ends) if key.startswith("sd_")]
    want = [*ends.values(), *spreads, *sigma]
    np.testing.assert_allclose(table[["conf_low", "conf_high"]], want, rtol=1e-4)


def test_marginal_means_and_contrasts_equal_emmeans(folder):
    reference = json.loads((folder / "fits" / "emm_VerbAgg.json").read_text())
    data = against_r.table(folder, "VerbAgg")
    formula = "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)"
    # emmeans takes glmer's effects for normal
    fit = stats.mixed(formula, data, family="binomial", settings={"degrees_of_freedom": "infinite"})
    means = tables.check(stats.marginal_means(fit, "btype"), "estimates")
    assert list(means.contrast) == ["curse", "scold", "shout"]
    # emmeans stands on a glmer fit that stopped 4e-4 below the top
    np.testing.assert_allclose(means.estimate, [row["emmean"] for row in reference["emm_link"]], atol=3e-4)
    np.testing.assert_allclose(means.std_error, [row["SE"] for row in reference["emm_link"]], rtol=2e-3)
    shares = stats.marginal_means(fit, "btype", scale="response")
    np.testing.assert_allclose(shares.estimate, [row["prob"] for row in reference["emm_resp"]], atol=5e-5)
    np.testing.assert_allclose(shares.conf_high, [row["asymp.UCL"] for row in reference["emm_resp"]], atol=2e-4)
    pairs = stats.contrasts(fit, "btype")
    assert list(pairs.contrast) == [row["contrast"] for row in reference["pairs_tukey"]]
    p_values = [row["p.value"] for row in reference["pairs_tukey"]]
    np.testing.assert_allclose(pairs.p_value, p_values, rtol=0.02, atol=1e-12)
    tests = stats.joint_tests(fit).set_index("term")
    for row in reference["joint"]:
        assert tests.statistic[row["model term"]] == pytest.approx(row["F.ratio"], rel=6e-3)


def test_joint_tests_equal_lmertest(folder):
    """Without interactions, tests given all other terms are R's type III."""
    name = "lmm_simsmall_three_reml"
    reference = json.loads((folder / "fits" / f"{name}.json").read_text())
    formula, options = against_r.model(name, reference["call"])
    table = stats.joint_tests(stats.mixed(formula, against_r.table(folder, "sim_small"), **options)).set_index("term")
    for row in reference["anova_III_satterthwaite"]:
        mine = table.loc[row["term"]]
        assert mine["df"] == row["NumDF"]
        assert mine["statistic"] == pytest.approx(row["F value"], rel=1e-4)
        assert mine["df_residual"] == pytest.approx(row["DenDF"], rel=1e-3)
        assert np.log(mine["p_value"]) == pytest.approx(np.log(row["Pr(>F)"]), rel=1e-3)


def test_likelihood_ratio_of_nested_models(folder):
    data = against_r.table(folder, "sleepstudy")
    small = stats.mixed("Reaction ~ Days + (1 | Subject)", data)
    large = stats.mixed("Reaction ~ Days + (Days | Subject)", data)
    table = stats.anova(large, small)
    assert table.log_likelihood.tolist() == pytest.approx([-897.039321502613, -875.969672244495], abs=1e-6)
    assert table.df[1] == 2
    assert table.p_value[1] == pytest.approx(np.exp(-table.statistic[1] / 2))
    with pytest.raises(stats.ModelError, match="same rows; got 180, 179 rows"):
        stats.anova(small, stats.mixed("Reaction ~ Days + (1 | Subject)", data.iloc[1:]))
