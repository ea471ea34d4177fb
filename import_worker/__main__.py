"""The commands `longshore worker`, also `python -m import_worker`, and `longshore import validate`."""

import logging
import os
from pathlib import Path

import click

import longshore
from import_worker.app import serve
from import_worker.config import load_import
from import_worker.config.schema import schema_text
from import_worker.errors import ConfigInvalid
from import_worker.settings import Settings
from longshore.serving.server import AddressInUse

_DEFAULT = Settings()


@click.command()
@click.option(
    "--address",
    default=_DEFAULT.address,
    show_default=True,
    envvar="LONGSHORE_IMPORT_ADDRESS",
    show_envvar=True,
    help="Where to serve ImportService; port 0 picks a free one.",
)
@click.option(
    "--broker",
    default=_DEFAULT.broker,
    show_default=True,
    envvar="LONGSHORE_BROKER",
    show_envvar=True,
    help="Address of the broker. It need not be there yet.",
)
@click.option(
    "--imports",
    default=_DEFAULT.imports,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="LONGSHORE_IMPORTS",
    show_envvar=True,
    help="Folder with a *.yaml file for each import; read anew at every start of an import.",
)
@click.option(
    "--concurrency",
    default=_DEFAULT.concurrency,
    show_default=True,
    type=click.IntRange(1, 1000),
    envvar="LONGSHORE_WORKER_CONCURRENCY",
    show_envvar=True,
    help="Steps at a time.",
)
@click.option(
    "--grace",
    default=_DEFAULT.grace_seconds,
    show_default=True,
    type=click.FloatRange(0, 600),
    envvar="LONGSHORE_WORKER_GRACE",
    show_envvar=True,
    help="Seconds that running steps get to finish at SIGTERM.",
)
@click.option(
    "--allow-inline/--no-allow-inline",
    default=_DEFAULT.allow_inline,
    show_default=True,
    envvar="LONGSHORE_ALLOW_INLINE",
    show_envvar=True,
    help="Whether a start may bring its own configuration, which reaches public addresses only and reads no files.",
)
@click.option(
    "--inline-env",
    multiple=True,
    metavar="NAME",
    envvar="LONGSHORE_INLINE_ENV",
    show_envvar=True,
    help="A variable of the environment that such a configuration may use; may be given several times.",
)
def worker(
    address: str,
    broker: str,
    imports: Path,
    concurrency: int,
    grace: float,
    *,
    allow_inline: bool,
    inline_env: tuple[str, ...],
) -> None:
    """Carry out imports: read paginated REST APIs and submit what they hold to Atlassian Assets."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx", "longshore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings = Settings(
        address=address,
        broker=broker,
        imports=imports,
        concurrency=concurrency,
        grace_seconds=grace,
        allow_inline=allow_inline,
        inline_env=inline_env,
    )
    host = address.rpartition(":")[0]

    def ready(port: int) -> None:
        click.echo(f"Import worker on {host}:{port} (broker: {broker}, imports: {imports})")
        if not imports.is_dir():
            click.echo(f"There is no folder {imports} yet: make it, with a file for each import", err=True)

    try:
        serve(settings, ready)
    except AddressInUse as error:
        raise click.ClickException(f"{error} Choose another --address.") from None
    except longshore.LongshoreError as error:
        raise click.ClickException(f"the broker at {broker} does not let this worker work: {error}") from None


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--secrets/--no-secrets", default=True, help="Whether ${env:} and ${file:} must have values here.")
def validate(files: tuple[Path, ...], secrets: bool) -> None:
    """Check configuration files of imports, without running anything. Exit code 1 if one is faulty."""
    faulty = 0
    for file in files:
        try:
            config = load_import(file, os.environ if secrets else None)
        except ConfigInvalid as error:
            faulty += 1
            click.echo(str(error), err=True)
        else:
            click.echo(f"{file}: import {config.name} is valid")
    if faulty:
        raise click.exceptions.Exit(1)


@click.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, for editors and validators."""
    click.echo(schema_text(), nl=False)


if __name__ == "__main__":
    worker()
