"""Records beside what becomes of them, as texts for people.

Owns the rendering; secrets of the source are hidden in all of it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from import_worker.config import ImportConfig
from import_worker.ports import Record
from import_worker.transform.chunks import ChunkId, Encoded, encode_chunks
from import_worker.transform.mapper import MappedObject, Mapper
from import_worker.transform.naming import locator_of

Hide = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class ShownObject:
    """One object: its type, and its values by attribute name as JSON text."""

    object_type: str
    text: str


@dataclass(frozen=True, kw_only=True)
class ShownRecord:
    """One record and what becomes of it.

    Attributes:
        record: as JSON text.
        objects: that it becomes. Empty: it is left out or quarantined.
        reasons: why it would be quarantined. Empty: it would not.
        filtered: the filter leaves it out.
    """

    record: str
    objects: tuple[ShownObject, ...]
    reasons: tuple[str, ...]
    filtered: bool

    @property
    def size(self) -> int:
        """Bytes of its texts, about."""
        texts = [self.record, *self.reasons, *(each.text for each in self.objects)]
        return sum(len(text.encode()) for text in texts)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Records of a page, in order, and the chunks that they would be sent in."""

    records: tuple[ShownRecord, ...]
    encoded: Encoded


def show(config: ImportConfig, resource: str, records: Sequence[Record], hide: Hide) -> Shown:
    """What becomes of records.

    Args:
        config: of the import.
        resource: that they are of.
        records: at most a page.
        hide: takes the secrets out of a text.
    """
    mapped = Mapper(config, resource).map_records(records)
    chunk_id = ChunkId(run="preview", resource=resource, lane=0, page=0)
    encoded = encode_chunks(mapped.objects, chunk_id, config.destination.chunks)
    reasons = {each.record: each.reasons for each in (*mapped.quarantined, *encoded.quarantined)}
    names = {
        kind.name: {locator_of(name): name for name in kind.attributes} for kind in config.destination.object_types
    }
    objects: dict[int, list[ShownObject]] = {}
    for each in mapped.objects:
        if each.record not in reasons:
            objects.setdefault(each.record, []).append(_object(each, names[each.type_name], hide))
    return Shown(
        records=tuple(
            ShownRecord(
                record=hide(json_text(record)),
                objects=tuple(objects.get(index, ())),
                reasons=tuple(hide(reason) for reason in reasons.get(index, ())),
                filtered=index in mapped.filtered,
            )
            for index, record in enumerate(records)
        ),
        encoded=encoded,
    )


def json_text(value: Any) -> str:
    """A value as JSON text that travels as UTF-8; half characters are written as escapes."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if text.isascii() or _travels(text) else json.dumps(value, default=str)


def _travels(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(made: MappedObject, names: dict[str, str], hide: Hide) -> ShownObject:
    values = {names[locator]: value for locator, value in made.values.items()}
    return ShownObject(object_type=made.type_name, text=hide(json_text(values)))
