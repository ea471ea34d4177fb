"""Pages of lists: how many items are wanted, and tokens that tell where the next page begins.

A token holds a position and a digest of everything else that was asked, so that a page is always of its own list.
"""

import base64
import hashlib

from google.protobuf.message import Message

from queue_service.domain.limits import Limits
from queue_service.rpc.checks import Checks

_DIGEST_BYTES = 8


def page_size(checks: Checks, wanted: int, limits: Limits) -> int:
    """Items of a page; more than a page may have are as many as it may have."""
    if wanted < 0:
        checks.fault("page_size", f"must be 0 to {limits.list_page:,}, is {wanted:,}")
    return min(wanted or limits.list_page_default, limits.list_page)


def make_token(request: Message, position: str | int) -> str:
    """The token of the page that begins behind a position of the list that was asked for."""
    place = str(position).encode()
    return base64.urlsafe_b64encode(_digest(request, place) + place).decode()


def read_position(checks: Checks, request: Message, token: str) -> str:
    """The position behind which the page begins. Empty: it is the first page."""
    if not token:
        return ""
    try:
        data = base64.urlsafe_b64decode(token)
    except ValueError:
        data = b""
    place = data[_DIGEST_BYTES:]
    if not place or data[:_DIGEST_BYTES] != _digest(request, place):
        checks.fault(
            "page_token", "must be the next_page_token of a former page, and all other fields as they were for that"
        )
        return ""
    return place.decode()


def _digest(request: Message, place: bytes) -> bytes:
    asked = type(request)()
    asked.CopyFrom(request)
    asked.ClearField("page_token")
    asked.ClearField("page_size")
    digest = hashlib.blake2b(place, digest_size=_DIGEST_BYTES, key=request.DESCRIPTOR.full_name.encode())
    digest.update(asked.SerializeToString(deterministic=True))
    return digest.digest()
