"""EyeLink recordings as ASC text: every line is read or set aside, whatever the tracker's mode."""

import gzip
import re

import numpy as np
import pytest

from gazeanalytics.io import read_eyelink
from gazeanalytics.tables import InputError, Rejects


def read(path):
    """The recording and how many of its lines are accounted for."""
    recording = read_eyelink(path, rejects=Rejects(max_share=1.0))
    return recording, sum(recording.counts.values()) + sum(map(len, recording.rejected.values()))


def check_all_lines(path):
    recording, told = read(path)
    assert told == len(path.read_bytes().splitlines())
    return recording


@pytest.mark.parametrize("rate", [250, 500, 1000, 2000])
@pytest.mark.parametrize("eyes", ["L", "R", "LR"])
def test_all_samples_of_each_rate_and_eye(asc, tmp_path, eyes, rate):
    made = asc.trials(eyes=eyes, rate=float(rate))
    recording = check_all_lines(made.write(tmp_path))
    samples = recording.samples
    assert len(samples) == made.samples == 90
    assert recording.blocks["rate_hz"].tolist() == [rate] * 3
    assert recording.blocks["samples"].tolist() == [30] * 3
    steps = samples.groupby("block")["t"].diff().dropna()
    np.testing.assert_allclose(steps, 1000 / rate)
    for eye in ("left", "right"):
        assert (f"x_{eye}" in samples) == (eye[0].upper() in eyes)
    if "L" in eyes:
        first = samples.iloc[0]
        assert first[["x_left", "y_left", "pupil_left", "valid_left"]].tolist() == [500.0, 400.0, 1000.0, True]
    if eyes == "LR":
        np.testing.assert_allclose(samples["x_right"] - samples["x_left"], 10.0)


def test_whole_stamps_of_2000_hz_are_half_a_ms_apart(asc, tmp_path):
    made = asc.Asc(rate=2000.0).start()
    for stamp in (700, 700, 701, 701, 702, 704, 704):  # 702.5 and 703 are lost
        made.sample(1.0, 2.0, 3.0, stamp=str(stamp))
    recording = check_all_lines(made.end().write(tmp_path))
    assert recording.samples["t"].tolist() == [700, 700.5, 701, 701.5, 702, 704, 704.5]


def test_a_doubled_row_is_set_aside(asc, tmp_path):
    made = asc.Asc().start().steady(5)
    path = made.line(made.text.splitlines()[-1]).steady(3).end().write(tmp_path)
    recording, told = read(path)
    assert len(recording.samples) == 8
    (fault,) = recording.rejected["samples"]
    assert (fault.row, fault.expected, fault.got) == (16, "a time stamp of its own", "108 again")
    assert told == len(path.read_bytes().splitlines())


def test_lost_gaze_is_missing_and_not_trusted(asc, tmp_path):
    made = asc.Asc(eyes="LR").start()
    made.sample(1.0, 2.0, 3.0, None, None, 0.0, flags="...C.")
    made.sample(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, flags="..R..")
    made.sample(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, flags="I....")
    made.sample(-32768.0, 2.0, 3.0, 100000000.0, 5.0, 6.0)
    samples = check_all_lines(made.write(tmp_path)).samples
    assert samples["valid_left"].tolist() == [True, False, False, False]
    assert samples["valid_right"].tolist() == [False, True, False, False]
    np.testing.assert_array_equal(samples["x_right"], [np.nan, 4, 4, np.nan])
    np.testing.assert_array_equal(samples["x_left"], [1, 1, 1, np.nan])


def test_remote_recordings_have_the_head_target(asc, tmp_path):
    made = asc.Asc(eyes="LR", rate=250.0, extra=("HTARGET",)).start().steady(4)
    made.sample(1.0, 2.0, 3.0, 4.0, 5.0, 6.0).end()
    samples = check_all_lines(made.write(tmp_path)).samples
    np.testing.assert_array_equal(samples["target_mm"], [600.5, 600.5, 600.5, 600.5, np.nan])
    assert samples["target_x"].iloc[0] == 5000.0
    assert samples["x_right"].iloc[-1] == 4.0


@pytest.mark.parametrize("eyes", ["L", "LR"])
def test_speed_resolution_and_input_columns(asc, tmp_path, eyes):
    made = asc.Asc(eyes=eyes, extra=("VEL", "RES", "INPUT")).start()
    speeds = [20.0 + place for place in range(2 * len(eyes))]
    made.sample(*[1.0, 2.0, 3.0] * len(eyes), more=[*speeds, 38.5, 31.1, 7.0]).end()
    row = check_all_lines(made.write(tmp_path)).samples.iloc[0]
    assert [row["x_speed_left"], row["y_speed_left"]] == [20.0, 21.0]
    assert [row["x_px_per_deg"], row["y_px_per_deg"], row["input"]] == [38.5, 31.1, 7.0]
    if eyes == "LR":
        assert row["y_speed_right"] == 23.0


def test_blocks_with_another_eye_and_a_clock_that_starts_anew(asc, tmp_path):
    made = asc.Asc(clock=9000.0).message("DISPLAY_COORDS 0 0 1919 1079").start(clock=100.0).steady(6).end()
    second = asc.Asc(eyes="LR", text=made.text).start(clock=40.0).steady(4)  # without END
    recording = check_all_lines(second.write(tmp_path))
    assert recording.blocks["eyes"].tolist() == ["left", "left right"]
    assert recording.blocks["samples"].tolist() == [6, 4]
    assert recording.blocks["start"].tolist() == [100.0, 40.0]
    np.testing.assert_array_equal(recording.blocks["end"], [112.0, np.nan])
    assert recording.blocks[["right", "bottom"]].to_numpy().tolist() == [[1919, 1079]] * 2
    assert recording.samples["x_right"].isna().tolist() == [True] * 6 + [False] * 4


def test_events_with_their_own_durations_and_nested_ones(asc, tmp_path):
    made = asc.Asc(eyes="LR").start()
    made.line("SFIX L   100").line("SFIX R   100").steady(6)
    made.line("EFIX L   100\t110\t12\t  -5.3\t  540.1\t   1000").line("SSACC L  112").line("SBLINK L 114")
    made.steady(6)
    made.line("EBLINK L 114\t118\t6").line("ESACC L  112\t120\t10\t  1.0\t  2.0\t  .\t  .\t 2.3e+06\t    102")
    made.line("ESACC R  104\t110\t8\t  1.0\t  2.0\t  3.0\t  4.0\t 1.50\t    102\t  38.5\t  31.1").end()
    recording = check_all_lines(made.write(tmp_path))
    fixation = recording.fixations.iloc[0]
    assert fixation[["eye", "onset", "offset", "duration", "x", "y", "pupil"]].tolist() == [
        "left", 100, 110, 12, -5.3, 540.1, 1000
    ]  # fmt: skip
    assert recording.blinks[["onset", "duration"]].to_numpy().tolist() == [[114, 6]]
    saccades = recording.saccades.set_index("eye")
    assert saccades["blink"].to_dict() == {"left": True, "right": False}
    assert np.isnan(saccades.loc["left", "amplitude_deg"])
    assert saccades.loc["right", ["amplitude_deg", "peak_speed_deg_s"]].tolist() == [1.5, 102.0]
    assert recording.unfinished == {"fixations": 1, "saccades": 0, "blinks": 0}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("EFIX L 100\t110\t12\t960.2\t540.2", "numbers for onset, offset, duration, x, y, pupil"),
        ("EFIX L 100\t110\t12\t960,2\t540.2\t1000", "numbers for onset, offset, duration, x, y, pupil"),
        ("EFIX X 100\t110\t12\t960.2\t540.2\t1000", "L or R for the eye"),
        ("EFIX L 110\t100\t12\t960.2\t540.2\t1000", "a duration that fits onset and offset"),
        ("EFIX L 100\t110\t99\t960.2\t540.2\t1000", "a duration that fits onset and offset"),
        ("EFIX", "L or R for the eye"),
    ],
)
def test_an_event_that_makes_no_sense_is_set_aside(asc, tmp_path, line, expected):
    path = asc.Asc().start().steady(3).line(line).end().write(tmp_path)
    recording, told = read(path)
    (fault,) = recording.rejected["fixations"]
    assert (fault.row, fault.expected) == (14, expected)
    assert told == len(path.read_bytes().splitlines())
    with pytest.raises(InputError, match=re.escape(f"{path}, row 14: expected {expected}; got ")):
        read_eyelink(path)


@pytest.mark.parametrize(
    ("line", "expected", "got"),
    [
        ("106\t1.0\t2,5\t3.0\t...", "a number, a lone point or flags", "'2,5'"),
        ("106\t1.0\t2.0\t...", "4 numbers (t, x_left, y_left, pupil_left)", "3 in '106\\t1.0\\t2.0\\t...'"),
        ("106\t1.0\t2.0\t3.0\t4.0\t...", "4 numbers (t, x_left, y_left, pupil_left)",
         "5 in '106\\t1.0\\t2.0\\t3.0\\t4.0\\t...'"),
        ("106\t1.0\t2.0\t3.0", "flags such as '...' at the end, as in the block's first line",
         "'106\\t1.0\\t2.0\\t3.0'"),
        ("106\t1.0\t1e400\t3.0\t...", "a number, a lone point or flags", "'1e400'"),
        ("what is this", "a line of EyeLink ASC, such as a sample, MSG or EFIX", "'what is this'"),
        ("MSG\tx\thello", "MSG, a time stamp and text", "'MSG\\tx\\thello'"),
        ("INPUT\t1000", "INPUT and 2 numbers", "'INPUT\\t1000'"),
        ("PRESCALER\t10", "PRESCALER 1", "'PRESCALER\\t10'"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_told(asc, tmp_path, line, expected, got):
    path = asc.Asc().start().steady(3).line(line).write(tmp_path)
    recording, told = read(path)
    ((fault,),) = recording.rejected.values()
    assert (fault.row, fault.expected, fault.got) == (14, expected, got)
    assert len(recording.samples) == 3
    assert told == len(path.read_bytes().splitlines())


def test_samples_outside_of_blocks_or_without_layout_are_set_aside(asc, tmp_path):
    made = asc.Asc().steady(2).start().steady(2).end().steady(3)
    text = made.text + "START 900 LEFT SAMPLES\n" + "901 1.0 2.0 3.0 ...\n"
    path = tmp_path / "own.asc"
    path.write_text(text)
    recording, told = read(path)
    assert len(recording.samples) == 2
    faults = recording.rejected["samples"]
    assert [fault.expected for fault in faults] == ["a START line before samples"] * 5 + [
        "a SAMPLES line that names GAZE, HREF or PUPIL, and the eyes before samples"
    ]
    assert told == len(text.splitlines())


def test_messages_in_any_encoding_and_text_of_calibrations(asc, tmp_path):
    made = asc.Asc().message("!CAL").line(">>>>>>> CALIBRATION (HV9,P-CR) FOR LEFT: <<<<<<<<<")
    made.message("!CAL eye check box: (L,R,T,B)").line("\t  -80     7   -84     8").line("  6273  239.67 -43.582")
    made.message("!CAL VALIDATION HV13 LR LEFT  GOOD ERROR 0.36 avg. 0.47 max  OFFSET 0.22 deg. 2.1,-7.7 pix.")
    made.message("café").start().steady(3).end()
    for encoding in ("utf-8", "latin-1", "utf-16", "utf-8-sig"):
        recording = read_eyelink(made.write(tmp_path, encoding=encoding))
        assert recording.messages["text"].iloc[-1] == "café"
        assert len(recording.samples) == 3
    assert recording.counts["calibration"] == 3
    row = recording.validations.iloc[0]
    assert row[["eye", "error_mean_deg", "error_max_deg", "offset_deg", "offset_x_px", "offset_y_px"]].tolist() == [
        "left", 0.36, 0.47, 0.22, 2.1, -7.7
    ]  # fmt: skip


def test_inputs_and_buttons(asc, tmp_path):
    made = asc.Asc().line("INPUT\t90\t127").start().line("BUTTON\t101\t5\t1").steady(2)
    recording = check_all_lines(made.end().write(tmp_path))
    assert recording.inputs.to_numpy().tolist() == [[5, 90, 127]]
    assert recording.buttons.to_numpy().tolist() == [[12, 101, 5, 1]]


def test_packed_and_windows_line_ends(asc, tmp_path):
    made = asc.trials()
    expected = read_eyelink(made.write(tmp_path)).samples
    packed = tmp_path / "own.asc.gz"
    packed.write_bytes(gzip.compress(made.text.replace("\n", "\r\n").encode()))
    assert read_eyelink(packed).samples.equals(expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty; put the data there or take the table out of study.toml"),
        (b"reading,t,x,y\n1,2,3,4\n", "expected EyeLink ASC as edf2asc writes it; got no line that begins with START"),
        (b"SR_RESEARCH_COMBINED_FILE\x00\x01", "is an EDF recording of an EyeLink; convert it to ASC with edf2asc"),
        (b"7" * 3_000_000, "row 1: expected lines of EyeLink ASC; got one of over 1,048,576 bytes"),
        (b"7 x\n" * 150_000, "row 1: expected a START line before samples"),
    ],
)
def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path, data, message):
    path = tmp_path / "other.asc"
    path.write_bytes(data)
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        read_eyelink(path, rejects=Rejects(max_share=1.0))
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_cut_at_any_byte_nothing_is_made_up(asc, tmp_path):
    """What is left of a cut file is what the whole one holds, or it is refused; a cut number is never taken."""
    made = asc.Asc(eyes="LR", rate=2000.0).message("TRIALID 1").start(clock=12.0).steady(2)
    made.line("EFIX L   12\t13\t1.5\t  500.2\t  540.2\t   1000").end()
    data = made.text[len(asc.HEADER) :].encode()
    path = tmp_path / "cut.asc"
    path.write_bytes(data)
    whole = read_eyelink(path)
    refused = []
    for size in range(len(data)):
        path.write_bytes(data[:size])
        try:
            recording, told = read(path)
        except InputError as error:
            refused.append(str(error))
            continue
        assert told == len(data[:size].splitlines())
        count = len(recording.samples)
        assert count >= data[:size].count(b".....\n"), size
        assert recording.samples.equals(whole.samples.iloc[:count][list(recording.samples)]), size
        assert recording.fixations.equals(whole.fixations.iloc[: len(recording.fixations)]), size
    assert len(refused) == data.index(b"START") + 5
    assert all("is empty" in text or "no line that begins with START" in text for text in refused)


def test_a_cut_last_sample_without_flags_is_set_aside(asc, tmp_path):
    text = asc.Asc().start().steady(3).text.replace("\t...", "")
    path = tmp_path / "own.asc"
    path.write_text(text[:-2])  # 1000.0 became 1000
    recording, _ = read(path)
    assert len(recording.samples) == 2
    assert recording.rejected["samples"][0].expected == "a line's end"


def test_a_share_of_faults_that_is_too_great_is_an_error(asc, tmp_path):
    made = asc.Asc().start().steady(18).line("7\tx").line("9\tx")
    path = made.steady(4).write(tmp_path)
    with pytest.raises(InputError, match=re.escape("row 29: expected a number, a lone point or flags; got 'x'")):
        read_eyelink(path, rejects=Rejects(max_share=0.05))
    rejects = Rejects(max_share=0.1)
    assert len(read_eyelink(path, rejects=rejects).samples) == 22
    assert rejects.counts() == {"samples": 2}


def test_two_kinds_of_lines_by_turns_cost_no_more_than_their_number(asc, tmp_path):
    """An INPUT line after each sample, over several pieces of the text, is read as it stands."""
    made = asc.Asc().start()
    count = 30_000
    lines = "".join(f"{place}\t  960.1\t  540.2\t 1000.0\t...\nINPUT\t{place}\t127\n" for place in range(count))
    path = tmp_path / "own.asc"
    path.write_text(made.text + lines)
    recording = check_all_lines(path)
    assert len(recording.samples) == len(recording.inputs) == count
    assert recording.samples["t"].tolist() == list(range(count))
    assert recording.samples["line"].tolist() == list(range(11, 11 + 2 * count, 2))


def test_columns_that_begin_after_pieces_of_the_text_are_missing_before(asc, tmp_path):
    """The second eye is recorded from the third MB on, the speed in the first alone."""
    counts = 50_000, 30_000
    heads = [asc.Asc(extra=("VEL",), text="").start(clock=0.0).text, asc.Asc(eyes="LR", text="").start(clock=0.0).text]
    ends = ["\t960.1\t540.2\t1000.0\t5.0\t6.0\t...", "\t960.1\t540.2\t1000.0\t970.1\t541.2\t1010.0\t....."]
    path = tmp_path / "own.asc"
    blocks = zip(heads, ends, counts, strict=True)
    path.write_text("".join(head + "".join(f"{t}{end}\n" for t in range(count)) for head, end, count in blocks))
    samples = check_all_lines(path).samples
    assert samples["block"].value_counts().to_dict() == {1: counts[0], 2: counts[1]}
    for name, first, second in (("x_left", 960.1, 960.1), ("x_right", np.nan, 970.1), ("x_speed_left", 5.0, np.nan)):
        np.testing.assert_array_equal(samples[name], np.repeat([first, second], counts))
    np.testing.assert_array_equal(samples["valid_right"], np.repeat([False, True], counts))
    assert samples["t"].tolist() == [*range(counts[0]), *range(counts[1])]


def test_every_real_recording_is_read_to_the_last_line(shared_data):
    paths = sorted((shared_data / "formats" / "eyelink_asc").glob("*.asc"))
    assert len(paths) >= 10
    for path in paths:
        recording = check_all_lines(path)
        text = path.read_text("utf-8", "replace")
        assert not recording.rejected, path.name
        assert len(recording.samples) == len(re.findall(r"(?m)^\d+(?:\.\d+)?\t", text)), path.name
        for table, word in (("fixations", "EFIX"), ("saccades", "ESACC"), ("blinks", "EBLINK"), ("messages", "MSG")):
            assert len(getattr(recording, table)) == len(re.findall(rf"(?m)^{word}\b", text)), (path.name, table)
        assert len(recording.blocks) == len(re.findall(r"(?m)^START\b", text))
