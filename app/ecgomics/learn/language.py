"""Languages of the interface: a catalogue of texts by their English wording, as gettext has it, kept as JSON.

English is the key, so a text that has not been translated yet is shown in English. A translation may hold the same
``{names}`` as its text. `Catalogue.misses` lists what a language lacks; other rooms can use the same files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "zh": "中文", "es": "Español"})
"""Languages and what they call themselves."""


@dataclass(frozen=True)
class Catalogue:
    """Texts in one language.

    Attributes
    ----------
    language
        Key of `LANGUAGES`.
    texts
        English → this language.

    Examples
    --------
    >>> catalogue_of("es")("Rate")
    'Frecuencia'
    """

    language: str
    texts: Mapping[str, str]

    def __call__(self, text: str, **values: Any) -> str:
        """The text in this language, with `values` put in; in English where there is no translation."""
        found = self.texts.get(text, text)
        return found.format(**values) if values else found

    def all_of(self, texts: Iterable[str]) -> dict[str, str]:
        """Those texts, for a page's script."""
        return {text: self(text) for text in texts}

    def misses(self, texts: Iterable[str]) -> list[str]:
        """Texts without a translation."""
        return [text for text in texts if text not in self.texts] if self.language != "en" else []


@cache
def catalogue_of(language: str) -> Catalogue:
    """The catalogue of a language; English for one that is not known."""
    known = language[:2].lower() if language[:2].lower() in LANGUAGES else "en"
    if known == "en":
        return Catalogue("en", {})
    place = resources.files("ecgomics.learn").joinpath(f"data/languages/{known}.json")
    return Catalogue(known, MappingProxyType(json.loads(place.read_text(encoding="utf-8"))))
