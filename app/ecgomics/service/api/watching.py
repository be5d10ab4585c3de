"""Health, metrics and the log: how the service does, without a word about anybody's heart."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from ecgomics.errors import EcgomicsError
from ecgomics.service.api.problems import problem
from ecgomics.service.api.state import Here

router = APIRouter(tags=["watch"])
log = logging.getLogger("ecgomics.api")

STEPS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the bins of a request's duration, s."""


@router.get("/healthz", summary="The process lives")
def alive() -> dict[str, str]:
    """Always, while the process answers."""
    return {"status": "alive"}


@router.get("/readyz", summary="The service can work", response_model=None)
def ready(here: Here) -> dict[str, str] | Response:
    """When the database answers and the cohort, if one is served, opens; 503 otherwise."""
    if not here.database.healthy():
        return problem(503, "the database does not answer")
    if here.cohort_path is not None:
        try:
            here.cohort()
        except EcgomicsError:
            return problem(503, "the cohort cannot be opened")
    return {"status": "ready"}


@router.get("/metrics", summary="Prometheus metrics")
def metrics(request: Request) -> Response:
    """Counts and durations by route and status."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


class JsonLines(logging.Formatter):
    """A log line as JSON: time, level, event and fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. An exception is told by its kind and where it arose, never by its words, which may quote a file."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            trace = record.exc_info[2]
            frames = []
            while trace is not None:
                frames.append(f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}")
                trace = trace.tb_next
            line |= {"error": type(record.exc_info[1]).__name__, "at": frames[-5:]}
        return json.dumps(line)


def log_as_json(level: int = logging.INFO) -> None:
    """Send our log lines to the standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    log.handlers, log.propagate = [handler], False
    log.setLevel(level)


def watch(app: FastAPI) -> None:
    """Count, time and log every request of an app, by the route's pattern and never by its path."""
    registry = CollectorRegistry()
    app.state.registry = registry
    requests = Counter("ecgomics_requests_total", "Requests", ["route", "method", "status"], registry=registry)
    app.state.closed = Counter("ecgomics_streams_closed_total", "Streaming connections", ["code"], registry=registry)
    seconds = Histogram("ecgomics_request_seconds", "Duration", ["route"], registry=registry, buckets=STEPS)

    @app.middleware("http")
    async def count(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        start = time.perf_counter()
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = request.scope.get("route")
            pattern = getattr(route, "path", "unknown")
            took = time.perf_counter() - start
            requests.labels(pattern, request.method, str(status)).inc()
            seconds.labels(pattern).observe(took)
            who = getattr(request.state, "person", None)
            fields = {"route": pattern, "method": request.method, "status": status, "ms": round(took * 1000, 1)}
            log.info("request", extra={"fields": fields | ({"person": who.id} if who else {})})
