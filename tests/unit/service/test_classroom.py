"""Classes, assignments and answers: each student's own, and kept when the server dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from ecgomics.errors import AccessError, ServiceError
from ecgomics.service.classroom import ANSWER_COLUMNS, Classroom
from ecgomics.service.models import now


@pytest.fixture
def classroom(database):
    return Classroom(database)


@pytest.fixture
def teacher(accounts):
    return accounts.add("tess", password="a teacher's password", role="teacher")


@pytest.fixture
def students(accounts):
    return [accounts.add(f"student{n}", password="a student's password") for n in range(2)]


def test_students_join_by_code_and_the_teacher_sees_them(classroom, teacher, students):
    course = classroom.open_class("Third year", by=teacher)
    for student in students * 2:
        assert classroom.join(f" {course.code.lower()} ", by=student) == course
    assert classroom.students(course.id, by=teacher) == ["student0", "student1"]
    assert classroom.classes(of=students[0]) == [course] == classroom.classes(of=teacher)


def test_only_a_teacher_opens_a_class_and_only_theirs_is_open_to_them(classroom, teacher, students, accounts):
    with pytest.raises(AccessError):
        classroom.open_class("x", by=students[0])
    course = classroom.open_class("x", by=teacher)
    other = accounts.add("other", password="a teacher's password", role="teacher")
    for who in (other, students[0]):
        for look in (
            lambda who=who: classroom.students(course.id, by=who),
            lambda who=who: classroom.answers_of_class(course.id, by=who),
            lambda who=who: classroom.assign(course.id, "t", ["c"], by=who),
        ):
            with pytest.raises(AccessError):
                look()
    with pytest.raises(ServiceError, match="code"):
        classroom.join("ZZZZZZ", by=students[0])


def test_an_assignments_link_lets_a_student_in(classroom, teacher, students):
    course = classroom.open_class("x", by=teacher)
    due = now() + timedelta(days=7)
    task = classroom.assign(course.id, "Blocks", ["case-1", "case-2"], by=teacher, due=due)
    assert classroom.follow(task.link, by=students[0]) == task
    assert classroom.tasks(of=students[0]) == [task]
    assert classroom.tasks(of=students[1]) == []
    assert (task.cases, task.due) == (("case-1", "case-2"), due)
    with pytest.raises(ServiceError, match="leads nowhere"):
        classroom.follow("nothing", by=students[1])
    with pytest.raises(ServiceError, match="without a case"):
        classroom.assign(course.id, "x", [], by=teacher)


def test_two_students_answers_are_not_mixed_up(classroom, teacher, students):
    course = classroom.open_class("x", by=teacher)
    for student in students:
        classroom.join(course.code, by=student)
        classroom.answer("case-1", "q1", by=student, given={"value": student.name}, score=0.5, topic="blocks", hints=1)
    for student in students:
        [row] = classroom.answers(of=student).to_dict("records")
        assert tuple(row) == ANSWER_COLUMNS
        assert (row["student"], row["given"]) == (student.name, {"value": student.name})
    assert classroom.answers_of_class(course.id, by=teacher)["student"].tolist() == ["student0", "student1"]
    with pytest.raises(ServiceError, match="score"):
        classroom.answer("case-1", "q1", by=students[0], given={}, score=1.5)


def test_items_come_due_in_order(classroom, students):
    me, other = students
    for hours, item in ((-1, "late"), (-5, "later"), (3, "soon")):
        classroom.schedule(item, of=me, due=now() + timedelta(hours=hours), state={"ease": 2.5})
    assert [item for item, _ in classroom.due(of=me)] == ["later", "late"]
    assert classroom.due(of=other) == []
    classroom.schedule("later", of=me, due=now() + timedelta(days=3), state={"ease": 2.6})
    assert classroom.review("later", of=me) == {"ease": 2.6}
    assert classroom.review("never", of=me) is None
    assert classroom.next_due(of=other) is None


def test_an_answer_that_was_acknowledged_survives_kill_9(url, database, students):
    code = (
        "import sys, os, signal\n"
        "from ecgomics.service.database import Database\n"
        "from ecgomics.service.accounts import Accounts\n"
        "from ecgomics.service.classroom import Classroom\n"
        "database = Database(sys.argv[1])\n"
        "me = Accounts(database).find('student0')\n"
        "for n in range(20):\n"
        "    Classroom(database).answer('case', f'q{n}', by=me, given={}, score=1.0)\n"
        "    print(n, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, url], capture_output=True, timeout=120)
    assert run.returncode == -signal.SIGKILL
    kept = Classroom(database).answers(of=students[0])
    assert len(kept) == len(run.stdout.split()) == 20
