"""What answers say about further requests, in every form that is read."""

import pytest

from import_worker.config.requests import RateLimit
from import_worker.http.feedback import Feedback

NOW = 1_795_340_800.0  # Sun, 22 Nov 2026 09:46:40 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20),
        ({"retry-after": " 0.2 "}, 1),
        ({"retry-after": "Sun, 22 Nov 2026 09:56:40 GMT"}, 600),
        ({"retry-after": "Sun, 22 Nov 2020 09:56:40 GMT"}, 1),
        ({"retry-after": "99999999"}, 86_400),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"backoff": "10"}, 10),
        ({"backoff": "10", "retry-after": "30"}, 30),
        ({"x-remaining": "0", "x-reset": "30"}, None),
    ],
)
def test_a_pause_is_asked_for_by_retry_after_and_backoff(headers, seconds):
    assert Feedback().pause(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("form", "text", "seconds"),
    [
        ("auto", "30", 30),
        ("auto", "1795340860", 60),
        ("auto", "1795340860500", 60.5),
        ("auto", "2026-11-22T09:47:40Z", 60),
        ("auto", "2026-11-22T11:47:40+02:00", 60),
        ("auto", "2026-11-22 09:47:40", 60),
        ("auto", "Sun, 22 Nov 2026 09:47:40 GMT", 60),
        ("auto", "later", None),
        ("auto", "", None),
        ("seconds", "1795340860", 86_400),
        ("epoch", "1795340860", 60),
        ("epoch", "1795340000", 1),
        ("epoch_ms", "1795340860500", 60.5),
        ("iso8601", "2026-11-22T09:47:40Z", 60),
        ("iso8601", "60", None),
    ],
)
def test_a_reset_is_read_in_its_format(form, text, seconds):
    limit = RateLimit(remaining_header="X-Remaining", reset_header="X-Reset", reset_format=form)
    assert Feedback.of(limit).pause({"x-remaining": "0", "x-reset": text}, NOW) == seconds


@pytest.mark.parametrize("remaining", ["1", "", "many", "-0"])
def test_a_reset_says_nothing_while_requests_remain(remaining):
    limit = RateLimit(remaining_header="X-Remaining", reset_header="X-Reset")
    assert Feedback.of(limit).pause({"x-remaining": remaining, "x-reset": "30"}, NOW) is None
    assert Feedback.of(limit).pause({"x-reset": "30"}, NOW) is None
