"""Signals to beats: filter, quality, detect, delineate, representative beat. Pure: arrays in, Datasets out."""

from ecgomics.waves.beats import Beats

__all__ = ["Beats"]
