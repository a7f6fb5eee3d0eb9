"""Own phrases and hedges beside the built-in ones."""

import pandas as pd
import pytest

from gazeanalytics import reasoning
from gazeanalytics.reasoning import extend, lexicon
from gazeanalytics.tables import InputError


def said(text, own):
    found = reasoning.label_text(text, lexicon=own)
    return dict(zip(found["finding"], found["certainty"], strict=True))


def test_own_phrases_are_denied_and_hedged_as_built_in_ones():
    own = extend(lexicon(), phrases={"pneumothorax": ["dark apex|apices"], "edema": ["boggy lung*"]})
    assert said("No dark apex, possible boggy lungs.", own) == {"pneumothorax": 0.02, "edema": 0.5}
    assert said("No effusion.", own) == {"pleural_effusion": 0.02}


def test_a_built_in_denial_takes_back_an_own_phrase():
    own = extend(lexicon(), phrases={"pneumothorax": ["dark apex"]})
    traces = pd.DataFrame({"reading": 1, "step": [0, 1], "text": ["A dark apex.", "No, there is no pneumothorax."]})
    concluded = reasoning.conclude(reasoning.label_findings(traces, lexicon=own)).set_index("finding")["certainty"]
    assert concluded["pneumothorax"] == 0.02


def test_own_hedges_come_before_built_in_ones():
    own = extend(lexicon(), hedges={"likely": 0.6, "smells of": 0.3})
    assert said("Likely pneumonia.", own) == {"pneumonia": 0.6}
    assert said("Pneumonia is likely.", own) == {"pneumonia": 0.6}
    assert said("Smells of edema.", own) == {"edema": 0.3}


def test_an_own_phrase_with_any_ending_comes_before_a_built_in_one_as_long():
    assert said("Wet lungs.", lexicon())["edema"] > 0.5
    own = said("Wet lungs.", extend(lexicon(), phrases={"pneumonia": ["wet lung*"]}))
    assert own["pneumonia"] > 0.5
    assert "edema" not in own


def test_other_languages_stay_set_aside():
    own = extend(lexicon(), phrases={"edema": ["boggy lung*"]})
    traces = pd.DataFrame({"reading": 1, "step": 0, "text": ["Kein Pneumothorax, kleiner Erguss links."]})
    assert reasoning.label_findings(traces, lexicon=own).attrs["set_aside"] == {"de": 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"phrases": {"pneumothorx": ["x"]}}, "there is no finding 'pneumothorx'; did you mean 'pneumothorax'?"),
        ({"phrases": {"edema": "wet"}}, "expected a list of phrases; got 'wet'"),
        ({"phrases": {"edema": [" ".join(["a|b"] * 30)]}}, "more ways than the 2,000 allowed"),
        ({"hedges": {"surely": 1.2}}, "'surely': expected a probability from 0 to 1; got 1.2"),
        ({"hedges": {"surely": float("nan")}}, "expected a probability from 0 to 1; got nan"),
    ],
)
def test_what_cannot_be_read_is_refused(given, message):
    with pytest.raises(InputError) as caught:
        reasoning.ReasoningSettings.from_mapping(given, place="reasoning")
    assert message in str(caught.value)
    assert str(caught.value).startswith("reasoning: ")


@pytest.mark.parametrize("scheme", reasoning.lexicon("chexpert").findings)
def test_every_finding_can_be_given_own_phrases(scheme):
    own = extend(lexicon(), phrases={scheme: ["zzyzx"]})
    assert said("Zzyzx.", own)[scheme] == 0.98
