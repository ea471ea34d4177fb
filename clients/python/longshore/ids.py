"""Identifiers that the client makes, so that repeating a call is safe.

They are UUIDs of version 7: unique everywhere, and ordered by time, which the store's indexes like.
"""

import os
import time

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_A = ((1 << 12) - 1) << 64
_RANDOM_B = (1 << 62) - 1


def new_id() -> str:
    """A new UUIDv7 as text."""
    chance = int.from_bytes(os.urandom(10), "big")
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds << 80) | _VERSION | (chance & _RANDOM_A) | _VARIANT | (chance & _RANDOM_B)
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
