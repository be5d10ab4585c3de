"""A strap's hour from the air to a cohort's record, ten times as fast as life: `make bench`."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "whole_way", Path(__file__).parents[1] / "unit" / "live" / "test_whole_way.py"
)
way = importlib.util.module_from_spec(_SPEC)
sys.modules["whole_way"] = way
_SPEC.loader.exec_module(way)


@pytest.mark.bench
@pytest.mark.timeout(1200)
def test_a_straps_hour_at_ten_times_its_speed(tmp_path):
    """An hour: one in two hundred notifications lost, and twice out of reach."""
    lost = frozenset(random.Random(5).sample(range(6411), 32))
    one = way.fakes.Peripheral(lost=lost, away=((600.0, 640.0), (2400.0, 2403.0)), speed=10.0, end=6411)
    share, count = way.check(one, *way.whole_way(tmp_path, one, seconds=900, retry_s=0.05))
    print(f"\nan hour: {len(one.missed)} frames missed, all gaps to the sample; {count} beats, {share:.4%} as offline")
    assert share >= 0.999
