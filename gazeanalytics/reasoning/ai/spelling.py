"""Rows, tables, lists and JSON values of findings, written as sentences that the labeler reads."""

from __future__ import annotations

import re
from typing import Any

__all__ = [
    "FEWEST_ROWS",
    "ROW",
    "STATES",
    "STATE_KEYS",
    "has_head",
    "line_up",
    "spell",
    "spell_options",
    "spell_rows",
    "spell_state",
]

# One row of a list or table: a name, a mark, a state or a probability.
ROW = re.compile(
    r"^[ \t]{0,8}(?:[-*•|]|\d{1,2}[.)])?[ \t|*_]{0,8}([a-z][a-z /()'-]{2,60}?)[ \t*_]{0,8}"
    r"(?:\||:|=|->|[-–—]{1,2} |\.{2,80}|…{1,40})"
    r"[ \t|*_]{0,8}(present|absent|uncertain|positive|negative|yes|no|possible|none|true|false|likely|unlikely|detected"
    r"|not (?:present|seen|detected|identified)|(?:very|most|highly|more|less|quite) (?:likely|probable|unlikely)"
    r"|normal|equivocal|indeterminate|excluded|ruled out|suspected|probable|[01]?\.\d{1,6}|-?[01]|\d{1,3} ?%"
    r"|[✓✔☑✅✗✘☐❌])[ \t*_.,;|]{0,8}(?:\|[^\n]{0,200}|(\([^\n()]{1,80}\)|,? (?:(?:in|at|on|the|left|right|both"
    r"|bilateral|small|moderate|large|mild|severe|trace|tiny|minimal|sided?|bas(?:e|es|al)|ap(?:ex|ical)|upper|lower|middle|lobe"
    r"|lung|zone|acute|chronic|old|new|stable|unchanged)[ -]?){1,6})[ \t*_.|]{0,8}(?:\|[^\n]{0,200})?)?$",
    re.IGNORECASE | re.MULTILINE,
)
FEWEST_ROWS = 2
# "[x] Pneumonia", "[ ] Edema", with ticks and crosses
_TICKED = re.compile(
    r"^[ \t]{0,8}(?:[-*•][ \t]{1,3})?(?:(\[[xX✓✔]\]|[✓✔☑✅])|(\[ ?\]|[✗✘☐❌]))[ \t]{0,4}"
    r"([a-z][a-z /()'-]{2,60}?)[ \t.]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)
# "1. Edema (70 %)": a ranking; one such line alone may give a size
_RANKED = re.compile(
    r"^([ \t]{0,8}(?:[-*•]|\d{1,2}[.)])?[ \t*_]{0,8}[a-z][a-z /'-]{2,60}?)[ \t*_]{0,4}\((\d{1,3}(?:\.\d{1,2})?) ?%\)"
    r"[ \t*_.,;]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)
# "Absent: edema, fracture": a state that heads a list of names
_HEADS = (
    r"present|positive|detected|identified|confirmed|absent|negative|excluded|ruled[ _]out|rejected|unsupported"
    r"|less[ _]likely|unlikely|most[ _]likely|not[ _](?:present|seen|supported|detected|identified|found)"
    r"|uncertain|possible|equivocal|indeterminate|suspected"
)
_HEADED = re.compile(
    rf"^[ \t>*_#•-]{{0,8}}({_HEADS})(?:[ _]findings?|[ _]diagnos[ei]s)?[ \t*_]{{0,4}}:[ \t*_]{{0,4}}"
    r"([a-z][^\n.:]{2,300})",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD = re.compile(rf"(?:{_HEADS})(?:_findings?|_diagnos[ei]s)?", re.IGNORECASE)
_SCORE = re.compile(r"\(([01]?\.\d{1,6})\)")  # "Pneumothorax (0.92)"
_STATE = r"(?:present|absent|positive|negative|uncertain|yes|no|true|false|[01]?\.\d{1,6}|[01])"
_PAIR = re.compile(rf"\s*[a-z][a-z /()'_-]{{2,40}}?\s*[=:]\s*{_STATE}[\s.]*", re.IGNORECASE)  # "edema=1"
_CELL = re.compile(rf"\s*{_STATE}\s*", re.IGNORECASE)
_TITLE = re.compile(r"\s*[a-z][a-z /_-]{2,40}\s*", re.IGNORECASE)
_PARTED = re.compile(r"[;,|\t]")
_RULE = re.compile(r"[\s|:-]+")  # the line below a table's head
_OPTION = re.compile(r"(?:^|(?<=[\s(]))\(?([A-H])(?:[).:]| ?=)[ \t]{1,4}([^\n(),;.]{2,60})", re.MULTILINE)
_LETTERS = re.compile(r"\W*(?:options? )?\(?[A-H]\)?(?:\W{1,3}(?:and )?\(?[A-H]\)?)*\W*")
_LETTER = re.compile(r"\b[A-H]\b")
# Keys of a JSON object that is one finding, and of its state.
_NAMES = ("name", "label", "finding", "condition", "class", "disease", "pathology", "abnormality", "observation")
STATE_KEYS = (
    "status",
    "present",
    "presence",
    "value",
    "state",
    "prediction",
    "probability",
    "prob",
    "score",
    "detected",
)


def line_up(text: str) -> str:
    r"""Give each finding a line of its own where several share one: "edema=1; pneumonia=0", or a table on its side.

    Examples
    --------
    >>> line_up("edema=1; pneumonia=0")
    'edema=1\npneumonia=0'
    >>> line_up("Edema,Fracture\n1,0")
    'Edema: 1\nFracture: 0'
    """
    lines: list[str] = []
    sides: list[str] = []
    for line in text.split("\n"):
        cells = _cells(line)
        if len(cells) > 2 and {"right", "left"} <= {cell.strip().lower() for cell in cells[1:]}:
            sides = [cell.strip().lower() for cell in cells[1:]]
        elif sides and len(cells) == len(sides) + 1 and not _RULE.fullmatch(line):
            lines += [f"{side} {cells[0].strip()}: {cell.strip()}" for side, cell in zip(sides, cells[1:], strict=True)]
            continue
        elif len(cells) < 2:
            sides = []
        titles = _cells(lines[-1]) if lines else []
        if len(cells) > 1 and all(_PAIR.fullmatch(cell) for cell in cells):
            lines += [cell.strip() for cell in cells]
        elif len(cells) > 1 and _are_titles(titles, len(cells)) and all(_CELL.fullmatch(cell) for cell in cells):
            lines[-1:] = [f"{title.strip()}: {cell.strip()}" for title, cell in zip(titles, cells, strict=True)]
        elif not ("|" in line and _RULE.fullmatch(line) and _are_titles(titles, len(cells))):
            lines.append(line)
    return "\n".join(lines)


def _cells(line: str) -> list[str]:
    line = line.strip().strip("|")
    return _PARTED.split(line) if _PARTED.search(line) else []


def _are_titles(cells: list[str], count: int) -> bool:
    return len(cells) == count and all(_TITLE.fullmatch(cell) for cell in cells)


def spell_options(answer: str, text: str) -> str:
    """Write an answer that is only letters as the options that they stand for in the text, if it lists them.

    Examples
    --------
    >>> spell_options("(B)", "Options: (A) Normal chest (B) Edema. Answer: (B)")
    'Edema'
    """
    if not _LETTERS.fullmatch(answer):
        return answer
    options = dict(_OPTION.findall(text))
    named = [options[letter].strip() for letter in _LETTER.findall(answer) if letter in options]
    return ". ".join(named) or answer


def spell_rows(text: str) -> str:
    r"""Write the rows of a list or table of findings as sentences: "| Edema | No |" says "No Edema".

    Examples
    --------
    >>> spell_rows("Edema: no\n- Pneumonia: 0.7\nRotated film.")
    'No Edema.\nPneumonia (probability 0.700).\nRotated film.'
    """
    spelled = ROW.sub(lambda row: f"{spell_state(row.group(1).strip(), _value(row.group(2)))}{_place(row)}.", text)
    ticked = _TICKED.sub(lambda row: f"{spell_state(row.group(3).strip(), bool(row.group(1)))}.", spelled)
    if len(_RANKED.findall(ticked)) >= FEWEST_ROWS:
        ticked = _RANKED.sub(lambda row: f"{row.group(1)} (probability {float(row.group(2)) / 100:.3f}).", ticked)
    ticked = _HEADED.sub(lambda row: f"{_spell_list(row.group(1), re.split('[,;]', row.group(2)))}.", ticked)
    return _SCORE.sub(r"(probability \1)", ticked)


def _place(row: re.Match[str]) -> str:
    """What a row adds to its state in brackets: "present (right base)"."""
    added = row.group(3)
    return f" {added}" if added and not any(letter.isdigit() for letter in added) else ""


def _spell_list(head: str, names: list[Any]) -> str:
    """Say of each name of a list what its head says: "absent" of edema and fracture."""
    own = [str(name).strip(" *_") for name in names]
    state = head.lower().replace("_", " ")
    return ". ".join(
        name if re.match(r"(?:no|not|none)\b", name.lower()) else spell_state(name, state) for name in own if name
    )


def has_head(key: str) -> bool:
    """Whether a key of a JSON object is a state that heads a list of names: "ruled_out"."""
    return _HEAD.fullmatch(key) is not None


def _value(written: str) -> str | float:
    """A row's value: a state in words, or a probability."""
    number = written.replace(" ", "")
    if number[:1].isdigit() or number[:1] == ".":
        return float(number.rstrip("%")) / (100 if number.endswith("%") else 1)
    return written.lower()


_ORGAN = re.compile(
    r"\b(?:lungs?|heart|cardiac|silhouette|pleura|pleural spaces?|mediastinum|mediastinal|hila|bones?|ribs|diaphragm"
    r"|contours?|angles|size|fields|structures|chest|vasculature)\b"
)
_NO = {
    *("absent", "negative", "no", "none", "false", "normal"),
    *("not present", "not seen", "not detected", "not identified", "not supported", "not found", "unsupported"),
    *("excluded", "ruled out", "rejected", "✗", "✘", "☐", "❌"),
}
_OPEN = {"uncertain", "possible", "equivocal", "indeterminate", "suspected", "-1", "-1.0"}  # CheXpert writes -1
_YES = {"present", "positive", "yes", "true", "detected", "identified", "confirmed", "✓", "✔", "☑", "✅"}
STATES = _NO | _OPEN | _YES | {"likely", "unlikely", "probable"}


def spell(item: Any) -> str:
    """A JSON value as words that the labeler reads."""
    if isinstance(item, dict):
        named = _named_state(item)
        if named is not None:
            return spell_state(*named)
        return ". ".join(filter(None, (_spell_entry(str(key), inner) for key, inner in item.items())))
    if isinstance(item, list):
        return (". " if any(isinstance(inner, dict) for inner in item) else ", ").join(spell(inner) for inner in item)
    if item is None:
        return "No finding"
    return str(item)


def _spell_entry(key: str, value: Any) -> str:
    """One key of an object: a finding with its state, or a state with its findings."""
    if has_head(key) and isinstance(value, list | str):
        return _spell_list(key, value if isinstance(value, list) else re.split("[,;]", value))
    return spell_state(key, value)


def _named_state(item: dict[Any, Any]) -> tuple[str, Any] | None:
    """Name and state of an object that is one finding: {"name": "edema", "status": "negative"}."""
    keys = {str(key).lower(): value for key, value in item.items()}
    name = next((keys[key] for key in _NAMES if isinstance(keys.get(key), str)), None)
    value = next((keys[key] for key in STATE_KEYS if key in keys), None)
    return (name, value) if name is not None and value is not None else None


def spell_state(name: str, value: Any) -> str:
    """Say of a finding what its value says: true, "absent", .7."""
    words = name.replace("_", " ")
    if isinstance(value, dict):
        kept = [
            value[key] for key in ("status", "label", "present", "value", "probability", "prediction") if key in value
        ]
        return spell_state(name, kept[0]) if kept else f"{words}: {spell(value)}"
    if value is True or str(value).lower() in _YES:
        return f"{words} is present"
    if str(value).lower() == "normal" and _ORGAN.search(words.lower()):
        return f"Normal {words}"
    if value is False or value is None or str(value).lower() in _NO:
        return f"No {words}"
    if str(value).lower() in _OPEN:
        return f"Possible {words}"
    if isinstance(value, int | float):
        return (
            f"{words} is present"
            if value == 1
            else f"No {words}"
            if value == 0
            else f"{words} (probability {float(value):.3f})"
        )
    if isinstance(value, str) and value.split(" ")[-1] in ("likely", "unlikely", "probable"):
        return f"{words} is {value}"
    return f"{words}: {spell(value)}"
