"""The look, once: colours, type and rhythm of every page, as CSS custom properties that all widgets inherit."""

from __future__ import annotations

DIMENSION_COLOURS = {
    "Structural": "#0072b2",
    "Intensity": "#d55e00",
    "Functional": "#009e73",
    "Comparative": "#b05a93",
}

_SHARED = {
    "selected": "#e69f00",
    "structural": DIMENSION_COLOURS["Structural"],
    "intensity": DIMENSION_COLOURS["Intensity"],
    "functional": DIMENSION_COLOURS["Functional"],
    "comparative": DIMENSION_COLOURS["Comparative"],
    "radius": "8px",
    "font": "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, system-ui, sans-serif",
}

_LIGHT = {
    "ink": "#161a22",
    "muted": "#667085",
    "faint": "#98a2b3",
    "line": "#e3e6eb",
    "ground": "#f4f5f7",
    "panel": "#ffffff",
    "raised": "#eef0f4",
    "accent": "#b4233a",
    "accent-soft": "#fdf1f2",
    "selected-soft": "#fff4dc",
    "selected-ink": "#7a5200",
    "rest": "#98a2b3",
    "good": "#12804a",
    "fair": "#d99a00",
    "poor": "#b4233a",
    "link": "#0067a3",
    "grid-minor": "#fbe6e6",
    "grid-major": "#f3c9c9",
}

_DARK = {
    "ink": "#e8ecf1",
    "muted": "#98a3b3",
    "faint": "#6b7686",
    "line": "#2a313b",
    "ground": "#0f1318",
    "panel": "#161b22",
    "raised": "#222a34",
    "accent": "#ff7a8a",
    "accent-soft": "#2b1a20",
    "selected-soft": "#33270d",
    "selected-ink": "#ffc94d",
    "rest": "#6b7686",
    "good": "#3fbf7f",
    "fair": "#e0b040",
    "poor": "#ff7a8a",
    "link": "#5fb4e8",
    "grid-minor": "#211718",
    "grid-major": "#3a2226",
}


def _block(selector: str, tokens: dict[str, str]) -> str:
    return selector + " {" + " ".join(f"--eg-{name}: {value};" for name, value in tokens.items()) + "}"


def stylesheet() -> str:
    """The custom properties (``--eg-ink`` …) of both themes, chosen by ``data-theme`` on the page's frame."""
    return "\n".join(
        [
            _block(".frame", _SHARED),
            _block('.frame[data-theme="light"]', _LIGHT),
            _block('.frame[data-theme="dark"]', _DARK),
        ]
    )
