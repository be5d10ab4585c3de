"""The catalogue as a page: whole, escaped, and asking nothing of other hosts."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from ecgomics.biomarkers import catalogue
from ecgomics.cli import main
from ecgomics.reports import catalogue_html
from ecgomics.rules import load_rules

VOID = {"meta", "br"}


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.drawings = 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.drawings += tag == "svg"
        assert "src" not in given
        assert given.get("href", "#").startswith("#")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def html() -> str:
    return catalogue_html()


@pytest.fixture(scope="module")
def page(html) -> Page:
    read = Page()
    read.feed(html)
    assert read.open == []
    return read


def test_every_biomarker_and_rule_has_its_place(page):
    assert len(page.ids) == len(set(page.ids)) or _shared(page.ids) <= _shared([e.name for e in catalogue()])
    assert {entry.name for entry in catalogue()} <= set(page.ids)
    assert {f"rule-{rule.id}" for rule in load_rules()} <= set(page.ids)
    assert page.drawings == sum(entry.computed for entry in catalogue())


def _shared(names):
    return {name for name in names if names.count(name) > 1}


def test_definition_unit_range_source_and_codes_are_told(page):
    text = " ".join(" ".join(page.words).split())
    for words in (
        "P onset to QRS onset, global marks: each the median of the leads' own.",
        "113 to 212 (2–98 %)",
        "Mason 2007",
        "women, 50–79 y",
        "8625-6",
        "QRS onset – J",
        "MDC_ECG_TIME_PD_PR",
        "Not computed here:",
        "QRS_Dur_Global ≥ 140 ms (M), 130 ms (F)",
        "Surawicz B et al.",
        "it is no diagnosis",
    ):
        assert words in text


def test_nothing_is_fetched(html):
    assert not re.search(r"https?://|@import|url\(|<script|<link|<img", html)


def test_a_rule_file_cannot_put_markup_on_the_page():
    hostile = dataclasses.replace(load_rules()[0], name="<script>x</script>", note="<img src=x>", chapter="<b>")
    html = catalogue_html(rules=[hostile])
    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;script&gt;x" in html


def test_the_command_writes_it(tmp_path, capsys):
    assert main(["catalogue", "--html", str(tmp_path / "catalogue.html")]) == 0
    assert (tmp_path / "catalogue.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert capsys.readouterr().out == "written to catalogue.html\n"


def test_the_command_still_searches_definitions(capsys):
    assert main(["catalogue", "turning"]) == 0
    assert "TurningPoint" in capsys.readouterr().out


def test_the_criteria_of_a_rule_lead_to_the_definitions_they_name(html, page):
    card = html.partition('id="rule-first_degree_block"')[2].partition("</article>")[0]
    assert '<a href="#PR_Int" title="PR interval">PR_Int_Global</a>' in card
    targets = set(re.findall(r'href="#([^"]+)"', html))
    assert targets <= set(page.ids)


def test_lengths_of_hours_are_not_told_in_seconds(html):
    card = html.partition('id="SDANN"')[2].partition("</article>")[0]
    assert "≥ 18 h" in card
    assert "range (ms)" in html
