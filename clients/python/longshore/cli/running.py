"""Running a command against a service: the options that all of them share, and errors told for people.

Exit codes: 0 done, 1 failed, 2 wrong usage, 5 the service is not reachable.
"""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar

import click

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


def run(service: Service, address: str, work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work, and tell its errors.

    Raises:
        click.ClickException: the service refused.
        NotReachable: it does not answer.
    """
    try:
        return asyncio.run(work)
    except (Unavailable, DeadlineExceeded) as error:
        raise service.unavailable(address, error) from error
    except LongshoreError as error:
        name = error.reason.removeprefix("ERROR_REASON_") or error.code
        raise click.ClickException(f"{name}: {error}") from error


def as_json(value: Any) -> str:
    """One line of JSON: dataclasses as objects, instants in ISO 8601."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def parse_json(context: click.Context, parameter: click.Parameter, text: str) -> Any:  # noqa: ARG001  click's callback
    """Read an argument that holds JSON.

    Raises:
        click.BadParameter: it does not.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no JSON: {error}. Text needs quotes: '\"text\"'.") from error


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Not asdict: it would copy what json.dumps walks through anyway.
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(f"Cannot print {type(value).__name__}")
