"""Files of every preset, spoiled in every way that files are: what becomes of each.

`python tests/io/mutations.py` prints a table of kinds by presets; `test_mutations.py` holds each to what is promised:
no crash, no row lost in silence, the file and the line or column named.
"""

import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np

from gazeanalytics.io import TableMap, load_shard
from gazeanalytics.io.files import DELIMITERS
from gazeanalytics.io.maps import UNITS, ColumnSource
from gazeanalytics.io.presets import preset, preset_names
from gazeanalytics.tables import TABLES, InputError, Rejects

ROWS = 40
SEEDS = (1, 2, 3)
# Values in our units, by our columns.
VALUES = {
    "t": lambda row: 4.0 * row,
    "onset": lambda row: 300.0 * row,
    "duration": lambda row: 200.0,
    "x": lambda row: 500.0 + row % 7,
    "y": lambda row: 400.0 + row % 5,
    "pupil": lambda row: 3.5,
    "valid": lambda row: 1.0,
}


def tables_made():
    """Presets of delimited text, each with its tables."""
    for name in preset_names():
        if preset(name)["kind"] in DELIMITERS and not any("explode" in preset(name).get(one, {}) for one in TABLES):
            yield from ((name, table) for table in TABLES if table in preset(name))


class Made:
    """A sound file of a preset, by its declaration, and what its cells are."""

    def __init__(self, name, table):
        declared = preset(name)
        self.name, self.table, self.mark = name, table, DELIMITERS[declared["kind"]]
        of_table = declared[table]
        scale = {"screen-fraction": 1000.0, "image-fraction": 1000.0, "degrees": 100.0}.get(declared["frame"], 1.0)
        cells, self.numbers = {}, []
        for target, sources in of_table["columns"].items():
            source = ColumnSource.model_validate(sources[0])
            unit = TABLES[table].column(target).unit
            factor = UNITS.get(unit, {}).get(source.unit or unit, 1.0)
            over = factor if target in ("t", "onset", "duration") else scale if target in ("x", "y") else 1.0
            plus = "onset" if source.minus else None
            for column in source.reads:
                value = VALUES["onset"] if column == source.minus else VALUES[target]
                cells.setdefault(column, (value, over, plus if column == source.column else None))
            if target in ("t", "onset", "x", "y") and not source.mean:
                self.numbers.append(source.column)
            if source.at_most is not None:
                cells |= dict.fromkeys(source.reads, (lambda row: 0.0, 1.0, None))
        words = {one: "p1" for one in of_table["reading"] if one not in ("file", "folder", "block")}
        for column, rule in of_table.get("keep", {}).items():
            words[column] = "a" if isinstance(rule, str) else str(rule[0])
        counted = of_table.get("distinct", [])
        sniffed = [one for one in declared["sniff"] if one[0] != "*" or not any(c.endswith(one[1:]) for c in cells)]
        names = [*dict.fromkeys([*words, *cells, *counted, *sniffed])]
        if declared.get("header"):
            first = next(one for one in names if one.startswith("TimeStamp"))
            names = [first, "GazePointXLeft", *(one for one in names if one not in (first, "GazePointXLeft"))]
        self.names = [one.replace("*", "2024)" if one.startswith("TIME") else "L") for one in names]
        self.numbers = [one.replace("*", "2024)" if one.startswith("TIME") else "L") for one in self.numbers]
        self.lines = [self._row(row, names, cells, words, counted) for row in range(ROWS)]
        self.before = {"smi": ["## Sample Rate:\t250"], "psychopy-tobii": ["Session Start"]}.get(name, [])

    def _row(self, row, names, cells, words, counted):
        def cell(name):
            if name in counted:
                return str(row + 1)
            if name not in cells:
                return words.get(name, "1")
            value, over, plus = cells[name]
            return repr(round((value(row) + (VALUES[plus](row) if plus else 0.0)) / over, 9))

        return [cell(name) for name in names]

    @property
    def suffix(self):
        return ".csv" if self.mark == "," else ".tsv"

    def text(self, lines=None, names=None, mark=None):
        """The file as text."""
        mark = mark or self.mark
        rows = [names or self.names, *(self.lines if lines is None else lines)]
        return "\n".join([*self.before, *(mark.join(row) for row in rows), ""])

    def line(self, row):
        """The number in the file of a row."""
        return row + 2 + len(self.before)


def spoiled(made, kind, rng):
    """Bytes of a file spoiled in one way; the line, or the column, that must be named; rows that must be there."""
    rows = [list(row) for row in made.lines]
    at = int(rng.integers(2, ROWS - 2))
    column = str(rng.choice(made.numbers))
    place = made.names.index(column)

    def one(cell):
        rows[at][place] = cell
        return made.text(rows).encode(), made.line(at), ROWS

    if kind in CELLS:
        return one(CELLS[kind])
    if kind == "a cell too few":
        del rows[at][place]
    elif kind == "a cell too many":
        rows[at].insert(place, "7")
    elif kind == "two cells glued":
        rows[at][0:2] = ["".join(rows[at][0:2])]
    elif kind == "a row cut short":
        rows[at] = rows[at][: max(1, len(rows[at]) // 2)]
    if rows != made.lines:
        return made.text(rows).encode(), made.line(at), ROWS
    return WHOLE[kind](made, at, column, rng)


CELLS = {
    "a word for a number": "abc",
    "a number too large": "1e400",
    "infinity": "inf",
    "a decimal comma in a cell": '"3,5"',
    "a NUL byte": "4\x000",
    "a quote that is not closed": '"4',
    "a letter beyond ASCII": "4\u00e9",
    "two points in a number": "1.2.3",
}


def _header(made, column, new):
    return made.text(names=[new if name == column else name for name in made.names]).encode()


def _rows(made, change):
    rows = [list(row) for row in made.lines]
    change(rows)
    return made.text(rows).encode(), None, len(rows)


def _cut(made, at, column, rng):
    text = made.text()
    whole = len(made.text(made.lines[:-1]))
    return text[: whole + int(rng.integers(1, len(text) - whole - 1))].encode(), None, ROWS


def _flipped(made, at, column, rng):
    data = bytearray(made.text().encode())
    data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(7))
    return bytes(data), None, None


WHOLE = {
    "a byte-order mark": lambda m, *_: (m.text().encode("utf-8-sig"), None, ROWS),
    "UTF-16": lambda m, *_: (m.text().encode("utf-16"), None, ROWS),
    "UTF-16 without its mark": lambda m, *_: (m.text().encode("utf-16-le"), None, ROWS),
    "lines that end in CR LF": lambda m, *_: (m.text().replace("\n", "\r\n").encode(), None, ROWS),
    "lines that end in CR": lambda m, *_: (m.text().replace("\n", "\r").encode(), None, ROWS),
    "no line end at the end": lambda m, *_: (m.text().rstrip("\n").encode(), None, ROWS),
    "empty lines": lambda m, at, *_: (m.text(m.lines[:at]).encode() + b"\n\n" + _tail(m, at), None, ROWS),
    "the header again": lambda m, at, *_: _rows(m, lambda rows: rows.insert(at, list(m.names))),
    "a row twice": lambda m, at, *_: _rows(m, lambda rows: rows.insert(at, list(rows[at]))),
    "rows exchanged": lambda m, at, *_: _rows(m, lambda rows: rows.insert(at, rows.pop(at + 1))),
    "a column renamed": lambda m, _, column, __: (_header(m, column, "other"), column, ROWS),
    "a column twice": lambda m, _, column, __: (
        _header(m, m.names[0] if column != m.names[0] else m.names[1], column),
        column,
        ROWS,
    ),
    "another delimiter": lambda m, *_: (m.text(mark=";").encode(), None, ROWS),
    "cut off": _cut,
    "nothing": lambda *_: (b"", None, 0),
    "a header alone": lambda m, *_: (m.text([]).encode(), None, 0),
    "a bit flipped": _flipped,
}
KINDS = (*CELLS, "a cell too few", "a cell too many", "two cells glued", "a row cut short", *WHOLE)


def _tail(made, at):
    return "".join(made.mark.join(row) + "\n" for row in made.lines[at:]).encode()


def outcome(made, kind, seed, folder):
    """What becomes of a file: "read", "set aside", "refused", or a word that begins with "!" for what must not be."""
    data, named, rows = spoiled(made, kind, np.random.default_rng([seed, KINDS.index(kind)]))
    file = Path(folder) / f"spoiled{made.suffix}"
    file.write_bytes(data)
    rejects = Rejects(max_share=1.0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = load_shard(file, made.table, TableMap(file=file.name, format=made.name), rejects=rejects)
    except InputError as error:
        return _named(str(error), file, named)
    except Exception:  # whatever it is, it is a crash
        return "! crash: " + traceback.format_exc().splitlines()[-1][:150]
    faults = [fault for found in rejects.rows.values() for fault in found]
    left = sum(count for (what, *_), count in rejects.left_out.items() if what != "lines passed over")
    passed = sum(count for (what, *_), count in rejects.left_out.items() if what == "lines passed over")
    found = len(frame) + len(faults) + left
    if rows is not None and not rows - passed <= found <= rows:
        return f"! {rows - found} of {rows} rows lost in silence"
    if isinstance(named, int) and not any(fault.row == named for fault in faults) and not passed:
        return f"! line {named} passed as {frame.iloc[-1].to_dict()}"[:150]
    return "set aside" if faults or left else "read"


def _named(text, file, named):
    if file.name not in text:
        return f"! refused without the file: {text}"[:200]
    if isinstance(named, str) and repr(named) not in text and "expected" not in text:
        return f"! refused without column {named}: {text}"[:200]
    if isinstance(named, int) and f"row {named}" not in text:
        return f"! refused without line {named}: {text}"[:200]
    return "refused"


def table(folder):
    """Outcomes of all kinds, presets and seeds."""
    return {
        (kind, made.name, made.table, seed): outcome(made, kind, seed, folder)
        for made in (Made(*one) for one in tables_made())
        for kind in KINDS
        for seed in SEEDS
    }


def main():
    """Print the table, and what must not be."""
    with tempfile.TemporaryDirectory() as folder:
        found = table(folder)
    made = list(dict.fromkeys(key[1:3] for key in found))
    print("| kind | " + " | ".join(f"{name} {of}" for name, of in made) + " |\n" + "|---" * (len(made) + 1) + "|")
    for kind in KINDS:
        cells = [", ".join(dict.fromkeys(found[kind, *one, seed] for seed in SEEDS)) for one in made]
        print(f"| {kind} | " + " | ".join(cells) + " |")
    bad = {key: word for key, word in found.items() if word.startswith("!")}
    print(f"{len(found)} files, {len(bad)} wrong")
    for key, word in bad.items():
        print(key, word)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
