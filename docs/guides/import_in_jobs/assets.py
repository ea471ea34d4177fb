"""Where devices go: the imports API of Assets, with the links that it hands out.

Works against `longshore sandbox` as it does against Atlassian: the address and the token say which one.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

Links = dict[str, str]
"""What opening an execution answered. It belongs to that execution and may be kept in events."""

KIND = "Device"
_ATTRIBUTES = {"Serial": ("serial", {"externalIdPart": True}, {}), "Name": ("name", {}, {"label": True})}


class Assets:
    """One import source of Assets."""

    def __init__(self, http: httpx.AsyncClient, info_url: str) -> None:
        self._http = http
        self._info_url = info_url

    async def start(self) -> Links:
        """Open an execution: all that is submitted to it is one import. The mapping is put where there is none."""
        links = (await self._call("GET", self._info_url))["links"]
        if (await self._call("GET", links["getStatus"]))["status"] == "MISSING_MAPPING":
            await self._call("PUT", links["mapping"], json=_document())
        opened: Links = (await self._call("POST", links["start"]))["links"]
        return opened

    async def submit(self, execution: Links, rows: list[dict[str, str]], chunk_id: str) -> None:
        """Hand over a chunk. A repeat is harmless: a device is known by its serial number."""
        body = {"data": {"devices": rows}, "clientGeneratedId": chunk_id}
        await self._call("POST", execution["submitResults"], json=body)

    async def complete(self, execution: Links) -> None:
        """Say once that all is there, from when on Assets writes its objects. Saying it again does nothing."""
        if (await self.status(execution))["status"] == "INGESTING":
            await self._call("POST", execution["submitResults"], json={"completed": True})

    async def cancel(self, execution: Links) -> None:
        """Give the execution up: Assets keeps its objects as they were."""
        await self._call("DELETE", execution["cancel"])

    async def status(self, execution: Links) -> dict[str, Any]:
        """Where the execution stands: INGESTING, PROCESSING, DONE or CANCELLED."""
        return await self._call("GET", execution["getExecutionStatus"])

    async def _call(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        answer = (await self._http.request(method, url, **options)).raise_for_status()
        return answer.json() if answer.content else {}


@asynccontextmanager
async def open_assets() -> AsyncIterator[Assets]:
    """The import source that ASSETS_INFO_URL and ASSETS_TOKEN name; without them, that of a sandbox on this machine."""
    url = os.environ.get("ASSETS_INFO_URL", "http://127.0.0.1:50080/jsm/assets/v1/imports/info")
    token = os.environ.get("ASSETS_TOKEN", "sandbox-token")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
        yield Assets(http, url)


def _document() -> dict[str, Any]:
    """The schema and mapping: one object type, whose identity is its serial number."""
    names = {name: f"guide/{KIND}/{name}" for name in _ATTRIBUTES}
    kind = {
        "externalId": f"guide/{KIND}",
        "name": KIND,
        "description": "",
        "attributes": [
            {"externalId": names[name], "name": name, "description": "", "type": "text", **more}
            for name, (_, _, more) in _ATTRIBUTES.items()
        ],
    }
    mapping = {
        "objectTypeExternalId": f"guide/{KIND}",
        "objectTypeName": KIND,
        "selector": "devices",
        "description": "",
        "attributesMapping": [
            {"attributeExternalId": names[name], "attributeName": name, "attributeLocators": [locator], **more}
            for name, (locator, more, _) in _ATTRIBUTES.items()
        ],
    }
    schema = {"objectSchema": {"name": "Devices", "description": "", "objectTypes": [kind]}}
    return {"schema": schema, "mapping": {"objectTypeMappings": [mapping]}}
