"""`Casebook`: the cases that come along and those of a teacher's folder; new ones are kept there as readable files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ecgomics.errors import LearnError
from ecgomics.learn.cases import Case, cases_of_file, load_cases, read_case

VARIABLE = "ECGOMICS_CASES"
"""Environment's name of the folder of one's own cases: what ``ecgomics serve --cases`` sets."""


@dataclass(frozen=True)
class Casebook:
    """Cases to choose from.

    Attributes
    ----------
    cases
        By level and title.
    troubles
        What is wrong with files of the folder: one sentence each, with file and line. Their cases are left out.
    folder
        Where new cases are kept; None without one.
    """

    cases: tuple[Case, ...]
    troubles: tuple[str, ...] = ()
    folder: Path | None = None

    def case(self, name: str) -> Case | None:
        """A case by id; None when there is none."""
        return next((case for case in self.cases if case.id == name), None)

    def keep(self, entry: Mapping[str, Any]) -> Case:
        """Write a case into the folder, as a file of its own named by its id.

        Parameters
        ----------
        entry
            What a case file says of one case (``case.schema.json``).

        Raises
        ------
        LearnError
            Without a folder, for an entry that is no case, and for an id that is taken: nothing is overwritten.
        """
        if self.folder is None:
            raise LearnError(
                "no folder to keep cases in", expected="one named to the server", remedy="ecgomics serve --cases FOLDER"
            )
        case = read_case(dict(entry))
        if self.case(case.id) is not None:
            raise LearnError(
                f"a case called {case.id}", expected="an id that is not taken", remedy="choose a new title"
            )
        text = yaml.safe_dump(dict(entry), sort_keys=False, allow_unicode=True, width=100)
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with (self.folder / f"{case.id}.yaml").open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError as error:
            raise LearnError(f"a file {case.id}.yaml", expected="a name that is free") from error
        return case

    def free_id(self, title: str) -> str:
        """An id made of a title that no case has yet."""
        stem = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:50] or "case"
        stem = stem if len(stem) >= 3 else f"case_{stem}"
        known = {case.id for case in self.cases}
        names = (stem, *(f"{stem}_{number}" for number in range(2, 1000)))
        return next(name for name in names if name not in known)


def casebook(folder: str | os.PathLike[str] | None = None) -> Casebook:
    """The cases that come along and those of a folder, by default the one the environment names (`VARIABLE`).

    A file that is no case is told in `Casebook.troubles`, and the others are read all the same. The folder is read
    again when a file of it has changed.
    """
    named = folder or os.environ.get(VARIABLE)
    if not named:
        return Casebook(load_cases())
    place = Path(named)
    files = tuple(sorted(place.glob("*.yaml"))) if place.is_dir() else ()
    return _gathered(place, tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@lru_cache(maxsize=8)
def _gathered(place: Path, files: tuple[tuple[Path, int, int], ...]) -> Casebook:
    cases = list(load_cases())
    known = {case.id for case in cases}
    troubles = []
    for file, *_ in files:
        try:
            found = cases_of_file(file.name, file.read_bytes())
        except LearnError as error:
            troubles.append(str(error))
            continue
        for case in found:
            if case.id in known:
                troubles.append(f"{file.name}: a second case called {case.id}; it is left out")
                continue
            known.add(case.id)
            cases.append(case)
    return Casebook(tuple(sorted(cases, key=lambda case: (case.level, case.title))), tuple(troubles), place)
