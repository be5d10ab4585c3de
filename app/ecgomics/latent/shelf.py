"""Encoders that were trained on a cohort and are kept with it: a file of weights and a card that can be read."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecgomics.errors import FormatError, SettingsError
from ecgomics.latent.card import EncoderCard, EncoderEntry
from ecgomics.latent.encoder import Encoder

FOLDER = "encoders"
"""Where they lie in a cohort's directory."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def keep(store: str | os.PathLike[str], encoder: Encoder, *, name: str) -> EncoderCard:
    """Put an encoder on a cohort's shelf under a name of its own; one of that name is replaced, whole or not at all.

    Parameters
    ----------
    store
        The cohort's directory.
    encoder
        What `pretrain`, `teach` or `finetune` made.
    name
        1 to 40 small letters, digits and hyphens; not that of an encoder that comes along.

    Raises
    ------
    SettingsError
        For another kind of name.
    """
    checked(name)
    folder = Path(store) / FOLDER
    folder.mkdir(exist_ok=True)
    named = replace(encoder, meta=encoder.meta | {"name": name})
    _write(folder / f"{name}.md", _text(named))
    named.save(folder / f"{name}.npz")
    return _card(named)


def kept(store: str | os.PathLike[str]) -> dict[str, EncoderEntry]:
    """The encoders on a cohort's shelf, by name.

    Raises
    ------
    FormatError
        When a file there is damaged.
    """
    found = {}
    for path in sorted((Path(store) / FOLDER).glob("*.npz")):
        encoder = Encoder.load(path)
        if encoder.name != path.stem or not _NAME.fullmatch(path.stem):
            raise FormatError(
                "an encoder on the cohort's shelf whose file bears another name",
                expected="the name it was kept under",
                remedy="give the file its name back, or take it away",
            )
        found[path.stem] = EncoderEntry(_card(encoder), _opener(encoder))
    return found


def checked(name: str) -> str:
    """The name, if an encoder of one's own may bear it.

    Raises
    ------
    SettingsError
        When it may not.
    """
    from ecgomics.latent.registry import reserved

    if not _NAME.fullmatch(name) or name in reserved():
        raise SettingsError(
            f"an encoder of one's own named {name[:60]!r}",
            expected="1 to 40 small letters, digits and hyphens, and no name of an encoder that comes along",
            remedy="choose another name",
        )
    return name


def _opener(encoder: Encoder) -> Any:
    return lambda _: encoder


def _card(encoder: Encoder) -> EncoderCard:
    recipe, told = encoder.recipe, encoder.meta
    return EncoderCard(
        name=encoder.name,
        version=str(told["version"]),
        title=str(told.get("title", "Small convolutional encoder trained on this cohort")),
        licence=str(told.get("licence", "")),
        leads=recipe.leads,
        rate_hz=recipe.rate_hz,
        seconds=recipe.seconds,
        unit="mV",
        recipe=recipe.name,
        dim=int(told["network"].get("mixed") or 2 * told["network"]["widths"][-1]),
        labels=(str(told["head"]["label"]),) if "head" in told else (),
        checksum=str(told["checksum"]),
        citation="trained on this cohort",
        weights="shipped",
    )


def _text(encoder: Encoder) -> str:
    """The card as Markdown: how it was made and how it was judged, all of it from the file itself."""
    told = {key: value for key, value in encoder.meta.items() if key not in ("head", "recipe", "network", "settings")}
    parts = [f"# {encoder.name}", "", str(told.pop("title", "Small encoder trained on this cohort")) + ".", ""]
    parts += ["For exploring and comparing recordings; no diagnosis, and never for measuring.", ""]
    parts += [f"- {key}: {_said(value)}" for key, value in sorted(told.items()) if key != "name"]
    if "head" in encoder.meta:
        parts += [f"- label told: {encoder.meta['head']['label']}"]
    for key in ("recipe", "settings"):
        parts += ["", f"**{key}** `{json.dumps(encoder.meta[key], sort_keys=True)}`"]
    return "\n".join(parts) + "\n"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key} {_said(inner)}" for key, inner in value.items())
    if isinstance(value, float):
        return f"{value:.3f}"
    return ", ".join(map(_said, value)) if isinstance(value, list) else str(value)


def _write(target: Path, text: str) -> None:
    partial = target.with_name(target.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)
