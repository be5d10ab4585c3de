"""The virtual patient: sliders, strip with a ghost, loops, rules with margins and what it would take."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode

from ecgomics.dashboards.beside import run_beside
from ecgomics.dashboards.learn_desk import LearnDesk
from ecgomics.dashboards.learn_keeping import keep_virtual
from ecgomics.dashboards.learn_panes.hearing import hear
from ecgomics.dashboards.learn_virtual import FEW, VirtualState
from ecgomics.learn import Catalogue
from ecgomics.learn.topics import teachings
from ecgomics.simulate import CONDITIONS
from ecgomics_widgets import LeadVectors, MeasurementBar, Strip
from ecgomics_widgets.margin_list import MarginList
from ecgomics_widgets.slider_panel import SliderPanel

FULL: dict[str, Any] = {"sizing_mode": "stretch_both"}
BAR = (
    ("Rate", "HR_Mean_Global", "/min", 0, (50, 100)),
    ("PR", "PR_Int_Global", "ms", 0, (120, 200)),
    ("QRS", "QRS_Dur_Global", "ms", 0, (70, 110)),
    ("QTcF", "QT_IntFridericia_Global", "ms", 0, (360, 450)),
    ("Axis", "QRS_AxisFront_Global", "°", 0, (-30, 90)),
    ("SV1+RV5", "Sokolow_Global", "mV", 1, (0, 3.5)),
)


class VirtualView:
    """Widgets around a `VirtualState`."""

    def __init__(self, state: VirtualState, desk: LearnDesk, *, frame: Any) -> None:
        self.state, self.desk, self.words, self.frame = state, desk, desk.words, frame
        words = self.words
        self.sliders = SliderPanel(
            title=words("Virtual patient"),
            groups=_translated(state.groups, words),
            presets=[{"id": name, "title": words(item.title), "few": name in FEW} for name, item in CONDITIONS.items()],
            actions=[
                {"name": "question", "title": words("Make a question"), "main": True},
                {"name": "another", "title": words("Another body"), "main": False},
                *([{"name": "keep", "title": words("Save as case"), "main": False}] if desk.teaches else []),
            ],
            texts=words.all_of(("normal", "fewer", "nearest limit")),
        )
        # before the first change the ghost lies under the trace: a ghost that comes later would not be drawn
        self.strip = Strip(
            state.examination.ecg,
            compare=state.examination.ecg,
            compare_shift_s=0.0,
            provenance="synthetic",
            compare_style="ghost",
            compare_title=words("before"),
            layout="3x4+R",
        )
        self.bar = MeasurementBar(
            texts=words.all_of(("criteria met", "no criterion met", "more", "previous record", "next record"))
        )
        self.loops = LeadVectors(
            planes=["frontal", "horizontal"],
            before_text=words("before"),
            texts=words.all_of(("Heart vector", "grey", "at", "frontal", "horizontal")),
        )
        self.rules = MarginList(
            title=words("Rules"),
            texts=words.all_of(("met", "not met", "not judged", "What would it take?", "searching …")),
        )
        say = self._say
        hear(
            self.sliders,
            {
                "set": lambda e: state.set(str(e["id"]), e["value"]),
                "preset": lambda e: state.take(str(e["id"])),
                "act": self._act,
            },
            trouble=say,
        )
        hear(
            self.rules,
            {"open": lambda e: self.open(str(e["id"])), "apply": lambda e: state.set(str(e["parameter"]), e["value"])},
            trouble=say,
        )
        hear(self.bar, {"why": self._why, "step": lambda e: state.another(int(e["by"]))}, trouble=say)
        state.param.watch(lambda *_: self.show(), "moved")
        state.param.watch(lambda *_: self._list(), ["opened", "answer"])
        self.show()

    def show(self) -> None:
        """Send the patient as he is now."""
        state, words = self.state, self.words
        patient = state.patient
        preset = state.preset
        self.sliders.param.update(
            note=f"{patient.age:.0f} {patient.sex} · {words('seed')} {state.seed}",
            values=state.values(),
            ticks=state.ticks(),
            preset=preset,
        )
        ghost = state.before
        self.strip.param.update(
            ecg=state.examination.ecg,
            compare=(ghost or state.examination).ecg,
            marks=state.examination.beats.beats,
            beats=state.examination.beats.beats,
            spans=state.spans(),
            title=words("12 leads"),
        )
        loops: dict[str, Any] = {}
        if state.before_loops is not None:
            from ecgomics_widgets.lead_vectors import loops_of

            loops = {"before": loops_of(state.before_loops), "axes_before": state.axes(state.before)}
        self.loops.show(state.loops, axes=state.axes())
        if loops:
            self.loops.param.update(**loops)
        met = [name for name in state.examination.met() if name not in _USUAL]
        place = f"{words('seed')} {state.seed}"
        self.bar.param.update(
            record={
                "source": words("virtual"),
                "synthetic": True,
                "person": f"{patient.age:.0f} {patient.sex}",
                "place": place,
            },
            values=self._measured(),
            criteria=[{"id": name, "title": state.name_of(name)} for name in met],
        )
        self.frame.undo = state.undo_words
        self.frame.link = urlencode({"view": "virtual", "preset": preset, "seed": state.seed} | self._changes())
        self._list()

    def _changes(self) -> dict[str, Any]:
        """Parameters that differ from the preset's, for the address."""
        changes = self.state.changes().items()
        return {name: f"{value:g}" if isinstance(value, float) else value for name, value in changes}

    def _measured(self) -> list[dict[str, Any]]:
        rows = []
        for title, column, unit, decimals, (low, high) in BAR:
            value = self.state.examination.value(column)
            known = math.isfinite(value)
            rows.append(
                {
                    "title": self.words(title),
                    "value": f"{value:.{decimals}f}".replace("-", "−") if known else "–",
                    "unit": unit,
                    "out": known and not low <= value <= high,
                    "reference": f"{low}–{high}".replace("-", "−"),
                    "column": column,
                }
            )
        return rows

    def _list(self) -> None:
        state = self.state
        met = len([name for name in state.examination.met()])
        note = self.words("{met} met of {n} · met, then nearest", met=met, n=len(state.rules))
        self.rules.param.update(rows=state.rows(), note=note, opened=state.opened, answer=state.answer)

    def open(self, rule: str) -> None:
        """Show a rule's clauses, and look for what would turn it over."""
        state = self.state
        if state.opened == rule:
            state.param.update(opened="", answer={})
            self.strip.spans = state.spans()
            return
        state.param.update(opened=rule, answer={"busy": True})
        self.strip.spans = state.spans()
        asked = state.moved

        def told(found: Any) -> None:
            # an answer about a patient who has changed meanwhile is no answer
            if state.opened == rule and state.moved == asked:
                state.answer = state.answer_of(rule, found)
                self.sliders.ticks = {**self.sliders.ticks, **{item.parameter: item.after for item in found}}

        run_beside(lambda: state.reaches(rule), told)

    def _act(self, event: Any) -> None:
        if event.get("name") == "another":
            self.state.another()
        elif event.get("name") == "keep":
            case = keep_virtual(self.state, self.desk)
            self.frame.notice = self.words("Saved as {file}: write its story there.", file=f"{case.id}.yaml")
        elif event.get("name") == "question":
            condition = self.state.preset if self.state.preset in teachings() else "normal"
            self.frame.notice = self.words("A question about this topic opens in the quiz.")
            self.frame.goto = f"learn?view=quiz&question=name.{condition}.2.{self.state.seed}"

    def _why(self, event: Any) -> None:
        if event.get("kind") == "rule" or "rule" in event:
            self.open(str(event.get("rule") or event.get("name")))

    def _say(self, text: str) -> None:
        self.frame.notice = text


_USUAL = ("sinus_rhythm", "sinus_p_waves")


def _translated(groups: list[dict[str, Any]], words: Catalogue) -> list[dict[str, Any]]:
    return [
        {
            "title": words(group["title"]),
            "sliders": [
                {
                    **slider,
                    "title": words(slider["title"]),
                    "hint": words(slider["hint"]),
                    **({"options": [[v, words(text)] for v, text in slider["options"]]} if "options" in slider else {}),
                }
                for slider in group["sliders"]
            ],
        }
        for group in groups
    ]


def virtual_view(state: VirtualState, desk: LearnDesk, *, frame: Any) -> VirtualView:
    """Put the virtual patient into the frame of the page."""
    view = VirtualView(state, desk, frame=frame)
    frame.left = view.sliders.panel(**FULL)
    frame.top = view.bar.panel(sizing_mode="stretch_width")
    frame.strip = view.strip.panel(**FULL)
    frame.side = view.loops.panel(**FULL)
    frame.below = view.rules.panel(**FULL)
    return view
