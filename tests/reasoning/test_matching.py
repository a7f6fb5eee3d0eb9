"""The matcher, against trying every phrase at every word."""

import tomllib
from importlib.resources import files
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gazeanalytics.reasoning.labeler.phrase_matching import Entry, Phrases, words
from gazeanalytics.reasoning.labeler.sentences import lower, sentences

FILLERS = {"the"}
WORDS = ["a", "ab", "abc", "b", "the", "x"]
slots = st.sampled_from(["a", "ab", "b", "a*", "ab*", "a|b", "x?", "a|x?"])
phrases = st.lists(st.lists(slots, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=4)
texts = st.lists(st.sampled_from(WORDS), max_size=8)


def expand(phrase):
    """All ways to read a phrase, written out."""
    choices = [(*slot.removesuffix("?").split("|"), *([""] if slot.endswith("?") else [])) for slot in phrase.split()]
    return [tuple(word for word in choice if word) for choice in product(*choices)]


def fits(pattern, word):
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == word


def ends(choice, text, place):
    """Every word after which `choice`, begun at `place`, may end; fillers are passed over inside."""
    if not choice:
        return {place}
    if place >= len(text):
        return set()
    found = ends(choice[1:], text, place + 1) if fits(choice[0], text[place]) else set()
    return found | (ends(choice, text, place + 1) if text[place] in FILLERS else set())


def naive(lists, text):
    found, place = [], 0
    while place < len(text):
        choices = [choice for phrase in lists for choice in expand(phrase) if choice and fits(choice[0], text[place])]
        stops = [stop for choice in choices for stop in ends(choice[1:], text, place + 1)]
        if stops:
            found.append((place, max(stops)))
        place = max(stops, default=place + 1)
    return found


@given(phrases, texts)
def test_finds_the_longest_phrase_at_each_word(lists, text):
    tree = Phrases(FILLERS)
    for phrase in lists:
        tree.add(phrase, Entry(concept="x"))
    spans = [(start, stop) for _, start, stop in words(" ".join(text))]
    target = [(spans[first][0], spans[stop - 1][1]) for first, stop in naive(lists, text)]
    assert [(item.start, item.stop) for item in tree.match(" ".join(text))] == target


@given(st.text(max_size=40))
def test_words_lie_where_they_say(text):
    low = lower(text)
    assert len(low) == len(text)
    assert all(low[start:stop] == word for word, start, stop in words(low))


@given(st.text(alphabet="ab .!?\n-1:", max_size=30))
def test_sentences_lie_apart_and_in_order(text):
    places = [place for pair in sentences(text) for place in pair]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)


def test_sentences_end_at_full_stops_alone():
    text = "dr. who saw a 1.5 cm nodule vs. scar.edema? ?pneumonia\n\nheart normal\n- lungs clear"
    assert [text[start:stop].strip() for start, stop in sentences(text)] == [
        "dr. who saw a 1.5 cm nodule vs. scar",
        "edema?",
        "?pneumonia",
        "heart normal",
        "- lungs clear",
    ]


def test_one_phrase_may_play_two_parts():
    tree = Phrases()
    tree.add("stable", Entry(quality="stable"))
    tree.add("stable", Entry(modifiers={"change": "unchanged"}))
    (item,) = tree.match("stable")
    assert (item.entry.quality, item.entry.modifiers) == ("stable", {"change": "unchanged"})


def test_no_phrase_of_the_lexicon_names_two_concepts_or_nothing():
    text = files("gazeanalytics.reasoning.labeler").joinpath("lexicon/concepts.toml").read_text("utf-8")
    owners = {}
    for concept, kinds in tomllib.loads(text).items():
        for kind, entries in kinds.items():
            for phrase in entries:
                for choice in expand(phrase):
                    assert choice, f"{concept}: {phrase!r} may be empty"
                    assert owners.setdefault(choice, (concept, kind)) == (concept, kind), choice
