"""The pure stages over a cohort, in blocks of records: in this process or in worker processes.

Every stage writes down its version, its settings and the digests of what it read; one that is up to date is not run
again. Blocks are the same however many workers there are, so results are too. A killed run goes on from its finished
blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import xarray as xr

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.cohort import Stage as Made
from ecgomics.cohort.assembly import put_quarantine
from ecgomics.cohort.blocks import Mapped, Nodes, Share, Stage, common_rate, groups, joined, map_blocks
from ecgomics.cohort.commit import Commit
from ecgomics.cohort.crew import one_thread
from ecgomics.cohort.export import export
from ecgomics.cohort.ingest import Summary, ingest_files, ingest_records
from ecgomics.cohort.progress import Progress, as_progress
from ecgomics.cohort.staged import key_of
from ecgomics.cohort.stages import as_settings
from ecgomics.records import Record
from ecgomics.settings import (
    BiomarkerSettings,
    IngestSettings,
    LatentSettings,
    ProjectionSettings,
    RuleSettings,
    Settings,
    WavesSettings,
)

if TYPE_CHECKING:
    from ecgomics.latent import Embedding
    from ecgomics.latent.registry import SignalEncoder

__all__ = ["analyse", "embed", "export", "ingest", "project", "summarise"]

VERSIONS = {"waves": "2", "biomarkers": "2", "rules": "1", "embed": "1", "project": "1"}
"""Version of what each stage does; raise it when a stage's results change."""


Fit = Literal["keep", "again"]
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
        Files of one's own rules; one with the id of a rule that comes along replaces it.
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


def embed(
    cohort: Cohort,
    *,
    encoder: str = "handmade",
    settings: LatentSettings | None = None,
    fit: Fit = "keep",
    progress: bool | Progress = True,
) -> Cohort:
    """Turn records into vectors and store them in ``/latent/<encoder>``; not run again when up to date.

    Parameters
    ----------
    cohort
        The cohort; analysed, for ``"handmade"``.
    encoder
        A name of `latent.encoders()`. ``"handmade"``: scaled biomarkers and components of the representative beats.
        ``"small"``: the small network, as it comes along or, with ``settings.origin = "cohort"``, trained on this
        cohort without labels.
    settings
        Settings of the encoder.
    fit
        ``"keep"``: when records were added, they are transformed by the encoder fitted before. ``"again"``: it is
        fitted to all.
    progress
        Whether a bar is drawn on a terminal.

    Raises
    ------
    EcgomicsError
        For an unknown encoder, a cohort that is not analysed or too small, or when another process is writing it.
    """
    name = _encoder_name(encoder)
    chosen = settings or LatentSettings()
    before = ("ingest", "waves", "biomarkers") if name == "handmade" else ("ingest",)
    source = before[-1]
    # what the numbers mean, whichever records they are of
    method = key_of(*((stage.version, stage.settings) for s in before if (stage := cohort.stages.get(s))))
    plan = Plan(f"embed:{name}", chosen, {source: cohort.digest_of(source), "method": method})
    if plan.is_current(cohort) and fit == "keep":
        return cohort
    known = _embedding(cohort, name) if fit == "keep" and plan.differs_by_records(cohort, source) else None
    with cohort.writing() as commit:
        if name == "handmade":
            embedding = _embed_by_hand(cohort, chosen, known)
        else:
            embedding = _embed_by_network(cohort, name, chosen, known, as_progress(progress))
        nodes = {f"latent/{name}": [embedding.to_dataset()]}
        if known is not None:
            nodes = _with_map(cohort, name, nodes[f"latent/{name}"][0])
        plan.publish(cohort, commit, Mapped(nodes, {}), beside=() if known is None else (f"project:{name}",))
    return cohort


def project(
    cohort: Cohort,
    *,
    encoder: str | None = None,
    settings: ProjectionSettings | None = None,
    fit: Fit = "keep",
) -> Cohort:
    """Draw a map of an encoder's vectors.

    It is stored beside them as ``map``, with its fit in ``/latent/<encoder>/projection``; not drawn again when up to
    date.

    Parameters
    ----------
    cohort
        The cohort, embedded.
    encoder
        Whose vectors; None: of all encoders there are.
    settings
        Method, neighbours, seed.
    fit
        ``"keep"``: records added since are placed on the map, which does not move. ``"again"``: it is drawn anew.

    Raises
    ------
    EcgomicsError
        When the cohort is not embedded, has fewer than four vectors, or another process is writing it.
    """
    names = cohort.encoders if encoder is None else (_encoder_name(encoder),)
    if not names:
        cohort.latent("handmade")  # says what to do first
    for name in names:
        _project(cohort, name, settings or ProjectionSettings(), fit=fit)
    return cohort


def find_waves(share: Share, settings: Mapping[str, Any]) -> Nodes:
    """The stage ``waves`` on a block: nodes beats, template, quality."""
    from ecgomics.waves import delineate

    with one_thread("torch"):
        found = delineate(share.ecg, settings=WavesSettings.from_dict(settings))
    return {"beats": found.beats, "template": found.template, "quality": found.quality}


def measure_biomarkers(share: Share, settings: Mapping[str, Any]) -> Nodes:
    """The stage ``biomarkers`` on a block, less what needs the whole cohort."""
    from ecgomics.biomarkers import measure
    from ecgomics.waves import delineate

    beats = delineate(share.ecg) if share.kind == "blank" else share.cohort.beats_of(share.records)
    subjects = share.cohort.subjects.sel(record=list(share.records))
    chosen = BiomarkerSettings.from_dict(settings)
    with one_thread():
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

    def differs_by_records(self, cohort: Cohort, source: str) -> bool:
        """Whether a result is there that differs only in the records it was made from."""
        stage = cohort.stages.get(self.stage)
        if stage is None:
            return False
        then = dict(self.inputs) | {source: stage.inputs.get(source, "")}
        return cohort.is_current(self.stage, version=self.version, settings=self.settings, inputs=then)

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

    def publish(self, cohort: Cohort, commit: Commit, result: Mapped, *, beside: Sequence[str] = ()) -> None:
        """Commit the result, and its failures as the stage's lines of the quarantine table; see `Cohort.publish`."""
        before = cohort.quarantine
        sources = cohort.records["source"]
        lines = [
            {"hash": record, "source": sources[record], "reader": self.stage, "version": self.version, "reason": reason}
            for record, reason in result.failures.items()
        ]
        kept = before[before["reader"] != self.stage]
        if lines or len(kept) < len(before):
            put_quarantine(commit, pd.concat([kept, pd.DataFrame(lines, columns=before.columns)], ignore_index=True))
        made = Made(self.version, as_settings(self.settings), dict(self.inputs))
        cohort.publish(commit, self.stage, blocks=result.nodes, stage=made, beside=beside)


def _waves(cohort: Cohort, settings: WavesSettings, *, workers: int | None, progress: Progress) -> None:
    from ecgomics.waves import weights_digest

    plan = Plan("waves", settings, {"ingest": cohort.digest_of("ingest"), "weights": weights_digest()})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        plan.publish(cohort, commit, plan.map(cohort, commit, find_waves, workers=workers, progress=progress))


def _biomarkers(cohort: Cohort, settings: BiomarkerSettings, *, workers: int | None, progress: Progress) -> None:
    from ecgomics.biomarkers import catalogue, compare

    read = {name: cohort.digest_of(name) for name in ("waves", "subjects")}
    plan = Plan("biomarkers", settings, read | {"catalogue": key_of(*map(asdict, catalogue()))})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        result = plan.map(cohort, commit, measure_biomarkers, workers=workers, progress=progress)
        measured = joined([part.load() for part in result.nodes["biomarkers"]])
        compared = compare(measured, subjects=cohort.subjects, settings=settings)
        plan.publish(cohort, commit, Mapped({"biomarkers": [compared]}, result.failures))


def _rules(cohort: Cohort, settings: RuleSettings, *, files: Sequence[Path] | None) -> None:
    from ecgomics.rules import evaluate, load_rules

    rules = load_rules(files, settings=settings)
    read = {name: cohort.digest_of(name) for name in ("biomarkers", "subjects")}
    plan = Plan("rules", settings, read | {"rule files": key_of(*map(asdict, rules))})
    if plan.is_current(cohort):
        return
    with cohort.writing() as commit:
        found = evaluate(cohort.biomarkers.load(), subjects=cohort.subjects, rules=rules)
        plan.publish(cohort, commit, Mapped({"findings": [found]}, {}))


def _encoder_name(encoder: str) -> str:
    from ecgomics.latent import encoder_named

    return encoder_named(encoder).card.name


def _embedding(cohort: Cohort, name: str) -> Embedding:
    from ecgomics.latent import Embedding

    return Embedding.from_dataset(cohort.latent(name).load())


def _with_map(cohort: Cohort, name: str, embedded: xr.Dataset) -> dict[str, list[xr.Dataset]]:
    """Nodes of vectors made by a kept fit: their map is still that of the fit, without the records added since."""
    node, stored = f"latent/{name}", cohort.latent(name)
    if "map" not in stored:
        return {node: [embedded]}
    projection = cohort.node(f"{node}/projection").load()
    return {node: [embedded.assign(map=stored["map"].load())], f"{node}/projection": [projection]}


def _embed_by_hand(cohort: Cohort, settings: LatentSettings, known: Embedding | None) -> Embedding:
    from ecgomics.latent import Handmade

    values, template = cohort.biomarkers.load(), cohort.template.load()
    fitted = Handmade.fit(values, template, settings=settings) if known is None else Handmade.from_dataset(known.fit)
    return fitted.transform(values, template)


def _embed_by_network(
    cohort: Cohort, name: str, settings: LatentSettings, known: Embedding | None, progress: Progress
) -> Embedding:
    from ecgomics.latent import Encoder, encoder_named, pretrain

    own = name == "ecgomics-small"
    if own and known is not None:
        encoder: SignalEncoder = Encoder.from_dataset(known.fit)
    elif own and settings.origin == "cohort":
        with progress.bar("training", total=int(settings.steps), done=0, unit="steps") as advance:
            encoder = pretrain(_signals(cohort), settings=settings, progress=lambda done, total, loss: advance(1))
    else:
        encoder = encoder_named(name).open(weights=settings.weights or None)
    return encoder.embed(_signals(cohort), threads=int(settings.threads))


def _signals(cohort: Cohort) -> Iterator[xr.DataArray]:
    return (common_rate(cohort, records) for records in groups(cohort))


def _project(cohort: Cohort, name: str, settings: ProjectionSettings, *, fit: Fit) -> None:
    from ecgomics.latent import Embedding, Projection

    stored = cohort.latent(name).load()
    source = f"embed:{name}"
    space = key_of(*(stored[v].values.tobytes() for v in sorted(map(str, stored.data_vars)) if v.startswith("fit_")))
    plan = Plan(f"project:{name}", settings, {source: cohort.digest_of(source), "fit": space})
    if plan.is_current(cohort) and fit == "keep":
        return
    vectors = Embedding.from_dataset(stored).vectors
    if fit == "keep" and plan.differs_by_records(cohort, source):
        projection = Projection.from_dataset(cohort.node(f"latent/{name}/projection").load())
    else:
        projection = Projection.fit(vectors, settings)
    drawn = stored.drop_vars(["map", "axis"], errors="ignore").assign(map=projection.transform(vectors))
    nodes = {f"latent/{name}": [drawn], f"latent/{name}/projection": [projection.to_dataset()]}
    with cohort.writing() as commit:
        plan.publish(cohort, commit, Mapped(nodes, {}))
