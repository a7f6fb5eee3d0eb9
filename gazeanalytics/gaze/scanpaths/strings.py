"""Scanpaths as strings of grid cells: ScanMatch and the string edit (Levenshtein) distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazeanalytics import ragged
from gazeanalytics._kernels.gaze.scanpaths import Pairs, Scoring, scanmatch_pairs
from gazeanalytics.gaze.scanpaths.pairs import Paths, find_pairs, notes, pack, score_pairs

__all__ = ["Grid", "scanmatch", "string_edit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Grid of cells of equal size over an image; a cell is one symbol of a scanpath's string.

    Attributes
    ----------
    width_px, height_px : int
        Size of the image. Points outside count to the nearest cell.
    columns, rows : int
        Cells across and down.

    Examples
    --------
    >>> grid = Grid(width_px=320, height_px=240, columns=16, rows=12)
    >>> grid.symbols([0, 319, 10], [0, 239, 25]).tolist()
    [0, 191, 16]
    """

    width_px: int
    height_px: int
    columns: int
    rows: int

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not (value >= 1 and int(value) == value):
                raise ValueError(f"grid: {name} must be a whole number of at least 1; got {value}")

    def symbols(self, x: np.ndarray | list, y: np.ndarray | list) -> np.ndarray:
        """Cell of each point, counted row by row from the top left, int64; places must not be NaN."""
        column, row = (_cell(*axis) for axis in ((x, self.width_px, self.columns), (y, self.height_px, self.rows)))
        return row * self.columns + column

    def distances(self) -> np.ndarray:
        """Distance of every two cells' centres in cells, shape (cells, cells)."""
        row, column = np.divmod(np.arange(self.columns * self.rows), self.columns)
        return np.sqrt((column[:, None] - column) ** 2 + (row[:, None] - row) ** 2)


def scanmatch(
    fixations: pd.DataFrame,
    *,
    grid: Grid,
    pairs: pd.DataFrame | None = None,
    threshold: float = 3.5,
    gap: float = 0.0,
    bin_ms: float | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """ScanMatch similarity of scanpaths (Cristino, Mathot, Theeuwes & Gilchrist 2010).

    Each scanpath becomes a string of grid cells. Two strings are aligned (Needleman & Wunsch 1970); cells at distance
    d score `threshold` - d, where d is in cells. The best score is divided by that of two equal strings as long
    as the longer one. Numbers are those of the Python port that papers use (GazeParser 0.12): places are cut to whole
    pixels, durations to whole ms.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table; `duration` is used with `bin_ms` alone.
    grid : Grid
        Cells; 12 x 8 in the original, 16 x 12 on 320 x 240 pixels in later papers.
    pairs : pandas.DataFrame, optional
        `first`, `second`: readings to compare. Default: every pair once.
    threshold : float
        Distance (cells) at which two cells are neither alike nor unlike.
    gap : float
        Score of a gap.
    bin_ms : float, optional
        Repeat each symbol once per so many ms of the fixation (rounded, half to even). Default: once per fixation.
    n_jobs : int, optional
        Default: as many as the process may use.

    Returns
    -------
    pandas.DataFrame
        One row a pair: `first`, `second`, `scanmatch` (1 is alike) and `note`, which says why a score is NaN.

    See Also
    --------
    string_edit : the same strings, every two unlike cells equally far apart.

    References
    ----------
    Cristino, F., Mathot, S., Theeuwes, J., & Gilchrist, I. D. (2010). ScanMatch: A novel method for comparing fixation
    sequences. Behavior Research Methods, 42, 692-700.

    Examples
    --------
    The same cells in the same order are alike; far cells score below near ones; dwelling longer counts with bins.

    >>> table = pd.DataFrame({"reading": [1, 1, 2, 2, 3, 3], "x": [5, 95, 5, 95, 5, 5], "y": 5, "duration": 100.0})
    >>> table.loc[2, "duration"] = 300.0
    >>> grid = Grid(width_px=100, height_px=10, columns=10, rows=1)
    >>> scanmatch(table, grid=grid)["scanmatch"].round(3).tolist()
    [1.0, 0.5, 0.5]
    >>> scanmatch(table, grid=grid, bin_ms=100)["scanmatch"].round(3).tolist()
    [0.5, 0.5, 0.5]
    """
    if bin_ms is not None and not bin_ms > 0:
        raise ValueError(f"scanmatch needs bin_ms above 0 or None for one symbol a fixation; got {bin_ms}")
    paths = pack(fixations, timed=bin_ms is not None)
    symbols, offsets, faults = _strings(paths, grid, bin_ms)
    apart = grid.distances()
    # The published code's matrix: the largest distance scores lowest, and `threshold` apart scores 0.
    similarity = np.abs(apart - apart.max()) - (apart.max() - threshold)
    scoring = Scoring(similarity, float(similarity.max()), float(gap))
    frame, first, second = find_pairs(paths.found, pairs)
    ends = np.column_stack([offsets[:-1], offsets[1:]])
    asked = Pairs(first, second, ends, int(np.diff(offsets).max(initial=1)))
    scores = score_pairs(scanmatch_pairs, asked, symbols.astype(np.uint32), scoring, n_jobs=n_jobs)
    frame["note"] = notes(first, second, *faults)
    frame.insert(2, "scanmatch", np.where(frame["note"] == "", scores, np.nan))
    return frame


def string_edit(
    fixations: pd.DataFrame,
    *,
    grid: Grid,
    pairs: pd.DataFrame | None = None,
    bin_ms: float | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """String edit distance of scanpaths (Levenshtein 1966; Brandt & Stark 1997).

    Each scanpath becomes a string of grid cells; the distance is the least number of symbols to put in, take out or
    replace. It is computed by rapidfuzz.

    Parameters
    ----------
    fixations : pandas.DataFrame
        The fixations table; `duration` is used with `bin_ms` alone.
    grid : Grid
        Cells; 5 x 5 is usual.
    pairs, bin_ms, n_jobs
        As for `scanmatch`.

    Returns
    -------
    pandas.DataFrame
        One row a pair: `first`, `second`, `edits` (symbols), `similarity` (1 - edits / symbols of the longer string)
        and `note`, which says why both are NaN.

    See Also
    --------
    scanmatch : near cells count as nearly alike.

    Examples
    --------
    One fixation more is one edit.

    >>> table = pd.DataFrame({"reading": [1, 1, 2, 2, 2], "x": [5, 95, 5, 45, 95], "y": 5})
    >>> string_edit(table, grid=Grid(width_px=100, height_px=10, columns=5, rows=1))["edits"].tolist()
    [1.0]
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    if bin_ms is not None and not bin_ms > 0:
        raise ValueError(f"string_edit needs bin_ms above 0 or None for one symbol a fixation; got {bin_ms}")
    paths = pack(fixations, timed=bin_ms is not None)
    symbols, offsets, faults = _strings(paths, grid, bin_ms)
    # One text for all readings, decoded once: a cell number is a code point, surrogates included.
    text = symbols.astype(np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    words = [text[start:stop] for start, stop in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    frame, first, second = find_pairs(paths.found, pairs)
    one, two = [words[k] for k in first.tolist()], [words[k] for k in second.tolist()]
    workers = ragged.thread_count(n_jobs)
    edits = process.cpdist(one, two, scorer=Levenshtein.distance, workers=workers, dtype=np.int32)
    lengths = np.diff(offsets)
    longer = np.maximum(lengths[first], lengths[second])
    frame["note"] = notes(first, second, *faults)
    frame.insert(2, "edits", np.where((frame["note"] == "") & (longer > 0), edits, np.nan))
    frame.insert(3, "similarity", 1 - frame["edits"] / np.maximum(longer, 1))
    return frame


def _cell(place: np.ndarray | list, size: int, cells: int) -> np.ndarray:
    """Cell along one axis, by the arithmetic of the published code: cut to a pixel, times cells a pixel, cut."""
    pixel = np.clip(np.trunc(np.asarray(place, float)), 0, size - 1)
    return (pixel * (cells / size)).astype(np.int64)


def _strings(
    paths: Paths, grid: Grid, bin_ms: float | None
) -> tuple[np.ndarray, np.ndarray, tuple[tuple[str, np.ndarray], ...]]:
    """Symbols of all readings, where each reading's begin (readings + 1), and the faults that leave a string empty."""
    found, placed = paths.found, paths.placed
    timed = paths.timed if bin_ms is not None else np.ones_like(placed)
    usable = (placed & timed)[found.rows()]
    repeats = usable.astype(np.int64)
    if bin_ms is not None and paths.duration is not None:
        bins = np.round(np.trunc(paths.duration[usable]) / bin_ms)
        repeats[usable] = bins.astype(np.int64)
    symbols = np.repeat(grid.symbols(*(np.where(usable, axis, 0.0) for axis in (paths.x, paths.y))), repeats)
    before = np.concatenate([[0], np.cumsum(repeats)])
    return (
        symbols,
        before[np.append(found.starts, len(repeats))],
        (("missing place", ~placed), ("missing duration", ~timed)),
    )
