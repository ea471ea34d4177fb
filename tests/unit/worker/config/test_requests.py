"""Rate limits and auth sections: what they take, and what is said about the rest."""

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from import_worker.config.auth import Auth
from import_worker.config.requests import RateLimit

AUTH = TypeAdapter(Auth)


def rate_limit(**section):
    return RateLimit.model_validate_json(json.dumps(section))


@pytest.mark.parametrize(
    ("requests", "rates"),
    [
        ("10/s", ((10, 1.0),)),
        ("10 / s", ((10, 1.0),)),
        ("300/5m", ((300, 300.0),)),
        (["10/s", "5000/h"], ((10, 1.0), (5000, 3600.0))),
        ("1/31d", ((1, 31 * 86_400.0),)),
        ([], ()),
    ],
)
def test_a_rate_is_requests_and_a_span(requests, rates):
    limit = rate_limit(requests=requests)
    assert limit.rates == rates
    assert RateLimit.model_validate_json(limit.model_dump_json()) == limit


@pytest.mark.parametrize(
    "requests", ["10", "0/s", "10/fortnight", "1/500ms", "1/32d", "1.5/s", "-1/s", ["1/s"] * 5, "9999999999/s", 10]
)
def test_what_is_no_rate_is_refused(requests):
    with pytest.raises(ValidationError):
        rate_limit(requests=requests)


@pytest.mark.parametrize("given", [{"remaining_header": "X"}, {"reset_header": "X"}])
def test_a_header_that_counts_down_needs_one_that_says_until_when(given):
    with pytest.raises(ValidationError, match="remaining_header and reset_header go together"):
        rate_limit(**given)


@pytest.mark.parametrize(
    "section",
    [
        {"type": "http_basic", "username": "me", "password": "hunter2"},
        {"type": "bearer", "token": "hunter2"},
        {
            "type": "oauth2_client_credentials",
            "access_token_url": "https://sso.test/token",
            "client_id": "me",
            "client_secret": "hunter2",
        },
    ],
)
def test_a_secret_in_the_file_is_refused(section):
    with pytest.raises(ValidationError, match="a secret must not stand in the file"):
        AUTH.validate_json(json.dumps(section))


@pytest.mark.parametrize(("ratio", "fits"), [(0.05, False), (0.1, True), (1, True), (1.1, False)])
def test_a_token_is_renewed_within_its_life(ratio, fits):
    section = {
        "type": "oauth2_client_credentials",
        "access_token_url": "https://sso.test/token",
        "client_id": "me",
        "client_secret": "${env:S}",
        "expiry_ratio": ratio,
    }
    if fits:
        assert AUTH.validate_json(json.dumps(section)).expiry_ratio == ratio
    else:
        with pytest.raises(ValidationError):
            AUTH.validate_json(json.dumps(section))
