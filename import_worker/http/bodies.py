"""The body of an answer: collected and decompressed within a bound, then read as JSON.

Owns what counts as too large, as cut off and as wrong; the transport turns that into problems of its peer.
"""

import json
import re
import zlib
from decimal import Decimal
from typing import Any

_GZIP = 31  # zlib's window bits for the gzip format
_UNFINISHED = re.compile(r"|-|t(r|ru)?|f(a|al|als)?|n(u|ul)?|\\?u[0-9A-Fa-f]{0,4}")
"""What may be left where a document stops: nothing, or the beginning of a number, a word or an escape."""


class BodyTooLarge(Exception):
    """The decompressed body exceeds its bound."""


class BodyCutOff(Exception):
    """The body ends too early. Asking again may bring the whole."""


class BodyWrong(Exception):
    """The body is whole and not what it should be. The text says what it is."""


class BoundedBody:
    """Collects the pieces of one body. Never holds more than `limit` bytes of content, however small its packing."""

    def __init__(self, *, limit: int, encoding: str) -> None:
        if encoding not in {"", "identity", "gzip"}:
            raise BodyWrong(f"the content encoding {encoding!r}, which was not asked for")
        self._limit = limit
        self._content = bytearray()
        self._packed = encoding == "gzip"
        self._unpacker = zlib.decompressobj(_GZIP)

    def feed(self, piece: bytes) -> None:
        """Take the next piece as it came over the wire."""
        if not self._packed:
            self._take(piece)
            return
        while piece:
            if self._unpacker.eof:
                self._unpacker = zlib.decompressobj(_GZIP)
            try:
                self._take(self._unpacker.decompress(piece, self._limit - len(self._content) + 1))
            except zlib.error as error:
                raise BodyWrong(f"a body that is not gzip ({error})") from None
            piece = self._unpacker.unconsumed_tail or self._unpacker.unused_data

    def finish(self) -> bytes:
        """The whole body."""
        if self._packed and not self._unpacker.eof:
            raise BodyCutOff
        return bytes(self._content)

    def _take(self, content: bytes) -> None:
        self._content += content
        if len(self._content) > self._limit:
            raise BodyTooLarge


def parse_json(body: bytes) -> Any:
    """The document of a body in UTF-8. A number that a float would alter becomes a Decimal.

    Raises:
        BodyCutOff: the text stops in the middle of a document.
        BodyWrong: the text is something else.
    """
    try:
        text = body.decode("utf-8-sig").rstrip()
    except UnicodeDecodeError as error:
        if error.end == len(body) and error.reason == "unexpected end of data":
            raise BodyCutOff from None
        raise BodyWrong("text that is not UTF-8") from None
    try:
        return json.loads(text, parse_float=_exact, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if _is_cut(text, error):
            raise BodyCutOff from None
        if text.lstrip().startswith("<"):
            raise BodyWrong("HTML") from None
        place = f"{error.msg} in line {error.lineno}, column {error.colno}"
        raise BodyWrong(f"text that is not JSON ({place})") from None
    except (RecursionError, ValueError) as error:
        raise BodyWrong(f"JSON beyond reason ({error})") from None


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    return error.msg.startswith("Unterminated string") or _UNFINISHED.fullmatch(text, error.pos) is not None


def _exact(digits: str) -> float | Decimal:
    number, exact = float(digits), Decimal(digits)
    return number if Decimal(repr(number)) == exact else exact


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
