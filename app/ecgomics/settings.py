"""Every stage's parameters, once.

One `Settings` object is at the same time the dashboard's form, the command line's and the TOML file's options, and the
provenance entry of the stage that ran with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

import param

from ecgomics.errors import SettingsError, did_you_mean


class Settings(param.Parameterized):
    """Base of all settings: parameters with bounds, units and docs, and nothing else."""

    def as_dict(self) -> dict[str, Any]:
        """The values by name, in a form JSON can hold."""
        return {name: self._plain(name) for name in sorted(self.param) if name != "name"}

    def digest(self) -> str:
        """Short hash of the values: equal settings have equal digests."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from names and values.

        Raises
        ------
        SettingsError
            For a name that is no setting or a value out of bounds; says which and what is allowed.
        """
        known = [name for name in cls.param if name != "name"]
        for name in values:
            if name not in known:
                raise SettingsError(
                    f"{cls.__name__} has no setting {name!r}",
                    expected=f"one of {', '.join(known)}",
                    remedy=did_you_mean(name, known),
                )
        try:
            return cls(**dict(values))
        except ValueError as error:
            raise SettingsError(f"{cls.__name__}: {error}", remedy="choose a value within the bounds") from error

    def _plain(self, name: str) -> Any:
        value = getattr(self, name)
        return list(value) if isinstance(value, tuple) else value


class IngestSettings(Settings):
    """How files become a cohort."""

    rate_hz = param.Number(500.0, bounds=(100, 2000), doc="Common sampling rate of short records, Hz.")
    short_s = param.Number(60.0, bounds=(10, 600), doc="Recordings up to this long are short records, s.")
    stated_hz = param.Number(
        None, bounds=(20, 100_000), allow_None=True, doc="Sampling rate of tables and arrays that state none, Hz."
    )
    stated_unit = param.Selector(
        default="", objects=["", "mV", "uV", "V", "nV"], doc="Unit of tables and arrays that state none."
    )
    copies = param.Selector(
        default="all", objects=["all", "low", "high"], doc="Of recordings kept at two rates (PTB-XL): both, or which."
    )
    file_limit_s = param.Number(
        120.0, bounds=(1, 86_400), doc="Time a file may take to read before it is refused, s for every 100 MB begun."
    )
    lockbox_share = param.Number(
        0.2, bounds=(0.0, 0.8), doc="Share of the patients set aside for replication when a cohort is begun; 0: none."
    )
    lockbox_salt = param.String("ecgomics", doc="Goes into the hash that sets patients aside.")
    deidentify = param.Selector(
        default="off",
        objects=["off", "basic", "strict"],
        doc="What is taken away: nothing; ids, file names, ages over 89 and serial numbers; or dates and words too.",
    )


class WavesSettings(Settings):
    """How signals become beats."""

    method = param.Selector(
        default="ecgomics", objects=["ecgomics", "neurokit"], doc="Delineator: ours, or neurokit2's for comparison."
    )


class BiomarkerSettings(Settings):
    """How beats become numbers."""

    hrv_min_s = param.Number(60.0, bounds=(10, 3600), doc="Shortest recording for RMSSD, pNN and Poincaré, s.")
    sdnn_min_s = param.Number(300.0, bounds=(10, 86400), doc="Shortest recording for SDNN, s.")
    cosen_min_beats = param.Integer(12, bounds=(5, 1000), doc="Fewest beats for the coefficient of sample entropy.")
    pause_ms = param.Number(2000.0, bounds=(1000, 10000), doc="RR intervals beyond this are pauses, ms.")
    cornell_women_mv = param.Number(0.8, bounds=(0.0, 1.0), doc="Added to the Cornell voltage of women, mV.")
    axis_floor_mv_ms = param.Number(
        0.5, bounds=(0.0, 10.0), doc="A frontal axis is indeterminate when its net area vector is shorter, mV·ms."
    )
    reference = param.Selector(
        default="Mason 2007", objects=["Mason 2007"], doc="Source of the percentiles behind the z values."
    )
    cohort_min = param.Integer(20, bounds=(5, 10000), doc="Fewest other records for a z within the cohort.")


class RuleSettings(Settings):
    """How numbers become findings."""

    lbbb = param.Selector(
        default="ESC",
        objects=["ESC", "Strauss", "AHA"],
        doc="Definition of left bundle-branch block that suppresses other rules (ESC finds most); all are judged.",
    )
    lafb = param.Selector(
        default="AHA",
        objects=["AHA", "wide"],
        doc="Definition of left anterior fascicular block other rules go by: axis from −45° (AHA) or −30°.",
    )
    incomplete_rbbb = param.Selector(
        default="AHA",
        objects=["AHA", "Minnesota"],
        doc="Definition of incomplete right bundle-branch block other rules go by: QRS from 110 ms, or any under 120.",
    )
    qtc = param.Selector(
        default="Fridericia",
        objects=["Fridericia", "Bazett", "Framingham", "Hodges"],
        doc="Heart-rate correction of the QT rules.",
    )
    af_abstain = param.Number(
        0.2, bounds=(0, 2), doc="Atrial fibrillation is left unknown within this distance of the entropy limit."
    )
    quality_floor = param.Number(
        0.3, bounds=(0, 1), doc="Records whose quality is below this are not interpretable, 0 to 1."
    )

    def definitions(self) -> dict[str, str]:
        """Chosen definition by set of definitions."""
        return {"lbbb": self.lbbb, "lafb": self.lafb, "incomplete_rbbb": self.incomplete_rbbb}

    def places(self) -> dict[str, Any]:
        """What stands for the `{name}` places of rule files."""
        return {"qtc": self.qtc, "af_abstain": self.af_abstain, "quality_floor": self.quality_floor}


class LatentSettings(Settings):
    """How signals become vectors, and how the small encoder is trained."""

    max_missing = param.Number(
        0.3, bounds=(0.0, 1.0), doc="Biomarkers missing in a larger share of records are left out of `handmade`."
    )
    exclude = param.List(
        default=["Quality_*", "SNR_*", "Usable_*", "PR_Level_*", "*_zRef", "*_pctRef", "*_zCohort", "*_pctCohort"],
        item_type=str,
        doc="Biomarkers left out of `handmade`, as patterns: what tells the recording or repeats another column.",
    )
    beat_components = param.Integer(15, bounds=(0, 200), doc="Principal components of the representative beats.")
    beat_share = param.Number(0.1, bounds=(0.0, 1.0), doc="Share of the variance of `handmade` that is the beats'.")
    origin = param.Selector(
        default="shipped", objects=["shipped", "cohort"], doc="The small encoder that comes along, or trained anew."
    )
    weights = param.String("", doc="File of the weights of an encoder that comes without, such as ECGFounder or MERL.")
    precision = param.Selector(
        default="float32", objects=["float32", "bfloat16"], doc="Arithmetic of the small encoder when it embeds."
    )
    steps = param.Integer(400, bounds=(1, 1_000_000), doc="Training steps of the small encoder.")
    batch = param.Integer(64, bounds=(2, 4096), doc="Records a training step.")
    view_s = param.Number(3.0, bounds=(1.0, 10.0), doc="Length of a training view, s.")
    learning_rate = param.Number(1e-3, bounds=(1e-6, 1.0), doc="Largest learning rate.")
    temperature = param.Number(0.15, bounds=(0.01, 1.0), doc="Of the contrastive loss; smaller: harder on near misses.")
    patience = param.Integer(
        5, bounds=(0, 1000), doc="Checks without a better held-out loss before training stops; 0: it never does."
    )
    check_every = param.Integer(50, bounds=(1, 100_000), doc="Training steps between such checks.")
    held_out = param.Number(0.1, bounds=(0.01, 0.5), doc="Share of the records held out for such checks.")
    device = param.Selector(
        default="cpu", objects=["cpu", "cuda", "auto"], doc="Where the small encoder is trained; auto: a GPU if any."
    )
    threads = param.Integer(1, bounds=(1, 64), doc="Torch threads of a training; records embedded side by side.")
    seed = param.Integer(0, bounds=(0, None), doc="Seed of weights, order and views.")


class ProjectionSettings(Settings):
    """How vectors become a map."""

    method = param.Selector(
        default="umap", objects=["umap", "tsne", "pca"], doc="UMAP, t-SNE (needs openTSNE), or principal components."
    )
    neighbours = param.Integer(
        15, bounds=(2, 200), doc="Nearest neighbours a record holds on to; of t-SNE, its perplexity."
    )
    closeness = param.Number(0.1, bounds=(0.0, 1.0), doc="How close records may lie on the map (UMAP's min_dist).")
    axes = param.Integer(2, bounds=(2, 3), doc="Axes of the map.")
    epochs = param.Integer(200, bounds=(10, 5000), doc="Passes of the layout; t-SNE takes three times as many.")
    density = param.Selector(
        default="free", objects=["free", "kept"], doc="Whether crowded records lie closer on the map (densMAP)."
    )
    supervision = param.Number(
        0.5, bounds=(0.0, 1.0), doc="Weight of the labels, when a map is drawn with labels (supervised UMAP)."
    )
    reduce_to = param.Integer(50, bounds=(2, 1000), doc="Principal components kept before the neighbours are sought.")
    seed = param.Integer(0, bounds=(0, 2**31 - 1), doc="Seed of the layout.")


class ContrastSettings(Settings):
    """How two groups are compared."""

    min_patients = param.Integer(5, bounds=(2, 1000), doc="Fewest patients with a value on each side.")
    aggregate = param.Selector(
        default="median", objects=["median", "mean"], doc="How a patient's records become the patient's value."
    )
    mixed = param.Selector(
        default="majority",
        objects=["majority", "drop"],
        doc="Patients with records on both sides: in the group if more than half are, or left out.",
    )
    interval = param.Selector(
        default="bootstrap",
        objects=["bootstrap", "formula"],
        doc="Intervals by resampling patients, or by Newcombe's formula (instant, for many thousand patients).",
    )
    resamples = param.Integer(1000, bounds=(100, 100_000), doc="Bootstrap resamples of patients.")
    level = param.Number(0.95, bounds=(0.5, 0.999), doc="Coverage of intervals, 0 to 1.")
    q = param.Number(0.05, bounds=(0.0, 1.0), inclusive_bounds=(False, False), doc="Candidates lie below this q.")
    seed = param.Integer(0, bounds=(0, None), doc="Seed of the resamples.")


class LockBoxSettings(Settings):
    """Which patients are set aside for replication."""

    share = param.Number(0.2, bounds=(0.0, 0.8), doc="Share of the patients set aside, 0 (none) to 0.8.")
    salt = param.String("ecgomics", doc="Goes into the hash that chooses them: another salt, other patients.")


class StabilitySettings(Settings):
    """How often a candidate comes back when other patients are drawn."""

    resamples = param.Integer(100, bounds=(10, 10_000), doc="Draws of half of the patients; made in pairs of halves.")
    decoys = param.Integer(
        1, bounds=(0, 10), doc="Shuffled copies of each biomarker that say how often chance is drawn."
    )
    way = param.Selector(
        default="marginal",
        objects=["marginal", "sparse"],
        doc="Selected by each biomarker's own q, or by a sparse model of all of them together.",
    )
    size = param.Integer(10, bounds=(1, 1000), doc="Biomarkers a sparse model may hold.")
    seed = param.Integer(0, bounds=(0, None), doc="Seed of the draws.")


class FamilySettings(Settings):
    """Which biomarkers say the same."""

    correlation = param.Number(0.7, bounds=(0.1, 0.99), doc="Mean absolute rank correlation within a family, at least.")


class PanelSettings(Settings):
    """How a minimal panel is built and judged."""

    folds = param.Integer(5, bounds=(2, 20), doc="Outer folds, by patient: what a panel is judged on.")
    inner = param.Integer(5, bounds=(2, 20), doc="Inner folds: what its size is chosen on.")
    repeats = param.Integer(3, bounds=(1, 50), doc="Times the outer folds are dealt anew.")
    most = param.Integer(10, bounds=(1, 200), doc="Biomarkers a panel may hold.")
    components = param.Integer(20, bounds=(1, 500), doc="Principal components kept of a latent vector, in each fold.")
    bins = param.Integer(5, bounds=(3, 20), doc="Bins of the calibration curve.")
    resamples = param.Integer(500, bounds=(100, 100_000), doc="Bootstrap resamples of patients.")
    level = param.Number(0.95, bounds=(0.5, 0.999), doc="Coverage of intervals, 0 to 1.")
    seed = param.Integer(0, bounds=(0, None), doc="Seed of folds and resamples.")


class LiveSettings(Settings):
    """How live streams are kept and watched."""

    most_streams = param.Integer(20, bounds=(1, 1000), doc="Streams a process takes in at once.")
    retention_s = param.Number(
        600.0, bounds=(60.0, 604_800.0), doc="How far back samples that are not recorded are kept, s."
    )
    segment_s = param.Number(60.0, bounds=(1.0, 3600.0), doc="Length of a file of samples, s.")
    save_every_s = param.Number(0.2, bounds=(0.05, 5.0), doc="What came is safe from a power cut within this, s.")
    late_s = param.Number(120.0, bounds=(0.0, 600.0), doc="Samples that come late still fill their gap, s behind.")
    longest_gap_s = param.Number(
        21_600.0, bounds=(1.0, 604_800.0), doc="A longer jump ahead is refused: it is another stream, s."
    )
    silent_s = param.Number(3.0, bounds=(0.5, 60.0), doc="Without a sample for this long a stream is lost, s.")
    watch_every_s = param.Number(0.5, bounds=(0.1, 10.0), doc="How often beats and findings are looked for, s.")


class ApiSettings(Settings):
    """Limits of the service's programming interface."""

    largest_mb = param.Integer(32, bounds=(1, 1024), doc="Largest body of a request, MB.")
    rate_per_minute = param.Integer(600, bounds=(1, 1_000_000), doc="Requests a key may make in a minute.")
    processes = param.Integer(2, bounds=(0, 256), doc="Processes that analyse; 0: the one that answers does it.")
    longest_s = param.Number(60.0, bounds=(1.0, 3600.0), doc="Time an analysis may take, s.")
    waiting = param.Integer(64, bounds=(0, 100_000), doc="Analyses that may wait; beyond them the service says busy.")
    most_viewers = param.Integer(100, bounds=(1, 10_000), doc="Connections that watch live streams at once.")

    @property
    def largest_bytes(self) -> int:
        """The largest body, bytes."""
        return int(self.largest_mb) * 1_000_000
