"""`longshore stats`, `watch`, `cancel`, `jobs` and `groups`: what pushes made, and how it stands."""

from collections.abc import AsyncGenerator
from typing import Any

import click

from longshore.cli.display import Following
from longshore.cli.parameters import event_options, json_argument, options, take_event
from longshore.cli.printing import Printer, as_json, counted, facts, harmless, moment
from longshore.cli.running import QUEUE_SERVICE, broker_client, output_option, queue_command
from longshore.client import Client
from longshore.groups import GroupInfo, GroupResult
from longshore.job import JobInfo, JobState, JobStats
from longshore.payloads import Json

_JOB_CODES = {JobState.SUCCEEDED: 0, JobState.FAILED: 1, JobState.CANCELLED: 4}
_GROUP_CODES = {GroupResult.SUCCEEDED: 0, GroupResult.HAS_FAILURES: 3, GroupResult.CANCELLED: 4}
_CODES_HELP = """\b
    Exit codes:
      0    SUCCEEDED
      1    FAILED (a job), or an error
      2    wrong usage
      3    HAS_FAILURES (a group)
      4    CANCELLED
      5    the queue service is not reachable
      130  Ctrl-C; what was watched goes on"""
_SHOWN_PROGRESS = 3

target = options(
    click.argument("id_", metavar="ID"),
    click.option("--group", "is_group", is_flag=True, help="ID is that of a group."),
)


@click.command()
@click.argument("job_ids", metavar="JOB_ID...", nargs=-1, required=True)
@queue_command
async def stats(client: Client, out: Printer, *, job_ids: tuple[str, ...]) -> None:
    """Print the counts of jobs. Exit code 1 if one is not known."""
    found = await client.job_stats(job_ids)
    for counts in found.values():
        out.one(counts, f"{counts.job_id}  {counts.state}  {_counts(counts)}")
    if missing := [job_id for job_id in job_ids if job_id not in found]:
        raise click.ClickException(f"No such job, or no longer kept: {', '.join(missing)}")


@click.command(epilog=_CODES_HELP)
@target
@QUEUE_SERVICE.address_option()
@output_option
def watch(id_: str, is_group: bool, address: str, output: str) -> None:
    """Follow a job, or a group, until all its events have ended. Ctrl-C leaves it running."""
    if is_group:
        group = _GROUP.follow(address, output, _group_changes(address, id_))
        raise click.exceptions.Exit(_GROUP_CODES[group.result])
    job = _JOB.follow(address, output, _job_changes(address, id_))
    if output == "text":
        for left in job.results:
            click.echo(harmless(f"{left.event_id}: {as_json(left.result)}"))
    raise click.exceptions.Exit(_JOB_CODES[job.stats.state])


async def _job_changes(address: str, job_id: str) -> AsyncGenerator[JobInfo, None]:
    async with broker_client(address) as client:
        job = client.job(job_id)
        # A broker that is not there is told at once; a watch would wait for it to come back.
        yield await job.get()
        async for change in job.watch():
            yield change


async def _group_changes(address: str, group_id: str) -> AsyncGenerator[GroupInfo, None]:
    async with broker_client(address) as client:
        group = client.group(group_id)
        yield await group.get()
        async for change in group.watch():
            yield change


@click.command()
@target
@queue_command
async def cancel(client: Client, out: Printer, *, id_: str, is_group: bool) -> None:
    """Cancel a job, or a group: drop what has not begun, and ask running handlers to stop."""
    if is_group:
        group = await client.group(id_).cancel()
        out.one(group, group_line(group))
    else:
        job = await client.job(id_).cancel()
        out.one(job, job_line(job))


@click.group()
def jobs() -> None:
    """List and show jobs."""


@jobs.command("list")
@click.option("--queue", help="Only jobs of this queue.")
@click.option("--group", "group_id", metavar="ID", help="Only jobs of this group.")
@click.option(
    "--state",
    type=click.Choice([state for state in JobState if state is not JobState.UNSPECIFIED], case_sensitive=False),
    help="Only jobs in this state.",
)
@queue_command
async def list_(
    client: Client, out: Printer, *, queue: str | None, group_id: str | None, state: JobState | None
) -> None:
    """List the jobs that are kept, the latest first."""
    await out.table(
        client.admin.jobs.list(queue=queue, group_id=group_id, state=state),
        (
            ("JOB", lambda job: job.job_id),
            ("QUEUE", lambda job: job.queue),
            ("STATE", lambda job: job.stats.state),
            ("SUCCESS>", lambda job: f"{job.stats.success:,}"),
            ("IN PROGRESS>", lambda job: f"{job.stats.in_progress:,}"),
            ("FAILED>", lambda job: f"{job.stats.failed:,}"),
            ("CANCELLED>", lambda job: f"{job.stats.cancelled:,}"),
            ("PUSHED", lambda job: moment(job.stats.push_time)),
        ),
    )


@jobs.command()
@click.argument("job_id")
@queue_command
async def show(client: Client, out: Printer, *, job_id: str) -> None:
    """Show a job with its lineage, progress and results."""
    job = await client.job(job_id).get()
    out.one(job, _details(job))


@click.group()
def groups() -> None:
    """Create, show and seal groups. Cancel one with `longshore cancel --group`."""


@groups.command()
@click.option("--id", "group_id", metavar="UUID", help="Its id.  [default: a new one]")
@click.option("--on-complete", metavar="QUEUE", help="Queue to push to when the group is complete; needs --body.")
@click.option("--body", type=json_argument, metavar="JSON", help="Body of the event that is pushed then.")
@event_options
@queue_command
async def create(
    client: Client,
    out: Printer,
    *,
    group_id: str | None,
    on_complete: str | None,
    body: Json | None,
    **event: Any,
) -> None:
    """Open a group, and print its id. The other options are those of the event of --on-complete."""
    make = take_event(event)
    if (on_complete is None) != (body is None):
        raise click.UsageError("--on-complete and --body go together")
    then = None if on_complete is None else (on_complete, make(body))
    group = await client.group(group_id, on_complete=then).create()
    out.one({"group_id": group.group_id}, group.group_id)


@groups.command("show")
@click.argument("group_id")
@queue_command
async def show_group(client: Client, out: Printer, *, group_id: str) -> None:
    """Show a group with its counts."""
    group = await client.group(group_id).get()
    out.one(group, _group_details(group))


@groups.command()
@click.argument("group_id")
@queue_command
async def seal(client: Client, out: Printer, *, group_id: str) -> None:
    """Seal a group: it takes no more pushes from outside, and completes when its last event ends."""
    group = await client.group(group_id).seal()
    out.one(group, group_line(group))


def _counts(counts: JobStats | GroupInfo) -> str:
    return (
        f"success {counts.success:,}  in progress {counts.in_progress:,}  "
        f"failed {counts.failed:,}  cancelled {counts.cancelled:,}"
    )


def job_line(job: JobInfo) -> str:
    """A job in one line, with what its handlers told last."""
    told = [
        " ".join([f"{progress.fraction:.0%}" if progress.fraction is not None else "", progress.text]).strip()
        for progress in job.progress[:_SHOWN_PROGRESS]
    ]
    return "  ".join([f"{job.job_id}: {job.stats.state}", _counts(job.stats), *(f"[{text}]" for text in told)])


def group_line(group: GroupInfo) -> str:
    """A group in one line."""
    state = f"{group.state}" if group.result is GroupResult.UNSPECIFIED else f"{group.state} ({group.result})"
    return f"{group.group_id}: {state}  {counted(group.jobs, 'job')}  {_counts(group)}"


def _details(job: JobInfo) -> str:
    pairs: list[tuple[str, object]] = [
        ("queue", job.queue),
        ("counts", _counts(job.stats)),
        ("request id", job.request_id),
        ("group", job.group_id),
        ("root job", job.lineage.root_job_id),
        ("depth", job.lineage.depth),
        ("pushes below the root", f"{job.pushes_below_root:,}"),
        ("pushed", moment(job.stats.push_time)),
        ("finished", moment(job.stats.finish_time) if job.stats.finish_time else None),
        ("cancelled", moment(job.cancel_time) if job.cancel_time else None),
    ]
    for told in job.progress:
        share = "" if told.fraction is None else f"{told.fraction:.0%} "
        pairs.append((f"progress of {told.event_id}", f"{share}{told.text} ({moment(told.update_time)})"))
    pairs += [(f"result of {left.event_id}", as_json(left.result)) for left in job.results]
    return facts(f"{job.job_id}: {job.stats.state}", pairs)


def _group_details(group: GroupInfo) -> str:
    pairs = (
        ("jobs", f"{group.jobs:,}"),
        ("counts", _counts(group)),
        ("created", moment(group.create_time)),
        ("complete", moment(group.complete_time) if group.complete_time else None),
        ("cancelled", moment(group.cancel_time) if group.cancel_time else None),
        ("completion job", group.on_complete_job_id),
    )
    return facts(f"{group.group_id}: {group.state}", (("result", group.result), *pairs))


_JOB = Following(
    service=QUEUE_SERVICE,
    summary=job_line,
    detached=lambda job: (
        f"Detached; the job goes on.\nWatch it with `longshore watch {job.job_id}`, "
        f"stop it with `longshore cancel {job.job_id}`."
    ),
)
_GROUP = Following(
    service=QUEUE_SERVICE,
    summary=group_line,
    detached=lambda group: (
        f"Detached; the group goes on.\nWatch it with `longshore watch --group {group.group_id}`, "
        f"stop it with `longshore cancel --group {group.group_id}`."
    ),
)
