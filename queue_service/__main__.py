"""The command that serves the broker: longshore serve, or python -m queue_service."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click

from longshore.serving.server import AddressInUse
from queue_service.app import App
from queue_service.domain.errors import BrokerError
from queue_service.settings import Settings
from queue_service.storage.sqlite import StoreRefused

SWITCH_SECONDS = 0.0005
"""How long the loop may keep the interpreter while the database's thread waits for it: the default of 5 ms would be
paid at every statement of a busy broker."""


@click.command(context_settings={"show_default": True})
@click.option(
    "--address",
    default="127.0.0.1:50051",
    envvar="LONGSHORE_ADDRESS",
    show_envvar=True,
    help="Address to listen on; port 0 picks a free one.",
)
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("longshore.db"),
    envvar="LONGSHORE_DATABASE",
    show_envvar=True,
    help="SQLite file of the store; it is created if it is not there.",
)
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    envvar="LONGSHORE_LOG_LEVEL",
    show_envvar=True,
    help="What to log on standard error.",
)
def serve(address: str, database: Path, log_level: str) -> None:
    """Serve the queue and the key-value store over gRPC, until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        asyncio.run(_serve(Settings(address=address, database=database, log_level=log_level)))
    except (StoreRefused, AddressInUse, BrokerError) as error:
        raise click.ClickException(str(error)) from error


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = await App.start(settings)
    host = settings.address.rpartition(":")[0]
    click.echo(f"Longshore broker on {host}:{app.port}, store {settings.database}")
    sys.stdout.flush()
    await stop.wait()
    await app.stop()


if __name__ == "__main__":
    serve(prog_name="longshore serve")
