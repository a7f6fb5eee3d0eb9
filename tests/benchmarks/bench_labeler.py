"""Speed of the findings labeler on the reports of a whole study (bench_peers.py has it beside negspacy).

    python tests/benchmarks/bench_labeler.py
    python tests/benchmarks/bench_labeler.py --beside CHECKOUT
    python tests/benchmarks/bench_labeler.py --reports ../shared/data/openi_reports_gold

Reports are eight of our own sentences each, no two alike. As the labeler reads equal sentences once, it is also timed
on reports of which no sentence comes twice, and on 103,592 of these. `--beside` times another checkout of this package
on the same reports, of which no sentence comes twice, the two in turn: a machine that others use slows both.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics import reasoning

SENTENCES = Path(__file__).parents[1] / "reasoning" / "sentences.csv"


def make_reports(count: int, *, distinct: bool = False) -> list[str]:
    rng = np.random.default_rng(6)
    texts = [row["text"].rstrip(".") + "." for row in csv.DictReader(SENTENCES.read_text("utf-8").splitlines())]
    texts = [text for text in texts if ":" not in text]  # a heading would hide the sentences after it
    reports = [rng.choice(texts, 8, replace=False) for _ in range(count)]
    if distinct:  # a word of no meaning, different each time, before the last full stop
        reports = [[f"{text[:-1]} zz{at}x{i}." for i, text in enumerate(own)] for at, own in enumerate(reports)]
    return [" ".join(own) for own in reports]


def real_sentences(folder: Path) -> list[str]:
    """Sentences of Open-i's reports, each once, eight to a text: no word is put in to tell them apart."""
    read = pd.read_csv(folder / "indiana_reports.csv")
    reports = pd.concat([read["findings"], read["impression"]]).dropna()
    once = sorted({part.strip() for report in reports for part in report.split(". ") if part.strip()})
    np.random.default_rng(6).shuffle(once)
    return [". ".join(once[at : at + 8]) + "." for at in range(0, len(once), 8)]


def rate(label, reports: list[str]) -> float:
    start = time.process_time()
    label(reports)
    return len(reports) / (time.process_time() - start)


def ours(reports: list[str]) -> pd.DataFrame:
    traces = pd.DataFrame({"reading": np.arange(len(reports)), "step": 0, "text": reports})
    return reasoning.conclude(reasoning.label_findings(traces))


def rate_of_checkout(root: Path, rounds: int = 3, folder: Path | None = None) -> float:
    """Best rate of a few rounds of a checkout, in a process of its own that imports the package from there."""
    here = str(Path(__file__).parent)
    texts = f"own.real_sentences(own.Path({str(folder)!r}))" if folder else "own.make_reports(3000, distinct=True)"
    code = (
        f"import sys; sys.path[:0] = [{str(root)!r}, {here!r}]; import bench_labeler as own\n"
        f"own.ours(own.make_reports(10))\n"
        f"reports = {texts}\n"
        f"print(max(own.rate(own.ours, reports) for _ in range({rounds})))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def beside(other: Path, folder: Path | None, turns: int = 5) -> None:
    """Print the rates of this checkout and another, in turn, and the median ratio."""
    ratios = []
    for _ in range(turns):
        mine, theirs = (rate_of_checkout(root, 3, folder) for root in (Path(__file__).parents[2], other))
        ratios.append(mine / theirs)
        print(f"this checkout {mine:6.0f} reports/s of CPU, the other {theirs:6.0f}: {ratios[-1]:.2f}")
    print(f"median ratio {np.median(ratios):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT")
    parser.add_argument("--reports", type=Path, metavar="FOLDER", help="real sentences instead of ours")
    given = parser.parse_args()
    if given.beside is not None:
        beside(given.beside.resolve(), given.reports and given.reports.resolve())
        return
    if given.reports is not None:
        print(f"{rate(ours, real_sentences(given.reports)):.0f} texts of eight real sentences/s of CPU")
        return
    ours(make_reports(10))
    reports = make_reports(3000)
    mine = rate(ours, reports)
    words = np.mean([len(report.split()) for report in reports])
    print(f"reports of {words:.0f} words")
    print(f"gazeanalytics, 14 findings, certainty, side, zone, size, change: {mine:8.0f} reports/s of CPU")
    once = rate(ours, make_reports(3000, distinct=True))
    print(f"the same, no sentence twice:                                     {once:8.0f} reports/s of CPU")
    study = 103_592
    seconds = study / rate(ours, make_reports(study, distinct=True))
    print(f"{study} such traces: {seconds:.1f} s of CPU")


if __name__ == "__main__":
    main()
