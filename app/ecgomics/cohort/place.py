"""Where a store lies: a directory, or a URL that fsspec opens and that is only read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import zarr

from ecgomics.cohort.manifest import NAME, Manifest, manifest_of, read_manifest
from ecgomics.errors import CohortError, SettingsError


@dataclass(frozen=True)
class Directory:
    """A store on a disk.

    Parameters
    ----------
    path
        Its directory.
    """

    path: Path

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

    def root(self) -> zarr.Group:
        """The store's root group."""
        return zarr.open_group(self.path, mode="r")

    def writable(self) -> Path:
        """The directory, to write into."""
        return self.path


@dataclass(frozen=True)
class Remote:
    """A store at a URL: what others wrote and published is read; a commit needs renames that happen whole.

    Parameters
    ----------
    url
        As fsspec understands it: ``s3://bucket/cohort.zarr``, ``https://…``, ``memory://…``.
    """

    url: str

    @property
    def path(self) -> Path:
        """A name to show; there is no such directory."""
        return Path(self.url)

    def manifest(self) -> Manifest:
        """The state at the last commit."""
        try:
            text = self._filesystem.cat_file(f"{self.url}/{NAME}").decode()
        except FileNotFoundError:
            return Manifest()
        except OSError as error:
            raise CohortError(
                "a store whose address does not answer", expected="a URL one may read", remedy="check address and keys"
            ) from error
        return manifest_of(text)

    def stamp(self) -> Any:
        """Something that differs after every commit; a published store is taken for finished while it is open."""
        return self.url

    def root(self) -> zarr.Group:
        """The store's root group."""
        from zarr.storage import FsspecStore

        return zarr.open_group(FsspecStore.from_url(self.url, read_only=True), mode="r")

    def writable(self) -> Path:
        """There is none.

        Raises
        ------
        CohortError
            Always.
        """
        raise CohortError(
            "a change to a cohort at a URL",
            expected="a cohort on a disk: a commit there is whole or not at all, which object stores cannot promise",
            remedy="copy it to a disk, change it there, and copy it back",
        )

    @cached_property
    def _filesystem(self) -> Any:
        return _filesystem(self.url)


Place = Directory | Remote


def place_of(path: str | os.PathLike[str]) -> Place:
    """Where a path or URL points; ``file://`` is a directory.

    Raises
    ------
    SettingsError
        For a URL without fsspec, or of a kind it does not know.
    """
    text = os.fspath(path)
    if "://" not in text:
        return Directory(Path(text))
    if text.startswith("file://"):
        return Directory(Path(unquote(urlsplit(text).path)))
    _filesystem(text)
    return Remote(text.rstrip("/"))


def _filesystem(url: str) -> Any:
    try:
        import fsspec

        return fsspec.core.url_to_fs(url)[0]
    except (ImportError, ValueError) as error:
        raise SettingsError(
            f"a store URL of the kind {url.partition('://')[0]!r}",
            expected="a kind of fsspec, and its package installed",
            remedy="pip install 'ecgomics[scale]', and for S3 s3fs",
        ) from error
