"""The command that serves the broker: longshore serve, or python -m queue_service."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import click

from longshore.serving.server import AddressInUse
from queue_service.app import App
from queue_service.domain.errors import BrokerError
from queue_service.settings import SETTINGS, Settings, SettingsInvalid, as_toml, load
from queue_service.settings.sources import CONFIG_VARIABLE
from queue_service.storage.sqlite import StoreRefused

SWITCH_SECONDS = 0.0005
"""How long the loop may keep the interpreter while the database's thread waits for it: the default of 5 ms would be
paid at every statement of a busy broker."""


class SettingsRefused(click.ClickException):
    """Ends the command before anything was started."""

    exit_code = 2


def _option(name: str, metavar: str, text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The option of a setting. It checks nothing: all that is wrong with settings is told at once."""
    setting = SETTINGS[name]
    extra = f"[env var: {setting.variable}; default: {setting.kind.show(setting.default)}]"
    return click.option(f"--{name.replace('_', '-')}", metavar=metavar, help=f"{text}  {extra}")


@click.command()
@_option("address", "HOST:PORT", "Where to listen; port 0 picks a free one.")
@_option("database", "FILE", "SQLite file of the store; it is created if it is not there.")
@_option("log_level", "LEVEL", "What to log on standard error: DEBUG, INFO, WARNING or ERROR.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Any setting; may be repeated.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar=CONFIG_VARIABLE,
    show_envvar=True,
    metavar="FILE",
    help="Settings in TOML; variables and options go before it.",
)
@click.option("--print-config", is_flag=True, help="Print the settings in force as such a file, and end.")
def serve(assignments: tuple[str, ...], config: Path | None, print_config: bool, **options: str | None) -> None:
    """Serve the queue and the key-value store over gRPC, until SIGTERM or Ctrl-C."""
    try:
        loaded = load(file=config, environment=os.environ, options=options, assignments=assignments)
    except SettingsInvalid as error:
        raise SettingsRefused(str(error)) from error
    if print_config:
        click.echo(as_toml(loaded.settings, loaded.origins), nl=False)
        return
    settings = loaded.settings
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        asyncio.run(_serve(settings))
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
    damaged = asyncio.ensure_future(app.damaged())
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait([stopped, damaged], return_when=asyncio.FIRST_COMPLETED)
    await app.stop()
    if damaged.done():
        raise damaged.result()
    damaged.cancel()


if __name__ == "__main__":
    serve(prog_name="longshore serve")
