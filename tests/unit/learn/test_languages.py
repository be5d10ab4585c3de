"""Every text of the interface has a translation, with the same names in braces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ecgomics_widgets
from ecgomics.dashboards.learn_virtual import TURNS, VirtualState
from ecgomics.learn import LANGUAGES, LESSONS, TOPICS, Target, catalogue_of, field_of, form, mark
from ecgomics.learn.scoring import WAYS
from ecgomics.simulate import CONDITIONS

ROOM = Path(__file__).resolve().parents[3] / "app" / "ecgomics" / "dashboards"
SCRIPTS = Path(ecgomics_widgets.__file__).parent / "esm"
CALLED = re.compile(r'\bwords\(\s*"((?:[^"\\]|\\.)+)"')
IN_SCRIPT = re.compile(r'\bt\("((?:[^"\\]|\\.)+)"\)')
OF_LEARN = ("learn_frame", "case_shelf", "class_board", "quiz_card", "reading_form", "margin_list", "slider_panel")


def interface_texts():
    """What the pages show: literals handed to the catalogue, and the words of forms, topics, sliders and conditions."""
    found = set()
    for path in (*ROOM.glob("learn*.py"), *(ROOM / "learn_panes").glob("*.py")):
        found |= set(CALLED.findall(path.read_text(encoding="utf-8")))
    found |= set(TOPICS.values()) | set(LESSONS.values()) | {item.title for item in CONDITIONS.values()}
    found |= {line.title for line in form()} | {text for line in form() for text in line.options.values()}
    sliders = [slider for group in VirtualState().groups for slider in group["sliders"]]
    found |= {slider["title"] for slider in sliders} | {slider["hint"] for slider in sliders}
    # LBBB, 2:1 or RA-LA are the same everywhere
    choices = {text for slider in sliders for _, text in slider.get("options", ())}
    found |= {text for text in choices if re.search("[a-z]{3}", text)} | set(TURNS.values())
    for name in OF_LEARN:
        script = (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")
        found |= {text.replace("\\n", "\n") for text in IN_SCRIPT.findall(script)}
    ways = [f"reference {{words}}: {{size}} {way}" for both in WAYS.values() for way in both]
    return found | set(ways) | {"expected: {words}", "reference {words}", "reference {words}: within {size}"}


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_nothing_of_the_interface_is_left_in_english(language):
    assert catalogue_of(language).misses(sorted(interface_texts())) == []


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_translations_hold_the_same_names(language):
    for text, said in catalogue_of(language).texts.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", said)), text
        assert said.strip(), text


def test_feedback_is_told_in_the_language():
    target = Target(field_of("pr"), value=200.0)
    found = mark(target, 260).told(catalogue_of("es"))
    assert found == "referencia 200 ms: 60 ms demasiado largo"
    word = mark(Target(field_of("rhythm"), right=("sinus",)), "af").told(catalogue_of("zh"))
    assert word.startswith("应为：")
    assert "Sinus" not in word


def test_an_unknown_language_or_text_is_english():
    assert catalogue_of("xx")("Rate") == "Rate"
    assert catalogue_of("es-MX")("Rate") == "Frecuencia"
    assert catalogue_of("zh")("a text nobody translated") == "a text nobody translated"
    assert catalogue_of("en")("level {n} of 4", n=2) == "level 2 of 4"
