"""Figures, tables and one page for the paper, from the tables of the other rooms."""

from gazeanalytics.report.figures import caterpillar, forest
from gazeanalytics.report.readers import pool_small, table_one
from gazeanalytics.report.style import DOUBLE_MM, OKABE_ITO, SINGLE_MM, save, style
from gazeanalytics.report.tables import PaperTable, format_estimates, format_frame
from gazeanalytics.report.writers import write_table

__all__ = [
    "DOUBLE_MM",
    "OKABE_ITO",
    "SINGLE_MM",
    "PaperTable",
    "caterpillar",
    "forest",
    "format_estimates",
    "format_frame",
    "pool_small",
    "save",
    "style",
    "table_one",
    "write_table",
]
