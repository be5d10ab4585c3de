"""The two addresses of signing in with another service's account: the way there, and the way back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ecgomics.dashboards.signing import LOGIN, OPENID, REFUSED, Guarded, told_of, within
from ecgomics.errors import AccessError, EcgomicsError, ServiceError

if TYPE_CHECKING:
    from ecgomics.dashboards.signing import SignIn
    from ecgomics.service.openid import OpenId

BACK = f"{OPENID}/back"
TICKET, TICKET_DAYS = "ecgomics_openid", 10 / 1440


def patterns(provider: SignIn, openid: OpenId, *, hosts: Sequence[str]) -> list[tuple[str, type[Guarded]]]:
    """What the server answers at the two addresses.

    Parameters
    ----------
    provider
        Begins the session of who comes back.
    openid
        Asks the OpenID provider.
    hosts
        Hosts this server is known by, with port; a request to another is refused, for the provider would send the
        browser there.
    """

    class There(Guarded):
        async def get(self) -> None:
            if self.request.host not in hosts:
                self.refuse(ServiceError("a request to another host", expected=f"one of {', '.join(hosts)}"))
                return
            back = f"{self.request.protocol}://{self.request.host}{BACK}"
            try:
                begun = await asyncio.to_thread(openid.begin, back)
            except EcgomicsError as error:
                self.refuse(error)
                return
            ticket = {**begun.ticket, "next": within(self.get_argument("next", "/"))}
            self.set_signed_cookie(
                TICKET,
                json.dumps(ticket),
                expires_days=TICKET_DAYS,
                httponly=True,
                samesite="Lax",
                secure=self.request.protocol == "https",
                path=OPENID,
            )
            self.redirect(begun.url)

        def refuse(self, error: EcgomicsError) -> None:
            provider.audit.note("sign_in.refused", by=None, address=self.request.remote_ip or "")
            self.set_signed_cookie(REFUSED, told_of(error), expires_days=1 / 1440, httponly=True, samesite="Lax")
            self.redirect(LOGIN)

    class Back(There):
        async def get(self) -> None:
            held = self.get_signed_cookie(TICKET, max_age_days=TICKET_DAYS)
            self.clear_cookie(TICKET, path=OPENID)
            ticket: dict[str, str] = json.loads(held) if held else {}
            try:
                if not ticket:
                    raise AccessError("a return from the provider that was not begun here", expected="a fresh one")
                state, code = self.get_query_argument("state", ""), self.get_query_argument("code", "")
                secret = await asyncio.to_thread(_session, provider, openid, ticket, state, code)
            except EcgomicsError as error:
                self.refuse(error)
                return
            provider.audit.note(
                "sign_in", by=provider.accounts.of_session(secret), address=self.request.remote_ip or ""
            )
            self.begin(secret, after=ticket["next"])

    return [(OPENID, There), (BACK, Back)]


def _session(provider: SignIn, openid: OpenId, ticket: dict[str, Any], state: str, code: str) -> str:
    who = openid.finish(ticket, state=state, code=code)
    person = provider.accounts.by_subject(who.subject, name=who.name, shown_as=who.shown_as)
    return provider.accounts.begin(person.id)
