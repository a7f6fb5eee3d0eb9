"""Draws of readers and cases: kernels beside plain Python, invariances, coverage, and wrong use in words."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics import stats, tables
from gazeanalytics.stats.agreement.agreement import agreement
from gazeanalytics.stats.resampling.bootstrap import cluster_draws
from gazeanalytics.stats.resampling.clusters import plan
from gazeanalytics.tables import InputError

BUILT_IN = [
    stats.MeanStatistic("value", "right"),
    stats.MeanDifferenceStatistic("value", "kind"),
    stats.AucStatistic("rating", "truth"),
    stats.AucStatistic("rating", "truth", within="reader"),
    stats.KappaStatistic("said"),
]


def readings(seed, readers=6, cases=15, share=0.7):
    rng = np.random.default_rng(seed)
    reader, case = np.divmod(np.arange(readers * cases), cases)
    truth = case % 2
    value = rng.normal(0, 1, readers)[reader] + rng.normal(0, 1, cases)[case] + rng.normal(0, 1, reader.size)
    table = pd.DataFrame({"reader": reader, "case": case, "truth": truth, "value": value})
    table["rating"] = np.round(value + truth)
    table["right"] = (rng.random(reader.size) < 0.8).astype(float)
    table["kind"] = np.where(rng.random(reader.size) < 0.5, "a", "b")
    table["said"] = np.where(rng.random(reader.size) < 0.3, rng.integers(0, 3, reader.size), truth)
    return table[rng.random(len(table)) < share].reset_index(drop=True)


def plain(statistic, table, weights, times):
    """What a statistic is of weighted readings, from its definition."""
    if isinstance(statistic, stats.MeanStatistic):
        return [np.average(table[name], weights=weights) for name in statistic.names]
    if isinstance(statistic, stats.MeanDifferenceStatistic):
        one = (table["kind"] == "a").to_numpy()
        return [
            np.average(table["value"][one], weights=weights[one])
            - np.average(table["value"][~one], weights=weights[~one])
        ]
    if isinstance(statistic, stats.AucStatistic):
        groups = table["reader"] if statistic.within else pd.Series(0, table.index)
        found = [plain_auc(table[groups == g], weights[(groups == g).to_numpy()]) for g in groups.unique()]
        shares = [times["reader"][g] if statistic.within else 1.0 for g in groups.unique()]
        known = [(a, s) for a, s in zip(found, shares, strict=True) if np.isfinite(a) and s > 0]
        return [np.average([a for a, _ in known], weights=[s for _, s in known])] if known else [np.nan]
    return [plain_kappa(table, times)]


def plain_auc(part, weights):
    pairs = [
        (u * v, (x > y) + 0.5 * (x == y))
        for x, s, u in zip(part["rating"], part["truth"], weights, strict=True)
        for y, t, v in zip(part["rating"], part["truth"], weights, strict=True)
        if s == 1 and t == 0
    ]
    total = sum(weight for weight, _ in pairs)
    return sum(weight * score for weight, score in pairs) / total if total > 0 else np.nan


def plain_kappa(table, times):
    """Fleiss's kappa of readings written out as often as they were drawn, a reader not compared with himself."""
    agreed, share, compared, rated = 0.0, np.zeros(3), 0.0, 0.0
    for case, part in table.groupby("case"):
        drawn = [
            (r, s) for r, s in zip(part["reader"], part["said"], strict=True) for _ in range(int(times["reader"][r]))
        ]
        if not drawn or times["case"][case] == 0:
            continue
        rated += times["case"][case]
        share += times["case"][case] * np.bincount([s for _, s in drawn], minlength=3) / len(drawn)
        same = [a[1] == b[1] for a, b in permutations(drawn, 2) if a[0] != b[0]]
        if same:
            agreed += times["case"][case] * np.mean(same)
            compared += times["case"][case]
    chance = np.sum((share / rated) ** 2)
    return (agreed / compared - chance) / (1 - chance) if compared > 0 and chance < 1 else np.nan


@pytest.mark.parametrize("statistic", BUILT_IN, ids=["mean", "difference", "auc", "auc within", "kappa"])
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**31), way=st.sampled_from(["both", "reader", "case"]))
def test_kernels_beside_plain_python(statistic, seed, way):
    table = readings(seed % 7)
    by = ("reader", "case") if way == "both" else way
    clusters = plan(table, by)
    rng = np.random.default_rng(seed)
    counts = tuple(
        rng.integers(0, 3, (1, size)).astype(float) if size > 1 else np.ones((1, 1)) for size in clusters.sizes
    )
    names = {name: np.unique(table[name]) for name in ("reader", "case")}
    drawn = dict(zip(clusters.names, counts, strict=False))
    times = {
        n: dict(zip(labels, drawn[n][0] if n in drawn else np.ones(len(labels)), strict=True))
        for n, labels in names.items()
    }
    weights = clusters.weights(counts)[0]
    if weights.sum() == 0 or (
        isinstance(statistic, stats.MeanDifferenceStatistic)
        and not all(weights[(table["kind"] == k).to_numpy()].sum() for k in "ab")
    ):
        return
    ours = statistic.bind(table, clusters)(counts)[0]
    np.testing.assert_allclose(ours, plain(statistic, table, weights, times), atol=1e-12)


def test_estimates_are_those_of_the_table():
    table = readings(1, share=1)
    row = {
        type(s).__name__ + str(getattr(s, "within", "")): stats.cluster_bootstrap(table, s, n_resamples=50, rng=1)
        for s in BUILT_IN
    }
    assert row["MeanStatistic"]["estimate"].tolist() == pytest.approx([table.value.mean(), table.right.mean()])
    mrmc = stats.mrmc(stats.RocData.from_frame(table)).figures_of_merit.mean()
    assert row["AucStatisticreader"]["estimate"].item() == pytest.approx(mrmc)
    wide = table.pivot(index="case", columns="reader", values="said")
    kappa = agreement(wide, coefficients=["fleiss"])["estimate"].item()
    assert row["KappaStatistic"]["estimate"].item() == pytest.approx(kappa)
    for frame in row.values():
        tables.check(frame, "estimates")


def test_weights_and_tables_are_two_ways_to_say_the_same():
    table = readings(4)
    built_in = stats.cluster_bootstrap(table, stats.MeanStatistic("value"), n_resamples=60, rng=5)
    by_weights = stats.WeightedStatistic(lambda w: float(np.average(table["value"], weights=w)))
    for other in (by_weights, lambda drawn: drawn["value"].mean()):
        found = stats.cluster_bootstrap(table, other, n_resamples=60, rng=5)
        columns = ["estimate", "std_error", "conf_low", "conf_high"]
        np.testing.assert_allclose(found[columns], built_in[columns], rtol=1e-12)


@pytest.mark.parametrize("interval", ["percentile", "bca", "t"])
def test_order_of_rows_and_threads_do_not_matter(interval):
    table = readings(2)
    statistic = stats.AucStatistic("rating", "truth", within="reader")
    want = stats.cluster_bootstrap(table, statistic, interval=interval, n_resamples=200, rng=3)
    mixed = table.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(
        stats.cluster_bootstrap(mixed, statistic, interval=interval, n_resamples=200, rng=3), want
    )
    clusters = plan(table, ("reader", "case"))
    batch = statistic.bind(table, clusters)
    one, three = (cluster_draws(batch, clusters, 300, np.random.default_rng(1), n_jobs=n) for n in (1, 3))
    np.testing.assert_array_equal(one, three)


def test_one_way_draws_of_a_mean_have_the_clustered_error():
    table = readings(3, readers=40, cases=10, share=1)
    means = table.groupby("reader")["value"].mean()
    found = stats.cluster_bootstrap(table, stats.MeanStatistic("value"), by="reader", n_resamples=4000, rng=1).iloc[0]
    assert found.std_error == pytest.approx(np.sqrt(np.var(means) / 40), rel=0.05)
    t = stats.cluster_bootstrap(
        table, stats.MeanStatistic("value"), by="reader", interval="t", n_resamples=4000, rng=1
    ).iloc[0]
    assert (t.std_error, t.df) == (pytest.approx(means.std() / np.sqrt(40), rel=0.05), 39)


def test_t_interval_of_a_mean_is_that_of_preference():
    """The same two-way variance, once by formula and once by draws."""
    rng = np.random.default_rng(8)
    reader, case = np.divmod(np.arange(8 * 30), 30)
    y = (rng.random(240) < 0.5 + rng.normal(0, 0.1, 8)[reader] + rng.normal(0, 0.15, 30)[case]).astype(float)
    table = pd.DataFrame({"reader": reader, "case": case, "preferred": y})
    formula = stats.preference(table).iloc[0]
    drawn = stats.cluster_bootstrap(
        table, stats.MeanStatistic("preferred"), interval="t", n_resamples=4000, rng=1
    ).iloc[0]
    assert drawn.std_error == pytest.approx(formula.std_error, rel=0.06)
    assert drawn.df == formula.df


def test_bca_shifts_with_skew():
    """Of a lognormal mean the corrected interval lies higher than the percentile one (Efron 1987)."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"case": np.arange(60), "value": np.exp(rng.normal(0, 1.2, 60))})
    by = {
        k: stats.cluster_bootstrap(
            table, stats.MeanStatistic("value"), by="case", interval=k, n_resamples=3000, rng=1
        ).iloc[0]
        for k in ("percentile", "bca")
    }
    assert by["bca"].conf_low > by["percentile"].conf_low
    assert by["bca"].conf_high > by["percentile"].conf_high
    from scipy.stats import bootstrap

    peer = bootstrap((table["value"].to_numpy(),), np.mean, n_resamples=3000, method="BCa", rng=1).confidence_interval
    assert (by["bca"].conf_low, by["bca"].conf_high) == (
        pytest.approx(peer.low, rel=0.03),
        pytest.approx(peer.high, rel=0.04),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("readers", "cases", "interval", "least", "most"),
    [
        (5, 40, "t", 0.94, 1.0),
        (20, 60, "percentile", 0.92, 0.99),
        (5, 40, "percentile", 0.7, 0.93),
        (20, 60, "bca", 0.92, 0.99),
    ],
)
def test_intervals_cover(readers, cases, interval, least, most):
    rng = np.random.default_rng(readers)
    reader, case = np.divmod(np.arange(readers * cases), cases)
    covered = []
    for seed in range(400):
        value = rng.normal(0, 0.5, readers)[reader] + rng.normal(0, 0.5, cases)[case] + rng.normal(0, 1, reader.size)
        table = pd.DataFrame({"reader": reader, "case": case, "value": value})
        row = stats.cluster_bootstrap(
            table, stats.MeanStatistic("value"), interval=interval, n_resamples=400, rng=seed
        ).iloc[0]
        covered.append(row.conf_low <= 0 <= row.conf_high)
    assert least <= np.mean(covered) <= most


def test_few_clusters_and_lost_draws_are_told():
    table = readings(5, readers=3, cases=30, share=1)
    said = stats.cluster_bootstrap(table, stats.MeanStatistic("value"), n_resamples=30, rng=1)["note"].item()
    assert said == "small cell: 3 clusters of 'reader'"
    assert (
        "interval='t' is safer"
        in stats.cluster_bootstrap(readings(5), stats.MeanStatistic("value"), n_resamples=30, rng=1)["note"].item()
    )
    rare = table.assign(truth=(table.case == 0).astype(int))
    found = stats.cluster_bootstrap(rare, stats.AucStatistic("rating", "truth"), n_resamples=100, rng=1).iloc[0]
    assert "of 100 draws undefined" in found.note
    assert np.isfinite(found.conf_low)


def test_permutation_keeps_its_level_among_readers_and_finds_what_is_there():
    rng = np.random.default_rng(4)
    reader = np.repeat(np.arange(12), 8)
    naive, ours, found = [], [], []
    for seed in range(90):
        table = pd.DataFrame({"reader": reader, "resident": reader % 2})
        table["value"] = rng.normal(0, 1, 12)[reader] + rng.normal(0, 1, reader.size)
        run = {"label": "resident", "n_permutations": 199, "rng": seed}
        ours.append(stats.cluster_permutation(table, "value", unit="reader", **run)["p_value"].item() < 0.05)
        table["row"] = np.arange(len(table))
        naive.append(stats.cluster_permutation(table, "value", unit="row", **run)["p_value"].item() < 0.05)
        table["value"] += 2.5 * table["resident"]
        found.append(stats.cluster_permutation(table, "value", unit="reader", **run)["p_value"].item() < 0.05)
    assert np.mean(ours) <= 0.10
    assert np.mean(naive) > 0.25
    assert np.mean(found) > 0.8


def test_permutation_within_cases_takes_their_difficulty_out():
    rng = np.random.default_rng(1)
    case = np.repeat(np.arange(30), 2)
    table = pd.DataFrame({"case": case, "reading": np.arange(60), "helped": np.tile([0, 1], 30)})
    table["value"] = rng.normal(0, 5, 30)[case] + rng.normal(0, 1, 60) + 1.0 * table["helped"]
    run = {"label": "helped", "unit": "reading", "n_permutations": 999, "rng": 1}
    assert stats.cluster_permutation(table, "value", within="case", **run)["p_value"].item() < 0.01
    assert stats.cluster_permutation(table, "value", **run)["p_value"].item() > 0.1
    own = stats.cluster_permutation(
        table,
        lambda t: t.loc[t.helped == 0, "value"].mean() - t.loc[t.helped == 1, "value"].mean(),
        within="case",
        **run,
    )
    want = stats.cluster_permutation(table, "value", within="case", **run)
    assert own["p_value"].item() == want["p_value"].item()
    mixed = stats.cluster_permutation(table.sample(frac=1, random_state=0), "value", within="case", **run)
    assert mixed["p_value"].item() == want["p_value"].item()
    tables.check(want, "estimates")


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda t: stats.cluster_bootstrap(t, stats.MeanStatistic("vale")), "did you mean 'value'"),
        (lambda t: stats.cluster_bootstrap(t, stats.MeanStatistic("value"), by="raeder"), "did you mean 'reader'"),
        (
            lambda t: stats.cluster_bootstrap(t[t.reader == 0], stats.MeanStatistic("value")),
            "two clusters to draw from; got 1",
        ),
        (lambda t: stats.cluster_bootstrap(t, stats.MeanStatistic("value"), by=("a", "b", "c")), "one or two columns"),
        (
            lambda t: stats.cluster_bootstrap(t.assign(value=np.nan), stats.MeanStatistic("value")),
            "have no value; drop them",
        ),
        (
            lambda t: stats.cluster_bootstrap(t, stats.MeanStatistic("value"), interval="bac"),
            "'percentile', 'bca' or 't'",
        ),
        (lambda t: stats.cluster_bootstrap(t, stats.AucStatistic("rating", "case")), "expected 0 and 1, both of them"),
        (lambda t: stats.cluster_bootstrap(t, stats.MeanDifferenceStatistic("value", "case")), "two groups to compare"),
        (lambda t: stats.cluster_bootstrap(t, stats.KappaStatistic("said"), by="kind"), "kappa is resampled by"),
        (lambda t: stats.cluster_bootstrap(t, stats.KappaStatistic("said"), interval="t"), "interval='percentile'"),
        (lambda t: stats.cluster_permutation(t, "value", label="kind", unit="reader"), "varies within 'reader'"),
        (lambda t: stats.cluster_permutation(t, "value", label="case", unit="case"), "expected two labels"),
        (
            lambda t: stats.cluster_permutation(t, "value", label="truth", unit="case", within="truth"),
            "nothing can be shuffled",
        ),
        (
            lambda t: stats.cluster_permutation(t, "value", label="truth", unit="case", within="reader"),
            "varies within the unit",
        ),
    ],
)
def test_wrong_use_is_refused(run, said):
    with pytest.raises(InputError, match=said):
        run(readings(0))


def test_few_arrangements_are_noted():
    table = pd.DataFrame({"reader": [0, 1, 2, 3], "kind": [0, 0, 1, 1], "value": [1.0, 2, 5, 6]})
    found = stats.cluster_permutation(table, "value", label="kind", unit="reader", rng=1).iloc[0]
    assert found.note == "small cell: only 6 arrangements, p can't fall below 0.33"
    assert found.p_value > 0.25


@pytest.mark.parametrize("interval", ["percentile", "bca", "t"])
def test_readings_all_right_leave_no_error(interval):
    table = readings(0).assign(right=1.0)
    statistic = stats.MeanStatistic("right", "value")
    found = stats.cluster_bootstrap(table, statistic, interval=interval, n_resamples=30, rng=1).set_index("term")
    assert found.loc["right", ["estimate", "std_error"]].tolist() == [1, 0]
    assert found.loc["right", "note"].startswith("no error can be estimated: all draws give the same")
    assert found.loc["right", ["conf_low", "conf_high"]].isna().all()
    assert "no error" not in found.loc["value", "note"]
