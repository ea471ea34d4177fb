"""`longshore push`, `longshore stats`, `longshore kv`: the queue service from a terminal."""

from typing import Any

import click

from longshore.cli.running import PATIENCE, QUEUE_SERVICE, as_json, output_option, parse_json, run
from longshore.client import Client, connect

address_option = QUEUE_SERVICE.address_option()


def _connect(address: str) -> Client:
    return connect(address, patience=PATIENCE)


@click.command()
@click.argument("queue")
@click.argument("body", metavar="JSON", callback=parse_json)
@click.option("--delay", type=click.FloatRange(min=0), help="Seconds until it may be delivered.")
@address_option
@output_option
def push(queue: str, body: Any, delay: float | None, address: str, output: str) -> None:
    """Push an event with the body JSON to QUEUE, and print its job id."""

    async def work() -> None:
        async with _connect(address) as client:
            job = await client.queue(queue).push(body, delay=delay)
        click.echo(as_json({"job_id": job.job_id}) if output == "json" else job.job_id)

    run(QUEUE_SERVICE, address, work())


@click.command()
@click.argument("job_ids", metavar="JOB_ID...", nargs=-1, required=True)
@address_option
@output_option
def stats(job_ids: tuple[str, ...], address: str, output: str) -> None:
    """Print the counts of jobs. Exit code 1 if one is not known."""

    async def work() -> None:
        async with _connect(address) as client:
            found = await client.job_stats(job_ids)
        for counts in found.values():
            click.echo(
                as_json(counts)
                if output == "json"
                else f"{counts.job_id}  {counts.state}  success {counts.success}  in progress {counts.in_progress}  "
                f"failed {counts.failed}  cancelled {counts.cancelled}"
            )
        if missing := [job_id for job_id in job_ids if job_id not in found]:
            raise click.ClickException(f"No such job, or no longer kept: {', '.join(missing)}")

    run(QUEUE_SERVICE, address, work())


@click.group()
def kv() -> None:
    """Read and write entries of the key-value store."""


@kv.command()
@click.argument("key")
@address_option
@output_option
def get(key: str, address: str, output: str) -> None:
    """Print the value of KEY as JSON. Exit code 1 if there is none."""

    async def work() -> None:
        async with _connect(address) as client:
            entry = await client.kv.entry(key)
        if entry is None:
            raise click.ClickException(f"No entry {key!r}")
        click.echo(as_json(entry if output == "json" else entry.value))

    run(QUEUE_SERVICE, address, work())


@kv.command("set")
@click.argument("key")
@click.argument("value", metavar="JSON", callback=parse_json)
@click.option("--if-absent", is_flag=True, help="Only where there is none.")
@click.option("--if-version", type=int, help="Only over this version.")
@click.option("--expire-after", type=click.FloatRange(min=0.001), help="Seconds it lives.")
@address_option
@output_option
def set_(
    key: str,
    value: Any,
    if_absent: bool,
    if_version: int | None,
    expire_after: float | None,
    address: str,
    output: str,
) -> None:
    """Write JSON as the value of KEY, and print its version."""
    if if_absent and if_version is not None:
        raise click.UsageError("Give --if-absent or --if-version, not both")

    async def work() -> None:
        async with _connect(address) as client:
            version = await client.kv.set(
                key, value, if_absent=if_absent, if_version=if_version, expire_after=expire_after
            )
        click.echo(as_json({"version": version}) if output == "json" else version)

    run(QUEUE_SERVICE, address, work())


@kv.command()
@click.argument("key")
@address_option
def delete(key: str, address: str) -> None:
    """Remove KEY. Removing nothing is fine."""

    async def work() -> None:
        async with _connect(address) as client:
            await client.kv.delete(key)

    run(QUEUE_SERVICE, address, work())


@kv.command("list")
@click.argument("prefix", default="")
@address_option
@output_option
def list_(prefix: str, address: str, output: str) -> None:
    """Print the keys that begin with PREFIX, or their entries with --output json."""

    async def work() -> None:
        async with _connect(address) as client:
            async for entry in client.kv.list(prefix, keys_only=output == "text"):
                click.echo(as_json(entry) if output == "json" else entry.key)

    run(QUEUE_SERVICE, address, work())
