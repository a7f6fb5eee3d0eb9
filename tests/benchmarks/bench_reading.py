"""Reading a long CSV of samples through a map, whole and in parts, and many files of one reading each.

    python tests/benchmarks/bench_reading.py [--rows 5000000] [--files 1000] [FOLDER]

Each is done in a process of its own: CPU seconds without imports and the most memory, and the ratio of parts to whole.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
OPEN = """
import json, resource, sys, time
from gazeanalytics.io import Part
from gazeanalytics.study import open_study
study = open_study(sys.argv[1])
study.table("readings")
start = time.process_time()
"""
SHOW = """
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": time.process_time() - start, "peak_mb": peak, "rows": rows}))
"""
CALLS = {
    "whole": 'rows = sum(len(study.shard("samples", Part(file))) for file in study.files("samples"))',
    "in parts": 'rows = sum(len(study.shard("samples", part)) for part in study.parts("samples"))',
}
TOML = """[study]
name = "long"
[tables.samples]
file = "samples*/*.csv"
reading = ["trial"]
columns = { x = "gx", y = "gy", pupil = "pupil", t = { column = "secs", unit = "s" } }
"""
READING_ROWS = 10_000


def write(folder, readings, rows, *, apart):
    """Samples of readings of so many rows, each in a file of its own or all in one."""
    rng = np.random.default_rng(1)
    (folder / "samples").mkdir()
    names = [f"case{k // 20:05d}_reader{k % 20:02d}" for k in range(readings)]
    stream = None
    for name in names:
        if stream is None or apart:
            stream = (folder / "samples" / f"{name}.csv").open("w")
            stream.write("trial,secs,gx,gy,pupil,val\n")
        columns = (
            np.arange(rows) / 1000,
            rng.normal(960, 200, rows),
            rng.normal(540, 150, rows),
            rng.normal(3, 1, rows),
        )
        cells = zip(*columns, strict=True)
        stream.write("".join(f"{name},{t:.3f},{x:.4f},{y:.4f},{p:.3f},0\n" for t, x, y, p in cells))
        if apart:
            stream.close()
    stream.close()
    keyed = [(name, *name.split("_")) for name in names]
    (folder / "readings.csv").write_text("reading,case,reader\n" + "".join(",".join(one) + "\n" for one in keyed))
    cases = sorted({case for _, case, _ in keyed})
    (folder / "cases.csv").write_text("case,width,height\n" + "".join(f"{case},1920,1080\n" for case in cases))
    (folder / "study.toml").write_text(TOML)


def measure(folder, call):
    done = subprocess.run(
        [sys.executable, "-c", OPEN + CALLS[call] + SHOW, str(folder)], capture_output=True, text=True, check=True,
        cwd=ROOT,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"  {call}: {found['rows']:,} rows, {found['seconds']:.1f} CPU s, {found['peak_mb']:,.0f} MB", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--files", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        long, many = Path(folder, "long"), Path(folder, "many")
        long.mkdir()
        many.mkdir()
        write(long, options.rows // READING_ROWS, READING_ROWS, apart=False)
        size = sum(path.stat().st_size for path in (long / "samples").iterdir())
        print(f"one file of {size / 1e6:,.0f} MB")
        whole, parts = measure(long, "whole"), measure(long, "in parts")
        print(f"  parts to whole: time {parts['seconds'] / whole['seconds']:.2f}", end=", ")
        print(f"memory {parts['peak_mb'] / whole['peak_mb']:.2f}")
        write(many, options.files, 100, apart=True)
        print(f"{options.files:,} files of one reading")
        measure(many, "in parts")


if __name__ == "__main__":
    main()
