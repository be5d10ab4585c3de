"""The manifest: one small file whose atomic replacement is the commit of a store."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from ecgomics.cohort.layout import SCHEMA
from ecgomics.durable import write_durably
from ecgomics.errors import CohortError

NAME = "manifest.json"


@dataclass(frozen=True)
class Stage:
    """What a stage ran with, and what came of it.

    Parameters
    ----------
    version
        Version of the stage's method.
    settings
        Its settings, as plain values.
    inputs
        Digest of everything it read, by name.
    digest
        Hash of what it wrote.
    nodes
        The nodes it wrote.
    when
        Time of its commit, ISO 8601, UTC.
    """

    version: str
    settings: dict[str, Any]
    inputs: dict[str, str]
    digest: str = ""
    nodes: tuple[str, ...] = ()
    when: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The stage of its JSON form."""
        return cls(**{**values, "nodes": tuple(values["nodes"])})


@dataclass(frozen=True)
class Manifest:
    """The state of a store at its last commit.

    Parameters
    ----------
    generation
        Number of commits so far; 0 before the first.
    nodes
        Digest of each node's files by the node's path; the root's own arrays are nodes too.
    stages
        The stages that are there, by name.
    schema
        Version of the layout.
    id
        The cohort's name for life, 16 hex digits drawn when it was begun; empty before the first commit.
    places
        At a URL, the folder each node lies in when that is not its own path: a commit puts new folders, never changes
        old ones.
    hashes
        At a URL, SHA-256 of each file of the nodes that grow, by node and file: what is taken over from the commit
        before is copied where it lies, and never read here.
    """

    generation: int = 0
    nodes: dict[str, str] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    schema: int = SCHEMA
    id: str = ""
    places: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, dict[str, str]] = field(default_factory=dict)

    def with_stage(self, name: str, stage: Stage) -> Manifest:
        """The manifest with one stage put or replaced."""
        return replace(self, stages=self.stages | {name: stage})


def read_manifest(store: Path) -> Manifest:
    """The manifest of a store; generation 0 when it has none.

    Raises
    ------
    CohortError
        When the manifest is damaged or of a future layout.
    """
    try:
        return manifest_of((store / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Manifest()


def manifest_of(text: str) -> Manifest:
    """The manifest of its JSON form.

    Raises
    ------
    CohortError
        When it is damaged or of a future layout.
    """
    try:
        found = json.loads(text)
        schema = int(found["schema"])
    except (ValueError, KeyError, TypeError) as error:
        raise CohortError(
            "the cohort's manifest is damaged", remedy="restore it from a copy, or ingest again"
        ) from error
    if schema > SCHEMA:
        raise CohortError(
            f"this cohort is of layout {schema}",
            expected=f"layout {SCHEMA} or lower, which this version of ECGomics knows",
            remedy="open it with a newer ECGomics",
        )
    stages = {name: Stage.from_dict(stage) for name, stage in found["stages"].items()}
    nodes = dict(found["nodes"])
    return Manifest(
        generation=int(found["generation"]),
        nodes=nodes,
        stages=stages,
        schema=schema,
        # older cohorts were drawn no name: what they held then is theirs for life
        id=str(found.get("id") or _told_by(nodes)),
        places=dict(found.get("places", {})),
        hashes={node: dict(files) for node, files in found.get("hashes", {}).items()},
    )


def new_id() -> str:
    """A name for a cohort that is begun."""
    return secrets.token_hex(8)


def as_text(manifest: Manifest) -> str:
    """The JSON form of a manifest."""
    return json.dumps(asdict(manifest), indent=1, sort_keys=True)


def write_manifest(store: Path, manifest: Manifest) -> None:
    """Replace the manifest of a store atomically and durably."""
    write_durably(store / NAME, as_text(manifest))


def _told_by(nodes: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(nodes, sort_keys=True).encode()).hexdigest()[:16]
