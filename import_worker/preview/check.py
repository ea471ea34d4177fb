"""The check of an import: one page of each resource is read once, and the destination is asked for its status.

Changes nothing. Each connection is judged on its own, so that all faults are told at once.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from import_worker.errors import ImportProblem
from import_worker.flow.benches import Bench
from import_worker.preview.pages import first_pages

PATIENCE = 20.0
"""Seconds for everything."""
MAX_RESOURCES = 50
TOGETHER = 4
"""Resources that are read at a time."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What one connection came to.

    Attributes:
        subject: "resource <name>" or "destination".
        ok: it answered as it should.
        message: what was found, or what is wrong and what to do.
    """

    subject: str
    ok: bool
    message: str


async def check(bench: Bench) -> list[Connection]:
    """Check every resource, at most MAX_RESOURCES, and the destination."""
    places = asyncio.Semaphore(TOGETHER)
    until = asyncio.get_running_loop().time() + PATIENCE
    resources = (
        _judged(f"resource {resource.name}", _in_turn(places, _one_page(bench, resource.name)), until)
        for resource in bench.config.resources[:MAX_RESOURCES]
    )
    return await asyncio.gather(*resources, _judged("destination", bench.destination.check(), until))


async def _in_turn(places: asyncio.Semaphore, asked: Coroutine[Any, Any, str]) -> str:
    try:
        async with places:
            return await asked
    finally:
        asked.close()


async def _judged(subject: str, asked: Awaitable[str], until: float) -> Connection:
    try:
        async with asyncio.timeout_at(until):
            return Connection(subject=subject, ok=True, message=await asked)
    except TimeoutError:
        return Connection(subject=subject, ok=False, message=f"gave no answer within {PATIENCE:g} s")
    except ImportProblem as problem:
        return Connection(subject=subject, ok=False, message=problem.message)


async def _one_page(bench: Bench, resource: str) -> str:
    async with aclosing(first_pages(bench, resource)) as pages:
        page = await anext(pages)
    bench.mappers[resource].check_keys(page.records, page.url)
    mapped = bench.mappers[resource].map_records(page.records)
    parts = [
        f"{len(page.records)} records at {page.url}",
        *([f"pagination {page.pagination}"] if page.pagination else []),
    ]
    if page.total is not None:
        parts.append(f"{page.total} in all")
    elif page.next_cursor is not None:
        parts.append("more follow")
    if mapped.filtered:
        parts.append(f"{len(mapped.filtered)} are left out by the filter")
    if mapped.quarantined:
        why = bench.source.hide(mapped.quarantined[0].reasons[0])
        parts.append(f"{len(mapped.quarantined)} cannot be transformed, the first because of {why}")
    return ", ".join(parts)
