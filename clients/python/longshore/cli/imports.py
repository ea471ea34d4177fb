"""`longshore import`: what people ask about imports. Following a run stands in runs.py."""

from collections.abc import Awaitable, Callable

import click

from longshore.cli.plugins import PluginGroup
from longshore.cli.previews import check, preview, quarantine
from longshore.cli.printing import Printer, as_json
from longshore.cli.progress import details, summary
from longshore.cli.running import IMPORT_WORKER, output_option, run
from longshore.cli.runs import (
    address_option,
    full_option,
    import_client,
    input_option,
    rehearse,
    resume,
    run_command,
    shrink_option,
    watch,
)
from longshore.imports import Imports
from longshore.runs import Import


@click.group("import", cls=PluginGroup, plugins="longshore.commands.import")
def imports() -> None:
    """Start, follow, resume and cancel imports."""


@imports.command()
@click.argument("name")
@full_option
@shrink_option
@input_option
@address_option
@output_option
def start(
    name: str, *, full: bool, accept_shrink: bool, inputs: tuple[tuple[str, str], ...], address: str, output: str
) -> None:
    """Start the configured import NAME and print its id."""

    async def work() -> None:
        async with import_client(address) as client:
            started = await client.start(name, full=full, accept_shrink=accept_shrink, inputs=dict(inputs))
        if started.already_active and output == "text":
            click.echo("The destination has an active import; nothing was started.", err=True)
        Printer(output).one(started, started.run.import_id)

    run(IMPORT_WORKER, address, work())


@imports.command("list")
@click.option("--name", default="", help="Only runs of this configured import.")
@address_option
@output_option
def list_(name: str, address: str, output: str) -> None:
    """List the imports that are kept, oldest first."""

    async def work() -> None:
        async with import_client(address) as client:
            async for found in client.list(name):
                click.echo(as_json(found) if output == "json" else f"{found.import_id}  {summary(found)}")

    run(IMPORT_WORKER, address, work())


@imports.command()
@click.argument("import_id", metavar="ID")
@address_option
@output_option
def status(import_id: str, address: str, output: str) -> None:
    """Show the import ID with all its counts."""
    _print_one(address, output, lambda client: client.get(import_id))


@imports.command()
@click.argument("import_id", metavar="ID")
@address_option
@output_option
def cancel(import_id: str, address: str, output: str) -> None:
    """Cancel the import ID and its execution in Assets."""
    _print_one(address, output, lambda client: client.cancel(import_id))


def _print_one(address: str, output: str, ask: Callable[[Imports], Awaitable[Import]]) -> None:
    async def work() -> None:
        async with import_client(address) as client:
            found = await ask(client)
        Printer(output).one(found, details(found))

    run(IMPORT_WORKER, address, work())


for command in (run_command, rehearse, resume, watch, check, preview, quarantine):
    imports.add_command(command)
imports.add_command(status, "show")
