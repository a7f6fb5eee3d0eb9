"""Statements whose words stand apart: "rule pneumonia out", "none on the left, some on the right", "s/p lobectomy".

A cue with a direction and a scope reads none of these, as one half stands before the name and the other after it.
"""

from __future__ import annotations

import itertools
import re

from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, ASKED
from gazeanalytics.reasoning.labeler.mention import Mention, Stated
from gazeanalytics.reasoning.labeler.phrase_matching import Item

__all__ = ["AFFIRMED", "state_apart"]

# Words of which each of these statements holds one: looked for first, since few sentences do.
_LISTING = frozenset({"differential", "differentials", "ddx", "considerations", "possibilities", "diagnosis"})
_PAST_WORDS = frozenset({"prior", "previous", "past", "former", "earlier", "treated"})
_APART = (
    _LISTING
    | _PAST_WORDS
    | {
        *("out", "back", "off", "aside", "away", "sure", "certain", "wrong", "positive", "commit", "decide"),
        *("s/p", "status", "was", "were", "had", "showed", "except", "excepting", "excepted", "exception", "apart"),
        *("than", "too", "between", "much", "from"),
    }
)

AFFIRMED: Stated = (0.98, 0.90, 1.0)

_PAST: Stated = (0.10, 0.0, 0.50)
_DENIED: Stated = (0.02, 0.0, 0.10)
_NOT_RULED_OUT: Stated = (0.365, 0.05, 0.60)
_EVEN: Stated = (0.50, 0.25, 0.75)
_TOO_MUCH: Stated = (0.12, 0.05, 0.25)  # as unlikely
_UNCERTAIN: Stated = (0.60, 0.30, 0.85)
_NOT_CHOSEN: Stated = (0.25, 0.10, 0.40)  # as less likely
_CHOSEN_FROM = 0.55
_TOO = re.compile(
    r"\btoo (?:[a-z]+ ){1,3}?(?:for|to (?:be|represent|reflect|call(?: it| this| that)?))"
    r"(?: (?:an?|any|the|simple|true|real))*(?: (?:left|right|small|large))? ?$"
)
_CHOICE = re.compile(r"\bbetween\b[^,;.]{3,60}?\band\b [a-z]+(?: [a-z]+)?")
_NOT_SO_MUCH = re.compile(r"\b(?:not|n't) (?:so|as) much\b[^,;.]{3,60}? as\b")
# "The differential for this opacity includes pneumonia and atelectasis" chooses none of them.
_CONSIDERED: Stated = (0.29, 0.10, 0.65)
_DIFFERENTIAL = re.compile(
    r"\b(?:differentials?(?: diagnos[ei]s)?|ddx|considerations?|possibilities)\b[^.;:]{0,60}?"
    r"(?:\b(?:includes?|including|are|is|would be|being|contains?|lies between|spans?)\b|:)"
)
_INSEPARABLE = re.compile(
    r"\b(?:can't|cannot|can not|couldn't|unable to|hard to|difficult to|impossible to|not possible to)"
    r" (?:[a-z]+ly )?(?:distinguish|differentiate|separate|discriminate)\b[^.;]{3,60}?\bfrom\b"
    r" [a-z]+(?: [a-z]+){0,2}"
)
_UNSURE = re.compile(
    r"(?:\b(?:far from|not|less than|by no means|hardly|never) (?:[a-z0-9]+ %? ?)?(?:certain|sure|positive)"
    r"|\b(?:may|might|could) be wrong|\bif i'?m (?:not )?wrong"
    r"|\bbut (?:i )?(?:can't|cannot|won't|couldn't) (?:quite |fully )?(?:commit|decide))\b"
    r"(?:[^.]{0,12}\b(?:but|though|yet)\b|[,\s]{1,3}(?:i think|i believe|i'd say)|\W*$)"
)
# "No fracture except of the left third rib": what is left out of a denial is there, at its own place or of its size.
_EXCEPT = re.compile(
    r"\b(?:except(?:ing|ed)?|exception|apart|aside|other than)\b(?: (?:for|from|of|on|at|in))?"
    r"(?= [^.;]*?\b(?:(left|right)|bases?|basal|apex|apices|apical|upper|lower|mid\w*|lobes?"
    r"|zones?|ribs?|clavicles?|small|tiny|trace|minimal|mild|one|some|little|bit)\b)[^.;]*"
)
# "There was an effusion last week", "the prior film showed a nodule": of another time, unless it is still so.
_ONCE = re.compile(r"\b(?:was|were|had)\b|^\W*(?:[a-z]+ ){1,4}showed\b")
_DEFINITE = re.compile(r"\b(?:the|this|that|these|those|same)(?: [a-z]+){0,2} ?$")
_IMAGE = r"(?:film|study|exam\w*|radiograph|image|x-?ray|scan|ct|chest|one|day|admission|visit|time)s?"
_BEFORE = r"(?:prior|previous|old|older|earlier|last|outside|comparison|preceding)"
_THEN = re.compile(
    rf"\b(?:last (?:week|month|year|time|night|summer|winter|spring|autumn|visit|admission)|yesterday"
    rf"|(?:\d+|an?|two|three|four|five|six|ten|several|few|some|many) (?:hour|day|week|month|year)s? ago"
    rf"|(?:on|in|at) (?:the |his |her |that |an? )?{_BEFORE}(?: [a-z]+)? {_IMAGE}|on (?:the )?(?:prior|previous)s?\b"
    rf"|^\W*(?:the |his |her |an? )?{_BEFORE}(?: (?:chest )?{_IMAGE})? (?:showed|had|demonstrated|revealed|described)"
    r"|(?:in|since|from) (?:(?:19|20)\d\d|january|february|march|april|may|june|july|august|september|october|november"
    r"|december)|as an? (?:child|boy|girl|teenager|baby))\b"
)
_NOW = re.compile(
    r"\b(?:is|are|has|have|still|remain\w*|unchanged|persist\w*|again|stable|now|today|current\w*|similar|same|since"
    r"|longer|gone|resolved|cleared|not|no)\b"
)
# "Prior pneumonia", "treated empyema": gone, unless something says that it is still so. Bones and scars keep traces.
_BYGONE = re.compile(
    r"\b(?:prior|previous|past|former|earlier|treated)"
    r"(?: (?:left|right|small|large|bilateral|lobar|severe|basal|apical|upper|lower|lobe)){0,3} ?$"
)
_STILL = re.compile(
    r"\b(?:still|persist\w*|unchanged|again|stable|remain\w*|larger|smaller|bigger|increas\w+|decreas\w+|wors\w+"
    r"|improv\w+|progress\w+|enlarg\w+|similar|residual|seen|visible|present|noted)\b"
)
_LASTING = frozenset(
    {"fracture", "support_device", "scar", "fibrosis", "pleural_thickening", "pleural_scar", "pleural_abnormality"}
)
_OTHER = re.compile(
    r"\b(?:(?:small|tiny|trace|little|moderate|large|big|huge|massive|definite|clear|obvious)"
    r"(?: (?:amount|one|volume|collection))?(?: (?:is|are|there))? (?:on|at|in)|(?:some|one|a lot|plenty) (?:on|at))"
    r" the (right|left)(?: side)?\W*$"
)
_SPLIT = (
    r"\b(?:rul(?:e|es|ed|ing)|leav(?:e|es|ing)|left|tak(?:e|es|en|ing)|took|cross(?:ed|es|ing)?|throw(?:ing)?"
    r"|put(?:ting)?|turn(?:ed|ing)?|writ(?:e|ing)|set(?:ting)?)(?: (?:that|the|my|this|an|a|any|a diagnosis of))? ?$"
)
_VERB = re.compile(
    r"(?:(can't|cannot|can not|couldn't|not|unable to|hard to|difficult to)|(to|needs? to|must|should|please)) ?"
    rf"(?:[a-z]+ly )?{_SPLIT}|{_SPLIT}"
)
_PARTICLE = re.compile(r" ?\b(?:out|back|off|aside|away)\b(?! (?:of the|to the))")


def state_apart(found: list[Mention], items: list[Item], sentence: str, parts: list[str]) -> None:
    """Change what is said of the names of a sentence where the words that say it stand apart.

    Parameters
    ----------
    found : list of Mention
        Changed in place.
    items : list of Item
        The phrases of the sentence.
    sentence : str
        In lower case.
    parts : list of str
        Of the sentence, from `cut`.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.lexicons import lexicon
    >>> from gazeanalytics.reasoning.labeler.negation import mentions
    >>> mentions("i'm ruling pneumonia out", lexicon().phrases)[0].stated[0]
    0.02
    """
    if not _APART.isdisjoint(parts):
        _state_split_verbs(found, sentence)
        _state_reserved(found, sentence)
        if not _LISTING.isdisjoint(parts):
            _state_considered(found, sentence)
        if " much " in sentence:
            _state_not_so_much(found, sentence)
        if "s/p" in sentence or "status post" in sentence:
            _state_past(found, items, sentence)
        if ("was " in sentence or "were " in sentence or "had " in sentence or "showed " in sentence) and (
            _NOW.search(sentence) is None
        ):
            _state_once(found, sentence)
        if not _PAST_WORDS.isdisjoint(parts) and _STILL.search(sentence) is None:
            _state_bygone(found, sentence)
        if found[-1].stated[0] <= ABSENT_TO:
            _add_exception(found, sentence)
    if "side" in found[-1].modifiers and found[-1].stated[0] <= ABSENT_TO:
        _add_other_side(found, sentence)


def _state_split_verbs(found: list[Mention], sentence: str) -> None:
    """Read a verb whose second half follows the name: "rule it out", "can't rule pneumonia out"."""
    for mention in found:
        before = sentence[max(mention.start - 40, 0) : mention.start]
        verb = _VERB.search(before) if _PARTICLE.match(sentence, mention.stop) else None
        if verb is not None:
            mention.stated = _NOT_RULED_OUT if verb.group(1) else ASKED if verb.group(2) else _DENIED


def _state_reserved(found: list[Mention], sentence: str) -> None:
    """Read "too sharp for a consolidation", "between edema and pneumonia ..." and "I could be wrong, but ..."."""
    unsure = _UNSURE.search(sentence) is not None
    choice = _CHOICE.search(sentence)
    alike = _INSEPARABLE.search(sentence)
    between = [one for one in found if choice is not None and choice.start() < one.start < choice.end()]
    chosen = {one.concept for one in found if one not in between and one.stated[0] >= _CHOSEN_FROM}
    for mention in found:
        if mention.stated[0] > ABSENT_TO and _TOO.search(sentence[max(mention.start - 50, 0) : mention.start]):
            mention.stated = _TOO_MUCH
        elif alike is not None and alike.start() < mention.start < alike.end() and mention.stated[0] > ABSENT_TO:
            mention.stated = _EVEN
        elif unsure and mention.stated[0] > _UNCERTAIN[0]:
            mention.stated = _UNCERTAIN
    if len(between) > 1 and not chosen.isdisjoint({one.concept for one in between}):
        for mention in between:
            mention.stated = _NOT_CHOSEN if mention.concept not in chosen else mention.stated


def _state_considered(found: list[Mention], sentence: str) -> None:
    """Leave open what a differential lists."""
    listing = _DIFFERENTIAL.search(sentence)
    for mention in found if listing is not None else ():
        if mention.start >= listing.end() and mention.stated == AFFIRMED:  # pyright: ignore[reportOptionalMemberAccess]
            mention.stated = _CONSIDERED


def _state_not_so_much(found: list[Mention], sentence: str) -> None:
    """Read both sides of "not so much an effusion as pleural thickening"."""
    turn = _NOT_SO_MUCH.search(sentence)
    for mention in found if turn is not None else ():
        if mention.start >= turn.end():  # pyright: ignore[reportOptionalMemberAccess]
            mention.stated = AFFIRMED
        elif mention.start > turn.start():  # pyright: ignore[reportOptionalMemberAccess]
            mention.stated = _DENIED


def _state_once(found: list[Mention], sentence: str) -> None:
    """Let what is said of another time be history, where nothing in the sentence speaks of today."""
    if _ONCE.search(sentence) is None or _THEN.search(sentence) is None:
        return
    for mention in found:
        known = _DEFINITE.search(sentence[max(mention.start - 30, 0) : mention.start])
        if mention.stated == AFFIRMED and mention.concept != "support_device" and known is None:
            mention.stated = _PAST


def _state_bygone(found: list[Mention], sentence: str) -> None:
    """Let what a word before the name calls past be history: "prior pneumonia"."""
    for mention in found:
        if mention.stated == AFFIRMED and mention.concept not in _LASTING:
            before = sentence[max(mention.start - 50, 0) : mention.start]
            mention.stated = _PAST if _BYGONE.search(before) else mention.stated


def _add_exception(found: list[Mention], sentence: str) -> None:
    """Say of a place that is left out of a denial what is denied elsewhere: "no effusion except on the left"."""
    denied = found[-1]
    left_out = _EXCEPT.search(sentence, denied.stop)
    if left_out is not None:
        side = {"side": left_out.group(1)} if left_out.group(1) else {}
        found.append(Mention(*left_out.span(), denied.concept, AFFIRMED, side))


def _add_other_side(found: list[Mention], sentence: str) -> None:
    """Say of the other side what is said without the name: "no fluid on the left, a moderate amount on the right"."""
    denied = found[-1]
    other = _OTHER.search(sentence, denied.stop)
    if other is not None and other.group(1) != denied.modifiers["side"]:
        own = {**denied.modifiers, "side": other.group(1)}
        found.append(Mention(*other.span(), denied.concept, AFFIRMED, own))


def _state_past(found: list[Mention], items: list[Item], sentence: str) -> None:
    """Let what a patient is "status post" be history; devices that were put in are still there."""
    after = {item.start: before for before, item in itertools.pairwise(items)}
    for mention in found:
        before = after.get(mention.start)
        while before is not None and before.entry.modifiers and not before.entry.scope:
            before = after.get(before.start)
        if before is None or mention.stated != AFFIRMED or mention.concept == "support_device":
            continue
        if sentence[before.start : before.stop] in ("s/p", "status post"):
            mention.stated = _PAST
