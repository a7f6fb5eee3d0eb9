"""One table of a paper: its numbers, their printed form, and its rows as every file format needs them."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from gazeanalytics.brief import Brief

__all__ = ["PaperTable"]


@dataclass(frozen=True, slots=True)
class PaperTable(Brief):
    """A table as numbers and as text.

    HTML is the one format that lives here, since notebooks show a table with it; `writers` has the others.

    Attributes
    ----------
    data : pandas.DataFrame, shape (rows, any)
        Full precision, for the CSV file.
    text : pandas.DataFrame of str, shape (rows, columns)
        What is printed, for LaTeX, HTML, Word and Markdown.
    caption : str
        Printed above.
    notes : tuple of str
        Printed below.
    groups : tuple of str, length rows or 0
        Heading that each row stands under; equal neighbours share one.

    See Also
    --------
    format_estimates, format_frame : make one.
    write_table : writes it to files.

    Examples
    --------
    >>> text = pd.DataFrame({"Group": ["residents", "specialists"], "Dwell time (ms)": ["812", "640"]})
    >>> table = PaperTable(text, text, "Dwell time on lesions", groups=("Experience", "Experience"))
    >>> table.flush_right
    (False, True)
    >>> table.with_caption("Dwell time", ["Medians."]).notes
    ('Medians.',)
    """

    data: pd.DataFrame
    text: pd.DataFrame
    caption: str = ""
    notes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.groups and len(self.groups) != len(self.text):
            raise ValueError(
                f"groups: expected one heading a row, {len(self.text)}; got {len(self.groups)}; repeat a heading that "
                "several rows share"
            )

    def with_caption(self, caption: str, notes: Sequence[str] = ()) -> PaperTable:
        """Return the same table under another caption, with further notes."""
        return replace(self, caption=caption, notes=(*self.notes, *notes))

    @property
    def flush_right(self) -> tuple[bool, ...]:
        """Which columns hold numbers, bool, length columns."""
        return tuple(_looks_numeric(self.text.iloc[:, place]) for place in range(self.text.shape[1]))

    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each row with the heading that opens above it, empty where the heading goes on."""
        before = ""
        groups = self.groups or ("",) * len(self.text)
        for group, cells in zip(groups, self.text.itertuples(index=False, name=None), strict=True):
            yield (group if group != before else ""), [str(cell) for cell in cells]
            before = group

    def to_html(self) -> str:
        """Return an HTML table element; every name is escaped."""
        sides, columns = ["number" if right else "name" for right in self.flush_right], self.text.shape[1]
        parts = ['<table class="paper">']
        if self.caption:
            parts.append(f"<caption>{html.escape(self.caption)}</caption>")
        heads = _cells(self.text.columns, sides, 'th scope="col"')
        parts.append(f"<thead><tr>{heads}</tr></thead>\n<tbody>")
        for heading, cells in self.rows():
            if heading:
                title = html.escape(heading)
                parts.append(f'<tr class="group"><th scope="rowgroup" colspan="{columns}">{title}</th></tr>')
            parts.append(f"<tr>{_cells(cells, sides, 'td')}</tr>")
        parts.append("</tbody>")
        if self.notes:
            notes = "<br>".join(map(html.escape, self.notes))
            parts.append(f'<tfoot><tr><td colspan="{columns}">{notes}</td></tr></tfoot>')
        return "\n".join([*parts, "</table>"]) + "\n"

    def _repr_html_(self) -> str:
        return self.to_html()


def _cells(texts: Sequence[object] | pd.Index, sides: Sequence[str], tag: str) -> str:
    """Return cells of one row; `tag` is `td`, or `th` with its scope."""
    end = tag.partition(" ")[0]
    return "".join(
        f'<{tag} class="{side}">{html.escape(str(text))}</{end}>' for side, text in zip(sides, texts, strict=True)
    )


def _looks_numeric(cells: pd.Series) -> bool:
    filled = cells[cells != ""]
    return bool(len(filled)) and bool(filled.str.fullmatch(r"[\[(<>−-]*\s?[\d.∞][\d.,∞e−–%()\[\] +-]*").all())
