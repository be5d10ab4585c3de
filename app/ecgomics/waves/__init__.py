"""Signals to beats: filter, quality, detect, delineate, representative beat. Pure: arrays in, Datasets out."""

from ecgomics.waves.beats import Beats
from ecgomics.waves.delineation import delineate
from ecgomics.waves.filtering import measurement
from ecgomics.waves.rpeaks import r_peaks
from ecgomics.waves.shipped import weights_digest

__all__ = ["Beats", "delineate", "measurement", "r_peaks", "weights_digest"]
