"""Signals to vectors to maps: encoders by name, their training, and projections that are stored with their fit.

torch and umap are imported by the functions that need them, never by opening or placing records on a stored map.
"""

from ecgomics.latent.attribution import attribute, randomised
from ecgomics.latent.background import Fit, fit_in_background
from ecgomics.latent.beat_residual import BeatResidual, beat_residual
from ecgomics.latent.card import EncoderCard, EncoderEntry, SignalEncoder
from ecgomics.latent.clusters import Clusters, clusters
from ecgomics.latent.cohort_training import finetune_on, pretrain_on
from ecgomics.latent.drift import drift
from ecgomics.latent.embedding import Embedding
from ecgomics.latent.encoder import Encoder
from ecgomics.latent.finetuning import finetune
from ecgomics.latent.handmade import Handmade, handmade
from ecgomics.latent.journal import Journal
from ecgomics.latent.likeness import Agreement, agreement, nearest
from ecgomics.latent.novelty import Novelty
from ecgomics.latent.pretraining import pretrain
from ecgomics.latent.probe import Residual, carried, probe, residual
from ecgomics.latent.projection import Projection
from ecgomics.latent.published import Published
from ecgomics.latent.recipe import Recipe
from ecgomics.latent.registry import encoder_named, encoders, identity, recipe_named
from ecgomics.latent.shelf import keep, kept
from ecgomics.latent.teaching import teach
from ecgomics.latent.trust import Trust, trust
from ecgomics.latent.windows import embed_windows

__all__ = [
    "Agreement",
    "BeatResidual",
    "Clusters",
    "Embedding",
    "Encoder",
    "EncoderCard",
    "EncoderEntry",
    "Fit",
    "Published",
    "Handmade",
    "Journal",
    "Novelty",
    "Projection",
    "Recipe",
    "Residual",
    "SignalEncoder",
    "Trust",
    "agreement",
    "attribute",
    "beat_residual",
    "carried",
    "clusters",
    "drift",
    "embed_windows",
    "encoder_named",
    "encoders",
    "finetune",
    "finetune_on",
    "fit_in_background",
    "handmade",
    "identity",
    "keep",
    "kept",
    "nearest",
    "pretrain",
    "pretrain_on",
    "probe",
    "randomised",
    "recipe_named",
    "residual",
    "teach",
    "trust",
]
