"""The cases: by topic, with what was reached, what is due, assignments, and joining a class."""

from __future__ import annotations

from typing import Any

from ecgomics.dashboards.learn_desk import CASE, COOKIE, QUIZ, STAY_DAYS, LearnDesk, when
from ecgomics.dashboards.learn_keeping import keep_record
from ecgomics.dashboards.learn_panes.hearing import hear
from ecgomics.errors import EcgomicsError
from ecgomics.learn import LESSONS, TOPICS, Case, teachings
from ecgomics.simulate import CONDITIONS
from ecgomics_widgets.case_shelf import CaseShelf

FULL: dict[str, Any] = {"sizing_mode": "stretch_both"}


class ShelfView:
    """Widgets around a `LearnDesk`."""

    def __init__(self, desk: LearnDesk, *, frame: Any, census: Any = None) -> None:
        self.desk, self.frame, self.census = desk, frame, census
        words = desk.words
        self.shelf = CaseShelf(
            texts=words.all_of(
                ("not read yet", "level", "of", "Join a class", "Class code", "Your name in this class", "Join", "You")
                + ("Repeat now", "Start a quiz", "Open", "Lessons", "notebooks")
                + ("A record as a case", "Record (id or source)", "Conclusion", "Title", "Save as case")
            ),
            lessons=[{"number": number, "title": words(title)} for number, title in LESSONS.items()],
        )
        hear(self.shelf, {"join": self._join}, trouble=self._refused)
        hear(self.shelf, {"keep": self._keep}, trouble=lambda text: setattr(frame, "notice", text))
        self.show()

    def show(self) -> None:
        """Send everything as it stands."""
        desk = self.desk
        best = self._best()
        due = set(desk.due_items())
        self.shelf.param.update(
            person={
                "name": desk.person.shown_as if desk.signed_in else "",
                "classes": [item.title for item in desk.classroom.classes(of=desk.person)],
                "joined": desk.joined is not None,
                "known": desk.signed_in,
            },
            due=self._due(due),
            tasks=self._tasks(best),
            topics=[self._topic(topic, best, due) for topic in TOPICS],
            keeping=self._keeping(),
        )

    def _keeping(self) -> dict[str, Any]:
        """What the form that makes a case of a record offers; nothing to those who do not teach."""
        if self.census is None or not self.desk.teaches or self.desk.casebook.folder is None:
            return {}
        titles = {name: self.desk.words(CONDITIONS[name].title) for name in teachings()}
        return {"conclusions": sorted(titles.items(), key=lambda item: item[1])}

    def _keep(self, event: Any) -> None:
        case = keep_record(
            str(event.get("record", "")).strip(),
            self.desk,
            census=self.census,
            condition=str(event.get("condition", "")),
            title=str(event.get("title", "")),
        )
        self.frame.notice = self.desk.words("Saved as {file}: write its story there.", file=f"{case.id}.yaml")
        self.show()

    def _best(self) -> dict[str, float]:
        """Best score of each case: the mean over the lines of one reading."""
        answers = self.desk.answers()
        cases = answers[answers["case_id"].str.startswith(CASE)] if len(answers) else answers
        found: dict[str, float] = {}
        for name, rows in cases.groupby("case_id"):
            latest = rows.groupby("question_id")["score"].max()
            found[str(name).removeprefix(CASE)] = float(latest.mean())
        return found

    def _due(self, due: set[str]) -> dict[str, Any]:
        words = self.desk.words
        cases = sorted(item.removeprefix(CASE) for item in due if item.startswith(CASE))
        quiz = [item for item in due if item.startswith(QUIZ)]
        if cases:
            text = words("{n} to repeat", n=len(due))
            return {"text": text, "href": f"learn?case={cases[0]}", "count": len(due)}
        following = self.desk.classroom.next_due(of=self.desk.person)
        text = (
            words("{n} to repeat", n=len(quiz))
            if quiz
            else when(following, words)
            if following
            else words("Nothing to repeat yet.")
        )
        return {"text": text, "href": "learn?view=quiz", "count": len(quiz)}

    def _tasks(self, best: dict[str, float]) -> list[dict[str, Any]]:
        words = self.desk.words
        courses = {item.id: item.title for item in self.desk.classroom.classes(of=self.desk.person)}
        due = {task.id: words("due {day}", day=task.due.date().isoformat()) for task in self.desk.tasks() if task.due}
        return [
            {
                "title": task.title,
                "text": " · ".join(filter(None, (courses.get(task.course_id, ""), due.get(task.id, "")))),
                "href": f"learn?task={task.link}",
                "done": sum(case in best for case in task.cases),
                "of": len(task.cases),
            }
            for task in self.desk.tasks()
        ]

    def _topic(self, topic: str, best: dict[str, float], due: set[str]) -> dict[str, Any]:
        words = self.desk.words
        cases = [case for case in self.desk.casebook.cases if case.topic == topic]
        return {
            "title": words(TOPICS[topic]),
            "done": sum(case.id in best for case in cases),
            "of": len(cases),
            "cases": [self._case(case, best, due) for case in cases],
        }

    def _case(self, case: Case, best: dict[str, float], due: set[str]) -> dict[str, Any]:
        again = f"{CASE}{case.id}" in due
        text = self.desk.words("due now") if again else case.vignette
        return {
            "title": case.title,
            "text": text,
            "href": f"learn?case={case.id}",
            "level": case.level,
            "best": best.get(case.id),
        }

    def _join(self, event: Any) -> None:
        secret = self.desk.join(str(event.get("code", "")), str(event.get("name", "")))
        self.shelf.ticket = {"name": COOKIE, "value": secret, "days": STAY_DAYS, "href": "learn"}

    def _refused(self, text: str) -> None:
        self.shelf.trouble = text


def shelf_view(desk: LearnDesk, *, frame: Any, census: Any = None) -> ShelfView:
    """Put the cases into the frame of the page; with the cohort's census, its records can be made cases."""
    view = ShelfView(desk, frame=frame, census=census)
    frame.board = view.shelf.panel(**FULL)
    return view


__all__ = ["EcgomicsError", "ShelfView", "shelf_view"]
