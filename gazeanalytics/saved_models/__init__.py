"""Fitted models in files that anyone may send: described field by field, written and checked by that description."""

from gazeanalytics.saved_models.arrays import Array, Fault, Part, Store, Texts
from gazeanalytics.saved_models.fields import Either, Frame, Nested, Optional, SettingsOf, Value, Words
from gazeanalytics.saved_models.model_file import naming, parse_json, read_store, write_model

__all__ = [
    "Array",
    "Either",
    "Fault",
    "Frame",
    "Nested",
    "Optional",
    "Part",
    "SettingsOf",
    "Store",
    "Texts",
    "Value",
    "Words",
    "naming",
    "parse_json",
    "read_store",
    "write_model",
]
