"""What each condition teaches: topic, level, rules that define it, what it is mistaken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml

TOPICS: Mapping[str, str] = MappingProxyType(
    {
        "rhythm": "Rate and rhythm",
        "av_block": "AV conduction",
        "ectopy": "Ectopic beats",
        "conduction": "Bundle branches",
        "axis": "Axis",
        "hypertrophy": "Chambers",
        "ischaemia": "Ischaemia",
        "repolarisation": "QT and T",
        "device": "Pacing",
        "recording": "Recording",
    }
)
"""Topics and their headings."""

LESSONS: Mapping[str, str] = MappingProxyType(
    {
        "10": "The dipole and the leads",
        "11": "Intervals",
        "12": "Axis",
        "13": "Blocks",
        "14": "Hypertrophy",
        "15": "Ischaemia",
        "16": "Arrhythmia",
        "17": "From rule to biomarker",
        "18": "Why a lasso lies",
    }
)
"""Lessons by the number of their notebook."""


@dataclass(frozen=True)
class Teaching:
    """What a condition teaches.

    Attributes
    ----------
    condition
        Key of `simulate.CONDITIONS`.
    topic
        Key of `TOPICS`.
    level
        1 (first year) to 4 (hard).
    met, not_met
        Rules that define it, and that it excludes.
    like
        Conditions it is mistaken for, the closest first.
    sign
        How it is recognised, one sentence.
    missed
        Rule → why it is at times judged otherwise.
    """

    condition: str
    topic: str
    level: int
    met: tuple[str, ...]
    not_met: tuple[str, ...]
    like: tuple[str, ...]
    sign: str
    missed: Mapping[str, str] = field(default_factory=dict)


@cache
def teachings() -> Mapping[str, Teaching]:
    """What every condition teaches, from ``topics.yaml``."""
    text = resources.files("ecgomics.learn").joinpath("data/topics.yaml").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            name: Teaching(
                name,
                entry["topic"],
                int(entry["level"]),
                tuple(entry["met"]),
                tuple(entry["not_met"]),
                tuple(entry["like"]),
                entry["sign"],
                MappingProxyType(entry.get("missed", {})),
            )
            for name, entry in yaml.safe_load(text).items()
        }
    )
