"""Reading ahead: while a page becomes chunks and is committed, the next one of its lane is on its way already.

A page that was read ahead is good only for the step that follows the very Commit it was begun before, so pages are
always taken in the order in which they were asked for. Whatever else happens, the next step reads anew.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from import_worker.ports import Page

KEEP_SECONDS = 30.0
"""How long a page that nobody takes is kept."""
REST_AFTER_MISS = 8
"""Pages that are not read ahead after one that nobody took: another worker has the lane then."""
HEAD_START_SECONDS = 0.003
"""What a request gets to leave before the page at hand keeps the processor busy."""

LaneName = tuple[int, str, int]
"""Number of the run, resource and lane. A new number finds the entries of the one before, versions and all."""


@dataclass(kw_only=True, eq=False)
class _Ahead:
    """A page that is being read.

    Attributes:
        page: what is read.
        version: of the lane's entry after the Commit that leads to the page; 0 where that failed.
        expiry: ends it.
    """

    page: asyncio.Task[Page]
    version: asyncio.Future[int]
    expiry: asyncio.TimerHandle


@dataclass(kw_only=True, eq=False)
class Committing:
    """The Commit before a page that is read ahead.

    Attributes:
        version: of the lane's entry that it wrote; 0 until it has.
    """

    version: int = 0


@dataclass(eq=False)
class ReadAhead:
    """What one worker reads ahead for one import: at most one page of each lane."""

    _lanes: dict[LaneName, _Ahead] = field(default_factory=dict)
    _rest: int = 0

    @asynccontextmanager
    async def reading(self, lane: LaneName, page: Coroutine[None, None, Page]) -> AsyncIterator[Committing]:
        """Read a page while the one before it is transformed and committed; leave it in Committing what that wrote."""
        self._drop(lane)
        if self._rest:
            self._rest -= 1
            page.close()
            yield Committing()
            return
        loop = asyncio.get_running_loop()
        own = _Ahead(
            page=asyncio.create_task(page),
            version=loop.create_future(),
            expiry=loop.call_later(KEEP_SECONDS, self._drop, lane),
        )
        own.page.add_done_callback(_look_at)
        self._lanes[lane] = own
        committing = Committing()
        try:
            await asyncio.wait([own.page], timeout=HEAD_START_SECONDS)
            yield committing
        finally:
            own.version.set_result(committing.version)
            if not committing.version and self._lanes.get(lane) is own:
                self._drop(lane, missed=False)

    async def take(self, lane: LaneName, version: int) -> Page | None:
        """The page that was read ahead for a lane whose entry has this version. None: none was.

        Raises:
            ImportProblem: what reading it met.
        """
        own = self._lanes.get(lane)
        if own is None:
            return None
        committed = await own.version
        if self._lanes.get(lane) is not own:
            return None
        if committed != version:
            self._drop(lane)
            return None
        del self._lanes[lane]
        own.expiry.cancel()
        return await own.page

    def close(self) -> None:
        """Read nothing any more."""
        for lane in list(self._lanes):
            self._drop(lane, missed=False)

    def _drop(self, lane: LaneName, *, missed: bool = True) -> None:
        own = self._lanes.pop(lane, None)
        if own is not None:
            own.expiry.cancel()
            own.page.cancel()
            self._rest = REST_AFTER_MISS if missed else self._rest


def _look_at(task: asyncio.Task[Page]) -> None:
    """A problem of a page that nobody takes is nobody's."""
    if not task.cancelled():
        task.exception()
