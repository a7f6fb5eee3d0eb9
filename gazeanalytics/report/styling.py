"""How figures look: colours, sizes and fonts of the printed page, and files that come out the same bytes every time."""

from __future__ import annotations

import importlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from cycler import cycler

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.text import Text

__all__ = [
    "DOUBLE_MM",
    "OKABE_ITO",
    "SINGLE_MM",
    "alt_text",
    "drawing",
    "look",
    "mm",
    "off_screen",
    "plain",
    "save",
    "style",
]

SINGLE_MM = 89.0
"""Width of one journal column."""
DOUBLE_MM = 183.0
"""Width of two journal columns."""

# Yellow, which fades on white paper, goes last; black stays free for reference lines until seven groups need it.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""Colours that differ with any colour vision (Okabe & Ito 2008), strongest on white paper first."""

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
_HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo")

_FONTS = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans")  # the first that is installed
_OFF_SCREEN: ContextVar[bool] = ContextVar("off_screen", default=False)
_RC: dict[Any, Any] = {
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "figure.titlesize": 8,
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.dpi": 300,
    "savefig.facecolor": "white",
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "patch.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=OKABE_ITO),
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "image.cmap": "cividis",
    "legend.frameon": False,
    "text.usetex": False,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "gazeanalytics",
}
# Dates and versions are left out, so that the same figure gives the same bytes.
_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}
_ALT_KEYS = {"svg": "Description", "pdf": "Subject", "png": "Description"}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style inside this block; the settings outside are left as they were.

    Text is at least 7 pt, lines at least 0.5 pt, fonts are embedded as TrueType and SVG text stays text.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> before = mpl.rcParams["font.size"]
    >>> with style():
    ...     mpl.rcParams["font.size"]
    7.0
    >>> mpl.rcParams["font.size"] == before
    True
    """
    if _is_notebook() and not mpl.is_interactive():
        # The backend turns a notebook interactive when it is loaded; inside the block that would be undone at its end.
        importlib.import_module("matplotlib.pyplot").switch_backend(mpl.get_backend())
    settings: dict[Any, Any] = {**_RC, "font.family": _fonts()}
    with mpl.rc_context(settings):
        yield


@cache
def _fonts() -> list[str]:
    """Fonts by their own names: text measured in the style and drawn outside it is then of the same width.

    What "sans-serif" stands for is looked up each time that text is drawn, in the settings of that moment.
    """
    installed = {font.name for font in importlib.import_module("matplotlib.font_manager").fontManager.ttflist}
    return [name for name in _FONTS if name in installed] + ["sans-serif"]


def mm(width_mm: float, height_mm: float) -> tuple[float, float]:
    """Size in inches, as matplotlib takes it.

    Examples
    --------
    >>> mm(25.4, 50.8)
    (1.0, 2.0)
    """
    return width_mm / 25.4, height_mm / 25.4


@contextmanager
def off_screen() -> Iterator[None]:
    """Inside this block a notebook doesn't show new figures: they belong to whoever holds their axes.

    Examples
    --------
    >>> with off_screen():
    ...     pass  # draw, save, put on a page
    """
    token = _OFF_SCREEN.set(True)
    try:
        yield
    finally:
        _OFF_SCREEN.reset(token)


@contextmanager
def drawing(ax: Axes | None, width_mm: float = SINGLE_MM, height_mm: float = 60.0) -> Iterator[Axes]:
    """Give the axes to draw on: `ax` itself in its owner's style, or new axes of that size in the house style.

    A notebook shows new axes at the end of the cell. A script keeps no trace of them, so that it can draw thousands.
    """
    if ax is not None:
        yield ax
        return
    with style():
        layout = {"figsize": mm(width_mm, height_mm), "layout": "constrained"}
        if _is_notebook() and not _OFF_SCREEN.get():
            from matplotlib.pyplot import figure
        else:
            from matplotlib.figure import Figure as figure
        yield figure(**layout).subplots()


def _is_notebook() -> bool:
    """Whether new figures are shown without being asked for."""
    backend = mpl.get_backend(auto_select=False) or ""
    return mpl.is_interactive() or "inline" in backend or "ipympl" in backend


def look(place: int) -> dict[str, Any]:
    """Colour, marker, line and hatch of the group at `place`: each pair differs without colour, too.

    Examples
    --------
    >>> look(0)["color"], look(1)["marker"]
    ('#0072B2', 's')
    """
    return {
        "color": OKABE_ITO[place % len(OKABE_ITO)],
        "marker": _MARKERS[(place + place // len(OKABE_ITO)) % len(_MARKERS)],
        "linestyle": _LINES[(place + place // len(OKABE_ITO)) % len(_LINES)],
        "hatch": _HATCHES[(place + place // len(OKABE_ITO)) % len(_HATCHES)],
    }


def plain(text: object) -> str:
    r"""Text that matplotlib shows letter by letter: a dollar sign never starts a formula.

    Examples
    --------
    >>> print(plain(r"cost $\frac{1$"))
    cost \$\frac{1\$
    """
    return str(text).replace("$", r"\$")


def save(
    figure: Figure | Axes, path_stem: str | os.PathLike[str], formats: Sequence[str] = ("svg", "pdf", "png")
) -> list[Path]:
    """Write a figure to `path_stem.svg`, `.pdf`, `.png`: the same figure gives the same bytes every time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or matplotlib.axes.Axes
        The figure, or any axes on it. It stays open.
    path_stem : path
        Path without suffix; missing folders are made. A file appears whole or not at all.
    formats : sequence of str
        Of ``svg``, ``pdf`` and ``png`` (300 dpi). Each holds the figure's `alt_text` as its description.

    Returns
    -------
    list of pathlib.Path
        The files, in the order of `formats`.

    Raises
    ------
    ValueError
        For another format.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from gazeanalytics.report import sampling_rate
    >>> with TemporaryDirectory() as folder:
    ...     paths = save(sampling_rate(pd.DataFrame({"rate_hz": [500.0]})), f"{folder}/rate", formats=["svg"])
    ...     [path.name for path in paths]
    ['rate.svg']
    """
    for kind in formats:
        if kind not in _METADATA:
            raise ValueError(f"formats: expected some of {', '.join(_METADATA)}; got {kind!r}")
    with _laid_out(whole_figure(figure)) as whole:
        return [write_whole(Path(f"{os.fspath(path_stem)}.{kind}"), to_bytes(whole, kind)) for kind in formats]


@contextmanager
def _laid_out(figure: Figure) -> Iterator[Figure]:
    """Lay the figure out once for all formats: that takes as long as drawing it."""
    engine = figure.get_layout_engine()
    if engine is None:
        yield figure
        return
    with style():
        engine.execute(figure)
    figure.set_layout_engine("none")
    try:
        yield figure
    finally:
        figure.set_layout_engine(engine)


def to_bytes(figure: Figure | Axes, kind: str) -> bytes:
    """Return the figure as the bytes of an SVG, PDF or PNG file, without dates and with its alternative text."""
    buffer = BytesIO()
    metadata = _METADATA[kind] | {_ALT_KEYS[kind]: alt_text(figure)}
    with style():
        whole_figure(figure).savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def alt_text(figure: Figure | Axes) -> str:
    """Alternative text of a figure for people who can't see it: titles, axes, rows and legend of each panel.

    Examples
    --------
    >>> from gazeanalytics.report import lag_curve
    >>> import pandas as pd
    >>> alt_text(lag_curve(pd.DataFrame({"lag_ms": [-500.0, 500.0], "share": [0.2, 0.4], "chance": 0.1})))
    'Share of gaze time against Gaze before the mention (s). Legend: gaze on the finding, chance.'
    """
    panels = [_panel_text(ax) for ax in whole_figure(figure).axes]
    return " ".join(panel for panel in panels if panel)


def _panel_text(ax: Axes) -> str:
    if ax.get_label() == "<colorbar>":
        return f"Colour: {ax.get_ylabel()}." if ax.get_ylabel() else ""
    legend = ax.get_legend()
    parts = {
        "": ax.get_title(loc="left"),
        " ": " against ".join(text for text in (ax.get_ylabel(), ax.get_xlabel()) if text and ax.axison),
        "Rows: ": _names(ax.get_yticklabels()),
        "Columns: ": _names(ax.get_xticklabels()),
        "Legend: ": _names(legend.get_texts()) if legend else "",
    }
    return " ".join(f"{name.strip()} {text.strip()}.".strip() for name, text in parts.items() if text.strip())


def _names(labels: Iterable[Text]) -> str:
    """Labels that are words, on one line."""
    texts = (" ".join(label.get_text().replace("\\$", "$").split()) for label in labels)
    return ", ".join(text for text in texts if not _is_number(text))


def _is_number(text: str) -> bool:
    try:
        float(text.replace("\u2212", "-").rstrip("%") or 0)
    except ValueError:
        return False
    return True


def whole_figure(figure: Figure | Axes) -> Figure:
    """Give the figure that axes lie on."""
    owner: Figure | SubFigure | None = getattr(figure, "figure", None)
    if owner is None:
        raise TypeError(f"expected a matplotlib Figure or Axes; got {type(figure).__name__}")
    return owner.figure  # pyright: ignore[reportReturnType]


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file so that it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A reader of the folder never sees half a file, also when the process is killed: rename is atomic on one disk.
    draft = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
