"""A source with faults that pass: what it serves in the end is what arrives."""

import asyncio
from collections import Counter

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

STALL_SECONDS = 3.0
"""Longer than the read time-out of the configuration."""


async def test_faults_that_pass(make_iso, cut_off):
    iso = await make_iso()
    half = Response('{"rows": [{"code": "NO-0', media_type="application/json")
    faults = [
        [Response(status_code=429)],
        [Response(status_code=429, headers={"Retry-After": "2"})],
        [Response(status_code=500), Response(status_code=502), Response(status_code=500)],
        [Response(status_code=503, headers={"Retry-After": "1"})],
        [cut_off, cut_off, cut_off],
        [half, half],
        ["stall"],
        [Response(status_code=408), cut_off, Response(status_code=429), half],
    ]
    pages: dict[str, list] = {}

    async def before(call):
        """Each page of subdivisions meets the next list of faults, one at each request."""
        if call.kind != "subdivisions":
            return None
        page = pages.setdefault(str(call.request.url), list(faults.pop(0)) if faults else [])
        fault = page.pop(0) if page else None
        if fault == "stall":
            await asyncio.sleep(STALL_SECONDS)
            return Response(status_code=500)
        return fault

    iso.source.before = before
    await iso.check_exact(await iso.stage.run("iso"))
    assert faults == []
    assert all(page == [] for page in pages.values())


MOVING = """
version: 1
kind: import
name: moving
source: {{ type: rest, base_url: "{url}", retry: {{ attempts: 1, max_inline_wait: 0s }} }}
resources:
  - {{ name: hosts, path: hosts, data_selector: rows, pagination: {{ type: offset, limit: 10, total_path: total }} }}
assets:
  info_url: {info_url}
  token: ${{env:ASSETS_TOKEN}}
  chunks: {{ max_objects: 4 }}
  object_types:
    - name: Host
      resource: hosts
      attributes: {{ Serial: {{ from: serial, identity: true }}, Name: {{ from: name, label: true }} }}
"""


async def test_rows_that_move_while_a_page_is_tried_again(stage, serve):
    """What was emitted stays as it was, rows that come twice stay one object, and the next run has it all."""
    rows = [{"serial": f"S{number:02}", "name": f"host {number}"} for number in range(35)]
    before = list(rows)
    asked = Counter()

    async def hosts(request: Request) -> Response:
        first, limit = int(request.query_params["offset"]), int(request.query_params["limit"])
        asked[first] += 1
        if first == 20 and asked[first] == 1:
            rows.insert(0, {"serial": "S99", "name": "new"})  # all others move on by one
            return Response(status_code=500)
        return JSONResponse({"rows": rows[first : first + limit], "total": len(rows)})

    url = await serve(Starlette(routes=[Route("/hosts", hosts)]))
    await stage.start("--processing-seconds", "0")
    stage.configure("moving", MOVING.format(url=url, info_url=stage.info_url))
    for expected in (before, rows):
        run = await stage.run("moving")
        assert (run.state, run.failure) == ("SUCCEEDED", None)
        found = [each["attributes"] for each in (await stage.objects())["Host"]]
        named = [{"serial": each["Serial"], "name": each["Name"]} for each in found]
        assert sorted(named, key=str) == sorted(expected, key=str)
    assert asked[20] == 3
