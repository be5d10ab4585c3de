"""The handles and tables of a store at one commit, each opened when first asked for and then kept."""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
import zarr

from ecgomics.cohort import tables
from ecgomics.cohort.layout import LEAD_SEPARATOR
from ecgomics.cohort.manifest import Manifest
from ecgomics.cohort.nodes import open_node
from ecgomics.cohort.place import Place
from ecgomics.cohort.reported import Reported
from ecgomics.cohort.strip import Strip
from ecgomics.errors import CohortError, did_you_mean


class Opened:
    """One commit of a store.

    Parameters
    ----------
    place
        Where it lies.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.stamp = place.stamp()
        self.manifest: Manifest = place.manifest()
        self.strips: dict[str, Strip] = {}
        self._nodes: dict[str, xr.Dataset] = {}

    @property
    def is_last(self) -> bool:
        """Whether no commit has followed."""
        return bool(self.place.stamp() == self.stamp)

    @cached_property
    def root(self) -> zarr.Group:
        """The store's root group."""
        return self.place.root(self.manifest)

    @cached_property
    def ecg(self) -> zarr.Array:
        """The array of the short records."""
        return self.root["signal/ecg"]

    @cached_property
    def rate_hz(self) -> float:
        """Rate of the short records, Hz."""
        return float(self.root["signal"].attrs["rate_hz"])

    @cached_property
    def leads(self) -> tuple[str, ...]:
        """Leads of the short records and of all stages."""
        return tuple(str(name) for name in self.root["signal/lead"][...])

    @cached_property
    def records(self) -> pd.DataFrame:
        """The record table."""
        return tables.read_records(self.root)

    @cached_property
    def labels(self) -> pd.DataFrame:
        """The label table."""
        return tables.read_labels(self.root)

    @cached_property
    def quarantine(self) -> pd.DataFrame:
        """The quarantine table."""
        return tables.read_quarantine(self.root)

    @cached_property
    def reported(self) -> Reported:
        """What the files reported beside their samples."""
        return Reported.read(self.root)

    @cached_property
    def ids(self) -> npt.NDArray[np.object_]:
        """Record ids in the order of the store."""
        return np.asarray(self.root["record"][...]).astype(object)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row of each record id."""
        return {record: row for row, record in enumerate(self.ids)}

    @cached_property
    def is_short(self) -> npt.NDArray[np.bool_]:
        """Which rows are short records."""
        return np.asarray(np.asarray(self.root["kind"][...]).astype(object) == "short", dtype=bool)

    @cached_property
    def samples(self) -> npt.NDArray[np.int64]:
        """Length of each record, samples."""
        return np.asarray(self.root["samples"][...])

    @cached_property
    def own_leads(self) -> npt.NDArray[np.object_]:
        """Leads of each record, as the record table holds them."""
        return np.asarray(self.root["leads"][...]).astype(object)

    @cached_property
    def beat_span(self) -> npt.NDArray[np.int64]:
        """Where each record's beats lie: record ``k`` owns ``beat_span[k]`` up to ``beat_span[k + 1]``."""
        counts = np.asarray(self.group("beats")["beat_count"][...])
        return np.concatenate([[0], np.cumsum(counts)])

    def row(self, record: str) -> int:
        """Row of a record.

        Raises
        ------
        CohortError
            When the cohort has no such record.
        """
        try:
            return self.rows[record]
        except KeyError:
            raise CohortError(
                "a record id this cohort does not have",
                expected=f"one of its {len(self.rows)} ids (`cohort.records.index`)",
                remedy=did_you_mean(str(record), self.rows) if len(self.rows) < 1000 else "",
            ) from None

    def group(self, node: str) -> zarr.Group:
        """The group of a node.

        Raises
        ------
        CohortError
            When the node is not there; says which stage makes it.
        """
        parents = [parent.as_posix() for parent in PurePosixPath(node).parents]
        if any(name in self.manifest.nodes for name in (node, *parents)) and node in self.root:
            return self.root[node]
        known = [name for name in self.manifest.nodes if name not in self.root.array_keys()]
        verb = _MAKERS.get(node.split("/")[0])
        raise CohortError(
            f"the cohort has no {node!r}",
            expected=f"one of {', '.join(sorted(known))}",
            remedy=f"run `{verb}` first (`ecgomics {verb} COHORT`)" if verb else did_you_mean(node, known),
        )

    def node(self, name: str) -> xr.Dataset:
        """A node as a lazy Dataset; it stays open, and what a caller loads is the caller's."""
        if name not in self._nodes:
            self._nodes[name] = open_node(self.group(name), records=self.ids)
        return self._nodes[name].copy(deep=False)

    def strip(self, record: str) -> Strip:
        """The strip of a record; those of long recordings are kept."""
        row = self.row(record)
        if self.is_short[row]:
            samples = np.asarray(self.ecg[row, :, : int(self.samples[row])])
            own = tuple(str(self.own_leads[row]).split(LEAD_SEPARATOR))
            places = [self.leads.index(lead) for lead in own]
            return Strip.of_short(samples[places], leads=own, rate_hz=self.rate_hz)
        if record not in self.strips:
            self.strips[record] = Strip.of_long(self.root[f"long/{record}"])
        return self.strips[record]


_MAKERS = dict.fromkeys(("beats", "template", "quality", "hourly", "biomarkers", "findings"), "analyse") | {
    "latent": "embed"
}
