"""A small real HTTP server that answers as it is told, faults included, and sources that read from it."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from import_worker.config import parse_import
from import_worker.http.oauth import Tokens
from import_worker.ports import Note
from import_worker.sources.door import Outside
from import_worker.sources.rest import RestSource

NOW = 1_795_340_800.0  # Sun, 22 Nov 2026 09:46:40 GMT

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    target: str
    headers: dict[str, str]
    method: str = "GET"
    body: str = ""


@dataclass
class Server:
    """Answers each target with its replies in turn; the last one stays."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    open: dict[asyncio.StreamWriter, asyncio.Task[None]] = field(default_factory=dict)

    def on(self, target: str, *replies: Reply) -> None:
        self.replies[target] = list(replies)

    def targets(self) -> list[str]:
        return [asked.target for asked in self.asked]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open[writer] = asyncio.current_task()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not self.over.is_set():
                await self._serve(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        method, target, _ = first.split()
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
        self.asked.append(Asked(target, headers, method, body))
        replies = self.replies.get(target, [status(404)])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        await reply(writer)
        await writer.drain()

    async def close(self) -> None:
        self.over.set()
        for writer in self.open:
            writer.close()
        await asyncio.gather(*self.open.values())


def raw(content: bytes, *, close: bool = True) -> Reply:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        if close:
            await writer.drain()
            writer.close()

    return send


def status(code: int, body: bytes = b"{}", **headers: str) -> Reply:
    lines = [f"HTTP/1.1 {code} Word", f"Content-Length: {len(body)}"]
    named = {"Content_Type": "application/json", **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body, close=False)


def answer(document: object, **headers: str) -> Reply:
    return status(200, json.dumps(document).encode(), **headers)


def packed(body: bytes) -> Reply:
    return status(200, gzip.compress(body), Content_Encoding="gzip")


class Replies:
    """The replies a test can put together."""

    raw = staticmethod(raw)
    status = staticmethod(status)
    answer = staticmethod(answer)
    packed = staticmethod(packed)


@pytest.fixture
def replies():
    return Replies


@pytest.fixture
async def start_server():
    """Starts servers on free ports of the loopback; all end with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def start() -> Server:
            server = Server()
            listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
            server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            stack.push_async_callback(server.close)
            stack.callback(listening.close)
            return server

        yield start


@pytest.fixture
async def server(start_server):
    return await start_server()


class MovingClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    def at(self, seconds: float) -> None:
        """So many seconds after the beginning."""
        self.time = NOW + seconds


@pytest.fixture
def clock():
    return MovingClock()


class Board:
    """Notes in memory, with the one promise of a board: a write over what is not there any more changes nothing."""

    def __init__(self):
        self.notes = {}
        self.version = 0

    async def read(self, key):
        await asyncio.sleep(0)
        return self.notes.get(key, Note(value=None, version=0))

    async def write(self, key, value, *, over, life):
        assert 0 < life < 366 * 86400
        await asyncio.sleep(0)
        if self.notes.get(key, Note(value=None, version=0)).version != over.version:
            return None
        self.version += 1
        self.notes[key] = Note(value=json.loads(json.dumps(value)), version=self.version)
        return self.notes[key]


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def waits():
    """Seconds that retries in place would have waited."""
    return []


@pytest.fixture
async def open_source(clock, waits, board):
    """Opens sources of one resource `items`; retries note their waits instead of waiting."""
    async with contextlib.AsyncExitStack() as stack:

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        def build(base_url, *, env=None, source=None, tokens=None, inline=False, **resource):
            defaults = {"name": "items", "path": "items", "pagination": {"type": "single_page"}}
            kind = {"name": "Item", "resource": "items"}
            attributes = {"Id": {"from": "id", "identity": True, "label": True}}
            file = {
                "version": 1,
                "kind": "import",
                "name": "demo",
                "source": {"type": "rest", "base_url": base_url, **(source or {})},
                "resources": [{**defaults, **resource}],
                "assets": {"token": "${env:T}", "object_types": [{**kind, "attributes": attributes}]},
            }
            config = parse_import(json.dumps(file), "demo.yaml")
            outside = Outside(
                env=env or {}, clock=clock, board=board, sleep=sleep, jitter=lambda: 1.0, tokens=tokens or Tokens()
            )
            opened = RestSource(config.model_copy(update={"inline": inline}), outside)
            stack.push_async_callback(opened.close)
            return opened

        yield build


@pytest.fixture
def read_all():
    """Reads a lane to its end, with each cursor stored and restored as the flow does."""

    async def read(source, resource="items"):
        records, cursor, pages = [], None, 0
        while True:
            page = await source.read(resource, cursor)
            records += page.records
            pages += 1
            if page.next_cursor is None:
                return records, pages
            cursor = json.loads(json.dumps(page.next_cursor))

    return read
