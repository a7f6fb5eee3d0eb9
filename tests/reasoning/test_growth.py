"""Time grows in step with the length of a text, however it runs on: steps counted, and a generous clock beside them."""

import sys
import time

import pandas as pd
import pytest

from gazeanalytics import reasoning

LABELED = {
    "no edema, no effusion, ": 400,
    "(": 3000,
    "a-": 2000,
    "no ": 8000,
    "edema or ": 500,
    "wait, ": 1000,
    "if this were edema ": 300,
    "more likely edema than ": 300,
    "edema. it is gone. ": 300,
    "a nodule. skin fold. ": 300,
    "\n ": 5000,
}
PARSED = {
    "<answer>": 3000,
    "<think>": 3000,
    "\\boxed{": 3000,
    "{": 3000,
    '{"a":1}': 1000,
    "final answer ": 2000,
    " ": 9000,
}


def label(text):
    return reasoning.label_text(text)


def parse(text):
    return reasoning.parse_outputs(pd.Series([text]))


def calls(function, text):
    """Python calls and returns that a run takes, the clock aside."""
    count = 0

    def tick(frame, event, argument):
        nonlocal count
        count += 1

    function(text)
    sys.setprofile(tick)
    try:
        function(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("function", "piece", "times"),
    [(label, piece, times) for piece, times in LABELED.items()] + [(parse, piece, n) for piece, n in PARSED.items()],
)
def test_a_doubling_of_the_text_takes_at_most_2_3_times_the_steps(function, piece, times):
    one, two = (calls(function, piece * (times * factor)) for factor in (1, 2))
    assert two <= 2.3 * one + 2000


@pytest.mark.parametrize(
    ("function", "piece"), [(label, "no "), (label, "no edema, no effusion, "), (parse, "<answer>")]
)
def test_long_texts_end(function, piece):
    start = time.process_time()
    function(piece * (160_000 // len(piece)))
    assert time.process_time() - start < 20
