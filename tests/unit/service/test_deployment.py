"""The example of a proxy is run; the other files of a deployment say what the program understands."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import httpx
import pytest
import yaml
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ecgomics.cli import parser
from ecgomics.pipeline import ingest
from ecgomics.service.accounts import Accounts
from ecgomics.service.database import Database
from ecgomics.simulate import demo_patients

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "a password of the tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen) -> None:
    ends = time.monotonic() + 90
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, "it stopped"
            assert time.monotonic() < ends, "it does not answer"
            time.sleep(0.1)


@contextmanager
def running(command: list[str], port: int, log: Path):
    with log.open("w") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink)
        try:
            wait_for(port, process)
            yield
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """The address of nginx with our example before the dashboards and the interface, and a key."""
    nginx = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else None)
    if nginx is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is not installed; .ci/run installs it")
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("proxy")
    cohort = ingest(demo_patients(4, seed=2), folder / "c.zarr", workers=0, progress=False)
    cohort.analyse(workers=0, progress=False)
    url = f"sqlite:///{folder / 'c.db'}"
    database = Database(url)
    accounts = Accounts(database)
    accounts.add("ada", password=PASSWORD, role="annotator")
    key = accounts.make_key("ada", label="tests", scopes=("read", "analyse", "stream"))
    database.close()
    pages, api, front = free_port(), free_port(), free_port()
    text = resources.files("ecgomics.service").joinpath("deployment/nginx.conf").read_text("utf-8")
    text = text.replace("dashboards:5006", f"127.0.0.1:{pages}").replace("api:8000", f"127.0.0.1:{api}")
    text = text.replace("listen 8080", f"listen 127.0.0.1:{front}")
    text = text.replace("/tmp/ecgomics-nginx", str(folder / "nginx"))
    conf = folder / "nginx.conf"
    conf.write_text(text, encoding="utf-8")
    ours = [sys.executable, "-m", "ecgomics"]
    store = str(cohort.path)
    serve = [*ours, "serve", store, "--port", str(pages), "--access", "accounts", "--database", url]
    serve += ["--origin", f"127.0.0.1:{front}"]
    answer = [*ours, "api", store, "--port", str(api), "--access", "keys", "--database", url]
    proxy = [nginx, "-c", str(conf), "-g", "daemon off;"]
    with (
        running(serve, pages, folder / "serve.log"),
        running(answer, api, folder / "api.log"),
        running(proxy, front, folder / "nginx.log"),
    ):
        yield f"http://127.0.0.1:{front}", key


def test_the_interface_answers_through_the_proxy(behind):
    address, key = behind
    found = httpx.get(f"{address}/v1/records", headers={"Authorization": f"Bearer {key}"}, timeout=60)
    assert found.status_code == 200
    assert found.json()["total"] == 5
    assert found.headers["x-frame-options"] == "DENY"
    assert httpx.get(f"{address}/v1/records").status_code == 401
    assert httpx.get(f"{address}/readyz").json() == {"status": "ready"}
    assert httpx.get(f"{address}/metrics").status_code == 404


def test_a_body_beyond_the_limit_stops_at_the_proxy(behind):
    address, key = behind
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        answer = client.post("/v1/analyse", content=b"0" * 36_000_000)
    assert answer.status_code == 413
    assert "nginx" in answer.text


def test_the_dashboards_sign_in_through_the_proxy_and_their_connection_opens(behind):
    address, _ = behind
    with httpx.Client(base_url=address, timeout=60) as browser:
        asked = browser.get("/")
        assert asked.status_code == 302
        page = browser.get("/sign-in")
        token = re.search(r'name="_xsrf" value="([^"]+)"', page.text).group(1)
        entered = browser.post("/sign-in", data={"name": "ada", "password": PASSWORD, "_xsrf": token, "next": "/"})
        assert entered.status_code == 302
        shown = browser.get("/")
        assert shown.status_code == 200
        secret = re.search(r'"token":"([^"]+)"', shown.text).group(1)
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    assert upgraded(address, secret, cookies) == (101, TEXT)
    assert upgraded(address, secret, "")[0] in (302, 403)
    assert upgraded(address, "forged", cookies)[1] in (CLOSE, NOTHING)


def test_live_samples_go_through_the_proxy_both_ways(behind):
    address, key = behind
    url = f"ws://{address.removeprefix('http://')}/v1/stream"
    header = {"Authorization": f"Bearer {key}"}
    names = [Subprotocol("ecgomics.stream.v1"), Subprotocol(f"bearer.{key}")]
    with (
        connect(url, additional_headers=header, proxy=None) as sender,
        connect(url, subprotocols=names, proxy=None) as viewer,
    ):
        sender.send('{"type": "hello", "leads": ["II"], "rate_hz": 250, "sample": "int16"}')
        stream = json.loads(sender.recv(timeout=30))["stream"]
        viewer.send(json.dumps({"type": "watch", "stream": stream, "since": 0}))
        assert json.loads(viewer.recv(timeout=30))["leads"] == ["II"]
        sender.send(struct.pack("<QI25h", 0, 25, *range(25)))
        assert json.loads(sender.recv(timeout=30)) == {"next": 25}
        heard = b""
        while not isinstance(heard, bytes) or not heard:
            heard = viewer.recv(timeout=30)
    assert struct.unpack("<QI25f", heard)[2:] == pytest.approx([k / 1000 for k in range(25)])
    with connect(url, proxy=None) as nobody:
        with pytest.raises(ConnectionClosed):
            nobody.recv(timeout=30)
        assert nobody.close_code == 4401


TEXT, CLOSE, NOTHING = 0x81, 0x88, 0
"""First byte of a text frame and of a closing frame (RFC 6455, 5.2)."""


def upgraded(address: str, token: str, cookies: str) -> tuple[int, int]:
    """Ask to open a page's connection: the status, and the first byte that comes over it."""
    host = address.removeprefix("http://")
    lines = ["GET /ws HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade", f"Origin: {address}"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    lines += [f"Sec-WebSocket-Protocol: bokeh, {token}", *([f"Cookie: {cookies}"] if cookies else [])]
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=30) as wire:
        wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += wire.recv(4096)
        head, _, rest = heard.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status == 101 and not rest:
            rest = wire.recv(1)
    return status, rest[0] if rest else 0


def test_commands_of_the_deployment_are_understood():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    commands = [service["command"] for service in compose["services"].values() if "command" in service]
    unit = resources.files("ecgomics.service").joinpath("deployment/ecgomics-dashboards.service").read_text("utf-8")
    commands.append(re.search(r"^ExecStart=\S+/ecgomics (.+)$", unit, re.MULTILINE).group(1))
    assert len(commands) == 3
    for command in commands:
        words = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", command).split()
        given = parser().parse_args(words)
        assert given.access in ("accounts", "keys")


def test_containers_run_as_nobody_special():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    for name in ("dashboards", "api"):
        service = compose["services"][name]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert "ports" not in service
    assert compose["services"]["proxy"]["ports"] == ["127.0.0.1:8080:8080"]
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER ecgomics$", docker, re.MULTILINE)


def test_threads_are_done():
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("job ")]
