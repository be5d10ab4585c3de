"""The stages, from files to a map."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ecgomics.cli.grammar import cohort_of, elsewhere, fit, opened, rule_files, settings_of, verb_of, working


def ingest(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "ingest", _run_ingest, "take recordings into a cohort, which is made when absent")
    verb.add_argument("source", metavar="SOURCE", help="a folder, a file, or a CSV of paths and labels")
    verb.add_argument(
        "cohort", metavar="COHORT", help="the cohort: a directory such as ptb-xl.zarr, or s3://bucket/ptb-xl.zarr"
    )
    verb.add_argument("--labels", metavar="CSV", help="a table of labels, when it is not found beside the recordings")
    verb.add_argument(
        "--retry",
        nargs="?",
        choices=("changed", "all"),
        const="changed",
        default="no",
        help="of SOURCE, only files in quarantine that an older version or another reader refused; or all of them",
    )
    verb.add_argument("--key-file", metavar="FILE", help="secret of the pseudonyms (default: one beside the cohort)")
    verb.add_argument("--report", metavar="FILE", type=Path, help="write what was taken in as a page to read")
    working(verb)
    elsewhere(verb)


def _run_ingest(given: argparse.Namespace) -> None:
    from ecgomics.pipeline import summarise

    chosen = settings_of(given, "ingest")
    options = {"labels": given.labels, "workers": given.workers, "progress": not given.quiet}
    options |= {"retry": given.retry, "key_file": given.key_file}
    options |= {"scheduler": given.scheduler, "memory_gb": given.memory_gb}
    summary = summarise(given.source, given.cohort, settings=chosen, **options)
    print(summary)
    if chosen.deidentify != "off" and given.key_file is None:
        print("patients are named by a key hidden beside the cohort: keep it, and do not give it away with the cohort")
    if given.report is not None:
        from ecgomics.cohort import intake_report

        given.report.write_text(intake_report(opened(given), summary=str(summary)), encoding="utf-8")
        print(f"written to {given.report.name}")


def analyse(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "analyse", _run_analyse, "find beats, measure biomarkers, evaluate rules")
    cohort_of(verb)
    rule_files(verb)
    working(verb)
    elsewhere(verb)


def _run_analyse(given: argparse.Namespace) -> None:
    from ecgomics import pipeline

    cohort = pipeline.analyse(
        opened(given),
        waves=settings_of(given, "waves"),
        biomarkers=settings_of(given, "biomarkers"),
        rules=settings_of(given, "rules"),
        rule_files=given.rule_file,
        workers=given.workers,
        scheduler=given.scheduler,
        memory_gb=given.memory_gb,
        progress=not given.quiet,
    )
    failed = cohort.quarantine["reader"].isin(cohort.stages).sum()
    print(f"{len(cohort)} records analysed" + (f"; {failed} failed, see `ecgomics info`" if failed else ""))


def embed(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "embed", _run_embed, "turn records into vectors")
    cohort_of(verb)
    verb.add_argument(
        "--encoder",
        metavar="NAME",
        default="handmade",
        help="handmade (biomarkers and beats), small (the network that comes along, or with --origin cohort trained on "
        "this cohort), or another of `ecgomics encoders` (default: %(default)s)",
    )
    fit(verb, "encoder")
    working(verb)
    elsewhere(verb)


def _run_embed(given: argparse.Namespace) -> None:
    from ecgomics import pipeline

    options = {"encoder": given.encoder, "fit": given.fit, "progress": not given.quiet}
    options |= {"workers": given.workers, "scheduler": given.scheduler, "memory_gb": given.memory_gb}
    pipeline.embed(opened(given), settings=settings_of(given, "latent"), **options)


def encoders(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "encoders", _run_encoders, "list the encoders: what they read, and what they ask for")
    verb.add_argument("cohort", metavar="COHORT", nargs="?", help="also those trained on this cohort")


def _run_encoders(given: argparse.Namespace) -> None:
    from ecgomics.latent import encoders

    for card in encoders(store=opened(given).path if given.cohort else None):
        weights = {"none": "", "file": ", needs --weights FILE"}.get(card.weights, "")
        print(f"{card.name:<18} {card.version:<8} {card.dim:>5} numbers  {card.licence:<12} {card.title}{weights}")
        if card.citation:
            print(f"{'':<18} {card.citation}")


def project(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "project", _run_project, "draw a map of an encoder's vectors")
    cohort_of(verb)
    verb.add_argument("--encoder", metavar="NAME", help="whose vectors (default: all there are)")
    verb.add_argument("--labels", metavar="SYSTEM", help="draw with these labels (supervised UMAP)")
    fit(verb, "map")


def _run_project(given: argparse.Namespace) -> None:
    from ecgomics import pipeline

    options = {"encoder": given.encoder, "fit": given.fit, "labels": given.labels}
    pipeline.project(opened(given), settings=settings_of(given, "projection"), **options)


def demo(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "demo", _run_demo, "make a cohort of virtual patients, through every stage")
    verb.add_argument("cohort", metavar="COHORT", nargs="?", default="demo.zarr", help="(default: %(default)s)")
    verb.add_argument("--patients", type=int, default=420, help="how many (default: %(default)s)")
    verb.add_argument("--seed", type=int, default=7, help="equal seeds make equal patients (default: %(default)s)")
    working(verb)


def _run_demo(given: argparse.Namespace) -> None:
    from ecgomics import pipeline
    from ecgomics.simulate import demo_patients

    progress = not given.quiet
    patients = demo_patients(given.patients, seed=given.seed)
    cohort = pipeline.ingest(patients, given.cohort, progress=progress)
    cohort.analyse(workers=given.workers, progress=progress).embed(progress=progress).project()
    print(cohort)
    print(f"\nnow: ecgomics serve {given.cohort}")


VERBS = (
    ingest,
    analyse,
    embed,
    encoders,
    project,
    demo,
)
"""What this module adds to the command line."""
