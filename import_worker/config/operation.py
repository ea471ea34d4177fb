"""How an import is operated: when it starts by itself, and who is told how a run ended.

Owns the shape of a schedule and of a notification.
"""

import re
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from import_worker.config.base import Key, Model
from import_worker.config.secrets import SecretRef
from longshore.hints import did_you_mean

_CRON_FIELD = re.compile(r"[0-9A-Za-z*?,/#-]+")
_CRON_FIELDS = (5, 6)


def _cron(text: str) -> str:
    """The expression, if it has the form of one; what its fields may say is for the broker to judge."""
    fields = text.split()
    if len(fields) not in _CRON_FIELDS or not all(_CRON_FIELD.fullmatch(field) for field in fields):
        raise ValueError('must be a cron expression of five fields, such as "0 2 * * *", or six with seconds first')
    return " ".join(fields)


def _time_zone(name: str) -> str:
    known = available_timezones()
    if name not in known:
        raise ValueError(f"is no IANA time zone such as Europe/Berlin{did_you_mean(name, sorted(known))}")
    return name


class Schedule(Model):
    """When the import starts by itself, with which inputs, and what happens where its destination has a run then."""

    cron: Annotated[str, Field(max_length=256), AfterValidator(_cron)]
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    overlap: Literal["skip", "queue", "cancel_running"] = "skip"
    inputs: dict[Key, str] = Field(default_factory=dict)


Occasion = Literal["failed", "cancelled", "suspended", "succeeded", "succeeded_with_errors"]
"""What a notification may tell."""


class Notification(Model):
    """An address that is told by POST how a run ended, or that it is suspended."""

    webhook: SecretRef
    events: tuple[Occasion, ...] = Field(
        default=("failed", "suspended", "succeeded_with_errors"), min_length=1, strict=False
    )
