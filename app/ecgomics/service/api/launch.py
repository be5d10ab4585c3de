"""Start the programming interface: on loopback for one person, elsewhere only with keys."""

from __future__ import annotations

import socket
from typing import Any

from ecgomics.errors import ServiceError
from ecgomics.service.api.app import create_app
from ecgomics.service.api.state import Access, is_loopback
from ecgomics.service.api.stream_frames import LARGEST_BYTES
from ecgomics.service.api.watching import log_as_json
from ecgomics.service.database import Database
from ecgomics.settings import ApiSettings

LEAVE_S = 5
"""Seconds that open connections have to end when the service is stopped."""


def launch(
    cohort: str | None,
    *,
    address: str,
    port: int,
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
    port = port or _free_port(address)
    options: dict[str, Any] = {"host": address, "port": port, "access_log": False, "server_header": False}
    options |= {"timeout_keep_alive": 15, "limit_concurrency": 512, "h11_max_incomplete_event_size": 65_536}
    # a sender that went without a word is noticed within 20 s; samples hardly get smaller by compressing
    options |= {"ws_max_size": LARGEST_BYTES, "ws_ping_interval": 10, "ws_ping_timeout": 10}
    options |= {"ws_per_message_deflate": False, "timeout_graceful_shutdown": LEAVE_S}
    print(f"http://{address}:{port}/openapi.json")
    log_as_json()
    uvicorn.run(create_app(cohort, database=Database(database), settings=settings, access=access), **options)


def _free_port(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
