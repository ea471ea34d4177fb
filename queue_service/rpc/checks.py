"""Checks of requests: every fault is noted with its path, and all are told at once."""

import json
from typing import NoReturn

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from longshore.v1 import event_pb2
from queue_service.domain.errors import Fault, InvalidRequest
from queue_service.domain.ids import EventId, LeaseKey, is_reserved, parse_event_id, parse_id, parse_lease_id
from queue_service.domain.limits import DAY, ENTRY_KEY, QUEUE_NAME, SECOND
from queue_service.domain.records import Payload

NO_LEASE = LeaseKey(0, 0)
"""Stands for a lease of another store: no event has this number."""
NO_EVENT = EventId(b"", 0)
"""Stands for a faulty one."""
MAX_FAULTS = 100
NANOS_PER_SECOND = 1_000_000_000
YEAR_1 = -62_135_596_800
YEAR_10000 = 253_402_300_800
"""The seconds since the epoch between which a Timestamp lies."""


class Checks:
    """Collects the faults of one request."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, field: str, description: str) -> None:
        """Note one."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(field=field, description=description))

    def done(self) -> None:
        """All was looked at.

        Raises:
            InvalidRequest: faults were noted.
        """
        if self.faults:
            raise InvalidRequest(self.faults)

    def count(self, field: str, number: int, *, lowest: int, highest: int) -> None:
        """A list or number has bounds."""
        if not lowest <= number <= highest:
            self.fault(field, f"must be {lowest:,} to {highest:,}, is {number:,}")

    def text(self, field: str, value: str, *, max_bytes: int, required: bool = False) -> str:
        """A text has a bound, and no NUL: SQL ends texts there, so that two of them would be taken for the same."""
        size = len(value.encode())
        if size > max_bytes:
            self.fault(field, f"may have {max_bytes:,} bytes, has {size:,}")
        elif required and not value:
            self.fault(field, f"must have 1 to {max_bytes:,} bytes, is empty")
        elif "\0" in value:
            self.fault(field, "may not have the character NUL")
        return value

    def queue(self, field: str, name: str) -> str:
        """A queue's name."""
        if not QUEUE_NAME.fullmatch(name):
            self.fault(
                field,
                f"must be 1 to 128 letters, digits or _ . - and begin with a letter, digit or _, is {name[:150]!r}",
            )
        return name

    def key(self, field: str, key: str) -> str:
        """An entry's key."""
        if not ENTRY_KEY.fullmatch(key):
            self.fault(
                field, f"must be 1 to 500 letters, digits, spaces or : . _ - # / and not only spaces, is {key[:150]!r}"
            )
        return key

    def uuid(self, field: str, text: str, *, new: bool = False) -> bytes:
        """A UUID in text form. new: it is to name a new job."""
        value = parse_id(text)
        if value is None:
            self.fault(field, f"must be a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057, is {text[:80]!r}")
            return b""
        if new and is_reserved(value):
            self.fault(field, "is a UUID of version 8, which is kept for jobs of the broker's own: use version 7 or 4")
        return value

    def event_id(self, field: str, text: str) -> EventId:
        """An event_id."""
        value = parse_event_id(text)
        if value is None:
            self.fault(field, f"must be <job_id>.<ordinal> as deliveries have it, is {text[:80]!r}")
            return NO_EVENT
        return value

    def lease(self, field: str, lease_id: str, incarnation: str) -> LeaseKey:
        """A lease_id. One of another store is lost, not faulty."""
        parsed = parse_lease_id(lease_id) if lease_id.isascii() else None
        if parsed is None:
            self.fault(field, f"must be the lease_id of a delivery, is {lease_id[:80]!r}")
            return NO_LEASE
        return parsed[1] if parsed[0] == incarnation else NO_LEASE

    def payload(self, field: str, message: event_pb2.Payload, *, present: bool, max_bytes: int) -> Payload:
        """A payload that has to be there."""
        kind = message.WhichOneof("kind") if present else None
        if kind is None:
            self.fault(field, 'must have "json" or "data"')
            return Payload(b"", is_json=False)
        data = message.json.encode() if kind == "json" else message.data
        if len(data) > max_bytes:
            self.fault(f"{field}.{kind}", f"may have {max_bytes:,} bytes, has {len(data):,}")
        elif kind == "json":
            self._json(f"{field}.json", message.json)
        return Payload(data, is_json=kind == "json")

    def optional_payload(
        self, field: str, message: event_pb2.Payload, *, present: bool, max_bytes: int
    ) -> Payload | None:
        """A payload that may be absent."""
        return self.payload(field, message, present=True, max_bytes=max_bytes) if present else None

    def span(self, field: str, duration: Duration, *, lowest: int, highest: int) -> int:
        """A Duration in whole milliseconds, within bounds in milliseconds."""
        nanos = duration.seconds * NANOS_PER_SECOND + duration.nanos
        if abs(duration.nanos) >= NANOS_PER_SECOND or duration.seconds * duration.nanos < 0:
            self.fault(field, "is not a valid Duration")
            return lowest
        millis = -(-nanos // 1_000_000)  # up: nothing happens earlier than asked
        if not lowest <= millis <= highest:
            self.fault(field, f"must be {_seconds(lowest)} to {_seconds(highest)}, is {_seconds(millis)}")
        return millis

    def instant(self, field: str, timestamp: Timestamp, *, latest: int) -> int:
        """A Timestamp in milliseconds since the epoch, at the latest that one."""
        if not 0 <= timestamp.nanos < NANOS_PER_SECOND or not YEAR_1 <= timestamp.seconds < YEAR_10000:
            self.fault(field, "is not a valid Timestamp")
            return 0
        millis = timestamp.seconds * 1000 - (-timestamp.nanos // 1_000_000)
        if millis > latest:
            self.fault(field, "must be at most 366 days ahead")
        return millis

    def _json(self, field: str, text: str) -> None:
        try:
            json.loads(text, parse_constant=_refuse_constant, parse_int=str)  # numbers may have any size
        except RecursionError:
            self.fault(field, "is nested too deeply")
        except ValueError as error:
            self.fault(field, f"is not JSON: {error}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _seconds(millis: int) -> str:
    if abs(millis) < 2 * DAY or millis % DAY:
        return f"{millis / SECOND:,.3f}".rstrip("0").rstrip(".") + " s"
    return f"{millis // DAY:,} days"
