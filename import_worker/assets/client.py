"""The client of Assets' imports API: a Destination that follows the links it is given and builds none.

The links of `info` live here and nowhere else; their origin is the only one that execution links may have.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from import_worker.assets.report import read_status
from import_worker.assets.schema import render
from import_worker.config import ImportConfig
from import_worker.config.assets import Assets
from import_worker.errors import (
    ChunkTooLarge,
    DestinationBroken,
    DestinationBusy,
    DestinationUnavailable,
    ExecutionLost,
)
from import_worker.http.addresses import AddressRefused, Origin
from import_worker.http.bodies import BodyCutOff, BodyWrong, parse_json
from import_worker.http.exchange import Request, Response
from import_worker.http.redaction import Secrets
from import_worker.http.transport import Transport
from import_worker.ports import Execution, ExecutionStatus

Connect = Callable[[str], Transport]
"""Opens a transport to the origin of an address, with the token. It tells the token to nobody else."""

_REFUSED = frozenset({400, 404, 409})
_TOO_LARGE = 413
_CONFLICT = 409
_SEE_OTHER = 303
_NOT_ALLOWED = {401: "does not know the token", 403: "does not let the token do this"}
_EXCERPT = 300
_FOUND = {
    "IDLE": "takes an import",
    "MISSING_MAPPING": "takes an import; schema and mapping are put by the first run",
    "RUNNING": "runs another import now; a run would wait for it",
}
"""What people are told about the statuses of an import source that is in order."""


class AssetsClient:
    """One import source of Assets."""

    def __init__(
        self, config: ImportConfig, assets: Assets, *, info_url: str, connect: Connect, secrets: Secrets
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            config: the import.
            assets: its destination.
            info_url: that of the configuration, with its references resolved.
            connect: opens transports.
            secrets: what no message shows: servers like to repeat the token.
        """
        self._config = config
        self._assets = assets
        self._connect = connect
        self._secrets = secrets
        self._info_url = info_url
        self._door = connect(info_url)
        self._transport = self._door
        self._links: Mapping[str, str] = {}

    async def check(self) -> str:
        """See Destination: asks for the links and for the status of the import source."""
        return f"Assets at {self._door.origin} {_FOUND[await self._ask_state()]}"

    async def prepare(self) -> None:
        """See Destination: schema and mapping are put once, and changed only under `mapping: apply`."""
        state = await self._ask_state()
        if state == "RUNNING":
            raise DestinationBusy("Assets runs another import of this import source")
        if state == "MISSING_MAPPING":
            # 409: it is there already, from another attempt or another client.
            await self._send_mapping("PUT", accept=frozenset({_CONFLICT}))
        elif self._assets.mapping == "apply":
            await self._send_mapping("PATCH", accept=frozenset({_SEE_OTHER}))  # it is taken, and worked on

    async def start(self) -> Execution:
        """See Destination. Sent once: after a lost answer only the status can tell what happened."""
        await self._need_info()
        accept = frozenset({_CONFLICT})
        answer = await self._send("start", Request(method="POST", url=self._links["start"], accept=accept, retry=False))
        document = _document_of(answer)
        if answer.status == _CONFLICT:
            code = str(document.get("errorCode"))
            if code == "IN_PROGRESS":
                raise DestinationBusy("Assets runs another import of this import source")
            raise DestinationBroken(f"Assets starts no execution{self._excerpt(answer)}")
        return Execution(links=self._checked_links(document, "submitResults", "getExecutionStatus", "cancel"))

    async def submit(self, execution: Execution, body: bytes) -> None:
        """See Destination."""
        await self._need_info()
        link = self._pinned(execution.links["submitResults"])
        accept = _REFUSED | {_TOO_LARGE}
        answer = await self._send("submitResults", Request(method="POST", url=link, content=body, accept=accept))
        if answer.status == _TOO_LARGE:
            raise ChunkTooLarge(f"Assets takes no chunk of {len(body)} bytes")
        if answer.status not in _REFUSED:
            return
        state = (await self.status(execution)).state
        if state != "INGESTING":
            raise ExecutionLost(f"the execution takes no more chunks: Assets says it is {state}")
        # A server that takes each client id once refuses a chunk whose first answer was lost. Without an id it has to
        # judge the data alone, and data that came before is harmless: its objects have an identity.
        again = await self._send(
            "submitResults", Request(method="POST", url=link, content=_without_client_id(body), accept=_REFUSED)
        )
        if again.status in _REFUSED:
            raise DestinationBroken(f"Assets refuses a chunk with status {answer.status}{self._excerpt(answer)}")

    async def complete(self, execution: Execution) -> None:
        """See Destination. The status is asked first, so that it is said exactly once."""
        state = (await self.status(execution)).state
        if state == "CANCELLED":
            raise ExecutionLost("the execution was cancelled before the import was complete")
        if state != "INGESTING":
            return
        link = self._pinned(execution.links["submitResults"])
        digest = hashlib.sha256(link.encode()).hexdigest()[:16]
        body = {"completed": True, "clientGeneratedId": f"{self._config.name}/completed/{digest}"}
        content = json.dumps(body).encode()
        answer = await self._send(
            "submitResults", Request(method="POST", url=link, content=content, accept=_REFUSED, retry=False)
        )
        if answer.status in _REFUSED and (await self.status(execution)).state == "INGESTING":
            raise DestinationBroken(f"Assets does not let the import complete{self._excerpt(answer)}")

    async def status(self, execution: Execution) -> ExecutionStatus:
        """See Destination."""
        await self._need_info()
        link = self._pinned(execution.links["getExecutionStatus"])
        answer = await self._send("getExecutionStatus", Request(url=link, accept=_REFUSED))
        if answer.status in _REFUSED:
            raise ExecutionLost(f"Assets no longer knows the execution{self._excerpt(answer)}")
        return read_status(_document_of(replace(answer, body=self._hidden(answer).encode())))

    async def cancel(self, execution: Execution) -> None:
        """See Destination."""
        await self._need_info()
        await self._send(
            "cancel", Request(method="DELETE", url=self._pinned(execution.links["cancel"]), accept=_REFUSED)
        )

    async def close(self) -> None:
        """See Destination."""
        await self._door.close()
        if self._transport is not self._door:
            await self._transport.close()

    async def _ask_state(self) -> str:
        """The status of the import source: one in which an import can be started, now or later."""
        await self._ask_info()
        state = str(_document_of(await self._send("getStatus", Request(url=self._links["getStatus"]))).get("status"))
        if state == "DISABLED":
            raise DestinationBroken("the import source is disabled in Assets: enable it there, then start again")
        if state not in _FOUND:
            raise DestinationBroken(f"the import source has the unknown status {state!r}")
        return state

    async def _need_info(self) -> None:
        if not self._links:
            await self._ask_info()

    async def _ask_info(self) -> None:
        """Ask for the links, and pin their origin. They belong to the token and are good for this process only."""
        address = self._info_url
        document = _document_of(await self._send_to(self._door, Request(url=address)))
        links = _links_in(document, "getStatus", "start", "mapping")
        try:
            origins = {Origin.of(link) for link in links.values()}
        except AddressRefused as error:
            raise DestinationBroken(f"{address} gave a link that cannot be used: {error}") from None
        origin, *others = origins
        if others:
            raise DestinationBroken(f"{address} gave links to more than one place: {', '.join(map(str, origins))}")
        if self._door.origin.scheme == "https" != origin.scheme:
            raise DestinationBroken(f"{address} gave links to {origin}: the token goes over https only")
        if self._transport.origin != origin:
            self._transport = self._door if origin == self._door.origin else self._connect(str(origin))
        self._links = links

    async def _send_mapping(self, method: str, accept: frozenset[int]) -> None:
        content = json.dumps(render(self._config, self._assets), ensure_ascii=False).encode()
        await self._send("mapping", Request(method=method, url=self._links["mapping"], content=content, accept=accept))

    async def _send(self, link: str, request: Request) -> Response:
        """Send to a link, which messages call by its name: who has a link and the token can use it."""
        return await self._send_to(self._transport, replace(request, called=f"{self._transport.origin} ({link})"))

    async def _send_to(self, transport: Transport, request: Request) -> Response:
        headers = {"Content-Type": "application/json"} if request.content is not None else {}
        accept = request.accept | _NOT_ALLOWED.keys()
        answer = await transport.request(replace(request, headers=headers, accept=accept))
        if answer.status in _NOT_ALLOWED:
            raise DestinationBroken(
                f"Assets {_NOT_ALLOWED[answer.status]} ({answer.status}): check that {self._assets.token} holds "
                "the token of this import source, and that no newer one replaced it"
            )
        return answer

    def _checked_links(self, document: dict[str, Any], *names: str) -> dict[str, str]:
        links = _links_in(document, *names)
        for link in links.values():
            self._pinned(link)
        return links

    def _pinned(self, link: str) -> str:
        """The link, if it leads where the links of info lead."""
        try:
            origin = Origin.of(link)
        except AddressRefused as error:
            raise DestinationBroken(f"Assets gave a link that cannot be used: {error}") from None
        if origin != self._transport.origin:
            raise DestinationBroken(f"Assets gave a link to {origin}, but its info named {self._transport.origin}")
        return link

    def _excerpt(self, answer: Response) -> str:
        text = " ".join(self._hidden(answer).split())
        return f": {text[:_EXCERPT]}" if text else ""

    def _hidden(self, answer: Response) -> str:
        return self._secrets.hide(answer.body.decode(errors="replace"))


def _document_of(answer: Response) -> dict[str, Any]:
    try:
        document = parse_json(answer.body)
    except BodyCutOff:
        raise DestinationUnavailable(f"the answer of {answer.url} breaks off in the middle") from None
    except BodyWrong as error:
        raise DestinationBroken(f"{answer.url} answered with {error} instead of JSON: check assets.info_url") from None
    if not isinstance(document, dict):
        raise DestinationBroken(f"{answer.url} answered with JSON that is no object: check assets.info_url")
    return document


def _links_in(document: dict[str, Any], *names: str) -> dict[str, str]:
    given = document.get("links")
    links = given if isinstance(given, dict) else {}
    missing = [name for name in names if not isinstance(links.get(name), str)]
    if missing:
        raise DestinationBroken(f"Assets gave no link {', '.join(missing)}: check assets.info_url")
    return {name: links[name] for name in names}


def _without_client_id(body: bytes) -> bytes:
    """The chunk, no larger than it was: it must fit where it fitted before."""
    chunk = json.loads(body)
    del chunk["clientGeneratedId"]
    return json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode()
