"""What the settings demand of one another. A new rule is a new row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from longshore.serving.server import RECEIVE_BYTES
from queue_service.domain.limits import KIB, MIB

CLIENT_RECEIVE_BYTES = 4 * MIB
"""Of a message, in gRPC clients that were not told otherwise."""
ENVELOPE_BYTES = 64 * KIB
"""Kept free for what stands around payloads: ids, times, tags of fields."""
ITEM_BYTES = 128
"""Of an entry in a list, beside its key and payload."""


@dataclass(frozen=True)
class Rule:
    """A demand.

    Attributes:
        names: the settings that it is about.
        holds: whether their values, in that order, are all right together. A value that is none is not asked about.
        demand: for people.
    """

    names: tuple[str, ...]
    holds: Callable[..., bool]
    demand: str


def _order(smaller: str, larger: str) -> Rule:
    return Rule((smaller, larger), lambda low, high: low <= high, "the first must not be above the second")


def _fits(part: str, whole: str, demand: str) -> Rule:
    return Rule((part, whole), lambda size, room: size + ENVELOPE_BYTES <= room, demand)


_ATTRIBUTES = ("limits.attributes", "limits.attribute_key_bytes", "limits.attribute_value_bytes")
RULES = (
    Rule(
        ("limits.request_bytes",),
        lambda size: size + ENVELOPE_BYTES <= RECEIVE_BYTES,
        f"must be at most {(RECEIVE_BYTES - ENVELOPE_BYTES) // KIB}KiB: the server itself breaks off larger requests",
    ),
    Rule(
        ("limits.response_bytes",),
        lambda size: size + ENVELOPE_BYTES <= CLIENT_RECEIVE_BYTES,
        f"must be at most {(CLIENT_RECEIVE_BYTES - ENVELOPE_BYTES) // KIB}KiB: clients receive "
        f"{CLIENT_RECEIVE_BYTES // MIB} MiB unless told otherwise",
    ),
    Rule(
        ("limits.payload_bytes", *_ATTRIBUTES, "limits.request_bytes"),
        lambda payload, count, key, value, room: payload + count * (key + value) + ENVELOPE_BYTES <= room,
        "an event with all its attributes must fit into a request, with 64KiB to spare",
    ),
    Rule(
        ("limits.payload_bytes", "limits.retry_data_bytes", *_ATTRIBUTES, "limits.response_bytes"),
        lambda payload, data, count, key, value, room: payload + data + count * (key + value) + ENVELOPE_BYTES <= room,
        "an event with all its attributes and retry data must fit into a frame, with 64KiB to spare",
    ),
    _fits("limits.entry_bytes", "limits.request_bytes", "an entry must fit into a request, with 64KiB to spare"),
    Rule(
        ("limits.entry_bytes", "limits.list_page", "limits.response_bytes"),
        lambda size, page, room: size + page * ITEM_BYTES + ENVELOPE_BYTES <= room,
        "a page of entries must fit into a response, with 128B for each entry and 64KiB to spare",
    ),
    _fits("limits.result_bytes", "limits.request_bytes", "a result must fit into a request, with 64KiB to spare"),
    _fits(
        "limits.on_complete_bytes",
        "limits.request_bytes",
        "a completion job must fit into a request, with 64KiB to spare",
    ),
    _fits("limits.schedule_bytes", "limits.request_bytes", "a schedule must fit into a request, with 64KiB to spare"),
    Rule(
        ("limits.on_complete_attributes", "limits.attributes"),
        lambda own, every: own + 5 <= every,
        "completion adds 5 attributes, so the first must be lower by 5",
    ),
    Rule(
        ("limits.schedule_attributes", "limits.attributes"),
        lambda own, every: own + 2 <= every,
        "a fire time adds 2 attributes, so the first must be lower by 2",
    ),
    _order("limits.lease_min", "limits.lease_default"),
    _order("limits.lease_default", "limits.lease_max"),
    _order("limits.default_in_flight", "limits.max_in_flight"),
    _order("limits.list_page_default", "limits.list_page"),
    _order("retry.initial_backoff", "retry.max_backoff"),
)


def broken(values: Mapping[str, Any]) -> Iterator[Rule]:
    """The rules that do not hold. Those about a setting without a value are left out."""
    for rule in RULES:
        found = [values.get(name) for name in rule.names]
        if None not in found and not rule.holds(*found):
            yield rule
