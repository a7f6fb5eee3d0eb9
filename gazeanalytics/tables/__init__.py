"""The tables that rooms agree on, and the check that a frame keeps to them."""

from gazeanalytics.tables.checks import check
from gazeanalytics.tables.contract import LABELS, TABLES, Column, Table, describe
from gazeanalytics.tables.errors import InputError, TableError, nearest, require_columns, shown

__all__ = [
    "LABELS",
    "TABLES",
    "Column",
    "InputError",
    "Table",
    "TableError",
    "check",
    "describe",
    "nearest",
    "require_columns",
    "shown",
]
