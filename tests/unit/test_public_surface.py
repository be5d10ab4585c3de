"""What users may touch: the list is short, guarded, documented and loads."""

from __future__ import annotations

import importlib
import inspect

import pytest

import ecgomics

ROOMS = [
    "ecgomics.records",
    "ecgomics.cohort",
    "ecgomics.waves",
    "ecgomics.biomarkers",
    "ecgomics.rules",
    "ecgomics.latent",
    "ecgomics.discovery",
    "ecgomics.simulate",
    "ecgomics.live",
    "ecgomics.dashboards",
    "ecgomics_widgets",
]

PUBLIC = {
    "__version__",
    "Beats",
    "Cohort",
    "EcgomicsError",
    "Projection",
    "Record",
    "VirtualPatient",
    "catalogue",
    "contrast",
    "delineate",
    "discover",
    "evaluate",
    "explore",
    "ingest",
    "load_rules",
    "measure",
    "open_cohort",
    "read",
    "strip",
}


def test_the_public_list_changes_only_on_purpose():
    assert set(ecgomics.__all__) == PUBLIC
    assert len(PUBLIC) <= 30


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_every_public_name_loads_and_is_documented(name):
    thing = getattr(ecgomics, name)
    assert inspect.getdoc(thing), f"{name} has no docstring"


def test_no_public_name_hides_a_room():
    """Importing a room sets an attribute of the package: a function of the same name would change under the user."""
    assert not {room.split(".")[1] for room in ROOMS if "." in room} & PUBLIC


@pytest.mark.parametrize("room", [room.removeprefix("ecgomics.") for room in ROOMS if "." in room])
def test_rooms_are_there_when_named(room):
    assert getattr(ecgomics, room).__name__ == f"ecgomics.{room}"


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'diagnose'"):
        _ = ecgomics.diagnose


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_room_is_documented(room):
    module = importlib.import_module(room)
    assert module.__all__, f"{room} says nothing of what may be touched"
    bare = [
        name
        for name in module.__all__
        if (callable(getattr(module, name)) and not inspect.getdoc(getattr(module, name)))
    ]
    assert not bare, bare


@pytest.mark.parametrize("room", ROOMS)
def test_public_functions_are_typed(room):
    module = importlib.import_module(room)
    bare = []
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isfunction(thing):
            signature = inspect.signature(thing)
            untyped = [p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty]
            if untyped or signature.return_annotation is inspect.Signature.empty:
                bare.append(f"{name}({', '.join(untyped)})")
    assert not bare, bare
