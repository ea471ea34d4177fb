"""The census of a run: which identities it submitted and with what content, as digests and in bounded space.

Pure. Two censuses tell what completing would create, change and leave out. Up to MAX_KEPT objects of a type all of
them are kept, so the comparison is exact; beyond that only those are whose digest begins with enough zero bits, which
is a fair sample because every run makes the same choice.
"""

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from import_worker.runs.run import Effects
from import_worker.transform.chunks import Packed

MAX_KEPT = 8_192
"""Identities of one object type that are kept."""
MAX_ENTRY_BYTES = 200 * 1024
"""Of one written part; an entry holds 240 KiB."""
MAX_BYTES = 2 * 1024 * 1024
"""Of a written census in all: it must fit into one Commit together with others."""

_BITS = 64
_MARK = struct.Struct(">HQI")  # object type as its place in the configuration, identity, content
_KEPT = struct.Struct(">QI")


def marks_of(objects: Iterable[Packed], types: Sequence[str], counted: Mapping[str, int]) -> bytes:
    """The marks of a page, to be put behind those of the pages before it.

    Args:
        objects: of the page, encoded.
        types: all object types of the configuration, in order.
        counted: objects of each type on the pages before: the more there were, the fewer are marked.
    """
    places = {name: (place, _BITS - _level_of(counted.get(name, 0))) for place, name in enumerate(types)}
    marks = bytearray()
    for each in objects:
        place, bits = places[each.type_name]
        digest = int.from_bytes(blake2b(each.identity.encode(), digest_size=8).digest())
        if digest >> bits == 0:
            marks += _MARK.pack(place, digest, zlib.crc32(each.content))
    return bytes(marks)


def _level_of(objects: int) -> int:
    """How many leading zero bits leave about MAX_KEPT of so many objects."""
    return max(0, (max(objects, 1) - 1).bit_length() - (MAX_KEPT - 1).bit_length())


class Census:
    """Identities and contents by object type."""

    def __init__(self, types: Sequence[str]) -> None:
        """An empty one.

        Args:
            types: all object types of the configuration, in order.
        """
        self.types = tuple(types)
        self._samples = {name: _Sample() for name in types}
        self._most = min(MAX_KEPT, MAX_BYTES // _KEPT.size // max(1, len(types)))

    def add_lane(self, counted: Mapping[str, int]) -> None:
        """Say how many objects of each type a lane had at its end: its marks are complete up to that level."""
        for name, count in counted.items():
            if name in self._samples:
                self._samples[name].raise_to(_level_of(count))

    def add_marks(self, marks: bytes) -> None:
        """Take in marks of any page. An identity that comes twice is one, and the later content counts."""
        for place, identity, content in _MARK.iter_unpack(marks):
            if place < len(self.types):
                self._samples[self.types[place]].add(identity, content, self._most)

    def effects_after(self, before: "Census") -> dict[str, Effects]:
        """What completing this one would do to the objects of the one before, by each type that both know."""
        return {
            name: sample.effects_after(before._samples[name])  # noqa: SLF001  its own kind
            for name, sample in self._samples.items()
            if name in before._samples  # noqa: SLF001
        }

    def write(self) -> list[bytes]:
        """The census in parts, each small enough for an entry; the first one says how many there are."""
        body = b"".join(
            _KEPT.pack(identity, content)
            for sample in self._samples.values()
            for identity, content in sorted(sample.kept.items())
        )
        types = [[name, sample.level, len(sample.kept)] for name, sample in self._samples.items()]
        whole = json.dumps(types, ensure_ascii=False).encode() + b"\n" + body
        pieces = [whole[start : start + MAX_ENTRY_BYTES] for start in range(0, len(whole), MAX_ENTRY_BYTES)]
        return [len(pieces).to_bytes(2) + pieces[0], *pieces[1:]]

    @classmethod
    def read(cls, parts: Sequence[bytes]) -> "Census":
        """The census of its parts."""
        head, _, body = b"".join([parts[0][2:], *parts[1:]]).partition(b"\n")
        types = json.loads(head)
        found = cls([name for name, _, _ in types])
        marks: Iterator[tuple[int, int]] = _KEPT.iter_unpack(body)
        for name, level, count in types:
            sample = found._samples[name]
            sample.level = level
            sample.kept = dict(next(marks) for _ in range(count))
        return found

    @staticmethod
    def parts_in(first: bytes) -> int:
        """How many parts there are, by the first one."""
        return int.from_bytes(first[:2])


class _Sample:
    """What is kept of one type: every identity whose digest has so many leading zero bits.

    Attributes:
        level: of leading zero bits.
        kept: content by identity.
    """

    def __init__(self) -> None:
        self.level = 0
        self.kept: dict[int, int] = {}

    def add(self, identity: int, content: int, most: int) -> None:
        if identity >> (_BITS - self.level) == 0:
            self.kept[identity] = content
            while len(self.kept) > most:
                self.raise_to(self.level + 1)

    def raise_to(self, level: int) -> None:
        if level > self.level:
            self.level = level
            self.kept = self.down_to(level)

    def down_to(self, level: int) -> dict[int, int]:
        shift = _BITS - level
        return {identity: content for identity, content in self.kept.items() if identity >> shift == 0}

    def effects_after(self, before: "_Sample") -> Effects:
        level = max(self.level, before.level)
        now, then = self.down_to(level), before.down_to(level)
        common = now.keys() & then.keys()
        return Effects(
            created=len(now.keys() - common) << level,
            updated=sum(now[identity] != then[identity] for identity in common) << level,
            missing=len(then.keys() - common) << level,
            estimated=level > 0,
        )
