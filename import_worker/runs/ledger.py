"""What is known about runs, read from and written to the entries of the broker.

Owns the versions: a run or a lane is only ever written over the version that was read.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import longshore
from import_worker.config import ImportConfig
from import_worker.errors import Permanent
from import_worker.ports import Clock
from import_worker.runs import entries
from import_worker.runs.changes import Changes
from import_worker.runs.entries import Lane
from import_worker.runs.lanes import lanes_of
from import_worker.runs.marks import Marks
from import_worker.runs.run import TERMINAL, Run, Trigger, advance

T = TypeVar("T")

MAX_CONFIGS = 64
"""Configurations that are remembered."""


@dataclass(frozen=True, kw_only=True)
class Kept(Generic[T]):
    """Something read from an entry.

    Attributes:
        value: what it holds.
        version: of the entry. 0: there is none yet.
    """

    value: T
    version: int


class Ledger:
    """The entries of all imports."""

    def __init__(self, client: longshore.Client, clock: Clock, changes: Changes) -> None:
        self._client = client
        self._clock = clock
        self._configs: OrderedDict[str, ImportConfig] = OrderedDict()
        self.changes = changes

    async def run(self, import_id: str) -> Kept[Run] | None:
        """The run of an import. None: there is none."""
        entry = await self._client.kv.entry(entries.run_key(import_id))
        return None if entry is None else Kept(value=entries.read_run(entry.value), version=entry.version)

    async def config(self, import_id: str) -> ImportConfig:
        """The frozen configuration of an import. It never changes, so it is read once.

        Raises:
            Permanent: the import has none, which only an operator can bring about.
        """
        known = self._configs.get(import_id)
        if known is not None:
            self._configs.move_to_end(import_id)
            return known
        value = await self._client.kv.get(entries.config_key(import_id))
        if value is None:
            raise Permanent(f"the entry {entries.config_key(import_id)} is gone: start the import again")
        config = self._configs[import_id] = entries.read_config(value)
        if len(self._configs) > MAX_CONFIGS:
            self._configs.popitem(last=False)
        return config

    async def lane(self, run: Run, resource: str, lane: int) -> Kept[Lane]:
        """One lane of a run, as new where it has not been written yet."""
        return (await self._kept_lanes(run, [(resource, lane)]))[0]

    async def every_lane(self, run: Run, config: ImportConfig) -> list[Kept[Lane]]:
        """All lanes that a run may have, in the order of the resources; as new where they have not been written yet."""
        return await self._kept_lanes(run, lanes_of(config))

    async def lanes_and(self, run: Run, config: ImportConfig, key: str) -> tuple[list[Kept[Lane]], Any]:
        """All lanes like every_lane, and the value of an entry that is never older than they; None: there is none."""
        keys = _lane_keys(run, lanes_of(config))
        found = await self._client.kv.entries([*keys, key])
        other = found.get(key)
        return _lanes_in(run, keys, found), None if other is None else other.value

    async def _kept_lanes(self, run: Run, names: Iterable[tuple[str, int]]) -> list[Kept[Lane]]:
        keys = _lane_keys(run, names)
        return _lanes_in(run, keys, await self._client.kv.entries(keys))

    async def lanes(self, run: Run, config: ImportConfig) -> list[Lane]:
        """The lanes of a run, in the order of the resources; as new where they have not been written yet."""
        return [kept.value for kept in await self.every_lane(run, config)]

    async def baseline(self, destination: str) -> Mapping[str, int]:
        """Object counts of the last good run. Empty: there was none."""
        value = await self._client.kv.get(entries.baseline_key(destination))
        return {} if value is None else entries.read_counts(value)

    async def marks(self, destination: str, name: str) -> Marks | None:
        """How far the incremental resources of an import have come. None: there was no good run."""
        value = await self._client.kv.get(entries.marks_key(destination, name))
        return None if value is None else entries.read_marks(value)

    async def active(self, destination: str) -> str | None:
        """The import that holds a destination. None: it is free."""
        holder = await self._client.kv.get(entries.active_key(destination))
        return None if holder is None else str(holder)

    async def running(self) -> AsyncIterator[Kept[Run]]:
        """The runs that hold a destination: those that have not ended."""
        async for entry in self._client.kv.list(entries.DESTINATIONS):
            kept = await self.run(str(entry.value)) if entries.is_lock(entry.key) else None
            if kept is not None:
                yield kept

    async def move(self, kept: Kept[Run], trigger: Trigger, **changes: Any) -> Kept[Run]:
        """Change the state of a run, in a Commit of its own that ends no event.

        Raises:
            WrongTransition: the state does not allow it.
            longshore.VersionMismatch: the run changed since it was read.
        """
        run = advance(kept.value, trigger, now=self._clock.now(), **changes)
        async with self._client.commit() as tx:
            self.put_run(tx, kept, run)
        self.changes.notify(run.import_id)
        return Kept(value=run, version=tx.result.versions[entries.run_key(run.import_id)])

    @staticmethod
    def put_run(tx: longshore.Transaction, kept: Kept[Run], run: Run) -> None:
        """Write a run over what was read."""
        key = entries.run_key(run.import_id)
        tx.check(key, version=kept.version)
        life = entries.KEEP_SECONDS if run.state in TERMINAL else None
        tx.set(key, entries.write_run(run), expire_after=life)

    @staticmethod
    def put_lane(tx: longshore.Transaction, import_id: str, kept: Kept[Lane], lane: Lane) -> None:
        """Write a lane over what was read."""
        key = entries.lane_key(import_id, lane.resource, lane.lane)
        if kept.version:
            tx.check(key, version=kept.version)
        else:
            tx.check(key, absent=True)
        tx.set(key, entries.write_lane(lane), expire_after=entries.LANE_SECONDS)

    async def end(
        self, commit: longshore.Transaction, kept: Kept[Run], run: Run, extra: Callable[[longshore.Transaction], None]
    ) -> None:
        """End the run in one step: its destination is free, and what is kept of it begins to expire.

        Args:
            commit: the step to do it in.
            kept: the run as it was read.
            run: the run at its end.
            extra: writes more in the same step.
        """
        config = await self._client.kv.get(entries.config_key(run.import_id))
        life = entries.KEEP_SECONDS
        async with commit as tx:
            self.put_run(tx, kept, run)
            if config is not None:
                tx.set(entries.config_key(run.import_id), config, expire_after=life)
            tx.set(entries.listing_key(run.create_time, run.import_id), run.name, expire_after=life)
            tx.delete(entries.active_key(run.destination))
            extra(tx)
        self.changes.notify(run.import_id)


def _lane_keys(run: Run, names: Iterable[tuple[str, int]]) -> dict[str, tuple[str, int]]:
    return {entries.lane_key(run.import_id, *name): name for name in names}


def _lanes_in(run: Run, keys: Mapping[str, tuple[str, int]], found: Mapping[str, longshore.Entry]) -> list[Kept[Lane]]:
    lanes: list[Kept[Lane]] = []
    for key, (resource, number) in keys.items():
        lane = Lane(number=run.number, resource=resource, lane=number)
        entry = found.get(key)
        if entry is not None:
            written = entries.read_lane(entry.value)
            # What an earlier number of the run left is only good for its version.
            lane = written if written.number == run.number else lane
        lanes.append(Kept(value=lane, version=0 if entry is None else entry.version))
    return lanes


def grown(lane: Lane, *, sizes: Sequence[int], **changes: Any) -> Lane:
    """The lane after another page, whose chunks have so many objects each."""
    recent = (*lane.recent, *sizes)[-entries.RECENT_CHUNKS :]
    return replace(lane, page=lane.page + 1, chunks=lane.chunks + len(sizes), recent=recent, **changes)
