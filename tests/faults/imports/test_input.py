"""Bad input as people meet it: one clear message, the right exit code, and nothing touched in Assets."""

from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

CONFIG = """\
version: 1
kind: import
name: devices
source:
  type: rest
  base_url: {url}
  auth: {{ type: api_key, header: X-Key, value: "${{env:KEY}}" }}
  retry: {{ attempts: 1, max_inline_wait: 0s }}
resources:
  - {{ name: devices, path: devices, data_selector: rows, pagination: {{ type: json_link, next_url_path: next }} }}
assets:
  info_url: {info_url}
  token: ${{env:ASSETS_TOKEN}}
  object_types:
    - name: Device
      resource: devices
      attributes:
        Serial: {{ from: serial, identity: true }}
        Name: {{ from: name, label: true }}
        Slots: {{ from: slots, type: integer }}
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something wrong, and what is said about it.

    Attributes:
        change: of the configuration, from what to what.
        answer: of the source instead of its page.
        reason: shown on the import; empty where none is started.
        says: what the message must hold: what is wrong, where, what to do.
    """

    change: tuple[str, str] = ("", "")
    answer: Response | None = None
    reason: str = ""
    says: tuple[str, ...] = field(default_factory=tuple)


def rows(*found: dict, following: str | None = None) -> JSONResponse:
    return JSONResponse({"rows": list(found), "next": following})


GOOD = {"serial": "S1", "name": "one", "slots": 1}

CASES = {
    "broken YAML": Case(change=("kind: import", "kind: [import"), says=("devices.yaml:", "CONFIG_INVALID")),
    "unknown key": Case(
        change=("data_selector: rows", "data_selectr: rows"),
        says=("devices.yaml:10: resources[0]", "data_selectr", "data_selector"),
    ),
    "attribute of a reference that is missing": Case(
        change=("{ from: slots, type: integer }", "{ from: slots, reference: { type: Device, by: Rack } }"),
        says=("devices.yaml:20:", "Rack", "Serial"),
    ),
    "variable that is not set": Case(change=("env:KEY", "env:KEI"), says=("devices.yaml:7:", "KEI")),
    "no such import": Case(change=("name: devices\nsource", "name: gadgets\nsource"), says=("devices", "gadgets")),
    "field that no record has": Case(
        change=("from: slots", "from: slot"), reason="MAPPING_ERROR", says=("/devices", "'slot'", "slots")
    ),
    "HTML": Case(
        answer=HTMLResponse("<html>Please log in</html>"),
        reason="SOURCE_ERROR",
        says=("/devices", "text/html", "check the address and the credentials", "Please log in"),
    ),
    "empty first page": Case(answer=rows(), reason="EMPTY_SOURCE", says=("/devices", "Device", "allow_empty")),
    "no list where the file says": Case(
        answer=JSONResponse({"items": [GOOD], "next": None}), reason="SOURCE_ERROR", says=("/devices", "rows", "items")
    ),
    "value of a wrong type": Case(
        answer=rows(GOOD, {"serial": "S2", "name": "two", "slots": "many"}),
        reason="QUARANTINED",
        says=("S2", "Slots", "many", "/devices", "Mend the records or the mapping"),
    ),
    "value that is missing": Case(
        answer=rows(GOOD, {"serial": None, "name": "two", "slots": 2}),
        reason="QUARANTINED",
        says=("record 1", "Serial", "/devices"),
    ),
    "page after page that is the same": Case(
        answer=rows(GOOD, following="/devices"), reason="SOURCE_ERROR", says=("/devices",)
    ),
    "next page elsewhere": Case(
        answer=rows(GOOD, following="http://127.0.0.1:9/devices"),
        reason="SOURCE_ERROR",
        says=("/devices", "127.0.0.1:9", "next link"),
    ),
    "key that the source does not know": Case(
        change=("env:KEY", "env:OLD_KEY"), reason="SOURCE_ERROR", says=("401", "/devices", "check the token or key")
    ),
    "token that Assets does not know": Case(
        change=("env:ASSETS_TOKEN", "env:OLD_TOKEN"),
        reason="DESTINATION_ERROR",
        says=("401", "${env:OLD_TOKEN}", "no newer one replaced it"),
    ),
    "address of Assets that is none": Case(
        change=("/imports/info", "/imports/inf"), reason="DESTINATION_ERROR", says=("404", "/imports/inf")
    ),
}
NO_EXECUTION = {"token that Assets does not know", "address of Assets that is none"}


async def test_each_fault_is_said_and_touches_nothing(stage, serve, tmp_path):
    answer = good = rows(GOOD, {"serial": "S2", "name": "two", "slots": 2})

    async def devices(request: Request) -> Response:
        known = request.headers["x-key"] == "key-of-today"
        return answer if known else JSONResponse({"error": "unknown key"}, 401)

    url = await serve(Starlette(routes=[Route("/devices", devices)]))
    stage.environment |= {"KEY": "key-of-today", "OLD_KEY": "key-of-yesterday", "OLD_TOKEN": "token-of-yesterday"}
    await stage.start("--processing-seconds", "0")
    text = CONFIG.format(url=url, info_url=stage.info_url)
    stage.configure("devices", text)
    assert (await stage.run("devices")).state == "SUCCEEDED"
    objects = await stage.objects()
    failed = []
    for name, case in CASES.items():
        answer = case.answer or good
        old, new = case.change
        assert old in text
        stage.configure("devices", text.replace(old, new))
        executions = len(await stage.executions())
        try:
            said = await stage.command("import", "run", "devices")
            await check_said(stage, case, said)
            added = (await stage.executions())[executions:]
            expected = ["CANCELLED"] if case.reason and name not in NO_EXECUTION else []
            assert [each["state"] for each in added] == expected
            assert await stage.objects() == objects
        except AssertionError as error:
            failed.append(AssertionError(f"{name}: {said}\n{error}"))
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(CASES)} cases", failed)
    kept = [path.read_bytes() for path in tmp_path.rglob("broker.db*")]
    logged = "\n".join(stage.worker.lines).encode()
    for secret in (b"key-of-", b"token-of-"):
        assert not any(secret in written for written in [*kept, logged])


async def check_said(stage, case, said):
    """One message on the error output, no secret in it, and the import tells the same."""
    assert said.code == 1
    assert [part for part in case.says if part not in said.err] == []
    assert "Traceback" not in said.err
    assert "-of-yesterday" not in said.err
    latest = [run async for run in stage.imports.list()][-1]
    if not case.reason:
        assert (latest.state, said.out) == ("SUCCEEDED", "")
        assert said.err.count("\n") == 1  # said once, although it also stands in the details of the error
        return
    assert (latest.state, latest.failure.reason) == ("FAILED", case.reason)
    assert said.err == f"{case.reason}: {latest.failure.message}\n"


@pytest.mark.parametrize("what", ["broker", "worker"])
async def test_a_service_that_is_not_there(stage, what):
    await stage.start()
    stage.configure("devices", CONFIG.format(url="http://127.0.0.1:9", info_url=stage.info_url).replace("KEY", "PATH"))
    await getattr(stage, what).kill()
    said = await stage.command("import", "run", "devices")
    assert said.code == 5
    assert getattr(stage, what).address in said.err
