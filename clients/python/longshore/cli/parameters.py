"""What is typed on the command line: spans, instants, JSON, attributes, and the options that several commands share."""

import dataclasses
import functools
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

import click

from longshore.payloads import Json
from longshore.policies import Concurrency, Jitter, RetryPolicy
from longshore.pushes import NewEvent
from longshore.quantities import parse_duration

_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


def span(text: str) -> float:
    """A span of time in seconds: 90, 250ms, 1.5s, 5m, 2h, 3d.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        return float(text) if _NUMBER.fullmatch(text) else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}. A number alone is seconds.") from error


def instant(text: str) -> datetime:
    """An instant in ISO 8601 with its time zone.

    Raises:
        click.BadParameter: it is none, or has no time zone.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no instant. Say 2030-01-31T08:00:00Z.") from None
    if found.utcoffset() is None:
        raise click.BadParameter(f"{text!r} has no time zone. Add Z for UTC, or an offset such as +01:00.")
    return found


def pair(text: str) -> tuple[str, str]:
    """A key and its value.

    Raises:
        click.BadParameter: it is none.
    """
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{text!r} is no KEY=VALUE.")
    return key, value


def json_argument(text: str) -> Json:
    """A JSON text, which travels as it was typed.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        return json_text(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no JSON: {error}. Text needs quotes: '\"text\"'.") from error


def json_text(text: str) -> Json:
    """A text that is JSON.

    Raises:
        ValueError: it is not.
    """
    try:
        # Python would refuse to make an int of very many digits, and none is needed.
        json.loads(text, parse_constant=_no_constant, parse_int=str)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    text.encode()  # what the terminal sent may be no text at all
    return Json(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")


Decorator = Callable[[Callable[..., None]], Callable[..., None]]


def options(*chosen: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which help shows them."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(chosen):
            command = option(command)
        return command

    return decorate


retry_options = options(
    click.option("--max-attempts", type=click.IntRange(1, 1000), help="Failures that end the retries."),
    click.option("--max-age", type=span, metavar="SPAN", help="Age since the first delivery that ends them."),
    click.option("--max-lease-losses", type=click.IntRange(1, 1000), help="Lost leases that end them."),
    click.option("--initial-backoff", type=span, metavar="SPAN", help="Wait before the first retry."),
    click.option("--multiplier", type=click.FloatRange(1, 10), help="Growth of the wait."),
    click.option("--max-backoff", type=span, metavar="SPAN", help="Bound of every wait."),
    click.option(
        "--jitter", type=click.Choice(Jitter, case_sensitive=False), help="Random part of the wait: all, or nothing."
    ),
)
"""The options of a retry policy; take_retry_policy reads them."""

event_options = options(
    click.option("--delay", type=span, metavar="SPAN", help="Wait before it may be delivered: 90, 250ms, 5m, 2h, 3d."),
    click.option("--priority", type=click.IntRange(0, 9), help="9 goes first.  [default: 5]"),
    click.option("--key", help="Concurrency key; needs --limit."),
    click.option("--limit", type=click.IntRange(1, 10_000), help="Events of the key that are worked on at a time."),
    click.option(
        "--attribute", "attributes", type=pair, multiple=True, metavar="KEY=VALUE", help="Text beside the body; repeat."
    ),
    click.option("--expire-after", type=span, metavar="SPAN", help="A dead letter if not delivered by then."),
    retry_options,
)
"""The options of an event; take_event reads them."""


def take_retry_policy(given: dict[str, Any]) -> RetryPolicy:
    """The retry policy that options say; they are taken out."""
    return RetryPolicy(**{field.name: given.pop(field.name) for field in dataclasses.fields(RetryPolicy)})


def take_event(given: dict[str, Any], *, not_before: datetime | None = None) -> Callable[[object], NewEvent]:
    """What makes events of bodies as options say; they are taken out.

    Raises:
        click.UsageError: options do not go together.
    """
    key, limit, delay = given.pop("key"), given.pop("limit"), given.pop("delay")
    if (key is None) != (limit is None):
        raise click.UsageError("--key and --limit go together")
    if delay is not None and not_before is not None:
        raise click.UsageError("Give --delay or --at, not both")
    policy = take_retry_policy(given)
    return functools.partial(
        NewEvent,
        delay=delay,
        not_before=not_before,
        attributes=dict(given.pop("attributes")),
        priority=given.pop("priority"),
        concurrency=None if key is None else Concurrency(key, limit),
        retry_policy=None if policy == RetryPolicy() else policy,
        expire_after=given.pop("expire_after"),
    )
