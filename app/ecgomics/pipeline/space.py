"""Maps of a cohort's vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from ecgomics.cohort import Cohort
from ecgomics.cohort.blocks import Mapped
from ecgomics.cohort.staged import key_of
from ecgomics.errors import CohortError
from ecgomics.pipeline.plan import Plan
from ecgomics.pipeline.vectors import DRAWN, Fit, encoder_name
from ecgomics.settings import ProjectionSettings

if TYPE_CHECKING:
    from ecgomics.latent import Projection


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
    names = cohort.encoders if encoder is None else (encoder_name(cohort, encoder),)
    if not names:
        cohort.latent("handmade")  # says what to do first
    for name in names:
        _project(cohort, name, settings or ProjectionSettings(), fit=fit, labels=labels)
    return cohort


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


def _drawn(stored: xr.Dataset, vectors: xr.DataArray, *, projection: Projection, neighbours: int) -> xr.Dataset:
    """The node with its map, and how far each place on it can be trusted; see `Projection.trust_of`."""
    drawn = stored.drop_vars([*DRAWN, "axis"], errors="ignore").assign(map=projection.transform(vectors))
    judged = projection.trust_of(vectors["record"].values, neighbours=neighbours)
    return drawn.assign(map_trust=("record", judged["map_trust"].values)).assign_attrs(judged.attrs)
