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

MARK = "mark"
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

    def mark(self, word: str) -> None:
        """Leave a word, by which others know that they see the same bench."""
        (self.path / MARK).write_text(word)

    def marked(self) -> str:
        """The word that was left; empty when none is seen."""
        try:
            return (self.path / MARK).read_text()
        except FileNotFoundError:
            return ""

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

    def mark(self, word: str) -> None:
        """Leave a word, by which others know that they see the same bench."""
        self._store.write(f"{self.name}/{MARK}", word)

    def marked(self) -> str:
        """The word that was left; empty when none is seen."""
        return self._store.read(f"{self.name}/{MARK}").decode()

    def part(self, block: str) -> UrlBench:
        """A bench for parts of a block."""
        return UrlBench(self.url, f"{self.name}/{block}.parts")

    def drop(self) -> None:
        """Remove the bench."""
        self._store.remove(self.name)

    def put(self, block: str, nodes: Nodes, *, failures: Mapping[str, str]) -> None:
        """Keep a finished block: it is whole when the last of its objects is there."""
        with tempfile.TemporaryDirectory(dir=self._store.scratch) as directory:
            _write(Path(directory), nodes, failures)
            self.bring(block, Path(directory))

    def bring(self, block: str, directory: Path) -> None:
        """Put the files of a directory there, as a block; its own JSON files last."""
        self._store.upload(directory, f"{self.name}/{block}")

    def read(self, block: str, file: str) -> bytes:
        """What a file of a block holds; nothing when it is not there."""
        return self._store.read(f"{self.name}/{block}/{file}")

    def get(self, block: str, *, records: tuple[str, ...]) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
        """A finished block: its nodes, lazy, and why records failed."""
        told = json.loads(self.read(block, FAILURES))
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
