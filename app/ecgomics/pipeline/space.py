"""Vectors of a cohort's records, and maps of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import xarray as xr

from ecgomics.cohort import Cohort
from ecgomics.cohort.blocks import Mapped, groups
from ecgomics.cohort.mapped import common_rate
from ecgomics.cohort.progress import Progress, as_progress
from ecgomics.cohort.staged import key_of
from ecgomics.errors import CohortError
from ecgomics.pipeline.plan import Plan
from ecgomics.settings import LatentSettings, ProjectionSettings

if TYPE_CHECKING:
    from ecgomics.latent import Embedding, Projection, SignalEncoder

Fit = Literal["keep", "again"]


def embed(
    cohort: Cohort,
    *,
    encoder: str = "handmade",
    settings: LatentSettings | None = None,
    fit: Fit = "keep",
    progress: bool | Progress = True,
) -> Cohort:
    """Turn records into vectors and store them in ``/latent/<encoder>``; not run again when up to date.

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
    progress
        Whether a bar is drawn on a terminal.

    Raises
    ------
    EcgomicsError
        For an unknown encoder, a cohort that is not analysed or too small, or when another process is writing it.
    """
    from ecgomics.latent import identity

    name = _encoder_name(cohort, encoder)
    chosen = settings or LatentSettings()
    before = ("ingest", "waves", "biomarkers") if name == "handmade" else ("ingest",)
    source = before[-1]
    # what the numbers mean, whichever records they are of
    method = key_of(*((stage.version, stage.settings) for s in before if (stage := cohort.stages.get(s))))
    network = identity(name, weights=chosen.weights, store=cohort.path)
    plan = Plan(f"embed:{name}", chosen, {source: cohort.digest_of(source), "method": method} | network)
    if plan.is_current(cohort) and fit == "keep":
        return cohort
    known = _embedding(cohort, name) if fit == "keep" and plan.differs_by_records(cohort, source) else None
    with cohort.writing() as commit:
        if name == "handmade":
            embedding = _embed_by_hand(cohort, chosen, known)
        else:
            embedding = _embed_by_network(cohort, name, chosen, known, as_progress(progress))
        nodes = {f"latent/{name}": [embedding.to_dataset()]}
        if known is not None:
            nodes = _with_map(cohort, name, nodes[f"latent/{name}"][0])
        plan.publish(cohort, commit, Mapped(nodes, {}), beside=() if known is None else (f"project:{name}",))
    return cohort


def project(
    cohort: Cohort,
    *,
    encoder: str | None = None,
    settings: ProjectionSettings | None = None,
    fit: Fit = "keep",
    labels: str | None = None,
) -> Cohort:
    """Draw a map of an encoder's vectors.

    It is stored beside them as ``map``, with its fit in ``/latent/<encoder>/projection``; not drawn again when up to
    date.

    Parameters
    ----------
    cohort
        The cohort, embedded.
    encoder
        Whose vectors; None: of all encoders there are.
    settings
        Method, neighbours, seed.
    fit
        ``"keep"``: records added since are placed on the map, which does not move. ``"again"``: it is drawn anew.
    labels
        A system of the cohort's labels to draw with (supervised UMAP): of each record its likeliest code. Such a map
        shows what was told, so it is no evidence for it.

    Raises
    ------
    EcgomicsError
        When the cohort is not embedded, has fewer than four vectors, or another process is writing it.
    """
    names = cohort.encoders if encoder is None else (_encoder_name(cohort, encoder),)
    if not names:
        cohort.latent("handmade")  # says what to do first
    for name in names:
        _project(cohort, name, settings or ProjectionSettings(), fit=fit, labels=labels)
    return cohort


def _encoder_name(cohort: Cohort, encoder: str) -> str:
    from ecgomics.latent import encoder_named

    return encoder_named(encoder, store=cohort.path).card.name


def _embedding(cohort: Cohort, name: str) -> Embedding:
    from ecgomics.latent import Embedding

    return Embedding.from_dataset(cohort.latent(name).load())


def _with_map(cohort: Cohort, name: str, embedded: xr.Dataset) -> dict[str, list[xr.Dataset]]:
    """Nodes of vectors made by a kept fit: their map is still that of the fit, without the records added since."""
    node, stored = f"latent/{name}", cohort.latent(name)
    if "map" not in stored:
        return {node: [embedded]}
    projection = cohort.node(f"{node}/projection").load()
    drawn = stored[[name for name in _DRAWN if name in stored]].load()
    told = {name: value for name, value in stored.attrs.items() if name not in embedded.attrs}
    return {node: [embedded.assign(drawn.data_vars).assign_attrs(told)], f"{node}/projection": [projection]}


def _embed_by_hand(cohort: Cohort, settings: LatentSettings, known: Embedding | None) -> Embedding:
    from ecgomics.latent import Handmade

    values, template = cohort.biomarkers.load(), cohort.template.load()
    fitted = Handmade.fit(values, template, settings=settings) if known is None else Handmade.from_dataset(known.fit)
    return fitted.transform(values, template)


def _embed_by_network(
    cohort: Cohort, name: str, settings: LatentSettings, known: Embedding | None, progress: Progress
) -> Embedding:
    from ecgomics.latent import Encoder, encoder_named, pretrain

    own = name == "ecgomics-small"
    if own and known is not None:
        encoder: SignalEncoder = Encoder.from_dataset(known.fit)
    elif own and settings.origin == "cohort":
        with progress.bar("training", total=int(settings.steps), done=0, unit="steps") as advance:
            encoder = pretrain(_signals(cohort), settings=settings, progress=lambda done, total, loss: advance(1))
    else:
        encoder = encoder_named(name, store=cohort.path).open(weights=settings.weights or None)
    if isinstance(encoder, Encoder):
        return encoder.embed(_signals(cohort), threads=int(settings.threads), precision=settings.precision)
    return encoder.embed(_signals(cohort), threads=int(settings.threads))


def _signals(cohort: Cohort) -> Iterator[xr.DataArray]:
    return (common_rate(cohort, records) for records in groups(cohort))


def _project(cohort: Cohort, name: str, settings: ProjectionSettings, *, fit: Fit, labels: str | None = None) -> None:
    from ecgomics.latent import Embedding, Projection

    stored = cohort.latent(name).load()
    source = f"embed:{name}"
    space = key_of(*(stored[v].values.tobytes() for v in sorted(map(str, stored.data_vars)) if v.startswith("fit_")))
    told = _likeliest(cohort, labels) if labels is not None else None
    drawn_with = {} if told is None else {"labels": key_of(labels, *told.values)}
    plan = Plan(f"project:{name}", settings, {source: cohort.digest_of(source), "fit": space} | drawn_with)
    if plan.is_current(cohort) and fit == "keep":
        return
    vectors = Embedding.from_dataset(stored).vectors
    if fit == "keep" and plan.differs_by_records(cohort, source):
        projection = Projection.from_dataset(cohort.node(f"latent/{name}/projection").load())
    else:
        projection = Projection.fit(vectors, settings, labels=told)
    drawn = _drawn(stored, vectors, projection=projection, neighbours=int(settings.neighbours))
    nodes = {f"latent/{name}": [drawn], f"latent/{name}/projection": [projection.to_dataset()]}
    with cohort.writing() as commit:
        plan.publish(cohort, commit, Mapped(nodes, {}))


def _likeliest(cohort: Cohort, system: str) -> xr.DataArray:
    """The likeliest code of a system for every record; empty where it has none."""
    table = cohort.labels
    own = table[table["system"] == system].sort_values("likelihood", kind="stable")
    if own.empty:
        known = ", ".join(sorted(set(table["system"]))) or "none"
        raise CohortError(f"no labels of the system {system!r}", expected=f"one of: {known}", remedy="name another")
    codes = own.drop_duplicates("record", keep="last").set_index("record")["code"]
    ids = [str(record) for record in cohort.ids]
    return xr.DataArray(codes.reindex(ids).fillna("").to_numpy(str), dims="record", coords={"record": ids})


_DRAWN = ("map", "map_trust")


def _drawn(stored: xr.Dataset, vectors: xr.DataArray, *, projection: Projection, neighbours: int) -> xr.Dataset:
    """The node with its map, and how far each place on it can be trusted; see `Projection.trust_of`."""
    drawn = stored.drop_vars([*_DRAWN, "axis"], errors="ignore").assign(map=projection.transform(vectors))
    judged = projection.trust_of(vectors["record"].values, neighbours=neighbours)
    return drawn.assign(map_trust=("record", judged["map_trust"].values)).assign_attrs(judged.attrs)
