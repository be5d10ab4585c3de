"""Files or recordings into a cohort: staged one by one, in worker processes, then committed together."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import ecgomics
from ecgomics.cohort import crew
from ecgomics.cohort.assembly import append, check_key, check_settings, contents_of
from ecgomics.cohort.bench import UrlBench
from ecgomics.cohort.commit import Commit, writing
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.deidentify import Profile, profile_of
from ecgomics.cohort.place import Where, place_of
from ecgomics.cohort.progress import Progress
from ecgomics.cohort.staged import Refused, Staged, key_of, read_outcome, refuse, stage
from ecgomics.errors import CohortError, EcgomicsError, FormatError
from ecgomics.records import Description, LabelTable, Record, RecordFile, find, find_labels, read, read_labels
from ecgomics.settings import IngestSettings

Outcome = Staged | Refused
Retry = Literal["no", "changed", "all"]


@dataclass(frozen=True)
class Summary:
    """What an ingest did.

    Parameters
    ----------
    read
        Files read, this time or in an earlier run that was cut short.
    added
        Recordings new to the cohort.
    known
        Recordings whose content was there already.
    reasons
        How many files were refused, by reason.
    """

    read: int
    added: int
    known: int
    reasons: Counter[str]

    def __str__(self) -> str:
        lines = [
            f"{self.read} read: {self.added} added, {self.known} known already; {self.reasons.total()} in quarantine"
        ]
        lines += [f"  {count:>6}  {reason}" for reason, count in self.reasons.most_common()]
        return "\n".join(lines)


@dataclass(frozen=True)
class FileTask:
    """A file to be staged, as it is handed to a worker; a worker `away` from here puts it on that bench."""

    file: RecordFile
    description: Description | None
    directory: Path
    key: str
    settings: dict[str, Any]
    profile: Profile
    away: UrlBench | None = None

    @property
    def limit_s(self) -> float:
        """Time it may take: the limit of the settings for every 100 MB begun, so that days of recording are read."""
        size = sum(size for size, _ in _states(self.file.file))
        return float(self.settings["file_limit_s"]) * max(1, -(-size // _LIMIT_BYTES))


_LIMIT_BYTES = 100_000_000


def ingest_files(
    source: Path,
    store: Where,
    *,
    settings: IngestSettings,
    labels: Path | None,
    hands: Hands,
    progress: Progress,
    retry: Retry = "no",
    key_file: Path | None = None,
) -> Summary:
    """Stage and commit every recording that `records.find` sees in a source.

    Parameters
    ----------
    source
        Folder, file, or table of paths.
    store
        The cohort; made when absent.
    labels
        Table of labels; None looks for one in or above each file's folder.
    hands
        Who reads the files. Workers of a cluster must see them under the same path; there a file that takes too long
        is not given up.
    progress
        Where progress is shown.
    retry
        Of the files in quarantine, those that another version or reader refused (``"changed"``) or all: nothing else
        is read. ``"no"``: everything is.
    key_file
        The secret of the pseudonyms; None: the one beside the store.

    Raises
    ------
    EcgomicsError
        When the source is absent, the settings differ from the store's, or another process is writing it.
    """
    place = place_of(store)
    check_settings(place, settings)
    profile = profile_of(settings.deidentify, place, key_file=key_file)
    check_key(place, profile.fingerprint)
    tables = _Tables(labels)
    files = list(find(source, copies=settings.copies))
    if retry != "no":
        files = _refused_before(files, place, retry=retry, profile=profile)
        if not files:
            return Summary(0, 0, 0, Counter())
    if not files:
        raise FormatError("a source without recordings", expected="at least one file that claims to be an ECG")
    with writing(place) as commit:
        directory = commit.bench("ingest").absolute()
        tasks = [_task(file, tables, directory, settings, profile=profile) for file in files]
        waiting = [task for task in tasks if read_outcome(directory, key=task.key) is None]
        with progress.bar("reading", total=len(tasks), done=len(tasks) - len(waiting), unit="records") as tick:
            for done in _staged_by(hands, waiting, commit):
                if isinstance(done.result, crew.Lost):
                    _refuse(done.task, done.result.reason)
                tick(1)
        outcomes = [_outcome(task) for task in tasks]
        return _commit(commit, outcomes, settings=settings, profile=profile, mended=_mended(place, tasks, outcomes))


def _staged_by(hands: Hands, tasks: list[FileTask], commit: Commit) -> Iterator[crew.Done[FileTask, None]]:
    """Tasks as they are done, their outcomes on this machine."""
    if not hands.scheduler or not tasks:
        count = crew.default_workers(len(tasks)) if hands.workers is None else hands.workers
        options: dict[str, Any] = {"workers": count, "memory_gb": hands.memory_gb}
        yield from crew.run(stage_file, tasks, limit_s=lambda task: task.limit_s, **options)
        return
    from ecgomics.cohort import cluster

    bench = commit.blocks("ingest", seen_by="a cluster")
    away = bench if isinstance(bench, UrlBench) else None
    given = [replace(task, file=replace(task.file, path=task.file.path.absolute()), away=away) for task in tasks]
    left = []
    for task in given:
        if _brought(task):
            yield crew.Done(task, None)
        else:
            left.append(task)
    for done in cluster.run(stage_file, left, scheduler=hands.scheduler, bench=bench):
        _brought(done.task)
        yield done


def _brought(task: FileTask) -> bool:
    """Have on this machine what a worker elsewhere staged; whether one had."""
    if task.away is None:
        return False
    told = task.away.read(f"{task.key}/{task.key}.json")
    if told:
        (task.directory / f"{task.key}.i2").write_bytes(task.away.read(f"{task.key}/{task.key}.i2"))
        (task.directory / f"{task.key}.json").write_bytes(told)
    return bool(told)


def ingest_records(
    recordings: Iterable[Record],
    store: Where,
    *,
    settings: IngestSettings,
    progress: Progress,
    key_file: Path | None = None,
) -> Summary:
    """Stage and commit recordings that are in memory or come from a generator, one at a time."""
    place = place_of(store)
    check_settings(place, settings)
    profile = profile_of(settings.deidentify, place, key_file=key_file)
    check_key(place, profile.fingerprint)
    with writing(place) as commit:
        directory = commit.bench("recordings")
        outcomes: list[Outcome] = []
        total = len(recordings) if isinstance(recordings, list | tuple) else None
        with progress.bar("taking in", total=total, done=0, unit="records") as tick:
            for recording in recordings:
                outcomes.append(_stage_recording(profile.applied(recording), directory, settings))
                tick(1)
        return _commit(commit, outcomes, settings=settings, profile=profile)


def stage_file(task: FileTask) -> None:
    """Read and stage one file; what cannot be read is refused, whatever is wrong with it."""
    if task.away is None:
        _stage_file(task)
        return
    with tempfile.TemporaryDirectory() as directory:
        _stage_file(replace(task, directory=Path(directory)))
        task.away.bring(task.key, Path(directory))


def _stage_file(task: FileTask) -> None:
    settings = IngestSettings.from_dict(task.settings)
    spool = task.directory / f"{task.key}.f4"
    try:
        record = read(task.file.path, rate_hz=settings.stated_hz, unit=settings.stated_unit or None, spool=spool)
        if task.description is not None:
            record = record.described(task.description)
        stage(task.profile.applied(record), task.directory, key=task.key, settings=settings)
    except EcgomicsError as error:
        _refuse(task, str(error))
    except (Exception, RecursionError, MemoryError) as error:
        # only the kind of an unforeseen error: its text may hold what the file holds
        _refuse(task, f"the reader failed with {type(error).__name__}")
    finally:
        spool.unlink(missing_ok=True)


def _stage_recording(recording: Record, directory: Path, settings: IngestSettings) -> Outcome:
    key = key_of(recording.id)
    try:
        return stage(recording, directory, key=key, settings=settings)
    except EcgomicsError as error:
        return refuse(directory, key=key, quarantine=_line(recording.id, recording.source, "memory", str(error)))


def _commit(
    commit: Commit,
    outcomes: list[Outcome],
    *,
    settings: IngestSettings,
    profile: Profile,
    mended: Collection[str] = (),
) -> Summary:
    staged = [outcome for outcome in outcomes if isinstance(outcome, Staged)]
    refused = [outcome.quarantine for outcome in outcomes if isinstance(outcome, Refused)]
    added = append(commit, staged, refused=refused, settings=settings, mended=mended, key=profile.fingerprint)
    reasons = Counter(line["reason"] for line in refused)
    return Summary(read=len(staged), added=added, known=len(staged) - added, reasons=reasons)


def _outcome(task: FileTask) -> Outcome:
    outcome = read_outcome(task.directory, key=task.key)
    if outcome is None:
        raise CohortError(
            "a staged recording that is gone or cut short",
            expected="the staging directory beside the cohort to be left alone, and room on the disk",
            remedy="ingest again; what was read is not read again",
        )
    return outcome


def _mended(store: Where, tasks: list[FileTask], outcomes: list[Outcome]) -> set[str]:
    """Hashes of files that can be read now and may have been refused before."""
    suspects = set(contents_of(store).quarantine["source"])
    staged = (task for task, outcome in zip(tasks, outcomes, strict=True) if isinstance(outcome, Staged))
    return {_file_hash(task.file.file) for task in staged if task.profile.named(task.file.source) in suspects}


class _Tables:
    """The label tables that go with files: the one given, else the one in or above each file's folder."""

    def __init__(self, given: Path | None) -> None:
        self._given = None if given is None else read_labels(given)
        self._folders: dict[Path, Path | None] = {}
        self._read: dict[Path, LabelTable] = {}

    def of(self, file: Path) -> Description | None:
        table = self._given or self._beside(file)
        return None if table is None else table.of(file)

    def _beside(self, file: Path) -> LabelTable | None:
        if file.parent not in self._folders:
            self._folders[file.parent] = find_labels(file.parent)
        path = self._folders[file.parent]
        if path is not None and path not in self._read:
            self._read[path] = read_labels(path)
        return None if path is None else self._read[path]


def _task(
    file: RecordFile, tables: _Tables, directory: Path, settings: IngestSettings, *, profile: Profile
) -> FileTask:
    description = tables.of(file.path)
    values = settings.as_dict()
    state = (*_states(file.file), description, sorted(values.items()), profile.fingerprint, ecgomics.__version__)
    return FileTask(file, description, directory, key_of(file.path.absolute(), *state), values, profile)


def _refused_before(files: list[RecordFile], store: Where, *, retry: Retry, profile: Profile) -> list[RecordFile]:
    """Of some files, those in quarantine to be tried again; by name first, since hashing reads a file whole."""
    lines = contents_of(store).quarantine
    known = {(line.hash, line.source): line for line in lines.itertuples(index=False)}
    names = {source for _, source in known}
    chosen = []
    for file in files:
        if profile.named(file.source) not in names:
            continue
        line = known.get((_file_hash(file.file), profile.named(file.source)))
        if line is not None and (retry == "all" or (line.version, line.reader) != (ecgomics.__version__, file.kind)):
            chosen.append(file)
    return chosen


def _states(path: Path) -> Iterator[tuple[int, int]]:
    """Size and time of a file and of those that belong to it, by which a changed file is known."""
    for part in sorted({path, *(path.with_suffix(suffix) for suffix in (".dat", ".mat"))}):
        try:
            found = part.stat()
        except OSError:
            continue
        yield found.st_size, found.st_mtime_ns


def _refuse(task: FileTask, reason: str) -> None:
    line = _line(_file_hash(task.file.file), task.profile.named(task.file.source), task.file.kind, reason)
    refuse(task.directory, key=task.key, quarantine=line)


def _line(hashed: str, source: str, reader: str, reason: str) -> dict[str, Any]:
    place = _OFFSET.search(reason)
    told = {"hash": hashed, "source": source, "reader": reader, "version": ecgomics.__version__, "reason": reason}
    return told | {"offset": int(place[1]) if place else -1}


_OFFSET = re.compile(r"\bat byte (\d{1,15})")


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except OSError:
        return ""
