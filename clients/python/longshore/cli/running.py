"""Running a command against a service: the options that all of them share, and errors told for people.

Exit codes: 0 done, 1 failed, 2 wrong usage, 5 the service is not reachable.
"""

import asyncio
import dataclasses
import functools
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import click

from longshore.cli.printing import Printer
from longshore.client import Client, connect
from longshore.errors import DeadlineExceeded, LongshoreError, Unavailable

Result = TypeVar("Result")

PATIENCE = 2.0
"""Seconds in which a service that just restarts is waited for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Service:
    """A service that commands talk to.

    Attributes:
        title: what people call it.
        command: what starts it.
        variable: of the environment, with its address.
        default: address where it listens unless told otherwise.
    """

    title: str
    command: str
    variable: str
    default: str

    def address_option(self) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """The option that names its address."""
        return click.option(
            "--address", envvar=self.variable, default=self.default, show_default=True, show_envvar=True,
            metavar="HOST:PORT", help=f"Where the {self.title} listens.",
        )  # fmt: skip

    def unavailable(self, address: str, error: LongshoreError) -> click.ClickException:
        """What to tell when it does not answer, or answers that it cannot now."""
        if error.reason:
            return NotReachable(f"The {self.title} at {address} cannot answer now: {error.message}")
        return NotReachable(
            f"The {self.title} at {address} is not reachable ({error.message}).\n"
            f"Start it with `{self.command}`, or name another address with --address or {self.variable}."
        )


QUEUE_SERVICE = Service(
    title="queue service", command="longshore serve", variable="LONGSHORE_ADDRESS", default="127.0.0.1:50051"
)
IMPORT_WORKER = Service(
    title="import worker", command="longshore worker", variable="LONGSHORE_IMPORT_ADDRESS", default="127.0.0.1:50052"
)


class NotReachable(click.ClickException):
    """Ends the command because its service does not answer, or not now."""

    exit_code = 5


output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def broker_client(address: str) -> Client:
    """A client of the queue service for the time of a command."""
    return connect(address, patience=PATIENCE)


def queue_command(work: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Make a command of an async function of a client of the queue service, a printer, and the command's parameters.

    It gets the options --address and --output.
    """

    @QUEUE_SERVICE.address_option()
    @output_option
    @functools.wraps(work)
    def command(*, address: str, output: str, **given: Any) -> None:
        async def connected() -> None:
            async with broker_client(address) as client:
                await work(client, Printer(output), **given)

        run(QUEUE_SERVICE, address, connected())

    return command


def run(service: Service, address: str, work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work, and tell its errors.

    Raises:
        click.ClickException: the service refused, or what was asked cannot be written.
        NotReachable: it does not answer.
    """
    try:
        return asyncio.run(work)
    except (Unavailable, DeadlineExceeded) as error:
        raise service.unavailable(address, error) from error
    except LongshoreError as error:
        raise click.ClickException(refusal(error)) from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def refusal(error: LongshoreError) -> str:
    """An error in words, after its reason."""
    return f"{error.reason.removeprefix('ERROR_REASON_') or error.code}: {error}"


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is destroyed.

    Raises:
        click.Abort: the answer was no.
        click.UsageError: nobody is there to answer.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody is there to answer: say --yes.")
    click.confirm(question, abort=True, err=True)
