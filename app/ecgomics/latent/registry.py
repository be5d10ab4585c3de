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
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

from ecgomics.errors import EcgomicsError, FormatError, SettingsError, did_you_mean
from ecgomics.latent.card import EncoderCard, EncoderEntry, SignalEncoder
from ecgomics.latent.checkpoint import file_checksum
from ecgomics.latent.recipe import Recipe

GROUP = "ecgomics.encoders"

_ALIASES = {"small": "ecgomics-small"}


Store = str | os.PathLike[str]


def encoders(*, store: Store | None = None) -> tuple[EncoderCard, ...]:
    """Cards of all encoders: those that come along, then those kept with a cohort, then those of plug-ins, by name.

    Parameters
    ----------
    store
        A cohort's directory, for those trained on it.

    Examples
    --------
    >>> [card.name for card in encoders()][:2]
    ['handmade', 'ecgomics-small']
    """
    found = [*_own().values(), *_kept(store).values(), *(entry for _, entry in sorted(_plugged().items()))]
    return tuple(entry.card for entry in found)


def encoder_named(name: str, *, store: Store | None = None) -> EncoderEntry:
    """The encoder of that name; ``"small"`` is short for ``"ecgomics-small"``.

    Parameters
    ----------
    name
        One that comes along, was trained on the cohort, or is a plug-in's; looked for in that order.
    store
        A cohort's directory, for those trained on it.

    Raises
    ------
    SettingsError
        For a name that is none; says which there are.
    """
    name = _ALIASES.get(name, name)
    own = _own()
    if name in own:
        return own[name]
    here, plugged = _kept(store), _plugged()
    if name in here or name in plugged:
        return here[name] if name in here else plugged[name]
    known = [*own, *_ALIASES, *here, *sorted(plugged)]
    raise SettingsError(f"no encoder {name!r}", expected=f"one of {', '.join(known)}", remedy=did_you_mean(name, known))


def identity(name: str, *, weights: str | os.PathLike[str] = "", store: Store | None = None) -> dict[str, str]:
    """What tells an encoder from another of its name: an embedding made by another one is out of date.

    Parameters
    ----------
    name
        As for `encoder_named`.
    weights
        The user's file, for an encoder that needs one.
    store
        A cohort's directory, for those trained on it.

    Returns
    -------
    ``{"encoder": "name@version", "weights": checksum}``; the checksum is SHA-256, empty for an encoder without weights.

    Raises
    ------
    SettingsError
        For a name that is none.
    FormatError
        When the file cannot be read.
    """
    card = encoder_named(name, store=store).card
    found = card.checksum
    if card.weights == "file" and weights:
        try:
            found = file_checksum(weights)
        except OSError as error:
            raise FormatError(
                "a weights file that cannot be opened", expected=f"that of {card.name}", remedy="check its path"
            ) from error
    return {"encoder": f"{card.name}@{card.version}", "weights": found}


def reserved() -> frozenset[str]:
    """Names that no encoder of one's own may bear."""
    return frozenset([*_own(), *_ALIASES])


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
    from ecgomics.latent import published, shipped

    openers: dict[str, Callable[[Path | None], SignalEncoder]] = {
        "handmade": _refused,
        "ecgomics-small": shipped.opened,
        **{name: partial(_published, name) for name in published.NETWORKS},
    }
    cards = [_card(item) for item in _data("encoders.yaml")]
    return {card.name: EncoderEntry(card, openers[card.name]) for card in cards}


def _card(item: dict[str, Any]) -> EncoderCard:
    from ecgomics.latent import shipped

    told = item | {"leads": tuple(item["leads"]), "labels": tuple(item.get("labels", ()))}
    # the weights say their own checksum
    return EncoderCard(**(told | ({"checksum": shipped.checksum()} if item["weights"] == "shipped" else {})))


def _kept(store: Store | None) -> dict[str, EncoderEntry]:
    from ecgomics.latent.shelf import kept

    return {} if store is None else kept(store)


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


def _published(name: str, path: Path | None) -> SignalEncoder:
    from ecgomics.latent.published import Published

    return Published.load(name, path or Path())


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
