"""Watches: something as it is now and after every change, up to its end, over as many streams as that takes.

Jobs, groups and imports are watched alike; each service ends the stream after the last state.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

import grpc

from longshore.channel import Channel, Request, Response
from longshore.errors import Unavailable
from longshore.stream import open_stream
from longshore.waits import Pauses

Value = TypeVar("Value")


async def follow(
    channel: Channel,
    method: grpc.aio.UnaryStreamMultiCallable[Request, Response],
    request: Request,
    *,
    read: Callable[[Response], Value],
    ended: Callable[[Value], bool],
) -> AsyncGenerator[Value, None]:
    """Tell a thing now and after every change, until it has ended.

    A broken stream is opened again for as long as the channel's timeout, counted from the first attempt that failed.
    What a new stream repeats is not told twice.

    Args:
        channel: that the method's stub is built on.
        method: sends the thing at once and whenever it has changed.
        request: names the thing.
        read: what a response says.
        ended: whether nothing follows.

    Raises:
        Unavailable: the service was not reachable for that long.
        LongshoreError: it answered with another error, such as NotFound.
    """
    now = asyncio.get_running_loop().time
    pauses = Pauses(first=0.1)
    give_up: float | None = None
    told: Value | None = None
    while True:
        hint = None
        channel.check_open()
        try:
            async with open_stream(method, request, silence=None) as responses:
                async for response in responses:
                    value = read(response)
                    if value != told:
                        told = value
                        yield value
                    if ended(value):
                        return
                    pauses.reset()
                    give_up = None
        except Unavailable as error:
            hint = error.retry_after
            give_up = give_up or now() + channel.timeout
            if now() >= give_up:
                raise
        await asyncio.sleep(pauses.next(hint))


async def last(changes: AsyncGenerator[Value, None], seconds: float | None) -> Value:
    """Follow something to its end and answer how it ended.

    Raises:
        TimeoutError: it has not ended after so many seconds.
    """
    try:
        async with asyncio.timeout(seconds), aclosing(changes):
            async for value in changes:
                newest = value
    except TimeoutError:
        raise TimeoutError(f"it has not ended within {seconds:g} s") from None
    return newest
