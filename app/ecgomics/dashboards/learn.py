"""Learn: cases to read, a virtual patient, a quiz, and a teacher's class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecgomics.dashboards import learn_panes as panes
from ecgomics.dashboards.learn_case import CaseState
from ecgomics.dashboards.learn_class import ClassState
from ecgomics.dashboards.learn_desk import LearnDesk, cookies_of_visit, headers_of_visit
from ecgomics.dashboards.learn_frame import LearnFrame
from ecgomics.dashboards.learn_panes.case import KEYS as CASE_KEYS
from ecgomics.dashboards.learn_panes.quiz import KEYS as QUIZ_KEYS
from ecgomics.dashboards.learn_quiz import QuizState
from ecgomics.dashboards.learn_virtual import VirtualState
from ecgomics.dashboards.pages import Visit
from ecgomics.errors import EcgomicsError, LearnError, SettingsError
from ecgomics.learn import LANGUAGES
from ecgomics.simulate import CONDITIONS, VirtualPatient
from ecgomics_widgets.inbox import Inbox

TABS = (("", "Cases"), ("virtual", "Virtual patient"), ("quiz", "Quiz"), ("class", "Class"))
_SHELL = (
    *("Keys", "close", "light or dark", "all keys", "synthetic", "these records were simulated", "undo"),
    *("take the last step back (z)", "research and teaching, not for diagnosis"),
)
"""What head and foot say on every page."""

VIRTUAL_KEYS = (("z", "undo"), ("← →", "a beat back, forward"), ("+ −  0  f", "zoom, true scale, fit"))


def page(visit: Visit) -> LearnFrame:
    """The page for one browser session: which view is in the address.

    ``?case=<id>``, ``?task=<link>`` (an assignment), ``?view=virtual&preset=<condition>``,
    ``?view=quiz&topic=<topic>``, ``?view=class``; nothing: the cases.
    """
    from ecgomics.dashboards.desk import Desk

    desk = LearnDesk(visit.desk or Desk(visit.reading.census.cohort.path), cookies_of_visit(), headers_of_visit())
    query = visit.query
    task = query.get("task", "")
    wanted = query.get("case", "") or (_first_unread(desk, task) if task else "")
    case = desk.casebook.case(wanted)
    view = "case" if case is not None else query.get("view", "cases")
    if view not in ("case", "cases", "virtual", "quiz", "class") or (view == "class" and not desk.teaches):
        view = "cases"
    words = desk.words
    facts = visit.frame_facts()
    frame = LearnFrame(
        **facts | {"nav": [link | {"title": words(link["title"])} for link in facts["nav"]]},
        view=view,
        tabs=_tabs(desk, view),
        person={"name": words(desk.person.shown_as), "joined": desk.joined is not None},
        language=words.language,
        languages=[list(pair) for pair in LANGUAGES.items()],
        texts=words.all_of(("Learn", "case", "Leave", "Language", *_SHELL)),
        sizing_mode="stretch_both",
    )
    if view in ("virtual", "quiz") or (case is not None and case.synthetic):
        frame.status = [words("synthetic: no patient")]
    if wanted and case is None:
        frame.notice = words("There is no case of this name.")
    _MAKERS[view](frame, desk, {**query, "case": wanted}, visit)
    return frame


def _tabs(desk: LearnDesk, view: str) -> list[dict[str, Any]]:
    current = {"cases": "", "case": ""}.get(view, view)
    return [
        {"href": f"learn?view={name}" if name else "learn", "title": desk.words(title), "current": name == current}
        for name, title in TABS
        if name != "class" or desk.teaches
    ]


def _first_unread(desk: LearnDesk, link: str) -> str:
    """The assignment's first case that was not read yet, else its first; the person joins its class."""
    task = desk.task(link)
    if task is None:
        return ""
    answers = desk.answers()
    read = set(answers["case_id"]) if len(answers) else set()
    return next((case for case in task.cases if f"case:{case}" not in read), task.cases[0])


def _listen(frame: LearnFrame, *, key: Any = None, undo: Any = None, theme: Any = None) -> None:
    inbox = Inbox()

    def act(change: Any) -> None:
        for event in inbox.take(change.new):
            kind = event.get("type")
            if kind == "theme":
                frame.theme = "dark" if event.get("theme") == "dark" else "light"
                if theme is not None:
                    theme(frame.theme)
            elif kind == "key" and key is not None:
                key(str(event.get("key")))
            elif kind == "undo" and undo is not None:
                undo()

    frame.param.watch(act, "event")


def _dressed(*widgets: Any) -> Any:
    def dress(theme: str) -> None:
        for widget in widgets:
            widget.theme = theme

    return dress


def _cases(frame: LearnFrame, desk: LearnDesk, query: Mapping[str, str], visit: Visit) -> None:
    panes.shelf_view(desk, frame=frame, census=visit.reading.census)
    if desk.teaches and desk.casebook.troubles and not frame.notice:
        # whoever wrote the files can mend them; students see the cases that are right
        frame.notice = " ".join(desk.casebook.troubles)
    _listen(frame)


def _case(frame: LearnFrame, desk: LearnDesk, query: Mapping[str, str], visit: Visit) -> None:
    task = desk.task(query.get("task", ""))
    number = task.id if task else None
    case = desk.casebook.case(query["case"])
    assert case is not None  # the page looked it up
    state = CaseState(case, desk, assignment=number, census=visit.reading.census)
    try:
        _ = state.targets
    except LearnError as error:
        frame.view, frame.notice = "cases", str(error)
        _cases(frame, desk, query, visit)
        return
    view = panes.case_view(state, frame=frame, task=query.get("task", ""))
    words = desk.words
    frame.param.update(keys=[[key, words(text)] for key, text in (*CASE_KEYS, ("?", "this list"))], key_names=["s"])
    _listen(frame, key=view.key, theme=_dressed(view.strip))


def _virtual(frame: LearnFrame, desk: LearnDesk, query: Mapping[str, str], visit: Visit) -> None:
    preset = query.get("preset", "normal")
    seed = query.get("seed", "4")
    changes = {
        name: _typed(name, text) for name, text in query.items() if name in VirtualPatient.param and name != "name"
    }
    try:
        state = VirtualState(
            preset=preset if preset in CONDITIONS else "normal",
            seed=int(seed) if seed.isdigit() else 4,
            words=desk.words,
            **changes,
        )
    except SettingsError as error:
        state = VirtualState(words=desk.words)
        frame.notice = str(error)
    view = panes.virtual_view(state, desk, frame=frame)
    words = desk.words
    frame.keys = [[key, words(text)] for key, text in (*VIRTUAL_KEYS, ("?", "this list"))]
    frame.key_names = ["z"]
    _listen(frame, key=lambda name: state.undo(), undo=state.undo, theme=_dressed(view.strip, view.loops))


def _typed(name: str, text: str) -> Any:
    """A parameter of the address in its own type; what is no number stays a text, and is refused."""
    if hasattr(VirtualPatient.param[name], "objects"):
        return next((value for value in VirtualPatient.param[name].objects if str(value) == text), text)
    try:
        return int(text) if name == "geometry_seed" else float(text)
    except ValueError:
        return text


def _quiz(frame: LearnFrame, desk: LearnDesk, query: Mapping[str, str], visit: Visit) -> None:
    try:
        state = QuizState(desk, topic=query.get("topic", ""), question=query.get("question", ""))
    except LearnError as error:
        state = QuizState(desk)
        frame.notice = str(error)
    view = panes.quiz_view(state, frame=frame)
    frame.keys = [[key, desk.words(text)] for key, text in (*QUIZ_KEYS, ("?", "this list"))]
    frame.strip_keys = [key for key in frame.strip_keys if key not in "1234"]
    _listen(frame, theme=_dressed(view.strip))


def _class(frame: LearnFrame, desk: LearnDesk, query: Mapping[str, str], visit: Visit) -> None:
    panes.class_view(ClassState(desk), frame=frame)
    _listen(frame)


_MAKERS = {"cases": _cases, "case": _case, "virtual": _virtual, "quiz": _quiz, "class": _class}

__all__ = ["EcgomicsError", "page"]
