"""Parts that a new file adds to a room by being there: detectors, measures, analyses."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["plugged_in"]


def plugged_in(package: str, path: Iterable[str], attribute: str) -> dict[str, Any]:
    """Find the modules of a package that define an attribute, and give its value in each.

    Modules are looked at as text first, so that only those that define it are imported: a face that is still being
    imported itself is never entered twice.

    Parameters
    ----------
    package : str
        Dotted name.
    path : iterable of str
        Its `__path__`.
    attribute : str
        Such as "DETECTOR", "MEASURES" or "ANALYSIS".

    Returns
    -------
    dict of str to object
        By module name, in alphabetical order.

    Examples
    --------
    >>> import gazeanalytics.events
    >>> sorted(plugged_in("gazeanalytics.events", gazeanalytics.events.__path__, "DETECTOR"))[:3]
    ['cascade', 'engbert_kliegl', 'i2mc']
    """
    defines = re.compile(rf"^{attribute}\b[^=\n]*=[^=]", re.MULTILINE)
    found = {}
    for entry in sorted(pkgutil.iter_modules(list(path)), key=lambda entry: entry.name):
        place = getattr(entry.module_finder, "path", None)
        source = Path(str(place)) / f"{entry.name}.py"
        if not entry.ispkg and source.is_file() and defines.search(source.read_text("utf-8")):
            found[entry.name] = getattr(importlib.import_module(f"{package}.{entry.name}"), attribute)
    return found
