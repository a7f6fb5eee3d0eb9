"""What one sentence says of each finding: by name, sign, statement about the whole, reply or retraction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, ASKED
from gazeanalytics.reasoning.labeler.heart_share import heart_share
from gazeanalytics.reasoning.labeler.lexicons import Lexicon, Link
from gazeanalytics.reasoning.labeler.negation import Mention, mentions
from gazeanalytics.reasoning.labeler.phrase_matching import cut, spoken
from gazeanalytics.reasoning.labeler.questions import QUESTION_STARTS, Asks, asks
from gazeanalytics.reasoning.labeler.replies import Reply, find_reply, find_reply_after

__all__ = ["BARE_LINE", "MODIFIERS", "REST", "Mimic", "Said", "Stated", "What", "say"]

MODIFIERS = ("side", "zone", "severity", "change")
REST = "rest of the chest"  # concept of a statement about the whole that leaves out what was said before
BARE_LINE = "bare_line"  # concept of "the line", of a device or of the pleura

Stated = tuple[float, float, float]
What = tuple  # finding, p, low, high, the modifiers, concept, act

_NOWHERE = (None,) * len(MODIFIERS)
_HEDGED_FROM, _HEDGED_TO = 0.10, 0.95  # between these a statement counts as hedged
_BENIGN = 0.8  # who names a harmless cause has turned away from the finding already, hedge or not
_WEAK = 0.10  # a mimic that is named without a hedge still leaves the finding this probable

# A conclusion in so many words. "So" and "overall" are left out: people say them at every turn.
_CONCLUDES = re.compile(
    r"[\W_]*(?:in (?:summary|conclusion)|to (?:summari[sz]e|conclude|sum up)|(?:final|overall|my|the|most likely"
    r"|working|leading|primary)? ?(?:final )?(?:diagnos[ie]s|impressions?|conclusions?|answer|read|verdict|assessment"
    r"|interpretation)\s*(?:is|[*_]*:|\W*$|\n)|i (?:conclude|settle|decide|commit)|i(?:'ll| will|'d| would|'m| am)"
    r" (?:go(?:ing)?|stick(?:ing)?|finali[sz]e|sign)\b|bottom line|final(?:ly)?[,:])"
)
_REVISES = re.compile(
    r"\W*(?:(?:no|oh|hmm+|hm|well|ok|okay|but|and|so|ah|um|uh)\W+)*(?:wait|actually|hold on|hang on|correction|sorry"
    r"|scratch|never ?mind|false alarm|forget|strike|disregard|on (?:second|further|closer|re|careful|a second)[ -]?"
    r"(?:thoughts?|look|glance|inspection|review|reflection|examination)"
    r"|(?:looking|look) (?:again|closer|closely|more closely)|let me (?:re|correct|revise|take)"
    r"|i (?:change|revise|correct|take)|in fact|having (?:looked|reviewed)|now that i|no,)"
)
_RETRACTS = re.compile(
    r"\b(?:scratch|strike|forget|ignore|disregard|cancel) (?:that|it|this)\b|\btake (?:that|it) back|\bnever ?mind"
    r"|\bi was (?:wrong|mistaken)|\bfalse alarm|\bchanged? my mind"
)
# What stands right before a name that explains away the one before: "that's just a bulla", "it is only the aorta".
_EXPLAINS = re.compile(
    r"\b(?:it|this|that|they|those|these|which)(?:'s|'re| is| was| are| were| turns? out to be| turned out to be"
    r"| must be) (?:probably |likely |clearly |really |actually |in fact )*(?:just|only|merely|simply"
    r"|nothing (?:but|more than)|explained by|accounted for by)"
    r"(?: (?:an?|the|some|my|part of|due to|from|old|apical|linear))*\s*$"
)
# One explanation is settled on: "more like atelectasis", "I'm going with edema".
_SETTLES = re.compile(
    r"\bmore (?:like|likely|suggestive|typical|consistent|compatible|in keeping)\b"
    r"|\b(?:better|best) (?:fits?|explained)\b"
    r"|^\W*(?:(?:now|so|then)\W+)?favou?r(?:ing)?\b"
    r"|^\W*(?:(?:so|ok|okay|then|i think|i believe)\W+)?(?:it|this|that)(?:'?s| is)\b|\bit (?:is|must be|has to be)\W*$"
    r"|\bi(?:'ll| will|'m|'d| am| would)? (?:go(?:ing)? (?:with|for|to (?:call|say|put))|settle (?:on|for)"
    r"|call (?:it|this|that)"
    r"|favou?r|say|bet)\b"
)
_SETTLING = spoken("more better best favor favour favoring favouring it its this that thats i")
# "That's a hiatus hernia."
_IDENTIFIES = re.compile(
    r"\W*(?:(?:so|no|ok|okay|well|oh|ah|but|actually|of course|i think|i believe)\W+){0,3}"
    r"(?:it|this|that|they|these|those)(?:'s|'re| is| are| must be| has to be| turns out to be| looks like)"
    r" (?:(?:clearly|actually|obviously|really|probably|just|only) )?(?:an? |the |some |old |big |small |large )*$"
)
_OF_WIDTH = frozenset({"ratio", "ctr", "index", "%", "percent", "cent", "cm", "centimeters", "centimetres"})
_ONLY = re.compile(
    r"\W*(?:(?:so|ok|okay|well|then|and|but|probably|likely)\W+){0,3}(?:just|only|merely|simply|nothing but)\b"
)
# What comes after an "or" of its own leaves what was named before open: "A pneumothorax. Or a bulla."
_OR = re.compile(
    r"\W*(?:(?:hmm+|hm|well|oh|but|then again|alternatively|maybe|perhaps)\W+){0,2}or\b(?! (?:rather|not|so))"
)
# "It could also be scarring" leaves open what was named before.
_ALTERNATIVE = re.compile(
    r"\W*(?:(?:but|though|although|then again|well|hmm+|alternatively|still|of course|maybe|perhaps)\W+){0,3}"
    r"(?:(?:it|this|that|they|these|those)(?:'s| is)? )?(?:could|may|might|can)"
    r"(?: (?:just|also|well|equally|simply|still|only|merely|easily|conceivably|as well|all)){0,3} be\b"
)
_QUESTIONED = 0.4  # what a question mark states
_EITHER: Stated = (0.5, 0.25, 0.75)
_BARE = re.compile(r"\W|\b(?:so|ok|okay|then|definitely|clearly|must be|has to be|pulmonary|lung|i think|i say)\b")
_LONGEST_BARE = 30  # characters around the name
_SWITCHES = re.compile(
    r"\b(?:switch(?:ing|ed)?|chang(?:e|ing|ed)|revis(?:e|ing|ed)|mov(?:e|ing|ed)|amend(?:ing|ed)?|convert(?:ing|ed)?)"
    r" (?:(?:it|this|that|my|the|over|answer|call|mind|read|diagnosis|impression) ){0,3}(?:to|into)\b|\binstead\W*$"
)
_SWITCHING = frozenset({"to", "into", "instead"})
_SETTLED_FROM = 0.55
_OF_ILLNESS = frozenset(
    {"acute_process", "cardiomediastinum", "pleural_abnormality"}
)  # what is stated of these is stated of an abnormality
_NOTHING_WRONG: Stated = (0.98, 0.90, 1.0)
_SHORTEST = 8  # characters of an explanation at least: "it's just"
_EXPLAINING = frozenset({"just", "only", "merely", "simply", "nothing", "explained", "accounted"})
# The whole sentence says that all is normal. Without "it", which may be the heart.
_NORMAL = re.compile(
    r"\W*(?:(?:so|well|ok|okay|overall|absolutely|completely|entirely|totally|perfectly|essentially|basically|otherwise"
    r"|this|that|it|all|everything|is|was|looks?|that's|i'd|i|would|will|call|report|read|say|sign|dictate|file|label|put"
    r"|pass|go|consider|one|off|out|down|with|as|the|a|an|conclusion"
    r"|impression|diagnosis|final|answer|findings?|result)\W+){0,8}(?:normal|unremarkable|negative)\W*$"
)
# "lungs heart bones pleura all fine"
_PARTS = re.compile(
    r"(?=.*\blungs?\b)(?=.*\bheart\b)(?=.*\b(?:bones?|ribs|pleura)\b)"
    r"\W*(?:(?:lungs?|heart|bones?|ribs|pleura|mediastinum|hila|diaphragms?|soft tissues|and|the)\W+){3,12}"
    r"(?:(?:are|is|all|both|look|looks) ){0,3}(?:normal|fine|clear|ok|okay|good|unremarkable|clean)\W*$"
)
_LEAVES_OUT = re.compile(
    r"\b(?:otherwise|rest|remain\w*|elsewhere|other(?: than)?|apart|aside|except\w*|besides|additional|new|further"
    r"|change)\b"
)


@dataclass(frozen=True, slots=True)
class Mimic:
    """Something named that only looks like a finding.

    Attributes
    ----------
    concepts : frozenset of str
        What it explains.
    stated : (p, low, high)
        What is then left of an earlier claim of these.
    start, stop : int
        Characters of the sentence.

    Examples
    --------
    >>> Mimic(frozenset({"pneumothorax"}), (0.1, 0.0, 0.3), 5, 14).stated[0]
    0.1
    """

    concepts: frozenset[str]
    stated: Stated
    start: int
    stop: int


@dataclass(slots=True)
class Said:
    """What a sentence says.

    Attributes
    ----------
    whats : list of tuple
        finding, p, low, high, side, zone, severity, change, concept, act of each statement.
    starts, stops : list of int
        Characters from and to of each.
    reply : Reply or None
        What it says of the finding named before.
    mimics : tuple of Mimic
        What it names that only looks like a finding.
    retracts : bool
        Whether it takes back the finding named before and then names another: "scratch that, it is edema".
    settles : bool
        Whether it settles on one of several explanations: "more like atelectasis".
    only : bool
        Whether it makes light of what was named last: "just scarring".
    asks : {"", "attribute", "existence"}
        What it asks of what was named before.
    of_before : bool
        Whether the reply speaks of what was named before, although the sentence names something: "or a bulla".
    lines : bool
        Whether it speaks of "the line", which may be a device or an edge.

    Examples
    --------
    >>> Said().whats
    []
    """

    whats: list[What] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    reply: Reply | None = None
    mimics: tuple[Mimic, ...] = ()
    retracts: bool = False
    settles: bool = False
    only: bool = False
    of_before: bool = False
    lines: bool = False
    asks: Asks = ""

    def add(self, what: What, start: int, stop: int) -> None:
        """Add a statement."""
        self.whats.append(what)
        self.starts.append(start)
        self.stops.append(stop)


def say(sentence: str, book: Lexicon, *, implied: bool = True) -> Said:
    """Read a lower-case sentence.

    Parameters
    ----------
    sentence : str
        In lower case.
    book : Lexicon
        What to look for.
    implied : bool
        Whether statements about the whole speak of each finding that they cover.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.lexicons import lexicon
    >>> [what[:2] for what in say("no effusion, cardiothoracic ratio of 0.62", lexicon()).whats]
    [('pleural_effusion', 0.02), ('cardiomegaly', 0.95)]
    """
    said = Said()
    if sentence[-1:] == "?" or sentence[:3] in QUESTION_STARTS:
        said.asks = asks(sentence)
    parts = cut(sentence)
    named = mentions(sentence, book.phrases, parts)
    act = _role(sentence) if named else ""
    whole = _add_named(said, named, book, act, implied=implied)
    if not _OF_WIDTH.isdisjoint(parts):
        _add_share(said, sentence, book)
    form = _NORMAL if not named else _PARTS if "heart" in sentence else None
    if form is not None and implied and "healthy_chest" in book.covers and form.match(sentence):
        whole = [Mention(0, len(sentence), "healthy_chest", _NOTHING_WRONG)]
    for mention in whole:
        _add_covered(said, mention, book, sentence)
    _settle(said, sentence, named, book, parts)
    if said.asks == "attribute":
        said.whats = [(*what[:-1], "asked") if what[1] == _QUESTIONED else what for what in said.whats]
    if named and _leaves_open(sentence, parts):
        if " be " not in sentence:
            said.whats = [(what[0], *min(what[1:4], _EITHER), *what[4:]) for what in said.whats]
        said.reply, said.of_before = Reply(_EITHER, "hedged", 0, len(sentence)), True
    elif not said.whats or all(what[0] == "support_devices" for what in said.whats):
        said.reply = find_reply(sentence, parts=parts)
        said.of_before = said.reply is not None and bool(said.whats)
    else:
        before = sentence[: said.starts[0]]
        said.retracts = (act == "revised" and _RETRACTS.search(before) is not None) or (
            len(before) > _SHORTEST and not _EXPLAINING.isdisjoint(parts) and _EXPLAINS.search(before) is not None
        )
        said.reply = find_reply_after(sentence, said.stops[-1], asked=said.whats[-1][-1] == "asked")
    return said


def _leaves_open(sentence: str, parts: list[str]) -> bool:
    """Whether a sentence names another choice beside what was named before it: "or a bulla", "it could also be"."""
    if "be" in parts and _ALTERNATIVE.match(sentence) is not None:
        return True
    return "or" in parts and _OR.match(sentence) is not None


def _add_named(said: Said, named: list[Mention], book: Lexicon, act: str, *, implied: bool) -> list[Mention]:
    """Add what is said of each name; return the names of the whole."""
    whole = []
    for mention in named:
        concept = mention.concept
        said.lines = said.lines or concept == BARE_LINE
        if concept in book.mimics:
            said.mimics += tuple(_mimic(mention, book.mimics[concept]))
        elif implied and concept in book.covers:
            whole.append(mention)
        for link in book.links.get(concept, ()):
            stated = _reach(mention.stated, link)
            if stated is not None:
                said.add(_what(mention, link.finding, stated, act), mention.start, mention.stop)
    return whole


def _settle(said: Said, sentence: str, named: list[Mention], book: Lexicon, parts: list[str]) -> None:
    """Note whether the sentence settles on the explanation that it names, or says what it is: "that's a hernia"."""
    stated = {mention.concept for mention in named if mention.stated[0] >= _SETTLED_FROM}
    if not book.alternatives.isdisjoint(stated):
        switches = not _SWITCHING.isdisjoint(parts) and _SWITCHES.search(sentence) is not None
        said.only = switches or _ONLY.match(sentence) is not None
        settles = not _SETTLING.isdisjoint(parts) and _SETTLES.search(sentence) is not None
        said.settles = said.only or settles or _is_bare(sentence, named)
    elif stated and named[0].concept in stated & book.look_alikes:
        said.settles = said.only = _IDENTIFIES.match(sentence[: named[0].start]) is not None


def _is_bare(sentence: str, named: list[Mention]) -> bool:
    """Whether a sentence is hardly more than one name: "Edema.", "So, definitely edema."."""
    mention = named[0]
    if len(named) > 1 or len(sentence) - mention.stop + mention.start > _LONGEST_BARE:
        return False
    return _BARE.sub("", sentence[: mention.start] + sentence[mention.stop :]) == ""


def _role(sentence: str) -> str:
    """Whether the sentence as a whole concludes or revises."""
    return "concluded" if _CONCLUDES.match(sentence) else "revised" if _REVISES.match(sentence) else ""


def _what(mention: Mention, finding: str, stated: Stated, act: str) -> What:
    given = mention.modifiers
    places = tuple([given.get(name) for name in MODIFIERS]) if given else _NOWHERE
    return (finding, *stated, *places, mention.concept, mention.act or act or _hedging(stated))


def _hedging(stated: Stated) -> str:
    if not _HEDGED_FROM < stated[0] < _HEDGED_TO:
        return "stated"
    return "asked" if stated == ASKED else "hedged"


def _reach(stated: Stated, link: Link) -> Stated | None:
    """What is stated of a finding, given what is stated of a concept; None when nothing is."""
    p, low, high = stated
    if link.one_way and p <= ABSENT_TO:
        return None
    if link.inverse:
        return (round(1 - p, 6), round(1 - high, 6), round(1 - low, 6))
    if p <= ABSENT_TO or link.reach == 1:
        return stated
    return (round(p * link.reach, 6), round(low * link.reach, 6), high)


def _mimic(mention: Mention, explained: frozenset[str]) -> Iterator[Mimic]:
    """A mimic that is denied, or not said to be what is seen, explains nothing."""
    p, low, high = mention.stated
    if p > ABSENT_TO and mention.act != "asked":
        left = (max(round(_BENIGN * (1 - p), 6), _WEAK), round(1 - high, 6), max(round(1 - low, 6), _WEAK))
        yield Mimic(explained, left, mention.start, mention.stop)


def _add_share(said: Said, sentence: str, book: Lexicon) -> None:
    """Add what the heart's share of the chest's width says of its size."""
    measured = heart_share(sentence)
    if measured is not None:
        stated, start, stop = measured
        for link in book.links.get("heart", ()):
            said.add((link.finding, *stated, *_NOWHERE, "heart", _hedging(stated)), start, stop)


# A reader who says "normal chest" has answered every question about it. Without these rows the flattest readings have
# no stated probability and drop out of every model of certainty, which then describes the wordy ones.
def _add_covered(said: Said, mention: Mention, book: Lexicon, sentence: str) -> None:
    """Let a statement about the whole speak of each finding that it covers and that the sentence doesn't name."""
    p, low, high = mention.stated
    healthy = mention.concept not in _OF_ILLNESS
    if healthy:
        if p <= ABSENT_TO or mention.act == "asked":
            return
        p, low, high = round(1 - p, 6), round(1 - high, 6), round(1 - low, 6)
    elif p > ABSENT_TO:
        return
    explicit = {what[0] for what in said.whats if what[-1] != "asked"}
    concept = REST if _LEAVES_OUT.search(sentence) else mention.concept
    for finding, _ in book.covers[mention.concept]:
        if finding not in explicit and finding != "no_finding":
            said.add((finding, p, low, high, *_NOWHERE, concept, "implied"), mention.start, mention.stop)
            explicit.add(finding)
