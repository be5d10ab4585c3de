"""The encoders there are: what each is, needs and was made by; those that come along and those of plug-ins.

A plug-in is a package with an entry point in the group ``ecgomics.encoders`` that names an `EncoderEntry`. In its
``pyproject.toml``::

    [project.entry-points."ecgomics.encoders"]
    lead-power = "lead_power:ENTRY"

and in ``lead_power.py``, an encoder whose vector is the power of each lead::

    import numpy as np
    from ecgomics.latent import EncoderCard, EncoderEntry, Recipe, embed_windows

    CARD = EncoderCard(
        name="lead-power", version="1", title="Power of each lead", licence="MIT", leads=Recipe().leads,
        rate_hz=100.0, seconds=10.0, unit="mV", recipe="model-path-100", dim=12, citation="none",
    )

    class LeadPower:
        name = CARD.name

        def embed(self, ecg, *, threads=1):
            return embed_windows(
                ecg, lambda windows: np.square(windows).mean(axis=-1), recipe=Recipe(), name=CARD.name
            )

    ENTRY = EncoderEntry(CARD, lambda weights: LeadPower())

After installation ``latent.encoders()`` lists it and ``latent.encoder_named("lead-power").open()`` makes it.
"""

from __future__ import annotations

import importlib.metadata
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Protocol

import xarray as xr

from ecgomics.errors import EcgomicsError, SettingsError, did_you_mean
from ecgomics.latent.embedding import Embedding
from ecgomics.latent.recipe import Recipe

GROUP = "ecgomics.encoders"

Weights = Literal["none", "shipped", "file"]
_ALIASES = {"small": "ecgomics-small"}


class SignalEncoder(Protocol):
    """Whatever turns signals into vectors."""

    @property
    def name(self) -> str:
        """What the store calls it."""

    def embed(self, ecg: xr.DataArray | Iterable[xr.DataArray], *, threads: int = 1) -> Embedding:
        """Vectors of (record, lead, time) or (lead, time) in mV, or of blocks of that."""


@dataclass(frozen=True)
class EncoderCard:
    """What is known about an encoder without opening it.

    Parameters
    ----------
    name, version, title
        Its name in the store, its version, and what it is in a line.
    licence
        Of its weights and code.
    leads
        Which, and in which order.
    rate_hz, seconds
        What it sees: sampling rate in Hz and length in s; 0 when it sees no signal.
    unit
        Of the numbers it sees.
    recipe
        Name of the recipe that prepares its signals.
    dim
        Numbers in a vector; 0 when that depends on the cohort.
    labels
        What its classifier names, when it has one whose names are known.
    checksum
        SHA-256 of the weights that come along; empty for a file of the user's or none.
    citation
        Whom to cite.
    weights
        "none" (fitted to a cohort), "shipped", or "file": the user gives it.
    reads
        Whether vectors are made of biomarkers or of signals.
    """

    name: str
    version: str
    title: str
    licence: str
    leads: tuple[str, ...]
    rate_hz: float
    seconds: float
    unit: str
    recipe: str
    dim: int
    labels: tuple[str, ...] = ()
    checksum: str = ""
    citation: str = ""
    weights: Weights = "none"
    reads: Literal["biomarkers", "signal"] = "signal"


@dataclass(frozen=True)
class EncoderEntry:
    """A card and the way to the encoder.

    Parameters
    ----------
    card
        What it is.
    opener
        Makes the encoder of the path of a weights file, or None where it needs no file.
    """

    card: EncoderCard
    opener: Callable[[Path | None], SignalEncoder]

    def open(self, *, weights: str | os.PathLike[str] | None = None) -> SignalEncoder:
        """The encoder, ready to embed.

        Parameters
        ----------
        weights
            The user's file, for an encoder that needs one.

        Raises
        ------
        SettingsError
            When it needs a file and none is given, or is made of biomarkers.
        FormatError
            When the file is not the encoder's.
        """
        if self.card.weights == "file" and not weights:
            raise SettingsError(
                f"encoder {self.card.name!r} without its weights",
                expected="the path of the file its authors publish",
                remedy="download it and name it as `weights`",
            )
        return self.opener(Path(weights) if weights else None)


def encoders() -> tuple[EncoderCard, ...]:
    """Cards of all encoders: those that come along, then those of plug-ins, by name.

    Examples
    --------
    >>> [card.name for card in encoders()][:2]
    ['handmade', 'ecgomics-small']
    """
    own = [entry.card for entry in _own().values()]
    return (*own, *(entry.card for _, entry in sorted(_plugged().items())))


def encoder_named(name: str) -> EncoderEntry:
    """The encoder of that name; ``"small"`` is short for ``"ecgomics-small"``.

    Raises
    ------
    SettingsError
        For a name that is none; says which there are.
    """
    name = _ALIASES.get(name, name)
    own = _own()
    if name in own:
        return own[name]
    plugged = _plugged()
    if name in plugged:
        return plugged[name]
    known = [*own, *_ALIASES, *sorted(plugged)]
    raise SettingsError(f"no encoder {name!r}", expected=f"one of {', '.join(known)}", remedy=did_you_mean(name, known))


def recipe_named(name: str) -> Recipe:
    """The recipe of that name, as the data file says; the newest of its versions.

    Raises
    ------
    SettingsError
        For a name that is none; says which there are.
    """
    recipes = _recipes()
    if name not in recipes:
        raise SettingsError(
            f"no recipe {name!r}", expected=f"one of {', '.join(recipes)}", remedy=did_you_mean(name, recipes)
        )
    return recipes[name]


@cache
def _recipes() -> dict[str, Recipe]:
    told = sorted(_data("recipes.yaml"), key=lambda item: int(item["version"]))
    fields = [name for name in Recipe.__dataclass_fields__]
    return {item["name"]: Recipe.from_dict({key: item[key] for key in fields if key in item}) for item in told}


@cache
def _own() -> dict[str, EncoderEntry]:
    from ecgomics.latent import founder, shipped

    openers: dict[str, Callable[[Path | None], SignalEncoder]] = {
        "handmade": _refused,
        "ecgomics-small": shipped.opened,
        "ecgfounder": lambda path: founder.Founder.load(path or Path(), recipe="ecgfounder-code"),
        "ecgfounder-1-lead": lambda path: founder.Founder.load(path or Path(), recipe="ecgfounder-code-1-lead"),
    }
    cards = [_card(item) for item in _data("encoders.yaml")]
    return {card.name: EncoderEntry(card, openers[card.name]) for card in cards}


def _card(item: dict[str, Any]) -> EncoderCard:
    return EncoderCard(**(item | {"leads": tuple(item["leads"]), "labels": tuple(item.get("labels", ()))}))


def _plugged() -> dict[str, EncoderEntry]:
    found: dict[str, EncoderEntry] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            entry = point.load()
        except Exception as error:  # one broken plug-in must not take the others away, whatever it raises
            _warn(point.name, type(error).__name__)
            continue
        if not isinstance(entry, EncoderEntry) or entry.card.name in _own():
            _warn(point.name, "it names no EncoderEntry of a name of its own")
            continue
        found[entry.card.name] = entry
    return found


def _warn(name: str, why: str) -> None:
    warnings.warn(f"the encoder plug-in {name!r} is left out: {why}", RuntimeWarning, stacklevel=4)


def _refused(_: Path | None) -> SignalEncoder:
    raise SettingsError(
        "encoder 'handmade' opened by itself",
        expected="biomarkers and representative beats",
        remedy="use `latent.handmade` or `cohort.embed('handmade')`",
    )


def _data(name: str) -> list[dict[str, Any]]:
    import yaml

    text = resources.files("ecgomics.latent").joinpath("data", name).read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    if not isinstance(content, list):
        raise EcgomicsError(f"the data file {name} is damaged", remedy="install ecgomics again")
    return content
