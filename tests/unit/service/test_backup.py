"""A copy made in use comes back whole, on either kind of database, and writes over nothing."""

from __future__ import annotations

import pytest

from ecgomics.cohort import check, open_cohort
from ecgomics.errors import ServiceError
from ecgomics.pipeline import ingest
from ecgomics.service.accounts import Accounts
from ecgomics.service.annotations import Annotations
from ecgomics.service.backup import back_up, restore_from
from ecgomics.service.classroom import Classroom
from ecgomics.service.database import Database
from ecgomics.simulate import demo_patients


@pytest.fixture
def in_use(url, tmp_path):
    cohort = ingest(demo_patients(3, seed=2), tmp_path / "c.zarr", workers=0, progress=False)
    database = Database(url)
    accounts = Accounts(database)
    ada = accounts.add("ada", password="a long enough password", role="teacher")
    Annotations(database, cohort="c").write(str(cohort.ids[0]), "look", by=ada, start_s=1.0)
    Classroom(database).answer("case", "q", by=ada, given={"v": [1, 2]}, score=0.5)
    yield cohort, database
    database.close()


def test_a_copy_comes_back_whole(in_use, url, tmp_path):
    cohort, _ = in_use
    said = back_up(cohort.path, tmp_path / "copy", database=url)
    assert said.startswith("3 records")
    elsewhere = f"sqlite:///{tmp_path / 'new.db'}"
    restore_from(tmp_path / "copy", tmp_path / "again.zarr", database=elsewhere)
    again = open_cohort(tmp_path / "again.zarr")
    assert list(again.ids) == list(cohort.ids)
    assert not check(again.path)
    assert (again.ecg(again.ids[0]).values == cohort.ecg(cohort.ids[0]).values).all()
    database = Database(elsewhere)
    ada = Accounts(database).find("ada")
    assert Annotations(database, cohort="c").notes()["text"].tolist() == ["look"]
    assert Classroom(database).answers(of=ada)["given"].tolist() == [{"v": [1, 2]}]
    # numbers go on after those that were brought back
    assert Classroom(database).answer("case", "q2", by=ada, given={}, score=1.0) == 2
    database.close()


def test_a_copy_goes_into_the_other_kind(in_use, url, tmp_path, request):
    cohort, _ = in_use
    back_up(cohort.path, tmp_path / "copy", database=url)
    if url.startswith("sqlite"):
        server = request.getfixturevalue("postgres")
        from sqlalchemy import create_engine, text

        engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("create database brought_back"))
        engine.dispose()
        other = f"{server.replace('+pg8000', '')}/brought_back"
    else:
        other = f"sqlite:///{tmp_path / 'other.db'}"
    restore_from(tmp_path / "copy", tmp_path / "again.zarr", database=other)
    database = Database(other)
    bea = Accounts(database).add("bea", password="a long enough password")
    assert bea.id == 2
    database.close()


def test_nothing_is_written_over(in_use, url, tmp_path):
    cohort, _ = in_use
    back_up(cohort.path, tmp_path / "copy", database=url)
    with pytest.raises(ServiceError, match="folder that exists"):
        back_up(cohort.path, tmp_path / "copy", database=url)
    with pytest.raises(ServiceError, match="cohort that exists"):
        restore_from(tmp_path / "copy", cohort.path, database="sqlite://")
    with pytest.raises(ServiceError, match="has rows"):
        restore_from(tmp_path / "copy", tmp_path / "new.zarr", database=url)
    with pytest.raises(ServiceError, match="no backup"):
        restore_from(tmp_path / "c.zarr", tmp_path / "new.zarr", database="sqlite://")
    assert not (tmp_path / "new.zarr").exists()
