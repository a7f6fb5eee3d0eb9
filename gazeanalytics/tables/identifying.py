"""Which columns may say who a person is: names, addresses, numbers of patients and readers, in any spelling."""

from __future__ import annotations

import itertools
import re
import unicodedata

__all__ = ["identifies"]

# One word is enough: no measure of gaze or reasoning bears it.
_WORDS = frozenset({
    "accession", "address", "birth", "birthdate", "birthday", "dob", "email", "employee", "fax", "firstname",
    "forename", "fullname", "hostname", "iban", "initials", "insurance", "ip", "lastname", "login", "mail", "mobile",
    "mrn", "nhs", "npi", "orcid", "pager", "passport", "phone", "postcode", "ssn", "street", "surname", "telephone",
    "username", "wearer", "zip", "gmc",
    "emailaddress", "facebook", "guid", "ipaddress", "lastmodifiedby", "latitude", "linkedin", "longitude", "maiden",
    "middlename", "nickname", "pacs", "phonenumber", "signature", "socialsecurity", "twitter", "uid", "uuid", "website",
    # German, French, Spanish, Italian, Portuguese, Dutch; accents are taken off before.
    "anschrift", "adresse", "fallnummer", "geburt", "geburts", "geburtsdatum", "geburtstag", "hausnummer", "nachname",
    "patientenname", "patientennummer", "plz", "postleitzahl", "rufnummer", "strasse", "telefon", "telefonnummer",
    "versichertennummer", "vorname", "courriel", "naissance", "prenom", "apellido", "apellidos", "cedula", "correo",
    "direccion", "dni", "nacimiento", "nhc", "telefono", "cognome", "indirizzo", "nascita", "endereco", "nascimento",
    "sobrenome", "telefone", "achternaam", "geboortedatum", "telefoon", "voornaam",
})  # fmt: skip
# The same in letters of other scripts, anywhere in a name.
_ELSEWHERE = (
    "姓名",
    "氏名",
    "患者",
    "电话",
    "電話",
    "生年月日",
    "出生",
    "имя",
    "фамилия",
    "телефон",
    "рождения",
    "이름",
    "اسم",
)
# A column that is called just this.
_ALONE = (["name"], ["nom"], ["nombre"], ["nome"], ["naam"])
# Two words together: "name" and "id" alone are too common.
_WHOSE = frozenset({
    "arzt", "doctor", "medecin", "observer", "paciente", "participant", "patient", "patienten", "paziente", "person",
    "physician", "radiologist", "reader", "subject", "user",
})  # fmt: skip
_WHAT = frozenset({"id", "name", "no", "nr", "number", "nummer"})
_PAIRS = frozenset({("user", "agent"), ("first", "name"), ("last", "name"), ("full", "name"), ("study", "uid"),
    ("given", "name"), ("family", "name"), ("middle", "name"), ("host", "name"), ("social", "security"),
    ("medical", "record"), ("record", "number"), ("zip", "code"), ("post", "code")})  # fmt: skip


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
    if words in _ALONE or any(word in str(column).lower() for word in _ELSEWHERE):
        return True
    if any(word in _WORDS for word in words) or "email" in "".join(words):
        return True
    pairs = set(itertools.pairwise(words))
    return bool(pairs & _PAIRS) or (any(word in _WHOSE for word in words) and any(word in _WHAT for word in words))


def _words(column: str) -> list[str]:
    """Words of a name in small letters: "patientName" -> ["patient", "name"]."""
    bare = unicodedata.normalize("NFKD", str(column).replace("ß", "ss"))
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", bare)
    return [word for word in re.split(r"[^a-z0-9]+", parted.lower()) if word]
