"""Processes that analyse: a crash, a hang and a full line cost nobody else anything."""

from __future__ import annotations

import operator
import os
import time

import pytest

from ecgomics.errors import ServiceError
from ecgomics.service.api.analysts import Analysts
from ecgomics.service.api.problems import RefusedError


@pytest.fixture(scope="module")
def analysts():
    made = Analysts(1, waiting=8, limit_s=60.0, prepare=os.getpid)
    yield made
    made.close()


def test_work_is_done_elsewhere_and_its_errors_come_back(analysts):
    assert analysts.submit(os.getpid).result(60) != os.getpid()
    assert analysts.submit(operator.add, 2, 3).result(60) == 5
    with pytest.raises(ValueError, match="invalid literal"):
        analysts.submit(int, "x").result(60)
    here = Analysts(0, waiting=1, limit_s=1)
    assert os.getpid() == here.submit(os.getpid).result(60)
    here.close()


def test_a_crash_is_told_and_the_next_piece_is_done(analysts):
    before = analysts.submit(os.getpid).result(60)
    with pytest.raises(ServiceError, match="crashed"):
        analysts.submit(os._exit, 3).result(60)
    after = analysts.submit(os.getpid).result(60)
    assert after != before


def test_what_takes_too_long_is_ended():
    short = Analysts(1, waiting=2, limit_s=20.0, prepare=os.getpid)
    try:
        assert short.submit(operator.add, 1, 1).result(60) == 2
        short._limit_s = 0.2
        start = time.monotonic()
        with pytest.raises(ServiceError, match=r"longer than 0\.2 s"):
            short.submit(time.sleep, 30).result(60)
        assert time.monotonic() - start < 15
        short._limit_s = 20.0
        assert short.submit(operator.add, 1, 1).result(60) == 2
    finally:
        short.close()


def test_a_full_line_says_busy_at_once_and_closing_ends_what_waits():
    busy = Analysts(0, waiting=2, limit_s=1.0)
    first = busy.submit(time.sleep, 1.0)
    waiting, told = [], None
    for _ in range(4):
        try:
            waiting.append(busy.submit(operator.add, 1, 1))
        except RefusedError as error:
            told = error
    assert told is not None
    assert (told.status, told.headers["Retry-After"]) == (503, "1")
    assert 1 <= len(waiting) <= 3
    assert first.result(10) is None
    assert [one.result(10) for one in waiting] == [2] * len(waiting)
    later = busy.submit(time.sleep, 0.3)
    dropped = busy.submit(operator.add, 1, 1)
    busy.close()
    assert dropped.cancelled() or dropped.result(5) == 2
    assert later.cancelled() or later.result(5) is None
