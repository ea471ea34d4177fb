"""Watches: who follows which job or group. What changed is read once for all who follow it; nothing while nothing does.

A watcher holds one view at most, the newest: so many commits become few messages, and a slow reader costs no memory.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from queue_service.domain.errors import BrokerError, GroupNotFound, JobNotFound, Unavailable
from queue_service.domain.ids import format_id
from queue_service.domain.records import Group
from queue_service.domain.states import GroupState, JobState
from queue_service.ports import Store, Workset
from queue_service.ports.store import JobDetails

PACE_SECONDS = 0.025
"""From one reading of what changed to the next: a busy job costs so many reads, however many commits it has."""
TELL_SECONDS = 0.0005
"""Longer by this for each watcher that was told: a crowd must not take the loop away from deliveries."""
READ_AT_ONCE = 100
"""Of one read: jobs carry results."""
TELL_AT_ONCE = 100
"""Watchers that are woken before others have their turn on the loop."""

Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]
"""Calls a function after so many seconds, as call_later of the loop."""
View = TypeVar("View")
UNREAD = b""
"""The owner of what was not read yet."""

log = logging.getLogger(__name__)


class _Watcher(Generic[View]):
    """One who follows something."""

    def __init__(self) -> None:
        self.told = False
        self._newest: View | BrokerError | None = None
        self._wake = asyncio.Event()

    def tell(self, news: View | BrokerError) -> None:
        """Replace what was not taken yet."""
        self.told = True
        self._newest = news
        self._wake.set()

    async def take(self) -> View:
        """The newest view, when there is one that was not taken."""
        while (news := self._newest) is None:
            self._wake.clear()
            await self._wake.wait()
        self._newest = None
        if isinstance(news, BrokerError):
            raise news.with_traceback(None)  # many raise the same one
        return news


@dataclass(slots=True)
class _Topic(Generic[View]):
    """Something that is followed, by whom, and the group that it belongs to, if any."""

    watchers: set[_Watcher[View]] = field(default_factory=set)
    owner: bytes | None = UNREAD


class Board(Generic[View]):
    """All that is followed of one kind, by id.

    Args:
        read: views of those that are there, by id.
        missing: the error for an id that is not there.
        ended: whether a view is the last one.
        owner: the group that a view belongs to.
        later: how it waits.
    """

    def __init__(
        self,
        read: Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, View]]],
        *,
        missing: Callable[[bytes], BrokerError],
        ended: Callable[[View], bool],
        owner: Callable[[View], bytes | None],
        later: Later,
    ) -> None:
        self._read = read
        self._missing = missing
        self._ended = ended
        self._owner = owner
        self._later = later
        self._topics: dict[bytes, _Topic[View]] = {}
        self._watchers: set[_Watcher[View]] = set()
        self._asked: set[bytes] = set()
        """Ids that have watchers who know nothing yet: read at once."""
        self._changed: set[bytes] = set()
        """Ids that changed: read when the board has rested."""
        self._rest: asyncio.TimerHandle | None = None
        self._reading: asyncio.Task[None] | None = None
        self._stopped = False

    def __len__(self) -> int:
        return len(self._watchers)

    async def follow(self, thing: bytes) -> AsyncGenerator[View, None]:
        """The view now, then the newest one after changes, up to the last. Close it to stop following.

        Raises:
            BrokerError: it is not there, or could not be read, or the broker stops.
        """
        watcher = _Watcher[View]()
        self._watchers.add(watcher)
        self._topics.setdefault(thing, _Topic()).watchers.add(watcher)
        self._asked.add(thing)  # registered first, read then: so no change falls in between
        self._kick()
        try:
            while True:
                view = await watcher.take()
                yield view
                if self._ended(view):
                    return
        finally:
            self._watchers.discard(watcher)
            self._leave(thing, [watcher])

    def touch(self, things: Iterable[bytes], owners: Collection[bytes] = ()) -> None:
        """These changed, and all that belongs to these groups."""
        self._changed.update(thing for thing in things if thing in self._topics)
        if owners:
            concerned = {*owners, UNREAD}
            self._changed.update(thing for thing, topic in self._topics.items() if topic.owner in concerned)
        self._kick()

    async def stop(self, error: BrokerError) -> None:
        """Read no more, and end everyone's watch with an error."""
        self._stopped = True
        if self._reading is not None:
            await asyncio.wait([self._reading])
        if self._rest is not None:
            self._rest.cancel()
        news: list[tuple[_Watcher[View], View | BrokerError]] = [(watcher, error) for watcher in self._watchers]
        await _tell(news)

    def _kick(self) -> None:
        due = self._asked or (self._changed and self._rest is None)
        if due and self._reading is None and not self._stopped:
            self._reading = asyncio.get_running_loop().create_task(self._look(), name="watches")

    async def _look(self) -> None:
        """Read what is due and tell it; then rest, if it was changes."""
        changed: set[bytes] = set()
        if self._rest is None:
            changed, self._changed = self._changed, changed
        asked, self._asked = self._asked, set()
        due = list(asked | changed)
        told = 0
        for start in range(0, len(due), READ_AT_ONCE):
            told += await self._read_and_tell(due[start : start + READ_AT_ONCE], changed)
        if changed:
            self._rest = self._later(PACE_SECONDS + told * TELL_SECONDS, self._rested)
        self._reading = None
        self._kick()

    async def _read_and_tell(self, things: list[bytes], changed: set[bytes]) -> int:
        """Tell those that changed to all, the others to who knows nothing yet. Answers how many were told."""
        audience = {  # who comes during the read may have seen later changes: it is not for them
            thing: [watcher for watcher in topic.watchers if thing in changed or not watcher.told]
            for thing in things
            if (topic := self._topics.get(thing)) is not None
        }
        if not audience:
            return 0
        views = await self._views(list(audience))
        for thing, watchers in audience.items():
            view = views[thing]
            if isinstance(view, BrokerError) or self._ended(view):
                self._leave(thing, watchers)
            elif (topic := self._topics.get(thing)) is not None:
                topic.owner = self._owner(view)
        return await _tell([(watcher, views[thing]) for thing, watchers in audience.items() for watcher in watchers])

    def _leave(self, thing: bytes, watchers: list[_Watcher[View]]) -> None:
        topic = self._topics.get(thing)
        if topic is not None:
            topic.watchers.difference_update(watchers)
            if not topic.watchers:
                del self._topics[thing]

    def _rested(self) -> None:
        self._rest = None
        self._kick()

    async def _views(self, things: list[bytes]) -> dict[bytes, View | BrokerError]:
        try:
            found = await self._read(things)
        except BrokerError as error:
            return dict.fromkeys(things, error)
        except Exception:  # a fault of ours; the board must live, and nobody may wait for ever
            log.exception("what is watched could not be read")
            return dict.fromkeys(things, Unavailable("what is watched could not be read: try again"))
        return {thing: found[thing] if thing in found else self._missing(thing) for thing in things}


class Watches:
    """All watches of the broker.

    Args:
        store: what is watched.
        most: watchers at a time.
        later: how it waits.
    """

    def __init__(self, store: Store, *, most: int, later: Later) -> None:
        self._most = most
        self._stopping = False
        self._jobs = Board[JobDetails](
            store.get_job_details,
            missing=lambda job_id: JobNotFound(format_id(job_id)),
            ended=lambda details: details.view.job.state is not JobState.IN_PROGRESS,
            owner=lambda details: details.view.group_id,
            later=later,
        )
        self._groups = Board[Group](
            store.get_groups,
            missing=lambda group_id: GroupNotFound(format_id(group_id)),
            ended=lambda group: group.state is GroupState.COMPLETE,
            owner=lambda _: None,
            later=later,
        )
        store.on_commit(self._committed)

    def __len__(self) -> int:
        return len(self._jobs) + len(self._groups)

    def job(self, job_id: bytes) -> AsyncGenerator[JobDetails, None]:
        """Follow a job to its end. Close it to stop following.

        Raises:
            Unavailable: there are too many watchers, or the broker stops; while following, too.
            JobNotFound: while following: it is not, or no longer, kept.
        """
        self._check()
        return self._jobs.follow(job_id)

    def group(self, group_id: bytes) -> AsyncGenerator[Group, None]:
        """Follow a group until it is complete. Close it to stop following.

        Raises:
            Unavailable: there are too many watchers, or the broker stops; while following, too.
            GroupNotFound: while following: there is none.
        """
        self._check()
        return self._groups.follow(group_id)

    async def stop(self) -> None:
        """End every watch."""
        self._stopping = True
        for board in (self._jobs, self._groups):
            await board.stop(_stopping())

    def _check(self) -> None:
        if self._stopping:
            raise _stopping()
        if len(self) >= self._most:
            raise Unavailable(f"the broker has {self._most:,} watchers, which is its limit: try again later")

    def _committed(self, work: Workset) -> None:
        if not len(self):
            return
        changes, notices = work.changes, work.notices
        cancelled = notices.cancelled_groups.values()
        self._jobs.touch((job.job_id for job in changes.jobs.values()), owners=cancelled)
        self._jobs.touch(work.loaded.jobs[number].job_id for number in notices.progressed)
        self._jobs.touch(changes.pushes_below)
        self._groups.touch(group.group_id for group in changes.groups.values())


def _stopping() -> Unavailable:
    return Unavailable("the broker is stopping")


async def _tell(news: list[tuple[_Watcher[View], View | BrokerError]]) -> int:
    """Hand news out, with a breath for others after each hundred. Answers how many there were."""
    for number, (watcher, view) in enumerate(news, 1):
        watcher.tell(view)
        if number % TELL_AT_ONCE == 0:
            await asyncio.sleep(0)
    return len(news)
