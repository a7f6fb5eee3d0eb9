"""One offline HTML page: text, figures as inline SVG, tables and provenance; it asks the network for nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import gazeanalytics
from gazeanalytics.brief import Brief
from gazeanalytics.report.paper_table import PaperTable
from gazeanalytics.report.styling import alt_text, to_bytes, whole_figure, write_whole
from gazeanalytics.report.tables import format_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Picture", "Section", "page"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with its words.

    Attributes
    ----------
    figure : matplotlib.figure.Figure or matplotlib.axes.Axes
        What is shown.
    caption : str
        Printed below.
    alt : str
        What a person who can't see it should know; when empty, the caption and the figure's `alt_text`.
    svg : str
        The figure as `save` wrote it, so that the page needn't draw it again; when empty, it is drawn.

    Examples
    --------
    >>> from gazeanalytics.report import sampling_rate
    >>> drawn = sampling_rate(pd.DataFrame({"rate_hz": [500.0, 500.0]}))
    >>> Picture(drawn, "Sampling rate of all readings.").caption
    'Sampling rate of all readings.'
    """

    figure: Figure | Axes
    caption: str = ""
    alt: str = ""
    svg: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Section(Brief):
    """A part of the page.

    Attributes
    ----------
    heading : str
        Its title, also in the contents.
    text : str
        Paragraphs, with an empty line between; plain text.
    figures : tuple of Picture, Figure or Axes
        Shown in order, numbered through the page.
    tables : tuple of PaperTable or pandas.DataFrame
        Shown in order, numbered through the page.

    Examples
    --------
    >>> section = Section("Data quality", "No reading was left out.", tables=(pd.DataFrame({"loss": [0.02]}),))
    >>> "Table 1." in page("A study", [section])
    True
    """

    heading: str
    text: str = ""
    figures: tuple[Picture | Figure | Axes, ...] = ()
    tables: tuple[PaperTable | pd.DataFrame, ...] = ()


def page(
    title: str,
    sections: Sequence[Section],
    *,
    subtitle: str = "",
    provenance: Mapping[str, Any] | None = None,
    path: str | os.PathLike[str] | None = None,
) -> str:
    """Set sections as one HTML page that needs no other file and no network.

    Parameters
    ----------
    title, subtitle : str
        Printed on top.
    sections : sequence of Section
        The parts, in order.
    provenance : mapping, optional
        Versions, parameters, hashes, counts: a nested mapping becomes a group of its own, folded but for the first.
    path : path, optional
        Also write the page there (UTF-8); the file appears whole or not at all.

    Returns
    -------
    str
        The page. Every name and text in it is escaped, and its content security policy allows no script.

    Examples
    --------
    >>> html = page("A <study>", [Section("First", "One paragraph.")], provenance={"seed": 1})
    >>> "A &lt;study&gt;" in html, "<script" in html
    (True, False)
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("gazeanalytics.report"), autoescape=True, keep_trailing_newline=True)
    text = environment.get_template("page.html").render(
        title=title,
        subtitle=subtitle,
        version=gazeanalytics.__version__,
        parts=_parts(sections),
        provenance=_groups(provenance or {}),
    )
    if path is not None:
        write_whole(Path(path), text.encode("utf-8"))
    return text


def _parts(sections: Sequence[Section]) -> list[dict[str, Any]]:
    from markupsafe import Markup

    parts, figures, tables = [], 0, 0
    for place, section in enumerate(sections, 1):
        pictures = []
        for figure in section.figures:
            figures += 1
            pictures.append(_picture(figure, figures, section.heading))
        shown = []
        for table in section.tables:
            tables += 1
            # Marked safe, as `to_html` escapes every cell itself.
            shown.append(Markup(_numbered(table, tables).to_html()))
        paragraphs = [part.strip() for part in re.split(r"\n\s*\n", section.text) if part.strip()]
        parts.append(
            {
                "anchor": f"part-{place}",
                "heading": section.heading,
                "paragraphs": paragraphs,
                "pictures": pictures,
                "tables": shown,
            }
        )
    return parts


def _picture(figure: Picture | Figure | Axes, number: int, heading: str) -> dict[str, Any]:
    from markupsafe import Markup

    whole = figure if isinstance(figure, Picture) else Picture(figure)
    return {
        "svg": Markup(inline_svg(whole.svg or to_bytes(whole.figure, "svg").decode("utf-8"), f"figure{number}")),
        "width": round(whole_figure(whole.figure).get_size_inches()[0] * 72, 1),
        "caption": whole.caption,
        "alt": whole.alt or f"{whole.caption or heading} {alt_text(whole.figure)}".strip(),
        "number": number,
    }


def _numbered(table: PaperTable | pd.DataFrame, number: int) -> PaperTable:
    whole = table if isinstance(table, PaperTable) else format_frame(table)
    return replace(whole, caption=f"Table {number}. {whole.caption}".strip())


def inline_svg(text: str, prefix: str) -> str:
    """Give an SVG file as an `svg` element whose ids begin with `prefix`, so that many can stand on one page."""
    # Ids are unique within a page only: matplotlib numbers clip paths and glyphs alike in each figure.
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<[^<>]*?\s)id="([^"]*)"', rf'\1id="{prefix}-\2"', text)
    text = re.sub(r'((?:xlink:)?href)="#([^"]*)"', rf'\1="#{prefix}-\2"', text)
    text = re.sub(r"url\(#([^)]*)\)", rf"url(#{prefix}-\1)", text)
    head = re.sub(r' (?:width|height)="[^"]*"', "", text[: text.index(">")])
    return head.replace("<svg ", '<svg aria-hidden="true" ', 1) + text[text.index(">") :].strip()


def _groups(provenance: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Sort entries into groups: plain ones first as "Run", then each nested mapping."""
    plain = [(str(name), str(value)) for name, value in provenance.items() if not isinstance(value, Mapping)]
    groups = [("Run", plain)] if plain else []
    for name, value in provenance.items():
        if isinstance(value, Mapping):
            groups.append((str(name), list(_flat(value))))
    return groups


def _flat(entries: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    rows = []
    for name, value in entries.items():
        label = f"{before}{name}"
        if isinstance(value, Mapping):
            rows += _flat(value, f"{label}.")
        else:
            rows.append((label, ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)))
    return rows
