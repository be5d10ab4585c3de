"""Saving what is on the screen as a case: the virtual patient at hand, or a record of the cohort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecgomics.dashboards.learn_desk import LearnDesk
from ecgomics.errors import AccessError, LearnError
from ecgomics.learn import Case, examine, teachings
from ecgomics.learn.cases import WHOLE
from ecgomics.simulate import CONDITIONS, VirtualPatient

if TYPE_CHECKING:
    from ecgomics.dashboards.census import Census
    from ecgomics.dashboards.learn_virtual import VirtualState

_SEX = {"M": "man", "F": "woman"}


def keep_virtual(state: VirtualState, desk: LearnDesk) -> Case:
    """Keep the virtual patient as he is now, with the rules he meets by his true marks.

    Raises
    ------
    AccessError, LearnError
        For somebody who does not teach; without a folder to keep it in.
    """
    _require(desk)
    stated = _stated(state.patient)
    patient = VirtualPatient.from_dict(stated)
    condition = state.preset if state.preset in CONDITIONS else "normal"
    seen = examine(patient, seed=state.seed, marks="truth", rules=state.rules)
    entry = _entry(
        desk,
        f"{CONDITIONS[condition].title} {state.seed}",
        condition,
        ecg={"condition": condition, "seed": state.seed, "set": stated},
        who=f"{patient.age:.0f}-year-old {_SEX[patient.sex]}",
        met=seen.met(),
    )
    return desk.casebook.keep(entry)


def keep_record(record: str, desk: LearnDesk, *, census: Census, condition: str, title: str, level: int = 2) -> Case:
    """Keep a record of the cohort as a case.

    Parameters
    ----------
    record
        Its id, or its source when only one record has it.
    desk, census
        Who asks; the cohort.
    condition
        The conclusion that is right, a key of `simulate.CONDITIONS`.
    title, level
        Heading, at least three letters; 1 to 4.

    Raises
    ------
    AccessError, LearnError
        For somebody who does not teach; a record or condition that is not there; without a folder to keep it in.
    """
    _require(desk)
    ids = [str(name) for name in census.ids]
    named = [record] if record in ids else [name for name, at in zip(ids, census.source, strict=True) if at == record]
    if len(named) != 1:
        raise LearnError(f"{len(named)} records of this name", expected="one record's id or source")
    at = census.at(named[0])
    age, sex = float(census.age[at]), str(census.sex[at])
    who = f"{f'{age:.0f}-year-old ' if age == age else ''}{_SEX.get(sex, 'person')}"
    entry = _entry(
        desk, title.strip(), condition, ecg={"condition": condition, "record": named[0]}, who=who, level=level
    )
    return desk.casebook.keep(entry)


def _require(desk: LearnDesk) -> None:
    if not desk.teaches:
        raise AccessError("somebody who does not teach", expected="a teacher", remedy="sign in as one")


def _entry(
    desk: LearnDesk,
    title: str,
    condition: str,
    *,
    ecg: Mapping[str, Any],
    who: str,
    met: tuple[str, ...] = (),
    level: int | None = None,
) -> dict[str, Any]:
    teaching = teachings().get(condition)
    if teaching is None:
        raise LearnError("a conclusion that does not exist", expected="one of the form's conclusions")
    entry: dict[str, Any] = {
        "id": desk.casebook.free_id(title),
        "title": title,
        "level": level or teaching.level,
        "topic": teaching.topic,
        "vignette": f"A {who} who comes to have an ECG. Read it.",
        "ecg": {key: value for key, value in ecg.items() if value not in ({}, None)},
        "why": f"{CONDITIONS[condition].title}. {teaching.sign}",
    }
    return entry | ({"met": list(met)} if met else {})


def _stated(patient: VirtualPatient) -> dict[str, Any]:
    """The whole patient as a file states him: what is not at its default, to five digits, and whose body."""
    default = VirtualPatient().as_dict()
    values = {
        name: float(f"{value:.5g}") if isinstance(value, float) else value
        for name, value in patient.as_dict().items()
        if value != default[name]
    }
    return values | {WHOLE: patient.geometry_seed}
