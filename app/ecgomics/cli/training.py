"""Encoders of one's own: trained on a cohort, kept with it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ecgomics.cli.grammar import cohort_of, opened, quiet, settings_of, verb_of


def pretrain(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "pretrain", _run_pretrain, "train the small encoder on a cohort, without labels")
    cohort_of(verb)
    _named(verb, "own")
    words = "what it learns: a recording by another of its moments, or what was measured on it (default: %(default)s)"
    verb.add_argument("--way", choices=("moments", "biomarkers"), default="moments", help=words)
    _watched(verb)


def _run_pretrain(given: argparse.Namespace) -> None:
    from ecgomics.latent import pretrain_on

    chosen, cohort = settings_of(given, "latent"), opened(given)
    with _Shown(given, "training") as shown:
        card = pretrain_on(cohort, name=given.name, way=given.way, settings=chosen, progress=shown, logs=given.logs)
    print(f"kept as {card.name!r}; now: ecgomics embed {given.cohort} --encoder {card.name}")


def finetune(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(
        verbs, "finetune", _run_finetune, "train an encoder on to tell a label, judged on patients set apart"
    )
    cohort_of(verb)
    verb.add_argument("--label", metavar="SYSTEM:CODE", required=True, help="such as ptbxl-scp:LAFB")
    words = "encoder to begin with: small, or one trained on this cohort (default: %(default)s)"
    verb.add_argument("--start", metavar="NAME", default="small", help=words)
    _named(verb, None)
    _watched(verb)


def _run_finetune(given: argparse.Namespace) -> None:
    from ecgomics.latent import finetune_on

    chosen, cohort = settings_of(given, "latent"), opened(given)
    with _Shown(given, "training") as shown:
        encoder = finetune_on(
            cohort,
            label=given.label,
            start=given.start,
            name=given.name,
            settings=chosen,
            progress=shown,
            logs=given.logs,
        )
    told = encoder.meta
    for name, counts in told["records"].items():
        print(f"{name:<18} {counts['records']} records, {counts['with the label']} with the label")
    for name, (value, low, high) in told["head"]["scores"].items():
        print(f"{name:<18} {value:.3f}  ({low:.3f} to {high:.3f}, on patients set apart)")
    print(f"kept as {encoder.name!r}; now: ecgomics embed {given.cohort} --encoder {encoder.name}")


def _named(verb: argparse.ArgumentParser, default: str | None) -> None:
    words = "what it is called from then on (default: %(default)s)" if default else "(default: tells- and the code)"
    verb.add_argument("--name", metavar="NAME", default=default, help=words)


def _watched(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--logs", metavar="FOLDER", type=Path, help="write losses for tensorboard --logdir FOLDER")
    quiet(verb)


class _Shown:
    """A bar of the steps, with the loss beside it."""

    def __init__(self, given: argparse.Namespace, what: str) -> None:
        from ecgomics.cohort.progress import as_progress

        self._drawn = as_progress(not given.quiet).shown
        self._what = what
        self._bar: Any = None

    def __enter__(self) -> _Shown:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, step: int, steps: int, loss: float) -> None:
        if not self._drawn:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(desc=self._what, total=steps, initial=step - 1, unit=" steps", dynamic_ncols=True)
        self._bar.update(1)
        self._bar.set_postfix(loss=f"{loss:.3f}", refresh=False)


VERBS = (pretrain, finetune)
"""What this module adds to the command line."""
