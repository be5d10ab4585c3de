"""Staged commits: nodes are made beside the store, swapped in by renames, and count once the manifest is replaced.

A journal lies beside the store while nodes are being swapped. Whoever next opens the store after a crash finds it and
either finishes the swap (the manifest had been replaced) or takes it back (it had not).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecgomics.cohort.layout import SCHEMA
from ecgomics.cohort.lock import is_locked, writer_lock
from ecgomics.cohort.manifest import Manifest, read_manifest, sync_directory, write_durably, write_manifest
from ecgomics.cohort.nodes import digest, metadata_of

_PATIENCE_S = 10.0


def staging_of(store: Path) -> Path:
    """The directory beside a store where unfinished work lies."""
    return store.with_name(f".{store.name}.staging")


@dataclass
class Commit:
    """Changes to a store that happen together or not at all.

    Parameters
    ----------
    store
        The store's directory.
    """

    store: Path
    put: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    benches: list[str] = field(default_factory=list)

    @property
    def staging(self) -> Path:
        """The directory beside the store where unfinished work lies."""
        return staging_of(self.store)

    def bench(self, name: str) -> Path:
        """A directory for a stage's partial results, which outlives a killed run and goes with `publish`."""
        path = self.staging / "bench" / name
        path.mkdir(parents=True, exist_ok=True)
        self.benches.append(name)
        return path

    def new(self, node: str) -> Path:
        """Where to make the new content of a node; its parent exists."""
        path = self.staging / "new" / node
        path.parent.mkdir(parents=True, exist_ok=True)
        if node not in self.put:
            self.put.append(node)
        return path

    def discard_benches(self) -> None:
        """Remove this commit's partial results, when there is nothing to publish."""
        _clear(self.staging, benches=self.benches)

    def discard(self) -> None:
        """Remove all unfinished work, partial results included."""
        _remove(self.staging)

    def drop(self, node: str) -> None:
        """Leave a node out from this commit on."""
        self.dropped.append(node)

    def publish(self, manifest: Manifest) -> Manifest:
        """Swap the nodes in and replace the manifest, which is the commit.

        Parameters
        ----------
        manifest
            The stages and nodes to be; filled in here are the generation, the digests of the nodes put, and those of
            stages that have none yet.
        """
        done = self._completed(manifest)
        self._write_root(done)
        self._make_durable()
        moves = self._moves()
        journal = {"generation": done.generation, "moves": [asdict(move) for move in moves]}
        write_durably(self.staging / "swap.json", json.dumps(journal))
        for move in moves:
            move.apply(self.store, self.staging)
        for parent in {(self.store / move.node).parent for move in moves}:
            sync_directory(parent)
        write_manifest(self.store, done)
        _clear(self.staging, benches=self.benches)
        return done

    def _completed(self, manifest: Manifest) -> Manifest:
        kept = {node: value for node, value in manifest.nodes.items() if node not in self.dropped}
        made = {node: digest(self.staging / "new" / node) for node in self.put}
        stages = {
            name: stage
            if stage.digest
            else replace(stage, digest=digest_of({node: made[node] for node in stage.nodes}))
            for name, stage in manifest.stages.items()
        }
        generation = read_manifest(self.store).generation + 1
        return replace(manifest, nodes=kept | made, stages=stages, generation=generation)

    def _write_root(self, manifest: Manifest) -> None:
        """The root's `zarr.json` with the metadata of all nodes in it, which lets one read open the tree."""
        self.store.mkdir(parents=True, exist_ok=True)
        found: dict[str, Any] = {}
        for node in sorted(manifest.nodes):
            home = self.staging / "new" if node in self.put else self.store
            for parent in reversed(Path(node).parents[:-1]):
                found[parent.as_posix()] = _GROUP
            for file in sorted((home / node).rglob("zarr.json")):
                found[file.parent.relative_to(home).as_posix()] = metadata_of(file.parent)
        root = _GROUP | {
            "attributes": {"title": "ECGomics cohort", "schema": SCHEMA},
            "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": found},
        }
        self.new("zarr.json").write_text(json.dumps(root))
        for parent in {p for node in manifest.nodes for p in Path(node).parents[:-1]}:
            if not (self.store / parent / "zarr.json").exists():
                (self.store / parent).mkdir(parents=True, exist_ok=True)
                write_durably(self.store / parent / "zarr.json", json.dumps(_GROUP))

    def _make_durable(self) -> None:
        for directory, _, files in os.walk(self.staging / "new"):
            for file in files:
                handle = os.open(Path(directory) / file, os.O_RDONLY)
                os.fsync(handle)
                os.close(handle)
            sync_directory(Path(directory))

    def _moves(self) -> list[_Move]:
        gone = [node for node in self.dropped if node not in self.put]
        nodes = [*self.put, *gone]
        return [_Move(node, "put" if node in self.put else "drop", (self.store / node).exists()) for node in nodes]


@dataclass(frozen=True)
class _Move:
    node: str
    kind: str
    replaces: bool

    def apply(self, store: Path, staging: Path) -> None:
        if self.replaces:
            backup = staging / "old" / self.node
            backup.parent.mkdir(parents=True, exist_ok=True)
            os.rename(store / self.node, backup)
        if self.kind == "put":
            os.rename(staging / "new" / self.node, store / self.node)

    def revert(self, store: Path, staging: Path) -> None:
        backup, target = staging / "old" / self.node, store / self.node
        if self.replaces and not backup.exists():
            return  # this swap was never begun, or is taken back already
        if self.kind == "put" and not (staging / "new" / self.node).exists():
            _remove(target)
        if self.replaces:
            os.rename(backup, target)


_GROUP: dict[str, Any] = {"zarr_format": 3, "node_type": "group", "attributes": {}}


@contextmanager
def writing(store: Path) -> Iterator[Commit]:
    """Be the one writer of a store; a swap that was cut short is settled first, an older layout brought to this one.

    Raises
    ------
    CohortError
        When another process writes it.
    """
    staging = staging_of(store)
    with writer_lock(_lock_file(store)):
        _settle(store)
        _clear(staging)
        if read_manifest(store).schema < SCHEMA:
            # most stores need none of it
            from ecgomics.cohort.migration import migrate

            migrate(Commit(store))
        yield Commit(store)


def settle(store: Path) -> bool:
    """Bring a store whose swap was cut short to its last commit; True when there was something to do."""
    journal = staging_of(store) / "swap.json"
    if not journal.exists():
        return False
    waited = 0.0
    while is_locked(_lock_file(store)) and journal.exists() and waited < _PATIENCE_S:
        time.sleep(0.05)
        waited += 0.05
    if not journal.exists():
        return False
    with writer_lock(_lock_file(store)):
        return _settle(store)


def digest_of(nodes: Mapping[str, str]) -> str:
    """Digest of a stage's result from the digests of its nodes."""
    return hashlib.sha256(json.dumps(nodes, sort_keys=True).encode()).hexdigest()[:16]


def now() -> str:
    """The time of a commit, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _lock_file(store: Path) -> Path:
    return store / ".lock"


def _settle(store: Path) -> bool:
    staging = staging_of(store)
    try:
        journal = json.loads((staging / "swap.json").read_text())
    except FileNotFoundError:
        return False
    if read_manifest(store).generation < journal["generation"]:
        for move in reversed(journal["moves"]):
            _Move(**move).revert(store, staging)
    _clear(staging)
    return True


def _clear(staging: Path, *, benches: Iterable[str] = ()) -> None:
    """Remove what a commit leaves behind, the journal first: without it the rest is only litter."""
    (staging / "swap.json").unlink(missing_ok=True)
    for name in ("new", "old", *(f"bench/{bench}" for bench in benches)):
        _remove(staging / name)
    for empty in (staging / "bench", staging):
        with suppress(OSError):
            empty.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
