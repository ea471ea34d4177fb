"""The preview of a resource: its first records, the objects they become, and the exact bodies that would be sent.

Bounded in records, bytes and time. Nothing is sent to the destination.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from import_worker.errors import SourceUnavailable
from import_worker.flow.benches import Bench
from import_worker.ports import Page, Record
from import_worker.preview.pages import first_pages
from import_worker.preview.records import Shown, ShownRecord, show

MAX_RECORDS = 50
USUAL_RECORDS = 10
MAX_BYTES = 1024 * 1024
"""Of all texts and bodies together."""
PATIENCE = 10.0
"""Seconds for everything."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What was found.

    Attributes:
        url: of the first page.
        pagination: its kind.
        records: and what becomes of them.
        chunks: bodies that would be sent; ids of chunks name the run, which a preview has not.
        truncated: a bound kept something out.
    """

    url: str
    pagination: str
    records: tuple[ShownRecord, ...]
    chunks: tuple[bytes, ...]
    truncated: bool


async def preview(bench: Bench, resource: str, wanted: int) -> Preview:
    """Show the first records of a resource.

    Args:
        bench: of an import.
        resource: name of one of its resources.
        wanted: how many records, 1 to MAX_RECORDS.

    Raises:
        ImportProblem: the source does not answer as it should.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            first = await _first_records(bench, resource, wanted)
    except TimeoutError:
        raise SourceUnavailable(f"resource {resource!r} gave no {wanted} records within {PATIENCE:g} s") from None
    bench.mappers[resource].check_keys(first.records, first.url)
    # Mapping is bounded by the records; it may still take a while, and others wait for this loop.
    shown, fitting = await asyncio.to_thread(_fitting, bench, resource, first.records)
    return Preview(
        url=first.url,
        pagination=first.pagination,
        records=shown.records,
        chunks=tuple(chunk.body for chunk in shown.encoded.chunks),
        truncated=first.truncated or fitting < len(first.records),
    )


@dataclass(frozen=True, kw_only=True)
class _First:
    records: Sequence[Record]
    url: str
    pagination: str
    truncated: bool


async def _first_records(bench: Bench, resource: str, wanted: int) -> _First:
    """Records of the first pages; more pages are read only where one has too few."""
    records: list[Record] = []
    first: Page | None = None
    async with aclosing(first_pages(bench, resource)) as pages:
        async for page in pages:
            first = first or page
            records += page.records
            if len(records) >= wanted:
                break
    return _First(
        records=records[:wanted],
        url=first.url if first else "",
        pagination=first.pagination if first else "",
        truncated=len(records) > wanted,
    )


def _fitting(bench: Bench, resource: str, records: Sequence[Record]) -> tuple[Shown, int]:
    """What becomes of as many records as fit, and how many those are."""
    shown = show(bench.config, resource, records, bench.source.hide)
    left = MAX_BYTES
    for count, each in enumerate(shown.records):
        # The objects travel a second time in the bodies.
        left -= each.size + sum(len(made.text.encode()) for made in each.objects)
        if left < 0:
            return show(bench.config, resource, records[:count], bench.source.hide), count
    return shown, len(records)
