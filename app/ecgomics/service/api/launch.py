"""Start the programming interface: on loopback for one person, elsewhere only with keys."""

from __future__ import annotations

import ipaddress
import json
import os
from typing import Any

from ecgomics.errors import ServiceError
from ecgomics.service.api.app import create_app
from ecgomics.service.api.state import Access
from ecgomics.service.api.watching import log_as_json
from ecgomics.service.database import Database
from ecgomics.settings import ApiSettings

VARIABLE = "ECGOMICS_API"
"""How the processes of one service are told what to do: JSON, set by `launch` for its own children."""


def launch(
    cohort: str | None,
    *,
    address: str,
    port: int,
    processes: int,
    access: Access | None,
    database: str,
    settings: ApiSettings,
) -> None:
    """Serve until interrupted.

    Raises
    ------
    ServiceError
        For an address others can reach without keys.
    CohortError
        When there is no cohort at the path.
    """
    import uvicorn

    access = access or ("open" if is_loopback(address) else "keys")
    if access == "open" and not is_loopback(address):
        raise ServiceError(
            "an open service at an address others can reach", expected="--access keys", remedy="or listen on 127.0.0.1"
        )
    if cohort is not None:
        from ecgomics.cohort import open_cohort

        open_cohort(cohort)
    # once, before several processes do
    Database(database).close()
    told = {"cohort": cohort, "database": database, "access": access, "settings": settings.as_dict()}
    os.environ[VARIABLE] = json.dumps(told)
    options: dict[str, Any] = {"host": address, "port": port, "access_log": False, "server_header": False}
    options |= {"timeout_keep_alive": 15, "limit_concurrency": 512, "h11_max_incomplete_event_size": 65_536}
    print(f"http://{address}:{port}/openapi.json")
    uvicorn.run("ecgomics.service.api.launch:app", factory=True, workers=max(1, processes), **options)


def app() -> Any:
    """The app of one process, as `launch` said."""
    told = json.loads(os.environ[VARIABLE])
    log_as_json()
    settings = ApiSettings.from_dict(told["settings"])
    return create_app(told["cohort"], database=Database(told["database"]), settings=settings, access=told["access"])


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
