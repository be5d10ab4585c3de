"""`Commit`: changes to a store, staged on this machine's disk, that happen together or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from ecgomics.cohort.bench import Bench, DiskBench, UrlBench
from ecgomics.cohort.layout import SCHEMA
from ecgomics.cohort.manifest import Manifest, new_id
from ecgomics.cohort.nodes import digest_of_files, metadata_of
from ecgomics.cohort.nodes import hashes as hashes_of
from ecgomics.cohort.place import Place, Where, place_of
from ecgomics.cohort.remote import BENCH, Remote
from ecgomics.cohort.swap import clear, remove


@dataclass
class Commit:
    """Changes to a store that happen together or not at all.

    Parameters
    ----------
    place
        Where the store lies.
    """

    place: Place
    put: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    benches: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)

    @property
    def staging(self) -> Path:
        """The directory on this machine's disk where unfinished work lies."""
        return self.place.staging

    def bench(self, name: str) -> Path:
        """A directory for a stage's partial results, which outlives a killed run and goes with `publish`."""
        path = self.staging / "bench" / name
        path.mkdir(parents=True, exist_ok=True)
        self.benches.append(name)
        return path

    def blocks(self, name: str, *, seen_by: Literal["this machine", "a cluster"]) -> Bench:
        """A bench for a stage's finished blocks, which outlives a killed run and goes with `publish`."""
        if seen_by == "a cluster" and isinstance(self.place, Remote):
            self.benches.append(name)
            return UrlBench(self.place.url, f"{BENCH}/{name}")
        return DiskBench(self.bench(name).absolute())

    def new(self, node: str) -> Path:
        """Where to make the new content of a node; its parent exists."""
        path = self.staging / "new" / node
        path.parent.mkdir(parents=True, exist_ok=True)
        if node not in self.put:
            self.put.append(node)
        return path

    def keep(self, node: str, file: str) -> None:
        """Take a file of a node over into its new content, as it is: linked on a disk, copied there at a URL."""
        known = self._before.get(node)
        if known is None:
            self.place.fetch(node, file, self.new(node) / file)
        elif file in known:
            self.kept.setdefault(node, []).append(file)

    @cached_property
    def _before(self) -> Mapping[str, Mapping[str, str]]:
        # whoever commits meanwhile makes this commit come second, which then changes nothing
        return self.place.manifest().hashes if isinstance(self.place, Remote) else {}

    def discard_benches(self) -> None:
        """Remove this commit's partial results, when there is nothing to publish."""
        self._clear()

    def discard(self) -> None:
        """Remove all unfinished work, partial results included."""
        remove(self.staging)

    def drop(self, node: str) -> None:
        """Leave a node out from this commit on."""
        self.dropped.append(node)

    def publish(self, manifest: Manifest) -> Manifest:
        """Put the nodes in place and replace the manifest, which is the commit.

        Parameters
        ----------
        manifest
            The stages and nodes to be, made of the manifest at the last commit; filled in here are the generation, the
            cohort's id, the digests of the nodes put, and those of stages that have none yet.

        Raises
        ------
        CohortError
            When, at a URL, another machine has committed meanwhile.
        """
        done = self._completed(manifest)
        self._write_root(done)
        done = self.place.publish(done, put=self.put, dropped=self.dropped, kept=self.kept)
        self._clear()
        return done

    def _clear(self) -> None:
        clear(self.staging, benches=self.benches)
        self.place.clear(self.benches)

    def _completed(self, manifest: Manifest) -> Manifest:
        kept = {node: value for node, value in manifest.nodes.items() if node not in self.dropped}
        files = {node: self._hashes(node) for node in self.put}
        made = {node: digest_of_files(found) for node, found in files.items()}
        stages = {
            name: stage
            if stage.digest
            else replace(stage, digest=digest_of({node: made[node] for node in stage.nodes}))
            for name, stage in manifest.stages.items()
        }
        generation, identity = manifest.generation + 1, manifest.id or new_id()
        known = manifest.hashes | {node: files[node] for node in GROWING if node in files}
        known = {node: found for node, found in known.items() if node in kept | made}
        hashes = known if isinstance(self.place, Remote) else {}
        return replace(manifest, nodes=kept | made, stages=stages, generation=generation, id=identity, hashes=hashes)

    def _hashes(self, node: str) -> dict[str, str]:
        kept = {file: self._before[node][file] for file in self.kept.get(node, ())}
        return kept | hashes_of(self.staging / "new" / node)

    def _write_root(self, manifest: Manifest) -> None:
        """The root's `zarr.json` with the metadata of all nodes in it, which lets one read open the tree."""
        kept = set(manifest.nodes) - set(self.put)
        found: dict[str, Any] = {
            name: told
            for name, told in self.place.metadata().items()
            if any(above in kept for above in _with_parents(name))
        }
        home = self.staging / "new"
        for node in manifest.nodes:
            found |= {parent: GROUP for parent in _with_parents(node)[1:] if parent not in found}
            if node in self.put:
                files = (home / node).rglob("zarr.json")
                found |= {file.parent.relative_to(home).as_posix(): metadata_of(file.parent) for file in files}
        found = dict(sorted(found.items()))
        root = GROUP | {
            "attributes": {"title": "ECGomics cohort", "schema": SCHEMA},
            "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": found},
        }
        self.new("zarr.json").write_text(json.dumps(root))


def _with_parents(node: str) -> list[str]:
    """A node and what it lies in, from the inside out, less the root."""
    return [node, *(parent.as_posix() for parent in PurePosixPath(node).parents[:-1])]


GROWING = ("signal",)
"""Nodes of which a later commit takes files over."""

GROUP: dict[str, Any] = {"zarr_format": 3, "node_type": "group", "attributes": {}}
"""Metadata of a group that only holds others."""


@contextmanager
def writing(store: Where) -> Iterator[Commit]:
    """Be the one writer of a store; a swap that was cut short is settled first, an older layout brought to this one.

    Raises
    ------
    CohortError
        When another process writes it.
    """
    place = place_of(store)
    with place.held():
        clear(place.staging)
        if place.manifest().schema < SCHEMA:
            # most stores need none of it
            from ecgomics.cohort.migration import migrate

            migrate(Commit(place))
        yield Commit(place)


def digest_of(nodes: Mapping[str, str]) -> str:
    """Digest of a stage's result from the digests of its nodes."""
    return hashlib.sha256(json.dumps(nodes, sort_keys=True).encode()).hexdigest()[:16]


def now() -> str:
    """The time of a commit, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
