"""Which networks are reached: never link-local and metadata services, and public ones alone where that is the rule.

Owns the networks and the forms in which an IPv6 address carries an IPv4 one.
"""

import ipaddress
from collections.abc import Iterator
from enum import Enum

from import_worker.http.addresses import AddressRefused

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Reach(Enum):
    """How far requests may go: anywhere but to link-local and metadata services, or to public addresses only."""

    ANY = "any"
    PUBLIC = "public"


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


_FORBIDDEN = _networks(
    "169.254.0.0/16",  # link-local, and the metadata service of most clouds
    "fe80::/10",
    "fd00:ec2::/32",  # metadata of AWS
    "fd20:ce::254/128",  # metadata of Google
    "100.100.100.200/32",  # metadata of Alibaba
    "192.0.0.192/32",  # metadata of Oracle
    "168.63.129.16/32",  # the host of Azure
)
_NOT_PUBLIC = _networks(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",  # shared by customers of a provider
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",  # multicast and all above
    "2001::/23",  # protocols of the network itself
    "2001:db8::/32",
    "3fff::/20",  # documentation
)
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_CARRIERS = _networks("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
"""IPv6 networks whose addresses end in an IPv4 address."""


def check_reachable(address: str, reach: Reach = Reach.ANY) -> None:
    """Refuse an address that must not be reached, also inside IPv6 forms of IPv4.

    Args:
        address: an IP address as text; a zone is ignored.
        reach: how far requests may go.

    Raises:
        AddressRefused: it is link-local or of a metadata service, or it is not public where it must be.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner: list[_Ip] = list(_inner(ip))
    for candidate in [ip, *inner]:
        if _in(candidate, _FORBIDDEN):
            raise AddressRefused(f"{address} is a link-local or metadata address, which is never requested")
    if reach is Reach.PUBLIC and not all(map(_is_public, inner or [ip])):
        raise AddressRefused(
            f"{address} is not a public address, and an import that was started with its own configuration reaches "
            "no others; let the operator configure it as a file"
        )


def _inner(ip: _Ip) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return
    if ip.ipv4_mapped is not None:
        yield ip.ipv4_mapped
    elif ip.sixtofour is not None:
        yield ip.sixtofour
    elif int(ip) > 1 and _in(ip, _CARRIERS):
        yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def _is_public(ip: _Ip) -> bool:
    return (ip.version == 4 or ip in _GLOBAL_6) and not _in(ip, _NOT_PUBLIC)  # noqa: PLR2004  versions of IP


def _in(ip: _Ip, networks: tuple[_Network, ...]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)
