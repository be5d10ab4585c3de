"""The teacher's view of a class."""

from __future__ import annotations

from typing import Any

from ecgomics.dashboards.learn_class import ClassState
from ecgomics.dashboards.learn_panes.hearing import hear
from ecgomics.learn import TOPICS
from ecgomics_widgets.class_board import ClassBoard

FULL: dict[str, Any] = {"sizing_mode": "stretch_both"}
_TEXTS = (
    *("Copy the link", "copied", "Assignments", "none yet", "Join with this code, or by an assignment's link."),
    *("Class", "class", "assignment", "everything", "Student", "students by questions", "not answered", "Class code"),
    *(
        "Most missed",
        "Nothing yet.",
        "Assign cases",
        "Name of the class",
        "New class",
        "Name of the assignment",
        "Assign",
    ),
    "No answers yet.\nGive the class code or an assignment's link to your students.",
    "No class yet.\nMake one: students join it with its code.",
)


class ClassView:
    """Widgets around a `ClassState`."""

    def __init__(self, state: ClassState, *, frame: Any) -> None:
        self.state, self.frame = state, frame
        words = state.desk.words
        self.board = ClassBoard(
            texts=words.all_of(_TEXTS),
            cases=[
                {"id": case.id, "title": case.title, "topic": words(TOPICS[case.topic]), "level": case.level}
                for case in state.in_order()
            ],
        )
        hear(
            self.board,
            {
                "open_class": lambda e: state.open_class(str(e["title"])),
                "course": lambda e: state.param.update(course=int(e["id"]), task=0),
                "task": lambda e: state.param.update(task=int(e["id"])),
                "assign": lambda e: state.assign(str(e["title"]), [str(case) for case in e["cases"]]),
                "case": self._open,
                "export": self._export,
            },
            trouble=lambda text: setattr(self.board, "trouble", text),
        )
        state.param.watch(lambda *_: self.show(), ["course", "task", "changed"])
        self.show()

    def show(self) -> None:
        """Send the class as it stands."""
        state = self.state
        matrix = state.matrix()
        room = state.desk.classroom
        self.board.param.update(
            courses=[
                {
                    "id": item.id,
                    "title": item.title,
                    "code": item.code,
                    "students": len(room.students(item.id, by=state.desk.person)),
                }
                for item in state.courses()
            ],
            course=state.course,
            tasks=[
                {"id": task.id, "title": task.title, "link": f"learn?task={task.link}", "cases": list(task.cases)}
                for task in state.tasks()
            ],
            task=state.task,
            matrix=matrix,
            missed=state.missed(matrix),
            trouble="",
        )

    def _open(self, event: Any) -> None:
        if event.get("id"):
            self.frame.goto = f"learn?case={event['id']}"

    def _export(self, event: Any) -> None:
        count = int(self.board.file.get("count", 0)) + 1
        self.board.file = {"name": "answers.csv", "text": self.state.csv(), "count": count}


def class_view(state: ClassState, *, frame: Any) -> ClassView:
    """Put a class into the frame of the page."""
    view = ClassView(state, frame=frame)
    frame.board = view.board.panel(**FULL)
    return view
