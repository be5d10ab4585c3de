"""`run_beside`: a job off the page's thread, its result on the page's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import panel as pn


def run_beside(job: Callable[[], Any], then: Callable[[Any], None]) -> None:
    """Do a job in a thread and hand its result over on the page's own; at once where no event loop runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        then(job())
        return

    async def work() -> None:
        then(await asyncio.to_thread(job))

    pn.state.execute(work)
