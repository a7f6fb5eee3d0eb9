"""The tables that rooms agree on, and the check that a frame keeps to them."""

from gazeanalytics.tables.checks import check, row_faults
from gazeanalytics.tables.contract import ESTIMATES, LABELS, TABLES, Column, Table, describe
from gazeanalytics.tables.errors import InputError, TableError, nearest, require_columns, shown
from gazeanalytics.tables.rejects import InputWarning, Rejects, SetAside

__all__ = [
    "ESTIMATES",
    "LABELS",
    "TABLES",
    "Column",
    "InputError",
    "InputWarning",
    "Rejects",
    "SetAside",
    "Table",
    "TableError",
    "check",
    "describe",
    "nearest",
    "require_columns",
    "row_faults",
    "shown",
]
