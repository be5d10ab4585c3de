"""A server with accounts: nobody gets in without signing in, sessions end, and other sites cannot sign anybody in."""

from __future__ import annotations

import http.client
import importlib.util
import os
import re
import socket
import time
from pathlib import Path
from urllib.parse import urlencode, urlparse

import pytest

from ecgomics.dashboards.serving import serve
from ecgomics.dashboards.signing import COOKIE, guard, within
from ecgomics.errors import EcgomicsError
from ecgomics.pipeline import ingest
from ecgomics.service.accounts import Accounts
from ecgomics.service.database import VARIABLE, Database
from ecgomics.service.openid import Client
from ecgomics.simulate import demo_patients

PASSWORD = "a long enough password"

_PLACE = Path(__file__).parents[1] / "unit" / "service" / "openid_provider.py"
_SPEC = importlib.util.spec_from_file_location("openid_provider", _PLACE)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)

pytestmark = pytest.mark.ui


@pytest.fixture(scope="module")
def provider():
    made = _MODULE.Provider()
    yield made
    made.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, provider):
    folder = tmp_path_factory.mktemp("guarded")
    cohort = ingest(demo_patients(6, seed=1), folder / "c.zarr", workers=0, progress=False)
    cohort.analyse(workers=0, progress=False)
    url = f"sqlite:///{folder / 'c.db'}"
    database = Database(url)
    Accounts(database).add("ada", password=PASSWORD, role="annotator")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    elsewhere = Client(provider.issuer, "ecg")
    server = serve(cohort.path, port=port, access="accounts", database=url, wait="no", openid=elsewhere)
    _await(port)
    yield f"http://127.0.0.1:{port}", database
    server.stop()
    database.close()
    guard(None)
    os.environ.pop(VARIABLE)


def _await(port: int) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def ask(address: str, method: str, path: str, *, body: dict | None = None, **headers: str):
    """One request without following where it leads: status, headers, text."""
    connection = http.client.HTTPConnection(urlparse(address).netloc, timeout=30)
    form = urlencode(body) if body is not None else None
    if form is not None:
        headers |= {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, form, headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer, text


def signed_in(address: str, *, password: str = PASSWORD, next_: str = "/"):
    answer, page = ask(address, "GET", "/sign-in")
    cookie = re.search(r"_xsrf=[^;]+", answer.headers["Set-Cookie"]).group()
    token = re.search(r'name="_xsrf" value="([^"]+)"', page).group(1)
    body = {"name": "ada", "password": password, "_xsrf": token, "next": next_}
    return ask(address, "POST", "/sign-in", body=body, Cookie=cookie)


@pytest.mark.parametrize("path", ["/", "/learn", "/discover", "/monitor"])
def test_every_page_asks_to_sign_in(guarded, path):
    answer, _ = ask(guarded[0], "GET", path)
    if answer.status == 404:
        pytest.skip("no such page in this version")
    assert answer.status == 302
    assert answer.headers["Location"].removeprefix(".").startswith("/sign-in")


def test_the_connection_of_a_page_asks_too(guarded):
    address, _ = guarded
    host = urlparse(address).netloc
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Origin": address}
    upgrade |= {
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "bokeh, forged",
        "Host": host,
    }
    answer, _ = ask(address, "GET", "/ws", **upgrade)
    assert answer.status in (302, 403)


def test_a_name_and_password_let_in_and_out(guarded):
    address, _ = guarded
    answer, _ = signed_in(address)
    assert answer.status == 302
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    session = re.search(rf"{COOKIE}=[^;]+", cookie).group()
    page, text = ask(address, "GET", "/", Cookie=session)
    assert page.status == 200
    assert "ECGomics" in text
    ask(address, "GET", "/sign-out", Cookie=session)
    after, _ = ask(address, "GET", "/", Cookie=session)
    assert after.status == 302


def test_a_wrong_password_is_refused_without_a_hint(guarded):
    answer, page = signed_in(guarded[0], password="not this one")
    assert answer.status == 403
    assert "do not belong together" in page
    assert COOKIE not in (answer.headers["Set-Cookie"] or "")


def test_another_site_cannot_sign_anybody_in(guarded):
    answer, _ = ask(guarded[0], "POST", "/sign-in", body={"name": "ada", "password": PASSWORD})
    assert answer.status == 403
    assert COOKIE not in (answer.headers["Set-Cookie"] or "")


def test_forged_sessions_open_nothing(guarded):
    for forged in ("x", "a" * 43, "../../etc/passwd", "' or 1=1 --", "a" * 5000):
        answer, _ = ask(guarded[0], "GET", "/", Cookie=f"{COOKIE}={forged}")
        assert answer.status in (302, 400, 431)


def test_text_of_the_form_is_never_markup(guarded):
    address, _ = guarded
    _, page = ask(address, "GET", "/sign-in?next=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script" not in page


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/learn?case=3", "/learn?case=3"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_the_server(asked, given):
    assert within(asked) == given


def test_the_whole_way_in_a_browser(guarded, open_page):
    page = open_page(f"{guarded[0]}/", width=1440, height=900)
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.click("button")
    page.wait_for_selector(".eg-records .row", timeout=60_000)
    page.wait_for_selector(".ecg-strip canvas")


def test_a_server_with_accounts_and_nobody_in_them_is_refused(guarded, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'x.db'}")
    cohort = ingest(demo_patients(1, seed=1), tmp_path / "c.zarr", workers=0, progress=False)
    with pytest.raises(EcgomicsError, match="nobody who could"):
        serve(cohort.path, port=0, access="accounts", wait="no")
    with pytest.raises(EcgomicsError, match="without sign-in"):
        serve(cohort.path, port=0, address="0.0.0.0", access="open", wait="no")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_every_page_says_who_is_signed_in_and_leads_out(guarded, open_page, width, height):
    page = open_page(f"{guarded[0]}/sign-in", width=width, height=height)
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.click("button")
    for path in ("/", "/learn", "/discover", "/monitor"):
        page.goto(guarded[0] + path)
        me = page.locator("header .me summary")
        me.wait_for(timeout=30_000)
        assert me.get_attribute("aria-label") == "A, signed in as ada"
    me.click()
    assert "annotator" in page.locator("header .me").inner_text()
    page.keyboard.press("Escape")
    page.locator("header .me a").wait_for(state="hidden")
    me.click()
    page.locator("header .me a").click()
    page.wait_for_url("**/sign-in")
    page.goto(guarded[0])
    page.locator("#password").wait_for()
    page.watch.assert_clean()


def through(address: str, provider, *, next_: str = "/"):
    """To the provider and back: the answer to the return, and the ticket that was carried."""
    there, _ = ask(address, "GET", f"/sign-in/openid?{urlencode({'next': next_})}")
    assert there.status == 302
    ticket = re.search(r"ecgomics_openid=[^;]+", there.headers["Set-Cookie"]).group()
    back = urlencode(provider.authorize(there.headers["Location"]))
    answer, _ = ask(address, "GET", f"/sign-in/openid/back?{back}", Cookie=ticket)
    return answer, ticket, back


def test_an_account_elsewhere_lets_in(guarded, provider):
    address, database = guarded
    provider.claims = {"preferred_username": "grace", "name": "Grace Hopper"}
    _, page = ask(address, "GET", "/sign-in?next=/holter")
    assert 'href="/sign-in/openid?next=/holter"' in page
    answer, _, _ = through(address, provider, next_="/holter")
    assert answer.status == 302
    assert answer.headers["Location"] == "/holter"
    session = re.search(rf"{COOKIE}=[^;]+", str(answer.headers)).group()
    shown, _ = ask(address, "GET", "/holter", Cookie=session)
    assert shown.status == 200
    person = Accounts(database).find("grace")
    assert (person.role, person.shown_as) == ("viewer", "Grace Hopper")


def test_a_return_that_was_not_begun_here_opens_nothing_and_says_so_once(guarded, provider):
    address, _ = guarded
    provider.claims = {}
    _, ticket, back = through(address, provider)
    for cookie in ("", ticket, "ecgomics_openid=forged"):
        # without a ticket, with a code that was used, with a ticket that nobody signed
        answer, _ = ask(address, "GET", f"/sign-in/openid/back?{back}", Cookie=cookie)
        assert answer.status == 302
        assert answer.headers["Location"] == "/sign-in"
        assert COOKIE not in str(answer.headers)
    told = re.search(r"ecgomics_refused=[^;]+", str(answer.headers)).group()
    again, page = ask(address, "GET", "/sign-in", Cookie=told)
    assert "not begun here" in page
    assert re.search(r'ecgomics_refused=("";|;)', str(again.headers))


def test_the_provider_is_not_told_of_another_host(guarded):
    answer, _ = ask(guarded[0], "GET", "/sign-in/openid", Host="evil.example")
    assert answer.status == 302
    assert answer.headers["Location"] == "/sign-in"
