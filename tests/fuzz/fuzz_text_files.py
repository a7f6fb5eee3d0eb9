"""Fuzz CSV, TSV, JSON and gzip files of every table (see _runner.py). The first byte says which table and ending."""

import gzip
import json
from pathlib import Path

from _runner import Target, fuzz, watched

ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".csv.gz")
TABLES = ("fixations", "samples", "readings", "readers", "cases", "regions", "traces")


def seeds_of(files: dict[str, str]) -> list[bytes]:
    """Every table of a study in every ending."""
    found = []
    for number, name in enumerate(TABLES):
        text = files.get(name, "reading,t,x,y\n1,0,10,20\n1,4,11,20\n1,8,-1,nan\n")
        header, *rows = (line.split(",") for line in text.splitlines())
        records = [dict(zip(header, row, strict=False)) for row in rows]
        contents = (
            text,
            text.replace(",", "\t"),
            json.dumps(records),
            "\n".join(map(json.dumps, records)),
            gzip.compress(text.encode(), mtime=0),
        )
        for place, content in enumerate(contents):
            body = content if isinstance(content, bytes) else content.encode()
            found.append(bytes([number * len(ENDINGS) + place]) + body)
    return found


def prepare() -> Target:
    from gazeanalytics.io import load_shard, read_columns, read_header
    from gazeanalytics.study.examples import example_study
    from gazeanalytics.tables import InputError

    files = {path.stem: path.read_text("utf-8") for path in example_study().folder.glob("*.csv")}

    def run(data: bytes, folder: Path) -> None:
        kind = data[0] % (len(ENDINGS) * len(TABLES)) if data else 0
        name = TABLES[kind // len(ENDINGS)]
        path = folder / (name + ENDINGS[kind % len(ENDINGS)])
        path.write_bytes(data[1:])
        refusal = None
        for use in (read_header, read_columns, lambda path: load_shard(path, name)):
            try:
                watched(lambda use=use: use(path))
            except InputError as error:
                refusal = error
        if refusal is not None:
            raise refusal

    words = [
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x00",
        b"\r\n",
        b'"',
        b'""',
        b"sep=;",
        b"1e999",
        b"nan",
        b"[{",
        b"\x1f\x8b\x08",
        b"[[[[",
    ]
    return Target(run, seeds_of(files), (InputError,), words)


if __name__ == "__main__":
    fuzz(["gazeanalytics.io", "gazeanalytics.tables"], prepare)
