"""Faults over HTTP: each strikes at its number, leaves what it says, and never touches the view."""

import httpx
import pytest

from import_worker.sandbox.faults import Faults
from import_worker.sandbox.switches import Switches

NORWAY = {"countries": [{"code": "NO", "name": "Norway"}]}


async def codes(importer, execution, calls, **body):
    return [(await importer.send(execution, **({"data": NORWAY} | body))).status_code for _ in range(calls)]


async def last(importer):
    return (await importer.view("executions"))[-1]


async def set_switches(importer, **switches):
    return await importer.view("faults", "PATCH", json=switches)


async def test_switches_are_shown_set_and_put_back(importer):
    defaults = Switches(processing_seconds=0).json()
    assert await importer.view("faults") == defaults
    assert await set_switches(importer, error_every=2) == defaults | {"error_every": 2}
    assert await set_switches(importer, retry_after=7.5) == defaults | {"error_every": 2, "retry_after": 7.5}
    put = await importer.view("faults", "PUT", json={"client_ids": "refused"})
    assert put == Switches(client_ids="refused").json()
    assert (await importer.http.post("/_sandbox/reset")).status_code == 204
    assert await importer.view("faults") == defaults


@pytest.mark.parametrize(
    "wrong",
    [
        {"eror_every": 1},
        {"error_every": -1},
        {"error_every": True},
        {"error_every": None},
        {"stall_seconds": "1"},
        {"stall_seconds": 1e9},
        {"retry_after": -1},
        {"client_ids": "dropped"},
        {"client_ids": ["ignored"]},
        {"disabled": 1},
        {"body_limit": 1.5},
        [],
    ],
)
async def test_a_wrong_switch_is_refused_and_changes_nothing(importer, wrong):
    before = await importer.view("faults")
    for method in ("PUT", "PATCH"):
        answer = await importer.http.request(method, "/_sandbox/faults", json=wrong)
        assert answer.status_code == 400
        assert answer.json()["errorCode"] == "INVALID_SWITCH"
    assert "rate_limit_every" in (await importer.http.put("/_sandbox/faults", json={"x": 1})).text
    assert await importer.view("faults") == before


async def test_rate_limits_and_errors_store_nothing(importer):
    execution = await importer.start()
    await set_switches(importer, rate_limit_every=2, error_every=3, retry_after=2)
    assert await codes(importer, execution, 6) == [200, 429, 500, 429, 200, 429]
    assert (await last(importer))["chunks"] == 2
    limited = [await importer.send(execution, data=NORWAY) for _ in range(2)][1]
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
    await set_switches(importer, rate_limit_every=1, retry_after=None)
    limited = await importer.send(execution, data=NORWAY)
    assert limited.status_code == 429
    assert "Retry-After" not in limited.headers


async def test_a_lost_answer_has_taken_effect(importer):
    execution = await importer.start()
    await set_switches(importer, lose_answer_every=2)
    assert (await importer.send(execution, data=NORWAY)).status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        await importer.send(execution, completed=True)
    assert (await last(importer))["completions"] == 1
    await importer.done(execution)
    assert set(await importer.objects("Country")) == {"NO"}


async def test_a_lost_start_leaves_an_orphan(importer):
    await set_switches(importer, lose_start_answer=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await importer.start()
    assert await importer.status() == "RUNNING"
    assert (await importer.view("faults"))["lose_start_answer"] == 0
    assert (await last(importer))["state"] == "INGESTING"


async def test_a_stall_delays_one_call_and_not_the_view(importer):
    execution = await importer.start()
    await set_switches(importer, stall_every=1, stall_seconds=60)
    with pytest.raises(httpx.ReadTimeout):
        await importer.http.post(execution["submitResults"], json={"data": NORWAY}, timeout=httpx.Timeout(30, read=0.2))
    assert (await last(importer))["chunks"] == 0
    await set_switches(importer, stall_every=0)
    assert await codes(importer, execution, 1) == [200]


async def test_status_calls_fail_at_their_number(importer):
    execution = await importer.start()
    await set_switches(importer, fail_status_every=3)
    urls = [importer.links["getStatus"], execution["getExecutionStatus"], f"{importer.links['start']}/status"] * 2
    assert [(await importer.http.get(url)).status_code for url in urls] == [200, 200, 500, 200, 200, 500]


@pytest.mark.parametrize(
    ("mode", "answers", "chunks"),
    [("ignored", [200, 200], 2), ("deduplicated", [200, 200], 1), ("refused", [200, 400], 1)],
)
async def test_repeated_client_ids(importer, mode, answers, chunks):
    await set_switches(importer, client_ids=mode)
    execution = await importer.start()
    assert await codes(importer, execution, 2, clientGeneratedId="a/1") == answers
    assert await codes(importer, execution, 1, clientGeneratedId="a/2") == [200]
    found = await last(importer)
    assert (found["chunks"], found["client_ids"]) == (chunks + 1, {"a/1": 2, "a/2": 1})
    await importer.send(execution, completed=True)
    (country,) = [
        each
        for each in (await importer.done(execution))["objectTypeResultMap"].values()
        if each["objectTypeName"] == "Country"
    ]
    assert (country["objectsCreated"], country["duplicateEnries"]) == (1, chunks)


async def test_large_chunks_are_refused(importer):
    execution = await importer.start()
    await set_switches(importer, body_limit=100)
    big = {"countries": [{"code": "NO", "name": "N" * 100}]}
    assert (await importer.send(execution, data=big)).status_code == 413
    assert await codes(importer, execution, 1) == [200]
    await set_switches(importer, body_limit=None, max_objects_per_chunk=1)
    two = {"countries": NORWAY["countries"] * 2}
    assert (await importer.send(execution, data=two)).status_code == 413
    assert await codes(importer, execution, 1) == [200]
    assert (await last(importer))["chunks"] == 2


async def test_an_idle_execution_expires(importer, clock):
    await set_switches(importer, idle_expiry_seconds=3)
    execution = await importer.start()
    clock.time += 2.5
    assert await codes(importer, execution, 1) == [200]
    clock.time += 2.5
    assert await importer.status() == "RUNNING"
    assert (await importer.http.get(execution["getExecutionStatus"])).status_code == 200
    clock.time += 3
    assert await importer.status() == "IDLE"
    assert await codes(importer, execution, 1) == [404]
    assert (await importer.http.get(execution["getExecutionStatus"])).status_code == 404
    found = await last(importer)
    assert (found["state"], found["gone"]) == ("CANCELLED", True)
    await importer.carry(**NORWAY)


async def test_without_expiry_an_execution_stays_open(importer, clock):
    await importer.start()
    clock.time += 10**6
    assert await importer.status() == "RUNNING"


async def test_an_execution_vanishes_once(importer):
    await set_switches(importer, vanish_execution_after=2)
    execution = await importer.start()
    assert await codes(importer, execution, 3) == [200, 200, 404]
    assert await importer.status() == "IDLE"
    assert (await importer.http.delete(execution["cancel"])).status_code == 404
    second = await importer.start()
    assert await codes(importer, second, 4) == [200] * 4


def test_the_same_calls_meet_the_same_faults():
    def fates():
        faults = Faults(Switches(rate_limit_every=3, stall_every=2, stall_seconds=0.5, lose_answer_every=5))
        return [faults.data_call() for _ in range(30)]

    first = fates()
    assert first == fates()
    assert [number for number, fate in enumerate(first, start=1) if fate.rate_limited] == list(range(3, 31, 3))
    assert {fate.stall for fate in first} == {0.0, 0.5}
