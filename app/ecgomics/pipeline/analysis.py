"""Waves, biomarkers and rules over a cohort."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ecgomics.cohort import Cohort
from ecgomics.cohort.bench import Nodes
from ecgomics.cohort.blocks import Mapped, Share, joined
from ecgomics.cohort.crew import Hands, one_thread
from ecgomics.cohort.progress import Progress, as_progress
from ecgomics.cohort.staged import key_of
from ecgomics.pipeline.plan import Plan
from ecgomics.settings import BiomarkerSettings, RuleSettings, Settings, WavesSettings

HOURLY_FROM_S = 600.0
"""Recordings of that length and more get representative beats by the hour."""


def analyse(
    cohort: Cohort,
    *,
    waves: WavesSettings | None = None,
    biomarkers: BiomarkerSettings | None = None,
    rules: RuleSettings | None = None,
    rule_files: Sequence[Path] | None = None,
    workers: int | None = None,
    scheduler: str = "",
    memory_gb: float | None = None,
    progress: bool | Progress = True,
) -> Cohort:
    """Find beats, measure biomarkers and evaluate rules; stages that are up to date are not run again.

    A record at which a stage fails is listed in `Cohort.quarantine` under the stage's name and holds no values; the
    rest goes on.

    Parameters
    ----------
    cohort
        The cohort; its store is written.
    waves, biomarkers, rules
        Settings of the stages; a changed one re-runs its stage and those that depend on it.
    rule_files
        Files of one's own rules; one with the id of a rule that comes along replaces it.
    workers
        Processes; by default as many as cores; 0 works in this process.
    scheduler
        Address of a Dask scheduler whose workers do it instead; they must see the cohort under the same path. Results
        are the same bit for bit.
    memory_gb
        Memory a worker process may take, in 10⁹ bytes; a record that needs more is listed and the rest goes on.
    progress
        Whether bars are drawn on a terminal.

    Raises
    ------
    EcgomicsError
        When another process is writing the cohort, a rule file is wrong, or no scheduler answers.
    """
    shown, hands = as_progress(progress), Hands(workers, scheduler, memory_gb)
    _waves(cohort, waves or WavesSettings(), hands=hands, progress=shown)
    _hourly(cohort, hands=hands, progress=shown)
    _biomarkers(cohort, biomarkers or BiomarkerSettings(), hands=hands, progress=shown)
    _rules(cohort, rules or RuleSettings(), files=rule_files)
    return cohort


def find_waves(share: Share, settings: Mapping[str, Any]) -> Nodes:
    """The stage ``waves`` on a block: nodes beats, template, quality."""
    from ecgomics.waves import delineate

    with one_thread("torch"):
        found = delineate(share.ecg, settings=WavesSettings.from_dict(settings))
    return {"beats": found.beats, "template": found.template, "quality": found.quality}


def average_hours(share: Share, settings: Mapping[str, Any]) -> Nodes:
    """The stage ``hourly`` on one long recording: node hourly."""
    from ecgomics.waves import delineate, hourly

    beats = delineate(share.ecg) if share.kind == "blank" else share.cohort.beats_of(share.records)
    with one_thread():
        found = hourly(share.ecg.isel(record=0, drop=True), beats=beats)
    return {"hourly": found.expand_dims(record=list(share.records))}


def measure_biomarkers(share: Share, settings: Mapping[str, Any]) -> Nodes:
    """The stage ``biomarkers`` on a block, less what needs the whole cohort."""
    from ecgomics.biomarkers import measure
    from ecgomics.waves import delineate

    beats = delineate(share.ecg) if share.kind == "blank" else share.cohort.beats_of(share.records)
    subjects = share.cohort.subjects.sel(record=list(share.records))
    chosen = BiomarkerSettings.from_dict(settings)
    with one_thread():
        return {"biomarkers": measure(beats, share.ecg, subjects=subjects, settings=chosen)}


def _waves(cohort: Cohort, settings: WavesSettings, *, hands: Hands, progress: Progress) -> None:
    from ecgomics.waves import weights_digest

    plan = Plan("waves", settings, {"ingest": cohort.digest_of("ingest"), "weights": weights_digest()})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        plan.publish(
            cohort, commit, plan.map(cohort, plan.bench(commit, hands), find_waves, hands=hands, progress=progress)
        )


def _hourly(cohort: Cohort, *, hands: Hands, progress: Progress) -> None:
    table = cohort.records
    long = table.index[(table["kind"] == "long") & (table["duration_s"] >= HOURLY_FROM_S)]
    plan = Plan("hourly", Settings(), {"waves": cohort.digest_of("waves")})
    if len(long) == 0 or plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        bench = plan.bench(commit, hands)
        found = plan.map(cohort, bench, average_hours, hands=hands, progress=progress, only=list(long))
        parts = (part.isel(record=0, drop=True) for part in found.nodes["hourly"])
        nodes = {f"hourly/{record}": [part] for record, part in zip(long, parts, strict=True)}
        plan.publish(cohort, commit, Mapped(nodes, found.failures))


def _biomarkers(cohort: Cohort, settings: BiomarkerSettings, *, hands: Hands, progress: Progress) -> None:
    from ecgomics.biomarkers import catalogue, compare

    read = {name: cohort.digest_of(name) for name in ("waves", "subjects")}
    plan = Plan("biomarkers", settings, read | {"catalogue": key_of(*map(asdict, catalogue()))})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        result = plan.map(cohort, plan.bench(commit, hands), measure_biomarkers, hands=hands, progress=progress)
        measured = joined([part.load() for part in result.nodes["biomarkers"]])
        # who is set aside for replication must not show in anyone's values before the box is opened
        compared = compare(measured, subjects=cohort.subjects, settings=settings, sealed=cohort.sealed)
        plan.publish(cohort, commit, Mapped({"biomarkers": [compared]}, result.failures))


def _rules(cohort: Cohort, settings: RuleSettings, *, files: Sequence[Path] | None) -> None:
    from ecgomics.rules import evaluate, load_rules
    from ecgomics.rules.loading import documents_of

    rules = load_rules(files, settings=settings)
    read = {name: cohort.digest_of(name) for name in ("biomarkers", "subjects")}
    plan = Plan("rules", settings, read | {"rule files": key_of(*map(asdict, rules))})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        found = evaluate(cohort.biomarkers.load(), subjects=cohort.subjects, rules=rules)
        core = documents_of(())
        own = [document for name, document in documents_of(files or ()).items() if document != core.get(name)]
        # whoever opens the cohort later finds the rules it was judged by, their files here or not
        found.attrs["own_rules"] = json.dumps(own)
        plan.publish(cohort, commit, Mapped({"findings": [found]}, {}))
