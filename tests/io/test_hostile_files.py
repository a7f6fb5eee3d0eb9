"""What a study from elsewhere may name, and files that no writer in good health makes."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazeanalytics.io import TableMap
from gazeanalytics.io.files import read_rows
from gazeanalytics.io.load import shard_files
from gazeanalytics.tables import InputError


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../../../../etc/pass*", "/etc/**/*.csv", "a**b", "x" * 300, "["])
def test_a_map_shows_no_file_of_the_machine(tmp_path, pattern):
    """A study may come from elsewhere: outside its folder only what is called a table is opened, and no whole tree."""
    with pytest.raises(InputError) as refused:
        shard_files(tmp_path, "fixations", TableMap(file=pattern))
    assert "root:" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_table_beside_the_study_may_be_named(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "all.csv").touch()
    assert [one.name for one in shard_files(tmp_path / "study", "fixations", TableMap(file="../all.csv"))] == [
        "all.csv"
    ]


def test_what_pandas_notes_in_a_parquet_file_is_not_read(tmp_path):
    """The notes name columns as Python text, which a reader may evaluate; a damaged one must not stop the table."""
    path = tmp_path / "fixations.parquet"
    table = pa.table({"reading": [1, 2], "x": [3.0, 4.0]}).replace_schema_metadata({"pandas": '{"index_columns": [1'})
    pq.write_table(table, path)
    assert read_rows(path, None, kind="parquet")[0].to_dict("list") == {"reading": [1, 2], "x": [3.0, 4.0]}


def test_a_column_that_a_flipped_bit_renamed_is_damage(tmp_path):
    """No sum guards a footer; it names its columns in more than one place."""
    path = tmp_path / "fixations.parquet"
    pq.write_table(pa.table({"reading": [1], "pupil": [3.0]}), path)
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    place = whole.index(b"pupil", footer)
    path.write_bytes(whole[:place] + b"q" + whole[place + 1 :])
    said = r"pupil' in another place of its footer\); copy it again"
    with pytest.raises(InputError, match=r"fixations.parquet: is damaged \(column 'qupil' is called '" + said):
        read_rows(path)


def test_half_a_letter_in_json_is_named_by_record_and_column(tmp_path):
    (tmp_path / "traces.jsonl").write_text(
        '{"reading": 1, "text": "\\ud83d\\ude00"}\n{"reading": 2, "text": "e \\ud800"}'
    )
    with pytest.raises(InputError, match="record 2, column 'text': holds half a letter"):
        read_rows(tmp_path / "traces.jsonl", None, kind="jsonl")


def test_records_that_share_no_columns_are_no_table(tmp_path):
    (tmp_path / "readers.json").write_text(json.dumps([{f"k{n}": 1} for n in range(2_001)]))
    with pytest.raises(InputError, match=r"holds 2,001 names of columns"):
        read_rows(tmp_path / "readers.json", None, kind="json")
