"""The programming interface over HTTP: analyse a recording, read a cohort, ask for work that takes longer.

A module a kind of request; `app.create_app` puts them together. Errors are problem details (RFC 9457).
"""

from ecgomics.service.api.app import create_app

__all__ = ["create_app"]
