"""The shell of Monitor, kept by browsers so that the page opens without the server. Nothing of a person is in it."""

from __future__ import annotations

import functools
import hashlib
import json
from importlib import resources

from ecgomics.dashboards.theme import stylesheet
from ecgomics_widgets.modules import joined, slim

PATH = "monitor"
ROOM = "ecgomics.dashboards"
ICONS = {"icon-192.png": 192, "icon-512.png": 512, "icon-maskable-512.png": 512}

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#ffffff" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#161b22" media="(prefers-color-scheme: dark)">
<title>ECGomics · Monitor</title>
<link rel="manifest" href="monitor/manifest.webmanifest">
<link rel="icon" href="monitor/icon-192.png"><link rel="apple-touch-icon" href="monitor/icon-192.png">
<style>html, body {{ margin: 0; height: 100%; background: #f4f5f7; }}
@media (prefers-color-scheme: dark) {{ html, body {{ background: #0f1318; }} }}
{tokens}</style></head>
<body data-version="{version}"><noscript>Monitor needs JavaScript.</noscript>
<script type="module" src="monitor/app.js?{version}"></script></body></html>
"""

WORKER = """// Keeps the shell of Monitor, so that the page opens where the server cannot be reached; nothing else.
const SHELL = "ecgomics-monitor-{version}";
const FILES = {files};
const PAGE = FILES[0];
const WAIT_MS = 2500;
self.addEventListener("install", (event) => {{
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
}});
self.addEventListener("activate", (event) => {{
  const old = (name) => name.startsWith("ecgomics-monitor-") && name !== SHELL;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
}});
const kept = async (request) => (await (await caches.open(SHELL)).match(request)) ?? Response.error();
self.addEventListener("fetch", (event) => {{
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && url.pathname === PAGE) {{
    const late = new Promise((resolve, reject) => {{ setTimeout(reject, WAIT_MS); }});
    event.respondWith(Promise.race([fetch(event.request), late]).catch(() => kept(PAGE)));
    return;
  }}
  if (FILES.includes(url.pathname + url.search) && url.pathname !== PAGE) {{
    const asked = url.pathname + url.search;
    event.respondWith(kept(asked).then((found) => (found.type === "error" ? fetch(event.request) : found)));
  }}
}});
"""


@functools.cache
def version() -> str:
    """Short hash of everything the shell is made of."""
    parts = [PAGE, WORKER, stylesheet(), _module("monitor_app.js"), _module("trend_plot.js")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@functools.cache
def page() -> bytes:
    """The page."""
    return PAGE.format(tokens=stylesheet(), version=version()).encode()


@functools.cache
def files() -> dict[str, tuple[str, bytes]]:
    """What lies below ``/monitor/``: name → kind of content, content."""
    icons = {name: ("image/png", _bundled(name)) for name in ICONS}
    return {
        "app.js": ("text/javascript; charset=utf-8", _module("monitor_app.js").encode()),
        "trends.js": ("text/javascript; charset=utf-8", _module("trend_plot.js").encode()),
        "manifest.webmanifest": ("application/manifest+json", json.dumps(manifest()).encode()),
        "worker.js": ("text/javascript; charset=utf-8", _worker().encode()),
        **icons,
    }


def manifest() -> dict[str, object]:
    """The web app manifest (W3C Web Application Manifest): what makes the page installable."""
    icons = [
        {
            "src": f"/{PATH}/{name}",
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "maskable" if "maskable" in name else "any",
        }
        for name, size in ICONS.items()
    ]
    return {
        "id": f"/{PATH}",
        "name": "ECGomics Monitor",
        "short_name": "ECG Monitor",
        "description": "A chest strap's ECG on your own server. Research and teaching, not for diagnosis.",
        "start_url": f"/{PATH}",
        "scope": f"/{PATH}",
        "display": "standalone",
        "background_color": "#f4f5f7",
        "theme_color": "#ffffff",
        "categories": ["medical", "education"],
        "icons": icons,
    }


def _worker() -> str:
    kept = [f"/{PATH}", f"/{PATH}/app.js?{version()}", f"/{PATH}/trends.js", f"/{PATH}/manifest.webmanifest"]
    kept += [f"/{PATH}/{name}" for name in ICONS]
    return WORKER.format(version=version(), files=json.dumps(kept))


def _module(entry: str) -> str:
    return slim(joined(entry))


def _bundled(name: str) -> bytes:
    return resources.files(ROOM).joinpath("monitor_icons", name).read_bytes()
