"""The look itself: one page, the paginations that it speaks for, and one more page to see which of them is right.

Owns the bounds: a few requests, short and small, one attempt each, to one origin.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from import_worker.clock import SystemClock
from import_worker.config.pagination import Cursor
from import_worker.config.secrets import secrets_in
from import_worker.errors import ImportProblem, SourceUnavailable
from import_worker.http.addresses import with_params, without_params
from import_worker.http.exchange import SOURCE, Access, Limits, Request
from import_worker.http.redaction import Secrets
from import_worker.http.retry import RetryPolicy
from import_worker.http.transport import Transport
from import_worker.pagination.candidates import Candidate, Sureness
from import_worker.pagination.detect import detect
from import_worker.pagination.seen import Seen
from import_worker.pagination.walk import Walk
from import_worker.probe.records import Found, find_records, records_at
from import_worker.probe.target import Target

MAX_REQUESTS = 6
MAX_SECONDS = 60.0
"""Of the whole look."""
_LIMITS = Limits(connect=5.0, read=10.0, total=20.0, max_response_bytes=16 * 1024 * 1024)


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look found.

    Attributes:
        url: the page that was read.
        found: the records of it.
        chosen: the pagination to write down, with its evidence.
        refused: what spoke against others, each tried with a second page.
        requests: how many were sent.
    """

    url: str
    found: Found
    chosen: Candidate
    refused: tuple[str, ...]
    requests: int


@dataclass(frozen=True, kw_only=True)
class _Second:
    """What a second page said about a pagination: how sure it is now, and why."""

    sureness: Sureness
    said: str


async def look_at(target: Target, env: Mapping[str, str]) -> Looked:
    """Look at an API.

    Args:
        target: what to ask.
        env: where references find their values.

    Raises:
        ReferenceUnresolved: a reference has no value.
        SourceBroken: the answer is no page of records.
        SourceUnavailable: the source did not answer in time.
        Throttled: the source asks to wait.
    """
    secrets = Secrets(value for text in target.texts() for value in secrets_in(text, env))
    transport = Transport(
        peer=SOURCE,
        access=Access(base_url=target.base_url, headers=target.sent_headers(env), secrets=secrets),
        retry=RetryPolicy(attempts=1, max_inline_wait=0.0, sleep=asyncio.sleep, jitter=lambda: 0.0),
        clock=SystemClock(),
        limits=_LIMITS,
    )
    try:
        with secrets.hidden():
            async with asyncio.timeout(MAX_SECONDS):
                looked = await _Look(transport, target.url(), target.secret_params(env)).all()
    except TimeoutError:
        raise SourceUnavailable(f"{target.base_url}{target.path} was looked at for {MAX_SECONDS:g} s") from None
    finally:
        await transport.close()
    # A source may repeat what it was sent in its links.
    return replace(
        looked,
        url=secrets.hide(looked.url),
        chosen=replace(looked.chosen, evidence=secrets.hide(looked.chosen.evidence)),
        refused=tuple(map(secrets.hide, looked.refused)),
    )


class _Look:
    def __init__(self, transport: Transport, url: str, secret_params: Mapping[str, str]) -> None:
        self._transport = transport
        self._url = url
        self._secret_params = secret_params
        self._requests = 0

    async def all(self) -> Looked:
        first, document = await self._ask(self._url)
        found = find_records(document, first.url)
        first = replace(first, document=document, records=found.records)
        candidates = _tried(detect(first))
        refused: list[str] = []
        chosen: Candidate | None = None
        for candidate in candidates:
            if candidate.ends or self._requests == MAX_REQUESTS:
                break
            second = await self._second(candidate, first, found)
            if second.sureness > Sureness.GUESS:
                chosen = replace(candidate, sureness=second.sureness, evidence=f"{candidate.evidence}; {second.said}")
                break
            refused.append(f"{candidate.pagination.type}: {second.said}")
        return Looked(
            url=first.url,
            found=found,
            chosen=chosen or next(each for each in candidates if each.ends),
            refused=tuple(refused),
            requests=self._requests,
        )

    async def _ask(self, url: str) -> tuple[Seen, Any]:
        self._requests += 1
        request = Request(url=with_params(url, self._secret_params), retry=False)
        response, document = await self._transport.request_json(request)
        shown = without_params(response.url, frozenset(self._secret_params))
        return Seen(url=shown, headers=response.headers, document=document, records=[]), document

    async def _second(self, candidate: Candidate, first: Seen, found: Found) -> _Second:
        """What a second page says about a pagination. What is certain stays so, whatever becomes of that page."""
        floor = candidate.sureness if candidate.sureness is Sureness.CERTAIN else Sureness.GUESS
        walk = Walk(candidate.pagination, first_url=self._url, secret_params=frozenset(self._secret_params))
        try:
            cursor = walk.turn(None, first).next_cursor
            if cursor is None:
                return _Second(sureness=floor, said="it leads to no second page")
            seen, document = await self._ask(walk.call(cursor).url)
            records = records_at(document, found.selector)
            if not records:
                held = Sureness.LIKELY if records == [] else Sureness.GUESS
                return _Second(sureness=max(floor, held), said=f"{seen.url} holds no records")
            known = {repr(record) for record in found.records}
            if any(repr(record) in known for record in records):
                return _Second(sureness=floor, said=f"{seen.url} holds records of the first page again")
            walk.turn(cursor, replace(seen, document=document, records=records))
        except ImportProblem as problem:
            return _Second(sureness=floor, said=problem.message)
        return _Second(sureness=Sureness.CERTAIN, said=f"proven by {seen.url}, which holds {len(records)} others")


def _tried(candidates: list[Candidate]) -> list[Candidate]:
    """The candidates in the order in which they are tried; a token may be taken under its own name too."""
    tried: list[Candidate] = []
    for each in candidates:
        tried.append(each)
        pagination = each.pagination
        if isinstance(pagination, Cursor) and pagination.cursor_path is not None and not each.ends:
            own = pagination.cursor_path.rpartition(".")[2]
            if own != pagination.cursor_param:
                tried.append(replace(each, pagination=pagination.model_copy(update={"cursor_param": own})))
    return sorted(tried, key=lambda each: (-each.sureness, each.ends))
