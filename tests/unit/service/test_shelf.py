"""Selections and views are saved by name, replaced by their owner only, and conflicts are seen."""

from __future__ import annotations

import pytest

from ecgomics.errors import AccessError, ConflictError, ServiceError
from ecgomics.service.audit import Audit
from ecgomics.service.shelf import Shelf


@pytest.fixture
def shelf(database):
    return Shelf(database, cohort="c1")


def test_what_is_saved_is_loaded(shelf, ada):
    kept = shelf.save("selection", " low T ", {"records": ["a", "b"]}, by=ada)
    assert (kept.name, kept.version, kept.owner) == ("low T", 1, "ada")
    again = shelf.save("selection", "low T", {"records": ["a"]}, by=ada, over=1)
    assert again.version == 2
    assert shelf.load("selection", "low T").definition == {"records": ["a"]}
    assert shelf.names("view") == []


def test_a_team_sees_one_anothers_and_overwrites_only_its_own(shelf, ada, ben):
    shelf.save("view", "v", {"by": "ada"}, by=ada)
    shelf.save("view", "v", {"by": "ben"}, by=ben)
    assert {kept.owner for kept in shelf.names("view")} == {"ada", "ben"}
    assert shelf.load("view", "v", owner="ada").definition == {"by": "ada"}
    with pytest.raises(AccessError):
        shelf.remove("view", "v", by=ben, owner="ada")
    removed = shelf.remove("view", "v", by=ada)
    shelf.save("view", removed.name, removed.definition, by=ada)
    assert len(shelf.names("view")) == 2


def test_saving_over_a_version_nobody_saw_is_a_conflict(shelf, ada):
    shelf.save("view", "v", {"n": 1}, by=ada)
    shelf.save("view", "v", {"n": 2}, by=ada, over=1)
    with pytest.raises(ConflictError):
        shelf.save("view", "v", {"n": 3}, by=ada, over=1)
    assert shelf.load("view", "v").definition == {"n": 2}


def test_what_is_not_there(shelf, ada, database):
    with pytest.raises(ServiceError, match="no saved view"):
        shelf.load("view", "v")
    with pytest.raises(ServiceError, match="name"):
        shelf.save("view", "  ", {}, by=ada)
    shelf.save("view", "v", {}, by=ada)
    assert Shelf(database, cohort="c2").names("view") == []


def test_the_audit_log_only_grows(database, ada):
    audit = Audit(database)
    audit.note("note.write", by=ada, object="r1", address="127.0.0.1", details={"characters": 12})
    audit.note("sign_in.refused", by=None, address="127.0.0.1")
    table = audit.entries()
    assert table["action"].tolist() == ["sign_in.refused", "note.write"]
    assert table["user_name"].tolist() == ["", "ada"]
    assert not hasattr(audit, "remove")
