"""Addresses: origins, and query parameters that come and go."""

import pytest
from hypothesis import given, strategies as st

from import_worker.http.addresses import Origin, with_params, without_params


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
