"""A `PaperTable` as CSV, LaTeX (booktabs), HTML, Word and Markdown; text that a program would run is escaped."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gazeanalytics.report.paper_table import PaperTable
from gazeanalytics.report.styling import write_whole
from gazeanalytics.report.tables import format_frame

if TYPE_CHECKING:
    from docx.table import Table, _Cell

__all__ = ["to_csv", "to_docx", "to_latex", "to_markdown", "write_table"]

# Spreadsheets run cells that begin so as formulas (CSV injection), and a tab or line end at the front hides one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "−": "$-$", "×": r"$\times$", "±": r"$\pm$", "∞": r"$\infty$", "≥": r"$\geq$", "≤": r"$\leq$",
    "•": r"\textbullet{}", "†": r"\textdagger{}", "‡": r"\textdaggerdbl{}", "§": r"\S{}", "¶": r"\P{}", "–": "--",
    "°": r"\textdegree{}", "²": r"\textsuperscript{2}", "[": "{[}", "]": "{]}", "\n": " ", "\t": " ",
    "\r": " ",
}  # fmt: skip
_MARKDOWN = str.maketrans({letter: "\\" + letter for letter in "\\`*_{}[]<>#|~$"} | {"\n": " ", "\r": " "})


def write_table(
    frame: PaperTable | pd.DataFrame,
    stem: str | os.PathLike[str],
    *,
    caption: str = "",
    notes: Sequence[str] = (),
    formats: Sequence[str] = ("csv", "tex", "html", "docx"),
) -> list[Path]:
    """Write a table to `stem.csv`, `.tex`, `.html`, `.docx`, `.md`.

    Parameters
    ----------
    frame : PaperTable or pandas.DataFrame
        What to write; a data frame is formatted by `format_frame`.
    stem : path
        Path without suffix; missing folders are made. A file appears whole or not at all.
    caption : str
        Printed above; a PaperTable keeps its own when this is empty.
    notes : sequence of str
        Printed below, after the table's own.
    formats : sequence of str
        Of ``csv`` (full precision; text that a spreadsheet would run as a formula gets a leading apostrophe), ``tex``
        (needs the package booktabs), ``html``, ``docx``, ``md``.

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
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write_table(pd.DataFrame({"reader": ["=1+1"], "d": [-1.5]}), f"{folder}/t", formats=["csv"])
    ...     print(paths[0].read_text(encoding="utf-8"))
    reader,d
    '=1+1,-1.5
    """
    table = frame if isinstance(frame, PaperTable) else format_frame(frame)
    table = table.with_caption(caption or table.caption, notes)
    paths = []
    for kind in formats:
        if kind not in _WRITERS:
            raise ValueError(f"formats: expected some of {', '.join(_WRITERS)}; got {kind!r}")
        content = _WRITERS[kind](table)
        whole = content if isinstance(content, bytes) else content.encode("utf-8")
        paths.append(write_whole(Path(f"{os.fspath(stem)}.{kind}"), whole))
    return paths


def to_csv(table: PaperTable) -> str:
    r"""Return the data as CSV, in full precision; text that a spreadsheet would run as a formula is escaped.

    Examples
    --------
    >>> to_csv(format_frame(pd.DataFrame({"reader": ["=1+1"], "d": [-1.5]})))
    "reader,d\n'=1+1,-1.5\n"
    """
    data = table.data.copy()
    data.columns = [_escape_formula(name) for name in data.columns]
    for place, kind in enumerate(data.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind)):
            data.isetitem(place, [_escape_formula(cell) for cell in data.iloc[:, place]])
    return data.to_csv(index=False, lineterminator="\n")


def _escape_formula(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    # A bare carriage return is a line end to spreadsheets, but csv writes it without quotes.
    lines = cell.replace("\r\n", "\n").replace("\r", "\n")
    return "'" + lines if cell.startswith(_FORMULA) else lines


def to_latex(table: PaperTable) -> str:
    r"""Return a LaTeX table for the package booktabs; every name is escaped.

    Examples
    --------
    >>> print(to_latex(format_frame(pd.DataFrame({"a_b": ["50 % & more"]}))))
    \begin{table}
    \centering
    \begin{tabular}{l}
    \toprule
    a b \\
    \midrule
    50 \% \& more \\
    \bottomrule
    \end{tabular}
    \end{table}
    <BLANKLINE>
    """
    columns = table.text.shape[1]
    lines = [r"\begin{table}", r"\centering"]
    if table.caption:
        lines += [r"\setlength{\belowcaptionskip}{6pt}", rf"\caption{{{_tex(table.caption)}}}"]
    alignment = "".join("r" if right else "l" for right in table.flush_right)
    lines += [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", _tex_row(table.text.columns), r"\midrule"]
    for place, (heading, cells) in enumerate(table.rows()):
        if heading:
            lines += [r"\addlinespace"] if place else []
            lines.append(rf"\multicolumn{{{columns}}}{{l}}{{\textit{{{_tex(heading)}}}}} \\")
        lines.append(_tex_row(cells))
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.notes:
        lines += [r"\par\smallskip", r"{\footnotesize " + r"\\ ".join(map(_tex, table.notes)) + r"\par}"]
    return "\n".join([*lines, r"\end{table}", ""])


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)


def _tex_row(cells: Iterable[object]) -> str:
    return " & ".join(_tex(str(cell)) for cell in cells) + r" \\"


def to_markdown(table: PaperTable) -> str:
    """Return a Markdown pipe table; every name is escaped.

    Examples
    --------
    >>> print(to_markdown(format_frame(pd.DataFrame({"reader": ["a"], "auc": [0.912]}))).strip())
    | reader | auc |
    | :--- | ---: |
    | a | 0.912 |
    """
    lines = [f"**{table.caption.translate(_MARKDOWN)}**", ""] if table.caption else []
    lines.append(_pipes(str(name).translate(_MARKDOWN) for name in table.text.columns))
    lines.append(_pipes("---:" if right else ":---" for right in table.flush_right))
    for heading, cells in table.rows():
        if heading:
            blank = [""] * (table.text.shape[1] - 1)
            lines.append(_pipes([f"*{heading.translate(_MARKDOWN)}*", *blank]))
        lines.append(_pipes(cell.translate(_MARKDOWN) for cell in cells))
    for note in table.notes:
        lines += ["", note.translate(_MARKDOWN)]
    return "\n".join(lines) + "\n"


def _pipes(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def to_docx(table: PaperTable) -> bytes:
    """Return a Word document with the table between three rules, as journals set it.

    Examples
    --------
    >>> to_docx(format_frame(pd.DataFrame({"reader": ["a"]})))[:2]
    b'PK'
    """
    from docx import Document

    document = Document()
    if table.caption:
        document.add_paragraph().add_run(_word(table.caption)).bold = True
    grid, flush_right = document.add_table(rows=1, cols=table.text.shape[1]), table.flush_right
    for cell, name, right in zip(grid.rows[0].cells, table.text.columns, flush_right, strict=True):
        _fill(cell, str(name), right)
    _rule(grid, 0, "top", "bottom")
    for heading, cells in table.rows():
        if heading:
            row = grid.add_row().cells
            _fill(row[0].merge(row[-1]), heading, False, italic=True)
        for cell, text, right in zip(grid.add_row().cells, cells, flush_right, strict=True):
            _fill(cell, text, right)
    _rule(grid, -1, *(("bottom",) if len(grid.rows) > 1 else ("top", "bottom")))
    for note in table.notes:
        document.add_paragraph(_word(note))
    buffer = BytesIO()
    document.save(buffer)
    return _without_dates(buffer.getvalue())


def _word(text: str) -> str:
    """Drop the control characters that XML can't hold."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def _fill(cell: _Cell, text: str, right: bool, italic: bool = False) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(2)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else WD_ALIGN_PARAGRAPH.LEFT
    run = paragraph.add_run(_word(text))
    run.font.size = Pt(9)
    run.italic = italic


def _rule(grid: Table, row: int, *edges: str) -> None:
    """Draw a line at the edges of a row: Word knows borders by cell."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for cell in grid.rows[row].cells:
        properties = cell._tc.get_or_add_tcPr()
        borders = OxmlElement("w:tcBorders")
        for edge in edges:
            line = OxmlElement(f"w:{edge}")
            for name, value in (("val", "single"), ("sz", "6"), ("color", "000000")):
                line.set(qn(f"w:{name}"), value)
            borders.append(line)
        properties.append(borders)


# Elements of a document's properties that python-docx's template fills.
_TEMPLATES_OWN = re.compile(rb"<(dcterms:(?:created|modified)|dc:creator|cp:lastModifiedBy)\b[^>]*>.*?</\1>")


def _without_dates(document: bytes) -> bytes:
    """Zip the parts again with a fixed date, so that the same table gives the same bytes, and without the template's.

    The template that documents are made from names its author and the day it was saved; neither is ours to print.
    """
    # A zip entry stores the time at which it was written.
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(document)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "docProps/core.xml":
                part = re.sub(_TEMPLATES_OWN, b"", part)
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[PaperTable], str | bytes]] = {
    "csv": to_csv,
    "tex": to_latex,
    "html": PaperTable.to_html,
    "docx": to_docx,
    "md": to_markdown,
}
