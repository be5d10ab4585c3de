"""Workers that crash, hang or cannot start."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

from ecgomics.cohort.crew import Lost, run
from ecgomics.errors import EcgomicsError

TASKS = """
import os, signal, time
from ecgomics.errors import EcgomicsError

def square(number):
    return number * number

def fragile(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 5:
        time.sleep(60)
    return number

def refusing(number):
    raise EcgomicsError(f"{number} arrived", expected="another")

def threads(_):
    return os.environ["OMP_NUM_THREADS"]
"""


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Functions where a new process finds them."""
    (tmp_path / "crew_tasks.py").write_text(TASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(importlib.sys.modules, "crew_tasks", raising=False)  # type: ignore[attr-defined]
    return importlib.import_module("crew_tasks")


@pytest.mark.parametrize("workers", [0, 2])
def test_every_task_comes_back_once(tasks: ModuleType, workers: int) -> None:
    done = list(run(tasks.square, range(20), workers=workers))
    assert sorted((d.task, d.result) for d in done) == [(k, k * k) for k in range(20)]


def test_a_crash_and_a_hang_cost_their_own_task_only(tasks: ModuleType) -> None:
    results = {d.task: d.result for d in run(tasks.fragile, range(8), workers=2, limit_s=lambda task: 2.0)}
    assert results[3] == Lost("the worker crashed (exit code -9)")
    assert results[5] == Lost("took longer than 2 s")
    assert {k: v for k, v in results.items() if k not in (3, 5)} == {k: k for k in (0, 1, 2, 4, 6, 7)}


def test_what_a_task_raises_arrives_whole(tasks: ModuleType) -> None:
    with pytest.raises(EcgomicsError, match="4 arrived; expected another"):
        list(run(tasks.refusing, [4], workers=1))


def test_workers_have_one_thread_and_the_parent_keeps_its_own(
    tasks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert [d.result for d in run(tasks.threads, [0], workers=1)] == ["1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_workers_that_cannot_start_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone_tasks.py").write_text("def gone(number):\n    return number\n")
    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(tmp_path))
        module = importlib.import_module("gone_tasks")
    with pytest.raises(EcgomicsError, match=r"cannot start.*workers=0"):
        list(run(module.gone, [1], workers=1))
