"""The Patient page: one person's recordings over time, what changed, and everything to take along or to erase."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ecgomics.dashboards.beside import run_beside
from ecgomics.dashboards.frame import PageFrame
from ecgomics.dashboards.pages import Visit
from ecgomics.dashboards.patient_state import PatientState
from ecgomics_widgets.inbox import Inbox
from ecgomics_widgets.patient_board import PatientBoard

KEYS = (("p P", "next, previous patient"),)


def page(visit: Visit) -> Any:
    """The Patient page, for one browser session."""
    state = PatientState(visit.reading.census.cohort, desk=visit.desk)
    board = PatientBoard(patients=state.patients, may_erase=state.may_erase)
    frame = PageFrame.around(
        visit,
        board.panel(sizing_mode="stretch_both"),
        keys=KEYS,
        key_names=["p", "P"],
        on_key=lambda key: _step(state, 1 if key == "p" else -1),
        help="A band is the person's own level ± the change that two recordings exceed by chance one time in twenty.",
        status=["criteria and measurements are no diagnosis"],
    )
    inbox = Inbox()

    def act(change: Any) -> None:
        for event in inbox.take(change.new):
            _do(state, str(event.get("type")), event)

    def show(*_: Any) -> None:
        blank = {"about": "", "records": [], "trends": [], "news": []}
        board.param.update(patient=state.patient, **(blank | state.shown))
        frame.link = f"patient={quote(state.patient)}" if state.patient else ""

    board.param.watch(act, "event")
    state.param.watch(show, ["patient", "shown"])
    state.param.watch(
        lambda *_: board.param.update(busy=state.busy, trouble=state.trouble, file=state.file),
        ["busy", "trouble", "file"],
    )

    def tell(*_: Any) -> None:
        board.patients = state.patients
        frame.notice = state.notice

    state.param.watch(tell, "notice")
    frame.param.watch(lambda change: board.param.update(theme=change.new), "theme")
    if visit.query.get("patient"):
        state.choose(visit.query["patient"])
    return frame


def _do(state: PatientState, kind: str, event: Any) -> None:
    if kind == "patient":
        state.choose(str(event.get("id", "")))
    elif kind == "erase":
        state.erase(str(event.get("typed", "")))
    elif kind in ("export", "page") and state.patient and not state.busy:
        state.busy = "making the file…"
        work = state.exported if kind == "export" else state.page
        run_beside(lambda: state.attempt(work), state.hand_over)


def _step(state: PatientState, by: int) -> None:
    names = [item["id"] for item in state.patients]
    if names:
        at = names.index(state.patient) if state.patient in names else (-1 if by > 0 else 0)
        state.choose(names[(at + by) % len(names)])
