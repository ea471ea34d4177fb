"""`longshore import`: start, follow and cancel runs of the import worker."""

from collections.abc import Awaitable, Callable
from typing import NoReturn

import click

from longshore.cli.display import Display, details, summary
from longshore.cli.plugins import PluginGroup
from longshore.cli.running import IMPORT_WORKER, PATIENCE, as_json, output_option, run
from longshore.imports import Imports, connect_imports
from longshore.runs import Import, ImportState

_EXIT_CODES = {
    ImportState.SUCCEEDED: 0,
    ImportState.FAILED: 1,
    ImportState.SUCCEEDED_WITH_ERRORS: 3,
    ImportState.CANCELLED: 4,
}
_DETACHED = 130
_CODES_HELP = """\b
    Exit codes:
      0    SUCCEEDED
      1    FAILED, or an error
      2    wrong usage
      3    SUCCEEDED_WITH_ERRORS
      4    CANCELLED
      5    the import worker is not reachable
      130  Ctrl-C; the import goes on"""

address_option = IMPORT_WORKER.address_option()


@click.group("import", cls=PluginGroup, plugins="longshore.commands.import")
def imports() -> None:
    """Start, follow and cancel imports."""


@imports.command("run", epilog=_CODES_HELP)
@click.argument("name")
@address_option
@output_option
def run_(name: str, address: str, output: str) -> None:
    """Start the configured import NAME and follow it to its end. Ctrl-C leaves it running."""

    async def start(client: Imports) -> Import:
        started = await client.start(name)
        if started.already_active:
            click.echo(f"The destination has an active import, {started.run.import_id}; following it.", err=True)
        return started.run

    _follow(address, output, start)


@imports.command(epilog=_CODES_HELP)
@click.argument("import_id", metavar="ID")
@address_option
@output_option
def watch(import_id: str, address: str, output: str) -> None:
    """Follow the import ID to its end. Ctrl-C leaves it running."""

    async def get(client: Imports) -> Import:
        return await client.get(import_id)

    _follow(address, output, get)


@imports.command()
@click.argument("name")
@address_option
@output_option
def start(name: str, address: str, output: str) -> None:
    """Start the configured import NAME and print its id."""

    async def work() -> None:
        async with connect_imports(address, patience=PATIENCE) as client:
            started = await client.start(name)
        if output == "json":
            click.echo(as_json(started))
            return
        if started.already_active:
            click.echo("The destination has an active import; nothing was started.", err=True)
        click.echo(started.run.import_id)

    run(IMPORT_WORKER, address, work())


@imports.command("list")
@click.option("--name", default="", help="Only runs of this configured import.")
@address_option
@output_option
def list_(name: str, address: str, output: str) -> None:
    """List the imports that are kept, oldest first."""

    async def work() -> None:
        async with connect_imports(address, patience=PATIENCE) as client:
            async for found in client.list(name):
                click.echo(as_json(found) if output == "json" else f"{found.import_id}  {summary(found)}")

    run(IMPORT_WORKER, address, work())


@imports.command()
@click.argument("import_id", metavar="ID")
@address_option
@output_option
def show(import_id: str, address: str, output: str) -> None:
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
        async with connect_imports(address, patience=PATIENCE) as client:
            found = await ask(client)
        click.echo(as_json(found) if output == "json" else details(found))

    run(IMPORT_WORKER, address, work())


def _follow(address: str, output: str, begin: Callable[[Imports], Awaitable[Import]]) -> None:
    """Show a run until it ends, and end with the exit code of its state."""
    display = Display(output)
    latest: Import | None = None

    async def work() -> None:
        nonlocal latest
        async with connect_imports(address, patience=PATIENCE) as client:
            latest = await begin(client)
            display.show(latest)
            async for change in client.watch(latest.import_id):
                latest = change
                display.show(latest)

    try:
        run(IMPORT_WORKER, address, work())
    except KeyboardInterrupt:
        if latest is None:
            raise
        display.end()
        click.echo(_goes_on(latest.import_id), err=True)
        raise click.exceptions.Exit(_DETACHED) from None
    finally:
        display.end()
    _conclude(latest)


def _conclude(latest: Import | None) -> NoReturn:
    if latest is None:
        raise click.ClickException("The import worker answered nothing")
    if latest.failure:
        click.echo(f"{latest.failure.reason}: {latest.failure.message}", err=True)
    raise click.exceptions.Exit(_EXIT_CODES[latest.state])


def _goes_on(import_id: str) -> str:
    return (
        f"Detached; the import goes on.\nWatch it with `longshore import watch {import_id}`, "
        f"stop it with `longshore import cancel {import_id}`."
    )
