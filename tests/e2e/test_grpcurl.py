"""ImportService from a terminal: every method through grpcurl and reflection."""

import asyncio
import json
import re

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SOURCE = """
version: 1
kind: import
name: devices
source: { type: rest, base_url: "%s" }
resources:
  - { name: devices, path: devices, data_selector: rows, pagination: { type: json_link, next_url_path: next } }
assets:
  info_url: %s
  token: ${env:ASSETS_TOKEN}
  object_types:
    - name: Device
      resource: devices
      attributes: { Serial: { from: serial, identity: true }, Name: { from: name, label: true } }
"""


@pytest.fixture
async def held_source(serve):
    """The address of a source with one page, and the event that it waits for."""
    go_on = asyncio.Event()

    async def devices(_: Request) -> Response:
        await go_on.wait()
        return JSONResponse({"rows": [{"serial": "1", "name": "one"}, {"serial": "2", "name": "two"}], "next": None})

    yield await serve(Starlette(routes=[Route("/devices", devices)])), go_on
    go_on.set()


def named_as_in_the_contract(message):
    """The message with field names as in the proto: versions of grpcurl differ in how they write them."""
    return {re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value for name, value in message.items()}


class Terminal:
    """grpcurl against one service."""

    def __init__(self, grpcurl, address):
        self._grpcurl = grpcurl
        self._address = address

    async def say(self, *arguments):
        """Run it with a verb of its own. Answers (exit code, both outputs)."""
        process = await asyncio.create_subprocess_exec(
            self._grpcurl, "-plaintext", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode()

    async def call(self, method, **request):
        """Call a method of ImportService. Answers its messages."""
        code, out = await self.say(
            "-d", json.dumps(request), self._address, f"longshore.v1.ImportService/{method}"
        )  # fmt: skip
        assert code == 0, out
        decoder, messages = json.JSONDecoder(object_hook=named_as_in_the_contract), []
        while out.strip():
            message, end = decoder.raw_decode(out := out.strip())
            messages.append(message)
            out = out[end:]
        return messages

    async def verb(self, *arguments):
        code, out = await self.say(self._address, *arguments)
        assert code == 0, out
        return out


async def test_every_method(stage, grpcurl, held_source):
    url, go_on = held_source
    await stage.start("--processing-seconds", "0")
    stage.configure("devices", SOURCE % (url, stage.info_url))
    terminal = Terminal(grpcurl, stage.worker.address)
    assert "longshore.v1.ImportService" in (await terminal.verb("list")).split()
    methods = (await terminal.verb("list", "longshore.v1.ImportService")).split()
    verbs = ["Start", "Get", "Watch", "Cancel", "Resume", "Check", "Preview"]
    served = [*(f"{verb}Import" for verb in verbs), "ListImports", "ListQuarantine"]
    assert sorted(methods) == sorted(f"longshore.v1.ImportService.{method}" for method in served)

    (started,) = await terminal.call("StartImport", name="devices", request_id="first")
    import_id = started["run"]["import_id"]
    (again,) = await terminal.call("StartImport", name="devices")
    assert (again["run"]["import_id"], again["already_active"]) == (import_id, True)
    (cancelled,) = await terminal.call("CancelImport", import_id=import_id)
    assert cancelled["run"]["state"] in {"IMPORT_STATE_CANCELLING", "IMPORT_STATE_CANCELLED"}
    go_on.set()
    assert (await terminal.call("WatchImport", import_id=import_id))[-1]["run"]["state"] == "IMPORT_STATE_CANCELLED"

    (checked,) = await terminal.call("CheckImport", name="devices")
    assert [check["ok"] for check in checked["checks"]] == [True, True]
    (shown,) = await terminal.call("PreviewImport", name="devices", max_records=1)
    assert [each["object_type"] for each in shown["records"][0]["objects"]] == ["Device"]

    (repeated,) = await terminal.call("StartImport", name="devices", request_id="first")
    assert repeated["run"]["import_id"] == import_id
    (second,) = await terminal.call("StartImport", name="devices", request_id="second")
    watched = await terminal.call("WatchImport", import_id=second["run"]["import_id"])
    assert watched[-1]["run"]["state"] == "IMPORT_STATE_SUCCEEDED"
    (got,) = await terminal.call("GetImport", import_id=second["run"]["import_id"])
    assert got == watched[-1]
    assert got["run"]["progress"]["object_types"] == [
        {"object_type": "Device", "objects": 2, "created": 2, "updated": 0, "identical": 0, "removed": 0}
    ]
    (page,) = await terminal.call("ListImports", name="devices", page_size=1)
    assert [each["import_id"] for each in page["imports"]] == [import_id]
    (rest,) = await terminal.call("ListImports", page_token=page["next_page_token"])
    assert rest["imports"] == [got["run"]]
    assert "next_page_token" not in rest
    (resumed,) = await terminal.call("ResumeImport", import_id=import_id)
    assert resumed["run"]["import_id"] != import_id
    (kept,) = await terminal.call("ListQuarantine", import_id=import_id)
    assert "records" not in kept


async def test_errors_tell_their_reason(stage, grpcurl):
    await stage.start()
    terminal = Terminal(grpcurl, stage.worker.address)
    for method, request, code, reason in (
        ("StartImport", {"name": "nothing"}, "NotFound", "ERROR_REASON_IMPORT_NOT_FOUND"),
        ("StartImport", {}, "InvalidArgument", "ERROR_REASON_INVALID_REQUEST"),
        ("GetImport", {"import_id": "x"}, "InvalidArgument", "ERROR_REASON_INVALID_REQUEST"),
        ("CancelImport", {"import_id": "0" * 32}, "NotFound", "ERROR_REASON_IMPORT_NOT_FOUND"),
        ("ListImports", {"page_size": -1}, "InvalidArgument", "ERROR_REASON_INVALID_REQUEST"),
        ("WatchImport", {"import_id": "0" * 32}, "NotFound", "ERROR_REASON_IMPORT_NOT_FOUND"),
    ):
        _, out = await terminal.say(
            "-d", json.dumps(request), stage.worker.address, f"longshore.v1.ImportService/{method}"
        )  # fmt: skip
        assert code in out, (method, request, out)
        assert reason in out, (method, request, out)
