"""What personal data looks like in text: names, numbers, dates, places and machines, each kind with its pattern."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["looks_personal", "plain"]

_MONTHS = (
    "Jan(?:uary|uar|vier|eiro|io)?|Jän(?:ner)?|Ene(?:ro)?|Feb(?:ruary|ruar|rero|braio)?|F[ée]v(?:rier|ereiro)?"
    "|Mar(?:ch|s|zo|ço)?|März|Mrz|Apr(?:il|ile)?|Avr(?:il)?|Abr(?:il)?|May|Mai|Ma(?:yo|io|ggio)|June?|Juni?|Juin"
    "|Junio|Junho|Giugno|July?|Juli|Juillet|Julio|Julho|Luglio|Aug(?:ust)?|Août|Ago(?:sto)?|Sep(?:t|tember|tembre)?"
    "|Sep?tiembre|Setembro|Oct(?:ober|obre|ubre)?|Okt(?:ober)?|Outubro|Ottobre|Nov(?:ember|embre|iembre|embro)?"
    "|Dec(?:ember)?|Dez(?:ember|embro)?|D[ée]c(?:embre)?|Dic(?:iembre|embre)?"
)
_YEAR = r"(?:19|20)\d\d"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_NAME = r"[A-ZÀ-Þ][\w'’-]+"
_ROOTS = (
    "home|Users|root|mnt|media|data\\d*|srv|var|tmp|opt|etc|usr|net|nfs\\d*|scratch|work|gpfs|lustre|Volumes|private"
    "|project[s]?|storage|workspace|archive"
)
# Web addresses of papers and of the library that draws.
_PUBLIC = (
    r"(?:www\.)?w3\.org|purl\.org|(?:dx\.)?doi\.org|creativecommons\.org|matplotlib\.org|schemas\.\w+|ns\.adobe\.com"
)

# Each asks for more than a plain number has: results are full of numbers.
_KINDS = {
    "e-mail address": r"[\w.+%-]+(?:@|%40|\s?[\[(](?:at|AT)[\])]\s?)[\w-]+"
    r"(?:(?:\.|\s?[\[(](?:dot|DOT)[\])]\s?)[\w-]+)+",
    "telephone number": r"(?<![\d.-])(?:(?:\+|00)[1-9]\d{0,2}[ ./-]?\(?\d{1,4}\)?(?:[ ./-]?\d{2,4}){2,4}"
    r"|\(\d{2,5}\)[ /-]?\d{3,4}[ -]?\d{2,5}|\d{3}[-.]\d{3}[-.]\d{4}|0\d{1,4}[/-]\d{3,8})(?![\d.-])",
    "telephone": r"(?i)\b(?:tel|fon|phone|mobile|cell|pager|bleep|fax|ext)(?:ephone|efon)?\W{1,3}(?:no\W{0,2})?"
    r"\+?\d[\d /().-]{2,}\d",
    "date": rf"(?<![\d.-])(?:{_YEAR}([-/.]){_MONTH}\1{_DAY}(?!\d)|[0-3]?\d([./-])[01]?\d\2{_YEAR}(?!\d)"
    rf"|[01]?\d([./-])[0-3]?\d\3{_YEAR}(?!\d)|{_DAY}\.{_MONTH}\.\d\d(?![\d.])|{_YEAR}-{_MONTH}(?![\d-])"
    rf"|{_MONTH}/{_DAY}/\d\d(?![\d/]))",
    "date in digits": rf"(?<![\d.\w]){_YEAR}{_MONTH}{_DAY}(?:[T_-]?\d{{4,6}})?(?:\.\d+)?(?![\d.\w])",
    "date in words": rf"(?i)\b(?:(?:\d{{1,2}}(?:st|nd|rd|th|\.)?[ -](?:de |of )?)(?:{_MONTHS})\b\.?,?[ -](?:de )?"
    rf"(?:{_YEAR}|['’]?\d\d)\b|(?:{_MONTHS})\b\.? \d{{1,2}}(?:st|nd|rd|th)?,? {_YEAR}\b|(?:{_MONTHS})\b\.? {_YEAR}\b)",
    "DICOM date": rf"\b(?:Date|DA|Birth|Study)\W{{1,3}}{_YEAR}[01]\d[0-3]\d\b",
    "time stamp": r"(?<![\d.])(?:1[0-9]{9}|1[0-9]{12}|1[0-9]{15}|1[0-9]{18})(?:\.\d+)?(?![\d.])",
    "date of birth": r"(?i)\b(?:born|DOB|d\.o\.b|geb(?:oren)?|n[ée]e? le|birth ?(?:date|day))\b\W{0,3}"
    r"(?:on |am )?\d",
    "age over 89": r"(?i)\b(?:9\d|1[01]\d)[- ]?(?:years?[- ]old|y/?o\b|yrs?\b)|\bage[d:]? (?:9\d|1[01]\d)\b",
    "path of a machine": rf"(?<![\w/.])/(?:{_ROOTS})/[\w.~-]+|(?<![\w:/.<])(?:/[\w.~-]+){{3,}}|~\w*/[\w.-]+"
    r"|\b[A-Za-z]:[\\/]{1,2}\w[\w .-]+|\\\\[\w.-]+\\\w+|\bfile:/+\S+",
    "web address": rf"\b(?:https?|ftps?|sftp|s3|gs|smb|ssh|dicom)://(?!{_PUBLIC})[^\s\"'<>]+",
    "network address": rf"(?<![\d.]){_BYTE}(?:\.{_BYTE}){{3}}(?![\d.])"
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,6}:(?:[0-9a-fA-F]{1,4}:?){1,6}",
    "hardware address": r"\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b"
    r"|\b[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\b",
    "host": r"(?i)\b(?:[a-z0-9-]+\.)+(?:local|lan|internal|intranet|corp|localdomain|hospital|clinic|home\.arpa)\b"
    r"|\b(?:[a-z0-9-]+\.){2,}(?:com|org|net|edu|gov|de|ch|at|uk|fr|nl|it|es|eu|jp|cn|in|au|ca|br)\b(?<!www\.w3\.org)",
    "login": r"(?i)\b(?:user(?:name)?|login|author|creator|last ?modified ?by|operator|account)\s?[=:]\s?"
    r"['\"]?(?!Matplotlib)[a-z][\w.-]+",
    "ORCID": r"\b\d{4}-\d{4}-\d{4}-\d{3}[\dX]\b",
    "social security number": r"(?<![\d.-])\d{3}-\d{2}-\d{4}(?![\d-])|\b756\.\d{4}\.\d{4}\.\d\d\b"
    r"|\b[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]\b|\b[A-Z]\d{9}\b|(?<![\w.])\d{8}[A-HJ-NP-TV-Z]\b"
    r"|(?<![\d.])[12] \d\d \d\d \d\d \d{3} \d{3}(?: \d\d)?(?!\d)",
    "medical record number": r"(?i)\b(?:MRN|medical record|hospital|chart|(?:patient|pat|fall|case)(?:en)?[ .-]*"
    r"(?:id|no|nr|number|nummer)|PID|patientennummer|fallnummer)\b[\W_]{1,3}(?:(?:id|no|nr|number|nummer)[\W_]{1,3})?[A-Z]{0,3}-?\d{4,}",
    "number of a person": r"(?i)\b(?:ID|badge|staff|employee|GMC|NPI|licen[cs]e|insurance|policy|serial|S/N)\b\W{0,3}"
    r"(?:no|nr|number|#)?\W{0,3}[A-Z]{0,3}\d{5,}\b",
    "accession number": r"(?i)\b(?:accession|acc|auftrags?)\b\W{0,3}(?:no|nr|number|nummer|#)?\W{0,3}[A-Z]{0,3}-?\d{5,}"
    r"|\bauftragsnummer\W{1,3}\w*\d{4,}",
    "NHS number": r"\bNHS\D{1,12}\d{3} ?\d{3} ?\d{4}\b|(?<![\d.,])\d{3} \d{3} \d{4}(?![\d.,])",
    "DICOM identifier": r"(?<![\d.])[0-2](?:\.\d+){5,}(?![\d.])",
    "DICOM name": r"\b[A-Z][A-Za-z'-]+\^[A-Z][A-Za-z'-]*",
    "UUID": r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b",
    "hash": r"(?<![0-9a-fA-F])(?:[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-f]{40})(?![0-9a-fA-F])",
    "bank account": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    "card number": r"(?<![\d.])\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?![\d.])",
    "title with a name": rf"\b(?:Dr|Prof|Mr|Mrs|Ms|Mme|Herr|Frau|Doctor|Professor|Sir)\b\.?"
    rf"(?: (?:med|Dr|Prof)\.)* {_NAME}"
    rf"|\b{_NAME},? (?:MD|M\.D\.|MBBS|FRCR|FACR|PhD|Ph\.D\.|RN)(?!\w)",
    "named person": rf"\b(?i:patient|patientin|pt|name|reader|observer|radiologist|"
    rf"(?:signed|reported|dictated|seen|read|verified|approved)(?: by)?)\b[:=]? {_NAME} {_NAME}",
    "street": r"(?i)\b\d{1,4}[a-z]? (?:[A-Z][\w'-]+ ){1,3}"
    r"(?:street|road|avenue|lane|drive|boulevard|court|st|rd|ave|blvd)\b"
    r"|\b[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|gasse|platz|allee)\b \d|\b(?:rue|calle|via|avenida|rua) [A-Z][\w' -]+,? \d"
    r"|\bP\.? ?O\.? Box \d+",
    "post code": r"\b[A-Z]{2} \d{5}(?:-\d{4})?\b|\b(?:D|CH|A|F|NL|I)-\d{4,5} [A-ZÄÖÜ]\w+"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}\b",
    "place on earth": r"\b\d{1,2}\.\d{3,}°? ?[NS],? ?\d{1,3}\.\d{3,}°? ?[EWO]\b",
    "passport": r"(?i)\bpassport\W{1,3}(?:no\W{1,3})?[A-Z0-9]{6,9}\b",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in _KINDS.items()}
# Names of file formats that look like addresses; SVG and Word files are full of them.
_NAMESPACE = re.compile(
    r"https?://(?:www\.w3\.org|purl\.org|creativecommons\.org|schemas\.(?:openxmlformats|microsoft)\.(?:org|com))/[\w/.#-]*"
)
# A digest is a random number: by chance its digits look like a time stamp or a telephone number. Only its kind, "hash",
# is searched in it.
_DIGEST = re.compile(r"(?<!\w)(?:[0-9a-f]{32,}|[0-9A-F]{32,})(?!\w)")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def plain(text: str) -> str:
    r"""Text as it reads: wide letters and digits made plain, invisible ones taken out.

    Examples
    --------
    >>> plain("ad\u200ba\uff20example.org")
    'ada@example.org'
    """
    if text.isascii():
        return text
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def looks_personal(text: str) -> Iterator[tuple[str, str]]:
    """Yield each kind of personal data that the text seems to hold, with the first words of that kind.

    Examples
    --------
    >>> list(looks_personal("read by ada@example.org on 2024-03-01"))
    [('e-mail address', 'ada@example.org'), ('date', '2024-03-01')]
    """
    text = _NAMESPACE.sub(" ", text)
    masked = _DIGEST.sub(lambda digest: "x" * len(digest.group()), text)
    for kind, pattern in _COMPILED.items():
        if match := pattern.search(text if kind == "hash" else masked):
            yield kind, text[match.start() : match.end()]
