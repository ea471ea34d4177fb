"""Kinds of pagination whose pages name the next one: by an address, a token or parameters.

Owns how the name is found, what its absence means, and that links keep the origin.
"""

from typing import Any

from import_worker.config.pagination import Continue, Cursor, HeaderLink, JsonLink
from import_worker.config.selectors import Selector, compile_selector, scalar_text
from import_worker.errors import SourceBroken
from import_worker.http.addresses import AddressRefused, Origin, with_params, without_params
from import_worker.pagination.links import link_with
from import_worker.pagination.seen import Call, Place, Position, Seen, select, shown
from longshore.hints import did_you_mean

_MAX_SHOWN = 20


class _Named:
    """What these kinds share: the token of a page is what named it."""

    def __init__(self, first_url: str, secret_params: frozenset[str]) -> None:
        self._first_url = first_url
        self._secret_params = secret_params

    def token(self, position: Position | None, _seen: Seen, /) -> Any:
        return position

    def reached(self, _position: Position | None, given: int, seen: Seen, /) -> int:
        return given + len(seen.records)

    def _found(self, selector: Selector, key: str, position: Position | None, seen: Seen, *, optional: bool) -> Any:
        """What a page names. A first page has the key, be it null: else the path may be misspelt."""
        found = select(selector, seen)
        if found is None and position is None and not optional:
            _check_key(selector, key, seen)
        return found


def _check_key(selector: Selector, key: str, seen: Seen) -> None:
    found = seen.document
    for name in selector.path or ():
        if not isinstance(found, dict) or name not in found:
            known = sorted(found) if isinstance(found, dict) else []
            raise SourceBroken(
                f"the first page, {seen.url}, has no {selector.text!r}, so whether another page follows is "
                f"unknown; fields there: {', '.join(known[:_MAX_SHOWN]) or 'none'}{did_you_mean(name, known)}. If "
                f"the source leaves it out of its last page, write optional: true beside {key}"
            )
        found = found[name]


class _Links(_Named):
    """Pages that hold the address of the next. Secrets are taken out of it before it is stored."""

    def __init__(self, first_url: str, secret_params: frozenset[str]) -> None:
        super().__init__(first_url, secret_params)
        self._origin = Origin.of(first_url)

    def call(self, position: Position | None, /) -> Call:
        return Call(url=self._first_url if position is None else str(position["url"]))

    def token(self, position: Position | None, _seen: Seen, /) -> Any:
        return self.call(position).url

    def _next(self, seen: Seen, link: str | None) -> Position | None:
        if not link:
            return None
        try:
            url = self._origin.follow(seen.url, link)
        except AddressRefused as error:
            raise SourceBroken(
                f"the next link of {seen.url} is refused: {error}. If the source stands behind a proxy, let it know "
                "its public address, or page by offset"
            ) from None
        return {"url": without_params(url, self._secret_params)}


class JsonLinkSteps(_Links):
    """See config.pagination.JsonLink."""

    def __init__(self, pagination: JsonLink, first_url: str, secret_params: frozenset[str]) -> None:
        """Prepare."""
        super().__init__(first_url, secret_params)
        self._selector = compile_selector(pagination.next_url_path)
        self._optional = pagination.optional

    def after(self, position: Position | None, seen: Seen, _total: int | None, /) -> Position | None:
        """The position after a page."""
        link = self._found(self._selector, "next_url_path", position, seen, optional=self._optional)
        if link is not None and not isinstance(link, str):
            raise SourceBroken(
                f"next_url_path {self._selector.text!r} finds {shown(link)} in {seen.url}; it must find the address "
                "of the next page, or nothing on the last one"
            )
        return self._next(seen, link)


class HeaderLinkSteps(_Links):
    """See config.pagination.HeaderLink."""

    def __init__(self, pagination: HeaderLink, first_url: str, secret_params: frozenset[str]) -> None:
        """Prepare."""
        super().__init__(first_url, secret_params)
        self._header = pagination.header.lower()
        self._relation = pagination.rel

    def after(self, _position: Position | None, seen: Seen, _total: int | None, /) -> Position | None:
        """The position after a page."""
        value = seen.headers.get(self._header, "")
        return self._next(seen, link_with(value, self._relation) if self._header == "link" else value.strip())


class CursorSteps(_Named):
    """See config.pagination.Cursor."""

    def __init__(self, pagination: Cursor, first_url: str, secret_params: frozenset[str]) -> None:
        """Prepare."""
        super().__init__(first_url, secret_params)
        self._selector = compile_selector(pagination.cursor_path) if pagination.cursor_path else None
        self._header = (pagination.cursor_header or "").lower()
        self._optional = pagination.optional
        self._place = Place(param=pagination.cursor_param or "", path=pagination.cursor_body_path)

    def call(self, position: Position | None, /) -> Call:
        """How the page at a position is asked for."""
        first = Call(url=self._first_url)
        return first if position is None else self._place.put(first, position["cursor"])

    def after(self, position: Position | None, seen: Seen, _total: int | None, /) -> Position | None:
        """The position after a page."""
        if self._selector is None:
            cursor = seen.headers.get(self._header, "").strip()
        else:
            cursor = self._found(self._selector, "cursor_path", position, seen, optional=self._optional)
            allowed = (str, int, float) if self._place.path is None else (str, int, float, list, dict)
            if isinstance(cursor, bool) or not isinstance(cursor, (*allowed, type(None))):
                raise SourceBroken(
                    f"cursor_path {self._selector.text!r} finds {shown(cursor)} in {seen.url}; it must find the token "
                    "of the next page, or nothing on the last one"
                )
        return None if cursor is None or cursor in ("", [], {}) else {"cursor": cursor}


class ContinueSteps(_Named):
    """See config.pagination.Continue."""

    def __init__(self, pagination: Continue, first_url: str, secret_params: frozenset[str]) -> None:
        """Prepare."""
        super().__init__(first_url, secret_params)
        self._selector = compile_selector(pagination.continue_path)
        self._optional = pagination.optional

    def call(self, position: Position | None, /) -> Call:
        """How the page at a position is asked for."""
        return Call(url=with_params(self._first_url, position["params"] if position else {}))

    def after(self, position: Position | None, seen: Seen, _total: int | None, /) -> Position | None:
        """The position after a page."""
        found = self._found(self._selector, "continue_path", position, seen, optional=self._optional)
        if not found and found in (None, {}):
            return None
        if not isinstance(found, dict) or any(isinstance(value, dict | list | None) for value in found.values()):
            raise SourceBroken(
                f"continue_path {self._selector.text!r} finds {shown(found)} in {seen.url}; it must find an object "
                "of parameters for the next query, or nothing on the last page"
            )
        return {
            "params": {name: scalar_text(value) for name, value in found.items() if name not in self._secret_params}
        }
