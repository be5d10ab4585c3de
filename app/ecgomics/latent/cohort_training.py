"""Encoders trained on a cohort's own records, kept on its shelf: they go on where they were stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from ecgomics.errors import CohortError, SettingsError, did_you_mean
from ecgomics.latent.card import EncoderCard
from ecgomics.latent.encoder import Encoder
from ecgomics.latent.finetuning import finetune
from ecgomics.latent.journal import Journal
from ecgomics.latent.pretraining import Progress, pretrain
from ecgomics.latent.registry import encoder_named
from ecgomics.latent.shelf import FOLDER, checked, keep
from ecgomics.latent.teaching import teach
from ecgomics.settings import LatentSettings

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort

Way = Literal["biomarkers", "moments"]


def pretrain_on(
    cohort: Cohort,
    *,
    name: str = "own",
    way: Way = "moments",
    settings: LatentSettings | None = None,
    progress: Progress | None = None,
    logs: str | os.PathLike[str] | None = None,
) -> EncoderCard:
    """Train the small encoder from nothing on a cohort, without labels, and keep it on the cohort's shelf.

    Parameters
    ----------
    cohort
        Whose records; those of patients in the lock-box are not looked at.
    name
        What it is called from then on: ``cohort.embed(name)``.
    way
        ``"moments"``: to recognise a recording by another of its moments; see `pretrain`. ``"biomarkers"``: to see in
        a noisy, partial view what was measured on the whole recording; see `teach`; the cohort must be analysed.
    settings
        Steps, batch, patience, device, …
    progress
        See `Progress`.
    logs
        Folder for TensorBoard; by default none is written.

    Returns
    -------
    EncoderCard
        Of the encoder. A training that was ended, also by force, goes on when it is asked for again; when it is done,
        its checkpoint goes.

    Raises
    ------
    EcgomicsError
        For a name that is taken by an encoder that comes along, too few records, or a checkpoint of another training.
    """
    chosen = settings or LatentSettings()
    checkpoint = _checkpoint(cohort, name)
    records = _open_records(cohort)
    with _journal(logs) as journal:
        told: dict[str, Any] = {
            "settings": chosen,
            "patient": _patients(cohort),
            "progress": progress,
            "checkpoint": checkpoint,
            "journal": journal,
        }
        if way == "moments":
            encoder = pretrain(_signals(cohort, records), **told)
        else:
            values, template = cohort.biomarkers[["value"]].load(), cohort.template[["beat_mv"]].load()
            encoder = teach(_signals(cohort, records), values, template=template, **told)
    return _kept(cohort, encoder, name=name, checkpoint=checkpoint)


def finetune_on(
    cohort: Cohort,
    *,
    label: str,
    name: str | None = None,
    start: str = "ecgomics-small",
    settings: LatentSettings | None = None,
    progress: Progress | None = None,
    logs: str | os.PathLike[str] | None = None,
) -> Encoder:
    """Train a small encoder on to tell a label of a cohort, and keep it on the cohort's shelf.

    Parameters
    ----------
    cohort
        Whose records: those of which the label's system says anything; a statement of any likelihood counts. Patients
        in the lock-box are neither learned from nor judged on.
    label
        ``SYSTEM:CODE``, such as ``ptbxl-scp:LAFB``.
    name
        What it is called from then on; by default the code in small letters after ``tells-``.
    start
        The encoder to begin with: the small one that comes along, or one on the shelf.
    settings, progress, logs
        As for `pretrain_on`.

    Returns
    -------
    Encoder
        See `finetune`: `meta["head"]["scores"]` are those on patients it never saw.

    Raises
    ------
    EcgomicsError
        For a label nobody has, too few patients, or an encoder that cannot be trained on.
    """
    chosen = settings or LatentSettings()
    carries = _carries(cohort, label)
    called = name or _called(label)
    checkpoint = _checkpoint(cohort, called)
    begun = encoder_named(start, store=cohort.path).open() if start else None
    if not isinstance(begun, Encoder):
        raise SettingsError(
            f"training on from {start!r}",
            expected="the small encoder, or one on the cohort's shelf",
            remedy="--start small",
        )
    with _journal(logs) as journal:
        encoder = finetune(
            _signals(cohort, set(carries)),
            carries,
            start=begun,
            label=label,
            patient=_patients(cohort),
            settings=chosen,
            progress=progress,
            checkpoint=checkpoint,
            journal=journal,
        )
    _kept(cohort, encoder, name=called, checkpoint=checkpoint)
    return encoder


def _carries(cohort: Cohort, label: str) -> dict[str, bool]:
    """Who carries a label, of the records its system speaks of, outside the lock-box."""
    system, _, code = label.partition(":")
    told = cohort.labels
    own = told[told["system"] == system]
    codes = sorted(set(own["code"].astype(str)))
    if not code or code not in codes:
        known = sorted(set(told["system"].astype(str))) if own.empty else [f"{system}:{one}" for one in codes]
        raise SettingsError(
            f"the label {label!r}, which no record has",
            expected="SYSTEM:CODE of a label in the cohort",
            remedy=did_you_mean(label, known) or f"there are {', '.join(known[:8])}",
        )
    spoken, with_it = set(own["record"].astype(str)), set(own.loc[own["code"] == code, "record"].astype(str))
    return {record: record in with_it for record in sorted(_open_records(cohort)) if record in spoken}


def _called(label: str) -> str:
    plain = "".join(
        letter if letter.isalnum() and letter.isascii() else "-" for letter in label.partition(":")[2].lower()
    )
    return f"tells-{plain}"[:40].rstrip("-")


def _open_records(cohort: Cohort) -> set[str]:
    """Records outside the lock-box."""
    return {str(record) for record, sealed in zip(cohort.ids, cohort.sealed, strict=True) if not sealed}


def _patients(cohort: Cohort) -> dict[str, str]:
    whose = cohort.records["patient"].astype(str)
    return {str(record): str(patient) for record, patient in whose.items()}


def _signals(cohort: Cohort, records: set[str]) -> Iterator[xr.DataArray]:
    from ecgomics.cohort.blocks import groups
    from ecgomics.cohort.mapped import common_rate

    for group in groups(cohort):
        kept = [record for record in group if record in records]
        if kept:
            yield common_rate(cohort, kept)


def _journal(logs: str | os.PathLike[str] | None) -> Journal | nullcontext[None]:
    return nullcontext() if logs is None else Journal(logs)


def _checkpoint(cohort: Cohort, name: str) -> Path:
    folder = cohort.path / FOLDER
    checked(name)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise CohortError(
            "a cohort that cannot be written to", expected="a directory of one's own", remedy="copy it first"
        ) from error
    return folder / f"{name}.checkpoint"


def _kept(cohort: Cohort, encoder: Encoder, *, name: str, checkpoint: Path) -> EncoderCard:
    card = keep(cohort.path, encoder, name=name)
    checkpoint.unlink(missing_ok=True)
    return card
