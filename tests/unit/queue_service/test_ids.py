"""Names of things on the wire."""

import uuid

import pytest
from hypothesis import given, strategies as st

from queue_service.domain.ids import (
    LeaseKey,
    completion_job_id,
    format_id,
    is_reserved,
    lease_id,
    new_id,
    parse_id,
    parse_lease_id,
)


@given(st.integers(1, 2**60 - 1), st.integers(1, 2**32 - 1))
def test_a_lease_id_names_its_event_and_attempt(event, attempt):
    text = lease_id("0123abcd", LeaseKey(event, attempt))
    assert parse_lease_id(text) == ("0123abcd", (event, attempt))
    assert text.isascii()
    assert len(text) <= 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "--",
        "a-b",
        "a-b-",
        "a--1",
        "a-1-",
        "a-1-1-1",
        "a-x-1",
        "a-1-x",
        "-1-1",
        "a-01-1",
        "a-1-01",
        "a-0-1",
        "a-1-0",
        "a-A-1",
        "a- 1-1",
        "a-0x1-1",
        "a-1_0-1",
        "a-1-1\n",
        "a-" + "f" * 100 + "-1",
        "a" * 100 + "-1-1",
        "\uff41-1-1",
    ],
)
def test_what_never_was_a_lease_id_is_none(text):
    assert parse_lease_id(text) is None


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser_and_each_lease_has_one_spelling(text):
    parsed = parse_lease_id(text)
    assert parsed is None or lease_id(*parsed) == text


def test_new_ids_are_uuids_of_version_7_in_order_of_their_time():
    made = [new_id(millis) for millis in (0, 1, 1_000, 1_800_000_000_000, 2**48 - 1)]
    assert made == sorted(made)
    assert {uuid.UUID(bytes=value).version for value in made} == {7}
    assert {uuid.UUID(bytes=value).variant for value in made} == {uuid.RFC_4122}
    assert new_id(5) != new_id(5)


@given(st.uuids())
def test_ids_go_to_text_and_back(value):
    assert format_id(value.bytes) == str(value)
    assert parse_id(str(value)) == value.bytes
    assert parse_id(str(value).upper()) == value.bytes


@pytest.mark.parametrize("text", ["", "x", "1234", "01890a5d-ac96-774b-bcce-b302099a805", "\0" * 32, "é" * 32])
def test_what_is_no_uuid_is_none(text):
    assert parse_id(text) is None


@given(st.uuids())
def test_a_groups_completion_job_has_one_id_that_nobody_else_may_use(group):
    job_id = completion_job_id(group.bytes)
    assert job_id == completion_job_id(group.bytes)
    assert job_id != completion_job_id(uuid.uuid4().bytes)
    assert uuid.UUID(bytes=job_id).version == 8
    assert is_reserved(job_id)


@pytest.mark.parametrize("value", [uuid.uuid4(), uuid.uuid1(), uuid.UUID(bytes=new_id(1))])
def test_other_uuids_are_not_reserved(value):
    assert not is_reserved(value.bytes)
