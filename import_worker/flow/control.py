"""Starting, resuming and cancelling an import: what people ask for, each as one Commit.

Nothing is started here: the Commit leaves an event behind, and any worker goes on from there.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import longshore
from import_worker.config import ImportConfig
from import_worker.errors import ConfigInvalid, Fault
from import_worker.flow.events import group_id_of, group_of, push_start
from import_worker.flow.step import MAX_RACES, Flow
from import_worker.flow.suspend import wake
from import_worker.flow.view import ImportView, NoSuchImport, view
from import_worker.runs import entries
from import_worker.runs.ledger import Kept
from import_worker.runs.marks import plan
from import_worker.runs.run import TERMINAL, Mode, Run, State, Trigger

MAX_CONFIG_BYTES = 240 * 1024
"""What an entry holds."""


class TooManyRaces(Exception):
    """The import kept changing while it was to be changed: ask again."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user asks of one run.

    Attributes:
        accept_shrink: it may have fewer objects than the last good one.
        full: it reads everything, also where the configuration is incremental.
        rehearse: it sends a few chunks and never completes.
    """

    accept_shrink: bool = False
    full: bool = False
    rehearse: bool = False


@dataclass(frozen=True, kw_only=True)
class Started:
    """The answer to a start: the import, and whether it had been active before and nothing was started."""

    view: ImportView
    already_active: bool


async def start(flow: Flow, config: ImportConfig, request_id: str | None, wishes: Wishes = Wishes()) -> Started:
    """Start a run, or answer the one that the destination has already.

    Args:
        flow: what every step works with.
        config: of the import; what the run uses from now on.
        request_id: the same one always answers the same import, ended or not. None: not remembered.
        wishes: what the user asks of the run.

    Raises:
        ConfigInvalid: the configuration is too large to be kept.
    """
    import_id = entries.import_id_of(request_id) if request_id else longshore.new_id()
    for _ in range(MAX_RACES):
        if request_id and await flow.ledger.run(import_id) is not None:
            return Started(view=await view(flow, import_id), already_active=False)
        holder = await flow.ledger.active(_destination(config))
        if holder is not None:
            # A repeat of this start may have been faster by a moment.
            return Started(view=await view(flow, holder), already_active=holder != import_id)
        try:
            await _create(flow, config, import_id, wishes)
        except longshore.EntryExists:
            continue  # another start was faster
        return Started(view=await view(flow, import_id), already_active=False)
    raise TooManyRaces(f"the destination of {config.name} keeps being taken and freed")


def _destination(config: ImportConfig) -> str:
    return entries.destination_name(config.destination.identity)


async def _create(flow: Flow, config: ImportConfig, import_id: str, wishes: Wishes) -> None:
    now = flow.clock.now()
    destination = _destination(config)
    begins = plan(config, await flow.ledger.marks(destination, config.name), now=now, full=wishes.full)
    run = Run(
        import_id=import_id,
        name=config.name,
        state=State.QUEUED,
        number=1,
        group_id=group_id_of(import_id, 1),
        destination=destination,
        create_time=now,
        update_time=now,
        mode=Mode.REHEARSAL if wishes.rehearse else begins.mode,
        starts=begins.starts,
        accept_shrink=wishes.accept_shrink,
    )
    frozen = entries.write_config(config)
    if len(json.dumps(frozen, ensure_ascii=False).encode()) > MAX_CONFIG_BYTES:
        message = f"has more than {MAX_CONFIG_BYTES} bytes, which is what the broker keeps: split the import"
        raise ConfigInvalid([Fault(file=config.name, line=1, path="(document)", message=message)])
    group = await group_of(flow.client, import_id, run.number).create()
    lock = entries.active_key(run.destination)
    async with flow.client.commit() as tx:
        tx.check(lock, absent=True)
        tx.set(lock, import_id)
        tx.check(entries.run_key(import_id), absent=True)
        tx.set(entries.run_key(import_id), entries.write_run(run))
        tx.set(entries.config_key(import_id), frozen)
        tx.set(entries.listing_key(now, import_id), run.name)
        push_start(tx, run, group)


async def cancel(flow: Flow, import_id: str) -> ImportView:
    """Cancel a run. Cancelling what has ended changes nothing; a repeat makes up for one that was interrupted.

    Raises:
        NoSuchImport: there is none.
        WrongTransition: the run is past its point of no return.
    """
    for _ in range(MAX_RACES):
        kept = await flow.ledger.run(import_id)
        if kept is None:
            raise NoSuchImport(import_id)
        if kept.value.state in TERMINAL:
            return await view(flow, import_id)
        try:
            await _cancel(flow, kept)
        except longshore.VersionMismatch:
            continue
        return await view(flow, import_id)
    raise TooManyRaces(f"import {import_id} keeps changing")


async def _cancel(flow: Flow, kept: Kept[Run]) -> None:
    if kept.value.state is not State.CANCELLING:
        kept = await flow.ledger.move(kept, Trigger.CANCEL)
    await flow.client.group(kept.value.group_id).cancel()


Renew = Callable[[ImportConfig], Awaitable[ImportConfig]]
"""Reads the configuration, as it is now, of a new run in place of one that had the given configuration."""


async def resume(flow: Flow, import_id: str, renew: Renew) -> ImportView:
    """Go on with a suspended run, or start a new one in place of one that has ended. Else nothing changes.

    A repeat makes up for one that was interrupted.

    Args:
        flow: what every step works with.
        import_id: of the run.
        renew: reads the configuration for a new run.

    Raises:
        NoSuchImport: there is none.
    """
    for _ in range(MAX_RACES):
        kept = await flow.ledger.run(import_id)
        if kept is None:
            raise NoSuchImport(import_id)
        run = kept.value
        if run.state in TERMINAL:
            wishes = Wishes(rehearse=run.mode is Mode.REHEARSAL, full=run.mode is Mode.FULL)
            config = await renew(await flow.ledger.config(import_id))
            return (await start(flow, config, None, wishes)).view
        try:
            if run.state is State.SUSPENDED:
                kept = await flow.ledger.move(kept, Trigger.RESUME, failure=None)
        except longshore.VersionMismatch:
            continue
        if kept.value.state is State.READING and kept.value.suspended_until is not None:
            await wake(flow, kept.value)
        return await view(flow, import_id)
    raise TooManyRaces(f"import {import_id} keeps changing")
