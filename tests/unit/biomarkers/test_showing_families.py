"""What a catalogue entry looks like in a notebook."""

from __future__ import annotations

import dataclasses

import pytest

from ecgomics.biomarkers import catalogue, describe
from ecgomics.biomarkers.families import ReferenceRange


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_every_entry_is_one_line_and_a_small_table(entry) -> None:
    assert repr(entry).startswith(f"<Biomarker {entry.id} {entry.name}: {entry.title}")
    assert "\n" not in repr(entry)
    assert len(repr(entry)) < 260
    html = entry._repr_html_()
    assert html.count("<tr>") == html.count("</tr>") >= 2


def test_markup_in_an_entry_is_escaped() -> None:
    entry = dataclasses.replace(describe("PR_Int_Global"), title="<img src=x onerror=alert(1)>")
    assert "<img" not in entry._repr_html_()


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (
            ReferenceRange("Mason 2007", low=113, high=212, percentiles=(2, 98), age=(18, 120)),
            "113 to 212 (2–98 %, 18–120 y), Mason 2007",
        ),
        (ReferenceRange("ELSA", median=164, sex="M"), "median 164 (men), ELSA"),
        (ReferenceRange("a criterion", high=120, note="ours"), "up to 120, a criterion; ours"),
        (ReferenceRange("a criterion", low=-1.5), "from -1.5, a criterion"),
    ],
)
def test_a_range_in_words(limits: ReferenceRange, text: str) -> None:
    assert limits.text == text
