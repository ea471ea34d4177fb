"""Names of things on the wire: lease ids, event ids, job and group ids."""

import hashlib
import os
import re
import uuid
from typing import NamedTuple

RESERVED_VERSION = 8
_EVENT_ID = re.compile(r"(.{1,64})\.(0|[1-9][0-9]{0,8})")
_LEASE_ID = re.compile(r"([0-9a-z]{1,32})-([1-9a-f][0-9a-f]{0,14})-([1-9a-f][0-9a-f]{0,7})")


class EventId(NamedTuple):
    """An event by its job and its ordinal in it."""

    job_id: bytes
    ordinal: int

    def __str__(self) -> str:
        return f"{format_id(self.job_id)}.{self.ordinal}"


def parse_event_id(text: str) -> EventId | None:
    """The job and ordinal in an event_id, or None if it is none."""
    found = _EVENT_ID.fullmatch(text)
    job_id = None if found is None else parse_id(found[1])
    return None if found is None or job_id is None else EventId(job_id, int(found[2]))


class LeaseKey(NamedTuple):
    """What a lease_id names: one attempt of one event. The pair is the fence."""

    event: int
    attempt: int


def lease_id(incarnation: str, key: LeaseKey) -> str:
    """The lease_id of a delivery by the store of this incarnation."""
    return f"{incarnation}-{key.event:x}-{key.attempt:x}"


def parse_lease_id(text: str) -> tuple[str, LeaseKey] | None:
    """The incarnation and key in a lease_id, or None if it never was one. Each lease has one spelling."""
    found = _LEASE_ID.fullmatch(text)
    return None if found is None else (found[1], LeaseKey(int(found[2], 16), int(found[3], 16)))


def new_id(now: int) -> bytes:
    """A time-ordered UUID (version 7), so that index pages fill in order.

    Args:
        now: milliseconds since the epoch.
    """
    value = bytearray(now.to_bytes(6, "big") + os.urandom(10))
    value[6] = value[6] & 0x0F | 0x70
    value[8] = value[8] & 0x3F | 0x80
    return bytes(value)


def parse_id(text: str) -> bytes | None:
    """The bytes of a UUID in its usual text form, or None if it is none."""
    try:
        value = uuid.UUID(text)
    except ValueError:
        return None
    return value.bytes


def format_id(value: bytes) -> str:
    """The usual text form of a UUID."""
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def completion_job_id(group: bytes) -> bytes:
    """The id of a group's completion job: known as soon as the group is, so that it can be pushed once only."""
    return _reserved(group, b"on_complete")


def fire_job_id(schedule: str, create_time: int, fire_time: int) -> bytes:
    """The id of the job of a fire time: there can be no second one. A schedule that was put anew has other ids."""
    return _reserved(f"{schedule} {create_time} {fire_time}".encode(), b"fire_time")


def _reserved(data: bytes, kind: bytes) -> bytes:
    """A UUID of version 8, which pushes may not use: so what the broker pushes cannot meet an id that is taken."""
    value = bytearray(hashlib.blake2b(data, digest_size=16, person=kind).digest())
    value[6] = value[6] & 0x0F | RESERVED_VERSION << 4
    value[8] = value[8] & 0x3F | 0x80
    return bytes(value)


def is_reserved(job_id: bytes) -> bool:
    """Whether the id is of the kind that only jobs of the broker's own have."""
    return job_id[6] >> 4 == RESERVED_VERSION
