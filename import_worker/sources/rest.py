"""Reading the pages of a REST API.

Owns the request of a resource, with its secrets put in place, and what counts as its records.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from import_worker.config.auth import ApiKeyAuth, Auth, BearerAuth
from import_worker.config.bodies import filled, resolve_value, texts_in
from import_worker.config.models import ImportConfig
from import_worker.config.resources import Resource
from import_worker.config.secrets import has_reference, resolve_text, secrets_in
from import_worker.config.selectors import Selector, compile_selector, scalar_text
from import_worker.errors import SourceBroken
from import_worker.http.addresses import AddressRefused, Origin, with_params, without_params
from import_worker.http.exchange import SOURCE, Access, Limits, Request
from import_worker.http.retry import RetryPolicy
from import_worker.http.transport import Transport
from import_worker.pagination.seen import Call, Seen
from import_worker.pagination.walk import Walk
from import_worker.ports import Clock, Cursor, Page, Record

_SHORTEST_SECRET = 4  # a shorter value is no secret, and hiding it would garble messages


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """How one resource is read.

    Attributes:
        walk: its pages.
        method: GET or POST.
        headers: of each of its requests.
        secret_params: query parameters from references; they are added to each request and stored nowhere.
        body: what a POST sends, before the pagination adds to it.
        selector: where its records stand; None: the body itself is their list.
        missing_is_empty: an answer where the selector finds nothing has no records.
    """

    walk: Walk
    method: str
    headers: Mapping[str, str]
    secret_params: Mapping[str, str]
    body: Mapping[str, Any]
    selector: Selector | None
    missing_is_empty: bool

    def request(self, call: Call) -> Request:
        """What is sent for a page."""
        url = with_params(call.url, self.secret_params)
        if self.method != "POST":
            return Request(url=url, headers=self.headers)
        content = json.dumps(filled(self.body, call.body), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        return Request(method="POST", url=url, headers=headers, content=content)


class RestSource:
    """A source of type rest. Implements import_worker.ports.Source."""

    def __init__(
        self,
        config: ImportConfig,
        *,
        env: Mapping[str, str],
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            config: the import.
            env: where `${env:}` finds its values.
            clock: for Retry-After as a date.
            sleep: how retries in place wait.
            jitter: a random number from 0 to 1.

        Raises:
            ReferenceUnresolved: a reference has no value.
            SourceBroken: an address is not usable.
        """
        source = config.source
        base_url = resolve_text(source.base_url, env)
        headers, params = _credentials(source.auth, env)
        self._plans = {each.name: _plan(config, each, base_url, env) for each in config.resources}
        self._transport = Transport(
            peer=SOURCE,
            access=Access(base_url=base_url, headers=headers, params=params, secrets=_secrets(config, env)),
            retry=RetryPolicy(
                attempts=source.retry.attempts,
                max_inline_wait=source.retry.max_inline_wait,
                sleep=sleep,
                jitter=jitter,
            ),
            clock=clock,
            limits=Limits(max_response_bytes=source.max_response_bytes, **source.timeouts.model_dump()),
        )

    async def read(self, resource: str, cursor: Cursor | None) -> Page:
        """Read one page; see the port.

        Raises:
            SourceBroken: no retry mends it.
            SourceUnavailable: a retry may mend it.
            Throttled: the source asks to wait.
        """
        plan = self._plans[resource]
        response, document = await self._transport.request_json(plan.request(plan.walk.call(cursor)))
        shown = without_params(response.url, frozenset(plan.secret_params))
        records = _records(document, plan, shown)
        turn = plan.walk.turn(cursor, Seen(url=shown, headers=response.headers, document=document, records=records))
        return Page(
            records=[] if turn.repeated else records,
            next_cursor=turn.next_cursor,
            url=shown,
            number=turn.number,
            full=turn.full,
            total=turn.total,
        )

    async def close(self) -> None:
        """Release connections."""
        await self._transport.close()


def _plan(config: ImportConfig, resource: Resource, base_url: str, env: Mapping[str, str]) -> _Plan:
    secret: dict[str, str] = {}
    plain: dict[str, str] = {}
    for name, value in resource.params.items():
        hidden = isinstance(value, str) and has_reference(value)
        (secret if hidden else plain)[name] = resolve_text(scalar_text(value), env)
    headers = {**config.source.headers, **resource.headers}
    auth = config.source.auth
    own_param = {auth.param} if isinstance(auth, ApiKeyAuth) and auth.param else set()
    try:
        first_url = Origin.of(base_url).follow(base_url.rstrip("/") + "/", resolve_text(resource.path, env))
    except AddressRefused as error:
        raise SourceBroken(f"resource {resource.name!r}: {error}") from None
    return _Plan(
        walk=Walk(
            config.pagination_of(resource),
            first_url=with_params(first_url, plain),
            secret_params=frozenset(secret) | own_param,
        ),
        method=resource.method,
        headers={name: resolve_text(value, env) for name, value in headers.items()},
        secret_params=secret,
        body=resolve_value(resource.body or {}, env),
        selector=compile_selector(resource.data_selector) if resource.data_selector else None,
        missing_is_empty=resource.on_missing_data == "empty",
    )


def _credentials(auth: Auth, env: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What every request carries: headers and query parameters."""
    match auth:
        case BearerAuth():
            return {"Authorization": f"Bearer {auth.token.resolve(env)}"}, {}
        case ApiKeyAuth(header=str(header)):
            return {header: auth.value.resolve(env)}, {}
        case ApiKeyAuth(param=str(param)):
            return {}, {param: auth.value.resolve(env)}
        case _:
            return {}, {}


def _secrets(config: ImportConfig, env: Mapping[str, str]) -> tuple[str, ...]:
    """Every value that came from a reference and may be secret: all but parts of addresses."""
    texts = [*config.source.headers.values()]
    for resource in config.resources:
        texts += [*resource.headers.values(), *map(str, resource.params.values()), *texts_in(resource.body)]
    match config.source.auth:
        case BearerAuth(token=reference) | ApiKeyAuth(value=reference):
            texts.append(reference.reference)
    return tuple(value for text in texts for value in secrets_in(text, env) if len(value) >= _SHORTEST_SECRET)


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
