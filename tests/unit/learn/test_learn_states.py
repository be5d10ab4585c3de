"""The states behind Learn's pages: a reading, a quiz, a class, a virtual patient; two students; a killed server."""

from __future__ import annotations

import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.learn_case import CaseState
from ecgomics.dashboards.learn_class import ClassState
from ecgomics.dashboards.learn_desk import COOKIE, LearnDesk
from ecgomics.dashboards.learn_keeping import keep_record, keep_virtual
from ecgomics.dashboards.learn_quiz import QuizState
from ecgomics.dashboards.learn_virtual import VirtualState
from ecgomics.errors import AccessError, LearnError, ServiceError, SettingsError
from ecgomics.learn import case_of, read_case
from ecgomics.simulate import VirtualPatient, draw_patient, simulate

CALIPERS = [
    {"label": "PR", "lead": "II", "start_s": 1.0, "stop_s": 1.244},
    {"label": "QT", "start_s": 2.4, "stop_s": 2.0},
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("ECGOMICS_DATABASE", raising=False)
    return tmp_path / "cohort.zarr"


@pytest.fixture
def teacher(place):
    return LearnDesk(Desk(place))


@pytest.fixture
def course(teacher):
    state = ClassState(teacher)
    state.open_class("ECG-2")
    return state


def student(place, code, name):
    secret = LearnDesk(Desk(place)).join(code, name)
    return LearnDesk(Desk(place), {COOKIE: secret})


def test_a_reading_is_kept_once_and_told_only_afterwards(teacher):
    state = CaseState(case_of("slow_conductor"), teacher)
    assert state.explanation() == {}
    assert not any("verdict" in line for line in state.lines())
    state.answer("rhythm", "sinus")
    state.measure(CALIPERS)
    assert (state.given["pr"], state.given["qt"]) == (244, 400)
    state.submit()
    state.submit()
    answers = teacher.answers()
    assert len(answers) == len(state.case.asked)
    assert answers.set_index("question_id")["score"]["rhythm"] == 1.0
    assert state.due_text
    state.answer("rhythm", "af")
    assert state.given["rhythm"] == "sinus"


def test_feedback_lies_beside_what_was_measured(teacher):
    state = CaseState(case_of("slow_conductor"), teacher)
    state.measure([{"label": "PR", "lead": "II", "start_s": 2.0, "stop_s": 2.1}])
    assert next(line for line in state.lines() if line["id"] == "axis")["dial"] == {}
    state.submit()
    # the axis is read beside the reference on a dial, which is not there before
    axis = next(line for line in state.lines() if line["id"] == "axis")
    assert axis["dial"]["reference"] == state.targets["axis"].value
    row = next(row for row in state.feedback() if row.get("label") == "PR")
    assert row["verdict"] == "wrong"
    assert abs(row["reference_start_s"] - row["given_start_s"]) < 1.0
    length = 1000 * (row["reference_stop_s"] - row["reference_start_s"])
    assert length == pytest.approx(state.targets["pr"].value, abs=12)


def test_one_line_is_read_again_for_half_of_its_points(teacher):
    state = CaseState(case_of("slow_conductor"), teacher)
    state.answer("rhythm", "sinus")
    state.measure([{"label": "PR", "lead": "II", "start_s": 2.0, "stop_s": 2.1}])
    state.try_again("pr")
    assert state.trying == ""
    state.submit()
    before = state.score
    assert not state.may_try("rhythm")
    state.try_again("pr")
    line = next(line for line in state.lines() if line["id"] == "pr")
    assert "verdict" not in line
    state.answer("rhythm", "af")
    state.measure([{"label": "PR", "lead": "II", "start_s": 2.0, "stop_s": 2.0 + state.targets["pr"].value / 1000}])
    state.submit_again()
    assert state.given["rhythm"] == "sinus"
    assert state.score != before
    assert next(m for m in state.marks if m.target.field.id == "pr").share == 0.5
    assert not state.may_try("pr")
    kept = teacher.answers()
    assert list(kept[kept["question_id"] == "pr"]["score"]) == [0.0, 0.5]


def test_st_is_measured_from_the_baseline_to_j_in_the_lead_asked_for(teacher):
    entry = {
        "id": "st_case",
        "title": "ST to measure",
        "level": 2,
        "topic": "ischaemia",
        "vignette": "A person with chest pain for an hour.",
        "ecg": {"condition": "anterior_st_elevation", "seed": 2},
        "ask": ["st", "conclusion"],
        "why": "ST is measured at J against the baseline before the QRS.",
        "questions": [
            {"id": "what", "text": "What next?", "options": ["Wait", "Call"], "right": 1, "because": "Time is muscle."}
        ],
    }
    state = CaseState(read_case(entry), teacher)
    lead = state.targets["st"].lead
    assert state.lines()[0]["title"].endswith(lead)
    row = {"label": "ST", "start_s": 1.3, "stop_s": 1.2, "start_mv": 0.35, "stop_mv": 0.01, "mv": -0.34}
    state.measure([row | {"lead": "V6"}])
    assert "st" not in state.given
    state.measure([row | {"lead": lead}])
    assert state.given["st"] == 0.34
    state.answer("question.what", "1")
    state.submit()
    question = state.lines()[-1]
    assert (question["verdict"], question["feedback"]) == ("right", "Time is muscle.")


def test_a_record_of_the_cohort_is_read_with_the_engines_uncertainty(teacher, tmp_path):
    record = simulate(draw_patient("first_degree_block", seed=3), seed=3)
    census = SimpleNamespace(
        ids=["r1"],
        at=lambda name: 0,
        age=[71.0],
        sex=["M"],
        source=["a source"],
        cohort=SimpleNamespace(ecg=lambda name: record.ecg),
    )
    desk = LearnDesk(teacher.desk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECGOMICS_CASES", str(tmp_path / "cases"))
        case = keep_record("a source", desk, census=census, condition="first_degree_block", title="From the ward")
        assert desk.casebook.case("from_the_ward") == case
        with pytest.raises(LearnError, match="0 records"):
            keep_record("another", desk, census=census, condition="normal", title="None of it")
    assert not case.synthetic
    state = CaseState(case, desk, census=census)
    assert state.targets["pr"].value > 200
    assert state.targets["pr"].uncertainty > 0
    with pytest.raises(LearnError, match="not in this cohort"):
        _ = CaseState(case, desk).targets


def test_the_virtual_patient_at_hand_is_kept_and_comes_back(teacher, tmp_path, monkeypatch):
    monkeypatch.setenv("ECGOMICS_CASES", str(tmp_path))
    state = VirtualState(preset="rbbb", seed=4)
    state.set("pr_ms", 240.0)
    case = keep_virtual(state, teacher)
    assert case.patient().pr_ms == 240.0
    for name, value in state.patient.as_dict().items():
        wanted = pytest.approx(value, rel=1e-4) if isinstance(value, float) else value
        assert case.patient().as_dict()[name] == wanted, name
    assert {"rbbb", "first_degree_block"} <= set(case.met)


def test_who_teaches_on_a_server_without_sign_in(place, course):
    code = course.courses()[0].code
    joined = student(place, code, "Mia")
    assert not joined.teaches
    assert not LearnDesk(Desk(place), {COOKIE: "left"}).teaches
    assert not LearnDesk(Desk(place), {COOKIE: "a session that is over"}).teaches
    assert LearnDesk(Desk(place), {}, {"Host": "localhost:5006"}).teaches
    assert LearnDesk(Desk(place), {}, {"Host": "[::1]:5006"}).teaches
    assert not LearnDesk(Desk(place), {}, {"Host": "ecg.example.org"}).teaches
    assert not LearnDesk(Desk(place), {}, {"Host": "localhost:5006", "X-Forwarded-For": "10.0.0.7"}).teaches
    with pytest.raises(AccessError, match="does not teach"):
        ClassState(LearnDesk(Desk(place), {COOKIE: "left"}))
    with pytest.raises(AccessError, match="does not teach"):
        keep_virtual(VirtualState(), joined)


def test_hints_are_taken_one_by_one_and_cost(teacher):
    state = CaseState(case_of("slow_conductor"), teacher)
    for _ in range(5):
        state.hint("pr")
    assert state.hints["pr"] == len(state.case.hints["pr"])
    state.answer("pr", round(state.targets["pr"].value))
    state.submit()
    assert next(mark for mark in state.marks if mark.target.field.id == "pr").share == 0.5


def test_a_quiz_keeps_answers_and_follows_the_person(teacher):
    state = QuizState(teacher, topic="axis")
    for _ in range(3):
        name = state.question.id
        target = state.question.target
        state.answer(name, round(target.value) if target else state.question.right)
        state.answer(name, 0)
        assert state.result["verdict"] == "right"
        state.ask()
    assert state.question.topic == "axis"
    assert len(teacher.answers()) == 3
    assert state.known["axis"].right_in_a_row == 3
    assert state.known["axis"].value > -1.0
    assert teacher.classroom.review("quiz:axis", of=teacher.person)["repetitions"] == 3


def test_a_quiz_answer_to_another_question_is_not_taken(teacher):
    state = QuizState(teacher)
    state.answer("name.rbbb.1.1", 0)
    assert not state.result


def test_two_students_in_one_class_are_kept_apart(place, course):
    code = course.courses()[0].code
    ada, ben = student(place, code, "Ada L."), student(place, code.lower(), "Ben")
    for desk, rhythm in ((ada, "sinus"), (ben, "af")):
        state = CaseState(case_of("slow_conductor"), desk)
        state.answer("rhythm", rhythm)
        state.submit()
    assert {desk.person.shown_as for desk in (ada, ben)} == {"Ada L.", "Ben"}
    assert not ada.teaches
    matrix = course.matrix()
    place_of = [column["title"] for column in matrix["columns"]].index("Rhythm")
    cells = {row["name"]: row["cells"][place_of] for row in matrix["rows"]}
    assert cells == {"Ada L.": 1.0, "Ben": 0.0}
    assert course.missed(matrix)[0]["share"] <= 0.5
    assert course.csv().count("\n") == 1 + 2 * len(case_of("slow_conductor").asked)


def test_names_may_be_the_same_and_formulas_are_defused(place, course):
    code = course.courses()[0].code
    first, second = student(place, code, "Ada"), student(place, code, "Ada")
    assert first.person.id != second.person.id
    state = CaseState(case_of("the_runner"), first)
    state.answer("rhythm", "=1+1")
    state.submit()
    assert "'=1+1" in course.csv()
    # the class tells two of one name apart
    names = [row["name"] for row in course.matrix()["rows"]]
    assert sorted(names)[:1] == ["Ada (ada)"]
    assert len({name for name in names if name.startswith("Ada")}) == 2


def test_joining_needs_a_code_and_a_class_its_teacher(place, course):
    with pytest.raises(ServiceError, match="code of no class"):
        LearnDesk(Desk(place)).join("AAAAAA", "Eve")
    with pytest.raises(ServiceError, match="no code or no name"):
        LearnDesk(Desk(place)).join("", "Eve")
    eve = student(place, course.courses()[0].code, "Eve")
    with pytest.raises(AccessError):
        ClassState(eve)
    assert LearnDesk(Desk(place), {COOKIE: "made up"}).joined is None


def test_an_assignment_link_leads_into_the_class(place, course):
    course.assign("Week 1", ["the_runner", "fever", "no_such_case"])
    task = course.tasks()[0]
    assert task.cases == ("the_runner", "fever")
    zoe = student(place, course.courses()[0].code, "Zoe")
    state = CaseState(case_of("the_runner"), zoe, assignment=zoe.task(task.link).id)
    state.submit()
    assert len(course.answers()) == len(state.case.asked)
    with pytest.raises(ServiceError):
        course.assign("Empty", [])


KILLED = """
import os, signal, sys
from pathlib import Path
from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.learn_case import CaseState
from ecgomics.dashboards.learn_desk import LearnDesk
from ecgomics.learn import case_of
state = CaseState(case_of("the_runner"), LearnDesk(Desk(Path(sys.argv[1]))))
state.answer("rhythm", "sinus")
state.submit()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_answers_survive_a_kill(place, teacher):
    done = subprocess.run([sys.executable, "-c", KILLED, str(place)], timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    answers = teacher.answers()
    assert len(answers) == len(case_of("the_runner").asked)
    assert answers.set_index("question_id")["score"]["rhythm"] == 1.0


def test_a_virtual_patient_is_judged_at_every_change():
    state = VirtualState(preset="normal", seed=4)
    assert state.before is None
    state.set("pr_ms", 250)
    assert "first_degree_block" in state.examination.met()
    assert "first_degree_block" not in state.before.met()
    ghost = state.before
    state.set("pr_ms", 260)
    assert state.before is ghost
    assert state.rows()[0]["state"] == "met"
    assert state.undo_words.startswith("PR")
    state.undo()
    assert "first_degree_block" not in state.examination.met()
    state.take("lbbb")
    assert "lbbb_esc" in state.examination.met()
    assert state.changes() == {}
    with pytest.raises(SettingsError):
        state.set("no_such", 1)


def test_ticks_lie_where_the_next_limit_is():
    state = VirtualState(preset="normal", seed=4)
    tick = state.ticks()["pr_ms"]
    assert (
        tick == pytest.approx(200, abs=12) or tick == pytest.approx(120, abs=12) or tick == pytest.approx(110, abs=12)
    )


def test_every_slider_is_a_parameter_and_every_answer_a_slider():
    state = VirtualState()
    names = [slider["id"] for group in state.groups for slider in group["sliders"]]
    assert len(names) == len(set(names))
    assert set(names) <= set(VirtualPatient.param)
    found = state.reaches("first_degree_block")
    answer = state.answer_of("first_degree_block", found)
    assert any(option["parameter"] == "pr_ms" for option in answer["options"])
    assert "First-degree AV block is met at PR" in answer["text"]
