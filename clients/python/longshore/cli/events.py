"""`longshore events` and `longshore dead`: events that are kept, and dead letters with what to do about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from longshore.admin.events import EventFilter
from longshore.admin.stored import EventState, StoredEvent
from longshore.cli.parameters import instant, options, span
from longshore.cli.printing import Column, Printer, as_json, counted, facts, given, moment
from longshore.cli.running import confirm, queue_command, yes_option
from longshore.client import Client

_where = options(
    click.option("--queue", help="Only events of this queue."),
    click.option("--job", "job_id", metavar="ID", help="Only events of this job."),
    click.option("--reason", help="Only events whose last unsuccessful attempt gave this reason."),
)
_when = options(
    click.option("--after", "finished_after", type=instant, metavar="INSTANT", help="Only dead letters since then."),
    click.option("--before", "finished_before", type=instant, metavar="INSTANT", help="Only dead letters before."),
)
_ids = click.argument("event_ids", metavar="[EVENT_ID]...", nargs=-1)
_full = click.option("--full", is_flag=True, help="With bodies, attributes, data and attempts (for --output json).")

_PENDING_COLUMNS: tuple[Column, ...] = (
    ("EVENT", lambda event: event.event_id),
    ("QUEUE", lambda event: event.queue),
    ("STATE", lambda event: f"{event.state}{' (waits for its key)' if event.waiting_for_key else ''}"),
    ("PRIORITY>", lambda event: str(event.priority)),
    ("DUE", lambda event: moment(event.due_time)),
    ("ATTEMPT>", lambda event: str(event.attempt)),
    ("REASON", lambda event: event.reason),
)
_DEAD_COLUMNS: tuple[Column, ...] = (
    ("EVENT", lambda event: event.event_id),
    ("QUEUE", lambda event: event.queue),
    ("DEAD SINCE", lambda event: moment(event.finish_time)),
    ("ATTEMPT>", lambda event: str(event.attempt)),
    ("REASON", lambda event: event.reason),
    ("MESSAGE", lambda event: " ".join(event.message.split())),
)


@click.group()
def events() -> None:
    """List, show and change events that are kept."""


@events.command("list")
@_where
@click.option(
    "--state",
    type=click.Choice([state for state in EventState if state is not EventState.UNSPECIFIED], case_sensitive=False),
    help="Only events in this state.",
)
@_full
@queue_command
async def list_(client: Client, out: Printer, *, full: bool, **where: Any) -> None:
    """List events in push order: those that have not ended, and dead letters."""
    await out.table(client.admin.events.list(EventFilter(**where), full=full and out.json), _PENDING_COLUMNS)


@events.command()
@click.argument("event_id")
@queue_command
async def show(client: Client, out: Printer, *, event_id: str) -> None:
    """Show an event with its body and its last ten unsuccessful attempts."""
    event = await client.admin.events.get(event_id)
    out.one(event, _details(event))


@events.command()
@_ids
@_where
@click.option("--at", "due", type=instant, metavar="INSTANT", help="When they are due; the past means at once.")
@click.option("--delay", type=span, metavar="SPAN", help="Due so long from now: 0 means at once.")
@click.option("--priority", type=click.IntRange(0, 9), help="9 goes first.")
@queue_command
async def update(
    client: Client,
    out: Printer,
    *,
    event_ids: tuple[str, ...],
    due: datetime | None,
    delay: float | None,
    priority: int | None,
    **where: Any,
) -> None:
    """Change the due time or the priority of pending events."""
    if due is not None and delay is not None:
        raise click.UsageError("Give --at or --delay, not both")
    if delay is not None:
        due = datetime.now(UTC) + timedelta(seconds=delay)
    if due is None and priority is None:
        raise click.UsageError("Nothing to change: give --at, --delay or --priority")
    updated = await client.admin.events.update(_chosen(event_ids, where), due=due, priority=priority)
    out.one({"updated": updated}, f"{counted(updated, 'event')} changed")


@click.group()
def dead() -> None:
    """List, show, redrive and delete dead letters."""


@dead.command("list")
@_where
@_when
@_full
@queue_command
async def list_dead(client: Client, out: Printer, *, full: bool, **where: Any) -> None:
    """List dead letters; those of one queue in the order in which they became so."""
    chosen = EventFilter(state=EventState.FAILED, **where)
    await out.table(client.admin.events.list(chosen, full=full and out.json), _DEAD_COLUMNS)


dead.add_command(show)


@dead.command()
@_ids
@_where
@_when
@click.option("--rate", type=click.FloatRange(0.001, 1_000_000), help="Spread them: so many become due a second.")
@queue_command
async def redrive(
    client: Client, out: Printer, *, event_ids: tuple[str, ...], rate: float | None, **where: Any
) -> None:
    """Put dead letters back to PENDING with fresh counters."""
    done = await client.admin.events.redrive(_chosen(event_ids, where), rate=rate)
    words = f"{counted(done.redriven, 'dead letter')} put back"
    if done.skipped:
        words += f"; {done.skipped:,} stay, because their job or group was cancelled"
    if rate is not None and done.last_due_time is not None:
        words += f"; the last is due at {moment(done.last_due_time)}"
    out.one(done, words)


@dead.command()
@_ids
@_where
@_when
@yes_option
@queue_command
async def delete(client: Client, out: Printer, *, event_ids: tuple[str, ...], yes: bool, **where: Any) -> None:
    """Delete dead letters. Their jobs count them as failed all the same."""
    chosen = _chosen(event_ids, where)
    told = [f"{name.replace('_', ' ')} {value}" for name, value in where.items() if value is not None]
    named = [f"{len(event_ids):,} named"] if event_ids else []
    confirm(f"Delete the dead letters of {', '.join(told + named)}?", yes=yes)
    deleted = await client.admin.events.delete(chosen)
    out.one({"deleted": deleted}, f"{counted(deleted, 'dead letter')} deleted")


def _chosen(event_ids: tuple[str, ...], where: dict[str, Any]) -> EventFilter:
    """What a command that changes events is about: never all that there are.

    Raises:
        click.UsageError: nothing was named.
    """
    if not event_ids and where["queue"] is None and where["job_id"] is None:
        raise click.UsageError("Name the events: their ids, --queue or --job")
    return EventFilter(event_ids=event_ids, **where)


def _details(event: StoredEvent) -> str:
    share = "" if event.progress is None else f"{event.progress:.0%} "
    pairs: list[tuple[str, object]] = [
        ("queue", event.queue),
        ("priority", event.priority),
        (
            "attempts",
            f"{event.attempt}, {counted(event.failures, 'failure')}, {counted(event.lease_losses, 'lease')} lost",
        ),
        ("reason", event.reason),
        ("message", event.message),
        ("pushed", moment(event.push_time)),
        ("due", moment(event.due_time)),
        ("expires", moment(event.expire_time) if event.expire_time else None),
        ("lease ends", moment(event.lease_expire_time) if event.lease_expire_time else None),
        ("ended", moment(event.finish_time) if event.finish_time else None),
        ("progress", f"{share}{event.progress_text}"),
        ("concurrency key", f"{event.concurrency.key}, limit {event.concurrency.limit}" if event.concurrency else None),
        ("retry policy", given(event.retry_policy) if event.retry_policy else None),
        *((f"attribute {key}", value) for key, value in event.attributes.items()),
        ("body", as_json(event.body)),
        ("data", as_json(event.data) if event.data is not None else None),
    ]
    for attempt in event.attempts:
        told = f"{attempt.outcome}  {attempt.reason}  {attempt.message}".rstrip()
        pairs.append((f"attempt {attempt.attempt}", f"{moment(attempt.end_time)}  {told}"))
    return facts(f"{event.event_id}: {event.state}", pairs)
