"""A study as a reading platform would export it: cursor points without time, its own column names, units and codes.

`study.toml` maps the files to our tables, so that the path from foreign data to results is known to the last digit.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template

import numpy as np
import pandas as pd

from gazeanalytics.simulate.anatomy import FINDINGS
from gazeanalytics.simulate.outcomes import Simulated
from gazeanalytics.simulate.phrases import LABELS
from gazeanalytics.simulate.scanpaths import viewing_of

__all__ = [
    "EMBEDDINGS",
    "FOLDERS",
    "TABLES",
    "cursor_rows",
    "dictation_rows",
    "embeddings_of",
    "platform_tables",
    "platform_toml",
    "simulate_points",
]

EMBEDDINGS = "embeddings.parquet"
TABLES = ("annotators.csv", "images.csv", "reads.csv", "boxes.csv")
FOLDERS = ("cursor", "dictation")

_POINT_MS = 130.0
"""Attention per cursor point: about 64 points a reading, as in large collections of chest X-ray readings."""

_CURSOR_DEG = 0.4
_CONTEXTS = {"none": "withheld", "indication": "reason for exam", "indication_and_prior": "reason for exam, old film"}


def simulate_points(
    study: Simulated, fixations: pd.DataFrame, *, rng: np.random.Generator | int | None = None
) -> pd.DataFrame:
    """Simulate attention points of a cursor: points about each fixation, the more the longer it lasts.

    Parameters
    ----------
    study : Simulated
        The readings.
    fixations : pandas.DataFrame
        From `simulate_fixations`.
    rng : numpy.random.Generator, int or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        A fixations table whose onset is the order alone (0, 1, ...), without duration.

    Examples
    --------
    >>> from gazeanalytics.simulate import Design, simulate_fixations, simulate_readings
    >>> study = simulate_readings(Design(readers=2, cases=3, models=()), rng=1)
    >>> points = simulate_points(study, simulate_fixations(study, rng=2), rng=3)
    >>> points.columns.tolist()
    ['reading', 'onset', 'x', 'y']
    """
    generator = np.random.default_rng(rng)
    count = 1 + generator.poisson(np.maximum(fixations["duration"] / _POINT_MS - 1, 0))
    row = np.repeat(np.arange(len(fixations)), count)
    images = study.images()
    place = pd.Index(images["reading"]).get_indexer(pd.Index(fixations["reading"]))[row]
    scale = viewing_of(images, study.design.screen).rows(len(images))[place, 2:] * np.pi / 180
    middle = fixations[["x", "y"]].to_numpy()[row]
    size = images[["width", "height"]].to_numpy(float)[place]
    points = (middle + _CURSOR_DEG * scale * generator.standard_normal(middle.shape)).clip(0, size)
    reading = fixations["reading"].to_numpy()[row]
    order = pd.Series(reading).groupby(reading).cumcount().to_numpy(float)
    return pd.DataFrame({"reading": reading, "onset": order, "x": points[:, 0], "y": points[:, 1]})


def platform_tables(study: Simulated) -> dict[str, pd.DataFrame]:
    """Readers, cases, readings and regions in the platform's words; keys are `TABLES`."""
    readers, cases, regions = study.readers, study.cases, study.regions
    annotators = pd.DataFrame(
        {
            "annotator": readers["reader"],
            "is_ai": readers["kind"].eq("model").astype(int),
            "practice_months": (12 * readers["experience_years"]).round(1),
            "nation": readers["country"],
            "board": readers["specialty"],
            "ai_name": readers["model"],
        }
    )
    images = cases[["case", "width", "height", "age", "sex"]].set_axis(
        ["image_id", "w", "h", "years", "gender"], axis=1
    )
    images["clinical_info"], images["question"] = cases["context"].map(_CONTEXTS), cases["target"].map(LABELS)
    truth = pd.DataFrame({LABELS[finding]: cases[f"truth_{finding}"].astype(int) for finding in FINDINGS})
    boxes = regions[["case", "region", "kind", "x0", "y0", "x1", "y1", "finding"]].round(1)
    boxes = boxes.set_axis(["image_id", "name", "sort", "left", "top", "right", "bottom", "label"], axis=1)
    reads = study.readings.set_axis(["read_id", "annotator", "image_id"], axis=1)
    return {
        "annotators.csv": annotators,
        "images.csv": pd.concat((images, truth), axis=1),
        "reads.csv": reads,
        "boxes.csv": boxes,
    }


def cursor_rows(study: Simulated, points: pd.DataFrame) -> pd.DataFrame:
    """Points as shares of the image, in order of time."""
    size = study.images().set_index("reading").loc[points["reading"], ["width", "height"]].to_numpy(float)
    rel_x, rel_y = points["x"].to_numpy() / size[:, 0], points["y"].to_numpy() / size[:, 1]
    return pd.DataFrame({"read_id": points["reading"], "rel_x": rel_x.round(5), "rel_y": rel_y.round(5)})


def dictation_rows(traces: pd.DataFrame) -> pd.DataFrame:
    """Sentences with their times in seconds, numbered from 1."""
    return pd.DataFrame(
        {
            "read_id": traces["reading"],
            "sentence": traces["step"] + 1,
            "said": traces["text"],
            "from_s": (traces["onset"] / 1000).round(3),
            "to_s": (traces["offset"] / 1000).round(3),
        }
    )


def embeddings_of(study: Simulated, *, rng: np.random.Generator | int | None = None) -> pd.DataFrame:
    """Simulate vectors that an image encoder might give: one direction of them knows how hard a case is for people.

    Returns
    -------
    pandas.DataFrame
        One row a case: image_id and e_0, e_1, ...

    Examples
    --------
    >>> from gazeanalytics.simulate import Design, simulate_readings
    >>> embeddings_of(simulate_readings(Design(readers=2, cases=3, embedding_size=4), rng=1), rng=2).shape
    (3, 5)
    """
    generator, size = np.random.default_rng(rng), study.design.embedding_size
    hard = -study.case_truth["accuracy"].to_numpy(float)
    hard = hard / max(float(hard.std()), 1e-12)
    direction = generator.standard_normal(size)
    direction /= np.linalg.norm(direction)
    vectors = generator.standard_normal((len(hard), size))
    # Along the direction: signal * difficulty + the rest as noise, so that its correlation with difficulty is signal.
    along = vectors @ direction
    signal = study.design.embedding_signal
    mixed = signal * hard + np.sqrt(1 - signal**2) * along
    vectors += np.outer(mixed - along, direction)
    named = pd.DataFrame(vectors.round(4), columns=[f"e_{place}" for place in range(size)])
    named.insert(0, "image_id", study.cases["case"].to_numpy())
    return named


def platform_toml() -> str:
    """Write the tables of study.toml that map the platform's files to ours."""
    contexts = ", ".join(f'"{theirs}" = "{ours}"' for ours, theirs in _CONTEXTS.items())
    targets = ", ".join(f'"{theirs}" = "{ours}"' for ours, theirs in LABELS.items())
    truth = ", ".join(f'truth_{ours} = "{theirs}"' for ours, theirs in LABELS.items())
    text = files("gazeanalytics.simulate").joinpath("platform_export.toml").read_text("utf-8")
    return Template(text).substitute(contexts=contexts, targets=targets, truth=truth)
