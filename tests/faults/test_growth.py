"""Time grows with the size of a hostile input, not with its square: measured at 1, 2 and 4 times the size."""

import gc
import gzip
import itertools
import subprocess
import sys
import time
import warnings
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import events, expressions, gaze, io, reasoning
from gazeanalytics.geometry import Viewing
from gazeanalytics.tables import InputError, Rejects

VIEWING = Viewing.from_px_per_deg(40, 1000, 800)
IMAGES = pd.DataFrame({"reading": [0], "case": ["a"], "width": [1000], "height": [800]})


def seconds(run, repeats=3):
    """Least CPU time of some runs; a busy machine only adds to it. Without the garbage collector, as timeit does."""
    taken = []
    gc.disable()
    for _ in range(repeats):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    gc.enable()
    return min(taken)


def assert_linear(make, run, size):
    """Assert that twice the input takes at most 2.3 times as long, on the mean of two doublings."""
    inputs = [make(size * factor) for factor in (1, 2, 4)]
    run(inputs[0])
    # A busy machine spoils a measurement now and then; a square is 16 times every time.
    for _ in range(4):
        first, _, last = (seconds(lambda given=given: run(given)) for given in inputs)
        if last <= 2.3**2 * max(first, 0.01):
            return
    assert last <= 2.3**2 * max(first, 0.01)


def fixations(n):
    rng = np.random.default_rng(1)
    places = {"x": rng.uniform(0, 1000, n), "y": rng.uniform(0, 800, n)}
    return pd.DataFrame({"reading": 0, "onset": np.arange(n) * 300.0, "duration": 200.0, **places})


def test_features_of_a_reading_that_never_ends():
    def run(frame):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gaze.scanpath_features(frame, VIEWING, IMAGES)

    assert_linear(fixations, run, 25_000)
    with pytest.warns(UserWarning, match=r"reading 0: more than max_fixations = 5,000 fixations, so recurrence"):
        found = gaze.scanpath_features(fixations(6_000), VIEWING, IMAGES)
    assert found[["recurrence_percent", "nearest_neighbour_index", "lempel_ziv"]].isna().all(axis=None)
    assert found[["hull_deg2", "stationary_entropy_mm_bits"]].notna().all(axis=None)
    raised = gaze.scanpath_features(fixations(6_000).head(300), VIEWING, IMAGES, settings={"max_fixations": 300})
    assert raised["recurrence_percent"].notna().all()


@pytest.mark.parametrize(
    "fault", [pytest.param("quotes", marks=pytest.mark.slow), "uneven", "nul", "text", "backwards"]
)
def test_files_of_nothing_but_faults(tmp_path, fault):
    row = {"quotes": '1,"', "uneven": "1,2", "nul": "1,\x002,3,4", "text": "1,a,b,c", "backwards": None}[fault]

    def make(n):
        path = tmp_path / f"{n}.csv"
        rows = (row if row else f"1,{n - place},5,5" for place in range(n))
        path.write_text("reading,t,x,y\n" + "\n".join(rows) + "\n")
        return path

    def run(path):
        if fault == "backwards":  # rows in another order are the same recording
            assert io.load_shard(path, "samples", rejects=Rejects())["t"].is_monotonic_increasing
            return
        with pytest.raises(InputError):
            io.load_shard(path, "samples", rejects=Rejects())

    assert_linear(make, run, 40_000)


# Sizes that take some 0.05 s, so that a square would be seen; no two pieces alike, for the labeler keeps what it read.
LABELED = {
    "no edema w{}, no effusion w{}, ": 800,
    "( w{} ": 4_000,
    "a-w{}-": 6_000,
    "no w{} ": 4_000,
    "edema w{} or w{} ": 1_500,
    "wait, w{}, ": 2_000,
    "if this were w{} edema ": 1_200,
    "more likely edema w{} than ": 1_200,
    "w{}. it is gone. ": 1_500,
    "\n ": 80_000,
}
PARSED = {
    "<answer>": 20_000,
    "<think>": 20_000,
    "\\boxed{": 15_000,
    "{": 160_000,
    '{"a":1}': 20_000,
    "final answer ": 16_000,
    " ": 150_000,
    "[": 160_000,
    "\\text{": 30_000,
    "<|ref|>a<|/ref|><|box|>(": 12_000,
}


@pytest.mark.parametrize("piece", LABELED)
def test_text_that_runs_on_and_on_to_the_labeler(piece):
    read = itertools.count()  # each text has words of its own

    def run(times):
        begin = f"x{next(read)}y"
        reasoning.label_text("".join(piece.replace("{}", f"{begin}{place}") for place in range(times)))

    assert_linear(int, run, LABELED[piece])


@pytest.mark.parametrize("piece", PARSED)
def test_text_that_runs_on_and_on_to_the_parser_of_outputs(piece):
    def run(text):
        reasoning.parse_outputs(pd.Series([text]))

    assert_linear(lambda times: piece * times, run, PARSED[piece])


@pytest.mark.parametrize("piece", ["(", "-", "not ", "x + ", "x == 1 and ", "[1, ", "(x)", "a", "x ** 9 * "])
def test_expressions_that_run_on_and_on(piece):
    """Refused at a limit that the sentence names, or read in time that grows with the length."""
    table = pd.DataFrame({"x": [0.1, 2.0, 3.0]})

    def run(text):
        with suppress(expressions.ExpressionError):
            expressions.select(table, text + "x")

    assert_linear(lambda times: piece * times, run, 400)
    assert_linear(lambda times: piece * times, run, 200_000)


def test_sample_lines_of_an_eyelink_through_a_map(tmp_path):
    columns = {"t": "time", "x": "x", "y": "y", "pupil": "pupil"}
    said = {"file": "a.asc", "format": "tsv", "names": ["time", "x", "y", "pupil", "flags"], "reading": ["flags"]}
    table_map = io.TableMap.model_validate({**said, "clock": "recording", "columns": columns})

    def make(rows):
        path = tmp_path / f"{rows}.asc"
        path.write_text("".join(f"{1000 + 2 * row}\t512.0\t{384 + row % 7}.0\t1000.0\t...\n" for row in range(rows)))
        return path

    assert_linear(make, lambda path: io.load_shard(path, "samples", table_map), 50_000)


def test_deep_json_and_bombs(tmp_path):
    for depth in (10_000, 1_000_000):
        (tmp_path / "deep.json").write_text("[" * depth)
        with pytest.raises(InputError, match=r"deep\.json: (is nested too deeply|is not complete json)"):
            io.load_shard(tmp_path / "deep.json", "fixations")
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(gzip.compress(b"0" * 200_000_000)))
    with pytest.raises(InputError):
        io.load_shard(tmp_path / "bomb.csv.gz", "fixations")


def varint(number):
    """A whole number as Parquet's footer has it: zigzag, 7 bits a byte."""
    number, found = 2 * number, []
    while number > 127:
        found.append(number % 128 + 128)
        number //= 128
    return bytes([*found, number])


def with_counts(data, rows, places, count):
    """A Parquet file of which some counts of rows in its footer are changed; -1 is the last."""
    length = int.from_bytes(data[-8:-4], "little")
    body, parts = data[: -8 - length], data[-8 - length : -8].split(varint(rows))
    counts = [varint(rows)] * (len(parts) - 1)
    for place in places if places is not None else range(len(counts)):
        counts[place] = varint(count)
    footer = parts[0] + b"".join(count + part for count, part in zip(counts, parts[1:], strict=True))
    return body + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([0], "68,719,476,736 rows in all, but 8,191 in its parts"),
        ([-1], "8,191 rows in all, but 68,719,476,736 in its parts"),
        ([0, -1], "unpacks to more than 67 MB"),
        (None, r"unpacks to more than 67 MB from [\d,]+ bytes; .* \(limit: max_unpacked_mb in study\.toml\)"),
    ],
    ids=["whole", "part", "rows", "all"],
)
def test_parquet_that_promises_more_rows_than_it_holds(tmp_path, places, words):
    path, rows = tmp_path / "fixations.parquet", 8_191
    frame = fixations(rows).assign(x=1.0, y=1.0)
    frame.to_parquet(path, write_statistics=False, index=False)
    good = path.read_bytes()
    assert with_counts(good, rows, [], 0) == good
    path.write_bytes(with_counts(good, rows, places, 2**36))
    with pytest.raises(InputError, match=words):
        io.read_columns(path)


CHANGED = """
import sys
from pathlib import Path
from gazeanalytics import io
from gazeanalytics.tables import InputError
path, changed = Path(sys.argv[1]), Path(sys.argv[1]).with_name("changed.parquet")
data = path.read_bytes()
begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
for place in range(begin, len(data)):
    for by in (1, 0x80):
        changed.write_bytes(data[:place] + bytes([data[place] + by & 255]) + data[place + 1 :])
        try:
            io.read_columns(changed)
        except InputError:
            continue
# Not ru_maxrss, which a process takes over from the one that started it.
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10)
"""


def test_no_byte_of_a_footer_ends_the_process_or_fills_memory(tmp_path):
    fixations(9).to_parquet(tmp_path / "fixations.parquet", index=False)
    code = [sys.executable, "-c", CHANGED, str(tmp_path / "fixations.parquet")]
    done = subprocess.run(code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) < 1_000


def many(array):
    """More trees than a file may hold."""
    return np.concatenate([array] * 300)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"motion_feature": lambda a: a + np.uint16(60_000)}, r"'motion_feature' expected values from 0 to \d\d; got"),
        ({"motion_threshold": lambda a: a * np.float32(np.nan)}, "'motion_threshold' holds values that are not finite"),
        ({"motion_value": lambda a: a[:, :5]}, r"'motion_value' expected the shape \(trees of motion = 80, 64, 4\)"),
        (dict.fromkeys(("motion_feature", "motion_threshold", "motion_value"), many), "at most 20000 trees"),
        ({"moves": lambda a: a[:2]}, r"'moves' expected the shape \(4, 4\)"),
        ({"moves": lambda a: -a + 1}, "'moves' expected values from -inf to 0"),
        ({"lasting": lambda a: a - np.inf}, "'lasting' holds values that are not finite"),
        ({"drift_prior": lambda a: a * np.nan}, "'drift_prior' holds values that are not finite"),
        ({"about": lambda a: np.array("[]")}, "'about' expected a JSON object"),
        ({"format": lambda a: np.array(99)}, "expected file format 2; got 99"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_weights_are_checked_before_a_kernel_sees_them(tmp_path, change, words):
    events.LearnedModel.load(_weights(tmp_path, {}))
    with pytest.raises(InputError, match=rf"mine\.npz: .*{words}"):
        events.LearnedModel.load(_weights(tmp_path, change))


def _weights(tmp_path, change):
    path = tmp_path / "mine.npz"
    events.learned_model.shipped().save(path)
    with np.load(path) as stored:
        arrays = {name: change.get(name, lambda a: a)(stored[name]) for name in stored}
    np.savez(path, **arrays)
    return path
