"""A bare page that shows one widget's ES module with a stand-in for a host's model: no server, no Jupyter."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ecgomics_widgets.hosting import HostedWidget, module_text

# what both hosts offer a module: get, set, save_changes, on, off; bytes are DataViews, what is set is kept in `sent`
MODEL = """
const state = {}, hears = {};
const opened = (value) => {
  if (!value || value.base64 === undefined) return value;
  return new DataView(Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)).buffer);
};
for (const [name, value] of Object.entries(window.given)) state[name] = opened(value);
const hear = (name) => [...(hears[`change:${name}`] ?? [])].forEach((handler) => handler());
window.sent = [];
window.model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; window.sent.push([name, value]); hear(name); },
  save_changes: () => {},
  on: (name, handler) => { (hears[name] ??= []).push(handler); },
  off: (name, handler) => { hears[name] = (hears[name] ?? []).filter((other) => other !== handler); },
};
window.tell = (news) => {
  for (const [name, value] of Object.entries(news)) state[name] = opened(value);
  Object.keys(news).forEach(hear);
};
window.heard = () => Object.values(hears).reduce((sum, list) => sum + list.length, 0);
"""


def carried(state: dict[str, Any]) -> dict[str, Any]:
    """A widget's state with its bytes as text."""
    return {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in state.items()
    }


def document(widget: HostedWidget, *, height: str) -> str:
    given = json.dumps(carried(widget._browser_state())).replace("</", "<\\/")
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>widget</title></head>
<body style="margin:0"><main id="here" style="height:{height}"></main><script type="module">
window.given = {given};
{MODEL}
{module_text(widget._module)}
window.end = hosted.render({{ model: window.model, el: document.getElementById("here") }});
window.ready = true;
</script></body></html>"""


@pytest.fixture
def stage(open_page):
    """Show a widget: `stage(widget, width=…, height=…, theme=…, touch=…)` gives the page."""

    def show(widget: HostedWidget, *, tall: str = "100vh", **view: Any):
        page = open_page(**{"width": 700, "height": 480, **view})
        page.set_content(document(widget, height=tall))
        page.wait_for_function("window.ready")
        page.wait_for_timeout(150)
        return page

    return show


@pytest.fixture
def tell():
    """Set parameters of a shown widget: `tell(page, name=value)`."""

    def say(page, **news: Any) -> None:
        page.evaluate("(news) => window.tell(news)", carried(news))
        page.wait_for_timeout(100)

    return say


@pytest.fixture
def sent():
    """What a page has set: `sent(page, "event")` is the list of values."""
    return lambda page, name: [value for key, value in page.evaluate("window.sent") if key == name]
