"""The destination of an import: what each kind of it shares, the rules of a whole set above all.

Owns the bounds of chunks, and what protects the objects of a destination from a set that is not whole.
"""

from typing import Literal

from pydantic import Field

from import_worker.config.base import Model
from import_worker.config.object_types import ObjectType
from import_worker.config.quantities import ByteSize, Duration


class Chunks(Model):
    """Bounds of one chunk. A chunk travels as an event, whose payload holds 1 MiB."""

    max_objects: int = Field(default=500, ge=1, le=10_000)
    max_bytes: ByteSize = Field(default=512 * 1024, ge=1024, le=900 * 1024)


class MissingObjects(Model):
    """What the destination does with objects that an import no longer has: as its import source is set up there."""

    policy: Literal["remove", "ignore"] = "remove"


class Destination(Model):
    """What every destination takes."""

    start_wait: Duration = 3600.0
    chunks: Chunks = Chunks()
    min_ratio_of_last_good: float = Field(default=0.8, ge=0, le=1)
    missing_objects: MissingObjects = MissingObjects()
    object_types: tuple[ObjectType, ...] = Field(min_length=1)
