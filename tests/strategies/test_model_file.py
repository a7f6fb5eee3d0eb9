"""Files of fitted models: what is written comes back byte for byte, and no damaged or hostile file gets any further."""

import io
import json
import os
import pickle
import zipfile
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics.saved_models import Array, Fault, Store, npz
from gazeanalytics.strategies import (
    Archetypes,
    Clustering,
    ClusteringSettings,
    HMMClustering,
    MarkovMixture,
    ReaderHMMs,
    StrategyModel,
)
from gazeanalytics.tables import InputError

KINDS = ("types", "archetypes", "hdbscan", "k-medoids", "distances", "hmms", "groups", "chains")


def table(n=120):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n, 3)) + np.repeat([[0.0], [5.0]], [n // 3, n - n // 3], axis=0)
    frame = pd.DataFrame(values, columns=list("abc"))
    frame.insert(0, "reading", pd.Categorical([f"r{number:03}" for number in range(n)]))
    return frame


def fixations():
    rng = np.random.default_rng(1)
    reader = np.repeat(np.arange(4), 40)
    rows = pd.DataFrame({"reading": np.repeat(np.arange(16), 10), "onset": np.tile(np.arange(10.0), 16)})
    rows[["x", "y"]] = rng.normal(0, 20, (160, 2)) + 100 * (1 + reader[:, None] % 2)
    return rows, pd.DataFrame({"reading": np.arange(16), "reader": reader[::10], "case": np.arange(16) % 4})


def fit_all():
    features = table()
    quick = ClusteringSettings(n_components=2, min_cluster_size=10, n_resamples=0)
    place = features["a"].to_numpy()
    hmms = ReaderHMMs.fit(*fixations(), settings={"n_states": [1, 2], "n_starts": 2}, rng=1)
    walks = "abab" * 10 + "aabb" * 10
    visits = pd.DataFrame({"reading": np.repeat(np.arange(20), 4), "onset": np.tile(np.arange(4.0), 20)})
    visits = visits.assign(region=list(walks), duration=250.0, fixations=1)
    medoids = {"method": "k-medoids", "n_resamples": 0}
    return {
        "types": StrategyModel.fit(features, settings={"n_resamples": 19}, rng=1),
        "archetypes": Archetypes.fit(features, settings={"n_archetypes": 2}, rng=1),
        "hdbscan": Clustering.fit(features, settings=quick, rng=1),
        "k-medoids": Clustering.fit(features, settings=medoids | {"n_components": 2}, rng=1),
        "distances": Clustering.fit_distances(abs(place[:, None] - place), range(120), settings=medoids),
        "hmms": hmms,
        "groups": HMMClustering.fit(hmms, settings={"n_starts": 4}, rng=1),
        "chains": MarkovMixture.fit(visits, settings={"n_groups": [1, 2], "n_starts": 2}, rng=1),
    }


@pytest.fixture(scope="module")
def fitted():
    return fit_all()


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for kind, model in fitted.items():
        model.save(folder / f"{kind}.npz")
    return folder


def parts_of(path):
    with np.load(path) as file:
        arrays = dict(file)
    return json.loads(arrays.pop("json").tobytes()), arrays


def written(path, words, arrays):
    np.savez(path, json=np.frombuffer(json.dumps(words).encode(), np.uint8), **arrays)
    return path


def refused(model, path):
    """The one sentence with which a file is refused, without the folder."""
    with pytest.raises(InputError) as caught:
        model.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("kind", KINDS)
def test_models_come_back_byte_for_byte(kind, fitted, saved, tmp_path):
    again = type(fitted[kind]).load(saved / f"{kind}.npz")
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (saved / f"{kind}.npz").read_bytes()
    assert again.settings == fitted[kind].settings
    if kind in ("types", "hdbscan", "k-medoids"):
        pd.testing.assert_frame_equal(again.assign(table()), fitted[kind].assign(table()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_another_kind_or_format_is_refused(kind, fitted, saved, tmp_path):
    own = type(fitted[kind])
    other = StrategyModel if own is not StrategyModel else Archetypes
    assert refused(other, saved / f"{kind}.npz") == f"expected a model saved with {other.__name__}.save"
    words, arrays = parts_of(saved / f"{kind}.npz")
    path = written(tmp_path / "old.npz", words | {"format": 2}, arrays)
    assert refused(own, path) == "expected file format 3; got 2: fit the model again"


def change(words, arrays, kind):
    """Single faults, each with a part of the sentence that it should end in."""
    del kind
    name = next(iter(arrays))
    array = arrays[name]
    yield words, {key: value for key, value in arrays.items() if key != name}, f"array {name!r} is missing"
    yield (
        words,
        arrays | {name: array.astype(np.int64 if array.dtype.kind == "f" else float)},
        "expected numbers of type",
    )
    yield words, arrays | {name: array[..., None]}, "expected the shape"
    for name, array in arrays.items():
        if array.dtype.kind == "f" and array.size:
            holes = array.copy()
            holes.flat[-1] = np.nan
            yield words, arrays | {name: holes}, "not finite"
    yield words | {"extra": 1}, arrays, "the model expected the fields"
    yield words | {"settings": {"nonsense": 1}}, arrays, "'nonsense' is not known"
    yield words | {"settings": [1]}, arrays, "'settings' has the wrong type"
    yield {key: value for key, value in words.items() if key != "settings"}, arrays, "the model expected the fields"
    for key in words.keys() - {"package", "format", "model", "bank", "scaling", "mixture", "tendency", "_components"}:
        yield words | {key: {"a": {"b": []}}}, arrays, ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_single_fault_is_one_sentence(kind, fitted, saved, tmp_path):
    words, arrays = parts_of(saved / f"{kind}.npz")
    own = type(fitted[kind])
    for number, (told, changed, message) in enumerate(change(words, arrays, kind)):
        path = written(tmp_path / f"{number}.npz", told, changed)
        if told is not words or changed is not arrays:
            assert message in refused(own, path)


def test_values_that_a_kernel_could_not_bear_are_refused(saved, tmp_path):
    words, arrays = parts_of(saved / "types.npz")
    low = arrays["strategy_of"] - 1
    assert "from 0 to inf; got -1" in refused(
        StrategyModel, written(tmp_path / "a.npz", words, arrays | {"strategy_of": low})
    )
    high = arrays["strategy_of"] + 7
    assert "'strategy_of' expected the strategies 0 to" in refused(
        StrategyModel, written(tmp_path / "b.npz", words, arrays | {"strategy_of": high})
    )
    flat = {"mixture.covariances": np.ones_like(arrays["mixture.covariances"])}
    assert "expected covariance matrices" in refused(StrategyModel, written(tmp_path / "c.npz", words, arrays | flat))
    words, arrays = parts_of(saved / "hmms.npz")
    more = {"bank.sizes": arrays["bank.sizes"] + 5}
    assert "states where there is room for" in refused(ReaderHMMs, written(tmp_path / "d.npz", words, arrays | more))
    words, arrays = parts_of(saved / "chains.npz")
    wrong = {"move": arrays["move"] / 2}
    assert "probabilities that add up to 1" in refused(
        MarkovMixture, written(tmp_path / "e.npz", words, arrays | wrong)
    )
    fewer = words | {"regions": words["regions"][:1]}
    assert "expected the shape" in refused(MarkovMixture, written(tmp_path / "f.npz", fewer, arrays))
    words, arrays = parts_of(saved / "k-medoids.npz")
    assert "one row for each of" in refused(
        Clustering, written(tmp_path / "g.npz", words, arrays | {"_points": arrays["_points"][:1]})
    )
    labels = words["labels"] | {"strategy": ["group 9"] * len(words["labels"]["strategy"])}
    assert "expected the names of the groups" in refused(
        Clustering, written(tmp_path / "h.npz", words | {"labels": labels}, arrays)
    )


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def test_nothing_in_a_file_is_run_and_nothing_large_is_allocated(saved, tmp_path, monkeypatch):
    words, arrays = parts_of(saved / "types.npz")
    bad = np.empty(1, object)
    bad[0] = Harmful()
    np.savez(tmp_path / "pickle.npz", allow_pickle=True, json=bad)
    assert refused(StrategyModel, tmp_path / "pickle.npz") == "is damaged, or not a file saved by this package"
    (tmp_path / "raw.npz").write_bytes(pickle.dumps(Harmful()))
    assert refused(StrategyModel, tmp_path / "raw.npz") == "is damaged, or not a file saved by this package"
    # A header that promises 8 TB, over 8 bytes.
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(tmp_path / "large.npz", "w") as archive:
        archive.writestr("json.npy", stream.getvalue() + bytes(8))
    assert refused(StrategyModel, tmp_path / "large.npz") == "is damaged, or not a file saved by this package"
    # A bomb: few bytes that unpack to more than the limit.
    monkeypatch.setattr(npz, "_MAX_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(2**20 + 1))
    assert refused(StrategyModel, tmp_path / "bomb.npz") == "is larger than 1 MB or has more than 256 arrays"
    monkeypatch.undo()
    assert refused(StrategyModel, tmp_path / "nowhere.npz") == "no such file"
    nested = b"[" * 100_000
    np.savez(tmp_path / "deep.npz", json=np.frombuffer(nested, np.uint8), **arrays)
    assert refused(StrategyModel, tmp_path / "deep.npz") == "expected a model saved by this package"
    huge = words | {"readings": 10**400}
    assert refused(StrategyModel, written(tmp_path / "huge.npz", huge, arrays)) == "'readings' has the wrong type"
    words, arrays = parts_of(saved / "groups.npz")
    long = words | {"settings": words["settings"] | {"length": 10**12}}
    assert "length must be at most 10000" in refused(HMMClustering, written(tmp_path / "long.npz", long, arrays))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_bytes_changed_at_random_never_get_further_than_one_sentence(data, kind):
    content = bytearray(CONTENT[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    stop = data.draw(st.integers(0, len(content))) if data.draw(st.booleans()) else len(content)
    path = FOLDER / "changed.npz"
    path.write_bytes(bytes(content[:stop]))
    # Any other exception fails the test; a change of padding may go unseen.
    with suppress(InputError):
        CLASSES[kind].load(path)


@pytest.fixture(scope="module", autouse=True)
def _contents(fitted, saved):
    global FOLDER, CONTENT, CLASSES
    FOLDER = saved
    CONTENT = {kind: (saved / f"{kind}.npz").read_bytes() for kind in KINDS}
    CLASSES = {kind: type(model) for kind, model in fitted.items()}


def test_pipes_and_tables_that_would_take_gigabytes_are_refused_at_once(saved, tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    assert refused(StrategyModel, tmp_path / "pipe.npz") == "is not a file"
    _, arrays = parts_of(saved / "types.npz")
    text = b'{"package": [' + b"{}," * 4_000_000 + b"{}]}"  # 12 MB here, 300 MB as Python objects
    np.savez_compressed(tmp_path / "wide.npz", json=np.frombuffer(text, np.uint8), **arrays)
    words = "holds more than 64 MB of text or 5,000,000 values in its tables"
    assert refused(StrategyModel, tmp_path / "wide.npz") == words
    for groups, features in ((4, 800), (2**23, 2)):
        store = Store({"c": np.broadcast_to(np.eye(features), (groups, features, features))})
        with pytest.raises(Fault, match="array 'c' expected fewer or smaller covariance matrices; got"):
            Array(("groups", "features", "features"), covariance=True).read(None, "c", store)


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_either_order_and_without_rows_are_read(tmp_path, order):
    arrays = {
        "a": np.asarray(np.arange(6.0).reshape(2, 3), order=order),
        "none": np.empty((0, 3)),
        "one": np.array("é"),
    }
    np.savez_compressed(tmp_path / "mine.npz", **arrays)
    found = npz.read_arrays(tmp_path / "mine.npz")
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].flags.writeable
        assert found[name].flags.c_contiguous
