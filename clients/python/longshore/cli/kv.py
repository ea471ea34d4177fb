"""`longshore kv`: entries of the key-value store."""

import click

from longshore.cli.parameters import json_argument, span
from longshore.cli.printing import Printer, as_json
from longshore.cli.running import queue_command
from longshore.client import Client
from longshore.payloads import Json


@click.group()
def kv() -> None:
    """Read and write entries of the key-value store."""


@kv.command()
@click.argument("key")
@queue_command
async def get(client: Client, out: Printer, *, key: str) -> None:
    """Print the value of KEY as JSON, or the whole entry with --output json. Exit code 1 if there is none."""
    entry = await client.kv.entry(key)
    if entry is None:
        raise click.ClickException(f"No entry {key!r}")
    out.one(entry, as_json(entry.value))


@kv.command("set")
@click.argument("key")
@click.argument("value", metavar="JSON", type=json_argument)
@click.option("--if-absent", is_flag=True, help="Only where there is none.")
@click.option("--if-version", type=click.IntRange(0), help="Only over this version.")
@click.option("--expire-after", type=span, metavar="SPAN", help="How long it lives: 90, 250ms, 5m, 2h, 3d.")
@queue_command
async def set_(
    client: Client,
    out: Printer,
    *,
    key: str,
    value: Json,
    if_absent: bool,
    if_version: int | None,
    expire_after: float | None,
) -> None:
    """Write JSON as the value of KEY, and print its version."""
    if if_absent and if_version is not None:
        raise click.UsageError("Give --if-absent or --if-version, not both")
    version = await client.kv.set(key, value, if_absent=if_absent, if_version=if_version, expire_after=expire_after)
    out.one({"key": key, "version": version}, str(version))


@kv.command()
@click.argument("key")
@click.option("--if-version", type=click.IntRange(0), help="Only this version.")
@queue_command
async def delete(client: Client, out: Printer, *, key: str, if_version: int | None) -> None:
    """Remove KEY. Removing nothing is fine."""
    await client.kv.delete(key, if_version=if_version)
    if out.json:
        click.echo(as_json({"key": key}))


@kv.command("list")
@click.argument("prefix", default="")
@queue_command
async def list_(client: Client, out: Printer, *, prefix: str) -> None:
    """Print the keys that begin with PREFIX, or their entries with --output json."""
    async for entry in client.kv.list(prefix, keys_only=not out.json):
        out.one(entry, entry.key)
