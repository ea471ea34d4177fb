"""Requests to a source: their bounds in time, size, number and rate, and what its answers mean.

Owns the defaults, which are finite everywhere, and the shape of rate limits and error rules.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

import longshore.quantities
from import_worker.config.base import Key, Model
from import_worker.config.quantities import Duration

_RATE = re.compile(r"([1-9][0-9]{0,8}) ?/ ?([0-9.]*)([a-z]+)")
_LONGEST_WINDOW = 31 * 86_400.0


class Timeouts(Model):
    """Bounds of one request. `read` is between two pieces of the answer, `total` is the whole of it."""

    connect: Duration = 5.0
    read: Duration = 30.0
    total: Duration = 120.0


class Retry(Model):
    """Retries in place: `attempts` in all, and the longest wait that is not handed to the queue."""

    attempts: int = Field(default=4, ge=1, le=10)
    max_inline_wait: Duration = Field(default=5.0, le=60)


def parse_rate(text: str) -> tuple[int, float]:
    """Requests and seconds of a rate such as "10/s", "5000/h" or "300/5m".

    Raises:
        ValueError: it is none, or its window is not 1 s to 31 days. The message is for people.
    """
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no rate; write requests and a span, like 10/s, 5000/h or 300/5m")
    seconds = longshore.quantities.parse_duration((found[2] or "1") + found[3])
    if not 1 <= seconds <= _LONGEST_WINDOW:
        raise ValueError(f"the span of {text!r} must be 1s to 31d")
    return int(found[1]), seconds


def _checked_rate(text: str) -> str:
    parse_rate(text)
    return text


RateText = Annotated[str, AfterValidator(_checked_rate)]
"""A number of requests in a span of time, such as "10/s"."""


class RateLimit(Model):
    """What the source may be asked. Every window of `requests` holds, over all workers together."""

    requests: RateText | Annotated[tuple[RateText, ...], Field(max_length=4)] = ()
    max_concurrency: int | None = Field(default=None, ge=1, le=1000)
    remaining_header: Key | None = None
    reset_header: Key | None = None
    reset_format: Literal["auto", "seconds", "epoch", "epoch_ms", "iso8601"] = "auto"

    @model_validator(mode="after")
    def _both_headers(self) -> "RateLimit":
        if (self.remaining_header is None) != (self.reset_header is None):
            raise ValueError("remaining_header and reset_header go together: what is left, and until when")
        return self

    @property
    def rates(self) -> tuple[tuple[int, float], ...]:
        """Requests and seconds of every window."""
        texts = (self.requests,) if isinstance(self.requests, str) else self.requests
        return tuple(map(parse_rate, texts))


class JsonCondition(Model):
    """What the JSON body has at a path (JMESPath): one of the values of `in`, or anything but null without it."""

    path: Key
    values: tuple[str | bool | int | float | None, ...] | None = Field(default=None, alias="in", min_length=1)


class HeaderCondition(Model):
    """That the answer has a header: with one of the values of `in`, or with any without it."""

    name: Key
    values: tuple[str, ...] | None = Field(default=None, alias="in", min_length=1)


class When(Model):
    """Which answers a rule is about: those that fulfil all that it says."""

    status: tuple[Annotated[int, Field(ge=200, le=599)], ...] | None = Field(default=None, min_length=1)
    body: JsonCondition | None = Field(default=None, alias="json")
    header: HeaderCondition | None = None
    page: Literal["first"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "When":
        if self.status is None and self.body is None and self.header is None:
            raise ValueError("name a status, a header or json: a rule that holds for every answer lets none through")
        return self


class ErrorRule(Model):
    """What an answer means. The first rule that holds decides, those of the resource before those of the source."""

    when: When
    action: Literal["retry", "rate_limited", "fail", "empty", "refresh_token_then_retry"]
    message: str | None = None

    @model_validator(mode="after")
    def _only_a_first_page_is_empty(self) -> "ErrorRule":
        if self.action == "empty" and self.when.page != "first":
            raise ValueError(
                "action: empty needs page: first in its when; on a later page it would cut the set short in silence"
            )
        return self


ErrorRules = Annotated[tuple[ErrorRule, ...], Field(max_length=100)]
"""Rules in their order."""
