"""Lines of an EyeLink ASC file, one after another, into an `EyelinkRecording`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics._kernels.io import eyelink as kernels
from gazeanalytics.io.delimited import cut
from gazeanalytics.io.eyelink.events import EventStore
from gazeanalytics.io.eyelink.layout import Block, Layout, as_number, layout_of
from gazeanalytics.io.eyelink.recording import EyelinkRecording, screens, table_of, validations
from gazeanalytics.io.eyelink.sample_store import FAULTS, SampleStore, wrong_rows
from gazeanalytics.io.eyelink.text import whole_lines
from gazeanalytics.io.unpacking import MAX_UNPACKED_MB, line_as_utf8
from gazeanalytics.tables import InputError, Rejects, SetAside

__all__ = ["read_eyelink"]

_COMMENTS = (b"**", b"#", b";", b"/", b"*")
_OF_BLOCK = {"block": "int64", "line": "int64", "last_line": "int64", "start": "float64", "end": "float64"}
_OF_BLOCK |= {"eyes": "str", "coordinates": "str", "rate_hz": "float64", "pupil": "str", "samples": "int64"}
# How the lines begin that decide what a sample line holds.
_OF_LAYOUT = (b"STA", b"END", b"SAM", b"PRE", b"VPR")
# No file has so many lines of no use: it is another kind of file.
_MAX_REJECTED = 100_000


def read_eyelink(
    path: str | Path, *, rejects: Rejects | None = None, max_unpacked_mb: float = MAX_UNPACKED_MB
) -> EyelinkRecording:
    """Read an EyeLink recording that edf2asc made a text file (ASC) of.

    Parameters
    ----------
    path : str or pathlib.Path
        The file, plain or packed (gzip, zstd).
    rejects : Rejects, optional
        Takes the lines that can't be used, with number and reason. Without it the first such line is an error.
    max_unpacked_mb : float
        A packed file that would be larger is refused.

    Raises
    ------
    InputError
        Naming the file, the line at fault and the remedy; also if the file holds no recording, or loses a greater share
        of its lines than `rejects` allows.

    Notes
    -----
    The file is read block by block, and what isn't a sample line by line; time and memory grow with its size. Formats:
    SR Research, EyeLink 1000 User Manual (2008), section 4.9.

    See Also
    --------
    EyelinkRecording : what comes back.

    Examples
    --------
    >>> read_eyelink("nowhere.asc")
    Traceback (most recent call last):
    gazeanalytics.tables.errors.InputError: nowhere.asc: no such file; correct `file` in study.toml
    """
    path = Path(path)
    parser = _Parser(path)
    for text in whole_lines(path, max_unpacked_mb):
        parser.take(text)
    recording = parser.recording()
    faults = recording.rejected
    if rejects is None:
        first = min((fault for some in faults.values() for fault in some), key=lambda fault: fault.row, default=None)
        if first is not None:
            raise InputError(first.words(path, "correct that line, or give rejects to set such lines aside"))
    else:
        for table, some in faults.items():
            rejects.put(table, path, some, of=recording.counts.get(table, 0) + len(some))
    return recording


@dataclass(slots=True)
class _Text:
    """A piece of the file while its lines are taken.

    Attributes
    ----------
    why : numpy.ndarray of int8, shape (samples,)
        Places in `FAULTS`; -1 for lines that are no samples.
    done : int
        Samples taken.
    """

    text: bytes
    lines: kernels.Lines
    found: kernels.Samples
    columns: dict[str, np.ndarray]
    why: np.ndarray
    done: int = 0

    def line(self, place: int) -> bytes:
        """One line without its end."""
        return self.text[self.lines.starts[place] : self.lines.stops[place]]


class _Parser:
    """What is known between two lines.

    Attributes
    ----------
    block : int
        Number of the last START line, from 1; 0 before the first.
    open : bool
        Whether the block has not ended.
    calibration : bool
        Whether the lines before belong to a calibration, whose text has lines of its own.
    layout : Layout or None
        Of the open block.
    flags, target_flags : bool or None
        Whether the samples of the open block end with flags; None before its first one.
    next_line : int
        Number of the line after those taken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples, self.events = SampleStore(), EventStore()
        self.block, self.open, self.calibration = 0, False, False
        self.layout: Layout | None = None
        self.flags = self.target_flags = None
        self.next_line = 1
        self.counts: dict[str, int] = {}
        self.rejected: dict[str, list[SetAside]] = {}
        self.blocks: list[Block] = []

    def take(self, text: bytes) -> None:
        """Read some whole lines."""
        data = np.frombuffer(text, np.uint8)
        lines = kernels.find_lines(data)
        found = kernels.parse_samples(data, lines)
        columns = self.samples.begin_text(found, self.next_line)
        piece = _Text(text, lines, found, columns, np.zeros(len(found.lines), np.int8))
        others = np.flatnonzero(lines.rows < 0)
        # How many samples stand before each of the other lines.
        before = np.searchsorted(found.lines, others).tolist()
        for place, row in zip(others.tolist(), before, strict=True):
            line = piece.line(place)
            if row > piece.done and (not self.open or line[:3] in _OF_LAYOUT):
                self._take_samples(piece, row)
            ended = place < len(lines.rows) - 1 or text.endswith(b"\n")
            self._take_line(line, self.next_line + place, ended=ended)
        self._take_samples(piece, len(piece.why))
        if not text.endswith(b"\n"):
            self._refuse_cut(piece)
        self.samples.end_text(piece.columns, piece.why)
        self._count("samples", int((piece.why == 0).sum()))
        self.next_line += len(lines.rows)
        self._check_kind()

    def _take_samples(self, piece: _Text, stop: int) -> None:
        """Take the samples up to `stop`, all of one block or of none."""
        rows = slice(piece.done, stop)
        piece.done = stop
        if rows.start == stop:
            return
        if self.calibration and not self.open:
            piece.why[rows] = -1
            self._count("calibration", stop - rows.start)
        elif not self.open or self.layout is None:
            piece.why[rows] = len(FAULTS)
            expected = "a SAMPLES line that names GAZE, HREF or PUPIL, and the eyes" if self.open else "a START line"
            for row in range(rows.start, stop):
                self._refuse_sample(piece, row, f"{expected} before samples", "")
        else:
            if self.flags is None:
                self.flags = bool(piece.found.flag_lengths[rows.start])
                self.target_flags = bool(piece.found.target_lengths[rows.start])
            why = wrong_rows(piece.found, rows, self.layout, flags=self.flags, target_flags=bool(self.target_flags))
            self.samples.fill(piece.columns, piece.found, rows, self.layout, why)
            piece.columns["block"][rows] = self.block
            piece.why[rows] = why
            self.blocks[-1].samples += int((why == 0).sum())
            for row in np.flatnonzero(why).tolist():
                self._refuse_sample(piece, rows.start + row, *self._fault(piece, rows.start + row, FAULTS[why[row]]))

    def _fault(self, piece: _Text, row: int, why: str) -> tuple[str, str]:
        """What belongs into a sample line, and what it holds."""
        found, layout = piece.found, self.layout
        if why == "word":
            rest = piece.text[found.faults[row] : piece.lines.stops[found.lines[row]]]
            return "a number, a lone point or flags", cut(rest.split(maxsplit=1)[0])
        if why == "count" and layout is not None:
            return f"{1 + len(layout.columns)} numbers (t, {', '.join(layout.columns)})", f"{found.counts[row]} in "
        if why == "flags" and layout is not None:
            return f"flags such as {'.' * layout.first_flags!r} at the end, as in the block's first line", ""
        if why == "twice":
            return "a time stamp of its own", f"{found.numbers[row, 0]:.15g} again"
        return "a time stamp", ""

    def _refuse_sample(self, piece: _Text, row: int, expected: str, got: str) -> None:
        place = int(piece.found.lines[row])
        line = cut(piece.line(place))
        self._refuse("samples", self.next_line + place, expected, got + line if got[-4:] in ("", " in ") else got)

    def _refuse(self, table: str, line: int, expected: str, got: str) -> None:
        self.rejected.setdefault(table, []).append(SetAside(line, "", expected, got))

    def _refuse_cut(self, piece: _Text) -> None:
        """The file's last line has no end: without flags its last number may lack digits."""
        row = int(piece.lines.rows[-1]) if len(piece.lines.rows) else -1
        if row >= 0 and piece.why[row] == 0 and piece.found.flag_lengths[row] == 0:
            piece.why[row] = len(FAULTS)
            self.blocks[-1].samples -= 1
            self._refuse_sample(piece, row, "a line's end", "")

    def _check_kind(self) -> None:
        """End early on a large file of another kind."""
        lost = sum(map(len, self.rejected.values()))
        if lost > _MAX_REJECTED and lost > 0.5 * self.next_line:
            first = min((some[0] for some in self.rejected.values()), key=lambda fault: fault.row)
            raise InputError(first.words(self.path, f"{lost:,} lines have faults; convert the EDF file anew"))

    def _count(self, kind: str, more: int = 1) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + more

    def _take_line(self, line: bytes, number: int, *, ended: bool) -> None:
        """Take a line that is no sample."""
        words = line.split()
        kind = words[0] if words else b""
        if not words or line.startswith(_COMMENTS):
            self._count("comments")
        elif kind == b"MSG":
            self._take_message(line, number)
        elif kind[1:] in (b"FIX", b"SACC", b"BLINK") and kind[:1] in b"SE":
            self._take_event(words, line, number, ended=ended)
        elif kind in (b"INPUT", b"BUTTON"):
            self._take_state(words, line, number, ended=ended)
        elif kind in (b"START", b"END", b"SAMPLES", b"EVENTS", b"PUPIL", b"PRESCALER", b"VPRESCALER"):
            self._take_block_line(words, line, number)
        elif self.calibration and not self.open:
            self._count("calibration")
            return
        else:
            self._refuse("lines", number, "a line of EyeLink ASC, such as a sample, MSG or EFIX", cut(line))
            return
        self.calibration = kind == b"MSG" and b"!CAL" in words[2:3]

    def _take_message(self, line: bytes, number: int) -> None:
        words = line.split(None, 2)
        time = as_number(words[1]) if len(words) > 1 else None
        if time is None or time != time:
            self._refuse("lines", number, "MSG, a time stamp and text", cut(line))
            return
        text = line_as_utf8(words[2]).decode().strip("\x00").rstrip() if len(words) > 2 else ""
        self.events.rows["messages"].append((number, self.block, self.open, time, text))
        self._count("messages")

    def _take_event(self, words: list[bytes], line: bytes, number: int, *, ended: bool) -> None:
        begins = words[0][:1] == b"S"
        table = {b"FIX": "fixations", b"SACC": "saccades", b"BLINK": "blinks"}[words[0][1:]]
        rate = self.layout.rate_hz if self.layout else np.nan
        if not ended:
            expected, got = "a line's end", ""
        elif begins:
            expected, got = self.events.begin(words)
        else:
            expected, got = self.events.end(words, number, self.block, rate)
        if expected:
            self._refuse(table, number, expected, got or cut(line))
        else:
            self._count("starts of events" if begins else table)

    def _take_state(self, words: list[bytes], line: bytes, number: int, *, ended: bool) -> None:
        """A change of the input port, or of a button."""
        table, size = ("inputs", 2) if words[0] == b"INPUT" else ("buttons", 3)
        numbers = [as_number(word) for word in words[1:]]
        if len(numbers) != size or not ended or any(one is None or one != one for one in numbers):
            self._refuse(table, number, f"{words[0].decode()} and {size} numbers", cut(line))
        else:
            self.events.rows[table].append((number, *numbers))
            self._count(table)

    def _take_block_line(self, words: list[bytes], line: bytes, number: int) -> None:
        """START, END, and what stands between START and the samples."""
        kind, rest = words[0], [word.decode("latin-1") for word in words[1:]]
        self._count("lines of blocks")
        if kind == b"START":
            self._end_block(number, np.nan)
            self._begin_block(number, rest)
        elif kind == b"END":
            self._end_block(number, _stamp(words))
        elif not self.open:
            self._count("lines of blocks", -1)
            self._refuse("lines", number, f"a START line before {kind.decode()}", cut(line))
        elif kind == b"SAMPLES":
            self.layout, self.flags = layout_of(rest), None
            if self.layout is not None:
                self.blocks[-1].declare(self.layout)
            if self.blocks[-1].scaled:
                self.layout = None
        elif kind == b"PUPIL":
            self.blocks[-1].pupil = " ".join(rest).lower()
        elif kind in (b"PRESCALER", b"VPRESCALER") and rest[:1] != ["1"]:
            # Of edf2asc it is 1 always. What another program scales, and how, can't be known.
            self.blocks[-1].scaled = True
            self.layout = None
            self._count("lines of blocks", -1)
            self._refuse("lines", number, f"{kind.decode()} 1", cut(line))

    def _begin_block(self, number: int, words: list[str]) -> None:
        self.block, self.open, self.layout, self.flags = self.block + 1, True, None, None
        self.samples.begin_block()
        start = as_number(words[0].encode("latin-1")) if words else None
        eyes = " ".join(word.lower() for word in words if word in ("LEFT", "RIGHT"))
        self.blocks.append(Block(self.block, number, number, np.nan if start is None else start, eyes=eyes))

    def _end_block(self, number: int, time: float) -> None:
        if self.open:
            self.blocks[-1].end, self.blocks[-1].last_line = time, number
        self.open, self.layout, self.flags = False, None, None
        self.events.end_block()

    def recording(self) -> EyelinkRecording:
        """All that was read."""
        if self.next_line == 1:
            raise InputError(f"{self.path}: is empty; put the data there or take the table out of study.toml")
        if not self.blocks:
            raise InputError(
                f"{self.path}: expected EyeLink ASC as edf2asc writes it; got no line that begins with START; convert "
                "the EDF file anew, with samples, events and messages"
            )
        self._end_block(self.next_line, np.nan)
        tables = self.events.tables()
        blocks = table_of([tuple(getattr(block, name) for name in _OF_BLOCK) for block in self.blocks], _OF_BLOCK)
        blocks = pd.concat([blocks, screens(tables["messages"], blocks)], axis=1).drop(columns="last_line")
        return EyelinkRecording(
            file=self.path,
            samples=self.samples.table(),
            blocks=blocks,
            validations=validations(tables["messages"]),
            counts=self.counts,
            rejected=self.rejected,
            unfinished=self.events.unfinished,
            **tables,
        )


def _stamp(words: list[bytes]) -> float:
    time = as_number(words[1]) if len(words) > 1 else None
    return np.nan if time is None else time
