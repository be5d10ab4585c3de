"""The app: routes, limits, answers to errors, and the OpenAPI document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response

import ecgomics
from ecgomics.service.api import analysing, compatible, guide, jobs, problems, reading, streaming, watching
from ecgomics.service.api.schema import Problem, Samples
from ecgomics.service.api.state import Access, Shared, is_loopback
from ecgomics.service.api.stream_frames import ABOUT as ABOUT_STREAMS
from ecgomics.service.database import Database
from ecgomics.settings import ApiSettings

ABOUT = """\
Takes electrocardiograms apart into digital biomarkers. For research and teaching: statements read "criteria met", they
are not diagnoses. Recordings that are posted are not kept. Errors are problem details (RFC 9457).
"""


def create_app(
    cohort: str | None = None,
    *,
    database: Database,
    settings: ApiSettings | None = None,
    access: Access = "keys",
) -> FastAPI:
    """The service.

    Parameters
    ----------
    cohort
        Path of the cohort to serve; none to analyse only what is posted.
    database
        Keys, jobs and replies.
    settings
        Limits.
    access
        ``"keys"``, or ``"open"`` for one person on one machine.
    """
    shared = Shared(database, cohort, settings or ApiSettings(), access)
    door = streaming.Door(shared)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        shared.analysts.start()
        jobs.resume(shared)
        yield
        door.close()
        shared.close()

    app = FastAPI(
        title="ECGomics",
        version=ecgomics.__version__,
        description=ABOUT,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        openapi_tags=[{"name": "streams", "description": ABOUT_STREAMS}],
    )
    app.state.shared, app.state.door = shared, door
    problems.install(app)
    _limit(app, shared)
    watching.watch(app)
    for part in (analysing, reading, streaming, jobs, compatible, watching, guide):
        app.include_router(part.router)
    _describe(app, access)
    return app


def _limit(app: FastAPI, shared: Shared) -> None:
    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = _refused(request) or await call_next(request)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return response

    def _refused(request: Request) -> Response | None:
        """What is wrong with a request as a whole; none when it may go on."""
        if shared.access == "open" and not is_loopback(request.url.hostname or ""):
            # a name that leads here may be a hostile page's, whose browser takes us for its own server
            return problems.problem(403, "A request for another host", detail="call it 127.0.0.1 or localhost")
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > shared.settings.largest_bytes + 4096:
            return problems.problem(413, f"A body of more than {shared.settings.largest_mb} MB")
        if request.method in ("POST", "PUT", "PATCH") and "content-length" not in request.headers:
            return problems.problem(411, "A body of unknown length", detail="send Content-Length")
        return None


def _describe(app: FastAPI, access: Access) -> None:
    made = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            parts = document.setdefault("components", {})
            for model in (Problem, Samples, compatible.OriginalRequest):
                parts.setdefault("schemas", {})[model.__name__] = model.model_json_schema()
            if access == "keys":
                parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
                document["security"] = [{"key": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
