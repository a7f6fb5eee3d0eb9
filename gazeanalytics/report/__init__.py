"""Figures, tables and one page for the paper, from the tables of the other rooms."""

from gazeanalytics.report import figures
from gazeanalytics.report.figures import *  # noqa: F403 - its __all__ is the list of figures
from gazeanalytics.report.methods import REPORTING_ITEMS, methods_text
from gazeanalytics.report.page import Picture, Section, page
from gazeanalytics.report.paper_table import PaperTable
from gazeanalytics.report.styling import DOUBLE_MM, OKABE_ITO, SINGLE_MM, alt_text, off_screen, save, style
from gazeanalytics.report.table_one import pool_bands, pool_small, table_one
from gazeanalytics.report.tables import format_estimates, format_frame
from gazeanalytics.report.writers import write_table

__all__ = [
    "DOUBLE_MM",
    "OKABE_ITO",
    "REPORTING_ITEMS",
    "SINGLE_MM",
    "PaperTable",
    "Picture",
    "Section",
    "alt_text",
    "format_estimates",
    "format_frame",
    "methods_text",
    "off_screen",
    "page",
    "pool_bands",
    "pool_small",
    "save",
    "style",
    "table_one",
    "write_table",
]
__all__ += figures.__all__
