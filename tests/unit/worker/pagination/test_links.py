"""The Link header, as RFC 8288 allows it to be written."""

import pytest
from hypothesis import given, strategies as st

from import_worker.pagination.links import link_with


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://a/?p=2>; rel="next"', "https://a/?p=2"),
        ("<https://a/?p=2>; rel=next", "https://a/?p=2"),
        ("<https://a/?p=2>;REL=NEXT", "https://a/?p=2"),
        ('<?p=1>; rel="prev", <?p=3>; rel="next", <?p=9>; rel="last"', "?p=3"),
        ('<?p=3>; title="a, b; rel=\\"prev\\""; rel="next"', "?p=3"),
        ('</x>; rel="first next"', "/x"),
        ('<?a=1,2;3>; rel="next"', "?a=1,2;3"),
        ('<?p=3> ; type="text/html" ; rel = "next"', "?p=3"),
        ('<?p=3>; rel="prev"; rel="next"', None),
        ('<?p=3>; rel="nextish"', None),
        ('<?p=3>; title="rel=next"', None),
        ("<?p=3>; crossorigin; rel=next", "?p=3"),
        ('<?p=3; rel="next"', None),
        ("", None),
    ],
)
def test_the_target_of_a_relation(header, target):
    assert link_with(header, "next") == target


@given(st.text(alphabet='<>;,=" \\rel next', max_size=300))
def test_any_header_is_read_in_reasonable_time(header):
    assert link_with(header, "next") is None or "<" in header


def test_only_a_bounded_part_of_a_header_is_read():
    assert link_with("<a>; rel=prev, " * 10_000 + "<b>; rel=next", "next") is None
