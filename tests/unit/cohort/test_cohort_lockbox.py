"""Patients set aside when a cohort is begun, and the ledger of who looked at the others."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.cohort.assembly import check_settings
from ecgomics.cohort.ingest import ingest_records
from ecgomics.cohort.progress import Progress
from ecgomics.discovery import sealed
from ecgomics.errors import CohortError
from ecgomics.records import Record
from ecgomics.settings import IngestSettings, LockBoxSettings


@pytest.fixture
def many(take_in: Callable[..., Cohort], record: Callable[..., Record]) -> Cohort:
    return take_in(*(record(k, seconds=0.2, leads=("II",), patient=f"p{k // 2}") for k in range(60)))


def test_a_share_of_the_patients_is_sealed_whole(many: Cohort) -> None:
    inside = many.sealed
    assert many.lockbox.as_dict() == {"share": 0.2, "salt": "ecgomics"}
    assert 0.05 < inside.mean() < 0.4
    assert (many.records.assign(inside=inside).groupby("patient")["inside"].nunique() == 1).all()
    patient = many.subjects["patient"].values
    np.testing.assert_array_equal(inside, sealed(patient, record=many.ids, settings=LockBoxSettings()))


def test_who_is_sealed_stays_so_when_records_are_added(
    many: Cohort, take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    before = dict(zip(many.ids, many.sealed, strict=True))
    take_in(*(record(k, seconds=0.2, leads=("II",), patient=f"p{k}") for k in range(100, 120)))
    after = dict(zip(many.ids, many.sealed, strict=True))
    assert len(after) == 80
    assert all(after[record] == inside for record, inside in before.items())


@pytest.mark.parametrize("changed", [{"lockbox_share": 0.5}, {"lockbox_salt": "other"}])
def test_the_lock_box_is_fixed_when_the_cohort_is_begun(cohort: Cohort, changed: dict[str, object]) -> None:
    with pytest.raises(CohortError, match="with which this cohort was begun"):
        check_settings(cohort.path, IngestSettings(short_s=10, **changed))


def test_none_are_sealed_when_told_so_or_in_a_cohort_older_than_lock_boxes(
    store: Path, record: Callable[..., Record]
) -> None:
    settings = IngestSettings(short_s=10, lockbox_share=0.0)
    recordings = [record(k, seconds=0.2) for k in range(4)]
    ingest_records(recordings, store, settings=settings, progress=Progress("quiet"))
    assert not open_cohort(store).sealed.any()
    manifest = json.loads((store / "manifest.json").read_text())
    for name in ("lockbox_share", "lockbox_salt"):
        del manifest["stages"]["ingest"]["settings"][name]
    (store / "manifest.json").write_text(json.dumps(manifest))
    assert open_cohort(store).lockbox.share == 0


def test_looks_are_kept_in_order_and_survive_commits(
    cohort: Cohort, take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    assert cohort.looks() == ()
    assert cohort.note_look({"kind": "contrast", "patients": (3, 4)}) == {"kind": "contrast", "patients": [3, 4]}
    cohort.note_look(lambda before: {"number": len(before) + 1, "name": "Lücke"})
    take_in(record(9))
    assert open_cohort(cohort.path).looks() == (
        {"kind": "contrast", "patients": [3, 4]},
        {"number": 2, "name": "Lücke"},
    )
    assert cohort.ledger_path.parent == cohort.path


def test_a_line_cut_short_by_a_crash_was_never_noted(cohort: Cohort) -> None:
    cohort.note_look({"n": 1})
    with cohort.ledger_path.open("a") as stream:
        stream.write('{"n": 2, "half')
    assert cohort.looks() == ({"n": 1},)
    cohort.note_look({"n": 3})
    assert cohort.looks() == ({"n": 1}, {"n": 3})


def test_a_damaged_ledger_is_refused(cohort: Cohort) -> None:
    cohort.ledger_path.write_text("{]\n")
    with pytest.raises(CohortError, match="ledger of looks that is damaged"):
        cohort.looks()


def _note(path: Path, count: int) -> None:
    cohort = open_cohort(path)
    for _ in range(count):
        cohort.note_look(lambda before: {"number": len(before) + 1})


def test_processes_that_note_at_the_same_time_lose_nothing(cohort: Cohort) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_note, args=(cohort.path, 20)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [look["number"] for look in cohort.looks()] == list(range(1, 41))
