"""The selector language: its added functions, its checks before use, and what a simple path is."""

import pytest

from import_worker.config.quantities import parse_duration, parse_size
from import_worker.config.selectors import compile_selector
from import_worker.errors import MappingBroken

RECORD = {"id": 7, "Name": "Rack A", "empty": None, "site": {"slug": "BER-1"}, "flag": True, "odd key": "x"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("coalesce(empty, missing, Name)", "Rack A"),
        ("coalesce(empty)", None),
        ("coalesce(flag, id)", True),
        ("concat('dev-', id, '/', flag)", "dev-7/true"),
        ("concat('dev-', missing)", None),
        ("lower(site.slug)", "ber-1"),
        ("lower(missing)", None),
        ("length(Name)", 6),
    ],
)
def test_functions(text, found):
    assert compile_selector(text).select(RECORD) == found


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("id", ("id",)),
        ("site.slug.x", ("site", "slug", "x")),
        ('"odd key"', ("odd key",)),
        ("a[0].b", None),
        ("lower(a)", None),
        ("a || b", None),
    ],
)
def test_only_keys_and_dots_are_a_simple_path(text, path):
    assert compile_selector(text).path == path


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rows[", "is no JMESPath selector"),
        ("", "is no JMESPath selector"),
        ("loewr(a)", r"calls loewr\(\), which does not exist; did you mean 'lower'"),
        ("a[?lenght(b) > `1`]", "which does not exist; did you mean 'length'"),
        ("lower(a, b)", r"gives lower\(\) 2 arguments instead of 1"),
        ("coalesce()", r"gives coalesce\(\) 0 arguments instead of 1"),
    ],
)
def test_a_faulty_selector_is_refused_before_use(text, why):
    with pytest.raises(MappingBroken, match=why):
        compile_selector(text)


def test_a_function_that_cannot_take_a_value_says_so():
    with pytest.raises(ValueError, match=r"selector 'lower\(id\)'"):
        compile_selector("lower(id)").select(RECORD)


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("5s", 5), ("2m", 120), ("1.5 h", 5400), ("1d", 86400), (7, 7)]
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(("text", "count"), [("10B", 10), ("512 KiB", 524288), ("32MiB", 33554432), (9, 9)])
def test_sizes(text, count):
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "5", "s", "5 weeks", "-1s", "1e3s", "5MB"])
def test_an_amount_without_a_known_unit_is_refused(text):
    with pytest.raises(ValueError, match="no amount with a unit"):
        parse_duration(text)
    with pytest.raises(ValueError, match="no amount with a unit"):
        parse_size(text)
