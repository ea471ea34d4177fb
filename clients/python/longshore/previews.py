"""What an import worker answers about imports that do not run: checks, previews, records in quarantine.

Values only; imports.py asks for them.
"""

import json
from dataclasses import dataclass
from typing import Any

from longshore.v1 import import_service_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCheck:
    """What one connection came to.

    Attributes:
        subject: a resource, such as "resource devices", or "destination".
        ok: whether it answered as it should.
        message: what was found, or what is wrong and what to do.
    """

    subject: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewObject:
    """One object.

    Attributes:
        object_type: its name in the configuration.
        values: by the names of attributes in the configuration.
    """

    object_type: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRecord:
    """One record, and what would become of it.

    Attributes:
        record: of the source; None where it is not known any more.
        objects: that it becomes. Empty: it is left out or quarantined.
        reasons: why it would be quarantined. Empty: it would not.
        filtered: whether the filter of the configuration leaves it out.
    """

    record: Any
    objects: tuple[PreviewObject, ...]
    reasons: tuple[str, ...]
    filtered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The first records of a resource.

    Attributes:
        url: that was read, without secrets.
        pagination: that was found, such as "json_link".
        records: and what would become of them.
        chunks: the exact bodies that would be sent, JSON texts.
        truncated: whether a bound on records or bytes kept something out.
    """

    url: str
    pagination: str
    records: tuple[PreviewRecord, ...]
    chunks: tuple[str, ...]
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRecord:
    """A record that could not be transformed, or an object that was too large.

    Attributes:
        resource: it was read from.
        page: of the resource, counted from 0.
        position: in the page, counted from 0.
        url: of the page, without secrets.
        identity: what it is called, where that is known.
        reasons: all of them.
        record: of the source; None where it was too large to be kept.
        retried: what became of it now, if that was asked for.
    """

    resource: str
    page: int
    position: int
    url: str
    identity: str
    reasons: tuple[str, ...]
    record: Any
    retried: PreviewRecord | None


def read_check(message: import_service_pb2.ConnectionCheck) -> ConnectionCheck:
    """The check of a message."""
    return ConnectionCheck(subject=message.subject, ok=message.ok, message=message.message)


def read_preview(message: import_service_pb2.PreviewImportResponse) -> Preview:
    """The preview of a message."""
    return Preview(
        url=message.url,
        pagination=message.pagination,
        records=tuple(_record(each) for each in message.records),
        chunks=tuple(each.decode() for each in message.chunks),
        truncated=message.truncated,
    )


def read_quarantined(message: import_service_pb2.QuarantinedRecord) -> QuarantinedRecord:
    """The quarantined record of a message."""
    return QuarantinedRecord(
        resource=message.resource,
        page=message.page,
        position=message.position,
        url=message.url,
        identity=message.identity,
        reasons=tuple(message.reasons),
        record=_json(message.record),
        retried=_record(message.retried) if message.HasField("retried") else None,
    )


def _record(message: import_service_pb2.PreviewRecord) -> PreviewRecord:
    return PreviewRecord(
        record=_json(message.record),
        objects=tuple(
            PreviewObject(object_type=each.object_type, values=json.loads(each.object)) for each in message.objects
        ),
        reasons=tuple(message.reasons),
        filtered=message.filtered,
    )


def _json(text: str) -> Any:
    return json.loads(text) if text else None
