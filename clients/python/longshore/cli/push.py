"""`longshore push`: events from arguments, from standard input, or from JSON Lines of any length."""

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

import click

from longshore.cli.bulk import BulkOptions, BulkPush, Fault, Tally
from longshore.cli.display import Line
from longshore.cli.lines import numbered_lines, size_of
from longshore.cli.parameters import event_options, instant, json_argument, json_text, take_event
from longshore.cli.printing import Printer, counted
from longshore.cli.running import queue_command
from longshore.client import Client
from longshore.payloads import Json

_REDRAW_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    """What a bulk push prints at its end; the fields are those of Tally."""

    queue: str
    events: int
    jobs: int
    deduplicated: int
    seconds: float
    faults: Sequence[Fault]


@click.command()
@click.argument("queue")
@click.argument("bodies", metavar="[JSON]...", nargs=-1, type=json_argument)
@click.option("--jsonl", type=click.File("rb"), metavar="FILE", help="Push each line of FILE; - is standard input.")
@click.option(
    "--events-per-job",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="With --jsonl: lines that make one job, all or nothing.",
)
@click.option(
    "--max-faults",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="With --jsonl: stop reading at so many faulty lines.",
)
@click.option("--at", type=instant, metavar="INSTANT", help="When it may be delivered: 2030-01-31T08:00:00Z.")
@event_options
@click.option("--group", "group_id", metavar="ID", help="Group that the job joins.")
@click.option("--seal", is_flag=True, help="Seal the group after the push.")
@click.option("--job-id", metavar="UUID", help="Id of the job: pushing it again makes no second one.")
@click.option(
    "--request-id",
    help="Name of the push: pushing it again makes no second job. With --jsonl the number of the line is added, "
    "so that a file which was pushed in part can be pushed again.",
)
@queue_command
async def push(  # noqa: PLR0913  each is an option
    client: Client,
    out: Printer,
    *,
    queue: str,
    bodies: tuple[Json, ...],
    jsonl: BinaryIO | None,
    events_per_job: int,
    max_faults: int,
    at: datetime | None,
    group_id: str | None,
    seal: bool,
    job_id: str | None,
    request_id: str | None,
    **event: Any,
) -> None:
    """Push events to QUEUE, and print the id of their job.

    Each JSON is an event; several make one job. Without any, one is read from standard input. With --jsonl each line is
    an event and a job of its own; faulty lines are told by their numbers, the others are pushed, and the exit code is
    1 then.
    """
    make = take_event(event, not_before=at)
    if seal and group_id is None:
        raise click.UsageError("--seal needs --group")
    group = None if group_id is None else client.group(group_id)
    if jsonl is None:
        events = [make(body) for body in bodies or (_standard_input(),)]
        job = await client.queue(queue).push_many(
            events, group=group, seal_group=seal, job_id=job_id, request_id=request_id
        )
        out.one({"job_id": job.job_id, "events": len(events), "deduplicated": job.deduplicated}, job.job_id)
        return
    if bodies or job_id is not None:
        raise click.UsageError("--jsonl takes neither JSON arguments nor --job-id")
    options = BulkOptions(
        event=make, events_per_job=events_per_job, group=group, request_id=request_id, max_faults=max_faults
    )
    await _push_lines(BulkPush(client.queue(queue), options, on_fault=_tell), jsonl, queue, out)
    if group is not None and seal:
        await group.seal()


def _standard_input() -> Json:
    stream = sys.stdin
    if stream.isatty():
        raise click.UsageError("Nothing to push: give JSON, pipe it in, or name a file with --jsonl")
    try:
        return json_text(stream.read())
    except ValueError as error:
        raise click.UsageError(f"Standard input is no JSON: {error}. For an event a line, say --jsonl -.") from error


async def _push_lines(bulk: BulkPush, stream: BinaryIO, queue: str, out: Printer) -> None:
    tally, begun = bulk.tally, time.monotonic()
    drawing = asyncio.create_task(_draw(tally, size_of(stream), begun))
    try:
        await bulk.run(numbered_lines(stream))
    finally:
        drawing.cancel()
        with suppress(asyncio.CancelledError):
            await drawing
        seconds = time.monotonic() - begun
        summary = _Summary(
            queue=queue,
            events=tally.events,
            jobs=tally.jobs,
            deduplicated=tally.deduplicated,
            seconds=round(seconds, 3),
            faults=tally.faults,
        )
        out.one(summary, _in_words(tally, seconds))
    if tally.faults:
        raise click.exceptions.Exit(1)


async def _draw(tally: Tally, size: int | None, begun: float) -> None:
    """Show on a terminal how far it is, until cancelled."""
    stream = sys.stderr
    if not stream.isatty():
        return
    line = Line(stream)
    try:
        while True:
            share = f"{tally.bytes / size:4.0%}  " if size else ""
            line.write(share + _in_words(tally, time.monotonic() - begun))
            await asyncio.sleep(_REDRAW_SECONDS)
    finally:
        line.clear()


def _in_words(tally: Tally, seconds: float) -> str:
    rate = f" ({tally.events / seconds:,.0f} a second)" if seconds > 0 else ""
    words = f"{counted(tally.events, 'event')} pushed in {counted(tally.jobs, 'job')} in {seconds:.1f} s{rate}"
    if tally.deduplicated:
        words += f"; jobs that were there before: {tally.deduplicated:,}"
    if tally.faults:
        lines = sum(fault.last_line - fault.line + 1 for fault in tally.faults)
        words += f"; {counted(lines, 'line')} not pushed"
    return words


def _tell(fault: Fault) -> None:
    click.echo(str(fault), err=True)
