"""Fuzz files of saved models: strategies and the learned event detector (see _runner.py).

The first byte says which model the file is loaded as. Most mutations are made inside the archive, in the bytes of one
array or of the JSON, and packed again with good checksums; zip alone would refuse nearly all others.
"""

import io
import random
import zipfile
from pathlib import Path

from _runner import Target, fuzz, watched


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


def small_models(folder: Path) -> list[tuple[type, Path]]:
    """Fit one small model of each kind and save it."""
    import numpy as np
    import pandas as pd

    from gazeanalytics import events, strategies

    rng = np.random.default_rng(1)
    features = pd.DataFrame(np.vstack([rng.normal(0, 1, (30, 3)), rng.normal(4, 1, (30, 3))]), columns=list("abc"))
    features.insert(0, "reading", range(60))
    walks = list("abababab" * 6 + "aabbaabb" * 6)
    visits = pd.DataFrame({"reading": np.repeat(np.arange(12), 8), "region": walks})
    visits = visits.assign(onset=np.tile(np.arange(8.0), 12), duration=0.5, fixations=1)
    fitted = [
        strategies.Archetypes.fit(features, settings={"n_archetypes": 2}, rng=1),
        strategies.Clustering.fit(features, settings={"method": "k-medoids", "n_resamples": 2}, rng=1),
        strategies.StrategyModel.fit(features, settings={"n_resamples": 19}, rng=1),
        strategies.MarkovMixture.fit(visits, settings={"n_groups": [2], "n_starts": 2}, rng=1),
        events.learned_model.shipped(),
    ]
    found = []
    for number, model in enumerate(fitted):
        path = folder / f"{number}.npz"
        model.save(path)
        found.append((type(model), path))
    return found


def prepare() -> Target:
    import tempfile

    from gazeanalytics.tables import InputError

    with tempfile.TemporaryDirectory() as place:
        saved = small_models(Path(place))
        kinds = [kind for kind, _ in saved]
        seeds = []
        for number, (_, path) in enumerate(saved):
            with zipfile.ZipFile(path) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            seeds.append(bytes([number]) + repack(members))

    def run(data: bytes, folder: Path) -> None:
        path = folder / "model.npz"
        path.write_bytes(data[1:])
        kind = kinds[data[0] % len(kinds) if data else 0]
        loaded = []
        watched(lambda: loaded.append(kind.load(path)))
        repr(loaded[0])
        loaded[0].save(folder / "again.npz")

    return Target(run, seeds, (InputError,), mutate=mutate, max_len=400_000)


if __name__ == "__main__":
    fuzz(
        ["gazeanalytics.strategies.model_file", "gazeanalytics.strategies.base", "gazeanalytics.events.learned_model"],
        prepare,
    )
