"""Files of public data sets: every row of each is in its table, among the rejects, or counted as left out."""

import importlib.util
import sys
from pathlib import Path

import pytest

from gazeanalytics.io import summarise_file
from gazeanalytics.io.load import LEFT_BY_MAP
from gazeanalytics.tables import InputError

SPEC = importlib.util.spec_from_file_location("formats_table", Path(__file__).with_name("formats_table.py"))
formats = sys.modules["formats_table"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(formats)


@pytest.mark.parametrize("public", formats.FILES, ids=lambda one: f"{Path(one.path).stem}-{one.table}")
def test_every_row_is_read_set_aside_or_left_out(public, shared_data):
    frame, aside, left, rate, loss = formats.read(public, shared_data / "formats")
    # Rows that a map doesn't want are counted by the product, and stand outside the count made here.
    lost = sum(count for what, count in left.items() if LEFT_BY_MAP not in what)
    assert len(frame) + aside + lost == public.count(shared_data / "formats")
    if public.table == "samples" and len(frame) > 2:
        assert 3 < rate < 2001
        assert 0 <= loss < 0.3


def test_what_holds_no_gaze_is_refused_in_a_sentence(shared_data):
    known = {shared_data / "formats" / public.path for public in formats.FILES}
    for file in sorted((shared_data / "formats").rglob("*")):
        if file.is_file() and file not in known and file.suffix != ".asc":
            with pytest.raises(InputError) as refused:
                summarise_file(file)
            assert file.name in str(refused.value)
