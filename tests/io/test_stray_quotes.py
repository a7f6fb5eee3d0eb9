"""Quotes that run over line ends: a stray one loses its own line and no other; cells of several lines stay whole."""

import pytest

from gazeanalytics.io import TableMap, load_shard
from gazeanalytics.tables import InputError, Rejects

HEAD = "reading,step,text"


def traces(folder, lines, name="traces.csv", ends="\n"):
    file = folder / name
    file.write_bytes(ends.join([HEAD, *lines, ""]).encode())
    rejects = Rejects(max_share=1.0)
    frame = load_shard(file, "traces", TableMap(file=name), rejects=rejects)
    return frame, [fault for found in rejects.rows.values() for fault in found]


def plain(n=30):
    return [f"{number},0,No effusion; heart {number} normal" for number in range(n)]


@pytest.mark.parametrize("closed", [None, 9, 22], ids=["never", "near", "far"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_quote_that_is_not_closed_loses_one_row(tmp_path, closed, ends):
    lines = plain()
    lines[5] = '5,0,"No effusion'
    if closed:
        lines[closed] += '"'
    frame, faults = traces(tmp_path, lines, ends=ends)
    assert frame["reading"].tolist() == [number for number in range(30) if number != 5]
    assert (frame.index + 2).tolist() == [number + 2 for number in range(30) if number != 5]
    assert [(fault.row, fault.expected) for fault in faults] == [(7, "a quote that is closed in its cell")]


def test_cells_of_several_lines_stay_whole_and_later_rows_keep_their_numbers(tmp_path):
    lines = plain(6)
    lines[2] = '2,0,"Findings:\nno effusion, heart normal, lungs clear\n\nImpression:\nnormal ""study"""'
    lines[4] = "4,x,broken"
    frame, faults = traces(tmp_path, lines)
    assert frame["text"].iloc[2].splitlines()[-1] == 'normal "study"'
    assert frame["reading"].tolist() == [0, 1, 2, 3, 5]
    assert [fault.row for fault in faults] == [10]


def test_inches_are_no_quotes(tmp_path):
    lines = plain(4)
    lines[1] = '1,0,a 5" screen'
    frame, faults = traces(tmp_path, lines)
    assert frame["text"].iloc[1] == 'a 5" screen'
    assert not faults


def test_each_of_several_stray_quotes_loses_its_own_row(tmp_path):
    lines = plain()
    for place in (3, 11, 12, 29):
        lines[place] = lines[place].replace("No", '"No')
    frame, faults = traces(tmp_path, lines)
    assert len(frame) == 26
    assert [fault.row for fault in faults] == [5, 13, 14, 31]


def test_a_column_that_is_not_read_does_not_move_the_numbers_of_rows(tmp_path):
    file = tmp_path / "f.csv"
    file.write_text('trial,note,t,x,y\n1,"two\nlines",0,1,2\n1,,4,oops,2\n1,,8,1,2\n1,,12,1,2\n')
    columns = {"t": "t", "x": "x", "y": "y"}
    with pytest.raises(InputError, match=r"row 4, column 'x'"):
        load_shard(file, "samples", TableMap.model_validate({"file": "f.csv", "reading": "trial", "columns": columns}))


def test_strictly_the_line_is_an_error(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("\n".join([HEAD, *plain(3), '3,0,"x', *plain(3)]))
    with pytest.raises(InputError) as refused:
        load_shard(file, "traces", None)
    assert str(refused.value) == (
        f"{file}, row 5: expected a quote that is closed in its cell; got a stray quote in '3,0,\"x' that runs on over "
        "3 more lines; correct that row or its quotes"
    )
