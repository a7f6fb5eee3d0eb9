"""Reading a long EyeLink recording (ASC): ours beside pymovements and MNE, each in a process of its own.

    python tests/benchmarks/bench_eyelink.py [--mb 200] [--peers-python PYTHON] [FOLDER]

Writes a recording of that size (mono, 1000 Hz, trials of 10 s with fixations and messages) into FOLDER and reads it
with each library: CPU seconds without imports, the most memory, and rows. Ours is read at a quarter and a half of the
size, too: time a doubling. Peers that PYTHON has not are named.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AFTER = """
import json, resource
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": spent, "peak_mb": usage.ru_maxrss / 1024, "rows": int(rows)}))
"""
CALLS = {
    "gazeanalytics.io.read_eyelink": """
import sys, time
from gazeanalytics.io import read_eyelink
read_eyelink(sys.argv[2])  # compiles
start = time.process_time()
rows = len(read_eyelink(sys.argv[1]).samples)
spent = time.process_time() - start
""",
    "gazeanalytics.io.load_shard": """
import sys, time
from pathlib import Path
from gazeanalytics.io import TableMap, load_shard
table_map = TableMap(file="a.asc", format="eyelink")
load_shard(Path(sys.argv[2]), "samples", table_map)
start = time.process_time()
rows = len(load_shard(Path(sys.argv[1]), "samples", table_map))
spent = time.process_time() - start
""",
    "pymovements": """
import sys, time
import pymovements
start = time.process_time()
rows = len(pymovements.gaze.from_asc(sys.argv[1], events=True).samples)
spent = time.process_time() - start
""",
    "mne": """
import sys, time
import mne
mne.set_log_level("error")
start = time.process_time()
rows = mne.io.read_raw_eyelink(sys.argv[1]).n_times
spent = time.process_time() - start
""",
}


def write(path, mb):
    """A recording of about `mb` MB; returns how many samples it holds."""
    clock, count, size = 10_000, 0, 0
    with path.open("w") as stream:
        stream.write("** CONVERTED FROM own.edf\n** DATE: Mon Jan  1 10:00:00 2024\n**\n\n")
        stream.write("MSG\t9000 DISPLAY_COORDS 0 0 1919 1079\n")
        trial = 0
        while size < mb * 1e6:
            size += stream.write(trial_text(clock, trial))
            clock, count, trial = clock + 10_500, count + 10_000, trial + 1
    return count


def trial_text(clock, trial):
    lines = [
        f"MSG\t{clock - 20} TRIALID {trial}", f"START\t{clock} \tLEFT\tSAMPLES\tEVENTS", "PRESCALER\t1",
        "VPRESCALER\t1", "PUPIL\tAREA", "EVENTS\tGAZE\tLEFT\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2",
        "SAMPLES\tGAZE\tLEFT\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2", f"MSG\t{clock} SYNCTIME", f"SFIX L   {clock}",
    ]  # fmt: skip
    for place in range(10_000):
        x, y = 960.0 + (place * 7919 % 613) / 10, 540.0 + (place * 104729 % 411) / 10
        lines.append(f"{clock + place}\t{x:7.1f}\t{y:7.1f}\t {1000 + place % 97}.0\t...")
        if place % 300 == 299:
            lines.append(f"EFIX L   {clock + place - 299}\t{clock + place - 30}\t270\t{x:7.1f}\t{y:7.1f}\t   1000")
            lines.append(f"SFIX L   {clock + place + 1}")
    return "\n".join([*lines, f"END\t{clock + 10_000} \tSAMPLES\tEVENTS\tRES\t  35.16\t  35.13\n"])


def measure(python, code, path, small):
    own = {"PYTHONPATH": str(ROOT)} if "gazeanalytics" in code else {}
    done = subprocess.run(
        [python, "-c", code + AFTER, str(path), str(small)],
        capture_output=True, text=True, check=False, cwd=path.parent,
        env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home())} | own,
    )  # fmt: skip
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no word"])[-1][:120]}
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--mb", type=float, default=200.0)
    parser.add_argument("--peers-python", default=sys.executable)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        small, path = Path(folder, "small.asc"), Path(folder, "long.asc")
        write(small, 1)
        for share in (0.25, 0.5, 1.0):
            count = write(path, share * options.mb)
            print(f"{path.stat().st_size / 1e6:.0f} MB, {count:,} samples")
            for name, code in CALLS.items():
                ours = name.startswith("gazeanalytics")
                if ours or share == 1.0:
                    found = measure(sys.executable if ours else options.peers_python, code, path, small)
                    print(f"  {name}: {found}", flush=True)


if __name__ == "__main__":
    main()
