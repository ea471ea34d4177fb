"""`longshore queues`: queues, their settings and counts."""

from dataclasses import fields
from typing import Any

import click

from longshore.admin.queues import QueueInfo, QueueSettings
from longshore.cli.parameters import retry_options, span, take_retry_policy
from longshore.cli.printing import Printer, facts, moment, span_text
from longshore.cli.running import confirm, queue_command, yes_option
from longshore.client import Client
from longshore.policies import RetryPolicy

_RETRY_FIELDS = tuple(field.name for field in fields(RetryPolicy))
_SPANS = frozenset({"max_age", "initial_backoff", "max_backoff"})
_RESETTABLE = {
    **{name.replace("_", "-"): f"retry_policy.{name}" for name in _RETRY_FIELDS},
    "max-run-time": "max_run_time",
    "max-pending": "max_pending",
}


@click.group()
def queues() -> None:
    """List, show, set, pause, resume, purge and delete queues."""


@queues.command("list")
@click.argument("prefix", default="")
@queue_command
async def list_(client: Client, out: Printer, *, prefix: str) -> None:
    """List the queues whose name begins with PREFIX."""
    await out.table(
        client.admin.queues.list(prefix),
        (
            ("QUEUE", lambda queue: queue.name),
            ("STATE", _state),
            ("PENDING>", lambda queue: f"{queue.pending:,}"),
            ("LEASED>", lambda queue: f"{queue.leased:,}"),
            ("DEAD>", lambda queue: f"{queue.failed:,}"),
            ("PUSHED>", lambda queue: f"{queue.totals.pushed:,}"),
            ("SUCCEEDED>", lambda queue: f"{queue.totals.succeeded:,}"),
        ),
    )


@queues.command()
@click.argument("queue")
@queue_command
async def show(client: Client, out: Printer, *, queue: str) -> None:
    """Show QUEUE with its counts, totals and policy."""
    info = await client.admin.queues.get(queue)
    out.one(info, _details(info))


@queues.command("set")
@click.argument("queue")
@retry_options
@click.option("--max-run-time", type=span, metavar="SPAN", help="Hard end of one delivery.")
@click.option("--max-pending", type=click.IntRange(1, 1_000_000_000), help="Refuse pushes above so many.")
@click.option("--keep-succeeded/--no-keep-succeeded", default=None, help="Keep events that succeeded.")
@click.option(
    "--reset", type=click.Choice(list(_RESETTABLE)), multiple=True, help="Put a setting back to its default; repeat."
)
@click.option("--create", is_flag=True, help="Make the queue if it is not there.")
@queue_command
async def set_(
    client: Client,
    out: Printer,
    *,
    queue: str,
    max_run_time: float | None,
    max_pending: int | None,
    keep_succeeded: bool | None,
    reset: tuple[str, ...],
    create: bool,
    **policy: Any,
) -> None:
    """Change settings of QUEUE; those that are not named stay as they are."""
    settings = QueueSettings(
        retry_policy=take_retry_policy(policy),
        max_run_time=max_run_time,
        max_pending=max_pending,
        keep_succeeded=keep_succeeded,
    )
    if settings == QueueSettings() and not reset and not create:
        raise click.UsageError("Nothing to set: name a setting, --reset or --create")
    info = await client.admin.queues.set(queue, settings, reset=[_RESETTABLE[name] for name in reset], create=create)
    out.one(info, _details(info))


@queues.command()
@click.argument("queue")
@queue_command
async def pause(client: Client, out: Printer, *, queue: str) -> None:
    """Stop the deliveries of QUEUE; pushes go on."""
    info = await client.admin.queues.pause(queue)
    out.one(info, _line(info))


@queues.command()
@click.argument("queue")
@queue_command
async def resume(client: Client, out: Printer, *, queue: str) -> None:
    """Let the deliveries of QUEUE go on."""
    info = await client.admin.queues.resume(queue)
    out.one(info, _line(info))


@queues.command()
@click.argument("queue")
@yes_option
@queue_command
async def purge(client: Client, out: Printer, *, queue: str, yes: bool) -> None:
    """Cancel every event that is in QUEUE now."""
    confirm(f"Cancel every event that is in {queue!r} now?", yes=yes)
    info = await client.admin.queues.purge(queue)
    out.one(info, _line(info))


@queues.command()
@click.argument("queue")
@yes_option
@queue_command
async def delete(client: Client, out: Printer, *, queue: str, yes: bool) -> None:
    """Forget QUEUE with its settings and totals. It must have no events."""
    confirm(f"Forget {queue!r} with its settings and totals?", yes=yes)
    await client.admin.queues.delete(queue)
    out.one({"queue": queue, "deleted": True}, f"{queue}: deleted")


def _state(queue: QueueInfo) -> str:
    return " ".join(word for word, holds in (("paused", queue.paused), ("purging", queue.purging)) if holds) or "open"


def _line(queue: QueueInfo) -> str:
    return f"{queue.name}: {_state(queue)}  pending {queue.pending:,}  leased {queue.leased:,}  dead {queue.failed:,}"


def _details(queue: QueueInfo) -> str:
    policy, settings = queue.effective_retry_policy, queue.settings
    own = {name for name in _RETRY_FIELDS if getattr(settings.retry_policy, name) is not None}
    pairs: list[tuple[str, object]] = [
        ("oldest ready", moment(queue.oldest_ready_time) if queue.oldest_ready_time else None),
        ("next due", moment(queue.next_due_time) if queue.next_due_time else None),
        ("created", moment(queue.create_time)),
        ("totals", "  ".join(f"{field.name} {getattr(queue.totals, field.name):,}" for field in fields(queue.totals))),
    ]
    for name in _RETRY_FIELDS:
        value = getattr(policy, name)
        told = span_text(value) if name in _SPANS else value
        pairs.append((name.replace("_", " "), f"{told}{' (set here)' if name in own else ''}"))
    pairs += [
        ("max run time", span_text(settings.max_run_time)),
        ("max pending", settings.max_pending),
        ("keep succeeded", settings.keep_succeeded or None),
    ]
    return facts(_line(queue), pairs)
