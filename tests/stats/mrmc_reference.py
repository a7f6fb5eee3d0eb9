"""Our multi-reader multi-case results beside those of MRMCaov, pROC, RJafroc and the Iowa program, number by number.

Each source gives entry, quantity, ours and theirs. The folder holds VanDyke.csv, mrmc_reference.json,
rjafroc_reference.json and the Iowa program's output files. The Iowa program prints 4 to 8 decimals: there both are in
units of its last digit, which rounding allows to differ by one half.
"""

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from gazeanalytics.stats import roc
from gazeanalytics.stats.roc.against_model import against_standard

MERITS = {
    "empirical_auc": roc.Auc(),
    "binormal_auc": roc.Auc(curve="binormal"),
    "binormalLR_auc": roc.Auc(curve="proper"),
    "empirical_auc_partial_specificity_min_max": roc.Auc(partial="specificity", low=0.7),
    "binary_sens": roc.Sensitivity(),
    "binary_spec": roc.Specificity(),
}
FIXED = {"rrrc": None, "frrc": "readers", "rrfc": "cases"}
CALL = 3  # VanDyke's ratings from here on are calls of "present" in the sensitivity and specificity entries
NOT_RUN = re.compile("roc_eu|binary_.*unbiased|iMRMC")  # the reference holds an error message instead of numbers


@cache
def vandyke(folder, case="case", figure_of_merit="empirical_auc"):
    data = pd.read_csv(folder / "VanDyke.csv", dtype={"case2": str, "case3": str})
    if figure_of_merit.startswith("binary"):
        data["rating"] = (data["rating"] >= CALL).astype(float)
    return roc.RocData.from_frame(data, test="treatment", case=case)


@cache
def fit(folder, figure_of_merit, covariance, fixed, case="case"):
    rated = vandyke(folder, case, figure_of_merit)
    return roc.mrmc(rated, figure_of_merit=MERITS[figure_of_merit], covariance=covariance, fixed=FIXED[fixed])


def reference(folder, name):
    return json.loads((folder / name).read_text())["results"]


def numbers(rows, names):
    """Columns of their table as floats; their missing values are NaN."""
    return np.array([[np.nan if row.get(name) is None else float(row[name]) for name in names] for row in rows])


def columns(table, names):
    return table[names].to_numpy(float)


def mrmcaov(folder):
    """Give entry, quantity, ours and theirs for every number of MRMCaov's mrmc."""
    for entry, want in reference(folder, "mrmc_reference.json").items():
        if NOT_RUN.search(entry) or not want.get("test_means"):
            continue
        words = [word.strip("_") for word in entry.split("__") if word.strip("_")]
        case = {"case2_nested_reader": "case2", "case3_nested_test": "case3"}.get(words[-1], "case")
        method, kind = words[2].lower(), words[3]
        ours = fit(folder, words[1], method, kind, case)
        metrics = np.array([next(iter(row.values())) for row in want["metrics"]])
        yield entry, "metrics", ours.figures_of_merit.ravel(), metrics
        if want.get("cov_matrix"):
            yield entry, "covariances", ours.covariance, np.array(want["cov_matrix"])
        origin = ""
        if words[1].startswith("binormal"):  # where a likelihood has no maximum, all that follows differs
            origin = " from their metrics and covariances"
            matrix = np.array(want["cov_matrix"]) if want.get("cov_matrix") else ours.covariance
            ours = replace(ours, figures_of_merit=metrics.reshape(ours.shape), covariance=matrix)
        for quantity, mine, theirs in of_fit(ours, want):
            yield entry, quantity + origin, mine, theirs


def of_fit(ours, want):
    squares = ours.mean_squares()
    mean = [squares[name] for name in ("T", "R", "TR")]
    yield "anova", np.array([mean, np.array(mean) * [1, 4, 4]]).T, numbers(want["anova"], ["Mean Sq", "Sum Sq"])
    if want.get("vcov_comps"):
        table = ours.variance_components()[["estimate", "correlation"]].to_numpy()
        yield "components", table, numbers(want["vcov_comps"], ["Estimate", "Correlation"])
    table = ours.estimates()
    yield from of_tests(table, want)
    single = table[table["term"].astype(str).str.startswith("reader")]
    apart = single["contrast"].str.contains(" - ")
    ends = ["estimate", "std_error", "conf_low", "conf_high"]
    if want.get("reader_means"):
        rows = sorted(want["reader_means"], key=lambda row: (row["reader"], row["treatment"]))
        name = next(key for key in rows[0] if key.endswith(("auc", "sens", "spec")))
        yield "reader means", columns(single[~apart], ends), numbers(rows, [name, "StdErr", "CI.Lower", "CI.Upper"])
    if want.get("reader_test_diffs"):
        names = ["Estimate", "StdErr", "CI.Lower", "CI.Upper", "z", "p-value"]
        mine = columns(single[apart], [*ends, "statistic", "p_value"])
        yield "reader differences", mine, numbers(want["reader_test_diffs"], names)


def of_tests(table, want):
    by = dict(list(table.groupby("term")))
    ends = {"estimate": "Estimate", "std_error": "StdErr", "conf_low": "CI.Lower", "conf_high": "CI.Upper"}
    random = "F" in want["test_equality"][0]
    whole = {"statistic": "F" if random else "X2", "df": "df1" if random else "df", "p_value": "p-value"}
    whole |= {"df2": "df2"} if random else {}
    difference = ends | {"statistic": "t" if random else "z", "p_value": "p-value"} | ({"df": "df"} if random else {})
    yield "equality", columns(by["tests"], [*whole]), numbers(want["test_equality"], whole.values())
    yield "differences", columns(by["difference"], [*difference]), numbers(want["test_diffs"], difference.values())
    mean = ends | ({"df": "df"} if random else {})
    yield "means", columns(by["mean"], [*mean]), numbers(want["test_means"], mean.values())


def single_readers(folder):
    """MRMCaov's single-reader and single-test analyses, and pROC's paired test of DeLong."""
    data = pd.read_csv(folder / "VanDyke.csv")
    ends = ["estimate", "std_error", "conf_low", "conf_high"]
    for entry, want in reference(folder, "mrmc_reference.json").items():
        found = re.search(r"reader(\d)(?:_treat(\d))?$", entry)
        if not found:
            continue
        part = data[data["reader"].astype(str) == found[1]]
        if "srmc" in entry:
            ours = roc.mrmc(roc.RocData.from_frame(part, test="treatment"), fixed="readers")
            yield (
                entry,
                "components",
                ours.variance_components()["estimate"][2:],
                numbers(want["vcov_comps"], ["Estimate"])[:, 0],
            )
            own = ours.estimates().query("term == 'reader 1' or term.str.startswith('reader')", engine="python")
            names = ["empirical_auc", "StdErr", "CI.Lower", "CI.Upper"]
            yield entry, "means", columns(own[:2], ends), numbers(want["reader_means"], names)
            names = ["Estimate", "StdErr", "CI.Lower", "CI.Upper", "z", "p-value"]
            yield (
                entry,
                "difference",
                columns(own[2:], [*ends, "statistic", "p_value"]),
                numbers(want["test_diffs"], names),
            )
        elif "stmc" in entry:
            one = part[part["treatment"].astype(str) == found[2]]
            for method in ("jackknife", "delong"):
                table = roc.mrmc(roc.RocData.from_frame(one), fixed="readers", covariance=method).estimates()
                yield entry, method, columns(table[:1], ends)[0], np.array([*want[method].values()], float)
            yield (
                entry,
                "pROC interval",
                columns(table[:1], ["conf_low", "estimate", "conf_high"])[0],
                want["pROC_ci_delong"],
            )
        else:
            fitted = roc.mrmc(roc.RocData.from_frame(part, test="treatment"), fixed="readers", covariance="delong")
            row = fitted.estimates().query("term == 'difference'").iloc[0]
            yield entry, "z, p", [row.statistic, row.p_value], [want["z"], want["p"]]
            yield entry, "auc", fitted.figures_of_merit[:, 0], want["auc"]


def pseudovalues(folder):
    want = reference(folder, "mrmc_reference.json")["VanDyke__DBM_pseudovalues"]
    ours = roc.dbm(vandyke(folder))
    yield (
        "VanDyke__DBM_pseudovalues",
        "squares",
        [ours.mean_squares()[name] for name in want["MS"]],
        [*want["MS"].values()],
    )
    row = ours.estimates().iloc[0]
    yield (
        "VanDyke__DBM_pseudovalues",
        "test",
        [row.statistic, row.df, row.df2, row.p_value],
        [want[k] for k in ("F", "df1", "ddfH", "p")],
    )
    yield "VanDyke__DBM_pseudovalues", "theta", ours.pseudovalues.mean(2), want["theta"]


TEST = {"estimate": "Estimate", "std_error": "StdErr", "conf_low": "CILower", "conf_high": "CIUpper"}


def rjafroc(folder):
    """RJafroc's significance tests of VanDyke."""
    for entry, want in reference(folder, "rjafroc_reference.json").items():
        if not re.match(r"VanDyke_(OR|DBM)_", entry):
            continue
        _, method, kind = entry.split("_")
        fixed = FIXED[kind.lower()]
        ours = (
            fit(folder, "empirical_auc", "jackknife", kind.lower())
            if method == "OR"
            else roc.dbm(vandyke(folder), fixed=fixed)
        )
        plain = fit(folder, "empirical_auc", "jackknife", "rrrc") if method == "OR" else ours
        for quantity, mine, theirs in _rjafroc_parts(ours, plain, want, kind):
            yield entry, quantity, mine, theirs


def _rjafroc_parts(ours, plain, want, kind):
    values = ours.figures_of_merit if hasattr(ours, "figures_of_merit") else ours.pseudovalues.mean(2)
    yield "foms", values, want["FOMs"]["foms"]
    yield "means", values.mean(1), numbers(want["FOMs"]["trtMeans"], ["Estimate"])[:, 0]
    yield "difference", [values[0].mean() - values[1].mean()], numbers(want["FOMs"]["trtMeanDiffs"], ["Estimate"])[:, 0]
    anova, table = want["ANOVA"], ours.estimates()
    if "TRanova" in anova:
        yield from _or_parts(plain, anova)
    else:
        yield from _dbm_parts(ours, anova)
    part = want[kind]
    tests = part["FTests"]
    row = table.iloc[0]
    found = [row.statistic, row.df, row.p_value]
    first = {key: value for key, value in tests[0].items() if value is not None}
    theirs = [first.get("FStat", first.get("F", first.get("Chisq"))), first["DF"], first["p"]]
    yield "F or chi-square", found, theirs
    if tests[1].get("DF") is not None:
        yield "error df", [row.df2], [tests[1]["DF"]]
    differ = table[table["term"] == "difference"]
    names = {**TEST, "statistic": "t" if "t" in part["ciDiffTrt"][0] else "z"}
    p = "PrGTt" if "PrGTt" in part["ciDiffTrt"][0] else "PrGTz"
    names["p_value"] = p
    names |= {"df": "DF"} if "DF" in part["ciDiffTrt"][0] else {}
    yield "interval of difference", columns(differ, [*names]), numbers(part["ciDiffTrt"], names.values())
    yield (
        "intervals of means",
        columns(table[table["term"] == "mean"], [*TEST]),
        numbers(part["ciAvgRdrEachTrt"], TEST.values()),
    )
    if "ciDiffTrtEachRdr" in part:
        single = table[
            table["term"].astype(str).str.startswith("reader") & table["contrast"].str.contains(" - ", na=False)
        ]
        yield "readers", columns(single, [*names]), numbers(part["ciDiffTrtEachRdr"], names.values())


def _or_parts(fit, anova):
    squares, errors, own = fit.mean_squares(), fit.error_covariances(), fit.test_error_covariances()
    yield "anova", [squares[k] for k in ("T", "R", "TR")], numbers(anova["TRanova"], ["MS"])[:, 0]
    mine = fit.variance_components().set_index("component")["estimate"]
    order = ["reader", "test:reader", "Cov1", "Cov2", "Cov3", "Error"]
    yield "components", mine[order], numbers(anova["VarCom"], ["Estimates"])[:, 0]
    yield (
        "correlations",
        [errors[k] / errors["Error"] for k in ("Cov1", "Cov2", "Cov3")],
        numbers(anova["VarCom"], ["Rhos"])[2:5, 0],
    )
    mine = np.column_stack([fit.reader_mean_squares(), own["Error"], own["Cov2"]])
    yield "single tests", mine, numbers(anova["IndividualTrt"], ["msREachTrt", "varEachTrt", "cov2EachTrt"])
    blocks = [fit.covariance[np.ix_([r, 5 + r], [r, 5 + r])] for r in range(5)]
    mine = [[np.ptp(fit.figures_of_merit[:, r]) ** 2 / 2, np.diag(b).mean(), b[0, 1]] for r, b in enumerate(blocks)]
    yield "single readers", mine, numbers(anova["IndividualRdr"], ["msTEachRdr", "varEachRdr", "cov1EachRdr"])


def _dbm_parts(fit, anova):
    from gazeanalytics.stats.roc.dbm import mean_squares

    squares = fit.mean_squares()
    order = ["T", "R", "C", "TR", "TC", "RC", "TRC"]
    yield "anova", [squares[k] for k in order], numbers(anova["TRCanova"], ["MS"])[:7, 0]
    mine = fit.variance_components().set_index("component")["estimate"]
    yield (
        "components",
        mine[["reader", "case", "test:reader", "test:case", "reader:case", "Error"]],
        numbers(anova["VarCom"], ["Estimates"])[:, 0],
    )
    own = [mean_squares(part[None]) for part in fit.pseudovalues]
    yield (
        "single tests",
        [[part[k] for part in own] for k in ("R", "C", "RC")],
        numbers(anova["IndividualTrt"], ["trt0", "trt1"]),
    )
    own = [mean_squares(fit.pseudovalues[:, r : r + 1]) for r in range(5)]
    readers = [f"rdr{r}" for r in range(5)]
    yield (
        "single readers",
        [[part[k] for part in own] for k in ("T", "C", "TC")],
        numbers(anova["IndividualRdr"], readers),
    )


def planning(folder):
    """RJafroc's power and sample size, for a difference of 0.05."""
    pilot = fit(folder, "empirical_auc", "jackknife", "rrrc")
    for entry, want in reference(folder, "rjafroc_reference.json").items():
        if found := re.match(r"power_VanDyke_OR_J(\d+)_K(\d+)_(\w+)", entry):
            kind = found[3]
            row = roc.mrmc_power(
                pilot, effect=0.05, readers=int(found[1]), cases=int(found[2]), fixed=FIXED[kind.lower()]
            ).iloc[0]
            limit = want.get(f"f{kind}", want.get(f"chsq{kind}"))
            theirs = [want[f"power{kind}"], want[f"ncp{kind}"], limit, want[f"df2{kind}"] or np.nan]
            yield entry, "power", [row.power, row.noncentrality, row.critical, row.df2], np.array(theirs, float)
        elif found := re.match(r"ssK_VanDyke_J(\d+)", entry):
            row = roc.mrmc_sample_size(pilot, effect=0.05, readers=int(found[1])).iloc[0]
            yield entry, "cases", [row.cases, row.power], [want["KRRRC"], want["powerRRRC"]]
        elif entry.startswith("power_table"):
            rows = want["powerTableRRRC"]
            ours = roc.mrmc_sample_size(pilot, effect=0.05, readers=[int(row["numReaders"]) for row in rows])
            theirs = [np.nan if row["numCases"].startswith(">") else float(row["numCases"]) for row in rows]
            yield entry, "cases", ours["cases"], theirs
            # printed with three decimals
            yield entry, "power", ours["power"].round(3), numbers(rows, ["power"])[:, 0]


def against_cad(folder):
    """RJafroc's radiologists against CAD: the test from the figures of merit and covariances that it printed."""
    for kind in ("RRFC", "RRRC"):
        entry = f"cad_vs_rad_1T_{kind}"
        want = reference(folder, "rjafroc_reference.json")[entry]
        gaps = np.array(want["fomRAD"]) - want["fomCAD"]
        row = against_standard(gaps, want.get("cov2", 0.0), "readers - CAD", 0.95)
        yield entry, "variance", [gaps.var(ddof=1)], [want["varR"]]
        mine = [row[key] for key in ("estimate", "conf_low", "conf_high", "statistic", "df", "p_value")]
        yield entry, "test", mine, [want["avgDiffFom"], *want["CIAvgDiffFom"], want["Tstat"], want["df"], want["pval"]]
        ends = np.array(mine[1:3]) + want["fomCAD"]  # their interval of the mean has the difference's width
        yield (
            entry,
            "mean",
            [np.mean(want["fomRAD"]), *ends],
            [want["avgRadFom"], *want.get("CIAvgRadFom", want.get("CIAvgRad"))],
        )


NUMBER = re.compile(r"-?\d+\.\d+")
# Prose, and what stands where one test left nothing to compare
IMPOSSIBLE = re.compile(r"Conclusion|<0\.0001|NaN +0 +0\.0250|0\.00000000 +0 +-NaN")


def printed(text):
    """Every number with decimals that the Iowa program printed, in order, with its decimals."""
    body = text[text.index("TREATMENT x READER AUC ESTIMATES") : text.index("Reference resources")]
    lines = [line for line in body.splitlines() if not IMPOSSIBLE.search(line)]
    found = [match for line in lines for match in NUMBER.findall(line.replace("(", " ( "))]
    return np.array(found, float), np.array([len(match.split(".")[1]) for match in found])


def iowa(folder):
    """Every number that the Iowa program printed, beside ours in the same order."""
    data = pd.read_csv(folder / "VanDyke.csv")
    parts = {
        "output": data,
        "reader1_output": data[data["reader"].astype(str) == "1"],
        "treatment1_output": data[data["treatment"].astype(str) == "1"],
    }
    for name, part in parts.items():
        file = folder / f"iowa_OR-DBM-MRMC_2.51_VanDyke_{name}.txt"
        theirs, decimals = printed(file.read_text())
        ours = np.array(in_print(roc.RocData.from_frame(part, test="treatment")), float)
        unit = 10.0**-decimals
        yield file.stem, "in units of the last digit", ours / unit, theirs / unit


def in_print(rated):
    """Our numbers in the order of the Iowa program's pages."""
    several = len(rated.readers) > 1
    fits = {kind: roc.mrmc(rated, fixed=fixed) for kind, fixed in FIXED.items() if several or fixed == "readers"}
    ours = fits["frrc"]
    t = len(ours.tests)
    found = [*ours.figures_of_merit.T.ravel(), *ours.figures_of_merit.mean(1)]
    found += [ours.figures_of_merit[0].mean() - ours.figures_of_merit[1].mean()] if t > 1 else []
    if several:
        found += _anova_page(ours) + _random_page(fits["rrrc"])
    found += _fixed_page(ours)
    return found + (_cases_page(fits["rrfc"]) if several else [])


def _anova_page(fit):
    squares, errors = fit.mean_squares(), fit.error_covariances()
    t, r = fit.shape
    if t == 1:
        spread = fit.reader_mean_squares()[0]
        return [spread * (r - 1), spread, spread, errors["Cov2"], errors["Cov2"] / errors["Error"], errors["Error"]]
    rows = [
        value
        for k, df in (("T", t - 1), ("R", r - 1), ("TR", (t - 1) * (r - 1)))
        for value in (squares[k] * df, squares[k])
    ]
    parts = fit.variance_components().set_index("component")["estimate"]
    found = [*rows, *fit.reader_mean_squares(), parts["reader"], parts["test:reader"]]
    for name in ("Cov1", "Cov2", "Cov3"):
        found += [errors[name], errors[name] / errors["Error"]]
    n = fit.n_cases  # the same components as those of pseudovalues (Hillis et al. 2005)
    case = n * np.array([errors["Cov3"], errors["Cov2"] - errors["Cov3"], errors["Cov1"] - errors["Cov3"]])
    rest = n * (errors["Error"] - errors["Cov1"] - errors["Cov2"] + errors["Cov3"])
    return [*found, errors["Error"], parts["reader"], case[0], parts["test:reader"], case[1], case[2], rest]


def _rows(table, term, names):
    return columns(table[table["term"] == term], names).ravel().tolist()


def _random_page(fit):
    table, found = fit.estimates(), []
    if fit.shape[0] > 1:
        whole = table.iloc[0]
        squares, errors = fit.mean_squares(), fit.error_covariances()
        bottom = squares["TR"] + fit.shape[1] * max(errors["Cov2"] - errors["Cov3"], 0)
        found = [squares["T"], whole.statistic, whole.p_value, whole.df2, bottom]
        found += _rows(
            table, "difference", ["estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high"]
        )
    own = fit.test_error_covariances()["Cov2"].to_numpy()
    means = columns(table[table["term"] == "mean"], ["estimate", "std_error", "df", "conf_low", "conf_high"])
    return found + np.column_stack([means, own]).ravel().tolist()


def _fixed_page(fit):
    table, found = fit.estimates(), []
    names = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
    t, r = fit.shape
    if t > 1:
        found = [table.iloc[0].statistic, table.iloc[0].p_value, *_rows(table, "difference", names)]
    found += _rows(table, "mean", ["estimate", "std_error", "conf_low", "conf_high"])
    own = fit.test_error_covariances()
    found += (own if r > 1 else own[["Error"]]).to_numpy().ravel().tolist()
    if t > 1:
        single = table[
            table["term"].astype(str).str.startswith("reader") & table["contrast"].str.contains(" - ", na=False)
        ]
        found += columns(single, names).ravel().tolist()
    for reader in range(r):
        block = fit.covariance[np.ix_(np.arange(t) * r + reader, np.arange(t) * r + reader)]
        found += [np.diag(block).mean(), *([block[0, 1]] if t > 1 else [])]
    return found


def _cases_page(fit):
    table, squares, found = fit.estimates(), fit.mean_squares(), []
    if fit.shape[0] > 1:
        found = [squares["T"], table.iloc[0].statistic, table.iloc[0].p_value, squares["TR"]]
        found += _rows(table, "difference", ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"])
    means = columns(table[table["term"] == "mean"], ["estimate", "std_error", "conf_low", "conf_high"])
    return found + np.column_stack([means[:, :1], fit.reader_mean_squares(), means[:, 1:]]).ravel().tolist()


SOURCES = (mrmcaov, single_readers, pseudovalues, rjafroc, planning, against_cad, iowa)


def difference(ours, theirs):
    """Largest difference, relative where their numbers are not tiny; infinity where one side is missing."""
    ours, theirs = np.asarray(ours, float).ravel(), np.asarray(theirs, float).ravel()
    if ours.shape != theirs.shape or not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return np.inf
    known = ~np.isnan(theirs)
    return float(np.max(np.abs(ours - theirs)[known] / np.maximum(np.abs(theirs[known]), 1e-3), initial=0.0))
