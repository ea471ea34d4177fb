"""A document, and the sandbox in this process behind a real server, with a clock that tests turn."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from import_worker.sandbox.app import build_app
from import_worker.sandbox.switches import Switches
from import_worker.sandbox.wire import Server, address, bind

TOKEN = "a token of the tests"


def _attribute(name: str, **more: Any) -> dict[str, Any]:
    return {"externalId": f"geo/attribute/{name}", "name": name, "description": "", "type": "text", **more}


def _mapped(name: str, locator: str, **more: Any) -> dict[str, Any]:
    return {
        "attributeExternalId": f"geo/attribute/{name}",
        "attributeName": name,
        "attributeLocators": [locator],
        **more,
    }


_DOCUMENT = {
    "schema": {
        "objectSchema": {
            "name": "Geography",
            "description": "",
            "objectTypes": [
                {
                    "externalId": "geo/Country",
                    "name": "Country",
                    "description": "",
                    "attributes": [_attribute("Code"), _attribute("Name", label=True)],
                },
                {
                    "externalId": "geo/Region",
                    "name": "Region",
                    "description": "",
                    "attributes": [
                        _attribute("Region Code"),
                        _attribute("Title", label=True),
                        _attribute("People", type="integer"),
                        _attribute("Country", type="referenced_object", referenceObjectTypeName="Country"),
                        _attribute("Parent", type="referenced_object", referenceObjectTypeName="Region"),
                    ],
                },
            ],
        }
    },
    "mapping": {
        "objectTypeMappings": [
            {
                "objectTypeExternalId": "geo/Country",
                "objectTypeName": "Country",
                "selector": "countries",
                "description": "",
                "attributesMapping": [_mapped("Code", "code", externalIdPart=True), _mapped("Name", "name")],
            },
            {
                "objectTypeExternalId": "geo/Region",
                "objectTypeName": "Region",
                "selector": "regions",
                "description": "",
                "attributesMapping": [
                    _mapped("Region Code", "code", externalIdPart=True),
                    _mapped("Title", "title"),
                    _mapped("People", "people"),
                    _mapped("Country", "country", objectMappingIQL="Code = ${country}"),
                    _mapped("Parent", "parent", objectMappingIQL='"Region Code" = ${parent}'),
                ],
            },
        ]
    },
}


@pytest.fixture
def document() -> dict[str, Any]:
    """Two object types with references to the other and to itself. Each test may change its copy."""
    return copy.deepcopy(_DOCUMENT)


class Importer:
    """A plain client of the API, as an importer would be. Answers are not checked unless said."""

    def __init__(self, http: httpx.AsyncClient, links: dict[str, str]) -> None:
        self.http = http
        self.links = links

    async def put(self, document: Any) -> httpx.Response:
        return await self.http.put(self.links["mapping"], json=document)

    async def patch(self, document: Any, **options: Any) -> httpx.Response:
        return await self.http.patch(self.links["mapping"], json=document, **options)

    async def status(self) -> str:
        return (await self.http.get(self.links["getStatus"])).raise_for_status().json()["status"]

    async def start(self) -> dict[str, str]:
        """Open an execution; its links."""
        return (await self.http.post(self.links["start"])).raise_for_status().json()["links"]

    async def send(self, execution: dict[str, str], **body: Any) -> httpx.Response:
        return await self.http.post(execution["submitResults"], json=body)

    async def done(self, execution: dict[str, str]) -> dict[str, Any]:
        """Wait for the end of processing; progressResult."""
        while True:
            answer = (await self.http.get(execution["getExecutionStatus"])).raise_for_status().json()
            if answer["status"] != "PROCESSING":
                assert answer["status"] == "DONE"
                return answer["progressResult"]

    async def carry(self, **data: Any) -> dict[str, dict[str, Any]]:
        """A whole import of this data; the results by the name of the object type."""
        execution = await self.start()
        (await self.send(execution, data=data)).raise_for_status()
        (await self.send(execution, completed=True)).raise_for_status()
        results = (await self.done(execution))["objectTypeResultMap"]
        return {each["objectTypeName"]: each for each in results.values()}

    async def view(self, path: str, method: str = "GET", **options: Any) -> Any:
        answer = await self.http.request(method, f"/_sandbox/{path}", **options)
        return answer.raise_for_status().json()

    async def objects(self, type_name: str) -> dict[str, dict[str, Any]]:
        """Attributes of the objects of a type, by their joined identity."""
        return {"/".join(each["identity"]): each["attributes"] for each in await self.view(f"objects/{type_name}")}


class TurnedClock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def serving(clock) -> Callable[..., Any]:
    """Serves a sandbox in this process with these switches; gives an Importer."""

    @asynccontextmanager
    async def serve(**switches: Any) -> AsyncIterator[Importer]:
        app = build_app(token=TOKEN, switches=Switches(**{"processing_seconds": 0} | switches), now=clock)
        ready = asyncio.Event()
        server = Server(app, ready.set)
        with bind("127.0.0.1", 0) as bound:
            running = asyncio.create_task(server.serve(sockets=[bound]))
            await ready.wait()
            headers = {"Authorization": f"Bearer {TOKEN}"}
            try:
                async with httpx.AsyncClient(
                    base_url=address(bound), headers=headers, timeout=30, trust_env=False
                ) as http:
                    info = (await http.get("/jsm/assets/v1/imports/info")).raise_for_status().json()
                    yield Importer(http, info["links"])
            finally:
                server.should_exit = True
                await running

    return serve


@pytest.fixture
async def importer(serving, document) -> AsyncIterator[Importer]:
    """An importer whose mapping was taken already."""
    async with serving() as found:
        assert (await found.put(document)).status_code == 204
        yield found
