"""A map fitted in a process of its own: the page goes on, the fit reports how far it is, and can be cancelled."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import xarray as xr

from ecgomics.errors import EcgomicsError, SignalError
from ecgomics.latent.projection import Projection
from ecgomics.settings import ProjectionSettings

State = Literal["running", "done", "failed", "cancelled"]

_PATIENCE_S = 5.0


class Fit:
    """A fit under way; made by `fit_in_background`. Use it as a context manager, or `cancel` it when it is not needed.

    Examples
    --------
    >>> with fit_in_background(vectors) as fit:  # doctest: +SKIP
    ...     first = fit.preview.map  # principal components, at once
    ...     projection = fit.result()
    """

    def __init__(
        self, vectors: xr.DataArray, settings: ProjectionSettings, *, labels: xr.DataArray | None = None
    ) -> None:
        self._preview = Projection.fit(vectors, ProjectionSettings.from_dict(settings.as_dict() | {"method": "pca"}))
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe(duplex=False)
        given = [None if array is None else _plain(array) for array in (vectors, labels)]
        arguments = (theirs, *given, settings.as_dict())
        self._process = context.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self._share = 0.0
        self._state: State = "running"
        self._told: Any = None

    def __enter__(self) -> Fit:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    @property
    def preview(self) -> Projection:
        """The PCA map, shown meanwhile."""
        return self._preview

    @property
    def progress(self) -> float:
        """Share of the passes that are done, 0 to 1; stays 0 while the compiler works."""
        self._listen(0.0)
        return self._share

    @property
    def state(self) -> State:
        """Whether it runs, is done, failed or was cancelled."""
        self._listen(0.0)
        return self._state

    def cancel(self) -> None:
        """End it; nothing happens when it has ended."""
        self._listen(0.0)
        if self._state == "running":
            self._state = "cancelled"
            self._process.terminate()
        self._process.join(_PATIENCE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._ours.close()

    def result(self, *, timeout_s: float | None = None, told: Callable[[float], None] | None = None) -> Projection:
        """The map, when it is there.

        Parameters
        ----------
        timeout_s
            Longest to wait, s; None: as long as it takes.
        told
            Called with the share done whenever it changes.

        Raises
        ------
        EcgomicsError
            When it failed or was cancelled.
        TimeoutError
            When it is not done in time; it goes on.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while self._state == "running":
            before = self._share
            self._listen(0.1)
            if told is not None and self._share != before:
                told(self._share)
            if self._state == "running" and until is not None and time.monotonic() > until:
                raise TimeoutError("the map is not done yet")
        if self._state != "done":
            why = self._told if isinstance(self._told, str) else "its process ended"
            raise SignalError(f"a map that was {self._state}: {why}", remedy="fit it again")
        return Projection.from_dataset(xr.Dataset.from_dict(self._told))

    def _listen(self, wait_s: float) -> None:
        while self._state == "running" and self._ours.poll(wait_s):
            try:
                kind, told = self._ours.recv()
            except (EOFError, OSError):
                self._state = "failed"
                return
            if kind == "share":
                self._share = float(told)
            else:
                self._state, self._told = kind, told
                self._share = 1.0 if kind == "done" else self._share
            wait_s = 0.0


def fit_in_background(
    vectors: xr.DataArray, settings: ProjectionSettings | None = None, *, labels: xr.DataArray | None = None
) -> Fit:
    """Fit a map in a new process; the same map as `Projection.fit`.

    Parameters
    ----------
    vectors
        (record, latent).
    settings, labels
        As for `Projection.fit`.

    Raises
    ------
    SignalError
        For fewer than four records with a vector.
    """
    return Fit(vectors, settings or ProjectionSettings(), labels=labels)


def _plain(array: xr.DataArray) -> dict[str, Any]:
    coords = {str(dim): [str(name) for name in array[dim].values] for dim in array.dims}
    return {"data": np.asarray(array.values), "dims": array.dims, "coords": coords}


def _run(pipe: Any, vectors: dict[str, Any], labels: dict[str, Any] | None, settings: dict[str, Any]) -> None:
    """In the other process: fit, and send arrays home."""
    try:
        fitted = Projection.fit(
            xr.DataArray(**vectors),
            ProjectionSettings.from_dict(settings),
            labels=None if labels is None else xr.DataArray(**labels),
            progress=lambda share: pipe.send(("share", share)),
        )
        pipe.send(("done", fitted.to_dataset().to_dict(data="array")))
    except EcgomicsError as error:
        pipe.send(("failed", str(error)))
    except BrokenPipeError:
        return  # whoever asked is gone
    finally:
        pipe.close()
