"""Payloads: JSON values and bytes in Python, one message on the wire.

Bytes and JSON texts stay as they are; everything else is written as JSON text.
"""

import json
from typing import Any

from longshore.v1 import event_pb2

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Json(str):
    """A JSON text that travels as it is, byte for byte, where a value would be written anew. The service checks it."""

    __slots__ = ()


def encode(body: object) -> event_pb2.Payload:
    """Write a body as a payload.

    Args:
        body: bytes, a Json text, or a value that JSON can hold: None, bool, int, finite float, str, list, tuple, dict.

    Raises:
        TypeError: JSON cannot hold a value of this type.
        ValueError: JSON cannot hold this value: NaN, an infinity, a circle, a lone surrogate.
    """
    if isinstance(body, bytes | bytearray | memoryview):
        return event_pb2.Payload(data=bytes(body))
    if isinstance(body, Json):
        return event_pb2.Payload(json=body)
    try:
        return event_pb2.Payload(json=_encode(body))
    except TypeError as error:
        raise TypeError(f"A body must be bytes or a JSON value: {error}") from error
    except ValueError as error:
        raise ValueError(f"A body must be bytes or a JSON value: {error}") from error


def decode(payload: event_pb2.Payload) -> Any:
    """Read a payload: bytes as they are, JSON text parsed, nothing as None."""
    kind = payload.WhichOneof("kind")
    if kind == "json":
        return json.loads(payload.json)
    return payload.data if kind == "data" else None
