"""The drawings of where a biomarker is measured."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from ecgomics.biomarkers import catalogue, figure
from ecgomics.biomarkers.families import load_mapping
from ecgomics.biomarkers.figure import HEIGHT, LEFT, MARKS_S, PX_PER_S, WIDTH
from ecgomics.vocabulary import LEADS

COMPUTED = {entry.name: entry for entry in catalogue() if entry.computed}


def test_every_computed_biomarker_has_its_figure_and_no_other() -> None:
    assert set(load_mapping("figures.yaml")) == set(COMPUTED)


@pytest.mark.parametrize("name", COMPUTED)
def test_a_figure_is_sound_has_a_title_and_stays_in_its_frame(name: str) -> None:
    svg = ET.fromstring(figure(COMPUTED[name]))
    assert svg.find("title").text == f"Where {COMPUTED[name].title} is measured (schematic)"
    for node in svg.iter():
        for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", node.get("points", "")):
            assert -1 <= float(pair[0]) <= WIDTH + 1
            assert -1 <= float(pair[1]) <= HEIGHT + 1
        assert node.get("href") is None


def test_what_is_not_computed_has_none() -> None:
    assert figure(next(entry for entry in catalogue() if not entry.computed)) == ""


def test_an_interval_is_drawn_between_its_marks() -> None:
    svg = figure(COMPUTED["QT_Int"])
    tint = re.search(r'class="tint" x="([\d.]+)" y="8" width="([\d.]+)"', svg)
    assert tint is not None
    start, width = float(tint[1]), float(tint[2])
    assert start == pytest.approx(LEFT + (MARKS_S["qrs_on"] + 0.26) * PX_PER_S, abs=0.1)
    assert width == pytest.approx((MARKS_S["t_off"] - MARKS_S["qrs_on"]) * PX_PER_S, abs=0.1)


def test_intervals_agree_with_their_formula() -> None:
    """A formula that is a difference of two marks is drawn between these marks."""
    drawn = load_mapping("figures.yaml")
    checked = 0
    for name, entry in COMPUTED.items():
        marks = re.fullmatch(r"(\w+) − (\w+)", entry.formula)
        if marks and marks[1] in MARKS_S and marks[2] in MARKS_S:
            assert drawn[name]["span"] == [marks[2], marks[1]]
            checked += 1
    assert checked >= 6


def test_leads_of_sums_exist() -> None:
    for drawn in load_mapping("figures.yaml").values():
        assert set(drawn.get("sums", ())) <= {*LEADS, "all"}
