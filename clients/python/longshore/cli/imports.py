"""`longshore import`: start, follow and cancel runs of the import worker."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import NoReturn

import click

from longshore.cli.display import Following
from longshore.cli.plugins import PluginGroup
from longshore.cli.printing import Printer, as_json, facts, moment
from longshore.cli.running import IMPORT_WORKER, PATIENCE, output_option, run
from longshore.imports import Imports, connect_imports
from longshore.runs import Import, ImportState

_EXIT_CODES = {
    ImportState.SUCCEEDED: 0,
    ImportState.FAILED: 1,
    ImportState.SUCCEEDED_WITH_ERRORS: 3,
    ImportState.CANCELLED: 4,
}
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


def _client(address: str) -> Imports:
    return connect_imports(address, patience=PATIENCE)


@click.group("import", cls=PluginGroup, plugins="longshore.commands.import")
def imports() -> None:
    """Start, follow and cancel imports."""


@imports.command("run", epilog=_CODES_HELP)
@click.argument("name")
@address_option
@output_option
def run_(name: str, address: str, output: str) -> None:
    """Start the configured import NAME and follow it to its end. Ctrl-C leaves it running."""

    async def changes() -> AsyncGenerator[Import, None]:
        async with _client(address) as client:
            started = await client.start(name)
            if started.already_active:
                click.echo(f"The destination has an active import, {started.run.import_id}; following it.", err=True)
            yield started.run
            async for change in client.watch(started.run.import_id):
                yield change

    _conclude(_FOLLOWING.follow(address, output, changes()))


@imports.command(epilog=_CODES_HELP)
@click.argument("import_id", metavar="ID")
@address_option
@output_option
def watch(import_id: str, address: str, output: str) -> None:
    """Follow the import ID to its end. Ctrl-C leaves it running."""

    async def changes() -> AsyncGenerator[Import, None]:
        async with _client(address) as client:
            yield await client.get(import_id)
            async for change in client.watch(import_id):
                yield change

    _conclude(_FOLLOWING.follow(address, output, changes()))


@imports.command()
@click.argument("name")
@address_option
@output_option
def start(name: str, address: str, output: str) -> None:
    """Start the configured import NAME and print its id."""

    async def work() -> None:
        async with _client(address) as client:
            started = await client.start(name)
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
        async with _client(address) as client:
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
        async with _client(address) as client:
            found = await ask(client)
        Printer(output).one(found, _details(found))

    run(IMPORT_WORKER, address, work())


def _conclude(latest: Import) -> NoReturn:
    if latest.failure:
        click.echo(f"{latest.failure.reason}: {latest.failure.message}", err=True)
    raise click.exceptions.Exit(_EXIT_CODES[latest.state])


def summary(run: Import) -> str:
    """A run in one line."""
    progress = run.progress
    parts = [
        f"{run.name}: {run.state}",
        f"{progress.pages_read:,} pages",
        f"{progress.records_read:,} records",
        f"{progress.objects_submitted:,} objects submitted",
        f"{progress.chunks_submitted:,}/{progress.chunks:,} chunks",
    ]
    if progress.quarantined:
        parts.append(f"{progress.quarantined:,} quarantined")
    if run.throttled_until and not run.state.terminal:
        parts.append(f"waiting until {run.throttled_until:%H:%M:%S} UTC")
    return "  ".join(parts)


def _details(run: Import) -> str:
    pairs: list[tuple[str, object]] = [
        ("import", run.import_id),
        ("group", run.group_id),
        ("started", moment(run.create_time)),
        ("ended", moment(run.end_time) if run.end_time else None),
    ]
    for counts in run.progress.object_types:
        reported = (
            f"{getattr(counts, field):,} {field}"
            for field in ("created", "updated", "identical", "removed")
            if getattr(counts, field) is not None
        )
        pairs.append((f"{counts.object_type}:", ", ".join([f"{counts.objects:,} objects", *reported])))
    if run.failure:
        pairs.append((f"{run.failure.reason}:", run.failure.message))
    return facts(summary(run), pairs)


_FOLLOWING = Following(
    service=IMPORT_WORKER,
    summary=summary,
    detached=lambda run: (
        f"Detached; the import goes on.\nWatch it with `longshore import watch {run.import_id}`, "
        f"stop it with `longshore import cancel {run.import_id}`."
    ),
)
