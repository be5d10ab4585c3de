"""People sign in, are throttled, have roles and keys; nothing that opens a door is kept in the clear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from ecgomics.errors import AccessError, ConflictError, ServiceError
from ecgomics.service import accounts as room
from ecgomics.service.models import ROLES, SignIn, Token, User
from ecgomics.service.models import Session as SignedIn

HERE = "127.0.0.1"
PASSWORD = "correct horse battery"


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests move."""

    class Clock:
        ahead = timedelta()

    from ecgomics.service.models import now

    monkeypatch.setattr(room, "now", lambda: now() + Clock.ahead)
    return Clock


def test_a_person_signs_in_and_out(accounts, ada):
    secret = accounts.sign_in(" Ada ", password=PASSWORD, address=HERE)
    assert accounts.of_session(secret) == ada
    accounts.sign_out(secret)
    with pytest.raises(AccessError, match="over"):
        accounts.of_session(secret)


def test_a_wrong_name_and_a_wrong_password_say_the_same(accounts, ada):
    said = []
    for name, password in (("ada", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(AccessError) as caught:
            accounts.sign_in(name, password=password, address=HERE)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_five_wrong_passwords_close_the_door_for_a_while(accounts, ada, clock):
    for _ in range(room.TRIES):
        with pytest.raises(AccessError, match="belong together"):
            accounts.sign_in("ada", password="wrong", address=HERE)
    with pytest.raises(AccessError, match="too many"):
        accounts.sign_in("ada", password=PASSWORD, address="10.0.0.9")
    clock.ahead = room.WINDOW + timedelta(seconds=1)
    assert accounts.sign_in("ada", password=PASSWORD, address=HERE)


def test_a_right_password_forgives_the_wrong_ones_before(accounts, ada):
    for _ in range(2):
        for _ in range(room.TRIES - 1):
            with pytest.raises(AccessError, match="belong together"):
                accounts.sign_in("ada", password="wrong", address=HERE)
        accounts.sign_in("ada", password=PASSWORD, address=HERE)


def test_an_address_that_tries_many_names_is_held(accounts, ada, monkeypatch):
    monkeypatch.setattr(room, "_verify", lambda hashed, password: password == PASSWORD)
    for n in range(4 * room.TRIES):
        with pytest.raises(AccessError, match="belong together"):
            accounts.sign_in(f"name{n}", password="wrong", address="10.1.1.1")
    with pytest.raises(AccessError, match="too many"):
        accounts.sign_in("ada", password=PASSWORD, address="10.1.1.1")
    assert accounts.sign_in("ada", password=PASSWORD, address=HERE)


def test_sessions_end_when_not_used(accounts, ada, clock):
    secret = accounts.sign_in("ada", password=PASSWORD, address=HERE)
    for rests in (0.9, 1.8):
        clock.ahead = rests * room.SESSION_REST
        assert accounts.of_session(secret) == ada
    clock.ahead = 2.9 * room.SESSION_REST
    with pytest.raises(AccessError):
        accounts.of_session(secret)


def test_sessions_end_with_their_life_even_when_used(accounts, ada, clock, database):
    secret = accounts.sign_in("ada", password=PASSWORD, address=HERE)
    with database.session() as session:
        session.scalar(select(SignedIn)).seen = room.now() + room.SESSION_LIFE
    clock.ahead = room.SESSION_LIFE + timedelta(minutes=1)
    with pytest.raises(AccessError):
        accounts.of_session(secret)


def test_a_new_role_or_password_ends_sessions(accounts, ada):
    for change in ({"role": "teacher"}, {"password": "another long sentence"}):
        secret = accounts.begin(ada.id)
        accounts.change("ada", **change)
        with pytest.raises(AccessError):
            accounts.of_session(secret)
    assert accounts.find("ada").role == "teacher"
    accounts.sign_in("ada", password="another long sentence", address=HERE)


def test_a_closed_account_opens_nothing(accounts, ada):
    session, key = accounts.begin(ada.id), accounts.make_key("ada", label="script")
    accounts.close("ada")
    for opens in (lambda: accounts.of_session(session), lambda: accounts.of_key(key)):
        with pytest.raises(AccessError):
            opens()
    with pytest.raises(AccessError):
        accounts.sign_in("ada", password=PASSWORD, address=HERE)
    with pytest.raises(ServiceError, match="unknown name"):
        accounts.find("ada")
    with pytest.raises(ConflictError):
        accounts.add("ada", password=PASSWORD)


def test_nothing_that_opens_a_door_is_kept_in_the_clear(accounts, ada, database):
    secret, key = accounts.sign_in("ada", password=PASSWORD, address=HERE), accounts.make_key("ada", label="script")
    with database.reading() as session:
        kept = [
            session.scalar(select(column))
            for column in (User.password_hash, SignedIn.secret_hash, Token.secret_hash, SignIn.name)
        ]
        everything = " ".join(
            str(tuple(row))
            for table in ("users", "sessions", "tokens")
            for row in session.execute(text(f"select * from {table}"))
        )
    assert kept[0].startswith("$argon2id$")
    for clear in (PASSWORD, secret, key):
        assert clear not in everything


def test_keys_have_scopes_and_can_be_taken_back(accounts, ada):
    key = accounts.make_key("ada", label="script", scopes=["read"])
    person = accounts.of_key(key)
    person.require_scope("read")
    with pytest.raises(AccessError, match="without the scope 'write'"):
        person.require_scope("write")
    [(number, label, scopes, _)] = accounts.keys("ada")
    assert (label, scopes) == ("script", ("read",))
    accounts.revoke("ada", key=number)
    with pytest.raises(AccessError):
        accounts.of_key(key)


def test_keys_end(accounts, ada, clock):
    key = accounts.make_key("ada", label="short", life=timedelta(hours=1))
    accounts.of_key(key)
    clock.ahead = timedelta(hours=2)
    with pytest.raises(AccessError):
        accounts.of_key(key)


def test_a_key_of_another_person_cannot_be_taken_back(accounts, ada, ben):
    accounts.make_key("ada", label="script")
    [(number, *_)] = accounts.keys("ada")
    with pytest.raises(ServiceError, match="unknown key"):
        accounts.revoke("ben", key=number)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "root"]])
def test_unknown_scopes_are_refused(accounts, ada, scopes):
    with pytest.raises(ServiceError, match="scopes"):
        accounts.make_key("ada", label="x", scopes=scopes)


def test_only_an_administrator_has_an_administrators_key(accounts, ada):
    with pytest.raises(AccessError):
        accounts.make_key("ada", label="x", scopes=["admin"])


@pytest.mark.parametrize("name", ["", "a", "-ada", "a b", "ada/../x", "local", "ädä", "x" * 65, "<b>"])
def test_names_that_will_not_do(accounts, name):
    with pytest.raises(ServiceError, match="name that will not do"):
        accounts.add(name, password=PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "ada-lovelace", "x" * 2000])
def test_passwords_that_will_not_do(accounts, password):
    with pytest.raises(ServiceError, match="too easy"):
        accounts.add("ada-lovelace", password=password)


def test_roles_are_a_ladder(accounts):
    for step, role in enumerate(ROLES):
        person = accounts.add(f"someone{step}", password=PASSWORD, role=role)
        assert [person.may(other) for other in ROLES] == [rung <= step for rung in range(len(ROLES))]
    with pytest.raises(ServiceError, match="role"):
        accounts.add("root", password=PASSWORD, role="root")


def test_the_local_person_is_one(accounts):
    assert accounts.local() == accounts.local()
    assert accounts.local().may("admin")
    with pytest.raises(AccessError):
        accounts.sign_in("local", password="", address=HERE)


def test_a_person_of_an_openid_provider_is_added_once(accounts):
    first = accounts.by_subject("https://id.example|42", name="Ada Lovelace!", shown_as="Ada")
    assert accounts.by_subject("https://id.example|42", name="changed") == first
    other = accounts.by_subject("https://id.example|43", name="Ada Lovelace!")
    assert other.name != first.name
    assert first.role == "viewer"


def test_passwords_are_hashed_as_the_rfc_says(monkeypatch):
    monkeypatch.undo()
    assert room._hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
