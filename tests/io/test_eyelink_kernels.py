"""The compiled parse of ASC lines against the same in plain Python."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazeanalytics._kernels.io import eyelink as kernels

spec = importlib.util.spec_from_file_location("naive_eyelink", Path(__file__).with_name("naive_eyelink.py"))
naive = importlib.util.module_from_spec(spec)
spec.loader.exec_module(naive)

CELL = st.sampled_from(
    ["12", "-5.3", ".5", "5.", ".", "..", "...", ".C...", "IC.", "1e3", "2.3e+06", "1e+08", "-32768.0", "x", "1,5",
     "+7",
     "-", "1e", "1e-5", "--1", "1.2.3", "nan", "inf", "0x1", "12345678901234567890",
     "0.1", "1234567.89", "1_0", "é"]
)  # fmt: skip
LINE = st.builds(
    lambda cells, mark, lead: lead + mark.join(cells),
    st.lists(CELL, max_size=8),
    st.sampled_from([" ", "\t", "\t  "]),
    st.sampled_from(["", "7", "7 ", " ", "MSG "]),
)


def parsed(text):
    data = np.frombuffer(text, np.uint8)
    lines = kernels.find_lines(data)
    return lines, kernels.parse_samples(data, lines)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINE, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_lines_and_samples_are_those_of_the_plain_parse(lines, end, ended):
    text = (end.join(lines) + (end if ended else "")).encode()
    found, samples = parsed(text)
    spans = naive.find_lines(text)
    assert list(zip(found.starts.tolist(), found.stops.tolist(), strict=True)) == spans
    digits = [place for place, (start, stop) in enumerate(spans) if text[start:stop][:1].isdigit()]
    assert samples.lines.tolist() == digits
    for row, place in enumerate(digits):
        start, stop = spans[place]
        numbers, flags, fault = naive.parse_sample(text[start:stop])
        assert samples.counts[row] == len(numbers)
        np.testing.assert_array_equal(samples.numbers[row, : len(numbers)], numbers)
        lengths = [*map(len, flags), 0, 0]
        assert (samples.flag_lengths[row], samples.target_lengths[row]) == (
            lengths[0],
            lengths[1 if len(flags) < 3 else -3],
        )
        got = None if samples.faults[row] < 0 else text[samples.faults[row] : stop].decode("latin-1")
        assert (got is None) == (fault is None)
        assert fault is None or got.startswith(fault)


@pytest.mark.parametrize(
    "value", ["513.9", "-0.1", "0.30000000000004", "7654321.5", "1e22", "3e-22", "123456789012345"]
)
def test_numbers_are_those_of_float_to_the_last_bit(value):
    _, samples = parsed(f"0 {value} ...\n".encode())
    assert samples.numbers[0, 1] == float(value)


@pytest.mark.parametrize(
    ("flags", "bits"),
    [("...", 0), ("I..", 1), (".C.", 2), (".CR", 6), (".....", 0), ("...C.", 8), ("IC..R", 19), (".C.CR", 26)],
)
def test_flags_of_each_eye(flags, bits):
    _, samples = parsed(f"0 1 {flags}\n".encode())
    assert samples.flags[0] == bits


def test_more_numbers_than_are_kept_are_counted():
    _, samples = parsed(("1 " * 40).encode())
    assert samples.counts[0] == 40
    assert (samples.numbers[0] == 1).all()
