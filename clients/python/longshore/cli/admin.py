"""`longshore admin`: the broker and its store."""

import click

from longshore.cli.printing import Printer, facts, moment
from longshore.cli.running import queue_command
from longshore.client import Client


@click.group()
def admin() -> None:
    """Copy, check and describe the broker's store."""


@admin.command()
@click.argument("file")
@queue_command
async def backup(client: Client, out: Printer, *, file: str) -> None:
    """Copy the store to FILE on the broker's machine, while it goes on serving.

    FILE must not exist. Its folder must be the backup folder of the broker's settings, or that of the store.
    """
    done = await client.admin.store.backup(file)
    out.one(done, f"{done.file}: {done.size_bytes:,} bytes")


@admin.command()
@queue_command
async def check(client: Client, out: Printer) -> None:
    """Read the whole store and tell what is wrong with it. Exit code 1 if anything is."""
    faults = await client.admin.store.check()
    out.one({"faults": faults}, "\n".join(faults) or "The store is whole.")
    if faults:
        raise click.exceptions.Exit(1)


@admin.command()
@queue_command
async def info(client: Client, out: Printer) -> None:
    """Describe the broker: version, store, and the settings in force."""
    found = await client.admin.store.info()
    out.one(
        found,
        facts(
            f"Longshore {found.version}, up since {moment(found.start_time)}",
            (
                ("store", f"{found.store_kind}, schema {found.schema_version}, {found.store_size_bytes:,} bytes"),
                ("incarnation", found.store_incarnation),
                ("open streams", f"{found.streams:,}"),
                ("live leases", f"{found.leases:,}"),
                *found.settings.items(),
            ),
        ),
    )
