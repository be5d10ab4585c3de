"""Signing in with another service's account, against a small OpenID provider of our own on loopback."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from ecgomics.errors import AccessError, ServiceError
from ecgomics.service.accounts import Accounts
from ecgomics.service.openid import Client, OpenId

_SPEC = importlib.util.spec_from_file_location("openid_provider", Path(__file__).with_name("openid_provider.py"))
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
Provider = _MODULE.Provider

BACK = "http://127.0.0.1:5006/sign-in/openid/back"


@pytest.fixture(scope="module")
def running():
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def provider(running):
    running.claims, running.signer, running.named = {}, running.key, running.issuer
    running.header = {"alg": "RS256", "kid": "k1"}
    running.codes, running.asked = {}, []
    return running


def through(provider: Provider, **more):
    openid = OpenId(Client(provider.issuer, "ecg", **more))
    begun = openid.begin(BACK)
    return openid.finish(begun.ticket, **provider.authorize(begun.url))


def test_somebody_comes_back_as_who_they_are(provider, accounts):
    provider.claims = {"preferred_username": "Ada.L", "name": "Ada Lovelace"}
    who = through(provider, secret="s3cret")
    assert who.subject == f"{provider.issuer}|42"
    assert (who.name, who.shown_as) == ("Ada.L", "Ada Lovelace")
    (asked,) = provider.asked
    assert asked["redirect_uri"] == BACK
    assert base64.b64decode(asked["authorization"].removeprefix("Basic ")).decode() == "ecg:s3cret"
    first = accounts.by_subject(who.subject, name=who.name, shown_as=who.shown_as)
    assert (first.name, first.role) == ("ada.l", "viewer")
    assert accounts.by_subject(who.subject, name="anything").id == first.id


def test_the_way_there_asks_for_a_code_with_a_challenge(provider):
    url = OpenId(Client(provider.issuer, "ecg")).begin(BACK).url
    asked = parse_qs(urlparse(url).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}
    assert len(asked["state"][0]) >= 20
    assert len(asked["nonce"][0]) >= 20


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": ["ecg", "another"]},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"nonce": "of another visit"},
        {"exp": 1},
        {"sub": 7},
    ],
)
def test_a_token_that_does_not_hold_lets_nobody_in(provider, claims):
    provider.claims = claims
    with pytest.raises(AccessError, match="token"):
        through(provider)


def test_a_token_of_another_key_or_without_one_lets_nobody_in(provider):
    provider.signer = provider.other
    with pytest.raises(AccessError, match="does not hold"):
        through(provider)
    openid = OpenId(Client(provider.issuer, "ecg"))
    begun = openid.begin(BACK)
    document = {"iss": provider.issuer, "aud": "ecg", "sub": "42", "exp": 2**33, "nonce": begun.ticket["nonce"]}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none"}, document)
    ]
    _, keys = openid._known()
    with pytest.raises(AccessError, match="does not hold"):
        openid._checked(f"{parts[0]}.{parts[1]}.", keys, nonce=begun.ticket["nonce"])


def test_a_return_that_was_not_begun_here_is_refused(provider):
    openid = OpenId(Client(provider.issuer, "ecg"))
    begun, other = openid.begin(BACK), openid.begin(BACK)
    back = provider.authorize(other.url)
    with pytest.raises(AccessError, match="not begun here"):
        openid.finish(begun.ticket, **back)
    assert provider.asked == []
    # the code of one visit does not serve another's verifier
    with pytest.raises(AccessError, match="refused"):
        openid.finish({**begun.ticket, "state": back["state"]}, **back)
    with pytest.raises(AccessError, match="refused"):
        openid.finish(other.ticket, state=other.ticket["state"], code="made up")


def test_only_verified_addresses_of_the_domains_are_admitted(provider):
    provider.claims = {"email": "ada@hospital.example", "email_verified": True}
    assert through(provider, domains=("hospital.example",)).name == "ada"
    for claims in (
        {"email": "ada@hospital.example", "email_verified": False},
        {"email": "ada@hospital.example.evil", "email_verified": True},
        {},
    ):
        provider.claims = claims
        with pytest.raises(AccessError, match="does not admit"):
            through(provider, domains=("hospital.example",))


def test_a_provider_that_is_not_what_it_says_is_not_asked_further(provider):
    provider.named = "https://another.example"
    with pytest.raises(ServiceError, match="calls itself otherwise"):
        OpenId(Client(provider.issuer, "ecg")).begin(BACK)
    with pytest.raises(ServiceError, match="not at https"):
        OpenId(Client("http://login.example", "ecg"))
    with pytest.raises(ServiceError, match="no answer"):
        OpenId(Client("http://127.0.0.1:9", "ecg")).begin(BACK)


def test_a_closed_account_stays_closed(provider, accounts):
    who = through(provider)
    person = accounts.by_subject(who.subject, name=who.name)
    assert isinstance(accounts, Accounts)
    accounts.close(person.name)
    with pytest.raises(ServiceError, match="unknown name"):
        accounts.by_subject(who.subject, name=who.name)
