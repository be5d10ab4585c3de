"""Where a store lies: a directory, or a URL that fsspec opens."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

import zarr

from ecgomics.cohort.lock import writer_lock
from ecgomics.cohort.looks import NAME as LEDGER
from ecgomics.cohort.looks import Look, Looks, add_look, read_looks
from ecgomics.cohort.manifest import NAME, Manifest, read_manifest
from ecgomics.cohort.nodes import digest
from ecgomics.cohort.swap import lock_of, settle, settle_locked, staging_of, swap_in
from ecgomics.errors import CohortError

if TYPE_CHECKING:
    from ecgomics.cohort.remote import Remote


@dataclass(frozen=True)
class Directory:
    """A store on a disk.

    Parameters
    ----------
    path
        Its directory.
    """

    path: Path

    @property
    def address(self) -> str:
        """What other processes open it by."""
        return str(self.path.absolute())

    @property
    def staging(self) -> Path:
        """Where unfinished work lies: beside the store, so that it can be renamed into it."""
        return staging_of(self.path)

    @property
    def scratch(self) -> Path:
        """Where files without a name may lie for a while."""
        return self.path.parent

    @property
    def reach(self) -> str:
        """``"processes"``: other processes can open it."""
        return "processes"

    def manifest(self) -> Manifest:
        """The state at the last commit."""
        return read_manifest(self.path)

    def stamp(self) -> Any:
        """Something that differs after every commit."""
        try:
            found = os.stat(self.path / NAME)
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def root(self, manifest: Manifest) -> zarr.Group:
        """The store's root group, as of a commit."""
        if not manifest.places:
            return zarr.open_group(self.path, mode="r")
        # the files of a store at a URL, copied as they lay there
        from zarr.storage import LocalStore

        from ecgomics.cohort.placed import Placed

        return zarr.open_group(Placed(LocalStore(self.path, read_only=True), places=manifest.places), mode="r")

    def metadata(self) -> dict[str, Any]:
        """Metadata of all its groups and arrays, by path."""
        try:
            told = json.loads(self._at("zarr.json").read_text())
        except FileNotFoundError:
            return {}
        return dict(told["consolidated_metadata"]["metadata"])

    def digest(self, node: str) -> str | None:
        """Hash of a node's files as they are now; None when it is not there."""
        found = self._at(node)
        return digest(found) if found.is_dir() else None

    def files(self, node: str) -> list[str]:
        """The files of a node, below it; of one that is a file, the empty name."""
        top = self._at(node)
        if top.is_file():
            return [""]
        return sorted(file.relative_to(top).as_posix() for file in top.rglob("*") if file.is_file())

    def fetch(self, node: str, file: str, target: Path, *, how: Literal["link", "copy"] = "link") -> None:
        """Have a node's file at another place as well; a link, where there can be one, costs nothing."""
        source = self._at(node) / file
        if not source.exists():
            return  # nothing but fill
        target.parent.mkdir(parents=True, exist_ok=True)
        if how == "link":
            with suppress(OSError):
                os.link(source, target)
                return
        shutil.copy2(source, target)

    def _at(self, node: str) -> Path:
        own = self.path / node
        return own if own.exists() else self.path / self.manifest().places.get(node, node)

    def settle(self) -> bool:
        """Bring it to its last commit, when one was cut short."""
        return self.path.is_dir() and settle(self.path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be its one writer; a commit that was cut short is settled first.

        Raises
        ------
        CohortError
            When another process is.
        """
        with writer_lock(lock_of(self.path)):
            settle_locked(self.path)
            yield

    def publish(
        self, manifest: Manifest, *, put: Sequence[str], dropped: Sequence[str], kept: Mapping[str, Sequence[str]]
    ) -> Manifest:
        """Put staged nodes in place and replace the manifest; what is `kept` was linked when it was asked for."""
        if manifest.places:
            raise CohortError(
                "a change to the copied files of a cohort at a URL",
                expected="a cohort whose nodes lie where they are named",
                remedy="make one with `ecgomics copy URL DIRECTORY`",
            )
        swap_in(self.path, manifest, put=put, dropped=dropped)
        return manifest

    def clear(self, benches: Iterable[str]) -> None:
        """Remove partial results that lie elsewhere than in `staging`: there are none."""

    def looks(self) -> Looks:
        """Every look at the data that was noted."""
        return read_looks(self.path / LEDGER)

    def note_look(self, look: Look) -> dict[str, Any]:
        """Add a look."""
        return add_look(self.path / LEDGER, look)


Place: TypeAlias = "Directory | Remote"
Where: TypeAlias = "str | os.PathLike[str] | Place"


def place_of(where: Where) -> Place:
    """Where a path or URL points; ``file://`` is a directory.

    Raises
    ------
    SettingsError
        For a URL without fsspec, or of a kind it does not know.
    """
    if not isinstance(where, str | os.PathLike):
        return where
    text = os.fspath(where)
    if "://" not in text:
        return Directory(Path(text))
    if text.startswith("file://"):
        return Directory(Path(unquote(urlsplit(text).path)))
    from ecgomics.cohort.remote import Remote

    return Remote.of(text)
