"""kill −9 at random moments of ingest and analysis: the store always opens, and a re-run equals an unhindered one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ecgomics.cohort import check, open_cohort
from ecgomics.cohort.nodes import digest
from ecgomics.errors import CohortError

# A parent that has imported everything forks a child a line, so that a round costs no imports. The analysis is a small
# stage of its own: what is tested is how results get to the disk.
NURSERY = """
import os, sys
import numpy as np, xarray as xr
from pathlib import Path
from dataclasses import replace
from ecgomics import pipeline
from ecgomics.cohort import blocks, open_cohort
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.ingest import ingest_files, ingest_records
from ecgomics.cohort.progress import Progress
from ecgomics.records import assemble
from ecgomics.settings import IngestSettings, WavesSettings
from ecgomics.vocabulary import LEADS
import scipy.signal

def stage(share, settings):
    level = np.nanmean(np.abs(share.ecg.values), axis=(1, 2))
    return {"biomarkers": xr.Dataset({"value": ("record", level)}, coords={"record": list(share.records)})}

def folder(path, low, high):
    path.mkdir(exist_ok=True)
    for k in range(low, high):
        rng = np.random.default_rng(k)
        np.savez(path / f"r{k:03}.npz", ecg=rng.normal(size=(12, 300)), leads=np.array(LEADS), rate_hz=250.0, unit="mV")

def work(root, store):
    quiet, settings = Progress("quiet"), IngestSettings(short_s=10)
    blocks.BLOCK_RECORDS = 8
    for name in ("one", "two"):
        ingest_files(root / name, store, settings=settings, labels=None, hands=Hands(0), progress=quiet)
        cohort = open_cohort(store)
        plan = pipeline.Plan("biomarkers", WavesSettings(), {"ingest": cohort.digest_of("ingest")})
        if not plan.is_current(cohort):
            with cohort.writing() as commit:
                bench = plan.bench(commit, Hands(0))
                plan.publish(cohort, commit, plan.map(cohort, bench, stage, hands=Hands(0), progress=quiet))

root = Path(sys.argv[1])
folder(root / "one", 0, 24)
folder(root / "two", 20, 30)
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        work(root, Path(line.strip()))
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Nursery:
    def __init__(self, root: Path) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", NURSERY, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._read() == "ready"

    def run(self, store: Path, *, kill_after_s: float | None = None) -> int:
        """Work on a store; the wait status of the child, which is killed after a while."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{store}\n")
        self.process.stdin.flush()
        child = int(self._read())
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            with contextlib.suppress(ProcessLookupError):  # it was quicker
                os.kill(child, signal.SIGKILL)
        return int(self._read())

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.parametrize("kills", [12, pytest.param(50, marks=[pytest.mark.bench, pytest.mark.timeout(900)])])
def test_a_killed_run_loses_nothing_that_was_committed(tmp_path: Path, kills: int) -> None:
    nursery = Nursery(tmp_path)
    try:
        began = time.monotonic()
        assert nursery.run(tmp_path / "whole.zarr") == 0
        whole_s = time.monotonic() - began
        rng = np.random.default_rng(5)
        killed, store, generation = 0, tmp_path / "killed.zarr", 0
        stores = [store]
        for number in range(4 * kills):
            lost = nursery.run(store, kill_after_s=float(rng.uniform(0.02, 0.8)) * whole_s) != 0
            killed += lost
            generation = _assert_whole(store, at_least=generation)
            if killed == kills:
                break
            if not lost:
                _assert_equal(store, tmp_path / "whole.zarr")
                store, generation = tmp_path / f"killed{number}.zarr", 0
                stores.append(store)
        assert killed == kills
        assert nursery.run(store) == 0
        _assert_equal(store, tmp_path / "whole.zarr")
    finally:
        nursery.close()
    print(
        f"\n{killed} kills, {len(stores)} stores: every one opened at its last commit and ended as the unhindered one"
    )


def _assert_whole(store: Path, *, at_least: int) -> int:
    if at_least == 0 and not (store / "manifest.json").exists():
        with pytest.raises(CohortError, match="no cohort"):
            open_cohort(store)
        return 0
    cohort = open_cohort(store)
    assert cohort.generation >= at_least
    assert check(store) == ()
    assert len(cohort) in (24, 30)
    assert np.isfinite(cohort.ecg(cohort.ids[-1]).values).all()
    if "biomarkers" in cohort.stages:
        assert cohort.biomarkers["value"].shape == (len(cohort),)
        assert np.isfinite(cohort.biomarkers["value"].values).all()
    return cohort.generation


def _assert_equal(one: Path, other: Path) -> None:
    first, second = open_cohort(one), open_cohort(other)
    assert len(first) == 30
    assert first.records.equals(second.records)
    assert first.stages.keys() == second.stages.keys()
    for node in ("signal", "biomarkers", "record", "source"):
        assert digest(one / node) == digest(other / node)
