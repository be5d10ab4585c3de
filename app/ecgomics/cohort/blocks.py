"""A pure stage mapped over a cohort, block by block; finished blocks outlive a killed run.

Blocks are the same however many workers there are, so results are too. A record at which a stage fails, or whose worker
crashes, costs only itself.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
import zarr

from ecgomics.cohort import crew
from ecgomics.cohort.cohort import Cohort, open_cohort
from ecgomics.cohort.mapped import common_rate
from ecgomics.cohort.nodes import open_node, write_node
from ecgomics.cohort.progress import Progress
from ecgomics.cohort.staged import key_of
from ecgomics.errors import EcgomicsError

BLOCK_RECORDS = 64
"""Records a worker takes at a time; a quarter of a shard."""

Nodes = Mapping[str, xr.Dataset]
Care = Literal["together", "singly", "blank"]


@dataclass(frozen=True)
class Share:
    """What a stage is given of a cohort.

    Parameters
    ----------
    cohort
        The cohort, for what earlier stages found.
    records
        Ids of the records to work on.
    ecg
        Their signal: dims ``(record, lead, time)``, float32 mV at the common rate, NaN = missing or padding.
    kind
        ``"blank"`` when a record failed and the stage is asked what it says of one without a signal.
    """

    cohort: Cohort
    records: tuple[str, ...]
    ecg: xr.DataArray
    kind: Literal["real", "blank"] = "real"


@dataclass(frozen=True)
class Hands:
    """Who does the work.

    Parameters
    ----------
    workers
        Processes; None: as many as cores, 0: this process.
    scheduler
        Address of a Dask scheduler whose workers do it instead; empty: none.
    memory_gb
        Memory a process may take, in 10⁹ bytes; None: no limit. Workers of a cluster have limits of their own.
    """

    workers: int | None = None
    scheduler: str = ""
    memory_gb: float | None = None

    def processes(self, tasks: int) -> int:
        """How many processes for so many tasks."""
        if self.workers is not None:
            return self.workers
        # a single block is done before a process has started, but only a process has a limit
        return 0 if tasks < 2 and self.memory_gb is None else crew.default_workers(tasks)


Stage = Callable[[Share, Mapping[str, Any]], Nodes]


@dataclass(frozen=True)
class Block:
    """Some short records, or one long one, as a worker takes them.

    Parameters
    ----------
    stage
        What is done; importable by name.
    settings
        With which settings.
    store
        The cohort's directory.
    records
        Ids, in the order of the store.
    target
        Directory for the block's nodes.
    care
        After a worker was lost ``"singly"``, and for a record that lost it again ``"blank"``.
    """

    stage: Stage
    settings: dict[str, Any]
    store: Path
    records: tuple[str, ...]
    target: Path
    care: Care = "together"


@dataclass(frozen=True)
class Mapped:
    """A stage's result: for each node its blocks, lazy and in order; and why records failed."""

    nodes: dict[str, list[xr.Dataset]]
    failures: dict[str, str]


def map_blocks(
    cohort: Cohort,
    stage: Stage,
    *,
    settings: Mapping[str, Any],
    bench: Path,
    key: str,
    hands: Hands,
    progress: Progress,
) -> Mapped:
    """Run a stage over all blocks of a cohort.

    Parameters
    ----------
    cohort
        The cohort.
    stage, settings
        What is done, and how.
    bench
        Directory for finished blocks.
    key
        Names everything a block's result hangs on beside its records, so that it is found again.
    hands
        Who does it.
    progress
        Where progress is shown.
    """
    blocks = [
        Block(stage, dict(settings), cohort.path, records, bench / key_of(key, records)) for records in groups(cohort)
    ]
    waiting = [block for block in blocks if not block.target.exists()]
    done = len(cohort) - sum(len(block.records) for block in waiting)
    with progress.bar(stage.__name__, total=len(cohort), done=done, unit="records") as advance:
        for block, lost in _run(waiting, hands):
            if lost is not None:
                _rescue(block, memory_gb=hands.memory_gb)
            advance(len(block.records))
    return _gathered(blocks)


def groups(cohort: Cohort) -> list[tuple[str, ...]]:
    """Runs of short records within a block's rows, and each long record by itself."""
    groups: list[list[str]] = []
    alone = False
    for row, (record, kind) in enumerate(cohort.records["kind"].items()):
        if row % BLOCK_RECORDS == 0 or kind == "long" or alone:
            groups.append([])
        groups[-1].append(str(record))
        alone = kind == "long"
    return [tuple(group) for group in groups]


def run_block(block: Block) -> None:
    """Run a stage on a block and write its nodes, whole or not at all."""
    cohort = _opened(block.store)
    failures: dict[str, str] = {}
    nodes = _together(cohort, block) if block.care == "together" else None
    if nodes is None:
        parts = [_alone(cohort, record, block=block, failures=failures) for record in block.records]
        nodes = {name: joined([part[name] for part in parts]) for name in parts[0]}
    _write(block.target, nodes, failures)


def _run(blocks: Sequence[Block], hands: Hands) -> Iterator[tuple[Block, str | None]]:
    """Blocks as they are done, and why a block's worker was lost."""
    if hands.scheduler and blocks:
        from ecgomics.cohort import cluster

        found = cluster.run(run_block, blocks, scheduler=hands.scheduler, store=blocks[0].store)
    else:
        found = crew.run(run_block, blocks, workers=hands.processes(len(blocks)), memory_gb=hands.memory_gb)
    for done in found:
        yield done.task, done.result.reason if isinstance(done.result, crew.Lost) else None


def _rescue(block: Block, *, memory_gb: float | None) -> None:
    """Run a block whose worker was lost again, record by record; a record that loses its worker again is left blank."""
    parts = block.target.with_suffix(".parts")
    parts.mkdir(exist_ok=True)
    single = [replace(block, records=(record,), target=parts / record, care="singly") for record in block.records]
    lost = {}
    for one, reason in _run([one for one in single if not one.target.exists()], Hands(1, memory_gb=memory_gb)):
        if reason is not None:
            lost[one.records[0]] = reason
            run_block(replace(one, care="blank"))
    found = _gathered(single)
    nodes = {name: joined([part.load() for part in datasets]) for name, datasets in found.nodes.items()}
    _write(block.target, nodes, found.failures | lost)
    shutil.rmtree(parts)


def _together(cohort: Cohort, block: Block) -> Nodes | None:
    try:
        return block.stage(Share(cohort, block.records, common_rate(cohort, block.records)), block.settings)
    except Exception:
        # one record must not cost the others: each is tried alone, where the error comes back and is kept
        return None


def _alone(cohort: Cohort, record: str, *, block: Block, failures: dict[str, str]) -> Nodes:
    ecg = common_rate(cohort, (record,))
    if block.care != "blank":
        try:
            return block.stage(Share(cohort, (record,), ecg), block.settings)
        except EcgomicsError as error:
            failures[record] = str(error)
        except Exception as error:
            failures[record] = f"the stage failed with {type(error).__name__}"
    return block.stage(Share(cohort, (record,), ecg * np.nan, kind="blank"), block.settings)


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Results of blocks that follow each other, as one."""
    if len(parts) == 1:
        return parts[0]
    along = "beat" if "beat" in parts[0].dims else "record"
    return xr.concat(parts, dim=along, data_vars="minimal", coords="minimal", compat="override", join="override")


def _write(target: Path, nodes: Nodes, failures: Mapping[str, str]) -> None:
    draft = target.with_suffix(f".{platform.node()}.{os.getpid()}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for name, dataset in nodes.items():
        along = "beat" if "beat" in dataset.dims else "record"
        write_node(draft / name, [dataset], along=along, total=dataset.sizes[along])
    (draft / "failures.json").write_text(json.dumps(dict(failures)))
    try:
        os.rename(draft, target)
    except OSError:
        if not target.is_dir():
            raise
        # a worker that was given up had finished it after all: the same block, the same result
        shutil.rmtree(draft)


def _gathered(blocks: Sequence[Block]) -> Mapped:
    nodes: dict[str, list[xr.Dataset]] = {}
    failures: dict[str, str] = {}
    for block in blocks:
        ids = np.array(block.records, dtype=object)
        for path in sorted(p for p in block.target.iterdir() if p.is_dir()):
            nodes.setdefault(path.name, []).append(open_node(zarr.open_group(path, mode="r"), records=ids))
        failures |= json.loads((block.target / "failures.json").read_text())
    return Mapped(nodes, failures)


@lru_cache(maxsize=1)
def _opened(store: Path) -> Cohort:
    # workers come back to the same cohort block after block; it follows its store by itself
    return open_cohort(store)
