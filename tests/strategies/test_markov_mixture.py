"""Mixtures of Markov chains over regions: the kernel beside a plain twin, planted chains, one chain."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from gazeanalytics import gaze
from gazeanalytics._kernels.strategies import markov_mixture as kernels
from gazeanalytics.simulate import Design, simulate_fixations, simulate_readings
from gazeanalytics.strategies.markov import MarkovMixture, MarkovMixtureSettings

REGIONS = list("abcde")
TWO = MarkovMixtureSettings(n_groups=(2,), n_starts=4)


def walk(move, start, lengths, rng):
    codes, edges = [], [0]
    for length in lengths:
        at = rng.choice(len(start), p=start)
        for _ in range(length):
            codes.append(at)
            at = rng.choice(len(start), p=move[at])
        edges.append(len(codes))
    return np.array(codes), np.array(edges)


def visits_of(codes, edges, shift=0):
    lengths = np.diff(edges)
    return pd.DataFrame(
        {
            "reading": np.repeat(np.arange(len(lengths)) + shift, lengths),
            "onset": np.concatenate([300.0 * np.arange(length) for length in lengths]),
            "region": np.array(REGIONS)[codes],
            "duration": 250.0,
            "fixations": 1,
        }
    )


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(0)
    moves, starts = rng.dirichlet(np.full(5, 0.5), size=(2, 5)), rng.dirichlet(np.ones(5), size=2)
    frames = [
        visits_of(*walk(moves[kind], starts[kind], rng.integers(15, 40, size=count), rng), shift=1000 * kind)
        for kind, count in enumerate((150, 80))
    ]
    return moves, pd.concat(frames, ignore_index=True)


def naive_round(codes, edges, member, pseudo, regions):
    k = member.shape[1]
    start, move = np.full((k, regions), pseudo), np.full((k, regions, regions), pseudo)
    for row, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):  # noqa: RUF007
        start[:, codes[low]] += member[row]
        for t in range(low + 1, high):
            move[:, codes[t - 1], codes[t]] += member[row]
    start /= start.sum(axis=1, keepdims=True)
    move /= move.sum(axis=2, keepdims=True)
    shares = member.mean(axis=0)
    joint = np.array(
        [
            shares * start[:, codes[low]] * np.prod(move[:, codes[low : high - 1], codes[low + 1 : high]], axis=1)
            for low, high in zip(edges[:-1], edges[1:], strict=True)  # noqa: RUF007
        ]
    )
    objective = np.log(joint.sum(axis=1)).sum() + pseudo * (np.log(start).sum() + np.log(move).sum())
    return joint / joint.sum(axis=1, keepdims=True), objective


def test_rounds_are_the_plain_twins_and_never_lose():
    rng = np.random.default_rng(1)
    codes, edges = walk(rng.dirichlet(np.ones(4), size=4), np.full(4, 0.25), rng.integers(1, 12, size=30), rng)
    member = rng.dirichlet(np.ones(3), size=30)
    expected, naive = [], member.copy()
    for _ in range(6):
        naive, objective = naive_round(codes, edges, naive, 0.25, 4)
        expected.append(objective)
    chains, trace = kernels.Chains(np.empty(3), np.empty((3, 4)), np.empty((3, 4, 4))), np.empty(6)
    kernels.fit_chains(kernels.Visits(codes, edges), member, 0.25, chains, 6, -1.0, trace)
    assert trace == pytest.approx(expected, rel=1e-12)
    assert member == pytest.approx(naive, rel=1e-9)
    assert (np.diff(trace) >= 0).all()


def test_planted_chains_are_found_and_chosen(planted):
    moves, visits = planted
    found = MarkovMixture.fit(visits, settings=MarkovMixtureSettings(n_groups=(1, 2, 3), n_starts=6), rng=1)
    assert found.choices.loc[found.choices["chosen"], "groups"].tolist() == [2]
    assert found.shares == pytest.approx([150 / 230, 80 / 230], abs=0.01)
    # Rows that are often left: three standard errors of some hundred moves.
    assert np.abs(found.move - moves).mean() < 0.03
    assigned = found.assign(visits)
    assert adjusted_rand_score(assigned["reading"] >= 1000, assigned["strategy"].cat.codes) > 0.97
    one = MarkovMixture.fit(
        visits[visits["reading"] < 1000], settings=MarkovMixtureSettings(n_groups=(1, 2), n_starts=6), rng=1
    )
    assert one.names == ("strategy 1",)


def test_order_of_readings_changes_no_byte_and_files_come_back(planted, tmp_path):
    visits = planted[1]
    found = MarkovMixture.fit(visits, settings=TWO, rng=1)
    moved = pd.concat([part for _, part in list(visits.groupby("reading"))[::-1]])
    again = MarkovMixture.fit(moved.assign(region=moved["region"].astype("category")), settings=TWO, rng=1)
    found.save(tmp_path / "found.npz")
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "found.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    loaded = MarkovMixture.load(tmp_path / "found.npz")
    assert loaded.assign(visits).equals(found.assign(visits))
    assert loaded.table().equals(found.table())


def test_unknown_regions_are_ignored(planted):
    found = MarkovMixture.fit(planted[1], settings=TWO, rng=1)
    strange = planted[1].head(20).assign(reading=7)
    strange = pd.concat([strange, strange.assign(reading=8, region="elsewhere")])
    assert found.assign(strange)["strategy"].isna().tolist() == [False, True]
    with pytest.raises(ValueError, match="between 1 and the 230 readings with visits; got 231"):
        MarkovMixture.fit(planted[1], settings=MarkovMixtureSettings(n_groups=(231,)))


def test_strategies_planted_in_simulated_gaze_are_found_from_visits_alone():
    study = simulate_readings(Design(readers=20, cases=30), rng=1).persons()
    images = study.readings.merge(study.cases, on="case", how="left")
    organs = study.regions[study.regions["kind"] != "lesion"]
    visits = gaze.visits(simulate_fixations(study, rng=2), organs, images)
    found = MarkovMixture.fit(visits, settings=MarkovMixtureSettings(n_groups=(5,)), rng=1).assign(visits)
    truth = study.truth["strategy"].to_numpy()[pd.Index(study.readings["reading"]).get_indexer(found["reading"])]
    # Going round the lungs clockwise and the other way are two chains, one planted strategy.
    table = pd.crosstab(found["strategy"], truth)
    strategy = found["strategy"].map(table.idxmax(axis=1))
    assert table.idxmax(axis=1).value_counts()["circumferential"] == 2
    assert adjusted_rand_score(truth, strategy.astype(str)) >= 0.9
