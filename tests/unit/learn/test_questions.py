"""Questions: repeatable, one right answer, distractors that are wrong and near; repetition and abilities."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from ecgomics.errors import LearnError
from ecgomics.learn import (
    TOPICS,
    Ability,
    Answered,
    Memory,
    abilities,
    draw_question,
    grade,
    next_topic,
    question_of,
    reviewed,
    teachings,
)
from ecgomics.learn.examination import examine
from ecgomics.simulate import CONDITIONS


@pytest.mark.parametrize("topic", list(TOPICS))
@pytest.mark.parametrize("level", [1, 4])
def test_a_question_has_one_right_answer_and_is_repeatable(topic, level):
    for seed in range(3):
        question = draw_question(topic, level=level, seed=seed)
        again = question_of(question.id)
        assert (again.text, again.options, again.right) == (question.text, question.options, question.right)
        assert again.patient.digest() == question.patient.digest()
        assert question.topic == topic
        if question.target is None:
            assert len(set(question.options)) == len(question.options) >= 3
            assert 0 <= question.right < len(question.options)
        else:
            assert math.isfinite(question.target.value)


def test_a_distractor_is_never_right_too():
    titles = {condition.title: name for name, condition in CONDITIONS.items()}
    for name in ("hypocalcaemia", "long_qt", "short_qt", "marked_bradycardia", "couplets"):
        question = question_of(f"name.{name}.3.{len(name)}")
        met = set(examine(question.patient, seed=question.seed, marks="truth").met())
        for place, option in enumerate(question.options):
            defining = set(teachings()[titles[option]].met)
            assert place == question.right or not defining or not defining <= met, (name, option)


def test_harder_questions_have_nearer_distractors():
    like = {CONDITIONS[name].title for name in teachings()["rbbb"].like}
    easy, hard = (question_of(f"name.rbbb.{level}.5") for level in (1, 4))
    assert len(like & set(hard.options)) > len(like & set(easy.options))


@pytest.mark.parametrize("name", ["", "name.rbbb.1", "name.nothing.1.1", "name.rbbb.x.1", "drop.rbbb.1.1"])
def test_an_id_of_no_question_is_refused(name):
    with pytest.raises(LearnError):
        question_of(name)


def test_sm2_by_its_published_steps():
    memory = Memory()
    days = []
    for _ in range(4):
        memory = reviewed(memory, 1.0)
        days.append(round(memory.interval_days, 1))
    # 1, 6, then times the ease, which rises by 0.1 with every grade 5: 6 × 2.8, then × 2.9
    assert days == [1.0, 6.0, 16.8, 48.7]
    forgotten = reviewed(memory, 0.0)
    assert (forgotten.repetitions, forgotten.interval_days, forgotten.lapses) == (0, 1.0, 1)
    assert forgotten.ease < memory.ease
    assert [grade(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)] == [0, 2, 3, 4, 5]


def test_ease_and_interval_keep_their_bounds():
    memory = Memory()
    for _ in range(20):
        memory = reviewed(memory, 0.0)
    assert memory.ease == 1.3
    for _ in range(40):
        memory = reviewed(memory, 1.0)
    assert memory.interval_days <= 365
    assert Memory.from_dict(memory.as_dict()) == memory
    assert Memory().due(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)


def test_abilities_follow_answers():
    good = abilities([Answered("axis", 2, 1.0)] * 12)["axis"]
    poor = abilities([Answered("axis", 2, 0.0)] * 12)["axis"]
    assert good.value > 0.5 > poor.value
    assert good.level() > poor.level()
    assert (good.right_in_a_row, poor.right_in_a_row) == (12, 0)
    assert Ability(value=0.0).chance(2) == pytest.approx(0.625)


def test_what_is_due_comes_first_else_mostly_the_weak():
    known = abilities([Answered("axis", 2, 1.0)] * 30 + [Answered("rhythm", 2, 0.0)] * 6)
    assert next_topic(known, due=["axis"]) == "axis"
    drawn = [next_topic(known, seed=seed) for seed in range(200)]
    assert drawn.count("rhythm") > 2 * drawn.count("axis")
