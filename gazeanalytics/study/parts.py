"""A part of the paper, and the words that parts share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from gazeanalytics import report

if TYPE_CHECKING:
    from gazeanalytics.study.analysis import Analysis

__all__ = ["Part", "file_name", "many", "readers_by_country", "words"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the paper; figures and tables carry the names of their files."""

    heading: str
    text: str
    figures: dict[str, report.Picture] = field(default_factory=dict)
    tables: dict[str, report.PaperTable] = field(default_factory=dict)

    def section(self) -> report.Section:
        """The part as a section of the page."""
        return report.Section(self.heading, self.text, tuple(self.figures.values()), tuple(self.tables.values()))


def readers_by_country(found: Analysis) -> pd.Series:
    """How many people read in each country."""
    readers = found.study.table("readers")
    readers = readers[readers["kind"] == "person"]
    return readers["country"].value_counts() if "country" in readers else pd.Series(dtype=int)


def many(count: int, noun: str) -> str:
    """A number of things in words."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun if count == 1 else plural}"


def words(name: str) -> str:
    """A column's name as it is read."""
    return name.replace("_", " ")


def file_name(name: object) -> str:
    """A name as a file's: letters, digits and underscores alone, so that no path can be made of it."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in str(name))[:60]
