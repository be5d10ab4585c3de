"""Errors as problem details (RFC 9457): what arrived, what was expected, what to do; never a stack or a name."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from ecgomics.errors import (
    AccessError,
    CohortError,
    ConflictError,
    EcgomicsError,
    FormatError,
    ServiceError,
    SettingsError,
    SignalError,
)

log = logging.getLogger("ecgomics.api")

MEDIA = "application/problem+json"

STATUS: tuple[tuple[type[EcgomicsError], int], ...] = (
    (AccessError, 403),
    (ConflictError, 409),
    (ServiceError, 422),
    (CohortError, 404),
    (FormatError, 422),
    (SignalError, 422),
    (SettingsError, 422),
)
"""Status by error, the first that fits; 400 for the rest."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, words in (
        (400, "Not a request that can be read"),
        (401, "No key, or one that opens nothing"),
        (403, "The key does not allow this"),
        (404, "There is no such thing"),
        (409, "Somebody else changed it meanwhile"),
        (413, "Too large"),
        (415, "Another kind of content"),
        (422, "Understood, and cannot be done"),
        (429, "Too many requests"),
        (503, "Too busy, or not ready"),
    )
}


class RefusedError(Exception):
    """A request refused with a status, in the words of an `EcgomicsError`."""

    def __init__(self, status: int, error: EcgomicsError, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(error))
        self.status, self.error, self.headers = status, error, headers or {}


class InvalidError(Exception):
    """A body that does not follow its schema.

    Attributes
    ----------
    faults
        Where and what, one each; what was sent is not among it, for it may hold a name.
    """

    def __init__(self, faults: list[dict[str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults

    @classmethod
    def of(cls, error: ValidationError | RequestValidationError) -> InvalidError:
        """The same of pydantic's error."""
        return cls([{"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()[:20]])


def problem(
    status: int, title: str, *, detail: str = "", headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """A problem document as a response."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail or title, **more}
    return JSONResponse(body, status_code=status, media_type=MEDIA, headers=headers)


def status_of(error: EcgomicsError) -> int:
    """The status that stands for an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 400)


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""

    @app.exception_handler(RefusedError)
    async def _refused(request: Request, error: RefusedError) -> JSONResponse:
        return _told(error.status, error.error, headers=error.headers)

    @app.exception_handler(EcgomicsError)
    async def _ours(request: Request, error: EcgomicsError) -> JSONResponse:
        return _told(status_of(error), error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return await _unlike(request, InvalidError.of(error))

    @app.exception_handler(InvalidError)
    async def _unlike(request: Request, error: InvalidError) -> JSONResponse:
        return problem(422, "The request does not follow the schema", errors=error.faults)

    @app.exception_handler(HTTPException)
    async def _plain(request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def _ourselves(request: Request, error: Exception) -> JSONResponse:
        # the log says where in our code, not what was sent
        log.exception("failed", extra={"fields": {"route": request.scope.get("path_format", "")}})
        return problem(500, "Our mistake: the request was not carried out")


def _told(status: int, error: EcgomicsError, *, headers: dict[str, str] | None = None) -> JSONResponse:
    more = {name: value for name, value in (("expected", error.expected), ("remedy", error.remedy)) if value}
    return problem(status, error.arrived, detail=str(error), headers=headers, **more)
