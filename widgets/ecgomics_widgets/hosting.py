"""One widget, two hosts: `anywidget.AnyWidget` in Jupyter and `panel.custom.AnyWidgetComponent` in Panel.

A widget is a `param.Parameterized` that knows no host. Its parameters are the state; the picture is one plain ES module
(``export default { render({ model, el }) { …; return () => cleanup } }``, anywidget's interface). To define one::

    class Rose(HostedWidget):
        _module = "rose.js"                    # in esm/, may import modules beside it, nothing else
        _down = ("angles", "theme")            # Python → browser
        _up = ("chosen",)                      # browser → Python; a name in both goes both ways
        _browser_names = {"layout": "montage"} # only where a host keeps a name for itself (see RESERVED)

        angles = param.Bytes(b"")              # bytes arrive as a DataView in both hosts
        theme = param.Selector(default="auto", objects=["auto", "light", "dark"])
        chosen = param.Integer(-1)             # must be allowed to be what the browser sends

Then ``Rose(...)`` shows itself in Jupyter, ``pn.Row(Rose(...))`` or ``Rose(...).panel(sizing_mode="stretch_both")`` in
Panel; setting ``rose.angles`` moves every picture of it and ``rose.param.watch(callback, "chosen")`` hears the browser,
in both hosts alike. Neither anywidget nor panel is imported before it is needed.

What the module can count on: ``model.get/set/save_changes/on/off`` behave alike in both hosts; `render` may run again
for the same element, after its own clean-up has run; numbers that are not finite arrive as null; a `change:` callback
also runs for the browser's own `set`, so compare before acting. Values other than bytes travel as JSON: send arrays as
bytes. The element fills its host; give heights in `panel(...)` or as a parameter of the widget.
"""

from __future__ import annotations

import hashlib
import math
import weakref
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
import param

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.modules import joined, shelved, slim

RESERVED = frozenset(
    {"layout", "name", "tooltip", "tabbable", "keys", "comm", "height", "width", "min_height", "min_width"}
    | {"max_height", "max_width", "margin", "align", "aspect_ratio", "css_classes", "design", "loading"}
    | {"open", "close", "send", "hold_sync"}
    | {"sizing_mode", "styles", "stylesheets", "tags", "visible", "children", "data", "esm"}
)
"""Names that `ipywidgets.DOMWidget` or Panel's layout keep for themselves."""

# Panel shares one render function between all kinds of ES components of a page, so a JSComponent that came first would
# hand us its own model; and a second render of a view runs without the first one's clean-up. Both are put right here.
_WRAPPED = """
const hosted = (() => {
  const ends = new WeakMap();
  const render = (context) => {
    const { view, el } = context;
    const model = view?.adapter ?? context.model;
    ends.get(el)?.();
    const result = widget.render({ ...context, model });
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      ends.delete(el);
      Promise.resolve(result).then((clean) => { if (typeof clean === "function") clean(); });
    };
    ends.set(el, end);
    if (view && !view.destroyer) view.destroyer = Promise.resolve(end);
    return end;
  };
  return { render };
})();
export default hosted;
"""


class HostedWidget(param.Parameterized):
    """Base of every widget: host-free state, shown by Jupyter and by Panel from the same ES module."""

    _module: ClassVar[str] = ""
    _down: ClassVar[tuple[str, ...]] = ()
    _up: ClassVar[tuple[str, ...]] = ()
    _browser_names: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **params: Any) -> None:
        self._widget: Any = None
        super().__init__(**params)

    def widget(self) -> Any:
        """The `anywidget.AnyWidget` that shows this in Jupyter (made once, for use in ipywidgets layouts)."""
        if self._widget is None:
            kind: Any = type(self)
            self._widget = jupyter_class(kind)(**self._browser_state())
            if tall := self._height_alone():
                # a notebook's cell gives no height: a chart would be as low as its words
                self._widget.layout.height = f"{tall}px"
            self._follow_jupyter(self._widget)
        return self._widget

    def panel(self, *, module: Literal["own", "shelf"] = "own", **layout: Any) -> Any:
        """A new Panel component that shows this.

        Parameters
        ----------
        module
            ``"shelf"``: the page has a frame made by `page_text` that brings this widget's module, so that it is not
            sent again.
        **layout
            Panel's own layout parameters, such as ``sizing_mode="stretch_both"`` or ``height=480``.
        """
        kind: Any = type(self)
        component = panel_class(kind, module)(**self._browser_state(), **(layout or self._panel_layout()))
        self._follow_panel(component)
        return component

    def __panel__(self) -> Any:
        return self.panel()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget()._repr_mimebundle_(**options)

    def _panel_layout(self) -> dict[str, Any]:
        return {"sizing_mode": "stretch_width"}

    def _height_alone(self) -> int:
        """Height in a notebook's cell, px; 0 for widgets that are as high as what is in them."""
        return 0

    def _to_browser(self, name: str) -> Any:
        """The value of one parameter as the browser gets it."""
        return plain(getattr(self, name))

    def _from_browser(self, name: str, value: Any) -> Any:
        """The browser's value as the parameter wants it."""
        return tuple(value) if isinstance(getattr(self, name), tuple) and isinstance(value, list) else value

    def _browser_state(self) -> dict[str, Any]:
        names = dict.fromkeys((*self._down, *self._up))
        return {self._browser_name(name): self._to_browser(name) for name in names}

    @classmethod
    def _browser_name(cls, name: str) -> str:
        return cls._browser_names.get(name, name)

    def _follow_jupyter(self, widget: Any) -> None:
        def down(*events: Any) -> None:
            with widget.hold_sync():
                for name in {event.name for event in events}:
                    setattr(widget, self._browser_name(name), self._to_browser(name))

        self.param.watch(down, list(self._down))
        for name in self._up:
            widget.observe(
                lambda change, name=name: self._hear({name: change["new"]}), names=[self._browser_name(name)]
            )

    def _follow_panel(self, component: Any) -> None:
        # a component dies with its session while the widget may live on in a notebook: hold it weakly
        reference = weakref.ref(component)

        def down(*events: Any) -> None:
            target = reference()
            if target is None:
                self.param.unwatch(watcher)
                return
            names = {event.name for event in events}
            target.param.update(**{self._browser_name(name): self._to_browser(name) for name in names})

        watcher = self.param.watch(down, list(self._down))
        python_names = {self._browser_name(name): name for name in self._up}

        def up(*events: Any) -> None:
            from panel.io import unlocked

            # all that follows from what was done goes to the browser in one message
            with unlocked():
                self._hear({python_names[event.name]: event.new for event in events})

        if python_names:
            component.param.watch(up, list(python_names))

    def _hear(self, values: Mapping[str, Any]) -> None:
        self.param.update(**{name: self._from_browser(name, value) for name, value in values.items()})


@cache
def module_text(entry: str) -> str:
    """The ES module a host loads: the entry, what it imports, and the two repairs every host needs."""
    return slim(_hosted_text(entry, joined(entry), "export default"))


_SHELF = """
const shelf = (name) => {
  const all = (globalThis.ecgomicsShelf ??= new Map());
  const slot = {};
  slot.ready = new Promise((give) => { slot.give = give; });
  if (!all.has(name)) all.set(name, slot);
  return all.get(name);
};
"""


@cache
def page_text(entry: str, *, shelf: tuple[str, ...]) -> str:
    """The ES module of a page's frame, with those of the widgets on the page on a shelf: what they share is sent once.

    Parameters
    ----------
    entry
        The frame's file in `esm/`.
    shelf
        The widgets' files. `HostedWidget.panel(module="shelf")` takes a widget from there.
    """
    text, alone = shelved(entry, shelf=shelf)
    placed = [
        f'shelf("{_slot(name)}").give((() => {{\n{_hosted_text(name, part, "return")}\n}})());'
        for name, part in alone.items()
    ]
    return slim("\n".join([_SHELF, _hosted_text(entry, text, "export default"), *placed]))


@cache
def _borrowed_text(entry: str) -> str:
    return slim(f'{_SHELF}const hosted = await shelf("{_slot(entry)}").ready;\nexport default hosted;\n')


def _slot(entry: str) -> str:
    """Name of a module on the shelf: with its text, so that two versions in one notebook do not meet."""
    return f"{entry}@{hashlib.sha256(joined(entry).encode()).hexdigest()[:12]}"


def _hosted_text(entry: str, text: str, last: str) -> str:
    if text.count("export default") != 1:
        raise WidgetError(f"esm module {entry} has no single export default", expected="export default { render }")
    wrapped = text.replace("export default", "const widget =") + _WRAPPED
    return wrapped.replace("export default hosted;", f"{last} hosted;")


@cache
def jupyter_class(kind: Any) -> Any:
    """The `anywidget.AnyWidget` subclass that hosts a kind of widget."""
    import anywidget
    import traitlets

    traits = {name: traitlets.Any().tag(sync=True) for name in _hosted_names(kind)}
    members = {"_esm": module_text(kind._module), "__module__": kind.__module__, "__doc__": kind.__doc__, **traits}
    return type(f"{kind.__name__}Widget", (anywidget.AnyWidget,), members)


def panel_class(kind: Any, module: Literal["own", "shelf"] = "own") -> Any:
    """The `panel.custom.AnyWidgetComponent` subclass that hosts a kind of widget, see `HostedWidget.panel`.

    Panel tells a page about a class when the page is made: call this (or `HostedWidget.panel`) while building the page,
    not for the first time in a callback of a running one.
    """
    return _panel_class(kind, module)


@cache
def _panel_class(kind: Any, module: str) -> Any:
    from panel.custom import AnyWidgetComponent

    params = {
        name: param.Bytes(default=None, allow_None=True) if isinstance(default, bytes) else param.Parameter()
        for name, default in _hosted_names(kind).items()
    }
    text = module_text(kind._module) if module == "own" else _borrowed_text(kind._module)
    members = {"_esm": text, "__module__": kind.__module__, "__doc__": kind.__doc__, **params}
    name = f"{kind.__name__}Component" if module == "own" else f"{kind.__name__}Shelved"
    return type(AnyWidgetComponent)(name, (AnyWidgetComponent,), members)


def plain(value: Any) -> Any:
    """A value as JSON and bytes can carry it: NumPy scalars and arrays to Python's, tuples to lists, NaN to None."""
    if isinstance(value, bytes | str | bool) or value is None:
        return value
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def _hosted_names(kind: type[HostedWidget]) -> dict[str, Any]:
    names = {kind._browser_name(name): kind.param[name].default for name in (*kind._down, *kind._up)}
    taken = sorted(RESERVED & set(names))
    if taken:
        raise WidgetError(
            f"{kind.__name__} sends {', '.join(taken)}, which a host keeps for itself",
            remedy="give the browser another name for it in _browser_names",
        )
    return names
