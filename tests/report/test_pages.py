"""The page is one file: nothing asked from outside, nothing run, every name escaped, every figure told in words."""

import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from gazeanalytics import report

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


class Outline(HTMLParser):
    """Every tag with its attributes, and every id."""

    VOID = frozenset({"meta", "br", "use", "path", "image", "rect"})

    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(html):
    found = Outline()
    found.feed(html)
    assert found.open == []
    return found


@pytest.fixture
def html(tmp_path):
    axes = []
    for _ in range(2):
        with report.style():
            _, ax = plt.subplots()
            ax.plot([1, 2], [3, 4], "o-")
            ax.imshow([[1, 2]])
            ax.set_title(ATTACK)
            axes.append(ax)
    sections = [
        report.Section(ATTACK, f"{ATTACK}\n\nSecond.", (axes[0], report.Picture(axes[1], ATTACK))),
        report.Section(
            "Tables", tables=(pd.DataFrame({ATTACK: [ATTACK]}), report.format_frame(pd.DataFrame({"a": [1]})))
        ),
    ]
    provenance = {"seed": 3, ATTACK: ATTACK, "versions": {"numpy": "2", "deep": {"er": [1, 2]}}}
    text = report.page(ATTACK, sections, provenance=provenance, path=tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text
    return text


def test_names_can_do_no_harm(html):
    found = outline(html)
    tags = {tag for tag, _ in found.tags}
    assert not tags & {"script", "img", "iframe", "object", "link", "form"}
    assert not any(name.startswith("on") for _, attrs in found.tags for name in attrs)
    policy = next(attrs["content"] for _, attrs in found.tags if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'; ")
    assert "script-src" not in policy


def test_nothing_is_fetched(html):
    for tag, attrs in outline(html).tags:
        for name in ("src", "href", "xlink:href", "srcset", "data"):
            value = attrs.get(name) or "#"
            assert value.startswith(("#", "data:image/png;base64,")), (tag, name, value[:60])
    assert not re.search(r"@import|url\((?!#|data:)", html)


def test_ids_are_unique_and_every_reference_leads_somewhere(html):
    found = outline(html)
    assert len(found.ids) == len(set(found.ids))
    references = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html)
    assert {one or other for one, other in references} <= set(found.ids)


def test_figures_are_told_in_words_and_numbered(html):
    pictures = [attrs for _, attrs in outline(html).tags if attrs.get("role") == "img"]
    assert [attrs["aria-label"].startswith(ATTACK) for attrs in pictures] == [True, True]
    assert "<b>Figure 2.</b>" in html
    assert "Table 1." in html
    assert "Table 2." in html


def test_contents_and_provenance_are_complete(html):
    anchors = [attrs["href"] for tag, attrs in outline(html).tags if tag == "a"]
    assert anchors == ["#part-1", "#part-2", "#provenance"]
    assert "<dt>deep.er</dt><dd>1, 2</dd>" in html
    assert "<dt>seed</dt><dd>3</dd>" in html


def test_the_page_is_the_same_twice():
    def make():
        _, ax = plt.subplots()
        ax.plot([1, 2], [3, 4], "o-")
        return report.page("t", [report.Section("a", figures=(ax,))])

    assert make() == make()


def test_paragraphs_are_kept_apart():
    html = report.page("t", [report.Section("a", "one\n\ntwo\n \nthree")])
    assert re.findall(r"<p>(.*?)</p>", html) == ["Contents", "one", "two", "three"]
