"""The pure stages over a cohort, in blocks of records: in this process or in worker processes.

Every stage writes down its version, its settings and the digests of what it read; one that is up to date is not run
again. Blocks are the same however many workers there are, so results are too. A killed run goes on from its finished
blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.cohort.assembly import put_quarantine
from ecgomics.cohort.blocks import Mapped, Nodes, Share, Stage, joined, map_blocks
from ecgomics.cohort.commit import Commit
from ecgomics.cohort.ingest import Summary, ingest_files, ingest_records
from ecgomics.cohort.progress import Progress, as_progress
from ecgomics.cohort.staged import key_of
from ecgomics.records import Record
from ecgomics.settings import BiomarkerSettings, IngestSettings, RuleSettings, Settings, WavesSettings

VERSIONS = {"waves": "1", "biomarkers": "1", "rules": "1", "embed": "1", "project": "1"}
"""Version of what each stage does; raise it when a stage's results change."""

Source = str | os.PathLike[str] | Iterable[Record]


def ingest(
    source: Source,
    cohort_path: str | os.PathLike[str],
    *,
    settings: IngestSettings | None = None,
    labels: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: bool | Progress = True,
) -> Cohort:
    """Take recordings into a cohort; made when absent, appended to when there.

    The same content twice is kept once. A run that was killed goes on where it stopped. What cannot be read ends in
    `Cohort.quarantine`, and the rest is taken in.

    Parameters
    ----------
    source
        A folder, a file, a table (CSV) of paths and labels, or an iterable of `Record`.
    cohort_path
        The store's directory.
    settings
        Common rate, limit of short records, and what tables and arrays do not state themselves.
    labels
        Table of labels; by default one in or above each file's folder is looked for.
    workers
        Processes; by default as many as cores; 0 works in this process.
    progress
        Whether a bar is drawn on a terminal.

    Raises
    ------
    EcgomicsError
        When the source is absent, the settings differ from the cohort's, or another process is writing it.
    """
    summarise(source, cohort_path, settings=settings, labels=labels, workers=workers, progress=progress)
    return open_cohort(cohort_path)


def summarise(
    source: Source,
    cohort_path: str | os.PathLike[str],
    *,
    settings: IngestSettings | None = None,
    labels: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: bool | Progress = True,
) -> Summary:
    """As `ingest`, but return what was read, added and refused."""
    chosen, shown, store = settings or IngestSettings(), as_progress(progress), Path(cohort_path)
    if not isinstance(source, str | os.PathLike):
        return ingest_records(source, store, settings=chosen, progress=shown)
    table = None if labels is None else Path(labels)
    return ingest_files(Path(source), store, settings=chosen, labels=table, workers=workers, progress=shown)


def analyse(
    cohort: Cohort,
    *,
    waves: WavesSettings | None = None,
    biomarkers: BiomarkerSettings | None = None,
    rules: RuleSettings | None = None,
    rule_files: Sequence[Path] | None = None,
    workers: int | None = None,
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
        Rule files in place of those of the package.
    workers
        Processes; by default as many as cores; 0 works in this process.
    progress
        Whether bars are drawn on a terminal.

    Raises
    ------
    EcgomicsError
        When another process is writing the cohort, or a rule file is wrong.
    """
    shown = as_progress(progress)
    _waves(cohort, waves or WavesSettings(), workers=workers, progress=shown)
    _biomarkers(cohort, biomarkers or BiomarkerSettings(), workers=workers, progress=shown)
    _rules(cohort, rules or RuleSettings(), files=rule_files)
    return cohort


def find_waves(share: Share, settings: Mapping[str, Any]) -> Nodes:
    """The stage ``waves`` on a block: nodes beats, template, quality."""
    from ecgomics.waves import delineate

    found = delineate(share.ecg, settings=WavesSettings.from_dict(settings))
    return {"beats": found.beats, "template": found.template, "quality": found.quality}


def measure_biomarkers(share: Share, settings: Mapping[str, Any]) -> Nodes:
    """The stage ``biomarkers`` on a block, less what needs the whole cohort."""
    from ecgomics.biomarkers import measure
    from ecgomics.waves import delineate

    beats = delineate(share.ecg) if share.kind == "blank" else share.cohort.beats_of(share.records)
    subjects = share.cohort.subjects.sel(record=list(share.records))
    chosen = BiomarkerSettings.from_dict(settings)
    return {"biomarkers": measure(beats, share.ecg, subjects=subjects, settings=chosen)}


@dataclass(frozen=True)
class Plan:
    """A stage about to be run: its name, its settings and the digests of what it reads."""

    stage: str
    settings: Settings
    inputs: Mapping[str, str]

    @property
    def version(self) -> str:
        """Version of what the stage does."""
        return VERSIONS[self.stage.partition(":")[0]]

    @property
    def key(self) -> str:
        """Names all that a block's result hangs on beside its records."""
        return key_of(self.version, self.settings.digest(), sorted(self.inputs.items()))

    def is_current(self, cohort: Cohort) -> bool:
        """Whether its result is there already."""
        return cohort.is_current(self.stage, version=self.version, settings=self.settings, inputs=self.inputs)

    def map(self, cohort: Cohort, commit: Commit, stage: Stage, *, workers: int | None, progress: Progress) -> Mapped:
        """Run a stage over the blocks of a cohort."""
        return map_blocks(
            cohort,
            stage,
            settings=self.settings.as_dict(),
            bench=commit.bench(self.stage),
            key=self.key,
            workers=workers,
            progress=progress,
        )

    def publish(self, cohort: Cohort, commit: Commit, result: Mapped) -> None:
        """Commit the result, and its failures as the stage's lines of the quarantine table."""
        before = cohort.quarantine
        sources = cohort.records["source"]
        lines = [
            {"hash": record, "source": sources[record], "reader": self.stage, "version": self.version, "reason": reason}
            for record, reason in result.failures.items()
        ]
        kept = before[before["reader"] != self.stage]
        if lines or len(kept) < len(before):
            put_quarantine(commit, pd.concat([kept, pd.DataFrame(lines, columns=before.columns)], ignore_index=True))
        cohort.publish(
            commit, self.stage, blocks=result.nodes, version=self.version, settings=self.settings, inputs=self.inputs
        )


def _waves(cohort: Cohort, settings: WavesSettings, *, workers: int | None, progress: Progress) -> None:
    plan = Plan("waves", settings, {"ingest": cohort.digest_of("ingest")})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        plan.publish(cohort, commit, plan.map(cohort, commit, find_waves, workers=workers, progress=progress))


def _biomarkers(cohort: Cohort, settings: BiomarkerSettings, *, workers: int | None, progress: Progress) -> None:
    from ecgomics.biomarkers import catalogue, compare

    read = {name: cohort.digest_of(name) for name in ("waves", "subjects")}
    plan = Plan("biomarkers", settings, read | {"catalogue": key_of(catalogue())})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        result = plan.map(cohort, commit, measure_biomarkers, workers=workers, progress=progress)
        measured = joined([part.load() for part in result.nodes["biomarkers"]])
        compared = compare(measured, subjects=cohort.subjects)
        plan.publish(cohort, commit, Mapped({"biomarkers": [compared]}, result.failures))


def _rules(cohort: Cohort, settings: RuleSettings, *, files: Sequence[Path] | None) -> None:
    from ecgomics.rules import evaluate, load_rules

    rules = load_rules(files)
    read = {name: cohort.digest_of(name) for name in ("biomarkers", "subjects")}
    plan = Plan("rules", settings, read | {"rules": key_of(rules)})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        found = evaluate(cohort.biomarkers.load(), subjects=cohort.subjects, rules=rules)
        plan.publish(cohort, commit, Mapped({"findings": [found]}, {}))
