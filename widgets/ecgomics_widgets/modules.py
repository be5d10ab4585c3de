"""Plain ES modules joined into one text, so that a browser needs no second request and no build step.

The modules in `esm/` are ordinary ES modules (node and editors read them as they are). They may import one another with
``import { a, b } from "./other.js"`` and export with ``export function|class|const|let``; only the entry has an
``export default``. Nothing may be imported from anywhere else.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ecgomics_widgets.errors import WidgetError

FOLDER = Path(__file__).parent / "esm"

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"(\.{1,2}/[^"]+)";?[ \t]*$', re.MULTILINE)
_FOREIGN = re.compile(r"^\s*(?:import\b(?!\s*\()|export\s*(?:\*|\{[^}]*\})\s*from\b).*$", re.MULTILINE)
_EXPORT = re.compile(r"^export\s+((?:async\s+)?function\*?|class|const|let)\s+([A-Za-z_$][\w$]*)", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/[ \t]*)\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_STYLE = re.compile(r"((?:STYLE|BASE|SHELL|MENU|CSS|BUTTONS)\s*=\s*`)([^`]*)(`)")


def slim(text: str) -> str:
    """The same module without lines of comment, indentation and the spaces of its styles: what need not be sent."""
    text = _INDENT.sub("", _COMMENT.sub("", text)).replace("\n\n", "\n")
    return _STYLE.sub(lambda found: found[1] + _dense(found[2]) + found[3], text)


def _dense(style: str) -> str:
    """CSS without the spaces that say nothing; those of selectors and of sums in `calc` do."""
    style = re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", style))
    return re.sub(r":\s", ":", style).replace(";}", "}")


@cache
def joined(entry: str) -> str:
    """Text of one module with everything it imports inside it.

    Parameters
    ----------
    entry
        File in `esm/`, such as ``"strip.js"``; it has the ``export default``.

    Raises
    ------
    WidgetError
        When a module is missing, imports in a circle, or imports something that is not beside it.
    """
    parts: list[str] = []
    done: list[Path] = []
    path = (FOLDER / entry).resolve()
    text = _with_imports(path, parts=parts, done=done, trail=())
    return "\n".join([*parts, text])


def shelved(entry: str, *, shelf: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Text of one module and of others beside it, what they have in common once.

    Parameters
    ----------
    entry
        File in `esm/`; it has the ``export default``.
    shelf
        Files whose default export others will want.

    Returns
    -------
    tuple
        The text of `entry` with all that any of them imports before it, and by file the text of each of `shelf` alone,
        which finds what it imports there.
    """
    parts: list[str] = []
    done: list[Path] = []
    alone = {}
    for name in dict.fromkeys(shelf):
        own = _with_imports((FOLDER / name).resolve(), parts=parts, done=done, trail=())
        alone[name] = _EXPORT.sub(r"\1 \2", own)
    text = _with_imports((FOLDER / entry).resolve(), parts=parts, done=done, trail=())
    return "\n".join([*parts, text]), alone


def _with_imports(path: Path, *, parts: list[str], done: list[Path], trail: tuple[Path, ...]) -> str:
    text = _read(path, trail=trail)
    for _, relative in _IMPORT.findall(text):
        needed = (path.parent / relative).resolve()
        if needed not in done:
            inner = _with_imports(needed, parts=parts, done=done, trail=(*trail, path))
            parts.append(_as_constant(needed, inner))
            done.append(needed)
    text = _IMPORT.sub(lambda found: _as_destructuring(found, base=path.parent), text)
    foreign = _FOREIGN.search(text)
    if foreign:
        raise WidgetError(
            f"esm module {path.name} has {foreign.group().strip()[:60]!r}",
            expected='import { name } from "./beside.js" only',
            remedy="bring the code into esm/: nothing is fetched from other hosts",
        )
    return text


def _read(path: Path, *, trail: tuple[Path, ...]) -> str:
    if path in trail:
        raise WidgetError(f"esm module {path.name} imports itself in a circle", remedy="move what both need to a third")
    if not path.is_file() or FOLDER.resolve() not in path.parents:
        raise WidgetError(f"esm module {path.name} is not there", expected="a file below ecgomics_widgets/esm")
    return path.read_text(encoding="utf-8")


def _as_constant(path: Path, text: str) -> str:
    names = [name for _, name in _EXPORT.findall(text)]
    body = _EXPORT.sub(r"\1 \2", text)
    return f"const {_handle(path)} = (() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})();"


def _as_destructuring(found: re.Match[str], *, base: Path) -> str:
    names = [name.strip() for name in found.group(1).split(",") if name.strip()]
    pairs = ", ".join(re.sub(r"\s+as\s+", ": ", name) for name in names)
    return f"const {{ {pairs} }} = {_handle((base / found.group(2)).resolve())};"


def _handle(path: Path) -> str:
    relative = path.relative_to(FOLDER.resolve()).with_suffix("")
    return "module_" + re.sub(r"\W", "_", str(relative))
