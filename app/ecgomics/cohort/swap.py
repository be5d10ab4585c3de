"""A commit on a disk: nodes made beside the store are swapped in by renames, and count once the manifest is replaced.

A journal lies beside the store while nodes are being swapped. Whoever next opens the store after a crash finds it and
either finishes the swap (the manifest had been replaced) or takes it back (it had not).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ecgomics.cohort.lock import is_locked, writer_lock
from ecgomics.cohort.manifest import Manifest, read_manifest, write_manifest
from ecgomics.durable import sync_folder, write_durably

_PATIENCE_S = 10.0
_GROUP = json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}})


def staging_of(store: Path) -> Path:
    """The directory beside a store where unfinished work lies."""
    return store.with_name(f".{store.name}.staging")


def lock_of(store: Path) -> Path:
    """The file whose lock the one writer holds."""
    return store / ".lock"


def swap_in(store: Path, manifest: Manifest, *, put: Sequence[str], dropped: Sequence[str]) -> None:
    """Swap staged nodes in and replace the manifest, which is the commit.

    Parameters
    ----------
    store
        The store's directory.
    manifest
        The state to be.
    put, dropped
        Nodes that are new, in the staging directory; and nodes that are no more.
    """
    staging = staging_of(store)
    _make_durable(staging / "new")
    gone = [node for node in dropped if node not in put]
    moves = [_Move(node, "put" if node in put else "drop", (store / node).exists()) for node in [*put, *gone]]
    journal = {"generation": manifest.generation, "moves": [asdict(move) for move in moves]}
    write_durably(staging / "swap.json", json.dumps(journal))
    for move in moves:
        move.apply(store, staging)
    homes = {(store / move.node).parent for move in moves}
    for home in homes - {store}:
        # plain Zarr readers that look for no consolidated metadata find the group too
        if not (home / "zarr.json").exists():
            write_durably(home / "zarr.json", _GROUP)
    for home in homes:
        sync_folder(home)
    write_manifest(store, manifest)


def settle(store: Path) -> bool:
    """Bring a store whose swap was cut short to its last commit; True when there was something to do."""
    journal = staging_of(store) / "swap.json"
    if not journal.exists():
        return False
    waited = 0.0
    while is_locked(lock_of(store)) and journal.exists() and waited < _PATIENCE_S:
        time.sleep(0.05)
        waited += 0.05
    if not journal.exists():
        return False
    with writer_lock(lock_of(store)):
        return settle_locked(store)


def settle_locked(store: Path) -> bool:
    """As `settle`, for who holds the lock."""
    staging = staging_of(store)
    try:
        journal = json.loads((staging / "swap.json").read_text())
    except FileNotFoundError:
        return False
    if read_manifest(store).generation < journal["generation"]:
        for move in reversed(journal["moves"]):
            _Move(**move).revert(store, staging)
    clear(staging)
    return True


def clear(staging: Path, *, benches: Iterable[str] = ()) -> None:
    """Remove what a commit leaves behind, the journal first: without it the rest is only litter."""
    (staging / "swap.json").unlink(missing_ok=True)
    for name in ("new", "old", *(f"bench/{bench}" for bench in benches)):
        remove(staging / name)
    for empty in (staging / "bench", staging):
        with suppress(OSError):
            empty.rmdir()


def remove(path: Path) -> None:
    """Remove a file or directory, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _make_durable(new: Path) -> None:
    for directory, _, files in os.walk(new):
        for file in files:
            handle = os.open(Path(directory) / file, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        sync_folder(Path(directory))


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
            (store / self.node).parent.mkdir(parents=True, exist_ok=True)
            os.rename(staging / "new" / self.node, store / self.node)

    def revert(self, store: Path, staging: Path) -> None:
        backup, target = staging / "old" / self.node, store / self.node
        if self.replaces and not backup.exists():
            return  # this swap was never begun, or is taken back already
        if self.kind == "put" and not (staging / "new" / self.node).exists():
            remove(target)
        if self.replaces:
            os.rename(backup, target)
