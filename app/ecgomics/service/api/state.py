"""What the requests of one app share, and who is asking."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, Request

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.errors import AccessError, CohortError, ServiceError
from ecgomics.service.accounts import Accounts, Person
from ecgomics.service.api.analysts import Analysts
from ecgomics.service.api.problems import RefusedError
from ecgomics.service.audit import Audit
from ecgomics.service.database import Database
from ecgomics.settings import ApiSettings

if TYPE_CHECKING:
    from ecgomics.live import Hub

Access = Literal["open", "keys"]


@dataclass
class Shared:
    """What the requests of one app share.

    Attributes
    ----------
    database
        People, keys, jobs.
    cohort_path
        The cohort that is served; none for a service that only analyses what is posted.
    settings
        Limits.
    access
        ``"open"``: whoever reaches the port is the local person; ``"keys"``: a key is needed.
    """

    database: Database
    cohort_path: str | None
    settings: ApiSettings
    access: Access
    buckets: Buckets = field(init=False)
    analysts: Analysts = field(init=False)

    def __post_init__(self) -> None:
        self.accounts, self.audit = Accounts(self.database), Audit(self.database)
        self.buckets = Buckets(per_minute=self.settings.rate_per_minute)
        self.analysts = Analysts(
            self.settings.processes, waiting=self.settings.waiting, limit_s=self.settings.longest_s
        )
        self._lock = threading.Lock()
        self._opened: Cohort | None = None
        self._hub: Hub | None = None

    def cohort(self) -> Cohort:
        """The served cohort, as last committed. Raises CohortError when none is served."""
        if self.cohort_path is None:
            raise CohortError(
                "a service without a cohort", expected="one started with a cohort", remedy="ecgomics api COHORT"
            )
        with self._lock:
            if self._opened is None:
                self._opened = open_cohort(self.cohort_path)
            return self._opened

    def hub(self) -> Hub:
        """The live streams beside the served cohort. Raises CohortError when none is served."""
        from ecgomics.live import Hub, live_folder

        path = self.cohort().path
        with self._lock:
            if self._hub is None:
                self._hub = Hub(live_folder(path))
            return self._hub

    def close(self) -> None:
        """Let go of what was begun: analysts, and the streams that are taken in (their senders may go on elsewhere)."""
        self.analysts.close()
        with self._lock:
            if self._hub is not None:
                self._hub.close()
                self._hub = None


class Buckets:
    """Requests a key may make: a bucket each that fills with time (a minute's worth deep)."""

    MOST = 10_000

    def __init__(self, *, per_minute: int) -> None:
        self.per_minute = per_minute
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str, *, cost: float = 1.0) -> float:
        """Take from a bucket; 0, or the seconds to wait when it is empty."""
        now = time.monotonic()
        with self._lock:
            level, then = self._held.pop(who, (float(self.per_minute), now))
            level = min(self.per_minute, level + (now - then) * self.per_minute / 60)
            wait = 0.0 if level >= cost else (cost - level) * 60 / self.per_minute
            self._held[who] = (level if wait else level - cost, now)
            while len(self._held) > self.MOST:
                self._held.popitem(last=False)
        return wait


def shared(request: Request) -> Shared:
    """What this app's requests share."""
    found: Shared = request.app.state.shared
    return found


def person(request: Request) -> Person:
    """Who is asking, within their rate. Raises RefusedError (401, 429)."""
    here = shared(request)
    who = here.accounts.local() if here.access == "open" else _of_key(request, here)
    wait = here.buckets.take(who.name if here.access == "keys" else _address(request))
    if wait:
        told = ServiceError("too many requests", expected=f"{here.settings.rate_per_minute} a minute", remedy="wait")
        raise RefusedError(429, told, headers={"Retry-After": str(max(1, round(wait)))})
    request.state.person = who
    return who


def allowed(scope: str) -> Callable[[Person], Person]:
    """A dependency: who is asking, when their key has the scope."""

    def check(who: Annotated[Person, Depends(person)]) -> Person:
        who.require_scope(scope)
        return who

    return check


def _of_key(request: Request, here: Shared) -> Person:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return key_owner(secret if scheme.lower() == "bearer" else "", here=here, address=_address(request))


def key_owner(secret: str, *, here: Shared, address: str) -> Person:
    """Whose key it is. Raises RefusedError (401, 429)."""
    try:
        if not secret or len(secret) > 200:
            raise AccessError(
                "a request without a key", expected="Authorization: Bearer KEY", remedy="`ecgomics people key`"
            )
        return here.accounts.of_key(secret.strip())
    except AccessError as error:
        # guesses are slowed by where they come from
        wait = here.buckets.take(f"refused {address}", cost=10)
        raise RefusedError(429 if wait else 401, error, headers={"WWW-Authenticate": "Bearer"}) from None


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


Asking = Annotated[Person, Depends(person)]
Reader = Annotated[Person, Depends(allowed("read"))]
Analyst = Annotated[Person, Depends(allowed("analyse"))]
Streamer = Annotated[Person, Depends(allowed("stream"))]
Here = Annotated[Shared, Depends(shared)]
