"""Which columns may say who a person is: names, addresses, numbers of patients and readers, in any spelling."""

from __future__ import annotations

import itertools
import re

__all__ = ["identifies"]

# One word is enough: no measure of gaze or reasoning bears it.
_WORDS = frozenset({
    "accession", "address", "birth", "birthdate", "birthday", "dob", "email", "employee", "fax", "firstname",
    "forename", "fullname", "hostname", "iban", "initials", "insurance", "ip", "lastname", "login", "mail", "mobile",
    "mrn", "nhs", "npi", "orcid", "pager", "passport", "phone", "postcode", "ssn", "street", "surname", "telephone",
    "username", "wearer", "zip",
})  # fmt: skip
# Two words together: "name" and "id" alone are too common.
_WHOSE = frozenset({
    "doctor", "observer", "participant", "patient", "person", "physician", "radiologist", "reader", "subject", "user",
})  # fmt: skip
_WHAT = frozenset({"id", "name", "no", "number"})
_PAIRS = frozenset({("user", "agent"), ("first", "name"), ("last", "name"), ("full", "name"), ("study", "uid")})


def identifies(column: str) -> bool:
    """Whether a column's name says that it holds personal data, whatever its spelling.

    Parameters
    ----------
    column : str
        Name of a column; words parted by capitals, underscores, hyphens, dots or blanks.

    Examples
    --------
    >>> [identifies(name) for name in ("patientName", "date-of-birth", "E-Mail", "dateOfBirth", "ORCID iD")]
    [True, True, True, True, True]
    >>> [identifies(name) for name in ("reader", "case", "image_name", "fixation_id", "emphasis")]
    [False, False, False, False, False]
    """
    words = _words(column)
    if words == ["name"]:
        return True
    if any(word in _WORDS for word in words) or "email" in "".join(words):
        return True
    pairs = set(itertools.pairwise(words))
    return bool(pairs & _PAIRS) or (any(word in _WHOSE for word in words) and any(word in _WHAT for word in words))


def _words(column: str) -> list[str]:
    """Words of a name in small letters: "patientName" -> ["patient", "name"]."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", str(column))
    return [word for word in re.split(r"[^a-z0-9]+", parted.lower()) if word]
