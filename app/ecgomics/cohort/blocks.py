"""A pure stage mapped over a cohort, block by block; finished blocks outlive a killed run.

Blocks are the same however many workers there are, so results are too. A record at which a stage fails, or whose worker
crashes, costs only itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import xarray as xr

from ecgomics.cohort import crew
from ecgomics.cohort.bench import Bench, Nodes
from ecgomics.cohort.cohort import Cohort, open_cohort
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.mapped import common_rate
from ecgomics.cohort.progress import Progress
from ecgomics.cohort.staged import key_of
from ecgomics.errors import CohortError, EcgomicsError

BLOCK_RECORDS = 64
"""Records a worker takes at a time; a quarter of a shard."""

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
        The cohort's address.
    generation
        Its last commit.
    records
        Ids, in the order of the store.
    bench
        Where the block's nodes are put.
    key
        Under which name.
    care
        After a worker was lost ``"singly"``, and for a record that lost it again ``"blank"``.
    """

    stage: Stage
    settings: dict[str, Any]
    store: str
    generation: int
    records: tuple[str, ...]
    bench: Bench
    key: str
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
    bench: Bench,
    key: str,
    hands: Hands,
    progress: Progress,
    only: Collection[str] | None = None,
) -> Mapped:
    """Run a stage over all blocks of a cohort.

    Parameters
    ----------
    cohort
        The cohort.
    stage, settings
        What is done, and how.
    bench
        Where finished blocks are kept.
    key
        Names everything a block's result hangs on beside its records, so that it is found again.
    hands
        Who does it.
    progress
        Where progress is shown.
    only
        Long recordings to do; None: everything.
    """
    chosen = [records for records in groups(cohort) if only is None or set(records) <= set(only)]
    blocks = [
        Block(stage, dict(settings), cohort.address, cohort.generation, records, bench, key_of(key, records))
        for records in chosen
    ]
    waiting = [block for block in blocks if not bench.has(block.key)]
    total = sum(map(len, chosen))
    done = total - sum(len(block.records) for block in waiting)
    with progress.bar(stage.__name__, total=total, done=done, unit="records") as advance:
        for block, lost in _run(waiting, _fitting(hands, cohort)):
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
    cohort = _opened(block.store, block.generation)
    failures: dict[str, str] = {}
    nodes = _together(cohort, block) if block.care == "together" else None
    if nodes is None:
        parts = [_alone(cohort, record, block=block, failures=failures) for record in block.records]
        nodes = {name: joined([part[name] for part in parts]) for name in parts[0]}
    block.bench.put(block.key, nodes, failures=failures)


def _fitting(hands: Hands, cohort: Cohort) -> Hands:
    """Hands that can reach the cohort: a store in the memory of this process is worked on here."""
    if cohort.reach == "processes":
        return hands
    if hands.scheduler:
        raise CohortError(
            "workers for a cohort that only this process can open",
            expected="one on a disk or in an object store that all workers see",
            remedy="leave the scheduler out, or copy the cohort",
        )
    return replace(hands, workers=0)


def _run(blocks: Sequence[Block], hands: Hands) -> Iterator[tuple[Block, str | None]]:
    """Blocks as they are done, and why a block's worker was lost."""
    if hands.scheduler and blocks:
        from ecgomics.cohort import cluster

        found = cluster.run(run_block, blocks, scheduler=hands.scheduler, bench=blocks[0].bench)
    else:
        found = crew.run(run_block, blocks, workers=hands.processes(len(blocks)), memory_gb=hands.memory_gb)
    for done in found:
        yield done.task, done.result.reason if isinstance(done.result, crew.Lost) else None


def _rescue(block: Block, *, memory_gb: float | None) -> None:
    """Run a block whose worker was lost again, record by record; a record that loses its worker again is left blank."""
    parts = block.bench.part(block.key)
    single = [replace(block, records=(record,), bench=parts, key=record, care="singly") for record in block.records]
    lost = {}
    for one, reason in _run([one for one in single if not parts.has(one.key)], Hands(1, memory_gb=memory_gb)):
        if reason is not None:
            lost[one.records[0]] = reason
            run_block(replace(one, care="blank"))
    found = _gathered(single)
    nodes = {name: joined([part.load() for part in datasets]) for name, datasets in found.nodes.items()}
    block.bench.put(block.key, nodes, failures=found.failures | lost)
    parts.drop()


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


def _gathered(blocks: Sequence[Block]) -> Mapped:
    nodes: dict[str, list[xr.Dataset]] = {}
    failures: dict[str, str] = {}
    for block in blocks:
        found, failed = block.bench.get(block.key, records=block.records)
        for name, dataset in found.items():
            nodes.setdefault(name, []).append(dataset)
        failures |= failed
    return Mapped(nodes, failures)


@lru_cache(maxsize=1)
def _opened(store: str, generation: int) -> Cohort:
    # workers come back to the same cohort block after block: opened once a commit
    return open_cohort(store)
