"""What is declared, pinned and given to conda is one set."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


@pytest.fixture(scope="module")
def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.partition(";")[0].strip().split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pinned}


def test_everything_declared_is_pinned_within_its_bounds(project: dict[str, Any], pins: dict[str, Version]) -> None:
    extras = project["optional-dependencies"]
    declared = [Requirement(line) for lines in (project["dependencies"], *extras.values()) for line in lines]
    for one in declared:
        if one.name == "ecgomics":
            assert one.extras <= set(extras)
            continue
        assert canonicalize_name(one.name) in pins, one.name
        assert pins[canonicalize_name(one.name)] in one.specifier, str(one)


def test_conda_is_given_the_same_set(project: dict[str, Any]) -> None:
    given = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    plain = [line for line in given if isinstance(line, str)]
    (lines,) = (entry["pip"] for entry in given if isinstance(entry, dict))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (wanted,) = re.findall(r"-e '\.(\[[a-z,]+\])'", makefile)
    assert lines == ["-c constraints.txt", f"-e .{wanted}"]
    assert set(Requirement(f"ecgomics{wanted}").extras) <= set(project["optional-dependencies"])
    (python,) = (Requirement(line) for line in plain if line.startswith("python"))
    assert set(SpecifierSet(project["requires-python"])) <= set(python.specifier)


def test_what_the_readme_says_is_pinned(pins: dict[str, Version]) -> None:
    told = re.findall(r"`([a-z0-9-]+)==([0-9.]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert told
    for name, version in told:
        assert pins[name] == Version(version)
