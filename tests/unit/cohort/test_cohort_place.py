"""Stores elsewhere: at a URL, and where one may not write."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.errors import CohortError, SettingsError

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def published(cohort: Cohort) -> str:
    memory = fsspec.filesystem("memory")
    memory.put(str(cohort.path), "/published.zarr", recursive=True)
    return "memory://published.zarr"


def test_a_store_at_a_url_reads_like_one_on_a_disk(cohort: Cohort, published: str) -> None:
    remote = open_cohort(published)
    assert remote.records.equals(cohort.records)
    assert remote.labels.equals(cohort.labels)
    for record in cohort.ids:
        np.testing.assert_array_equal(remote.ecg(record), cohort.ecg(record))
    long = cohort.ids[2]
    xr.testing.assert_identical(remote.window(long, 0, 30, 200), cohort.window(long, 0, 30, 200))
    np.testing.assert_array_equal(remote.signal.values, cohort.signal.values)
    assert "4 (3 short, 1 long)" in repr(remote)


def test_a_file_url_is_a_directory(cohort: Cohort) -> None:
    same = open_cohort(cohort.path.as_uri())
    assert same.path == cohort.path
    same.note_look({"n": 1})
    assert cohort.looks() == ({"n": 1},)


def test_urls_that_lead_nowhere_say_so() -> None:
    with pytest.raises(CohortError, match="no cohort at this path"):
        open_cohort("memory://nothing.zarr")
    with pytest.raises(SettingsError, match="a kind of fsspec"):
        open_cohort("no-such-kind://x.zarr")


def test_a_store_on_a_read_only_disk_opens(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    true_open = os.open

    def refuse(path: object, flags: int, *rest: object, **options: object) -> int:
        if flags & (os.O_CREAT | os.O_RDWR | os.O_WRONLY):
            raise PermissionError(13, "read-only")
        return true_open(path, flags, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    _assert_only_read(cohort.path)


def _assert_only_read(path: Path) -> None:
    opened = open_cohort(path)
    assert np.isfinite(opened.ecg(opened.ids[0])).all()
    with pytest.raises(CohortError, match="may write"):
        opened.write_stage("waves", xr.Dataset(), version="1", settings={}, inputs={})
