"""Attention hints for vision-language models: boxes, points and heat maps of gaze, and their effect on answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd

from gazeanalytics.gaze._bootstrap import percentile_interval, redraw, weighted_means
from gazeanalytics.gaze.attention.density import Maps

__all__ = ["hint_effect", "hints", "write_hints"]

_GRID = 1000
_CORNERS = ("x0", "y0", "x1", "y1")


@dataclass(frozen=True, slots=True)
class _Spot:
    """One patch of high attention: its box and peak in image px, and the share of all attention in it."""

    box: tuple[float, float, float, float]
    peak: tuple[float, float]
    share: float


def hints(maps: Maps, *, threshold: float = 0.5, max_patches: int = 5) -> pd.DataFrame:
    """Attention hints: boxes and points of high attention, in image px and on the 0-1000 grid of many models.

    Cells of at least `threshold` times the map's maximum that touch (edges or corners) make a patch. A patch gives a
    box and, at its highest cell, a point.

    Parameters
    ----------
    maps : Maps
        One map a case, as `density(..., by="case")` gives them.
    threshold : float
        What is high, as a share of the map's maximum; 0 to 1.
    max_patches : int
        Patches a case at most, those that hold the most attention.

    Returns
    -------
    pandas.DataFrame
        One row a patch: `case`, `rank` (1 holds most), `share` of the case's attention, the box `x0`, `y0`, `x1`, `y1`
        and the point `x`, `y` in image px, and the same six with `_1000`: whole numbers, 1000 is the right or lower
        edge of the image.

    Raises
    ------
    ValueError
        For a threshold outside 0 to 1.

    See Also
    --------
    write_hints : the same as files.

    Examples
    --------
    >>> surface = np.array([[[0.0, 0.0, 0.0, 0.0], [0.0, 8.0, 0.0, 0.0], [0.0, 6.0, 0.0, 5.0]]])
    >>> maps = Maps(pd.Index(["u"]), surface, np.array([[400, 300]]), np.ones((1, 2)))
    >>> found = hints(maps)
    >>> found[["rank", "share", "x0", "y0", "x1", "y1", "x", "y"]].round(2).to_numpy().tolist()
    [[1.0, 0.74, 100.0, 100.0, 200.0, 300.0, 150.0, 150.0], [2.0, 0.26, 300.0, 200.0, 400.0, 300.0, 350.0, 250.0]]
    >>> found[["x0_1000", "y0_1000", "x1_1000", "y1_1000"]].to_numpy().tolist()
    [[250, 333, 500, 1000], [750, 667, 1000, 1000]]
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold: expected a share of the map's maximum, above 0 and at most 1; got {threshold}")
    rows = []
    for case, surface, size in zip(maps.keys, maps.surfaces, maps.size_px, strict=True):
        spots = sorted(_spots(surface, size, threshold), key=lambda spot: -spot.share)[:max_patches]
        rows += [(case, rank, spot.share, *spot.box, *spot.peak, *size) for rank, spot in enumerate(spots, start=1)]
    frame = pd.DataFrame(rows, columns=["case", "rank", "share", *_CORNERS, "x", "y", "width", "height"])
    for name in (*_CORNERS, "x", "y"):
        side = frame["width" if name.startswith("x") else "height"]
        frame[f"{name}_1000"] = (frame[name] / side * _GRID).round().astype(np.int64)
    return frame.drop(columns=["width", "height"])


def write_hints(maps: Maps, folder: str | Path, *, threshold: float = 0.5, max_patches: int = 5) -> pd.DataFrame:
    """Write attention hints as files a model can be given: a heat map and a JSON of boxes and points.

    Parameters
    ----------
    maps : Maps
        One map a case.
    folder : str or Path
        Where to; made if absent. Files of the same name are replaced.
    threshold, max_patches
        As for `hints`.

    Returns
    -------
    pandas.DataFrame
        One row a case: `case`, `heat_map` and `hint`, paths within the folder. The PNG has the size of the image, one
        grey byte a pixel, 255 is the map's maximum. File names are made safe, with a hash where that changed them.

    Examples
    --------
    >>> import tempfile
    >>> maps = Maps(pd.Index(["u"]), np.array([[[0.0, 1.0]]]), np.array([[40, 30]]), np.ones((1, 2)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     names = write_hints(maps, folder).iloc[0].tolist()
    ...     hint = json.loads((Path(folder) / "u.json").read_text())
    >>> names, hint["boxes_1000"]
    (['u', 'u.png', 'u.json'], [[500, 0, 1000, 1000]])
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    table = hints(maps, threshold=threshold, max_patches=max_patches)
    rows = []
    for case, surface, size in zip(maps.keys, maps.surfaces, maps.size_px, strict=True):
        name = _file_name(case)
        _write_heat_map(surface, size, place / f"{name}.png")
        content = _content(table[table["case"] == case], case, size)
        (place / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        rows.append((case, f"{name}.png", f"{name}.json"))
    return pd.DataFrame(rows, columns=["case", "heat_map", "hint"])


def hint_effect(
    without: pd.DataFrame,
    with_hint: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    n_resamples: int = 2000,
    rng: np.random.Generator | int | None = None,
) -> pd.DataFrame:
    """Effect of attention hints on a model's answers: sensitivity, specificity and McNemar's test.

    Answers with and without the hint are paired case by case and finding by finding.

    Parameters
    ----------
    without, with_hint : pandas.DataFrame
        The answers: `case`, `finding`, `present` (true or false) and, where several models or runs answer, `reader`.
        Only answers given both times count.
    truth : pandas.DataFrame
        `case`, `finding`, `present`.
    n_resamples : int
        Draws of cases (and readers) for standard errors and 95 % intervals.
    rng : int, numpy.random.Generator or None
        Randomness of the intervals.

    Returns
    -------
    pandas.DataFrame
        An estimates table; `n` counts the answers behind a row.

        ==========================  =============================================================================
        term                        estimate
        ==========================  =============================================================================
        missed findings recovered   of the present findings missed without the hint, the share said with it
        found findings lost         of the present findings said without the hint, the share missed with it
        hallucinations removed      of the absent findings said without the hint, the share not said with it
        hallucinations added        of the absent findings not said without the hint, the share said with it
        sensitivity change          sensitivity with less without; p of McNemar's exact test on present findings
        specificity change          specificity with less without; p of McNemar's exact test on absent findings
        ==========================  =============================================================================

    Notes
    -----
    McNemar's test (McNemar 1947) takes answers as independent; where cases hold many findings or readers many cases,
    the interval, which draws them as a whole, is the one to trust.

    Examples
    --------
    Of two missed findings one is recovered; one of two hallucinations goes.

    >>> truth = pd.DataFrame({"case": range(6), "finding": "nodule", "present": [True] * 3 + [False] * 3})
    >>> before = truth.assign(present=[True, False, False, True, True, False])
    >>> after = truth.assign(present=[True, True, False, True, False, False])
    >>> found = hint_effect(before, after, truth, n_resamples=200, rng=0).set_index("term")["estimate"]
    >>> found[["missed findings recovered", "hallucinations removed", "sensitivity change"]].round(2).tolist()
    [0.5, 0.5, 0.33]
    """
    table = _paired(without, with_hint, truth)
    reader, case = (pd.factorize(table[name])[0] for name in ("reader", "case"))
    said, hinted, real = (table[name].to_numpy(bool) for name in ("without", "with", "present"))
    change = hinted.astype(float) - said
    terms = {
        "missed findings recovered": np.where(real & ~said, hinted, np.nan),
        "found findings lost": np.where(real & said, ~hinted, np.nan),
        "hallucinations removed": np.where(~real & said, ~hinted, np.nan),
        "hallucinations added": np.where(~real & ~said, hinted, np.nan),
        "sensitivity change": np.where(real, change, np.nan),
        "specificity change": np.where(real, np.nan, -change),
    }
    values = np.column_stack(list(terms.values()))

    def means(counts: list[np.ndarray]) -> np.ndarray:
        return weighted_means(values, counts[0][case] * counts[1][reader])

    # Cases and readers are drawn as wholes: answers about one case stand or fall together (Owen 2007).
    drawn = redraw(means, [case.max() + 1, reader.max() + 1], n_resamples=n_resamples, rng=rng)
    low, high = percentile_interval(drawn)
    p_values = [np.nan] * 4 + [_mcnemar(values[:, column]) for column in (4, 5)]
    counted = (~np.isnan(values)).sum(axis=0)
    spread = [np.nanstd(column, ddof=1) if np.isfinite(column).sum() > 1 else np.nan for column in drawn.T]
    return pd.DataFrame(
        {
            "model": "hint",
            "term": list(terms),
            "estimate": weighted_means(values, np.ones(len(values))),
            "std_error": spread,
            "statistic": np.nan,
            "df": np.nan,
            "p_value": p_values,
            "conf_low": low,
            "conf_high": high,
            "n": counted.astype(float),
            "note": np.where(counted < 10, "small cell", ""),
        }
    )


def _spots(surface: np.ndarray, size: np.ndarray, threshold: float) -> list[_Spot]:
    from scipy.ndimage import find_objects, label

    total, highest = surface.sum(), surface.max()
    if not total > 0:
        return []
    # A share of the maximum, not of the area: how much of the image is a hint then depends on how focused gaze was.
    patches = np.empty(surface.shape, np.int32)
    label(surface >= threshold * highest, structure=np.ones((3, 3)), output=patches)
    scale = np.array([size[0] / surface.shape[1], size[1] / surface.shape[0]])
    spots = []
    for number, (rows, columns) in enumerate(find_objects(patches), start=1):
        held = np.where(patches[rows, columns] == number, surface[rows, columns], 0.0)
        row, column = np.unravel_index(held.argmax(), held.shape)
        box = np.array([columns.start, rows.start, columns.stop, rows.stop]) * np.tile(scale, 2)
        peak = (np.array([columns.start + column, rows.start + row]) + 0.5) * scale
        spots.append(_Spot(tuple(box.tolist()), tuple(peak.tolist()), float(held.sum() / total)))
    return spots


def _content(rows: pd.DataFrame, case: object, size: np.ndarray) -> dict[str, object]:
    content: dict[str, object] = {"case": str(case), "width": int(size[0]), "height": int(size[1])}
    content["share"] = rows["share"].round(4).tolist()
    for tail, unit in (("", "px"), ("_1000", "1000")):
        content[f"boxes_{unit}"] = rows[[f"{name}{tail}" for name in _CORNERS]].round(1).to_numpy().tolist()
        content[f"points_{unit}"] = rows[[f"x{tail}", f"y{tail}"]].round(1).to_numpy().tolist()
    return content


def _write_heat_map(surface: np.ndarray, size: np.ndarray, path: Path) -> None:
    from PIL import Image

    highest = surface.max()
    grey = np.round(surface * (255 / highest)) if highest > 0 else np.zeros_like(surface)
    image = Image.fromarray(grey.astype(np.uint8))
    image.resize((int(size[0]), int(size[1])), Image.Resampling.BILINEAR).save(path)


def _file_name(case: object) -> str:
    """Name of a file that no system objects to; a hash keeps names apart that would become equal."""
    name = str(case)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80]
    reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", safe)
    if safe == name and not reserved:
        return safe
    return f"{safe}-{blake2b(name.encode(), digest_size=4).hexdigest()}"


def _paired(without: pd.DataFrame, with_hint: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Answers given both times, with the truth: reader, case, finding, without, with, present."""
    key = ["reader", "case", "finding"]
    answers = []
    for name, frame in (("without", without), ("with", with_hint)):
        table = frame if "reader" in frame else frame.assign(reader="model")
        absent = [column for column in (*key, "present") if column not in table]
        if absent:
            raise ValueError(f"answers {name} the hint need case, finding and present; {absent[0]!r} is absent")
        if table.duplicated(key).any():
            twice = ", ".join(map(str, table.loc[table.duplicated(key), key].iloc[0]))
            raise ValueError(f"answers {name} the hint need each reader, case and finding once; got twice: {twice}")
        answers.append(table[[*key, "present"]].rename(columns={"present": name}))
    paired = answers[0].merge(answers[1], on=key, validate="1:1")
    paired = paired.merge(truth[["case", "finding", "present"]], on=["case", "finding"], validate="m:1")
    if not len(paired):
        raise ValueError(
            "no case and finding is answered with and without the hint and in the truth; check their names"
        )
    return paired


def _mcnemar(change: np.ndarray) -> float:
    """Two-sided exact p of as uneven a split of the answers that changed."""
    from scipy.stats import binomtest

    better, worse = int((change > 0).sum()), int((change < 0).sum())
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
