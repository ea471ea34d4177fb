"""A paginated API whose pages are ready-made: what it takes itself must not hide what is measured.

python -m benchmarks.imports.source --records 50000 --latency 0.2
"""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import click

READY_MADE = 100_000
"""Up to so many records are made before the first request; those of a longer list, page by page."""


def record(number: int) -> dict[str, object]:
    """A record of about 1 KB: text, numbers, dates, a flag and something nested."""
    return {
        "id": number,
        "serial": f"SN-{number:09d}",
        "name": f"db-{number}.example.org",
        "model": "Blade 760 générique",
        "location": {"site": f"Oslo {number % 40}", "rack": f"R{number % 900}"},
        "owner": f"owner{number % 5000}@example.org",
        "ip": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        "price": number % 9000 + 0.25,
        "cores": 2 ** (number % 8),
        "active": number % 3 != 0,
        "bought": f"202{number % 6}-05-17",
        "updated": f"2026-05-17T08:{number % 60:02d}:00Z",
        "description": f"Unit {number}: " + "a line of text that nobody ever reads to its end; " * 13,
    }


class Pages:
    """The pages of a list, as bytes of whole answers."""

    def __init__(self, records: int) -> None:
        self._records = records
        self._made: dict[tuple[int, int], bytes] = {}

    def make(self, size: int) -> None:
        """Make the pages of a size now."""
        for offset in range(0, min(self._records, READY_MADE), size):
            self._made[offset, size] = self._page(offset, size)

    def answer(self, target: str, host: str) -> bytes:
        """The answer to a request."""
        query = parse_qs(urlsplit(target).query)
        offset, size = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["500"])[0])
        body = self._made.get((offset, size)) or self._page(offset, size)
        following = offset + size
        link = (
            json.dumps(f"http://{host}/devices?offset={following}&limit={size}")
            if following < self._records
            else "null"
        )
        content = b'{"next":%b,"total":%d,%b' % (link.encode(), self._records, body)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        return head.encode() + content

    def _page(self, offset: int, size: int) -> bytes:
        rows = [record(number) for number in range(offset, min(offset + size, self._records))]
        return b'"rows":' + json.dumps(rows, ensure_ascii=False).encode() + b"}"


class Connection(asyncio.Protocol):
    """One kept connection; requests have no body."""

    def __init__(self, pages: Pages, latency: float) -> None:
        self._pages = pages
        self._latency = latency
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            line, *headers = head.decode("ascii").split("\r\n")
            host = next(each.partition(":")[2].strip() for each in headers if each.lower().startswith("host:"))
            asyncio.get_running_loop().call_later(self._latency, self._answer, line.split()[1], host)

    def _answer(self, target: str, host: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._pages.answer(target, host))


@click.command()
@click.option("--records", default=50_000)
@click.option("--size", default=500, help="Records of the pages that are made before.")
@click.option("--latency", default=0.0, help="Seconds before each answer.")
def main(records: int, size: int, latency: float) -> None:
    """Serve /devices?offset=&limit= until the end."""
    asyncio.run(_serve(records, size, latency))


async def _serve(records: int, size: int, latency: float) -> None:
    pages = Pages(records)
    pages.make(size)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(pages, latency), "127.0.0.1", 0)
    print(f"source on {':'.join(map(str, server.sockets[0].getsockname()))}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    main()
