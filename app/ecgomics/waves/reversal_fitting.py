"""Fit what leads are to each other: ``python -m ecgomics.waves.reversal_fitting FOLDER … --out lead_order.json``.

FOLDERs hold twelve-lead WFDB records. The printed table is cross-validated: each half of the records is judged by
matrices fitted on the other.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ecgomics.vocabulary import LEADS, normalise_lead
from ecgomics.waves.delineation import delineate
from ecgomics.waves.representative import Template
from ecgomics.waves.reversal import INDEPENDENT, PARTS, PREFERRED, SWAPS, Floats, evidence, fitted, moments_of
from ecgomics.waves.training_data import read_signal

SECONDS = 10


def moments(folders: Sequence[Path]) -> dict[str, Floats]:
    """Moments (part, 8, 8) by record of all twelve-lead records below the folders whose usual beat is a normal one."""
    found: dict[str, Floats] = {}
    for name, template, offset in _templates(folders):
        if template.beats and template.kind == PREFERRED:
            one = moments_of(template.beat.astype(np.float64), template=template, offset=offset)
            if one is not None:
                found[name] = one
    return found


def _templates(folders: Sequence[Path]) -> Iterator[tuple[str, Template, Floats]]:
    for folder in folders:
        for header in sorted(folder.rglob("*.hea")):
            try:
                values, rate, names = read_signal(header.with_suffix(""))
            except (OSError, ValueError):
                continue  # a header without its signal
            leads = [normalise_lead(name) for name in names]
            if not set(LEADS) <= set(leads):
                continue
            rows = values[[leads.index(lead) for lead in LEADS], : int(SECONDS * rate)]
            ecg = xr.DataArray(rows, dims=("lead", "time"), coords={"lead": list(LEADS)}, attrs={"rate_hz": rate})
            made = delineate(ecg).template.sel(lead=list(INDEPENDENT)).isel(record=0)
            template = Template(
                made["beat_mv"].values,
                lead_marks=made["template_marks"].values,
                marks=made["template_global"].values,
                kind=int(made["template_class"]),
                beats=int(made["template_beats"]),
            )
            yield f"{folder.name}/{header.stem}", template, made["offset"].values


def swapped(one: Floats, *, made: Floats) -> Floats:
    """The moments that the record would have with these electrodes swapped."""
    moved = made @ one @ made.T
    total = np.trace(moved, axis1=1, axis2=2)[:, None, None]
    return np.asarray(moved / np.where(total > 0, total, 1))


def table(found: dict[str, Floats]) -> pd.DataFrame:
    """Share of swapped records found, and found as what they are, by swap; and of unswapped ones suspected ("")."""
    halves = {name: zlib.crc32(name.encode()) % 2 for name in found}
    limits = np.array([swap.limit for swap in SWAPS])
    rows = []
    for half in (0, 1):
        precision = fitted([one for name, one in found.items() if halves[name] != half])
        for name, one in found.items():
            if halves[name] == half:
                for swap in (replace(SWAPS[0], name="", made=np.eye(len(INDEPENDENT))), *SWAPS):
                    surplus = evidence(swapped(one, made=swap.made), precision=precision) - limits
                    best = SWAPS[int(np.argmax(surplus))].name if surplus.max() > 0 else ""
                    rows.append((swap.name, best != "", best == swap.name))
    return pd.DataFrame(rows, columns=["swap", "suspected", "named"]).groupby("swap", sort=False).mean()


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the fit."""
    parser = argparse.ArgumentParser(prog="python -m ecgomics.waves.reversal_fitting", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    found = moments(given.folders)
    print(f"{len(found)} records\n{table(found).round(3)}")
    stored = {
        "leads": INDEPENDENT,
        "parts": PARTS,
        "records": len(found),
        "precision": np.round(fitted(list(found.values())), 3).tolist(),
    }
    given.out.write_text(json.dumps(stored) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
