"""`Case`: an ECG with a story, what to read in it, what is right, hints and an explanation; cases are YAML files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ecgomics.errors import LearnError, did_you_mean
from ecgomics.learn.examination import Examination, examine
from ecgomics.learn.form import Target, field_of, form, targets_of
from ecgomics.simulate import CONDITIONS, VirtualPatient, draw_patient

LONGEST_FILE = 200_000
"""Bytes of a case file."""


WHOLE = "geometry_seed"
"""The parameter whose statement says that the whole virtual patient is stated."""


@dataclass(frozen=True)
class Choice:
    """A question beside the form: words to choose from.

    Attributes
    ----------
    id, text
        Key and question.
    options
        Answers to choose from.
    right
        Index of the right one.
    because
        Why.
    """

    id: str
    text: str
    options: tuple[str, ...]
    right: int
    because: str


@dataclass(frozen=True)
class Case:
    """A case.

    Attributes
    ----------
    id, title
        Key and heading.
    level
        1 to 4.
    topic, tags
        Key of `topics.TOPICS`; further words.
    vignette
        Who comes, and why.
    condition
        Key of `simulate.CONDITIONS`: the conclusion that is right.
    seed, changes
        Of the virtual patient, and parameters stated rather than drawn; with `WHOLE` among them nothing is drawn, and
        what is not stated is at its default.
    record
        Id of a cohort's record; empty for a virtual patient.
    asked
        Lines of the form.
    choices
        Questions beside the form.
    answers, also, partly
        Words of single lines where they are not the condition's; allowed words; conclusions that score half.
    met, not_met
        Rules the ECG meets, and does not.
    hints
        Line → hints, in order.
    why
        Explanation.
    biomarkers, lessons
        Links to the catalogue and to the lessons.
    """

    id: str
    title: str
    level: int
    topic: str
    vignette: str
    condition: str
    asked: tuple[str, ...]
    why: str
    tags: tuple[str, ...] = ()
    seed: int = 0
    changes: Mapping[str, Any] | None = None
    record: str = ""
    choices: tuple[Choice, ...] = ()
    answers: Mapping[str, Any] | None = None
    also: Mapping[str, Any] | None = None
    partly: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    not_met: tuple[str, ...] = ()
    hints: Mapping[str, tuple[str, ...]] | None = None
    biomarkers: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether its ECG is simulated."""
        return not self.record

    def patient(self) -> VirtualPatient:
        """Its virtual patient. Raises LearnError for a case about a record."""
        if self.record:
            raise LearnError("a case about a recording", expected="one of a virtual patient")
        changes = dict(self.changes or {})
        if WHOLE in changes:
            return VirtualPatient.from_dict(changes)
        return draw_patient(self.condition, seed=self.seed, **changes)

    def examination(self) -> Examination:
        """Its virtual patient recorded, and measured by the true marks."""
        return examine(self.patient(), seed=self.seed, marks="truth")

    def targets(self, examination: Examination) -> dict[str, Target]:
        """What is right in every line of the form."""
        return targets_of(examination, self.condition, partly=self.partly, answers=self.answers, also=self.also)


def load_cases(folder: str | Path | None = None) -> tuple[Case, ...]:
    """Cases from a folder of YAML files, by level and title; by default those that come along.

    Raises
    ------
    LearnError
        For a file that is no case, says which part and what is expected; two cases of one id.
    """
    if folder is None:
        return _own()
    files = [(path.name, path.read_bytes()) for path in sorted(Path(folder).glob("*.yaml"))]
    return _checked(files)


@cache
def _own() -> tuple[Case, ...]:
    place = resources.files("ecgomics.learn").joinpath("data/cases")
    files = [(item.name, item.read_bytes()) for item in place.iterdir() if item.name.endswith(".yaml")]
    return _checked(sorted(files))


def case_of(name: str, *, cases: tuple[Case, ...] | None = None) -> Case:
    """A case by id. Raises LearnError when there is none."""
    known = {case.id: case for case in (cases or load_cases())}
    if name not in known:
        raise LearnError("a case that is not there", expected="the id of a case", remedy=did_you_mean(name, known))
    return known[name]


def _checked(files: list[tuple[str, bytes]]) -> tuple[Case, ...]:
    cases = [case for name, data in files for case in cases_of_file(name, data)]
    names = [case.id for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LearnError(f"cases called {', '.join(twice)} twice", expected="an id of its own for each")
    return tuple(sorted(cases, key=lambda case: (case.level, case.title)))


def cases_of_file(name: str, data: bytes) -> tuple[Case, ...]:
    """The cases of one YAML file: one, or a list of them.

    Raises
    ------
    LearnError
        Says the file, the line and what is expected there.
    """
    if len(data) > LONGEST_FILE:
        raise LearnError(f"{name}: {len(data)} bytes", expected=f"a case file of up to {LONGEST_FILE} bytes")
    try:
        text = data.decode("utf-8")
        stated = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise LearnError(f"{name}{place}: no YAML", expected="a case file", remedy=_problem(error)) from error
    several = isinstance(stated, list)
    nodes = node.value if several and node is not None else [node]
    entries = stated if several else [stated]
    return tuple(read_case(entry, source=name, node=each) for entry, each in zip(entries, nodes, strict=True))


def _problem(error: Exception) -> str:
    found = str(getattr(error, "problem", "") or "")
    return f"the reader says: {found}" if found else ""


def _line(node: yaml.Node | None, path: Sequence[str | int]) -> int | None:
    """The line (from 1) where a part of a case stands in its file; None when it was not read from one."""
    for step in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == str(step)), node)
    return None if node is None else int(node.start_mark.line) + 1


def _unfit(
    source: str, node: yaml.Node | None, path: list[str | int], *, expected: str, remedy: str = ""
) -> LearnError:
    line = _line(node, path)
    place = f"{source}, line {line}" if line else source
    return LearnError(f"{place}: {'/'.join(map(str, path)) or 'top'} does not fit", expected=expected, remedy=remedy)


@cache
def case_schema() -> dict[str, Any]:
    """The JSON schema of a case."""
    text = resources.files("ecgomics.learn").joinpath("data/case.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def read_case(entry: Any, *, source: str = "case", node: yaml.Node | None = None) -> Case:
    """A case from what its file says.

    Parameters
    ----------
    entry
        The case.
    source
        What an error calls its file.
    node
        Where the entry stands in the file, for the line in an error.

    Raises
    ------
    LearnError
        With the part that does not fit the schema, or names a condition, line, word or option that is not there.
    """
    import jsonschema

    problem = next(iter(jsonschema.Draft202012Validator(case_schema()).iter_errors(entry)), None)
    if problem is not None:
        raise _unfit(source, node, list(problem.absolute_path), expected=problem.message[:200])
    condition = entry["ecg"]["condition"]
    if condition not in CONDITIONS:
        raise _unfit(
            source,
            node,
            ["ecg", "condition"],
            expected="a condition of the simulator",
            remedy=did_you_mean(condition, CONDITIONS),
        )
    for name, words in (entry.get("answers") or {}).items():
        unknown = [
            word for word in ([words] if isinstance(words, str) else words) if word not in field_of(name).options
        ]
        if unknown:
            known = ", ".join(list(field_of(name).options)[:12])
            raise _unfit(source, node, ["answers", name], expected=f"words such as {known}")
    for place, item in enumerate(entry.get("questions", ())):
        if item["right"] >= len(item["options"]):
            count = len(item["options"])
            raise _unfit(
                source, node, ["questions", place, "right"], expected=f"0 to {count - 1}: which option is right"
            )
    ecg, links = entry["ecg"], entry.get("links", {})
    return Case(
        id=entry["id"],
        title=entry["title"],
        level=entry["level"],
        topic=entry["topic"],
        vignette=entry["vignette"],
        condition=ecg["condition"],
        asked=tuple(entry.get("ask") or (line.id for line in form() if not line.extra)),
        why=entry["why"],
        tags=tuple(entry.get("tags", ())),
        seed=ecg.get("seed", 0),
        changes=ecg.get("set"),
        record=ecg.get("record", ""),
        choices=tuple(
            Choice(item["id"], item["text"], tuple(item["options"]), item["right"], item["because"])
            for item in entry.get("questions", ())
        ),
        answers=entry.get("answers"),
        also=entry.get("also"),
        partly=tuple(entry.get("partly", ())),
        met=tuple(entry.get("met", ())),
        not_met=tuple(entry.get("not_met", ())),
        hints={line: tuple(texts) for line, texts in entry.get("hints", {}).items()},
        biomarkers=tuple(links.get("biomarkers", ())),
        lessons=tuple(links.get("lessons", ())),
    )
