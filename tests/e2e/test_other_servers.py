"""Other servers than ours on both sides: sources that page differently, and an Assets that another hand wrote."""

from base64 import urlsafe_b64encode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SITES = ["Zürich", "Saint-Denis", 'O\'Hare "2"', "004"]
ASSETS = [
    {
        "assetTag": f"A-{number:04}",
        "details": {"title": f"Gerät {number % 300}", "cores": number % 65, "on": number % 2 == 0},
        "network": None if number % 5 == 0 else {"ip": f"10.0.{number // 256}.{number % 256}"},
        "bought": f"20{number % 24:02}-0{number % 9 + 1}-1{number % 9}",
        "site": SITES[number % 4],
        "uplink": None if number < 3 else f"A-{number * 7 % 333:04}",
    }
    for number in range(333)
]  # fmt: skip

OFFSET = """
version: 1
kind: import
name: inventory
source:
  type: rest
  base_url: "{source}/api/v3/"
  auth: {{ type: api_key, header: X-Api-Key, value: "${{env:SOURCE_KEY}}" }}
resources:
  - name: assets
    path: assets
    params: {{ fields: all }}
    data_selector: result.items
    pagination: {{ type: offset, limit: 50, limit_param: take, offset_param: skip, total_path: result.count }}
  - {{ name: sites, path: sites, pagination: {{ type: single_page }} }}
assets:
  info_url: {info_url}
  token: "${{env:OTHER_TOKEN}}"
  chunks: {{ max_objects: 30 }}
  object_types:
    - name: Asset
      resource: assets
      attributes:
        Tag: {{ from: assetTag, identity: true }}
        Title: {{ from: details.title, label: true }}
        Cores: {{ from: details.cores, type: integer }}
        Running: {{ from: details.on, type: boolean }}
        Address: {{ from: network.ip, type: ipaddress, optional: true }}
        Bought: {{ from: bought, type: date }}
        Site: {{ from: site, reference: {{ type: Site, by: Name }} }}
        Uplink: {{ from: uplink, reference: {{ type: Asset, by: Tag }} }}
    - name: Site
      resource: sites
      attributes:
        Name: {{ from: name, identity: true, label: true }}
"""


async def inventory(request: Request) -> Response:
    """Pages by skip and take, at most 40 a page whatever is asked, with a count, and a key in a header."""
    if request.headers.get("x-api-key") != "k-1":
        return JSONResponse({"message": "invalid key"}, 403)
    if request.path_params["what"] == "sites":
        return JSONResponse([{"name": name} for name in SITES])
    assert request.query_params["fields"] == "all"
    skip, take = int(request.query_params["skip"]), min(int(request.query_params["take"]), 40)
    return JSONResponse({"result": {"items": ASSETS[skip : skip + take], "count": len(ASSETS)}})


def wanted_assets():
    found = {}
    for row in ASSETS:
        values = {
            "Tag": row["assetTag"],
            "Title": row["details"]["title"],
            "Cores": row["details"]["cores"],
            "Running": row["details"]["on"],
            "Address": row["network"] and row["network"]["ip"],
            "Bought": row["bought"],
            "Site": row["site"],
            "Uplink": row["uplink"],
        }
        found[row["assetTag"]] = {name: value for name, value in values.items() if value is not None}
    return {"Asset": found, "Site": {name: {"Name": name} for name in SITES}}


PEOPLE = [{"id": number, "login": f"user-{number}", "admin": number % 9 == 0} for number in range(1, 88)]

LINKS = """
version: 1
kind: import
name: people
source:
  type: rest
  base_url: "{source}"
  headers: {{ X-Version: "2" }}
  auth: {{ type: bearer, token: "${{env:SOURCE_KEY}}" }}
  pagination: {{ type: header_link }}
resources:
  - {{ name: people, path: users, params: {{ per_page: 10 }} }}
assets:
  info_url: {info_url}
  token: "${{env:OTHER_TOKEN}}"
  object_types:
    - name: Person
      resource: people
      attributes:
        Id: {{ from: id, type: integer, identity: true }}
        Login: {{ from: login, label: true }}
        Admin: {{ from: admin, type: boolean }}
"""


async def people(request: Request) -> Response:
    """A bare list, with links in a header: relative, several of them, the next page by an opaque cursor."""
    if request.headers.get("authorization") != "Bearer k-1" or request.headers.get("x-version") != "2":
        return JSONResponse({"message": "Bad credentials"}, 401)
    first = int(request.query_params.get("after", "0x0").partition("x")[2])
    size = int(request.query_params["per_page"])
    links = [f'</users?per_page={size}>; rel="first"']
    if first + size < len(PEOPLE):
        seal = urlsafe_b64encode(f"{first}".encode()).decode()
        links.append(f'<?per_page={size}&seal={seal}&after=0x{first + size}>; title="a, b"; rel="next prefetch"')
    return JSONResponse(PEOPLE[first : first + size], headers={"Link": ", ".join(links)})


def wanted_people():
    return {
        "Person": {str(row["id"]): {"Id": row["id"], "Login": row["login"], "Admin": row["admin"]} for row in PEOPLE}
    }


WORLDS = {
    "offset": ("inventory", OFFSET, Route("/api/v3/{what}", inventory), wanted_assets),
    "links": ("people", LINKS, Route("/users", people), wanted_people),
}


@pytest.fixture
async def configured(stage, serve, request):
    """A started stage with an import from another source; it is told where Assets is by a call."""
    name, text, route, wanted = WORLDS[request.param]
    url = await serve(Starlette(routes=[route]))
    stage.environment |= {"SOURCE_KEY": "k-1", "OTHER_TOKEN": "container-token-7"}
    await stage.start("--processing-seconds", "0")

    def configure(info_url, token="OTHER_TOKEN"):
        stage.configure(name, text.format(source=url, info_url=info_url).replace("OTHER_TOKEN", token))
        return name, wanted()

    return configure


@pytest.mark.parametrize("configured", list(WORLDS), indirect=True)
async def test_into_an_assets_server_of_another_hand(stage, configured, assets):
    name, wanted = configured(f"{assets.door}/jsm/assets/v1/imports/info")
    run = await stage.run(name)
    assert (run.state, run.failure) == ("SUCCEEDED", None)
    assert assets.objects == wanted
    again = await stage.run(name)
    assert (again.state, again.failure) == ("SUCCEEDED", None)
    assert {each.object_type: each.identical for each in again.progress.object_types} == {
        kind: len(objects) for kind, objects in wanted.items()
    }
    assert [each["status"] for each in assets.runs] == ["DONE", "DONE"]
    assert [call for call in assets.log if call.startswith("PUT")] == ["PUT /mapping"]


@pytest.mark.parametrize("configured", list(WORLDS), indirect=True)
async def test_into_the_sandbox(stage, configured):
    name, wanted = configured(stage.info_url, token="ASSETS_TOKEN")
    run = await stage.run(name)
    assert (run.state, run.failure) == ("SUCCEEDED", None)
    assert await stage.plain_objects() == wanted
