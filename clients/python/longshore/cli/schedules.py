"""`longshore schedules`: jobs that are pushed at times."""

from typing import Any

import click

from longshore.admin.schedules import MissedFirePolicy, OverlapPolicy, ScheduleInfo
from longshore.cli.parameters import event_options, json_argument, take_event
from longshore.cli.printing import Printer, facts, given, moment
from longshore.cli.running import confirm, queue_command, yes_option
from longshore.client import Client
from longshore.payloads import Json


@click.group()
def schedules() -> None:
    """List, show, put, pause, resume, run and delete schedules."""


@schedules.command("list")
@queue_command
async def list_(client: Client, out: Printer) -> None:
    """List the schedules in order of their names."""
    await out.table(
        client.admin.schedules.list(),
        (
            ("SCHEDULE", lambda schedule: schedule.name),
            ("CRON", lambda schedule: schedule.cron),
            ("TIME ZONE", lambda schedule: schedule.time_zone),
            ("QUEUE", lambda schedule: schedule.queue),
            ("STATE", _state),
            ("NEXT", lambda schedule: moment(schedule.next_fire_time)),
            ("LAST", lambda schedule: moment(schedule.last_fire_time)),
        ),
    )


@schedules.command()
@click.argument("name")
@queue_command
async def show(client: Client, out: Printer, *, name: str) -> None:
    """Show the schedule NAME."""
    schedule = await client.admin.schedules.get(name)
    out.one(schedule, _details(schedule))


@schedules.command()
@click.argument("name")
@click.argument("cron")
@click.argument("queue")
@click.argument("bodies", metavar="JSON...", nargs=-1, required=True, type=json_argument)
@click.option("--time-zone", default="UTC", show_default=True, help="IANA name in which CRON is read.")
@click.option("--paused", is_flag=True, help="Stop it for now.")
@click.option(
    "--overlap",
    type=click.Choice(OverlapPolicy, case_sensitive=False),
    default=OverlapPolicy.SKIP,
    show_default=True,
    help="At a fire time while the former job is in progress.",
)
@click.option(
    "--missed-fire",
    type=click.Choice(MissedFirePolicy, case_sensitive=False),
    default=MissedFirePolicy.SKIP,
    show_default=True,
    help="With fire times that passed while no broker ran.",
)
@event_options
@queue_command
async def put(  # noqa: PLR0913  each is an option
    client: Client,
    out: Printer,
    *,
    name: str,
    cron: str,
    queue: str,
    bodies: tuple[Json, ...],
    time_zone: str,
    paused: bool,
    overlap: OverlapPolicy,
    missed_fire: MissedFirePolicy,
    **event: Any,
) -> None:
    """Create the schedule NAME, or replace it: at the times of CRON an event with each JSON is pushed to QUEUE.

    CRON has five fields (minute, hour, day of the month, month, day of the week), or six with seconds first.
    """
    make = take_event(event)
    schedule = await client.admin.schedules.put(
        name,
        cron,
        queue,
        [make(body) for body in bodies],
        time_zone=time_zone,
        paused=paused,
        overlap=overlap,
        missed_fire=missed_fire,
    )
    out.one(schedule, _details(schedule))


@schedules.command()
@click.argument("name")
@queue_command
async def pause(client: Client, out: Printer, *, name: str) -> None:
    """Stop the schedule NAME. Fire times that pass meanwhile do not happen."""
    schedule = await client.admin.schedules.pause(name)
    out.one(schedule, _details(schedule))


@schedules.command()
@click.argument("name")
@queue_command
async def resume(client: Client, out: Printer, *, name: str) -> None:
    """Let the schedule NAME go on."""
    schedule = await client.admin.schedules.resume(name)
    out.one(schedule, _details(schedule))


@schedules.command()
@click.argument("name")
@queue_command
async def run(client: Client, out: Printer, *, name: str) -> None:
    """Push the job of the schedule NAME now, and print its id."""
    job = await client.admin.schedules.run(name)
    out.one({"job_id": job.job_id}, job.job_id)


@schedules.command()
@click.argument("name")
@yes_option
@queue_command
async def delete(client: Client, out: Printer, *, name: str, yes: bool) -> None:
    """Remove the schedule NAME. Removing nothing is fine."""
    confirm(f"Remove the schedule {name!r}?", yes=yes)
    deleted = await client.admin.schedules.delete(name)
    out.one({"name": name, "deleted": deleted}, f"{name}: {'deleted' if deleted else 'there was none'}")


def _state(schedule: ScheduleInfo) -> str:
    return "paused" if schedule.paused else "on"


def _details(schedule: ScheduleInfo) -> str:
    return facts(
        f"{schedule.name}: {_state(schedule)}  {schedule.cron}  {schedule.time_zone}",
        (
            ("queue", schedule.queue),
            ("next fire", moment(schedule.next_fire_time)),
            ("last fire", moment(schedule.last_fire_time)),
            ("last job", schedule.last_job_id),
            ("skipped", f"{schedule.skipped:,}"),
            ("overlap", schedule.overlap),
            ("missed fire", schedule.missed_fire),
            ("put", moment(schedule.update_time)),
            *((f"event {number}", given(event)) for number, event in enumerate(schedule.events)),
        ),
    )
