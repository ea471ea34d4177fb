"""Lists that come in pages, read as one."""

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any, TypeVar

import grpc

from longshore.channel import Channel

Item = TypeVar("Item")


async def paged(
    channel: Channel,
    method: grpc.aio.UnaryUnaryMultiCallable[Any, Any],
    request: Any,
    read: Callable[[Any], Iterable[Item]],
) -> AsyncGenerator[Item, None]:
    """Tell the items of all pages, asking for the next page when it is needed.

    Args:
        channel: that the method's stub is built on.
        method: takes a page_token and answers a next_page_token.
        request: for the first page. A page may be empty and others follow all the same.
        read: the items of a response.

    Raises:
        LongshoreError: a call ended with it.
    """
    while True:
        response = await channel.call(method, request)
        for item in read(response):
            yield item
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token
