"""`Cohort`: the store as its tables, its signal and its stages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.cohort import looks, views
from ecgomics.cohort.commit import Commit, writing
from ecgomics.cohort.layout import MILLIVOLTS, UNSTATED
from ecgomics.cohort.lazy import variable
from ecgomics.cohort.looks import Look
from ecgomics.cohort.manifest import Stage
from ecgomics.cohort.opened import Opened
from ecgomics.cohort.place import place_of
from ecgomics.cohort.recordings import as_ecg, ecg_of, stored_record
from ecgomics.cohort.results import Results
from ecgomics.cohort.stages import as_settings, put_node, values_digest, with_result
from ecgomics.errors import CohortError
from ecgomics.settings import LockBoxSettings, Settings

if TYPE_CHECKING:
    from ecgomics.records import Record


def open_cohort(path: str | os.PathLike[str]) -> Cohort:
    """Open a cohort store at its last commit; one whose writer was killed half-way is first brought back to it.

    Parameters
    ----------
    path
        The store's directory; or a URL, ``s3://bucket/cohort.zarr``, for which fsspec is asked.

    Raises
    ------
    CohortError
        When there is no cohort, it is damaged, or it is of a future layout.

    Examples
    --------
    >>> open_cohort("nowhere.zarr")
    Traceback (most recent call last):
    ecgomics.errors.CohortError: no cohort at this path; expected a directory made by `ingest`; ingest into it first
    """
    place = place_of(path)
    place.settle()
    opened = Opened(place)
    if opened.manifest.generation == 0:
        raise CohortError(
            "no cohort at this path", expected="a directory made by `ingest`", remedy="ingest into it first"
        )
    return Cohort(opened)


class Cohort(Results):
    """Recordings, what was said about them, and what the stages found; all on disk, read when asked for.

    Made by `open_cohort`. The object follows the store: after a stage is written, by this process or another, the next
    access reads the new commit.

    Parameters
    ----------
    opened
        The store at its last commit.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    @property
    def path(self) -> Path:
        """The store's directory; of a store at a URL, that URL as a name to show."""
        return self._opened.place.path

    # tables

    @property
    def records(self) -> pd.DataFrame:
        """The recordings by id: source, patient, age (years), sex, native_hz, duration_s (s), start, device, kind, …"""
        return self._now.records.copy()

    @property
    def labels(self) -> pd.DataFrame:
        """What others said, one line a statement: record, system, code, likelihood (0–100 %)."""
        return self._now.labels.copy()

    @property
    def quarantine(self) -> pd.DataFrame:
        """What could not be read or analysed: hash, source, reader, version, reason."""
        return self._now.quarantine.copy()

    @property
    def measurements(self) -> pd.DataFrame:
        """What the files themselves had measured: record, name, value, unit."""
        return self._now.reported.measurements.copy()

    @property
    def annotations(self) -> pd.DataFrame:
        """What the files themselves had marked: record, time_s, end_s, lead, system, code."""
        return self._now.reported.annotations.copy()

    def record(self, record: str) -> Record:
        """One recording with all its file knew about itself, as `ecgomics.read` would give it; samples as `ecg`'s.

        Raises
        ------
        CohortError
            When the cohort has no such record.
        """
        return stored_record(self._now, record)

    @property
    def subjects(self) -> xr.Dataset:
        """Who was recorded, dims ``(record)``: age (float32, years, NaN if unknown), sex, patient, native_hz.

        The rate the recording was made at, Hz, says what it can hold: pacing spikes need 200 Hz.
        """
        table = self._now.records
        columns = {name: ("record", table[name].to_numpy()) for name in SUBJECTS}
        return xr.Dataset(columns, coords={"record": self.ids})

    @property
    def ids(self) -> npt.NDArray[np.object_]:
        """Record ids in the order of the store."""
        return self._now.ids.copy()

    @property
    def leads(self) -> tuple[str, ...]:
        """Leads of `signal` and of every stage."""
        return self._now.leads

    @property
    def rate_hz(self) -> float:
        """Common sampling rate of the short records, Hz."""
        return self._now.rate_hz

    def __len__(self) -> int:
        return len(self._now.ids)

    # what discovery may look at, and has

    @property
    def lockbox(self) -> LockBoxSettings:
        """Which patients are set aside for replication: share and salt, fixed when the cohort was begun."""
        stage = self._now.manifest.stages.get("ingest")
        begun = UNSTATED | ({} if stage is None else stage.settings)
        return LockBoxSettings(share=begun["lockbox_share"], salt=begun["lockbox_salt"])

    @property
    def sealed(self) -> npt.NDArray[np.bool_]:
        """Which records belong to patients in the lock-box: bool, (record), in the order of `ids`."""
        from ecgomics.discovery.lockbox import sealed

        table = self._now.records
        return sealed(table["patient"].to_numpy(), record=table.index.to_numpy(), settings=self.lockbox)

    @property
    def address(self) -> str:
        """The path or URL by which another process opens it: see `open_cohort`."""
        return self._opened.place.address

    @property
    def id(self) -> str:
        """The cohort's own name, 16 hex digits: drawn when it was begun, kept when it grows, is moved or copied."""
        return self._now.manifest.id

    @property
    def reach(self) -> str:
        """``"processes"``, or ``"process"`` for a store in this process's memory, which no other can open."""
        return self._opened.place.reach

    @property
    def scratch(self) -> Path:
        """A directory of this machine for files that live no longer than the work on them."""
        return self._opened.place.scratch

    @property
    def ledger_path(self) -> Path:
        """The file of `looks`, beside the manifest: one JSON object a line, only ever added to."""
        return self.path / looks.NAME

    def looks(self) -> tuple[dict[str, Any], ...]:
        """Every look at the data that was noted, oldest first, as it was given to `note_look`."""
        return self._opened.place.looks()

    def note_look(self, look: Look) -> dict[str, Any]:
        """Add a look to the ledger, durably, while no other process does.

        Parameters
        ----------
        look
            What JSON can hold; or a function that makes it of the looks so far, such as one that numbers and chains
            them: no other look comes in between.

        Returns
        -------
        dict[str, Any]
            The look as it was written.

        Raises
        ------
        CohortError
            When the ledger cannot be written, or another process holds it for long.
        """
        return self._opened.place.note_look(look)

    # signal

    @property
    def signal(self) -> xr.DataArray:
        """The short records, lazy: dims ``(record, lead, time)``, float32 mV, NaN = missing or padding."""
        opened = self._now
        time = np.arange(opened.ecg.shape[2]) / opened.rate_hz
        coords = {"record": opened.ids, "lead": list(opened.leads), "time": time}
        array = xr.DataArray(variable(opened.ecg), coords=coords, name="ecg")
        return array if opened.is_short.all() else array[np.flatnonzero(opened.is_short)]

    def ecg(self, record: str, *, start: int = 0, stop: int | None = None) -> xr.DataArray:
        """One recording or a stretch of it: dims ``(lead, time)``, float32 mV, NaN = missing.

        It has the leads that were recorded or derived, in the usual order; a short record comes at the cohort's rate, a
        long one at its native rate.

        Parameters
        ----------
        record
            Its id.
        start, stop
            From which sample up to but not including which; None: to the end.

        Raises
        ------
        CohortError
            When the cohort has no such record.
        """
        return ecg_of(self._now, record, start=start, stop=stop)

    def block(self, records: Sequence[str]) -> xr.DataArray:
        """Short records together: dims ``(record, lead, time)``, float32 mV, NaN = missing or padding."""
        opened = self._now
        rows = [opened.row(record) for record in records]
        together = rows == list(range(rows[0], rows[0] + len(rows)))
        raw = opened.ecg[rows[0] : rows[0] + len(rows)] if together else opened.ecg.oindex[rows]
        longest = int(opened.samples[rows].max())
        values = MILLIVOLTS.decode(np.asarray(raw)[:, :, :longest])
        coords = {"record": list(records), "lead": list(opened.leads)}
        return as_ecg(values, ("record", "lead", "time"), coords=coords, rate_hz=opened.rate_hz)

    def window(self, record: str, t0: float, t1: float, width: int) -> xr.Dataset:
        """What a strip of `width` pixels shows of a recording from `t0` to `t1` seconds.

        Parameters
        ----------
        record
            Its id.
        t0, t1
            Seconds from its start; cut to the recording.
        width
            Pixels, ≥ 1.

        Returns
        -------
        xr.Dataset
            Attribute ``kind = "samples"``: ``ecg``, dims ``(lead, time)``. Or ``kind = "envelope"``: ``low`` and
            ``high``, dims ``(lead, column)``, the exact minimum and maximum of the samples from ``start_s`` up to but
            not including ``stop_s``; at most `width` columns. float32 mV, NaN = missing. Attribute ``rate_hz``.

        Raises
        ------
        CohortError
            When the record is unknown or the window empty.
        """
        return self._now.strip(record).window(t0, t1, width=width)

    # stages

    @property
    def stages(self) -> dict[str, Stage]:
        """The stages that are there: version, settings, inputs and digest of each."""
        return dict(self._now.manifest.stages)

    @property
    def generation(self) -> int:
        """Number of commits so far."""
        return self._now.manifest.generation

    @property
    def stale(self) -> tuple[str, ...]:
        """Stages whose inputs have changed since they ran."""
        stages = self._now.manifest.stages
        return tuple(name for name, stage in stages.items() if self._moved(stage.inputs))

    def digest_of(self, name: str) -> str:
        """Digest of something a stage reads: another stage's result, or ``subjects``.

        Raises
        ------
        CohortError
            When that stage has not run.
        """
        opened = self._now
        if name == "subjects":
            return values_digest(opened.records, SUBJECTS)
        if name not in opened.manifest.stages:
            raise CohortError(f"the stage {name!r} has not run", expected=f"one of {', '.join(opened.manifest.stages)}")
        return opened.manifest.stages[name].digest

    def is_current(
        self, name: str, *, version: str, settings: Settings | Mapping[str, Any], inputs: Mapping[str, str]
    ) -> bool:
        """Whether a stage's result is there and was made by this version, with these settings, from these inputs."""
        stage = self._now.manifest.stages.get(name)
        if stage is None:
            return False
        return (stage.version, stage.settings, stage.inputs) == (version, as_settings(settings), dict(inputs))

    def write_stage(
        self,
        name: str,
        datasets: xr.Dataset | Mapping[str, xr.Dataset],
        *,
        version: str,
        settings: Settings | Mapping[str, Any],
        inputs: Mapping[str, str],
    ) -> None:
        """Put a stage's result in place of its former one, whole or not at all.

        Parameters
        ----------
        name
            The stage.
        datasets
            Its nodes by path; a single Dataset becomes the node `name`.
        version, settings, inputs
            What it ran with; `inputs` are digests by name, as `digest_of` gives them.

        Raises
        ------
        CohortError
            When the records are not the cohort's, or another process is writing.
        """
        nodes = {name: datasets} if isinstance(datasets, xr.Dataset) else datasets
        blocks = {node: [dataset] for node, dataset in nodes.items()}
        with self.writing() as commit:
            self.publish(commit, name, blocks=blocks, stage=Stage(version, as_settings(settings), dict(inputs)))

    @contextmanager
    def writing(self) -> Iterator[Commit]:
        """Be the cohort's one writer, with a place for partial results; see `publish`."""
        with writing(self._opened.place) as commit:
            yield commit

    def publish(
        self,
        commit: Commit,
        name: str,
        *,
        blocks: Mapping[str, Sequence[xr.Dataset]],
        stage: Stage,
        beside: Sequence[str] = (),
    ) -> None:
        """Commit a stage whose nodes come as blocks in the order of the records.

        Parameters
        ----------
        commit
            From `writing`.
        name
            The stage.
        blocks
            Datasets of each node, lazy or not.
        stage
            Its version, settings and inputs.
        beside
            Stages whose part of these nodes is carried over; other stages that wrote to them are no longer there.
        """
        opened = self._now
        for node, parts in blocks.items():
            put_node(commit, node, blocks=parts, ids=opened.ids)
        commit.publish(with_result(opened.manifest, commit, name=name, stage=stage, beside=beside))

    # the way on

    def analyse(self, **options: Any) -> Cohort:
        """Waves, biomarkers and rules; see `ecgomics.pipeline.analyse`."""
        from ecgomics import pipeline

        return pipeline.analyse(self, **options)

    def embed(self, encoder: str = "handmade", **options: Any) -> Cohort:
        """Vectors by an encoder; see `ecgomics.pipeline.embed`."""
        from ecgomics import pipeline

        return pipeline.embed(self, encoder=encoder, **options)

    def project(self, **options: Any) -> Cohort:
        """Map of an encoder's vectors; see `ecgomics.pipeline.project`."""
        from ecgomics import pipeline

        return pipeline.project(self, **options)

    def __repr__(self) -> str:
        return views.as_text(self)

    def _repr_html_(self) -> str:
        return views.as_html(self)

    @property
    def _now(self) -> Opened:
        if not self._opened.is_last:
            self._opened = Opened(self._opened.place)
        return self._opened

    def _moved(self, inputs: Mapping[str, str]) -> bool:
        stages = self._now.manifest.stages
        known = {name: digest for name, digest in inputs.items() if name == "subjects" or name in stages}
        gone = [name for name in inputs if name in _STAGES and name not in stages]
        return bool(gone) or any(self.digest_of(name) != digest for name, digest in known.items())


SUBJECTS = ("age", "sex", "patient", "native_hz")
_STAGES = ("ingest", "waves", "biomarkers", "rules")
