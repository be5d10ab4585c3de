"""A real browser for the `ui` tests: Debian's Chromium, driven by Playwright, watched for errors and stray requests."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOTS = Path(__file__).resolve().parents[2] / "screenshots"


@dataclass
class Watch:
    """What went wrong in a page: console errors, uncaught exceptions, requests that left this machine."""

    errors: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        assert not self.errors, self.errors
        assert not self.strays, self.strays


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Headless Chromium. Without it the tests are skipped, except under CI, where they fail.

    One a module: as long as Playwright runs, so does its event loop, and other tests must not run inside one.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine: .ci/run installs it")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser):
    """Open a page in a fresh context: `open_page(url, width=1440, height=900, theme="light", touch=False)`.

    The page carries a `Watch` as `page.watch`.
    """
    contexts = []

    def visit(
        url: str | None = None, *, width: int = 1440, height: int = 900, theme: str = "light", touch: bool = False
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, has_touch=touch, is_mobile=touch
        )
        contexts.append(context)
        page = context.new_page()
        watch = Watch()
        page.on("console", lambda message: watch.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: watch.errors.append(str(error)))
        page.on("request", lambda request: _note_stray(request.url, watch))
        page.watch = watch
        if url is not None:
            page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture
def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _note_stray(url: str, watch: Watch) -> None:
    parts = urlparse(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("localhost", "127.0.0.1"):
        watch.strays.append(url)
