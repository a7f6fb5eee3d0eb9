"""Explanations point at the words that they name, and nothing of a text reaches HTML unescaped."""

import pytest

from gazeanalytics import reasoning

TEXTS = (
    "No edema. Possible small left effusion, but consolidation is less likely than atelectasis.",
    "A pneumothorax would show a pleural line. I can't find one.",
    "Left pneumothorax. Wait, that's a skin fold.",
    "Normal chest radiograph.",
    "",
)


@pytest.mark.parametrize("text", TEXTS)
def test_marks_are_places_of_the_text_in_order(text):
    found = reasoning.explain(text)
    marks = found.marks
    assert [text[start:stop] for start, stop in zip(marks.start, marks.stop, strict=True)] == marks.words.tolist()
    assert (marks.start.to_numpy()[1:] >= marks.stop.to_numpy()[:-1]).all()
    assert len(found.findings) == len(reasoning.label_text(text))


def test_each_part_is_named():
    marks = reasoning.explain(TEXTS[0]).marks
    kinds = dict(zip(marks.words, marks.kind, strict=True))
    assert kinds["No"] == "negation"
    assert kinds["Possible"] == "hedge"
    assert kinds["but"] == "end of scope"
    assert kinds["than"] == "comparison"
    assert kinds["effusion"] == kinds["atelectasis"] == "finding"
    assert reasoning.explain(TEXTS[1]).marks["kind"].tolist()[-1] == "reply"


def test_html_is_escaped():
    text = 'No edema <script>alert("x")</script> & "effusion" \' onerror=1.'
    page = reasoning.explain(text).as_html()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&amp;" in page
    assert page.count("<mark") == page.count("</mark>") >= 3
