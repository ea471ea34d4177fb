"""What a source may do to its pages: faults that a proxy puts in the place of an answer.

Each takes the call that went through, whose answer is a page of Datasette, and gives the answer that goes out.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from import_worker.sandbox.wire import NoAnswer
from tests.proxy import Call, CutOff

Fault = Callable[[Call], Awaitable[Response]]


def _plain(answer: Callable[[Call], Response]) -> Fault:
    async def fault(call: Call) -> Response:
        return answer(call)

    return fault


def _changed(change: Callable[[dict[str, Any], Call], object]) -> Fault:
    """The page with some of it changed."""

    def answer(call: Call) -> Response:
        page = call.answer.json()
        change(page, call)
        return JSONResponse(page)

    return _plain(answer)


def _half(call: Call) -> bytes:
    return call.answer.content[: len(call.answer.content) // 2]


def _packed(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"Content-Encoding": "gzip"})


def stalled(over: asyncio.Event) -> Fault:
    """Half of the page, and the rest when it is over."""

    async def pieces(call: Call) -> AsyncIterator[bytes]:
        yield _half(call)
        await over.wait()

    return _plain(lambda call: StreamingResponse(pieces(call), media_type="application/json"))


def silent(over: asyncio.Event) -> Fault:
    """Nothing at all until it is over."""

    async def fault(_call: Call) -> Response:
        await over.wait()
        return NoAnswer()

    return fault


def leading_to(url: str) -> Fault:
    """The page with another next link."""
    return _changed(lambda page, _call: page.update(next_url=url))


def redirecting_to(url: str) -> Fault:
    """A redirect."""
    return _plain(lambda _call: RedirectResponse(url))


def status(code: int, **headers: str) -> Fault:
    """A status instead of the page."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _plain(lambda _call: JSONResponse({"message": "a fault"}, code, named))


def endless() -> Fault:
    """The same rows again and again, with a token that is always new."""
    turns = count()
    return _changed(lambda page, call: page.update(next_url=f"{call.request.url}&turn={next(turns)}"))


def bomb(size: int) -> Fault:
    """Few bytes that unpack to many."""
    return _plain(lambda _call: _packed(gzip.compress(b'{"rows": [' + b" " * size)))


reset = _plain(lambda _call: NoAnswer())
cut_off = _plain(lambda call: CutOff(_half(call)))
half_of_the_json = _plain(lambda call: Response(_half(call), media_type="application/json"))
half_of_the_gzip = _plain(lambda call: _packed(gzip.compress(call.answer.content)[:-40]))
wrong_content_type = _plain(lambda call: Response(call.answer.content, media_type="text/html"))
web_page = _plain(lambda _call: HTMLResponse("<!doctype html><title>Sign in</title>"))
another_shape = _plain(lambda _call: JSONResponse({"ok": False, "error": "busy"}))
no_rows = _changed(lambda page, _call: page.update(rows=None))
fewer_rows = _changed(lambda page, _call: page.update(rows=page["rows"][1:]))
rows_twice = _changed(lambda page, _call: page.update(rows=page["rows"] * 2))
the_same_page_next = _changed(lambda page, call: page.update(next_url=str(call.request.url)))
the_first_page_next = _changed(lambda page, call: page.update(next_url=str(call.request.url).partition("&_next")[0]))
