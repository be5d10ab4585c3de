"""`Handmade`: the transparent embedding, of scaled biomarkers and the main shapes of the representative beat."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.components import principal
from ecgomics.latent.embedding import Embedding
from ecgomics.latent.packing import as_text, from_text
from ecgomics.latent.shapes import beat_shapes, offsets
from ecgomics.settings import LatentSettings
from ecgomics.vocabulary import LEADS

Floats = npt.NDArray[np.float64]

NAME = "handmade"
VERSION = 2

_NORMAL_IQR = 1.349
_LIMIT = 20.0
_PARTS: dict[str, tuple[float, tuple[str, ...]]] = {
    "atrial": (0.08, ("P_*", "PNeg_*", "PTF_*", "PR_*")),
    "recovery": (0.42, ("ST_*", "ST60_*", "ST80_*", "T_*", "QT_*", "JT_*", "Tpe_*", "TR_Ratio_*")),
    "rhythm": (
        0.05,
        (
            "HR_*",
            "RR_*",
            "RMSSD_*",
            "SD1_*",
            "SD2_*",
            "SDNN_*",
            "SDSD_*",
            "NRMSSD_*",
            "PNN*",
            "*Entropy_Global",
            "SampEn_*",
            "CosEn_*",
            "Turning*",
            "P_QRS_*",
            "P_Fraction_*",
            "PAC_*",
            "PVC_*",
            "Pause_*",
            "Beat_*",
            "Paced_*",
        ),
    ),
    "activation": (0.45, ("*",)),
}
"""Share of each part of the beat in the biomarkers' variance, and its columns; the first that fits counts. However many
ways there are to measure a rhythm, neighbours are sought mainly by the shape of QRS, ST and T."""

WINDOW_S = (-0.25, 0.45)
_LEAST_VARIANCE = 1e-9


def handmade(values: xr.Dataset, template: xr.Dataset, *, settings: LatentSettings | None = None) -> Embedding:
    """Embed records by their biomarkers and representative beats, fitted to these records.

    Parameters
    ----------
    values
        `value` (record, biomarker), NaN = not computable: what `biomarkers.measure` returns.
    template
        `beat_mv` (record, lead, offset), mV: `Beats.template`. Joined by record id; a record without one is embedded
        by its biomarkers alone.
    settings
        Largest share of missing values, number of beat components, weight of the beats, columns left out.

    Returns
    -------
    Embedding
        Deterministic; `vectors.latent` holds the biomarker's name or `Beat_PC01`, ….

    Raises
    ------
    SignalError
        For fewer than two records, or Datasets without those variables.
    """
    return Handmade.fit(values, template, settings=settings).transform(values, template)


@dataclass(frozen=True)
class Handmade:
    """The fitted transparent encoder.

    Parameters
    ----------
    scaling
        Dataset over `biomarker`: `median`, `scale` (robust SD: IQR / 1.349) and `weight`. Of z = (value − median) /
        scale, sign(z) · log(1 + |z|) counts, times the weight: twice as far out is not twice as unlike. A missing
        value becomes 0, the median.
    beats
        Dataset over `(component, lead, offset)`: `mean_mv`, `components` (orthonormal), and `weight` (component), which
        gives each the same variance.
    settings
        What it was fitted with.
    """

    scaling: xr.Dataset
    beats: xr.Dataset
    settings: LatentSettings

    @classmethod
    def fit(cls, values: xr.Dataset, template: xr.Dataset, *, settings: LatentSettings | None = None) -> Handmade:
        """Learn medians, scales and beat components from a cohort; see `handmade`."""
        settings = settings or LatentSettings()
        table = _table(values)
        if table.sizes["record"] < 2:
            raise SignalError(
                f"{table.sizes['record']} records",
                expected="at least two to learn a scale from",
                remedy="fit on a cohort, then transform the single record",
            )
        scaling = _fit_scaling(table, settings)
        return cls(scaling, _fit_beats(_shapes(template, table["record"]), settings), settings)

    def transform(self, values: xr.Dataset, template: xr.Dataset) -> Embedding:
        """Embed records with the fitted scales and components: the same record always gets the same vector."""
        table = _table(values).reindex(biomarker=self.scaling["biomarker"].values)
        scaled, known = self._scaled(np.asarray(table.values, dtype=np.float64))
        scores, shape_known = self._scores(_shapes(template, table["record"]))
        weight = self.scaling["weight"].values
        known_share = (known * weight**2).sum(axis=1) / max((weight**2).sum(), 1e-12)
        coverage = (1 - self.beat_share) * known_share + self.beat_share * shape_known
        vectors = np.concatenate([scaled, scores], axis=1).astype(np.float32)
        vectors[coverage <= 0] = np.nan
        record = table["record"].values.astype(str)
        return Embedding(
            xr.DataArray(vectors, dims=("record", "latent"), coords={"record": record, "latent": self.names}),
            xr.DataArray(coverage.astype(np.float32), dims="record", coords={"record": record}),
            NAME,
            {"version": VERSION, "settings": self.settings.as_dict()},
            self.to_dataset(),
        )

    @property
    def names(self) -> list[str]:
        """What each latent number is."""
        beats = [f"Beat_PC{number:02d}" for number in range(1, self.beats.sizes["component"] + 1)]
        return [*self.scaling["biomarker"].values.astype(str).tolist(), *beats]

    @property
    def beat_share(self) -> float:
        """Share of the embedding that is the beats', 0 to 1."""
        if self.scaling.sizes["biomarker"] == 0:
            return 1.0
        return float(self.settings.beat_share) if self.beats.sizes["component"] else 0.0

    def to_dataset(self) -> xr.Dataset:
        """The fit as plain arrays."""
        scaling = self.scaling.rename(weight="biomarker_weight")
        beats = self.beats.rename(weight="component_weight")
        told = {"version": VERSION, "settings": as_text(self.settings.as_dict())}
        return xr.merge([scaling, beats], combine_attrs="drop").assign_attrs(told)

    @classmethod
    def from_dataset(cls, stored: xr.Dataset) -> Handmade:
        """The encoder of a stored fit, such as `Embedding.fit`.

        Raises
        ------
        SignalError
            For a fit of another version: its numbers mean something else.
        """
        if stored.attrs.get("version") != VERSION:
            raise SignalError(
                f"a handmade encoder fitted by version {stored.attrs.get('version')}",
                expected=f"version {VERSION}",
                remedy="embed the cohort again with fit='again'",
            )
        scaling = stored[["median", "scale", "biomarker_weight"]].rename(biomarker_weight="weight")
        beats = stored[["mean_mv", "components", "component_weight"]].rename(component_weight="weight")
        settings = LatentSettings.from_dict(from_text(stored.attrs["settings"]))
        return cls(_bare(scaling, "biomarker"), _bare(beats, "lead", "offset"), settings)

    def _scaled(self, table: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
        known = np.isfinite(table)
        standard = (table - self.scaling["median"].values) / self.scaling["scale"].values
        return _softened(np.where(known, standard, 0.0)) * self.scaling["weight"].values, known

    def _scores(self, beats: Floats) -> tuple[Floats, Floats]:
        known = np.isfinite(beats)
        # what is missing counts as average: its share of the score is nothing
        centred = np.where(known, beats - self.beats["mean_mv"].values, 0.0).reshape(len(beats), -1)
        components = self.beats["components"].values.reshape(self.beats.sizes["component"], centred.shape[1])
        return centred @ components.T * self.beats["weight"].values, known.mean(axis=(1, 2))


def _table(values: xr.Dataset) -> xr.DataArray:
    if "value" not in values or set(values["value"].dims) != {"record", "biomarker"}:
        raise SignalError(
            f"a Dataset with {', '.join(map(str, values.data_vars)) or 'no variable'}",
            expected="a variable value with dims (record, biomarker)",
            remedy="hand over what biomarkers.measure returned",
        )
    return _bare(values["value"], "record", "biomarker").transpose("record", "biomarker")


def _bare(thing: Any, *coords: str) -> Any:
    return thing.drop_vars([name for name in thing.coords if name not in coords])


def _fit_scaling(table: xr.DataArray, settings: LatentSettings) -> xr.Dataset:
    names = table["biomarker"].values.astype(str)
    wanted = np.array([not any(fnmatch(name, pattern) for pattern in settings.exclude) for name in names], dtype=bool)
    numbers = np.asarray(table.values, dtype=np.float64)
    enough = np.isfinite(numbers).mean(axis=0) >= 1 - settings.max_missing
    numbers, names = numbers[:, wanted & enough], names[wanted & enough]
    low, median, high = (
        np.nanquantile(numbers, [0.25, 0.5, 0.75], axis=0) if len(names) else np.empty((3, 0), dtype=np.float64)
    )
    deviation = np.nanstd(numbers, axis=0)
    scale = np.where(high > low, (high - low) / _NORMAL_IQR, deviation)
    varies = scale > 1e-9 * np.maximum(1.0, np.abs(median))
    numbers, names, median, scale = numbers[:, varies], names[varies], median[varies], scale[varies]
    standard = _softened(np.where(np.isfinite(numbers), (numbers - median) / scale, 0.0))
    weight = _weights(names, np.var(standard, axis=0)) * np.sqrt(1 - settings.beat_share)
    return xr.Dataset(
        {"median": ("biomarker", median), "scale": ("biomarker", scale), "weight": ("biomarker", weight)},
        coords={"biomarker": names},
    )


def _softened(standard: Floats) -> Floats:
    limited = np.clip(standard, -_LIMIT, _LIMIT)
    return np.asarray(np.sign(limited) * np.log1p(np.abs(limited)))


def _weights(names: npt.NDArray[np.str_], variance: Floats) -> Floats:
    """Weights by which each part has its share of the variance, 1 in all; within a part, by `_family_weights`."""
    weight = _family_weights(names)
    part = np.array([_part(str(name)) for name in names], dtype=str)
    sizes = {name: float((variance * weight**2)[part == name].sum()) for name in _PARTS}
    shares = {name: _PARTS[name][0] for name, size in sizes.items() if size > 0}
    for name, share in shares.items():
        weight[part == name] *= np.sqrt(share / sum(shares.values()) / sizes[name])
    return weight


def _part(name: str) -> str:
    return next(part for part, (_, patterns) in _PARTS.items() if any(fnmatch(name, one) for one in patterns))


def _family_weights(names: npt.NDArray[np.str_]) -> Floats:
    """One over the fourth root of how many leads share the measurement: twelve leads count as three, not as twelve."""
    families = [name.rsplit("_", 1)[0] if name.rsplit("_", 1)[-1] in LEADS else name for name in map(str, names)]
    sizes = np.array([families.count(family) for family in families], dtype=np.float64)
    return np.asarray(sizes**-0.25)


def _shapes(template: xr.Dataset, record: xr.DataArray) -> Floats:
    return beat_shapes(template, record.values, window_s=WINDOW_S)


def _fit_beats(beats: Floats, settings: LatentSettings) -> xr.Dataset:
    known = np.isfinite(beats)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, beats, 0.0).sum(axis=0) / count
    centred = np.where(known, beats - mean, 0.0).reshape(len(beats), -1)
    size, directions = principal(centred)
    kept = min(settings.beat_components, len(beats) - 1, int((size > _LEAST_VARIANCE * size.max(initial=1e-12)).sum()))
    chosen = directions[:kept]
    # every main shape counts alike, not by its millivolts: the axis and the QRS would drown the rest
    weight = np.sqrt(settings.beat_share / max(kept, 1) / np.maximum(size[:kept], 1e-300))
    return xr.Dataset(
        {
            "mean_mv": (("lead", "offset"), mean),
            "components": (("component", "lead", "offset"), chosen.reshape(kept, *mean.shape)),
            "weight": ("component", weight),
        },
        coords={"lead": list(LEADS), "offset": offsets(WINDOW_S)},
    )
