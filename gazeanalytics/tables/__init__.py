"""The tables that rooms agree on, and the check that a frame keeps to them."""

from gazeanalytics.tables.checks import check
from gazeanalytics.tables.contract import TABLES, Column, Table, describe
from gazeanalytics.tables.faults import InputError, TableError, nearest, shown

__all__ = ["TABLES", "Column", "InputError", "Table", "TableError", "check", "describe", "nearest", "shown"]
