"""Signals to vectors to maps: two encoders, their training, and projections that are stored with their fit.

torch and umap are imported by the functions that need them, never by opening or placing records on a stored map.
"""

from ecgomics.latent.embedding import Embedding
from ecgomics.latent.encoder import Encoder
from ecgomics.latent.handmade import Handmade, handmade
from ecgomics.latent.pretraining import pretrain
from ecgomics.latent.projection import Projection
from ecgomics.latent.recipe import Recipe
from ecgomics.latent.trust import Trust, trust

__all__ = [
    "Embedding",
    "Encoder",
    "Handmade",
    "Projection",
    "Recipe",
    "Trust",
    "handmade",
    "pretrain",
    "trust",
]
