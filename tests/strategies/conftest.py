"""Features whose groups, or whose lack of groups, are known."""

import numpy as np
import pandas as pd
import pytest

SIZES = np.array([0.30, 0.24, 0.18, 0.13, 0.09, 0.06])


def frame(values):
    table = pd.DataFrame(values, columns=[f"feature_{column:02}" for column in range(values.shape[1])])
    table.insert(0, "reading", np.arange(len(table)))
    return table


def plant(separation, seed, *, n=4000, p=20, kind="normal"):
    """Six unequal groups of unequal shapes, each `separation` from the origin in a random direction."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(len(SIZES), size=n, p=SIZES)
    centres = rng.normal(size=(len(SIZES), p))
    centres *= separation / np.linalg.norm(centres, axis=1, keepdims=True)
    values = np.empty((n, p))
    for group, centre in enumerate(centres):
        turned, _ = np.linalg.qr(rng.normal(size=(p, p)))
        scale = rng.uniform(0.7, 1.3, size=p)
        here = truth == group
        noise = rng.normal(size=(here.sum(), p))
        if kind == "t3":
            noise /= np.sqrt(rng.chisquare(3, size=(here.sum(), 1)))  # t with 3 degrees of freedom, variance 1
        values[here] = centre + (noise * scale) @ turned
    if kind == "skew":
        values[:, ::2] = np.exp(0.5 * values[:, ::2])
    if kind == "rounded":
        values[:, :6] = np.round(values[:, :6])
    return frame(values), truth


def plant_none(kind, seed, *, n=3000, p=20):
    """Readings that hold no types: distributions and correlations only, or a curved axis or sheet."""
    rng = np.random.default_rng(1000 + seed)
    mixing = rng.normal(size=(p, p)) * np.linspace(1.5, 0.3, p)
    factor = np.linalg.cholesky(mixing @ mixing.T / p + 0.2 * np.eye(p))
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    values = rng.normal(size=(n, p)) @ factor.T
    if kind == "skewed":
        values[:, ::2] = np.exp(0.8 * values[:, ::2])
    elif kind == "heavy tails":
        values /= np.sqrt(rng.chisquare(3, size=(n, 1)))
    elif kind == "counts":
        values[:, :8] = rng.poisson(np.exp(0.5 * values[:, :8] + np.linspace(-0.5, 2, 8)))
        values[:, 8:14] = np.round(1.5 * values[:, 8:14])
    elif kind == "readers":
        values += (rng.normal(size=(60, p)) @ factor.T * 0.6)[rng.integers(60, size=n)]
    elif kind == "winding":
        values = _winding(rng, n) @ np.linalg.qr(rng.normal(size=(p, p)))[0][:6] + rng.normal(size=(n, p))
    elif kind == "sheet":
        disc = np.sqrt(rng.uniform(size=n)) * np.exp(2j * np.pi * rng.uniform(size=n)) * rng.uniform(3, 6)
        turned, _ = np.linalg.qr(rng.normal(size=(p, p)))
        values = np.c_[disc.real, disc.imag] @ turned[:2] + rng.normal(size=(n, p))
    elif kind == "continuum":
        angle = np.pi * rng.uniform(size=n) * rng.uniform(0.5, 1.2)
        curve = np.c_[np.cos(angle), np.sin(angle), 0.3 * np.sin(2 * angle)] * rng.uniform(3, 8)
        turned, _ = np.linalg.qr(rng.normal(size=(p, p)))
        values = curve @ turned[:3] + rng.normal(size=(n, p)) * rng.uniform(0.7, 1.3, p)
    return frame(values)


def plant_readers(kind, seed, *, p=12):
    """Readings without types in which readers differ, and who read: few readers with ways of their own, or a drift.

    `6 readers`, `12 readers`: intraclass correlation .6; `drift`: 40 readers, each reading like the one before (.95).
    """
    rng = np.random.default_rng(2000 + seed)
    mixing = rng.normal(size=(p, p)) * np.linspace(1.5, 0.3, p)
    factor = np.linalg.cholesky(mixing @ mixing.T / p + 0.2 * np.eye(p))
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    count, each = {"6 readers": (6, 120), "12 readers": (12, 60), "drift": (40, 18)}[kind]
    noise, own = rng.normal(size=(each, count, p)), rng.normal(size=(count, p))
    if kind == "drift":
        values = [own]
        for step in noise[1:]:
            values.append(0.95 * values[-1] + np.sqrt(1 - 0.95**2) * step)
        values = np.array(values)
    else:
        values = np.sqrt(0.6) * own + np.sqrt(0.4) * noise
    return frame(values.transpose(1, 0, 2).reshape(-1, p) @ factor.T), np.repeat(np.arange(count), each)


def plant_favourites(seed, *, readers=60, each=12, p=12):
    """Three groups 4 from the origin that readers share, each reader with a favourite; who read, and the groups."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(readers), each)
    likes = rng.dirichlet(np.full(3, 0.05), size=readers)
    truth = np.array([rng.choice(3, p=likes[reader]) for reader in who])
    centres = rng.normal(size=(3, p))
    centres *= 4 / np.linalg.norm(centres, axis=1, keepdims=True)
    own = 0.4 * rng.normal(size=(readers, p))
    return frame(centres[truth] + own[who] + 0.8 * rng.normal(size=(who.size, p))), who, truth


def _winding(rng, n):
    """Places on a smooth random curve of length 8 to 20 in six dimensions, densest in its middle, shape (n, 6)."""
    at = np.linspace(0, 1, 2001)[:, None]
    waves = np.arange(1, 4)
    curve = sum(np.cos(np.pi * w * at + rng.uniform(0, 2 * np.pi, 6)) * rng.normal(size=6) / w for w in waves)
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))]
    place = rng.beta(1.5, 1.5, size=n) * along[-1]
    points = np.column_stack([np.interp(place, along, part) for part in curve.T])
    return points * rng.uniform(8, 20) / along[-1]


@pytest.fixture(scope="session")
def planted():
    """Draw readings of six planted groups: planted(separation, seed, *, n, p, kind)."""
    return plant


@pytest.fixture(scope="session")
def without_types():
    """Draw readings without types: without_types(kind, seed, *, n, p)."""
    return plant_none


@pytest.fixture(scope="session")
def readers_apart():
    """Draw readings in which readers differ and nothing else: readers_apart(kind, seed)."""
    return plant_readers


@pytest.fixture(scope="session")
def favourites():
    """Draw readings of shared groups with favourites of readers: favourites(seed)."""
    return plant_favourites
