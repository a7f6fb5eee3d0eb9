"""The table of scanpath scores on GazeSearch (Pham et al. 2025), with the chance row and intervals beside it.

    python tests/reference/gazesearch.py FOLDER [scanpath.json]

FOLDER holds the data set's JSON of human scanpaths. `scanpath.json` holds the model's, as the authors' repository
keeps it in `src/inference/eval_finding_search_box_mask_max6_split`; without it only the human rows are printed.
As in the authors' code the centre of the image begins every human path and paths below 3 are padded with (1, 1).
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.gaze.scanpaths import (
    Grid,
    compare_readers,
    multimatch,
    pair_readings,
    scanmatch,
    string_edit,
    time_delay_embedding,
)

SIZE = 224
GRIDS = {
    name: Grid(width_px=SIZE, height_px=SIZE, columns=c, rows=r)
    for name, c, r in (("16x12", 16, 12), ("12x8", 12, 8), ("8x6", 8, 6), ("5x5", 5, 5))
}


def scores(fixations: pd.DataFrame, *, pairs: pd.DataFrame) -> pd.DataFrame:
    """Every column of the table in one frame of pairs."""
    frame = multimatch(fixations, width_px=SIZE, height_px=SIZE, pairs=pairs).drop(columns=["duration", "note"])
    frame["mean4"] = frame[["shape", "direction", "length", "position"]].mean(axis=1)
    for name in ("16x12", "12x8", "8x6"):
        frame[f"scanmatch {name}"] = scanmatch(fixations, grid=GRIDS[name], pairs=pairs)["scanmatch"]
    frame["edits 5x5"] = string_edit(fixations, grid=GRIDS["5x5"], pairs=pairs)["edits"]
    frame["stde"] = time_delay_embedding(fixations, scale_px=SIZE, pairs=pairs)["stde"]
    return frame


def table(records: list[dict], first: int, *, centre: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fixations and readings of a list of scanpaths, numbered from `first`."""
    rows = []
    for reading, record in enumerate(records, start=first):
        path = [(SIZE / 2, SIZE / 2)] * centre + list(zip(record["X"], record["Y"], strict=True))
        path += [(1, 1)] * (3 - len(path))
        rows += [(reading, x, y, 1.0) for x, y in path]
    readings = pd.DataFrame(
        {
            "reading": range(first, first + len(records)),
            "image": [record["name"] for record in records],
            "task": [record["task"] for record in records],
        }
    )
    readings["case"] = readings["image"] + "|" + readings["task"]
    return pd.DataFrame(rows, columns=["reading", "x", "y", "duration"]), readings


def main(folder: Path, predictions: Path | None) -> None:
    (path,) = folder.glob("*.json")
    records = json.loads(path.read_text())
    fixations, readings = table(records, 0, centre=True)
    pairs = pair_readings(readings, same="image", different="task")
    print(f"human, same image, other finding ({len(pairs)} pairs)")
    print(scores(fixations, pairs=pairs).iloc[:, 2:].mean().round(4).to_string())
    rng = np.random.default_rng(0)
    drawn = pd.DataFrame({"first": rng.permutation(len(readings)), "second": rng.permutation(len(readings))})
    print("human, random pairs (one draw)")
    print(scores(fixations, pairs=drawn.query("first != second")).iloc[:, 2:].mean().round(4).to_string())
    if predictions is None:
        print("no scanpath.json of the model was given: the rows of model against human are left out")
        return
    modelled, predicted = table(json.loads(predictions.read_text()), len(records), centre=False)
    both = pd.concat([fixations, modelled], ignore_index=True)
    every = pd.concat(
        [
            readings.assign(kind="person", reader="human", split=[record["split"] for record in records]),
            predicted.assign(kind="model", reader="model")
            .merge(
                pd.DataFrame(records)[["name", "task", "split"]], left_on=["image", "task"], right_on=["name", "task"]
            )
            .drop(columns="name"),
        ],
        ignore_index=True,
    )
    for split in ("test", "valid", "train"):
        part = every[every["split"] == split]
        shown = both[both["reading"].isin(part["reading"])]
        parts = [compare_readers(shown, part, scores, best=best, rng=0) for best in (1.0, 0.0)]
        edits = parts[0]["score"] == "edits 5x5"
        found = pd.concat([parts[0][~edits], parts[1][edits]])
        print(f"model against human, {split}")
        print(found.drop(columns="relation").round(4).to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
