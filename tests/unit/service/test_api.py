"""The interface over HTTP: a real server on loopback, asked by a real client."""

from __future__ import annotations

import json
import re
import shlex
import time
from html import escape, unescape
from pathlib import Path
from string import Template

import httpx
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from ecgomics.pipeline import ingest
from ecgomics.reports import examine, examined
from ecgomics.service.accounts import Accounts
from ecgomics.service.api import create_app, guide
from ecgomics.service.api.posted import record_of
from ecgomics.service.api.schema import Samples
from ecgomics.service.api.state import Buckets
from ecgomics.service.database import Database
from ecgomics.settings import ApiSettings
from ecgomics.simulate import VirtualPatient, demo_patients, simulate

PASSWORD = "a password of the tests"
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("api") / "c.zarr"
    cohort = ingest(demo_patients(12, seed=4), path, workers=0, progress=False)
    cohort.analyse(workers=0, progress=False).embed(progress=False)
    return cohort


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    database = Database(tmp_path_factory.mktemp("api-db") / "a.db")
    yield database
    database.close()


@pytest.fixture(scope="module")
def address(store, people, served):
    app = create_app(str(store.path), database=people, settings=ApiSettings(rate_per_minute=100_000))
    with served(app) as host:
        yield f"http://{host}"


@pytest.fixture
def client(address, people, cheap_hashing):
    accounts = Accounts(people)
    name = f"u{time.monotonic_ns()}"
    accounts.add(name, password=PASSWORD)
    key = accounts.make_key(name, label="tests", scopes=["read", "analyse"])
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def posted() -> dict:
    ecg = simulate(VirtualPatient(pr_ms=240.0), seed=1).ecg
    leads = {str(lead): ecg.sel(lead=lead).values.astype(float).round(4).tolist() for lead in ecg["lead"].values}
    return {"leads": leads, "rate_hz": 500.0, "age": 60, "sex": "F"}


def test_posted_samples_are_analysed_as_the_engine_does(client, posted):
    answer = client.post("/v1/analyse", json=posted)
    assert answer.status_code == 200
    body = answer.json()
    direct = examine(record_of(Samples.model_validate(posted)))
    assert body["record"] == direct.record
    assert {finding["rule"] for finding in body["findings"] if finding["state"] == "met"} == {
        finding.rule.id for finding in direct.met
    }
    assert body["biomarkers"]["PR_Int_Global"]["value"] == pytest.approx(direct.value("PR_Int_Global"), abs=1e-4)
    assert "first_degree_block" in {finding["rule"] for finding in body["findings"]}


def test_units_and_gaps_are_understood(client, posted):
    micro = posted | {
        "leads": {lead: [v * 1000 for v in values] for lead, values in posted["leads"].items()},
        "unit": "uV",
    }
    micro["leads"]["V1"][100:200] = [None] * 100
    one, other = client.post("/v1/analyse", json=posted).json(), client.post("/v1/analyse", json=micro).json()
    name = "R_Amp_V5"
    assert one["biomarkers"][name]["value"] == pytest.approx(other["biomarkers"][name]["value"], abs=2e-4)


def test_a_file_is_analysed_and_its_report_comes_back(client):
    path = Path(str(get_testdata_file("waveform_ecg.dcm")))
    for form, begins in (("json", b"{"), ("pdf", b"%PDF"), ("html", b"<!doctype html>"), ("csv", b"record,")):
        with path.open("rb") as file:
            answer = client.post("/v1/analyse/file", files={"file": (path.name, file)}, data={"form": form})
        assert answer.status_code == 200
        assert answer.content.startswith(begins)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_records_come_in_pages(client, store):
    seen, after = [], None
    while True:
        page = client.get("/v1/records", params={"limit": 5} | ({"after": after} if after else {})).json()
        seen += [line["record"] for line in page["records"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [str(one) for one in store.ids]
    assert page["total"] == len(store)


def test_records_that_meet_a_rule(client, store):
    rule = "sinus_p_waves"
    page = client.get("/v1/records", params={"rule": rule, "limit": 1000}).json()
    states = store.findings["state"].sel(rule=rule)
    met = list(store.findings.attrs["states"]).index("met")
    assert {line["record"] for line in page["records"]} == set(
        states["record"].values[states.values == met].astype(str)
    )
    assert client.get("/v1/records", params={"rule": "no_such"}).status_code == 404


def test_a_record_is_read_in_every_way(client, store):
    record = str(store.ids[0])
    told = examined(store, record)
    values = client.get(f"/v1/records/{record}/biomarkers").json()["biomarkers"]
    assert set(values) == set(told.table.index)
    met = client.get(f"/v1/records/{record}/findings").json()["findings"]
    assert {finding["rule"] for finding in met} == {finding.rule.id for finding in told.met}
    ecg = client.get(f"/v1/records/{record}/ecg", params={"start_s": 1, "stop_s": 2}).json()
    assert np.allclose(ecg["leads"]["II"], store.ecg(record).sel(lead="II").values[500:1000], atol=6e-5)
    assert client.get(f"/v1/records/{record}/report", params={"form": "pdf"}).content.startswith(b"%PDF")
    assert (
        len(client.get(f"/v1/records/{record}/embedding").json()["vector"])
        == store.latent("handmade")["vectors"].shape[1]
    )


def test_records_alike_are_the_nearest(client, store):
    record = str(store.ids[0])
    found = client.get(f"/v1/records/{record}/similar", params={"count": 3}).json()
    vectors = store.latent("handmade")["vectors"].values
    distance = np.sqrt(((vectors - vectors[0]) ** 2).sum(axis=1))
    order = [str(store.ids[k]) for k in np.argsort(distance, kind="stable")[1:4]]
    assert [one["record"] for one in found] == order
    assert [one["distance"] for one in found] == sorted(one["distance"] for one in found)


def test_a_batch_goes_on_after_its_answer(client, store):
    records = [str(one) for one in store.ids[:4]]
    job = client.post("/v1/batches", json={"records": records}, headers={"Idempotency-Key": "once"}).json()
    again = client.post("/v1/batches", json={"records": records}, headers={"Idempotency-Key": "once"}).json()
    assert job["id"] == again["id"]
    ends = time.monotonic() + 60
    while (state := client.get(f"/v1/jobs/{job['id']}").json())["state"] in ("queued", "running"):
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert state["state"] == "done"
    assert set(state["result"]["reports"]) == set(records)


def test_a_job_is_its_owners_alone(client, store, people, address):
    job = client.post("/v1/batches", json={"records": [str(store.ids[0])]}).json()["id"]
    other = Accounts(people)
    name = f"v{time.monotonic_ns()}"
    other.add(name, password=PASSWORD)
    key = other.make_key(name, label="x")
    for method in ("GET", "DELETE"):
        answer = httpx.request(method, f"{address}/v1/jobs/{job}", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 404


def test_a_repeated_request_is_answered_from_the_first(client, posted):
    head = {"Idempotency-Key": "k1"}
    one = client.post("/v1/analyse", json=posted, headers=head)
    two = client.post("/v1/analyse", json=posted, headers=head)
    assert one.json() == two.json()
    assert two.headers["idempotent-replayed"] == "true"
    changed = client.post("/v1/analyse", json=posted | {"age": 61}, headers=head)
    assert changed.status_code == 422


def test_the_original_service_is_answered_in_its_own_form(client, posted):
    answer = client.post("/compat/ecgomics", json={"ecgData": posted["leads"]["II"], "ecgSampleRate": 500}).json()
    assert (answer["code"], answer["msg"]) == (200, "success")
    assert list(answer["data"]) == [f"{d}_ECGomics" for d in ("Structural", "Intensity", "Functional", "Comparative")]
    assert answer["data"]["Structural_ECGomics"]["wavefrom_related"]["PR_Int_Global"]["value"] > 200
    short = client.post("/compat/ecgomics", json={"ecgData": [0.0] * 100, "ecgSampleRate": 500}).json()
    assert short["code"] == 400
    scaled = [v * 200 + 1024 for v in posted["leads"]["II"]]
    body = {"ecgData": scaled, "ecgSampleRate": 500, "zero": 1024, "gain": 200}
    again = client.post("/compat/ecgomics", json=body).json()["data"]["Structural_ECGomics"]["wavefrom_related"]
    first = answer["data"]["Structural_ECGomics"]["wavefrom_related"]
    assert again["PR_Int_Global"]["value"] == pytest.approx(first["PR_Int_Global"]["value"], abs=4)


@pytest.mark.parametrize("said", [None, "Bearer x", "Basic YTpi", "Bearer"])
def test_without_a_key_nothing_is_told(address, said):
    headers = {"Authorization": said} if said else {}
    answer = httpx.get(f"{address}/v1/records", headers=headers)
    assert answer.status_code in (401, 429)
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_without_the_scope_is_refused(address, people, posted, cheap_hashing):
    accounts = Accounts(people)
    accounts.add("reader", password=PASSWORD)
    key = accounts.make_key("reader", label="x", scopes=["read"])
    answer = httpx.post(f"{address}/v1/analyse", json=posted, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403


def bad_requests():
    ok = [0.0] * 500
    yield "not json", {"content": b"{", "headers": {"content-type": "application/json"}}
    yield "a list", {"json": []}
    yield "no leads", {"json": {"leads": {}, "rate_hz": 500}}
    yield "words", {"json": {"leads": {"II": ["a"]}, "rate_hz": 500}}
    yield "nested", {"content": b"[" * 50_000, "headers": {"content-type": "application/json"}}
    yield (
        "infinite",
        {"content": b'{"leads":{"II":[1e999]},"rate_hz":500}', "headers": {"content-type": "application/json"}},
    )
    yield "unlike lengths", {"json": {"leads": {"I": ok, "II": ok[:-1]}, "rate_hz": 500}}
    yield "one lead twice", {"json": {"leads": {"II": ok, "ii": ok}, "rate_hz": 500}}
    yield "no rate", {"json": {"leads": {"II": ok}}}
    yield "rate 0", {"json": {"leads": {"II": ok}, "rate_hz": 0}}
    yield "too short", {"json": {"leads": {"II": ok[:100]}, "rate_hz": 500}}
    yield "kilovolts", {"json": {"leads": {"II": [1e9] * 500}, "rate_hz": 500}}
    yield "unknown field", {"json": {"leads": {"II": ok}, "rate_hz": 500, "path": "/etc/passwd"}}
    yield "long name", {"json": {"leads": {"I" * 400: ok}, "rate_hz": 500}}
    yield "empty", {"content": b""}


@pytest.mark.parametrize(("name", "request_"), list(bad_requests()), ids=[name for name, _ in bad_requests()])
def test_what_cannot_be_read_is_refused_with_a_reason(client, name, request_):
    answer = client.post("/v1/analyse", **request_)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == PROBLEM
    assert set(answer.json()) >= {"title", "status", "detail"}


def test_an_all_flat_recording_is_said_to_be_one(client):
    answer = client.post("/v1/analyse", json={"leads": {"II": [0.0] * 5000}, "rate_hz": 500})
    assert answer.status_code == 200
    assert answer.json()["biomarkers"]["HR_Mean_Global"]["value"] is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 1000, b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>"],
)
def test_hostile_files_are_refused(client, content):
    answer = client.post("/v1/analyse/file", files={"file": ("../../../etc/x.xml", content)})
    assert answer.status_code == 422
    assert "root:" not in answer.text
    assert "/tmp" not in answer.text


def test_a_body_that_is_too_large_is_refused_before_it_is_read(address, client):
    from http.client import HTTPConnection

    asked = HTTPConnection(address.removeprefix("http://"), timeout=20)
    asked.putrequest("POST", "/v1/analyse")
    asked.putheader("Authorization", client.headers["authorization"])
    asked.putheader("Content-Length", "99999999999")
    asked.endheaders(b"{")
    # answered before the rest is sent
    answer = asked.getresponse()
    assert answer.status == 413
    assert answer.headers["content-type"] == PROBLEM
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    asked.close()


def test_text_that_is_posted_is_never_markup(client, posted):
    bad = "<script>alert(1)</script>"
    body = {"leads": posted["leads"], "rate_hz": 500, "source": bad}
    assert client.post("/v1/analyse", json=body).json()["subject"]["source"] == bad


def test_paths_do_not_escape(client):
    for path in (
        "/v1/records/..%2f..%2fetc%2fpasswd",
        "/v1/records/%00",
        "/v1/jobs/../../x",
        "/v1/records/" + "a" * 5000,
    ):
        assert client.get(path).status_code in (404, 422)


def test_health_and_metrics_say_nothing_of_anybody(address, client, store):
    record = str(store.ids[0])
    client.get(f"/v1/records/{record}")
    assert httpx.get(f"{address}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{address}/readyz").json() == {"status": "ready"}
    metrics = httpx.get(f"{address}/metrics").text
    assert 'route="/v1/records/{record}"' in metrics
    assert record not in metrics


def test_a_bucket_fills_with_time(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("ecgomics.service.api.state.time.monotonic", lambda: clock[0])
    buckets = Buckets(per_minute=60)
    assert [buckets.take("a") for _ in range(60)] == [0.0] * 60
    assert buckets.take("a") == pytest.approx(1.0)
    assert buckets.take("b") == 0.0
    clock[0] = 1.0
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0


def test_too_many_requests_are_told_to_wait(store, tmp_path, cheap_hashing, served):
    database = Database(tmp_path / "r.db")
    accounts = Accounts(database)
    accounts.add("busy", password=PASSWORD)
    key = accounts.make_key("busy", label="x")
    with served(create_app(str(store.path), database=database, settings=ApiSettings(rate_per_minute=5))) as host:
        url = f"http://{host}"
        answers = [httpx.get(f"{url}/v1/records", headers={"Authorization": f"Bearer {key}"}) for _ in range(8)]
    database.close()
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_guessing_keys_is_slowed(store, tmp_path, cheap_hashing, served):
    database = Database(tmp_path / "g.db")
    with served(create_app(None, database=database, settings=ApiSettings(rate_per_minute=100))) as host:
        url = f"http://{host}"
        codes = [
            httpx.get(f"{url}/v1/records", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(15)
        ]
    database.close()
    assert codes[0] == 401
    assert codes[-1] == 429


def test_our_own_mistakes_are_told_without_details(store, tmp_path, monkeypatch, served):
    database = Database(tmp_path / "m.db")
    app = create_app(str(store.path), database=database, access="open")

    def breaks(*args, **more):
        raise RuntimeError("a secret path /home/x")

    monkeypatch.setattr("ecgomics.service.api.reading.examined", breaks)
    with served(app) as host:
        url = f"http://{host}"
        answer = httpx.get(f"{url}/v1/records/{store.ids[0]}/findings")
    database.close()
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-type"] == PROBLEM


def test_log_lines_are_json_without_what_was_sent(capsys):
    import logging

    from ecgomics.service.api.watching import JsonLines

    try:
        raise ValueError("Mrs Smith's ECG")
    except ValueError:
        import sys

        line = logging.LogRecord("ecgomics.api", logging.ERROR, "", 1, "failed", (), sys.exc_info())
    told = json.loads(JsonLines().format(line))
    assert told["error"] == "ValueError"
    assert "Smith" not in json.dumps(told)


def test_the_open_door_is_only_on_loopback():
    from ecgomics.errors import ServiceError
    from ecgomics.service.api.launch import is_loopback, launch

    assert [is_loopback(one) for one in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.1", "example.org")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(ServiceError, match="open service"):
        launch(None, address="0.0.0.0", port=1, access="open", database="sqlite://", settings=ApiSettings())


def test_the_openapi_document_holds_under_generated_requests(store, tmp_path, served):
    """What the document allows and what it forbids, generated: never a server error, always what it says."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings

    database = Database(tmp_path / "s.db")
    app = create_app(str(store.path), database=database, settings=ApiSettings(rate_per_minute=1_000_000), access="open")
    with served(app) as host:
        url = f"http://{host}"
        document = httpx.get(f"{url}/openapi.json").json()
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=url)
        failures: list[str] = []
        for operation in schema.get_all_operations():
            case_of = operation.ok().as_strategy()

            @settings(
                max_examples=12,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                derandomize=True,
            )
            @given(case=case_of)
            def ask(case) -> None:
                answer = case.call(timeout=30)
                if answer.status_code >= 500:
                    failures.append(f"{case.operation.label}: {answer.status_code}")

            ask()
    database.close()
    assert failures == []


def asked(command: str, client, **given: str) -> httpx.Response:
    """Send a curl command of the guide as curl would; its variables are what the guide says they are."""
    words = shlex.split(Template(command).substitute(ECGOMICS="", **given))
    assert words.pop(0) == "curl"
    parts: list[tuple[str, str]] = []
    while words[:-1]:
        flag, value = words.pop(0), words.pop(0)
        assert flag in ("-H", "-F", "-o")
        if flag == "-F":
            parts.append(tuple(value.split("=", 1)))
    files = {name: ("one", Path(value[1:]).read_bytes()) for name, value in parts if value.startswith("@")}
    data = {name: value for name, value in parts if not value.startswith("@")}
    return client.request("POST" if parts else "GET", words[0], data=data or None, files=files or None)


def test_the_guide_tells_every_operation_and_its_examples_run_as_written(client, store):
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "script" not in page.text
    assert "http" not in re.sub("https?_|openapi", "", page.text.partition("<h2>Streams")[0]).replace("http://api", "")
    document = client.get("/openapi.json").json()
    for path, ways in document["paths"].items():
        for way in ways:
            assert f'<span class="way">{way.upper()}</span><code>{escape(path)}</code>' in page.text
    commands = [unescape(one) for one in re.findall("<pre>(curl [^<]+)</pre>", page.text)]
    assert len(commands) == len(guide.FIRST)
    given = {"KEY": "", "FILE": get_testdata_file("waveform_ecg.dcm"), "RECORD": store.ids[0]}
    answers = [asked(command, client, **given) for command in commands]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert answers[1].content.startswith(b"%PDF")
    assert answers[2].json().keys() >= {"record"}


@pytest.mark.parametrize(
    ("way", "path", "more", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("DELETE", "/v1/analyse", {}, 405),
        ("POST", "/v1/analyse", {"content": iter([b"{", b"}"])}, 411),
        ("POST", "/v1/analyse", {"content": b"0", "headers": {"Content-Type": "image/png"}}, 415),
        ("POST", "/v1/analyse", {"json": {"leads": {}}}, 422),
    ],
)
def test_every_refusal_is_a_problem_that_nobody_keeps(client, way, path, more, status):
    answer = client.request(way, path, **more)
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == status
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
