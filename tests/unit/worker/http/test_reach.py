"""Networks: what is never reached, and what an inline configuration reaches."""

import pytest

from import_worker.http.addresses import AddressRefused
from import_worker.http.reach import Reach, check_reachable

PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822", "2002:5db8:d822::"]
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.0.0.8",
    "198.18.0.1",
    "203.0.113.5",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fd00::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "::ffff:10.0.0.1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "4000::1",
]
NEVER = [
    "169.254.0.1",
    "169.254.169.254",
    "fe80::1%eth0",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "::ffff:0:a9fe:a9fe",
    "2002:a9fe:a9fe::",
]


@pytest.mark.parametrize("address", PUBLIC + PRIVATE)
def test_a_file_of_an_operator_reaches_private_and_loopback_addresses_too(address):
    check_reachable(address)


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("reach", Reach)
def test_link_local_and_metadata_addresses_are_never_reached(address, reach):
    with pytest.raises(AddressRefused, match="never requested"):
        check_reachable(address, reach)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_inline_configuration_reaches_public_addresses(address):
    check_reachable(address, Reach.PUBLIC)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_inline_configuration_reaches_no_others(address):
    with pytest.raises(AddressRefused, match="is not a public address"):
        check_reachable(address, Reach.PUBLIC)
