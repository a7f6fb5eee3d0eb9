"""Fuzz files of saved models: strategies, HMMs, the learned event detector, a trained labeler (see _runner.py).

What loads is used on new data: a kernel trusts the shapes and numbers that it is given. The first byte says which model
the file is loaded as. Most mutations are made inside the archive, in the bytes of one array or of the JSON, and packed
again with good checksums; zip alone would refuse nearly all others.
"""

import io
import random
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _runner import Target, fuzz, watched


@dataclass(frozen=True)
class Saved:
    """A model's class, a file of it, and what one does with it."""

    model: type
    seed: bytes
    use: Callable[[Any], object]


def repack(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def mutate(data: bytes, size: int, seed: int) -> bytes:
    """Change one member of the archive, drop it or take another's place; sometimes bytes anywhere."""
    import atheris

    draw = random.Random(seed)
    try:
        with zipfile.ZipFile(io.BytesIO(data[1:])) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:
        members = {}
    if not members or draw.random() < 0.2:
        return atheris.Mutate(data, size)
    name, other = draw.choice(list(members)), draw.choice(list(members))
    action = draw.random()
    if action < 0.1:
        del members[name]
    elif action < 0.2:
        members[name] = members[other]
    else:
        members[name] = atheris.Mutate(members[name], max(len(members[name]) + 64, 128))
    return (data[:1] + repack(members))[:size]


def small_models(folder: Path) -> list[Saved]:
    """Fit one small model of each kind and save it."""
    import numpy as np
    import pandas as pd

    from gazeanalytics import events, reasoning, strategies
    from gazeanalytics.geometry import Viewing

    rng = np.random.default_rng(1)
    features = pd.DataFrame(np.vstack([rng.normal(0, 1, (30, 3)), rng.normal(4, 1, (30, 3))]), columns=list("abc"))
    features.insert(0, "reading", range(60))
    walks = list("abababab" * 6 + "aabbaabb" * 6)
    visits = pd.DataFrame({"reading": np.repeat(np.arange(12), 8), "region": walks})
    visits = visits.assign(onset=np.tile(np.arange(8.0), 12), duration=0.5, fixations=1)
    readings = pd.DataFrame({"reading": np.arange(16), "reader": np.arange(16) // 4, "case": np.arange(16) % 4})
    fixations = pd.DataFrame({"reading": np.repeat(np.arange(16), 10), "onset": np.tile(np.arange(10.0), 16)})
    fixations[["x", "y"]] = rng.normal(0, 20, (160, 2)) + 100 * (1 + fixations[["reading"]].to_numpy() // 4 % 2)
    hmms = strategies.ReaderHMMs.fit(fixations, readings, settings={"n_states": [1, 2], "n_starts": 2}, rng=1)
    texts = pd.Series(["Edema of a sort.", "Edema of a sort, I say.", "Plain edema.", "Edema, plainly."])
    places = np.repeat([300.0, 500, 320], 50) + rng.normal(0, 1, 150)
    samples = pd.DataFrame({"reading": 0, "t": np.arange(150) * 4.0, "x": places, "y": places})
    viewing = Viewing.from_px_per_deg(40, 1000, 800)

    def detect(model: events.LearnedModel) -> None:
        events.detect(samples, viewing, settings=events.LearnedSettings(model=model))

    medoids = {"method": "k-medoids", "n_resamples": 0, "n_components": 2}
    density = {"min_cluster_size": 10, "n_resamples": 0, "n_components": 2}
    place = features["a"].to_numpy()
    between = abs(place[:, None] - place)
    fitted = [
        (strategies.Archetypes.fit(features, settings={"n_archetypes": 2}, rng=1), lambda m: m.scores(features)),
        (strategies.Clustering.fit(features, settings=medoids, rng=1), lambda m: m.assign(features)),
        (strategies.Clustering.fit(features, settings=density, rng=1), lambda m: m.assign(features)),
        (strategies.Clustering.fit_distances(between, range(60), settings=medoids), repr),
        (strategies.StrategyModel.fit(features, settings={"n_resamples": 19}, rng=1), lambda m: m.assign(features)),
        (
            strategies.MarkovMixture.fit(visits, settings={"n_groups": [2], "n_starts": 2}, rng=1),
            lambda m: m.assign(visits),
        ),
        (hmms, lambda m: (m.table(), m.log_likelihood(fixations, readings))),
        (
            strategies.HMMClustering.fit(hmms, settings={"n_starts": 2}, rng=1),
            lambda m: (m.table(), m.assign(fixations, readings)),
        ),
        (reasoning.train_labeler(texts, pd.DataFrame({"edema": [-1, -1, 1, 1]})), lambda m: m(texts)),
        (events.learned_model.shipped(), detect),
    ]
    found = []
    for number, (model, use) in enumerate(fitted):
        path = folder / f"{number}.npz"
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        found.append(Saved(type(model), bytes([number]) + repack(members), use))
    return found


def prepare() -> Target:
    import tempfile

    from gazeanalytics.tables import InputError

    with tempfile.TemporaryDirectory() as place:
        saved = small_models(Path(place))

    def run(data: bytes, folder: Path) -> None:
        path = folder / "model.npz"
        path.write_bytes(data[1:])
        kind = saved[data[0] % len(saved) if data else 0]
        loaded = []
        watched(lambda: loaded.append(kind.model.load(path)))
        repr(loaded[0])
        loaded[0].save(folder / "again.npz")
        try:
            watched(lambda: kind.use(loaded[0]))
        except ValueError as error:
            # Such as that the model knows a feature that the table lacks; NumPy's own words are a finding.
            if "gazeanalytics" in traceback.extract_tb(error.__traceback__)[-1].filename:
                raise InputError(str(error)) from error
            raise

    return Target(run, [each.seed for each in saved], (InputError,), mutate=mutate, max_len=400_000)


if __name__ == "__main__":
    fuzz(
        [
            "gazeanalytics.saved_models",
            "gazeanalytics.strategies.base",
            "gazeanalytics.events.learned_model",
            "gazeanalytics.reasoning.labeler.trained_labeler",
        ],
        prepare,
    )
