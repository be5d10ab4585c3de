"""Figures for notebooks: a contrast's volcano, a biomarker's distributions, an encoder's map, drawn by HoloViews.

Each function returns a HoloViews element or overlay on the Bokeh backend: it shows itself as the last expression of a
cell, and takes HoloViews' `opts`. The pages of the dashboards use widgets of their own; these are for code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ecgomics.dashboards.theme import DIMENSION_COLOURS
from ecgomics.errors import CohortError, VocabularyError, did_you_mean
from ecgomics.vocabulary import DIMENSIONS

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort
    from ecgomics.discovery import Contrast

GROUP, REST = "#e69f00", "#98a2b3"
LEAST_Q = 1e-12
"""Smaller q-values are drawn here: what matters is passed long before."""

__all__ = ["distributions", "latent_map", "volcano"]


def volcano(contrast: Contrast) -> Any:
    """Effect against evidence of every biomarker of a contrast.

    Parameters
    ----------
    contrast
        What `ecgomics.contrast` returned. Adjusted effects are drawn when it was adjusted for anything.

    Returns
    -------
    holoviews.Overlay
        x: AUC (½: no effect); y: −log₁₀ q; one colour a dimension; the dashed line is the contrast's limit of q.
        Hover names the biomarker. The title carries the badge: with `exploratory` no q is evidence.
    """
    hv = _holoviews()
    adjusted = bool(contrast.recipe["adjust"])
    effect, q = ("auc_adjusted", "q_adjusted") if adjusted else ("auc", "q")
    table = contrast.table().dropna(subset=[effect, q])
    table = table.assign(evidence=-np.log10(table[q].clip(lower=LEAST_Q)))
    label = "AUC, adjusted" if adjusted else "AUC"
    columns = [effect, "evidence", "biomarker", "dimension", "n_group", "n_rest"]
    layers = [
        hv.Points(
            table.loc[table["dimension"] == dimension, columns], [effect, "evidence"], columns[2:], label=dimension
        ).opts(color=DIMENSION_COLOURS[dimension], size=6, alpha=0.75, tools=["hover"])
        for dimension in DIMENSIONS
        if (table["dimension"] == dimension).any()
    ]
    limit = float(contrast.recipe["settings"]["q"])
    line = hv.HLine(-float(np.log10(limit))).opts(color="#667085", line_dash="dashed", line_width=1)
    counts = f"{contrast.n.patients_group} against {contrast.n.patients_rest} patients"
    return hv.Overlay([*layers, line]).opts(
        title=f"{contrast.badge} · {counts}",
        xlabel=label,
        ylabel="−log₁₀ q",
        width=640,
        height=380,
        legend_position="top_left",
    )


def distributions(cohort: Cohort, biomarker: str, *, group: Iterable[str] = ()) -> Any:
    """How a biomarker is distributed in a group of records and in the rest.

    Parameters
    ----------
    cohort
        The cohort, analysed.
    biomarker
        A column, such as ``PR_Int_Global``.
    group
        Record ids, for example ``explorer.selection``; nobody: one curve of all.

    Raises
    ------
    VocabularyError
        When the cohort has no such biomarker.
    CohortError
        When nothing of it is known.
    """
    hv = _holoviews()
    values = cohort.biomarkers
    names = [str(name) for name in values["biomarker"].values]
    if biomarker not in names:
        raise VocabularyError(f"no biomarker {biomarker!r}", remedy=did_you_mean(biomarker, names))
    column = values.sel(biomarker=biomarker)
    known = column["value"].to_series().dropna()
    if known.empty:
        raise CohortError(
            f"{biomarker} is known in no record", remedy="its reason says why: cohort.biomarkers['reason']"
        )
    members = known.index.isin(set(map(str, group)))
    unit = str(column["unit"].item())
    low, high = np.quantile(known, [0.005, 0.995])
    sides = [("group", GROUP, members), ("rest", REST, ~members)] if members.any() else [("all", REST, ~members)]
    curves = [
        hv.Distribution(known[side & known.between(low, high)].to_numpy(), label=f"{name} ({int(side.sum())})").opts(
            color=colour, line_color=colour, alpha=0.5
        )
        for name, colour, side in sides
    ]
    return hv.Overlay(curves).opts(
        xlabel=f"{biomarker} / {unit}" if unit not in ("", "1") else biomarker, ylabel="density", width=640, height=300
    )


def latent_map(cohort: Cohort, *, encoder: str = "handmade", colour: str = "label") -> Any:
    """The stored map of an encoder's vectors.

    Parameters
    ----------
    cohort
        The cohort, projected.
    encoder
        Whose map.
    colour
        ``"label"`` (the first label of each record), ``"sex"``, ``"age"``, or a biomarker.

    Raises
    ------
    CohortError
        When there is no map: says which stage makes it.
    VocabularyError
        For a colour that is none of these.
    """
    hv = _holoviews()
    stored = cohort.latent(encoder)
    if "map" not in stored:
        raise CohortError(f"no map of {encoder!r}", remedy="cohort.project() first")
    place = stored["map"].transpose("record", "axis")
    table = pd.DataFrame(place.values[:, :2], columns=["x", "y"], index=place["record"].values)
    table[colour] = _colours(cohort, colour).reindex(table.index)
    table = table.reset_index(names="record")
    numeric = pd.api.types.is_numeric_dtype(table[colour])
    shown = {"cmap": "viridis", "colorbar": True} if numeric else {"cmap": "Category20", "legend_position": "right"}
    return hv.Points(table, ["x", "y"], [colour, "record"]).opts(
        color=colour,
        size=5,
        alpha=0.8,
        tools=["hover", "lasso_select"],
        width=720,
        height=460,
        xaxis=None,
        yaxis=None,
        **shown,
    )


def _colours(cohort: Cohort, colour: str) -> pd.Series:
    if colour == "label":
        labels = cohort.labels
        return labels.groupby("record", sort=False)["code"].first().astype(str)
    if colour in ("age", "sex"):
        return cohort.records[colour]
    names = [str(name) for name in cohort.biomarkers["biomarker"].values]
    if colour not in names:
        known = ["label", "age", "sex", *names]
        raise VocabularyError(
            f"no colour {colour!r}", expected="label, age, sex or a biomarker", remedy=did_you_mean(colour, known)
        )
    return cohort.biomarkers["value"].sel(biomarker=colour).to_series()


def _holoviews() -> Any:
    import holoviews as hv

    if "bokeh" not in hv.Store.renderers:
        hv.extension("bokeh", inline=True)
    return hv
