"""Signing in to the dashboards: a page for name and password, a session in a cookie, and who is looking."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlparse

from bokeh.server.auth_provider import AuthProvider
from tornado.web import RequestHandler

from ecgomics.errors import AccessError, EcgomicsError
from ecgomics.service.accounts import SESSION_LIFE, Accounts, Person
from ecgomics.service.audit import Audit
from ecgomics.service.database import Database

if TYPE_CHECKING:
    from ecgomics.dashboards.desk import Desk

COOKIE = "ecgomics_session"
LOGIN, LOGOUT, OPENID = "/sign-in", "/sign-out", "/sign-in/openid"
REFUSED = "ecgomics_refused"
"""Cookie with the reason that is told once on the sign-in page."""

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
}

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>ECGomics: sign in</title><style>
:root{{color-scheme:light dark;
--ink:#161a22;--ground:#f4f5f7;--panel:#fff;--line:#d0d5dd;--muted:#596275;--accent:#b4233a}}
@media(prefers-color-scheme:dark){{:root{{--ink:#e8ecf1;--ground:#0f1318;--panel:#161b22;--line:#3a4350;--muted:#9aa4b2;
--accent:#ff7d8f}}}}
body{{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}}
form{{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:24px 28px;width:min(320px,84vw)}}
h1{{font-size:20px;margin:0 0 16px}}h1 span{{color:var(--accent)}}
label{{display:block;margin:12px 0 4px;font-weight:600}}
input{{box-sizing:border-box;width:100%;font:inherit;padding:8px 10px;border:1px solid var(--line);border-radius:6px;
background:transparent;color:inherit}}
a{{color:var(--ink)}}.or{{margin:14px 0 0;text-align:center}}
button{{margin-top:18px;width:100%;font:inherit;font-weight:600;padding:9px;border:0;border-radius:6px;background:#b4233a;
color:#fff;cursor:pointer}}
.no{{color:var(--accent);margin:12px 0 0}}.note{{color:var(--muted);font-size:12px;margin:16px 0 0}}</style>
<form method="post" autocomplete="on"><h1>ECG<span>omics</span></h1>{xsrf}
<input type="hidden" name="next" value="{next}">
<label for="name">Name</label><input id="name" name="name" autocomplete="username" autofocus required value="{name}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
{refused}<button>Sign in</button>
{elsewhere}
<p class="note">For research and teaching. Nothing leaves this server.</p></form></html>"""


class SignIn(AuthProvider):
    """Lets people with an account in; what Bokeh's server asks before it shows a page or opens a connection.

    Parameters
    ----------
    database
        Of the people.
    elsewhere
        Host of an OpenID provider whose accounts may sign in too; empty for none.
    """

    def __init__(self, database: Database, *, elsewhere: str = "") -> None:
        self.accounts, self.audit, self.elsewhere = Accounts(database), Audit(database), elsewhere
        super().__init__()

    @property
    def get_user(self) -> Callable[[Any], str | None]:
        """Name of whoever's session the request carries; none sends them to the sign-in page."""

        def user(handler: Any) -> str | None:
            found = self.person(handler.get_cookie(COOKIE))
            return found.name if found else None

        return user

    @property
    def get_user_async(self) -> None:
        """Not used: a look into the database is quick."""
        return

    @property
    def login_url(self) -> str:
        """Where the sign-in page is."""
        return LOGIN

    @property
    def get_login_url(self) -> None:
        """Not used: the address is always the same."""
        return

    @property
    def login_handler(self) -> type[RequestHandler]:
        """The sign-in page."""
        provider = self

        class Login(Guarded):
            def get(self) -> None:
                held = self.get_signed_cookie(REFUSED, max_age_days=1)
                if held:
                    self.clear_cookie(REFUSED)
                self._show(refused=held.decode() if held else "")

            def post(self) -> None:
                name, address = self.get_body_argument("name", "")[:64], self.request.remote_ip or ""
                try:
                    password = self.get_body_argument("password", "", strip=False)[:1024]
                    secret = provider.accounts.sign_in(name, password=password, address=address)
                except AccessError as error:
                    provider.audit.note("sign_in.refused", by=None, address=address)
                    self.set_status(403)
                    self._show(name=name, refused=told_of(error))
                    return
                provider.audit.note("sign_in", by=provider.accounts.of_session(secret), address=address)
                self.begin(secret, after=self.get_body_argument("next", "/"))

            def _show(self, *, name: str = "", refused: str = "") -> None:
                after = within(self.get_argument("next", "/"))
                told = f'<p class="no" role="alert">{escape(refused)}</p>' if refused else ""
                form = {"next": escape(after, quote=True), "name": escape(name, quote=True), "refused": told}
                link = f"{OPENID}?next={quote(after)}"
                elsewhere = f'<p class="or"><a href="{link}">Sign in with {escape(provider.elsewhere)}</a></p>'
                form["elsewhere"] = elsewhere if provider.elsewhere else ""
                self.finish(PAGE.format(xsrf=self.xsrf_form_html(), **form))

        return Login

    @property
    def logout_url(self) -> str:
        """Where one signs out."""
        return LOGOUT

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """Ends the session and goes back to the sign-in page."""
        provider = self

        class Logout(Guarded):
            def get(self) -> None:
                provider.accounts.sign_out(self.get_cookie(COOKIE) or "")
                self.clear_cookie(COOKIE)
                self.redirect(LOGIN)

        return Logout

    def person(self, secret: str | None) -> Person | None:
        """Whose session a cookie is; none when it is over."""
        if not secret or len(secret) > 200:
            return None
        try:
            return self.accounts.of_session(secret)
        except AccessError:
            return None


class Guarded(RequestHandler):
    """Pages that are kept by nobody and shown in no other page's frame."""

    def set_default_headers(self) -> None:
        """Say that nobody may keep or frame it."""
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def begin(self, secret: str, *, after: str) -> None:
        """Hand over a session's secret and go to an address of this server."""
        self.set_cookie(
            COOKIE,
            secret,
            httponly=True,
            samesite="Lax",
            secure=self.request.protocol == "https",
            path="/",
            max_age=int(SESSION_LIFE.total_seconds()),
        )
        self.redirect(within(after))

    def write_error(self, status_code: int, **more: Any) -> None:
        """Tell of a form that is refused, and nothing of our insides."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("The form was too old or came from another site; go back and load the page again.")


def told_of(error: EcgomicsError) -> str:
    """An error as a sentence of the page."""
    return f"{error.arrived[0].upper()}{error.arrived[1:]}: {error.remedy or error.expected}."


def within(place: str) -> str:
    """An address of this server and no other: its path and query, or the first page."""
    parsed = urlparse(place)
    inside = not parsed.scheme and not parsed.netloc and parsed.path.startswith("/")
    if not inside or place.startswith("//") or "\\" in place or not place.isprintable() or len(place) > 2000:
        return "/"
    return place


def guard(provider: SignIn | None) -> None:
    """Say who lets people into the pages of this process; none: whoever reaches the port is the local person."""
    from ecgomics.dashboards.frame import name_visitors

    _gate[:] = [provider] if provider else []
    name_visitors(signed_in if provider else None)


_gate: list[SignIn] = []


def signed_in() -> dict[str, str]:
    """Who signed in to this session's page, for its head: `name`, `role`, and `leave`, the address that signs out.

    Empty where nobody needs to sign in: the local person has nothing to leave.
    """
    import panel as pn

    person = _gate[0].person(pn.state.cookies.get(COOKIE)) if _gate and pn.state.curdoc is not None else None
    if person is None:
        return {}
    # without a slash before it, so that a server below a path of a proxy is left the same way
    return {"name": person.shown_as or person.name, "role": person.role, "leave": LOGOUT.removeprefix("/")}


def asks_to_sign_in() -> bool:
    """Whether this process lets only people with an account in."""
    return bool(_gate)


def visitor(secret: str | None, desk: Desk) -> Person:
    """Whose a request outside of a Panel session is, by its cookie.

    Raises
    ------
    AccessError
        On a server with sign-in, when the session is over.
    """
    if not _gate:
        return Accounts(desk.database).local()
    found = _gate[0].person(secret)
    if found is None:
        raise AccessError("a session that is over", expected="a signed-in browser", remedy="sign in again")
    return found


def current_person(database: Database) -> Person:
    """Who looks at this session's page.

    Raises
    ------
    AccessError
        On a server with sign-in, when the session is over.
    """
    import panel as pn

    if not _gate:
        return Accounts(database).local()
    found = _gate[0].person(pn.state.cookies.get(COOKIE)) if pn.state.curdoc is not None else None
    if found is None:
        raise AccessError("a session that is over", expected="a signed-in browser", remedy="sign in again")
    return found
