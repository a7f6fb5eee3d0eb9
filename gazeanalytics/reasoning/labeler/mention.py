"""One thing named in a text and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Mention", "Stated"]

Stated = tuple[float, float, float]


@dataclass(slots=True)
class Mention:
    """One thing named in a text and what is said of it.

    Attributes
    ----------
    start, stop : int
        Characters of the text.
    concept : str
        What is named.
    stated : (p, low, high)
        Stated probability that it is there, and what the words may mean.
    modifiers : dict
        side, zone, severity, change.
    act : str
        compared, retracted or asked, where the sentence does more than state; else empty.

    Examples
    --------
    >>> from gazeanalytics.reasoning.labeler.lexicons import lexicon
    >>> from gazeanalytics.reasoning.labeler.negation import mentions
    >>> mention = mentions("Likely small left effusion.", lexicon().phrases)[0]
    >>> mention.concept, mention.stated[0] > 0.5, mention.modifiers
    ('effusion', True, {'severity': 'mild', 'side': 'left'})
    """

    start: int
    stop: int
    concept: str
    stated: Stated
    modifiers: dict[str, str] = field(default_factory=dict)
    act: str = ""
