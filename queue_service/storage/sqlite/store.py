"""The store: units queue for the writer, which carries out all that wait in one transaction (group commit).

While one transaction is being synced the next batch gathers, so no timer is needed and load makes batches larger.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import IO, Self, TypeVar

from queue_service.domain.errors import BrokerError, DataLoss, DiskFull, Unavailable
from queue_service.domain.limits import DEFAULT_LIMITS, LOW_WATER_BYTES, Limits
from queue_service.domain.queues import Queue
from queue_service.domain.records import Entry, Group
from queue_service.ports import Clock, Needs, Unit, Workset
from queue_service.ports.queues import Queues
from queue_service.ports.store import EntryPage, JobDetails, JobView, LeasedEvent
from queue_service.storage.sqlite.admin_reading import AdminReader
from queue_service.storage.sqlite.connection import Connection
from queue_service.storage.sqlite.disk import Disk
from queue_service.storage.sqlite.ended_reading import EndedReader
from queue_service.storage.sqlite.event_reading import EventReader
from queue_service.storage.sqlite.failures import failure_of
from queue_service.storage.sqlite.kept import Kept
from queue_service.storage.sqlite.line import Line, Waiting
from queue_service.storage.sqlite.loading import Loader
from queue_service.storage.sqlite.opening import Counters, StoreRefused, lock, open_reader, open_writer
from queue_service.storage.sqlite.reading import Reader
from queue_service.storage.sqlite.safekeeping import SafekeepingOfFile
from queue_service.storage.sqlite.schedules import ScheduleReader
from queue_service.storage.sqlite.upkeep import Upkeep
from queue_service.storage.sqlite.writing import write_changes

T = TypeVar("T")

TURN_BYTES = 32 * 1024
"""What a turn adds to the log beside its content: whole pages, of every table and index that it touches."""

log = logging.getLogger(__name__)


class SqliteStore:
    """A store on one file. Open it with SqliteStore.open."""

    def __init__(
        self,
        *,
        held: IO[str],
        disk: Disk,
        writer: Connection,
        reader: Reader,
        counters: Counters,
        clock: Clock,
        limits: Limits,
        safekeeping: SafekeepingOfFile,
    ) -> None:
        self._held = held
        self._disk = disk
        self._connection = writer
        self._reader = reader
        self._clock = clock
        self._kept = Kept()
        self._loader = Loader(writer, self._kept, claim_bytes=limits.response_bytes)
        self._incarnation = counters.incarnation
        self._next_version = counters.next_version
        self._next_event = counters.last_event + 1
        self._next_group = counters.last_group + 1
        self._next_key = counters.last_key + 1
        self._queues = Queues()
        self.admin = AdminReader(reader, self._queues)
        """What operators look at."""
        self.events = EventReader(reader, lambda: self._next_event - 1)
        """What is asked about events beside claims and settles."""
        self.schedules = ScheduleReader(reader)
        """Schedules to read."""
        self.ended = EndedReader(reader)
        """What pruning asks."""
        self.safekeeping = safekeeping
        """Copies and checks."""
        self._line = Line()
        self._wake = asyncio.Event()
        self._closing = False
        self._upkeep = Upkeep(writer)
        self._listeners: list[Callable[[Workset], None]] = []
        self._damage: str | None = None
        self._damaged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        limits: Limits = DEFAULT_LIMITS,
        low_water_bytes: int = LOW_WATER_BYTES,
        backup_folder: Path | None = None,
    ) -> Self:
        """Open or create the file. Below low_water_bytes of free disk it does not grow.

        Copies may stand in its folder and in backup_folder.

        Raises:
            StoreRefused: it is in use, damaged, of another kind or of a newer version.
        """
        async with AsyncExitStack() as opened:
            held = lock(path)
            opened.callback(held.close)
            writer, counters = await open_writer(path)
            opened.push_async_callback(writer.close)
            reader = Reader(await open_reader(path))
            opened.push_async_callback(reader.close)
            try:
                queues = await reader.queues()
            except (BrokerError, TypeError, ValueError) as error:  # the latter: a row is not what it should be
                raise StoreRefused(f"{path} is damaged ({error}): restore a backup") from error
            opened.pop_all()
        store = cls(
            held=held,
            disk=Disk(path, clock, low_water_bytes=low_water_bytes),
            writer=writer,
            reader=reader,
            counters=counters,
            clock=clock,
            limits=limits,
            safekeeping=SafekeepingOfFile(path, clock, backup_folder=backup_folder, low_water_bytes=low_water_bytes),
        )
        store._queues.update(queues)
        store._task = asyncio.create_task(store._run(), name="writer")
        return store

    async def close(self) -> None:
        """Finish what waits, move the log into the file, and let the file go."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self.safekeeping.close()
        await self._reader.close()
        await self._upkeep.finish()
        await self._connection.close()
        self._held.close()

    @property
    def incarnation(self) -> str:
        """Names this store; part of every lease_id."""
        return self._incarnation

    def on_commit(self, listener: Callable[[Workset], None]) -> None:
        """Call the listener after every commit, before the callers of its units go on."""
        self._listeners.append(listener)

    async def damaged(self) -> DataLoss:
        """Wait until a turn finds the file damaged: from then on nothing is written. Answers what was found."""
        await self._damaged.wait()
        return DataLoss(self._damage or "")

    async def write(self, unit: Unit[T]) -> T:
        """Carry a unit out. It is durable when this returns."""
        if self._closing:
            raise Unavailable("the broker is stopping")
        if self._damage is not None:
            raise DataLoss(self._damage)
        if unit.grows and self._disk.is_low():
            raise DiskFull
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._line.add(unit, future)
        self._wake.set()
        return await future

    async def get_jobs(self, job_ids: Sequence[bytes]) -> dict[bytes, JobView]:
        """Read jobs."""
        return await self._reader.jobs(job_ids)

    async def get_job_details(self, job_ids: Sequence[bytes]) -> dict[bytes, JobDetails]:
        """Read jobs with what is shown of their events."""
        return await self._reader.job_details(job_ids)

    async def get_groups(self, group_ids: Sequence[bytes]) -> dict[bytes, Group]:
        """Read groups."""
        return await self._reader.groups(group_ids)

    async def get_group(self, group_id: bytes) -> Group | None:
        """Read a group."""
        return (await self._reader.groups([group_id])).get(group_id)

    async def get_entries(self, keys: Sequence[str], now: int) -> dict[str, Entry]:
        """Read entries as of one instant."""
        return await self._reader.entries(keys, now)

    async def list_entries(
        self, *, prefix: str, after: str, limit: int, max_bytes: int, keys_only: bool, now: int
    ) -> EntryPage:
        """Read entries in order of their keys."""
        return await self._reader.entry_page(
            prefix=prefix, after=after, limit=limit, max_bytes=max_bytes, keys_only=keys_only, now=now
        )

    async def queues(self) -> list[Queue]:
        """Every queue as of the last commit."""
        return list(self._queues)

    async def leased_events(self) -> list[LeasedEvent]:
        """Every lease that is stored."""
        return await self._reader.leased_events()

    async def unfinished_cancels(self) -> tuple[list[bytes], list[bytes]]:
        """Jobs and groups whose cancel may have more to do."""
        return await self._reader.unfinished_cancels()

    async def oldest_open_group(self) -> tuple[bytes, int] | None:
        """The open group with the oldest last push, and that time."""
        return await self._reader.oldest_open_group()

    async def _run(self) -> None:
        while True:
            if not self._line:
                if self._closing:
                    return
                await self._rest()
                continue
            batch = self._line.take()
            if batch:
                await self._turn(batch)
            await self._upkeep.after_turn()

    async def _rest(self) -> None:
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), self._upkeep.patience)
        except TimeoutError:
            await self._upkeep.when_quiet()

    async def _turn(self, batch: list[Waiting]) -> None:
        """Carry out a batch in one transaction. Never raises: what goes wrong is told to who waits."""
        try:
            work = await self._carry_out(batch)
            self._tell_listeners(work)
        except Exception as error:  # noqa: BLE001  the writer must live; the callers are told
            self._kept.forget()
            await self._roll_back()
            failure = failure_of(error)
            if isinstance(failure, DataLoss):  # writing on could make it worse
                self._damage = str(error)
                self._damaged.set()
            for waiting in batch:
                waiting.refusal = failure
        for waiting in batch:  # only now: what refused one may be a change that was not durable before
            waiting.tell()

    def _tell_listeners(self, work: Workset) -> None:
        for listener in self._listeners:
            try:
                listener(work)
            except Exception:  # ours; what was written is durable all the same, and the callers must hear so
                log.exception("a listener failed after a commit")

    async def _carry_out(self, batch: list[Waiting]) -> Workset:
        """Apply, write and commit. A unit with a fault of ours is left out; the others begin again without it."""
        while True:
            work = await self._load(batch)
            if not _apply(batch, work):
                self._kept.forget()
                continue
            if work.changes:
                self._upkeep.wrote(TURN_BYTES + await write_changes(self._connection, work))
                self._kept.note(work)
                self._queues.update(work.changes.queues.values())
                self._next_key = work.next_key
                self._next_event = work.next_event
                self._next_group = work.next_group
                self._next_version = work.next_version
            return work

    async def _load(self, batch: list[Waiting]) -> Workset:
        now = self._clock.now()
        needs = Needs()
        for waiting in batch:
            if not waiting.faulty:
                waiting.unit.needs(needs)
        return Workset(
            now=now,
            loaded=await self._loader.load(needs, self._queues, now),
            queues=self._queues,
            next_event=self._next_event,
            next_group=self._next_group,
            next_version=self._next_version,
            next_key=self._next_key,
        )

    async def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                await self._connection.rollback()
        except sqlite3.Error as error:
            log.error("could not roll back: %s", error)  # noqa: TRY400  the turn's own error is told


def _apply(batch: list[Waiting], work: Workset) -> bool:
    """Let every unit change the workset. False: one failed in the middle, so the workset is of no use."""
    for waiting in batch:
        if waiting.faulty:
            continue
        waiting.refusal = None
        try:
            waiting.result = waiting.unit.apply(work)
        except BrokerError as refusal:  # raised before the first change, so the others are not concerned
            waiting.refusal = refusal
        except Exception as fault:
            log.exception("a unit of work failed; the others of its turn are carried out without it")
            waiting.refusal = fault
            return False
    return True
