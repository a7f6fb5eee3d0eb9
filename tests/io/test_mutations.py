"""No file crashes a reader or loses rows in silence, however it is spoiled or wherever it is cut off."""

import gzip
import importlib.util
import json
import sys
import warnings
from pathlib import Path

import pytest

from gazeanalytics.io import TableMap, load_shard
from gazeanalytics.tables import InputError, Rejects

SPEC = importlib.util.spec_from_file_location("mutations", Path(__file__).with_name("mutations.py"))
mutations = sys.modules["mutations"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mutations)

MADE = [mutations.Made(*one) for one in mutations.tables_made()]


def name(made):
    return f"{made.name}-{made.table}"


def outcomes(made, seeds, folder):
    return {(kind, seed): mutations.outcome(made, kind, seed, folder) for kind in mutations.KINDS for seed in seeds}


@pytest.mark.parametrize("made", MADE[::6], ids=name)
def test_some_spoiled_files_of_some_presets(made, tmp_path):
    found = outcomes(made, (1,), tmp_path)
    assert not {key: word for key, word in found.items() if word.startswith("!")}
    assert found["a word for a number", 1] == "set aside"
    assert found["nothing", 1] == "refused"
    assert found["UTF-16", 1] == "read"


@pytest.mark.slow
@pytest.mark.parametrize("made", MADE, ids=name)
def test_every_kind_of_spoiled_file_of_every_preset(made, tmp_path):
    found = outcomes(made, mutations.SEEDS, tmp_path)
    assert not {key: word for key, word in found.items() if word.startswith("!")}


def test_there_are_25_kinds_or_more():
    assert len(mutations.KINDS) >= 25


def cut_everywhere(data, file, table, table_map, steps=1):
    """Read a file cut off after each of its bytes: rows, rejects and rows left out by the number of bytes."""
    found, unnamed = {}, set()
    for size in range(0, len(data), steps):
        file.write_bytes(data[:size])
        rejects = Rejects(max_share=1.0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                frame = load_shard(file, table, table_map, rejects=rejects)
        except InputError as error:
            unnamed |= {size} if file.name not in str(error) else set()
            continue
        faults = sum(map(len, rejects.rows.values()))
        found[size] = len(frame) + faults + sum(rejects.left_out.values())
    assert not unnamed
    return found


@pytest.mark.slow
@pytest.mark.parametrize("made", MADE, ids=name)
def test_delimited_text_cut_off_at_every_byte_keeps_every_line_before(made, tmp_path):
    data = made.text(made.lines[:5]).encode()
    found = cut_everywhere(data, tmp_path / f"cut{made.suffix}", made.table, TableMap(file="a", format=made.name))
    begin = len(made.text([]).encode())
    for size, rows in found.items():
        if size > begin:
            ended, begun = data[begin:size].count(b"\n"), data[size - 1 : size] != b"\n"
            assert ended <= rows <= ended + begun, (size, data[:size][-60:])


JSON = [
    {"name": "a.jpg", "subject": 1, "task": "t", "condition": "present", "X": [1, 50], "Y": [3, 40], "T": [0.2, 0.3]}
]


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_json_and_gzip_cut_off_at_every_byte_are_refused(packed, tmp_path):
    data = json.dumps(JSON).encode()
    file = tmp_path / ("s.json.gz" if packed else "s.json")
    found = cut_everywhere(
        gzip.compress(data) if packed else data, file, "fixations", TableMap(file="a", format="gazesearch")
    )
    assert not found


@pytest.mark.slow
def test_a_recording_of_an_eyelink_cut_off_at_every_byte_keeps_every_sample_before(asc, tmp_path):
    made = asc.Asc().start().steady(12).end()
    data = made.text.encode()
    table_map = TableMap.model_validate({"file": "a.asc", "format": "eyelink", "reading": ["file", "block"]})
    found = cut_everywhere(data, tmp_path / "a.asc", "samples", table_map)
    lines = data.splitlines(keepends=True)
    for size, rows in found.items():
        whole, at = 0, 0
        for line in lines:
            at += len(line)
            whole += line[:1].isdigit() and at <= size
        assert whole <= rows <= whole + 1, size
    assert found[len(data) - 1] == 12
