"""The first pages of a resource: of the whole, of its first part, or of the children of the first record of its parent.

Owns how far a look goes.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from import_worker.config.resources import Resource
from import_worker.config.selectors import scalar_text
from import_worker.errors import SourceBroken
from import_worker.flow.benches import Bench
from import_worker.flow.position import Position
from import_worker.ports import Page
from import_worker.runs.lanes import ParentRecord, parents_in, slice_of

MAX_PAGES = 10


async def first_pages(bench: Bench, name: str) -> AsyncGenerator[Page, None]:
    """The first pages of a resource, at most MAX_PAGES, one after the other whatever its lanes are.

    Raises:
        ImportProblem: the source does not answer as it should.
        SourceBroken: the resource has a parent, and that has no record.
    """
    resource = bench.config.resource(name)
    position = Position(cursor=None, parents=await _first_parent(bench, resource))
    part = replace(slice_of(resource, 0, position.parent, _params(resource)), lanes=1)
    for _ in range(MAX_PAGES):
        page = position.filled(await bench.source.read(name, position.cursor, part))
        yield page
        if page.next_cursor is None:
            return
        position = replace(position, cursor=page.next_cursor)


async def _first_parent(bench: Bench, resource: Resource) -> list[ParentRecord]:
    if resource.parent is None:
        return []
    async with aclosing(first_pages(bench, resource.parent.resource)) as pages:
        async for page in pages:
            if found := parents_in(page.records, resource.parent, page.url):
                return found[:1]
    raise SourceBroken(f"{resource.parent.resource} has no record to read {resource.name} for")


def _params(resource: Resource) -> dict[str, str]:
    """What a first incremental run would send."""
    incremental = resource.incremental
    if incremental is None or incremental.initial_value is None:
        return {}
    return {incremental.param: scalar_text(incremental.initial_value)}
