"""How ``ecgomics-small`` was trained: ``python -m ecgomics.latent.small_training --out FILE --real FOLDER …``.

Virtual patients of every condition, and recordings of the folders named, in windows of 10 s. Labels are never read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from ecgomics.errors import EcgomicsError
from ecgomics.latent.encoder import Encoder
from ecgomics.latent.teaching import teach
from ecgomics.settings import LatentSettings
from ecgomics.vocabulary import LEADS, rate_hz

SETTINGS = LatentSettings(steps=2000, batch=64, view_s=6.0, learning_rate=2e-3, patience=0)
PATIENTS = 1600

_WINDOW_S = 10.0
_WINDOWS = 6
_BLOCK = 200
_SIMULATED_HZ = 250.0
_MOST_COPIES = 5
_ALIASES = {"MLII": "II", "ML2": "II"}
_OFFSETS_S = np.arange(-25, 46) * 0.01


def train(folders: list[Path], *, patients: int = PATIENTS, settings: LatentSettings = SETTINGS) -> Encoder:
    """Train on virtual patients and on the recordings of folders."""
    simulated = list(_simulated(patients))
    real = [window for folder in folders for window in _recorded(folder)]
    # few real recordings among many simulated: they come again under other names until they are half as many
    copies = min(_MOST_COPIES, max(1, patients // (2 * max(1, len(real)))))
    again = [w.assign_coords(record=f"{w['record'].item()} {n}") for w in real for n in range(copies)]
    blocks = list(_blocks(simulated + again))
    measured = [_measured(block) for block in blocks]
    values = xr.concat([each[0] for each in measured], dim="record", coords="minimal", compat="override")
    template = xr.concat([each[1] for each in measured], dim="record")
    return teach(blocks, values, template=template, settings=settings, progress=_told)


def _simulated(patients: int) -> Iterator[xr.DataArray]:
    from ecgomics.simulate import CONDITIONS, draw_patient, simulate

    names = list(CONDITIONS)
    for number in range(patients):
        patient = draw_patient(names[number % len(names)], seed=number)
        ecg = simulate(patient, duration_s=_WINDOW_S, rate_hz=_SIMULATED_HZ, seed=number).ecg
        yield ecg.assign_coords(record=f"virtual {number}")


def _recorded(folder: Path) -> Iterator[xr.DataArray]:
    from ecgomics.records import find, read

    for number, item in enumerate(find(folder)):
        try:
            ecg = read(item.path).ecg
        except EcgomicsError:
            continue  # a folder holds files of other kinds too
        names = [_ALIASES.get(str(lead), str(lead)) for lead in ecg["lead"].values]
        kept = [place for place, name in enumerate(names) if name in LEADS]
        if kept:
            signal = ecg.isel(lead=kept).assign_coords(lead=[names[place] for place in kept])
            yield from _cut(signal.reindex(lead=list(LEADS)), name=f"{folder.name} {number}")


def _cut(ecg: xr.DataArray, *, name: str) -> Iterator[xr.DataArray]:
    size = round(_WINDOW_S * rate_hz(ecg))
    for window in range(min(_WINDOWS, max(1, ecg.sizes["time"] // size))):
        piece = ecg.isel(time=slice(window * size, (window + 1) * size)).drop_vars("time", errors="ignore")
        yield piece.pad(time=(0, size - piece.sizes["time"])).assign_coords(record=f"{name} {window}")


def _blocks(windows: list[xr.DataArray]) -> Iterator[xr.DataArray]:
    for rate in sorted({rate_hz(window) for window in windows}):
        same = [window for window in windows if rate_hz(window) == rate]
        for start in range(0, len(same), _BLOCK):
            block = xr.concat(same[start : start + _BLOCK], dim="record", combine_attrs="override")
            yield block.astype(np.float32).assign_attrs(rate_hz=rate)


def _measured(block: xr.DataArray) -> tuple[xr.Dataset, xr.Dataset]:
    from ecgomics.biomarkers import measure
    from ecgomics.waves import delineate

    beats = delineate(block)
    unknown = np.full(block.sizes["record"], np.nan, dtype=np.float32)
    subjects = xr.Dataset(
        {"age": ("record", unknown), "sex": ("record", [""] * len(unknown))}, coords={"record": block["record"]}
    )
    values = measure(beats, block, subjects=subjects)[["value"]]
    return values, beats.template[["beat_mv"]].interp(offset=_OFFSETS_S)


def _told(step: int, steps: int, loss: float) -> None:
    if step % 100 == 0 or step == steps:
        print(f"{step} of {steps}: {loss:.3f}", flush=True)


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="npz file to write")
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="folders of recordings")
    parser.add_argument("--patients", type=int, default=PATIENTS, help="virtual patients")
    parser.add_argument("--steps", type=int, default=SETTINGS.steps)
    given = parser.parse_args()
    settings = LatentSettings(**(SETTINGS.as_dict() | {"steps": given.steps}))
    encoder = train(given.real, patients=given.patients, settings=settings)
    print(encoder.save(given.out).stat().st_size, "bytes")


if __name__ == "__main__":
    main()
