"""The command `longshore sandbox`, also `python -m import_worker.sandbox`: options in, a serving process out."""

from collections.abc import Callable
from types import NoneType
from typing import Any, TypeVar, get_args

import click

from import_worker.sandbox.app import DEFAULT_TOKEN, build_app
from import_worker.sandbox.problems import Refused
from import_worker.sandbox.switches import NAMES, TEXTS, ClientIds, Switches, changed
from import_worker.sandbox.wire import Server, address, bind, run

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _switch_options(command: _Command) -> _Command:
    """An option for each switch."""
    for name in reversed(list(NAMES)):
        declared, default = NAMES[name], getattr(Switches(), name)
        plain = next((each for each in get_args(declared) if each is not NoneType), declared)
        command = click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=click.Choice(get_args(ClientIds)) if declared is ClientIds else plain,
            is_flag=declared is bool,
            default=default,
            show_default=default is not None,
            help=TEXTS[name],
        )(command)
    return command


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=50080, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option(
    "--token",
    default=DEFAULT_TOKEN,
    show_default=True,
    envvar="LONGSHORE_SANDBOX_TOKEN",
    show_envvar=True,
    help="The bearer token that importers must send.",
)
@_switch_options
def sandbox(host: str, port: int, token: str, **switches: object) -> None:
    """Serve a strict stand-in for the imports API of Atlassian Assets, in memory.

    The options that name faults, and behaviour that Atlassian does not publish, can be changed at run time by PUT or
    PATCH of JSON to /_sandbox/faults.
    """
    if not token:
        raise click.BadParameter("must not be empty", param_hint="--token")
    try:
        initial = changed(Switches(), switches)
    except Refused as problem:
        raise click.UsageError(
            "; ".join(f"--{each.path.replace('_', '-')} {each.message}" for each in problem.faults)
        ) from None
    try:
        bound = bind(host, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
    here = address(bound)
    ready = f"Assets sandbox on {here} (view: {here}/_sandbox)"
    with bound:
        run(Server(build_app(token=token, switches=initial), lambda: click.echo(ready)), bound)


if __name__ == "__main__":
    sandbox()
