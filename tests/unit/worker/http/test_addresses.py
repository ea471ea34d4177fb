"""Addresses: origins, and query parameters that come and go."""

import pytest
from hypothesis import given, strategies as st

from import_worker.http.addresses import AddressRefused, Origin, with_params, without_params
from import_worker.http.reach import check_reachable


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("HTTP://Source.TEST/a", "http://source.test"),
        ("https://source.test:443", "https://source.test"),
        ("https://source.test:8443/", "https://source.test:8443"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_an_origin_is_shown_as_people_write_it(url, shown):
    assert str(Origin.of(url)) == shown
    assert Origin.of(shown) == Origin.of(url)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1", "93.184.216.34"])
def test_private_and_loopback_addresses_are_reachable(address):
    check_reachable(address)


@pytest.mark.parametrize(
    "address",
    ["169.254.0.1", "fe80::1%eth0", "100.100.100.200", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fd20:ce::254"],
)
def test_link_local_and_metadata_addresses_are_not(address):
    with pytest.raises(AddressRefused, match="never requested"):
        check_reachable(address)


@pytest.mark.parametrize("url", ["http://x/?b=1&c", "http://x/?q=a%20b+c&&d=%7E", "http://x/#f", "http://x"])
def test_an_address_without_such_parameters_stays_byte_for_byte(url):
    assert without_params(url, frozenset({"key"})) == url


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
def test_parameters_that_were_added_can_be_taken_out_again(params):
    url = "http://source.test/items?page=2"
    params = {f"x{name}": value for name, value in params.items()}
    added = with_params(url, params)
    assert with_params(added, params) == added
    assert without_params(added, frozenset(params)) == url
