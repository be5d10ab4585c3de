"""The house keeps its shape: who may import whom, module size, names, and what starting up may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "app" / "ecgomics"
WIDGETS = ROOT / "widgets" / "ecgomics_widgets"

FLOORS = (
    ("vocabulary", "errors", "settings", "wording", "durable"),
    ("waves", "biomarkers", "rules", "discovery"),
    ("records", "cohort", "latent", "simulate", "live", "reports", "learn"),
    ("pipeline", "service", "bench", "notebook"),
    ("dashboards",),
    ("cli",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

COHORT_VERBS = {("cohort", "pipeline")}
"""`Cohort.analyse()` and its siblings are a convenience over `pipeline`, imported inside the method."""

TRAINERS = {f"waves/{name}.py" for name in ("training_data", "training", "benchmark", "reversal_fitting")}
"""Train or score a room's network on annotated recordings and virtual patients; nothing in the engine imports them."""

SOURCES = sorted([*ENGINE.rglob("*.py"), *WIDGETS.rglob("*.py")])


def imported(path: Path) -> set[str]:
    """Dotted names of every module a file imports, at any depth of the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path: Path) -> str:
    part = path.relative_to(ENGINE).parts[0]
    return part.removesuffix(".py")


def top(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def test_rooms_import_only_from_their_own_floor_or_below():
    wrong = []
    for path in ENGINE.rglob("*.py"):
        room = room_of(path)
        if room in ("__init__", "__main__"):
            continue
        assert room in FLOOR, f"{room} has no floor: say in FLOORS who may import it"
        for name in imported(path):
            parts = name.split(".")
            if parts[0] != "ecgomics" or len(parts) < 2 or parts[1] not in FLOOR or parts[1] == room:
                continue
            trains = str(path.relative_to(ENGINE)) in TRAINERS and parts[1] == "simulate"
            if FLOOR[parts[1]] > FLOOR[room] and (room, parts[1]) not in COHORT_VERBS and not trains:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, wrong


def test_only_dashboards_import_panel():
    wrong = [
        str(path.relative_to(ROOT))
        for path in ENGINE.rglob("*.py")
        if room_of(path) != "dashboards" and top(imported(path)) & {"panel", "holoviews", "bokeh"}
    ]
    assert not wrong, wrong


def test_widgets_stand_alone():
    wrong = [str(path.relative_to(ROOT)) for path in WIDGETS.rglob("*.py") if "ecgomics" in top(imported(path))]
    assert not wrong, wrong


def test_pure_rooms_touch_no_recordings():
    readers = {"wfdb", "pydicom", "zarr", "pyarrow"}
    wrong = [
        f"{path.relative_to(ROOT)}: {sorted(top(imported(path)) & readers)}"
        for path in ENGINE.rglob("*.py")
        if room_of(path) in FLOORS[1]
        and str(path.relative_to(ENGINE)) not in TRAINERS
        and top(imported(path)) & readers
    ]
    assert not wrong, wrong


def test_what_trains_or_scores_a_network_is_no_part_of_the_engine():
    trainers = {f"ecgomics.{name.removesuffix('.py').replace('/', '.')}" for name in TRAINERS}
    wrong = [
        f"{path.relative_to(ROOT)}: {sorted(imported(path) & trainers)}"
        for path in ENGINE.rglob("*.py")
        if str(path.relative_to(ENGINE)) not in TRAINERS
        and room_of(path) not in ("cli", "bench")
        and imported(path) & trainers
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("root", [ROOT / "app", ROOT / "widgets"])
def test_nothing_loose_in_a_source_root(root):
    """An editable install makes whatever lies directly in a source root a top-level import."""
    loose = [path.name for path in root.iterdir() if path.name not in ("ecgomics", "ecgomics_widgets", "__pycache__")]
    assert not loose, loose


def test_modules_are_one_noun():
    long = {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 500}
    assert not long, long
    vague = [
        p.name
        for p in SOURCES
        if p.stem.strip("_") in ("util", "utils", "helper", "helpers", "common", "misc", "manager")
    ]
    assert not vague, vague


def test_nothing_is_cached_by_identity():
    """`pn.cache` hashes xarray by identity: it returns another array's result."""
    wrong = [str(p.relative_to(ROOT)) for p in SOURCES if "pn.cache" in p.read_text() or "panel.cache" in p.read_text()]
    assert not wrong, wrong


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return set(done.stdout.split())


HEAVY = {"torch", "umap", "neurokit2", "sklearn", "matplotlib", "numba"}


def test_importing_the_package_is_light():
    loaded = modules_after("import ecgomics")
    assert not loaded & (HEAVY | {"panel", "xarray", "pandas", "scipy"})


def test_a_page_loads_no_model_or_compiler():
    loaded = modules_after("import ecgomics.dashboards, ecgomics.cohort; from ecgomics.dashboards import explore")
    assert not loaded & HEAVY
