"""Finished blocks of a stage, kept until the stage is committed: on a disk, or at a URL when workers are elsewhere."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import xarray as xr
import zarr

from ecgomics.cohort.nodes import open_node, write_node
from ecgomics.cohort.remote import Remote

Nodes = Mapping[str, xr.Dataset]

FAILURES = "failures.json"
"""Why records of a block failed; written last, so that a block with it is whole."""


@dataclass(frozen=True)
class DiskBench:
    """Blocks in a directory.

    Parameters
    ----------
    path
        The directory; all who work on the blocks see it.
    """

    path: Path

    def has(self, block: str) -> bool:
        """Whether a block is finished."""
        return (self.path / block).exists()

    def write(self, file: str, content: bytes) -> None:
        """Leave a file for all who work on the blocks."""
        draft = self.path / f"{file}.partial"
        draft.write_bytes(content)
        os.replace(draft, self.path / file)

    def read(self, file: str) -> bytes:
        """What a file holds; nothing when it is not seen."""
        try:
            return (self.path / file).read_bytes()
        except FileNotFoundError:
            return b""

    def part(self, block: str) -> DiskBench:
        """A bench for parts of a block."""
        parts = self.path / f"{block}.parts"
        parts.mkdir(exist_ok=True)
        return DiskBench(parts)

    def drop(self) -> None:
        """Remove the bench."""
        shutil.rmtree(self.path)

    def put(self, block: str, nodes: Nodes, *, failures: Mapping[str, str]) -> None:
        """Keep a finished block, whole or not at all."""
        target = self.path / block
        draft = target.with_suffix(f".{platform.node()}.{os.getpid()}.partial")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        _write(draft, nodes, failures)
        try:
            os.rename(draft, target)
        except OSError:
            if not target.is_dir():
                raise
            # a worker that was given up had finished it after all: the same block, the same result
            shutil.rmtree(draft)

    def get(self, block: str, *, records: tuple[str, ...]) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
        """A finished block: its nodes, lazy, and why records failed."""
        target = self.path / block
        told = json.loads((target / FAILURES).read_text())
        groups = {node: zarr.open_group(target / node, mode="r") for node in told["nodes"]}
        return _opened(groups, records), dict(told["failures"])


@dataclass(frozen=True)
class UrlBench:
    """Blocks at a URL, beside the nodes of the store there.

    Parameters
    ----------
    url
        Of the store.
    name
        Of the bench below it.
    """

    url: str
    name: str

    def has(self, block: str) -> bool:
        """Whether a block is finished."""
        return self._store.has(f"{self.name}/{block}/{FAILURES}")

    def write(self, file: str, content: bytes) -> None:
        """Leave a file for all who work on the blocks."""
        self._store.write(f"{self.name}/{file}", content)

    def read(self, file: str) -> bytes:
        """What a file holds; nothing when it is not there."""
        return self._store.read(f"{self.name}/{file}")

    def part(self, block: str) -> UrlBench:
        """A bench for parts of a block."""
        return UrlBench(self.url, f"{self.name}/{block}.parts")

    def drop(self) -> None:
        """Remove the bench."""
        self._store.remove(self.name)

    def put(self, block: str, nodes: Nodes, *, failures: Mapping[str, str]) -> None:
        """Keep a finished block: it is whole when the last of its objects is there."""
        with tempfile.TemporaryDirectory() as directory:
            _write(Path(directory), nodes, failures)
            self.bring(block, Path(directory))

    def bring(self, block: str, directory: Path) -> None:
        """Put the files of a directory there, as a block; its own JSON files last."""
        self._store.upload(directory, f"{self.name}/{block}")

    def get(self, block: str, *, records: tuple[str, ...]) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
        """A finished block: its nodes, lazy, and why records failed."""
        told = json.loads(self.read(f"{block}/{FAILURES}"))
        nodes = {node: self._store.group(f"{self.name}/{block}/{node}") for node in told["nodes"]}
        return _opened(nodes, records), dict(told["failures"])

    @property
    def _store(self) -> Remote:
        return Remote(self.url)


Bench: TypeAlias = DiskBench | UrlBench


def _write(directory: Path, nodes: Nodes, failures: Mapping[str, str]) -> None:
    for name, dataset in nodes.items():
        along = "beat" if "beat" in dataset.dims else "record"
        write_node(directory / name, [dataset], along=along, total=dataset.sizes[along])
    told = {"nodes": sorted(nodes), "failures": dict(failures)}
    (directory / FAILURES).write_text(json.dumps(told))


def _opened(groups: Mapping[str, zarr.Group], records: tuple[str, ...]) -> dict[str, xr.Dataset]:
    ids = np.array(records, dtype=object)
    return {name: open_node(group, records=ids) for name, group in groups.items()}
