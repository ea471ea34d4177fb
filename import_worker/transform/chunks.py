"""The bytes of chunks: objects packed into bodies of bounded size, exactly as they will be sent.

Owns the encoding, the chunk ids and the halving. The same page always makes the same bytes.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from import_worker.config.destination import Chunks
from import_worker.transform.mapper import MappedObject, Quarantined
from import_worker.transform.naming import selector_of

_DIGEST = 16  # hexadecimal digits of a chunk's content in its id


@dataclass(frozen=True, kw_only=True)
class ChunkId:
    """Where the chunks of a page come from; with part and content it names each of them for ever.

    Attributes:
        run: id of the run.
        resource: name of the resource.
        lane: number of the lane.
        page: number of the page in its lane.
    """

    run: str
    resource: str
    lane: int
    page: int

    def of(self, part: int, data: bytes) -> str:
        """The id of one chunk."""
        digest = hashlib.sha256(data).hexdigest()[:_DIGEST]
        return f"{self.run}/{self.resource}/{self.lane}/{self.page}/{part}/{digest}"


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One encoded chunk.

    Attributes:
        body: the JSON to send, UTF-8.
        objects: how many it holds, at least 1.
        part: its number in the page, from 0.
        per_type: objects by object type name.
    """

    body: bytes
    objects: int
    part: int
    per_type: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Packed:
    """One encoded object.

    Attributes:
        type_name: of its object type.
        identity: what tells it from others of its type.
        content: its values as they are sent.
    """

    type_name: str
    identity: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """The chunks of a page, the objects in them, and the records of which an object is too large for any chunk."""

    chunks: tuple[Chunk, ...]
    objects: tuple[Packed, ...]
    quarantined: tuple[Quarantined, ...]


def encode_chunks(objects: Sequence[MappedObject], chunk_id: ChunkId, limits: Chunks) -> Encoded:
    """Pack objects into chunks, in order.

    Args:
        objects: of one page, in source order.
        chunk_id: names the page.
        limits: at most so many objects, and bytes of body, a chunk.
    """
    longest = _envelope(chunk_id.of(len(objects), b""))
    packed: list[tuple[MappedObject, bytes]] = [(each, _encode(each.values)) for each in objects]
    too_large = {
        each.record: (each, len(content))
        for each, content in packed
        if longest + _cost(each.type_name, content, first=True) > limits.max_bytes
    }
    fitting = [
        Packed(type_name=each.type_name, identity=each.identity, content=content)
        for each, content in packed
        if each.record not in too_large
    ]
    chunks = tuple(_chunk(part, members, chunk_id) for part, members in enumerate(_divided(fitting, longest, limits)))
    quarantined = tuple(
        Quarantined(
            record=record,
            identity=each.identity,
            reasons=(f"its object of {each.type_name!r} takes {size} bytes; a chunk takes {limits.max_bytes} in all",),
        )
        for record, (each, size) in too_large.items()
    )
    return Encoded(chunks=chunks, objects=tuple(fitting), quarantined=quarantined)


def split_chunk(body: bytes) -> tuple[bytes, bytes] | None:
    """Halve an encoded chunk: two bodies that hold its objects in order, with ids of their own.

    None: it holds a single object.
    """
    chunk = json.loads(body)
    members = [(selector, _encode(values)) for selector, objects in chunk["data"].items() for values in objects]
    middle = len(members) // 2
    if middle == 0:
        return None
    first, second = (
        _body(f"{chunk['clientGeneratedId']}.{half}", _data(part))
        for half, part in enumerate((members[:middle], members[middle:]), start=1)
    )
    return first, second


def _divided(packed: Sequence[Packed], envelope: int, limits: Chunks) -> Iterator[list[Packed]]:
    """Runs of objects that fit a chunk each."""
    members: list[Packed] = []
    types: set[str] = set()
    size = envelope
    for each in packed:
        cost = _cost(each.type_name, each.content, first=each.type_name not in types)
        if members and (len(members) == limits.max_objects or size + cost > limits.max_bytes):
            yield members
            members, types, size = [], set(), envelope
            cost = _cost(each.type_name, each.content, first=True)
        members.append(each)
        types.add(each.type_name)
        size += cost
    if members:
        yield members


def _chunk(part: int, members: list[Packed], chunk_id: ChunkId) -> Chunk:
    in_types = sorted(((selector_of(each.type_name), each.content) for each in members), key=lambda member: member[0])
    data = _data(in_types)
    per_type: dict[str, int] = {}
    for each in members:
        per_type[each.type_name] = per_type.get(each.type_name, 0) + 1
    body = _body(chunk_id.of(part, data), data)
    return Chunk(body=body, objects=len(members), part=part, per_type=per_type)


def _data(members: Sequence[tuple[str, bytes]]) -> bytes:
    """The value of "data": objects by selector, from members that are sorted by it."""
    lists = (
        _encode(selector) + b":[" + b",".join(content for _, content in group) + b"]"
        for selector, group in groupby(members, key=lambda member: member[0])
    )
    return b"{" + b",".join(lists) + b"}"


def _body(client_id: str, data: bytes) -> bytes:
    return b'{"clientGeneratedId":' + _encode(client_id) + b',"data":' + data + b"}"


def _envelope(client_id: str) -> int:
    return len(_body(client_id, b"{}"))


def _cost(type_name: str, content: bytes, *, first: bool) -> int:
    """Bytes that an object adds at most; the first of its type also brings the list."""
    return len(content) + 1 + (len(_encode(selector_of(type_name))) + 4 if first else 0)


def _encode(value: Any) -> bytes:
    """The same bytes for equal values. An integer of more than 64 bits takes the slow way: orjson knows none."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return _encode_slowly(value)


def _encode_slowly(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
