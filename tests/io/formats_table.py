"""Every public file of gaze beside this checkout, read by the product and counted by itself.

`python tests/io/formats_table.py FOLDER` prints the table; `test_public_files.py` holds it to the counts. What a file
holds is counted here by plain lines, never by the package: rows = rows of the table + rejects + rows left out.
"""

import csv
import gzip
import json
import re
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from gazeanalytics.io import TableMap, load_shard
from gazeanalytics.io.summary import _loss, _rate
from gazeanalytics.tables import InputError, Rejects


@dataclass(frozen=True)
class Public:
    """A file, what it is read as, and how its rows are counted: lines of text that fit `row`, `header` of them not."""

    path: str
    table: str = "samples"
    keys: dict = field(default_factory=dict)
    row: str = r"^."
    header: int = 1
    encoding: str = "utf-8"
    counted: object = None

    def count(self, folder):
        """Rows of the file, by its lines alone."""
        if self.counted:
            return self.counted(folder / self.path)
        data = (folder / self.path).read_bytes()
        data = gzip.decompress(data) if self.path.endswith(".gz") else data
        lines = re.split(r"\r\n|\r|\n", data.decode(self.encoding, errors="replace"))
        return sum(len(re.findall(self.row, line)) for line in lines) - self.header


SAMPLE = r"^[0-9]+(\.[0-9])?\t"
EYELINK = {"format": "eyelink", "reading": ["file", "block"]}


def _asc(name, table="samples", row=SAMPLE, **keys):
    return Public(f"eyelink_asc/{name}.asc", table, EYELINK | keys, row, 0)


def _plain(name, columns, *parts, table="samples", header=1, **keys):
    """A table of somebody's own, with the map that its user would write."""
    given = {"reading": parts or ["file"], "frame": "screen", "clock": "recording", "columns": columns}
    return Public(f"generic_csv/pymovements__{name}", table, given | keys, header=header)


def _both(left, right):
    return {"mean": [left, right]}


def _events_of_tobii(path):
    """Fixations of the tracker, each on many rows, and the two rows that are cut off: nobody knows what they are."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    at = {name: place for place, name in enumerate(rows[0])}
    whole = [row for row in rows[1:] if len(row) == len(rows[0])]
    kinds = (("Sensor", "Eye Tracker"), ("Eye movement type", "Fixation"))
    kept = [row for row in whole if all(row[at[name]] == value for name, value in kinds)]
    return len({row[at["Eye movement type index"]] for row in kept}) + len(rows) - 1 - len(whole)


def _estimates_of_webgazer(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return sum(len(json.loads(row["webgazer_data"])) for row in csv.DictReader(stream))


XY = {"x": "x", "y": "y"}
FILES = (
    _asc("cili__mono250"),
    _asc("cili__mono500"),
    _asc("cili__mono1000"),
    _asc("cili__mono2000"),
    _asc("cili__bino250", eye="mean"),
    _asc("cili__bino500", eye="left"),
    _asc("pymovements__eyelink_binocular_example", eye="right"),
    _asc("pymovements__eyelink_monocular_2khz_example"),
    _asc("pymovements__eyelink_monocular_example"),
    _asc("pymovements__eyelink_monocular_no_dummy_example"),
    _asc("cili__mono500", "fixations", r"^EFIX"),
    _asc("cili__mono500", "saccades", r"^ESACC"),
    Public("eyelink_dataviewer/pymovements__18sat_fixfinal.csv", "fixations", {"format": "dataviewer"}),
    Public(
        "tobii_pro_lab/gazeplotter__testMobileTsvData.tsv", "fixations", {"format": "tobii"}, counted=_events_of_tobii
    ),
    Public("gazeparser/test03_ptc.tsv", keys={"format": "psychopy-tobii"}, row=r"^[0-9.]+(\t[^\t]+){10}$", header=0),
    Public("smi_begaze/pymovements__didec_example.txt", keys={"format": "smi"}, row=r"^[0-9]+\tSMP", header=0),
    Public("gazepoint/gazepoint-data-analysis__test_all_gaze.csv", keys={"format": "gazepoint"}),
    Public("gazepoint/gazepoint-data-analysis__User 1_fixations.csv", "fixations", {"format": "gazepoint"}),
    Public("pupil_core/pupil-tutorials__gaze_positions.csv", keys={"format": "pupil-core"}),
    Public("pupil_core/pupil-tutorials__fixations.csv", "fixations", {"format": "pupil-core-fixations"}),
    Public("gazebase/pymovements__gazebase_example.csv", keys={"format": "gazebase"}),
    Public("gazebase/pymovements__gazebase_vr_example.csv", keys={"format": "gazebasevr"}),
    _plain(
        "binocular_example.csv",
        {"t": "time", "x": _both("x_left_pix", "x_right_pix"), "y": _both("y_left_pix", "y_right_pix")},
        trust_units=True,  # every place is 0
    ),
    _plain("monocular_example.csv", {"t": "time", "x": "x_left_pix", "y": "y_left_pix"}, trust_units=True),
    _plain("missing_values_example.csv", {"t": "time", "x": "pixel_x", "y": "pixel_y"}),
    _plain("hbn_example.csv", {"t": "time", "x": "x_pix", "y": "y_pix"}),
    _plain("gaze_on_faces_example.csv", XY | {"t": {"order": True}}, names=["x", "y"], header=0),
    _plain("gazegraph_example.csv", XY | {"t": {"order": True}}, names=["x", "y"], frame="screen-fraction", header=0),
    _plain("potec_example.tsv", XY | {"t": "time", "pupil": "pupil_diameter"}),
    _plain("sbsat_example.csv", {"t": "time", "x": "x_left", "y": "y_left"}, "book_name", "screen_id", delimiter="\t"),
    _plain(
        "judo1000_example.csv",
        {"t": "time", "x": _both("x_left", "x_right"), "y": _both("y_left", "y_right")},
        "trialId",
        "pointId",
        delimiter="\t",
    ),
    _plain("emtec_example.csv", XY | {"t": "time"}, "item_id", "TRIAL_ID", delimiter="\t", trust_units=True),
    _plain(
        "potsdam_binge_pvt_example.csv",
        {"t": "eyelink_timestamp", "x": "x_pix_eyelink", "y": "y_pix_eyelink"},
        "trial_id",
        "block_id",
    ),
    Public(
        "webgazer/pyxations__sub01_antisacadas_excerpt.csv",
        keys={"format": "webgazer"},
        counted=_estimates_of_webgazer,
    ),
    Public(
        "eprime_tobii_utf16/littlelisteners__Coartic_Block1_001P00XS1.txt",
        "cases",
        {
            "format": "eprime",
            "keep": {"Level": [3]},
            "columns": {"case": "TrialList", "width": {"value": 1920}, "height": {"value": 1080}},
        },
        r"\s*Level: 3",
        0,
        "utf-16",
    ),
)


def read(public, folder):
    """Rows of the table, rejects, rows left out with their kind, rate and loss."""
    rejects = Rejects(max_share=1.0)
    name = Path(public.path).name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table_map = TableMap.model_validate({"file": name} | public.keys)
        frame = load_shard(folder / public.path, public.table, table_map, rejects=rejects)
    aside = sum(map(len, rejects.rows.values()))
    left = {what: count for (what, *_), count in rejects.left_out.items() if count and what != "lines passed over"}
    gaze = public.table == "samples"
    return frame, aside, left, _rate(frame) if gaze else float("nan"), _loss(frame) if gaze else float("nan")


def main(folder):
    """Print the table."""
    print(
        "| file | table | rows counted | rows | rejects | left out | rate Hz | lost | readings |\n" + "|---" * 9 + "|"
    )
    for public in FILES:
        try:
            frame, aside, left, rate, loss = read(public, folder)
        except InputError as error:
            print(f"| {public.path} | {public.table} | {public.count(folder)} | {error} |")
            continue
        out = ", ".join(f"{count} {what}" for what, count in left.items())
        readings = frame["reading"].nunique() if "reading" in frame else ""
        print(
            f"| {public.path} | {public.table} | {public.count(folder)} | {len(frame)} | {aside} | {out} | "
            f"{rate:.4g} | {loss:.1%} | {readings} |"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
