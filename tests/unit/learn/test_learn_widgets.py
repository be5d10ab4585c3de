"""Learn's widgets alone: both hosts take them, and what people write is put on the page as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgomics_widgets.case_shelf import CaseShelf
from ecgomics_widgets.class_board import ClassBoard
from ecgomics_widgets.margin_list import MarginList
from ecgomics_widgets.modules import FOLDER, joined
from ecgomics_widgets.quiz_card import QuizCard
from ecgomics_widgets.reading_form import ReadingForm
from ecgomics_widgets.slider_panel import SliderPanel

KINDS = (CaseShelf, ClassBoard, MarginList, QuizCard, ReadingForm, SliderPanel)


@pytest.mark.parametrize("kind", KINDS)
def test_both_hosts_show_it(kind):
    widget = kind()
    names = {widget._browser_name(name) for name in (*widget._down, *widget._up)}
    assert names <= set(widget.widget().keys)
    assert names <= set(widget.panel().param)


@pytest.mark.parametrize("name", [*(kind._module for kind in KINDS), "learn_frame.js"])
def test_what_people_write_is_text_never_markup(name):
    text = (Path(FOLDER) / name).read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert word not in text, word
    assert "http:" not in text
    assert "https:" not in text
    assert joined(name)
