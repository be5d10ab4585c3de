"""The interface beside the engine, and what hostile requests get: `make bench`."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from ecgomics.reports import examine
from ecgomics.reports.tables import report_data
from ecgomics.service.api.posted import record_of
from ecgomics.service.api.schema import Samples
from ecgomics.simulate import VirtualPatient, simulate

pytestmark = pytest.mark.bench

RECORDS, PROCESSES = 48, 2


@contextmanager
def api(folder, *more: str):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "ecgomics",
        "api",
        "--port",
        str(port),
        "--database",
        f"sqlite:///{folder / 'b.db'}",
    ]
    log = (folder / "api.log").open("w")
    process = subprocess.Popen([*command, *more], stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        ends = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/healthz")
                break
            except httpx.HTTPError:
                assert time.monotonic() < ends
                time.sleep(0.1)
        yield url, process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
        log.close()


def bodies() -> list[bytes]:
    made = []
    for seed in range(RECORDS):
        ecg = simulate(VirtualPatient(heart_rate_bpm=60.0 + seed % 40), seed=seed).ecg
        leads = {str(lead): ecg.sel(lead=lead).values.astype(float).round(4).tolist() for lead in ecg["lead"].values}
        made.append(json.dumps({"leads": leads, "rate_hz": 500.0}).encode())
    return made


def _alone(body: bytes) -> int:
    return len(report_data(examine(record_of(Samples.model_validate_json(body))))["findings"])


def _warm(_: int) -> None:
    import torch

    torch.set_num_threads(1)


@pytest.mark.timeout(1800)
def test_records_a_second_beside_the_engine(tmp_path):
    sent = bodies()
    with (
        ProcessPoolExecutor(PROCESSES, initializer=_warm, initargs=(0,)) as pool,
        api(tmp_path, "--processes", "2", "--rate-per-minute", "100000") as (url, _),
        ThreadPoolExecutor(2 * PROCESSES) as clients,
        httpx.Client(timeout=120) as client,
    ):

        def ask(body: bytes) -> int:
            answer = client.post(f"{url}/v1/analyse", content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 200
            return len(answer.json()["findings"])

        # compilers and caches of every process
        list(clients.map(ask, sent[:16]))
        list(pool.map(_alone, sent[:16]))
        ratios, through, alone = [], [], []
        for _round in range(3):
            start = time.perf_counter()
            direct = list(pool.map(_alone, sent, chunksize=4))
            alone.append(RECORDS / (time.perf_counter() - start))
            start = time.perf_counter()
            served = list(clients.map(ask, sent))
            through.append(RECORDS / (time.perf_counter() - start))
            assert served == direct
            ratios.append(through[-1] / alone[-1])
    ratio = statistics.median(ratios)
    print(f"\nAPI {statistics.median(through):.1f} records/s, engine {statistics.median(alone):.1f}, ratio {ratio:.2f}")
    assert ratio >= 0.8


def hostile(random_: random.Random) -> tuple[str, str, dict]:
    """A request nobody well-meaning sends."""
    junk = bytes(random_.randrange(256) for _ in range(random_.randrange(400)))
    words = [
        "../" * 8 + "etc/passwd",
        "<script>alert(1)</script>",
        "' or 1=1 --",
        "\x00",
        "%s%s%n",
        "a" * 3000,
        "𝕏" * 50,
    ]
    word = random_.choice(words)
    head = {"content-type": "application/json"}
    choices = [
        ("POST", "/v1/analyse", {"content": junk, "headers": head}),
        ("POST", "/v1/analyse", {"content": b"[" * random_.randrange(1, 100_000), "headers": head}),
        (
            "POST",
            "/v1/analyse",
            {
                "json": {
                    "leads": {word[:40]: [0.0] * random_.randrange(3000)},
                    "rate_hz": random_.choice([0, -1, 1e308, 500, "x"]),
                }
            },
        ),
        (
            "POST",
            "/v1/analyse",
            {"json": {"leads": {"II": [random_.choice([1e300, -5, 0, None])] * 600}, "rate_hz": 500, "source": word}},
        ),
        ("POST", "/v1/analyse/file", {"files": {"file": (word[:100], junk)}}),
        ("POST", "/v1/analyse/file", {"files": {"file": ("x.xml", b"<?xml version='1.0'?>" + junk)}}),
        ("POST", "/v1/analyse/file", {"content": junk, "headers": {"content-type": "multipart/form-data; boundary=x"}}),
        ("POST", "/v1/batches", {"json": {"records": [word] * random_.randrange(5)}}),
        (
            "POST",
            "/compat/ecgomics",
            {
                "json": {
                    "ecgData": [0] * random_.randrange(100),
                    "ecgSampleRate": random_.choice([-1, 0, 500, 10**9]),
                    "xmlData": word,
                    "inputType": random_.choice(["raw", "xml", word]),
                }
            },
        ),
        ("GET", "/v1/records/" + "".join(f"%{byte:02x}" for byte in word.encode()[:200]), {}),
        ("GET", "/v1/jobs/" + "".join(f"%{byte:02x}" for byte in word.encode()[:60]), {}),
        ("GET", "/v1/records", {"params": {"limit": random_.choice([-1, 0, 10**18, word[:50]]), "after": word[:50]}}),
        (random_.choice(["PUT", "DELETE", "PATCH", "TRACE"]), "/v1/analyse", {"content": junk}),
        (
            "GET",
            "/openapi.json",
            {"headers": {"authorization": f"Bearer {random_.getrandbits(200):x}", "x": "y" * 4000}},
        ),
    ]
    return random_.choice(choices)


@pytest.mark.timeout(3600)
def test_ten_thousand_hostile_requests_are_refused_and_the_service_lives(tmp_path):
    random_ = random.Random(7)
    statuses: dict[int, int] = {}
    with (
        api(tmp_path, "--rate-per-minute", "1000000") as (url, process),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        for _ in range(10_000):
            method, path, how = hostile(random_)
            answer = client.request(method, path, **how)
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            assert answer.status_code < 500, (method, path[:80])
            assert "root:" not in answer.text
            assert "Traceback" not in answer.text
        assert process.poll() is None
        assert client.get("/readyz").json() == {"status": "ready"}
    print("\nanswers by status:", dict(sorted(statuses.items())))
