"""A commit that is cut short at any step leaves the last commit, or the new one, and never a mixture."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ecgomics.cohort import Cohort, check, open_cohort, repair, swap
from ecgomics.cohort.commit import writing
from ecgomics.cohort.ingest import ingest_records
from ecgomics.cohort.lock import writer_lock
from ecgomics.cohort.progress import Progress
from ecgomics.cohort.swap import staging_of
from ecgomics.errors import CohortError
from ecgomics.records import Record
from ecgomics.settings import IngestSettings


class Killed(BaseException):
    """Stands for a kill: nothing may catch it on the way."""


def _result(cohort: Cohort, number: float) -> dict[str, xr.Dataset]:
    values = np.full(len(cohort), number)
    return {
        "biomarkers": xr.Dataset({"value": ("record", values)}, coords={"record": cohort.ids}),
        "latent/handmade": xr.Dataset({"vectors": ("record", values)}, coords={"record": cohort.ids}),
    }


def _write(cohort: Cohort, number: float) -> None:
    cohort.write_stage("biomarkers", _result(cohort, number), version=str(number), settings={}, inputs={})


def _state(cohort: Cohort) -> tuple[str, float, float]:
    values = [
        cohort.node(node)[name].values for node, name in (("biomarkers", "value"), ("latent/handmade", "vectors"))
    ]
    assert all((value == value[0]).all() for value in values)
    return cohort.stages["biomarkers"].version, float(values[0][0]), float(values[1][0])


def _write_interrupted(cohort: Cohort, number: float, *, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        _interrupt(patched, after)
        with pytest.raises(Killed):
            _write(cohort, number)


def _interrupt(monkeypatch: pytest.MonkeyPatch, after: int) -> list[str]:
    """Let the process die at the `after`-th change of the file system that a commit makes."""
    steps: list[str] = []
    names = [(os, "rename"), (os, "replace"), (shutil, "rmtree"), (Path, "unlink")]

    def guarded(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **options: object) -> object:
            if threading.current_thread() is not threading.main_thread():
                return real(*args, **options)  # zarr's own threads would go on after the end of ours
            steps.append(name)
            if len(steps) > after:
                raise Killed
            return real(*args, **options)

        return call

    for home, name in names:
        monkeypatch.setattr(home, name, guarded(name, getattr(home, name)))
    return steps


def test_a_stage_cut_short_at_any_step_is_the_old_one_or_the_new_one(
    cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(cohort, 1.0)
    seen = set()
    for after in range(200):
        number = 2.0 + after
        before = _state(open_cohort(cohort.path))
        with monkeypatch.context() as patched:
            _interrupt(patched, after)
            try:
                _write(open_cohort(cohort.path), number)
                finished = True
            except Killed:
                finished = False
        state = _state(open_cohort(cohort.path))
        assert state in (before, (str(number), number, number))
        assert check(cohort.path) == ()
        with xr.open_datatree(cohort.path, engine="zarr") as tree:
            assert float(tree["biomarkers/value"][0]) == state[1]
        seen.add(state == before)
        if finished:
            break
    else:
        pytest.fail("a commit takes more steps than expected")
    assert seen == {True, False}
    assert after > 10


def test_settling_that_is_itself_cut_short_still_comes_out_right(
    cohort: Cohort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write(cohort, 1.0)
    broken = tmp_path / "broken"
    for after in (3, 5, 7, 9):
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(cohort.path, broken / "c.zarr")
        copy = open_cohort(broken / "c.zarr")
        _write_interrupted(copy, 2.0, after=after, monkeypatch=monkeypatch)
        for again in range(40):
            with monkeypatch.context() as patched:
                _interrupt(patched, again)
                try:
                    opened = open_cohort(broken / "c.zarr")
                except Killed:
                    continue
            break
        assert _state(opened) in (("1.0", 1.0, 1.0), ("2.0", 2.0, 2.0))
        assert check(broken / "c.zarr") == ()


def test_an_ingest_cut_short_at_any_step_appends_all_or_nothing(
    cohort: Cohort, record: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, quiet = IngestSettings(short_s=10), Progress("quiet")
    new = [record(50), record(51, seconds=12, leads=("I", "II"))]
    signal = {identity: cohort.ecg(identity).values for identity in cohort.ids}
    lengths = set()
    for after in range(5, 400, 9):
        with monkeypatch.context() as patched:
            _interrupt(patched, after)
            try:
                ingest_records(new, cohort.path, settings=settings, progress=quiet)
                finished = True
            except Killed:
                finished = False
        opened = open_cohort(cohort.path)
        assert len(opened) in (4, 6)
        assert check(cohort.path) == ()
        for identity, values in signal.items():
            np.testing.assert_array_equal(opened.ecg(identity).values, values)
        lengths.add(len(opened))
        if finished or len(opened) == 6:
            break
    else:
        pytest.fail("an ingest takes more steps than expected")
    assert lengths == {4, 6}
    np.testing.assert_allclose(
        open_cohort(cohort.path).ecg(new[1].id).values,
        new[1].ecg.sel(lead=["I", "II", *new[1].ecg["lead"].values[2:]]),
        atol=6e-4,
    )


def test_two_writers_do_not_meet(cohort: Cohort) -> None:
    code = f"""
        from pathlib import Path
        from ecgomics.cohort.commit import writing
        from ecgomics.errors import CohortError
        try:
            with writing(Path({str(cohort.path)!r})): print("in")
        except CohortError as error: print(error)
    """
    with writing(cohort.path):
        out = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert "another process is writing this cohort" in out.stdout


def test_the_lock_nests_in_a_thread_and_is_freed(tmp_path: Path) -> None:
    lock, seen = tmp_path / "lock", []

    def other() -> None:
        try:
            with writer_lock(lock):
                seen.append("in")
        except CohortError:
            seen.append("refused")

    with writer_lock(lock), writer_lock(lock):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    other()
    assert seen == ["refused", "in"]


def test_repair_settles_and_clears_what_was_left(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(cohort, 1.0)
    journal = staging_of(cohort.path) / "swap.json"
    for after in range(4, 40):
        _write_interrupted(cohort, 2.0, after=after, monkeypatch=monkeypatch)
        if journal.exists():
            break
    assert journal.exists()
    assert any("cut short" in problem for problem in check(cohort.path))
    assert repair(cohort.path) == ("a commit that was cut short was settled",)
    assert not staging_of(cohort.path).exists()
    assert repair(cohort.path) == ()
    assert _state(open_cohort(cohort.path))[1] == 1.0


def test_repair_removes_partial_results(cohort: Cohort) -> None:
    (staging_of(cohort.path) / "bench" / "waves" / "x").mkdir(parents=True)
    assert repair(cohort.path) == ("unfinished work beside the store was removed",)
    assert not staging_of(cohort.path).exists()


def test_a_reader_waits_for_a_writer_that_is_swapping(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = staging_of(cohort.path)
    staging.mkdir()
    journal = staging / "swap.json"
    journal.write_text('{"generation": 2, "moves": []}')
    naps = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        journal.unlink(missing_ok=True)

    monkeypatch.setattr(swap.time, "sleep", nap)
    with writer_lock(cohort.path / ".lock"):
        open_cohort(cohort.path)
    assert len(naps) == 1
