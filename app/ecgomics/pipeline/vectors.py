"""Vectors of a cohort's records, block by block; finished blocks outlive a killed run."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from ecgomics.cohort import Cohort
from ecgomics.cohort.bench import Bench, Nodes
from ecgomics.cohort.blocks import Mapped, Share, groups, joined
from ecgomics.cohort.commit import Commit
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.mapped import common_rate
from ecgomics.cohort.progress import Progress, as_progress
from ecgomics.cohort.staged import key_of
from ecgomics.pipeline.plan import Plan
from ecgomics.settings import LatentSettings
from ecgomics.vocabulary import LEADS, rate_hz

if TYPE_CHECKING:
    from ecgomics.latent import Embedding, SignalEncoder

Fit = Literal["keep", "again"]

DRAWN = ("map", "map_trust")
"""What a map adds to a node of vectors."""

WORTH_PROCESSES = 2000
"""Records from which on processes are worth their start: each loads torch anew."""

STRETCH_S = 600.0
"""Of a recording longer than that, so much is looked at at a time; a multiple of every encoder's window."""

_ROWS, _TOGETHER = 256, 2048
"""Records whose beats are read, and that are transformed, at a time."""


def embed(
    cohort: Cohort,
    *,
    encoder: str = "handmade",
    settings: LatentSettings | None = None,
    fit: Fit = "keep",
    workers: int | None = None,
    scheduler: str = "",
    memory_gb: float | None = None,
    progress: bool | Progress = True,
) -> Cohort:
    """Turn records into vectors and store them in ``/latent/<encoder>``; not run again when up to date.

    A run that was killed goes on from its finished blocks. A record at which the encoder fails is listed in
    `Cohort.quarantine` and has no vector.

    Parameters
    ----------
    cohort
        The cohort; analysed, for ``"handmade"``.
    encoder
        A name of `latent.encoders()`. ``"handmade"``: scaled biomarkers and components of the representative beats.
        ``"small"``: the small network, as it comes along or, with ``settings.origin = "cohort"``, trained on this
        cohort without labels.
    settings
        Settings of the encoder.
    fit
        ``"keep"``: when records were added, they are transformed by the encoder fitted before. ``"again"``: it is
        fitted to all.
    workers
        Processes; by default as many as cores from 2,000 records on, below that this process alone, which 0 asks for.
        ``"handmade"`` takes seconds and needs none.
    scheduler
        Address of a Dask scheduler whose workers do it instead; they must see the cohort, and a file of weights, under
        the same path.
    memory_gb
        Memory a worker process may take, in 10⁹ bytes.
    progress
        Whether a bar is drawn on a terminal.

    Raises
    ------
    EcgomicsError
        For an unknown encoder, a cohort that is not analysed or too small, or when another process is writing it.
    """
    from ecgomics.latent import identity

    name = encoder_name(cohort, encoder)
    chosen, hands, shown = settings or LatentSettings(), Hands(workers, scheduler, memory_gb), as_progress(progress)
    before = ("ingest", "waves", "biomarkers") if name == "handmade" else ("ingest",)
    source = before[-1]
    # what the numbers mean, whichever records they are of
    method = key_of(*((stage.version, stage.settings) for s in before if (stage := cohort.stages.get(s))))
    network = identity(name, weights=chosen.weights, store=cohort.path)
    plan = Plan(f"embed:{name}", chosen, {source: cohort.digest_of(source), "method": method} | network)
    if plan.is_current(cohort) and fit == "keep":
        return cohort
    known = _embedding(cohort, name) if fit == "keep" and plan.differs_by_records(cohort, source) else None
    failures: dict[str, str] = {}
    with cohort.writing() as commit:
        if name == "handmade":
            embedding = _by_hand(cohort, chosen, known, progress=shown)
        else:
            network_of = _Network(cohort, commit, name, plan=plan, settings=chosen, known=known)
            embedding, failures = network_of.embedding(hands, shown)
        nodes = {f"latent/{name}": [embedding.to_dataset()]}
        if known is not None:
            nodes = _with_map(cohort, name, nodes[f"latent/{name}"][0])
        plan.publish(cohort, commit, Mapped(nodes, failures), beside=() if known is None else (f"project:{name}",))
    return cohort


def encoder_name(cohort: Cohort, encoder: str) -> str:
    """The full name of an encoder.

    Raises
    ------
    SettingsError
        For a name that is none.
    """
    from ecgomics.latent import encoder_named

    return encoder_named(encoder, store=cohort.path).card.name


def look_at(share: Share, settings: Mapping[str, Any]) -> Nodes:
    """The stage ``embed`` on a block, for an encoder of signals: node vectors."""
    encoder = _opened(settings["encoder"], settings["weights"], settings["bench"], settings["file"])
    vectors, coverage = _vectors(encoder, share.ecg, settings)
    return {"vectors": xr.Dataset({"vectors": vectors, "coverage": coverage})}


class _Network:
    """An encoder of signals about to be run over a cohort."""

    def __init__(
        self,
        cohort: Cohort,
        commit: Commit,
        name: str,
        *,
        plan: Plan,
        settings: LatentSettings,
        known: Embedding | None,
    ) -> None:
        self.cohort, self.commit, self.name = cohort, commit, name
        self.plan, self.settings, self.known = plan, settings, known

    def embedding(self, hands: Hands, progress: Progress) -> tuple[Embedding, dict[str, str]]:
        """Vectors of all records, and why some have none."""
        bench = self.plan.bench(self.commit, hands)
        encoder, file = self._encoder(bench, progress)
        few = hands.workers is None and not hands.scheduler and len(self.cohort) < WORTH_PROCESSES
        crew = replace(hands, workers=0) if few and hands.memory_gb is None else hands
        here = crew.workers == 0 and not crew.scheduler
        given = {
            "encoder": self.name,
            "weights": self.settings.weights,
            "file": file,
            "bench": bench,
            "precision": self.settings.precision,
            # processes have one core each
            "threads": int(self.settings.threads) if here else 1,
        }
        found = self.plan.map(self.cohort, bench, look_at, hands=crew, progress=progress, given=given)
        whole = joined([part.load() for part in found.nodes["vectors"]])
        told = _embed(encoder, _blank(self.cohort), given)
        return replace(told, vectors=whole["vectors"], coverage=whole["coverage"]), found.failures

    def _encoder(self, bench: Bench, progress: Progress) -> tuple[SignalEncoder, str]:
        """The encoder, and the name of its file on the bench, when workers could not make it themselves."""
        from ecgomics.latent import Encoder, encoder_named, pretrain

        own, file = self.name == "ecgomics-small", f"{self.plan.key}.npz"
        if own and self.known is not None:
            return _kept(Encoder.from_dataset(self.known.fit), bench, f"known-{file}")
        if own and self.settings.origin == "cohort":
            if bench.read(file):
                return _opened(self.name, "", bench, file), file  # trained by a run that was killed later
            with progress.bar("training", total=int(self.settings.steps), done=0, unit="steps") as advance:
                options: dict[str, Any] = {"progress": lambda done, total, loss: advance(1)}
                return _kept(pretrain(_signals(self.cohort), settings=self.settings, **options), bench, file)
        made = encoder_named(self.name, store=self.cohort.path).open(weights=self.settings.weights or None)
        return _kept(made, bench, file) if isinstance(made, Encoder) and not own else (made, "")


def _kept(encoder: Any, bench: Bench, file: str) -> tuple[SignalEncoder, str]:
    stream = io.BytesIO()
    encoder.write(stream)
    bench.write(file, stream.getvalue())
    return encoder, file


@lru_cache(maxsize=2)
def _opened(name: str, weights: str, bench: Bench, file: str) -> SignalEncoder:
    # workers come back to the same encoder block after block
    from ecgomics.latent import Encoder, encoder_named

    if file:
        return Encoder.parse(bench.read(file))
    return encoder_named(name).open(weights=weights or None)


def _vectors(encoder: SignalEncoder, ecg: xr.DataArray, given: Mapping[str, Any]) -> tuple[xr.DataArray, xr.DataArray]:
    """Vectors and coverage of a block; of a long recording the mean over its stretches, by what was recorded."""
    size = round(STRETCH_S * rate_hz(ecg))
    if ecg.sizes["time"] <= size:
        whole = _embed(encoder, ecg, given)
        return whole.vectors, whole.coverage
    parts, weights = [], []
    for start in range(0, ecg.sizes["time"], size):
        part = ecg.isel(time=slice(start, start + size))
        parts.append(_embed(encoder, part, given))
        weights.append(part.notnull().any("lead").sum("time").values)
    stacked = np.stack([part.vectors.values for part in parts]).astype(np.float64)
    there = np.asarray(np.isfinite(stacked).all(axis=2), dtype=bool)
    weight = np.where(there, np.stack(weights), 0.0)
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (np.where(there[..., None], stacked, 0.0) * weight[..., None]).sum(axis=0) / total[:, None]
        covered = (np.stack([part.coverage.values for part in parts]) * weight).sum(axis=0) / total
    first = parts[0]
    return (
        first.vectors.copy(data=mean.astype(np.float32)),
        first.coverage.copy(data=np.nan_to_num(covered).astype(np.float32)),
    )


def _embed(encoder: SignalEncoder, ecg: xr.DataArray, given: Mapping[str, Any]) -> Embedding:
    from ecgomics.latent import Encoder

    if isinstance(encoder, Encoder):
        return encoder.embed(ecg, threads=given["threads"], precision=given["precision"])
    return encoder.embed(ecg, threads=given["threads"])


def _blank(cohort: Cohort) -> xr.DataArray:
    """A record without a signal, for what an encoder says of itself."""
    nothing = np.full((1, len(cohort.leads), round(10 * cohort.rate_hz)), np.nan, dtype=np.float32)
    coords = {"record": ["none"], "lead": list(cohort.leads)}
    return xr.DataArray(nothing, dims=("record", "lead", "time"), coords=coords, attrs={"rate_hz": cohort.rate_hz})


def _embedding(cohort: Cohort, name: str) -> Embedding:
    from ecgomics.latent import Embedding

    return Embedding.from_dataset(cohort.latent(name).load())


def _with_map(cohort: Cohort, name: str, embedded: xr.Dataset) -> dict[str, list[xr.Dataset]]:
    """Nodes of vectors made by a kept fit: their map is still that of the fit, without the records added since."""
    node, stored = f"latent/{name}", cohort.latent(name)
    if "map" not in stored:
        return {node: [embedded]}
    projection = cohort.node(f"{node}/projection").load()
    drawn = stored[[name for name in DRAWN if name in stored]].load()
    told = {name: value for name, value in stored.attrs.items() if name not in embedded.attrs}
    return {node: [embedded.assign(drawn.data_vars).assign_attrs(told)], f"{node}/projection": [projection]}


def _by_hand(cohort: Cohort, settings: LatentSettings, known: Embedding | None, *, progress: Progress) -> Embedding:
    from ecgomics.latent import Handmade

    values, template = cohort.biomarkers[["value"]].load(), _shapes(cohort, progress)
    fitted = Handmade.fit(values, template, settings=settings) if known is None else Handmade.from_dataset(known.fit)
    parts = []
    for start in range(0, len(cohort), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        parts.append(fitted.transform(values.isel(record=some), template.isel(record=some)))
    vectors, coverage = (xr.concat([getattr(p, name) for p in parts], dim="record") for name in ("vectors", "coverage"))
    return replace(parts[0], vectors=vectors, coverage=coverage)


def _shapes(cohort: Cohort, progress: Progress) -> xr.Dataset:
    """Representative beats as far as the handmade encoder looks at them: a tenth of what the store holds of them."""
    from ecgomics.latent.handmade import WINDOW_S
    from ecgomics.latent.shapes import beat_shapes, offsets

    template = cohort.template[["beat_mv"]]
    ids, parts = cohort.ids, []
    with progress.bar("beats", total=len(ids), done=0, unit="records") as advance:
        for start in range(0, len(ids), _ROWS):
            some = template.isel(record=slice(start, start + _ROWS)).load()
            parts.append(beat_shapes(some, some["record"].values, window_s=WINDOW_S).astype(np.float32))
            advance(len(parts[-1]))
    coords = {"record": ids, "lead": list(LEADS), "offset": offsets(WINDOW_S)}
    return xr.Dataset({"beat_mv": (("record", "lead", "offset"), np.concatenate(parts))}, coords=coords)


def _signals(cohort: Cohort) -> Iterator[xr.DataArray]:
    return (common_rate(cohort, records) for records in groups(cohort))
