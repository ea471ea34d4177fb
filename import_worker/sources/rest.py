"""Reading the pages of a REST API.

Owns the request of a resource, with its secrets put in place, and what counts as its records.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from import_worker.config.auth import ApiKeyAuth
from import_worker.config.bodies import filled, resolve_value
from import_worker.config.models import ImportConfig
from import_worker.config.pagination import Pagination
from import_worker.config.resources import Resource
from import_worker.config.secrets import has_reference, resolve_text
from import_worker.config.selectors import Selector, compile_selector, scalar_text
from import_worker.errors import SourceBroken
from import_worker.http.addresses import AddressRefused, with_params, without_params
from import_worker.http.credentials import Credentials
from import_worker.http.exchange import Judge, Request
from import_worker.pagination.seen import Call, Seen
from import_worker.pagination.walk import Walk
from import_worker.ports import WHOLE, Cursor, Page, Record, Slice
from import_worker.sources.door import Door, Outside


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """How one resource is read.

    Attributes:
        pagination: how its pages follow one another.
        address: of the resource, with placeholders.
        params: query parameters, with placeholders.
        method: GET or POST.
        headers: of each of its requests.
        hidden_params: query parameters that must not enter a cursor.
        secret_params: query parameters from references; they are added to each request and stored nowhere.
        body: what a POST sends, before the pagination adds to it.
        selector: where its records stand; None: the body itself is their list.
        missing_is_empty: an answer where the selector finds nothing has no records.
        credentials: of each of its requests.
        judge_first: what an answer to its first page means.
        judge: what the answers to its other pages mean.
    """

    pagination: Pagination
    address: str
    params: Mapping[str, str]
    hidden_params: frozenset[str]
    method: str
    headers: Mapping[str, str]
    secret_params: Mapping[str, str]
    body: Mapping[str, Any]
    selector: Selector | None
    missing_is_empty: bool
    credentials: Credentials
    judge_first: Judge
    judge: Judge

    def walk(self, part: Slice) -> Walk:
        """The pages of a part.

        Raises:
            SourceBroken: a value cannot stand in the path.
        """
        address = self.address
        for name, value in part.fields.items():
            if value in {".", ".."}:
                raise SourceBroken(f"{value!r} cannot stand for {{{name}}} in the path")
            address = address.replace(f"{{{name}}}", quote(value, safe=""))
        params = {name: _filled(text, part.fields) for name, text in self.params.items()}
        return Walk(
            self.pagination,
            first_url=with_params(address, {**params, **part.params}),
            secret_params=self.hidden_params,
            lane=part.lane,
            lanes=part.lanes,
        )

    def request(self, call: Call, *, first: bool) -> Request:
        """What is sent for a page, the first of all or another."""
        posted = self.method == "POST"
        kind = {"Content-Type": "application/json"} if posted else {}
        return Request(
            method=self.method,
            url=with_params(call.url, self.secret_params),
            headers={**kind, **self.headers},
            content=json.dumps(filled(self.body, call.body), ensure_ascii=False).encode() if posted else None,
            credentials=self.credentials,
            judge=self.judge_first if first else self.judge,
        )


class RestSource:
    """A source of type rest. Implements import_worker.ports.Source."""

    def __init__(self, config: ImportConfig, outside: Outside) -> None:
        """Prepare; nothing is sent yet.

        Args:
            config: the import.
            outside: what the process has for all its sources.

        Raises:
            ReferenceUnresolved: a reference has no value.
            SourceBroken: an address is not usable.
            Permanent: an auth plug-in is not installed, or refuses its options.
        """
        self._door = Door(config, outside)
        self._plans = {each.name: _plan(config, each, self._door, outside.env) for each in config.resources}

    async def read(self, resource: str, cursor: Cursor | None, part: Slice = WHOLE) -> Page:
        """Read one page; see the port.

        Raises:
            SourceBroken: no retry mends it.
            SourceUnavailable: a retry may mend it.
            Throttled: the source asks to wait.
        """
        with self._door.secrets.hidden():
            page = await self._read(self._plans[resource], cursor, part)
            self._check_cursor(page)
        return page

    async def _read(self, plan: _Plan, cursor: Cursor | None, part: Slice) -> Page:
        walk = plan.walk(part)
        request = plan.request(walk.call(cursor), first=cursor is None and part.lane == 0)
        response, document = await self._door.transport.request_json(request)
        shown = without_params(response.url, frozenset(plan.secret_params))
        if response.emptied:
            return Page(records=[], next_cursor=None, url=shown, emptied_by_rule=True)
        records = _records(document, plan, shown)
        turn = walk.turn(cursor, Seen(url=shown, headers=response.headers, document=document, records=records))
        return Page(
            records=[] if turn.repeated else records,
            next_cursor=turn.next_cursor,
            url=shown,
            number=turn.number,
            full=turn.full,
            total=turn.total,
            pagination=turn.kind,
        )

    def _check_cursor(self, page: Page) -> None:
        """Cursors are stored, and what is stored holds no secret."""
        if page.next_cursor is not None and self._door.shows_credential(json.dumps(page.next_cursor)):
            raise SourceBroken(
                f"the next link of {page.url} repeats the credentials, and positions are stored; send them in a header"
            )

    def hide(self, text: str) -> str:
        """See the port."""
        return self._door.secrets.hide(text)

    async def close(self) -> None:
        """Release connections."""
        await self._door.transport.close()


def _plan(config: ImportConfig, resource: Resource, door: Door, env: Mapping[str, str]) -> _Plan:
    secret: dict[str, str] = {}
    plain: dict[str, str] = {}
    for name, value in resource.params.items():
        hidden = isinstance(value, str) and has_reference(value)
        (secret if hidden else plain)[name] = resolve_text(scalar_text(value), env)
    headers = {**config.source.headers, **resource.headers}
    auth = resource.auth or config.source.auth
    own_param = {auth.param} if isinstance(auth, ApiKeyAuth) and auth.param else set()
    try:
        first_url = door.transport.origin.follow(door.base_url.rstrip("/") + "/", resolve_text(resource.path, env))
    except AddressRefused as error:
        raise SourceBroken(f"resource {resource.name!r}: {error}") from None
    return _Plan(
        pagination=config.pagination_of(resource),
        address=first_url,
        params=plain,
        hidden_params=frozenset(secret) | own_param,
        method=resource.method,
        headers={name: resolve_text(value, env) for name, value in headers.items()},
        secret_params=secret,
        body=resolve_value(resource.body or {}, env),
        selector=compile_selector(resource.data_selector) if resource.data_selector else None,
        missing_is_empty=resource.on_missing_data == "empty",
        credentials=door.credentials(resource),
        judge_first=door.judge(resource, first_page=True),
        judge=door.judge(resource, first_page=False),
    )


def _filled(text: str, fields: Mapping[str, str]) -> str:
    for name, value in fields.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _records(document: Any, plan: _Plan, url: str) -> list[Record]:
    """The records of an answer. Only an empty list means that there are none, unless the file says otherwise."""
    selector = plan.selector
    if selector is None:
        found, where = document, "the body"
    else:
        try:
            found, where = selector.select(document), f"data_selector {selector.text!r}"
        except ValueError as error:
            raise SourceBroken(f"{error} (at {url})") from None
    if found is None and plan.missing_is_empty:
        return []
    if not isinstance(found, list):
        raise SourceBroken(f"{where} is {_kind(found)} at {url}, but must be a list of records; {_advice(document)}")
    for index, record in enumerate(found):
        if not isinstance(record, dict):
            raise SourceBroken(
                f"record {index} at {url} is {_kind(record)}, but must be an object with named fields; ask the source "
                "for objects (Datasette: params: {_shape: objects})"
            )
    return found


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "nothing"}
    return kinds.get(type(value), "a number")


def _advice(document: Any) -> str:
    if isinstance(document, list):
        return "the body is a list: leave data_selector out"
    if not isinstance(document, dict):
        return f"the body is {_kind(document)}"
    lists = [key for key, value in document.items() if isinstance(value, list)]
    if lists:
        return f"write data_selector: {' or '.join(lists[:5])}, where the answer has lists"
    return f"the answer has the keys {', '.join(list(document)[:20]) or '(none)'}"
