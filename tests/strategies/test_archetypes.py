import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from gazeanalytics._kernels.strategies import archetypes as kernels
from gazeanalytics.strategies import Archetypes
from gazeanalytics.tables import InputError


def triangle(seed, n=500):
    """Readings inside a triangle in five dimensions, with little noise, and their shares in its corners."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([0.5] * 3, size=n)
    corners = rng.normal(size=(3, 5)) * 4
    table = pd.DataFrame(shares @ corners + 0.05 * rng.normal(size=(n, 5)), columns=list("abcde"))
    table.insert(0, "reading", np.arange(n))
    return table, shares


def test_shares_are_the_best_that_a_general_solver_finds():
    rng = np.random.default_rng(0)
    points, corners = rng.normal(size=(20, 3)), rng.normal(size=(4, 3))
    shares = np.full((20, 4), 0.25)
    left = kernels.convex_shares(points, corners, shares, 2000)
    assert (shares >= 0).all()
    assert shares.sum(axis=1) == pytest.approx(1)
    solved = sum(
        minimize(
            lambda s, x=x: ((x - s @ corners) ** 2).sum(),
            np.full(4, 0.25),
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda s: s.sum() - 1},
            options={"ftol": 1e-12},
        ).fun
        for x in points
    )
    assert left == pytest.approx(solved, rel=1e-5)


def test_corners_and_shares_of_a_triangle_are_found():
    features, truth = triangle(1)
    found = Archetypes.fit(features, rng=1)
    assert len(found.names) == 3
    scores = found.scores(features).filter(like="archetype").to_numpy()
    likeness = np.corrcoef(scores.T, truth.T)[:3, 3:]
    assert (likeness.max(axis=1) > 0.97).all()
    assert sorted(likeness.argmax(axis=1)) == [0, 1, 2]
    assert scores.sum(axis=1) == pytest.approx(1)
    # The exemplar of each corner is nearly there.
    assert (truth[list(found.exemplars)].max(axis=1) > 0.9).all()
    assert set(found.profile()["archetype"]) == set(found.names)


def test_neither_the_order_of_rows_nor_anything_else_changes_archetypes():
    features, _ = triangle(2)
    found = Archetypes.fit(features, rng=1)
    again = Archetypes.fit(features.sample(frac=1, random_state=1), rng=1)
    assert again.corners.tobytes() == found.corners.tobytes()


def test_too_few_readings_are_refused():
    with pytest.raises(ValueError, match="at least 50 readings with enough features; got 30"):
        Archetypes.fit(triangle(1, n=30)[0])


def test_saved_archetypes_come_back_whole(tmp_path):
    table, _ = triangle(4)
    found = Archetypes.fit(table, rng=1)
    found.save(tmp_path / "found.npz")
    again = Archetypes.load(tmp_path / "found.npz")
    assert again.scores(table).equals(found.scores(table))
    assert again.profile().equals(found.profile())
    assert again.explained.equals(found.explained)
    assert again.exemplars == found.exemplars
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "found.npz").read_bytes()
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    with pytest.raises(InputError, match=r"other\.npz: expected a model saved by this package"):
        Archetypes.load(tmp_path / "other.npz")
