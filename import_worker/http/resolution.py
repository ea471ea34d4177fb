"""From the name of a host to the addresses that may be connected to, checked each time.

Whoever connects uses exactly these addresses: a name that means something else a moment later gains nothing.
"""

import asyncio
import socket

from import_worker.http.reach import Reach, check_reachable

_MAX_ADDRESSES = 4


async def resolve(host: str, port: int | None, reach: Reach) -> list[str]:
    """The addresses of a host, in the order in which to try them; at most four.

    Raises:
        OSError: it cannot be resolved.
        AddressRefused: one of them must not be reached.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    for address in addresses:
        check_reachable(address, reach)
    return addresses[:_MAX_ADDRESSES]
