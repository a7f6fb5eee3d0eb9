"""CPU time and memory of the detectors, and their growth: python tests/benchmarks/bench_events_speed.py.

Run it with OMP_NUM_THREADS=1; bench_peers.py has the peers. Times are the best of three, in CPU time of all threads.
The recording is that of Lund2013's still images (500 Hz), repeated.
"""

import functools
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from bench_events import load

from gazeanalytics import events
from gazeanalytics._kernels.events import event_tables
from gazeanalytics._kernels.events import idt as idt_kernels
from gazeanalytics._kernels.events import ivt as ivt_kernels
from gazeanalytics.events.recording import MAX_GAP_MS, prepare
from gazeanalytics.geometry import Viewing


def repeated(rows: int) -> tuple[pd.DataFrame, Viewing]:
    samples, _, _, viewing = load("img")
    seen = samples.dropna()
    places = {axis: np.resize(seen[axis].to_numpy(), rows) for axis in ("x", "y")}
    return pd.DataFrame({"reading": 1, "t": np.arange(rows) * 2.0, **places}), viewing


def seconds(run: Callable[[], object], times: int = 3) -> float:
    """CPU time of the fastest run, after one that compiles."""
    best = np.inf
    for _ in range(times):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


def kernel_rates(rows: int) -> dict[str, float]:
    """Samples/s of the kernels alone, from plain arrays to labels, fixations with centroids and saccades."""
    samples, viewing = repeated(rows)
    recording = prepare(samples, viewing, n_jobs=1)
    readings = recording.readings.starts, recording.readings.stops
    labels, gaze = np.empty(rows, np.uint8), recording.gaze
    lens, steps = recording.lenses, recording.intervals_ms

    def tables() -> None:
        counts = np.zeros((1, 2), np.int64)
        event_tables.count_over_readings(*readings, labels, counts)
        found = event_tables.Tables(np.empty((counts[0, 0], 5)), np.empty((counts[0, 1], 8)), 8.0, MAX_GAP_MS)
        nothing = np.zeros((1, 2), np.int64)
        event_tables.describe_over_readings(*readings, gaze, labels, found, lens, steps, nothing)

    def ivt() -> None:
        how = ivt_kernels.VelocityThreshold(np.deg2rad(30.0) / 1000, 20.0, np.deg2rad(0.5), 60.0, MAX_GAP_MS)
        ivt_kernels.ivt_over_readings(*readings, gaze, how, labels, lens, steps)
        tables()

    def idt() -> None:
        how = idt_kernels.DispersionThreshold(np.deg2rad(1.0), 100.0, MAX_GAP_MS)
        idt_kernels.idt_over_readings(*readings, gaze, how, labels, lens, steps)
        tables()

    for kernel in (ivt, idt):
        kernel()
    return {"ivt": rows / seconds(ivt), "idt": rows / seconds(idt)}


def our_rates(rows: int) -> dict[str, float]:
    samples, viewing = repeated(rows)
    rates = {}
    for name in events.DETECTORS:
        detect = functools.partial(events.detect, detector=name)
        part = samples if name != "learned" else samples[: rows // 4]
        detect(part[:5000], viewing, n_jobs=1)
        rates[name] = len(part) / seconds(lambda detect=detect, part=part: detect(part, viewing, n_jobs=1))
    short = samples.assign(reading=np.arange(rows) // 5000)
    for name in ("ivt", "idt"):
        detect = functools.partial(events.detect, detector=name)
        rates[f"{name}, readings of 5,000"] = rows / seconds(lambda detect=detect: detect(short, viewing, n_jobs=1))
    return rates


def growth(name: str, rows: int) -> tuple[float, float]:
    """Bytes of peak growth per byte of input, and CPU seconds (Linux); a fresh process has no memory to use again."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(grow, name, rows).result()


def grow(name: str, rows: int) -> tuple[float, float]:
    """What `growth` measures, in this process."""
    samples, viewing = repeated(rows)
    detect = functools.partial(events.detect, detector=name)
    detect(samples[:5000], viewing, n_jobs=1)
    Path("/proc/self/clear_refs").write_text("5")
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    before, start = int(status["VmRSS"].split()[0]), time.process_time()
    detect(samples, viewing, n_jobs=1)
    took = time.process_time() - start
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return (int(status["VmHWM"].split()[0]) - before) * 1024 / samples.memory_usage(index=False).sum(), took


def main() -> None:
    """Print the three tables."""
    warnings.simplefilter("ignore")
    print("million samples/s, one thread")
    kernels, ours = kernel_rates(3_000_000), our_rates(3_000_000)
    for table, title in ((kernels, "kernel alone, "), (ours, "")):
        for name, rate in table.items():
            print(f"  {title + name:<62}{rate / 1e6:10.3f}")
    print("CPU ns a sample at 1e5, 1e6, 1e7 samples; peak growth, bytes per byte of input, at 1e7")
    for name in events.DETECTORS:
        sizes = (100_000, 1_000_000, 10_000_000)
        found = [growth(name, rows) for rows in sizes]
        times = "".join(f"{took / rows * 1e9:9.1f}" for (_, took), rows in zip(found, sizes, strict=True))
        print(f"  {name:<22}{times}   growth {found[-1][0]:.2f}", flush=True)


if __name__ == "__main__":
    main()
