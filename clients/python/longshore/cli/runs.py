"""`longshore import run`, `rehearse`, `resume` and `watch`: one run, followed to its end."""

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NoReturn

import click

from longshore.cli.display import Following
from longshore.cli.parameters import pair
from longshore.cli.progress import ProgressLine
from longshore.cli.running import IMPORT_WORKER, PATIENCE
from longshore.imports import Imports, StartedImport, connect_imports
from longshore.runs import Import, ImportState

EXIT_CODES = {
    ImportState.SUCCEEDED: 0,
    ImportState.FAILED: 1,
    ImportState.SUCCEEDED_WITH_ERRORS: 3,
    ImportState.CANCELLED: 4,
    ImportState.SUSPENDED: 6,
}
_CODES_HELP = """\b
    Exit codes:
      0    SUCCEEDED
      1    FAILED, or an error
      2    wrong usage
      3    SUCCEEDED_WITH_ERRORS
      4    CANCELLED
      5    the import worker is not reachable
      6    SUSPENDED; `longshore import resume ID` goes on
      130  Ctrl-C; the import goes on"""

address_option = IMPORT_WORKER.address_option()
input_option = click.option(
    "--input", "inputs", type=pair, multiple=True, metavar="NAME=VALUE", help="An input of the configuration; repeat."
)
full_option = click.option("--full", is_flag=True, help="Read everything, also where the configuration is incremental.")
shrink_option = click.option("--accept-shrink", is_flag=True, help="Allow fewer objects than the last good run had.")
_output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), help="How to print.  [default: text on a terminal, else json]"
)
_name_argument = click.argument("name")
_id_argument = click.argument("import_id", metavar="ID")


def import_client(address: str) -> Imports:
    """A client of the import worker for the time of a command."""
    return connect_imports(address, patience=PATIENCE)


@click.command("run", epilog=_CODES_HELP)
@_name_argument
@full_option
@shrink_option
@input_option
@address_option
@_output_option
def run_command(
    name: str, *, full: bool, accept_shrink: bool, inputs: tuple[tuple[str, str], ...], address: str, output: str | None
) -> None:
    """Start the configured import NAME and follow it to its end. Ctrl-C leaves it running."""

    async def begin(client: Imports) -> Import:
        return _told(await client.start(name, full=full, accept_shrink=accept_shrink, inputs=dict(inputs)))

    _follow(begin, address, output)


@click.command(epilog=_CODES_HELP)
@_name_argument
@input_option
@address_option
@_output_option
def rehearse(name: str, *, inputs: tuple[tuple[str, str], ...], address: str, output: str | None) -> None:
    """Send a few chunks of the import NAME and cancel: proves token, mapping and limits, and changes no object."""

    async def begin(client: Imports) -> Import:
        return _told(await client.start(name, rehearse=True, inputs=dict(inputs)))

    _follow(begin, address, output)


@click.command(epilog=_CODES_HELP)
@_id_argument
@address_option
@_output_option
def resume(import_id: str, address: str, output: str | None) -> None:
    """Go on with the suspended import ID and follow it to its end. One that has ended starts anew from page one."""

    async def begin(client: Imports) -> Import:
        found = await client.resume(import_id)
        if found.import_id != import_id:
            click.echo(f"The import had ended; {found.import_id} goes over its whole source again.", err=True)
        return found

    _follow(begin, address, output)


@click.command(epilog=_CODES_HELP)
@_id_argument
@address_option
@_output_option
def watch(import_id: str, address: str, output: str | None) -> None:
    """Follow the import ID to its end. Ctrl-C leaves it running."""

    async def begin(client: Imports) -> Import:
        return await client.get(import_id)

    _follow(begin, address, output)


def _told(started: StartedImport) -> Import:
    if started.already_active:
        click.echo(
            f"The destination has an active import of {started.run.name}, {started.run.import_id}; following it.",
            err=True,
        )
    return started.run


def _follow(begin: Callable[[Imports], Awaitable[Import]], address: str, output: str | None) -> NoReturn:
    """Follow a run until it has ended or is suspended, and exit as it did."""

    async def changes() -> AsyncGenerator[Import, None]:
        async with import_client(address) as client:
            begun = await begin(client)
            yield begun
            async with aclosing(client.watch(begun.import_id)) as following:
                async for change in following:
                    yield change
                    if change.state in EXIT_CODES:
                        return

    following = Following(service=IMPORT_WORKER, summary=ProgressLine(), detached=_detached)
    latest = following.follow(address, output or ("text" if sys.stdout.isatty() else "json"), changes())
    if latest.failure:
        click.echo(f"{latest.failure.reason}: {latest.failure.message}", err=True)
    if latest.suspended_until:
        click.echo(_suspended(latest), err=True)
    raise click.exceptions.Exit(EXIT_CODES[latest.state])


def _suspended(run: Import) -> str:
    return (
        f"The import is suspended until {run.suspended_until:%H:%M:%S} UTC and fails then. Go on in its open execution "
        f"with `longshore import resume {run.import_id}`, stop it with `longshore import cancel {run.import_id}`."
    )


def _detached(run: Import) -> str:
    return (
        f"Detached; the import goes on.\nWatch it with `longshore import watch {run.import_id}`, "
        f"stop it with `longshore import cancel {run.import_id}`."
    )
