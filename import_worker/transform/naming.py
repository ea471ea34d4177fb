"""The keys under which objects and their values travel in a chunk.

Owns the rule, so that the data and the mapping document that explains it can never disagree.
"""

import hashlib
import re

_PLAIN = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")


def selector_of(type_name: str) -> str:
    """The key of an object type's list of objects: letters, digits and _ only, unique per name."""
    return _slug(type_name)


def locator_of(attribute_name: str) -> str:
    """The key of an attribute's value in an object: letters, digits and _ only, unique per name."""
    return _slug(attribute_name)


def _slug(name: str) -> str:
    """Words joined by _; any other name gets a digest, because its letters alone may not tell it from a second one."""
    if _PLAIN.fullmatch(name):
        return name.replace(" ", "_")
    readable = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    return f"{readable}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
