import sys
from collections.abc import Mapping
from subprocess import run
from typing import ClassVar

import numpy as np
import param
import pytest

import ecgomics_widgets.modules as modules
from ecgomics_widgets import HostedWidget, WidgetError
from ecgomics_widgets.hosting import jupyter_class, module_text, panel_class, plain


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(modules, "FOLDER", tmp_path)
    modules.joined.cache_clear()
    module_text.cache_clear()
    (tmp_path / "rose.js").write_text(
        'import { turn } from "./turn.js";\nexport default { render({ model, el }) { turn(el); } };\n'
    )
    (tmp_path / "turn.js").write_text("const FULL = 360;\nexport function turn(el) { return FULL; }\n")
    yield tmp_path
    modules.joined.cache_clear()
    module_text.cache_clear()


class Rose(HostedWidget):
    """Petals."""

    _module = "rose.js"
    _down = ("petals", "layout", "span")
    _up = ("chosen", "span")
    _browser_names: ClassVar[Mapping[str, str]] = {"layout": "montage"}

    petals = param.Bytes(b"")
    layout = param.String("full")
    span = param.Tuple((0.0, 1.0))
    chosen = param.Integer(-1)


def test_joined_module_holds_what_it_imports_once_and_nothing_foreign(folder):
    text = modules.joined("rose.js")
    assert text.count("FULL = 360") == 1
    assert "import" not in text
    assert "const { turn } = module_turn;" in text


def test_import_from_elsewhere_is_refused(folder):
    (folder / "rose.js").write_text('import x from "https://cdn.example/x.js";\nexport default { render() {} };\n')
    with pytest.raises(WidgetError, match="nothing is fetched from other hosts"):
        modules.joined("rose.js")


def test_circle_and_missing_module_are_refused(folder):
    (folder / "turn.js").write_text('import { a } from "./rose.js";\nexport function turn() {}\n')
    with pytest.raises(WidgetError, match="circle"):
        modules.joined("rose.js")
    (folder / "turn.js").unlink()
    with pytest.raises(WidgetError, match=r"turn\.js is not there"):
        modules.joined("rose.js")


def test_module_outside_the_folder_is_refused(folder):
    (folder / "rose.js").write_text('import { a } from "../../secret.js";\nexport default {};\n')
    with pytest.raises(WidgetError, match="not there"):
        modules.joined("rose.js")


def test_jupyter_host_follows_both_ways(folder):
    rose = Rose(petals=b"\x01\x02")
    widget = rose.widget()
    assert widget is rose.widget()
    assert (widget.petals, widget.montage, widget.span) == (b"\x01\x02", "full", [0.0, 1.0])
    rose.param.update(petals=b"\x03", layout="half")
    assert (widget.petals, widget.montage) == (b"\x03", "half")
    widget.chosen = 4
    widget.span = [2.0, 3.0]
    assert (rose.chosen, rose.span) == (4, (2.0, 3.0))
    assert "application/vnd.jupyter.widget-view+json" in rose._repr_mimebundle_()[0]


def test_panel_host_follows_both_ways_and_beside_jupyter(folder):
    import panel as pn

    rose = Rose()
    widget, component = rose.widget(), rose.panel(height=120)
    assert component.height == 120
    rose.petals = b"\x07"
    assert component.petals == b"\x07"
    component.param.update(chosen=2, span=[4.0, 5.0])
    assert (rose.chosen, rose.span) == (2, (4.0, 5.0))
    assert widget.span == [4.0, 5.0]
    assert type(pn.panel(rose)) is panel_class(Rose)


def test_closed_panel_picture_is_let_go(folder):
    import gc
    import weakref

    rose = Rose()
    watchers = len(rose.param.watchers)
    component = rose.panel()
    gone = weakref.ref(component)
    del component
    gc.collect()
    assert gone() is None
    rose.petals = b"\x01"
    assert sum(len(kinds["value"]) for kinds in rose.param.watchers.values()) == watchers


def test_reserved_name_is_refused(folder):
    class Thorn(Rose):
        _browser_names: ClassVar[Mapping[str, str]] = {}

    with pytest.raises(WidgetError, match="layout, which a host keeps"):
        jupyter_class(Thorn)


def test_plain_values_are_what_json_can_hold():
    value = {1: np.float32(0.5), "b": np.array([1.0, np.nan]), "c": (np.int64(3), float("inf")), "d": b"\x00"}
    assert plain(value) == {"1": 0.5, "b": [1.0, None], "c": [3, None], "d": b"\x00"}


def test_no_host_is_imported_before_it_is_needed():
    hosts = {"panel", "anywidget", "bokeh", "pandas", "xarray"}
    code = f"import sys, ecgomics_widgets; print(sorted({hosts} & set(sys.modules)))"
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
