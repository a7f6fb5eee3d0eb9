"""Fuzz Parquet files, with and without page checksums (see _runner.py). The first byte says which table."""

import io
from pathlib import Path

from _runner import Target, fuzz, watched

TABLES = ("fixations", "readings", "readers", "cases", "regions", "traces")


def prepare() -> Target:
    import pandas as pd

    from gazeanalytics.io import load_shard, read_columns, read_header
    from gazeanalytics.study.examples import example_study
    from gazeanalytics.tables import InputError

    folder = example_study().folder
    seeds = []
    for number, name in enumerate(TABLES):
        frame = pd.read_csv(folder / f"{name}.csv")
        # Without compression a changed byte is a changed value; foreign files have no checksum either.
        for options in ({"compression": "none"}, {"compression": "snappy", "write_page_checksum": True}):
            out = io.BytesIO()
            frame.to_parquet(out, **options)
            seeds.append(bytes([number]) + out.getvalue())

    def run(data: bytes, folder: Path) -> None:
        name = TABLES[data[0] % len(TABLES)] if data else TABLES[0]
        path = folder / f"{name}.parquet"
        path.write_bytes(data[1:])
        refusal = None
        for use in (read_header, read_columns, lambda path: load_shard(path, name)):
            try:
                watched(lambda use=use: use(path))
            except InputError as error:
                refusal = error
        if refusal is not None:
            raise refusal

    return Target(run, seeds, (InputError,), [b"PAR1"], max_len=20_000)


if __name__ == "__main__":
    fuzz(["gazeanalytics.io", "gazeanalytics.tables"], prepare)
