"""Stores at a URL that are written: nothing is renamed there, and a commit cut short at any request never was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr

from ecgomics.cohort import Cohort, assembly, blocks, check, copy, erase, erasing, open_cohort, repair
from ecgomics.cohort import remote as remotes
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.ingest import ingest_records
from ecgomics.cohort.progress import Progress
from ecgomics.errors import CohortError, SettingsError
from ecgomics.records import Record
from ecgomics.settings import IngestSettings

fsspec = pytest.importorskip("fsspec")
memory = pytest.importorskip("fsspec.implementations.memory")

QUIET = Progress("quiet")
SETTINGS = IngestSettings(short_s=10)


class Killed(BaseException):
    """Stands for a kill: nothing may catch it on the way."""


class Bucket(memory.MemoryFileSystem):  # type: ignore[misc,name-defined]
    """An object store: objects are put and removed whole; there is no rename, no append, no directory."""

    protocol = "bucket"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    left: ClassVar[float] = float("inf")
    moved: ClassVar[list[str]] = []

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("bucket://").strip("/")

    def _spend(self) -> None:
        if Bucket.left <= 0:
            raise Killed
        Bucket.left -= 1

    def mv(self, *args: Any, **options: Any) -> None:
        raise NotImplementedError("an object store renames nothing")

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        self._spend()
        Bucket.moved.append(path)
        super().pipe_file(path, value, mode=mode)

    def put_file(self, lpath: str, rpath: str, **options: Any) -> None:
        if Path(lpath).is_file():
            self.pipe_file(rpath, Path(lpath).read_bytes())

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        Bucket.moved.append(path)
        return bytes(super().cat_file(path, start, end, **options))

    def cp_file(self, path1: str, path2: str, **options: Any) -> None:
        self._spend()
        super().cp_file(path1, path2)

    def rm_file(self, path: str) -> None:
        self._spend()
        super().rm_file(path)

    def rm(self, path: str, recursive: bool = False, maxdepth: int | None = None) -> None:
        for name in self.find(path):
            self.rm_file(name)


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("ECGOMICS_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr(remotes, "_FRESH_S", 0.0)
    fsspec.register_implementation("bucket", Bucket, clobber=True)
    Bucket.store.clear()
    Bucket.left = float("inf")
    remotes._asked.clear()
    yield "bucket://hospital/c.zarr"
    Bucket.left = float("inf")


@pytest.fixture
def begun(url: str, record: Callable[..., Record]) -> Cohort:
    some = [record(1, patient="a"), record(2, patient="b"), record(3, seconds=30, rate_hz=360.0, leads=("MLII", "V1"))]
    ingest_records(some, url, settings=SETTINGS, progress=QUIET)
    return open_cohort(url)


def _write(cohort: Cohort, number: float) -> None:
    values = np.full(len(cohort), number)
    nodes = {
        node: xr.Dataset({"value": ("record", values)}, coords={"record": cohort.ids})
        for node in ("biomarkers", "latent/handmade")
    }
    cohort.write_stage("biomarkers", nodes, version=str(number), settings={}, inputs={})


def _state(url: str) -> tuple[str, float, float]:
    remotes._asked.clear()
    cohort = open_cohort(url)
    found = [cohort.node(node)["value"].values for node in ("biomarkers", "latent/handmade")]
    assert all((values == values[0]).all() for values in found)
    return cohort.stages["biomarkers"].version, float(found[0][0]), float(found[1][0])


def _shards(names: Iterable[str]) -> set[str]:
    """Of objects, the numbers of the shards of /signal among them, by record."""
    return {name.split("/ecg/c/")[1].split("/")[0] for name in names if "/ecg/c/" in name}


def _folders() -> set[str]:
    """What lies in the store beside its tables: folders by the part up to the mark of their commit."""
    names = (name.removeprefix("/hospital/c.zarr/") for name in Bucket.store)
    return {"/".join(name.split("/")[: 1 + name.split("@")[0].count("/")]) for name in names if "@" in name}


@pytest.mark.parametrize("address", ["memory://place/c.zarr", "bucket://hospital/c.zarr"])
def test_a_cohort_is_begun_and_grown_at_a_url(
    address: str, url: str, tmp_path: Path, record: Callable[..., Record]
) -> None:
    fsspec.filesystem("memory").store.clear()
    some = [record(k, patient=f"p{k}") for k in range(3)] + [record(7, seconds=30)]
    for store in (address, tmp_path / "near.zarr"):
        ingest_records(some, store, settings=SETTINGS, progress=QUIET)
        ingest_records([record(9), record(0)], store, settings=SETTINGS, progress=QUIET)
    far, near = open_cohort(address), open_cohort(tmp_path / "near.zarr")
    assert far.records.equals(near.records)
    assert far.address == address
    for identity in near.ids:
        np.testing.assert_array_equal(far.ecg(identity), near.ecg(identity))
    xr.testing.assert_identical(far.window(near.ids[3], 0, 30, 200), near.window(near.ids[3], 0, 30, 200))
    _write(far, 1.0)
    _write(near, 1.0)
    assert {n: d for n, d in far._now.manifest.nodes.items()} == near._now.manifest.nodes
    assert check(address) == ()
    far.note_look({"n": 1})
    far.note_look(lambda looks: {"n": len(looks) + 1})
    assert open_cohort(address).looks() == ({"n": 1}, {"n": 2})


@pytest.mark.parametrize("copies", ["where it lies", "through here"])
def test_what_does_not_change_of_a_cohort_that_grows_or_shrinks_is_copied_where_it_lies(
    copies: str, url: str, tmp_path: Path, record: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (assembly, erasing):
        monkeypatch.setattr(module, "SHARD_RECORDS", 2)
    if copies == "through here":
        monkeypatch.setattr(Bucket, "cp_file", fsspec.spec.AbstractFileSystem.cp_file)
    near, some = tmp_path / "near.zarr", [record(k, patient=f"p{k}") for k in range(5)]
    for store in (url, near):
        ingest_records(some, store, settings=SETTINGS, progress=QUIET)
    Bucket.moved.clear()
    for store in (url, near):
        ingest_records([record(7, patient="q")], store, settings=SETTINGS, progress=QUIET)
    assert _shards(name for name in Bucket.store if "/signal@2" in name) == {"0", "1", "2"}
    # only the shard that was not full comes here and goes back
    assert _shards(Bucket.moved) == ({"2"} if copies == "where it lies" else {"0", "1", "2"})
    for store in (url, near):
        erase(store, [open_cohort(store).ids[4]])
    assert open_cohort(url)._now.manifest.nodes == open_cohort(near)._now.manifest.nodes
    assert check(url) == ()
    np.testing.assert_array_equal(open_cohort(url).signal, open_cohort(near).signal)


def test_a_commit_cut_short_at_any_request_is_the_old_one_or_the_new_one(begun: Cohort, url: str) -> None:
    _write(begun, 1.0)
    seen = set()
    for after in range(200):
        number, before = 2.0 + after, _state(url)
        Bucket.left = after
        try:
            _write(open_cohort(url), number)
            finished = True
        except Killed:
            finished = False
        Bucket.left = float("inf")
        state = _state(url)
        assert state in (before, (str(number), number, number))
        assert check(url) == ()
        seen.add(state == before)
        if finished:
            break
    else:
        pytest.fail("a commit takes more requests than expected")
    assert seen == {True, False}
    assert after > 10
    repair(url)
    named = set(open_cohort(url)._now.manifest.places.values())
    assert named <= _folders()
    assert repair(url) == ()
    _write(open_cohort(url), 500.0)
    assert _state(url)[1] == 500.0


def test_of_two_machines_that_write_the_second_commits_nothing(
    begun: Cohort, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with begun.writing() as commit:
        before = begun._now.manifest
        # another machine: it knows nothing of this one's lock
        monkeypatch.setenv("ECGOMICS_SCRATCH", str(tmp_path / "elsewhere"))
        _write(open_cohort(url), 1.0)
        with pytest.raises(CohortError, match="came second"):
            commit.publish(before)
    assert _state(url) == ("1.0", 1.0, 1.0)
    assert check(url) == ()


def test_a_reader_may_be_a_commit_behind_and_is_told_when_it_is_further(begun: Cohort, url: str) -> None:
    _write(begun, 1.0)
    lazy = begun.node("biomarkers")["value"]
    _write(begun, 2.0)
    assert float(lazy[0]) == 1.0
    _write(begun, 3.0)
    with pytest.raises(CohortError, match="later commits have replaced"):
        lazy.values  # noqa: B018
    assert float(begun.node("biomarkers")["value"][0]) == 3.0


def test_what_no_commit_names_any_more_is_removed(begun: Cohort, url: str) -> None:
    for number in range(6):
        _write(begun, float(number))
    places = [name for name in _folders() if name.startswith("biomarkers@")]
    assert len(places) == 2
    commits = [name for name in Bucket.store if "/commits/" in name]
    assert len(commits) == 2


def test_a_store_copied_to_a_url_as_it_lay_on_a_disk_is_written_there(cohort: Cohort, url: str) -> None:
    fsspec.filesystem("bucket").put(str(cohort.path), url, recursive=True)
    far = open_cohort(url)
    assert far.id == cohort.id
    for number in (1.0, 2.0, 3.0):
        _write(far, number)
    assert _state(url)[1] == 3.0
    np.testing.assert_array_equal(open_cohort(url).ecg(cohort.ids[0]), cohort.ecg(cohort.ids[0]))
    assert check(url) == ()


def test_a_manifest_whose_writer_was_killed_half_way_is_not_needed(begun: Cohort, url: str) -> None:
    _write(begun, 1.0)
    fsspec.filesystem("bucket").pipe_file(f"{url}/manifest.json", b'{"generation":')
    assert _state(url)[1] == 1.0


def test_a_bucket_that_may_be_read_and_not_listed_opens(
    begun: Cohort, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bucket.cat_file

    def forbidden(self: Bucket, path: str, *args: Any, **options: Any) -> bytes:
        if not self.exists(path):
            raise PermissionError("forbidden")
        return bytes(real(self, path, *args, **options))

    monkeypatch.setattr(Bucket, "cat_file", forbidden)
    remotes._asked.clear()
    assert len(open_cohort(url)) == 3
    with pytest.raises(CohortError, match="answers no"):
        open_cohort("bucket://elsewhere/x.zarr")


def _level(share: blocks.Share, settings: object) -> dict[str, xr.Dataset]:
    level = np.nanmean(np.abs(share.ecg.values), axis=(1, 2))
    return {"biomarkers": xr.Dataset({"value": ("record", level)}, coords={"record": list(share.records)})}


def test_a_store_in_this_processs_memory_is_worked_on_by_this_process(url: str, record: Callable[..., Record]) -> None:
    fsspec.filesystem("memory").store.clear()
    ingest_records([record(k) for k in range(3)], "memory://m.zarr", settings=SETTINGS, progress=QUIET)
    cohort = open_cohort("memory://m.zarr")
    given: dict[str, Any] = {"settings": {}, "key": "k", "progress": QUIET}
    with cohort.writing() as commit:
        bench = commit.blocks("x", seen_by="this machine")
        found = blocks.map_blocks(cohort, _level, bench=bench, hands=Hands(2), **given)
        assert np.isfinite(found.nodes["biomarkers"][0]["value"].values).all()
        with pytest.raises(CohortError, match="only this process can open"):
            blocks.map_blocks(cohort, _level, bench=bench, hands=Hands(scheduler="tcp://x:1"), **given)
        away = commit.blocks("x", seen_by="a cluster")
        again = blocks.map_blocks(cohort, _level, bench=away, hands=Hands(0), **given)
        np.testing.assert_array_equal(again.nodes["biomarkers"][0]["value"], found.nodes["biomarkers"][0]["value"])
        assert away.has(next(iter(_blocks_at("m.zarr/bench/x"))))
        commit.discard_benches()
    assert not _blocks_at("m.zarr/bench/x")


def _blocks_at(folder: str) -> set[str]:
    return {name.split("/")[-2] for name in fsspec.filesystem("memory").find(f"/{folder}") if "failures" in name}


def test_no_key_of_pseudonyms_is_put_beside_a_store_at_a_url(url: str, record: Callable[..., Record]) -> None:
    strict = IngestSettings(short_s=10, deidentify="strict")
    with pytest.raises(SettingsError, match="--key-file"):
        ingest_records([record(1)], url, settings=strict, progress=QUIET)


def test_a_cohort_is_copied_to_a_url_and_back(cohort: Cohort, url: str, tmp_path: Path) -> None:
    cohort.note_look({"n": 1})
    _write(cohort, 1.0)
    far = copy(cohort.path, url, progress=False)
    back = copy(url, tmp_path / "back.zarr", progress=False)
    for one in (far, back):
        assert one.id == cohort.id
        assert one.looks() == ({"n": 1},)
        assert one.stages == cohort.stages
        assert check(one.address) == ()
        np.testing.assert_array_equal(one.ecg(cohort.ids[2]), cohort.ecg(cohort.ids[2]))
    files = [path for path in (tmp_path / "back.zarr").rglob("*") if path.is_file()]
    assert all(path.stat().st_nlink == 1 for path in files)
    _write(back, 2.0)
    with pytest.raises(CohortError, match="a cohort already"):
        copy(cohort.path, url, progress=False)
    with pytest.raises(CohortError, match="no cohort to copy"):
        copy(tmp_path / "nothing", tmp_path / "x.zarr", progress=False)


def test_the_files_of_a_store_at_a_url_are_read_where_somebody_put_them_and_not_written(
    begun: Cohort, url: str, tmp_path: Path
) -> None:
    _write(begun, 1.0)
    fsspec.filesystem("bucket").get(url, str(tmp_path / "files"), recursive=True)
    assert check(tmp_path / "files") == ()
    opened = open_cohort(tmp_path / "files")
    assert float(opened.node("biomarkers")["value"][0]) == 1.0
    np.testing.assert_array_equal(opened.ecg(opened.ids[0]), begun.ecg(begun.ids[0]))
    with pytest.raises(CohortError, match="ecgomics copy"):
        _write(opened, 2.0)
