"""Fuzz EyeLink's ASC, as far as the package takes it (see _runner.py). The first byte says how the file is opened.

The package has no reader of ASC: by its ending a file is refused, and a map of study.toml may open its sample lines, or
its fixation lines, as columns between tabs. When it has a reader, that is what is to be fuzzed here.
"""

from pathlib import Path

from _runner import Target, fuzz, splicing, watched

SEEDS = [
    b"** CONVERTED FROM a.edf\n** DATE: Mon Jan  1 10:00:00 2024\nMSG\t1000 DISPLAY_COORDS 0 0 1023 767\n"
    b"START\t1000 \tRIGHT\tSAMPLES\tEVENTS\nSAMPLES\tGAZE\tRIGHT\tRATE\t500.00\tTRACKING\tCR\tFILTER\t2\n"
    b"1000\t  512.0\t  384.0\t 1000.0\t...\n1002\t  512.5\t  384.1\t 1001.0\t...\n1004\t   .\t   .\t    0.0\t...\n"
    b"EFIX R   1000\t1300\t300\t  512.1\t  384.2\t   1000\nEND\t1304 \tSAMPLES\tEVENTS\tRES\t 38.5\t 31.1\n",
    b"1000\t512.0\t384.0\t1000.0\t514.0\t380.0\t990.0\t.....\n"
    b"1000.5\t512.0\t384.0\t1000.0\t514.0\t380.0\t990.0\t...C.\n",
    b"EFIX L   100\t400\t300\t10.5\t20.5\t1200\nEFIX R   100\t400\t300\t11.5\t20.5\t1200\n"
    b"EFIX L   420\t700\t280\t.\t.\t0\n",
    b"INPUT\t1000\t127\nBUTTON\t1200\t5\t1\nSSACC R  1300\nESACC R  1300\t1340\t40\t1.0\t2.0\t30.0\t40.0\t1.5\t200\n",
]
WORDS = [
    b"EFIX R ", b"ESACC L ", b"EBLINK R ", b"MSG\t", b"START\t", b"END\t",
    b"SAMPLES\tGAZE\tLEFT\tRIGHT\tRATE\t1000.00\n",
    b"HREF", b"\t   .\t", b"...\n", b"\xe9", b"1e999", b"-32768.0", b"999999999999", b"0.5", b"** ", b"\r\n", b"\x00",
]  # fmt: skip


def prepare() -> Target:
    from gazeanalytics.io import TableMap, load_shard, read_columns, read_header
    from gazeanalytics.tables import InputError, Rejects

    samples = {"file": "a.asc", "format": "tsv", "comment": "**", "missing": [".", "   ."], "clock": "recording"}
    samples |= {"names": ["time", "x", "y", "pupil", "flags"], "reading": ["flags"]}
    samples |= {"columns": {"t": "time", "x": "x", "y": "y", "pupil": "pupil"}}
    fixations = {"file": "a.asc", "format": "tsv", "missing": ["."], "names": ["start", "end", "ms", "x", "y", "p"]}
    fixations |= {"reading": ["p"], "columns": {"onset": "end", "duration": "ms", "x": "x", "y": "y"}}
    maps = [("samples", TableMap.model_validate(samples)), ("fixations", TableMap.model_validate(fixations))]

    def run(data: bytes, folder: Path) -> None:
        way = data[0] % 4 if data else 0
        path = folder / ("recording.asc" if way else "samples.txt")
        path.write_bytes(data[1:])
        refusal = None
        uses = [lambda: read_header(path), lambda: read_columns(path), lambda: load_shard(path, "samples")]
        if way > 1:
            name, table_map = maps[way - 2]
            uses = [
                lambda: load_shard(path, name, table_map),
                lambda: load_shard(path, name, table_map, rejects=Rejects()),
            ]
        for use in uses:
            try:
                watched(use)
            except InputError as error:
                refusal = error
        if refusal is not None:
            raise refusal

    seeds = [bytes([way]) + seed for seed in SEEDS for way in range(4)]
    return Target(run, seeds, (InputError,), WORDS, splicing(WORDS))


if __name__ == "__main__":
    fuzz(["gazeanalytics.io", "gazeanalytics.tables"], prepare)
