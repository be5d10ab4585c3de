"""`Remote`: a store at a URL that fsspec opens, read and written where nothing can be renamed.

A commit uploads every new node into a folder that was never there, then makes the object ``commits/<generation>.json``,
which is the commit: it names the folder of every node, and can be made once. Of two machines that commit at the same
time, one finds the object made and has committed nothing. ``manifest.json`` is a copy of the newest for those who look.
Folders that neither of the last two commits names are removed, so a reader may be one commit behind.

How far two machines are kept apart is how far the file system keeps its word: S3, GCS and Azure make an object only if
absent when asked (fsspec's ``mode="create"``); where fsspec knows no such request it looks first and then writes, which
two writers within the same moment can both get through. Processes of one machine are kept apart by a lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import zarr

from ecgomics.cohort.lock import writer_lock
from ecgomics.cohort.looks import Look, Looks
from ecgomics.cohort.manifest import NAME, Manifest, as_text, manifest_of
from ecgomics.errors import CohortError, SettingsError

COMMITS, LOOKS, BENCH = "commits", "looks", "bench"
"""What lies at a URL beside the nodes."""

_FRESH_S = 2.0
_TRIES = 20
_asked: dict[str, tuple[float, Manifest]] = {}
"""When each store was last asked for its state, in seconds of the monotonic clock, and what it was."""


@dataclass(frozen=True)
class Remote:
    """A store at a URL.

    Parameters
    ----------
    url
        As fsspec understands it: ``s3://bucket/cohort.zarr``, ``memory://…``.
    """

    url: str

    @classmethod
    def of(cls, url: str) -> Remote:
        """The store at a URL.

        Raises
        ------
        SettingsError
            When there is no fsspec, or it does not know the kind of URL.
        """
        found = cls(url.rstrip("/"))
        found.files_system  # noqa: B018  its absence is to be told now
        return found

    @property
    def path(self) -> Path:
        """A name to show; there is no such directory."""
        return Path(self.url)

    @property
    def address(self) -> str:
        """What other processes open it by."""
        return self.url

    @property
    def staging(self) -> Path:
        """Where unfinished work lies: in this user's cache."""
        return self.scratch / "staging"

    @cached_property
    def scratch(self) -> Path:
        """This store's directory in the user's cache; ``ECGOMICS_SCRATCH`` names another place for all of them."""
        told = os.environ.get("ECGOMICS_SCRATCH")
        home = Path(told) if told else _cache() / "ecgomics"
        path = home / hashlib.sha256(self.url.encode()).hexdigest()[:16]
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    @property
    def reach(self) -> str:
        """``"process"`` when only this process can open it, else ``"processes"``."""
        return "process" if "memory" in _protocols(self.files_system) else "processes"

    # reading

    def manifest(self) -> Manifest:
        """The state at the last commit; generation 0 before the first."""
        found = self._pointed()
        while (newer := self._commit(found.generation + 1)) is not None:
            found = newer  # its writer was killed before it could say so
        _asked[self.url] = (time.monotonic(), found)
        return found

    def stamp(self) -> int:
        """The generation of the last commit, as it was a moment ago at most."""
        when, known = _asked.get(self.url, (-1e9, Manifest()))
        if time.monotonic() - when > _FRESH_S:
            if known.generation == 0 or self._commit(known.generation + 1) is not None:
                return self.manifest().generation
            _asked[self.url] = (time.monotonic(), known)
        return known.generation

    def root(self, manifest: Manifest) -> zarr.Group:
        """The store's root group, as of a commit."""
        from ecgomics.cohort.placed import Placed

        return zarr.open_group(Placed(_zarr_store(self.url), places=manifest.places), mode="r", zarr_format=3)

    def metadata(self) -> dict[str, Any]:
        """Metadata of all its groups and arrays, by path."""
        text = self._read(self._place("zarr.json"))
        return {} if text is None else dict(json.loads(text)["consolidated_metadata"]["metadata"])

    def digest(self, node: str) -> str | None:
        """Hash of a node's files as they are now; None when it is not there."""
        total = hashlib.sha256()
        files = self.files(node)
        for file in sorted(files, key=PurePosixPath):
            total.update(file.encode())
            total.update(hashlib.sha256(self._read(f"{self._place(node)}/{file}") or b"").digest())
        return total.hexdigest()[:16] if files else None

    def files(self, node: str) -> list[str]:
        """The files of a node, below it; of one that is a file, the empty name."""
        place = self._place(node)
        return [""] if place.startswith("zarr.json") else self._below(place)

    def fetch(self, node: str, file: str, target: Path, *, how: Literal["link", "copy"] = "copy") -> None:
        """Have a node's file on this machine."""
        found = self._read(f"{self._place(node)}/{file}".rstrip("/"))
        if found is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(found)

    # writing

    def settle(self) -> bool:
        """A commit here is never half done."""
        return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be its one writer on this machine; on others there may be one, and the first to commit has it.

        Raises
        ------
        CohortError
            When another process of this machine is.
        """
        with writer_lock(self.scratch / "lock"):
            _asked.pop(self.url, None)
            yield

    def publish(
        self, manifest: Manifest, *, put: Sequence[str], dropped: Sequence[str], kept: Mapping[str, Sequence[str]]
    ) -> Manifest:
        """Upload staged nodes, copy there what of them is kept from the commit before, and make the commit.

        Raises
        ------
        CohortError
            When another machine has committed since the commit was begun.
        """
        new = f"@{manifest.generation}-{secrets.token_hex(4)}"
        places = {node: place for node, place in manifest.places.items() if node not in dropped}
        done = replace(manifest, places=places | {node: f"{node}{new}" for node in put})
        try:
            for node in put:
                self._copy(kept.get(node, ()), self._place(node), f"{node}{new}")
                self.upload(self.staging / "new" / node, f"{node}{new}")
            self._begin(manifest.generation)
            if not self._make(_commit_name(manifest.generation), as_text(done)):
                raise CohortError(
                    "a commit that came second: another machine has changed this cohort meanwhile",
                    expected="one writer at a time",
                    remedy="run it again; finished blocks are kept",
                )
        except BaseException:
            with suppress(OSError):
                for node in put:
                    self.remove(f"{node}{new}")
            raise
        self.write(NAME, as_text(done).encode())
        _asked[self.url] = (time.monotonic(), done)
        self._forget(done)
        return done

    def clear(self, benches: Iterable[str]) -> None:
        """Remove partial results that lie at the URL."""
        for name in benches:
            self.remove(f"{BENCH}/{name}")

    def sweep(self) -> int:
        """Remove what no commit names: uploads of killed writers and partial results. Not while anyone writes."""
        last = self.manifest()
        before = self._commit(last.generation - 1) or last
        named = {place for one in (last, before) for place in _places(one).values()}
        litter = {_top(name) for name in self._below("")} - named
        litter = {name for name in litter if "@" in name or name == BENCH}
        for name in litter:
            self.remove(name)
        return len(litter)

    def upload(self, source: Path, name: str) -> None:
        """Put a file or directory of this machine there; its `failures.json` or `zarr.json` last."""
        files = [source] if source.is_file() else sorted(f for f in source.rglob("*") if f.is_file())
        files.sort(key=lambda file: file.parent == source and file.suffix == ".json")
        names = [f"{self._top}/{name}/{file.relative_to(source).as_posix()}".removesuffix("/.") for file in files]
        with self._told():
            for start in range(0, len(files), _TOGETHER):
                some = slice(start, start + _TOGETHER)
                self._put([str(file) for file in files[some]], names[some])

    def _copy(self, files: Sequence[str], source: str, target: str) -> None:
        """Copy objects where they lie; through this machine only where the file system cannot."""
        with self._told():
            for file in files:
                old, new = f"{self._top}/{source}/{file}", f"{self._top}/{target}/{file}"
                self._made_parents(new)
                try:
                    self.files_system.cp_file(old, new)
                except NotImplementedError:
                    self.files_system.pipe_file(new, self.files_system.cat_file(old))

    def remove(self, name: str) -> None:
        """Remove an object, or all below it; nothing when it is not there."""
        with suppress(FileNotFoundError):
            self.files_system.rm(f"{self._top}/{name}", recursive=True)
        self.files_system.invalidate_cache()

    def has(self, name: str) -> bool:
        """Whether there is an object of that name."""
        return self._read(name) is not None

    def read(self, name: str) -> bytes:
        """What an object holds; nothing when it is not there."""
        return self._read(name) or b""

    def group(self, name: str) -> zarr.Group:
        """A group that lies there."""
        return zarr.open_group(_zarr_store(f"{self.url}/{name}"), mode="r", zarr_format=3)

    # the ledger

    def looks(self) -> Looks:
        """Every look at the data that was noted, an object each."""
        return tuple(json.loads(self._read(f"{LOOKS}/{name}") or b"{}") for name in sorted(self._below(LOOKS)))

    def note_look(self, look: Look) -> dict[str, Any]:
        """Add a look: the object of its number, which can be made once."""
        for _ in range(_TRIES):
            before = self.looks()
            noted = dict(look(before) if callable(look) else look)
            text = json.dumps(noted, ensure_ascii=False)
            if self._make(f"{LOOKS}/{len(before):08}.json", text):
                written: dict[str, Any] = json.loads(text)
                return written
        raise CohortError("a ledger of looks that others keep writing", remedy="try again in a moment")

    # objects

    @cached_property
    def files_system(self) -> Any:
        """What fsspec opens the URL with."""
        try:
            import fsspec

            return fsspec.core.url_to_fs(self.url)[0]
        except (ImportError, ValueError) as error:
            raise SettingsError(
                f"a store URL of the kind {self.url.partition('://')[0]!r}",
                expected="a kind of fsspec, and its package installed",
                remedy="pip install 'ecgomics[scale]', and for S3 s3fs",
            ) from error

    @cached_property
    def _top(self) -> str:
        return str(self.files_system._strip_protocol(self.url)).rstrip("/")

    def _place(self, node: str) -> str:
        # as of the last time it was asked for: whoever writes asks first
        known = _asked[self.url][1] if self.url in _asked else self.manifest()
        return known.places.get(node, node)

    def _pointed(self) -> Manifest:
        text = self._read(NAME)
        try:
            return Manifest() if text is None else manifest_of(text.decode())
        except CohortError:
            # where an object is not replaced whole, who writes it may have been killed half-way
            made = sorted(name for name in self._below(COMMITS) if name.endswith(".json"))
            found = self._read(f"{COMMITS}/{made[-1]}") if made else None
            if found is None:
                raise
            return manifest_of(found.decode())

    def _commit(self, generation: int) -> Manifest | None:
        try:
            text = self._read(_commit_name(generation))
        except CohortError as error:
            # who may read a bucket but not list it is told "forbidden" of what is not there
            if not isinstance(error.__cause__, PermissionError):
                raise
            return None
        return None if text is None else manifest_of(text.decode())

    def _begin(self, generation: int) -> None:
        """Have the commit before as an object of its own, when it was made on a disk and then copied."""
        before = self._pointed()
        if 0 < before.generation == generation - 1:
            self._make(_commit_name(before.generation), as_text(before))

    def _forget(self, done: Manifest) -> None:
        """Remove folders that only commits before the last two name. What is named again lies in a new folder."""
        old, last = self._commit(done.generation - 2), self._commit(done.generation - 1)
        if old is None or last is None:
            return
        named = {*_places(done).values(), *_places(last).values()}
        for place in set(_places(old).values()) - named:
            self.remove(place)
        self.remove(_commit_name(done.generation - 2))

    def _read(self, name: str) -> bytes | None:
        try:
            with self._told():
                return bytes(self.files_system.cat_file(f"{self._top}/{name}"))
        except (FileNotFoundError, IsADirectoryError):
            return None

    def write(self, name: str, content: bytes) -> None:
        """Make or replace an object."""
        with self._told():
            self._made_parents(f"{self._top}/{name}")
            self.files_system.pipe_file(f"{self._top}/{name}", content)

    def _make(self, name: str, text: str) -> bool:
        """Make an object that is not there; False when it is."""
        with self._told():
            self._made_parents(f"{self._top}/{name}")
            try:
                self.files_system.pipe_file(f"{self._top}/{name}", text.encode(), mode="create")
            except FileExistsError:
                return False
        return True

    def _put(self, files: list[str], names: list[str]) -> None:
        for name in names:
            self._made_parents(name)
        self.files_system.put(files, names)

    def _made_parents(self, name: str) -> None:
        # object stores have no directories to make
        if {"file", "local"} & set(_protocols(self.files_system)):
            self.files_system.makedirs(name.rpartition("/")[0], exist_ok=True)

    def _below(self, name: str) -> list[str]:
        self.files_system.invalidate_cache()
        top = f"{self._top}/{name}".rstrip("/")
        with self._told():
            try:
                found = self.files_system.find(top)
            except FileNotFoundError:
                return []
        return [str(file).removeprefix(top).lstrip("/") for file in found]

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, FileExistsError, IsADirectoryError):
            raise
        except OSError as error:
            raise CohortError(
                "a store whose address does not answer, or answers no",
                expected="a URL one may read, and for a change write",
                remedy="check address, keys and rights",
            ) from error


_TOGETHER = 256


def _zarr_store(url: str) -> Any:
    from zarr.storage import FsspecStore

    absent = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
    return FsspecStore.from_url(url, read_only=True, allowed_exceptions=absent)


def _places(manifest: Manifest) -> dict[str, str]:
    return {node: node for node in ("zarr.json", *manifest.nodes)} | manifest.places


def _commit_name(generation: int) -> str:
    return f"{COMMITS}/{generation:08}.json"


def _top(name: str) -> str:
    """The part of a name that a commit would name: up to and with the part that has an ``@``."""
    parts = name.split("/")
    marked = next((place for place, part in enumerate(parts) if "@" in part), 0)
    return "/".join(parts[: marked + 1])


def _protocols(files: Any) -> tuple[str, ...]:
    told = files.protocol
    return (told,) if isinstance(told, str) else tuple(told)


def _cache() -> Path:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        if os.environ.get(name):
            return Path(os.environ[name])
    home = Path.home()
    return home / ".cache" if os.access(home, os.W_OK) else Path(tempfile.gettempdir())
